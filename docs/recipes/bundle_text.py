#!/usr/bin/env python3
"""Prints a bundle.json as a few lines that git can compare: a segment a line, a model a line.

git calls it with the path of a file (`diff.contexture.textconv`, docs/ci.md). Needs nothing but Python 3.10.
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    try:
        bundle = json.loads(text)
        lines = [f"{name:9} {bundle[name]}" for name in ("prefix", "full", "settings")]
        for segment in bundle["segments"]:
            place = segment["path"] or "the manifest"
            if segment["lines"]:
                place += ":{}-{}".format(*segment["lines"])
            tokens = segment["tokens"].get("o200k_base", 0)
            lines.append(f"{segment['id']}  {tokens} tokens  {segment['digest'][:16]}  {place}")
        for model in bundle["models"]:
            tokens, cost = model["tokens"], model["cost"]
            costs = "  ".join(f"{name} {cost[name]}" for name in ("cold", "warm", "month"))
            lines.append(f"{model['model']}  {tokens['total']} tokens  {costs}")
    except (ValueError, KeyError, TypeError):
        # Not a bundle after all (a merge conflict, a later format): git compares the text itself.
        sys.stdout.write(text)
        return
    # What could move a cursor or hide text is shown as an escape, as contexture does.
    print("\n".join(line.encode("unicode_escape").decode("ascii") for line in lines))


if __name__ == "__main__":
    main()
