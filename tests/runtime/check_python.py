"""Holds the Python library against the vendors' own packages.

    python check_python.py FOLDER

For every body of every bundle below the folder, what an SDK sends for `request` is the body with the inputs filled in,
for texts of every kind. Bundles that were changed and requests that cannot be made are refused by name. The package is
typed, imported and filled within its bounds. One line a check; the exit code is 1 if anything failed.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import timeit
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent / "packages/python"
sys.dont_write_bytecode = True
sys.path[:0] = [str(PACKAGE), str(HERE.parent / "sdk")]

import blake3
import check_bodies
from loopback import Loopback

import contexture_bundle
from contexture_bundle import BundleError, _verify, load

TEXTS = {
    "plain": "My parcel never came.",
    "empty": "",
    "braces": "{{ticket}} {{language}} {{{x}}} }}{{ ${x} %s {0}",
    "json": '{"role": "system", "content": [{"type": "text", "text": "\\u0000"}]}',
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\u2028\u2029\ufeff\ufffe",
    "astral": "🦀 é e\u0301 \U0010ffff 👩‍👩‍👧",
    "high surrogate": "a\ud83d",
    "low surrogate": "\ude00a",
    "10 MB": "é{🦀" * 1_400_000,
}
TURNS = {
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes?"}]},
    ],
    "responses": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"}],
    "chat": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"}],
    "generate": [{"role": "user", "parts": [{"text": "Hello"}]}, {"role": "model", "parts": [{"text": "Yes?"}]}],
    "converse": [
        {"role": "user", "content": [{"text": "Hello"}]},
        {"role": "assistant", "content": [{"text": "Yes?"}]},
    ],
}
failed = []


def check(name, fault):
    print(f"{'FAIL' if fault else 'ok  '} {name}" + (f"\n       {fault}" if fault else ""))
    failed.extend([name] if fault else [])


def filled(folder, file, values):
    """The body of a file as docs/bodies.md has it: each hole by its place, from the last to the first."""
    record = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    body = json.loads((folder / file).read_text(encoding="utf-8"))
    holes = [hole for kind in ("history", "cached", "inputs") for hole in record[kind] if hole["body"] == file]
    for hole in reversed(holes):
        *steps, last = hole["pointer"].split("/")[1:]
        place = body
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        value = values[hole["name"]]
        if "start" in hole:
            place[last] = place[last][: hole["start"]] + value + place[last][hole["end"] :]
        else:
            place[int(last) : int(last)] = value
    return body


def values(bundle, format, text):
    """What a body of this format is filled with: a text, and others beside it."""
    filled = dict.fromkeys(bundle.inputs, "én 🦀") | {bundle.inputs[0]: text} if bundle.inputs else {}
    return filled | {name: TURNS.get(format, []) for name in bundle.history}


def bodies(folder):
    """Each body of each bundle: folder, bundle, model, format, file."""
    found = 0
    # What holds a sample is refused, see below.
    for folder in sorted(path for path in folder.rglob("*.bundle") if path.name != "decides.bundle"):
        bundle = load(folder)
        for model in bundle.models:
            for format in bundle.formats(model):
                found += 1
                yield folder, bundle, model, format, f"{model.replace('/', '_')}.{format}.json"
    assert found, f"there is no bundle below {folder}"


def needed(bundle, file, given):
    """The inputs of one body among all that there are."""
    holes = bundle.record["inputs"] + bundle.record["cached"] + bundle.record["history"]
    own = {hole["name"] for hole in holes if hole["body"] == file}
    return {name: value for name, value in given.items() if name in own}


class Sdks:
    """Calls each SDK with keywords, and says what arrived, or how it refused."""

    def __init__(self):
        self.loopback = Loopback()
        # They close their connections when nobody holds them.
        self.sdks = sdks = check_bodies.sdks(self.loopback.url)
        genai = sdks["generate"].client
        self.calls = {name: sdks[name].call for name in ("messages", "responses", "chat")}
        self.calls |= {"generate": genai.models.generate_content, "cached": genai.caches.create}
        self.calls["converse"] = sdks["converse"].client.converse

    def sent(self, format, request):
        try:
            self.calls[format](**request)
        except Exception as fault:
            return type(fault).__name__, None
        path, arrived = self.loopback.take()
        return urllib.parse.unquote(path), check_bodies.one_spelling(arrived) if format in (
            "generate",
            "cached",
        ) else arrived


def in_url(model, body):
    """The model that stands in the URL, for the formats that have it there."""
    return body.get("modelId") or model.rpartition("/")[2]


def sent_as_filled(folder, sdks):
    for folder, bundle, model, format, file in bodies(folder):
        own = {**values(bundle, format, ""), "cachedContent": "cachedContents/made-before"}
        for kind, text in TEXTS.items() if bundle.inputs else [("nothing", "")]:
            if kind == "10 MB" and model != bundle.models[0]:
                continue
            given = needed(bundle, file, own | dict.fromkeys(bundle.inputs[:1], text))
            expected = filled(folder, file, given)
            fault = None if bundle.body(model, format, **given) == expected else "`body` is not as the holes say"
            request = bundle.request(model, format, **given)
            # A context without turns leaves them to the application, and no vendor takes none.
            for turns in (expected.get(key) for key in ("messages", "input", "contents")):
                if turns == []:
                    turns += TURNS[format][:1]
                    next(request[key] for key in ("messages", "input", "contents") if key in request).extend(turns)
            path, arrived = sdks.sent(format, request)
            if arrived is None:
                # What the SDK refuses, it refuses by itself too.
                by_hand = sdks.sent(format, by_hand_request(format, model, expected))
                fault = fault or (
                    None if (path, None) == by_hand and "surrogate" in kind else f"{path} for {kind}: {by_hand}"
                )
            else:
                wire = {key: value for key, value in expected.items() if key != "modelId"}
                fault = fault or (None if arrived == wire else f"arrived as {json.dumps(arrived)[:2000]}")
                if format in ("generate", "converse") and f"/{in_url(model, expected)}" not in path.replace(":", "/"):
                    fault = fault or f"sent to {path}"
            check(f"{folder.name} {file} {kind}", fault)


def by_hand_request(format, model, body):
    if format == "generate":
        return {
            "model": in_url(model, body),
            "contents": body["contents"],
            "config": check_bodies.Generate.config(body),
        }
    if format == "cached":
        return {"model": body["model"], "config": {key: value for key, value in body.items() if key != "model"}}
    return body


def shares_nothing(folder):
    for folder, bundle, model, format, file in bodies(folder):
        given = needed(bundle, file, {**values(bundle, format, "x"), "cachedContent": "c"})
        first, before = bundle.body(model, format, **given), filled(folder, file, given)
        waiting = [first]
        while waiting:
            place = waiting.pop()
            waiting += [
                inner
                for inner in (place.values() if isinstance(place, dict) else place)
                if isinstance(inner, (dict, list))
            ]
            place.clear()
        check(f"{folder.name} {file} is made anew", None if bundle.body(model, format, **given) == before else "shared")


def refused(name, words, call):
    try:
        call()
    except BundleError as fault:
        missing = [word for word in words if word not in str(fault)]
        check(f"{name}: {fault}", f"it does not say {missing}" if missing else None)
    except Exception as fault:
        check(name, f"{type(fault).__name__}: {fault}")
    else:
        check(name, "nothing was refused")


def refusals(original):
    bundle = load(original)
    model = bundle.models[0]
    given = values(bundle, bundle.formats(model)[0], "x")
    first, turns = bundle.inputs[0], bundle.history[0]
    requests = {
        "a missing input": ([first, "missing"], model, {name: value for name, value in given.items() if name != first}),
        "a missing history": ([turns, "turns"], model, {name: value for name, value in given.items() if name != turns}),
        "an unknown input": (["tiket", "did you mean 'ticket'"], model, given | {"tiket": "x"}),
        "None": ([first, "text", "NoneType"], model, given | {first: None}),
        "a number": ([first, "int"], model, given | {first: 7}),
        "bytes": ([first, "bytes"], model, given | {first: b"x"}),
        "text for turns": ([turns, "str"], model, given | {turns: "x"}),
        "an unknown model": (["claude-sonet-5-5", "did you mean 'claude-sonnet-5-5'"], "claude-sonet-5-5", given),
    }
    for name, (words, of, inputs) in requests.items():
        refused(name, words, lambda of=of, inputs=inputs: bundle.request(of, **inputs))
    refused(
        "an unknown format", ["converse", "messages"], lambda: bundle.request("claude-sonnet-5-5", "converse", **given)
    )

    def changed(name, words, change, verify=False, request=False):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "copy.bundle")
            shutil.copytree(original, copy)
            change(copy)
            refused(name, words, lambda: (load(copy, verify=verify), request and load(copy).request(model, **given)))

    def rewrite(file, edit):
        def change(copy):
            content = (copy / file).read_bytes()
            (copy / file).write_bytes(edit(content))
            assert edit(content) != content

        return change

    def record(edit):
        def change(content):
            value = json.loads(content)
            edit(value)
            return json.dumps(value).encode()

        return rewrite("bundle.json", change)

    file = f"{model.replace('/', '_')}.{bundle.formats(model)[0]}.json"
    again = "build it again"
    changed("no bundle", ["bundle.json", again], shutil.rmtree)
    changed("a file", ["bundle.json", again], lambda copy: (shutil.rmtree(copy), copy.write_text("x")))
    changed("half of bundle.json", ["bundle.json", again], rewrite("bundle.json", lambda content: content[:400]))
    changed("no UTF-8", ["bundle.json", again], rewrite("bundle.json", lambda content: b'{"\xff' + content))
    changed("a list", ["bundle.json", again], rewrite("bundle.json", lambda _: b"[]"))
    changed("a key gone", ["members", again], record(lambda record: record.pop("members")))
    changed(
        "another format",
        ["contexture.bundle/2", "contexture.bundle/1", "install"],
        record(lambda record: record.update(schema="contexture.bundle/2")),
    )
    changed("a body gone", [file, again], lambda copy: (copy / file).unlink(), request=True)
    changed("half of a body", [file, again], rewrite(file, lambda content: content[:40]), request=True)
    changed("a body of other bytes", [file, again], rewrite(file, lambda content: b"[" * len(content)), request=True)
    changed(
        "a moved hole", [file, again], record(lambda record: record["inputs"][0].update(start=0, end=3)), request=True
    )

    def leave_out(record):
        [body] = [member for member in record["members"] if member["name"] == "gpt-4.1.responses.json"]
        record["members"].remove(body)
        record["left_out"] = [{"body": body["name"], "reasons": [{"message": "too hot"}, {"message": "too long"}]}]

    tight = load(original.with_name("tight.bundle"))
    reason = tight.record["left_out"][0]["reasons"][0]["message"]
    refused("a body left out", ["small.responses.json", reason], lambda: tight.request("small", ticket="x"))
    refused("a format left out", ["small.chat.json", reason], lambda: tight.request("small", "chat", ticket="x"))
    decides = load(original.with_name("decides.bundle"))
    refused("a sample", ["strict", "messages/1.1", "regions"], lambda: decides.request("gpt-4.1", strict="", ticket="x"))
    model = "gpt-4.1"
    changed("the preferred body left out", ["responses", "too hot; too long"], record(leave_out), request=True)

    load(original, verify=True)
    names = sorted(path.name for path in original.iterdir())
    for name in names:
        for at in (0.1, 0.5, 0.9):
            flip = lambda content, at=at: (
                content[: int(len(content) * at)]
                + bytes([content[int(len(content) * at)] ^ 1])
                + content[int(len(content) * at) + 1 :]
            )
            # A flipped bit may cost bundle.json its form, which is told in other words.
            changed(
                f"{name} with a flipped bit",
                ["bundle.json" if name == "bundle.json" else name],
                rewrite(name, flip),
                verify=True,
            )
        changed(f"{name} is gone", [name, again], lambda copy: (copy / name).unlink(), verify=True)
        changed(f"{name} is longer", [name, again], rewrite(name, lambda content: content + b"\n"), verify=True)
    changed("a file more", ["more.json", again], lambda copy: (copy / "more.json").write_text("{}"), verify=True)
    changed(
        "a link",
        [file, again],
        lambda copy: (os.rename(copy / file, copy.parent / "x"), (copy / file).symlink_to(copy.parent / "x")),
        verify=True,
    )


def digests():
    wrong = []
    key = _verify._words(_verify._blake3(b"context", mode=_verify.CONTEXT))
    for size in [*range(130), *(1024 * n + more for n in range(1, 18) for more in (-1, 0, 1)), 102_400, 1_000_003]:
        data = os.urandom(size)
        if _verify._blake3(data) != blake3.blake3(data).digest():
            wrong.append(size)
        if _verify._blake3(data, key, _verify.MATERIAL) != blake3.blake3(data, derive_key_context="context").digest():
            wrong.append(size)
    check("digests are those of BLAKE3", f"not of {wrong} bytes" if wrong else None)


def bounds():
    """Import in 20 ms, a body of 1 MB in 0.3 ms: the best of several runs, because others use this machine too."""
    script = """
