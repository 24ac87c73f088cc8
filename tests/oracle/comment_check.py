"""Reads comments with a CommonMark parser, and pages with an HTML parser, and looks for anything active.

    python comment_check.py CASES

CASES is JSON lines, as tests/review/comment.rs writes them: {text, markdown} or {text, html}. Prints what was found,
and at last how many cases were compared; exits 1 if anything was found.
"""

import html.parser
import json
import re
import sys

from markdown_it import MarkdownIt

# What the tool itself writes into a comment.
OWN_HTML = re.compile(
    r"(<!-- contexture:diff key=[A-Za-z0-9_.]* valid=[0-9]+ -->\n?"
    r"|<br>|</?sub>|<details><summary>(?:What the model sees: [0-9,]+ segments?|What differs, row by row)</summary>\n?|</details>\n?)"
)
# What a platform makes of plain text: mentions, references, addresses.
CALLS = re.compile(r"(?<![\w`])@\w|(?<!\w)#\d|\bGH-\d|https?://|www\.", re.IGNORECASE)
ALLOWED = {
    "paragraph_open", "paragraph_close", "inline", "bullet_list_open", "bullet_list_close", "list_item_open",
    "list_item_close", "fence", "html_block", "table_open", "table_close", "thead_open", "thead_close", "tbody_open",
    "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
}
ALLOWED_INLINE = {"text", "code_inline", "strong_open", "strong_close", "softbreak", "html_inline", "text_special"}


def faults_of_markdown(text):
    found = []
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)
    for token in tokens:
        if token.type not in ALLOWED:
            found.append(f"{token.type}: {token.content!r}")
        if token.type == "html_block" and OWN_HTML.sub("", token.content).strip():
            found.append(f"HTML: {token.content!r}")
        if token.type == "fence" and token.info not in ("diff",):
            found.append(f"a fence of {token.info!r}")
        for child in token.children or []:
            if child.type not in ALLOWED_INLINE:
                found.append(f"{child.type}: {child.content!r}")
            if child.type == "html_inline" and OWN_HTML.sub("", child.content).strip():
                found.append(f"HTML: {child.content!r}")
            if child.type == "text" and "**" in child.content:
                found.append(f"strong words that are none: {child.content!r}")
            if child.type in ("text", "text_special") and CALLS.search(child.content):
                found.append(f"a call in plain text: {child.content!r}")
    # Only the first line is a marker.
    if len(re.findall(r"(?m)^<!-- contexture:diff", text)) != 1 or not text.startswith("<!-- contexture:diff key="):
        found.append("a second marker, or none")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]", text):
        found.append("a character that hides or moves text")
    return found


class Page(html.parser.HTMLParser):
    """The document of a page. What the app makes of its data is looked at in a browser (tests/page)."""

    TAGS = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "div", "nav", "main", "dialog", "noscript", "pre",
        "script",
    }
    ATTRIBUTES = {
        "class", "lang", "charset", "http-equiv", "content", "name", "id", "role", "tabindex", "type", "aria-live",
        "aria-label", "aria-labelledby",
    }

    def __init__(self):
        super().__init__()
        self.found, self.open, self.scripts = [], [], 0

    def handle_starttag(self, tag, attributes):
        if tag not in self.TAGS:
            self.found.append(f"<{tag}>")
        self.scripts += tag == "script"
        for name, value in attributes:
            if name not in self.ATTRIBUTES and (name, value) != ("href", "#main"):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}> out of place")

    def handle_comment(self, data):
        self.found.append(f"a comment: {data!r}")


def faults_of_html(text):
    page = Page()
    page.feed(text)
    page.close()
    if page.open:
        page.found.append(f"not closed: {page.open}")
    if page.scripts != 2:
        page.found.append(f"{page.scripts} scripts, where its data and the app are two")
    if "default-src 'none'" not in text:
        page.found.append("no content security policy")
    return page.found


def main():
    cases = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8").read().split("\n")]
    failed = False
    for case in cases:
        found = faults_of_markdown(case["markdown"]) if "markdown" in case else faults_of_html(case["html"])
        for fault in found:
            failed = True
            print(f"{case['text']!r}: {fault}")
        if found:
            print(case.get("markdown") or case.get("html"))
    print(f"compared {len(cases)}")
    sys.exit(failed)


main()
