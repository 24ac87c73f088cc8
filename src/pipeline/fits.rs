//! What would pass a budget that fails: fewer calls, fewer examples, another model. Each answer is a build of its own.

use std::sync::Arc;

use super::model::{Base, ModelBuild};
use super::tokenizers::NamedTokenizer;
use super::{Build, PRICES_FILE};
use crate::cost::bill::bill;
use crate::cost::budget::{Amount, BudgetName, BudgetResult, Status};
use crate::cost::cards::{Card, Cards};
use crate::cost::count::{Known, count};
use crate::cost::terms::Terms;
use crate::cost::traffic::Traffic;
use crate::prompt::chain::Digest;
use crate::prompt::segment::Segment;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;

/// The smallest changes that would pass a budget, each by itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fits {
    /// The most calls of a month.
    pub calls: Option<u64>,
    /// The most examples of each set, and how many the longest set has now.
    pub examples: Option<(usize, usize)>,
    /// The dearest other model: one of the manifest, else of the same vendor; and what the budget limits with it.
    pub model: Option<(String, String)>,
}

impl Build {
    /// What would pass a budget of one of its models.
    pub fn fits(&self, model: &ModelBuild, budget: &BudgetResult) -> Fits {
        use BudgetName::{CachedShare, Cold, CostPerMonth, Expected, Growth, Uncached, Warm};
        let is_money = matches!(budget.name, Warm | Cold | Expected | Uncached | CostPerMonth);
        Fits {
            calls: if budget.name == CostPerMonth { self.calls_within(model, budget) } else { None },
            examples: if matches!(budget.name, CachedShare | Growth) {
                None
            } else {
                self.examples_within(model, budget)
            },
            model: if is_money { self.model_within(model, budget) } else { None },
        }
    }

    /// The most calls a month whose bill stays within a budget, with the breakpoints as they are; `None` where even one
    /// is too dear, or nothing is known of it.
    fn calls_within(&self, model: &ModelBuild, budget: &BudgetResult) -> Option<u64> {
        let (rules, batch) = model.priced(self.date);
        let (traffic, Amount::Usd(limit)) = (self.traffic()?, budget.limit) else { return None };
        most(traffic.calls, |calls| {
            let traffic = Traffic { calls, ..traffic };
            let terms = Terms { model: &rules, batch: batch.as_ref(), traffic: Some(&traffic), tokens: &model.tokens };
            bill(&model.layout, &terms).month.is_some_and(|month| month <= limit)
        })
        .filter(|calls| *calls > 0)
    }

    fn examples_within(&self, model: &ModelBuild, budget: &BudgetResult) -> Option<(usize, usize)> {
        let ranks = self.segments.iter().filter_map(|segment| Some(segment.origin.picked.as_ref()?.rank));
        let now = ranks.max()? + 1;
        let passes = |picks: u64| {
            let (segments, digests) = self.with_examples(usize::try_from(picks).unwrap_or(usize::MAX));
            passing(&self.model_of(&segments, &digests, &model.card, &model.tokenizer), budget).is_some()
        };
        Some((usize::try_from(most(now as u64, passes)?).ok()?, now))
    }

    /// The segments with so many examples of each set, and their digests.
    fn with_examples(&self, picks: usize) -> (Vec<Segment>, Vec<Digest>) {
        let (mut segments, mut digests): (Vec<Segment>, Vec<Digest>) = Default::default();
        for (segment, digest) in self.segments.iter().zip(&self.chain.digests) {
            if segment.origin.picked.as_ref().is_none_or(|picked| picked.rank < picks) {
                segments.push(segment.clone());
                digests.push(*digest);
            } else if let (true, Some(last)) = (segment.mark != Mark::Free, segments.last_mut()) {
                last.mark = segment.mark;
            }
        }
        (segments, digests)
    }

    fn model_within(&self, model: &ModelBuild, budget: &BudgetResult) -> Option<(String, String)> {
        let dearest = |found: Vec<ModelBuild>| {
            let of = |one: ModelBuild| {
                passing(&one, budget).map(|actual| (one.bill.month.or(one.bill.warm), one.name, actual))
            };
            found.into_iter().filter_map(of).max().map(|(_, name, actual): (Option<Usd>, _, _)| (name, actual))
        };
        let others = self.models.iter().filter(|other| other.name != model.name).cloned().collect();
        dearest(others).or_else(|| {
            // What the project itself says of prices is not known here.
            if self.reads.files.get(&ProjectPath::literal(PRICES_FILE)).is_some_and(Option::is_some) {
                return None;
            }
            let (cards, own) = (Cards::built_in(), &model.card);
            let cards = cards.names().into_iter().filter_map(|name| cards.get(&name));
            let alike = |card: &Arc<Card>| {
                (&card.vendor, card.platform, card.tokenizer) == (&own.vendor, own.platform, own.tokenizer)
                    && card.name != own.name
                    && card.facts.deprecated.as_ref().is_none_or(|fact| fact.value.0 > self.date)
            };
            let built = |card| self.model_of(&self.segments, &self.chain.digests, &card, &model.tokenizer);
            dearest(cards.filter(alike).map(built).collect())
        })
    }

    /// These segments as a model sees them that counts with this tokenizer.
    fn model_of(&self, segments: &[Segment], digests: &[Digest], card: &Arc<Card>, by: &NamedTokenizer) -> ModelBuild {
        let (counts, own) = count(segments, digests, std::slice::from_ref(&by.tokenizer), &Known::default());
        let (cards, plan) = (&Cards::built_in(), &self.plan);
        let base = Base { date: self.date, cards, plan, segments, counts: &counts, lints: false, measured: None };
        let own = own.into_iter().next().unwrap_or_else(|| counts.clone());
        base.model(card.clone(), card.name.to_string(), by.clone(), own, &mut Vec::new())
    }
}

/// The figure of a budget that a model passes, as people read it.
fn passing(model: &ModelBuild, budget: &BudgetResult) -> Option<String> {
    let same = |one: &&BudgetResult| (one.name, &one.block) == (budget.name, &budget.block);
    let own = model.budgets.iter().find(same).filter(|own| own.status == Status::Pass)?;
    Some(own.actual?.to_string())
}

/// The largest number up to `now` that passes, where what is less than one that passes does as well.
fn most(now: u64, passes: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut within, mut over) = (0, now);
    if !passes(within) {
        return None;
    }
    while over - within > 1 {
        let middle = within + (over - within) / 2;
        if passes(middle) { within = middle } else { over = middle }
    }
    Some(within)
}
