//! What the page shows of an evaluation: the report of programs, and beside it what only people look at.

use schemars::JsonSchema;
use serde::Serialize;

use super::{EvalReport, Row, ScoredRun, expected, gate, open_ends, rows};
use crate::evaluate::scored::ScoredCase;
use crate::evaluate::statistics::Confusion;
use crate::evaluate::trials::Replay;
use crate::output::report::text::cut;
use crate::syntax::quantity::Usd;

/// The most flipped cases of one head, and the most characters of an answer.
const FLIPS: usize = 200;
const ANSWER: usize = 2_000;
/// The most labels of a table of them.
const LABELS: usize = 20;

/// What recorded answers say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Recorded<'a> {
    /// The figures, as `eval --replay --format json` says them.
    pub report: EvalReport<'a>,
    /// Everything that is evaluated, in the order of the report.
    pub heads: Vec<Head>,
    /// What is missing or cannot be evaluated, each with the command or the fault that belongs to it.
    pub said: Vec<(String, String)>,
}

/// One model of one context.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Head {
    /// The context and its variant.
    pub name: String,
    /// The index of its run in the report.
    pub run: usize,
    /// That of its base, if there is one.
    pub base: Option<usize>,
    /// What a call cost in the mean; null where that is not known.
    pub call: Option<Usd>,
    /// The same of the base.
    pub base_call: Option<Usd>,
    /// The verdict, the gates and what is missing, in sentences.
    pub said: Vec<String>,
    /// Which labels are taken for which.
    pub confusion: Option<Matrix>,
    /// Cases that one side alone has right.
    pub flips: Vec<Flip>,
    /// How many more there are.
    pub left_out: usize,
}

/// How often each label was answered where each was expected.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Matrix {
    /// The labels.
    pub labels: Vec<String>,
    /// A row for each expected label: how often each was answered, and last, how often none was.
    pub counts: Vec<Vec<u64>>,
}

/// A case that one side alone has right, with both answers: text of a model, untrusted wherever it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Flip {
    /// Its id.
    pub case: String,
    /// Whether it is the base that has it right.
    pub lost: bool,
    /// What is expected.
    pub expected: String,
    /// The answers of the base.
    pub before: Vec<String>,
    /// Those of the head.
    pub after: Vec<String>,
}

impl<'a> Recorded<'a> {
    /// What a page says of a replay; `command` asks for what is missing.
    pub fn of(replay: &'a Replay, command: &str) -> Self {
        let heads = rows(&replay.evaluation).iter().map(head).collect();
        Self { report: EvalReport::new(&replay.evaluation), heads, said: open_ends(replay, command) }
    }
}

fn head(row: &Row) -> Head {
    let answers = |case: &ScoredCase| case.answers.iter().map(|answer| cut(&answer.text, ANSWER)).collect();
    let flips = row.flips();
    let gates = row.gates.iter().map(|own| format!("gate {}", gate(own)));
    Head {
        name: row.name(),
        run: row.at,
        base: row.comparison.map(|own| own.base),
        call: row.head.mean_call(),
        base_call: row.base.and_then(ScoredRun::mean_call),
        said: row
            .verdict()
            .into_iter()
            .chain(row.sees())
            .chain(row.judge())
            .chain(gates)
            .chain(row.missing())
            .collect(),
        confusion: row.head.confusion.as_ref().and_then(matrix),
        left_out: flips.len().saturating_sub(FLIPS),
        flips: flips
            .into_iter()
            .take(FLIPS)
            .map(|(lost, case, base, head)| Flip {
                case: case.id.to_string(),
                lost,
                expected: cut(&expected(case), ANSWER),
                before: answers(base),
                after: answers(head),
            })
            .collect(),
    }
}

/// `None` where nothing was answered, or there are more labels than anybody looks at.
fn matrix(confusion: &Confusion) -> Option<Matrix> {
    let labels = confusion.labels();
    let columns = || labels.iter().map(String::as_str).chain([Confusion::NO_LABEL]);
    let row = |expected: &String| columns().map(|answered| confusion.at(expected, answered)).collect();
    let counts: Vec<Vec<u64>> = labels.iter().map(row).collect();
    let is_answered = counts.iter().flatten().any(|count| *count > 0);
    (is_answered && labels.len() <= LABELS).then(|| Matrix { labels: labels.to_vec(), counts })
}
