"""The recorded answers of tests/eval/topics scored by another runner: inspect_ai 0.3, its `match` scorer.

    pip install inspect_ai && python tests/eval/second_runner.py

writes second_runner.json, which a test holds against `eval --replay`; so the everyday run needs no inspect_ai.
Each file of answers is one prompt's, asked one case after the other. Which prompt's it is, the tokens of its requests say:
the more examples, the more tokens; of two prompts with eight, the longer word has no more, and the files' times decide.
"""

import json
import tempfile
from pathlib import Path

import inspect_ai
from inspect_ai import Task
from inspect_ai import eval as run
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import match
from inspect_ai.solver import solver

HERE = Path(__file__).parent
NAMES = ["topics", "topics@eight", "topics@this-sentence", "topics@sixteen"]


def answers():
    """The answers of each prompt, in the order of the cases."""
    files = []
    for path in sorted((HERE / "topics/.contexture/answers").glob("*.jsonl")):
        records = [json.loads(line)["answer"] for line in path.read_text().splitlines()]
        tokens = sum(record["usage"]["prompt_tokens"] for record in records)
        files.append((tokens, path.name, [record["choices"][0]["message"]["content"] for record in records]))
    return dict(zip(NAMES, (texts for _, _, texts in sorted(files)), strict=True))


@solver
def replay(recorded):
    """Gives each case the answer that is recorded; no model is asked."""

    async def solve(state, generate):
        state.output = ModelOutput.from_content("recorded", recorded[state.sample_id])
        return state

    return solve


def main():
    cases = [json.loads(line) for line in (HERE / "topics/eval/topics.jsonl").read_text().splitlines()]
    found = {}
    for name, texts in answers().items():
        assert len(texts) == len(cases)
        samples = [Sample(id=case["id"], input=case["inputs"]["sentence"], target=case["expect"]) for case in cases]
        recorded = {case["id"]: text for case, text in zip(cases, texts, strict=True)}
        task = Task(dataset=MemoryDataset(samples), solver=replay(recorded), scorer=match(location="exact"))
        with tempfile.TemporaryDirectory() as folder:
            [log] = run(task, model="mockllm/model", display="none", log_dir=folder)
            assert log.status == "success", log.error
            accuracy = log.results.scores[0].metrics["accuracy"].value
            right = [sample.id for sample in log.samples if sample.scores["match"].value == "C"]
        found[name] = {"accuracy": round(accuracy, 6), "right": right}
    report = {"runner": f"inspect_ai {inspect_ai.__version__}", "prompts": found}
    (HERE / "second_runner.json").write_text(json.dumps(report, indent=1) + "\n")


main()
