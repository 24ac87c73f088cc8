"""Holds request bodies against the official SDKs.

    python check_bodies.py [--settings FILE] FOLDER...
    python check_bodies.py --keys

Every `<model>.<dialect>.json` below the folders is

1. checked against the SDK's own request types, unknown keys refused;
2. checked again with an unknown key in each of its objects, one at a time: each must be refused;
3. sent through the SDK to a server on this machine: what arrives must equal the body.

`--settings` names a JSON file {dialect: [dotted key]} with what `settings` may say: each key must be
one of the SDK's, and each of the SDK's keys must be known, written by the emitter, or left out on
purpose (LEFT_OUT). One line a body; the exit code is 1 if anything failed.

`--keys` prints {dialect: [dotted key]} instead: every key that the SDKs know, at every depth, where a
list is passed over and a type inside itself is not told again (tests/news.py compares two of these).
"""

import argparse
import copy
import json
import os
import pathlib
import sys
import typing
import urllib.parse

for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(variable, None)
sys.dont_write_bytecode = True

import anthropic
import boto3
import botocore.config
import botocore.validate
import google.genai
import openai
import pydantic
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from google.genai import types as gemini
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from closed_types import close, has_path, typed_dicts
from loopback import Loopback

UNKNOWN = "contexture_unknown_key"

# Values that the SDK types leave open: JSON Schemas, free maps, fields of a single model.
OPEN = {
    "input_schema",
    "parameters",
    "schema",
    "json",
    "parametersJsonSchema",
    "responseJsonSchema",
    "additionalModelRequestFields",
    "requestMetadata",
    "metadata",
    "logit_bias",
    "labels",
}

# The arguments of a call and the answer of a tool are objects of any keys; a list under `input` is none of those.
OF_CALLS = {"args", "input", "response"}

# Keys that no manifest sets: they belong to one call, to one caller, or to an older way of saying
# what another key says.
LEFT_OUT = {
    "messages": "cache_control diagnostics stream user_profile_id workspace_id",
    "responses": "access_programs background background_options conversation image instructions previous_response_id"
    " prompt safety_identifier stream stream_options user",
    "chat": "audio function_call functions max_tokens prediction safety_identifier stream stream_options user",
    "generate": "audioTimestamp audioTranscriptionConfig automaticContinuation automaticFunctionCalling"
    " continuationToken enableEnhancedCivicAnswers generationOutputConfig httpOptions imageConfig modelArmorConfig"
    " modelSelectionConfig responseSchema routingConfig shouldReturnHttpResponse speechConfig",
    "converse": "promptVariables",
}


class Typed:
    """An SDK whose request is a TypedDict and whose call takes the body as keywords."""

    def __init__(self, params, path, call):
        self.params, self.path, self.call = close(params), path, call
        self.adapter = pydantic.TypeAdapter(self.params)

    def validate(self, body):
        self.adapter.validate_python(body)

    def send(self, _, body):
        self.call(**body)
        return self.path, body

    def has(self, path):
        return has_path(self.params, path)

    def keys(self):
        return set(self.params.__annotations__)

    def paths(self):
        def members(typed):
            return ((name, typed_dicts(hint)) for name, hint in typed.__annotations__.items())

        return paths(members, self.params)


