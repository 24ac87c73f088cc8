//! Verdicts and gates: what the scores of two sides, or of one, allow to be said.

pub mod gates;
mod judgement;
mod paired;

use std::fmt;

pub use judgement::{Agreement, Judgement};
use paired::{Paired, scores};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::judge::Judged;
use super::protocol::{DEFAULT_MARGIN, Protocol};
use super::scored::{Grade, Scored, ScoredCase};
use super::scorers::FULL;
use super::statistics::{Confusion, Interval, Z_95, clustered_error, holm, pass_at, pass_hat, wilson};
use super::{Results, Side};
use crate::pipeline::{Answer, Build};
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

impl Decimal {
    /// A part of a whole; `None` of nothing.
    #[expect(clippy::cast_precision_loss, reason = "counts of cases and characters are far below 2^53")]
    pub fn ratio(part: u64, of: u64) -> Option<Self> {
        (of > 0).then(|| Self(part as f64 / of as f64))
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
    /// What the repeats of a case say together; null where cases are asked once.
    pub repeats: Option<Repeats>,
    /// Agreement of labels beyond chance (Cohen's κ), where answers are labels.
    pub kappa: Option<Decimal>,
    /// The mean F1 of the declared labels.
    pub macro_f1: Option<Decimal>,
    /// Whether the cases are new in the head: asked of it alone, and compared with nothing.
    pub new: bool,
}

impl Run {
    /// Whether a build was asked, with a model of this name; cases that are new in it are another run.
    pub fn is_of(&self, build: &Build, model: &str) -> bool {
        let (name, variant) = (&*build.id.name, build.id.variant.as_deref());
        (&*self.context, self.variant.as_deref(), &*self.model, self.new) == (name, variant, model, false)
    }
}

/// What the repeats of a case say together, each a mean over the cases.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Repeats {
    /// So many answers to one case: the fewest that any case has.
    pub k: u64,
    /// pass@k: how likely at least one of them is right.
    pub any: Decimal,
    /// pass^k: how likely all of them are.
    pub all: Decimal,
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
    /// The same, adjusted for the looks at these answers and for all comparisons of this run.
    pub p_holm: Decimal,
    /// Which look at these answers it is, from 1.
    pub look: u32,
    /// The test.
    pub test: TestName,
    /// The largest loss that is taken.
    pub margin: Decimal,
    /// The smallest difference that so many cases show in 80 of 100 evaluations; null for none, however large.
    pub detectable: Option<Decimal>,
    /// How many cases would show a loss of the margin in 80 of 100 evaluations, where these are too few.
    pub needed: Option<u64>,
    /// Whether both sides send the very same requests, so that there is nothing to compare.
    pub same_requests: bool,
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
    /// Why it is not known, where its value does not say so.
    #[serde(skip)]
    pub why: Option<&'static str>,
    /// Whether it fails the run where it is open.
    #[serde(skip)]
    pub fails_open: bool,
}

/// One model of one context, asked.
#[derive(Debug)]
pub struct Trial {
    /// What was asked and how it is scored.
    pub protocol: Protocol,
    /// The answers of the base.
    pub base: Option<Results>,
    /// The answers of the head.
    pub head: Results,
    /// The answers of the head to cases that are new in it.
    pub new: Option<Results>,
    /// Whether base and head send the very same requests: then there is nothing to compare.
    pub is_same: bool,
    /// What a judge says of both.
    pub judged: Option<Judged>,
}

/// A run with the answers behind it.
#[derive(Debug)]
pub struct ScoredRun {
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
    pub runs: Vec<ScoredRun>,
    /// Heads against their bases.
    pub comparisons: Vec<Comparison>,
    /// The same by what judges say.
    pub judgements: Vec<Judgement>,
    /// The gates of the heads.
    pub gates: Vec<Gate>,
}

