#!/usr/bin/env python3
"""Measures contexture beside other programs that put a folder together for a model and count it.

    cargo build --release && python3 benches/peers.py [--runs 5] [--binary FILE] [--peers DIR…] [--corpus NAME…]

Every program that is found (on the PATH, or in a folder given with --peers) runs on the same folder in
the same run, in turn. The folder is one of three, or each of those that are named: `crates`, 1,400 Markdown
files of 12 MB, cut from the sources of the crates that cargo has fetched for this project; `pypi`, the Python
files of wheels that pip fetches, 12 MB of them as they are; `monorepo`, 6,000 Markdown files in 300 packages,
made up from a seed. Each writes the whole text to one file, or bundles, and counts its tokens by
o200k_base where it can. Prints a Markdown table: medians, least and most, and how many times as long as
contexture the others take. `--install DIR` puts the others there first, from npm, PyPI and crates.io.

`files-to-prompt | ttok` needs the encoding on the disk (TIKTOKEN_CACHE_DIR) where there is no network; it
is taken from the tiktoken-rs crate that cargo has fetched.
"""

import argparse
import hashlib
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

import run

FILES = 1400
# Large packages that are nothing but Python.
WHEELS = ["Django==5.2.8", "sympy==1.14.0", "ansible-core==2.19.4", "Sphinx==8.2.3"]
PACKAGES = 300
O200K_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
MANIFEST = 'models: [gpt-6.1-sol]\nsystem: [{files: "corpus/**", wrap: document}]\n'


def crates(scratch):
    """1,400 pieces of the sources of fetched crates."""
    text = "".join(data.decode() for _, _, data in run.corpus_files())[: run.CORPUS_BYTES]
    size = len(text) // FILES
    return [(".md", text[number * size : (number + 1) * size].strip("-\n") + "\n") for number in range(FILES)]


def pypi(scratch):
    """The Python files of wheels from PyPI, in the order of their names, until there are 12 MB."""
    folder = scratch / "wheels"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*pip, *WHEELS], check=True)
    texts, total = [], 0
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                data = archive.read(name) if name.endswith(".py") else b""
                if data and b"\r" not in data and b"\0" not in data and total < run.CORPUS_BYTES:
                    texts.append((".py", data.decode()))
                    total += len(data)
    return texts


def monorepo(scratch):
    """Packages of 20 files each, from 200 bytes to 4 kB, made of made-up words."""
    chance = random.Random(6)
    words = ["".join(chance.choice("etaoinshrdlucmfw") for _ in range(chance.randint(2, 9))) for _ in range(4000)]
    texts = []
    for package in range(PACKAGES):
        for file in range(20):
            lines = [f"# Package {package}, page {file}\n"]
            for _ in range(chance.randint(3, 60)):
                lines.append(" ".join(chance.choice(words) for _ in range(chance.randint(4, 14))) + ".\n")
            texts.append((".md", "\n".join(lines)))
    return texts


CORPORA = {"crates": crates, "pypi": pypi, "monorepo": monorepo}


def make_corpus(folder, texts):
    """The folder `corpus` and a project around it, committed; returns its bytes."""
    for number, (suffix, text) in enumerate(texts):
        target = folder / f"corpus/{number // 100:02}/{number:04}{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    total = sum(len(text.encode()) for _, text in texts)
    run.commit_around(folder, MANIFEST)
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
        ("contexture build", own, True),
        ("contexture build, nothing changed", own, False),
        ("contexture count", f"{quoted(binary)} -q count --by o200k_base corpus/*/*", False),
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
    parser.add_argument("--corpus", nargs="*", choices=CORPORA, default=["crates"])
    given = parser.parse_args()
    peers = [folder.resolve() for folder in given.peers]
    if given.install:
        install(given.install)
        peers.append(given.install.resolve())
    for corpus in given.corpus:
        with tempfile.TemporaryDirectory() as temporary:
            compare(corpus, pathlib.Path(temporary), given.binary, peers, given.runs)


def compare(corpus, scratch, binary, peers, runs):
    folder = scratch / "project"
    texts = CORPORA[corpus](scratch)
    total = make_corpus(folder, texts)
    environment = {**os.environ, "TIKTOKEN_CACHE_DIR": encoding_folder(scratch) or ""}
    listed = programs(str(pathlib.Path(binary).resolve()), peers, scratch)
    times = {name: [] for name, _, _ in listed}
    for round in range(runs + 1):
        for name, command, is_new in listed:
            if is_new:
                shutil.rmtree(folder / "dist", ignore_errors=True)
                (scratch / "out").unlink(missing_ok=True)
            took = seconds(command, folder, environment)
            # The first round warms the disk's cache.
            if round:
                times[name].append(took)
    print(f"{corpus}: {len(texts):,} files, {total:,} bytes; {runs} runs in turn\n")
    print("| program | seconds, median | least to most | times contexture build | times contexture count |")
    print("|---|---|---|---|---|")
    build, count = times[listed[0][0]], times["contexture count"]
    for name, _, _ in listed:
        own = times[name]
        ratio = lambda base: statistics.median(one / other for one, other in zip(own, base))
        spread = f"{statistics.median(own):.3f} | {min(own):.3f} to {max(own):.3f}"
        print(f"| {name} | {spread} | {ratio(build):.2f} | {ratio(count):.2f} |")
    print(flush=True)


if __name__ == "__main__":
    main()
