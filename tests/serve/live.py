"""Works on a project while its page is open in a browser, and holds the page against cold builds.

    live.py CHECK ADDRESS PROGRAM

Runs in the project's folder. Prints `fine`, or what is not.
"""

import http.server
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "page"))

from browser import browser, opened

DEADLINE = 60
CONTEXT, MODEL = "support/triage", "gpt-6.1-sol"
# Everything is on the screen, so that everything is drawn.
TALL = {"width": 1280, "height": 20_000}

PROMPT = """() => ({
    name: document.querySelector('h1')?.firstChild.textContent,
    stale: Boolean(document.querySelector('h1 .broken')),
    prefix: document.querySelector('.facts span[title^="cx1:"]')?.title,
    segments: [...document.querySelectorAll('.segment')].map((segment) => ({
        id: segment.querySelector('.margin .id b')?.textContent,
        tokens: segment.querySelector('.gutter b')?.textContent,
        text: [...segment.querySelectorAll('.body .text')].map((text) => text.textContent),
    })),
})"""
COST = """() => ({
    name: document.querySelector('h1')?.firstChild.textContent,
    stale: Boolean(document.querySelector('h1 .broken')),
    models: [...document.querySelectorAll('[aria-label="Cost in US dollars"] tbody tr')].map((row) => ({
        model: row.querySelector('.model').textContent,
        tokens: row.querySelector('td').firstChild.textContent.replace('≈', ''),
        amounts: [...row.querySelectorAll('data')].map((amount) => amount.value),
    })),
    budgets: [...document.querySelectorAll('.budget')].map((budget) => budget.classList.contains('fail') ? 'fail' : 'else').sort(),
})"""
NOTICE = "() => document.getElementById('notice').textContent"


def until(page, script, wanted):
    """Waits until the page shows what is wanted: a value, or a pattern."""
    end = time.monotonic() + DEADLINE
    while True:
        shown = page.evaluate(script)
        if shown == wanted or isinstance(wanted, re.Pattern) and wanted.search(shown):
            return
        if time.monotonic() > end:
            sys.exit(f"wanted:\n{wanted}\nshown:\n{shown}")
        page.wait_for_timeout(25)


def prompt(value, at, stale):
    """What the view of the prompt has to show of a value."""
    figures, prompt = value["build"]["contexts"][at], value["prompts"][at]
    note = next(one for one in prompt["models"] if one["card"] == MODEL)
    segments = [
        {
            "id": segment["id"],
            "tokens": f"{prompt['segments'][number]['expected'] or note['tokens'][number]:,}",
            "text": [part["text"] for part in value["texts"][segment["digest"]] if part["kind"] in ("text", "tool")],
        }
        for number, segment in enumerate(figures["segments"])
    ]
    return {"name": prompt["name"], "stale": stale, "prefix": figures["prefix"], "segments": segments}


def cost(value, at, stale):
    """What the view of the cost has to show of a value."""
    figures, prompt = value["build"]["contexts"][at], value["prompts"][at]
    models = [
        {
            "model": model["model"],
            "tokens": f"{model['tokens']['total']:,}",
            "amounts": [model["cost"][figure] or "" for figure in ("uncached", "cold", "warm", "expected", "month", "saves")],
        }
        for model in figures["models"]
    ]
    budgets = sorted("fail" if budget["status"] == "fail" else "else" for budget in figures["budgets"])
    return {"name": prompt["name"], "stale": stale, "models": models, "budgets": budgets}


def notice(value, is_broken):
    """What has to stand above it all."""
    if is_broken:
        return "^Broken: the last good build is shown"
    found = [one for context in value["build"]["contexts"] for one in context["diagnostics"]]
    errors = len({json.dumps(one) for one in found if one["severity"] == "error"})
    return f"^Every prompt builds, with {errors} error" if errors else "^$"


