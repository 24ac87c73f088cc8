"""How long recorded answers take: makes a project of so many cases, has a server answer them, and times the replay.

    many.py PROGRAM FOLDER [CASES]

The answers are those of server.py's rule, two prompts a case. Prints the seconds of three replays, the best last.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(program, folder, cases=10_000):
    folder, cases = Path(folder), int(cases)
    if not folder.exists():
        shutil.copytree(HERE / "topics", folder, ignore=shutil.ignore_patterns(".contexture"))
        known = [json.loads(line) for line in (HERE / "topics/eval/topics.jsonl").read_text().splitlines()]
        made = ({**known[at % len(known)], "id": f"c{at}"} for at in range(cases))
        lines = [json.dumps({**one, "inputs": {"sentence": f"{one['inputs']['sentence']} (Number {at}.)"}}) for at, one in enumerate(made)]
        (folder / "eval/topics.jsonl").write_text("\n".join(lines) + "\n")
        subprocess.run(["git", "init", "-q", folder], check=True)
    words = [program, "-C", str(folder), "eval", "topics@eight", "--against", "topics"]
    server = subprocess.Popen([sys.executable, HERE / "server.py", "rule"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        base = json.loads(server.stdout.readline())["base_url"]
        environment = {**os.environ, "OPENAI_API_KEY": "none"}
        subprocess.run([*words, "--max-cost", "100", f"--base-url=chat={base}/v1"], check=False, stdout=subprocess.DEVNULL, env=environment)
    finally:
        server.kill()
    taken = []
    for _ in range(3):
        start = time.monotonic()
        ended = subprocess.run([*words, "--replay", "--format", "json"], stdout=subprocess.PIPE, check=False)
        taken.append(time.monotonic() - start)
        runs = json.loads(ended.stdout)["runs"]
        assert all(run["cases"] == cases and run["errors"] == 0 for run in runs), runs
    print(*(f"{seconds:.2f}" for seconds in sorted(taken, reverse=True)))


main(*sys.argv[1:])
