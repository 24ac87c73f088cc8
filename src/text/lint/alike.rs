//! Measures how much of two texts is the same.
//!
//! A text is reduced to the set of its shingles, runs of consecutive words, each as a 64-bit
//! fingerprint. Likeness is Jaccard's index: the shingles in both over the shingles in either. Of long
//! texts only the fingerprints below a fixed bound are stored (Broder 1997). The bound is the same for
//! all texts, so the likeness of two samples estimates that of the whole texts.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use crate::text::examples::mix;

/// The most shingles of a text that are all stored.
const ALL: usize = 4096;
/// The fraction of a longer text's shingles that is stored: one in so many.
const ONE_IN: u64 = 16;
/// The most texts that are indexed under one fingerprint: one that more texts share is of a common
/// phrase and does not make them alike.
const COMMON: usize = 32;
/// Up to so many texts, a new one is compared with all of them; beyond, with those that share a fingerprint.
const FEW: usize = 16;

/// The shingles of a text.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    /// Ascending, without duplicates.
    shingles: Vec<u64>,
    is_sample: bool,
    /// How many words the text has.
    pub words: usize,
}

impl Sketch {
    /// Of runs of `width` words, letters in one case.
    pub fn of(text: &str, width: usize) -> Self {
        let words: Vec<u64> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(word).collect();
        let run = |run: &[u64]| run.iter().fold(0, |print: u64, word| mix(print.rotate_left(5) ^ word));
        let mut shingles: Vec<u64> = match words.len() {
            0 => Vec::new(),
            short if short < width => vec![run(&words)],
            _ => words.windows(width).map(run).collect(),
        };
        let is_sample = shingles.len() > ALL;
        if is_sample {
            shingles.retain(is_sampled);
        }
        shingles.sort_unstable();
        shingles.dedup();
        Self { shingles, is_sample, words: words.len() }
    }

    /// The shingles under which a text is indexed and looked up: all of a short text, some of a long one.
    fn probes(&self) -> impl Iterator<Item = u64> {
        let is_short = self.shingles.len() < 256;
        self.shingles.iter().copied().filter(move |shingle| is_short || shingle.is_multiple_of(8))
    }

    /// How alike two texts are, in hundredths.
    pub fn likeness(&self, other: &Self) -> u64 {
        let (one, two) = self.comparable(other);
        let both = common(one, two);
        hundredths(both, one.len() + two.len() - both)
    }

    /// An upper bound of [`Sketch::likeness`] from the sizes alone: the likeness if the larger text
    /// contained all of the smaller.
    fn likeness_at_most(&self, other: &Self) -> u64 {
        let (one, two) = self.comparable(other);
        hundredths(one.len().min(two.len()), one.len().max(two.len()))
    }

    /// The shingles of both that can be compared: if one is a sample, the same sample of the other. A
    /// sample consists of the smallest fingerprints, so it is a prefix of the sorted list.
    fn comparable<'a>(&'a self, other: &'a Self) -> (&'a [u64], &'a [u64]) {
        let sampled = self.is_sample || other.is_sample;
        let own = |sketch: &'a Self| match sampled && !sketch.is_sample {
            true => sketch.shingles.split_at(sketch.shingles.partition_point(is_sampled)).0,
            false => sketch.shingles.as_slice(),
        };
        (own(self), own(other))
    }
}

/// How many numbers two ascending lists have in common.
fn common(one: &[u64], two: &[u64]) -> usize {
    let (mut one, mut two, mut common) = (one.iter().peekable(), two.iter().peekable(), 0);
    while let (Some(first), Some(second)) = (one.peek(), two.peek()) {
        match first.cmp(second) {
            Ordering::Less => {
                one.next();
            }
            Ordering::Greater => {
                two.next();
            }
            Ordering::Equal => {
                common += 1;
                one.next();
                two.next();
            }
        }
    }
    common
}

fn hundredths(part: usize, whole: usize) -> u64 {
    (part as u64 * 100).checked_div(whole as u64).unwrap_or(0)
}

/// The texts that a new one is compared with.
#[derive(Debug, Default)]
pub(super) struct SketchIndex {
    sketches: Vec<Arc<Sketch>>,
    /// The numbers of the texts that have a shingle. Empty while there are at most [`FEW`] texts.
    texts_with: HashMap<u64, Vec<usize>>,
}

