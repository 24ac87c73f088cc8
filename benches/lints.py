#!/usr/bin/env python3
"""How often the lints that need a manifest are right, on public files.

    python3 benches/lints.py target/debug/contexture FOLDER    # a folder of public repositories

Every file of the folder gets a manifest made for it, and each finding is held against what is known of the file
otherwise: the tags of a template, what it renders, git's own matching of a pattern, the turns that hold a field.
Prints a line a lint: what was looked at, findings, false ones and missed ones, and then each of the latter.
"""

import collections
import csv
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

BINARY, CORPUS = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
TEXTS = {".md", ".mdc", ".mdx", ".txt", ".prompt"}
DATA = {".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml"}
# Contexts of one project, and records of one file.
BATCH, RECORDS = 400, 50


def files(endings, largest=60_000):
    """Each file with one of the endings and its text, once however often it was copied."""
    met = set()
    for path in sorted(CORPUS.rglob("*")):
        if path.suffix.lower() not in endings or not path.is_file() or path.is_symlink() or path.stat().st_size > largest:
            continue
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
        digest = hashlib.sha256(text.encode()).digest()
        if digest not in met and "\0" not in text:
            met.add(digest)
            yield path, text


def project(folder, written):
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for path, text in {"contexture.yaml": "", **written}.items():
        target = pathlib.Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


def check(folder, codes):
    """The findings of each context that is built."""
    done = subprocess.run([BINARY, "check", "--format", "json"], cwd=folder, capture_output=True, text=True)
    return {
        context["id"]: [one for one in context["diagnostics"] if one["code"] in codes]
        for context in json.loads(done.stdout)["contexts"]
    }


def render(folder, name):
    return subprocess.run([BINARY, "render", name], cwd=folder, capture_output=True, text=True).stdout


def batches(made):
    """Projects with the files that `made` yields for each context, by id."""
    made = list(made)
    for start in range(0, len(made), BATCH):
        with tempfile.TemporaryDirectory() as folder:
            batch = made[start : start + BATCH]
            project(folder, {path: text for _, written, _ in batch for path, text in written.items()})
            yield folder, {name: known for name, _, known in batch}


def said(lint, looked_at, findings, false, missed):
    print(f"{lint}: {looked_at}, {findings} findings, {len(false)} false, {len(missed)} missed")
    for kind, them in (("false", false), ("missed", missed)):
        for one in them[:40]:
            print(f"  {kind} {one}")


def named(finding):
    return re.search(r"`([^`]*)`", finding["message"])[1]