class Generate:
    """google-genai's generate_content: a config object from which the SDK writes the body anew."""

    def __init__(self, client):
        self.client = client

    @staticmethod
    def config(body):
        config = {key: value for key, value in body.items() if key not in ("contents", "generationConfig")}
        return config | body.get("generationConfig", {})

    def validate(self, body):
        gemini.GenerateContentConfig.model_validate(self.config(body))
        for content in body["contents"]:
            gemini.Content.model_validate(content)

    def send(self, model, body):
        # What the application has to fill in before this SDK will send anything.
        if "cachedContent" in body:
            body = body | {"cachedContent": "cachedContents/filled"}
        if not body["contents"]:
            body = body | {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
        config = gemini.GenerateContentConfig.model_validate(self.config(body))
        contents = [gemini.Content.model_validate(content) for content in body["contents"]]
        self.client.models.generate_content(model=model, contents=contents, config=config)
        return f"/models/{model}:generateContent", body

    def has(self, path):
        name = path.removeprefix("generationConfig.")
        return pydantic_path(gemini.GenerateContentConfig, name)

    def keys(self):
        return {field.alias or name for name, field in gemini.GenerateContentConfig.model_fields.items()}

    def paths(self):
        contents = paths(pydantic_members, gemini.Content)
        return paths(pydantic_members, gemini.GenerateContentConfig) | {f"contents.{path}" for path in contents}


def one_spelling(value):
    """Google's API reads `maxOutputTokens` and `max_output_tokens`; the SDK sends now one, now the other."""

    def camel(key):
        first, *rest = key.split("_")
        return first + "".join(word.capitalize() for word in rest)

    if isinstance(value, dict):
        return {camel(key): inner if camel(key) in OPEN else one_spelling(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [one_spelling(inner) for inner in value]
    return value


class Cached:
    """google-genai's caches.create."""

    def __init__(self, client):
        self.client = client

    def validate(self, body):
        config = {key: value for key, value in body.items() if key != "model"}
        gemini.CreateCachedContentConfig.model_validate(config)

    def send(self, _, body):
        config = {key: value for key, value in body.items() if key != "model"}
        config = gemini.CreateCachedContentConfig.model_validate(config)
        self.client.caches.create(model=body["model"], config=config)
        return "/cachedContents", body

    def paths(self):
        return paths(pydantic_members, gemini.CreateCachedContentConfig)


class Converse:
    """boto3's converse: the service model says what is known."""

    def __init__(self, client):
        self.client = client
        self.shape = client.meta.service_model.operation_model("Converse").input_shape

    def validate(self, body):
        report = botocore.validate.ParamValidator().validate(body, self.shape)
        if report.has_errors():
            raise ValueError(report.generate_report())

    def send(self, _, body):
        self.client.converse(**body)
        path = f"/model/{urllib.parse.quote(body['modelId'], safe='')}/converse"
        return path, {key: value for key, value in body.items() if key != "modelId"}

    def has(self, path):
        shape = self.shape
        for name in path.split("."):
            if getattr(shape, "is_document_type", False):
                return True
            shape = getattr(shape, "members", {}).get(name)
            if shape is None:
                return False
        return True

    def keys(self):
        return set(self.shape.members)

    def paths(self):
        def structure(shape):
            while shape.type_name in ("list", "map"):
                shape = shape.member if shape.type_name == "list" else shape.value
            return [shape] if shape.type_name == "structure" else []

        def members(shape):
            return ((name, structure(member)) for name, member in shape.members.items())

        return paths(members, self.shape)


def paths(members, root, above=()):
    """The dotted keys below a type. `members` yields the keys of a type, each with the types inside it."""
    found = set()
    # A type is known by its name: botocore makes its shapes anew each time.
    above = (*above, getattr(root, "name", root))
    for name, kinds in members(root):
        found.add(name)
        for kind in kinds:
            if getattr(kind, "name", kind) not in above:
                found |= {f"{name}.{path}" for path in paths(members, kind, above)}
    return found


def pydantic_members(model):
    def models(kind):
        if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
            return [kind]
        return [model for argument in typing.get_args(kind) for model in models(argument)]

    return ((field.alias or name, models(field.annotation)) for name, field in model.model_fields.items())


def pydantic_path(model, path):
    """Whether a dotted path of wire names leads to a field of a pydantic model."""
    head, _, rest = path.partition(".")
    field = next((field for name, field in model.model_fields.items() if (field.alias or name) == head), None)
    if field is None:
        return False
    inner = [kind for kind in getattr(field.annotation, "__args__", ()) if hasattr(kind, "model_fields")]
    return not rest or any(pydantic_path(kind, rest) for kind in inner)


def sdks(url):
    claude = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0, timeout=60)
    gpt = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60)
    genai = google.genai.Client(api_key="none", http_options=gemini.HttpOptions(base_url=url))
    bedrock = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        endpoint_url=url,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )
    return {
        "messages": Typed(MessageCreateParamsNonStreaming, "/v1/messages", claude.messages.create),
        "responses": Typed(ResponseCreateParamsNonStreaming, "/v1/responses", gpt.responses.create),
        "chat": Typed(CompletionCreateParamsNonStreaming, "/v1/chat/completions", gpt.chat.completions.create),
        "generate": Generate(genai),
        "cached": Cached(genai),
        "converse": Converse(bedrock),
    }


