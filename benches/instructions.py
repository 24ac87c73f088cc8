#!/usr/bin/env python3
"""Counts the instructions of the hot paths under callgrind, and holds them against a baseline.

    python3 benches/instructions.py            # builds, counts, compares; exits 1 where a path has grown
    python3 benches/instructions.py --write    # makes what was counted the new baseline

Instructions do not depend on what else the machine does, so a regression of a few hundredths shows where
seconds show nothing. They do depend on the compiler and on how it was asked to optimise: the baseline in
benches/instructions.json names both, and under another compiler the comparison is told and not judged.

The program runs on one thread, over a project and a scenario made here from a seed. Of
each path all instructions are counted that its function and what it calls have executed.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BASELINE = HERE / "instructions.json"
# More than this much above the baseline is a regression.
SLACK = 0.02
# Symbols stay in, and one crate is optimised by itself, which takes a fifth of the time to build.
SETTINGS = {
    "CARGO_PROFILE_RELEASE_STRIP": "none",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
}
# What each command is measured by: a name, and the function as callgrind writes it.
PATHS = {
    "build": {
        "count": "contexture::tokens::encoding::Encoding::count_stretch",
        "estimate": "contexture::tokens::features::Features::of_piece",
        "chain": "contexture::chain::segment_digest",
        "plan": "contexture::cost::planner::plan",
        "render": "contexture::render::library::Library::render",
        "compose": "contexture::compose::compose",
        "emit": "contexture::emit::Body::write_to",
        "resolve": "contexture::resolve::resolve",
    },
    "simulate": {"simulate": "contexture::cost::simulate::simulate"},
}
WORDS = "a refund is paid within thirty days of the order unless the customer asked for store credit 2026 { } ( ) \n".split(" ")
OUTPUT = "output: {tokens: 50, max_tokens: 500}\n"
CONTEXTS, FILES, REQUESTS = 60, 120, 400


def text(chance, words):
    return " ".join(chance.choice(WORDS) for _ in range(words)) + "\n"


def make(folder):
    """A project of many small contexts with a shared template, one large context, and a scenario."""
    chance = random.Random(6)
    files = {
        "contexture.yaml": "models: [claude-sonnet-5-5, gpt-6.1-sol]\n",
        "templates/persona.hbs": "You help with {{product}}.{{#each rules}}\n- {{this}}{{#if ../strict}} (always){{/if}}{{/each}}\n",
        "contexts/large.yaml": 'system: [{files: "texts/**", wrap: document}]\nmessages: [{user: "{{q}}"}]\ninputs: {q: {tokens: 100}}\n' + OUTPUT,
    }
    for number in range(FILES):
        files[f"texts/{number:03}.md"] = f"# Text {number}\n\n{text(chance, 900)}"
    for number in range(CONTEXTS):
        rules = ", ".join(f"rule {rule} of {number}" for rule in range(8))
        files[f"contexts/small/{number:03}.yaml"] = (
            f"vars: {{product: Acme {number}, strict: true, rules: [{rules}]}}\n"
            f"system: [{{template: persona.hbs}}, {{file: texts/{number:03}.md, cache: true}}]\n"
            'messages: [{user: "Hello"}]\n' + OUTPUT
        )
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    scenario = ["model: claude-opus-5", "requests:"]
    for number in range(REQUESTS):
        blocks = [f"{{tier: system, id: s{block}, tokens: 500{', cache: 5m' if block % 10 == 9 else ''}}}" for block in range(30)]
        blocks.append(f"{{tier: messages, id: q{number}, tokens: 90}}")
        scenario.append(f"  - {{at: {number * 40}, blocks: [{', '.join(blocks)}]}}")
    (folder / "scenario.yaml").write_text("\n".join(scenario) + "\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    environment = {**os.environ, "GIT_AUTHOR_DATE": "2026-11-21T00:00:00Z", "GIT_COMMITTER_DATE": "2026-11-21T00:00:00Z"}
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "project"]):
        subprocess.run(git + command, cwd=folder, check=True, env=environment)


def count(binary, folder, words):
    """Instructions of the process and, inclusive, of each of its functions."""
    out = folder / "callgrind.out"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "RAYON_NUM_THREADS": "1"}
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary, "-q", "--jobs", "1", *words]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"{' '.join(words)} exited with {run.returncode}: {run.stderr[-800:]}")
    command = ["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    functions = {}
    for line in report.splitlines():
        found = re.match(r"\s*([\d,]+) \([^)]*\)\s+\S*?:(\S.*?)(?:'2)?(?: \[|$)", line)
        if found:
            functions[found[2]] = max(functions.get(found[2], 0), int(found[1].replace(",", "")))
    total = re.search(r"([\d,]+) \(100\.0%\)\s+PROGRAM TOTALS", report)
    return int(total[1].replace(",", "")), functions


def measure(binary):
    counted = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        make(folder)
        commands = {"build": ["build", "--as-of", "2026-11-21"], "simulate": ["simulate", "scenario.yaml", "--as-of", "2026-11-21"]}
        for name, words in commands.items():
            total, functions = count(binary, folder, words)
            counted[f"all of `{name}`"] = total
            for path, function in PATHS[name].items():
                if function not in functions:
                    sys.exit(f"callgrind saw no `{function}`: name the function that `{path}` is now in PATHS")
                counted[path] = functions[function]
    return counted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make what was counted the baseline")
    parser.add_argument("--binary", help="a program built with the settings of this script, instead of building one")
    given = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing; on Debian: apt-get install valgrind")
    root = HERE.parent
    if not given.binary:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=root, check=True, env={**os.environ, **SETTINGS})
    binary = str(pathlib.Path(given.binary or root / "target/release/contexture").resolve())
    compiler = subprocess.run(["rustc", "--version"], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
    counted = measure(binary)
    if given.write:
        BASELINE.write_text(json.dumps({"compiler": compiler, "instructions": counted}, indent=2) + "\n")
    baseline = json.loads(BASELINE.read_text())
    grown = []
    print("| path | instructions | against the baseline |\n|---|---|---|")
    for path, number in counted.items():
        before = baseline["instructions"].get(path)
        ratio = number / before if before else float("nan")
        print(f"| {path} | {number:,} | {ratio:.3f} |")
        if not before or ratio > 1 + SLACK:
            grown.append(path)
    if baseline["compiler"] != compiler:
        print(f"\nnot judged: the baseline is of {baseline['compiler']}, this is {compiler}")
    elif grown:
        sys.exit(f"\ngrown by more than {SLACK:.0%}, or new: {', '.join(grown)}; if that is meant, run it with --write")


if __name__ == "__main__":
    main()