class Live:
    def __init__(self, address, program):
        self.address, self.program = address, program

    def at(self, running, choices=(), **settings):
        return opened(running, f"{self.address}#{urlencode({'context': CONTEXT, 'model': MODEL, **dict(choices)})}", **settings)

    def build(self, form):
        command = [self.program, "build", "--format", form, "--output", "../cold"]
        return subprocess.run(command, capture_output=True, text=True).stdout

    def cold(self):
        """The value of a cold build, its figures those of `--format json`, and where the context stands in it."""
        html = self.build("html").split('<script type="application/json" id="page">')[1].split("</script>")[0]
        value = json.loads(html)
        value["build"] = json.loads(self.build("json"))
        names = [one["name"] for one in value["prompts"]]
        return value, names.index(CONTEXT) if CONTEXT in names else None

    def edits(self, running):
        with self.at(running, viewport=TALL) as text, self.at(running, {"view": "cost"}, viewport=TALL) as money:
            good = self.cold()
            for number, edit in enumerate(edits()):
                edit()
                value, at = self.cold()
                is_broken = at is None
                if not is_broken:
                    good = (value, at)
                until(text, PROMPT, prompt(*good, is_broken))
                until(money, COST, cost(*good, is_broken))
                until(text, NOTICE, re.compile(notice(value, is_broken)))
            assert number + 1 >= 20, f"only {number + 1} edits"

    def slider(self, running):
        """What a hand holds stays where it is, also while a file changes."""
        with self.at(running, {"view": "cost"}) as page:
            rate = page.locator("#rate")
            rate.evaluate("field => { field.focus(); field.value = 7; field.dispatchEvent(new Event('input')); window.held = field; }")
            words = page.locator(".rate output").inner_text()
            policy = Path("policies/refunds.md")
            policy.write_text("A line more.\n" + policy.read_text())
            until(page, "() => document.getElementById('standing').textContent", re.compile("build 2,"))
            until(page, "() => document.activeElement === window.held && window.held.value", "7")
            assert page.locator(".rate output").inner_text() == words and words != ""

    def place(self, running):
        with self.at(running) as page:
            chosen = page.locator("#segment-4 .text")
            page.locator("#segment-4").scroll_into_view_if_needed()
            chosen.wait_for()
            page.locator("#segment-4").evaluate("node => node.scrollIntoView({block: 'start'})")
            chosen.evaluate("node => getSelection().selectAllChildren(node)")
            selected = page.evaluate("() => String(getSelection())")
            top = "() => Math.round(document.getElementById('segment-4').getBoundingClientRect().top)"
            before = page.evaluate(top)
            assert selected
            policy = Path("policies/refunds.md")
            policy.write_text("A line more.\n" * 40 + policy.read_text())
            until(page, "() => document.getElementById('standing').textContent", re.compile("build 2,"))
            # A browser scrolls by whole pixels, and heights are none.
            until(page, f"() => Math.abs(({top})() - {before}) <= 1", True)
            assert page.evaluate("() => String(getSelection())") == selected
            assert page.url.split("#")[1] == urlencode({"context": CONTEXT, "model": MODEL})

    def answers(self, running):
        reword = Path("policies/refunds.md")
        # A browser tells its console of every answer that is no success.
        with self.at(running, {"view": "changes"}, expected="status of 422") as page:
            page.get_by_text("No prompt changes").wait_for()
            reword.write_text(reword.read_text().replace("within 7 days", "within a week"))
            page.locator("ins", has_text="week").first.wait_for()
            page.locator("#base").fill("nowhere")
            page.get_by_role("button", name="Compare").click()
            page.locator(".findings .error").wait_for()
            assert page.locator("#base").input_value() == "nowhere"
        with self.at(running, {"view": "history"}) as page:
            page.get_by_role("region", name="Commits that changed").locator("tbody tr").first.wait_for()
            assert page.locator("svg.chart").count() == 2 or page.locator(".view tbody tr").count() == 1

    def foreign(self, running):
        secret = json.loads(self.build("json"))["contexts"][0]["prefix"]
        # A page of another origin that was told the whole address.
        other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = running.new_page()
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        got = page.evaluate(
            """async (address) => {
                const [said, wait] = [[], (make) => new Promise(make)];
                for (const mode of ['cors', 'no-cors']) {
                    said.push(await fetch(`${address}page.json`, {mode}).then((answer) => answer.text(), () => 'refused'));
                }
                said.push(await wait((done) => {
                    const events = new EventSource(`${address}events`);
                    events.onopen = () => done('opened');
                    events.onerror = () => done('refused');
                }));
                said.push(await wait((done) => {
                    const script = document.createElement('script');
                    script.onload = () => done('loaded');
                    script.onerror = () => done('refused');
                    script.src = `${address}app.js`;
                    document.body.append(script);
                }));
                await wait((done) => {
                    const frame = document.createElement('iframe');
                    frame.onload = done;
                    frame.src = address;
                    document.body.append(frame);
                });
                return said;
            }""",
            self.address,
        )
        assert got == ["refused"] * 4, got
        framed = [frame.content() for frame in page.frames[1:]]
        assert not any("contexture" in text for text in framed), framed
        # A name of somebody else's that points to this machine by now.
        parts = urlsplit(self.address)
        answer = page.goto(f"http://rebound.example:{parts.port}{parts.path}page.json")
        assert answer.status == 403 and secret not in answer.text(), answer.text()
        # And the page itself, from its own origin, in the same browser.
        answer = page.goto(f"{self.address}page.json")
        assert answer.status == 200 and secret in answer.text()

    def end(self, running):
        page = running.new_page(viewport=TALL)
        page.goto(f"{self.address}#{urlencode({'context': CONTEXT, 'model': MODEL})}")
        wanted = prompt(*self.cold(), False)
        until(page, PROMPT, wanted)
        # Its project is gone, and the watch ends by itself.
        here = Path.cwd()
        here.rename(here.with_name("elsewhere"))
        until(page, NOTICE, re.compile("^Not current"))
        until(page, PROMPT, wanted)


