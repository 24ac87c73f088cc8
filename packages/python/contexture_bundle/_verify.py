"""Holds the files of a bundle against their digests, without a package beyond Python's own."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import Any

from . import AGAIN, BundleError, _read

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MIX = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)) + (
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)
)  # fmt: skip
CHUNK_START, CHUNK_END, PARENT, ROOT, CONTEXT, MATERIAL = 1, 2, 4, 8, 32, 64


def verified(folder: str, content: bytes, record: dict[str, Any]) -> dict[str, bytes]:
    """The files of a bundle but bundle.json, each as its digest says."""
    files, wrong = {}, []
    blank = content.replace(b'"digest": "%s"' % str(record.get("digest")).encode(), b'"digest": ""', 1)
    key = _words(_blake3(b"contexture 2026-11-21 cx1 bundle", mode=CONTEXT))
    if record.get("digest") != "cx1:" + _blake3(blank, key, MATERIAL).hex():
        wrong.append("bundle.json")
    else:
        listed = {member["name"]: member for member in record["members"]}
        wrong += sorted(set(os.listdir(folder)) - set(listed) - {"bundle.json"})
        for name, member in listed.items():
            path = os.path.join(folder, name)
            files[name] = b"" if os.path.islink(path) else _read(folder, name)
            if len(files[name]) != member["bytes"] or _blake3(files[name]).hex() != member.get("blake3"):
                wrong.append(name)
    if wrong:
        raise BundleError(f"{folder} is not as it was built: {', '.join(wrong)} differs; {AGAIN}")
    return files


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data)


def _blake3(data: bytes, key: tuple[int, ...] = IV, mode: int = 0) -> bytes:
    """BLAKE3's first 32 bytes."""
    whole = max(len(data) - 1, 0) // 1024
    last = CHUNK_END | (0 if whole else ROOT)
    row = _nodes(data[: whole * 1024], 1024, 0, key, mode, CHUNK_START, CHUNK_END) if whole else b""
    row += _nodes(data[whole * 1024 :], len(data) - whole * 1024, whole, key, mode, CHUNK_START, last)
    while len(row) > 32:
        # Neighbours become a parent; one without a neighbour waits for the next row.
        pairs, rest = row[: len(row) // 64 * 64], row[len(row) // 64 * 64 :]
        flags = PARENT | (ROOT if len(row) == 64 else 0)
        row = _nodes(pairs, 64, None, key, mode, flags, flags) + rest
    return row


def _nodes(data: bytes, size: int, first: int | None, key: tuple[int, ...], mode: int, start: int, end: int) -> bytes:
    """The chaining values of nodes of `size` bytes each, all at once: each number holds one word of every node, in
    64 bits each, so that Python's long numbers do the work of a vector. `first` is the number of the first chunk."""
    count, blocks = len(data) // size if size else 1, max((size + 63) // 64, 1)
    words = _words(data.ljust(blocks * 64, b"\0") if count == 1 else data)
    one, counter = _lanes([1] * count), 0 if first is None else _lanes(range(first, first + count))
    state = [one * word for word in key]
    for block in range(blocks):
        flags = mode | (start if block == 0 else 0) | (end if block == blocks - 1 else 0)
        lanes = [_lanes(words[block * 16 + word :: blocks * 16]) for word in range(16)]
        state = _compress(state, lanes, counter, min(size - block * 64, 64), flags, one)
    rows = (struct.unpack(f"<{count}Q", word.to_bytes(count * 8, "little")) for word in state)
    return b"".join(struct.pack("<8I", *node) for node in zip(*rows))


def _lanes(words: Sequence[int]) -> int:
    return int.from_bytes(struct.pack(f"<{len(words)}Q", *words), "little")


def _compress(state: list[int], block: list[int], counter: int, length: int, flags: int, one: int) -> list[int]:
    mask = one * 0xFFFFFFFF
    v = [*state, *(one * word for word in IV[:4]), counter, 0, one * length, one * flags]
    for _ in range(7):
        for index, (a, b, c, d) in enumerate(MIX):
            for word, first, second in ((block[index * 2], 16, 12), (block[index * 2 + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & mask
                turned = v[d] ^ v[a]
                v[d] = (turned >> first | turned << (32 - first)) & mask
                v[c] = (v[c] + v[d]) & mask
                turned = v[b] ^ v[c]
                v[b] = (turned >> second | turned << (32 - second)) & mask
        block = [block[word] for word in ORDER]
    return [v[index] ^ v[index + 8] for index in range(8)]
