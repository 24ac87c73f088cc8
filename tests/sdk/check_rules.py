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
        rule = must(rules, "sampling", "converse", f"/settings/{key}")[-1]
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
        rule = [rule for rule in must(rules, "setting-value", "chat", f"/settings/{key}")][-1]
        yield f"chat {key}", (int(own[1]), int(own[2])), (rule["minimum"], rule["maximum"])
    own = [int(number) for number in re.findall(r"\b(\d+)\b", docs(completion_create_params, "metadata"))]
    rule = must(rules, "setting-value", "chat", "/settings/metadata")[0]
    yield "chat metadata", own, [rule["maxProperties"], rule["propertyNames"]["maxLength"], rule["additionalProperties"]["maxLength"]]
    claude = set(anthropic.lib._parse._transform.SupportedStringFormats)
    yield "claude formats", claude, set(SCHEMAS["claude"]["formats"])


def literals(hint):
    """The words that a type allows."""
    found = {word for part in typing.get_args(hint) for word in literals(part)}
    return found | {hint} if isinstance(hint, str) else found


def words(rules):
    """Each setting of a few words with the SDK's own."""
    responses = typing.get_type_hints(response_create_params.ResponseCreateParamsBase)
    chat = typing.get_type_hints(completion_create_params.CompletionCreateParamsBase)
    claude = typing.get_type_hints(message_create_params.MessageCreateParamsBase)
    for body, hints in (("responses", responses), ("chat", chat), ("messages", claude)):
        for key in ("service_tier", "truncation", "prompt_cache_retention", "verbosity", "speed"):
            enums = [rule["enum"] for rule in must(rules, "setting-value", body, f"/settings/{key}") if "enum" in rule]
            if enums and key in hints:
                yield f"{body} {key}", literals(hints[key]), set(enums[0])
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
    failed = 0
    for name, theirs, ours in checks(given):
        failed += theirs != ours
        print("ok  " if theirs == ours else f"FAIL theirs {theirs!r}, ours {ours!r}:", name)
    return 1 if failed else 0


SCHEMAS = {}

if __name__ == "__main__":
    sys.exit(main())
