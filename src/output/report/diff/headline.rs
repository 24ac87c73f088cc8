//! The first lines of a report: what a change costs, which prompts it touches, and whether anything stops it.

use std::collections::BTreeSet;

use super::figures::{signed, usd};
use super::phrase::Phrase;
use super::sheet::{list, short};
use crate::compare::delta::{BudgetDelta, ModelDelta, Turn};
use crate::compare::review::{BroughtCount, ContextReview, ContextStatus, ModelTotal, Range, Review};
use crate::cost::budget::Amount;
use crate::cost::planner::words::money;
use crate::output::report::text::{counted, grouped};
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;
use crate::text::lint::secret::masked;

/// The most models that the first lines speak of.
const MAX_MODELS: usize = 4;

/// The first lines: what stops the change, else the money of the model with the largest difference; then the prompts;
/// then the other models.
pub(super) fn headline(review: &Review, totals: &[ModelTotal]) -> Vec<Phrase> {
    if review.contexts.is_empty() {
        let same = match review.unchanged {
            0 => "There is no prompt on either side.".to_owned(),
            1 => "No prompt changes: the only one is the same.".to_owned(),
            all => format!("No prompt changes: all {} are the same.", grouped(all as u64)),
        };
        let same = match review.still_broken.len() {
            0 => Phrase::word(same),
            some => Phrase::word(same).loud(format!(" {} cannot be built, as before.", counted(some, "prompt"))),
        };
        return [same].into_iter().chain(brought(review)).collect();
    }
    let mut lines = stops(review);
    let is_stopped = !lines.is_empty();
    // Where no model's money differs, the first says so.
    let said = totals.iter().enumerate().filter(|(number, total)| *number == 0 || differs(total));
    let mut money = said.filter_map(|(_, total)| month(&review.contexts, total));
    lines.extend(loosened(review));
    lines.extend(brought(review));
    lines.extend(money.next());
    lines.extend(prompts(review));
    lines.extend(money.by_ref().take(MAX_MODELS - 1));
    let more = money.count();
    if more > 0 {
        lines.push(Phrase::word(format!("And {}: see the totals.", counted(more, "more model"))));
    }
    if !is_stopped {
        let warnings = review.contexts.iter().filter(|context| !context.new_warnings().is_empty()).count();
        let warnings = match warnings {
            0 => "no new warning".to_owned(),
            some => format!("new warnings in {}", counted(some, "prompt")),
        };
        let builds = match review.still_broken.len() {
            0 => "Every prompt that differs builds".to_owned(),
            some => format!("{} cannot be built, as before", counted(some, "prompt")),
        };
        lines.push(Phrase::word(format!("{builds}, no budget newly fails, {warnings}.")));
    }
    lines
}

/// The gates that the change loosens or removes, so that whoever merges has seen it: budgets, denied lints.
fn loosened(review: &Review) -> Vec<Phrase> {
    let lints =
        review.contexts.iter().flat_map(|context| context.lowered_lints().into_iter().map(move |lint| (context, lint)));
    let lints: Vec<(&ContextReview, &str)> = lints.collect();
    let lints = lints.first().map(|(context, lint)| {
        let names: BTreeSet<&str> = lints.iter().map(|(_, lint)| *lint).collect();
        let head = format!("{} no longer denied", counted(names.len(), "lint"));
        let line = Phrase::default().loud(head).and(format!(": {lint}, in ")).name(short(&context.id.to_string()));
        let more = lints.iter().map(|(context, _)| &context.id).collect::<BTreeSet<_>>().len() - 1;
        line.and(if more > 0 { format!(" and {} more.", grouped(more as u64)) } else { ".".to_owned() })
    });
    loosened_budgets(review).into_iter().chain(lints).collect()
}

/// The counts of providers that the change brings itself.
fn brought(review: &Review) -> Option<Phrase> {
    let BroughtCount { id, model, tokens, estimate } = review.brought.first()?;
    let head = format!("{} of tokens recorded by this change", counted(review.brought.len(), "count"));
    let line = Phrase::default().loud(head).and(": ").name(short(&id.to_string())).and(", ").name(model);
    let (tokens, estimate) = (grouped(*tokens), grouped(*estimate));
    Some(line.and(format!(", {tokens} where the estimate is {estimate}. `count --remote --fresh` asks again.")))
}

