"""Runs the scripts of docs/recipes/github-comment.yml and github-private.yml against a GitHub of their own.

    check_comment.py POST_COMMENT SCRIPT PRIVATE REPORT

POST_COMMENT is the program that is tested, SCRIPT and PRIVATE the `run:` of the workflows that call it, REPORT one that
contexture wrote.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROGRAM, SCRIPT, PRIVATE, REPORT = (Path(argument).resolve() for argument in sys.argv[1:5])
BOT = "github-actions[bot]"
FORK, BRANCH, COMMIT = "stranger/shop", "feat/ä&state=closed#", "c" * 40


def body(valid, text="**All is well**", key="contexture"):
    return f"<!-- contexture:diff key={key} valid={valid} -->\n{text}\n"


class GitHub(BaseHTTPRequestHandler):
    """The calls that a comment needs, strict about everything else."""

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_call(self, method):
        state = self.server.state
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else None
        if self.headers.get("Authorization") != "Bearer secret":
            return self.answer(401, {})

        def page(items):
            size, number = int(query["per_page"]), int(query["page"])
            self.answer(200, items[size * (number - 1) : size * number])

        if (method, url.path) == ("GET", "/repos/acme/shop/pulls"):
            wanted = f"{FORK.split('/')[0]}:{BRANCH}"
            return page(state["pulls"] if query["head"] == wanted and query["state"] == "open" else [])
        if (method, url.path) == ("GET", "/repos/acme/shop/issues/7/comments"):
            return page(state["comments"])
        if (method, url.path) == ("POST", "/repos/acme/shop/issues/7/comments"):
            state["calls"].append(("POST", sent["body"]))
            return self.answer(201, {"id": 1})
        found = re.fullmatch(r"/repos/acme/shop/issues/comments/(\d+)", url.path)
        if method == "PATCH" and found:
            state["calls"].append(("PATCH", int(found[1]), sent["body"]))
            return self.answer(200, {"id": int(found[1])})
        return self.answer(404, {})

    def do_GET(self):
        self.handle_call("GET")

    def do_POST(self):
        self.handle_call("POST")

    def do_PATCH(self):
        self.handle_call("PATCH")

    def log_message(self, *_):
        pass


class Comments(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / ".github/contexture").mkdir(parents=True)
        shutil.copy(PROGRAM, self.folder / ".github/contexture/post_comment.py")
        self.report = self.folder / "temp/report/contexture.md"
        self.report.parent.mkdir(parents=True)
        source = {"sha": COMMIT, "repo": {"full_name": FORK}}
        self.state = {"pulls": [{"number": 7, "head": source}], "comments": [], "calls": []}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
        self.server.state = self.state
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_script(self, report, script=SCRIPT, event=None):
        """Runs the workflow's script on a report; returns the exit code, its words and the calls that change something."""
        if isinstance(report, str):
            report = report.encode()
        if report is not None:
            self.report.write_bytes(report)
        file = self.folder / "event.json"
        # As for every fork: the event names no pull request.
        run = {"pull_requests": [], "head_sha": COMMIT, "head_branch": BRANCH, "head_repository": {"full_name": FORK}}
        file.write_text(json.dumps(event or {"workflow_run": run}))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "GITHUB_API_URL": f"http://127.0.0.1:{self.server.server_port}",
                "GITHUB_EVENT_PATH": str(file),
                "GITHUB_REPOSITORY": "acme/shop",
                "GITHUB_TOKEN": "secret",
                "REPORT": str(self.report),
                "RUNNER_TEMP": str(self.folder / "temp"),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr, self.state["calls"]

    def comment(self, number, text, login=BOT):
        self.state["comments"].append({"id": number, "user": {"login": login}, "body": text})

    def refused(self, report, why):
        code, words, calls = self.run_script(report)
        self.assertEqual((code, calls), (1, []), words)
        self.assertIn(why, words)
        self.assertNotIn("Traceback", words)

    def test_a_report_of_contexture_is_posted_and_calls_nobody(self):
        report = REPORT.read_text(encoding="utf-8")
        self.assertIn("@everyone", report)
        code, words, calls = self.run_script(report)
        self.assertEqual(code, 0, words)
        self.assertEqual(calls, [("POST", report.replace("@everyone", "@\u200beveryone"))])

    def test_in_a_private_repository_the_run_itself_posts_it(self):
        event = {"pull_request": {"number": 7}}
        report = REPORT.read_text(encoding="utf-8")
        code, words, calls = self.run_script(report, PRIVATE, event)
        self.assertEqual(code, 0, words)
        self.assertEqual(calls, [("POST", report.replace("@everyone", "@\u200beveryone"))])
        self.comment(4, body(100, "old"))
        self.assertEqual(self.run_script(body(200), PRIVATE, event)[2][1:], [("PATCH", 4, body(200))])

    def test_its_own_is_updated(self):
        self.comment(3, "Nice work")
        self.comment(4, body(100, "old"))
        self.assertEqual(self.run_script(body(200))[2], [("PATCH", 4, body(200))])

    def test_a_newer_one_stays(self):
        self.comment(4, body(300, "newer"))
        code, words, calls = self.run_script(body(200))
        self.assertEqual((code, calls), (0, []), words)
        self.assertIn("newer", words)

    def test_an_equal_one_is_not_posted_again(self):
        # GitHub gives back other line ends than it was given, and no last one.
        self.comment(4, body(200).strip().replace("\n", "\r\n"))
        self.assertEqual(self.run_script(body(200))[2], [])

    def test_a_forged_marker_of_another_author_is_nothing(self):
        self.comment(4, body(999_999_999, "forged"), login="stranger")
        self.assertEqual(self.run_script(body(200))[2], [("POST", body(200))])

    def test_a_comment_of_another_key_is_another(self):
        self.comment(4, body(100, key="other"))
        self.assertEqual(self.run_script(body(200))[2], [("POST", body(200))])

    def test_its_own_is_found_on_a_later_page(self):
        for number in range(250):
            self.comment(number + 10, "chatter", login="somebody")
        self.comment(4, body(100))
        self.assertEqual(self.run_script(body(200))[2], [("PATCH", 4, body(200))])

    def test_what_has_no_marker_is_refused(self):
        for report in ["", "**All is well**\n", "\n" + body(200), body(200).replace("-->", "-->x"), body("x")]:
            self.refused(report, "marker")
        self.refused(body(200, key="other"), "key")

    def test_what_is_too_long_or_no_text_is_refused(self):
        self.refused(body(200, "x" * 65_536), "characters")
        self.refused(body(200, "@a" * 30_000), "characters")
        self.refused(body(200).encode() + b"\xff", "UTF-8")
        self.refused(body(200).encode() + b"x" * 10_000_000, "characters")

    def test_the_future_shuts_nobody_out(self):
        self.refused(body(999_999_999_999), "future")

    def test_a_command_to_another_bot_is_refused(self):
        self.refused(body(200, "ok\n/approve"), "begins with `/`")

    def test_only_a_plain_file_is_read(self):
        self.report.symlink_to("/etc/passwd")
        self.refused(None, "cannot open")
        self.report.unlink()
        os.mkfifo(self.report)
        self.refused(None, "plain file")
        self.report.unlink()
        self.refused(None, "cannot open")

    def test_a_pull_request_that_has_moved_on_or_is_somebody_elses_is_left(self):
        self.state["pulls"] = [
            {"number": 7, "head": {"sha": "d" * 40, "repo": {"full_name": FORK}}},
            {"number": 8, "head": {"sha": COMMIT, "repo": {"full_name": "stranger/other"}}},
            {"number": 9, "head": {"sha": COMMIT, "repo": None}},
        ]
        self.refused(body(200), "no open pull request")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
