//! One request as every log is read: the neutral record. What a log does not say is `None`, never 0.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::syntax::quantity::Ttl;

/// The most tokens that one figure of a request may hold; a log that says more says something absurd.
pub const MOST_TOKENS: u64 = 4_000_000_000;

/// Milliseconds since 1970-01-01, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Millis(pub i64);

impl Millis {
    /// Reads RFC 3339 with or without a zone (then UTC), a blank in place of the `T` included.
    pub fn parse(written: &str) -> Option<Self> {
        let written = written.trim();
        let moment = written.parse::<Timestamp>().ok().or_else(|| {
            let plain: DateTime = written.trim_end_matches(" UTC").parse().ok()?;
            Some(plain.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })?;
        // Towards the past, as whole milliseconds are counted: a moment belongs to the millisecond it lies in.
        Some(Self(moment.as_nanosecond().div_euclid(1_000_000).try_into().ok()?))
    }

    /// Seconds since 1970, as APIs and LiteLLM write them.
    pub fn of_seconds(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        (0.0..=253_402_300_799_000.0).contains(&millis).then_some(Self(millis as i64))
    }

    /// Seconds since 1970, or milliseconds: as seconds, what is taken for those would be later than the year 5000.
    pub fn of_epoch(number: f64) -> Option<Self> {
        Self::of_seconds(if number < 1e11 { number } else { number / 1000.0 })
    }

    /// `self` and so many milliseconds.
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Millis {
    /// `2026-02-11T20:51:16.250Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// How well a start is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StartIs {
    /// To the millisecond.
    Exact,
    /// To the second.
    Second,
    /// From what stands near it: the line of a transcript that the answer hangs from.
    Estimated,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Answered by the provider, and billed.
    #[default]
    Ok,
    /// Failed.
    Errored,
    /// Of a batch: not answered in time.
    Expired,
    /// Of a batch: called off.
    Canceled,
    /// Answered by a proxy's own cache: nothing was called.
    Replayed,
}

/// Tokens written to a cache by lifetime; without one where the log does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(pub Vec<(Option<Ttl>, u64)>);

impl Written {
    /// Adds tokens; none leave no entry.
    pub fn add(&mut self, ttl: Option<&str>, tokens: u64) {
        if tokens > 0 {
            self.0.push((ttl.and_then(Ttl::parse), tokens));
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, tokens)| tokens).sum()
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (ttl, tokens) in &self.0 {
            map.serialize_entry(&ttl.map_or_else(|| "unknown".to_owned(), |ttl| ttl.to_string()), tokens)?;
        }
        map.end()
    }
}

/// One request. `input = uncached + read + written`, where all are known.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// When it was sent.
    pub start: Option<Millis>,
    /// How well that is known.
    pub start_is: Option<StartIs>,
    /// When its answer began; of a transcript, an upper bound.
    pub first_token: Option<Millis>,
    /// When it was answered.
    pub end: Option<Millis>,
    /// Who made the model, or as a collector calls it.
    pub provider: Option<String>,
    /// Who served it.
    pub platform: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// All input tokens.
    pub input: Option<u64>,
    /// Those that no cache served or kept.
    pub uncached: Option<u64>,
    /// Those that a cache served.
    pub read: Option<u64>,
    /// Those that a cache kept.
    pub write: Option<Written>,
    /// Output tokens, reasoning included.
    pub output: Option<u64>,
    /// Reasoning, a part of the output.
    pub reasoning: Option<u64>,
    /// Whether the output is the last word; false where an answer's last record is missing: a lower bound.
    pub output_final: Option<bool>,
    /// The service tier that served it.
    pub tier: Option<String>,
    /// The region that it was confined to.
    pub geo: Option<String>,
    /// Whether it was part of a batch.
    pub batch: Option<bool>,
    /// The request's own name.
    pub request_id: Option<String>,
    /// The answer's own name.
    pub message_id: Option<String>,
    /// The session, conversation or trace.
    pub session: Option<String>,
    /// Another agent of the session, or the span above.
    pub parent: Option<String>,
    /// The digest of the chain, where the application hands it on.
    pub digest: Option<String>,
    /// The end user.
    pub user: Option<String>,
    /// The key that caches are told apart by.
    pub cache_key: Option<String>,
    /// Why the provider says that its cache missed.
    pub reason: Option<String>,
    /// What became of it.
    pub status: Status,
    /// A moment of the day that its price is of, where no time of the request is known.
    #[serde(skip)]
    pub day: Option<Millis>,
    /// What tells it from all others, where it has no name.
    #[serde(skip)]
    pub same: Option<String>,
    /// A speed that has a price of its own.
    #[serde(skip)]
    pub speed: Option<String>,
    /// Content blocks that a transcript shows since the request before.
    #[serde(skip)]
    pub added: Option<u32>,
    /// Whether a compaction of the history stands before it.
    #[serde(skip)]
    pub compacted: bool,
    /// Whether it asks for the summary of a compaction, with the session's own prefix.
    #[serde(skip)]
    pub summarises: bool,
    /// Calls of the provider's own tools, which are priced apart.
    #[serde(skip)]
    pub server_tools: u64,
}

impl Record {
    /// Fills in what follows from the rest: input, or what of it was neither read nor written. False where they
    /// contradict each other, or are more than a request can hold.
    pub fn complete(&mut self) -> bool {
        if let (Some(read), Some(written)) = (self.read, self.write.as_ref().map(Written::total)) {
            match (self.input, self.uncached) {
                (Some(input), None) => {
                    self.uncached = input.checked_sub(read + written);
                    if self.uncached.is_none() {
                        return false;
                    }
                }
                (None, Some(uncached)) => self.input = Some(uncached + read + written),
                _ => {}
            }
        }
        self.input.is_none_or(|input| input <= MOST_TOKENS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_kind() {
        for (written, millis) in [
            ("2026-11-03T09:00:00.000Z", 1_793_696_400_000),
            ("2026-11-03T10:00:00.5+01:00", 1_793_696_400_500),
            ("2026-11-03 09:00:00.123456", 1_793_696_400_123),
            ("2026-11-03T09:00:00", 1_793_696_400_000),
        ] {
            assert_eq!(Millis::parse(written), Some(Millis(millis)), "{written}");
        }
        assert_eq!([1_793_696_400.25, 1_793_696_400_250.0].map(Millis::of_epoch), [Some(Millis(1_793_696_400_250)); 2]);
        assert_eq!([Millis::parse("yesterday"), Millis::parse(""), Millis::of_seconds(f64::NAN)], [None; 3]);
        assert_eq!(Millis(1_793_696_400_500).to_string(), "2026-11-03T09:00:00.500Z");
    }
}
