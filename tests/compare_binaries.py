"""Compares two builds of the program: what one prints, answers and writes, the other must, to the byte.

    python3 tests/compare_binaries.py OLD NEW [--recorded FOLDER] [--repository DIR]… [--expect FILE]
    python3 tests/compare_binaries.py --record FOLDER [--target-dir DIR]
    python3 tests/compare_binaries.py --self-test OLD

Each run of a program starts from a fresh copy of a project, always at the same path, with an empty
cache. Compared are exit code, stdout, stderr, and every file that was written, changed or removed below
the project's folder, its repository and its home included. The projects are: this repository at HEAD,
with its history and with uncommitted changes; what `init` writes; the manifests of docs/ and of
tests/docs/manifests.txt; the scenarios and price files of tests/; each `--repository`, any git repository
with many Markdown files, under manifests over all of them; and each run of the program that the tests
make, when `--recorded` names a folder that `--record` filled. `--record` builds the tests of HEAD and runs
them once with a program that first keeps what it was called with: arguments, standard input, environment,
and the whole folder as it stood. Such a folder holds for the place where it was made.

What is not compared, and why:

- The cache folder: one build may keep there what another does not.
- `"ms":N` and `build 1, N ms` in a line of `watch`: how long it took. Of `watch`, only the first round is
  compared, and stderr only if it ended by itself. `watch --serve` is not run: its address holds a port and
  a token by chance.

`--expect FILE` names differences that are wanted, a line each: `ARGUMENTS | WHAT | REASON`. ARGUMENTS is a
regular expression found in the arguments, WHAT a pattern of `exit`, `stdout`, `stderr` or `file:PATH`. They
are counted apart; a line that nothing matches is told. A `#` begins a comment.

Prints a line a project and the first differing line of each difference. Exits with 1 if there is one, with
2 if nothing could be compared. `--self-test` compares a program with itself, and with versions of it that
are wrong in one byte, which must be found out.
"""

import argparse
import collections
import dataclasses
import fcntl
import fnmatch
import hashlib
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# How long a run may take, in seconds.
DEADLINE = 600
# A file larger than this that is mostly holes is kept as its length.
LARGE = 8 << 20
# So many bytes written by one run are not all kept in memory.
MUCH = 64 << 20
# The start of the folder in which a cache keeps its records, wherever the folder lies.
STORE = "store-1-"
# Models that stand for the families of request bodies.
MODELS = ["claude-sonnet-5-5", "gpt-6.1-sol", "gemini-3.8-flash"]
DIALECTS = ["messages", "responses", "chat", "generate", "cached", "converse"]
DAY = "2026-11-21"
# Commands that are run a second time over what they left: those that write, and those that a cache helps.
AGAIN = [["init"], ["build"], ["lock"], ["check"], ["diff"], ["log"]]


class CannotLook(Exception):
    """Nothing can be compared."""


# Folders, kept and brought back.


