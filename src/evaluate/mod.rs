//! Answers of a model to the cases of a context: whether a change is an improvement.
//!
//! The cases of a manifest's `eval` are asked with the prompt of the base and with that of the head, and the answers
//! of both sides are compared case by case. The types of this file are what the network half (answers asked, recorded
//! and replayed) hands to the other half (scores, statistics, verdicts): [`CaseSet`] goes in, [`Results`] come out.

pub mod cases;
pub mod statistics;
pub mod scorers;
pub mod judge;
pub mod protocol;
pub mod endpoint;
pub mod counted;
pub mod answers;
pub mod run;
pub mod scored;
pub mod verdict;
pub mod trials;
pub mod advice;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::prompt::chain::Digest;
use crate::syntax::quantity::Usd;
use crate::syntax::source::Span;

/// One case of an evaluation: what goes into the inputs of a prompt, and what is expected back.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, unique in its set: `id` of its record, else the record's number.
    pub id: Arc<str>,
    /// A value for every input of the context: text as it is, anything else as JSON.
    pub inputs: BTreeMap<Arc<str>, Value>,
    /// What the scorers hold the answer against; null where the record expects nothing in particular.
    pub expect: Value,
    /// What reports group cases by.
    pub tags: Vec<Arc<str>>,
    /// How often it is asked: by the record, else by the manifest; at least 1.
    pub repeats: u32,
    /// How many of its repeats have to be right: by the record, else all of them.
    pub pass: u32,
    /// Where its record is.
    pub span: Span,
}

/// The cases of one context, in the order of their files.
#[derive(Debug, Clone)]
pub struct CaseSet {
    /// The cases.
    pub cases: Vec<Case>,
    /// What they say, whatever file says it: ids, inputs, expectations, repeats. With the digests of both sides, the
    /// model and the settings it is what one look at the answers belongs to.
    pub digest: Digest,
}

/// Which prompt was asked, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The context.
    pub context: String,
    /// Its variant, if one.
    pub variant: Option<String>,
    /// The model.
    pub model: String,
    /// The full digest of its chain, as printed. Settings are not part of it; they are of the recorded requests.
    pub digest: String,
    /// The commit that it was built from; `None` for a tree that no commit holds.
    pub commit: Option<String>,
}

/// Every answer of one side.
#[derive(Debug, Clone)]
pub struct Results {
    /// Whose answers.
    pub side: Side,
    /// Which look at them this is, from 1.
    pub look: u32,
    /// For each case of the set, in its order, the outcome of each of its repeats.
    pub outcomes: Vec<Vec<Outcome>>,
    /// What all these answers cost when they were asked, replayed ones included; `None` where a price is not known.
    pub usd: Option<Usd>,
    /// Input tokens that were expected to be read from the cache; `None` where the plan does not know.
    pub forecast: Option<u64>,
    /// How many of the answers are recorded by this change: the tree of the base does not have them. `None` where no
    /// such tree was named.
    pub recorded: Option<u64>,
}

/// What came of asking one case once.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The model answered, whatever the answer is worth.
    Answered(Answered),
    /// There is no answer: what went wrong, without any secret. It counts neither as right nor as wrong.
    Error(String),
    /// Nothing is recorded, and nobody was asked.
    Missing,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The text of it.
    pub text: String,
    /// Why it ends.
    pub stop: Stop,
    /// What the endpoint counted.
    pub usage: Usage,
    /// From sending the request to the end of the answer, of the attempt that succeeded; of a batch nobody knows it.
    pub latency_ms: Option<u64>,
    /// To the first token, where the answer was streamed.
    pub first_token_ms: Option<u64>,
    /// Scheme, host and port that answered.
    pub origin: String,
    /// The model that the endpoint says it is.
    pub model: String,
    /// How often it was asked until it answered, at least 1.
    pub attempts: u32,
}

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The model had said all.
    Complete,
    /// A limit of tokens cut it.
    Cut,
    /// The model or its provider refused.
    Refused,
}

/// Tokens of one call, in parts that do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input that was neither read from the cache nor written to it.
    pub input: u64,
    /// Input read from the cache.
    pub cache_read: u64,
    /// Input written to the cache for the provider's default lifetime.
    pub cache_write: u64,
    /// Input written to the cache for an hour.
    pub cache_write_1h: u64,
    /// Output, reasoning included.
    pub output: u64,
}
