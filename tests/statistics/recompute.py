"""Computes every row of golden.json again, from its input: python recompute.py

Needs scipy, statsmodels and scikit-learn; what they do not have is computed from its definition, in fractions where
that is exact. Prints each result that differs by more than the row's tolerance, and fails if there is one.
"""

import json
import math
import pathlib
import sys
from fractions import Fraction

import numpy
import statsmodels.api as statsmodels
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

Z95, Z80 = stats.norm.ppf(0.975), stats.norm.ppf(0.8)


def bits(seed):
    """SplitMix64: Steele, Lea and Flood 2014."""
    mask = 2**64 - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def mcnemar(lost, gained):
    p = mcnemar_test([[0, lost], [gained, 0]], exact=True).pvalue if lost + gained else 1.0
    return {"p": float(p)}


def wilson(k, n, confidence):
    low, high = proportion_confint(k, n, alpha=1 - confidence, method="wilson")
    return {"low": float(low), "high": float(high)}


def clopper_lower(k, n, confidence):
    return {"low": float(stats.binomtest(k, n, alternative="greater").proportion_ci(confidence, "exact").low)}


def newcombe_paired(both, lost, gained, neither, confidence):
    n, right = both + lost + gained + neither, (both + gained, both + lost)
    (head, base), (of_head, of_base) = [k / n for k in right], [wilson(k, n, confidence) for k in right]
    excess = both * neither - lost * gained
    corrected = excess - n / 2 if excess > n / 2 else min(excess, 0)
    margins = math.prod(right) * math.prod(n - k for k in right)
    phi = corrected / math.sqrt(margins) if margins else 0

    def spread(one, other):
        return math.sqrt(max(0, one**2 - 2 * phi * one * other + other**2))

    return {
        "difference": head - base,
        "low": head - base - spread(head - of_head["low"], of_base["high"] - base),
        "high": head - base + spread(of_head["high"] - head, base - of_base["low"]),
    }


def sign_flip(d):
    sums = {0: 1}
    sizes = [abs(x) for x in d if x]
    for size in sizes:
        sums = {
            s: sums.get(s - size, 0) + sums.get(s + size, 0)
            for s in {t + sign * size for t in sums for sign in (1, -1)}
        }
    hits = sum(ways for s, ways in sums.items() if abs(s) >= abs(sum(d)))
    return {"p": float(Fraction(hits, 2 ** len(sizes))), "hits": str(hits), "of": str(2 ** len(sizes))}


def sign_flip_random(d, rounds, seed):
    words, hits = bits(seed), 0
    for _ in range(rounds):
        flips = [next(words) for _ in range(0, len(d), 64)]
        total = sum(-x if flips[i // 64] >> (i % 64) & 1 else x for i, x in enumerate(d))
        hits += abs(total) >= abs(sum(d))
    return {"hits": hits, "p": (1 + hits) / (1 + rounds)}


def bootstrap(d, rounds, seed):
    words, n = bits(seed), len(d)
    sums = sorted(sum(d[next(words) * n >> 64] for _ in range(n)) for _ in range(rounds))
    low, high = sums[math.floor(Fraction(25, 1000) * rounds)], sums[math.ceil(Fraction(975, 1000) * rounds) - 1]
    return {"low_sum": low, "high_sum": high, "low": low / n, "high": high / n}


def clustered(groups):
    values = numpy.array([x for group in groups for x in group], float)
    ids = numpy.array([i for i, group in enumerate(groups) for _ in group])
    keywords = {"groups": ids, "use_correction": False}
    fit = statsmodels.OLS(values, numpy.ones(len(values))).fit(cov_type="cluster", cov_kwds=keywords)
    return {"mean": float(values.mean()), "se": float(fit.bse[0])}


def holm(ps):
    return {"adjusted": [float(p) for p in multipletests(ps, method="holm")[1]]}


def power(n, discordance, delta, alpha=0.05):
    share, found = (1 + delta / discordance) / 2, 0.0
    for m in range(n + 1):
        rejected = [k for k in range(m + 1) if 2 * stats.binom.cdf(k, m, 0.5) <= alpha]
        if rejected and (chance := stats.binom.pmf(m, n, discordance)) > 1e-16:
            k = rejected[-1]
            found += chance * (stats.binom.cdf(k, m, share) + stats.binom.sf(m - k - 1, m, share))
    return float(found)


def mcnemar_power(n, discordance, delta, alpha):
    return {"value": power(n, discordance, delta, alpha)}


def smallest(discordance, is_found):
    if not is_found(discordance):
        return {"delta": None}
    low, high = 0.0, discordance
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (low, middle) if is_found(middle) else (middle, high)
    return {"delta": high}


def detectable(n, discordance):
    return smallest(discordance, lambda delta: power(n, discordance, delta) >= 0.8)


def cases(discordance, delta):
    return ((Z95 * math.sqrt(discordance) + Z80 * math.sqrt(discordance - delta**2)) / delta) ** 2


def detectable_normal(n, discordance):
    return smallest(discordance, lambda delta: cases(discordance, delta) <= n)


def needed(discordance, delta):
    return {"n": math.ceil(cases(discordance, delta))}


def pass_k(n, c, k):
    every = math.comb(n, k)
    at, hat = 1 - Fraction(math.comb(n - c, k), every), Fraction(math.comb(c, k), every)
    return {"pass_at_k": float(at), "pass_hat_k": float(hat)}


def labels(gold, answers, names):
    def f1(average):
        return f1_score(gold, answers, labels=names, average=average, zero_division=0)

    right = sum(one == other for one, other in zip(gold, answers))
    kappa = float(cohen_kappa_score(gold, answers))
    return {"accuracy": right / len(gold), "kappa": kappa, "macro_f1": float(f1("macro")), "f1": list(map(float, f1(None)))}


def is_near(one, other, tolerance):
    if isinstance(one, list):
        return len(one) == len(other) and all(is_near(a, b, tolerance) for a, b in zip(one, other))
    return one == other or isinstance(one, float) and abs(one - other) <= tolerance


wrong = 0
for row in json.loads(pathlib.Path(__file__).with_name("golden.json").read_text())["rows"]:
    found = globals()[row["id"].rsplit("-", 1)[0]](**row["input"])
    if found.keys() != row["want"].keys() or not all(is_near(found[k], row["want"][k], row["tolerance"]) for k in found):
        wrong += 1
        print(row["id"], found, row["want"])
sys.exit(f"{wrong} rows differ" if wrong else 0)
