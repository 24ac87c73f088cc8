//! Verdicts and gates: what the scores of two sides, or of one, allow to be said.

pub mod gates;

use std::cell::OnceCell;
use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::protocol::Protocol;
use super::scored::{Grade, Scored};
use super::scorers::FULL;
use super::statistics::{
    ALPHA, Confusion, Interval, Pairs, Z_95, bootstrap, clustered_error, holm, mcnemar, needed, newcombe, sign_flip,
    visible, wilson,
};
use super::{Results, Side};
use crate::pipeline::Answer;
use crate::syntax::decode::{inline_schema, names};
use crate::syntax::quantity::{Share, Usd};

names! {
    /// What the comparison of two sides says.
    pub enum Verdict {
        /// The head is better.
        Better = "better",
        /// The head is worse.
        Worse = "worse",
        /// None is shown to be better, and a loss beyond the margin is excluded.
        NoDifferenceShown = "no_difference_shown",
        /// None is shown to be better, and a loss beyond the margin is not excluded.
        TooFewCases = "too_few_cases",
        /// So many answers are missing that nothing can be said.
        NotMeasured = "not_measured",
    }
}

names! {
    /// How a p value was computed.
    pub enum TestName {
        /// McNemar's exact test of cases that are right or wrong.
        McNemar = "mcnemar-exact",
        /// A sign-flip test of the differences of scores.
        SignFlip = "sign-flip",
    }
}

names! {
    /// What became of a gate.
    pub enum GateStatus {
        /// It is passed, whatever is not known.
        Met = "met",
        /// It is not.
        Missed = "missed",
        /// It was measured, and the cases are too few to tell.
        Open = "open",
        /// What it limits is not known.
        Unknown = "unknown",
    }
}

/// A decimal number, printed with at most four decimals; a p below that in powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decimal(pub f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = format!("{:.4}", self.0);
        match fixed.trim_end_matches('0').trim_end_matches('.') {
            "0" | "-0" if self.0 != 0.0 && self.0.abs() < 5e-5 && self.0 > 0.0 => write!(f, "{:.1e}", self.0),
            "-0" => f.write_str("0"),
            trimmed => f.write_str(trimmed),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

inline_schema!([] Decimal, "Decimal", |_generator| schemars::json_schema!({
    "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?(e-[0-9]+)?$"
}));

/// The two ends of a 95 % interval.
fn ends(interval: Interval) -> [Decimal; 2] {
    [Decimal(interval.low), Decimal(interval.high)]
}

/// What one side came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Run {
    /// The context.
    pub context: String,
    /// Its variant, if one.
    pub variant: Option<String>,
    /// The model.
    pub model: String,
    /// The digest of what was asked.
    pub digest: String,
    /// The commit that it was built from; null for a tree that no commit holds.
    pub commit: Option<String>,
    /// How many cases there are.
    pub cases: u64,
    /// How many cases are right: as many of their answers as must be.
    pub right: u64,
    /// Answers that are refusals; they count as wrong.
    pub refused: u64,
    /// Answers that there are not; they count as nothing.
    pub errors: u64,
    /// Cases of which some answers are right and some are not.
    pub flaky: u64,
    /// The mean score of all answers, 0 to 1; null without an answer.
    pub score: Option<Decimal>,
    /// Its 95 % interval.
    pub interval: Option<[Decimal; 2]>,
    /// How long answers took.
    pub latency_ms: Latencies,
    /// What all answers cost when they were asked; null where a price is not known.
    pub usd: Option<Usd>,
    /// Input tokens read from the cache.
    pub cache: CacheRead,
    /// Answers that this change has recorded itself; null where no revision of a base was named to tell.
    pub recorded: Option<u64>,
    /// Agreement of labels beyond chance (Cohen's κ), where answers are labels.
    pub kappa: Option<Decimal>,
    /// The mean F1 of the declared labels.
    pub macro_f1: Option<Decimal>,
    /// Whether the cases are new in the head: asked of it alone, and compared with nothing.
    pub new: bool,
}

/// How long answers took, in milliseconds; null without an answer.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Latencies {
    /// Half of them took no longer.
    pub p50: Option<u64>,
    /// 95 of 100 took no longer.
    pub p95: Option<u64>,
}

