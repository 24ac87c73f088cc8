"""Holds `top` and `compare` against what `build` says of each context: sums, shares and order, in Python's decimals.

Reads from stdin `{"build", "top", "text", "compared": [[A, B, report], …]}`: the JSON of `build`, that of `top`, its text with
`-v`, and of each comparison the names of both sides and its JSON. Prices come from the file that is named on the command
line. Prints a line for everything that differs.
"""

import csv
import json
import sys
from decimal import Decimal

given = json.load(sys.stdin)
build, top = given["build"], given["top"]
prices = {
    row[0]: {"input": Decimal(row[3]), "output": Decimal(row[4]), "read": Decimal(row[5] or row[3])}
    for row in csv.reader(line for line in open(sys.argv[1], encoding="utf-8") if not line.startswith(("#", "model,")))
    if row[1] == "std" and not row[2]
}
differ = []


def same(what, one, other):
    if one != other:
        differ.append(f"{what}: {one} and {other}")


def name(one):
    return one["id"] + (f"@{one['variant']}" if one["variant"] else "")


def close(what, told, exact):
    """A rounded amount and the exact one."""
    if (told is None) != (exact is None) or told is not None and abs(Decimal(told) - Decimal(exact)) > Decimal("0.005"):
        differ.append(f"{what}: {told} and {exact}")


built = {(name(context), model["model"]): model for context in build["contexts"] for model in context["models"]}
rows = {(name(row), row["model"]): row for row in top["rows"]}
bare = {(name(context), "") for context in build["contexts"] if not context["models"]}
same("rows", set(rows), set(built) | bare)

totals = {}
for key, model in built.items():
    row, cost = rows[key], model["cost"]
    same(f"{key} tokens", row["tokens"], model["tokens"]["total"])
    same(f"{key} estimated", row["estimated"], model["tokens"]["basis"] == "estimated")
    same(f"{key} unpriced", row["unpriced"], cost["warm"] is None)
    close(f"{key} month", cost["month"], row["month"])
    total = totals.setdefault(model["model"], {"contexts": 0, "unknown": 0, "idle": 0, "month": Decimal(0)})
    total["contexts"] += 1
    total["unknown"] += cost["warm"] is None
    total["idle"] += cost["warm"] is not None and cost["month"] is None
    total["month"] += Decimal(row["month"] or 0)
    if row["parts"] is None:
        same(f"{key} has no parts", row["month"] is None or not row["answer"] or not row["inputs"], True)
        continue
    parts = {part: Decimal(value) for part, value in row["parts"].items()}
    same(f"{key} parts", sum(parts.values()), Decimal(row["month"]))
    if model["model"] in prices:
        answer = prices[model["model"]]["output"] * (model["tokens"]["output"] or 0) * row["calls"] / 1_000_000
        same(f"{key} answers", parts["output"], answer)

same("models", {total["model"] for total in top["totals"]}, set(totals))
for total in top["totals"]:
    own = totals[total["model"]]
    month = None if own["unknown"] or own["idle"] == own["contexts"] else own["month"]
    told = None if total["month"] is None else Decimal(total["month"])
    same(f"total of {total['model']}", told, month)
    same(f"contexts of {total['model']}", (total["contexts"], total["unknown"], total["without_traffic"]),
         (own["contexts"], own["unknown"], own["idle"]))
same("totals of build", build["totals"], top["totals"])

# Unknown prices first, then the dearest, then what has no month by its tokens.
order = sorted(top["rows"], key=lambda row: (not row["unpriced"], -Decimal(row["month"] or -1), -row["tokens"], row["id"], row["variant"] or ""))
same("order", [(name(row), row["model"]) for row in top["rows"]], [(name(row), row["model"]) for row in order])

# The table says the same shares, cut to a tenth of a percent.
lines = given["text"].splitlines()[1 : 1 + len(top["rows"])]
for line, row in zip(lines, top["rows"], strict=True):
    key = (name(row), row["model"])
    same(f"{key} in the table", line.split()[0], name(row))
    if row["month"] is None:
        same(f"{key} in the table", "%" in line, False)
        continue
    month, total = Decimal(row["month"]), next(one for one in top["totals"] if one["model"] == row["model"])["month"]
    wholes = [(row["month"], total), *((value, row["month"]) for value in (row["parts"] or {}).values())]
    tenths = [None if whole is None else int(Decimal(part) * 1000 / Decimal(whole)) for part, whole in wholes]
    said = ["?" if one is None else f"{one // 10}.{one % 10}%" for one in tenths]
    same(f"{key} shares", line.split()[-len(said):], said)

for one, other, report in given["compared"]:
    sides = {"base": one, "head": other}
    models = {side: {model: own for (context, model), own in built.items() if context == wanted} for side, wanted in sides.items()}
    tokens = {side: sum(segment["tokens"]["o200k_base"] for context in build["contexts"] if name(context) == wanted
                        for segment in context["segments"]) for side, wanted in sides.items()}
    same(f"{one}, {other}: tokens", report["context"]["tokens"], tokens)
    for model in report["context"]["models"]:
        which = {"base": model["replaces"] or model["model"], "head": model["model"]}
        what = f"{one}, {other}, {model['model']}"
        months = {}
        for side, own in which.items():
            figures, row = models[side][own], rows[sides[side], own]
            months[side] = row["month"]
            same(f"{what}: total {side}", model["total"][side], figures["tokens"]["total"])
            same(f"{what}: month {side}", model["month"][side], row["month"])
            if own in prices and figures["cost"]["read"] and figures["tokens"]["output"]:
                price, size = prices[own], figures["tokens"]
                read = figures["cost"]["read"]
                warm = read * price["read"] + (size["total"] - read) * price["input"] + size["output"] * price["output"]
                same(f"{what}: warm {side}", Decimal(model["warm"][side]), warm / 1_000_000)
        total = next(total for total in report["totals"] if total["model"] == model["model"])
        # A side without traffic has no month, which is not a month of nothing.
        same(f"{what}: totals", total["month"], months)
        if None not in months.values() and model["attribution"]:
            parts = {name: Decimal(value) for name, value in model["attribution"].items() if name != "of"}
            same(f"{what}: taken apart", sum(parts.values()), Decimal(months["head"]) - Decimal(months["base"]))
            same(f"{what}: taken apart", model["attribution"]["of"], "month")

print("\n".join(differ) or "fine")