class Blobs:
    """Contents by their digest, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.listings = {}

    def put(self, content):
        name = hashlib.blake2b(content, digest_size=20).hexdigest()
        path = os.path.join(self.folder, name[:2], name[2:])
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            unfinished = f"{path}.{os.getpid()}"
            with open(unfinished, "wb") as file:
                file.write(content)
            os.rename(unfinished, path)
        return name

    def get(self, name):
        with open(os.path.join(self.folder, name[:2], name[2:]), "rb") as file:
            return file.read()

    def listing(self, name):
        if name not in self.listings:
            self.listings[name] = json.loads(self.get(name))
        return self.listings[name]


def scan(root):
    """Every path below a folder, relative to it, with what the disk says of it; `.` is the folder."""
    found = {".": os.lstat(root)}
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                path = os.path.join(folder, entry.name)
                # A file may be taken away while it is looked at.
                try:
                    found[path] = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISDIR(found[path].st_mode):
                    folders.append(path)
    return found


def is_cache(path, folders):
    """Whether a path lies in a cache folder. `folders` are those that the environment names."""
    parts = path.split("/")
    return (
        parts[-1] == ".cache"
        or ".cache/contexture" in path
        or any(part.startswith(STORE) for part in parts)
        or any(path == folder or path.startswith(f"{folder}/") for folder in folders)
    )


def content_of(path, status):
    """Kind of a file and what is in it: bytes, the text of a link, the length of holes, or nothing."""
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return "folder", None
    if stat.S_ISLNK(mode):
        return "link", os.readlink(path)
    if stat.S_ISFIFO(mode):
        return "pipe", None
    if not stat.S_ISREG(mode):
        return "other", None
    if status.st_size > LARGE and status.st_blocks * 512 < status.st_size // 2:
        return "holes", status.st_size
    try:
        with open(path, "rb") as file:
            return "file", file.read()
    except PermissionError:
        return "file", b""


def keep(root, blobs, leave_out=()):
    """Keeps a folder as it stands; returns the name of its listing."""
    listing = []
    for path, status in sorted(scan(root).items()):
        # The samples of hooks that git lays into each new repository are never run.
        is_sample = "/hooks/" in path and path.endswith(".sample")
        if is_cache(path, leave_out) or is_sample or path.split("/")[0] in leave_out:
            continue
        kind, content = content_of(os.path.join(root, path), status)
        if kind == "other":
            continue
        content = blobs.put(content) if kind == "file" else content
        listing.append([path, kind, stat.S_IMODE(status.st_mode), content])
    return blobs.put(json.dumps(listing).encode())


def remove(path):
    if os.path.islink(path) or not os.path.isdir(path):
        os.remove(path)
        return

    def again(function, path, _):
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700)
        function(path)

    shutil.rmtree(path, onerror=again)


class Place:
    """A folder that is brought to a kept state, and in which changes since then are seen."""

    def __init__(self, root, blobs):
        self.root, self.blobs = root, blobs
        self.name, self.standing = None, {}

    def bring(self, name):
        if self.name == name:
            changed = self.changed()
            if not changed:
                return
        wanted = {path: rest for path, *rest in self.blobs.listing(name)}
        if self.name != name:
            if os.path.lexists(self.root):
                remove(self.root)
            changed = wanted
        else:
            for path in sorted(changed, reverse=True):
                if os.path.lexists(os.path.join(self.root, path)) and path != ".":
                    remove(os.path.join(self.root, path))
            # What lay below a folder that was removed comes back too.
            changed = [path for path in wanted if path in changed or not os.path.lexists(os.path.join(self.root, path))]
        folders = []
        for path in sorted(changed):
            if path not in wanted:
                continue
            kind, mode, content = wanted[path]
            target = os.path.normpath(os.path.join(self.root, path))
            if kind == "folder":
                os.makedirs(target, exist_ok=True)
                folders.append((target, mode))
            elif kind == "link":
                os.symlink(content, target)
            elif kind == "pipe":
                os.mkfifo(target)
            else:
                with open(target, "wb") as file:
                    if kind == "holes":
                        file.truncate(content)
                    else:
                        file.write(self.blobs.get(content))
            if kind not in ("link", "folder"):
                os.chmod(target, mode)
        for target, mode in reversed(folders):
            os.chmod(target, mode)
        self.name, self.standing = name, scan(self.root)

    def changed(self):
        """Paths that are not as they were brought; a folder changes by its mode alone."""

        def mark(status):
            if stat.S_ISDIR(status.st_mode):
                return status.st_mode
            return status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

        now = scan(self.root)
        return {
            path: now.get(path)
            for path in self.standing.keys() | now.keys()
            if path not in now or path not in self.standing or mark(now[path]) != mark(self.standing[path])
        }

    def written(self, caches):
        """What was written since: path to mode, kind and content."""
        found = {}
        inside = [os.path.relpath(folder, self.root) for folder in caches]
        for path, status in self.changed().items():
            if is_cache(path, inside):
                continue
            target = os.path.join(self.root, path)
            found[target] = (0, "nothing", None) if status is None else (status.st_mode, *content_of(target, status))
        return found

    def leave(self):
        if os.path.lexists(self.root):
            remove(self.root)
        self.name = None


# Questions: what the programs are run with.


@dataclasses.dataclass
class Question:
    """Runs in a row, in folders brought to a kept state before the first."""

    project: str
    # Folder to the name of its listing.
    roots: dict
    # Arguments of each run.
    runs: list
    folder: str
    environment: dict
    # The name of what is on standard input.
    input: str = None
    # Whether the runs are made a second time, over the files and the cache that the first time left.
    twice: bool = False


def outcome(program, arguments, question, blobs):
    """Exit code, stdout and stderr of one run; None if it does not end."""
    environment = {"PATH": os.environ.get("PATH", ""), **question.environment}
    given = blobs.get(question.input) if question.input else None
    child = subprocess.Popen(
        [program, *arguments],
        cwd=question.folder,
        env=environment,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if "watch" in arguments and not {"-h", "--help"} & set(arguments):
        return first_round(child)
    try:
        stdout, stderr = child.communicate(given, timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return None
    return child.returncode, stdout, stderr


def first_round(child):
    """The first line of `watch`, which never ends by itself unless something is wrong."""
    line = b""
    until = time.monotonic() + DEADLINE
    while b"\n" not in line and select.select([child.stdout], [], [], max(0, until - time.monotonic()))[0]:
        piece = os.read(child.stdout.fileno(), 1 << 16)
        line += piece
        if not piece:
            break
    is_running = b"\n" in line
    if is_running:
        child.send_signal(signal.SIGTERM)
    try:
        _, stderr = child.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return None
    line = re.sub(rb'("ms":|^build 1, )\d+', rb"\g<1>0", line.partition(b"\n")[0])
    return (0, line, b"") if is_running else (child.returncode, line, stderr)


def answers(program, question, places, blobs):
    """What a program answers to a question: for each run its outcome and what is written by then."""
    for root, name in question.roots.items():
        if root not in places:
            places[root] = Place(root, blobs)
        places[root].bring(name)
    caches = [question.environment[name] for name in ("XDG_CACHE_HOME", "CONTEXTURE_CACHE") if question.environment.get(name)]
    caches = [os.path.join(question.folder, cache) for cache in caches]
    for arguments in question.runs * (2 if question.twice else 1):
        ended = outcome(program, arguments, question, blobs)
        if ended is None:
            yield arguments, None
            return
        status, stdout, stderr = ended
        said = {"exit": str(status).encode(), "stdout": stdout, "stderr": stderr}
        written = [item for root in question.roots for item in places[root].written(caches).items()]
        # Very much is held as digests: what differs is then named without its line.
        is_much = sum(len(content) for _, (_, _, content) in written if isinstance(content, bytes)) > MUCH
        for path, (mode, kind, content) in written:
            if is_much and isinstance(content, bytes):
                content = f"{len(content)} bytes, {hashlib.blake2b(content).hexdigest()}".encode()
            label = f"file:{os.path.relpath(path, os.path.dirname(question.folder))}"
            said[f"{label} (kind)"] = f"{kind} {mode:o}".encode()
            if content is not None:
                said[label] = content if isinstance(content, bytes) else str(content).encode(errors="surrogateescape")
        yield arguments, said


def first_difference(old, new):
    """The first line that differs, of both, from a little before the place on."""
    if old is None or new is None:
        return "there" if old is not None else "not there", "there" if new is not None else "not there"
    at = next((at for at, (one, other) in enumerate(zip(old, new)) if one != other), min(len(old), len(new)))
    begin = max(old.rfind(b"\n", 0, at) + 1, at - 60)
    shown = []
    for text in (old, new):
        end = text.find(b"\n", at)
        line = text[begin : min(end if end >= 0 else len(text), at + 120)]
        where = f"line {text[:at].count(10) + 1}, byte {at}" if at < len(text) else f"ends at byte {at}"
        shown.append(f"{where}: {line!r}")
    return tuple(shown)


@dataclasses.dataclass
class Result:
    """What came of the questions about one project."""

    project: str
    questions: int = 0
    runs: int = 0
    bytes: int = 0
    exits: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    # (arguments, what, of the old, of the new)
    differences: list = dataclasses.field(default_factory=list)
    unended: int = 0

    def add(self, other):
        self.questions += other.questions
        self.runs += other.runs
        self.bytes += other.bytes
        self.exits += other.exits
        self.differences += other.differences
        self.unended += other.unended


def ask(work):
    """Asks both programs some questions that share their folders."""
    old, new, blobs, questions = work
    blobs, places = Blobs(blobs), {}
    results = {}
    try:
        for question in questions:
            result = results.setdefault(question.project, Result(question.project))
            result.questions += 1
            pairs = [list(answers(program, question, places, blobs)) for program in (old, new)]
            for (arguments, first), (_, second) in zip(*pairs):
                words = " ".join(arguments)
                if first is None and second is None:
                    result.unended += 1
                    continue
                result.runs += 1
                if first is None or second is None:
                    ends = ("ends" if one else "does not end" for one in (first, second))
                    result.differences.append((words, "exit", *ends))
                    continue
                result.exits[first["exit"].decode()] += 1
                result.bytes += sum(map(len, first.values()))
                for what in sorted(first.keys() | second.keys()):
                    if first.get(what) != second.get(what):
                        result.differences.append((words, what, *first_difference(first.get(what), second.get(what))))
    finally:
        for place in places.values():
            place.leave()
    return list(results.values())


# Projects that are made for the comparison.


class Project:
    """A folder `work` with a home beside it, made once and brought to several places."""

    def __init__(self, name, top, blobs):
        self.name, self.top, self.blobs = name, top, blobs
        self.folder = os.path.join(top, "making", name)
        self.work = os.path.join(self.folder, "work")
        os.makedirs(os.path.join(self.folder, "home"))
        os.makedirs(self.work)
        self.asked = []

    def environment(self, folder):
        return {"HOME": os.path.join(folder, "home"), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}

    def git(self, *words, input=None):
        ada = {"NAME": "Ada", "EMAIL": "ada@example.com", "DATE": "1795262400 +0000"}
        who = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in ada.items()}
        environment = {"PATH": os.environ.get("PATH", ""), **self.environment(self.folder), **who}
        # A repository that was handed over by somebody else is read as well.
        words = ["git", "-c", "init.defaultBranch=main", "-c", "safe.directory=*", *words]
        done = subprocess.run(words, cwd=self.work, env=environment, input=input or b"", capture_output=True)
        if done.returncode != 0:
            raise CannotLook(f"{' '.join(words)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def file(self, path, text):
        target = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def edit(self, paths, text):
        """Adds a line to files."""
        for path in paths:
            with open(os.path.join(self.work, path), "ab") as file:
                file.write(text.encode())

    def run(self, program, *words):
        environment = {"PATH": os.environ.get("PATH", ""), **self.environment(self.folder), "CONTEXTURE_CACHE": "off"}
        return subprocess.run([program, *words], cwd=self.work, env=environment, capture_output=True, timeout=DEADLINE)

    def contexts(self, program):
        """The names of its contexts, as its `list` has them."""
        done = self.run(program, "list", "--format", "json")
        if not done.stdout:
            raise CannotLook(f"`list` fails in the project `{self.name}`: {done.stderr.decode(errors='replace')}")
        listed = [one for one in json.loads(done.stdout)["contexts"] if not one["broken"]]
        return [f"{one['id']}@{one['variant']}" if one["variant"] else one["id"] for one in listed]

    def ask(self, *runs, input=None):
        """Asks for runs in a row: a text is split into words, a list is taken as it is."""
        runs = [run.split() if isinstance(run, str) else list(run) for run in runs]
        self.asked.append((runs, self.blobs.put(input) if input is not None else None))

    def parts(self, count):
        """Its questions in as many groups, each at a place of its own."""
        name = keep(self.folder, self.blobs)
        remove(self.folder)
        for part in range(count):
            folder = os.path.join(self.top, f"{self.name}-{part + 1}")
            environment = self.environment(folder)
            questions = [
                Question(self.name, {folder: name}, runs, f"{folder}/work", environment, given, runs[0][:1] in AGAIN)
                for runs, given in self.asked[part::count]
            ]
            if questions:
                yield questions


def ask_everything(project, contexts, revisions, ranges, files, is_large=False):
    """Every command over a project, in every format. A large one is not written again and again."""
    ask = project.ask
    for words in ["list", "list --format json", "list --staged", "build --format json --provenance --depfile made.d"]:
        ask(words)
    if not is_large:
        for words in ["build", "build --format html", "build -q", "build -v -o out", "build --staged", "build --locked"]:
            ask(words)
        ask("build --format json --shard 1/2 -o out", "build --format json --shard 2/2 -o out")
    for words in ["check", "check -v", "check -q", "check --format json", "check --format sarif", "check --format github"]:
        ask(words)
    for words in ["check --staged --format json", "check --shard 1/3 --format json", "check --fix -v", f"check --as-of {DAY}"]:
        ask(words)
    ask("lock", "lock --check", "check --locked", *([] if is_large else ["build --locked --format json"]))
    ask("lock --check")
    ask("watch --format json")
    ask("watch")
    if contexts:
        some = contexts[:40]
        bundles = [f"dist/{one}.bundle" for one in some]
        ask(["build", "--provenance", *some], ["verify", *bundles], *(["verify", one] for one in bundles[:10]))
    for path in files:
        ask(["list", "--uses", path])
        ask(["count", path])
        ask(["count", "--format", "json", path])
    if files:
        ask(["count", *files])
        ask(["count", "--by", "o200k_base", *files])
    for at, one in enumerate(contexts):
        ask(["render", one])
        ask(["explain", one, "--format", "json"])
        ask(["explain", one, "-v", "--commits"])
        for model in MODELS:
            ask(["render", one, "--model", model])
        if at % 4 == 0:
            ask(["explain", one])
            for name in MODELS:
                for dialect in DIALECTS:
                    ask(["render", one, "--model", name, "--dialect", dialect])
            for form in ["text", "json", "csv", "html"]:
                ask(["log", one, "--format", form, "-n", "12"])
            ask(["log", one, "--follow", "--sort", "lost"])
            ask(["log", one, "--first-parent", "--format", "json", "--as-of", DAY, "--model", MODELS[0]])
            ask(["blame", one])
            ask(["blame", one, "--format", "json", "--model", MODELS[1]])
            ask(["break-even", one, "--training", "500", "--tuned-input", "1", "--tuned-output", "4"])
            ask(["break-even", one, "--training", "500", "--format", "json", "--tuned-model", MODELS[1], "--prompt", "200"])
    for revision in revisions:
        for words in ["list --format json", "check --format json", "build --format json", "lock"]:
            if not (is_large and words.startswith("build")):
                ask(f"{words} --rev {revision}")
        ask(f"check --base {revision}")
        ask(f"diff {revision} --format json")
    for compared in ranges:
        for form in ["text", "markdown", "json", "html"]:
            ask(f"diff {compared} --format {form}")
        ask(f"diff -v {compared} --fail-on any-change --as-of {DAY}")
        if contexts:
            ask(["log", contexts[0], compared, "--format", "json"])
    ask("diff")
    ask("diff --format json")


def spaced(all, count):
    """So many of a list, spread over it, both ends among them."""
    if len(all) <= count:
        return list(all)
    return [all[at * (len(all) - 1) // (count - 1)] for at in range(count)]


def own_repository(old, top, blobs):
    """This repository at HEAD: its contexts, and every revision that changed them."""
    for name in ["own", "own-edited"]:
        project = Project(name, top, blobs)
        project.git("clone", "--quiet", "--no-hardlinks", ROOT, ".")
        project.git("checkout", "--quiet", "-B", "main", "HEAD")
        project.git("remote", "remove", "origin")
        touched = project.git("log", "--format=%H", "--", "contexts", "templates", "contexture.yaml").split()
        files = project.git("ls-files", "contexts", "templates").split()
        if name == "own":
            revisions = spaced(touched, 8)
            ranges = [f"{one}..{other}" for one, other in zip(revisions[1:], revisions)] + [f"{revisions[-1]}..HEAD"]
            ranges += [f"{revisions[0]}~1...HEAD"]
        else:
            texts = [path for path in files if path.endswith((".md", ".hbs"))]
            project.edit(texts[::3], "\nOne more line, staged.\n")
            project.git("add", "--all")
            project.edit(texts[1::3], "\nOne more line, not staged.\n")
            os.remove(os.path.join(project.work, texts[2]))
            project.file("contexts/new.yaml", "models: [gpt-6.1-sol]\nsystem: [{text: New}]\noutput: {max_tokens: 9}\n")
            revisions, ranges = [], ["HEAD", f"HEAD~20..HEAD"]
        ask_everything(project, project.contexts(old), revisions, ranges, files)
        yield from project.parts(4 if name == "own" else 2)


def starter(old, top, blobs):
    """What `init` writes, the project in which the commands that need none are asked too."""
    project = Project("init", top, blobs)
    project.ask("init")
    project.ask("init below/here", "init below/here")
    yield from project.parts(1)
    project = Project("starter", top, blobs)
    project.run(old, "init")
    project.git("init", "--quiet")
    project.commit("What `init` writes")
    files = project.git("ls-files").split()
    texts = [path for path in files if path.endswith((".md", ".hbs"))]
    for number, path in enumerate(texts):
        project.edit([path], f"\nLine {number}.\n")
        project.commit(f"Change {number}")
    ask_everything(project, project.contexts(old), ["HEAD~1", "HEAD~2"], ["HEAD~1", "HEAD~2..HEAD", "HEAD~1...HEAD"], files)
    ask_without_project(project, old)
    yield from project.parts(2)


def ask_without_project(project, old):
    """What needs no project: cards, schemas, completions, manual pages, help, wrong usage."""
    ask = project.ask
    for words in ["models", "models --format json", "models --changes", "models --changes --format json"]:
        ask(words)
        ask(f"{words} --as-of 2026-03-01")
    cards = json.loads(project.run(old, "models", "--format", "json").stdout)
    names = sorted({card["model"] for card in cards["models"]})
    if not names:
        raise CannotLook("`models --format json` lists no model")
    for name in names:
        ask(["models", name])
        ask(["models", name, "--format", "json"])
        ask(["render", "assistant", "--model", name])
    ask("models no-such-model")
    for words in ["schema", "schema --out schemas", "man", "man --out pages", "-V", "--version", "", "no-such-command"]:
        ask(words)
    for name in project.run(old, "schema").stdout.decode().split():
        ask(["schema", name])
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"]:
        ask(["completions", shell])
    commands = re.findall(r"^  ([a-z-]+) ", project.run(old, "-h").stdout.decode(), re.M)
    for command in ["", *commands]:
        for flag in ["-h", "--help", "--no-such-option"]:
            ask(f"{command} {flag}")
    text = "# Title\n\nSome words — naïve, 漢字, 30 days.\n"
    for words in ["count", "count --format json", "count -"]:
        ask(words, input=text.encode())
    ask("count", input=b"\xff\xfe no text")


def scenarios_and_prices(old, top, blobs):
    """The scenarios and price files of tests/."""
    project = Project("scenarios", top, blobs)
    shutil.copytree(os.path.join(ROOT, "tests/scenarios"), os.path.join(project.work, "scenarios"))
    shutil.copytree(os.path.join(ROOT, "tests/fixtures"), os.path.join(project.work, "fixtures"))
    found = 0
    for name in sorted(os.listdir(os.path.join(project.work, "scenarios"))):
        with open(os.path.join(project.work, "scenarios", name), encoding="utf-8") as file:
            lines = file.read().splitlines()
        # The scenario stands indented below its key; what is expected of it stands below others.
        inside, own = False, []
        for line in lines:
            inside = line.startswith("scenario:") if line[:1].isalpha() else inside
            own.append(line[2:] if inside and line.startswith("  ") else "")
        found += any(own)
        project.file(f"scenarios/{name}", "\n".join(own) + "\n")
        project.ask(["simulate", f"scenarios/{name}"])
        project.ask(["simulate", f"scenarios/{name}", "--format", "json"])
        project.ask(["simulate", f"scenarios/{name}", "--format", "json", "--as-of", "2026-06-01"])
    if found < 100:
        raise CannotLook(f"only {found} scenarios were found in tests/scenarios")
    for name in sorted(os.listdir(os.path.join(project.work, "fixtures"))):
        project.ask(["models", "--import", f"fixtures/{name}"])
        project.ask(["models", "--import", f"fixtures/{name}", "--all"])
    yield from project.parts(1)


def pages():
    """The pages of docs/: name, and the info and text of each code fence."""
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "docs"))):
        for name in sorted(name for name in names if name.endswith(".md")):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                fences = re.findall(r"^(`{3,})([^`\n]*)\n(.*?)^\1$", file.read(), re.M | re.S)
            yield name.removesuffix(".md"), [(info, text) for _, info, text in fences]


def manifests(old, top, blobs):
    """The manifests of the pages and of tests/docs/manifests.txt, good ones and faulty ones."""
    project = Project("manifests", top, blobs)
    project.git("init", "--quiet")
    # What they name.
    project.file("a.md", "---\ntitle: A\n---\n# A\n\nText.\n")
    project.file("a/b.md", "# B\n\nText.\n")
    project.file("data/x/a.md", "X.\n")
    project.file("e.csv", "q,a,kind,split\nHi,Hello,x,train\nBye,See you,y,train\nBye,Good bye,x,test\n")
    project.file("e.jsonl", '{"input": "Hi", "output": "Hello"}\n')
    project.file("a.json", '{"type": "object"}\n')
    project.file("templates/t.hbs", "{{title}} for {{vars.a}}\n")
    project.file("contexts/base.yaml", "abstract: true\nmodels: [gpt-6.1-sol]\n")
    project.file("contexts/other.yaml", "abstract: true\n")
    project.commit("What manifests name")
    names = []
    with open(os.path.join(ROOT, "tests/docs/manifests.txt"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(" ", 1)[1] for line in file if line.startswith(("ok ", "no "))]
    for number, line in enumerate(lines):
        names.append(f"line-{number:03}")
        # A map without a prompt is given one, so that what it says is used.
        for key, value in [("models", "[gpt-6.1-sol, claude-sonnet-5-5]"), ("system", "[a.md]")]:
            keys = "system|messages|tools" if key == "system" else key
            if line.startswith("{") and not re.search(rf"\b({keys}):", line):
                line = f"{{{key}: {value}{', ' if line != '{}' else ''}{line[1:]}"
        project.file(f"contexts/{names[-1]}.yaml", line + "\n")
    for _, fences in pages():
        for text in [text for info, text in fences if info in ("yaml", "yaml manifest")]:
            is_list, is_block = text.lstrip().startswith("- "), re.match(r"(file|files|examples|text|template):", text)
            names.append(f"page-{len(names):03}")
            if is_list or is_block:
                lines = text.splitlines()
                lines = lines if is_list else [("- " if at == 0 else "  ") + line for at, line in enumerate(lines)]
                text = "messages:\n" + "".join(f"  {line}\n" for line in lines)
            project.file(f"contexts/{names[-1]}.yaml", text)
    if len(names) < 100:
        raise CannotLook(f"only {len(names)} manifests were found in docs/ and tests/docs")
    project.commit("Manifests")
    ask_everything(project, project.contexts(old)[:60], ["HEAD"], ["HEAD~1..HEAD"], ["a.md", "e.csv"])
    for name in names:
        for words in [["check", "--format", "json"], ["render"], ["explain"]]:
            project.ask([*words, name])
    yield from project.parts(2)
    # A page whose samples name their files is a project.
    for page, fences in pages():
        files = [(info.split()[1], text) for info, text in fences if len(info.split()) == 2 and "." in info]
        if not any(path.startswith("contexts/") for path, _ in files):
            continue
        project = Project(f"page-{page}", top, blobs)
        project.git("init", "--quiet")
        for path, text in files:
            project.file(path, text)
            project.commit(path)
        ask_everything(project, project.contexts(old), ["HEAD~1"], ["HEAD~2", "HEAD~1..HEAD"], [path for path, _ in files])
        yield from project.parts(1)


def quoted(value):
    """A value as JSON, which is YAML."""
    return json.dumps(value, ensure_ascii=False)


def repository(source, number, old, top, blobs):
    """Somebody's repository, under manifests over all its Markdown files."""
    name = re.sub(r"[^a-z0-9]+", "-", os.path.basename(os.path.abspath(source)).lower()).strip("-")
    project = Project(f"repository-{number}-{name}", top, blobs)
    # Nothing but its texts is taken: a copy may lack its largest files.
    project.git("clone", "--quiet", "--no-hardlinks", "--single-branch", "--no-checkout", os.path.abspath(source), ".")
    project.git("symbolic-ref", "HEAD", "refs/heads/main")
    project.git("update-ref", "HEAD", "refs/remotes/origin/HEAD")
    project.git("remote", "remove", "origin")
    listed = [line.split("\t", 1) for line in project.git("ls-tree", "-r", "-z", "HEAD").split("\0") if line]
    texts = [path for mode, path in listed if mode.startswith("100") and path.endswith((".md", ".txt", ".mdx"))]
    texts = [path for path in texts if path.isprintable() and not path.startswith(("contexts/", "templates/"))]
    taken = "\0".join(texts).encode()
    project.git("--literal-pathspecs", "checkout", "HEAD", "--pathspec-from-file=-", "--pathspec-file-nul", input=taken)
    if len(texts) < 10:
        raise CannotLook(f"{source}: only {len(texts)} texts")
    models = [f"models: [{', '.join(MODELS)}]\n", *(f"models: [{model}]\n" for model in MODELS)]
    output = "output: {max_tokens: 500}\n"
    head = models[0] + output
    traffic = "traffic: {calls: 1k/month, hit_rate: auto, deploys: 10/month}\ncache: {breakpoints: auto}\n"
    blocks = ["", ", wrap: document", ", wrap: fence", ", split: headings(2)", ", join: none", ", split: lines(20), wrap: none"]
    for at, path in enumerate(texts):
        block = f"{{file: {quoted(path)}{blocks[at % len(blocks)]}}}"
        extra = traffic + "messages: [{user: Hello}]\n" if at % 5 == 0 else ""
        project.file(f"contexts/one/{at:05}.yaml", f"{models[at % 4]}{output}{extra}system:\n  - {block}\n")
    folders = sorted({os.path.dirname(path) for path in texts if path.count("/")})
    # In a pattern some characters are no letters.
    folders = [folder for folder in folders if re.fullmatch(r"[\w./ +-]+", folder)]
    for at, folder in enumerate(spaced(folders, 40)):
        files = quoted([f"{folder}/**/*.md", f"{folder}/**/*.txt"])
        block = f"{{files: {files}, optional: true, wrap: document}}"
        project.file(f"contexts/folder/{at:03}.yaml", f"{head}{traffic}system:\n  - {block}\n")
    few = "".join(f"  - {quoted(path)}\n" for path in spaced(texts, 60))
    rest = f"messages: [{{history: 2k}}, {{user: Hello}}]\nvariants: {{short: {{system: [{quoted(texts[0])}]}}}}\n"
    project.file("contexts/many.yaml", f"{head}{traffic}system:\n{few}{rest}")
    project.commit("Manifests over every text")
    project.edit(texts[::10], "\nOne more line.\n")
    project.commit("Change every tenth text")
    project.edit(texts[5::50], "\nA line that is not committed.\n")
    contexts = project.contexts(old)
    if len(contexts) < len(texts):
        raise CannotLook(f"{source}: {len(contexts)} contexts over {len(texts)} texts")
    groups = [one for one in contexts if not one.startswith("one/")]
    asked = spaced([one for one in contexts if one.startswith("one/")], 10) + spaced(groups, 8)
    ask_everything(project, asked, ["HEAD"], ["HEAD", "HEAD~1..HEAD"], spaced(texts, 8), True)
    # Every text through one run: its tokens, its lints, its bodies.
    for at in range(0, len(texts), 400):
        project.ask(["count", "--format", "json", *texts[at : at + 400]])
    yield from project.parts(4)


