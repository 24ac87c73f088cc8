//! What an evaluation says: for people, for a pull request, for programs and for CI servers.
//!
//! Answers are text of a model, and so are the reasons of the scorers that quote them: they are shown like any text of
//! the repository, harmless and short.

mod junit;
mod markdown;
mod record;
mod terminal;

use schemars::JsonSchema;
use serde::Serialize;

use super::text::{counted, grouped};
use crate::evaluate::Case;
use crate::evaluate::scored::{Grade, ScoredCase};
use crate::evaluate::trials::Replay;
use crate::evaluate::verdict::{
    Agreement, Comparison, Decimal, Evaluation, Gate, GateStatus, Judgement, Run, ScoredRun, Verdict,
};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::source::Span;
use crate::text::lint::secret::masked;

pub use junit::junit;
pub use markdown::{markdown, section};
pub use record::Recorded;
pub use terminal::{recorded, text};

/// The output of `eval --format json`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EvalReport<'a> {
    /// `contexture.eval/1`.
    pub schema: &'static str,
    /// Each side of each context with each model: the base, the head, and the cases that are new in the head.
    pub runs: Vec<&'a Run>,
    /// Heads against their bases; `base` and `head` are indices of `runs`.
    pub comparisons: &'a [Comparison],
    /// What judges prefer; `base` and `head` are indices of `runs`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(default)]
    pub judgements: &'a [Judgement],
    /// What had to be so; `run` is an index of `runs`.
    pub gates: &'a [Gate],
}

impl<'a> EvalReport<'a> {
    /// The report.
    pub fn new(evaluation: &'a Evaluation) -> Self {
        let runs = evaluation.runs.iter().map(|scored_run| &scored_run.run).collect();
        Self {
            schema: "contexture.eval/1",
            runs,
            comparisons: &evaluation.comparisons,
            judgements: &evaluation.judgements,
            gates: &evaluation.gates,
        }
    }
}

/// What an evaluation fails or leaves open, for annotations and code scanning: at the place of `eval` in the manifest.
pub fn diagnostics(evaluation: &Evaluation) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for row in rows(evaluation) {
        let mut say = |code, is_no: Option<bool>, what: String| {
            let message = format!("{} with {}: {what}", row.name(), row.head.run.model);
            let diagnostic = match is_no {
                Some(true) => Diagnostic::error(code, message),
                Some(false) => Diagnostic::warning(code, message),
                None => Diagnostic::open(code, message),
            };
            found.push(diagnostic.at(row.place));
        };
        if let (Some(own), Some(said)) = (row.comparison, row.verdict()) {
            match own.verdict {
                Verdict::Worse => say("worse", Some(true), said),
                Verdict::NotMeasured => say("not-measured", None, said),
                Verdict::TooFewCases => say("too-few-cases", Some(false), said),
                Verdict::Better | Verdict::NoDifferenceShown => {}
            }
        }
        if row.judgement.is_some_and(Judgement::is_unanswered) {
            say("not-judged", None, row.judge().join("; "));
        }
        for own in &row.gates {
            let is_no = match own.status {
                GateStatus::Met => continue,
                GateStatus::Missed => Some(true),
                GateStatus::Open => Some(own.fails_open),
                GateStatus::Unknown => None,
            };
            say("eval-gate", is_no, format!("gate {}", gate(own)));
        }
        for said in row.missing() {
            say("not-recorded", None, said);
        }
    }
    found
}

/// What is left to do of a replay: the command that asks for what is missing, and what could not be evaluated.
fn open_ends(replay: &Replay, command: &str) -> Vec<(String, String)> {
    let missing = |count: u64| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        (
            format!("{} not recorded, so nobody knows; this asks for them: ", counted(count, "answer")),
            command.to_owned(),
        )
    };
    let broken = replay.broken.iter().filter(|fault| fault.severity == Severity::Error);
    let broken = broken.map(|fault| ("cannot be evaluated: ".to_owned(), masked(&fault.message).into_owned()));
    let in_batches = replay
        .uncollected
        .iter()
        .map(|said| (format!("{}; this takes them up: ", masked(said)), format!("{command} --batch")));
    (replay.missing > 0).then(|| missing(replay.missing)).into_iter().chain(in_batches).chain(broken).collect()
}

