//! What a report is made of, before any medium has a say.
//!
//! Every word is either the tool's own or the repository's. The printers escape the latter; nothing
//! here is escaped yet.

use schemars::JsonSchema;
use serde::Serialize;

use super::phrase::Phrase;
use super::texts::TextChange;
use crate::compare::delta::Kind;
use crate::compare::review::ContextStatus;
use crate::output::report::text::{cut, grouped};

/// The most names in one list.
const MAX_NAMES: usize = 8;

/// A symbol that stands before a line; the legend tells those that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Symbol {
    /// `+`
    Added,
    /// `-`
    Removed,
    /// `~`
    Changed,
    /// `^`
    Moved,
    /// `>`
    Renamed,
    /// `!`
    Broken,
}

impl Symbol {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Moved => "^",
            Self::Renamed => ">",
            Self::Broken => "!",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved, the text is the same",
            Self::Renamed => "renamed, the text is the same",
            Self::Broken => "cannot be built",
        }
    }

    pub(super) fn of_context(status: ContextStatus) -> Self {
        match status {
            ContextStatus::Added => Self::Added,
            ContextStatus::Removed => Self::Removed,
            ContextStatus::Changed => Self::Changed,
            ContextStatus::Renamed => Self::Renamed,
            ContextStatus::Broken => Self::Broken,
        }
    }

    pub(super) fn of_segment(kind: Kind) -> Self {
        match kind {
            Kind::Added => Self::Added,
            Kind::Removed => Self::Removed,
            Kind::Changed => Self::Changed,
            Kind::Moved => Self::Moved,
        }
    }
}

/// A line of a section: how deep, with which symbol, what.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Item {
    /// 0 for the section's own lines, 1 for what belongs to the line above.
    pub depth: usize,
    /// What it begins with.
    pub symbol: Option<Symbol>,
    /// What it says.
    pub phrase: Phrase,
}

/// One context, or a group of contexts with the same change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Section {
    /// What became of it.
    pub symbol: Symbol,
    /// Its name.
    pub title: Phrase,
    /// What is said of it.
    pub items: Vec<Item>,
    /// What changed of the text that the model sees.
    pub texts: Vec<TextChange>,
}

impl Section {
    pub(super) fn line(&mut self, phrase: Phrase) {
        self.items.push(Item { depth: 0, symbol: None, phrase });
    }

    pub(super) fn below(&mut self, phrase: Phrase) {
        self.items.push(Item { depth: 1, symbol: None, phrase });
    }
}

/// A row of the table: a context, a group of contexts with the same change, or a sum.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Row {
    /// What became of it; nothing for sums.
    pub symbol: Option<Symbol>,
    /// Which contexts.
    pub name: Phrase,
    /// The tokens that each grew by.
    pub tokens: String,
    /// Its models, the largest difference first.
    pub models: Vec<ModelRow>,
}

/// One model of a row.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ModelRow {
    /// The model, or the replacement of one by another.
    pub name: Phrase,
    /// Tokens that the cache still serves, of those that it held.
    pub cache: String,
    /// A month before and after.
    pub month: Phrase,
}

/// A whole report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Sheet {
    /// What was compared with.
    pub base: Phrase,
    /// What was compared.
    pub head: Phrase,
    /// What happened, the deciding line first.
    pub headline: Vec<Phrase>,
    /// Each context that differs, or each group of them: what is broken or unknown first, then by money, then by
    /// tokens; the last row sums them up.
    pub table: Vec<Row>,
    /// New warnings, each once.
    pub findings: Vec<Phrase>,
    /// The contexts and groups at length, in the order of the table.
    pub sections: Vec<Section>,
    /// What is said of the whole.
    pub notes: Vec<Phrase>,
    /// The symbols that are used.
    pub legend: Vec<Symbol>,
}

/// How much a report may show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Lines of text that differ, for each context.
    pub(super) lines: usize,
    /// The same for the whole report; what comes later is told without its text.
    pub(super) in_all: usize,
    /// Rows of the table, a row for each model; what comes later is one row.
    pub(super) rows: usize,
    /// The most contexts and groups that are told at length; of more none is.
    pub(super) sections: usize,
}

/// The most characters of a name in a headline or a table.
const MAX_NAME: usize = 80;

/// A name for a headline or a table.
pub(super) fn short(name: &str) -> String {
    cut(name, MAX_NAME)
}

/// Names, the first few of them.
pub(super) fn list(names: impl ExactSizeIterator<Item = String>) -> Phrase {
    let more = names.len().saturating_sub(MAX_NAMES);
    let mut phrase = Phrase::default();
    for (number, name) in names.take(MAX_NAMES).enumerate() {
        phrase = if number == 0 { phrase } else { phrase.and(", ") }.name(name);
    }
    if more > 0 { phrase.and(format!(" and {} more", grouped(more as u64))) } else { phrase }
}
