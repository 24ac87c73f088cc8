//! Byte-pair merging of one match of a pattern, in time linear in its length.
//!
//! Merging as it is defined looks for the lowest rank over and over, which is quick for a word and
//! quadratic for a megabyte without a blank. So a long match is merged a window at a time, from left
//! to right, and put together by this law:
//!
//! > Tokens `t1 … tn`, each of which is what its own bytes merge into, are what their joined bytes
//! > merge into if for each neighbours `a` and `b` the bytes of `a b` merge into `a` and `b`.
//!
//! For suppose that merging the joined bytes ever joined parts across the boundary of two
//! neighbours, and look at the first time it does. Until then the bytes of `a` and those of `b` have
//! been merged among themselves only, lowest rank and leftmost first: just as in `a b` alone, where
//! that same merge would have been next. But `a b` alone keeps its boundary. So no merge ever crosses
//! one, and each token's bytes merge as they do alone.
//!
//! The tokens of one window have the property among themselves; where two windows meet it is tried,
//! and where it does not hold, more is merged at once. What follows a place has a short reach: each
//! rank can hand a decision on to the left by one token, and no more. So windows hardly ever grow,
//! and never with the length of the match.

use super::vocabulary::Vocabulary;

/// The bytes that are merged at once.
const WINDOW: usize = 64;

/// Stands for the rank of what is no token.
const NO_TOKEN: u32 = u32::MAX;

/// Merges the matches of a text with one vocabulary. It keeps its memory from match to match.
pub(super) struct Merger<'t> {
    vocabulary: &'static Vocabulary,
    text: &'t [u8],
    window: Parts,
    joint: Parts,
    /// The starts of the tokens found so far in a long match.
    settled: Vec<usize>,
}

impl<'t> Merger<'t> {
    pub(super) fn new(vocabulary: &'static Vocabulary, text: &'t str) -> Self {
        let (window, joint) = (Parts::default(), Parts::default());
        Self { vocabulary, text: text.as_bytes(), window, joint, settled: Vec::new() }
    }

    /// The number of tokens of the match at `start..end`.
    #[inline]
    pub(super) fn count(&mut self, start: usize, end: usize) -> usize {
        if self.vocabulary.rank(self.text, start, end).is_some() { 1 } else { self.merge(start, end).len() }
    }

    /// The starts of the tokens of the match at `start..end`. A match that is a token is that token,
    /// whatever its bytes would merge into.
    pub(super) fn starts(&mut self, start: usize, end: usize) -> &[usize] {
        if self.vocabulary.rank(self.text, start, end).is_some() {
            self.settled.clear();
            self.settled.push(start);
            return &self.settled;
        }
        self.merge(start, end)
    }

    fn merge(&mut self, start: usize, end: usize) -> &[usize] {
        if end - start <= WINDOW {
            self.window.merge(self.vocabulary, self.text, start, end);
            return self.window.starts();
        }
        self.settled.clear();
        let (mut from, mut reach) = (start, WINDOW);
        loop {
            let to = end.min(from + reach);
            self.window.merge(self.vocabulary, self.text, from, to);
            let starts = self.window.starts();
            let first_end = starts.get(1).copied().unwrap_or(to);
            if let Some(&last) = self.settled.last() {
                self.joint.merge(self.vocabulary, self.text, last, first_end);
                if self.joint.starts() != [last, from] {
                    // Take back about as much as the window has held, and more each time.
                    let keep = self.settled.partition_point(|&settled| settled + reach <= from);
                    from = self.settled.get(keep).copied().unwrap_or(from);
                    self.settled.truncate(keep);
                    reach *= 4;
                    continue;
                }
            }
            if to == end {
                self.settled.extend_from_slice(starts);
                return &self.settled;
            }
            // The last token may still take in some of what follows.
            match starts {
                [before @ .., last] if !before.is_empty() => {
                    self.settled.extend_from_slice(before);
                    from = *last;
                    reach = WINDOW.max(reach / 2);
                }
                _ => reach *= 2,
            }
        }
    }
}

/// A run of bytes in parts, which are merged.
#[derive(Default)]
struct Parts {
    /// Where the parts start, and where the last one ends.
    starts: Vec<usize>,
    /// For each part but the last, the rank of the token that it makes with the next one.
    ranks: Vec<u32>,
}

impl Parts {
    fn starts(&self) -> &[usize] {
        self.starts.split_last().map_or(&[], |(_, starts)| starts)
    }

    /// Merges `text[start..end]`: of all neighbours that make a token together, those that make the
    /// token of lowest rank, leftmost first, until none are left.
    fn merge(&mut self, vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) {
        self.starts.clear();
        self.starts.extend(start..=end);
        self.ranks.clear();
        self.ranks.extend((start + 2..=end).map(|end| vocabulary.rank(text, end - 2, end).unwrap_or(NO_TOKEN)));
        while let Some((at, rank)) = lowest(&self.ranks)
            && rank != NO_TOKEN
        {
            self.starts.remove(at + 1);
            self.ranks.remove(at);
            self.rank_again(vocabulary, text, at);
            if let Some(before) = at.checked_sub(1) {
                self.rank_again(vocabulary, text, before);
            }
        }
    }

    /// Looks up what a part makes with the next one.
    #[inline]
    fn rank_again(&mut self, vocabulary: &Vocabulary, text: &[u8], at: usize) {
        if let (Some(rank), Some(&[start, _, end])) = (self.ranks.get_mut(at), self.starts.get(at..at + 3)) {
            *rank = vocabulary.rank(text, start, end).unwrap_or(NO_TOKEN);
        }
    }
}

/// The lowest rank, and the first place that has it.
#[inline]
fn lowest(ranks: &[u32]) -> Option<(usize, u32)> {
    let lowest = ranks.iter().copied().min()?;
    Some((ranks.iter().position(|&rank| rank == lowest)?, lowest))
}