/// A head with everything that is said of it.
struct Row<'a> {
    /// Its index among the runs.
    at: usize,
    head: &'a ScoredRun,
    base: Option<&'a ScoredRun>,
    new: Option<&'a ScoredRun>,
    comparison: Option<&'a Comparison>,
    judgement: Option<&'a Judgement>,
    gates: Vec<&'a Gate>,
    cases: &'a [Case],
    /// How many comparisons there are in all.
    comparisons: usize,
    /// Whether the cases are the change's own, because its base has none.
    is_own: bool,
    /// Where the manifest says what is evaluated.
    place: &'a Span,
}

/// The heads of an evaluation.
fn rows(evaluation: &Evaluation) -> Vec<Row<'_>> {
    let Evaluation { protocols, runs, comparisons, judgements, gates } = evaluation;
    let compared = || comparisons.iter().chain(judgements.iter().map(|judgement| &judgement.comparison));
    let is_base = |at: usize| comparisons.iter().any(|comparison| comparison.base == at);
    let heads = runs.iter().enumerate().filter(|(at, scored_run)| !scored_run.run.new && !is_base(*at));
    heads
        .filter_map(|(at, head)| {
            let comparison = comparisons.iter().find(|comparison| comparison.head == at);
            let protocol = protocols.get(head.trial)?;
            Some(Row {
                at,
                head,
                base: comparison.and_then(|comparison| runs.get(comparison.base)),
                new: runs.iter().find(|other| other.trial == head.trial && other.run.new),
                comparison,
                judgement: judgements.iter().find(|judgement| judgement.comparison.head == at),
                gates: gates.iter().filter(|gate| gate.run == at).collect(),
                cases: &protocol.cases.cases,
                comparisons: compared().filter(|own| !own.same_requests).count(),
                is_own: protocol.is_own,
                place: &protocol.place,
            })
        })
        .collect()
}