/// Input tokens read from the cache.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct CacheRead {
    /// As the endpoint counted them.
    pub read: u64,
    /// As the plan of the build expects; null where it does not say.
    pub forecast: Option<u64>,
}

/// Two runs over the same cases.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Comparison {
    /// The index of the base among the runs.
    pub base: usize,
    /// The index of the head.
    pub head: usize,
    /// Cases that both sides answered.
    pub n: u64,
    /// Cases that the base has right and the head wrong.
    pub lost: u64,
    /// Cases that the head has right and the base wrong.
    pub gained: u64,
    /// Answers without a partner on the other side, left out of both.
    pub dropped: u64,
    /// The mean difference of the scores, head less base.
    pub difference: Decimal,
    /// Its 95 % interval.
    pub interval: [Decimal; 2],
    /// How likely so large a difference is where there is none.
    pub p: Decimal,
    /// The same, adjusted for all comparisons of this run and for the looks at these answers.
    pub p_holm: Decimal,
    /// The test.
    pub test: TestName,
    /// The largest loss that is taken.
    pub margin: Decimal,
    /// The smallest difference that so many cases show in 80 of 100 evaluations; null for none, however large.
    pub detectable: Option<Decimal>,
    /// How many cases would show a loss of the margin in 80 of 100 evaluations, where these are too few.
    pub needed: Option<u64>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// A gate of one run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Gate {
    /// The index of the run that it holds.
    pub run: usize,
    /// Its key in the manifest.
    pub name: &'static str,
    /// What it wants.
    pub limit: String,
    /// What there is; null where it is not known.
    pub actual: Option<String>,
    /// What became of it.
    pub status: GateStatus,
    /// Whether it fails the run where it is open.
    #[serde(skip)]
    pub fails_open: bool,
}

/// One model of one context, asked.
#[derive(Debug)]
pub struct Trial {
    /// What was asked and how it is judged.
    pub protocol: Protocol,
    /// The answers of the base.
    pub base: Option<Results>,
    /// The answers of the head.
    pub head: Results,
    /// The answers of the head to cases that are new in it.
    pub new: Option<Results>,
}

/// A run with the answers behind it.
#[derive(Debug)]
pub struct Judged {
    /// What it came to.
    pub run: Run,
    /// Its answers.
    pub scored: Scored,
    /// The index of its trial.
    pub trial: usize,
    /// How often each label was answered where each was expected.
    pub confusion: Option<Confusion>,
}

/// Everything that an evaluation says.
#[derive(Debug)]
pub struct Evaluation {
    /// What was asked, by trial.
    pub protocols: Vec<Protocol>,
    /// Every side of every trial.
    pub runs: Vec<Judged>,
    /// Heads against their bases.
    pub comparisons: Vec<Comparison>,
    /// The gates of the heads.
    pub gates: Vec<Gate>,
    /// Which look at the answers this is, from 1.
    pub look: u32,
}

impl Evaluation {
    /// The verdict of every trial, with one correction for all of them: asking again until a difference shows is as
    /// good a way to be misled as many comparisons are.
    pub fn of(trials: Vec<Trial>, look: u32) -> Self {
        let (mut runs, mut protocols, mut gates, mut pending) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (trial, Trial { protocol, base, head, new }) in trials.into_iter().enumerate() {
            let base = base.map(|base| Scored::of(base, &protocol.cases, &protocol.scorers));
            let base = base.map(|base| push(&mut runs, Judged::of(base, trial, &protocol, false)));
            let head = Scored::of(head, &protocol.cases, &protocol.scorers);
            let head = push(&mut runs, Judged::of(head, trial, &protocol, false));
            if let (Some(new), Some(scorers)) = (new, &protocol.new_scorers) {
                let new = Scored::of(new, &protocol.new, scorers);
                runs.push(Judged::of(new, trial, &protocol, true));
            }
            if let Some(base) = base {
                pending.push((base, head, protocol.margin, Paired::of(&runs[base].scored, &runs[head].scored)));
            }
            protocols.push(protocol);
        }
        let p: Vec<f64> = pending.iter().map(|(.., paired)| paired.p()).collect();
        let corrected =
            |all: &[f64]| -> Vec<f64> { holm(all).into_iter().map(|p| (p * f64::from(look)).min(1.0)).collect() };
        let adjusted = corrected(&p);
        let adjust = |at: usize, own: f64| {
            let mut all = p.clone();
            all[at] = own;
            corrected(&all)[at]
        };
        let compared = pending.iter().zip(&adjusted).enumerate();
        let comparisons: Vec<Comparison> = compared
            .map(|(at, ((base, head, margin, paired), p_holm))| {
                paired.comparison((*base, *head), *margin, *p_holm, |own| adjust(at, own))
            })
            .collect();
        for (at, judged) in runs.iter().enumerate().filter(|(_, judged)| !judged.run.new) {
            let compared = comparisons.iter().find(|comparison| comparison.head == at);
            let is_base = comparisons.iter().any(|comparison| comparison.base == at);
            if let Some(own) = protocols[judged.trial].gates.as_ref().filter(|_| !is_base) {
                gates.extend(gates::of(at, judged, own, compared, base_was_asked(&runs, judged)));
            }
        }
        Self { protocols, runs, comparisons, gates, look }
    }

