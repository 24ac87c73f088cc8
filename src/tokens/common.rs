//! How many tokens two texts begin with alike.

use super::cut;
use super::{Encoding, Tokenizer};

impl Tokenizer {
    /// The tokens that two texts have in common from their start. By a public encoding exactly; by a
    /// user's tokenizer or an estimate at most one token too few for what the first difference may
    /// have split.
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
}

impl Encoding {
    /// The tokens before the last cut that is safe in both texts count alike; from there on they are
    /// compared one by one.
    fn common(self, one: &str, other: &str, shared: usize) -> u64 {
        let Some(begin) = one.get(..shared) else { return 0 };
        let cut = cut::last(self.pattern(), begin).unwrap_or(0);
        let whole = begin.get(..cut).map_or(0, |text| self.count(text));
        // Where the tokens from there on end, up to a cut behind the first difference.
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

/// The bytes in common, up to a character that is whole in both.
fn shared(one: &str, other: &str) -> usize {
    let bytes = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=bytes).rev().find(|at| one.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By tokenising both texts whole.
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
