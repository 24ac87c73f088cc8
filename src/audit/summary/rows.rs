//! What an audit prints, row by row.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::causes::Cause;
use crate::audit::forecast::Verdict;
use crate::audit::money::Cost;
use crate::syntax::quantity::Usd;

/// A format, and how it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FormatSum {
    /// Its name.
    pub format: &'static str,
    /// How many requests are of it.
    pub requests: u64,
    /// How its usage is read.
    pub reading: &'static str,
    /// What it cannot say.
    pub unknown: &'static str,
}

/// An amount of what could be priced.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub struct Amount {
    /// US dollars; null where the logs leave it open.
    pub usd: Option<Usd>,
    /// The least that it can be.
    pub low: Usd,
    /// The most.
    pub high: Usd,
}

impl From<Cost> for Amount {
    fn from(cost: Cost) -> Self {
        Self { usd: cost.known(), low: cost.low, high: cost.high }
    }
}

/// What some requests cost.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Paid {
    /// What those cost that have a price; open where none has one.
    #[serde(flatten)]
    pub amount: Amount,
    /// Those whose price is not known.
    pub unpriced: u64,
}

/// Tokens and money of all requests.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Totals {
    /// What was paid.
    #[serde(flatten)]
    pub paid: Amount,
    /// Requests that this covers.
    pub priced: u64,
    /// Input that no cache served or kept.
    pub uncached: u64,
    /// Input that caches served.
    pub read: u64,
    /// Input that caches kept, by lifetime.
    pub write: BTreeMap<String, u64>,
    /// Output.
    pub output: u64,
    /// Answers whose last record is missing: their output is a lower bound.
    pub unfinished: u64,
    /// What the priced requests would have cost without any cache.
    pub without_cache: Usd,
    /// What caching saved.
    pub saved: Amount,
}

/// One model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelSum {
    /// As the logs name it.
    pub model: String,
    /// How many requests.
    pub requests: u64,
    /// What they cost.
    #[serde(flatten)]
    pub paid: Paid,
}

/// One day.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DaySum {
    /// The day, in UTC.
    pub day: String,
    /// How many requests.
    pub requests: u64,
    /// What they cost.
    #[serde(flatten)]
    pub paid: Paid,
}

/// One session, or one other agent of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionSum {
    /// The session.
    pub session: String,
    /// The agent.
    pub agent: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// What they cost.
    #[serde(flatten)]
    pub paid: Paid,
    /// What those that can be replayed would have cost.
    pub what_if: Vec<WhatIf>,
}

/// One digest that requests carry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContextSum {
    /// The digest.
    pub digest: String,
    /// The context that has it; null where no build of this project has.
    pub context: Option<String>,
    /// The commit that it was built of.
    pub commit: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// What they cost.
    #[serde(flatten)]
    pub paid: Paid,
    /// What they read, held against the forecast; null where none of them has one.
    pub forecast: Option<ForecastSum>,
}

/// What the requests of one digest read, held against what the simulator forecasts on the same timeline.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ForecastSum {
    /// Requests that have a forecast.
    pub requests: u64,
    /// What they should have read.
    pub forecast: u64,
    /// What the log says that they read.
    pub read: u64,
    /// Those that read as much as was forecast, within what the counts leave open.
    pub as_forecast: u64,
    /// Those that read less.
    pub less: u64,
    /// Those that read more.
    pub more: u64,
    /// The first that departs.
    pub first: Option<Departure>,
}

/// A request that did not read what was forecast.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Departure {
    /// When it was sent, UTC.
    pub at: String,
    /// The session.
    pub session: String,
    /// The model.
    pub model: String,
    /// The context of its digest.
    pub context: String,
    /// The commit that it was built of.
    pub commit: String,
    /// `less` or `more`.
    pub verdict: Verdict,
    /// What it should have read.
    pub forecast: u64,
    /// The least of that, by the band of the counts.
    pub low: u64,
    /// The most.
    pub high: u64,
    /// What it read.
    pub read: u64,
    /// Whether the provider promises what was forecast.
    pub promised: bool,
    /// The cause, where the log explains it.
    pub cause: Option<Cause>,
    /// Why, in words.
    pub why: String,
}

/// One cause.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CauseSum {
    /// The cause.
    pub cause: Cause,
    /// How many misses.
    pub requests: u64,
    /// Tokens.
    pub lost: u64,
    /// US dollars beyond a read; of those whose price is known.
    pub usd: Usd,
}

/// One miss.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MissRow {
    /// When, UTC.
    pub at: String,
    /// The session.
    pub session: String,
    /// The agent.
    pub agent: Option<String>,
    /// The model.
    pub model: String,
    /// Why.
    pub cause: Cause,
    /// Whether that is certain.
    pub certain: bool,
    /// Tokens that were there and were paid for anew.
    pub lost: u64,
    /// US dollars beyond a read; null where a price is not known.
    pub usd: Option<Usd>,
    /// What was seen.
    pub note: String,
    /// The provider's own reason.
    pub reason: Option<String>,
    /// What the simulator forecasts that it reads, where its digest is known.
    pub forecast: Option<u64>,
    /// The context of the request's digest.
    pub context: Option<String>,
    /// The segment that changed.
    pub segment: Option<String>,
    /// The commit that changed it.
    pub commit: Option<String>,
    /// Its author.
    pub author: Option<String>,
}

/// The same requests under another lifetime.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WhatIf {
    /// `5m`, `1h`, or `none` for no cache.
    pub ttl: String,
    /// US dollars.
    pub usd: Usd,
    /// The least, as far as rules of the provider are open.
    pub low: Usd,
    /// The most.
    pub high: Usd,
    /// What the same requests did cost.
    pub logged: Usd,
    /// What the replay at the logged lifetimes gives: the same, where none differs.
    pub again: Usd,
    /// How many they are.
    pub requests: u64,
    /// How many of them the same replay at the logged lifetimes does not give.
    pub differ: u64,
}

/// A change that would have saved money.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Advice {
    /// What to do.
    pub what: String,
    /// The line of a manifest that does it, where one does.
    pub yaml: Option<String>,
    /// US dollars that it would have saved.
    pub saves: Usd,
    /// The least.
    pub low: Usd,
    /// The most.
    pub high: Usd,
}

/// Something that is not known.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unknown {
    /// What.
    pub what: String,
    /// Of how many requests.
    pub requests: u64,
}

/// Something that is in no sum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftOutRow {
    /// What.
    pub what: String,
    /// How many.
    pub count: u64,
    /// Where the first is.
    pub first: Option<String>,
}
