//! What of a review is said, and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::headline::{headline, month};
use super::phrase::Phrase;
use super::section::{fault_phrase, section};
use super::sheet::{Room, Section, Sheet, Symbol, list};
use super::table::{Line, lines, table};
use super::texts::Shown;
use crate::compare::review::{ContextReview, Review, totals};
use crate::cost::tokens::Basis;
use crate::output::report::build::source;
use crate::output::report::findings::gather;
use crate::output::report::text::counted;
use crate::pipeline::Build;
use crate::syntax::diag::Severity;
use crate::tree::{Commit, TreeName};

/// Sets a review down in as much room as there is.
pub(super) fn arrange(review: &Review, mut room: Room) -> Sheet {
    let lines = lines(review);
    let all = totals(&review.contexts);
    let table = table(&lines, &all, room.rows);
    let mut shown = Shown::new();
    let told = if lines.len() > room.sections { 0 } else { lines.len() };
    let mut without_text = 0;
    let sections = lines.iter().take(told).map(|line| {
        without_text += usize::from(room.in_all == 0);
        section(&line.members, line.name(), &mut shown, &mut room)
    });
    let sections: Vec<Section> = sections.collect();
    let used = |section: &Section| {
        let lines = section.items.iter().filter_map(|item| item.symbol);
        lines.chain(section.texts.iter().map(|text| Symbol::of_segment(text.kind))).collect::<Vec<_>>()
    };
    let rows = table.iter().filter_map(|row| row.symbol);
    let legend: BTreeSet<Symbol> = sections.iter().flat_map(used).chain(rows).collect();
    let base = commit(&review.base);
    let found_by =
        if review.found_by.is_empty() { Phrase::default() } else { Phrase::word("  ").name(&review.found_by) };
    Sheet {
        base: base.then(found_by),
        head: side(&review.head),
        headline: headline(review, &all),
        table,
        findings: findings(review),
        sections,
        notes: notes(review, lines.len() - told, without_text),
        legend: legend.into_iter().collect(),
    }
}

/// Sets two builds down side by side: the first stands for the base, the second for the head.
pub(super) fn pair(context: &ContextReview, mut room: Room) -> Sheet {
    let all = totals([context]);
    let lines = [Line::of(vec![context])];
    let section = section(&[context], lines[0].name(), &mut Shown::new(), &mut room);
    let named = |build: &Option<Arc<Build>>| {
        build.as_ref().map_or_else(Phrase::default, |build| {
            Phrase::named(build.id.to_string()).and(format!("  {}", source(&build.provenance)))
        })
    };
    let contexts = std::slice::from_ref(context);
    let day = context.head.as_ref().map(|build| Phrase::word(format!("Prices of {}.", build.date)));
    Sheet {
        base: named(&context.base),
        head: named(&context.head),
        headline: all.iter().filter_map(|total| month(contexts, total)).collect(),
        table: table(&lines, &all, room.rows),
        findings: Vec::new(),
        legend: section
            .texts
            .iter()
            .map(|text| Symbol::of_segment(text.kind))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        sections: vec![section],
        notes: day.into_iter().collect(),
    }
}

/// New warnings, each once, with the contexts that it is of.
fn findings(review: &Review) -> Vec<Phrase> {
    let new = review
        .contexts
        .iter()
        .flat_map(|context| context.new_warnings().into_iter().map(move |warning| (&context.id, warning)));
    let said = gather(new).into_iter().map(|finding| {
        let word = if finding.diagnostic.severity == Severity::Error { "new error" } else { "new warning" };
        let extent = finding.extent().map_or_else(Phrase::default, |extent| Phrase::word(" (").name(extent).and(")"));
        Phrase::word(word).then(extent).and(": ").then(fault_phrase(finding.diagnostic))
    });
    said.collect()
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

fn notes(review: &Review, untold: usize, without_text: usize) -> Vec<Phrase> {
    let mut notes = Vec::new();
    if untold > 0 {
        notes.push(Phrase::word(format!(
            "{} told in the table alone: `contexture diff … -- ID` tells one at length, -v all.",
            counted(untold, "change")
        )));
    }
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
    let built = review.contexts.iter().flat_map(|context| &context.head);
    let assumed: BTreeSet<&str> =
        built.flat_map(|build| &build.plan.manifest.assumed).map(|word| word.value.as_str()).collect();
    if !assumed.is_empty() {
        let words: Vec<&str> = assumed.into_iter().collect();
        notes.push(Phrase::word(format!("Figures rest on what manifests assume: {}.", words.join(", "))));
    }
    let uneven = review.contexts.iter().flat_map(|context| {
        let (base, head) = (context.base.as_deref(), context.head.as_deref());
        let pairs = base.into_iter().flat_map(|base| &base.models);
        pairs.filter(move |old| {
            let twin = head.and_then(|head| head.models.iter().find(|new| new.card.name == old.card.name));
            twin.is_some_and(|new| new.measured.is_some() != old.measured.is_some())
        })
    });
    let uneven = uneven.count();
    if uneven > 0 {
        notes.push(Phrase::word(format!(
            "{} measured on one side only, so both sides are compared as estimates: `contexture count --remote` measures the other.",
            counted(uneven, "prompt")
        )));
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