fn loosened_budgets(review: &Review) -> Option<Phrase> {
    let budgets = review.contexts.iter().flat_map(|context| {
        let own = context.delta.iter().flat_map(|delta| &delta.budgets);
        own.filter(|budget| budget.turn() == Turn::Loosened).map(move |budget| (context, budget))
    });
    let budgets: Vec<(&ContextReview, &BudgetDelta)> = budgets.collect();
    let (context, budget) = budgets.first()?;
    let head = format!("{} loosened or removed", counted(budgets.len(), "budget"));
    let line = Phrase::default().loud(head).and(": ").name(short(&context.id.to_string())).and(", ");
    Some(line.name(&budget.model).and(format!(": {}.", loosened_words(budget))))
}

/// The limit of a budget before and after: "tokens, 100 → 100,000".
pub(super) fn loosened_words(budget: &BudgetDelta) -> String {
    let limit = |limit: Option<Amount>| limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    let unknown = if budget.limit.base == budget.limit.head { ", and what is not known passes" } else { "" };
    format!("{}, {} → {}{unknown}", budget.name.as_str(), limit(budget.limit.base), limit(budget.limit.head))
}

/// What makes the answer no: prompts that cannot be built, budgets that newly fail, windows that are exceeded.
fn stops(review: &Review) -> Vec<Phrase> {
    let mut lines = Vec::new();
    let all = all_prompts(review);
    let broken: Vec<&ContextReview> =
        review.contexts.iter().filter(|context| !context.head_faults.is_empty()).collect();
    if let Some(fault) = broken.first().and_then(|context| context.head_faults.first()) {
        let head = format!("{} of {} cannot be built", grouped(broken.len() as u64), counted(all, "prompt"));
        let words: BTreeSet<&str> =
            broken.iter().flat_map(|context| &context.head_faults).map(|fault| fault.message.as_str()).collect();
        let mut line = Phrase::default().loud(head).and(": ").name(short(&masked(&fault.message)));
        if let Some(hint) = &fault.hint {
            line = line.and(" (").name(short(&masked(hint))).and(")");
        }
        let more = words.len().saturating_sub(1);
        lines.push(if more > 0 { line.and(format!(", and {}.", counted(more, "other fault"))) } else { line.and(".") });
    }
    let budgets = || {
        review.contexts.iter().flat_map(|context| {
            context.delta.iter().flat_map(|delta| &delta.budgets).map(move |budget| (context, budget))
        })
    };
    let blocking: Vec<(&ContextReview, &BudgetDelta)> = budgets().filter(|(_, budget)| budget.blocks).collect();
    if let Some((context, budget)) = blocking.first() {
        let verb = if blocking.len() == 1 { "newly fails" } else { "newly fail" };
        let head = format!("{} {verb}", counted(blocking.len(), "budget"));
        let line = Phrase::default().loud(head).and(": ").name(short(&context.id.to_string())).and(", ");
        lines.push(line.name(&budget.model).and(": ").name(short(&budget.sentence)).and("."));
    }
    let mended = budgets().filter(|(_, budget)| budget.turn() == Turn::Mended).count();
    if mended > 0 {
        lines.push(Phrase::default().good(format!("{} mended.", counted(mended, "budget"))));
    }
    let left_out = review.contexts.iter().flat_map(|context| context.newly_left_out().map(move |left| (context, left)));
    let left_out: Vec<_> = left_out.collect();
    if let Some((context, left)) = left_out.first() {
        let why = left.reasons.first().map_or_else(String::new, |reason| short(&masked(&reason.message)));
        let bodies = if left_out.len() == 1 {
            "1 body is".to_owned()
        } else {
            format!("{} bodies are", grouped(left_out.len() as u64))
        };
        let line =
            Phrase::default().loud(format!("{bodies} newly left out")).and(": ").name(short(&context.id.to_string()));
        lines.push(line.and(", ").name(short(&left.body.to_string())).and(": ").name(why).and("."));
    }
    let over = |model: &&ModelDelta| model.window.is_some_and(|window| window.is_above);
    let over: Vec<&ModelDelta> = review.contexts.iter().flat_map(deltas).filter(over).collect();
    if let Some(model) = over.first() {
        let head = format!("{} over the window", counted(over.len(), "prompt"));
        lines.push(Phrase::default().loud(head).and(" of ").name(&model.name).and("."));
    }
    lines
}

fn deltas(context: &ContextReview) -> impl Iterator<Item = &ModelDelta> {
    context.delta.iter().flat_map(|delta| &delta.models)
}

/// How many prompts the head has.
fn all_prompts(review: &Review) -> usize {
    let removed = review.contexts.iter().filter(|context| context.status == ContextStatus::Removed).count();
    review.unchanged + review.contexts.len() - removed
}

