//! What a change comes to for each model, over several contexts.
//!
//! Each model is an alternative, so amounts add up within one and never across two.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContextReview, ContextStatus};
use crate::compare::delta::{Announced, ModelDelta, Pair};
use crate::cost::tokens::Basis;
use crate::pipeline::model::ModelBuild;
use crate::syntax::quantity::Usd;

/// What a change comes to for one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelTotal {
    /// The model.
    pub model: String,
    /// The model that it takes the place of.
    pub replaces: Option<String>,
    /// How many of the contexts are built for it, on either side.
    pub contexts: usize,
    /// US dollars of a month at the declared traffic; 0 where no context is built for it on that side, null where a
    /// price is not known, or a context declares traffic on the other side alone.
    pub month: Pair<Usd>,
    /// Contexts that declare no traffic, so that nothing of them is in `month`.
    pub without_traffic: usize,
    /// Contexts that declare traffic on one side only, so that the month of the other is not known.
    pub one_sided: usize,
    /// Contexts whose month needs a price that is not known.
    pub unknown: usize,
    /// Contexts that do not say how large their answers or an input are, so that `month` holds the rest alone.
    pub partial: usize,
    /// US dollars, once for each replica: what of the caches is written anew; null where a price is not known.
    pub rewarm: Option<Usd>,
    /// Contexts in which tokens that the cache held are written anew.
    pub breaks: usize,
    /// Tokens that caches held, and those of them that are still served.
    pub cached: u64,
    /// See `cached`.
    pub served: u64,
    /// Whether a token count is estimated.
    pub estimated: bool,
    /// A month from the first announced day on from which it differs by this change.
    pub announced: Option<Announced>,
}

impl ModelTotal {
    /// What a month costs more; `None` where it is not known, or no context declares traffic.
    pub fn more(&self) -> Option<Usd> {
        let more = self.month.head?.femto.checked_sub(self.month.base?.femto)?;
        self.has_traffic().then_some(Usd { femto: more })
    }

    /// Whether a context declares traffic, so that there is a month to speak of.
    pub fn has_traffic(&self) -> bool {
        self.without_traffic < self.contexts
    }
}

/// The totals of some contexts: unknown ones first, then the largest difference of a month. Contexts that cannot be
/// built on one side have no figures to compare and are left out.
pub fn totals<'a>(contexts: impl IntoIterator<Item = &'a ContextReview>) -> Vec<ModelTotal> {
    let mut totals: BTreeMap<(&str, Option<&str>), ModelTotal> = BTreeMap::new();
    for context in contexts.into_iter().filter(|context| context.status != ContextStatus::Broken) {
        for model in context.delta.iter().flat_map(|delta| &delta.models) {
            let total = totals.entry((&model.name, model.replaces.as_deref())).or_insert_with(|| ModelTotal {
                model: model.name.clone(),
                replaces: model.replaces.clone(),
                contexts: 0,
                month: Pair { base: Some(Usd::ZERO), head: Some(Usd::ZERO) },
                without_traffic: 0,
                one_sided: 0,
                unknown: 0,
                partial: 0,
                rewarm: Some(Usd::ZERO),
                breaks: 0,
                cached: 0,
                served: 0,
                estimated: false,
                announced: None,
            });
            total.add(context, model);
        }
    }
    sorted(totals.into_values().collect())
}

/// Totals of several parts of a project, put together.
pub fn joined(parts: impl IntoIterator<Item = ModelTotal>) -> Vec<ModelTotal> {
    let mut totals: BTreeMap<(String, Option<String>), ModelTotal> = BTreeMap::new();
    for part in parts {
        match totals.entry((part.model.clone(), part.replaces.clone())) {
            Entry::Vacant(place) => {
                place.insert(part);
            }
            Entry::Occupied(mut total) => total.get_mut().join(&part),
        }
    }
    sorted(totals.into_values().collect())
}