    /// Yes where no gate is missed and nothing is worse; open where something was not measured.
    pub fn answer(&self) -> Answer {
        let of_verdict = |comparison: &Comparison| match comparison.verdict {
            Verdict::Worse => Answer::No,
            Verdict::NotMeasured => Answer::Open,
            _ => Answer::Yes,
        };
        let of_gate = |gate: &Gate| match gate.status {
            GateStatus::Missed => Answer::No,
            GateStatus::Open if gate.fails_open => Answer::No,
            GateStatus::Unknown => Answer::Open,
            _ => Answer::Yes,
        };
        // A side of which over a tenth is missing was not measured, with or without another one.
        let of_run = |judged: &Judged| {
            let asked = judged.scored.answers().count();
            let missing = asked - judged.scored.answers().filter(|answer| answer.points().is_some()).count();
            if missing * 10 > asked || asked == 0 { Answer::Open } else { Answer::Yes }
        };
        let all = self.comparisons.iter().map(of_verdict).chain(self.gates.iter().map(of_gate));
        all.chain(self.runs.iter().map(of_run)).max().unwrap_or(Answer::Yes)
    }
}

/// Whether a run has a base beside it in its trial.
fn base_was_asked(runs: &[Judged], own: &Judged) -> bool {
    runs.iter().filter(|other| other.trial == own.trial && !other.run.new).count() > 1
}

fn push<T>(list: &mut Vec<T>, item: T) -> usize {
    list.push(item);
    list.len() - 1
}

fn share(part: usize) -> u64 {
    u64::try_from(part).unwrap_or(u64::MAX)
}

impl Judged {
    fn of(scored: Scored, trial: usize, protocol: &Protocol, new: bool) -> Self {
        let (set, scorers) = match &protocol.new_scorers {
            Some(scorers) if new => (&protocol.new, scorers),
            _ => (&protocol.cases, &protocol.scorers),
        };
        let confusion = scorers.labels().map(|labels| {
            let mut confusion = Confusion::of(labels.to_vec());
            for (case, own) in set.cases.iter().zip(&scored.cases) {
                let expected = scorers.expected_label(case).unwrap_or_default();
                let answered = own.answers.iter().filter_map(|answer| answer.score.label.as_deref());
                answered.for_each(|answered| confusion.count(expected, answered));
            }
            confusion
        });
        let (right, ..) = scored.tally();
        let points = scored.cases.iter().map(|case| case.answers.iter().filter_map(super::scored::Graded::points));
        let points: Vec<Vec<i64>> = points.map(Iterator::collect).collect();
        let (score, interval) = rate(&points);
        let Side { context, variant, model, digest, commit } = scored.side.clone();
        let run = Run {
            context,
            variant,
            model,
            digest,
            commit,
            cases: share(scored.cases.len()),
            right,
            refused: share(scored.count(Grade::Refused)),
            errors: share(scored.count(Grade::Error) + scored.count(Grade::Missing)),
            flaky: share(scored.cases.iter().filter(|case| case.is_flaky()).count()),
            score: score.map(Decimal),
            interval: interval.map(ends),
            latency_ms: Latencies { p50: scored.latency(50), p95: scored.latency(95) },
            usd: scored.usd,
            cache: CacheRead { read: scored.cache_read, forecast: scored.forecast },
            recorded: scored.recorded,
            kappa: confusion.as_ref().and_then(Confusion::kappa).map(Decimal),
            macro_f1: confusion.as_ref().and_then(Confusion::macro_f1).map(Decimal),
            new,
        };
        Self { run, scored, trial, confusion }
    }
}

