//! Traces of requests through the cache simulator, in a stream: nothing is held of a request but what its cache would hold.
//!
//! A line is a request: of Mooncake's traces (`timestamp` in milliseconds, `input_length`, `hash_ids` of its blocks), or our
//! own (`at` in seconds, `blocks` as pairs of a name and tokens).

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::{Step, Values};
use super::{Log, Tally};
use crate::cost::rules::Model;
use crate::cost::simulate::{
    BlockKind, Clock, Content, Contents, Horizon, Outcome, Prompts, Request, RequestBlock, Seconds, Simulator, Speaker,
};
use crate::prompt::segment::Tier;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Usd;

/// What a trace came to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TraceReport {
    /// `contexture.trace/1`.
    pub schema: &'static str,
    /// The model or engine.
    pub model: String,
    /// The context whose declared traffic it is; null for a trace.
    pub context: Option<String>,
    /// What its times were drawn with.
    pub seed: Option<u64>,
    /// How many requests.
    pub requests: u64,
    /// Their input tokens.
    pub input: u64,
    /// Of it, what the cache served.
    pub read: u64,
    /// What it kept at a price of its own.
    pub written: u64,
    /// Everything else.
    pub uncached: u64,
    /// Requests that read nothing.
    pub cold: u64,
    /// What the requests cost, in US dollars; null where a price is unknown, and for engines.
    pub usd: Option<Usd>,
    /// Seconds from the first to the last.
    pub seconds: u64,
    /// Lines that are no request, with the first.
    pub left_out: u64,
    /// `file:line` of the first.
    pub first_left_out: Option<String>,
    /// Whether nothing was cached, of a model that caches what a request marks: a trace marks nothing.
    pub unmarked: bool,
    /// Requests with a time before that of the one before, which were taken as sent at the same time.
    pub disordered: u64,
}

impl TraceReport {
    /// Of no request yet.
    pub(super) fn new(model: &Model) -> Self {
        Self {
            schema: "contexture.trace/1",
            model: model.name.to_string(),
            context: None,
            seed: None,
            requests: 0,
            input: 0,
            read: 0,
            written: 0,
            uncached: 0,
            cold: 0,
            usd: model.prices.as_ref().map(|_| Usd::ZERO),
            seconds: 0,
            left_out: 0,
            first_left_out: None,
            unmarked: false,
            disordered: 0,
        }
    }

    /// Adds what became of one request.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.requests += 1;
        self.input += outcome.input();
        self.read += outcome.read;
        self.written += outcome.written.iter().map(|(_, tokens)| tokens).sum::<u64>();
        self.uncached += outcome.uncached;
        self.cold += u64::from(outcome.read == 0);
        self.usd = self.usd.zip(outcome.cost).map(|(sum, cost)| sum + cost);
    }
}

/// A line as Mooncake or we write it.
#[derive(Deserialize)]
struct Line {
    timestamp: Option<f64>,
    at: Option<f64>,
    input_length: Option<u64>,
    hash_ids: Option<Vec<u64>>,
    blocks: Option<Vec<(String, u64)>>,
}

impl Line {
    /// When it was sent, and its blocks by a number that names their text.
    fn read(self, block: u64, name: impl Fn(&str) -> u64) -> Option<(Seconds, Vec<(u64, u64)>)> {
        let micros = self.at.map(|seconds| seconds * 1e6).or(self.timestamp.map(|millis| millis * 1e3))?;
        if !(0.0..1e18).contains(&micros) {
            return None;
        }
        let blocks = match (self.hash_ids, self.input_length, self.blocks) {
            (Some(ids), Some(input), None) => {
                let sized = ids.iter().enumerate().map(|(place, id)| {
                    let before = block.checked_mul(place as u64)?;
                    Some((*id, input.checked_sub(before).filter(|rest| *rest > 0)?.min(block)))
                });
                let blocks: Vec<(u64, u64)> = sized.collect::<Option<_>>()?;
                // Blocks that are not all of the input would make it shorter than it was.
                (blocks.iter().map(|(_, tokens)| tokens).sum::<u64>() == input).then_some(blocks)?
            }
            (None, None, Some(blocks)) => blocks.iter().map(|(text, tokens)| (name(text), *tokens)).collect(),
            _ => return None,
        };
        let total = blocks.iter().try_fold(0u64, |sum, (_, tokens)| sum.checked_add(*tokens))?;
        (total <= super::record::MOST_TOKENS).then_some((Seconds { micros: micros as u64 }, blocks))
    }
}

/// Sends every request of a trace, whose block hashes stand for `block` tokens each.
///
/// # Errors
/// When the trace cannot be read.
pub fn trace(log: Log, model: &Model, block: u64, live_at_ttl: bool) -> std::io::Result<TraceReport> {
    let mut values = Values::new(log.stream)?;
    let mut prompts = Prompts::new(model);
    let mut simulator = Simulator::new(model, Clock { horizon: Horizon::Expected, live_at_ttl });
    let (mut contents, mut known, hasher) =
        (Contents::new(), HashMap::<(u64, u64), Content>::new(), RandomState::new());
    let mut left_out = Tally::default();
    let (mut line, mut last, mut first) = (Vec::new(), Seconds::default(), None);
    let mut report = TraceReport::new(model);
    loop {
        let step = values.next(&mut line)?;
        if step == Step::End {
            break;
        }
        let read = (step == Step::Value)
            .then(|| serde_json::from_slice::<Line>(&line).ok()?.read(block, |text| hasher.hash_one(text)))
            .flatten();
        let request = read.map(|(at, blocks)| {
            let blocks = blocks.into_iter().map(|(id, tokens)| RequestBlock {
                content: *known.entry((id, tokens)).or_insert_with(|| contents.add(tokens, None)),
                tier: Tier::Messages,
                speaker: Speaker::User,
                kind: BlockKind::Text,
                mark: Mark::Free,
            });
            (at, Request { blocks: blocks.collect(), ..Request::default() })
        });
        let Some((at, request)) = request else {
            left_out.add(&log.name, values.line);
            continue;
        };
        let Ok(prepared) = prompts.prepare(&contents, &request) else {
            left_out.add(&log.name, values.line);
            continue;
        };
        report.disordered += u64::from(at < last);
        last = last.max(at);
        first.get_or_insert(at);
        report.add(simulator.send(&prepared, last, Seconds::default()));
    }
    let asks_for_marks = model.rules.explicit.is_some() && model.rules.implicit.is_none();
    report.unmarked = asks_for_marks && report.requests > 0 && report.read + report.written == 0;
    report.seconds = (last.micros - first.unwrap_or_default().micros) / 1_000_000;
    (report.left_out, report.first_left_out) = (left_out.count, left_out.first);
    Ok(report)
}