# Runs that the tests make.


def record_call(folder, program):
    """Keeps what this very call of the program was given, then becomes the program."""
    try:
        keep_call(folder)
    # A test may leave no room to write, or no folder to stand in: it goes on without being kept.
    except Exception as error:
        try:
            with open(os.path.join(folder, "not-kept"), "a", encoding="utf-8") as file:
                file.write(f"{' '.join(sys.argv[1:])}: {error!r}\n")
        except OSError:
            pass
    os.execv(program, [program, *sys.argv[1:]])


def digest(value):
    return hashlib.blake2b(value.encode(errors="surrogateescape"), digest_size=20).hexdigest()


def keep_call(folder):
    with open(os.path.join(folder, "base.json"), encoding="utf-8") as file:
        base = json.load(file)
    blobs = Blobs(os.path.join(folder, "blobs"))
    checkout, temporary = os.path.join(folder, "checkout"), os.path.join(folder, "temporary")
    here = os.getcwd()
    # What the test set itself, without what cargo and a shell add.
    others = re.compile("(CARGO|RUST|LD_).*|PATH|PWD|OLDPWD|SHLVL|_")
    own = {name: value for name, value in os.environ.items() if base.get(name) != digest(value)}
    environment = {name: value for name, value in own.items() if not others.fullmatch(name)}
    # Nobody's home: one that is not there, so that nothing is kept in it from run to run.
    if not environment.get("HOME", "").startswith(temporary):
        environment["HOME"] = os.path.join(folder, "no-home")
    # The folder of the test, and each other one that the call names.
    named = [here, *sys.argv[1:], *environment.values()]
    tops = {found for text in named for found in re.findall(re.escape(temporary) + r"/[^/\s:=,]+", text)}
    roots = {top: keep(top, blobs) for top in sorted(tops) if os.path.isdir(top)}
    if here.startswith(checkout):
        roots[checkout] = keep(checkout, blobs, ("target",))
    elif not here.startswith(temporary):
        raise CannotLook(f"run in {here}")
    call = {"roots": roots, "arguments": sys.argv[1:], "folder": here, "environment": environment}
    if "watch" not in sys.argv and (stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISREG(os.fstat(0).st_mode)):
        given = b"".join(iter(lambda: os.read(0, 1 << 20), b""))
        call["input"] = blobs.put(given)
        with tempfile.TemporaryFile() as file:
            file.write(given)
            file.seek(0)
            os.dup2(file.fileno(), 0)
    name = f"{time.time_ns():020}-{os.getpid()}"
    with open(os.path.join(folder, "calls", f".{name}"), "w", encoding="utf-8") as file:
        json.dump(call, file)
    os.rename(os.path.join(folder, "calls", f".{name}"), os.path.join(folder, "calls", f"{name}.json"))


