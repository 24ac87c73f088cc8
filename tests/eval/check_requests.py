"""check_requests.py PROJECT BASE_URL KEY: sends every case of a project with the vendors' own clients through the bundle's
library, and compares what the server saw with what `contexture eval` had sent: path, the headers that decide who asks in
which version, and the body."""
import json, os, pathlib, sys, urllib.request

import anthropic, openai
from google import genai

import contexture_bundle

project, base, key = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
os.environ.pop("GOOGLE_API_KEY", None)
HEADERS = ("authorization", "x-goog-api-key", "anthropic-version", "content-type")


def seen():
    with urllib.request.urlopen(base + "/log") as log:
        return json.load(log)


def plain(request):
    """A request as it counts."""
    body = json.loads(request["body"])
    # google-genai names what each turn's role is by default, and orders keys in its own way.
    headers = {name: request["headers"].get(name) for name in HEADERS}
    return json.dumps([request["path"], headers, body], sort_keys=True)


ours = [plain(request) for request in seen()]
bundle = contexture_bundle.load(str(project / "dist" / "topics.bundle"))
cases = [json.loads(line) for line in open(project / "eval" / "topics.jsonl")]
claude = anthropic.Anthropic(api_key=key, base_url=base)
gpt = openai.OpenAI(api_key=key, base_url=base + "/v1")
gemini = genai.Client(api_key=key, http_options={"base_url": base})
for case in cases:
    request = lambda model, format: bundle.request(model, format, **case["inputs"])
    drain = lambda stream: [None for _ in stream]
    claude.messages.create(**request("a", "messages"))
    drain(claude.messages.create(**request("a", "messages"), stream=True))
    gpt.responses.create(**request("o", "responses"))
    drain(gpt.responses.create(**request("o", "responses"), stream=True))
    gpt.chat.completions.create(**request("c", "chat"))
    drain(gpt.chat.completions.create(**request("c", "chat"), stream=True, stream_options={"include_usage": True}))
    gemini.models.generate_content(**request("g", "generate"))
    drain(gemini.models.generate_content_stream(**request("g", "generate")))
theirs = [plain(request) for request in seen()[len(ours):]]
missing, more = sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))
if missing or more:
    sys.exit(f"{len(missing)} requests are the clients' alone, {len(more)} ours alone; the first of each:\n"
             f"{(missing or [None])[0]}\n{(more or [None])[0]}")
print(f"{len(theirs)} requests are those of the clients")
