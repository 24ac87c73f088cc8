//! What a report says and in which order, before any medium has a say.
//!
//! Every word is either the tool's own or the repository's. The printers escape the latter; nothing
//! here is escaped yet.

use super::figures::{signed_usd, tokens, usd};
use super::texts::{Shown, TextChange, changes};
use super::verdict::verdict;
use crate::cost::planner::words::money;
use crate::delta::{Attribution, BudgetDelta, Delta, Divergence, Figure, Kind, ModelDelta, SegmentChange, Side, Turn};
use crate::diag::Diagnostic;
use crate::model_build::ModelBuild;
use crate::project::ContextId;
use crate::quantity::Usd;
use crate::report::explain::origin;
use crate::report::text::{counted, grouped};
use crate::review::{ContextReview, ContextStatus, Review};
use crate::segment::Segment;
use crate::tokens::Basis;
use crate::tree::{Commit, TreeName};

/// The most segments that one context lists.
const MAX_SEGMENTS: usize = 25;
/// The most names in one list.
const MAX_NAMES: usize = 8;

/// Words with a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ink {
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Phrase(pub(super) Vec<Ink>);

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

/// A symbol that stands before a line; the legend tells those that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Symbol {
    Added,
    Removed,
    Changed,
    Moved,
    Renamed,
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

    fn of_context(status: ContextStatus) -> Self {
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
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// 0 for the section's own lines, 1 for what belongs to the line above.
    pub(super) depth: usize,
    pub(super) symbol: Option<Symbol>,
    pub(super) phrase: Phrase,
}

/// One context, or a group of contexts with the same change.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) symbol: Symbol,
    pub(super) title: Phrase,
    pub(super) items: Vec<Item>,
    pub(super) texts: Vec<TextChange>,
}

impl Section {
    fn line(&mut self, phrase: Phrase) {
        self.items.push(Item { depth: 0, symbol: None, phrase });
    }

    fn below(&mut self, phrase: Phrase) {
        self.items.push(Item { depth: 1, symbol: None, phrase });
    }
}

/// A whole report.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) base: Phrase,
    pub(super) head: Phrase,
    pub(super) verdict: Phrase,
    pub(super) sections: Vec<Section>,
    /// What is said of the whole.
    pub(super) notes: Vec<Phrase>,
    pub(super) legend: Vec<Symbol>,
}

/// How much a report may show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Lines of text that differ, for each context.
    pub(super) lines: usize,
}