def record(folder, target):
    """Runs the tests of HEAD once, and keeps each call of the program."""
    folder = os.path.realpath(folder)
    checkout, temporary = os.path.join(folder, "checkout"), os.path.join(folder, "temporary")
    for name in ["calls", "blobs", "temporary"]:
        if os.path.isdir(os.path.join(folder, name)):
            remove(os.path.join(folder, name))
        os.makedirs(os.path.join(folder, name))
    if not os.path.isdir(checkout):
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, checkout], check=True)
    subprocess.run(["git", "fetch", "--quiet", ROOT, "HEAD"], cwd=checkout, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", "FETCH_HEAD"], cwd=checkout, check=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": os.path.abspath(target)}
    build = ["cargo", "test", "--locked", "--no-run", "--message-format", "json"]
    built = subprocess.run(build, cwd=checkout, env=environment, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith(b"{")]
    made = [message for message in messages if message["reason"] == "compiler-artifact" and message["executable"]]
    tests = [message["executable"] for message in made if "test" in message["target"]["kind"]]
    bins = [message for message in made if message["target"]["kind"] == ["bin"] and not message["profile"]["test"]]
    programs = [message["executable"] for message in bins]
    if len(programs) != 1 or not tests:
        raise CannotLook(f"cargo made {len(programs)} programs and {len(tests)} tests")
    program = programs[0]
    real = os.path.join(os.path.dirname(program), "recorded", os.path.basename(program))
    os.makedirs(os.path.dirname(real), exist_ok=True)
    shutil.copy2(program, real)
    # The name may be a link to what cargo keeps: only the name is changed.
    os.remove(program)
    with open(program, "w", encoding="utf-8") as file:
        file.write(f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {os.path.join(ROOT, 'tests')!r})\n")
        file.write(f"from compare_binaries import record_call\nrecord_call({folder!r}, {real!r})\n")
    os.chmod(program, 0o755)
    environment |= {"TMPDIR": temporary, "CARGO_MANIFEST_DIR": checkout}
    with open(os.path.join(folder, "base.json"), "w", encoding="utf-8") as file:
        # Enough to see what a test set itself; what stands in the environment is nobody's business.
        json.dump({name: digest(value) for name, value in environment.items()}, file)
    try:
        for test in tests:
            streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            done = subprocess.run([test, "--test-threads", str(os.cpu_count())], cwd=checkout, env=environment, **streams)
            verdict = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith("test result")]
            print(f"{os.path.basename(test)}: {' '.join(verdict) or done.returncode}", flush=True)
            with open(os.path.join(folder, f"{os.path.basename(test)}.log"), "wb") as file:
                file.write(done.stdout)
    finally:
        os.remove(program)
        shutil.copy2(real, program)
    calls = len([name for name in os.listdir(os.path.join(folder, "calls")) if name.endswith(".json")])
    print(f"{calls} calls are kept in {folder}; a test that fails under the recording kept its calls up to there")
    if calls == 0:
        raise CannotLook("no call was kept")


