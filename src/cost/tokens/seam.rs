//! Counts the joined text of pieces, tokenising only the text around the joints again.
//!
//! Between its first and its last safe cut a piece has the same tokens whatever text is around it. So a
//! joined text is counted as the sum of these middles plus the seams: the text between the last safe cut
//! of one piece and the first of a later one. A piece without a safe cut is part of its seam as a whole.
//! Each token of a seam is attributed to the piece in which it begins, so no share is ever negative.

use rayon::prelude::*;

use super::cut;
use super::encoding::{Encoding, ONE_THREAD_BYTES};

/// The counts of a text by one encoding: enough to count any joined text with it as a piece without
/// tokenising all of it again. They depend on the text alone, so they can be cached by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The tokens of the text on its own.
    total: u64,
    middle: Option<Middle>,
}

/// The part of a text between its first and its last safe cut, whose tokens do not depend on the text
/// before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Middle {
    /// The byte offset of the first safe cut.
    start: usize,
    /// The byte offset of the last one.
    end: usize,
    /// The tokens between the two.
    tokens: u64,
}

impl Measured {
    /// The tokens of the text on its own, with nothing before or after it.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The text before the middle, the tokens of the middle, the text after it; `None` if these counts
    /// cannot be of this text or the text has no middle.
    fn parts<'t>(&self, text: &'t str) -> Option<(&'t str, u64, &'t str)> {
        let middle = self.middle?;
        Some((text.get(..middle.start)?, middle.tokens, text.get(middle.end..)?))
    }

    fn fits(&self, text: &str) -> bool {
        self.middle.is_none_or(|middle| middle.start <= middle.end)
            && (self.middle.is_none() || self.parts(text).is_some())
    }
}

impl Encoding {
    /// Counts a text on its own and its middle, for [`attribute_measured`](Self::attribute_measured).
    pub fn measure(self, text: &str) -> Measured {
        let pattern = self.pattern();
        let cuts = cut::first_at_or_after(pattern, text, 0).zip(cut::last(pattern, text));
        let apart = cuts
            .and_then(|(start, end)| Some((start, end, text.get(..start)?, text.get(start..end)?, text.get(end..)?)));
        let Some((start, end, head, middle, tail)) = apart else {
            return Measured { total: self.count(text), middle: None };
        };
        let tokens = self.count(middle);
        let total = self.count(head) + tokens + self.count(tail);
        Measured { total, middle: Some(Middle { start, end, tokens }) }
    }

    /// The tokens of the joined pieces, each attributed to the piece with its first byte: as many numbers
    /// as pieces, which add up to the count of the joined text.
    pub fn attribute(self, pieces: &[&str]) -> Vec<u64> {
        let measured: Vec<Measured> = if pieces.iter().map(|piece| piece.len()).sum::<usize>() > ONE_THREAD_BYTES {
            pieces.par_iter().map(|piece| self.measure(piece)).collect()
        } else {
            pieces.iter().map(|piece| self.measure(piece)).collect()
        };
        let pieces: Vec<(&str, &Measured)> = pieces.iter().copied().zip(&measured).collect();
        self.attribute_measured(&pieces)
    }

    /// [`attribute`](Self::attribute) for pieces that this encoding has measured: only the text around the
    /// joints is tokenised. A piece whose counts do not fit it is measured again.
    pub fn attribute_measured(self, pieces: &[(&str, &Measured)]) -> Vec<u64> {
        let mut counts = Vec::with_capacity(pieces.len());
        let mut seam = Seam::default();
        for &(text, measured) in pieces {
            let own;
            let measured = if measured.fits(text) {
                measured
            } else {
                own = self.measure(text);
                &own
            };
            let piece = counts.len();
            counts.push(0);
            if let Some((head, tokens, tail)) = measured.parts(text) {
                seam.push(piece, head);
                seam.count_into(self, &mut counts);
                if let Some(count) = counts.get_mut(piece) {
                    *count += tokens;
                }
                seam.push(piece, tail);
            } else {
                seam.push(piece, text);
            }
        }
        seam.count_into(self, &mut counts);
        counts
    }
}

/// The text around one or more joints, and the pieces that it is from.
#[derive(Default)]
struct Seam {
    text: String,
    /// The end of each piece's share of the text, and the index of the piece.
    ends: Vec<(usize, usize)>,
}

