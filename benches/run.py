#!/usr/bin/env python3
"""Measures the binary from outside: whole processes, pairs in turn, medians and spread.

    cargo build --release && python3 benches/run.py [--runs 7] [--binary target/release/contexture]
                             [--against FILE]

The corpus is the text of crates that cargo has fetched for this project: every run on every machine
takes the same files of the same versions (Cargo.lock pins them). Nothing is downloaded here. With --against, another
build of the program does the same in turn, and ratios of pairs are printed.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CORPUS_BYTES = 12_000_000
MANIFEST = """models: [gpt-6.1-sol]
system:
  - files: "corpus/**"
    wrap: document
messages:
  - user: "{{question}}"
inputs:
  question: {tokens: 100}
"""


def corpus_files():
    """Rust and Markdown files of the fetched crates, in an order that only their content decides."""
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    locked = set()
    name = None
    for line in pathlib.Path("Cargo.lock").read_text().splitlines():
        if line.startswith("name = "):
            name = line.split('"')[1]
        elif line.startswith("version = \""):
            locked.add(f"{name}-{line.split(chr(34))[1]}")
    chosen = []
    for registry in sorted(home.glob("registry/src/*")):
        for crate in sorted(registry.iterdir()):
            if crate.name not in locked:
                continue
            for path in crate.rglob("*"):
                if path.suffix in (".rs", ".md") and path.is_file() and 4_000 < path.stat().st_size < 80_000:
                    data = path.read_bytes()
                    try:
                        data.decode()
                    except UnicodeDecodeError:
                        continue
                    if b"\r" not in data and b"\0" not in data:
                        chosen.append((hashlib.sha256(data).hexdigest(), path, data))
    chosen.sort(key=lambda entry: entry[0])
    return chosen


def make_project(folder):
    """A git repository with one context over the corpus; returns the corpus's files."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    total, files = 0, []
    for digest, path, data in corpus_files():
        if total >= CORPUS_BYTES:
            break
        target = corpus / f"{digest[:12]}{path.suffix}"
        if target.exists():
            continue
        target.write_bytes(data)
        files.append(str(target))
        total += len(data)
    if total < CORPUS_BYTES:
        sys.exit(f"only {total} bytes of corpus: run `cargo fetch` first")
    commit_around(folder, MANIFEST)
    return files, total


