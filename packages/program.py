"""Packs the program for those who have no Rust: a wheel, npm packages, a .deb and a .tar.gz, all of the same bytes.

    python program.py OUT STAGED PROGRAM...

Each PROGRAM is an executable file of another platform, which is read off the file; one of them must run here, for it
writes the manual and the completions. Nothing is packed that depends on when or where: no clock, user, or order of a
folder. Called by packages/build.sh, which brings the tools.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib

from notices import notices

# What it is called where others install it from: `contexture` belongs to somebody else on PyPI and on npm.
NAME = "contexture-cli"

ROOT = pathlib.Path(__file__).resolve().parent.parent
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["package"]
VERSION, ABOUT, LICENCE = CARGO["version"], CARGO["description"], CARGO["license"]
LICENCES = sorted(ROOT.glob("LICENSE-*"))
# The licences of what the program is linked with.
OTHERS = "THIRD-PARTY-LICENSES"

# By the first bytes of a program: its target of Rust's, npm's os and cpu, Debian's architecture, the end of the wheel's
# tag. glibc's oldest version that has all that the program asks for is read off the file.
ELF = {62: "x86_64", 183: "aarch64"}
PLATFORMS = {
    "x86_64-unknown-linux-gnu": ("linux", "x64", "amd64", "x86_64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64", "arm64", "aarch64"),
    "x86_64-apple-darwin": ("darwin", "x64", None, "macosx_10_12_x86_64"),
    "aarch64-apple-darwin": ("darwin", "arm64", None, "macosx_11_0_arm64"),
}
MACH_O = {b"\xcf\xfa\xed\xfe\x07\x00\x00\x01": "x86_64", b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01": "aarch64"}


class Program:
    """An executable file, and what it runs on."""

    def __init__(self, path):
        if not path.is_file() or not os.access(path, os.X_OK):
            sys.exit(f"{path} is no program: name an executable file")
        with path.open("rb") as content:
            self.path, head = path, content.read(20)
        if head[:4] == b"\x7fELF" and (machine := ELF.get(int.from_bytes(head[18:20], "little"))):
            self.target = f"{machine}-unknown-linux-gnu"
        elif machine := MACH_O.get(head[:8]):
            self.target = f"{machine}-apple-darwin"
        else:
            sys.exit(f"{path} is a program for no platform that is packed: {', '.join(PLATFORMS)}")
        self.os, self.cpu, self.debian, self.tag = PLATFORMS[self.target]
        self.others = notices(ROOT, self.target)
        if self.os == "linux":
            needs = subprocess.run(["readelf", "--version-info", path], check=True, capture_output=True, text=True).stdout
            found = [tuple(map(int, version)) for version in re.findall(r"GLIBC_(\d+)\.(\d+)", needs)]
            if not found:
                sys.exit(f"{path} asks for no glibc; packages are made of programs that are linked with one")
            self.glibc = max(found)
            self.tag = f"manylinux_{self.glibc[0]}_{self.glibc[1]}_{self.tag}"

    def said(self, *arguments):
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{self.path} is no contexture: `{' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def runs_here(self):
        here = os.uname()
        machine = {"arm64": "aarch64"}.get(here.machine, here.machine)
        return self.target.startswith(machine) and self.os == here.sysname.lower()


def file(path, content, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)


def copy(source, path, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(mode)


def run(*command, cwd=None):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=cwd)


def manual(program, folder):
    """What belongs to the program wherever it is installed, at the places that Debian has for it."""
    if program.said("--version").split() != ["contexture", VERSION]:
        sys.exit(f"{program.path} is not contexture {VERSION}, the version in Cargo.toml")
    pages = folder / "pages"
    pages.mkdir(parents=True)
    run(program.path, "man", "--out", pages)
    for page in sorted(pages.iterdir()):
        file(folder / "man/man1" / f"{page.name}.gz", gzip.compress(page.read_bytes(), mtime=0))
    shutil.rmtree(pages)
    names = {
        "bash": "bash-completion/completions/contexture",
        "zsh": "zsh/vendor-completions/_contexture",
        "fish": "fish/vendor_completions.d/contexture.fish",
    }
    for shell, name in names.items():
        file(folder / name, program.said("completions", shell))


def wheel(program, staged, out):
    """A wheel with the program as its script. maturin would build a program of its own; this one is there."""
    folder, name = staged / "wheel", NAME.replace("-", "_")
    copy(program.path, folder / f"{name}-{VERSION}.data/scripts/contexture", 0o755)
    own = folder / f"{name}-{VERSION}.dist-info"
    says = f"Metadata-Version: 2.4\nName: {NAME}\nVersion: {VERSION}\nSummary: {ABOUT}\nLicense-Expression: {LICENCE}\n"
    names = [*(path.name for path in LICENCES), OTHERS]
    file(own / "METADATA", says + "".join(f"License-File: {name}\n" for name in names))
    file(own / "WHEEL", f"Wheel-Version: 1.0\nGenerator: {NAME}\nRoot-Is-Purelib: false\nTag: py3-none-{program.tag}\n")
    for licence in LICENCES:
        copy(licence, own / "licenses" / licence.name)
    file(own / "licenses" / OTHERS, program.others)
    run(sys.executable, "-m", "wheel", "pack", "--dest-dir", out, folder)


def npm(package, folder, out, **more):
    says = {"name": package, "version": VERSION, "description": ABOUT, "license": LICENCE, **more}
    file(folder / "package.json", json.dumps(says, indent=2) + "\n")
    for licence in LICENCES:
        copy(licence, folder / licence.name)
    run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", out, cwd=folder)


def deb(program, staged, share, out):
    folder = staged / "deb"
    copy(program.path, folder / "usr/bin/contexture", 0o755)
    shutil.copytree(share, folder / "usr/share")
    texts = "\n\n".join(path.read_text(encoding="utf-8") for path in LICENCES)
    file(folder / f"usr/share/doc/{NAME}/copyright", f"{LICENCE}\n\n{texts}\n\n{program.others}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
    says = {
        "Package": NAME,
        "Version": VERSION,
        "Architecture": program.debian,
        "Maintainer": "the authors of contexture",
        "Installed-Size": size,
        "Depends": f"libc6 (>= {program.glibc[0]}.{program.glibc[1]}), libgcc-s1 | libgcc1",
        "Section": "devel",
        "Priority": "optional",
        "Description": ABOUT,
    }
    file(folder / "DEBIAN/control", "".join(f"{key}: {value}\n" for key, value in says.items()))
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    # xz is what every dpkg reads; one thread, so that the bytes do not depend on the cores.
    run("dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "-z3", "--build", folder, out)


def tarball(program, share, out):
    """What cargo binstall and the workflow of `init --ci` unpack: everything below one folder."""
    folder = f"contexture-{VERSION}-{program.target}"
    files = {path.name: path.read_bytes() for path in LICENCES}
    files |= {"contexture": program.path.read_bytes(), OTHERS: program.others.encode()}
    files |= {f"share/{path.relative_to(share)}": path.read_bytes() for path in share.rglob("*") if path.is_file()}
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(content), 0o755 if name == "contexture" else 0o644
            tar.addfile(entry, io.BytesIO(content))
    (out / f"{folder}.tar.gz").write_bytes(gzip.compress(held.getvalue(), mtime=0))


def statement(out, commit, programs):
    """What the packages were made from, in the form that docs/provenance.md has for bundles."""
    digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    of = [{"name": path.name, "digest": {"sha256": digest(path)}} for path in sorted(out.iterdir())]
    made_from = [{"name": "commit", "digest": {"gitCommit": commit}}]
    made_from += [{"name": program.target, "digest": {"sha256": digest(program.path)}} for program in programs]
    definition = {
        "buildType": "urn:contexture:packages:1",
        "externalParameters": {"version": VERSION},
        "resolvedDependencies": made_from,
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": of,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": definition, "runDetails": {"builder": {"id": "urn:contexture:packages"}}},
    }


def main():
    out, staged, *paths = map(pathlib.Path, sys.argv[1:])
    programs = [Program(path.resolve()) for path in paths]
    if len({program.target for program in programs}) < len(programs):
        sys.exit("two programs are for one platform")
    here = [program for program in programs if program.runs_here()]
    if programs and not here:
        sys.exit("none of the programs runs here, and one has to: it writes the manual and the completions")
    if programs:
        share = staged / "share"
        manual(here[0], share)
        parts = {f"{NAME}-{program.os}-{program.cpu}": program for program in programs}
        copy(ROOT / "packages/npm/contexture.js", staged / "npm/bin/contexture.js", 0o755)
        bin, needs = {"contexture": "bin/contexture.js"}, dict.fromkeys(parts, VERSION)
        shipped = ["bin", "LICENSE-*"]
        npm(NAME, staged / "npm", out, bin=bin, optionalDependencies=needs, engines={"node": ">=18"}, files=shipped)
        for package, program in parts.items():
            folder = staged / package
            copy(program.path, folder / "bin/contexture", 0o755)
            file(folder / OTHERS, program.others)
            libc = {"libc": ["glibc"]} if program.os == "linux" else {}
            npm(package, folder, out, os=[program.os], cpu=[program.cpu], **libc, files=[*shipped, OTHERS], preferUnplugged=True)
            wheel(program, folder, out)
            if program.debian:
                deb(program, folder, share, out)
            tarball(program, share, out)
    if commit := os.environ.get("COMMIT"):
        text = json.dumps(statement(out, commit, programs), indent=2) + "\n"
        (out / "packages.intoto.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
