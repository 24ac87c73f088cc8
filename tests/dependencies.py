"""Holds every dependency against deny.toml, from what `cargo metadata` says of it.

    cargo metadata --locked --format-version 1 | python tests/dependencies.py deny.toml

The licences, bans, duplicates and sources of cargo-deny, whose file it reads; for those who have no
cargo-deny. Prints every fault, and exits with 1 if there is one.
"""

import collections
import json
import re
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    rules = tomllib.load(file)
metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
foreign = [package for package in packages.values() if package["source"] is not None]
faults = []


def is_allowed(expression, allowed):
    """Whether an expression of SPDX holds: OR binds less than AND, `/` is an old OR."""
    words = re.findall(r"[()]|[^\s()]+(?:\s+WITH\s+[^\s()]+)?", expression.replace("/", " OR "))

    def any_of():
        holds = all_of()
        while words and words[0] == "OR":
            words.pop(0)
            holds = all_of() or holds
        return holds

    def all_of():
        holds = one()
        while words and words[0] == "AND":
            words.pop(0)
            holds = one() and holds
        return holds

    def one():
        word = words.pop(0)
        if word == "(":
            holds = any_of()
            words.pop(0)
            return holds
        return " ".join(word.split()) in allowed

    return any_of() and not words


allowed, used = set(rules["licenses"]["allow"]), set()
for package in foreign:
    license = package["license"]
    if not license or not is_allowed(license, allowed):
        faults.append(f"{package['name']} {package['version']}: the licence {license} is not allowed")
    used.update(one for one in allowed if license and one in license)
faults += [f"no dependency has the licence {one}, which is allowed" for one in sorted(allowed - used)]

for ban in rules["bans"]["deny"]:
    name, wrappers = ban["name"], ban.get("wrappers", [])
    needs = lambda node: name in {packages[needed["pkg"]]["name"] for needed in node["deps"]}
    takers = [packages[node["id"]]["name"] for node in metadata["resolve"]["nodes"] if needs(node)]
    if any(package["name"] == name for package in foreign) and not (wrappers and set(takers) <= set(wrappers)):
        faults.append(f"{name} is banned, but for {wrappers}; it is taken by {takers}")

for package in packages.values():
    for needed in package["dependencies"]:
        if package["source"] is None and needed["req"] == "*" and "path" not in needed:
            faults.append(f"{package['name']} takes any version of {needed['name']}")

versions = collections.defaultdict(set)
for package in foreign:
    versions[package["name"]].add(package["version"])
skipped = {skip["crate"] for skip in rules["bans"]["skip"]}
twice = set()
for name, found in versions.items():
    if len(found) > 1:
        named = {f"{name}@{version}" for version in found}
        twice |= named
        if len(named - skipped) > 1:
            faults.append(f"{name} is there in {', '.join(sorted(found))}")
faults += [f"{crate} is skipped, and is no duplicate" for crate in sorted(skipped - twice)]

for package in foreign:
    if package["source"] != "registry+https://github.com/rust-lang/crates.io-index":
        faults.append(f"{package['name']} comes from {package['source']}")

if not foreign:
    faults.append("there is no dependency: nothing was read")
for fault in faults:
    print(fault)
sys.exit(bool(faults))
