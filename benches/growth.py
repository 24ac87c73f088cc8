#!/usr/bin/env python3
"""Measures how the time of a run grows with what it is given: 1, 2, 4 and 8 times as much.

    cargo build --release && python3 benches/growth.py [--runs 5] [--binary FILE]

Five curves: bytes of text, contexts, segments of one context, depth of templates, commits of a history.
Prints CPU milliseconds (less sensitive to other work
on the machine than the clock is), less those of an empty project, and the exponent of a power law fitted
through them: 1 is linear.
"""

import argparse
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import run

WORDS = "Refunds are paid within 30 days of the order, unless the goods were made to measure. "


def commit(folder, message="base"):
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    subprocess.run([*git, "add", "-A"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message], cwd=folder, check=True)


def write(folder, files):
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def text_size(folder, factor):
    corpus = "".join(data.decode() for _, _, data in run.corpus_files())
    size = 20_000
    files = {f"docs/{number:03}.md": corpus[number * size : (number + 1) * size].strip("-\n") + "\n" for number in range(60 * factor)}
    write(folder, {**files, "contexts/a.yaml": 'models: [gpt-6.1-sol]\nsystem: [{files: "docs/*.md"}]\n'})
    return ["build"]


def contexts(folder, factor):
    files = {f"contexts/{number:05}.yaml": f"models: [gpt-6.1-sol]\nsystem: [{{file: shared.md}}, {{text: Number {number}.}}]\n" for number in range(500 * factor)}
    write(folder, {**files, "shared.md": WORDS * 20})
    return ["check"]


def segments(folder, factor):
    files = {f"docs/{number:05}.md": f"{number}. {WORDS}\n" for number in range(500 * factor)}
    write(folder, {**files, "contexts/a.yaml": 'models: [gpt-6.1-sol]\nsystem: [{files: "docs/*.md"}]\n'})
    return ["check"]


def depth(folder, factor):
    last = 7 * factor
    files = {f"templates/level{number:02}.hbs": f"{WORDS}{{{{> level{number + 1:02}.hbs}}}}\n" for number in range(last)}
    block = "  - template: level00.hbs\n" * 40
    write(folder, {**files, f"templates/level{last:02}.hbs": WORDS, "contexts/a.yaml": f"models: [gpt-6.1-sol]\nsystem:\n{block}"})
    return ["check"]


def history(folder, factor):
    write(folder, {"contexts/a.yaml": 'models: [gpt-6.1-sol]\nsystem: [{files: "docs/*.md"}]\n'})
    write(folder, {f"docs/{number:02}.md": WORDS * 40 for number in range(20)})
    for number in range(40 * factor):
        write(folder, {f"docs/{number % 20:02}.md": WORDS * 40 + f"Change {number}.\n"})
        commit(folder, f"change {number}")
    return ["log", "a"]


def cpu(binary, folder, words, runs):
    """The median of CPU milliseconds."""
    times = []
    for _ in range(runs):
        shutil.rmtree(folder / "dist", ignore_errors=True)
        child = subprocess.Popen([binary, "-q", *words], cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, words
        times.append(1000 * (usage.ru_utime + usage.ru_stime))
    return statistics.median(times)


def exponent(points):
    """The slope of a line through the logarithms, by least squares."""
    logs = [(math.log(factor), math.log(max(time, 0.1))) for factor, time in points]
    mean = [statistics.mean(axis) for axis in zip(*logs)]
    above = sum((x - mean[0]) * (y - mean[1]) for x, y in logs)
    return above / sum((x - mean[0]) ** 2 for x, _ in logs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--binary", default="target/release/contexture")
    given = parser.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    curves = {"bytes of text": text_size, "contexts": contexts, "segments": segments, "depth of templates": depth, "commits": history}
    print(f"CPU milliseconds above an empty project, medians of {given.runs} runs\n")
    print("| what grows | 1 × | 2 × | 4 × | 8 × | exponent |\n|---|---|---|---|---|---|")
    for name, make in curves.items():
        points = []
        for factor in (1, 2, 4, 8):
            with tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch)
                subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
                words = make(folder, factor)
                commit(folder)
                took = cpu(binary, folder, words, given.runs)
                for path in ("docs", "templates", "contexts"):
                    shutil.rmtree(folder / path, ignore_errors=True)
                write(folder, {"contexts/empty.yaml": "models: [gpt-6.1-sol]\nsystem: [{text: Hi.}]\n"})
                empty = cpu(binary, folder, ["check"], given.runs)
                points.append((factor, took - empty))
        row = " | ".join(f"{time:.0f}" for _, time in points)
        print(f"| {name} | {row} | {exponent(points):.2f} |", flush=True)


if __name__ == "__main__":
    main()
