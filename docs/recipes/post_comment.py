#!/usr/bin/env python3
"""Posts a report of `contexture diff --format markdown` as a comment on its pull request.

Runs in a workflow that a `workflow_run` event starts, or in a private repository a `pull_request` event, with
GITHUB_TOKEN, and needs nothing but Python 3.10. The report comes from a run that a stranger's pull request may control,
so nothing in it is believed:

- it must be a plain file of UTF-8 that begins with the tool's marker, within a comment's limit;
- the pull request is the one that the event's own branch and commit belong to, whatever the report says;
- names in it call nobody, and no line of it is a `/command`.

The comment is found again by its marker and its author. A newer one stays, an equal one is not posted again.

    post_comment.py REPORT [--key NAME] [--author LOGIN]
"""

import argparse
import json
import os
import re
import stat
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MAX_CHARACTERS = 65_536  # of a comment on GitHub
MARKER = re.compile(r"<!-- contexture:diff key=([A-Za-z0-9_.]{1,100}) valid=([0-9]{1,12}) -->")
# Committers' clocks run ahead now and then; a report from further on would shut out all later ones.
MAX_AHEAD_SECONDS = 3_600
PER_PAGE = 100
MAX_PAGES = 100


class Refused(Exception):
    """Why nothing is posted, in a sentence."""


def marker(body):
    """The key and the moment, in seconds since 1970, that the first line of a comment names, or None."""
    found = MARKER.fullmatch((body or "").split("\n", 1)[0].rstrip("\r"))
    return (found[1], int(found[2])) if found else None


def read_report(path, key, now):
    """The text of a report, made fit to be posted, and its moment."""
    # No link is followed out of the artifact's folder, and no pipe is waited for.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"cannot open the report: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused("the report is not a plain file")
        data = file.read(4 * MAX_CHARACTERS + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("the report is not UTF-8, or too long") from error
    named = marker(text)
    if named is None:
        raise Refused("the report does not begin with the marker of contexture")
    if named[0] != key:
        raise Refused(f"the report is for the key {named[0]}, not {key}")
    if named[1] > now + MAX_AHEAD_SECONDS:
        raise Refused("the report is dated in the future")
    if any(line.startswith("/") for line in text.splitlines()):
        raise Refused("a line of the report begins with `/`, which contexture never writes")
    # A blank without width keeps the text as it looks and calls nobody.
    text = re.sub(r"@(?=[A-Za-z0-9_])", "@\u200b", text)
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"the report has {len(text)} characters, a comment holds {MAX_CHARACTERS}")
    return text, named[1]


class Api:
    """The few calls that are needed."""

    def __init__(self, root, repository, token):
        self.root, self.repository, self.token = root.rstrip("/"), repository, token

    def call(self, method, path, **body):
        request = urllib.request.Request(
            f"{self.root}/repos/{self.repository}/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "contexture",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def all(self, path):
        """Every item of a list, page by page."""
        joint = "&" if "?" in path else "?"
        for page in range(1, MAX_PAGES + 1):
            items = self.call("GET", f"{path}{joint}per_page={PER_PAGE}&page={page}")
            yield from items
            if len(items) < PER_PAGE:
                return


def pull_request(api, run):
    """The number of the open pull request whose present head the run was for."""
    # The event lists no pull request when the branch is in a fork, so it is looked up by the branch.
    fork, branch, commit = run["head_repository"]["full_name"], run["head_branch"], run["head_sha"]
    head = urllib.parse.quote(f"{fork.split('/')[0]}:{branch}", safe="")
    for found in api.all(f"pulls?state=open&head={head}"):
        source = found["head"]
        if source["sha"] == commit and (source["repo"] or {}).get("full_name") == fork:
            return found["number"]
    raise Refused(f"no open pull request stands at {commit}; a newer commit has its own report")


def post(api, number, body, moment, key, author):
    """Makes the comment, or brings it up to date; returns what was done."""
    own = [
        comment
        for comment in api.all(f"issues/{number}/comments")
        if comment["user"]["login"] == author and (marker(comment["body"]) or ("",))[0] == key
    ]
    if not own:
        api.call("POST", f"issues/{number}/comments", body=body)
        return "posted"
    last = max(own, key=lambda comment: marker(comment["body"])[1])
    if marker(last["body"])[1] > moment:
        return "left the newer one"
    if last["body"].replace("\r\n", "\n").strip() == body.replace("\r\n", "\n").strip():
        return "left the equal one"
    api.call("PATCH", f"issues/comments/{last['id']}", body=body)
    return "updated"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("report")
    parser.add_argument("--key", default="contexture", help="the --key that the report was made with")
    parser.add_argument("--author", default="github-actions[bot]", help="whose comments are this script's own")
    arguments = parser.parse_args()
    try:
        with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
            event = json.load(file)
        root = os.environ.get("GITHUB_API_URL", "https://api.github.com")
        api = Api(root, os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"])
        body, moment = read_report(arguments.report, arguments.key, time.time())
        run = event.get("workflow_run")
        number = pull_request(api, run) if run else event["pull_request"]["number"]
        print(f"#{number}: {post(api, number, body, moment, arguments.key, arguments.author)}")
    except Refused as refusal:
        sys.exit(f"post_comment.py: {refusal}")
    except KeyError as error:
        sys.exit(f"post_comment.py: {error} is missing; run it in a workflow that workflow_run or pull_request starts")
    except urllib.error.URLError as error:
        sys.exit(f"post_comment.py: GitHub did not answer: {error}")


if __name__ == "__main__":
    main()
