//! Contexts with one and the same change, told once.

use std::collections::BTreeMap;

use super::{ContextReview, ContextStatus};
use crate::compare::delta::{Kind, SegmentChange};
use crate::pipeline::shard;
use crate::prompt::chain::Digest;
use crate::syntax::source::ProjectPath;

/// Contexts that have the same change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their indices in [`super::Review::contexts`], two or more.
    pub contexts: Vec<usize>,
}

/// What makes two changes the same: what became of the context, and of which texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
struct Signature {
    status: ContextStatus,
    /// (kind, old text, new text), in order.
    segments: Vec<(Kind, Option<Digest>, Option<Digest>)>,
    /// Where the prompts part.
    place: Option<(ProjectPath, usize)>,
    /// The files that did it.
    causes: Vec<super::Cause>,
    /// What the prompt grew by.
    grown: i128,
    budgets: Vec<(crate::cost::budget::BudgetName, Option<String>, String, crate::compare::delta::Turn)>,
}

/// The groups of two or more, by their first context. New, removed and broken contexts stand alone.
pub(super) fn group(contexts: &[ContextReview]) -> Vec<Group> {
    let mut groups: BTreeMap<Signature, Vec<usize>> = BTreeMap::new();
    for (index, context) in contexts.iter().enumerate() {
        if let Some(signature) = signature(context) {
            groups.entry(signature).or_default().push(index);
        }
    }
    let mut groups: Vec<Group> =
        groups.into_values().filter(|members| members.len() > 1).map(|contexts| Group { contexts }).collect();
    groups.sort_by_key(|group| group.contexts.first().copied());
    groups
}

/// A name for the change of a context, the same for contexts with the same change; `None` for one that
/// belongs to no group. It lets the groups of several reports be put together.
pub fn change_name(context: &ContextReview) -> Option<String> {
    // Plain data, which serialises to memory without fail.
    signature(context).map(|signature| shard::name_of(&serde_json::to_vec(&signature).unwrap_or_default()))
}

fn signature(context: &ContextReview) -> Option<Signature> {
    let (delta, base, head) = (context.delta.as_ref()?, context.base.as_deref()?, context.head.as_deref()?);
    if !matches!(context.status, ContextStatus::Changed | ContextStatus::Renamed) {
        return None;
    }
    let segment = |change: &SegmentChange| {
        let old = change.base.and_then(|index| base.chain.digests.get(index).copied());
        let new = change.head.and_then(|index| head.chain.digests.get(index).copied());
        (change.kind, old, new)
    };
    let budget = |budget: &crate::compare::delta::BudgetDelta| {
        (budget.name, budget.block.clone(), budget.model.clone(), budget.turn())
    };
    Some(Signature {
        status: context.status,
        segments: delta.segments.iter().map(segment).collect(),
        place: context.place.as_ref().map(|place| (place.path.clone(), place.line)),
        causes: context.causes.clone(),
        grown: i128::from(delta.tokens.head?) - i128::from(delta.tokens.base?),
        budgets: delta.budgets.iter().filter(|budget| budget.is_change()).map(budget).collect(),
    })
}
