//! The longest common prefix, rounded (rules R11 and R16), and the one-prompt slots of llama.cpp.

use super::Outcome;
use super::entry::{Clock, Moment};
use super::tree::{TokenPath, Tree};
use crate::cost::rules::{LongestPrefix, Slots};

/// The prompts that one model's cache holds, by token.
#[derive(Debug, Clone, Default)]
pub(super) struct Prefixes {
    tree: Tree,
    slots: Vec<Slot>,
    sent: u64,
}

/// A server's slot: the prompt it holds, and when it is free.
#[derive(Debug, Clone, Copy)]
struct Slot {
    end: u32,
    free_from: u64,
    /// The number of the request that it served last.
    used: u64,
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
        self.sent += 1;
        let end = self.tree.end(number, path);
        let common = match rules.slots {
            Some(slots) => self.slot(slots, rules, path, end, input, moment),
            None => self.any(rules, path, end, moment, clock),
        };
        outcome.read = rounded(rules, path.minimum, common, input);
        outcome.uncached = input - outcome.read;
    }

    /// What is in common with any prompt that lives; the whole prompt is kept from now on.
    fn any(&mut self, rules: &LongestPrefix, path: &TokenPath, end: u32, moment: Moment, clock: Clock) -> u64 {
        let live =
            self.tree.climb(end).find(|(_, node)| node.span.is_live(moment)).map(|(node, found)| (node, found.depth));
        let common = match live {
            Some((node, _)) if rules.generated => self.tree.with_answer(node, path),
            Some((_, depth)) => depth,
            None => 0,
        };
        let kept = path.kept;
        self.tree.touch(end, |node| node.span.touch(moment, kept.micros(clock.horizon), kept.refreshed_by_use));
        self.close(path, end);
        common
    }

    /// What is in common with the prompt of the slot that takes the request: the free one that holds
    /// most of it, if that is enough of it, else the one used longest ago.
    fn slot(
        &mut self,
        slots: Slots,
        rules: &LongestPrefix,
        path: &TokenPath,
        end: u32,
        input: u64,
        moment: Moment,
    ) -> u64 {
        let held: Vec<u64> = self.slots.iter().map(|slot| self.tree.common(slot.end, end)).collect();
        let enough =
            |common: u64| u128::from(common) * 1_000_000 >= u128::from(slots.similarity.millionths) * u128::from(input);
        // A busy slot is passed over while another is free; with none free, the request waits.
        let all_busy =
            self.slots.len() >= slots.count as usize && self.slots.iter().all(|slot| slot.free_from > moment.now);
        let free = |slot: &Slot| all_busy || slot.free_from <= moment.now;
        let alike = (0..self.slots.len())
            .filter(|number| free(&self.slots[*number]) && enough(held[*number]) && held[*number] > 0)
            .max_by_key(|number| (held[*number], std::cmp::Reverse(*number)));
        let taken = Slot { end, free_from: moment.readable, used: self.sent };
        let oldest = (0..self.slots.len())
            .filter(|number| free(&self.slots[*number]))
            .min_by_key(|number| self.slots[*number].used);
        let common = match (alike, oldest) {
            (None, _) if self.slots.len() < slots.count as usize => {
                self.slots.push(taken);
                0
            }
            (Some(number), _) | (None, Some(number)) => {
                let before = std::mem::replace(&mut self.slots[number], taken).end;
                // The slot also holds what it generated after its own prompt.
                if rules.generated && self.tree.is_above(before, end) {
                    self.tree.with_answer(before, path)
                } else {
                    held[number]
                }
            }
            (None, None) => 0,
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

/// `floor(interval, hidden + min(common, input − recomputed)) − hidden`, rounded down to the unit; 0
/// below the minimum.
fn rounded(rules: &LongestPrefix, minimum: u64, common: u64, input: u64) -> u64 {
    let common = common.min(input.saturating_sub(rules.recomputed));
    if common < minimum {
        return 0;
    }
    let at_interval = match rules.interval {
        Some(interval) => floor(rules.hidden.saturating_add(common), interval).saturating_sub(rules.hidden),
        None => common,
    };
    floor(at_interval, rules.unit)
}

/// The greatest multiple of `unit` that is not above `tokens`; a unit of 0 counts as 1.
pub(super) fn floor(tokens: u64, unit: u64) -> u64 {
    tokens - tokens % unit.max(1)
}
