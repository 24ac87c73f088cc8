"""docs/hash-format.md in Python, from that page alone. Reads a vector, or `explain --format json`, from stdin."""
import json, re, sys
from decimal import Decimal
from blake3 import blake3
TIER = {"tools": 0, "system": 1, "messages": 2}
ROLE = {"system": 0, "user": 1, "assistant": 2}
KIND = {"text": 0, "tool": 1, "input": 2, "history": 3, "region": 4, "tool_call": 5, "tool_result": 6}

def derive(use, data):
    return blake3(data, derive_key_context="contexture 2026-11-21 cx1 " + use).digest()

def segment(link):
    data = bytes([TIER[link["tier"]]]) + len(link["parts"]).to_bytes(8, "little")
    for part in link["parts"]:
        text = (part["text"] * part.get("times", 1)).encode()
        data += bytes([ROLE[part["role"]], KIND[part["kind"]]]) + len(text).to_bytes(8, "little") + text
    return derive("segment", data)

def chain(links):
    prefixes, digests = [derive("empty prefix", b"")], [segment(link) for link in links]
    for digest in digests:
        prefixes.append(derive("chain", prefixes[-1] + digest))
    hole = [any(part["kind"] in ("input", "history", "region") for part in link["parts"]) for link in links]
    return {"prefix": prefixes[(hole + [True]).index(True)], "full": prefixes[-1], "digests": digests, "prefixes": prefixes}

def canonical(value):  # RFC 8785
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(item) for key, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):  # as ECMAScript writes it
        plain = value == 0 or 1e-6 <= abs(value) < 1e21
        return re.sub(r"\.0*$", "", format(Decimal(repr(value or 0.0)), "f")) if plain else re.sub(r"(\.0)?e([+-])0?", r"e\2", repr(value))
    return json.dumps(value, ensure_ascii=False)

page = json.load(sys.stdin)
settings = {"settings": derive("settings", canonical(page["object"]).encode())} if "object" in page else {}
texts = {"canonical": [canonical(json.loads(text)) for text in page.get("texts", [])]}
print(json.dumps(chain(page.get("links", [])) | settings | texts, default=lambda digest: "cx1:" + digest.hex()))
