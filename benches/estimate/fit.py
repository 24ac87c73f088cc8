"""Fits the estimates for tokenizers that are not public, and says how far off they are.

    python fit.py            prints the table of errors that docs/tokens.md shows
    python fit.py --write    also writes src/cost/tokens/estimators.rs and folds.csv

Reads corpus.csv (see README.md) and samples.json. Needs numpy and tiktoken (for the samples).
"""

import csv
import json
import pathlib
import sys

import numpy
import tiktoken

from features import NAMES, features

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parent.parent / "src" / "tokens" / "estimators.rs"
FITTED = "2026-11-21"
FOLDS = 10
# What the corpus holds enough of to fit. The other features are scripts; see SCRIPTS.
IN_CORPUS = NAMES[: NAMES.index("latin")]
# Tokens that a count may be off by on top of the band's share; short texts need them.
SLACK = 2
# One multiplier on o200k_base, to compare with.
BASELINE = {"older": 1.16, "newer": 1.54}

# Tokens in proportion to o200k_base where the corpus has no text. Older generation: ratios measured elsewhere for
# Chinese and Japanese, for European languages beyond ASCII, and for Russian, Korean and Hindi, the last of which stands
# in for every other script. Newer: Chinese and Japanese are reported as unchanged, the others lie between unchanged and
# the 30 % that English gained; the middle is taken.
SCRIPTS = {
    "older": {"cjk": 1.36, "latin": 1.42, None: 2.11},
    "newer": {"cjk": 1.36, "latin": 1.63, None: 2.43},
}
# Ratios to o200k_base measured elsewhere, November 2026: English, JSON, Chinese and Japanese.
RATIOS = {
    "GEMMA": (1.10, 1.21, 0.99),
    "LLAMA": (1.00, 1.00, 0.98),
    "QWEN": (1.02, 1.07, 0.97),
    "DEEPSEEK": (1.03, 1.06, 0.97),
    "MISTRAL": (1.05, 1.11, 1.05),
    "OTHER": (1.05, 1.10, 1.10),
}


def not_negative(matrix, target):
    """Least squares with no negative coefficient (Lawson and Hanson's active sets)."""
    gram, pull = matrix.T @ matrix, matrix.T @ target
    size = len(pull)
    active, found = numpy.zeros(size, bool), numpy.zeros(size)
    for _ in range(10 * size):
        gradient = pull - gram @ found
        gradient[active] = -1
        if active.all() or gradient.max() < 1e-9:
            break
        active[numpy.argmax(gradient)] = True
        while True:
            trial = numpy.zeros(size)
            trial[active] = numpy.linalg.solve(gram[numpy.ix_(active, active)], pull[active])
            if (trial[active] > 0).all():
                found = trial
                break
            blocked = active & (trial <= 0)
            step = (found[blocked] / (found[blocked] - trial[blocked])).min()
            found = found + step * (trial - found)
            active &= found > 1e-12
            found[~active] = 0
    return found


def fit(rows):
    """Thousandths of a token for each feature of the corpus, and the wrapper's tokens: robust (Huber), relative errors."""
    matrix = numpy.array([[1.0, *(row[name] for name in IN_CORPUS)] for row in rows])
    counts = numpy.array([row["published"] for row in rows], float)
    scale = 1 / (counts + 20)
    scaled = matrix * scale[:, None]
    size = numpy.sqrt((scaled**2).mean(0)) + 1e-12
    scaled, target, weight = scaled / size, counts * scale, numpy.ones(len(rows))
    ridge = numpy.sqrt(1e-5 * len(rows)) * numpy.eye(len(size))
    for _ in range(20):
        padded = numpy.r_[target * weight, numpy.zeros(len(size))]
        found = not_negative(numpy.vstack([scaled * weight[:, None], ridge]), padded)
        residual = numpy.abs(scaled @ found - target)
        bend = 1.5 * numpy.median(residual) / 0.6745
        weight = numpy.sqrt(numpy.minimum(1, bend / numpy.maximum(residual, 1e-9)))
    found /= size
    return [round(1000 * value) for value in found[1:]], round(float(found[0]))


def tokens(weights, row):
    """What src/cost/tokens/estimate.rs computes, for the features of the corpus."""
    return (sum(weight * row[name] for weight, name in zip(weights, IN_CORPUS)) + 500) // 1000


def spread(errors):
    return [100 * float(value) for value in (numpy.median(errors), *numpy.percentile(errors, [90, 95, 99]))]


