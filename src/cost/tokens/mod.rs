//! Token counts that say what they are: exact, measured or estimated.
//!
//! A model's tokens come from one of three places: a public [`Encoding`], a `tokenizer.json` that
//! the user names ([`UserTokenizer`]), or, where neither is to be had, an estimate by content for
//! the model's [`Family`]. [`Tokenizer`] is whichever of them a model has. All of them count the
//! text of one message as it stands joined, and hand each piece of it the tokens that begin there.
//!
//! An encoding splits a text as its pattern says (`split`, by the character classes of `class`) and
//! merges what it finds (`merge`, `parts`) with a vocabulary (`vocabulary`) that the build script has
//! laid out (`image`). It cuts long texts where counts add up (`cut`), and counts joined pieces by
//! their seams (`seam`).
//! An estimate sums up what a text is made of (`features`) with the weights of a family (`estimate`,
//! `estimators`). This room knows text and nothing of where it came from or what it costs.

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

use std::sync::Arc;

pub use choice::{UnknownTokenizer, chosen};
pub use count::{Basis, Count};
pub use encoding::Encoding;
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MessageCount {
    /// The tokens of the joined text.
    pub total: Count,
    /// For each piece, the tokens that begin in it; they add up to the total.
    pub per_piece: Vec<u64>,
}

/// Where a user's tokenizer refuses a text, the text is estimated as for an unknown family, and the
/// count says so.
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

impl MessageCount {
    /// Exact shares, and their sum.
    pub fn exact(per_piece: Vec<u64>) -> Self {
        Self { total: Count::exact(per_piece.iter().sum()), per_piece }
    }
}
