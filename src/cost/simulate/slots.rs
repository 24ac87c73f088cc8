//! A server that caches one prompt a slot, and whole prompts in memory beside them (llama.cpp): rule R16.
//!
//! `llama-server` of October 2026: `tools/server/server-context.cpp` chooses the slot, `server-task.cpp` saves and loads.
//! Shares are of single precision there, and so they are here.

use super::entry::Moment;
use super::tree::{ROOT, Tree};
use crate::cost::rules::Slots;

/// The slots that were used so far, and the prompts beside them.
#[derive(Debug, Clone, Default)]
pub(super) struct SlotTable {
    /// In the order of their first use, which is from the highest id down.
    slots: Vec<Slot>,
    served: u64,
    /// Whole prompts in memory, oldest first.
    saved: Vec<Held>,
}

/// A prompt that is held: its end in the tree, and the tokens behind it that nothing shares, which are known by the
/// number of the request. None is the root without any.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    end: u32,
    fresh: u64,
    number: u64,
}

impl Held {
    fn is_none(self) -> bool {
        self.end == ROOT && self.fresh == 0
    }

    fn tokens(self, tree: &Tree) -> u64 {
        tree.depth(self.end) + self.fresh
    }

    /// Whether `other` begins with all of it.
    fn begins(self, other: Self, tree: &Tree) -> bool {
        if self.fresh > 0 { self.number == other.number } else { tree.is_above(self.end, other.end) }
    }
}

/// A slot and the prompt in it.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    held: Held,
    /// When its response begins: until then it takes no other request.
    free_from: u64,
    /// The number of the request that it served last.
    served: u64,
}

/// A share as the server reckons it.
fn share(part: u64, whole: u64) -> f32 {
    (part as f64 / whole as f64) as f32
}

/// The least share of a saved prompt that a request must use for it to be loaded.
const LEAST_USED: f32 = 0.25;

/// Where less of a slot's prompt would survive, it is saved first.
const LEAST_SURVIVING: f32 = 0.5;

impl SlotTable {
    /// Puts the prompt that ends at `end` into a slot; returns the prompt that it found there.
    pub(super) fn take(&mut self, rules: Slots, tree: &Tree, (end, fresh): (u32, u64), moment: Moment) -> Option<u32> {
        self.served += 1;
        let new = Held { end, fresh, number: self.served };
        let (number, swaps) = self.choose(rules, tree, new, moment);
        if number == self.slots.len() {
            self.slots.push(Slot::default());
        }
        let has_memory = rules.ram_mib > 0;
        if swaps && has_memory {
            self.save(rules, tree, self.slots.get(number).map_or(Held::default(), |slot| slot.held));
            self.load(rules, tree, number, new);
        }
        if rules.idle_slots && has_memory {
            for other in (0..self.slots.len()).rev().filter(|other| *other != number) {
                let idle =
                    self.slots.get(other).filter(|slot| !slot.held.is_none() && slot.free_from <= moment.now).copied();
                let Some(idle) = idle else { continue };
                self.save(rules, tree, idle.held);
                if let (true, Some(slot)) = (rules.unified, self.slots.get_mut(other)) {
                    slot.held = Held::default();
                }
            }
        }
        let taken = Slot { held: new, free_from: moment.readable, served: self.served };
        let found = self.slots.get_mut(number).map(|slot| std::mem::replace(slot, taken).held);
        if rules.unified && rules.context > 0 {
            let mut others = (0..self.slots.len()).rev().filter(|other| *other != number);
            while self.slots.iter().map(|slot| slot.held.tokens(tree)).sum::<u64>() > rules.context {
                let Some(slot) = others.next().and_then(|other| self.slots.get_mut(other)) else { break };
                slot.held = Held::default();
            }
        }
        found.filter(|held| !held.is_none()).map(|held| held.end)
    }

