"""check_counts.py PROJECT BASE_URL KEY: has the body of every bundle counted by the vendors' own clients and compares with
contexture.counts; where the server has a log, also what it saw of ours with what it saw of theirs; of every tenth chat it has
an answer, whose usage is the count. Empty inputs, as `contexture count --remote` leaves them."""
import json, pathlib, sys, urllib.error, urllib.request

import anthropic, openai
from google import genai
from anthropic.types import MessageCountTokensParams
from openai.types.responses import InputTokenCountParams

import contexture_bundle

project, base, key = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
HEADERS = ("authorization", "x-goog-api-key", "anthropic-version", "content-type")


def seen():
    try:
        with urllib.request.urlopen(base + "/log") as log:
            return json.load(log)
    except urllib.error.HTTPError:
        return []


def plain(request):
    headers = {name: request["headers"].get(name) for name in HEADERS}
    return json.dumps([request["path"], headers, json.loads(request["body"])], sort_keys=True)


ours = [plain(request) for request in seen()]
recorded, name = {}, None
for line in (project / "contexture.counts").read_text().splitlines()[1:]:
    if line.startswith("["):
        name = line[1:-1]
    elif line:
        model, tokens, *_ = line.split(" ")
        recorded[name, model] = int(tokens)
claude = anthropic.Anthropic(api_key=key, base_url=base)
gpt = openai.OpenAI(api_key=key, base_url=base + "/v1")
gemini = genai.Client(api_key=key, http_options={"base_url": base})
bodies = answers = 0
for (name, model), tokens in sorted(recorded.items()):
    bundle = contexture_bundle.load(str(project / "dist" / f"{name}.bundle"))
    form = {"a": "messages", "o": "responses", "c": "chat", "g": "generate"}[model]
    body = bundle.request(model, form, **{name: "" for name in bundle.inputs})
    only = lambda params: {name: value for name, value in body.items() if name in params.__annotations__}
    if form == "messages":
        counted = claude.messages.count_tokens(**only(MessageCountTokensParams)).input_tokens
    elif form == "responses":
        counted = gpt.responses.input_tokens.count(**only(InputTokenCountParams)).input_tokens
    elif form == "generate":
        counted = gemini.models.count_tokens(model=body["model"], contents=body["contents"]).total_tokens
    else:  # OpenAI's client has no call for it; it posts as it posts everything
        taken = {name: value for name, value in body.items() if name in ("model", "messages")}
        counted = gpt.post("/chat/completions/input_tokens", body=taken, cast_to=dict)["input_tokens"]
        if not ours and bodies % 10 == 0:
            usage = gpt.chat.completions.create(**{**taken, "max_tokens": 1}).usage
            counted, answers = (counted if usage.prompt_tokens == counted else -usage.prompt_tokens), answers + 1
    if counted != tokens:
        sys.exit(f"{name} for {model}: {tokens} are recorded, and {counted} were counted")
    bodies += 1
theirs = [plain(request) for request in seen()[len(ours):]]
if sorted(ours) != sorted(theirs):
    missing, more = sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))
    sys.exit(f"the first of theirs alone, the first of ours alone:\n{(missing or [None])[0]}\n{(more or [None])[0]}")
print(f"{bodies} bodies, {answers} answers, {len(theirs)} requests")
