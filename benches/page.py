#!/usr/bin/env python3
"""Measures the page of a prompt of a million tokens in headless Chromium.

    cargo build --release && $(bash tests/setup.sh) benches/page.py [--runs 5] [--binary FILE]

The prompt is made up from a seed: 500 files, about a million tokens. `build --format html` writes its
page; the browser opens it as a file and tells when it first painted content. Then the page is
scrolled a screen a frame, and the time between frames is taken.
"""

import argparse
import json
import pathlib
import random
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


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--binary", default="target/release/contexture")
    given = arguments.parse_args()
    binary = str(pathlib.Path(given.binary).resolve())
    chromium = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = pathlib.Path(folder)
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
