#!/usr/bin/env python3
"""Measures `log` against one cold count of all distinct text that the history holds.

    cargo build --release && python3 benches/history.py [--runs 5] [--commits 200] [--binary target/release/contexture]

The history is made up from a seed: one context of 100 files, about 600,000 tokens, and commits that
each write one paragraph anew. `log` reads, renders, hashes, counts, plans and prices every one of
them; `count` counts every version of every file once, with the tokenizers of the context's models.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

FILES, FILE_BYTES = 100, 23_000
MODELS = "claude-sonnet-5-5, gpt-6.1-sol"
TOKENIZERS = "o200k_base,claude-4.7+"
COMMON = """the of and to in is that for it as was with be by on not he his but at are this have from or had an they
which one you were all her she there would their we him been has when who will no more if out so""".split()


class Writer:
    """Words, sentences and paragraphs, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        syllable = lambda: self.random.choice("bcdfghklmnprstvw") + self.random.choice("aeiou")
        self.rare = ["".join(syllable() for _ in range(self.random.randint(1, 4))) for _ in range(3000)]

    def paragraph(self):
        word = lambda: self.random.choice(COMMON if self.random.random() < 0.55 else self.rare)
        sentence = lambda: " ".join(word() for _ in range(self.random.randint(6, 18))).capitalize() + "."
        return " ".join(sentence() for _ in range(self.random.randint(3, 7)))

    def document(self):
        paragraphs = []
        while sum(map(len, paragraphs)) < FILE_BYTES:
            paragraphs.append(self.paragraph())
        return paragraphs


def make_history(folder, commits):
    """A repository with that many commits behind its first; returns every version of every file."""
    writer = Writer(7)
    documents = {f"docs/{number:03}.md": writer.document() for number in range(FILES)}
    text = lambda path: "\n\n".join(documents[path]) + "\n"
    files = {path: text(path) for path in documents}
    versions = list(files.values())
    files["contexts/big.yaml"] = f"models: [{MODELS}]\nsystem: [{{files: docs/*.md}}]\nmessages: [{{user: Hello}}]\n"
    stream = []
    for number in range(commits + 1):
        if number:
            path = writer.random.choice(sorted(documents))
            documents[path][writer.random.randrange(len(documents[path]))] = writer.paragraph()
            files = {path: text(path)}
            versions.append(files[path])
        when = 1_790_000_000 + 60 * number
        stream.append(f"commit refs/heads/main\ncommitter A <a@example.com> {when} +0000\ndata 0\n")
        for path, content in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}")
    git = lambda *words, **more: subprocess.run(["git", "-C", folder, *words], check=True, **more)
    git("init", "--quiet", "--initial-branch=main")
    git("fast-import", "--quiet", input="".join(stream).encode())
    git("reset", "--quiet", "--hard")
    return versions


def seconds(command, folder):
    start = time.perf_counter()
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, processor


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--binary", default="target/release/contexture")
    given = parser.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    with tempfile.TemporaryDirectory(dir="target") as folder:
        versions = make_history(folder, given.commits)
        distinct = pathlib.Path(folder, "distinct.txt")
        distinct.write_text("".join(versions))
        log = [binary, "log", "big", "--as-of", "2026-11-21", "--format", "csv"]
        count = [binary, "count", "distinct.txt", "--by", TOKENIZERS]
        times = {"log": [], "count": []}
        for _ in range(given.runs):
            times["log"].append(seconds(log, folder))
            times["count"].append(seconds(count, folder))
        print(f"{given.commits} commits, {distinct.stat().st_size:,} bytes of distinct text")
        middle = {name: [statistics.median(part) for part in zip(*runs)] for name, runs in times.items()}
        for name, (wall, processor) in middle.items():
            print(f"{name:9} {wall:.3f} s wall, {processor:.3f} s processor")
        ratios = [one / other for one, other in zip(middle["log"], middle["count"])]
        print(f"log / count: {ratios[0]:.1f} wall, {ratios[1]:.1f} processor (promised: at most 3)")


main()