/// A model, or the replacement of one by another.
pub(super) fn model_name(total: &ModelTotal) -> Phrase {
    match &total.replaces {
        Some(old) => Phrase::named(old).and(" → ").name(&total.model),
        None => Phrase::named(&total.model),
    }
}

/// What a month comes to before and after, `unit` behind the amounts; loud where it is not known.
pub(super) fn month_words(total: &ModelTotal, unit: &str) -> Phrase {
    if total.unknown > 0 {
        let (some, all) = (grouped(total.unknown as u64), grouped(total.contexts as u64));
        let of = if some == all { String::new() } else { format!(" in {some} of {all}") };
        return Phrase::default().loud(format!("unknown{of}"));
    }
    if !total.has_traffic() {
        return Phrase::word("no traffic declared");
    }
    let about = about(total);
    if total.one_sided > 0 {
        let (some, all) = (grouped(total.one_sided as u64), grouped(total.contexts as u64));
        let of = if some == all { String::new() } else { format!(" in {some} of {all}") };
        let side = |side: Option<Usd>| {
            side.map_or_else(|| format!("no traffic declared{of}"), |month| format!("{about}{}{unit}", money(month)))
        };
        return Phrase::word(format!("{} → {}", side(total.month.base), side(total.month.head)));
    }
    let (base, head) = (total.month.base.unwrap_or_default(), total.month.head.unwrap_or_default());
    Phrase::word(match (base, head) {
        (Usd::ZERO, head) if head != Usd::ZERO => format!("{about}{}{unit}, new", money(head)),
        (base, Usd::ZERO) if base != Usd::ZERO => format!("{about}{}{unit}, gone", money(base)),
        _ => format!("{about}{}", usd(total.month, unit)),
    })
}

fn about(total: &ModelTotal) -> &'static str {
    if total.estimated { "≈" } else { "" }
}

/// One model's line: its month, what is announced of it, what re-warming costs once; `None` where there is nothing to
/// say of it.
pub(super) fn month(contexts: &[ContextReview], total: &ModelTotal) -> Option<Phrase> {
    let (name, about) = (model_name(total).and(": "), about(total));
    if total.unknown == 0 && !total.has_traffic() {
        // A call says something of one prompt alone.
        let [context] = contexts else { return None };
        let warm = deltas(context).find(|model| model.name == total.model)?.warm;
        let rewarm = rewarm_words(total);
        let is_said = warm.base != warm.head || rewarm.is_some();
        return is_said
            .then(|| name.and(format!("{about}{}{}.", usd(warm, " a warm call"), rewarm.unwrap_or_default())));
    }
    let is_same = total.unknown == 0 && total.month.base == total.month.head;
    let line = if total.unknown > 0 {
        month_words(total, "").and(", for a price or the size of the answers is not known")
    } else {
        month_words(total, " a month")
    };
    let announced = total.announced.as_ref().map(|announced| {
        Phrase::word(format!("from {} on {about}{}", announced.day, usd(announced.month, " a month")))
    });
    let line = match (announced, is_same) {
        (Some(announced), true) => announced.and("; until then unchanged"),
        (Some(announced), false) => line.and("; ").then(announced),
        (None, _) => line,
    };
    let bare = match total.partial {
        0 => String::new(),
        some if some == total.contexts => ", without what has no declared size".to_owned(),
        some => format!(
            ", without what has no declared size in {} of {}",
            grouped(some as u64),
            grouped(total.contexts as u64)
        ),
    };
    Some(name.then(line).and(rewarm_words(total).unwrap_or_default()).and(bare).and("."))
}

/// Whether a line of a model says that something differs.
fn differs(total: &ModelTotal) -> bool {
    total.unknown > 0
        || total.month.base != total.month.head
        || total.announced.is_some()
        || rewarm_words(total).is_some()
}

/// What filling the caches anew costs, where that is something and the model is the same.
fn rewarm_words(total: &ModelTotal) -> Option<String> {
    if total.breaks == 0 || total.replaces.is_some() {
        return None;
    }
    match total.rewarm {
        Some(once) if once > Usd::ZERO => Some(format!("; {}{} once to re-warm", about(total), money(once))),
        Some(_) => None,
        None => Some("; the price of re-warming is not known".to_owned()),
    }
}