/// The mean score of one side and its 95 % interval: Wilson's for one right or wrong answer a case, else by the standard
/// error with the case as the unit.
fn rate(points: &[Vec<i64>]) -> (Option<f64>, Option<Interval>) {
    let answered: Vec<Vec<i64>> = points.iter().filter(|case| !case.is_empty()).cloned().collect();
    let Some((mean, error)) = clustered_error(&answered) else { return (None, None) };
    let (mean, error) = (mean / FULL_REAL, error / FULL_REAL);
    let is_plain = answered.iter().all(|case| matches!(case[..], [0 | FULL]));
    let interval = if is_plain {
        wilson(share(answered.iter().filter(|case| case[0] == FULL).count()), share(answered.len()))
    } else {
        Interval { low: (mean - Z_95 * error).max(0.0), high: (mean + Z_95 * error).min(1.0) }
    };
    (Some(mean), Some(interval))
}

/// [`FULL`] as a number that can be divided by.
const FULL_REAL: f64 = 1000.0;

/// The answers of two sides, case by case.
struct Paired {
    /// For each case with a pair of answers, the sum of the differences of its pairs.
    differences: Vec<i64>,
    /// How many pairs of answers there are.
    answers: u64,
    /// Who has which case right.
    pairs: Pairs,
    /// Answers without a partner.
    dropped: u64,
    /// For each case with an answer dropped, the least and the largest difference that it could have.
    worst: Vec<(i64, i64)>,
    test: TestName,
    /// Its p and its interval, once they were asked for: over thousands of cases they take a while.
    known: (OnceCell<f64>, OnceCell<Interval>),
}

impl Paired {
    fn of(base: &Scored, head: &Scored) -> Self {
        let mut own = Self {
            differences: Vec::new(),
            answers: 0,
            pairs: Pairs::default(),
            dropped: 0,
            worst: Vec::new(),
            test: TestName::McNemar,
            known: <_>::default(),
        };
        for (base, head) in base.cases.iter().zip(&head.cases) {
            let both = base.answers.iter().zip(&head.answers).map(|(base, head)| (base.points(), head.points()));
            let both: Vec<_> = both.collect();
            if both.len() != 1 || both.iter().any(|(base, head)| [base, head].iter().any(|side| is_partial(**side))) {
                own.test = TestName::SignFlip;
            }
            let (mut sum, mut known, mut low, mut high) = (0, 0_u64, 0, 0);
            for (base, head) in both {
                let (least, most) = match (base, head) {
                    (Some(base), Some(head)) => {
                        known += 1;
                        sum += head - base;
                        (head - base, head - base)
                    }
                    (Some(base), None) => (-base, FULL - base),
                    (None, Some(head)) => (head - FULL, head),
                    (None, None) => (-FULL, FULL),
                };
                own.dropped += u64::from(base.is_none() || head.is_none());
                (low, high) = (low + least, high + most);
            }
            if known > 0 {
                own.differences.push(sum);
                own.answers += known;
            }
            if low != high || known == 0 {
                own.worst.push((low - sum, high - sum));
            }
            match (base.is_right, head.is_right) {
                (Some(true), Some(true)) => own.pairs.both += 1,
                (Some(true), Some(false)) => own.pairs.lost += 1,
                (Some(false), Some(true)) => own.pairs.gained += 1,
                (Some(false), Some(false)) => own.pairs.neither += 1,
                _ => {}
            }
        }
        own
    }

    fn p(&self) -> f64 {
        *self.known.0.get_or_init(|| match self.test {
            TestName::McNemar => mcnemar(self.pairs.lost, self.pairs.gained),
            TestName::SignFlip => sign_flip(&self.differences),
        })
    }

    fn sum(&self) -> i64 {
        self.differences.iter().sum()
    }

