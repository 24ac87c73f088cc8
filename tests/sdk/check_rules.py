"""Holds the rules of `src/prompt/bodies/rules` against the official SDKs and against Python's `re`.

Reads one JSON object from stdin: `schemas` (pairs of a schema and what a `messages` body has of it, null where there is
no body), `patterns` (pairs of a pattern and whether OpenAI's bodies are made with it) and `rules` (`rules.yaml`).
Prints one line a check; the exit code is 1 if one failed.
"""

import json
import re
import sys
import typing

import anthropic
import botocore.session
from anthropic.types import OutputConfigParam, ThinkingConfigEnabledParam, message_create_params
from google.genai import types as gemini
from openai.types import shared_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params


def transformed(schema):
    try:
        return anthropic.transform_schema(schema)
    except (ValueError, AssertionError, TypeError, AttributeError):
        return None


def docs(module, name):
    """The text after a field in the source of an SDK's type."""
    with open(module.__file__, encoding="utf-8") as source:
        text = source.read()
    return re.search(rf'\n    {name}: [^"]*"""(.*?)"""', text, re.S)[1]


def must(rules, code, body, at):
    """What the rules of a code say of one body and place."""
    return [
        rule["must"]
        for rule in rules
        if "must" in rule and rule["code"] == code and body in rule["bodies"] and at in ([rule["at"]] if isinstance(rule["at"], str) else rule["at"])
    ]


def takes(body, key):
    """What the lines of `settings` say of one setting of one body."""
    rows = [row for row in SETTINGS if body in row["bodies"] and key in ([row["of"]] if isinstance(row["of"], str) else row["of"])]
    return rows[0]["takes"]


def limits(rules):
    """Each figure of a rule with the SDK's own."""
    converse = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = converse.operation_model("Converse").input_shape
    inference = shape.members["inferenceConfig"].members
    tool = shape.members["toolConfig"].members["tools"].member.members["toolSpec"].members
    name = tool["name"].metadata
    pattern = f"^[{name['pattern'][1:-2]}]{{{name['min']},{name['max']}}}$"
    yield "converse tool name", pattern, must(rules, "tool-name", "converse", "/tools/*/name")[0]["pattern"]
    for key, member in (("temperature", "temperature"), ("top_p", "topP")):
        own = inference[member].metadata
        rule = takes("converse", key)
        yield f"converse {key}", (own["min"], own["max"]), (rule["minimum"], rule["maximum"])
    limit = [rule for rule in must(rules, "output-limit", "converse", "/max_tokens")][-1]
    yield "converse maxTokens", inference["maxTokens"].metadata["min"], limit["minimum"]
    stop = must(rules, "stop-sequences", "converse", "/settings/stop_sequences")[-1]
    own = inference["stopSequences"]
    yield "converse stopSequences", (own.metadata["max"], own.member.metadata["min"]), (stop["maxItems"], stop["items"]["minLength"])
    yield "converse description", tool["description"].metadata["min"], must(rules, "tool-description", "converse", "/tools/*/description")[0]["minLength"]
    text = gemini.FunctionDeclaration.model_fields["name"].description
    longest = int(re.search(r"maximum length of (\d+)", text)[1])
    yield "gemini tool name", longest - 1, int(re.search(r",(\d+)\}", must(rules, "tool-name", "generate", "/tools/*/name")[0]["pattern"])[1])
    assert "dots, colons and dashes" in text, text
    longest = int(re.search(r"maximum\s+length\s+of (\d+)", docs(shared_params.function_definition, "name"))[1])
    yield "chat tool name", longest, int(re.search(r",(\d+)\}", must(rules, "tool-name", "chat", "/tools/*/name")[0]["pattern"])[1])
    most = int(re.search(r"[Uu]p to (\d+) sequences", docs(completion_create_params, "stop"))[1])
    chat = [rule for rule in must(rules, "stop-sequences", "chat", "/settings/stop_sequences") if rule]
    yield "chat stop", most, chat[0]["maxItems"]
    with open(sys.modules[ThinkingConfigEnabledParam.__module__].__file__, encoding="utf-8") as source:
        least = int(re.search(r"≥\s*1024|>=\s*1024|at least 1,?024|minimum.{0,20}1,?024|(?:Must be )≥(\d+)", source.read())[0][-4:])
    budget = must(rules, "thinking-budget", "messages", "/settings/thinking")[0]
    yield "thinking budget", least, budget["properties"]["budget_tokens"]["minimum"]
    yield from words(rules)
    numbers = {"temperature": r"between (-?\d+) and (\d+)", "presence_penalty": r"between (-?\d+)\.0 and (\d+)", "top_logprobs": r"between (\d+) and (\d+)"}
    for key, pattern in numbers.items():
        own = re.search(pattern, docs(completion_create_params, key))
        rule = takes("chat", key)
        yield f"chat {key}", (int(own[1]), int(own[2])), (rule["minimum"], rule["maximum"])
    own = [int(number) for number in re.findall(r"\b(\d+)\b", docs(completion_create_params, "metadata"))]
    rule = takes("chat", "metadata")
    yield "chat metadata", own, [rule["maxProperties"], rule["propertyNames"]["maxLength"], rule["additionalProperties"]["maxLength"]]
    claude = set(anthropic.lib._parse._transform.SupportedStringFormats)
    yield "claude formats", claude, set(SCHEMAS["claude"]["formats"])


