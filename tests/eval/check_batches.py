"""check_batches.py PROJECT BASE_URL KEY MODEL DIALECT: orders the batch of `contexture eval --batch` once more with the vendor's
own client, asks after it and reads its results, and compares what the server saw of ours with what it saw of the client's.
What the tests' server answers is held against the client's types, strictly: nothing missing, nothing more."""
import email, json, pathlib, re, sys, urllib.request

import anthropic, openai
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

import contexture_bundle

project, base, key, model, dialect = pathlib.Path(sys.argv[1]), *sys.argv[2:]
HEADERS = ("authorization", "anthropic-version", "content-type")


def told(path):
    with urllib.request.urlopen(base + path) as answer:
        return json.load(answer)


def form(request):
    """The parts of a form, each with what it says of itself."""
    message = email.message_from_string(f"content-type: {request['headers']['content-type']}\n\n{request['body']}")
    said = lambda part: [part.get_param(name, header="content-disposition") for name in ("name", "filename")]
    lines = lambda text: sorted(json.dumps(json.loads(line), sort_keys=True) for line in text.splitlines() if line.startswith("{"))
    return sorted([*map(str, said(part)), part.get_content_type(), lines(part.get_payload()) or part.get_payload()] for part in message.get_payload())


def plain(request):
    """A request as it counts: an id is an id, and a token a token."""
    kind = request["headers"].get("content-type", "")
    headers = {name: request["headers"].get(name) for name in HEADERS if request["method"] == "POST" or name != "content-type"}
    path = re.sub(r"(msgbatch|batch|file)_\d+", r"\1_ID", request["path"])
    if kind.startswith("multipart/"):
        return json.dumps([request["method"], path, {**headers, "content-type": "multipart/form-data"}, form(request)])
    body = json.loads(request["body"]) if request["method"] == "POST" else None
    if body and "requests" in body:
        body["requests"].sort(key=lambda one: one["custom_id"])
    elif body:
        body["input_file_id"] = re.sub(r"\d+", "ID", body["input_file_id"])
        assert re.fullmatch("[0-9a-f]{16,64}", body["metadata"]["contexture"]), body
        body["metadata"] = {"contexture": "TOKEN"}
    return json.dumps([request["method"], path, headers, body], sort_keys=True)


def strict(read):
    """What a server said; the client reads whatever comes, and holds nothing against its own types."""
    type(read).model_validate(read.model_dump(exclude_unset=True))
    assert not read.model_extra, f"{type(read).__name__} has no {sorted(read.model_extra)}"
    return read


ours = [request for request in told("/log") if "batches" in request["path"] or "files" in request["path"]]
bundle = contexture_bundle.load(str(project / "dist" / "topics.bundle"))
cases = [json.loads(line) for line in open(project / "eval" / "topics.jsonl")]
bodies = [bundle.request(model, dialect, **case["inputs"]) for case in cases]
canonical = lambda body: json.dumps(body, sort_keys=True)

# The name of each request is ours to choose: whatever it is, it is of one body, and a body has one.
[order] = [request for request in ours if request["method"] == "POST" and ("messages" in request["path"] or "files" in request["path"])]
if dialect == "messages":
    sent = {canonical(one["params"]): one["custom_id"] for one in json.loads(order["body"])["requests"]}
else:
    [file] = [part for part in form(order) if part[0] == "file"]
    sent = {canonical(one["body"]): one["custom_id"] for one in map(json.loads, file[3])}
assert len(set(sent.values())) == len(sent) == len(bodies), f"{len(sent)} requests of {len(bodies)}"
names = [sent.get(canonical(body)) or sys.exit(f"no request is {canonical(body)}") for body in bodies]
assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in names), names

became = set()
if dialect == "messages":
    batches = anthropic.Anthropic(api_key=key, base_url=base).messages.batches
    made = strict(batches.create(requests=[{"custom_id": name, "params": body} for name, body in zip(names, bodies)]))
    while strict(batches.retrieve(made.id)).processing_status != "ended":
        pass
    assert made.id in [strict(one).id for one in batches.list(limit=100).data]
    results = [strict(result) for result in batches.results(made.id)]
    became = {result.result.type for result in results}
else:
    client = openai.OpenAI(api_key=key, base_url=base + "/v1")
    endpoint, answer = {"chat": ("/v1/chat/completions", ChatCompletion), "responses": ("/v1/responses", Response)}[dialect]
    lines = [{"custom_id": name, "method": "POST", "url": endpoint, "body": body} for name, body in zip(names, bodies)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    file = strict(client.files.create(file=("batch.jsonl", text.encode(), "application/jsonl"), purpose="batch"))
    order = {"endpoint": endpoint, "completion_window": "24h", "metadata": {"contexture": "0" * 32}}
    made = strict(client.batches.create(input_file_id=file.id, **order))
    while (made := strict(client.batches.retrieve(made.id))).status not in ("completed", "expired"):
        pass
    assert made.id in [strict(one).id for one in client.batches.list(limit=100).data]
    files = [client.files.content(id).text for id in (made.output_file_id, made.error_file_id)]
    results = [json.loads(line) for text in files for line in text.splitlines()]
    for result in results:
        # The client has no type for a line; these are the keys of OpenAI's guide to batches.
        assert set(result) == {"id", "custom_id", "response", "error"}, result
        error, response = result["error"], result["response"]
        became.add(error["code"] if error else response["status_code"])
        if response and response["status_code"] == 200:
            answer.model_validate(response["body"])
assert len(results) == len(bodies) and len(became) == 4, (len(results), became)

theirs = [request for request in told("/log") if "batches" in request["path"] or "files" in request["path"]][len(ours):]
posts = lambda requests: sorted(plain(request) for request in requests if request["method"] == "POST")
gets = lambda requests: sorted({plain(request) for request in requests if request["method"] == "GET"})
for own, client in [(posts(ours), posts(theirs)), (gets(ours), gets(theirs))]:
    if own != client:
        alone = lambda one, other: next((request for request in one if request not in other), None)
        sys.exit(f"{len(own)} of ours, {len(client)} of the client's; the first of each alone:\n{alone(own, client)}\n{alone(client, own)}")
print(f"{len(bodies)} requests, {len(posts(theirs))} orders and {len(gets(theirs))} questions are those of the client")
