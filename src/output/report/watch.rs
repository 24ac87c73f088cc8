//! The reports of `watch`: a line of JSON a round, a line of text a round.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::build::BrokenContext;
use super::cost::amount;
use super::inert;
use super::text::{counted, grouped};
use crate::output::record::DiagnosticRecord;
use crate::pipeline::watch::{Round, Step};
use crate::prompt::chain::Digest;
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::{Error, Failure};
use crate::text::lint::secret::masked_json;
use crate::text::project::ContextId;

/// The format of a line.
pub const SCHEMA: &str = "contexture.watch/1";

/// What `watch --format json` prints on one line for each settled build.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WatchReport<'a> {
    /// `contexture.watch/1`.
    pub schema: &'static str,
    /// Which build it is, from 1.
    pub seq: u64,
    /// Whether every context was built.
    pub status: Status,
    /// Every context that was built; none of them is an older one.
    pub contexts: Vec<WatchedContext<'a>>,
    /// Every context that could not be built.
    pub broken: Vec<BrokenContext<'a>>,
    /// What is wrong with the project as a whole, when no context could be tried.
    pub diagnostics: Vec<DiagnosticRecord>,
    /// Milliseconds from the first change that was noticed to the end of the build.
    pub ms: u64,
}

/// Whether every context was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every one.
    Ok,
    /// Not every one, or none could be tried.
    Broken,
}

/// A context that was built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WatchedContext<'a> {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// Digest of everything before the first input or history.
    pub prefix: Digest,
    /// Digest of all segments.
    pub full: Digest,
}

impl<'a> WatchReport<'a> {
    /// Reports a round.
    pub fn new(round: &'a Round) -> Self {
        let built = round.attempts().iter().filter_map(|attempt| attempt.result.as_ref().ok());
        let broken = round.attempts().iter().filter_map(|attempt| Some((&attempt.id, attempt.result.as_ref().err()?)));
        Self {
            schema: SCHEMA,
            seq: round.seq,
            status: if round.is_ok() { Status::Ok } else { Status::Broken },
            contexts: built
                .map(|build| WatchedContext { id: &build.id, prefix: build.chain.prefix(), full: build.chain.full() })
                .collect(),
            broken: broken.map(|(id, faults)| BrokenContext::of(id, faults)).collect(),
            diagnostics: DiagnosticRecord::all(&failure(round)),
            ms: milliseconds(round),
        }
    }

    /// As one line of JSON with its line break.
    pub fn json_line(&self) -> String {
        // Records are plain data with text keys, which serialise to memory without fail.
        inert::json(&masked_json(&serde_json::to_string(self).unwrap_or_default())) + "\n"
    }
}

/// A round as lines: what it came to, then each context that is not as it was.
pub fn lines(round: &Round) -> String {
    let attempts = round.attempts();
    let broken = attempts.iter().filter(|attempt| attempt.result.is_err()).count();
    let state = match (&round.outcome, broken) {
        (Err(_), _) => "nothing could be built".to_owned(),
        (Ok(_), 0) => format!("{} built", counted(attempts.len(), "context")),
        (Ok(_), _) => format!("{broken} of {} broken", counted(attempts.len(), "context")),
    };
    let mut drawn = format!("build {}, {} ms: {state}\n", round.seq, round.took.as_millis());
    for attempt in attempts {
        let before = round.before.get(&attempt.id);
        let line = match &attempt.result {
            Ok(build) if before.is_some_and(|before| Arc::ptr_eq(before, build)) => continue,
            Ok(build) => {
                let mut line = format!("{}  {} tokens", attempt.id, grouped(build.counts.text.tokens()));
                if let Some(before) = before {
                    let step = Step::between(before, build);
                    let (kept, of) = (grouped(step.kept), grouped(step.of));
                    line.push_str(&format!(" ({}), {kept} of {of} in the prefix kept", signed(step.tokens)));
                }
                for model in &build.models {
                    line.push_str(&format!(", {} warm with {}", amount(model.bill.warm), model.name));
                }
                line
            }
            Err(_) => format!("{}  broken", attempt.id),
        };
        drawn.push_str(&format!("  {}\n", inert::line(&line)));
    }
    drawn
}

/// A difference with its sign: `+1,204`, `-3`, `0`.
pub fn signed(tokens: i64) -> String {
    let sign = match tokens {
        1.. => "+",
        0 => "",
        _ => "-",
    };
    format!("{sign}{}", grouped(tokens.unsigned_abs()))
}

/// From the first change that was noticed to the end of the build.
pub fn milliseconds(round: &Round) -> u64 {
    u64::try_from(round.took.as_millis()).unwrap_or(u64::MAX)
}

/// Why no context could be tried, as diagnostics; none where they were.
pub fn failure(round: &Round) -> Vec<Diagnostic> {
    round.outcome.as_ref().err().map_or_else(Vec::new, faults)
}

/// Why there is no value, as diagnostics.
pub fn faults(failure: &Failure) -> Vec<Diagnostic> {
    match failure {
        Failure::Faults(faults) => faults.clone(),
        Failure::Error(error) => vec![of_world(error)],
    }
}

/// An error of the world in the form of a diagnostic.
fn of_world(error: &Error) -> Diagnostic {
    Diagnostic::error("not-built", error.to_string()).maybe_hint(error.cure().map(str::to_owned))
}

/// Every error of a round, in order: what keeps a context from being built, and what is denied in one
/// that was.
pub fn errors(round: &Round) -> Vec<Diagnostic> {
    let of_contexts = round.attempts().iter().flat_map(|attempt| match &attempt.result {
        Ok(build) => build.errors().cloned().collect(),
        Err(faults) => faults.clone(),
    });
    failure(round).into_iter().chain(of_contexts).filter(|fault| fault.severity == Severity::Error).collect()
}