import time, json, marshal, os, typing
start = time.perf_counter()
import contexture_bundle
print(time.perf_counter() - start)
"""
    run = lambda: subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(PACKAGE)}, capture_output=True, check=True
    )
    best = min(float(run().stdout) for _ in range(5)) * 1000
    check(f"imported in {best:.1f} ms, beside Python's own json", None if best <= 20 else "more than 20 ms")
    for turns in (2, 200):
        text = "x" * (1_000_000 // turns)
        body = {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]} for _ in range(turns)]}
        body["messages"].append({"role": "user", "content": [{"type": "text", "text": "Ticket: {{ticket}}"}]})
        hole = {"name": "ticket", "body": "b", "pointer": f"/messages/{turns}/content/0/text", "start": 8, "end": 18}
        template = contexture_bundle._Template("b", body, {"inputs": [hole], "cached": [], "history": []})
        best = min(timeit.repeat(lambda: template.fill({"ticket": "x" * 1000}), number=10, repeat=20)) * 100
        check(f"1 MB in {turns} turns filled in {best:.3f} ms", None if best <= 0.3 else "more than 0.3 ms")


def types():
    files = [str(PACKAGE / "contexture_bundle"), str(HERE / "typed.py")]
    cache = pathlib.Path(sys.prefix, "share/mypy")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, "--python-version", "3.10", *files],
        env={**os.environ, "MYPYPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
    )
    check("types, by mypy --strict", None if run.returncode == 0 else run.stdout + run.stderr)


def main():
    folder = pathlib.Path(sys.argv[1])
    digests()
    bounds()
    sent_as_filled(folder, Sdks())
    shares_nothing(folder)
    refusals(folder / "reply.bundle")
    types()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
