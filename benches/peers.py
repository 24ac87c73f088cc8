#!/usr/bin/env python3
"""Measures contexture beside other programs that put a folder together for a model and count it.

    cargo build --release && python3 benches/peers.py [--runs 5] [--binary FILE] [--peers DIR…]

Every program that is found (on the PATH, or in a folder given with --peers) runs on the same folder in
the same run, in turn: 1,400 Markdown files, 12 MB, cut from the sources of the crates that cargo has
fetched for this project. Each writes the whole text to one file, or bundles, and counts its tokens by
o200k_base where it can. Prints a Markdown table: medians, least and most, and how many times as long as
contexture the others take. `--install DIR` puts the others there first, from npm, PyPI and crates.io.

`files-to-prompt | ttok` needs the encoding on the disk (TIKTOKEN_CACHE_DIR) where there is no network; it
is taken from the tiktoken-rs crate that cargo has fetched.
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

import run

FILES = 1400
O200K_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
MANIFEST = 'models: [gpt-6.1-sol]\nsystem: [{files: "corpus/**", wrap: document}]\n'


def make_corpus(folder):
    """The folder `corpus` and a project around it, committed; returns its bytes."""
    text = "".join(data.decode() for _, _, data in run.corpus_files())[: run.CORPUS_BYTES]
    (folder / "corpus").mkdir(parents=True)
    size, total = len(text) // FILES, 0
    for number in range(FILES):
        piece = text[number * size : (number + 1) * size].strip("-\n") + "\n"
        target = folder / f"corpus/{number // 100:02}/{number:04}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(piece)
        total += len(piece.encode())
    (folder / "contexts").mkdir()
    (folder / "contexts/corpus.yaml").write_text(MANIFEST)
    (folder / ".gitignore").write_text("/dist/\n")
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "corpus"]):
        subprocess.run(git + command, cwd=folder, check=True)
    return total


def install(folder):
    """The other programs, each into a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = [
        ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder / "npm"), "repomix"],
        [sys.executable, "-m", "venv", str(folder / "py")],
        [str(folder / "py/bin/pip"), "install", "--quiet", "files-to-prompt", "ttok"],
        ["cargo", "install", "--locked", "--root", str(folder / "rust"), "code2prompt"],
        ["cargo", "install", "--locked", "--root", str(folder / "rust"), "yek"],
    ]
    for step in steps:
        if subprocess.run(step).returncode:
            print(f"not installed: {' '.join(step)}", file=sys.stderr)


def found(name, folders):
    inner = [folder / sub for folder in folders for sub in ("", "npm/node_modules/.bin", "py/bin", "rust/bin")]
    path = os.pathsep.join([*map(str, inner), os.environ.get("PATH", "")])
    return shutil.which(name, path=path)


def encoding_folder(scratch):
    """What tiktoken takes for its own download of o200k_base."""
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    for file in home.glob("registry/src/*/tiktoken-rs-*/assets/o200k_base.tiktoken"):
        folder = scratch / "encodings"
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / hashlib.sha1(O200K_URL.encode()).hexdigest())
        return str(folder)
    return None


def version(program, *words):
    said = subprocess.run([program, *(words or ["--version"])], capture_output=True, text=True).stdout.split()
    return said[-1] if said else "?"


def programs(binary, peers, scratch):
    """Name, command as a shell runs it in the project, and what to clear before it."""
    out = scratch / "out"
    quoted = lambda path: f"'{path}'"
    own = f"{quoted(binary)} -q build"
    listed = [
        ("contexture build, nothing kept", f"CONTEXTURE_CACHE=off {own}", True),
        ("contexture build, counts kept", f"CONTEXTURE_CACHE='{scratch}/store' {own}", True),
        ("contexture build, bundle stands", f"CONTEXTURE_CACHE='{scratch}/store' {own}", False),
        ("contexture count", f"CONTEXTURE_CACHE=off {quoted(binary)} -q count --by o200k_base corpus/*/*.md", False),
    ]
    if program := found("repomix", peers):
        words = "--quiet --no-security-check --token-count-encoding o200k_base"
        listed.append((f"repomix {version(program)}", f"{quoted(program)} {words} -o {out} corpus", True))
    if program := found("code2prompt", peers):
        words = f"corpus --no-clipboard --quiet --encoding o200k --output-file {out}"
        listed.append((f"code2prompt {version(program)}", f"{quoted(program)} {words}", True))
    if program := found("yek", peers):
        listed.append((f"yek {version(program)}", f"{quoted(program)} --tokens 100000k corpus > {out}", True))
    one, two = found("files-to-prompt", peers), found("ttok", peers)
    if one and two:
        name = f"files-to-prompt {version(one)} and ttok {version(two)}"
        listed.append((name, f"{quoted(one)} corpus | tee {out} | {quoted(two)} -m gpt-4o", True))
    return listed


def seconds(command, folder, environment):
    start = time.perf_counter()
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}\nexited with {done.returncode}: {done.stderr[-500:]}")
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--binary", default="target/release/contexture")
    parser.add_argument("--peers", type=pathlib.Path, nargs="*", default=[])
    parser.add_argument("--install", type=pathlib.Path)
    given = parser.parse_args()
    peers = [folder.resolve() for folder in given.peers]
    if given.install:
        install(given.install)
        peers.append(given.install.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        scratch = pathlib.Path(temporary)
        folder = scratch / "project"
        total = make_corpus(folder)
        environment = {**os.environ, "TIKTOKEN_CACHE_DIR": encoding_folder(scratch) or ""}
        listed = programs(str(pathlib.Path(given.binary).resolve()), peers, scratch)
        times = {name: [] for name, _, _ in listed}
        for round in range(given.runs + 1):
            for name, command, is_new in listed:
                if is_new:
                    shutil.rmtree(folder / "dist", ignore_errors=True)
                    (scratch / "out").unlink(missing_ok=True)
                took = seconds(command, folder, environment)
                # The first round warms the disk's cache.
                if round:
                    times[name].append(took)
        print(f"{FILES} Markdown files, {total:,} bytes; {given.runs} runs in turn\n")
        print("| program | seconds, median | least to most | times contexture, nothing kept |\n|---|---|---|---|")
        base = times[listed[0][0]]
        for name, _, _ in listed:
            own = times[name]
            ratio = statistics.median(one / other for one, other in zip(own, base))
            print(f"| {name} | {statistics.median(own):.2f} | {min(own):.2f} to {max(own):.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
