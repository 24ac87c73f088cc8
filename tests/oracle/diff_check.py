"""Works out for itself what each transition of a history does to each prompt, and compares.

    python diff_check.py ASSETS CASES

ASSETS holds o200k_base.tiktoken (the tiktoken-rs crate ships it). CASES is JSON lines, as tests/review/history.rs writes
them: both sides of a transition as texts with the planner's marks, and the report of `diff`. Token counts come from
tiktoken, the divergence from the longest common prefix of what the model sees, `eligible` from the rules of the two
providers as docs/simulator.md cites them. Prints what differs, and at last how many cases were compared; exits 1 if any
differed.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

LOOKBACK = 20  # Anthropic: positions looked at from a breakpoint, its own the first
SLOTS = 4  # OpenAI from GPT-5.6: boundaries that a request writes
FIRST, LATEST = 2, 50  # the same: explicit breakpoints looked up, from the front and from the back


def tiktoken(assets):
    folder = tempfile.mkdtemp()
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    shutil.copy(pathlib.Path(assets) / "o200k_base.tiktoken", pathlib.Path(folder) / hashlib.sha1(address.encode()).hexdigest())
    os.environ["TIKTOKEN_CACHE_DIR"] = folder
    import tiktoken

    return tiktoken.get_encoding("o200k_base")


def runs(build):
    """The prompt as (what it is, text): a message up to a hole, or a hole. A tool is a message, and so is a history."""
    found, last = [], None
    for segment in build["segments"]:
        for role, kind, text in segment["parts"]:
            turn = (segment["tier"], role)
            alone = segment["tier"] == "tools" or kind == "history"
            is_new = alone or last != turn
            hole = kind in ("input", "history")
            key = (turn, kind if hole else None, text if hole else None, not is_new)
            if not hole and not is_new and found and found[-1][0][1] is None:
                found[-1][1] += text
            else:
                found.append([key, "" if hole else text])
            last = None if alone else turn
    return found


def tokens(encoding, build):
    return sum(len(encoding.encode_ordinary(text)) for _, text in runs(build))


def divergence(base, head):
    """Bytes before the first difference; None where there is none."""
    old, new = runs(base), runs(head)
    seen = 0
    for (one, before), (other, after) in zip(old, new):
        before, after = before.encode(), after.encode()
        if one != other:
            return seen
        common = os.path.commonprefix([before, after])
        if before != after:
            return seen + len(common)
        seen += len(before)
    return None if len(old) == len(new) else seen


def blocks(build, model):
    """Content blocks before the first hole: (identity, tokens up to its end, marked, index of its last segment)."""
    found, tokens_so_far = [], 0
    open_block = None
    for index, segment in enumerate(build["segments"]):
        if any(kind in ("input", "history") for _, kind, _ in segment["parts"]):
            break
        tokens_so_far += model["tokens"][index]
        for role, kind, text in segment["parts"]:
            key = (segment["tier"], role)
            if open_block and open_block["key"] == key and segment["tier"] != "tools" and not open_block["closed"]:
                open_block["text"] += text
            else:
                open_block = {"key": key, "text": text, "closed": False, "mark": False}
                found.append(open_block)
            open_block["end"] = tokens_so_far
        if index in model["marks"]:
            open_block["closed"] = open_block["mark"] = True
    return found


def boundaries(build, model):
    """Each block's end as (everything before it, tokens), and which of them are marked."""
    ends, path = [], ()
    for block in blocks(build, model):
        path += ((block["key"], block["text"]),)
        ends.append((path, block["end"], block["mark"]))
    return ends


def anthropic(old, new, minimum):
    entries = {path for path, end, mark in old if mark and end >= minimum}
    best = 0
    for index, (_, _, mark) in enumerate(new):
        if mark:
            for path, end, _ in new[max(0, index - LOOKBACK + 1) : index + 1]:
                if path in entries:
                    best = max(best, end)
    return best


def openai(old, new, minimum):
    written = [(path, end) for path, end, mark in old if mark][-SLOTS:]
    entries = {path for path, end in written if end >= minimum}
    marks = [(path, end) for path, end, mark in new if mark]
    looked_up = marks[:FIRST] + marks[-LATEST:]
    return max([end for path, end in looked_up if path in entries and end >= minimum], default=0)


RULES = {"claude-opus-5": anthropic, "gpt-6.1-sol": openai}


def compare(encoding, case):
    contexts = {context["id"]: context for context in case["report"]["contexts"]}
    for name in sorted(set(case["base"]) | set(case["head"])):
        base, head = case["base"][name], case["head"][name]
        at = divergence(base, head)
        told = contexts.get(name)
        if told is None:
            if at is not None:
                yield f"{name}: parts at byte {at}, and the report says nothing"
            if [model["marks"] for model in base["models"]] != [model["marks"] for model in head["models"]]:
                yield f"{name}: marks moved, and the report says nothing"
            continue
        expected = {"base": tokens(encoding, base), "head": tokens(encoding, head)}
        if told["tokens"] != expected:
            yield f"{name}: tokens {told['tokens']}, tiktoken counts {expected}"
        found = told["divergence"] and told["divergence"]["byte"]
        if found != at:
            yield f"{name}: parts at {found}, expected {at}"
        for old, new in zip(base["models"], head["models"]):
            [row] = [row for row in told["models"] if row["model"] == new["model"]]
            eligible = RULES[new["model"]](boundaries(base, old), boundaries(head, new), new["minimum"])
            if row["eligible"] != eligible:
                yield f"{name}: {row['model']} serves {row['eligible']}, expected {eligible}"


def main():
    encoding = tiktoken(sys.argv[1])
    cases = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8").read().split("\n")]
    failed = False
    for case in cases:
        for difference in compare(encoding, case):
            failed = True
            print(f"{case['parent'][:10]}..{case['commit'][:10]} {difference}")
    print(f"compared {len(cases)}")
    sys.exit(failed)


main()
