"""The licences of the crates that a program for one target is linked with, as one text: names, expressions, and the
files that each crate ships, each different text once. Used by program.py; cargo knows where the crates are."""

import json
import pathlib
import re
import subprocess

FILE = re.compile(r"(licen[cs]e|copying|notice|copyright|unlicense)([-._].*)?", re.I)

CODE = {".rs", ".c", ".h", ".py", ".toml", ".json", ".html"}
# Parts of libraries in C that are for Windows, for other languages, or examples, and in no program.
UNLINKED = {"winhttp", "contrib", "wasm"}


def linked(metadata):
    """The packages that the program is linked with: what it depends on, without what only builds or tests it."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        for edge in nodes[waiting.pop()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in edge["dep_kinds"])
            if is_linked and edge["pkg"] not in found:
                found.add(edge["pkg"])
                waiting.append(edge["pkg"])
    named = (package for package in metadata["packages"] if package["id"] in found)
    return sorted(named, key=lambda package: (package["name"], package["version"]))


def notices(root, target):
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target}"]
    metadata = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)
    lines, texts = ["contexture is linked with these crates, under these licences:", ""], {}
    for package in linked(metadata):
        name = f"{package['name']} {package['version']}"
        lines.append(f"{name}: {package['license']}")
        folder = pathlib.Path(package["manifest_path"]).parent
        # Below it, too: a crate may hold the sources of a library in C, with a licence of their own.
        for path in sorted(folder.rglob("*")):
            if path.is_file() and FILE.fullmatch(path.name) and path.suffix not in CODE and not UNLINKED & {*path.parts}:
                text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
                texts.setdefault(text, []).append(name)
    for text, names in texts.items():
        lines += ["", "-" * 80, ", ".join(dict.fromkeys(names)), "", text]
    return "\n".join(lines) + "\n"
