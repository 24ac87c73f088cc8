"""Anthropic's Message Batches and OpenAI's Batch API in memory, for server.py; check_batches.py holds them against the SDKs' types.

A batch is worked on while it is asked about `working` times; results come shuffled. `unanswered` of the requests have none:
errored, canceled or expired, drawn by the seed. `trick` is what a server does that is broken or hostile:

    failed      the whole batch is refused        missing, twice, unknown   one result is not there, or more than there should be
    html, torn  where results should be           endless                   a line without an end
    url         results_url names another host    id, file-id               an id that leads to another path
    gone        nobody knows the batch            key                       the key that came, in every answer
"""
import datetime, email, json, random, re, time

ENDED = {"messages": "ended", "openai": "completed"}


class Batches:
    def __init__(self, seed=1, working=1, unanswered=0.0, trick=None, elsewhere=""):
        self.seed, self.working, self.unanswered, self.trick, self.elsewhere = seed, working, unanswered, trick, elsewhere
        self.files, self.all, self.base = {}, [], ""

    def name(self, kind):
        return f"{kind}_{len(self.all) + len(self.files):04}"

    def post(self, path, headers, raw):
        """The answer to a POST, or None where it is none of a batch's."""
        if path.endswith("/files"):
            return self.upload(headers, raw)
        if path.endswith("/messages/batches"):
            return self.make("messages", "/v1/messages", json.loads(raw)["requests"], {})
        if path.endswith("/batches"):
            order = json.loads(raw)
            lines = [json.loads(line) for line in self.files[order["input_file_id"]].splitlines()]
            assert all(line["method"] == "POST" and line["url"] == order["endpoint"] for line in lines), "lines of another endpoint"
            return self.make("openai", order["endpoint"], lines, order)
        return None

    def upload(self, headers, raw):
        form = email.message_from_bytes(b"content-type: " + headers["content-type"].encode() + b"\n\n" + raw)
        parts = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in form.get_payload()}
        assert parts["purpose"] == b"batch", "another purpose"
        name = self.name("file")
        self.files[name] = parts["file"].decode()
        return {"id": name, "object": "file", "bytes": len(parts["file"]), "created_at": int(time.time()), "filename": "batch.jsonl", "purpose": "batch", "status": "processed"}

    def make(self, kind, endpoint, requests, order):
        names = [request["custom_id"] for request in requests]
        assert len(set(names)) == len(names) and all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in names), "custom ids"
        draw = random.Random(f"{self.seed}:{len(self.all)}")
        became = [draw.choice(["errored", "canceled", "expired"]) if draw.random() < self.unanswered else "succeeded" for _ in requests]
        self.all.append({"id": self.name("msgbatch" if kind == "messages" else "batch"), "kind": kind, "endpoint": endpoint, "requests": requests, "order": order,
                         "became": became, "created": int(time.time()), "asked": 0})
        return self.shown(self.all[-1])

    def shown(self, one):
        """A batch as its API describes it."""
        is_over, became = one["asked"] > self.working, one["became"]
        count = lambda *kinds: sum(kind in kinds for kind in became) if is_over else 0
        name = one["id"] + ("/../../files" if self.trick == "id" and one["asked"] else "")
        if one["kind"] == "messages":
            moment = lambda after: datetime.datetime.fromtimestamp(one["created"] + after, datetime.timezone.utc).isoformat()
            counts = {kind: count(kind) for kind in ("succeeded", "errored", "canceled", "expired")}
            results = f"{self.elsewhere if self.trick == 'url' else self.base}/v1/messages/batches/{name}/results"
            return {"id": name, "type": "message_batch", "processing_status": "ended" if is_over else "in_progress", "created_at": moment(0), "expires_at": moment(86400),
                    "ended_at": moment(1) if is_over else None, "archived_at": None, "cancel_initiated_at": None,
                    "request_counts": {**counts, "processing": 0 if is_over else len(became)}, "results_url": results if is_over else None}
        is_failed = self.trick == "failed"
        file = lambda which: f"{one['id']}-{which}" + ("/../../models" if self.trick == "file-id" else "") if is_over and not is_failed else None
        errors = {"object": "list", "data": [{"code": "invalid_json_line", "line": 1, "message": "line 1 is not what it should be", "param": None}]} if is_failed else None
        return {"id": name, "object": "batch", "endpoint": one["endpoint"], "completion_window": "24h", "created_at": one["created"], "input_file_id": one["order"]["input_file_id"],
                "status": "failed" if is_failed else "in_progress" if not is_over else "expired" if "expired" in became else "completed",
                "completed_at": one["created"] + 1 if is_over else None, "metadata": one["order"].get("metadata"), "errors": errors,
                "output_file_id": file("output"), "error_file_id": file("error") if set(became) - {"succeeded"} else None,
                "request_counts": {"total": len(became), "completed": count("succeeded"), "failed": count("errored", "canceled", "expired")}}

    def get(self, path, answer):
        """The answer to a GET: a value, or the text of results. `answer` is what a model says to a request."""
        path, _, query = path.partition("?")
        if path.endswith("/batches"):
            after = re.search(r"(?:after|after_id)=([\w-]+)", query)
            own = [one for one in reversed(self.all) if (one["kind"] == "messages") == ("/messages/" in path)]
            names = [one["id"] for one in own]
            own = own[names.index(after[1]) + 1 if after else 0 :]
            page = [self.shown(one) for one in own[:100]]
            ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
            return {"object": "list", "data": page, "has_more": len(own) > 100, **ends}
        found = re.fullmatch(r".*/(?:batches|files)/([\w]+)(/results|-output/content|-error/content)?", path)
        one = next((one for one in self.all if found and one["id"] == found[1]), None)
        if one is None or self.trick == "gone":
            return None
        if not found[2]:
            one["asked"] += 1
            return self.shown(one)
        return self.results(one, found[2], answer)

    def results(self, one, which, answer):
        lines = []
        for request, became in zip(one["requests"], one["became"]):
            name = {"custom_id": request["custom_id"]}
            if one["kind"] == "messages":
                error = {"type": "error", "error": {"type": "invalid_request_error", "message": "injected"}, "request_id": None}
                more = {"succeeded": lambda: {"message": answer(one["endpoint"], request["params"])}, "errored": lambda: {"error": error}}.get(became, dict)()
                lines.append({**name, "result": {"type": became, **more}})
            elif (became == "succeeded") == (which == "-output/content"):
                response = {"status_code": 200, "request_id": "req_1"}
                said = {"succeeded": lambda: {"response": {**response, "body": answer(one["endpoint"], request["body"])}, "error": None},
                        "errored": lambda: {"response": {**response, "status_code": 400, "body": {"error": {"message": "injected"}}}, "error": None},
                        "canceled": lambda: {"response": None, "error": {"code": "batch_cancelled", "message": "the batch was cancelled"}},
                        "expired": lambda: {"response": None, "error": {"code": "batch_expired", "message": "it was not executed in time"}}}[became]()
                lines.append({"id": "batch_req_1", **name, **said})
        random.Random(self.seed).shuffle(lines)
        lines = lines[1:] if self.trick == "missing" else lines + lines[:1] if self.trick == "twice" else lines
        if self.trick == "unknown":
            lines.append({**lines[0], "custom_id": "nobodys-1-1"})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return {"html": "<html><h1>504</h1></html>", "torn": text[: len(text) // 2]}.get(self.trick, text)
