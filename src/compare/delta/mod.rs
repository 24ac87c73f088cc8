//! What a change does to one context: two builds compared.
//!
//! ```text
//! segments ──matching──▶ added, removed, changed, moved
//! texts    ──stream────▶ where the prompts part
//! layouts  ──served────▶ what the cache still serves after the merge
//! bills    ──attribution▶ what the difference in cost comes from
//! ```
//!
//! Builds are compared, never printed text: segments by digest first, then by path and content.
//! `docs/diff.md` has the rules in prose.

mod attribution;
mod budget;
mod matching;
pub mod served;
mod similarity;
mod stream;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cost::bill::bill;
use crate::cost::cards::Date;
use crate::cost::rules::{CacheFamily, Mechanism};
use crate::cost::terms::Terms;
use crate::cost::window::Fit;
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::prompt::segment::Tier;
use crate::syntax::quantity::Usd;

pub use attribution::{Attribution, Figure};
pub use budget::{BudgetDelta, Turn, held_against};
pub use matching::{Kind, SegmentChange};

/// A figure before and after; null where there is no such side, or the figure is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Pair<T> {
    /// Before.
    pub base: Option<T>,
    /// After.
    pub head: Option<T>,
}

/// Which of the two builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Before.
    Base,
    /// After.
    Head,
}

/// Everything that a change does to one context. A context that is new or gone is compared with
/// nothing.
#[derive(Debug, Clone)]
pub struct Delta {
    /// Segments that differ, in the order of the head; removed ones where they stood.
    pub segments: Vec<SegmentChange>,
    /// How many segments are equal and stand in the same order.
    pub same: usize,
    /// Tokens of all text by o200k_base.
    pub tokens: Pair<u64>,
    /// The first place where what the model sees differs; `None` where nothing does, and where there
    /// is only one side.
    pub divergence: Option<Divergence>,
    /// The same for each tier that differs, its offsets counted from the start of the tier.
    pub tiers: Vec<Divergence>,
    /// Each model of either side.
    pub models: Vec<ModelDelta>,
    /// Budgets of either side.
    pub budgets: Vec<BudgetDelta>,
    /// Whether model settings or the output schema differ.
    pub settings_changed: bool,
}

/// A place where two prompts part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// The tier it lies in.
    pub tier: Tier,
    /// The build that the segment is one of: the head, or the base where the head has nothing more.
    pub side: Side,
    /// The segment, by index.
    pub segment: usize,
    /// Bytes of text before it.
    pub byte: u64,
    /// Tokens (o200k_base) that both have before it.
    pub token: u64,
}

/// What a change does to a context as one model sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ModelDelta {
    /// The model's name in the manifest.
    #[serde(rename = "model")]
    pub name: String,
    /// The model that it takes the place of: one that the base is built for and the head is not. Figures of the base
    /// are those of that model. Null where the model is on both sides, is new beside the others, or is gone.
    pub replaces: Option<String>,
    /// Its index in each build's models.
    #[serde(skip)]
    pub models: Pair<usize>,
    /// How many tokens of the new prompt the cache can still serve after the merge: the longest entry
    /// of the old layout at or before the divergence that the new layout can reach under the model's
    /// rules.
    pub eligible: u64,
    /// Whether the provider promises that such an entry is still there.
    #[serde(rename = "promised")]
    pub is_promised: bool,
    /// How the model matches requests with entries, in a word or two.
    pub class: &'static str,
    /// Prefix tokens of the base, in this model's count.
    pub base_prefix: Option<u64>,
    /// Prefix tokens of the head.
    pub head_prefix: Option<u64>,
    /// Tokens that a warm call reads.
    pub cached: Pair<u64>,
    /// All input tokens, framing and expected inputs included.
    pub total: Pair<u64>,
    /// US dollars: the first call after the merge less a warm call of the head.
    pub rewarm: Option<Usd>,
    /// US dollars: a call that finds everything in the cache.
    pub warm: Pair<Usd>,
    /// US dollars: a call that finds nothing.
    pub cold: Pair<Usd>,
    /// US dollars: a call at the declared traffic.
    pub expected: Pair<Usd>,
    /// US dollars: a month at the declared traffic.
    pub month: Pair<Usd>,
    /// What the difference in cost comes from; null where a figure is not known on one side.
    pub attribution: Option<Attribution>,
    /// A limit of the price list that the request has come to be above or below.
    pub cliff: Option<Crossing>,
    /// The model's window, where the request fits on one side only.
    pub window: Option<Crossing>,
    /// The first announced day from which a month differs by what this change says of prices and cache rules.
    pub announced: Option<Announced>,
}