/// Sets a review down.
pub(super) fn page(review: &Review, room: Room) -> Page {
    let mut shown = Shown::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut order: Vec<usize> = (0..review.contexts.len()).collect();
    order.sort_by_key(|index| rank(&review.contexts[*index]));
    for index in order {
        let group = review.groups.iter().find(|group| group.contexts.contains(&index));
        let members: Vec<&ContextReview> = match group {
            Some(group) if group.contexts.first() == Some(&index) => {
                group.contexts.iter().filter_map(|member| review.contexts.get(*member)).collect()
            }
            Some(_) => continue,
            None => vec![&review.contexts[index]],
        };
        sections.push(section(&members, &mut shown, room));
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
    Page {
        base: base.then(found_by),
        head: side(&review.head),
        verdict: verdict(review),
        sections,
        notes: notes(review),
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

fn notes(review: &Review) -> Vec<Phrase> {
    let mut notes = Vec::new();
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
fn list(names: impl ExactSizeIterator<Item = String>) -> Phrase {
    let more = names.len().saturating_sub(MAX_NAMES);
    let mut phrase = Phrase::default();
    for (number, name) in names.take(MAX_NAMES).enumerate() {
        phrase = if number == 0 { phrase } else { phrase.and(", ") }.name(name);
    }
    if more > 0 { phrase.and(format!(" and {} more", grouped(more as u64))) } else { phrase }
}

fn section(members: &[&ContextReview], shown: &mut Shown, room: Room) -> Section {
    let Some(first) = members.first() else {
        return Section { symbol: Symbol::Changed, title: Phrase::default(), items: Vec::new(), texts: Vec::new() };
    };
    let mut title = Phrase::named(first.id.to_string());
    if let Some(old) = &first.renamed_from {
        title = title.and(" (was ").name(old.to_string()).and(")");
    }
    if members.len() > 1 {
        title = title.and(format!(" and {} more with the same change", grouped(members.len() as u64 - 1)));
    }
    let mut section = Section { symbol: Symbol::of_context(first.status), title, items: Vec::new(), texts: Vec::new() };
    if members.len() > 1 {
        section.line(
            Phrase::word(format!("{} prompts: ", grouped(members.len() as u64)))
                .then(list(members.iter().map(|member| member.id.to_string()))),
        );
    }
    if let Some(delta) = &first.delta {
        if first.status != ContextStatus::Broken {
            section.line(Phrase::word(format!("tokens {}", tokens(delta.tokens))));
        }
        if !first.causes.is_empty() {
            section.line(Phrase::word("by ").then(list(first.causes.iter().map(|cause| cause.path.to_string()))));
        }
        place(&mut section, first, delta);
        segments(&mut section, first, delta);
        for model in &delta.models {
            model_lines(&mut section, first, model, members);
        }
        for budget in &delta.budgets {
            section.items.extend(budget_line(budget));
        }
    }
    for (word, faults) in [("before", &first.base_faults), ("now", &first.head_faults)] {
        for fault in faults {
            section.line(Phrase::default().loud(format!("{word}: ")).then(told(fault)));
        }
    }
    for remark in first.new_remarks() {
        section.line(Phrase::word("new warning: ").then(told(remark)));
    }
    let mut lines = room.lines;
    if first.status != ContextStatus::Broken {
        section.texts = changes(first, shown, &mut lines);
    }
    section
}

fn told(fault: &Diagnostic) -> Phrase {
    let place = fault.span.as_ref().map(|span| {
        let (line, _) = span.line_column();
        format!("{}:{line}", span.path())
    });
    let place = place.or_else(|| fault.file.as_ref().map(ToString::to_string));
    let phrase = place.map_or_else(Phrase::default, |place| Phrase::named(place).and(": "));
    phrase.name(&fault.message)
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
            Some(commit) => phrase.and(format!(" ({})", commit.id.as_str().chars().take(10).collect::<String>())),
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
    let of = |build: &'_ Option<Box<crate::build::Build>>, index: Option<usize>| {
        let (build, index) = build.as_ref().zip(index)?;
        Some((build.segments.get(index)?.clone(), build.counts.per_segment.get(index).copied()?))
    };
    let (old, new) = (of(&context.base, change.base), of(&context.head, change.head));
    let size = crate::delta::Pair {
        base: old.as_ref().map(|(_, tokens)| *tokens),
        head: new.as_ref().map(|(_, tokens)| *tokens),
    };
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
fn model_lines(section: &mut Section, context: &ContextReview, model: &ModelDelta, members: &[&ContextReview]) {
    let shown = seen(context, model);
    let about = if shown.is_some_and(|model| model.tokens.basis() == Basis::Estimated) { "≈" } else { "" };
    let mut head = Phrase::named(&model.name);
    match (model.models.base, model.models.head) {
        (None, Some(_)) if context.base.is_some() => head = head.and("  new for this prompt"),
        (Some(_), None) if context.head.is_some() => head = head.and("  no longer built for"),
        _ => {}
    }
    section.line(head);
    let is_both = model.models.base.is_some() && model.models.head.is_some();
    if model.prefix.base != model.prefix.head || !is_both {
        section.below(Phrase::word(format!("prefix    {about}{} tokens", tokens(model.prefix))));
    }
    if is_both {
        section.below(cache_line(model, about));
        if members.len() > 1 {
            section.items.extend(all_members(model, members));
        }
    }
    for (name, figure) in [("warm call", model.warm), ("month    ", model.month)] {
        if figure.base.is_some() || figure.head.is_some() {
            section.below(Phrase::word(format!("{name} {about}{}", usd(figure))));
        }
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
    let of = |build: &'a Option<Box<crate::build::Build>>, index: Option<usize>| build.as_ref()?.models.get(index?);
    of(&context.head, model.models.head).or_else(|| of(&context.base, model.models.base))
}

/// How much of what was cached is still served, and what the rest costs once.
fn cache_line(model: &ModelDelta, about: &str) -> Phrase {
    let (before, after) = (model.cached.base.unwrap_or(0), model.cached.head.unwrap_or(0));
    if before == 0 && after == 0 {
        return Phrase::word("cache     nothing of it is cached, before or after");
    }
    if before == 0 {
        let once = model.rewarm.map_or_else(String::new, |once| format!("; {about}{} to fill it once", money(once)));
        return Phrase::word(format!(
            "cache     nothing was cached before, {about}{} tokens are now{once}",
            grouped(after)
        ));
    }
    let promise = if model.is_promised { "" } else { " at best" };
    let kept = format!(
        "cache     {about}{} of {about}{} tokens still served{promise}",
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

/// What a change that many contexts share comes to in all of them.
fn all_members(model: &ModelDelta, members: &[&ContextReview]) -> Option<Item> {
    let all = || {
        let deltas = members.iter().filter_map(|member| member.delta.as_ref());
        deltas.filter_map(|delta| delta.models.iter().find(|own| own.name == model.name))
    };
    let once: Usd = all().map(|model| model.rewarm).sum::<Option<Usd>>()?;
    let months = all().map(|model| Some(model.month.head? - model.month.base?)).sum::<Option<Usd>>();
    let months = months.map_or_else(String::new, |more| format!(", {} a month", signed_usd(more)));
    let phrase = Phrase::word(format!("in all {}: {} to re-warm once{months}", members.len(), money(once)));
    Some(Item { depth: 1, symbol: None, phrase })
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
        Turn::Mended => of.good(" mended: "),
        Turn::Quiet => return None,
    };
    // A block's id stands in the sentence, and so does nothing else of the repository's.
    Some(Item { depth: 0, symbol: None, phrase: phrase.name(&budget.sentence) })
}
