"""What an estimate is made from: the same numbers as src/cost/tokens/features.rs, for fitting and for checking it.

    python features.py CLONE    recomputes the feature columns of corpus.csv from a clone of
                                https://github.com/Piebald-AI/claude-code-system-prompts

Needs tiktoken (with network, or TIKTOKEN_CACHE_DIR filled).
"""

import csv
import pathlib
import re
import subprocess
import sys

NAMES = [
    "o200k", "lower", "upper", "digit", "punctuation", "underscore", "line_break", "word", "camel", "long_word",
    "punctuation_run", "line", "indent", "symbol", "latin", "cyrillic", "semitic", "indic", "hangul", "cjk", "other_script",
]
# What corpus.csv says of a text before its features.
HEAD = ["date", "blob", "generation", "fold", "published"]
HERE = pathlib.Path(__file__).parent

# First code point of a range, and what it counts as up to the next.
RANGES = [
    (0x80, "symbol"), (0xC0, "latin"), (0xD7, "symbol"), (0xD8, "latin"), (0xF7, "symbol"), (0xF8, "latin"),
    (0x2B0, "symbol"), (0x370, "cyrillic"), (0x530, "other_script"), (0x590, "semitic"), (0x900, "indic"),
    (0xE00, "other_script"), (0x1100, "hangul"), (0x1200, "other_script"), (0x1E00, "latin"), (0x1F00, "cyrillic"),
    (0x2000, "symbol"), (0x2C00, "other_script"), (0x2E00, "symbol"), (0x2E80, "cjk"), (0x3130, "hangul"), (0x3190, "cjk"),
    (0xA000, "other_script"), (0xAC00, "hangul"), (0xD800, "symbol"), (0xF900, "cjk"), (0xFB00, "latin"),
    (0xFB13, "other_script"), (0xFB1D, "semitic"), (0xFE00, "symbol"), (0xFE30, "cjk"), (0xFE70, "semitic"),
    (0xFEFF, "symbol"), (0xFF00, "cjk"), (0xFFA0, "hangul"), (0xFFE0, "cjk"), (0xFFF0, "symbol"),
    (0x10000, "other_script"), (0x1B000, "cjk"), (0x1BC00, "symbol"), (0x20000, "cjk"), (0x40000, "symbol"),
]


def kind(c):
    """The feature that a character on its own counts for, or None (blanks and controls)."""
    if "a" <= c <= "z":
        return "lower"
    if "A" <= c <= "Z":
        return "upper"
    if "0" <= c <= "9":
        return "digit"
    if c == "\n":
        return "line_break"
    if c < "\x80":
        return "punctuation" if "!" <= c <= "~" else None
    return [name for first, name in RANGES if first <= ord(c)][-1]


def features(text, o200k):
    """The features of a text, given its count in o200k_base, in the order of NAMES."""
    found = dict.fromkeys(NAMES, 0)
    found["o200k"] = o200k
    before, before_is, lowers = "\n", "line_break", 0
    for c in text:
        is_ = kind(c)
        if is_:
            found[is_] += 1
        letter, letter_before = is_ in ("lower", "upper"), before_is in ("lower", "upper")
        lowers = lowers + 1 if is_ == "lower" else 0
        found["word"] += letter and not letter_before
        found["camel"] += is_ == "upper" and before_is == "lower"
        found["long_word"] += lowers == 7
        found["underscore"] += c == "_"
        found["punctuation_run"] += is_ == "punctuation" and before_is != "punctuation"
        found["line"] += before == "\n" and c != "\n"
        found["indent"] += before == "\n" and c in " \t"
        before, before_is = c, is_
    return [int(found[name]) for name in NAMES]


def body(markdown):
    """What the published count counts: the file without its leading comment."""
    return re.sub(r"\A<!--.*?-->\n", "", markdown, count=1, flags=re.S)


def main(clone):
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")
    path = HERE / "corpus.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*HEAD, *NAMES])
        for row in rows:
            blob = subprocess.run(["git", "-C", clone, "cat-file", "blob", row["blob"]], check=True, capture_output=True)
            text = body(blob.stdout.decode("utf-8"))
            counted = features(text, len(encoding.encode_ordinary(text)))
            writer.writerow([*(row[name] for name in HEAD), *counted])


if __name__ == "__main__":
    main(sys.argv[1])
