"""Loads the bundles that `contexture build` writes, and fills their request bodies in.

bundle = contexture_bundle.load("dist/support/triage.bundle")
answer = anthropic.Anthropic().messages.create(**bundle.request("claude-sonnet-5-5", ticket=text))
"""

from __future__ import annotations

import json
import marshal
import os
from typing import Any

__all__ = ["Bundle", "BundleError", "load"]
__version__ = "0.1.0"

SCHEMA = "contexture.bundle/1"
FAULTS = (LookupError, TypeError, ValueError, RecursionError)
FORMATS = ("messages", "responses", "generate", "converse", "chat", "cached")
AGAIN = "copy the whole folder, or build it again with `contexture build`"


class BundleError(ValueError):
    """A bundle that cannot be used as it is, or a request that it cannot make: what is wrong, and what to do."""


def load(folder: str | os.PathLike[str], *, verify: bool = False) -> Bundle:
    """Loads the bundle in a folder.

    With `verify`, every file is held against the digests in bundle.json, and that file against its own. This finds
    what was changed by accident; against intent, compare `digest` with one that you know from elsewhere.
    """
    return Bundle(os.fspath(folder), verify)


class Bundle:
    """Everything that was built of one context.

    `inputs` and `history` are the names that a request has to fill, `models` those that it can be made for. `full`
    is the digest of the prompt, for the application's own traces; `digest` is that of the whole bundle, and `record`
    all that bundle.json says.
    """

    def __init__(self, folder: str, verify: bool) -> None:
        self._folder = folder
        self._templates: dict[str, _Template] = {}
        content = _read(folder, "bundle.json")
        try:
            self.record: dict[str, Any] = json.loads(content)
            if self.record["schema"] != SCHEMA:
                raise BundleError(
                    f"{folder} has the format {self.record['schema']}; contexture-bundle {__version__} reads {SCHEMA}:"
                    " install the contexture-bundle of the contexture that built it"
                )
            self.id, self.variant = str(self.record["id"]), self.record["variant"]
            self.digest, self.full = str(self.record["digest"]), str(self.record["full"])
            self.models: list[str] = [model["model"] for model in self.record["models"]]
            self.inputs: list[str] = list(dict.fromkeys(hole["name"] for hole in self.record["inputs"]))
            self.history: list[str] = list(dict.fromkeys(hole["name"] for hole in self.record["history"]))
            left_out = self.record.get("left_out", [])
            self._left_out = {one["body"]: "; ".join(why["message"] for why in one["reasons"]) for one in left_out}
            self._sizes: dict[str, int] = {member["name"]: member["bytes"] for member in self.record["members"]}
        except FAULTS as fault:
            raise _broken(f"{folder}/bundle.json", fault) from None
        self._files: dict[str, bytes] = {}
        if verify:
            from ._verify import verified

            self._files = verified(folder, content, self.record)

    def formats(self, model: str) -> list[str]:
        """The formats of the bodies that the bundle has for a model, the preferred one first."""
        if model not in self.models:
            raise BundleError(f"{self._folder} was not built for {_unknown('the model', model, self.models)}")
        return [format for format in FORMATS if _file(model, format) in self._sizes]

    def request(self, model: str, format: str | None = None, /, **inputs: Any) -> Any:
        """The keyword arguments that the vendor's own SDK takes for this model: a new dict, yours to change.

        Text goes in for an input, a list of turns in the body's own format for a history. `format` is for another
        than the first of `formats(model)`.
        """
        body = self.body(model, format, **inputs)
        format = format or self.formats(model)[0]
        if format == "cached":
            return {"model": body.pop("model"), "config": body}
        if format == "generate":
            # The model stands in the URL alone, by the name that the API has for it.
            [name] = [one.get("api_name", model) for one in self.record["models"] if one["model"] == model]
            config = body | body.pop("generationConfig", {})
            return {"model": name, "contents": config.pop("contents"), "config": config}
        return body

    def body(self, model: str, format: str | None = None, /, **inputs: Any) -> dict[str, Any]:
        """The same as the body of an HTTP request."""
        there = self.formats(model)
        # Another format would be no answer to who wants the preferred one, and cannot have it.
        known = [known for known in FORMATS if _file(model, known) in (*self._sizes, *self._left_out)]
        name = _file(model, format or (known or ["body"])[0])
        if name not in self._sizes:
            why = f"it was left out: {self._left_out[name]}" if name in self._left_out else f"there is {there}"
            raise BundleError(f"{self._folder} has no {name}; {why}")
        if name not in self._templates:
            content = self._files.pop(name, None) or _read(self._folder, name, self._sizes[name])
            try:
                self._templates[name] = _Template(name, json.loads(content), self.record)
            except FAULTS as fault:
                raise _broken(f"{self._folder}/{name}", fault) from None
        return self._templates[name].fill(inputs)


