"""A server on the loopback interface that records what an SDK sends."""

import http.server
import json
import threading

# One answer that each SDK can read as a reply of its own.
ANSWER = {
    "id": "answer",
    "type": "message",
    "object": "response",
    "role": "assistant",
    "model": "none",
    "content": [{"type": "text", "text": "An answer."}],
    "output": {"message": {"role": "assistant", "content": [{"text": "An answer."}]}},
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "An answer."}}],
    "candidates": [{"content": {"role": "model", "parts": [{"text": "An answer."}]}}],
    "name": "cachedContents/answer",
    "stopReason": "end_turn",
    "usage": {},
}
OUTPUT = [{"type": "output_text", "text": "An answer.", "annotations": []}]


class Loopback:
    """Answers every POST; `take()` returns the path and the body of the last one, once."""

    def __init__(self):
        loopback = self
        self.last = None

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                loopback.last = (self.path, json.loads(self.rfile.read(size)))
                # The Responses API lists its output; Converse has one output object.
                listed = [{"type": "message", "role": "assistant", "content": OUTPUT}]
                answer = ANSWER | ({"output": listed} if self.path.endswith("/responses") else {})
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def take(self):
        last, self.last = self.last, None
        assert last, "nothing arrived"
        return last
