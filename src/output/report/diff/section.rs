//! What is said of one context, or of a group of contexts with the same change.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::figures::{signed_usd, tokens, usd};
use super::headline::{grown_words, loosened_words};
use super::phrase::Phrase;
use super::sheet::{Item, Room, Section, Symbol, list};
use super::texts::{Shown, changes};
use crate::compare::delta::{
    Attribution, BudgetDelta, Delta, Divergence, Figure, Kind, ModelDelta, Pair, SegmentChange, Side, Turn,
};
use crate::compare::review::{ContextReview, ContextStatus};
use crate::cost::planner::words::money;
use crate::cost::tokens::Basis;
use crate::output::report::explain::origin;
use crate::output::report::text::{counted, grouped};
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::prompt::segment::Segment;
use crate::syntax::diag::Diagnostic;
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;
use crate::text::lint::secret::masked;

/// The most segments that one context lists.
const MAX_SEGMENTS: usize = 25;

/// Tells a context; of a group the first one, and what all of them come to.
pub(super) fn section(members: &[&ContextReview], title: Phrase, shown: &mut Shown, room: &mut Room) -> Section {
    let symbol = members.first().map_or(Symbol::Changed, |first| Symbol::of_context(first.status));
    let mut section = Section { symbol, title, items: Vec::new(), texts: Vec::new() };
    let Some(first) = members.first() else { return section };
    if members.len() > 1 {
        section.line(
            Phrase::word(format!("{} prompts: ", grouped(members.len() as u64)))
                .then(list(members.iter().map(|member| member.id.to_string()))),
        );
    }
    if let Some(delta) = &first.delta {
        if first.status != ContextStatus::Broken {
            section.line(Phrase::word(match grown_words(members).filter(|_| members.len() > 1) {
                Some(grown) => format!("tokens {grown} each"),
                None => format!("tokens {}", tokens(delta.tokens)),
            }));
        }
        let causes: BTreeSet<&ProjectPath> =
            members.iter().flat_map(|member| &member.causes).map(|cause| &cause.path).collect();
        if !causes.is_empty() {
            section.line(Phrase::word("by ").then(list(causes.into_iter().map(ToString::to_string))));
        }
        place(&mut section, first, delta);
        segments(&mut section, first, delta);
        if first.status != ContextStatus::Broken {
            if members.len() > 1 {
                section.line(Phrase::word("figures of ").name(first.id.to_string()));
            }
            for model in &delta.models {
                model_lines(&mut section, first, model);
            }
        }
        for budget in &delta.budgets {
            section.items.extend(budget_line(budget));
        }
    }
    for (word, faults) in [("before", &first.base_faults), ("now", &first.head_faults)] {
        for fault in faults {
            section.line(Phrase::default().loud(format!("{word}: ")).then(fault_phrase(fault)));
        }
    }
    let mut lines = room.lines.min(room.in_all);
    if first.status != ContextStatus::Broken && lines > 0 {
        let most = lines;
        section.texts = changes(first, shown, &mut lines);
        room.in_all -= most - lines;
    }
    section
}

pub(super) fn fault_phrase(fault: &Diagnostic) -> Phrase {
    let place = fault.span.as_ref().map(|span| {
        let (line, _) = span.line_column();
        format!("{}:{line}", span.path())
    });
    let place = place.or_else(|| fault.file.as_ref().map(ToString::to_string));
    let phrase = place.map_or_else(Phrase::default, |place| Phrase::named(place).and(": "));
    let phrase = phrase.name(&*masked(&fault.message));
    let Some(model) = &fault.model else { return phrase };
    phrase.and(" (").name(model).and(")")
}

/// Where the prompt first differs, and who did it.
fn place(section: &mut Section, context: &ContextReview, delta: &Delta) {
    let Some(divergence) = &delta.divergence else {
        let words = match context.status {
            ContextStatus::Changed if delta.segments.is_empty() => "the model sees the same text",
            ContextStatus::Changed => "the model sees the same bytes, cut into other segments",
            _ => return,
        };
        section.line(Phrase::word(words));
        return;
    };
    let Some(segment) = diverging(context, divergence) else { return };
    let mut phrase = Phrase::word("first difference in ").name(&segment.id);
    if let Some(place) = &context.place {
        phrase = phrase.and(", ").name(format!("{}:{}", place.path, place.line));
        phrase = match &place.commit {
            Some(commit) => phrase.and(format!(" ({})", commit.id.short())),
            None => phrase.and(" (not committed)"),
        };
    }
    section.line(phrase);
    section.below(Phrase::word(format!(
        "after {} and {} that stay",
        counted(usize::try_from(divergence.byte).unwrap_or(usize::MAX), "byte"),
        counted(usize::try_from(divergence.token).unwrap_or(usize::MAX), "token")
    )));
    if delta.tiers.len() > 1 {
        for tier in &delta.tiers {
            let Some(segment) = diverging(context, tier) else { continue };
            section.below(Phrase::word(format!("in {}: ", tier.tier)).name(&segment.id));
        }
    }
}

