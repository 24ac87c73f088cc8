//! What `contexture simulate` answers: `contexture.simulation/1`.

use schemars::{JsonSchema, json_schema};

use crate::cost::simulate::Seconds;
use crate::syntax::decode::inline_schema;
use crate::syntax::quantity::Ttl;

/// The name of the output's format.
pub const SCHEMA: &str = "contexture.simulation/1";

/// The outcome of a scenario.
#[derive(Debug, Clone, PartialEq, serde::Serialize, JsonSchema)]
pub struct Report {
    /// `contexture.simulation/1`.
    pub schema: &'static str,
    /// The requests, in order.
    pub requests: Vec<RequestReport>,
    /// What the objects of the scenario cost to store, in dollars; null when the price is unknown.
    /// Only where there are objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_usd: Option<Option<String>>,
    /// All requests and storage, in dollars; null when a price is unknown. Only where there are
    /// objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_usd: Option<Option<String>>,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, serde::Serialize, JsonSchema)]
pub struct RequestReport {
    /// When it was sent, in seconds.
    pub at: Seconds,
    /// Tokens that the cache served.
    pub read: u64,
    /// Tokens written, by TTL, longest first.
    pub write: Written,
    /// All other input tokens.
    pub uncached: u64,
    /// Cost in base-input-token units, exact where it has a finite decimal form, else to six places;
    /// null when unknown.
    pub cost_bit: Option<String>,
    /// Cost in dollars, without storage; null when unknown, and for engines.
    pub cost_usd: Option<String>,
    /// Tokens that are sure to be read; this and the next two only where the provider guarantees
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guaranteed: Option<u64>,
    /// Tokens that are expected to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// The most tokens that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<u64>,
}

/// Tokens by TTL, longest first: `{"1h": 6000, "5m": 4000}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Written(pub Vec<(Ttl, u64)>);

impl serde::Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(ttl, tokens)| (ttl, tokens)))
    }
}

inline_schema!([] Written, "Written", |_generator| json_schema!({
    "type": "object", "additionalProperties": {"type": "integer", "minimum": 1}
}));