def literals(hint):
    """The words that a type allows."""
    found = {word for part in typing.get_args(hint) for word in literals(part)}
    return found | {hint} if isinstance(hint, str) else found


def shapes(key, shape, schema):
    """Each bound of a setting of Converse with the one in botocore's model."""
    names = {"list": ("minItems", "maxItems"), "map": ("minProperties", "maxProperties"), "string": ("minLength", "maxLength")}
    for bound, name in zip(("min", "max"), names.get(shape.type_name, ())):
        yield f"converse {key} {bound}", shape.metadata.get(bound) or None, schema.get(name)
    for name, member in getattr(shape, "members", {}).items():
        if "enum" in member.metadata:
            yield f"converse {key}.{name}", set(member.metadata["enum"]), set(schema["properties"][name]["enum"])


def words(rules):
    """Each setting of a few words with the SDK's own."""
    responses = typing.get_type_hints(response_create_params.ResponseCreateParamsBase)
    chat = typing.get_type_hints(completion_create_params.CompletionCreateParamsBase)
    claude = typing.get_type_hints(message_create_params.MessageCreateParamsBase)
    hints = {"responses": responses, "chat": chat, "messages": claude}
    hints["responses"] |= typing.get_type_hints(shared_params.Reasoning)
    gemini_names = {field.alias or name: field.annotation for name, field in gemini.GenerateContentConfig.model_fields.items()}
    members = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape.members
    for row in SETTINGS:
        for body in row["bodies"]:
            for key in [row["of"]] if isinstance(row["of"], str) else row["of"]:
                own = row["takes"].get("enum") or row["takes"].get("items", {}).get("enum")
                if body in hints and key in hints[body] and own:
                    yield f"{body} {key}", literals(hints[body][key]), set(own)
                if body in hints and key in hints[body] and row["takes"].get("type") == "boolean":
                    yield f"{body} {key}", True, bool in typing.get_args(hints[body][key]) or hints[body][key] is bool
                if body == "generate" and own and key != "responseModalities":
                    enum = next(part for part in typing.get_args(gemini_names[key]) if part is not type(None))
                    yield f"{body} {key}", {word.value for word in enum if "UNSPECIFIED" not in word.value}, set(own)
                if body == "converse" and key in members:
                    yield from shapes(key, members[key], row["takes"])
    safety = takes("generate", "safetySettings")["items"]["properties"]
    for key, enum in (("category", gemini.HarmCategory), ("threshold", gemini.HarmBlockThreshold)):
        yield f"generate {key}", {word.value for word in enum if "UNSPECIFIED" not in word.value}, set(safety[key]["enum"])
    thinking = {word for part in typing.get_args(claude["thinking"]) for word in literals(typing.get_type_hints(part)["type"])}
    levels = literals(chat["reasoning_effort"]) | literals(typing.get_type_hints(OutputConfigParam)["effort"])
    levels |= {level.value.lower() for level in gemini.ThinkingLevel} - {"thinking_level_unspecified"}
    yield "levels of effort", levels, set(must(rules, "effort", "generate", "/settings/effort")[0]["enum"])
    rule = must(rules, "setting-value", "messages", "/settings/thinking")[0]
    yield "thinking types", thinking, set(rule["properties"]["type"]["enum"])


def checks(given):
    for schema, ours in given["schemas"]:
        theirs = transformed(schema)
        # What is sent as it was written needs no rewriting.
        yield f"transform {json.dumps(schema)[:80]}", theirs, schema_of(ours, theirs, schema)
    for pattern, made in given["patterns"]:
        try:
            re.compile(pattern)
            compiles = True
        except re.error:
            compiles = False
        yield f"pattern {pattern}", compiles, made
    yield from limits(given["rules"]["rules"])


def schema_of(ours, theirs, schema):
    return theirs if ours == schema and theirs is not None else ours


def main():
    given = json.load(sys.stdin)
    SCHEMAS.update(given["rules"]["schemas"])
    SETTINGS.extend(given["rules"]["settings"])
    failed = 0
    for name, theirs, ours in checks(given):
        failed += theirs != ours
        print("ok  " if theirs == ours else f"FAIL theirs {theirs!r}, ours {ours!r}:", name)
    return 1 if failed else 0


SCHEMAS = {}
SETTINGS = []

if __name__ == "__main__":
    sys.exit(main())