/// Which prompts, by what, and by how much.
fn prompts(review: &Review) -> Option<Phrase> {
    let of = |status: ContextStatus| -> Vec<&ContextReview> {
        review.contexts.iter().filter(|context| context.status == status).collect()
    };
    let all = all_prompts(review);
    let changed = of(ContextStatus::Changed);
    let mut line = Phrase::default();
    if let Some(first) = changed.first() {
        let verb = if changed.len() == 1 { "changes" } else { "change" };
        line = line.and(format!("{} of {} {verb}", grouped(changed.len() as u64), counted(all, "prompt")));
        if let [context] = changed.as_slice() {
            line = line.and(", ").name(short(&context.id.to_string()));
            if let Some(old) = &context.renamed_from {
                line = line.and(" (was ").name(short(&old.to_string())).and(")");
            }
        } else if review
            .groups
            .iter()
            .any(|group| group.contexts.len() == changed.len() && is_same(review, group.contexts.first(), first))
        {
            line = line.and(" in the same way");
        }
        let causes: BTreeSet<&ProjectPath> =
            changed.iter().flat_map(|context| &context.causes).map(|cause| &cause.path).collect();
        line = match causes.len() {
            0 => line,
            1 | 2 => line.and(", by ").then(list(causes.iter().map(|path| short(path.as_str())))),
            many => line.and(format!(", by {}", counted(many, "file"))),
        };
        line = line.and(": ").then(Phrase::word(effect(&changed)));
        let broken = changed
            .iter()
            .filter(|context| deltas(context).any(|model| model.replaces.is_none() && model.breaks_prefix()))
            .count();
        if broken > 0 {
            line = line.and("; ").loud(format!("the cached prefix breaks in {}", grouped(broken as u64)));
        }
    }
    for (status, word) in [
        (ContextStatus::Added, "new"),
        (ContextStatus::Removed, "removed"),
        (ContextStatus::Renamed, "renamed"),
        (ContextStatus::Broken, "broken"),
    ] {
        let some = of(status);
        // What cannot be built now was said above.
        let some = some.iter().filter(|context| context.head_faults.is_empty()).count();
        let word = if status == ContextStatus::Broken { "no longer broken" } else { word };
        line = match some {
            0 => line,
            1 if line.0.is_empty() => line.and(format!("1 prompt is {word}")),
            some if line.0.is_empty() => line.and(format!("{} are {word}", counted(some, "prompt"))),
            some => line.and(format!("; {} {word}", grouped(some as u64))),
        };
    }
    (!line.0.is_empty()).then(|| line.and("."))
}

fn is_same(review: &Review, index: Option<&usize>, context: &ContextReview) -> bool {
    index.and_then(|index| review.contexts.get(*index)).is_some_and(|first| first.id == context.id)
}

/// What of a context grew, in tokens.
pub(super) fn grown(context: &ContextReview) -> Option<i128> {
    let tokens = context.delta.as_ref()?.tokens;
    Some(i128::from(tokens.head.unwrap_or(0)) - i128::from(tokens.base.unwrap_or(0)))
}

/// `+4`, or of many `+1 to +9 (median +4)`.
pub(super) fn grown_words(contexts: &[&ContextReview]) -> Option<String> {
    let Range { least, median, most } = Range::of(contexts.iter().copied().filter_map(grown))?;
    Some(match least == most {
        true => signed(least),
        false => format!("{} to {} (median {})", signed(least), signed(most), signed(median)),
    })
}

/// What changes in prompts that are on both sides.
fn effect(changed: &[&ContextReview]) -> String {
    let is_text = |context: &&&ContextReview| context.delta.as_ref().is_some_and(|delta| !delta.segments.is_empty());
    if changed.iter().any(|context| is_text(&context)) {
        let each = if changed.len() == 1 { "" } else { " each" };
        return match grown_words(changed) {
            Some(words) if words == signed(0) => "the token count stays".to_owned(),
            Some(words) if words == "+1" || words == "-1" => format!("{words} token{each}"),
            Some(words) => format!("{words} tokens{each}"),
            None => "tokens are not known".to_owned(),
        };
    }
    let mut parts: BTreeSet<&str> = BTreeSet::new();
    for model in changed.iter().copied().flat_map(deltas) {
        parts.extend(model.replaces.is_some().then_some("the model"));
        parts.extend((model.models.base.is_none() != model.models.head.is_none()).then_some("the models"));
        parts.extend(model.announced.is_some().then_some("an announced price"));
        let amounts = model.attribution.iter().filter(|_| model.replaces.is_none());
        for part in amounts
            .flat_map(|of| [("the traffic", of.traffic), ("the price", of.price), ("the tokenizer", of.tokenizer)])
        {
            parts.extend((part.1 != Usd::ZERO).then_some(part.0));
        }
    }
    match parts.len() {
        0 => "the text stays".to_owned(),
        1 => format!("the text stays, {} differs", parts.into_iter().collect::<String>()),
        _ => format!("the text stays; {} differ", parts.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