class _Template:
    """A body that is ready to be filled: where its texts are cut by inputs, and where turns go."""

    def __init__(self, file: str, body: Any, record: dict[str, Any]) -> None:
        self.file = file
        # The quickest deep copy: requests share nothing, so that an application may change its own.
        self.copy = marshal.dumps(body)
        texts: dict[str, list[dict[str, Any]]] = {}
        for hole in record["inputs"] + record["cached"]:
            if hole["body"] == file:
                texts.setdefault(hole["pointer"], []).append(hole)
        turns = [hole for hole in record["history"] if hole["body"] == file]
        self.regions = [one for one in record.get("regions", []) if one["body"] == file]
        self.kinds = {hole["name"]: ("text", str) for holes in texts.values() for hole in holes}
        self.kinds |= {hole["name"]: ("a list of turns", list) for hole in turns}
        self.texts: list[tuple[str, list[str]]] = []
        for pointer, holes in texts.items():
            parent, last = _place(body, pointer)
            text, pieces, end = parent[last], [], 0
            for hole in holes:
                if text[hole["start"] : hole["end"]] != "{{" + hole["name"] + "}}":
                    raise ValueError(f"no {hole['name']} at {pointer}")
                pieces += [text[end : hole["start"]], hole["name"]]
                end = hole["end"]
            self.texts.append((pointer, [*pieces, text[end:]]))
        # From the last to the first, so that no index moves before it is used.
        self.turns = [(hole["pointer"], hole["name"]) for hole in reversed(turns)]
        for pointer, name in self.turns:
            if not isinstance(_place(body, pointer)[0], list):
                raise ValueError(f"no {name} at {pointer}")

    def fill(self, inputs: dict[str, Any]) -> dict[str, Any]:
        for one in self.regions:
            where = f"{one['segment']}, which depends on {', '.join(one['needs'])}"
            raise BundleError(f"{self.file} has a sample in {where}: fill the spans of `regions` with a template engine")
        for name in inputs:
            if name not in self.kinds:
                raise BundleError(f"{self.file} has no {_unknown('input', name, list(self.kinds))}")
        for name, (what, kind) in self.kinds.items():
            if name not in inputs:
                raise BundleError(f"{self.file}: the input {name!r} is missing; it takes {what}")
            if not isinstance(inputs[name], kind):
                raise BundleError(f"{self.file}: the input {name!r} takes {what}, not {type(inputs[name]).__name__}")
        body: dict[str, Any] = marshal.loads(self.copy)
        for pointer, pieces in self.texts:
            parent, last = _place(body, pointer)
            # Text of the prompt and names of inputs take turns.
            parent[last] = "".join([inputs[piece] if at % 2 else piece for at, piece in enumerate(pieces)])
        for pointer, name in self.turns:
            parent, last = _place(body, pointer)
            parent[last:last] = inputs[name]
        return body


def _read(folder: str, name: str, size: int | None = None) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        if size not in (None, len(content)):
            raise ValueError(f"{len(content)} of {size} bytes")
        return content
    except (OSError, ValueError) as fault:
        raise _broken(f"{folder}/{name}", fault) from None


def _broken(path: str, fault: Exception) -> BundleError:
    # A fault of another version's bundle is already told.
    if isinstance(fault, BundleError):
        return fault
    return BundleError(f"{path} is no file of a whole bundle ({type(fault).__name__}: {fault}): {AGAIN}")


def _file(model: str, format: str) -> str:
    return f"{model.replace('/', '_')}.{format}.json"


def _unknown(kind: str, name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    return f"{kind} {name!r}; {f'did you mean {near[0]!r}?' if near else f'it has {known}'}"


def _place(parent: Any, pointer: str) -> tuple[Any, Any]:
    """The object or list that a JSON Pointer's last step is in, and that step."""
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        parent = parent[int(step) if isinstance(parent, list) else step]
    return parent, int(last) if isinstance(parent, list) else last