fn sorted(mut totals: Vec<ModelTotal>) -> Vec<ModelTotal> {
    totals.sort_by_key(|total| {
        let size = |month: Pair<Usd>| {
            let of = |side: Option<Usd>| side.map_or(0, |side| side.femto);
            of(month.head).saturating_sub(of(month.base)).unsigned_abs()
        };
        let announced = total.announced.as_ref().map_or(0, |announced| size(announced.month));
        (
            total.unknown + total.one_sided == 0,
            Reverse(size(total.month)),
            Reverse(announced),
            Reverse(total.month.head),
        )
    });
    totals
}

fn plus(sum: Option<Usd>, more: Option<Usd>) -> Option<Usd> {
    sum?.plus(more?)
}

impl ModelTotal {
    fn join(&mut self, part: &Self) {
        self.contexts += part.contexts;
        self.month.base = plus(self.month.base, part.month.base);
        self.month.head = plus(self.month.head, part.month.head);
        self.without_traffic += part.without_traffic;
        self.one_sided += part.one_sided;
        self.unknown += part.unknown;
        self.partial += part.partial;
        self.rewarm = plus(self.rewarm, part.rewarm);
        self.breaks += part.breaks;
        self.cached = self.cached.saturating_add(part.cached);
        self.served = self.served.saturating_add(part.served);
        self.estimated |= part.estimated;
        part.announced.iter().for_each(|announced| self.announce(announced));
    }

    fn add(&mut self, context: &ContextReview, model: &ModelDelta) {
        self.contexts += 1;
        let sides = [
            (model.models.base, model.month.base, model.warm.base, &mut self.month.base),
            (model.models.head, model.month.head, model.warm.head, &mut self.month.head),
        ];
        let has_traffic = model.month.base.is_some() || model.month.head.is_some();
        let (mut is_unknown, mut is_one_sided) = (false, false);
        for (_, month, warm, sum) in sides.into_iter().filter(|(index, ..)| index.is_some()) {
            match (month, warm) {
                (Some(month), _) => *sum = sum.and_then(|sum| sum.plus(month)),
                // A call has a price, so it is the traffic that is missing.
                (None, Some(_)) if has_traffic => (*sum, is_one_sided) = (None, true),
                (None, Some(_)) => {}
                (None, None) => (*sum, is_unknown) = (None, true),
            }
        }
        self.one_sided += usize::from(is_one_sided);
        self.unknown += usize::from(is_unknown);
        self.without_traffic += usize::from(!is_unknown && !has_traffic);
        if model.models.base.is_some() && model.models.head.is_some() {
            self.breaks += usize::from(model.breaks_prefix());
            self.cached = self.cached.saturating_add(model.cached.base.unwrap_or(0));
            self.served = self.served.saturating_add(model.eligible.min(model.cached.base.unwrap_or(0)));
            self.rewarm = plus(self.rewarm, model.rewarm);
        }
        self.estimated |= sides_of(context, model).any(|model| model.tokens.basis() == Basis::Estimated);
        let is_partial = |model: &ModelBuild| model.bill.month.is_some() && model.bill.missing().is_some();
        self.partial += usize::from(sides_of(context, model).any(is_partial));
        if let Some(announced) = &model.announced {
            self.announce(announced);
        }
    }

    /// Adds what is announced for the earliest day of all.
    fn announce(&mut self, announced: &Announced) {
        match &mut self.announced {
            Some(sum) if sum.day == announced.day => {
                sum.month.base = plus(sum.month.base, announced.month.base);
                sum.month.head = plus(sum.month.head, announced.month.head);
            }
            Some(sum) if sum.day < announced.day => {}
            sum => *sum = Some(announced.clone()),
        }
    }
}

/// A model as each side that has it was built.
fn sides_of<'a>(context: &'a ContextReview, model: &ModelDelta) -> impl Iterator<Item = &'a ModelBuild> {
    let sides = [(&context.base, model.models.base), (&context.head, model.models.head)];
    sides.into_iter().filter_map(|(build, index)| build.as_ref()?.models.get(index?))
}
