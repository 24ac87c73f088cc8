//! The table of a report: a row for each context, or for each group of contexts with the same change.

use std::cmp::Reverse;

use super::headline::{grown, grown_words, model_name, month_words};
use super::phrase::Phrase;
use super::sheet::{ModelRow, Row, Symbol, short};
use crate::compare::delta::Turn;
use crate::compare::review::{ContextReview, ContextStatus, ModelTotal, Review, totals};
use crate::output::report::text::{counted, grouped};
use crate::syntax::quantity::Usd;

/// The most models of one row.
const MAX_MODELS: usize = 3;

/// A context, or contexts with the same change.
pub(super) struct Line<'a> {
    pub(super) members: Vec<&'a ContextReview>,
    totals: Vec<ModelTotal>,
}

/// The contexts that differ and the groups of them, in the order of the report: what is broken, over a budget or of an
/// unknown price first, then the largest difference of a month, then of tokens.
pub(super) fn lines(review: &Review) -> Vec<Line<'_>> {
    let mut is_grouped = vec![false; review.contexts.len()];
    let mut lines: Vec<Vec<&ContextReview>> = Vec::new();
    for group in &review.groups {
        lines.push(group.contexts.iter().filter_map(|index| review.contexts.get(*index)).collect());
        for index in &group.contexts {
            is_grouped[*index] = true;
        }
    }
    let alone = review.contexts.iter().zip(is_grouped).filter(|(_, is_grouped)| !is_grouped);
    lines.extend(alone.map(|(context, _)| vec![context]));
    let mut lines: Vec<Line<'_>> = lines.into_iter().map(Line::of).collect();
    lines.sort_by_cached_key(|line| {
        let more = line.totals.iter().filter_map(|total| Some(total.more()?.femto.unsigned_abs())).max();
        let tokens = line.members.iter().copied().filter_map(grown).map(i128::unsigned_abs).sum::<u128>();
        let first = line.members.first().map(|context| context.id.clone());
        (line.rank(), Reverse(more.unwrap_or(0)), Reverse(tokens), first)
    });
    lines
}

impl<'a> Line<'a> {
    pub(super) fn of(members: Vec<&'a ContextReview>) -> Self {
        Self { totals: totals(members.iter().copied()), members }
    }

    /// What a reviewer has to see first comes first, and what is only renamed last.
    fn rank(&self) -> u8 {
        let fails = |context: &&ContextReview| {
            context.delta.iter().flat_map(|delta| &delta.budgets).any(|budget| budget.turn() == Turn::Broken)
        };
        match self.members.first() {
            Some(context) if context.status == ContextStatus::Broken => 0,
            _ if self.members.iter().any(fails) => 1,
            _ if self.totals.iter().any(|total| total.unknown > 0) => 2,
            Some(context) if context.status == ContextStatus::Renamed => 4,
            _ => 3,
        }
    }

    /// `a`, `a (was b)`, `a and 29 more`.
    pub(super) fn name(&self) -> Phrase {
        let Some(first) = self.members.first() else { return Phrase::default() };
        let mut name = Phrase::named(short(&first.id.to_string()));
        if let Some(old) = &first.renamed_from {
            name = name.and(" (was ").name(short(&old.to_string())).and(")");
        }
        match self.members.len() {
            1 => name,
            all => name.and(format!(" and {} more", grouped(all as u64 - 1))),
        }
    }

    fn row(&self) -> Row {
        let symbol = self.members.first().map(|context| Symbol::of_context(context.status));
        Row { symbol, name: self.name(), ..row(&self.members, &self.totals) }
    }
}

/// The first rows, as many as `room` takes with a row for each model; then one for what is left, and one for all.
pub(super) fn table(lines: &[Line<'_>], all: &[ModelTotal], mut room: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut left = lines;
    while let Some((line, others)) = left.split_first() {
        let row = line.row();
        let size = row.models.len().max(1);
        if size > room && !rows.is_empty() {
            break;
        }
        room = room.saturating_sub(size);
        rows.push(row);
        left = others;
    }
    if !left.is_empty() {
        let rest = members(left);
        let name = Phrase::word(format!("{} more, in {}", counted(rest.len(), "prompt"), counted(left.len(), "row")));
        rows.push(Row { name, ..row(&rest, &totals(rest.iter().copied())) });
    }
    if rows.len() > 1 {
        let every = members(lines);
        let name = Phrase::word(format!("all {} that differ", grouped(every.len() as u64)));
        rows.push(Row { name, ..row(&every, all) });
    }
    rows
}

fn members<'a>(lines: &[Line<'a>]) -> Vec<&'a ContextReview> {
    lines.iter().flat_map(|line| line.members.iter().copied()).collect()
}

fn row(members: &[&ContextReview], totals: &[ModelTotal]) -> Row {
    let is_broken = members.iter().all(|context| context.status == ContextStatus::Broken);
    let tokens = grown_words(members).filter(|_| !is_broken).unwrap_or_else(|| "?".to_owned());
    let broken = is_broken.then(|| ModelRow {
        name: Phrase::default().loud("cannot be built"),
        cache: String::new(),
        month: Phrase::default(),
    });
    let mut models: Vec<ModelRow> = broken.into_iter().chain(totals.iter().take(MAX_MODELS).map(model_row)).collect();
    if totals.len() > MAX_MODELS {
        let name = Phrase::word(format!("and {}", counted(totals.len() - MAX_MODELS, "more model")));
        models.push(ModelRow { name, cache: String::new(), month: Phrase::default() });
    }
    Row { symbol: None, name: Phrase::default(), tokens, models }
}

fn model_row(total: &ModelTotal) -> ModelRow {
    let about = if total.estimated { "≈" } else { "" };
    let cache = match total.cached {
        _ if total.replaces.is_some() => "another model".to_owned(),
        0 if total.rewarm == Some(Usd::ZERO) => "none".to_owned(),
        0 => "none before".to_owned(),
        held => format!("{about}{} of {about}{}", grouped(total.served), grouped(held)),
    };
    ModelRow { name: model_name(total), cache, month: month_words(total, "") }
}
