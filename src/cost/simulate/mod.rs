//! The cache simulator: timed requests against one model's rules.
//!
//! Returns, for each request, the tokens that are read, written (by TTL) and uncached, and what they
//! cost. `docs/simulator.md` tells the rules (R1 to R18) and the switches (U1 to U12) in prose.
//!
//! ```text
//! Request ──prepare──▶ Prepared ──send, at a time──▶ Outcome
//! ```
//!
//! [`Prompts::prepare`] resolves a request once: which of the model's mechanisms serves it, what its
//! prefixes are called, which boundaries it looks up and writes. [`Simulator::send`] then costs no
//! more than those boundaries, however long the prompt is, and allocates nothing when a prompt is
//! sent again.

mod bill;
mod block_boundary;
mod boundary;
mod breakpoint_only;
mod preparation;
mod engine;
mod entry;
mod object;
mod prefix;
mod prompt;
mod request;
mod slots;
mod tree;
mod units;

pub use engine::{ENGINES, engine};
pub use entry::{Clock, Horizon};
pub use prompt::{Prepared, Prompts, RuleBreach};
pub use request::{BlockKind, Call, Content, Contents, MAX_TOKENS, Object, Request, RequestBlock, Seconds, Speaker};

use boundary::Boundaries;
use entry::Moment;
use object::Objects;
use prefix::Prefixes;
use prompt::Plan;
use units::Units;

use crate::cost::rules::Model;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Tokens that the cache served.
    pub read: u64,
    /// Tokens that were written at a price of their own, by TTL, longest first; never 0. For a cached
    /// object: the tokens that it was created from.
    pub written: Vec<(Ttl, u64)>,
    /// All other input tokens.
    pub uncached: u64,
    /// Where nothing was read although a live prompt begins alike: the tokens in common, and the fewest of them that
    /// would have been read.
    pub too_short: Option<(u64, u64)>,
    /// An object that this request created: its TTL and tokens.
    pub stored: Option<(Ttl, u64)>,
    /// Cost of the request without storage; `None` when a price that it needs is unknown, and for
    /// engines.
    pub cost: Option<Usd>,
    /// Cost of storing what was created, for its whole TTL; `None` when the price is unknown.
    pub storage: Option<Usd>,
}

impl Outcome {
    /// Its cost in base-input-token units: how many uncached input tokens, at the price of a short
    /// request, would cost as much. For engines the tokens to prefill. An exact decimal where there
    /// is one, else rounded half to even at six places; `None` when unknown.
    pub fn cost_in_input_tokens(&self, model: &Model) -> Option<String> {
        match &model.prices {
            None => Some(self.uncached.to_string()),
            Some(prices) => bill::in_input_tokens(self.cost?, prices.base.input),
        }
    }

    /// Its input tokens. Those that an object is created from are counted once, as read.
    pub fn input(&self) -> u64 {
        let written = match self.stored {
            Some(_) => 0,
            None => self.written.iter().map(|(_, tokens)| tokens).sum(),
        };
        self.read + written + self.uncached
    }

    fn add_written(&mut self, ttl: Ttl, tokens: u64) {
        if tokens == 0 {
            return;
        }
        match self.written.iter_mut().find(|(own, _)| *own == ttl) {
            Some((_, sum)) => *sum += tokens,
            None => {
                let place = self.written.partition_point(|(own, _)| own.seconds > ttl.seconds);
                self.written.insert(place, (ttl, tokens));
            }
        }
    }

    fn clear(&mut self) {
        let mut written = std::mem::take(&mut self.written);
        written.clear();
        *self = Self { written, ..Self::default() };
    }
}

/// One model's cache as requests come in, in order of time.
#[derive(Debug, Clone)]
pub struct Simulator<'m> {
    model: &'m Model,
    clock: Clock,
    boundaries: Boundaries,
    prefixes: Prefixes,
    units: Units,
    objects: Objects,
    outcome: Outcome,
}

impl<'m> Simulator<'m> {
    /// An empty cache.
    pub fn new(model: &'m Model, clock: Clock) -> Self {
        Self {
            model,
            clock,
            boundaries: Boundaries::default(),
            prefixes: Prefixes::default(),
            units: Units::default(),
            objects: Objects::default(),
            outcome: Outcome::default(),
        }
    }

