//! What a difference in cost comes from, part by part, adding up exactly.
//!
//! Base becomes head in five steps, always in this order: the segments are put into their new order,
//! the request gets its new text (with its breakpoints, expected inputs and answer), then the new
//! tokenizer, the new card, the new traffic. What a step changes is its part. Both sides are priced
//! on one day, so the price part is what differs between the cards of the two sides.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::matching::SegmentChange;
use super::{Build, ModelBuild};
use crate::cost::bill::{Bill, bill};
use crate::cost::cards::Date;
use crate::cost::count::{Known, count};
use crate::cost::planner::plan;
use crate::cost::terms::{RequestTokens, Terms};
use crate::pipeline::model::{as_read, cache_policy};
use crate::prompt::chain::link;
use crate::prompt::segment::Segment;
use crate::syntax::quantity::Usd;

/// Which figure is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Figure {
    /// A month at the declared traffic.
    Month,
    /// A warm call, where one side declares no traffic.
    Warm,
}

/// The parts of a difference in cost, in US dollars; they add up exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attribution {
    /// The figure whose difference the parts add up to.
    pub of: Figure,
    /// What is sent: text, breakpoints, expected inputs and answer.
    pub text: Usd,
    /// The order of segments that both sides hold.
    pub order: Usd,
    /// What counts the tokens.
    pub tokenizer: Usd,
    /// The model's card: prices and cache rules.
    pub price: Usd,
    /// Calls, hours, deploys.
    pub traffic: Usd,
}

/// A build and one model of it.
type Seen<'a> = (&'a Build, &'a ModelBuild);

/// Takes the difference in cost apart; `None` where the figure is not known on both sides.
pub(super) fn attribute(old: Seen<'_>, new: Seen<'_>, changes: &[SegmentChange]) -> Option<Attribution> {
    let of = if old.1.bill.month.is_some() && new.1.bill.month.is_some() { Figure::Month } else { Figure::Warm };
    let figure = |bill: &Bill| match of {
        Figure::Month => bill.month,
        Figure::Warm => bill.warm,
    };
    let (first, last) = (figure(&old.1.bill)?, figure(&new.1.bill)?);
    let same_tokenizer = old.1.tokenizer.name == new.1.tokenizer.name;
    let same_card = old.1.priced(old.0.date) == new.1.priced(new.0.date);
    let same_traffic = old.0.traffic() == new.0.traffic();

    // From the back: each stage that equals the one after it needs no bill of its own.
    let carded = if same_traffic {
        last
    } else {
        figure(&Stage { build: new.0, model: new.1, card: new.1, traffic: old.0 }.bill())?
    };
    let tokenized = if same_card {
        carded
    } else {
        figure(&Stage { build: new.0, model: new.1, card: old.1, traffic: old.0 }.bill())?
    };
    let written = if same_tokenizer {
        tokenized
    } else {
        figure(&Stage { build: new.0, model: new.1, card: old.1, traffic: old.0 }.bill_counted_by(old.1))?
    };
    let ordered = match reordered(old.0, new.0.segments.len(), changes) {
        Some(segments) => figure(&bill_of(&segments, old))?,
        None => first,
    };
    Some(Attribution {
        of,
        order: ordered - first,
        text: written - ordered,
        tokenizer: tokenized - written,
        price: carded - tokenized,
        traffic: last - carded,
    })
}

/// A prompt that was built, priced by another card or at another traffic than its own.
struct Stage<'a> {
    build: &'a Build,
    model: &'a ModelBuild,
    card: &'a ModelBuild,
    traffic: &'a Build,
}

impl Stage<'_> {
    fn bill(&self) -> Bill {
        self.price(&self.build.segments, &self.model.counts.per_segment, &self.model.tokens)
    }

    fn bill_counted_by(&self, counter: &ModelBuild) -> Bill {
        let (tokens, per_segment) = counted(&self.build.segments, counter, self.build.date, &self.model.tokens);
        self.price(&self.build.segments, &per_segment, &tokens)
    }

    fn price(&self, segments: &[Segment], per_segment: &[u64], tokens: &RequestTokens) -> Bill {
        let ((model, batch), traffic) = (self.card.priced(self.build.date), self.traffic.traffic());
        let terms = Terms { model: &model, batch: batch.as_ref(), traffic: traffic.as_ref(), tokens };
        let layout = plan(segments, per_segment, cache_policy(&self.build.plan.manifest), &terms).value;
        bill(&layout, &terms)
    }
}

/// A request in the tokens of one model's tokenizer; inputs, framing and answer as they are.
fn counted(
    segments: &[Segment],
    counter: &ModelBuild,
    day: Date,
    request: &RequestTokens,
) -> (RequestTokens, Vec<u64>) {
    let digests = link(segments).digests;
    let (base, mut own) =
        count(segments, &digests, std::slice::from_ref(&counter.tokenizer.tokenizer), &Known::default());
    let at = counter.card.at(day);
    let counts = as_read(&at, segments, &counter.tokenizer.tokenizer, own.pop().unwrap_or(base));
    (RequestTokens { prefix: counts.prefix, text: counts.text, ..*request }, counts.per_segment)
}

/// The base's segments in the order that the head gives to those that both hold; what only the base
/// holds stays at its place. `None` where that is the order they have.
fn reordered(build: &Build, head: usize, changes: &[SegmentChange]) -> Option<Vec<Segment>> {
    let touched: HashSet<usize> = changes.iter().filter_map(|change| change.base).collect();
    let new: HashSet<usize> = changes.iter().filter_map(|change| change.head).collect();
    // What is not listed stayed, the first as the first.
    let stayed = (0..build.segments.len()).filter(|index| !touched.contains(index));
    let stayed = (0..head).filter(|index| !new.contains(index)).zip(stayed);
    let mut common: Vec<(usize, usize)> =
        changes.iter().filter_map(|change| change.head.zip(change.base)).chain(stayed).collect();
    common.sort_unstable();
    let mut places: Vec<usize> = common.iter().map(|(_, base)| *base).collect();
    places.sort_unstable();
    if places.iter().eq(common.iter().map(|(_, base)| base)) {
        return None;
    }
    let mut order: Vec<usize> = (0..build.segments.len()).collect();
    for (place, (_, base)) in places.into_iter().zip(common) {
        order[place] = base;
    }
    Some(order.into_iter().map(|index| build.segments[index].clone()).collect())
}

fn bill_of(segments: &[Segment], (build, model): Seen<'_>) -> Bill {
    let (tokens, per_segment) = counted(segments, model, build.date, &model.tokens);
    Stage { build, model, card: model, traffic: build }.price(segments, &per_segment, &tokens)
}