def commit_around(folder, manifest):
    """Makes a repository of a folder with a corpus, and one context of it."""
    (folder / "contexts").mkdir()
    (folder / "contexts/corpus.yaml").write_text(manifest)
    (folder / ".gitignore").write_text("/dist/\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "corpus"]):
        subprocess.run(git + command, cwd=folder, check=True)


def run(command, cwd=None, cpus=None, expect=(0,)):
    """One process: (wall seconds, cpu seconds, peak resident MiB)."""
    pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus and hasattr(os, "sched_setaffinity") else None
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in expect:
        sys.exit(f"{' '.join(command[:4])} … exited with {code}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def pairs(runs, first, second):
    """Runs two measurements in turn and returns both lists."""
    first(), second()
    a, b = [], []
    for _ in range(runs):
        a.append(first())
        b.append(second())
    return a, b


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=7)
    arguments.add_argument("--binary", default="target/release/contexture")
    arguments.add_argument("--against")
    given = arguments.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "project"
        files, total = make_project(folder)
        print(f"corpus: {len(files)} files, {total:,} bytes; medians of {given.runs} runs (least to most)\n")

        def build(jobs, cpus):
            shutil.rmtree(folder / "dist", ignore_errors=True)
            return run([binary, "-q", "--jobs", str(jobs), "build"], folder, cpus)

        def count(cpus):
            return run([binary, "-q", "--jobs", "1", "count", "--by", "o200k_base", *files], folder, cpus)

        built, counted = pairs(given.runs, lambda: build(1, {0}), lambda: count({0}))
        ratios = [a[0] / b[0] for a, b in zip(built, counted)]
        print(f"cold build, one core, seconds             {spread([a[0] for a in built])}")
        print(f"reading and counting alone, one core      {spread([b[0] for b in counted])}")
        print(f"ratio build / counting (target <= 1.2)    {spread(ratios)}")
        text = total / 1024 / 1024
        print(f"peak memory less the text, MiB (<= 150)   {spread([a[2] - text for a in built])}")

        cores = os.cpu_count() or 1
        if cores >= 2:
            one, two = pairs(given.runs, lambda: build(1, {0}), lambda: build(2, {0, 1}))
            print(f"one core / two cores (target >= 1.35)     {spread([a[0] / b[0] for a, b in zip(one, two)])}")

        # What git's index records of files as young as itself says nothing, to git as to contexture.
        time.sleep(1.1)
        subprocess.run(["git", "update-index", "--refresh", "--force-write-index"], cwd=folder, check=True)
        edited = pathlib.Path(files[len(files) // 2])
        written = [binary, "-q", "build"]

        def edit():
            with edited.open("a") as file:
                file.write("// One line more.\n")
            return run(written, folder)

        def first():
            shutil.rmtree(folder / "dist", ignore_errors=True)
            return run(written, folder)

        first()
        cold, line, same = [], [], []
        for _ in range(given.runs):
            cold.append(first())
            line.append(edit())
            same.append(run(written, folder))
        print("\nall cores: wall seconds, processor seconds")
        for name, measured in (("the first", cold), ("one line changed", line), ("nothing changed", same)):
            print(f"{name:<20} {spread([one[0] for one in measured])}, {spread([one[1] for one in measured])}")

        whole = pathlib.Path(scratch) / "whole.txt"
        whole.write_bytes(b"".join(pathlib.Path(file).read_bytes() for file in files))
        first_words = pathlib.Path(scratch) / "first.txt"
        first_words.write_bytes(pathlib.Path(files[0]).read_bytes()[:10_000].decode(errors="ignore").encode())

        def count_by(program, text, *by):
            return run([program, "-q", "count", str(text), *by])

        one_tokenizer = ("--by", "o200k_base")
        every, alone = pairs(given.runs, lambda: count_by(binary, whole), lambda: count_by(binary, whole, *one_tokenizer))
        print(f"\ncount by all tokenizers / by one (<= 3)      {spread([a[0] / b[0] for a, b in zip(every, alone)])}")

        if given.against:
            other = str(pathlib.Path(given.against).resolve())

            def cold_build(program):
                shutil.rmtree(folder / "dist", ignore_errors=True)
                return run([program, "-q", "build"], folder)

            print(f"\nthis build / {given.against}, wall and processor")
            for name, task, runs in (
                ("cold build", cold_build, given.runs),
                ("nothing changed", lambda program: run([program, "-q", "build"], folder), given.runs),
                ("first count", lambda program: count_by(program, first_words, *one_tokenizer), max(given.runs, 31)),
            ):
                own, its = pairs(runs, lambda: task(binary), lambda: task(other))
                print(f"{name:<20} " + ", ".join(spread([a[at] / b[at] for a, b in zip(own, its)]) for at in (0, 1)))

        bad = folder / "contexts/bad.yaml"
        bad.write_text("modles: [x]\n")
        small = [
            ("--version", ["--version"], (0,)),
            ("explain --help", ["explain", "--help"], (0,)),
            ("schema manifest", ["schema", "manifest"], (0,)),
            ("a manifest error", ["build", "bad"], (2,)),
        ]
        print("\nCPU milliseconds of a whole process (target < 5)")
        for name, words, expect in small:
            times = [run([binary, *words], folder, {0}, expect)[1] * 1000 for _ in range(max(given.runs, 15))]
            print(f"{name:<20} {spread(times)}")


if __name__ == "__main__":
    main()