def recorded(folder):
    """Kept calls in groups that share their folders, each call once."""
    folder = os.path.realpath(folder)
    group_of, groups, seen, skipped = {}, {}, set(), 0
    calls = os.path.join(folder, "calls")
    for name in sorted(name for name in os.listdir(calls) if name.endswith(".json")) if os.path.isdir(calls) else []:
        with open(os.path.join(calls, name), encoding="utf-8") as file:
            call = json.load(file)
        if "--serve" in call["arguments"]:
            skipped += 1
            continue
        mark = json.dumps(call, sort_keys=True)
        if mark in seen:
            continue
        seen.add(mark)
        question = Question("tests", call["roots"], [call["arguments"]], call["folder"], call["environment"], call.get("input"))
        # Groups that share a folder become one.
        joined = sorted({group_of[root] for root in call["roots"] if root in group_of})
        group = joined[0] if joined else len(seen)
        groups.setdefault(group, [])
        for other in joined[1:]:
            groups[group] += groups.pop(other)
            group_of = {root: group if of == other else of for root, of in group_of.items()}
        groups[group].append(question)
        group_of |= {root: group for root in call["roots"]}
    if not groups:
        raise CannotLook(f"{folder} holds no recorded calls")
    return list(groups.values()), skipped


# The comparison.