    /// The slot that takes a prompt, and whether what it holds is swapped with the memory.
    ///
    /// Of the free slots the one that has most of the prompt, if that is more than the share asked for; else one that
    /// was never used, else the one that was used longest ago. With every slot busy the request waits for one.
    fn choose(&self, rules: Slots, tree: &Tree, new: Held, moment: Moment) -> (usize, bool) {
        let has_unused = self.slots.len() < rules.count as usize;
        let waits = !has_unused && self.slots.iter().all(|slot| slot.free_from > moment.now);
        // By rising id.
        let free = || self.slots.iter().enumerate().rev().filter(|(_, slot)| waits || slot.free_from <= moment.now);
        let (asked, input) = (u128::from(rules.similarity.millionths), new.tokens(tree));
        let mut best: Option<(usize, Held, u64)> = None;
        for (number, slot) in free().filter(|_| asked > 0) {
            let common = tree.common(slot.held.end, new.end);
            let is_enough = u128::from(common) * 1_000_000 > asked * u128::from(input);
            if is_enough && best.is_none_or(|(.., most)| common > most) {
                best = Some((number, slot.held, common));
            }
        }
        if let Some((number, held, common)) = best {
            let common = f64::from(share(common, input)) * input as f64;
            let survives = (f64::from(common as f32) / held.tokens(tree) as f64) as f32;
            return (number, survives < LEAST_SURVIVING);
        }
        let oldest = || free().min_by_key(|(_, slot)| slot.served).map_or(0, |(number, _)| number);
        (if has_unused { self.slots.len() } else { oldest() }, true)
    }

    /// Copies a prompt into the memory, unless a saved one begins with all of it. Those that it begins with go, and the
    /// oldest until there is room.
    fn save(&mut self, rules: Slots, tree: &Tree, prompt: Held) {
        let size = |held: Held| u128::from(held.tokens(tree)) * u128::from(rules.bytes_per_token);
        let limit = u128::from(rules.ram_mib) << 20;
        if prompt.is_none() || size(prompt) > limit || self.saved.iter().any(|saved| prompt.begins(*saved, tree)) {
            return;
        }
        self.saved.retain(|saved| !saved.begins(prompt, tree));
        let mut held: u128 = self.saved.iter().map(|saved| size(*saved)).sum();
        let gone = self.saved.iter().take_while(|saved| {
            let is_over = held + size(prompt) > limit;
            held -= if is_over { size(**saved) } else { 0 };
            is_over
        });
        let gone = gone.count();
        self.saved.drain(..gone);
        self.saved.push(prompt);
    }

    /// Moves a saved prompt into a slot that is better by both shares: of itself, and of the new prompt.
    fn load(&mut self, rules: Slots, tree: &Tree, number: usize, new: Held) {
        let Some(slot) = self.slots.get(number).copied() else { return };
        let shares = |other: Held| {
            let common = tree.common(other.end, new.end);
            (share(common, other.tokens(tree)), share(common, new.tokens(tree)))
        };
        let mut best = if slot.held.is_none() { (-1.0, 0.0) } else { shares(slot.held) };
        let mut winner = None;
        for (place, saved) in self.saved.iter().enumerate() {
            let own = shares(*saved);
            if own.0 >= LEAST_USED && own.0 > best.0 && own.1 > best.1 {
                (best, winner) = (own, Some(place));
            }
        }
        let Some(place) = winner else { return };
        let others: u64 = self.slots.iter().map(|slot| slot.held.tokens(tree)).sum::<u64>() - slot.held.tokens(tree);
        let fits = self.saved.get(place).is_some_and(|saved| others + saved.tokens(tree) <= rules.context);
        // Without room in the pool the slot is lost, and what is saved stays.
        let loaded =
            if rules.unified && rules.context > 0 && !fits { Held::default() } else { self.saved.remove(place) };
        if let Some(slot) = self.slots.get_mut(number) {
            slot.held = loaded;
        }
    }
}
