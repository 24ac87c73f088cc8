"""Stops a build at every system call that touches its output, by a kill and by every error of note.

    python3 tests/sweep.py target/debug/contexture

A build that replaces a standing bundle is traced once, and every call that could matter is counted.
Then the build is run again for each of them, with that one call failing, or the process killed on it
(`strace --inject`). After each run the bundle must be the old one or the new one, whole; the exit code
one of 0, 1, 2; and after an error, nothing may be left over beside it. Prints how many points were
tried; exits with 1 at the first that does not hold.
"""

import collections
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What the writing of a bundle is made of.
CALLS = [
    "openat", "write", "fsync", "fchmod", "chmod", "mkdir", "mkdirat", "rename", "renameat", "renameat2",
    "unlink", "unlinkat", "rmdir", "close", "getdents64", "ftruncate",
]
ERRORS = ["ENOSPC", "EIO", "EROFS", "EMFILE", "EINTR"]
# A close that fails tells nothing: all was synced before. Rust's library takes it for a bug in a folder
# and passes over it in a file, so there is nothing to try but the kill.
KILL_ONLY = {"close"}
MANIFEST = "models: [claude-sonnet-5-5]\nsystem: [{file: a.md}]\nmessages: [{user: Hi}]\noutput: {max_tokens: 9}\n"


def stop(message):
    print(f"tests/sweep.py: {message}", file=sys.stderr)
    sys.exit(1)


def git(folder, *words):
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *names, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def state(bundle):
    """What a reader of the bundle sees, as one digest."""
    whole = hashlib.sha256()
    for file in sorted(bundle.iterdir()):
        whole.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


class Bench:
    """A project with two commits, and a folder in which the bundle of the first one stands."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.output = folder / "dist"
        self.bundle = self.output / "a.bundle"
        (folder / "contexts").mkdir()
        (folder / "contexts/a.yaml").write_text(MANIFEST)
        git(folder, "init", "--quiet")
        for version in ["one", "two"]:
            (folder / "a.md").write_text(f"Version {version}.\n")
            git(folder, "add", ".")
            git(folder, "commit", "--quiet", "--message", version)
            git(folder, "tag", version)
        self.run(["build", "--rev", "two"])
        self.new = state(self.bundle)
        self.reset()
        self.old = state(self.bundle)
        self.kept = self.output.with_name("kept")
        shutil.copytree(self.output, self.kept)
        if self.old == self.new:
            stop("the two versions are one")

    def reset(self):
        shutil.rmtree(self.output)
        if hasattr(self, "kept"):
            shutil.copytree(self.kept, self.output)
        else:
            self.run(["build", "--rev", "one"])

    def run(self, words, *tracer):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "RAYON_NUM_THREADS": "1"}
        return subprocess.run(
            [*tracer, self.program, *words], cwd=self.folder, env=environment, capture_output=True, timeout=60
        )

    def build(self, *tracer):
        return self.run(["build", "--rev", "two", "--jobs", "1"], *tracer)

    def points(self):
        """For each call, which ones of a thread come after the output was first looked at."""
        log = self.folder / "trace"
        self.build("strace", "-f", "-o", str(log), "-e", "trace=" + ",".join("?" + call for call in CALLS))
        numbers, points, begun = collections.Counter(), collections.defaultdict(set), False
        for line in log.read_text().splitlines():
            found = re.match(r"(\d+)\s+(\w+)\(", line)
            if found:
                numbers[found.groups()] += 1
                begun = begun or f"{self.output.name}/" in line
                if begun:
                    points[found[2]].add(numbers[found.groups()])
        self.reset()
        return points

    def attempt(self, call, what, number):
        """One run with one call gone wrong; says what came of it."""
        inject = f"inject={call}:{what}:when={number}"
        run = self.build("strace", "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", inject)
        place = f"{call} number {number}, {what}"
        if not self.bundle.is_dir():
            stop(f"{place}: no bundle is left")
        found = state(self.bundle)
        if found not in (self.old, self.new):
            stop(f"{place}: the bundle is neither the old one nor the new one")
        if what.startswith("error"):
            if run.returncode not in (0, 1, 2):
                stop(f"{place}: exit code {run.returncode}\n{run.stderr.decode()}")
            if run.returncode == 0 and found != self.new:
                stop(f"{place}: exit code 0 without the new bundle")
            left = sorted(entry.name for entry in self.output.iterdir() if entry.name != "a.bundle")
            # What cannot be taken away is left and told of.
            if left and call not in ("unlink", "unlinkat", "rmdir", "getdents64", "openat", "close"):
                stop(f"{place}: left over: {', '.join(left)}")
        if found != self.old or len(list(self.output.iterdir())) != 1:
            self.reset()
        return found == self.new


def main():
    if len(sys.argv) != 2:
        stop("usage: python3 tests/sweep.py PROGRAM")
    if shutil.which("strace") is None:
        stop("strace is missing; on Debian: apt-get install strace")
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(program, pathlib.Path(folder))
        points = bench.points()
        if not points["write"]:
            stop("nothing was traced")
        tried = collections.Counter()
        for call, numbers in sorted(points.items()):
            kinds = ["signal=KILL"] + [f"error={error}" for error in ERRORS if call not in KILL_ONLY]
            for what in kinds:
                for number in sorted(numbers):
                    tried["new" if bench.attempt(call, what, number) else "old"] += 1
        calls = sum(map(len, points.values()))
        print(f"{calls} calls of {len(points)} kinds, {sum(tried.values())} runs stopped on one of them:")
        print(f"{tried['old']} left the old bundle, {tried['new']} the new one, none a mixture")


main()