def expectations(path):
    """Differences that are wanted: regular expression, pattern, reason."""
    found = []
    if path:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                parts = [part.strip() for part in line.rsplit(" | ", 2)]
                if len(parts) != 3:
                    raise CannotLook(f"{path}:{number}: not `ARGUMENTS | WHAT | REASON`")
                found.append((re.compile(parts[0]), parts[1], parts[2]))
    return found


def compare(old, new, work, wanted, jobs, show=print):
    """Asks all questions, in groups that share their folders, each with the folder of its contents; returns
    how many differences are not wanted, and how many runs were compared."""
    import concurrent.futures

    def weight(group):
        folder, questions = group
        listings = (name for question in questions for name in question.roots.values())
        return sum(os.path.getsize(os.path.join(folder, name[:2], name[2:])) for name in listings)

    # The longest first, so that no core is left alone with one at the end.
    work = sorted(work, key=weight, reverse=True)
    results = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(ask, [(old, new, *group) for group in work]):
            for result in found:
                results.setdefault(result.project, Result(result.project)).add(result)
    whole, unwanted, used = Result("all"), 0, collections.Counter()
    for result in results.values():
        open_ = []
        for difference in result.differences:
            words, what, *_ = difference
            rules = (at for at, (which, of, _) in enumerate(wanted) if which.search(words) and fnmatch.fnmatch(what, of))
            rule = next(rules, None)
            if rule is None:
                open_.append(difference)
            else:
                used[rule] += 1
        exits = ", ".join(f"{count} with {status}" for status, count in sorted(result.exits.items()))
        show(f"{result.project}: {result.runs} runs ({exits}), {result.bytes:,} bytes, {len(open_)} differences")
        for words, what, first, second in open_[:20]:
            show(f"  contexture {words[:300]}\n    {what}\n      old: {first}\n      new: {second}")
        if len(open_) > 20:
            show(f"  and {len(open_) - 20} more")
        unwanted += len(open_)
        whole.add(result)
    for at, (which, of, reason) in enumerate(wanted):
        show(f"expected: {used[at]} of `{which.pattern} | {of}`: {reason}" + ("" if used[at] else " (nothing matches: take the line out)"))
    if whole.unended:
        show(f"{whole.unended} runs of both programs did not end in {DEADLINE} s and are not compared")
    show(
        f"{len(results)} projects, {whole.questions} invocations, {whole.runs} runs, {whole.bytes:,} bytes, "
        f"{unwanted} differences, {sum(used.values())} expected ones"
    )
    return unwanted, whole.runs


