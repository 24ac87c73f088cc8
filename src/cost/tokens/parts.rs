//! Byte-pair merging as it is defined, for a run of bytes that is not too long.
//!
//! Of all neighbours that make a token together, those that make the token of lowest rank are merged,
//! leftmost first, until none are left. The next pair to merge is found by a tournament tree: a merge
//! changes three pairs, and only the nodes above them are computed again. So `n` bytes take `n log n`
//! steps.

use super::vocabulary::Vocabulary;

/// A run of bytes in parts. A part is identified by the place of its first byte; the entries at other
/// places are meaningless. The buffers are reused from run to run.
#[derive(Default)]
pub(super) struct Parts {
    /// The place of the run in its text; all other places are relative to it.
    base: usize,
    /// Where each part ends.
    ends: Vec<u32>,
    /// Where the part before each part starts.
    before: Vec<u32>,
    pairs: Tournament,
}

impl Parts {
    /// Splits `text[start..end]` into single bytes, merges them, and returns the number of parts that
    /// remain, each of them a token.
    pub(super) fn merge(&mut self, vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> usize {
        let length = end - start;
        self.base = start;
        self.ends.clear();
        self.ends.extend(1..=length as u32);
        self.before.clear();
        self.before.push(0);
        self.before.extend(0..length.saturating_sub(1) as u32);
        let pair = |first: usize, end: usize| match vocabulary.rank(text, start + first, start + end) {
            Some(rank) => Tournament::entry(rank, first),
            None => Tournament::NOBODY,
        };
        self.pairs.begin(length, (2..=length).map(|end| pair(end - 2, end)));
        let mut parts = length;
        while let Some(first) = self.pairs.winner() {
            let second = self.ends[first] as usize;
            let end = self.ends[second] as usize;
            parts -= 1;
            self.ends[first] = end as u32;
            self.pairs.replace(second, Tournament::NOBODY);
            if let Some(&next_end) = self.ends.get(end) {
                self.before[end] = first as u32;
                self.pairs.replace(first, pair(first, next_end as usize));
            } else {
                self.pairs.replace(first, Tournament::NOBODY);
            }
            let before = self.before[first] as usize;
            if before < first {
                self.pairs.replace(before, pair(before, end));
            }
            self.pairs.play_again(before, second);
        }
        parts
    }

    /// The end of the part that starts at a place in the text.
    pub(super) fn end_of_part(&self, start: usize) -> usize {
        self.base + self.ends[start - self.base] as usize
    }
}

/// Pairs of neighbours, each identified by the place of its first part. The winner is the pair of lowest
/// rank, and the leftmost of those.
///
/// The nodes of a complete binary tree, the root at 1 and the children of `n` at `2n` and `2n + 1`.
/// The leaves are the pairs; every other node is the lesser of its children.
#[derive(Default)]
struct Tournament {
    leaves: usize,
    nodes: Vec<u64>,
}

impl Tournament {
    /// A pair that makes no token: greater than any other entry.
    const NOBODY: u64 = u64::MAX;

    /// A pair at a place that makes the token of a rank.
    fn entry(rank: u32, place: usize) -> u64 {
        u64::from(rank) << 32 | place as u64
    }

    /// Starts again with so many places, and with the entries of the first of them.
    fn begin(&mut self, places: usize, entries: impl Iterator<Item = u64>) {
        self.leaves = places.next_power_of_two();
        self.nodes.clear();
        self.nodes.resize(self.leaves, Self::NOBODY);
        self.nodes.extend(entries);
        self.nodes.resize(2 * self.leaves, Self::NOBODY);
        for node in (1..self.leaves).rev() {
            self.play(node);
        }
    }

    /// The place of the winner, if a pair is left.
    #[inline]
    fn winner(&self) -> Option<usize> {
        let winner = self.nodes[1];
        (winner != Self::NOBODY).then_some(winner as u32 as usize)
    }

    /// Replaces an entry; [`play_again`](Self::play_again) makes it count.
    #[inline]
    fn replace(&mut self, place: usize, entry: u64) {
        self.nodes[self.leaves + place] = entry;
    }

    /// Computes all nodes above the places from `first` to `last` again.
    #[inline]
    fn play_again(&mut self, first: usize, last: usize) {
        let (mut first, mut last) = (self.leaves + first, self.leaves + last);
        while first > 1 {
            (first, last) = (first / 2, last / 2);
            for node in first..=last {
                self.play(node);
            }
        }
    }

    #[inline]
    fn play(&mut self, node: usize) {
        self.nodes[node] = self.nodes[2 * node].min(self.nodes[2 * node + 1]);
    }
}