    /// Sends a prompt at a time not before that of the last one. All prompts of one simulator come
    /// from one [`Prompts`].
    pub fn send(&mut self, prompt: &Prepared, at: Seconds, first_token_after: Seconds) -> &Outcome {
        let moment = Moment {
            now: at.micros,
            readable: at.micros.saturating_add(first_token_after.micros),
            live_at_ttl: self.clock.live_at_ttl,
        };
        let outcome = &mut self.outcome;
        outcome.clear();
        let (clock, input) = (self.clock, prompt.input);
        let sent = (prompt.number, input);
        match &prompt.plan {
            Plan::Uncached => outcome.uncached = input,
            Plan::Boundaries(plan) => self.boundaries.send(plan, input, moment, clock, outcome),
            Plan::Prefix(rules, path) => self.prefixes.send((rules, path), sent, moment, clock, outcome),
            Plan::Units(rules, path) => self.units.send((rules, path), sent, moment, clock, outcome),
            Plan::Object(plan) => self.objects.send(plan, input, moment, outcome),
        }
        if let Some(prices) = &self.model.prices {
            outcome.cost = bill::cost(prices, input, prompt.implicit, outcome);
            outcome.storage = match outcome.stored {
                Some((ttl, tokens)) => prices.storage_of(ttl, tokens),
                None => Some(Usd::ZERO),
            };
        }
        outcome
    }
}

/// One request of a simulation: what is expected of it, and within which bounds.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What is expected.
    pub outcome: Outcome,
    /// The most that could be read, where the provider guarantees nothing (rule R13); then the least
    /// is 0. `None` where what is read is guaranteed.
    pub upper: Option<u64>,
    /// Blocks whose TTL the model lacks, with the one that they got.
    pub rounded: Vec<(usize, Ttl)>,
}

/// Replays calls, in order of time, against one model. `Err` holds every rule of the provider that
/// one of them breaks; then nothing is simulated.
pub fn simulate<'a>(
    model: &Model,
    contents: &Contents,
    calls: impl IntoIterator<Item = &'a Call>,
    live_at_ttl: bool,
) -> Result<Vec<Sent>, Vec<RuleBreach>> {
    let mut prompts = Prompts::new(model);
    let mut breaches = Vec::new();
    let mut prepared = Vec::new();
    for (number, call) in calls.into_iter().enumerate() {
        match prompts.prepare(contents, &call.request) {
            Ok(prompt) => prepared.push((call, prompt)),
            Err(own) => breaches.extend(own.into_iter().map(|breach| RuleBreach { request: number, ..breach })),
        }
    }
    if !breaches.is_empty() {
        return Err(breaches);
    }
    let mut expected = Simulator::new(model, Clock { horizon: Horizon::Expected, live_at_ttl });
    let mut longest = Simulator::new(model, Clock { horizon: Horizon::Longest, live_at_ttl });
    let sent = prepared.iter().map(|(call, prompt)| {
        let upper = longest.send(prompt, call.at, call.first_token_after).read;
        Sent {
            outcome: expected.send(prompt, call.at, call.first_token_after).clone(),
            upper: (!prompt.is_guaranteed()).then_some(upper),
            rounded: prompt.rounded().to_vec(),
        }
    });
    Ok(sent.collect())
}

/// How many tokens of `new` the cache can serve right after `old` was in use: the longest boundary
/// of the new layout at which an old entry exists and can be reached (rule R10). Both come from the
/// `Prompts` of this model.
pub fn served(model: &Model, old: &Prepared, new: &Prepared) -> u64 {
    let mut simulator = Simulator::new(model, Clock { horizon: Horizon::Longest, live_at_ttl: false });
    // Twice: a prefix unit exists once two requests have shown it. A minute apart, so that it is built.
    for at in [0, 60] {
        simulator.send(old, Seconds::whole(at), Seconds::default());
    }
    let outcome = simulator.send(new, Seconds::whole(120), Seconds::default());
    // An object that had to be made first was not there to serve anything.
    if outcome.stored.is_some() { 0 } else { outcome.read }
}