def objects(value, path=()):
    """The path of every object whose keys the SDK knows."""
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            if key not in OPEN and not (key in OF_CALLS and isinstance(inner, dict)):
                yield from objects(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from objects(inner, (*path, index))


def with_unknown_key(body, path):
    spoilt = copy.deepcopy(body)
    place = spoilt
    for step in path:
        place = place[step]
    place[UNKNOWN] = 1
    return spoilt


def accepts(sdk, body):
    try:
        sdk.validate(body)
    except (ValueError, TypeError):
        return False
    return True


def check(sdk, loopback, model, body):
    """What is wrong with the body, and how many objects refused an unknown key."""
    try:
        sdk.validate(body)
    except (ValueError, TypeError) as fault:
        # A union of many types complains once for each; the first lines name the place.
        lines = str(fault).splitlines()[:8]
        return ["refused by the SDK's types: " + "\n       ".join(lines)], 0
    paths = list(objects(body))
    faults = [
        f"an unknown key at /{'/'.join(map(str, path))} was not refused"
        for path in paths
        if accepts(sdk, with_unknown_key(body, path))
    ]
    path, expected = sdk.send(model, copy.deepcopy(body))
    arrived_at, arrived = loopback.take()
    if not arrived_at.endswith(path):
        faults.append(f"sent to {arrived_at}, not to {path}")
    if isinstance(sdk, (Generate, Cached)):
        arrived = one_spelling(arrived)
    if arrived != expected:
        faults.append(f"arrived as {json.dumps(arrived)}")
    return faults, len(paths)


def check_settings(sdk, dialect, keys, written):
    faults = [f"the SDK has no `{key}`" for key in keys if not sdk.has(key)]
    known = {key.removeprefix("generationConfig.").partition(".")[0] for key in keys}
    forgotten = sdk.keys() - known - written - set(LEFT_OUT[dialect].split())
    return faults + [f"the SDK also has `{key}`" for key in sorted(forgotten)]


def report(name, faults, remark):
    print(f"{'FAIL' if faults else 'ok  '} {name} {remark}")
    for fault in faults:
        print(f"       {fault}")
    return bool(faults)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--settings", type=pathlib.Path)
    arguments.add_argument("--keys", action="store_true")
    arguments.add_argument("folders", nargs="*", type=pathlib.Path)
    arguments = arguments.parse_args()
    loopback = Loopback()
    dialects = sdks(loopback.url)
    if arguments.keys:
        print(json.dumps({dialect: sorted(sdk.paths()) for dialect, sdk in dialects.items()}))
        return 0
    written = {dialect: set() for dialect in dialects}
    failed, seen = False, 0
    for folder in arguments.folders:
        for file in sorted(folder.rglob("*.json")):
            model, _, dialect = file.stem.rpartition(".")
            if dialect not in dialects or not model:
                continue
            body = json.loads(file.read_text(encoding="utf-8"))
            faults, refused = check(dialects[dialect], loopback, model, body)
            failed |= report(file.relative_to(folder), faults, f"({refused} unknown keys refused)")
            written[dialect] |= set(body) | set(body.get("generationConfig", {}))
            seen += 1
    if arguments.settings:
        for dialect, keys in json.loads(arguments.settings.read_text(encoding="utf-8")).items():
            faults = check_settings(dialects[dialect], dialect, keys, written[dialect])
            failed |= report(f"settings of {dialect}", faults, f"({len(keys)} keys)")
    if not seen:
        print("FAIL there is no body in these folders")
    return 1 if failed or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
