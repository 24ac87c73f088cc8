#!/usr/bin/env python3
"""Measures how `diff`, `check` and `log` grow with a project, on repositories made up from a seed.

    cargo build --release && python3 benches/scale.py [--sizes 1000,10000,50000] [--runs 5] [--binary FILE]

Each project holds that many contexts: every one has a manifest and a fragment of its own, a policy
that forty others share, a template that a quarter of all share, and a partial below it. The second
commit changes three files: one manifest, one fragment, one policy. `floor` is what reading costs:
`git diff --name-only` with the same two sides, in the same run.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

DAY = "2026-11-21"


def context(number, answer=50):
    return (
        f"description: Answer questions of kind {number}.\n"
        f"vars: {{product: Acme {number % 10}}}\n"
        "system:\n"
        f"  - template: persona{number % 4}.hbs\n"
        f"  - file: policies/{number // 40:04}.md\n"
        f"  - file: notes/{number // 100:03}/{number:05}.md\n"
        "    cache: true\n"
        'messages: [{user: "Hello"}]\n'
        f"output: {{tokens: {answer}, max_tokens: 500}}\n"
    )


def files_of(count):
    files = {"contexture.yaml": "models: [claude-sonnet-5-5, gpt-6.1-sol]\n"}
    for number in range(4):
        files[f"templates/persona{number}.hbs"] = f"You are helper {number} of {{{{product}}}}. {{{{> tone.hbs}}}}\n"
    files["templates/tone.hbs"] = "Be brief, be kind, and say so when you do not know.\n"
    for number in range(count):
        files[f"contexts/{number // 100:03}/{number:05}.yaml"] = context(number)
        words = " ".join(f"Point {point} of note {number} says what to do in case {point * number % 97}." for point in range(12))
        files[f"notes/{number // 100:03}/{number:05}.md"] = f"# Note {number}\n\n{words}\n"
    for number in range((count + 39) // 40):
        files[f"policies/{number:04}.md"] = f"# Policy {number}\n\n" + "Refunds are paid within 30 days.\n" * 20
    return files


def make(folder, count):
    """A repository with two commits: the project, and three changed files."""
    stream = []

    def commit(number, files):
        when = 1_790_000_000 + 60 * number
        stream.append(f"commit refs/heads/main\ncommitter A <a@example.com> {when} +0000\ndata 0\n")
        for path, text in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}")

    commit(0, files_of(count))
    middle = count // 2
    commit(1, {
        f"contexts/{middle // 100:03}/{middle:05}.yaml": context(middle, answer=99),
        "notes/000/00007.md": "# Note 7\n\nThis one is new.\n",
        "policies/0003.md": "# Policy 3\n\nRefunds are paid within 14 days.\n",
    })
    git = lambda *words, **more: subprocess.run(["git", "-C", folder, *words], check=True, **more)
    git("init", "--quiet", "--initial-branch=main")
    git("fast-import", "--quiet", input="".join(stream).encode())
    git("reset", "--quiet", "--hard")
    time.sleep(1.1)  # so that no file is as young as the index, which git then reads again each time
    git("update-index", "--refresh")


def milliseconds(command, folder, environment):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,50000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--binary", default="target/release/contexture")
    parser.add_argument("--keep", help="make the repositories here and leave them")
    given = parser.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    for count in map(int, given.sizes.split(",")):
        top = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="scale-"))
        folder = top / str(count)
        if not folder.exists():
            folder.mkdir(parents=True)
            make(str(folder), count)
        environment = dict(os.environ, CONTEXTURE_CACHE=str(top / f"cache-{count}"))
        commands = {
            "git diff HEAD~1..HEAD": ["git", "diff", "--name-only", "HEAD~1..HEAD"],
            "git diff HEAD~1": ["git", "diff", "--name-only", "HEAD~1"],
            "diff HEAD~1..HEAD": [binary, "diff", "HEAD~1..HEAD", "--as-of", DAY],
            "diff HEAD~1": [binary, "diff", "HEAD~1", "--as-of", DAY],
            "check": [binary, "check", "--as-of", DAY],
        }
        print(f"{count} contexts")
        for name, command in commands.items():
            shutil.rmtree(top / f"cache-{count}", ignore_errors=True)
            cold = milliseconds(command, folder, environment)
            warm = [milliseconds(command, folder, environment) for _ in range(given.runs)]
            print(f"  {name:24} first {cold:7.1f} ms, then {statistics.median(warm):7.1f} ms ({min(warm):.1f} to {max(warm):.1f})")
        if not given.keep:
            shutil.rmtree(top)


main()
