#!/usr/bin/env python3
"""Measures the page of a prompt of a million tokens, and that of a project of many contexts, in headless Chromium.

    cargo build --release && $(bash tests/setup.sh) benches/page.py [--runs 5] [--binary FILE] [--contexts 2000]

The prompt is made up from a seed: 500 files, about a million tokens. `build --format html` writes its
page; the browser opens it as a file and tells when it first painted content. Then the page is
scrolled a screen a frame, and the time between frames is taken.

With --contexts, a project of so many contexts of about 10,000 tokens is served instead (`watch --serve`). Taken are
the time until the view of the project is drawn, and for each letter that is put into the filter the time until the
list is laid out anew.
"""

import argparse
import json
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import tempfile

from playwright.sync_api import sync_playwright

WORDS = "the order was paid before it left house and refund is due when parcel lost never ask twice for number".split()
MANIFEST = "models: [claude-sonnet-5-5, gpt-6.1-sol]\nsystem: [{files: [notes/*.md]}]\noutput: {max_tokens: 9}\n"
# Chromium asks for nothing of the network, and runs as root in a container too.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
SCROLL = """async () => {
    const steps = [];
    let before = performance.now();
    for (let frame = 0; frame < 200; frame += 1) {
        window.scrollBy(0, window.innerHeight);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        steps.push(now - before);
        before = now;
    }
    return [steps, window.scrollY];
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def make(folder):
    chance = random.Random(1)
    for part in ["contexts", "notes"]:
        (folder / part).mkdir()
    (folder / "contexts/big.yaml").write_text(MANIFEST)
    for number in range(500):
        lines = (" ".join(chance.choices(WORDS, k=20)) + "." for _ in range(95))
        (folder / f"notes/{number:03}.md").write_text(f"# Note {number}\n\n" + "\n".join(lines) + "\n")

# When the first frame was drawn that has the view of the project.
DRAWN = """const drawn = new MutationObserver(() => {
    if (!document.querySelector('.view-project table')) return;
    drawn.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.drawnAt = performance.now(); }));
});
drawn.observe(document, { childList: true, subtree: true });"""
FILTER = """async (queries) => {
    const [field, steps] = [document.getElementById('filter'), []];
    for (const query of queries) {
        for (let end = 1; end <= query.length; end += 1) {
            const before = performance.now();
            field.value = query.slice(0, end);
            field.dispatchEvent(new Event('input'));
            document.body.offsetHeight;
            steps.push(performance.now() - before);
            await new Promise(requestAnimationFrame);
        }
    }
    return steps;
}"""
QUERIES = ["support/triage", "st9", "prompt-19", "reply", "e", "zz", "bilrev1"]


def make_many(folder, count):
    chance = random.Random(1)
    text = lambda lines: "\n".join(" ".join(chance.choices(WORDS, k=20)) + "." for _ in range(lines)) + "\n"
    (folder / "texts").mkdir()
    (folder / "texts/shared.md").write_text(text(200))
    (folder / "contexture.yaml").write_text("models: [claude-opus-5, gpt-6.1-sol]\ntraffic: {calls: 10k/month}\n")
    for number in range(count):
        team = ["support", "billing", "sales", "search", "legal", "growth", "mobile", "infra", "security", "hr"][number % 10]
        kind = ["triage", "reply", "summary", "review", "route"][number // 10 % 5]
        (folder / f"texts/{number}.md").write_text(text(280))
        manifest = folder / f"contexts/{team}/{kind}/prompt-{number}.yaml"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(
            f"output: {{tokens: 200}}\nsystem:\n  - {{id: shared, file: texts/shared.md}}\n  - {{id: own, file: texts/{number}.md}}\n"
            "inputs: {ticket: {tokens: 100}}\nmessages: [{user: '{{ticket}}'}]\n")


def measure_many(folder, binary, browser, count, runs):
    make_many(folder, count)
    subprocess.run("git init -q . && git add -A && git -c user.name=b -c user.email=b@x commit -qm b", cwd=folder, shell=True, check=True)
    watch = subprocess.Popen([binary, "watch", "--serve"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        address = next(found[0] for line in watch.stderr if (found := re.search(r"http://\S+/", line)))
        drawn, paints, steps = [], [], []
        for number in range(runs + 1):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.add_init_script(DRAWN)
            page.goto(address)
            # The policy of the page lets nothing be waited for by a function in it.
            while not page.evaluate("() => window.drawnAt ?? null"):
                page.wait_for_timeout(50)
            if number:  # The first one waits for the build.
                drawn.append(page.evaluate("window.drawnAt"))
                paints.append(page.evaluate(PAINT))
                steps += page.evaluate(FILTER, QUERIES)
            size = page.evaluate("performance.getEntriesByType('resource').find(({name}) => name.endsWith('page.json')).decodedBodySize")
            page.close()
        tokens = page_tokens(browser, address)
        print(f"{count:,} contexts, {tokens:,} tokens, page.json of {size:,} bytes, medians of {runs} runs")
        print(f"first contentful paint {statistics.median(paints):.0f} ms ({min(paints):.0f} to {max(paints):.0f})")
        print(f"the project drawn      {statistics.median(drawn):.0f} ms ({min(drawn):.0f} to {max(drawn):.0f})")
        cuts = statistics.quantiles(steps, n=20)
        print(f"letter in the filter   {cuts[9]:.1f} ms, 95% within {cuts[18]:.1f} ms, of {len(steps)}")
    finally:
        watch.terminate()
        watch.wait()


def page_tokens(browser, address):
    page = browser.new_page()
    page.goto(address)
    return page.evaluate("fetch('page.json').then((got) => got.json()).then((value) => value.prompts.reduce((sum, one) => sum + one.tokens, 0))")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--binary", default="target/release/contexture")
    arguments.add_argument("--contexts", type=int)
    given = arguments.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    chromium = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = pathlib.Path(folder)
        if given.contexts:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            measure_many(folder, binary, browser, given.contexts, given.runs)
            browser.close()
            return
        make(folder)
        command = [binary, "build", "--quiet", "--format", "html"]
        page_file = folder / "page.html"
        page_file.write_bytes(subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE).stdout)
        report = subprocess.run([binary, "check", "--format", "json"], cwd=folder, check=True, stdout=subprocess.PIPE)
        models = json.loads(report.stdout)["contexts"][0]["models"]
        tokens = next(model["tokens"]["total"] for model in models if model["tokens"]["basis"] == "exact")
        paints, frames, ends = [], [], []
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for _ in range(given.runs):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(page_file.as_uri())
            page.wait_for_function(PAINT)
            paints.append(page.evaluate(PAINT))
            steps, end = page.evaluate(SCROLL)
            frames.extend(steps)
            ends.append(end)
            page.close()
        browser.close()
        cuts = statistics.quantiles(frames, n=20)
        print(f"{tokens:,} tokens, a page of {page_file.stat().st_size:,} bytes, medians of {given.runs} runs")
        print(f"first contentful paint {statistics.median(paints):.0f} ms ({min(paints):.0f} to {max(paints):.0f})")
        print(f"frame while scrolling  {cuts[9]:.1f} ms, 95% within {cuts[18]:.1f} ms, down to {min(ends):,.0f} px")


main()