fn diverging<'a>(context: &'a ContextReview, divergence: &Divergence) -> Option<&'a Segment> {
    let build = match divergence.side {
        Side::Base => context.base.as_ref()?,
        Side::Head => context.head.as_ref()?,
    };
    build.segments.get(divergence.segment)
}

/// The segments that differ, and how many do not.
fn segments(section: &mut Section, context: &ContextReview, delta: &Delta) {
    if context.status == ContextStatus::Broken || delta.segments.is_empty() {
        return;
    }
    let heading = match delta.same {
        0 => "segments".to_owned(),
        same => format!("segments ({} unchanged)", grouped(same as u64)),
    };
    section.line(Phrase::word(heading));
    for change in delta.segments.iter().take(MAX_SEGMENTS) {
        section.items.push(segment_line(context, change));
    }
    if delta.segments.len() > MAX_SEGMENTS {
        section.below(Phrase::word(format!("and {} more", grouped((delta.segments.len() - MAX_SEGMENTS) as u64))));
    }
}

fn segment_line(context: &ContextReview, change: &SegmentChange) -> Item {
    let of = |build: &'_ Option<Arc<Build>>, index: Option<usize>| {
        let (build, index) = build.as_ref().zip(index)?;
        Some((build.segments.get(index)?.clone(), build.counts.per_segment.get(index).copied()?))
    };
    let (old, new) = (of(&context.base, change.base), of(&context.head, change.head));
    let size = Pair { base: old.as_ref().map(|(_, tokens)| *tokens), head: new.as_ref().map(|(_, tokens)| *tokens) };
    let (named, was) = match (&new, &old) {
        (Some((new, _)), Some((old, _))) => (new, Some(old)),
        (Some((new, _)), None) => (new, None),
        (None, Some((old, _))) => (old, None),
        (None, None) => {
            return Item { depth: 1, symbol: None, phrase: Phrase::default() };
        }
    };
    let mut phrase = Phrase::named(&named.id);
    if let Some(was) = was.filter(|was| was.id != named.id) {
        phrase = phrase.and(" (was ").name(&was.id).and(")");
    }
    phrase = phrase.and("  ").name(origin(named)).and("  ");
    phrase = match change.kind {
        Kind::Moved => phrase.and(counted(usize::try_from(size.head.unwrap_or(0)).unwrap_or(0), "token")),
        Kind::Added => phrase.and(format!("+{}", grouped(size.head.unwrap_or(0)))),
        Kind::Removed => phrase.and(format!("-{}", grouped(size.base.unwrap_or(0)))),
        Kind::Changed => phrase.and(tokens(size)),
    };
    Item { depth: 1, symbol: Some(Symbol::of_segment(change.kind)), phrase }
}