def inputs():
    """Each text as a template with one input more than it has tags, and its other holes as vars."""

    def made():
        for number, (path, text) in enumerate(files(TEXTS)):
            tags = set(re.findall(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", text)) - {"else", "this"}
            holes = set(re.findall(r"\{([a-z_][a-z0-9_]{1,30})\}", text)) - tags
            names = {"spare": {}, **{name: {} for name in sorted(tags)}}
            manifest = {"inputs": names, "vars": dict.fromkeys(sorted(holes), "ZZZ"), "system": [{"template": f"t{number}"}]}
            written = {f"contexts/c{number}.yaml": json.dumps(manifest), f"templates/t{number}.hbs": text}
            yield f"c{number}", written, (path, tags | holes)

    found, false, missed, names = 0, [], [], collections.Counter()
    shadowed, unsure = collections.Counter(), 0
    built = 0
    for folder, known in batches(made()):
        for name, findings in check(folder, {"unused-input", "shadowed-name"}).items():
            built += 1
            path, own = known[name]
            names.update(own)
            unused = [named(one) for one in findings if one["code"] == "unused-input"]
            shadowed.update(named(one) for one in findings if one["code"] == "shadowed-name")
            found += len(unused)
            false += [(str(path), one) for one in unused if one != "spare"]
            missed += [str(path)] if "spare" not in unused else []
    said("unused-input", f"{built} texts", found, false, missed)
    false, missed = [], []
    with tempfile.TemporaryDirectory() as folder:
        written = {}
        for number, name in enumerate(sorted(names)):
            written[f"contexts/n{number}.yaml"] = json.dumps({"vars": {name: "ZZZ"}, "system": [{"template": f"n{number}"}]})
            written[f"templates/n{number}.hbs"] = f"{{{{{name}}}}}\n"
        project(folder, written)
        for number, name in enumerate(sorted(names)):
            is_var = "ZZZ" in render(folder, f"n{number}")
            if is_var == bool(shadowed[name]):
                (false if is_var else missed).append((name, names[name]))
    said("shadowed-name", f"{sum(names.values())} names ({len(names)} of them different) in {built} texts", sum(shadowed.values()), false, missed)


def numbers():
    """Each head of a text and each YAML file as front matter, whose numbers a template writes."""
    number = r"[+-]?(?:0[xob])?[\d.][\w.+-]*"

    def made():
        for index, (path, text) in enumerate(files(TEXTS | {".yaml", ".yml"})):
            head = text if path.suffix in {".yaml", ".yml"} else (re.match(r"---\n(.*?)\n---\n", text, re.S) or ["", ""])[1]
            fields = dict(re.findall(rf"^([A-Za-z_]\w*): +({number}) *$", head, re.M))
            lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
            template = "".join(f"{key}={{{{json meta.{key}}}}}\n" for key in fields) + "{{content}}"
            manifest = json.dumps({"system": [{"file": f"f{index}.md", "wrap": f"w{index}"}]})
            yield f"c{index}", {
                f"contexts/c{index}.yaml": manifest,
                f"templates/w{index}.hbs": template,
                f"f{index}.md": f"---\n{lines}---\nHi.\n" if fields else "Hi.\n",
            }, (path, fields)

    looked_at, values, found, false, missed = 0, 0, 0, [], []
    for folder, known in batches(made()):
        for name, findings in check(folder, {"respelled-number"}).items():
            path, fields = known[name]
            looked_at, values, found = looked_at + 1, values + len(fields), found + len(findings)
            if not fields:
                false += [(str(path), one["message"]) for one in findings]
                continue
            written = dict(re.findall(r"^(\w+)=(.*)$", render(folder, name), re.M))
            is_other = {key for key, value in fields.items() if written[key] not in (value, json.dumps(value))}
            told = {list(fields)[one["line"] - 2] for one in findings}
            false += [(str(path), key, fields[key], written[key]) for key in told - is_other]
            missed += [(str(path), key, fields[key], written[key]) for key in is_other - told]
    said("respelled-number", f"{values} values of {looked_at} files", found, false, missed)


def patterns():
    """Each text's own path, its folder, and patterns that rule files of the corpus hold, against git's matching."""
    texts = [(path, text) for path, text in files(TEXTS)]
    pool = set()
    for _, text in texts:
        for line in re.findall(r"^(?:globs|applyTo): *(.+)$", text[:2000], re.M):
            pool |= {one.strip(" '\"[]") for one in line.split(",")}
    pool = sorted(one for one in pool if re.fullmatch(r"[\w.*/@-]+", one) and not one.startswith(("/", "-", ".")) and ".." not in one)
    lists, tree = {}, {}
    for index, (path, _) in enumerate(texts):
        own = path.relative_to(CORPUS).as_posix()
        plain = re.sub(r"[^\w./-]", "_", own)
        tree[plain] = "x\n"
        folder = plain.rpartition("/")[0]
        drawn = [f"{folder}/{pool[(index * 7 + step) % len(pool)]}" for step in range(3)]
        lists[f"c{index}"] = [plain, f"{folder}/*{path.suffix}", *drawn]
    with tempfile.TemporaryDirectory() as folder:
        manifests = {f"contexts/{name}.yaml": json.dumps({"system": [{"files": one}]}) for name, one in lists.items()}
        project(folder, {**tree, **manifests})
        subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
        matched = {}
        for one in sorted({one for entries in lists.values() for one in entries}):
            listed = subprocess.run(["git", "ls-files", "--", f":(glob){one}"], cwd=folder, capture_output=True).stdout
            matched[one] = bool(listed)
        found, false, missed = 0, [], []
        for name, findings in check(folder, {"unmatched-pattern"}).items():
            told = {named(one) for one in findings}
            found += len(told)
            false += [one for one in told if matched[one]]
            missed += [one for one in set(lists[name]) - told if not matched[one]]
    entries = sum(map(len, lists.values()))
    said("unmatched-pattern", f"{entries} entries of {len(lists)} lists ({len(pool)} patterns of rule files)", found, false, missed)


def shortened(path, text):
    """The first records of a file of data, its ending, and the records as Python reads them, where it does."""
    ending = path.suffix.lower().lstrip(".")
    if ending in ("jsonl", "ndjson"):
        text = "".join(text.splitlines(keepends=True)[:RECORDS])
        return text, [json.loads(line) for line in text.splitlines() if line.strip()]
    if ending == "json":
        value = json.loads(text)
        lists = [value] if isinstance(value, list) else [value.get(key) for key in ("examples", "data", "records")]
        records = next((one for one in lists if isinstance(one, list)), [])[:RECORDS]
        return json.dumps(records, ensure_ascii=False), records
    if ending in ("csv", "tsv"):
        delimiter = "," if ending == "csv" else "\t"
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[: RECORDS + 1]
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter).writerows(rows)
        return out.getvalue(), [dict(zip(rows[0], row)) for row in rows[1:]]
    return text, None


ASKED = ("instruction", "prompt", "query", "question", "problem", "text", "sentence", "goal", "user", "inputs")
ANSWERED = ("output", "response", "completion", "target", "targets", "answer", "ideal", "label", "gold", "assistant", "reference")


def shaped(record):
    """A record of another shape, with its first question and its first answer under the names that are known."""
    if not isinstance(record, dict) or "messages" in record or "conversations" in record or {"question", "answer"} <= {*record}:
        return record
    asked = next((key for key in ("input", *ASKED) if record.get(key)), None)
    answered = next((key for key in ANSWERED if record.get(key)), None)
    names = {asked: "input", answered: "output"}
    return {names.get(key, key): value for key, value in record.items() if key in names or key not in ("input", "output")}


def long_texts(value, path=()):
    if isinstance(value, str):
        if len(value.split()) >= 12:
            yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from long_texts(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from long_texts(inner, path)


def examples():
    """Each file of data as examples: a long text of a record is in a turn, or said."""

    def made():
        for index, (path, text) in enumerate(files(DATA, 30_000_000)):
            try:
                text, records = shortened(path, text)
            except (ValueError, csv.Error, IndexError, AttributeError):
                continue
            data = f"e{index}{path.suffix.lower()}"
            if path.suffix.startswith(".json"):
                records = [shaped(record) for record in records]
                data, text = f"e{index}.jsonl", "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            yield f"c{index}", {f"contexts/c{index}.yaml": json.dumps({"messages": [{"examples": data}]}), data: text}, (path, records)

    looked_at, read, found, false, missed = 0, 0, collections.Counter(), [], []
    for folder, known in batches(made()):
        looked_at += len(known)
        for name, findings in check(folder, {"unsent-field", "repeated-example", "contradicting-example"}).items():
            path, records = known[name]
            read += 1
            found.update(one["code"] for one in findings)
            told = {named(one) if "`" in one["message"] else "system" for one in findings if one["code"] == "unsent-field"}
            sent = "".join(render(folder, name).split())
            for fields, text in (pair for record in records or [] for pair in long_texts(record)):
                is_sent = "".join(text.split()) in sent or "".join(json.dumps(text, ensure_ascii=False)[1:-1].split()) in sent
                if not is_sent and not told & set(fields) and "system" not in told:
                    missed.append((str(path), fields, text[:60]))
            for one in (one for one in findings if one["code"] != "unsent-field" or "`" in one["message"]):
                print(" ", one["code"], path.relative_to(CORPUS), one["line"], one["message"][:150])
    said("unsent-field", f"{read} of {looked_at} files are read", dict(found), false, missed)


if __name__ == "__main__":
    for measure in sys.argv[3:] or ["inputs", "numbers", "patterns", "examples"]:
        globals()[measure]()
