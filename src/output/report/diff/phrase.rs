//! Words that know whose they are.

use schemars::JsonSchema;
use serde::Serialize;

/// Words with a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ink {
    /// The tool's own.
    Word(String),
    /// The repository's.
    Name(String),
    /// The tool's own, to be noticed.
    Loud(String),
    /// Good news.
    Good(String),
}

/// A line of words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Phrase(pub(super) Vec<Ink>);

impl Phrase {
    pub(super) fn word(text: impl Into<String>) -> Self {
        Self(vec![Ink::Word(text.into())])
    }

    pub(super) fn named(text: impl Into<String>) -> Self {
        Self(vec![Ink::Name(text.into())])
    }

    pub(super) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Ink::Word(text.into()));
        self
    }

    pub(super) fn name(mut self, text: impl Into<String>) -> Self {
        self.0.push(Ink::Name(text.into()));
        self
    }

    pub(super) fn loud(mut self, text: impl Into<String>) -> Self {
        self.0.push(Ink::Loud(text.into()));
        self
    }

    pub(super) fn good(mut self, text: impl Into<String>) -> Self {
        self.0.push(Ink::Good(text.into()));
        self
    }

    pub(super) fn then(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }
}
