//! What of a review is said, and in which order.

use std::collections::HashMap;

use super::phrase::Phrase;
use super::section::section;
use super::sheet::{Room, Section, Sheet, Symbol, list};
use super::texts::Shown;
use super::verdict::verdict;
use crate::compare::delta::Turn;
use crate::compare::review::{ContextReview, ContextStatus, Group, Review};
use crate::cost::tokens::Basis;
use crate::output::report::text::counted;
use crate::text::project::ContextId;
use crate::tree::{Commit, TreeName};

/// Sets a review down in as much room as there is.
pub(super) fn arrange(review: &Review, mut room: Room) -> Sheet {
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
    let short = commit.id.short();
    Phrase::word(format!("{short}  {}", crate::cost::cards::day_of(commit.time)))
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
