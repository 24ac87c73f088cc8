//! What a report says and in which order, before any medium has a say.
//!
//! Every word is either the tool's own or the repository's. The printers escape the latter; nothing
//! here is escaped yet.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::phrase::Phrase;
use super::section::section;
use super::texts::{Shown, TextChange};
use super::verdict::verdict;
use crate::delta::{Kind, Turn};
use crate::project::ContextId;
use crate::report::text::{counted, grouped};
use crate::review::{ContextReview, ContextStatus, Group, Review};
use crate::tokens::Basis;
use crate::tree::{Commit, TreeName};

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

/// A whole report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Sheet {
    /// What was compared with.
    pub base: Phrase,
    /// What was compared.
    pub head: Phrase,
    /// What happened, in one sentence.
    pub verdict: Phrase,
    /// Each context that differs, or each group of them; what a reviewer has to see first comes first.
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
}

/// Sets a review down.
pub(super) fn sheet(review: &Review, mut room: Room) -> Sheet {
    let mut shown = Shown::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut without_text = 0;
    let mut order: Vec<usize> = (0..review.contexts.len()).collect();
    order.sort_by_key(|index| rank(&review.contexts[*index]));
    let groups: HashMap<usize, &Group> =
        review.groups.iter().flat_map(|group| group.contexts.iter().map(move |index| (*index, group))).collect();
    for index in order {
        let group = groups.get(&index);
        let members: Vec<&ContextReview> = match group {
            Some(group) if group.contexts.first() == Some(&index) => {
                group.contexts.iter().filter_map(|member| review.contexts.get(*member)).collect()
            }
            Some(_) => continue,
            None => vec![&review.contexts[index]],
        };
        without_text += usize::from(room.in_all == 0);
        sections.push(section(&members, &mut shown, &mut room));
    }
    let used = |section: &Section| {
        let lines = section.items.iter().filter_map(|item| item.symbol);
        lines
            .chain([section.symbol])
            .chain(section.texts.iter().map(|text| Symbol::of_segment(text.kind)))
            .collect::<Vec<_>>()
    };
    let mut legend: Vec<Symbol> = sections.iter().flat_map(used).collect();
    legend.sort_unstable();
    legend.dedup();
    let base = commit(&review.base);
    let found_by =
        if review.found_by.is_empty() { Phrase::default() } else { Phrase::word("  ").name(&review.found_by) };
    Sheet {
        base: base.then(found_by),
        head: side(&review.head),
        verdict: verdict(review),
        sections,
        notes: notes(review, without_text),
        legend,
    }
}

/// What a reviewer has to see first comes first.
fn rank(context: &ContextReview) -> (u8, ContextId) {
    let broken = context.delta.iter().flat_map(|delta| &delta.budgets).any(|budget| budget.turn() == Turn::Broken);
    let rank = match context.status {
        ContextStatus::Broken => 0,
        _ if broken => 1,
        ContextStatus::Changed => 2,
        ContextStatus::Added => 3,
        ContextStatus::Removed => 4,
        ContextStatus::Renamed => 5,
    };
    (rank, context.id.clone())
}

fn commit(commit: &Commit) -> Phrase {
    let short: String = commit.id.as_str().chars().take(10).collect();
    Phrase::word(format!("{short}  {}", crate::models::day_of(commit.time)))
}

fn side(name: &TreeName) -> Phrase {
    let on = |what: &str, below: &Option<Commit>| match below {
        Some(below) => Phrase::word(format!("{what} on ")).then(commit(below)),
        None => Phrase::word(what),
    };
    match name {
        TreeName::Commit(own) => commit(own),
        TreeName::Index(below) => on("the index", below),
        TreeName::Worktree(below) => on("the working tree", below),
    }
}

fn notes(review: &Review, without_text: usize) -> Vec<Phrase> {
    let mut notes = Vec::new();
    if without_text > 0 {
        notes.push(Phrase::word(format!("{} told without its text.", counted(without_text, "change"))));
    }
    if review.unchanged > 0 && !review.contexts.is_empty() {
        let verb = if review.unchanged == 1 { "is" } else { "are" };
        notes.push(Phrase::word(format!("{} {verb} unchanged.", counted(review.unchanged, "prompt"))));
    }
    if !review.no_effect.is_empty() {
        let verb = if review.no_effect.len() == 1 { "differs and changes" } else { "differ and change" };
        let files = format!("{} {verb} no prompt: ", counted(review.no_effect.len(), "file"));
        notes.push(Phrase::word(files).then(list(review.no_effect.iter().map(ToString::to_string))));
    }
    let estimated = |context: &ContextReview| {
        let models = context.head.iter().chain(&context.base).flat_map(|build| &build.models);
        models.map(|model| model.tokens.basis()).any(|basis| basis == Basis::Estimated)
    };
    if review.contexts.iter().any(estimated) {
        notes.push(Phrase::word(format!(
            "≈ estimated tokens: there is no public tokenizer. Prices of {}.",
            review.date
        )));
    } else if review.contexts.iter().any(|context| context.delta.as_ref().is_some_and(|delta| !delta.models.is_empty()))
    {
        notes.push(Phrase::word(format!("Prices of {}, for both sides.", review.date)));
    }
    notes
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
