//! A server that caches one prompt a slot (llama.cpp): rule R16.

use std::cmp::Reverse;

use super::entry::Moment;
use super::tree::Tree;
use crate::cost::rules::Slots;

/// The slots that were used so far.
#[derive(Debug, Clone, Default)]
pub(super) struct SlotTable {
    slots: Vec<Slot>,
    served: u64,
}

/// The prompt in a slot, by its end in the tree.
#[derive(Debug, Clone, Copy)]
struct Slot {
    end: u32,
    /// When its response begins: until then it takes no other request.
    free_from: u64,
    /// The number of the request that it served last.
    served: u64,
}

impl SlotTable {
    /// Puts the prompt that ends at `end` into a slot; returns the prompt that was in it before.
    ///
    /// Of the free slots the one that has most of the prompt is taken, if that is more than the
    /// share asked for; else an empty one, else the one that was used longest ago. With every slot
    /// busy the request waits for one.
    pub(super) fn take(&mut self, rules: Slots, tree: &Tree, (end, input): (u32, u64), moment: Moment) -> Option<u32> {
        self.served += 1;
        let taken = Slot { end, free_from: moment.readable, served: self.served };
        let has_empty = self.slots.len() < rules.count as usize;
        let waits = !has_empty && self.slots.iter().all(|slot| slot.free_from > moment.now);
        let free = || self.slots.iter().enumerate().filter(|(_, slot)| waits || slot.free_from <= moment.now);

        let share = u128::from(rules.similarity.millionths);
        let enough = |common: u64| share > 0 && u128::from(common) * 1_000_000 > share * u128::from(input);
        let alike = free()
            .map(|(number, slot)| (tree.common(slot.end, end), Reverse(number)))
            .filter(|(common, _)| enough(*common))
            .max()
            .map(|(_, Reverse(number))| number);
        let oldest = || free().min_by_key(|(_, slot)| slot.served).map(|(number, _)| number);

        match alike.or_else(|| if has_empty { None } else { oldest() }) {
            Some(number) => self.slots.get_mut(number).map(|slot| std::mem::replace(slot, taken).end),
            None => {
                self.slots.push(taken);
                None
            }
        }
    }
}
