#!/usr/bin/env python3
"""Bad input at full size: right answers, in bounded time and memory.

    cargo build --release && python3 benches/bounds.py [--binary FILE] [--scratch DIR] [--files 1000000]

The suite holds the same promises at a size that takes milliseconds (tests/bounds, tests/writes);
this measures them at the size that they are made for: a line of 64 MB, a million files beside the ones that
are read, ten thousand uses of one fragment. Prints a Markdown table, and exits with 1 where an answer is wrong or
a run says more than one warning. Counts are held against tiktoken where Python has it.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import peers

LINE_BYTES = 64 << 20
USES = 10_000
WORDS = ["policy", " refund", " 30", " —", " naïve", "ness", " 漢字", "!!", "   ", " \t", "'s", " a"]
# Runs a command and leaves what it used: a process of its own, since a child's peak counts that of its parent.
RUNNER = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}")
"""
wrong = []


def measured(name, command, folder, expect=(0,)):
    """Runs a command, prints its line of the table, and returns its output."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    start = time.perf_counter()
    used = folder.parent / "used"
    subprocess.run([sys.executable, "-c", RUNNER, used, *command], cwd=folder, env=environment, stdout=out, stderr=err)
    wall = time.perf_counter() - start
    code, processor, peak = used.read_text().split()
    code, processor, peak = int(code), float(processor), float(peak)
    out.seek(0), err.seek(0)
    said, told = out.read().decode(), err.read().decode()
    if code not in expect:
        wrong.append(f"{name}: exit code {code}: {told[-300:]}")
    if told.count("warning") > 1:
        wrong.append(f"{name}: more than one warning")
    print(f"| {name} | {wall:.2f} | {processor:.2f} | {peak:.0f} | {code} |", flush=True)
    return said


def hold(name, found, expected):
    if found != expected:
        wrong.append(f"{name}: {str(found)[:100]} instead of {str(expected)[:100]}")


def project(folder, files):
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "project"]):
        subprocess.run(git + command, cwd=folder, check=True)


def tokens(report):
    return sum(segment["tokens"]["o200k_base"] for segment in json.loads(report)["contexts"][0]["segments"])


def long_line(binary, folder, _):
    number, parts, size = 0, [], 0
    while size < LINE_BYTES:
        word = WORDS[(number * number + number // 7) % len(WORDS)]
        parts.append(word)
        size += len(word.encode())
        number += 1
    line = "".join(parts)
    manifest = "models: [gpt-6.1-sol]\nsystem: [{file: a.txt, join: none}]\n"
    project(folder, {"contexts/a.yaml": manifest, "a.txt": line})
    counted = measured("`count`, one line of 64 MB", [binary, "-q", "count", "--by", "o200k_base", "--format", "json", "a.txt"], folder)
    checked = measured("`check`, one line of 64 MB", [binary, "-q", "check", "--format", "json"], folder)
    measured("`build`, one line of 64 MB", [binary, "-q", "build"], folder)
    expected = json.loads(counted)["files"][0]["tokens"]["o200k_base"]
    hold("one line", tokens(checked), expected)
    try:
        import tiktoken

        os.environ["TIKTOKEN_CACHE_DIR"] = peers.encoding_folder(folder.parent) or ""
        # By parts of 1 MB at places where counts add up: before a word that begins with one blank.
        encoding, start, sum_of_parts = tiktoken.get_encoding("o200k_base"), 0, 0
        while start < len(line):
            end = line.find("ness policy", start + (1 << 20))
            end = len(line) if end < 0 else end + len("ness")
            sum_of_parts += len(encoding.encode_ordinary(line[start:end]))
            start = end
        hold("one line, by tiktoken", expected, sum_of_parts)
    except Exception as error:
        print(f"not held against tiktoken: {error}", file=sys.stderr)


def many_files(binary, folder, files):
    manifest = "models: [gpt-6.1-sol]\nsystem: [{file: docs/a.md}]\n"
    project(folder, {"contexts/a.yaml": manifest, "docs/a.md": "Refunds are paid within 30 days.\n"})
    alone = measured("`check`, nothing beside it", [binary, "-q", "check", "--format", "json", "a"], folder)
    for number in range(files):
        if number % 1000 == 0:
            heap = folder / f"heap/{number // 1000:04}"
            heap.mkdir(parents=True)
        (heap / f"{number:07}.txt").touch()
    beside = measured(f"`check`, {files:,} files beside it", [binary, "-q", "check", "--format", "json", "a"], folder)
    hold("a million files", beside, alone)
    (folder / "contexts/all.yaml").write_text('models: [gpt-6.1-sol]\nsystem: [{files: "heap/**"}]\n')
    measured("`check`, a pattern that matches all of them", [binary, "-q", "check", "all"], folder, expect=(2,))


def many_uses(binary, folder, _):
    blocks = "".join("  - {file: a.md}\n" for _ in range(USES))
    project(folder, {
        "contexts/a.yaml": f"models: [gpt-6.1-sol]\nsystem:\n{blocks}",
        "contexts/one.yaml": "models: [gpt-6.1-sol]\nsystem: [{file: a.md}]\n",
        "a.md": "# Refunds\n\n" + "Refunds are paid within 30 days.\n" * 30,
    })
    one = tokens(measured("`check`, one use of a fragment", [binary, "-q", "check", "--format", "json", "one"], folder))
    many = measured(f"`check`, {USES:,} uses of it", [binary, "-q", "check", "--format", "json", "a"], folder)
    hold("uses of one fragment", tokens(many), USES * one)
    measured(f"`build`, {USES:,} uses of it", [binary, "-q", "build", "a"], folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/contexture")
    parser.add_argument("--scratch", type=pathlib.Path, help="a folder for half a million kilobytes; default: the system's")
    parser.add_argument("--files", type=int, default=1_000_000)
    given = parser.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    print("| what | seconds | processor seconds | peak MiB | exit code |\n|---|---|---|---|---|")
    for case in (long_line, many_uses, many_files):
        with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
            folder = pathlib.Path(scratch) / "project"
            folder.mkdir()
            case(binary, folder, given.files)
    if wrong:
        sys.exit("\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