impl Evaluation {
    /// The verdict of every trial, with one correction for all of them: asking again until a difference shows is as
    /// good a way to be misled as many comparisons are.
    pub fn of(trials: Vec<Trial>) -> Self {
        let (mut runs, mut protocols, mut gates, mut pending) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (trial, Trial { protocol, base, head, new, is_same, judged }) in trials.into_iter().enumerate() {
            let base = base.map(|base| Scored::of(base, &protocol.cases, &protocol.scorers));
            let base = base.map(|base| push(&mut runs, ScoredRun::of(base, trial, &protocol, false)));
            let look = head.look;
            let head = Scored::of(head, &protocol.cases, &protocol.scorers);
            let head = push(&mut runs, ScoredRun::of(head, trial, &protocol, false));
            if let (Some(new), Some(scorers)) = (new, &protocol.new_scorers) {
                let new = Scored::of(new, &protocol.new, scorers);
                runs.push(ScoredRun::of(new, trial, &protocol, true));
            }
            if let Some(base) = base {
                let paired = Paired::of(scores(&runs[base].scored, &runs[head].scored), is_same);
                let (sides, margin) = ((base, head), protocol.margin);
                pending.push(Pending { sides, look, margin, paired, judged: None, can_fail: true });
                if let Some(judged) = judged {
                    let gate = protocol.gates.as_ref().and_then(|gates| gates.judge.as_ref());
                    let margin = gate.map_or(DEFAULT_MARGIN, |gate| gate.value);
                    let paired = Paired::of(judgement::pairs(&judged), is_same);
                    let can_fail = gate.is_some();
                    pending.push(Pending { sides, look, margin, paired, judged: Some(judged), can_fail });
                }
            }
            protocols.push(protocol);
        }
        // What sends the same requests cannot mislead, and is no comparison that others have to pay for. Nor is a judge that
        // fails nothing: a change could name one so that others pay. It pays for them.
        let is_paid = |own: &&Pending| own.can_fail && !own.paired.is_same;
        let p: Vec<f64> = pending.iter().filter(is_paid).map(|own| own.paired.p() * f64::from(own.look)).collect();
        let mut places = 0..p.len();
        let (mut comparisons, mut judgements) = (Vec::new(), Vec::new());
        for own in &pending {
            let at = if is_paid(&own) { places.next() } else { None };
            let adjust = |p_own: f64| {
                let (mut all, p_own) = (p.clone(), p_own * f64::from(own.look));
                match at {
                    Some(at) => all[at] = p_own,
                    None => all.push(p_own),
                }
                if own.paired.is_same { 1.0 } else { holm(&all)[at.unwrap_or(p.len())] }
            };
            let comparison = own.paired.comparison((own.sides, own.look), own.margin, adjust);
            match &own.judged {
                Some(judged) => judgements.push(Judgement::of(judged, comparison)),
                None => comparisons.push(comparison),
            }
        }
        for (at, scored_run) in runs.iter().enumerate().filter(|(_, scored_run)| !scored_run.run.new) {
            let compared = comparisons.iter().find(|comparison| comparison.head == at);
            let judgement = judgements.iter().find(|judgement| judgement.comparison.head == at);
            let is_base = comparisons.iter().any(|comparison| comparison.base == at);
            if let Some(own) = protocols[scored_run.trial].gates.as_ref().filter(|_| !is_base) {
                let has_base = base_was_asked(&runs, scored_run);
                gates.extend(gates::of(at, scored_run, own, (compared, judgement), has_base));
            }
        }
        Self { protocols, runs, comparisons, judgements, gates }
    }

    /// Yes where no gate is missed and nothing is worse; open where something was not measured.
    pub fn answer(&self) -> Answer {
        let of_verdict = |comparison: &Comparison| match comparison.verdict {
            Verdict::Worse => Answer::No,
            Verdict::NotMeasured => Answer::Open,
            _ => Answer::Yes,
        };
        // What a judge says fails nothing by itself; what it would say is not known.
        let of_judgement = |own: &Judgement| if own.is_unanswered() { Answer::Open } else { Answer::Yes };
        let of_gate = |gate: &Gate| match gate.status {
            GateStatus::Missed => Answer::No,
            GateStatus::Open if gate.fails_open => Answer::No,
            GateStatus::Unknown => Answer::Open,
            _ => Answer::Yes,
        };
        // A side that was not measured was not, with or without another one.
        let of_run = |own: &ScoredRun| if own.scored.is_measured() { Answer::Yes } else { Answer::Open };
        let all = self.comparisons.iter().map(of_verdict).chain(self.judgements.iter().map(of_judgement));
        let all = all.chain(self.gates.iter().map(of_gate));
        all.chain(self.runs.iter().map(of_run)).max().unwrap_or(Answer::Yes)
    }
}

/// A comparison before it is corrected for the others.
struct Pending {
    sides: (usize, usize),
    look: u32,
    margin: Share,
    paired: Paired,
    judged: Option<Judged>,
    /// Whether it can fail the run.
    can_fail: bool,
}

/// Whether a run has a base beside it in its trial.
fn base_was_asked(runs: &[ScoredRun], own: &ScoredRun) -> bool {
    runs.iter().filter(|other| other.trial == own.trial && !other.run.new).count() > 1
}

fn push<T>(list: &mut Vec<T>, item: T) -> usize {
    list.push(item);
    list.len() - 1
}

fn share(part: usize) -> u64 {
    u64::try_from(part).unwrap_or(u64::MAX)
}

impl ScoredRun {
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
            repeats: repeats(&scored),
            kappa: confusion.as_ref().and_then(Confusion::kappa).map(Decimal),
            macro_f1: confusion.as_ref().and_then(Confusion::macro_f1).map(Decimal),
            new,
        };
        Self { run, scored, trial, confusion }
    }

    /// What a call that was answered cost in the mean.
    pub fn mean_call(&self) -> Option<Usd> {
        let calls = i128::try_from(self.scored.answered().count()).ok().filter(|calls| *calls > 0)?;
        self.run.usd.map(|usd| Usd { femto: usd.femto / calls })
    }
}

/// pass@k and pass^k over the cases that were answered; `None` where one of them has a single answer.
fn repeats(scored: &Scored) -> Option<Repeats> {
    let answered = |case: &ScoredCase| case.answers.iter().filter(|answer| answer.points().is_some()).count();
    let tallies = scored.cases.iter().map(|case| (share(answered(case)), share(case.right())));
    let tallies: Vec<(u64, u64)> = tallies.filter(|(n, _)| *n > 0).collect();
    let k = tallies.iter().map(|(n, _)| *n).min().filter(|k| *k > 1)?;
    let mean = |of: fn(u64, u64, u64) -> f64| {
        let sum: f64 = tallies.iter().map(|(n, right)| of(*n, *right, k)).sum();
        Decimal(sum / tallies.iter().fold(0.0, |count, _| count + 1.0))
    };
    Some(Repeats { k, any: mean(pass_at), all: mean(pass_hat) })
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

#[expect(clippy::cast_precision_loss, reason = "a share has at most nine digits")]
pub(super) fn margin_real(margin: Share) -> f64 {
    margin.millionths as f64 / 1e6
}

#[cfg(test)]
pub(crate) mod tests;