/// A month from an announced day on, by the cards of the base and by those of the head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Announced {
    /// The day, `YYYY-MM-DD`.
    #[serde(rename = "from", serialize_with = "write_day", deserialize_with = "read_day")]
    #[schemars(with = "String")]
    pub day: Date,
    /// US dollars: that month, of the base as it would be without the change.
    pub month: Pair<Usd>,
}

fn write_day<S: serde::Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

fn read_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// A limit in input tokens that a change crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Crossing {
    /// The limit.
    pub limit: u64,
    /// Whether the request is above it now.
    #[serde(rename = "above")]
    pub is_above: bool,
}

impl Delta {
    /// Whether anything that a reader of the prompt or of the bill could notice is different.
    pub fn is_change(&self) -> bool {
        !self.segments.is_empty()
            || self.settings_changed
            || self.budgets.iter().any(BudgetDelta::is_change)
            || self.models.iter().any(ModelDelta::is_change)
    }
}

impl ModelDelta {
    fn is_change(&self) -> bool {
        fn differs<T: PartialEq>(pair: &Pair<T>) -> bool {
            pair.base != pair.head
        }
        self.models.base.is_some() != self.models.head.is_some()
            || self.base_prefix != self.head_prefix
            || differs(&self.total)
            || differs(&self.cached)
            || differs(&self.warm)
            || differs(&self.cold)
            || differs(&self.expected)
            || differs(&self.month)
            || self.replaces.is_some()
            || self.announced.is_some()
    }

    /// Whether tokens that the cache held are lost to it.
    pub fn breaks_prefix(&self) -> bool {
        let (Some(before), Some(after)) = (self.cached.base, self.cached.head) else { return false };
        self.eligible < before.min(after)
    }
}

/// Compares two builds of one context; either may be missing, not both.
pub fn compare(base: Option<&Build>, head: Option<&Build>) -> Delta {
    let (segments, same) = matching::changes(base, head);
    let (divergence, tiers) = match (base, head) {
        (Some(base), Some(head)) => stream::divergences(base, head),
        _ => (None, Vec::new()),
    };
    let models = models(base, head, &segments);
    let budgets = budget::compare(base, head);
    Delta {
        same,
        tokens: Pair { base: base.map(tokens), head: head.map(tokens) },
        divergence,
        tiers,
        models,
        budgets,
        settings_changed: base.zip(head).is_some_and(|(base, head)| base.settings != head.settings),
        segments,
    }
}

fn tokens(build: &Build) -> u64 {
    build.counts.text.tokens()
}

/// Models are the same by their cards' names; of the others the first that came takes the place of the first that went,
/// and so on. Those of the head first, in its order.
fn models(base: Option<&Build>, head: Option<&Build>, changes: &[SegmentChange]) -> Vec<ModelDelta> {
    let (old, new) = (models_of(base), models_of(head));
    let twin =
        |models: &[ModelBuild], model: &ModelBuild| models.iter().position(|other| other.card.name == model.card.name);
    let mut gone = old.iter().enumerate().filter(|(_, model)| twin(new, model).is_none()).map(|(index, _)| index);
    // A context that is new or gone has nothing to replace.
    let mut pairs: Vec<(Option<usize>, Option<usize>)> =
        new.iter().enumerate().map(|(index, model)| (twin(old, model).or_else(|| gone.next()), Some(index))).collect();
    pairs.extend(gone.map(|index| (Some(index), None)));
    let sides = |(one, other): (Option<usize>, Option<usize>)| {
        let before = base.zip(one.and_then(|index| old.get(index)));
        let after = head.zip(other.and_then(|index| new.get(index)));
        let (before, after) = match (before, after) {
            (Some((base, old)), Some((head, new))) => (Some((base, old.beside(new))), Some((head, new.beside(old)))),
            one_sided => one_sided,
        };
        model(Pair { base: one, head: other }, before, after, changes)
    };
    pairs.into_iter().map(sides).collect()
}

fn models_of(build: Option<&Build>) -> &[ModelBuild] {
    build.map_or(&[], |build| &build.models)
}

/// A build and one model of it.
type Seen<'a> = (&'a Build, &'a ModelBuild);