/// A model's part: what its cache loses, what that costs, what a call and a month cost from now on.
fn model_lines(section: &mut Section, context: &ContextReview, model: &ModelDelta) {
    let shown = seen(context, model);
    let about = if shown.is_some_and(|model| model.tokens.basis() == Basis::Estimated) { "≈" } else { "" };
    let mut head = Phrase::named(&model.name);
    if let Some(old) = &model.replaces {
        head = head.and(" in place of ").name(old);
    }
    match (model.models.base, model.models.head) {
        (None, Some(_)) if context.base.is_some() => head = head.and("  new for this prompt"),
        (Some(_), None) if context.head.is_some() => head = head.and("  no longer built for"),
        _ => {}
    }
    section.line(head);
    let is_both = model.models.base.is_some() && model.models.head.is_some();
    let prefix = Pair { base: model.base_prefix, head: model.head_prefix };
    if prefix.base != prefix.head || !is_both {
        section.below(Phrase::word(format!("prefix:    {about}{} tokens", tokens(prefix))));
    }
    if is_both && model.replaces.is_none() {
        section.below(cache_line(model, about));
    }
    for (name, figure) in [("warm call:", model.warm), ("month:    ", model.month)] {
        if figure.base.is_some() || figure.head.is_some() {
            section.below(Phrase::word(format!("{name} {about}{}", usd(figure, ""))));
        }
    }
    if let Some(announced) = &model.announced {
        section.below(Phrase::word(format!("from {} on: {about}{}", announced.day, usd(announced.month, " a month"))));
    }
    if let Some(attribution) = &model.attribution {
        section.items.extend(attribution_line(attribution));
    }
    for (crossing, what) in [(model.cliff, "the price step"), (model.window, "the model's window")] {
        if let Some(crossing) = crossing {
            let limit = grouped(crossing.limit);
            section.below(if crossing.is_above {
                Phrase::default().loud(format!("now above {what} at {limit} tokens"))
            } else {
                Phrase::default().good(format!("no longer above {what} at {limit} tokens"))
            });
        }
    }
}

fn seen<'a>(context: &'a ContextReview, model: &ModelDelta) -> Option<&'a ModelBuild> {
    let of = |build: &'a Option<Arc<Build>>, index: Option<usize>| build.as_ref()?.models.get(index?);
    of(&context.head, model.models.head).or_else(|| of(&context.base, model.models.base))
}

/// How much of what was cached is still served, and what the rest costs once.
fn cache_line(model: &ModelDelta, about: &str) -> Phrase {
    let (before, after) = (model.cached.base.unwrap_or(0), model.cached.head.unwrap_or(0));
    if before == 0 && after == 0 {
        return Phrase::word("cache:     nothing of it is cached, before or after");
    }
    if before == 0 {
        let once = model.rewarm.map_or_else(String::new, |once| format!("; {about}{} to fill it once", money(once)));
        return Phrase::word(format!(
            "cache:     nothing was cached before, {about}{} tokens are now{once}",
            grouped(after)
        ));
    }
    let promise = if model.is_promised { "" } else { " at best" };
    let kept = format!(
        "cache:     {about}{} of {about}{} tokens still served{promise}",
        grouped(model.eligible),
        grouped(before)
    );
    let phrase = if model.breaks_prefix() { Phrase::default().loud(kept) } else { Phrase::word(kept) };
    match model.rewarm {
        Some(once) if once > Usd::ZERO => phrase.and(format!("; {about}{} to re-warm once", money(once))),
        Some(_) => phrase.and("; nothing to re-warm"),
        None => phrase.and("; the price of re-warming is not known"),
    }
}

/// The parts of a difference in cost that are not nothing.
fn attribution_line(attribution: &Attribution) -> Option<Item> {
    let parts = [
        ("text", attribution.text),
        ("order", attribution.order),
        ("tokenizer", attribution.tokenizer),
        ("price", attribution.price),
        ("traffic", attribution.traffic),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, amount)| *amount != Usd::ZERO)
        .map(|(name, amount)| format!("{name} {}", signed_usd(amount)))
        .collect();
    let of = match attribution.of {
        Figure::Month => "of that month",
        Figure::Warm => "of that call",
    };
    let phrase = Phrase::word(format!("{of}: {}", parts.join(", ")));
    (!parts.is_empty()).then_some(Item { depth: 1, symbol: None, phrase })
}

fn budget_line(budget: &BudgetDelta) -> Option<Item> {
    let of = Phrase::word("budget of ").name(&budget.model);
    let phrase = match budget.turn() {
        Turn::Broken => of.loud(" newly broken: "),
        Turn::StillBroken if budget.blocks => of.loud(" still broken, and worse: "),
        Turn::StillBroken => of.and(" still broken, as before: "),
        Turn::Loosened => {
            let what = if budget.limit.head.is_none() { " removed: " } else { " loosened: " };
            return Some(Item { depth: 0, symbol: None, phrase: of.loud(what).and(loosened_words(budget)) });
        }
        Turn::Mended => of.good(" mended: "),
        Turn::Quiet => return None,
    };
    // A block's id is in the sentence, and nothing else of the repository's.
    Some(Item { depth: 0, symbol: None, phrase: phrase.name(&budget.sentence) })
}
