//! Byte-pair merging of one match of a pattern, in time linear in its length.
//!
//! A megabyte without a blank is one match. It is merged a window at a time, from left to right, and
//! joined by this theorem:
//!
//! > Tokens `t1 … tn`, each of which is what its own bytes merge into, are what their joined bytes
//! > merge into if for each neighbours `a` and `b` the bytes of `a b` merge into `a` and `b`.
//!
//! For suppose that merging the joined bytes ever joined parts across the boundary of two
//! neighbours, and look at the first time it does. Until then the bytes of `a` and those of `b` have
//! been merged among themselves only, lowest rank and leftmost first: just as in `a b` alone, where
//! that same merge would have been next. But in `a b` alone the boundary remains. So no merge ever crosses
//! one, and each token's bytes merge as they do alone.
//!
//! The tokens of one window have the property among themselves, by the same argument. Each window
//! begins with the last token of the one before: where it comes out again the two fit together. Where
//! it does not, what follows has changed what came before further back than [`OVERLAP`] tokens, and
//! more is merged at once. In ordinary text that hardly ever happens, and time is linear in the length of
//! a match. In a text made for it, the window grows until it contains the match: `n log n` at the worst.
//!
//! The tokens that a window adds depend on its bytes alone. So where a window has the same bytes as the
//! one before, as in a megabyte of blanks, its tokens are those of the one before at other offsets.

use super::parts::Parts;
use super::vocabulary::Vocabulary;

/// The bytes that are merged at once.
const WINDOW: usize = 256;

/// The tokens at the end of a window that are merged again with what follows.
const OVERLAP: usize = 4;

/// Merges the matches of a text with one vocabulary. Its buffers are reused from match to match.
pub(super) struct Merger<'t> {
    vocabulary: &'static Vocabulary,
    text: &'t [u8],
    window: Parts,
    /// The starts of the tokens found in a match.
    starts: Vec<usize>,
    repeats: Repeats,
}

impl<'t> Merger<'t> {
    /// For the matches of this text.
    pub(super) fn new(vocabulary: &'static Vocabulary, text: &'t str) -> Self {
        let (window, starts, repeats) = (Parts::default(), Vec::new(), Repeats::of(text));
        Self { vocabulary, text: text.as_bytes(), window, starts, repeats }
    }

    /// The number of tokens of the match at `start..end`. A match that is itself a token is that one token,
    /// whatever its bytes would merge into, as in tiktoken.
    #[inline]
    pub(super) fn count(&mut self, start: usize, end: usize) -> usize {
        if self.vocabulary.rank(self.text, start, end).is_some() {
            1
        } else if end - start <= WINDOW {
            let window = &mut self.window;
            self.repeats.count(self.text, start, end, || window.merge(self.vocabulary, self.text, start, end))
        } else {
            self.merge_by_windows(start, end);
            self.starts.len()
        }
    }

    /// The starts of the tokens of the match at `start..end`, as [`count`](Self::count) counts them.
    pub(super) fn starts(&mut self, start: usize, end: usize) -> &[usize] {
        if self.vocabulary.rank(self.text, start, end).is_some() {
            self.starts.clear();
            self.starts.push(start);
        } else {
            self.merge_by_windows(start, end);
        }
        &self.starts
    }

    /// Finds the tokens of a match. `starts` has the starts of the tokens that are final so far and, last,
    /// the *joint*: where the next one starts.
    fn merge_by_windows(&mut self, start: usize, end: usize) {
        self.starts.clear();
        self.starts.push(start);
        let mut reach = WINDOW;
        let mut repeated: Option<MergeWindow> = None;
        loop {
            let (from, joint) = match self.starts[..] {
                [.., last, joint] => (last, joint),
                _ => (start, start),
            };
            let to = end.min(joint + reach);
            let known = self.starts.len();
            let window = MergeWindow { from, joint, to, known };
            if let Some(before) = repeated.filter(|before| to < end && window.repeats(before, self.text)) {
                self.starts.extend_from_within(before.known..);
                self.starts[known..].iter_mut().for_each(|token| *token += joint - before.joint);
                repeated = Some(window);
                continue;
            }
            self.window.merge(self.vocabulary, self.text, from, to);
            if from < joint && self.window.end_of_part(from) != joint {
                // The last token before the joint came out differently: what follows has changed it. Go
                // back by the reach and merge much more at once, so that the next window contains this joint.
                let before = self.starts.partition_point(|start| start + reach <= joint);
                self.starts.truncate(before.max(1));
                reach *= 8;
                repeated = None;
                continue;
            }
            let mut token = self.window.end_of_part(joint);
            while token < to {
                self.starts.push(token);
                token = self.window.end_of_part(token);
            }
            if to == end {
                return;
            }
            // Drop the last tokens; the first of them starts at the next joint. If that drops everything
            // that this window has added, it was too small to make progress.
            let left = (self.starts.len() + 1).saturating_sub(OVERLAP);
            self.starts.truncate(left.max(known));
            repeated = Some(window).filter(|_| left > known);
            if left <= known {
                reach *= 2;
            }
        }
    }
}

/// A window of a match, in bytes of the text.
#[derive(Clone, Copy)]
struct MergeWindow {
    /// The start of the last token before the joint.
    from: usize,
    /// The start of the first token that is not final.
    joint: usize,
    /// The end of the window.
    to: usize,
    /// How many starts were known before it: those that it adds come after them.
    known: usize,
}

impl MergeWindow {
    /// Whether this window has the same bytes as the one before, and its joint at the same offset in them.
    fn repeats(&self, before: &Self, text: &[u8]) -> bool {
        self.joint - self.from == before.joint - before.from
            && text.get(self.from..self.to) == text.get(before.from..before.to)
    }
}

