#!/usr/bin/env python3
"""Measures `contexture watch` from outside: from a save to the line that reports it.

    cargo build --release && python3 benches/watch.py [--saves 100] [--rebuilds 10000] [--binary target/release/contexture]

The project is one context of 500 files and about 300,000 tokens for two models, one counted exactly and
one estimated. The clock starts before the file is written and stops when the line has arrived, so
the wait for quiet (10 ms) is in it.
"""

import argparse
import itertools
import os
import pathlib
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 500
WORDS_A_FILE = 490
MANIFEST = """models: [gpt-6.1-sol, claude-sonnet-5-5]
output: {tokens: 250, max_tokens: 1024}
traffic: {calls: 1.5M/month}
budgets: {tokens: 1M}
system:
  - files: docs/**/*.md
    wrap: document
messages:
  - user: "{{question}}"
inputs:
  question: {tokens: 100}
"""
VOCABULARY = (
    "refund policy customer order within thirty days of delivery and may not exceed the original price unless "
    "explicitly agreed by support staff; shipping costs are borne by buyer when return was requested without fault "
    "reported `status_code` 404 JSON API endpoint returns array of objects — see section 4.2 for escalation rules"
).split()


def text(seed):
    """A document of running text that only its seed decides."""
    chance = random.Random(seed)
    lines = [f"# Document {seed}", ""]
    for _ in range(WORDS_A_FILE // 15):
        lines.append(" ".join(chance.choice(VOCABULARY) for _ in range(15)) + ".")
    return "\n".join(lines) + "\n"


def make_project(folder):
    for number in range(FILES):
        path = folder / f"docs/{number % 20:02}/{number:03}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(number))
    (folder / "contexts").mkdir()
    (folder / "contexts/all.yaml").write_text(MANIFEST)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")


def git(folder, *command):
    options = ["-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    subprocess.run(["git", *options, *command], cwd=folder, check=True)


class Watch:
    """A running watch."""

    def __init__(self, binary, folder, *arguments):
        self.child = subprocess.Popen(
            [binary, "watch", "--format", "json", *arguments], cwd=folder, stdout=subprocess.PIPE, bufsize=0)
        self.line()

    def line(self):
        line = self.child.stdout.readline().decode()
        if '"status":"ok"' not in line:
            sys.exit(f"no good build: {line}")
        return line

    def settle(self):
        """How many builds are told until none was for three seconds."""
        for builds in itertools.count():
            if not select.select([self.child.stdout], [], [], 3)[0]:
                return builds
            self.line()

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024

    def end(self):
        self.child.terminate()
        self.child.wait()


def save(folder, number, turn):
    """Changes one line in the middle of one file, as an editor would. Returns the seconds to write it."""
    path = folder / f"docs/{number % 20:02}/{number:03}.md"
    lines = text(number).splitlines()
    lines[len(lines) // 2] = f"Edit {turn}: the refund is paid within {turn % 90} days."
    path.write_text("\n".join(lines) + "\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--saves", type=int, default=100)
    arguments.add_argument("--rebuilds", type=int, default=10_000)
    arguments.add_argument("--binary", default="target/release/contexture")
    given = arguments.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "project"
        folder.mkdir()
        make_project(folder)
        counted = subprocess.run([binary, "build", "--format", "json", "-o", str(pathlib.Path(scratch) / "out")],
                                 cwd=folder, capture_output=True, text=True, check=True)
        tokens = counted.stdout.split('"prefix": ')[2].split(",")[0]
        # Files younger than two seconds are read again, as git has it; a project at rest has none.
        time.sleep(3)
        watch = Watch(binary, folder)
        chance, waits, worked = random.Random(1), [], watch.processor_seconds()
        for turn in range(given.saves):
            time.sleep(0.05)
            start = time.perf_counter()
            save(folder, chance.randrange(FILES), turn)
            watch.line()
            waits.append((time.perf_counter() - start) * 1000)
        worked = watch.processor_seconds() - worked
        waits.sort()
        print(f"{FILES} files, {tokens} tokens; {given.saves} saves")
        print(f"save to report, ms: median {statistics.median(waits):.1f} (target <= 30), "
              f"p95 {waits[int(len(waits) * 0.95)]:.1f} (<= 100), least {waits[0]:.1f}, most {waits[-1]:.1f}")
        print(f"processor time of a rebuild: {worked / given.saves * 1000:.1f} ms")

        # Another branch that differs in every fifth file, and back: one line of the watch each, at best.
        git(folder, "stash", "-q")
        watch.settle()
        git(folder, "switch", "-q", "-c", "other")
        for number in range(0, FILES, FILES // 100):
            save(folder, number, 500 + number)
        git(folder, "commit", "-qam", "other")
        watch.settle()
        switches = []
        for branch in ("main", "other", "main"):
            git(folder, "switch", "-q", branch)
            switches.append(watch.settle())
        print(f"builds after a checkout that changes 100 files: {', '.join(map(str, switches))} (target <= 2)")

        before = watch.processor_seconds()
        time.sleep(10)
        print(f"processor time while idle for 10 s: {watch.processor_seconds() - before:.2f} s (target 0)")

        marks = []
        for turn in range(given.rebuilds):
            save(folder, turn % FILES, 10_000 + turn)
            watch.line()
            if turn % max(given.rebuilds // 10, 1) == 0 or turn == given.rebuilds - 1:
                marks.append(f"{watch.resident_mib():.0f}")
        print(f"resident memory over {given.rebuilds} rebuilds, MiB: {' '.join(marks)}")
        watch.end()


if __name__ == "__main__":
    main()
