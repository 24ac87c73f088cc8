//! Entries at boundaries: what block boundaries with a lookback and breakpoint-only matching share.
//!
//! A prompt is planned once: where an entry is looked for, and what is written. Sending it walks
//! these two short lists and touches nothing else, so that its cost does not grow with the prompt.

use super::Outcome;
use super::entry::{Clock, Entry, Moment, Retention};
use crate::cost::rules::MixedBilling;
use crate::syntax::quantity::Ttl;

/// The end of a block, known by everything before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boundary {
    /// Equal keys are equal prefixes, settings and namespace included (rule R1).
    pub(super) key: u32,
    /// The number of its last block, counted from 0.
    pub(super) block: u32,
    /// Tokens before it.
    pub(super) tokens: u64,
}

/// The key of a boundary behind fresh tokens: nothing else ever has that prefix, so that an entry
/// there is paid for and never found.
pub(super) const UNSHARED: u32 = 0;

/// A boundary that a request writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    pub(super) at: Boundary,
    pub(super) ttl: Ttl,
    pub(super) retention: Retention,
}

/// What one prompt looks up and writes.
#[derive(Debug, Clone)]
pub(super) struct BoundaryPlan {
    /// Where an entry is looked for, deepest first; the first live one is read.
    pub(super) lookups: Box<[Boundary]>,
    /// What is written, front to back; only what lies beyond the entry that was read.
    pub(super) writes: Box<[Write]>,
    /// Every boundary, where a read refreshes the entries on its path (U1); else empty.
    pub(super) path: Box<[Boundary]>,
    pub(super) billing: MixedBilling,
}

/// The entries of one model, by the key of their boundary.
#[derive(Debug, Clone, Default)]
pub(super) struct Boundaries(Vec<Entry>);

impl Boundaries {
    /// Rules R4, R6 and R8 for one request of `input` tokens.
    pub(super) fn send(
        &mut self,
        plan: &BoundaryPlan,
        input: u64,
        moment: Moment,
        clock: Clock,
        outcome: &mut Outcome,
    ) {
        let hit = plan.lookups.iter().find(|place| self.get(place.key).is_live(moment));
        if let Some(hit) = hit {
            self.entry(hit.key).refresh(moment);
            for place in plan.path.iter().take_while(|place| place.block < hit.block) {
                if self.get(place.key).is_live(moment) {
                    self.entry(place.key).refresh(moment);
                }
            }
        }
        let beyond = plan.writes.partition_point(|write| hit.is_some_and(|hit| write.at.block <= hit.block));
        let writes = plan.writes.get(beyond..).unwrap_or_default();
        for write in writes.iter().filter(|write| write.at.key != UNSHARED) {
            self.entry(write.at.key).write(moment, write.retention.micros(clock.horizon));
        }
        outcome.read = hit.map_or(0, |hit| hit.tokens);
        for span in plan.billing.spans(outcome.read, writes, |write| (write.at.tokens, write.ttl)) {
            outcome.add_written(span.priced_for, span.tokens);
        }
        outcome.uncached = input.saturating_sub(writes.last().map_or(outcome.read, |write| write.at.tokens));
    }

    fn get(&self, key: u32) -> Entry {
        self.0.get(key as usize).copied().unwrap_or_default()
    }

    fn entry(&mut self, key: u32) -> &mut Entry {
        let place = key as usize;
        if place >= self.0.len() {
            self.0.resize(place + 1, Entry::default());
        }
        &mut self.0[place]
    }
}
