#!/usr/bin/env python3
"""Holds the usage in every sample of a vendor's API against the vendor's own SDK types: sdk_types.py FOLDER.

A sample is a body cut down to what counts, so what is held is its usage: it must be one by the SDK, and every field in it must be
one that the SDK declares. Prints a line a format; ends with 1 where a sample is none.
"""
import gzip, json, pathlib, sys

import anthropic.types.beta as anthropic_beta
import botocore.session
import pydantic
from google.genai import types as genai
from openai.types import CompletionUsage
from openai.types.responses import ResponseUsage

faults = []


def held(name, kind, usage):
    """By pydantic: valid, and without a field that the type does not declare."""
    try:
        value = kind.model_validate(usage)
    except pydantic.ValidationError as error:
        return faults.extend(f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())

    def extras(value, place):
        if isinstance(value, pydantic.BaseModel):
            faults.extend(f"{name}: {type(value).__name__} has no field {place}{key}" for key in value.model_extra or {})
            for key in value.model_fields_set:
                extras(getattr(value, key, None), f"{place}{key}.")
        for part in value if isinstance(value, list) else []:
            extras(part, place)

    extras(value, "")


def shape(name, kind, value, place="usage"):
    """By botocore: every key is a member of the shape, of its type."""
    for key, own in value.items():
        member = kind.members.get(key)
        if member is None:
            faults.append(f"{name}: {kind.name} has no member {place}.{key}")
        elif member.type_name == "list":
            [shape(name, member.member, part, f"{place}.{key}") for part in own]
        elif (member.type_name in ("integer", "long")) != isinstance(own, int):
            faults.append(f"{name}: {place}.{key} is {own!r}, by botocore {member.type_name}")
    faults.extend(f"{name}: {place} lacks {key}" for key in kind.required_members if key not in value and place != "usage")


bedrock = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").output_shape.members["usage"]
CHECKS = {
    "anthropic": lambda name, body: held(name, anthropic_beta.BetaUsage, body["usage"]),
    "anthropic-batch": lambda name, body: held(name, anthropic_beta.BetaUsage, body["usage"]),
    "openai-chat": lambda name, body: held(name, CompletionUsage, body["usage"]),
    "openai-batch": lambda name, body: held(name, CompletionUsage, body["usage"]),
    "openai-responses": lambda name, body: held(name, ResponseUsage, body["usage"]),
    "gemini": lambda name, body: held(name, genai.GenerateContentResponse, {"usageMetadata": body["usageMetadata"]}),
    "bedrock-converse": lambda name, body: shape(name, bedrock, body["usage"]),
}
# A field by which other servers say something on top of the vendor's type stands in their own formats.
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    name = path.name.split(".")[0]
    if name not in CHECKS:
        continue
    checked = 0
    for line in (gzip.open if path.suffix == ".gz" else open)(path, "rt"):
        try:
            body = json.loads(line)
        except ValueError:
            continue  # a sample of a cut line
        for key in ("response", "result", "message", "body"):
            body = body.get(key) or body if key != "body" else body.get(key) or body
        if "usage" in body or "usageMetadata" in body:
            CHECKS[name](name, body)
            checked += 1
    print(name, checked)
    if checked == 0:
        faults.append(f"{name}: nothing was held")
print("\n".join(faults))
sys.exit(1 if faults else 0)