fn model(
    models: Pair<usize>,
    before: Option<Seen<'_>>,
    after: Option<Seen<'_>>,
    changes: &[SegmentChange],
) -> ModelDelta {
    fn both<T>(
        before: Option<Seen<'_>>,
        after: Option<Seen<'_>>,
        figure: impl Fn(&ModelBuild) -> Option<T>,
    ) -> Pair<T> {
        let of = |seen: Option<Seen<'_>>| seen.and_then(|(_, model)| figure(model));
        Pair { base: of(before), head: of(after) }
    }
    let is_other = |before: &Seen<'_>| after.is_some_and(|after| before.1.card.name != after.1.card.name);
    let replaced = before.filter(is_other);
    let eligible = match (before, after) {
        // What one model holds in its cache is of no use to another.
        (Some(before), Some(after)) if replaced.is_none() => served::eligible(before, after),
        _ => 0,
    };
    let shown = after.or(before);
    let mechanism = shown.and_then(served::mechanism);
    let attribution = match (before, after) {
        (Some(before), Some(after)) => attribution::attribute(before, after, changes),
        _ => None,
    };
    ModelDelta {
        name: shown.map_or_else(String::new, |(_, model)| model.name.clone()),
        replaces: replaced.map(|(_, model)| model.name.clone()),
        models,
        base_prefix: before.map(|(_, model)| model.tokens.prefix.tokens()),
        head_prefix: after.map(|(_, model)| model.tokens.prefix.tokens()),
        total: both(before, after, |model| Some(model.tokens.total())),
        cached: both(before, after, |model| Some(model.bill.read)),
        eligible,
        is_promised: mechanism.as_ref().is_some_and(Mechanism::is_guaranteed),
        class: mechanism.as_ref().map_or("no caching", class),
        rewarm: after.and_then(|after| served::rewarm(after, eligible)),
        warm: both(before, after, |model| model.bill.warm),
        cold: both(before, after, |model| model.bill.cold),
        expected: both(before, after, |model| model.bill.expected),
        month: both(before, after, |model| model.bill.month),
        attribution,
        cliff: before.zip(after).and_then(|(before, after)| cliff(before, after)),
        window: before.zip(after).and_then(|(before, after)| window(before.1, after.1)),
        announced: before
            .zip(after)
            .filter(|_| replaced.is_none())
            .and_then(|(before, after)| announced(before, after)),
    }
}

/// The first day on which the cards of both sides make another month of the head's prompt.
fn announced(before: Seen<'_>, after: Seen<'_>) -> Option<Announced> {
    if before.0.cards == after.0.cards {
        return None;
    }
    let today = after.0.date;
    let traffic = after.0.traffic();
    let month = |model: &ModelBuild, day: Date| {
        let (rules, batch) = model.priced(day);
        let terms = Terms { model: &rules, batch: batch.as_ref(), traffic: traffic.as_ref(), tokens: &after.1.tokens };
        bill(&after.1.layout, &terms).month
    };
    let (card, other) = (after.1, before.1);
    let mut days: Vec<Date> =
        card.card.changes().iter().chain(other.card.changes()).map(|change| change.day.0).collect();
    days.retain(|day| *day > today);
    days.sort_unstable();
    let (base, head) = (month(other, today), month(card, today));
    days.into_iter().find_map(|day| {
        let then = Pair { base: month(other, day), head: month(card, day) };
        let differs = then.base != then.head && (then.base, then.head) != (base, head);
        differs.then_some(Announced { day, month: then })
    })
}

fn class(mechanism: &Mechanism) -> &'static str {
    match &mechanism.family {
        CacheFamily::BlockBoundary(_) => "block boundaries",
        CacheFamily::BreakpointOnly(_) => "breakpoints",
        CacheFamily::LongestPrefix(_) => "longest prefix",
        CacheFamily::PrefixUnits(_) => "prefix units",
        CacheFamily::WholeObject(_) => "cached object",
    }
}

/// The highest limit of the head's price list that one side is above and the other is not.
fn cliff(before: Seen<'_>, after: Seen<'_>) -> Option<Crossing> {
    let prices = after.1.card.at(after.0.date).chosen(&after.1.choices);
    let (old, new) = (before.1.tokens.total(), after.1.tokens.total());
    let crossed = prices.cliffs.iter().rev().find(|cliff| cliff.reached_by(old) != cliff.reached_by(new))?;
    Some(Crossing { limit: crossed.above, is_above: crossed.reached_by(new) })
}

fn window(before: &ModelBuild, after: &ModelBuild) -> Option<Crossing> {
    let limit = after.window.limit?;
    match (before.window.fits?, after.window.fits?) {
        (Fit::Yes, Fit::No) => Some(Crossing { limit, is_above: true }),
        (Fit::No, Fit::Yes) => Some(Crossing { limit, is_above: false }),
        _ => None,
    }
}
