"""Counts the lines of the program: every .rs below src/ but its unit tests.

    python3 tests/lines.py [--rooms]

A unit test is a file `tests.rs`, a folder `tests`, and what stands behind the first line `#[cfg(test)]` of another
file. Blank lines and comments count: they are read too. With --rooms, a line a room, the largest first.
"""

import collections
import pathlib
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"


def lines(path: pathlib.Path) -> int:
    found = path.read_text(encoding="utf-8").splitlines()
    return found.index("#[cfg(test)]") if "#[cfg(test)]" in found else len(found)


def main() -> None:
    rooms = collections.Counter()
    for path in SRC.rglob("*.rs"):
        below = path.relative_to(SRC)
        if "tests" not in below.with_suffix("").parts:
            rooms["/".join(below.with_suffix("").parts[:2])] += lines(path)
    if "--rooms" in sys.argv[1:]:
        for room, count in rooms.most_common():
            print(f"{count:7,} {room}")
    print(f"{sum(rooms.values()):7,} lines")


main()
