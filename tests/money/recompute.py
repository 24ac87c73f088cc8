"""Recomputes the bills of a build from the price tables: arithmetic in a second language.

Reads from stdin `{"rows": [{"model", "tier", "factor", "batch", "calls", "tokens", "cost"}, …]}`: the tokens and the cost
that `contexture build --format json` prints, and what the request asks for. Prices come from the file of the price
tables' own figures that is named on the command line. Prints a line for each figure that differs; exits 1 if any does.
"""

import csv
import json
import sys
from decimal import ROUND_HALF_EVEN, Decimal


def prices(path):
    found = {}
    for row in csv.reader(line for line in open(path, encoding="utf-8") if not line.startswith(("#", "model,"))):
        model, tier, size, *rest = row
        if tier != "window":
            write = dict(pair.split("=") for pair in rest[3].split())
            found.setdefault((model, tier), []).append((size, *rest[:3], write))
    return found


def at(lines, total):
    """The line that holds for a request of this size: the whole request costs as much."""
    for size, *line in reversed(lines):
        limit = int(size.lstrip(">=") or 0)
        if not size or total > limit or (size.startswith(">=") and total == limit):
            return line
    raise ValueError(lines)


def main():
    table, differ = prices(sys.argv[1]), 0
    for row in json.load(sys.stdin)["rows"]:
        tokens, cost = row["tokens"], row["cost"]
        total, answer, read = tokens["total"], tokens["output"] or 0, cost["read"]
        factor = Decimal(row["factor"])

        def call(tier, price_of_read):
            given, out, of_read, write = at(table[row["model"], tier], total)
            price = {"input": given, "read": of_read, "write": write.get(row.get("ttl"), given)}[price_of_read]
            whole = (total - read) * Decimal(given) + read * Decimal(price) + answer * Decimal(out)
            return whole * factor / 1_000_000

        expected = {
            "uncached": call(row["tier"], "input"),
            "cold": call(row["tier"], "write"),
            "warm": call(row["tier"], "read"),
        }
        if row["batch"]:
            expected["month"] = call("batch", "input") * row["calls"]
        for name, value in expected.items():
            places = Decimal("0.01") if name == "month" else Decimal("0.00000001")
            value = value.quantize(places, ROUND_HALF_EVEN)
            if cost[name] is None or Decimal(cost[name]) != value:
                differ += 1
                print(f"{row['model']} {row['tier']} ×{factor}: {name} is {cost[name]}, recomputed {value}")
    return min(differ, 1)


if __name__ == "__main__":
    sys.exit(main())
