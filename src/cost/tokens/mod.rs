//! Token counts that say what they are: exact, measured or estimated.
//!
//! A model's tokens are counted in one of three ways: by a public [`Encoding`], by a `tokenizer.json` that
//! the user names ([`UserTokenizer`]), or, where there is neither, by an estimate for the model's
//! [`TokenizerFamily`]. [`Tokenizer`] is whichever of them a model has. All of them count the joined text of one
//! message, and attribute to each piece of it the tokens that begin there.
//!
//! An encoding splits a text into the matches of its pattern (`split`, by the character classes of
//! `class`) and merges each (`merge`, `parts`) with a vocabulary (`vocabulary`) in the format that the
//! build script writes (`image`). It cuts long texts where counts add up (`cut`), and counts joined
//! pieces by their seams (`seam`). An estimate is the sum of a text's `features` with the weights of a
//! family (`estimate`, `estimators`). This room knows neither the origin of a text nor its cost.

mod choice;
mod class;
mod common;
mod count;
mod cut;
mod encoding;
mod estimate;
mod estimators;
mod family;
mod features;
mod image;
mod merge;
mod parts;
mod seam;
mod split;
mod user;
mod vocabulary;

use std::cell::OnceCell;
use std::sync::Arc;

pub use choice::{UnknownTokenizer, chosen};
pub use count::{Basis, Count};
pub use encoding::Encoding;
pub use estimate::apportion;
pub use family::TokenizerFamily;
pub use features::{Features, Joint};
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
    Family(TokenizerFamily),
}

/// The tokens of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageCount {
    /// The tokens of the joined text.
    pub total: Count,
    /// For each piece, the tokens that begin in it; they add up to the total.
    pub per_piece: Vec<u64>,
}

/// If a user's tokenizer refuses a text, the text is estimated as for [`TokenizerFamily::Other`], and the count
/// has the basis `estimated`.
impl Tokenizer {
    /// The tokens of a text.
    pub fn count(&self, text: &str) -> Count {
        match self {
            Self::Encoding(encoding) => Count::exact(encoding.count(text)),
            Self::User(user) => user.count(text).map_or_else(|_| TokenizerFamily::Other.estimate(text), Count::exact),
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
                .map_or_else(|_| TokenizerFamily::Other.count_message(pieces), MessageCount::exact),
            Self::Family(family) => family.count_message(pieces),
        }
    }
}

/// The tokens of a text by each tokenizer, in their order: the numbers of [`Tokenizer::count`]. What several of them
/// follow from, the tokens of a public vocabulary and the features of the text, is worked out once.
pub fn count_by_each<'a>(tokenizers: impl IntoIterator<Item = &'a Tokenizer>, text: &str) -> Vec<Count> {
    let (o200k, cl100k) = (OnceCell::new(), OnceCell::new());
    let encoded = |encoding: Encoding| {
        // `o200k_harmony` differs from `o200k_base` in special tokens only, which are text here.
        let known = if encoding == Encoding::Cl100kBase { &cl100k } else { &o200k };
        *known.get_or_init(|| encoding.count(text))
    };
    let features = OnceCell::new();
    let counted = tokenizers.into_iter().map(|tokenizer| match tokenizer {
        Tokenizer::Encoding(encoding) => Count::exact(encoded(*encoding)),
        Tokenizer::Family(family) => {
            let features = features.get_or_init(|| {
                let (found, _) = Features::of_piece(text, Joint::default());
                [found.with_o200k(encoded(Encoding::O200kBase))]
            });
            family.count_features(features).total
        }
        Tokenizer::User(_) => tokenizer.count(text),
    });
    counted.collect()
}

impl MessageCount {
    /// Exact shares, and their sum.
    pub fn exact(per_piece: Vec<u64>) -> Self {
        Self { total: Count::exact(per_piece.iter().sum()), per_piece }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counting_by_each_at_once_is_counting_by_each_alone(text in encoding::tests::tricky_text()) {
            let all: Vec<Tokenizer> = chosen(&[]).unwrap().into_iter().map(|(_, tokenizer)| tokenizer).collect();
            let alone: Vec<Count> = all.iter().map(|tokenizer| tokenizer.count(&text)).collect();
            prop_assert_eq!(count_by_each(&all, &text), alone);
        }
    }
}