def generation(rows, name):
    """Fits one generation; its weights, its band, the weights of the folds, and the errors held out."""
    rows = [row for row in rows if row["generation"] == name]
    folds, errors, shares = [], [], []
    for number in range(FOLDS):
        weights, wrapper = fit([row for row in rows if row["fold"] != number])
        folds.append([name, number, wrapper, *weights])
        for row in rows:
            if row["fold"] == number:
                estimate = tokens(weights, row)
                error = abs(estimate + wrapper - row["published"])
                errors.append(error / row["published"])
                shares.append(max(0, error - SLACK) / max(estimate, 1))
    weights, wrapper = fit(rows)
    plain = [abs(BASELINE[name] * row["o200k"] - row["published"]) / row["published"] for row in rows]
    band = int(numpy.ceil(1000 * numpy.percentile(shares, 95)))
    print(f"| {name}, one multiplier {BASELINE[name]} | {len(rows)} | " + line(spread(plain)))
    print(f"| {name}, by content | {len(rows)} | " + line(spread(errors)))
    print(f"  wrapper {wrapper}, band {band / 10} % and {SLACK} tokens", file=sys.stderr)
    return weights, wrapper, band, folds


def line(values):
    return " | ".join(f"{value:.1f} %" for value in values) + " |"


def script_weights(weights, ratios, samples, encoding):
    """Weights that give the samples of each script its ratio, and the tokens that a character of it stands for."""
    full, outside = [*weights, *[0] * (len(NAMES) - len(weights))], [0] * len(NAMES)
    for script in NAMES[len(IN_CORPUS) :]:
        wanted = reached = characters = 0
        for text in samples[script].values():
            o200k = len(encoding.encode_ordinary(text))
            row = features(text, o200k)
            wanted += 1000 * o200k * ratios.get(script, ratios[None])
            reached += sum(weight * value for weight, value in zip(weights, row))
            characters += row[NAMES.index(script)]
        full[NAMES.index(script)] = round((wanted - reached) / characters)
        outside[NAMES.index(script)] = round(wanted / characters)
    return full, outside


def ratio_weights(ratios, samples, encoding):
    """Weights for a family known by its ratios: o200k_base for prose, digits and punctuation for the rest of JSON."""
    english, in_json, cjk = ratios
    weights = [0] * len(IN_CORPUS)
    weights[0] = round(1000 * english)
    text = "\n".join(samples["json"].values())
    row = dict(zip(NAMES, features(text, len(encoding.encode_ordinary(text)))))
    dense = round(1000 * row["o200k"] * (in_json - english) / (row["digit"] + row["punctuation"]))
    weights[NAMES.index("digit")] = weights[NAMES.index("punctuation")] = dense
    full, outside = script_weights(weights, {"cjk": cjk, None: english}, samples, encoding)
    # Nothing is known of the other scripts but that they are unlike; only the band shows them.
    return [value if name in IN_CORPUS or name == "cjk" else 0 for name, value in zip(NAMES, full)], outside


def rust(name, doc, weights, outside, inside_permille, outside_permille):
    join = lambda values: ", ".join(str(value) for value in values)
    return f"""
/// {doc}
pub(super) static {name}: Estimator = Estimator {{
    weights: [{join(weights)}],
    outside: [{join(outside)}],
    inside_permille: {inside_permille},
    outside_permille: {outside_permille},
    slack: {SLACK},
}};
"""


def main(write):
    with (HERE / "corpus.csv").open(encoding="utf-8") as file:
        words = ("date", "blob", "generation")
        rows = [{key: value if key in words else int(value) for key, value in row.items()} for row in csv.DictReader(file)]
    samples = json.loads((HERE / "samples.json").read_text(encoding="utf-8"))
    encoding = tiktoken.get_encoding("o200k_base")
    out = f"""//! What estimates are made of, as data of {FITTED}. Written by `benches/estimate/fit.py --write`:
//! change that, not this.

use super::estimate::Estimator;
"""
    print("| estimate | texts | median | p90 | p95 | p99 |\n|---|---|---|---|---|---|")
    all_folds = []
    generations = [
        ("older", "up to Opus 4.6 and Sonnet 4.6", "2025-11-19 to 2026-06-12"),
        ("newer", "from Opus 4.7, Sonnet 5 and Opus 5 on", "2026-06-18 to 2026-08-22"),
    ]
    for name, spoken, dates in generations:
        weights, wrapper, band, folds = generation(rows, name)
        all_folds += folds
        full, outside = script_weights(weights, SCRIPTS[name], samples, encoding)
        doc = (
            f"Claude {spoken}: fitted on the counts that\n"
            f"/// github.com/Piebald-AI/claude-code-system-prompts published from {dates}, less the\n"
            f"/// {wrapper} tokens that the fit finds around each; scripts by ratio."
        )
        out += rust(f"CLAUDE_{name.upper()}", doc, full, outside, band, 250)
    for name, ratios in RATIOS.items():
        full, outside = ratio_weights(ratios, samples, encoding)
        band = 300 if name == "OTHER" else 100
        doc = f"By ratio to `o200k_base`: English {ratios[0]:.2f}, JSON {ratios[1]:.2f}, Chinese and Japanese {ratios[2]:.2f}."
        out += rust(name, doc, full, outside, band, max(band, 250))
    if write:
        TARGET.write_text(out, encoding="utf-8")
        with (HERE / "folds.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["generation", "fold", "wrapper", *IN_CORPUS])
            writer.writerows(all_folds)


if __name__ == "__main__":
    main("--write" in sys.argv)
