"""Holds what `contexture types` writes against mypy and tsc.

    python check_types.py FOLDER

FOLDER holds prompts.py and prompts.ts. In the two programs below, each call that is marked must be refused where it
stands, and no other line.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from check_python import PACKAGE, check, failed
from check_typescript import MODULES, NODE, compiled

PYTHON = """\
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from contexture_bundle import load
import prompts

reply, long = load("dist/reply.bundle"), load("dist/long.bundle")
a: MessageCreateParamsNonStreaming = prompts.reply(reply, "claude-sonnet-5-5", ticket="", language="", model="", earlier=[])
b: ResponseCreateParamsNonStreaming = prompts.reply(reply, "gpt-4.1", ticket="", language="", model="", earlier=[])
c: CompletionCreateParamsNonStreaming = prompts.reply(reply, "gpt-4.1", "chat", ticket="", language="", model="", earlier=[])
prompts.long(long, "gemini-3.8-flash", "cached")
prompts.long(long, "gemini-3.8-flash", ticket="", cachedContent="")
prompts.open(load("dist/open.bundle"), "claude-sonnet-5-5")
prompts.long(long, "gemini-3.8-flash", ticket="")  # refused
prompts.long(long, "claude-sonnet-5-5", ticket="", cachedContent="")  # refused
prompts.reply(reply, "claude-sonet-5-5", ticket="", language="", model="", earlier=[])  # refused
prompts.reply(reply, "claude-sonnet-5-5", ticket="", language="", model="")  # refused
prompts.reply(reply, "claude-sonnet-5-5", tiket="", language="", model="", earlier=[])  # refused
prompts.reply(reply, "claude-sonnet-5-5", ticket=7, language="", model="", earlier=[])  # refused
prompts.reply(reply, "claude-sonnet-5-5", "chat", ticket="", language="", model="", earlier=[])  # refused
d: CompletionCreateParamsNonStreaming = prompts.reply(reply, "gpt-4.1", ticket="", language="", model="", earlier=[])  # refused
"""
TYPESCRIPT = """\
import type Anthropic from "@anthropic-ai/sdk";
import type { ConverseCommandInput } from "@aws-sdk/client-bedrock-runtime";
import type { GenerateContentParameters } from "@google/genai";
import { load } from "contexture-bundle";
import type OpenAI from "openai";
import { long, open_ as _, reply } from "./prompts.js"; // refused
import * as prompts from "./prompts.js";

const [bundle, longBundle] = [load("dist/reply.bundle"), load("dist/long.bundle")];
const inputs = { ticket: "", language: "", model: "", earlier: [] };
export const a: Anthropic.MessageCreateParamsNonStreaming = reply(bundle, "claude-sonnet-5-5", inputs);
export const b: OpenAI.Responses.ResponseCreateParamsNonStreaming = reply(bundle, "gpt-4.1", inputs);
export const c: OpenAI.ChatCompletionCreateParamsNonStreaming = reply(bundle, "gpt-4.1", inputs, "chat");
export const d: GenerateContentParameters = long(longBundle, "gemini-3.8-flash", { ticket: "", cachedContent: "" });
export const e: ConverseCommandInput = reply(bundle, "bedrock/claude-opus-5-5", inputs);
long(longBundle, "gemini-3.8-flash", {}, "cached");
prompts.open(load("dist/open.bundle"), "claude-sonnet-5-5", {});
long(longBundle, "gemini-3.8-flash", { ticket: "" }); // refused
reply(bundle, "claude-sonet-5-5", inputs); // refused
reply(bundle, "claude-sonnet-5-5", { ticket: "", language: "", model: "" }); // refused
reply(bundle, "claude-sonnet-5-5", { ...inputs, tiket: "" }); // refused
reply(bundle, "claude-sonnet-5-5", { ...inputs, ticket: 7 }); // refused
reply(bundle, "claude-sonnet-5-5", inputs, "chat"); // refused
export const f: OpenAI.ChatCompletionCreateParamsNonStreaming = reply(bundle, "gpt-4.1", inputs); // refused
"""


def held(name, program, output, place):
    """Whether the marked lines of a program are refused, and those alone."""
    wanted = {number for number, line in enumerate(program.splitlines(), 1) if line.endswith(" refused")}
    found = {int(number) for number in re.findall(place, output)}
    elsewhere = [
        line for line in output.splitlines() if re.search(r": error( TS|:)", line) and not re.search(place, line)
    ]
    fault = None if found == wanted and not elsewhere else f"refused {sorted(found)}, not {sorted(wanted)}\n{output}"
    check(f"{name} refuses {len(wanted)} calls where they stand", fault)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    (folder / "use.py").write_text(PYTHON)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            pathlib.Path(sys.prefix, "share/mypy"),
            "--python-version",
        ]
        + ["3.10", "prompts.py", "use.py"],
        env={**os.environ, "MYPYPATH": str(PACKAGE)},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    held("mypy", PYTHON, run.stdout + run.stderr, r"use\.py:(\d+): error")
    package = compiled(folder)
    for name in ("use.ts", "prompts.ts"):
        (package / name).write_text(TYPESCRIPT if name == "use.ts" else (folder / name).read_text())
    strict = (
        "--ignoreConfig --strict --noEmit --noUncheckedIndexedAccess --skipLibCheck --target es2022 --module node16"
    )
    tsc = [
        NODE,
        MODULES / "typescript/bin/tsc",
        *strict.split(),
        "--types",
        "node",
        "--pretty",
        "false",
        "use.ts",
        "prompts.ts",
    ]
    run = subprocess.run(tsc, cwd=package, capture_output=True, text=True)
    held("tsc", TYPESCRIPT, run.stdout + run.stderr, r"use\.ts\((\d+),")
    shutil.rmtree(package)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
