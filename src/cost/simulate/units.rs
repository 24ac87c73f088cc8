//! Complete prefix units (DeepSeek): rule R15.
//!
//! Units are the ends of prompts and answers, what is found to be common to two prompts, and, where
//! the distance is known, every so many tokens. The tree has a node at exactly the first three.

use super::Outcome;
use super::entry::{Clock, Moment};
use super::request::Seconds;
use super::tree::{TokenPath, Tree};
use crate::cost::rules::{PrefixUnits, floor};

/// The units of one model's cache.
#[derive(Debug, Clone, Default)]
pub(super) struct Units(Tree);

impl Units {
    /// One request. A unit that it makes can be read by later requests, once built.
    pub(super) fn send(
        &mut self,
        (rules, path): (&PrefixUnits, &TokenPath),
        (number, input): (u32, u64),
        moment: Moment,
        clock: Clock,
        outcome: &mut Outcome,
    ) {
        let end = self.0.end(number, path);
        let built = rules.build_seconds.saturating_mul(Seconds::whole(1).micros);
        let written = Moment { readable: moment.readable.saturating_add(built), ..moment };

        let unit =
            self.0.climb(end).find(|(_, node)| node.unit.is_live(moment)).map(|(node, found)| (node, found.depth));
        let at_interval = rules.interval.map_or(0, |interval| {
            floor(
                self.0.climb(end).find(|(_, node)| node.span.is_live(moment)).map_or(0, |(_, node)| node.depth),
                interval,
            )
        });
        let complete = match unit {
            Some((node, _)) if rules.generated => self.0.with_answer(node, path),
            Some((_, depth)) => depth,
            None => 0,
        };
        let read = complete.max(at_interval);
        outcome.read = if read < path.minimum { 0 } else { read };
        outcome.too_short = (outcome.read == 0 && read > 0).then_some((read, path.minimum));
        outcome.uncached = input - outcome.read;

        let (duration, refreshed) = (path.retention.micros(clock.horizon), path.retention.refreshed_by_use);
        let mut deepest = true;
        self.0.touch(end, |node| {
            // A prompt with fresh tokens does not end at its last shared one: that place becomes a
            // unit when a second prompt shows it to be common.
            let passed_first = deepest && path.fresh > 0 && node.span.is_vacant();
            deepest = false;
            node.span.touch(written, duration, refreshed);
            if !passed_first {
                node.unit.touch(written, duration, refreshed);
            }
        });
        if path.fresh == 0 {
            self.0.prompt_ended(end);
        }
    }
}
