//! Counts the tokens that two texts have in common from their start.

use super::cut;
use super::{Encoding, Tokenizer};

impl Tokenizer {
    /// The number of tokens that two texts have in common from their start. It is exact for a public
    /// encoding; for a user's tokenizer or an estimate, one token is left out because the first difference
    /// may have split it.
    pub fn common(&self, one: &str, other: &str) -> u64 {
        let shared = shared(one, other);
        match self {
            Self::Encoding(encoding) => encoding.common(one, other, shared),
            _ if shared == one.len() && shared == other.len() => self.count(one).tokens(),
            _ => {
                let Some((begin, rest)) = other.split_at_checked(shared) else { return 0 };
                let begun = self.count_message(&[begin, rest]).per_piece.first().copied().unwrap_or(0);
                begun.saturating_sub(1)
            }
        }
    }

    /// [`common`](Self::common) for texts in pieces. `tokens` are the numbers of tokens that begin in each
    /// piece of `other`, so that only the text around the first difference is tokenised. An estimate adds
    /// up the estimates of the pieces.
    pub fn common_pieces(&self, one: &[&str], other: &[&str], tokens: &[u64]) -> u64 {
        let shared = shared_pieces(one, other);
        let (mut whole, mut start) = (0, 0);
        while let Some(piece) = other.get(whole).filter(|piece| start + piece.len() <= shared) {
            start += piece.len();
            whole += 1;
        }
        let before = |pieces: usize| tokens.iter().take(pieces).sum::<u64>();
        match self {
            Self::Encoding(encoding) => {
                let found = encoding.common_around(one, other, (whole, start));
                found.map(|(first, begun, common)| (before(first + 1) + common).saturating_sub(begun))
            }
            Self::Family(_) => {
                match other.get(whole).filter(|piece| shared > start && piece.is_char_boundary(shared - start)) {
                    None if start == shared && one.iter().map(|piece| piece.len()).sum::<usize>() == shared => {
                        Some(before(whole))
                    }
                    None => Some(before(whole).saturating_sub(1)),
                    Some(piece) => {
                        let (begin, rest) = piece.split_at(shared - start);
                        let begun = self.count_message(&[begin, rest]).per_piece.first().copied().unwrap_or(0);
                        Some((before(whole) + begun).saturating_sub(1))
                    }
                }
            }
            Self::User(_) => None,
        }
        .unwrap_or_else(|| self.common(&one.concat(), &other.concat()))
    }
}

impl Encoding {
    /// For texts whose first `whole` pieces, `start` bytes long, are in both: the piece before the
    /// first difference, the tokens that begin in it behind its last safe cut, and the tokens that
    /// both texts have in common from that cut on. `None` where there is no such cut.
    fn common_around(self, one: &[&str], other: &[&str], (whole, start): (usize, usize)) -> Option<(usize, u64, u64)> {
        let first = whole.checked_sub(1)?;
        let piece = other.get(first)?;
        let cut = cut::last(self.pattern(), piece)?;
        let behind = piece.len() - cut;
        let (one, other) = (rest(one, start - behind), rest(other, start - behind));
        let end = cut::first_at_or_after(self.pattern(), &other, behind).unwrap_or(other.len());
        let starts = self.token_starts(other.get(..end)?);
        let begun = starts.into_iter().filter(|at| *at < behind).count() as u64;
        Some((first, begun, self.common(&one, &other, shared(&one, &other))))
    }

    /// The tokens before the last cut that is safe in both texts are the same; from there on they are
    /// compared one by one. `shared` is the number of bytes in common.
    fn common(self, one: &str, other: &str, shared: usize) -> u64 {
        let Some(begin) = one.get(..shared) else { return 0 };
        let cut = cut::last(self.pattern(), begin).unwrap_or(0);
        let whole = begin.get(..cut).map_or(0, |text| self.count(text));
        // The ends of the tokens from there on, up to a cut after the first difference.
        let ends = |text: &str| -> Vec<usize> {
            let rest = text.get(cut..).unwrap_or_default();
            let end = cut::first_at_or_after(self.pattern(), rest, shared - cut + 1).unwrap_or(rest.len());
            let tail = rest.get(..end).unwrap_or_default();
            self.token_starts(tail).into_iter().skip(1).chain([tail.len()]).filter(|end| *end > 0).collect()
        };
        let alike = ends(one).into_iter().zip(ends(other));
        whole + alike.take_while(|(one, other)| one == other && cut + one <= shared).count() as u64
    }
}