impl Seam {
    fn push(&mut self, piece: usize, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.ends.push((self.text.len(), piece));
        }
    }

    /// Adds the seam's tokens to the counts of the pieces in which they begin, and empties it.
    fn count_into(&mut self, encoding: Encoding, counts: &mut [u64]) {
        match self.ends.as_slice() {
            [] => {}
            &[(_, piece)] => credit(counts, piece, encoding.count(&self.text)),
            ends => {
                let mut owner = 0;
                for start in encoding.token_starts(&self.text) {
                    while ends.get(owner).is_some_and(|&(end, _)| end <= start) {
                        owner += 1;
                    }
                    if let Some(&(_, piece)) = ends.get(owner) {
                        credit(counts, piece, 1);
                    }
                }
            }
        }
        self.text.clear();
        self.ends.clear();
    }
}

fn credit(counts: &mut [u64], piece: usize, tokens: u64) {
    if let Some(count) = counts.get_mut(piece) {
        *count += tokens;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encoding::tests::tricky_text;
    use super::*;

    /// Tokenises the whole text at once, and looks up the piece of each token by its first byte.
    fn by_brute_force(encoding: Encoding, pieces: &[&str]) -> Vec<u64> {
        let engine = match encoding {
            Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
            Encoding::O200kBase | Encoding::O200kHarmony => tiktoken_rs::o200k_base_singleton(),
        };
        let mut owners = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            owners.extend(std::iter::repeat_n(number, piece.len()));
        }
        let mut counts = vec![0; pieces.len()];
        let mut start = 0;
        for token in engine.encode_ordinary(&pieces.concat()) {
            counts[owners[start]] += 1;
            start += engine.decode_bytes(&[token]).unwrap().len();
        }
        counts
    }

    #[test]
    fn pieces_count_as_their_joined_text() {
        // In each of these, the count differs from the sum of the parts' counts.
        let joined = [
            ("C", "l", 1, 1),
            ("\n", " \n", 1, 1),
            ("}\n", "/", 1, 2),
            ("\t\t", "1", 3, 3),
            ("(", "\n", 1, 1),
            ("}!\u{308}", "\u{903}.e", 5, 5),
        ];
        for (before, after, o200k, cl100k) in joined {
            for (encoding, expected) in [(Encoding::O200kBase, o200k), (Encoding::Cl100kBase, cl100k)] {
                let shares = encoding.attribute(&[before, after]);
                assert_eq!(shares, by_brute_force(encoding, &[before, after]), "{before:?} {after:?}");
                if encoding == Encoding::O200kBase || before == "}\n" {
                    assert_eq!(shares.iter().sum::<u64>(), expected, "{} {before:?} {after:?}", encoding.name());
                }
            }
        }
    }

    #[test]
    fn a_token_belongs_to_the_piece_of_its_first_byte() {
        let encoding = Encoding::O200kBase;
        assert_eq!(encoding.attribute(&["C", "", "l"]), [1, 0, 0]);
        assert_eq!(encoding.attribute(&["", "Hello", " world"]), [0, 1, 1]);
        assert!(encoding.attribute(&[]).is_empty());
        assert_eq!(encoding.attribute(&["", ""]), [0, 0]);
    }

    #[test]
    fn a_measure_of_another_text_is_not_believed() {
        let encoding = Encoding::O200kBase;
        let long = encoding.measure("one two three four five");
        assert_eq!(encoding.attribute_measured(&[("é é", &long)]), [encoding.count("é é")]);
        let backwards = Measured { total: 9, middle: Some(Middle { start: 3, end: 1, tokens: 7 }) };
        assert_eq!(encoding.attribute_measured(&[("one two", &backwards)]), [2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn shares_are_those_of_the_whole_text_tokenised(pieces in prop::collection::vec(tricky_text(), 0..8)) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
                let shares = encoding.attribute(&pieces);
                prop_assert_eq!(&shares, &by_brute_force(encoding, &pieces), "{}", encoding.name());
                prop_assert_eq!(shares.iter().sum::<u64>(), encoding.count(&pieces.concat()));
            }
        }

        #[test]
        fn a_measure_has_the_count_of_the_text_alone(text in tricky_text()) {
            for encoding in Encoding::ALL {
                prop_assert_eq!(encoding.measure(&text).total(), encoding.count(&text));
            }
        }
    }
}