impl Row<'_> {
    /// `triage@short`.
    fn name(&self) -> String {
        named(&self.head.run)
    }

    /// Cases that one side alone has right: whether it is the base, the case, and the case on both sides.
    fn flips(&self) -> Vec<(bool, &Case, &ScoredCase, &ScoredCase)> {
        let Some(base) = self.base else { return Vec::new() };
        let pairs = self.cases.iter().zip(base.scored.cases.iter().zip(&self.head.scored.cases));
        let flip = |(case, (base, head)): (_, (&ScoredCase, &ScoredCase))| match (base.is_right, head.is_right) {
            (Some(true), Some(false)) => Some((true, case)),
            (Some(false), Some(true)) => Some((false, case)),
            _ => None,
        };
        let pairs = pairs.filter_map(|(case, (base, head))| {
            let (is_lost, case) = flip((case, (base, head)))?;
            Some((is_lost, case, base, head))
        });
        let mut flips: Vec<_> = pairs.collect();
        flips.sort_by_key(|(is_lost, ..)| !is_lost);
        flips
    }

    /// For each side of which answers are missing, how many.
    fn missing(&self) -> Vec<String> {
        let sides = [(self.base, " of the base"), (Some(self.head), ""), (self.new, " to new cases")];
        let missing = sides.into_iter().filter_map(|(scored_run, of)| {
            let scored = &scored_run?.scored;
            let (missing, all) = (scored.count(Grade::Missing), scored.answers().count());
            (missing > 0).then(|| format!("{missing} of {all} answers{of} are not recorded"))
        });
        missing.collect()
    }

    /// The verdict in a sentence, what is excluded first.
    fn verdict(&self) -> Option<String> {
        self.comparison.map(|own| {
            self.verdict_of(own, ["case has an answer on both sides", "answer", "missing on one side or both"])
        })
    }

    /// What a judge prefers, in sentences: the counts, the verdict, and how far it is to be trusted.
    fn judge(&self) -> Vec<String> {
        let Some(own) = self.judgement else { return Vec::new() };
        let variant = own.variant.as_ref().map(|variant| format!("@{variant}")).unwrap_or_default();
        let parts = |all: &[(u64, &str)]| {
            let some = all.iter().filter(|(count, _)| *count > 0);
            let some: Vec<String> = some.map(|(count, what)| format!("{} {what}", grouped(*count))).collect();
            if some.is_empty() { String::new() } else { format!(" ({})", some.join(", ")) }
        };
        let ties = parts(&[(own.orders_disagree, "where the orders disagree"), (own.same_text, "of the same text")]);
        let missing = parts(&[(own.missing, "without its answer")]);
        let [all, head, base] = [own.pairs, own.head_preferred, own.base_preferred].map(grouped);
        let counts = format!(
            "judge {}{variant} ({}): of {all} pairs it prefers the head in {head}, the base in {base}; ties {}{ties}, no verdict {}{missing}",
            own.judge, own.model, own.ties, own.no_verdict
        );
        let Agreement { labelled, unanswered, share, kappa } = &own.agreement;
        let asked = grouped(labelled - unanswered);
        let kappa = kappa.map_or_else(|| "?".to_owned(), |kappa| format!("{:.2}", kappa.0));
        let agrees = match share {
            Some(share) => format!("agrees with {} % of {asked} labelled pairs, κ {kappa}", points(share.0)),
            None => "its agreement with people is not known".to_owned(),
        };
        let verdict = self.verdict_of(&own.comparison, ["pair of answers has a verdict", "pair", "without a verdict"]);
        let (trust, verdict) = match own.trusted {
            true => (agrees, verdict),
            false => (format!("not trusted: {}; {agrees}", own.doubts.join("; ")), format!("if it were: {verdict}")),
        };
        let longer = own.longer_preferred.zip(own.characters.as_ref()).map(|(longer, [base, head])| {
            format!(
                "it prefers the longer answer in {} % of pairs (mean length {:.0} characters, of the base {:.0})",
                points(longer.0),
                head.0,
                base.0
            )
        });
        [counts, trust, verdict].into_iter().chain(longer).collect()
    }

    /// The verdict in words; `lacks` says that nothing was compared, what is missing, and where.
    fn verdict_of(&self, own: &Comparison, lacks: [&str; 3]) -> String {
        if own.same_requests && own.verdict == Verdict::NoDifferenceShown {
            return "no difference: both sides send the same requests".to_owned();
        }
        let (low, high) = (own.interval[0].0, own.interval[1].0);
        let p = match (self.comparisons, own.look) {
            (1, 1) => format!("p {}", own.p),
            (all, 1) => format!("p {} ({} over {all} comparisons)", own.p, own.p_holm),
            (1, looks) => format!("p {} ({} at look {looks})", own.p, own.p_holm),
            (all, looks) => format!("p {} ({} over {all} comparisons, at look {looks})", own.p, own.p_holm),
        };
        let difference =
            format!("{} points (95 %: {} to {}), {p}", signed(own.difference.0), signed(low), signed(high));
        let excluded = match low {
            low if low <= -1.0 => String::new(),
            low => format!("a loss over {} points is excluded", points(-low)),
        };
        match own.verdict {
            Verdict::Better => format!("better: {difference}"),
            Verdict::Worse => format!("worse: {difference}"),
            // The p decides, the interval describes: it may leave out 0 where an exact p does not.
            Verdict::NoDifferenceShown if low >= 0.0 => {
                format!("no difference shown: a loss is excluded, and a gain is not certain enough; {difference}")
            }
            Verdict::NoDifferenceShown => format!("no difference shown: {excluded}; {difference}"),
            Verdict::TooFewCases => {
                let first = if excluded.is_empty() { "no loss is excluded".to_owned() } else { excluded };
                let needed = match own.needed {
                    Some(needed) => format!("; {} cases would tell", grouped(needed)),
                    None => String::new(),
                };
                let margin = points(own.margin.0);
                format!("too few cases: {first}, one of {margin} points is not{needed}; {difference}")
            }
            Verdict::NotMeasured if own.n == 0 => format!("not measured: no {}", lacks[0]),
            Verdict::NotMeasured => {
                let dropped = usize::try_from(own.dropped).unwrap_or(usize::MAX);
                format!("not measured: {} {} could turn it", counted(dropped, lacks[1]), lacks[2])
            }
        }
    }

    /// What so many cases can and cannot show.
    fn sees(&self) -> Option<String> {
        let own = self.comparison.filter(|own| own.n > 0 && !own.same_requests)?;
        let flips = own.lost + own.gained;
        let size = format!("{} cases on both sides, {flips} of them right on one alone", grouped(own.n));
        Some(match &own.detectable {
            Some(least) => format!(
                "{size}: a difference of {} points or more shows in 80 of 100 evaluations, smaller ones often do not",
                points(least.0)
            ),
            None => format!("{size}: no difference shows reliably, however large"),
        })
    }
}

