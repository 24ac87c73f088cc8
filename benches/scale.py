#!/usr/bin/env python3
"""Measures how `diff` and `check` grow with a project, on repositories made up from a seed.

    cargo build --release && python3 benches/scale.py [--sizes 1000,10000,50000] [--runs 5] [--check] [--binary FILE]

Each project holds that many contexts: every one has a manifest and a fragment of its own, a policy
that forty share, a template that a quarter of all share, and a partial below it. Measured are a change
of three files (a manifest, a fragment, a policy: 42 contexts), between two commits and against the
working tree; and what git itself takes to name the files that differ, in the same run. Then, on 5,000 contexts, a change of the partial, which
reaches every one of them: time and size of the comment. Processor time is that of all threads.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

DAY = "2026-11-21"
REACHED = 5000
COMMENT_LIMIT = 60_000


def context(number, answer=50):
    return (
        f"description: Answer questions of kind {number}.\n"
        f"vars: {{product: Acme {number % 10}}}\n"
        "system:\n"
        f"  - template: persona{number % 4}.hbs\n"
        f"  - file: policies/{number // 40:04}.md\n"
        f"  - file: notes/{number // 100:03}/{number:05}.md\n"
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
        points = (f"Point {point} of note {number} says what to do in case {point * number % 97}." for point in range(12))
        files[f"notes/{number // 100:03}/{number:05}.md"] = f"# Note {number}\n\n{' '.join(points)}\n"
    for number in range((count + 39) // 40):
        files[f"policies/{number:04}.md"] = f"# Policy {number}\n\n" + "Refunds are paid within 30 days.\n" * 20
    return files


def make(folder, count):
    """A repository whose `main` has two commits, the project and three changed files; and a branch
    `tone` that goes on with a change of the partial."""
    stream = []

    def commit(branch, number, files):
        when = 1_790_000_000 + 60 * number
        stream.append(f"commit refs/heads/{branch}\nmark :{number + 1}\ncommitter A <a@example.com> {when} +0000\ndata 0\n")
        if number:
            stream.append(f"from :{number}\n")
        for path, text in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}")

    middle = count // 2
    commit("main", 0, files_of(count))
    commit("main", 1, {
        f"contexts/{middle // 100:03}/{middle:05}.yaml": context(middle, answer=99),
        "notes/000/00007.md": "# Note 7\n\nThis one is new.\n",
        "policies/0003.md": "# Policy 3\n\nRefunds are paid within 14 days.\n",
    })
    commit("tone", 2, {"templates/tone.hbs": "Be brief, be kind, and say so at once when you do not know.\n"})
    git = lambda *words, **more: subprocess.run(["git", "-C", folder, *words], check=True, **more)
    git("init", "--quiet", "--initial-branch=main")
    git("fast-import", "--quiet", input="".join(stream).encode())
    git("reset", "--quiet", "--hard")
    # Files as young as the index are read again each time, by git and by contexture.
    time.sleep(1.1)
    git("update-index", "--refresh", "--force-write-index")


def run(command, folder):
    """Milliseconds of wall and processor, and the output."""
    start, before = time.perf_counter(), os.times()
    output = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return 1000 * (time.perf_counter() - start), 1000 * processor, output.stdout


def measure(name, command, folder, runs):
    # The first fills the system's cache of files.
    output = run(command, folder)[2]
    measured = [run(command, folder) for _ in range(runs)]
    assert all(again == output for _, _, again in measured), f"{name}: the answer changes"
    wall, processor = (statistics.median(part) for part in zip(*((wall, processor) for wall, processor, _ in measured)))
    spread = f"{min(one[0] for one in measured):.0f} to {max(one[0] for one in measured):.0f}"
    print(f"  {name:24} {wall:6.0f} ms ({spread}), processor {processor:6.0f} ms")
    return wall, output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,50000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="measure `check` too, which builds everything")
    parser.add_argument("--binary", default="target/release/contexture")
    given = parser.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    for count in sorted({*map(int, given.sizes.split(",")), REACHED}):
        with tempfile.TemporaryDirectory(dir="target") as top:
            folder = pathlib.Path(top, "project")
            folder.mkdir()
            make(str(folder), count)
            print(f"{count:,} contexts")
            if count == REACHED:
                command = [binary, "diff", "main..tone", "--as-of", DAY, "--format", "markdown"]
                _, comment = measure("comment, all changed", command, folder, given.runs)
                characters = len(comment.decode())
                print(f"  its comment holds {characters:,} characters (limit {COMMENT_LIMIT:,})")
                assert characters < COMMENT_LIMIT
            for name in ("HEAD~1..HEAD", "HEAD~1"):
                floor, _ = measure(f"git diff {name}", ["git", "diff", "--name-only", name], folder, given.runs)
                own, _ = measure(f"diff {name}", [binary, "diff", name, "--as-of", DAY], folder, given.runs)
                print(f"  {'':24} {own / floor:.1f} × git")
            if given.check:
                measure("check", [binary, "check", "--as-of", DAY], folder, given.runs)


main()
