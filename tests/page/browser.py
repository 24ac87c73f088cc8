"""A page in headless Chromium, watched while it is used: whatever the browser complains of fails the check."""

import os
import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

QUIET = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]

# Said in the page itself, because not every violation reaches the console.
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.pwned = () => window.violations.push('pwned');
"""


def chromium():
    """The browser of the system."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("there is no Chromium; run tests/setup.sh, which installs one")


@contextmanager
def browser(*more):
    """A browser with a profile of its own, gone afterwards; `more` are options for it."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, *sandbox, *more])
        try:
            yield running
        finally:
            running.close()


@contextmanager
def opened(running, address, expected="\0", **settings):
    """A page at this address. Fails if the page asked for anything else, threw, or broke its policy; a complaint that
    holds `expected` is none."""
    settings = {"viewport": {"width": 1280, "height": 800}, **settings}
    context = running.new_context(**settings)
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: requests.append(request.url))
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_selector("main .view, main .empty")
    yield page
    complaints += page.evaluate("window.violations")
    origin = address.split("#")[0]
    complaints += [f"asked for {url}" for url in requests if url.split("#")[0] != origin and not address.startswith("http")]
    context.close()
    complaints = [complaint for complaint in complaints if expected not in complaint]
    assert not complaints, complaints
