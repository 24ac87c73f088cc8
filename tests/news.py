"""Says what is new at the vendors: what their newest SDKs and the newest price tables know otherwise than we do.

    python3 tests/news.py [--litellm FILE] [--genai FILE] [--only sdks|prices]

No check runs this, for its answer depends on the day. It changes no file; what it finds goes into the tables of
settings (src/prompt/bodies/settings.rs), the cards (src/cost/cards/vendors) and, with `tests/lock.sh --upgrade`, into the lock.

1. The newest releases of the SDKs are installed into a folder of their own. Told are the keys of requests that
   they know and the locked ones do not, those that went, and what tests/sdk/check_bodies.py has against our
   bodies and settings under them.
2. Two price tables are held against the cards, as `contexture models --import` reads them: LiteLLM's
   (model_prices_and_context_window.json) and that of genai-prices (data.json). Each is a file, a URL, or what the
   newest release on PyPI has inside. New is each figure that is in force today and is not the card's, unless the
   card says that this table says so (`conflicts`). What the card leaves out is told, and is not new.

Needs what tests/run.sh needs. The exit code is 0 if there is nothing new, 1 if there is, and 2 if something could
not be looked at, whatever else was found.
"""

import argparse
import contextlib
import decimal
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SDKS = ("anthropic", "openai", "google-genai", "boto3")
LITELLM = "litellm/model_prices_and_context_window_backup.json"

# Prints the data of the installed genai-prices as the JSON that its project publishes.
GENAI = """
import datetime, decimal, json, genai_prices.data

def plain(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return {key: plain(inner) for key, inner in vars(value).items() if inner is not None}

print(json.dumps([{"id": provider.id, "name": provider.name, "models": plain(provider.models)}
                  for provider in genai_prices.data.providers]))
"""

VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


class Unknown(Exception):
    """Why something could not be looked at."""


class Told:
    """What was found, as it is printed."""

    def __init__(self):
        self.news, self.unknown = 0, 0

    def new(self, line):
        self.news += 1
        print(f"new      {line}")

    @contextlib.contextmanager
    def looking_at(self, what):
        try:
            yield
        except (Unknown, OSError, ValueError, KeyError, zipfile.BadZipFile) as why:
            self.unknown += 1
            print(f"UNKNOWN  {what} could not be looked at: {why}")


def run(*command, may_exit=(0,), **options):
    """The stdout of a command; what went wrong is told by its last lines."""
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=options.pop("cwd", ROOT), capture_output=True, text=True, **options
        )
    except OSError as error:
        raise Unknown(f"`{command[0]}` does not run: {error}") from error
    if done.returncode not in may_exit:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-6:]
        words = " ".join(str(word) for word in command if "\n" not in str(word))
        raise Unknown("\n         ".join([f"`{words}` ended with {done.returncode}", *said]))
    return done.stdout


def pip(python, *arguments):
    return run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def topmost(paths):
    """The dotted keys of which no key above is among them."""
    return sorted(path for path in paths if not any(path.startswith(f"{other}.") for other in paths))


def look_at_sdks(told, locked, newest, folder):
    pip(newest, "install", *SDKS)
    ours, theirs = (json.loads(run(python, "-c", VERSIONS, *SDKS)) for python in (locked, newest))
    for name in SDKS:
        change = f"{ours[name]} -> {theirs[name]}" if ours[name] != theirs[name] else f"{ours[name]}, as locked"
        print(f"         {name} {change}")

    check = ROOT / "tests/sdk/check_bodies.py"
    ours, theirs = (json.loads(run(python, check, "--keys")) for python in (locked, newest))
    for dialect in theirs:
        before, after = set(ours[dialect]), set(theirs[dialect])
        for path in topmost(after - before):
            told.new(f"{dialect}: the SDK has a key `{path}`")
        for path in topmost(before - after):
            told.new(f"{dialect}: the key `{path}` of the SDK is gone")

    # Our bodies and settings, as the test writes them; it also holds them against the locked SDKs.
    bodies = folder / "bodies"
    bodies.mkdir()
    environment = os.environ | {"CONTEXTURE_TEST_PYTHON": str(locked), "CONTEXTURE_TEST_BODIES": str(bodies)}
    test = "the_official_sdks_accept_every_body_unchanged"
    run("cargo", "test", "--locked", "--test", "sdk_bodies", test, "--", "--exact", env=environment)
    lines = run(newest, check, "--settings", bodies / "settings.json", bodies, may_exit=(0, 1)).splitlines()
    verdicts = [line for line in lines if line.startswith(("ok ", "FAIL "))]
    if len(verdicts) < len(list(bodies.rglob("*.json"))):
        raise Unknown(f"check_bodies.py told of {len(verdicts)} files and stopped")
    failed = False
    for line in lines:
        if not line.startswith(" "):
            failed = line.startswith("FAIL ")
        if failed and line.startswith("FAIL "):
            told.new(line.removeprefix("FAIL ").strip())
        elif failed:
            print(f"         {line.strip()}")


