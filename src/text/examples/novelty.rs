//! Measures how much of an example was already said by the ones before it.
//!
//! A text is reduced to the set of its shingles: pairs of neighbouring words, letters in one case, every
//! number alike (two tickets do not differ by their order number). Each example is represented by the
//! [`SKETCH`] shingles with the smallest fingerprints, a bottom-k sketch (Broder 1997): which shingles
//! are in a sketch does not depend on the order of the text, so overlaps of sketches estimate those of
//! the texts while memory is bounded.
//!
//! The measure looks backwards only, so appending to a file does not change it for the examples that
//! were there before. It also limits similarity: of two examples whose overlap is at most `x`, the later
//! one shares at most the part `x` of its sketch with the earlier.

use std::collections::HashSet;

use super::Example;
use super::fingerprint::Fingerprint;

/// The most shingles in the sketch of an example.
const SKETCH: usize = 64;

/// The overlap in ten-thousandths.
pub(super) type Overlap = u64;

/// For each example of a sequence, the part of its shingles that some example before it has. One
/// without words says nothing new.
pub(super) fn overlaps<'a>(examples: impl Iterator<Item = &'a Example>) -> Vec<Overlap> {
    let mut seen = HashSet::new();
    let overlap = |example: &Example| {
        let sketch = sketch(example);
        let known = sketch.iter().filter(|shingle| !seen.insert(**shingle)).count();
        (known as u64 * 10_000).checked_div(sketch.len() as u64).unwrap_or(10_000)
    };
    examples.map(overlap).collect()
}

/// The smallest fingerprints of an example's shingles, ascending.
fn sketch(example: &Example) -> Vec<u64> {
    let mut shingles: Vec<u64> = example.turns.iter().flat_map(|turn| shingles(&turn.text)).collect();
    shingles.sort_unstable();
    shingles.dedup();
    shingles.truncate(SKETCH);
    shingles
}

/// The fingerprints of all pairs of neighbouring words; of the word, when there is but one.
fn shingles(text: &str) -> Vec<u64> {
    let words = words(text);
    match words.as_slice() {
        [word] => vec![*word],
        words => words
            .windows(2)
            .map(|pair| pair.iter().fold(Fingerprint::new(0), |print, word| print.number(*word)).finish())
            .collect(),
    }
}

/// The fingerprints of the words of a text.
///
/// Characters are not classified by Unicode's tables, which change with each version and would change
/// the picks: case is folded in ASCII only, and every character from the East Asian blocks on is a word
/// of its own.
fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::new();
    let mut open: Option<Fingerprint> = None;
    let mut in_number = false;
    for character in text.chars() {
        let alone = character >= '\u{2e80}' && !is_separator(character);
        if alone || is_separator(character) {
            words.extend(open.take().map(Fingerprint::finish));
        }
        if !is_separator(character) {
            let digit = character.is_ascii_digit();
            let written = if digit { '0' } else { character.to_ascii_lowercase() };
            let word = open.unwrap_or(Fingerprint::new(0));
            // Every digit counts as `0`, and of a run of digits only the first, so that all numbers are alike.
            open = Some(if digit && in_number { word } else { word.number(u64::from(written)) });
        }
        in_number = character.is_ascii_digit();
        if alone {
            words.extend(open.take().map(Fingerprint::finish));
        }
    }
    words.extend(open.map(Fingerprint::finish));
    words
}

/// Blanks, punctuation and controls of ASCII, Latin-1, General Punctuation and the East Asian blocks.
fn is_separator(character: char) -> bool {
    match character {
        '\0'..='\u{7f}' => !character.is_ascii_alphanumeric(),
        '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' => true,
        '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff1f}' => true,
        _ => false,
    }
}
