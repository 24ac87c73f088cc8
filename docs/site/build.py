#!/usr/bin/env python3
"""Builds the documentation as a site, and checks every link of it.

    python3 docs/site/build.py [--out FOLDER]

The site has the folders of the repository, so that the links of the pages hold in it as they do there: pages below
`docs/`, and beside it each file that one of them links to. mdBook is built once and kept in target/site-build.
"""

import argparse
import html.parser
import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import urllib.parse

SITE = pathlib.Path(__file__).resolve().parent
ROOT = SITE.parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
SAMPLE = re.compile(r"^(`{3,}).*?^\1$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def links(page):
    """Where the text of a page links to, samples left out."""
    return LINK.findall(SAMPLE.sub("", page.read_text(encoding="utf-8"))) if page.suffix == ".md" else ()


def staged(folder):
    """The source of the book: the pages, and what they link to elsewhere in the repository."""
    shutil.copy(SITE / "book.toml", folder)
    source = folder / "src"
    summary = (ROOT / "docs/SUMMARY.md").read_text(encoding="utf-8")
    at = lambda link: posixpath.normpath(f"docs/{link}")
    pages = {at(link) for link in LINK.findall(summary)}
    waiting, linked = [ROOT / page for page in pages], set()
    while waiting:
        page = waiting.pop()
        linked.add(page)
        for link in links(page):
            path = urllib.parse.urlsplit(link)
            target = (page.parent / urllib.parse.unquote(path.path)).resolve()
            if path.scheme or not path.path or target in linked:
                continue
            if target.is_dir():
                sys.exit(f"{page.relative_to(ROOT)} links to a folder, which a site does not show: {link}")
            if target.suffix == ".md" and str(target.relative_to(ROOT)) not in pages:
                sys.exit(f"{page.relative_to(ROOT)} links to a page that docs/SUMMARY.md does not list: {link}")
            waiting.append(target)
            linked.add(target)
    for path in linked:
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    (source / "SUMMARY.md").write_text(LINK.sub(lambda link: f"]({at(link[1])})", summary), encoding="utf-8")


class Page(html.parser.HTMLParser):
    """The links of a page, and the places in it that a link can name."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        for key in ("href", "src"):
            if attributes.get(key):
                self.links.add(attributes[key])


def dead(site):
    """Links between pages of the site that lead nowhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            base = site if parts.path.startswith("/") else path.parent
            target = base / urllib.parse.unquote(parts.path).lstrip("/") if parts.path else path
            target = (target / "index.html" if target.is_dir() else target).resolve()
            if not target.exists() or (parts.fragment and target in pages and parts.fragment not in pages[target].ids):
                yield f"{path.relative_to(site)}: {link}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/site")
    out = parser.parse_args().out.resolve()
    book = ROOT / "target/site-book"
    for folder in (book, out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    staged(book)
    build = ROOT / "target/site-build"
    command = ["cargo", "run", "--quiet", "--locked", "--manifest-path", SITE / "Cargo.toml", "--", book]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(build)})
    shutil.copytree(book / "book", out, dirs_exist_ok=True)
    nowhere = sorted(dead(out))
    print(f"{len(list(out.rglob('*.html')))} pages in {out}")
    if nowhere:
        sys.exit("links that lead nowhere:\n" + "\n".join(nowhere))


if __name__ == "__main__":
    main()