def table(key, given, python, folder):
    """The text of a price table, and where it is from."""
    if given and given.startswith(("https://", "http://")):
        with urllib.request.urlopen(given, timeout=60) as answer:
            return answer.read().decode(), given
    if given:
        return pathlib.Path(given).read_text(encoding="utf-8"), given
    if key == "litellm":
        pip(python, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, "litellm")
        (wheel,) = folder.glob("litellm-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(LITELLM).decode(), f"LiteLLM {wheel.name.split('-')[1]}"
    pip(python, "install", "genai-prices")
    version = json.loads(run(python, "-c", VERSIONS, "genai-prices"))["genai-prices"]
    return run(python, "-c", GENAI), f"genai-prices {version}"


def number(text):
    """A figure, so that 0.50 equals 0.5 and 200k equals 200000; other values as they are."""
    amount, unit = re.fullmatch(r"([0-9_.,]+)([kM]?)|.*", text, re.DOTALL).groups()
    try:
        return decimal.Decimal(amount.replace("_", "").replace(",", "")) * {"": 1, "k": 1000, "M": 1_000_000}[unit]
    except (AttributeError, decimal.InvalidOperation):
        return text


@functools.cache
def program():
    """The contexture of this tree."""
    messages = run("cargo", "build", "--locked", "--quiet", "--message-format", "json").splitlines()
    built = [message["executable"] for message in map(json.loads, messages) if message.get("executable")]
    return built[-1]


def facts(program, folder, model):
    """What holds today of a model, by path. A day of deprecation may lie ahead."""
    told = json.loads(run(program, "models", model, "--format", "json", cwd=folder))
    holds = [fact for fact in told["model"]["facts"] if fact["in_force"] or fact["path"] == "deprecated"]
    return {tuple(map(number, fact["path"].split("."))): fact for fact in holds}


def look_at_prices(told, program, key, text, title, folder):
    bare, laid = folder / "bare", folder / f"laid-{key}"
    for place in (bare, laid):
        place.mkdir(exist_ok=True)
        (place / "contexture.yaml").write_text("", encoding="utf-8")
    file = folder / f"{key}.json"
    file.write_text(text, encoding="utf-8")
    yaml = run(program, "models", "--import", file, cwd=bare)
    (laid / "prices.yaml").write_text(yaml, encoding="utf-8")
    models = [name.strip('"') for name in re.findall(r"^  (\S.*):$", yaml.partition("\nmodels:")[2], re.MULTILINE)]
    if not models:
        raise Unknown(f"{title} knows no model that has a card")
    compared = 0
    for model in models:
        card, more = facts(program, bare, model), []
        for place, fact in facts(program, laid, model).items():
            if fact["sources"] != ["imported"]:
                continue
            compared += 1
            path, says, ours = fact["path"], fact["value"], card.get(place)
            if ours is None:
                more.append(f"{path} {says}")
            elif number(ours["value"]) != number(says):
                differs = f"{model}: {path} is {says} in {title}, {ours['value']} in the card"
                if is_settled(ours, key, says):
                    print(f"known    {differs}, which says so")
                else:
                    told.new(differs)
        if more:
            print(f"         {model}: {title} also has {', '.join(more)}")
    print(f"         {title}: {compared} figures of {len(models)} models compared")


def is_settled(fact, key, says):
    """Whether the card says that this table says so."""
    claims = [claim["says"] for claim in fact["conflicts"] if key in claim["sources"]]
    words = [number(word) for claim in claims for word in re.findall(r"[0-9][0-9_.,]*[kM]?|\S+", claim)]
    return number(says) in words


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--litellm", metavar="FILE", help="LiteLLM's table, a file or a URL")
    arguments.add_argument("--genai", metavar="FILE", help="genai-prices' data.json, a file or a URL")
    arguments.add_argument("--only", choices=("sdks", "prices"), help="look at one of the two")
    arguments = arguments.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    told = Told()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        newest = folder / "venv/bin/python"
        with told.looking_at("anything"):
            locked = pathlib.Path(run("bash", "tests/setup.sh").strip())
            run(locked, "-m", "venv", folder / "venv")
        if told.unknown:
            return 2
        if arguments.only != "prices":
            print("The SDKs")
            with told.looking_at("the newest SDKs"):
                look_at_sdks(told, locked, newest, folder)
        if arguments.only != "sdks":
            print("The prices")
            for key, given in (("litellm", arguments.litellm), ("genai-prices", arguments.genai)):
                with told.looking_at(f"the price table of {key}"):
                    text, title = table(key, given, newest, folder)
                    look_at_prices(told, program(), key, text, title, folder)
    print(f"{told.news} new, {told.unknown} could not be looked at")
    return 2 if told.unknown else min(told.news, 1)


if __name__ == "__main__":
    sys.exit(main())
