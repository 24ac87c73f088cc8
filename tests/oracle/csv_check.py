"""Compares how tables are read with Python's strict csv: cases as JSON on stdin, what differs on stdout."""

import csv
import io
import json
import sys


def delimiter(case):
    """What cuts the first row into the most cells."""
    def cells(sign):
        text = io.StringIO(case["text"], newline="")
        return max([len(row) for row in csv.reader(text, delimiter=sign) if any(cell.strip() for cell in row)][:1], default=0)
    return max(",;\t" if case["path"].endswith("csv") else "\t", key=cells)


def rows(case):
    """The cells that are not blank of each row, joined, and the answer; None where the table is to be refused."""
    text = io.StringIO(case["text"], newline="")
    read = csv.reader(text, strict=True, delimiter=delimiter(case))
    try:
        table = [row for row in read if any(cell.strip() for cell in row)]
    except csv.Error:
        return None
    if not table:
        return []
    header, *table = table
    named = all(name.strip() for name in header) and len(set(header)) == len(header)
    if not named or not {*case["columns"], case["answer"]} <= {*header}:
        return None
    found = []
    for row in table:
        if len(row) != len(header):
            return None
        cells = dict(zip(header, row))
        texts = [cells[name] for name in case["columns"]]
        if len(texts) > 1:
            texts = [text for text in texts if text.strip()]
        answer = cells[case["answer"]]
        if not answer.strip() or not any(text.strip() for text in texts):
            return None
        found.append(["\n\n".join(texts), answer])
    return found


def main():
    csv.field_size_limit(sys.maxsize)
    cases = json.load(sys.stdin)
    wrong = 0
    for case in cases:
        expected = rows(case)
        if expected != case["found"]:
            wrong += 1
            print(f"{case['path']} {case['text'][:200]!r}\n  Python {str(expected)[:200]}\n  ours   {str(case['found'])[:200]}")
    print(f"compared {len(cases)}")
    return 1 if wrong else 0


sys.exit(main())
