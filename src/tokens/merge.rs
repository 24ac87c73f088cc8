//! Byte-pair merging of one match of a pattern, in time that hardly grows faster than its length.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A vocabulary: the rank of every token, by its bytes. The lower of two ranks is merged first.
pub(super) struct Ranks {
    by_bytes: HashMap<Box<[u8]>, u32>,
    longest: usize,
}

impl Ranks {
    /// A vocabulary from its tokens, in the order of their ranks.
    pub(super) fn new(tokens: impl Iterator<Item = Vec<u8>>) -> Self {
        let by_bytes: HashMap<Box<[u8]>, u32> = tokens.map(Vec::into_boxed_slice).zip(0..).collect();
        let longest = by_bytes.keys().map(|token| token.len()).max().unwrap_or(0);
        Self { by_bytes, longest }
    }

    /// The number of tokens.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_bytes.len()
    }

    fn rank(&self, bytes: &[u8]) -> Option<u32> {
        if bytes.len() > self.longest { None } else { self.by_bytes.get(bytes).copied() }
    }

    /// The lengths in bytes of the tokens of one match, in order: of all neighbours that make a
    /// token together, those that make the token of lowest rank are merged, leftmost first, until
    /// none are left. A match that is a token is that token.
    pub(super) fn token_lengths(&self, bytes: &[u8]) -> Vec<usize> {
        if self.rank(bytes).is_some() {
            return vec![bytes.len()];
        }
        let mut parts = Parts::single_bytes(bytes.len());
        let mut merges: BinaryHeap<Reverse<(u32, usize, usize)>> = BinaryHeap::new();
        let candidate = |start: usize, end: usize| {
            let rank = bytes.get(start..end).and_then(|pair| self.rank(pair))?;
            Some(Reverse((rank, start, end)))
        };
        merges.extend((0..bytes.len()).filter_map(|start| candidate(start, start + 2)));
        while let Some(Reverse((_, start, end))) = merges.pop() {
            // A merge that a neighbour's merge has overtaken no longer spans two parts.
            if !parts.merge(start, end) {
                continue;
            }
            merges.extend(parts.pair_from(start).and_then(|end| candidate(start, end)));
            merges.extend(parts.before(start).and_then(|previous| candidate(previous, end)));
        }
        parts.lengths()
    }
}

/// The parts that a run of bytes is in, as a list linked in both directions by their places.
struct Parts {
    /// For the first byte of a part, where the next part starts; 0 for any other byte.
    next: Vec<usize>,
    /// For the first byte of a part but the first, where the part before it starts.
    previous: Vec<usize>,
}

impl Parts {
    fn single_bytes(length: usize) -> Self {
        Self { next: (1..=length).collect(), previous: (0..length).map(|at| at.saturating_sub(1)).collect() }
    }

    /// The start of the part after that at `start`, if a part starts there.
    fn after(&self, start: usize) -> Option<usize> {
        self.next.get(start).copied().filter(|&next| next > start)
    }

    /// Joins the two parts that span `start..end`; whether there were two.
    fn merge(&mut self, start: usize, end: usize) -> bool {
        let Some(middle) = self.after(start) else { return false };
        if self.after(middle) != Some(end) {
            return false;
        }
        self.set_next(start, end);
        self.set_next(middle, 0);
        if let Some(previous) = self.previous.get_mut(end) {
            *previous = start;
        }
        true
    }

    fn set_next(&mut self, start: usize, next: usize) {
        if let Some(slot) = self.next.get_mut(start) {
            *slot = next;
        }
    }

    /// The end of the two parts that begin at `start`.
    fn pair_from(&self, start: usize) -> Option<usize> {
        self.after(self.after(start)?)
    }

    /// The start of the part before that at `start`.
    fn before(&self, start: usize) -> Option<usize> {
        if start == 0 { None } else { self.previous.get(start).copied() }
    }

    fn lengths(&self) -> Vec<usize> {
        let mut lengths = Vec::new();
        let mut start = 0;
        while let Some(end) = self.after(start) {
            lengths.push(end - start);
            start = end;
        }
        lengths
    }
}