/// `triage@short`.
fn named(run: &Run) -> String {
    let variant = run.variant.as_ref().map(|variant| format!("@{variant}"));
    format!("{}{}", run.context, variant.unwrap_or_default())
}

/// A share in points: `7.6`.
fn points(share: f64) -> String {
    let shown = format!("{:.1}", share * 100.0);
    shown.strip_suffix(".0").map_or(shown.clone(), str::to_owned)
}

/// A difference in points with its sign: `+7.6`, `−5`, `0`.
fn signed(share: f64) -> String {
    match points(share) {
        shown if shown == "0" || shown == "-0" => "0".to_owned(),
        shown => shown.strip_prefix('-').map_or(format!("+{shown}"), |rest| format!("−{rest}")),
    }
}

/// A score with its interval: `82.8 % (71.8 to 90.1)`.
fn quality(run: &Run) -> String {
    match (&run.score, &run.interval) {
        (Some(score), Some([low, high])) => {
            format!("{} % ({} to {})", points(score.0), points(low.0), points(high.0))
        }
        _ => "?".to_owned(),
    }
}

fn call(scored_run: &ScoredRun) -> String {
    scored_run.mean_call().map_or_else(|| "?".to_owned(), super::cost::brief)
}

/// What is expected of a case, as text.
fn expected(case: &Case) -> String {
    case.expect.as_str().map_or_else(|| case.expect.to_string(), str::to_owned)
}

fn milliseconds(latency: Option<u64>) -> String {
    latency.map_or_else(|| "?".to_owned(), |latency| format!("{} ms", grouped(latency)))
}

/// A gate in words: `pass 85 %: open at 82.8 %`.
fn gate(gate: &Gate) -> String {
    let shown = |value: &str| match (gate.name, value.parse::<f64>()) {
        ("regression" | "judge", Ok(loss)) if loss <= 0.0 => "no loss".to_owned(),
        ("pass" | "regression" | "judge", Ok(share)) => format!("{} %", points(share)),
        ("cost_per_call", _) => format!("${value}"),
        ("latency_p95", _) => format!("{value} ms"),
        _ => value.to_owned(),
    };
    let actual = gate.actual.as_deref().map_or_else(|| "not known".to_owned(), shown);
    let status = match gate.status {
        GateStatus::Open if gate.fails_open => "open, and so missed",
        GateStatus::Open => "open: too few cases to tell",
        status => status.as_str(),
    };
    let why = gate.why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{} {}: {status}{why} ({actual})", gate.name, shown(&gate.limit))
}

/// Why a case is what it is: the first answer that is not right, and its reasons.
fn why(case: &ScoredCase) -> String {
    let Some(answer) = case.answers.iter().find(|answer| answer.grade != Grade::Right) else { return String::new() };
    let why = if answer.score.reasons.is_empty() { answer.text.clone() } else { answer.score.reasons.join("; ") };
    if case.answers.len() > 1 { format!("{} of {} right; {why}", case.right(), case.answers.len()) } else { why }
}

/// Cases whose answers differ among their repeats, or are missing.
fn listed<'a>(
    row: &'a Row,
    is_listed: impl Fn(&ScoredCase) -> bool + 'a,
) -> impl Iterator<Item = (&'a Case, &'a ScoredCase)> {
    row.cases.iter().zip(&row.head.scored.cases).filter(move |(_, case)| is_listed(case))
}

/// Whether an answer of a case is missing.
fn is_unanswered(case: &ScoredCase) -> bool {
    case.answers.iter().any(|answer| answer.points().is_none())
}

/// Whether an answer of a case is a refusal.
fn is_refused(case: &ScoredCase) -> bool {
    case.answers.iter().any(|answer| answer.grade == Grade::Refused)
}

/// Agreement of labels in a phrase.
fn agreement(run: &Run) -> Option<String> {
    let shown = |number: &Option<Decimal>| number.map_or_else(|| "?".to_owned(), |number| format!("{:.2}", number.0));
    let is_answered = run.errors < run.cases;
    (is_answered && (run.kappa.is_some() || run.macro_f1.is_some()))
        .then(|| format!("macro-F1 {}, κ {}", shown(&run.macro_f1), shown(&run.kappa)))
}

#[cfg(test)]
mod tests;