def self_test(old, top, blobs, jobs):
    """A program is as it is itself, and not as one that is wrong in a byte."""

    def questions():
        project = Project("control", top, blobs)
        project.run(old, "init")
        project.git("init", "--quiet")
        project.commit("What `init` writes")
        one = project.contexts(old)[0]
        for words in [["build"], ["build", "--format", "json"], ["render", one], ["check", "--format", "json"], ["render", "no-such"]]:
            project.ask(words)
        return [(blobs.folder, group) for group in project.parts(1)]

    def wrong(name, lines):
        path = os.path.join(top, f"wrong-{name}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!{sys.executable}\nimport glob, os, subprocess, sys\n")
            file.write(f"done = subprocess.run([{old!r}, *sys.argv[1:]], capture_output=True)\n")
            file.write("code, out, err = done.returncode, bytearray(done.stdout), bytearray(done.stderr)\n")
            file.write(f"{lines}\nsys.stdout.buffer.write(out)\nsys.stderr.buffer.write(err)\nsys.exit(code)\n")
        os.chmod(path, 0o755)
        return path

    bundle = "found = [one for one in sorted(glob.glob('dist/**/*.*', recursive=True)) if os.path.isfile(one)]\n"
    turn = "data = bytearray(open(found[0], 'rb').read()); data[-2] ^= 1; open(found[0], 'wb').write(data)"
    cases = [
        ("itself", None, [], False),
        ("nothing", "", [], False),
        ("stdout", "if out: out[len(out) // 2] ^= 1", [], True),
        ("stderr", "if err: err[-2] ^= 1", [], True),
        ("exit", "code = 1 if code == 2 else code", [], True),
        ("written", f"{bundle}if found:\n    {turn}", [], True),
        ("more", "open('more', 'w').close()", [], True),
        ("less", bundle + "if found: os.remove(found[-1])", [], True),
        ("mode", bundle + "if found: os.chmod(found[0], 0o700)", [], True),
        ("repository", "open('.git/config', 'a').write('\\n')", [], True),
        ("cache", "os.makedirs(os.path.expanduser('~/.cache/contexture/x'), exist_ok=True)", [], False),
        ("expected", "if 'render' in sys.argv and out: out[-2] ^= 1", [(re.compile("^render "), "stdout", "planted")], False),
        ("expected-elsewhere", "if out: out[-2] ^= 1", [(re.compile("^render "), "stdout", "planted")], True),
    ]
    held = True
    for name, lines, wanted, differs in cases:
        new = old if lines is None else wrong(name, lines)
        differences, runs = compare(old, new, questions(), wanted, jobs, lambda line: None)
        holds = (differences > 0) == differs and runs == 8
        print(f"{name}: {runs} runs, {differences} differences{'' if holds else ' -- NOT AS IT SHOULD BE'}")
        held &= holds
    return 0 if held else 1


