//! The sentence that a report begins with.

use std::collections::BTreeMap;

use super::figures::{signed, signed_usd};
use super::phrase::Phrase;
use crate::compare::delta::{ModelDelta, Turn};
use crate::compare::review::{ContextReview, ContextStatus, Review};
use crate::cost::planner::words::money;
use crate::output::report::text::{counted, grouped};
use crate::syntax::quantity::Usd;

/// What happened, in one sentence.
pub(super) fn verdict(review: &Review) -> Phrase {
    let number = |status: ContextStatus| review.contexts.iter().filter(|context| context.status == status).count();
    if review.contexts.is_empty() {
        return Phrase::word(match review.unchanged {
            0 => "There is no prompt on either side.".to_owned(),
            1 => "No prompt changes: the only one is the same.".to_owned(),
            all => format!("No prompt changes: all {} are the same.", grouped(all as u64)),
        });
    }
    let mut parts = Vec::new();
    let changed = number(ContextStatus::Changed);
    if changed > 0 {
        let all = review.unchanged + review.contexts.len() - number(ContextStatus::Removed);
        let verb = if changed == 1 { "changes" } else { "change" };
        parts.push(format!("{} of {} {verb}", grouped(changed as u64), counted(all, "prompt")));
    }
    for (status, word) in [
        (ContextStatus::Broken, "broken"),
        (ContextStatus::Added, "new"),
        (ContextStatus::Removed, "removed"),
        (ContextStatus::Renamed, "renamed"),
    ] {
        match number(status) {
            0 => {}
            some if parts.is_empty() => parts.push(format!("{} {word}", counted(some, "prompt"))),
            some => parts.push(format!("{} {word}", grouped(some as u64))),
        }
    }
    let mut sentence = Phrase::word(parts.join(", "));
    for (number, effect) in effects(review).into_iter().enumerate() {
        sentence = sentence.and(if number == 0 { ": " } else { ", " }).then(effect);
    }
    sentence.and(".")
}

/// What the changes come to, over all contexts that are on both sides.
fn effects(review: &Review) -> Vec<Phrase> {
    let mut effects = Vec::new();
    let both = || review.contexts.iter().filter(|context| context.base.is_some() && context.head.is_some());
    if both().next().is_some() {
        let more: i128 = both().filter_map(grown).sum();
        effects.push(Phrase::word(match more {
            0 => "the token count stays".to_owned(),
            more => format!("{} tokens", signed(more)),
        }));
    }
    let broken = both().filter(|context| models(context).any(ModelDelta::breaks_prefix)).count();
    if broken > 0 {
        effects.push(Phrase::word(format!("the cached prefix breaks in {}", grouped(broken as u64))));
    }
    let rewarm = dearest(both().flat_map(models).filter_map(|model| Some((&model.name, model.rewarm?))));
    if let Some((model, once)) = rewarm.filter(|(_, once)| *once > Usd::ZERO) {
        effects.push(Phrase::word(format!("{} to re-warm once (", money(once))).name(model).and(")"));
    }
    let month =
        dearest(both().flat_map(models).filter_map(|model| Some((&model.name, model.month.head? - model.month.base?))));
    if let Some((model, more)) = month.filter(|(_, more)| *more != Usd::ZERO) {
        effects.push(Phrase::word(format!("{} a month (", signed_usd(more))).name(model).and(")"));
    }
    let turned = |turn: Turn| {
        let budgets =
            review.contexts.iter().filter_map(|context| context.delta.as_ref()).flat_map(|delta| &delta.budgets);
        budgets.filter(|budget| budget.turn() == turn).count()
    };
    for (turn, word) in [(Turn::Broken, "newly broken"), (Turn::Mended, "mended")] {
        match turned(turn) {
            0 => {}
            some => effects.push(Phrase::word(format!("{} {word}", counted(some, "budget")))),
        }
    }
    effects
}

fn models(context: &ContextReview) -> impl Iterator<Item = &ModelDelta> {
    context.delta.iter().flat_map(|delta| &delta.models)
}

fn grown(context: &ContextReview) -> Option<i128> {
    let tokens = context.delta.as_ref()?.tokens;
    Some(i128::from(tokens.head?) - i128::from(tokens.base?))
}

/// Each model is an alternative, so amounts add up within one: the model with the largest sum.
fn dearest<'a>(amounts: impl Iterator<Item = (&'a String, Usd)>) -> Option<(&'a String, Usd)> {
    let mut sums: BTreeMap<&String, Usd> = BTreeMap::new();
    for (model, amount) in amounts {
        let sum = sums.entry(model).or_default();
        *sum = *sum + amount;
    }
    sums.into_iter().max_by_key(|(model, sum)| (sum.femto.unsigned_abs(), std::cmp::Reverse(*model)))
}
