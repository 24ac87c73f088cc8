//! Token counts that say what they are: exact, measured or estimated.
//!
//! A model's tokens come from one of three places: a public [`Encoding`], a `tokenizer.json` that
//! the user names ([`UserTokenizer`]), or, where neither is to be had, an estimate by content for
//! the model's [`Family`]. [`Tokenizer`] is whichever of them a model has. All of them count the
//! text of one message as it stands joined, and hand each piece of it the tokens that begin there.

mod choice;
mod class;
mod count;
mod cut;
mod encoding;
mod family;
mod merge;
mod seam;
mod split;
mod user;

use std::sync::Arc;

pub use choice::{UnknownTokenizer, chosen};
pub use count::{Basis, Count};
pub use encoding::Encoding;
pub use family::Family;
pub use seam::Measured;
pub use user::{MAX_TOKENIZER_BYTES, UserTokenizer, UserTokenizerError};

/// What counts a model's tokens.
#[derive(Debug, Clone)]
pub enum Tokenizer {
    /// A public encoding: exact.
    Encoding(Encoding),
    /// The user's `tokenizer.json`: exact.
    User(Arc<UserTokenizer>),
    /// Neither: estimated.
    Family(Family),
}

/// The tokens of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageCount {
    /// The tokens of the joined text.
    pub total: Count,
    /// For each piece, the tokens that begin in it; they add up to the total.
    pub per_piece: Vec<u64>,
}

impl Tokenizer {
    /// The tokens of a text.
    pub fn count(&self, text: &str) -> Count {
        match self {
            Self::Encoding(encoding) => Count::exact(encoding.count(text)),
            Self::User(user) => user.count(text).map_or_else(|_| Family::Other.estimate(text), Count::exact),
            Self::Family(family) => family.estimate(text),
        }
    }

    /// The tokens of the text that the pieces make when joined with nothing between them, and the
    /// share of each piece.
    pub fn count_message(&self, pieces: &[&str]) -> MessageCount {
        match self {
            Self::Encoding(encoding) => MessageCount::exact(encoding.attribute(pieces)),
            Self::User(user) => user
                .attribute(pieces)
                .map_or_else(|_| Self::Family(Family::Other).count_message(pieces), MessageCount::exact),
            Self::Family(family) => {
                let total = family.estimate(&pieces.concat());
                let weights = Encoding::O200kBase.attribute(pieces);
                MessageCount { total, per_piece: apportion(total.tokens(), &weights) }
            }
        }
    }
}

impl MessageCount {
    fn exact(per_piece: Vec<u64>) -> Self {
        Self { total: Count::exact(per_piece.iter().sum()), per_piece }
    }
}

/// Shares of `total` in proportion to the weights, as whole numbers that add up to it: the largest
/// remainders are rounded up, the earlier of equal ones first.
fn apportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        let mut shares = vec![0; weights.len()];
        if let Some(first) = shares.first_mut() {
            *first = total;
        }
        return shares;
    }
    let parts = weights.iter().map(|&weight| u128::from(total) * u128::from(weight));
    let mut shares: Vec<u64> = parts.clone().map(|part| (part / sum) as u64).collect();
    let mut order: Vec<(u128, usize)> = parts.map(|part| part % sum).zip(0..).collect();
    order.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    let left = total - shares.iter().sum::<u64>();
    for &(_, index) in order.iter().take(left as usize) {
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_earlier_pieces_are_rounded_up_first() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(0, &[0, 0]), [0, 0]);
        assert!(apportion(3, &[]).is_empty());
        assert_eq!(apportion(7, &[5, 0, 2]), [5, 0, 2]);
    }

    #[test]
    fn a_message_adds_up_for_every_tokenizer() {
        let pieces = ["You are a careful clerk.", "\n\n", "", "Answer in one line."];
        let families = Family::ALL.into_iter().map(Tokenizer::Family);
        for tokenizer in Encoding::ALL.into_iter().map(Tokenizer::Encoding).chain(families) {
            let message = tokenizer.count_message(&pieces);
            assert_eq!(message.per_piece.iter().sum::<u64>(), message.total.tokens(), "{tokenizer:?}");
            assert_eq!(message.total, tokenizer.count(&pieces.concat()), "{tokenizer:?}");
        }
    }
}