impl SketchIndex {
    /// Adds a text; its number is how many there were before.
    pub fn add(&mut self, sketch: Arc<Sketch>) {
        self.sketches.push(sketch);
        let first_unindexed = match self.sketches.len() {
            0..=FEW => return,
            number if number == FEW + 1 => 0,
            number => number - 1,
        };
        for (number, sketch) in self.sketches.iter().enumerate().skip(first_unindexed) {
            for shingle in sketch.probes() {
                let texts = self.texts_with.entry(shingle).or_default();
                if texts.len() < COMMON {
                    texts.push(number);
                }
            }
        }
    }

    /// The text that is most like this one and at least so much, in hundredths: its number and how
    /// alike they are. Of equals the first.
    pub fn nearest(&self, sketch: &Sketch, least: u64) -> Option<(usize, u64)> {
        let alike = self.near(sketch).into_iter().filter_map(|number| {
            // Most texts that share a phrase differ so much in size that they cannot be alike.
            let other = self.sketches.get(number).filter(|other| other.likeness_at_most(sketch) >= least)?;
            Some((number, other.likeness(sketch)))
        });
        alike.filter(|(_, likeness)| *likeness >= least).max_by_key(|(number, likeness)| (*likeness, Reverse(*number)))
    }

    /// The numbers of the texts that may be like this one, ascending.
    fn near(&self, sketch: &Sketch) -> Vec<usize> {
        if self.sketches.len() <= FEW {
            return (0..self.sketches.len()).collect();
        }
        let texts = sketch.probes().filter_map(|shingle| self.texts_with.get(&shingle));
        let mut near: Vec<usize> = texts.flatten().copied().collect();
        near.sort_unstable();
        near.dedup();
        near
    }
}

/// Whether a shingle is in the sample of a long text.
fn is_sampled(shingle: &u64) -> bool {
    *shingle < u64::MAX / ONE_IN
}

/// FNV-1a over the word in small letters.
fn word(word: &str) -> u64 {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
    word.bytes().fold(0xcbf2_9ce4_8422_2325, hash)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A text of numbered words, every `nth` of them another.
    fn text(words: usize, nth: usize) -> String {
        let word = |index: usize| {
            if nth > 0 && index.is_multiple_of(nth) { format!("other{index} ") } else { format!("word{index} ") }
        };
        (0..words).map(word).collect()
    }

    /// Jaccard's index over all shingles, as written in the books.
    fn exact(one: &str, two: &str) -> f64 {
        let set = |text: &str| -> HashSet<Vec<String>> {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.windows(5).map(<[String]>::to_vec).collect()
        };
        let (one, two) = (set(one), set(two));
        one.intersection(&two).count() as f64 / one.union(&two).count() as f64
    }

    #[test]
    fn likeness_is_that_of_all_shingles() {
        for (words, nth) in [(200, 0), (200, 50), (2000, 100), (40_000, 400), (40_000, 50)] {
            let (one, two) = (text(words, 0), text(words, nth));
            let (told, true_one) =
                (Sketch::of(&one, 5).likeness(&Sketch::of(&two, 5)) as f64 / 100.0, exact(&one, &two));
            assert!((told - true_one).abs() < 0.05, "{words} words, each {nth}th other: {told} for {true_one}");
        }
    }

    #[test]
    fn a_pair_is_found_among_strangers() {
        let strangers: Vec<String> =
            (0..100).map(|seed| (0..100).map(|word| format!("w{} ", word * 1000 + seed)).collect()).collect();
        let mut texts: Vec<String> = strangers;
        texts.push(text(500, 0));
        texts.push(text(500, 100));
        let mut index = SketchIndex::default();
        let mut found = Vec::new();
        for text in &texts {
            let sketch = Arc::new(Sketch::of(text, 5));
            found.extend(index.nearest(&sketch, 80).map(|(number, _)| number));
            index.add(sketch);
        }
        assert_eq!(found, [100]);
    }

    #[test]
    fn texts_without_words_are_like_none() {
        assert_eq!(Sketch::of("", 5).likeness(&Sketch::of("…", 5)), 0);
        assert_eq!(Sketch::of("one", 5).likeness(&Sketch::of("ONE!", 5)), 100);
    }
}