/// The joined pieces from a byte on.
fn rest(pieces: &[&str], from: usize) -> String {
    let mut start = 0;
    let parts = pieces.iter().filter_map(|piece| {
        let own = from.saturating_sub(start);
        start += piece.len();
        piece.get(own..)
    });
    parts.collect()
}

/// The number of bytes that the joined pieces have in common from their start, however they are divided.
fn shared_pieces(one: &[&str], other: &[&str]) -> usize {
    let (mut ours, mut theirs) = (one.iter(), other.iter());
    let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    loop {
        while left.is_empty() {
            let Some(piece) = ours.next() else { return common };
            left = piece.as_bytes();
        }
        while right.is_empty() {
            let Some(piece) = theirs.next() else { return common };
            right = piece.as_bytes();
        }
        let length = left.len().min(right.len());
        let (mine, yours) = (&left[..length], &right[..length]);
        if mine != yours {
            return common + mine.iter().zip(yours).take_while(|(one, other)| one == other).count();
        }
        common += length;
        (left, right) = (&left[length..], &right[length..]);
    }
}

/// The number of bytes in common from the start, ending at a character boundary.
fn shared(one: &str, other: &str) -> usize {
    let bytes = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=bytes).rev().find(|at| one.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by tokenising both texts completely.
    fn plainly(encoding: Encoding, one: &str, other: &str) -> u64 {
        let tokens = |text: &'_ str| -> Vec<String> {
            let starts = encoding.token_starts(text);
            let ends = starts.iter().copied().skip(1).chain([text.len()]);
            // A token can end within a character.
            starts.iter().zip(ends).map(|(start, end)| format!("{:?}", &text.as_bytes()[*start..end])).collect()
        };
        tokens(one).iter().zip(&tokens(other)).take_while(|(one, other)| one == other).count() as u64
    }

    #[test]
    fn a_word_that_goes_on_is_another_token() {
        let o200k = Tokenizer::Encoding(Encoding::O200kBase);
        assert_eq!(o200k.common("the same words", "the same words"), 3);
        assert_eq!(o200k.common("the same word", "the same wording"), 2);
        assert_eq!(o200k.common("", "a"), 0);
    }

    proptest! {
        #[test]
        fn pieces_have_in_common_what_the_joined_texts_have(
            begin in prop::collection::vec("[a-zA-Zé ,.\n/0-9']{0,20}", 0..6),
            one in prop::collection::vec("[a-zé \n/0-9.]{0,12}", 0..4),
            other in prop::collection::vec("[a-zé \n/0-9.]{0,12}", 0..4),
        ) {
            let pieces = |end: &[String]| -> Vec<String> { begin.iter().chain(end).cloned().collect() };
            let (one, other) = (pieces(&one), pieces(&other));
            let one: Vec<&str> = one.iter().map(String::as_str).collect();
            let other: Vec<&str> = other.iter().map(String::as_str).collect();
            for encoding in Encoding::ALL {
                let tokens = encoding.attribute(&other);
                let tokenizer = Tokenizer::Encoding(encoding);
                let whole = tokenizer.common(&one.concat(), &other.concat());
                prop_assert_eq!(tokenizer.common_pieces(&one, &other, &tokens), whole);
                // The result does not depend on how the first text is divided.
                let joined = one.concat();
                prop_assert_eq!(tokenizer.common_pieces(&[&joined], &other, &tokens), whole);
            }
        }

        #[test]
        fn it_is_what_the_whole_texts_begin_with(
            begin in "[a-zA-Zé ,.\n/0-9']{0,60}", one in "[a-zé \n/0-9.]{0,30}", other in "[a-zé \n/0-9.]{0,30}",
        ) {
            let (one, other) = (format!("{begin}{one}"), format!("{begin}{other}"));
            for encoding in Encoding::ALL {
                let tokenizer = Tokenizer::Encoding(encoding);
                prop_assert_eq!(tokenizer.common(&one, &other), plainly(encoding, &one, &other));
            }
        }
    }
}
