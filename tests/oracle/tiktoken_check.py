"""Compares counts with the libraries that define them: tiktoken, Hugging Face's tokenizers, and features.py.

    python tiktoken_check.py ASSETS CASES

ASSETS holds o200k_base.tiktoken and cl100k_base.tiktoken (the tiktoken-rs crate ships them; tiktoken itself checks
their hashes). CASES is JSON lines, as tests/tokens_oracle.rs writes them. Needs no network. Prints what differs, and at
last how many cases were compared; exits 1 if any differed.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "benches" / "estimate"))


def offline_cache(assets):
    """A folder as tiktoken would have filled it, had it fetched the vocabularies."""
    folder = tempfile.mkdtemp()
    for name in ("o200k_base", "cl100k_base"):
        address = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
        shutil.copy(pathlib.Path(assets) / f"{name}.tiktoken", pathlib.Path(folder) / hashlib.sha1(address.encode()).hexdigest())
    return folder


def shares(encoding, pieces):
    """The tokens of the joined pieces, each for the piece that holds its first byte."""
    ends, end = [], 0
    for piece in pieces:
        end += len(piece.encode())
        ends.append(end)
    counts, owner, start = [0] * len(pieces), 0, 0
    for token in encoding.encode_ordinary("".join(pieces)):
        while ends[owner] <= start:
            owner += 1
        counts[owner] += 1
        start += len(encoding.decode_single_token_bytes(token))
    return counts


def main(assets, cases):
    os.environ["TIKTOKEN_CACHE_DIR"] = offline_cache(assets)
    import tiktoken
    from tokenizers import Tokenizer

    from features import features

    loaded, compared, wrong = {}, 0, 0
    for line in open(cases, encoding="utf-8"):
        case = json.loads(line)
        if "tokenizer" in case:
            if case["tokenizer"] not in loaded:
                loaded[case["tokenizer"]] = Tokenizer.from_file(case["tokenizer"])
                loaded[case["tokenizer"]].encode_special_tokens = True
            expected = len(loaded[case["tokenizer"]].encode(case["text"], add_special_tokens=False).ids)
        elif "features" in case:
            expected = features(case["text"], case["features"])
        elif "pieces" in case:
            expected = shares(tiktoken.get_encoding(case["encoding"]), case["pieces"])
        else:
            expected = len(tiktoken.get_encoding(case["encoding"]).encode_ordinary(case["text"]))
        compared += 1
        if expected != case["found"]:
            wrong += 1
            print(f"expected {expected}, found {case['found']}: {line[:300]}")
    print(f"compared {compared}")
    shutil.rmtree(os.environ["TIKTOKEN_CACHE_DIR"])
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
