#!/usr/bin/env python3
"""Makes the pictures of these pages: the comment on a pull request, and the page.

    python3 docs/pictures/make.py CONTEXTURE     with tests/setup.sh's Python and a Chromium

They show the contexts of this repository and an edit of one policy. No test compares their points: fonts differ from
machine to machine. Make them again when the report or the page has changed its looks.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import markdown_it
import playwright.sync_api

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AS_OF = "--as-of=2026-11-21"
# As a code host shows a comment.
LOOKS = """
body { margin: 24px; font: 14px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2328; background: #fff }
article { border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; max-width: 1000px }
header { margin: -16px -16px 16px; padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; color: #59636e }
table { border-collapse: collapse; margin: 8px 0 16px } td, th { border: 1px solid #d1d9e0; padding: 6px 13px }
tr:nth-child(2n) { background: #f6f8fa } code { background: #818b981f; border-radius: 6px; padding: 2px 5px; font-size: 12px }
pre { background: #f6f8fa; padding: 12px; border-radius: 6px; overflow: auto } pre code { background: none; padding: 0 }
"""


def main():
    contexture = pathlib.Path(sys.argv[1]).resolve()
    who = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as scratch, playwright.sync_api.sync_playwright() as driver:
        folder = pathlib.Path(scratch)

        def run(*command):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **who})
            # 1 is a budget that the edit exceeds.
            if done.returncode > 1:
                sys.exit(done.stderr)
            return done.stdout

        for part in ("contexts", "templates"):
            shutil.copytree(ROOT / part, folder / part)
        shutil.copy(ROOT / "contexture.yaml", folder)
        shutil.rmtree(folder / "contexts/review")
        shutil.rmtree(folder / "contexts/docs")
        run("git", "init", "--quiet", "--initial-branch=main")
        run("git", "add", "--all")
        run("git", "commit", "--quiet", "--message", "Sort tickets")
        policy = folder / "contexts/support/policies/damaged-goods.md"
        policy.write_text(policy.read_text().replace("within **14 days of delivery**", "within **30 days of delivery**"))
        manifest = folder / "contexts/support/triage.yaml"
        manifest.write_text(manifest.read_text().replace("count: 40,", "count: 60,"))
        report = run(contexture, "diff", "main", AS_OF, "--format", "markdown")
        comment = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(report)
        (folder / "comment.html").write_text(
            f"<!doctype html><meta charset=utf-8><style>{LOOKS}</style><article>"
            f"<header><b>github-actions</b> commented</header>{comment}</article>",
            encoding="utf-8",
        )
        (folder / "page.html").write_text(run(contexture, "build", "--rev=main", AS_OF, "--format", "html"), encoding="utf-8")
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for name, width, height in (("comment", 1080, 0), ("page", 1280, 860)):
            page = chromium.new_page(viewport={"width": width, "height": height or 800})
            page.goto((folder / f"{name}.html").as_uri())
            if name == "comment":
                # Down to the sum of the table.
                height = int(page.locator("table").first.bounding_box()["height"]) + 260
                page.set_viewport_size({"width": width, "height": height})
            else:
                page.get_by_role("link", name="triage").first.click()
                page.wait_for_timeout(500)
            page.screenshot(path=HERE / f"{name}.png")
        chromium.close()


if __name__ == "__main__":
    main()
