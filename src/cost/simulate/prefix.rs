//! The longest common prefix, rounded: rules R11 and R16.

use super::Outcome;
use super::entry::{Clock, Moment};
use super::slots::SlotTable;
use super::tree::{TokenPath, Tree};
use crate::cost::rules::{LongestPrefix, Slots};

/// The prompts in one model's cache, by token.
#[derive(Debug, Clone, Default)]
pub(super) struct Prefixes {
    tree: Tree,
    slots: SlotTable,
}

impl Prefixes {
    /// One request. Tokens that are not read are uncached; writing has no price of its own.
    pub(super) fn send(
        &mut self,
        (rules, path): (&LongestPrefix, &TokenPath),
        (number, input): (u32, u64),
        moment: Moment,
        clock: Clock,
        outcome: &mut Outcome,
    ) {
        let end = self.tree.end(number, path);
        let common = match rules.slots {
            Some(slots) => self.slot(slots, rules, path, end, moment),
            None => self.any(rules, path, end, moment, clock),
        };
        outcome.read = rules.read(path.minimum, common, input);
        let common = common.min(input.saturating_sub(rules.recomputed));
        outcome.too_short = (outcome.read == 0 && common > 0).then(|| (common, rules.least(path.minimum)));
        outcome.uncached = input - outcome.read;
    }

    /// What is in common with any prompt that lives; from now on the whole prompt is cached.
    fn any(&mut self, rules: &LongestPrefix, path: &TokenPath, end: u32, moment: Moment, clock: Clock) -> u64 {
        let live =
            self.tree.climb(end).find(|(_, node)| node.span.is_live(moment)).map(|(node, found)| (node, found.depth));
        let common = match live {
            Some((node, _)) if rules.generated => self.tree.with_answer(node, path),
            Some((_, depth)) => depth,
            None => 0,
        };
        let retention = path.retention;
        self.tree
            .touch(end, |node| node.span.touch(moment, retention.micros(clock.horizon), retention.refreshed_by_use));
        self.close(path, end);
        common
    }

    /// What is in common with the prompt of the slot that takes the request, and with what that slot
    /// generated after it.
    fn slot(&mut self, slots: Slots, rules: &LongestPrefix, path: &TokenPath, end: u32, moment: Moment) -> u64 {
        let common = match self.slots.take(slots, &self.tree, (end, path.fresh), moment) {
            None => 0,
            Some(held) if rules.generated && self.tree.is_above(held, end) => self.tree.with_answer(held, path),
            Some(held) => self.tree.common(held, end),
        };
        self.close(path, end);
        common
    }

    fn close(&mut self, path: &TokenPath, end: u32) {
        if path.fresh == 0 {
            self.tree.prompt_ended(end);
        }
    }
}