def runs_at_all(program):
    path = shutil.which(os.path.abspath(program))
    if path is None:
        raise CannotLook(f"{program} is no program")
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=DEADLINE)
    except OSError as error:
        raise CannotLook(f"{program} does not run: {error}") from error
    if done.returncode != 0 or not done.stdout.startswith(b"contexture "):
        raise CannotLook(f"{program} does not tell its version: {done.stderr.decode(errors='replace')}")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="OLD NEW")
    parser.add_argument("--repository", action="append", default=[], metavar="DIR", help="a git repository with many Markdown files")
    parser.add_argument("--recorded", metavar="FOLDER", help="what --record kept")
    parser.add_argument("--expect", metavar="FILE", help="differences that are wanted")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--only", metavar="NAME", help="only one of: own, starter, scenarios, manifests, repository, tests")
    parser.add_argument("--record", metavar="FOLDER", help="keep each run of the program that the tests make")
    parser.add_argument("--target-dir", default=os.path.join(ROOT, "target"), metavar="DIR", help="where --record builds")
    parser.add_argument("--self-test", action="store_true", help="show that a wrong byte is found out")
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.record:
        record(arguments.record, arguments.target_dir)
        return 0
    if len(arguments.programs) != (1 if arguments.self_test else 2):
        parser.error("OLD and NEW are needed, or OLD alone for --self-test")
    programs = [runs_at_all(program) for program in arguments.programs]
    wanted = expectations(arguments.expect)
    with tempfile.TemporaryDirectory(prefix="compare-") as top:
        blobs = Blobs(os.path.join(top, "blobs"))
        if arguments.self_test:
            return self_test(programs[0], top, blobs, arguments.jobs)
        with open(os.path.join(arguments.recorded or top, "lock"), "w", encoding="utf-8") as lock:
            # Recorded folders are brought to the very place where they were: one comparison at a time.
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CannotLook(f"{arguments.recorded} is being compared by another run") from error
            work = work_of(programs[0], arguments, top, blobs)
            differences, runs = compare(*programs, work, wanted, arguments.jobs)
    if runs == 0:
        raise CannotLook("nothing was compared")
    print(f"{differences or 'no'} differences in {time.monotonic() - began:.0f} s")
    return 1 if differences else 0


def work_of(old, arguments, top, blobs):
    """All questions, in groups that share their folders, each with the folder of its contents."""

    def is_asked(name):
        return not arguments.only or name == arguments.only

    makers = {"own": own_repository, "starter": starter, "scenarios": scenarios_and_prices, "manifests": manifests}
    work = []
    for name, make in makers.items():
        if is_asked(name):
            work += [(blobs.folder, group) for group in make(old, top, blobs)]
    for number, source in enumerate(arguments.repository, 1):
        if is_asked("repository"):
            work += [(blobs.folder, group) for group in repository(source, number, old, top, blobs)]
    if arguments.recorded and is_asked("tests"):
        groups, skipped = recorded(arguments.recorded)
        print(f"{skipped} recorded calls of `watch --serve` are left out")
        work += [(os.path.join(os.path.realpath(arguments.recorded), "blobs"), group) for group in groups]
    return work


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotLook as error:
        print(f"tests/compare_binaries.py: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        traceback.print_exc()
        sys.exit(2)