/// A cache of the counts of recent matches that are not themselves tokens: many are names that occur
/// again. It is indexed by a hash of their bytes; of two matches with the same hash the later one stays.
struct Repeats {
    /// Its length is a power of two: small for a short text, and never larger than a processor's cache.
    places: Vec<Repeat>,
}

/// The range of a match in the text, and its number of tokens. The default is no match.
#[derive(Clone, Copy, Default)]
struct Repeat {
    start: u32,
    end: u32,
    tokens: u32,
}

const MOST_REPEATS: usize = 1 << 12;

impl Repeats {
    fn of(text: &str) -> Self {
        let places = (text.len() / 16).next_power_of_two().min(MOST_REPEATS);
        Self { places: vec![Repeat::default(); places] }
    }

    /// The number of tokens of the match at `start..end`: that of an equal match before it, or as counted.
    #[inline]
    fn count(&mut self, text: &[u8], start: usize, end: usize, count: impl FnOnce() -> usize) -> usize {
        let Some(found) = text.get(start..end) else { return count() };
        let place = place_of(found) & (self.places.len() - 1);
        let (Some(place), Ok(start), Ok(end)) = (self.places.get_mut(place), u32::try_from(start), u32::try_from(end))
        else {
            return count();
        };
        if text.get(place.start as usize..place.end as usize) == Some(found) {
            return place.tokens as usize;
        }
        let tokens = count();
        *place = Repeat { start, end, tokens: tokens as u32 };
        tokens
    }
}

/// A hash of the length of a match, its first and its last bytes.
#[inline]
fn place_of(found: &[u8]) -> usize {
    let (first, last) = match (found.first_chunk(), found.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (found.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
    };
    let mixed = (first ^ last.rotate_left(29) ^ found.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vocabulary::{CL100K, O200K};
    use super::*;

    /// Merging by its definition, all of the text at once.
    fn by_definition(vocabulary: &Vocabulary, text: &[u8]) -> Vec<usize> {
        let mut starts: Vec<usize> = (0..=text.len()).collect();
        loop {
            let pairs =
                (2..starts.len()).filter_map(|at| Some((vocabulary.rank(text, starts[at - 2], starts[at])?, at - 1)));
            let Some((_, middle)) = pairs.min() else { break };
            starts.remove(middle);
        }
        starts.pop();
        starts
    }

    fn by_windows(vocabulary: &'static Vocabulary, text: &str) -> Vec<usize> {
        let mut merger = Merger::new(vocabulary, text);
        merger.merge_by_windows(0, text.len());
        merger.starts
    }

    /// For each first letter the longest run of letters each of which makes a token of lower rank
    /// with the next than with the one before: what merges is decided at its right end, and handed
    /// on to the left.
    fn chains(vocabulary: &Vocabulary) -> Vec<Vec<u8>> {
        let letters = b'!'..=b'~';
        let pairs = letters.clone().flat_map(|first| letters.clone().map(move |second| [first, second]));
        let mut ranked: Vec<(u32, [u8; 2])> =
            pairs.filter_map(|pair| Some((vocabulary.rank(&pair, 0, 2)?, pair))).collect();
        ranked.sort_unstable();
        let mut chains: Vec<Vec<u8>> = (0..128).map(|letter| vec![letter]).collect();
        for (_, [first, second]) in ranked {
            let longer = [&[first], chains[usize::from(second)].as_slice()].concat();
            if longer.len() > chains[usize::from(first)].len() {
                chains[usize::from(first)] = longer;
            }
        }
        chains
    }

    #[test]
    fn what_is_decided_at_the_end_reaches_back() {
        for vocabulary in [&O200K, &CL100K] {
            let mut chains = chains(vocabulary);
            chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
            assert!(chains[0].len() > 50, "{}", chains[0].len());
            for chain in &chains[..3] {
                // The window ends at another place in the chain each time.
                for ahead in (0..WINDOW).step_by(9) {
                    let text = ["x".repeat(ahead).as_bytes(), chain, chain, chain].concat();
                    let text = String::from_utf8(text).unwrap();
                    assert_eq!(by_windows(vocabulary, &text), by_definition(vocabulary, text.as_bytes()), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_run_is_merged_as_it_is_defined_wherever_it_breaks_off() {
        let strain = ["ab ", "x", "", " the"];
        for (number, run) in [" ", "a", "\t ", "=-", "我", "aA1.", "the"].into_iter().enumerate() {
            for vocabulary in [&O200K, &CL100K] {
                let text =
                    format!("{}{}{}", run.repeat(1500 / run.len()), strain[number % 4], run.repeat(700 / run.len()));
                assert_eq!(by_windows(vocabulary, &text), by_definition(vocabulary, text.as_bytes()), "{run:?}");
            }
        }
    }

    #[test]
    fn a_long_run_is_the_longest_token_again_and_again() {
        let text = " ".repeat(100_000);
        let mut merger = Merger::new(&O200K, &text);
        merger.merge_by_windows(0, text.len());
        let first: Vec<usize> = merger.starts[..4].to_vec();
        assert_eq!(first, [0, 128, 256, 384]);
        assert_eq!(merger.starts.len(), 100_000_usize.div_ceil(128));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn windows_find_what_is_defined(text in "[a-c]{300,700}|[a-z]{300,700}|[一-京]{100,300}|[а-я]{200,400}|(语|言|模|型){100,300}|[!-~]{300,700}") {
            for vocabulary in [&O200K, &CL100K] {
                prop_assert_eq!(by_windows(vocabulary, &text), by_definition(vocabulary, text.as_bytes()));
            }
        }
    }
}
