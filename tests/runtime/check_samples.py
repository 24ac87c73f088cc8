"""Runs the programs that a page shows, as somebody who copied them would.

    python check_samples.py PAGE CONTEXTURE

Fences whose info string names a file are written to a folder, and the commands of the page run in it. Each program
then runs with a vendor's keys and addresses in its environment, as the SDKs read them there; the addresses are those
of a server here. It must end well, and what arrived must hold the ticket of the page and all of the prompt.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from check_python import PACKAGE, check, failed
from check_typescript import MODULES, NODE, compiled, strictly

from loopback import Loopback

COMMAND = re.compile(r"^\$ contexture (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w+) (\S+[./]\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main():
    page, contexture = pathlib.Path(sys.argv[1]), sys.argv[2]
    files = {path: (language, text) for language, path, text in FENCE.findall(page.read_text(encoding="utf-8"))}
    programs = {path: language for path, (language, _) in files.items() if language in ("python", "ts")}
    assert len(programs) > 5, programs
    with tempfile.TemporaryDirectory() as scratch:
        folder, loopback = pathlib.Path(scratch, "project"), Loopback()
        for path, (_, text) in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        for words in COMMAND.findall(page.read_text(encoding="utf-8")):
            subprocess.run([contexture, *words.split()], cwd=folder, check=True, capture_output=True)
        package = compiled(scratch)
        (folder / "node_modules").mkdir()
        for module in MODULES.iterdir():
            (folder / "node_modules" / module.name).symlink_to(module)
        (folder / "node_modules/contexture-bundle").symlink_to(package)
        (folder / "package.json").write_text('{"type": "module"}')
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PACKAGE),
            "ANTHROPIC_BASE_URL": loopback.url,
            "OPENAI_BASE_URL": f"{loopback.url}/v1",
            "GOOGLE_GEMINI_BASE_URL": loopback.url,
            "AWS_ENDPOINT_URL": loopback.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            **dict.fromkeys(
                ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
                "none",
            ),
        }
        for path, language in programs.items():
            command = [sys.executable, path]
            if language == "ts":
                strictly(folder, path)
                command = [NODE, path.replace(".ts", ".js")]
            run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            fault = run.stdout + run.stderr if run.returncode else None
            if not fault:
                arrived = json.dumps(loopback.take()[1])
                texts = (
                    "It was sent on Monday." if path == "conversation.py" else "My parcel never came.",
                    "parcel service",
                )
                fault = next((f"{text!r} did not arrive: {arrived}" for text in texts if text not in arrived), None)
                fault = fault or (None if "An answer." in run.stdout or path == "conversation.py" else run.stdout)
            check(f"{page.name} {path}", fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