    /// The 95 % interval of the mean difference.
    fn interval(&self) -> Interval {
        *self.known.1.get_or_init(|| match self.test {
            _ if self.differences.is_empty() => Interval { low: -1.0, high: 1.0 },
            TestName::McNemar => newcombe(self.pairs),
            TestName::SignFlip => {
                let (low, high) = bootstrap(&self.differences);
                Interval { low: self.mean(low), high: self.mean(high) }
            }
        })
    }

    /// A sum of differences over all answers, as a mean score.
    #[expect(clippy::cast_precision_loss, reason = "sums of scores are far below 2^53")]
    fn mean(&self, sum: i64) -> f64 {
        if self.answers == 0 { 0.0 } else { sum as f64 / FULL_REAL / self.answers as f64 }
    }

    /// The mean square of a case's difference; the share of cases that change sides where answers are right or wrong.
    #[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^53")]
    fn square(&self) -> f64 {
        let cases = self.differences.len().max(1) as f64;
        let repeats = self.answers as f64 / cases;
        let squares = self.differences.iter().map(|sum| (*sum as f64 / FULL_REAL / repeats.max(1.0)).powi(2));
        squares.sum::<f64>() / cases
    }

    /// These pairs with every answer that is missing at its worst, or at its best, for the head.
    fn imputed(&self, pick: impl Fn(&(i64, i64)) -> i64) -> Self {
        let mut differences = self.differences.clone();
        differences.extend(self.worst.iter().map(&pick));
        let count = |sign: i64| share(self.worst.iter().filter(|ends| pick(ends).signum() == sign).count());
        let pairs = Pairs {
            lost: self.pairs.lost + count(-1),
            gained: self.pairs.gained + count(1),
            neither: self.pairs.neither + count(0),
            ..self.pairs
        };
        let answers = self.answers + self.dropped;
        Self { differences, answers, pairs, dropped: 0, worst: Vec::new(), test: self.test, known: <_>::default() }
    }

    /// The verdict by an adjusted p: p decides whether there is a difference, the interval whether a loss is excluded.
    fn verdict(&self, p: f64, margin: f64) -> Verdict {
        match self.sum() {
            sum if p <= ALPHA && sum > 0 => Verdict::Better,
            sum if p <= ALPHA && sum < 0 => Verdict::Worse,
            _ if self.interval().low >= -margin => Verdict::NoDifferenceShown,
            _ => Verdict::TooFewCases,
        }
    }

    fn comparison(
        &self,
        (base, head): (usize, usize),
        margin: Share,
        p_holm: f64,
        adjust: impl Fn(f64) -> f64,
    ) -> Comparison {
        let margin = margin_real(margin);
        let all = self.answers + self.dropped;
        let by_scores = self.verdict(p_holm, margin);
        // Whether the answers that are missing could turn it.
        let is_turned = || {
            [self.imputed(|ends| ends.0), self.imputed(|ends| ends.1)].iter().any(|worst| {
                let verdict = worst.verdict(adjust(worst.p()), margin);
                verdict != by_scores && !(by_scores == Verdict::TooFewCases && verdict == Verdict::NoDifferenceShown)
            })
        };
        let is_lost = self.differences.is_empty() || self.dropped * 10 > all || self.dropped > 0 && is_turned();
        let verdict = if is_lost { Verdict::NotMeasured } else { by_scores };
        let n = share(self.differences.len());
        let enough = needed(self.square(), margin).filter(|needed| *needed > n);
        Comparison {
            base,
            head,
            n,
            lost: self.pairs.lost,
            gained: self.pairs.gained,
            dropped: self.dropped,
            difference: Decimal(self.mean(self.sum())),
            interval: ends(self.interval()),
            p: Decimal(self.p()),
            p_holm: Decimal(p_holm),
            test: self.test,
            margin: Decimal(margin),
            detectable: visible(n, self.square()).map(Decimal),
            needed: if verdict == Verdict::TooFewCases { enough } else { None },
            verdict,
        }
    }
}

/// Whether a score is neither none nor full.
fn is_partial(points: Option<i64>) -> bool {
    points.is_some_and(|points| points != 0 && points != FULL)
}

#[expect(clippy::cast_precision_loss, reason = "a share has at most nine digits")]
fn margin_real(margin: Share) -> f64 {
    margin.millionths as f64 / 1e6
}

#[cfg(test)]
pub(crate) mod tests;
