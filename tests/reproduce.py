"""Builds one project with several builds of the program, and compares every byte.

    cargo build && cargo build --release
    python3 tests/reproduce.py target/debug/contexture target/release/contexture

What may differ between two machines is varied by tests/bundles/reproduced.rs at every run of the tests.
What differs between two builds of the program (optimisation, target, compiler) needs the two, so it is
tried here. A text that is changed must change the bytes, or the comparison is worth nothing. Prints how
many files were compared; exits with 1 if one differs.
"""

import pathlib
import subprocess
import sys
import tempfile

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]


def run(words, folder):
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"tests/reproduce.py: {' '.join(map(str, words))}\n{done.stderr}")


def built(program, project, output):
    run([program, "build", "--provenance", "-o", output], project)
    return {str(file.relative_to(output)): file.read_bytes() for file in sorted(output.rglob("*")) if file.is_file()}


def commit(project):
    run([*GIT, "add", "--all"], project)
    run([*GIT, "commit", "--quiet", "--message", "a", "--date", "2026-11-21T12:00:00Z"], project)


def main():
    programs = [pathlib.Path(word).resolve() for word in sys.argv[1:]]
    if len(programs) < 2:
        sys.exit("usage: python3 tests/reproduce.py PROGRAM PROGRAM…")
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        project = top / "project"
        run([programs[0], "init", project], top)
        run([*GIT, "init", "--quiet"], project)
        commit(project)
        first, *others = [built(program, project, top / f"out-{at}") for at, program in enumerate(programs)]
        for program, other in zip(programs[1:], others):
            differing = [file for file in first.keys() | other.keys() if first.get(file) != other.get(file)]
            if differing:
                sys.exit(f"tests/reproduce.py: {program} writes other bytes: {', '.join(sorted(differing))}")
        rules = project / "contexts/assistant/house-rules.md"
        rules.write_text(rules.read_text() + "One more.\n")
        commit(project)
        if built(programs[-1], project, top / "out-changed").items() & first.items() == first.items():
            sys.exit("tests/reproduce.py: a changed text gives the same bytes: nothing was compared")
        print(f"{len(programs)} programs, {len(first)} files, {sum(map(len, first.values()))} bytes: all the same")


main()
