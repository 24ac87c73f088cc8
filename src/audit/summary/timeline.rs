//! Reads, writes and misses over time, in parts of equal length.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::causes::{Cause, Miss};
use crate::audit::record::Millis;
use crate::audit::requests::{Name, Request, Requests};

/// The most parts that a log's time is cut in.
const MOST_PARTS: i64 = 240;

/// Lengths of a part in seconds; beyond them, whole weeks.
const LENGTHS: [i64; 14] = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800];

/// What happened when.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Timeline {
    /// Where the first part begins, UTC; null where no request has a time.
    pub from: Option<String>,
    /// How long each part is, in seconds.
    pub seconds: u64,
    /// How many parts there are; those without a request are in no lane.
    pub parts: u64,
    /// All requests together, then the dearest sessions.
    pub lanes: Vec<Lane>,
}

/// What happened in one session, or in all.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Lane {
    /// The session; null for all together.
    pub session: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The parts that have a request, in order.
    pub parts: Vec<Part>,
}

/// One part of the time.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
pub struct Part {
    /// Its place, from 0.
    pub place: u64,
    /// Requests.
    pub requests: u64,
    /// Input that no cache served or kept.
    pub uncached: u64,
    /// Input that caches served.
    pub read: u64,
    /// Input that caches kept.
    pub written: u64,
    /// What of it had been there and was paid for anew.
    pub lost: u64,
    /// Why, and how many requests.
    pub causes: BTreeMap<String, u64>,
}

impl Timeline {
    /// Of these requests, with a lane for each of the dearest lineages.
    pub(super) fn new(requests: &Requests, counted: &[u32], misses: &[&Miss], dearest: &[Name]) -> Self {
        let of = |place: &u32| Some((*place as usize, *requests.all.get(*place as usize)?));
        let timed = || counted.iter().filter_map(of).filter_map(|(place, own)| Some((place, own, own.start()?.0)));
        let (Some(first), Some(last)) = (timed().map(|own| own.2).min(), timed().map(|own| own.2).max()) else {
            return Self::default();
        };
        let span = (last - first) / 1000 + 1;
        let fits = |length: &i64| span / length < MOST_PARTS;
        let weeks = || LENGTHS[13] * (span / (LENGTHS[13] * MOST_PARTS) + 1);
        let seconds = LENGTHS.into_iter().find(fits).unwrap_or_else(weeks);
        let from = first.div_euclid(seconds * 1000) * seconds * 1000;
        let place_of = |start: i64| u64::try_from((start - from) / (seconds * 1000)).unwrap_or(0);
        let lost: BTreeMap<usize, (u64, Cause)> =
            misses.iter().map(|own| (own.request, (own.lost, own.cause))).collect();
        let lane = |name: Option<Name>| {
            let mut parts = BTreeMap::<u64, Part>::new();
            for (number, request, start) in timed().filter(|own| name.is_none_or(|name| own.1.lineage == name)) {
                let place = place_of(start);
                let part = parts.entry(place).or_insert_with(|| Part { place, ..Part::default() });
                part.add(request, lost.get(&number).copied());
            }
            let lineage = name.map(|name| requests.lineages.get(name));
            Lane {
                session: lineage.map(|own| own.session.clone()),
                agent: lineage.and_then(|own| own.agent.clone()),
                parts: parts.into_values().collect(),
            }
        };
        Self {
            from: Some(Millis(from).to_string()),
            seconds: u64::try_from(seconds).unwrap_or(1),
            parts: place_of(last) + 1,
            lanes: [None].into_iter().chain(dearest.iter().copied().map(Some)).map(lane).collect(),
        }
    }
}

impl Part {
    fn add(&mut self, request: Request, lost: Option<(u64, Cause)>) {
        self.requests += 1;
        self.read += request.read().unwrap_or(0);
        self.written += request.written_total().unwrap_or(0);
        // Where the log does not divide the input, what is not known to be read or written.
        let known = request.read().unwrap_or(0) + request.written_total().unwrap_or(0);
        self.uncached += request.uncached().or(request.input().map(|input| input.saturating_sub(known))).unwrap_or(0);
        if let Some((lost, cause)) = lost {
            self.lost += lost;
            *self.causes.entry(cause.as_str().to_owned()).or_insert(0) += 1;
        }
    }
}