class Empty(http.server.BaseHTTPRequestHandler):
    """A page with nothing on it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>other</title><body>")

    def log_message(self, *_):
        pass


def edits():
    """Twenty things that happen to a project; each breaks it, mends it or changes what a model sees."""

    def write(path, text):
        return lambda: (Path(path).parent.mkdir(parents=True, exist_ok=True), Path(path).write_text(text))

    def replace(path, old, new):
        return lambda: Path(path).write_text(Path(path).read_text().replace(old, new))

    def git(*command):
        identity = ["-c", "user.name=live", "-c", "user.email=live@example.org"]
        return lambda: subprocess.run(["git", *identity, *command], check=True, capture_output=True)

    manifest = "contexts/support/triage.yaml"
    example = '{"input": "Where is it?", "output": "shipping"}\n'
    return [
        replace("policies/refunds.md", "1. ", "1. Today "),
        write("policies/shipping.md", "One short rule.\n"),
        write("policies/shipping.md", "One <b>short</b> rule & {{no template}}.\r\n"),
        write("templates/persona.hbs", "You are {{name}}.\n"),
        write("templates/persona.hbs", "{{> tone}}You are the agent of a shop.\n"),
        write("templates/tone.hbs", "Be kind.\n"),
        write("examples.jsonl", example * 2),
        write("examples.jsonl", '{"input": "Where'),
        write("examples.jsonl", example),
        replace(manifest, "system:", "sistem:"),
        replace(manifest, "sistem:", "system:"),
        replace(manifest, "tokens: 60k", "tokens: 100"),
        replace(manifest, "tokens: 600}", "tokens: 900}"),
        write("contexture.yaml", "models: [claude-opus-5, gpt-6.1-sol]\ntraffic: {calls: 10k/month}\n"),
        write("tools/ask.yaml", "name: ask\ndescription: Asks.\ninput_schema: {type: object, properties: {}}\n"),
        lambda: Path("tools/ask.yaml").unlink(),
        replace(manifest, "file: policies/refunds.md", "file: policies/none.md"),
        write("policies/none.md", "There it is.\n"),
        lambda: (git("add", "-A")(), git("commit", "-qm", "edits")(), git("switch", "-q", "other")()),
        git("switch", "-q", "main"),
    ]


def main():
    check, address, program = sys.argv[1:]
    with browser("--host-resolver-rules=MAP rebound.example 127.0.0.1") as running:
        getattr(Live(address, program), check)(running)
    print("fine")


if __name__ == "__main__":
    main()
