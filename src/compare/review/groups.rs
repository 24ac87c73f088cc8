//! Contexts with one and the same change, told once.
//!
//! The same change is the same lines taken out and put in, in whichever files they stand; the same blocks moved by one
//! manifest; one fault. How much it comes to may differ from context to context.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::{ContextReview, ContextStatus};
use crate::compare::delta::{BudgetDelta, Kind, ModelDelta, SegmentChange, Turn};
use crate::cost::budget::BudgetName;
use crate::pipeline::{Build, shard};
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Part, Segment};
use crate::syntax::diag::Diagnostic;

/// Contexts that have the same change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their indices in [`super::Review::contexts`], two or more.
    pub contexts: Vec<usize>,
}

/// The least, the middle one (of two the lower) and the most of some figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Range<T> {
    /// The least.
    pub least: T,
    /// The middle one.
    pub median: T,
    /// The most.
    pub most: T,
}

impl<T: Ord + Copy> Range<T> {
    /// The range of figures; `None` where there is none.
    pub fn of(figures: impl IntoIterator<Item = T>) -> Option<Self> {
        let mut figures: Vec<T> = figures.into_iter().collect();
        figures.sort_unstable();
        let median = *figures.get(figures.len().checked_sub(1)? / 2)?;
        Some(Self { least: *figures.first()?, median, most: *figures.last()? })
    }
}

/// What makes two changes the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Signature {
    status: ContextStatus,
    edits: Vec<Edit>,
    /// The files that did it, where no line of text differs.
    causes: Vec<super::Cause>,
    /// The models that came, went or were replaced.
    models: Vec<(Option<String>, String)>,
    budgets: Vec<(BudgetName, Option<String>, String, Turn)>,
    /// Code and message of what is wrong with either side.
    faults: Vec<(String, String)>,
}

/// What became of a segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Edit {
    /// These lines, by a name for all of them, were taken out and put in.
    Lines(String),
    /// Only its line endings differ.
    Endings,
    /// Its text stands elsewhere.
    Moved,
    /// Anything else: the whole text before and after.
    Text(Kind, Option<Digest>, Option<Digest>),
}

/// The groups of two or more, by their first context. New and removed contexts stand alone.
pub(super) fn group(contexts: &[ContextReview]) -> Vec<Group> {
    let (mut groups, mut known): (BTreeMap<Signature, Vec<usize>>, Edits) = Default::default();
    for (index, context) in contexts.iter().enumerate() {
        if let Some(signature) = signature(context, &mut known) {
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
    signature(context, &mut Edits::new())
        .map(|signature| shard::name_of(&serde_json::to_vec(&signature).unwrap_or_default()))
}

/// What became of a text that turned into another one, which many contexts may share.
type Edits = HashMap<(Digest, Digest), Option<Edit>>;

fn signature(context: &ContextReview, known: &mut Edits) -> Option<Signature> {
    let faults = context.base_faults.iter().chain(&context.head_faults);
    let fault = |fault: &Diagnostic| (fault.code.to_string(), fault.message.clone());
    let mut signature = Signature {
        status: context.status,
        edits: Vec::new(),
        causes: Vec::new(),
        models: Vec::new(),
        budgets: Vec::new(),
        faults: faults.map(fault).collect(),
    };
    match context.status {
        ContextStatus::Broken => return Some(signature),
        ContextStatus::Added | ContextStatus::Removed => return None,
        ContextStatus::Changed | ContextStatus::Renamed => {}
    }
    let (delta, base, head) = (context.delta.as_ref()?, context.base.as_deref()?, context.head.as_deref()?);
    signature.edits = delta.segments.iter().map(|change| edit(base, head, change, known)).collect();
    if context.status == ContextStatus::Changed && signature.edits.iter().all(|edit| *edit == Edit::Moved) {
        signature.causes = context.causes.clone();
    }
    let moved =
        |model: &&ModelDelta| model.replaces.is_some() || model.models.base.is_none() != model.models.head.is_none();
    signature.models =
        delta.models.iter().filter(moved).map(|model| (model.replaces.clone(), model.name.clone())).collect();
    let budget = |budget: &BudgetDelta| (budget.name, budget.block.clone(), budget.model.clone(), budget.turn());
    signature.budgets = delta.budgets.iter().filter(|budget| budget.is_change()).map(budget).collect();
    Some(signature)
}

fn edit(base: &Build, head: &Build, change: &SegmentChange, known: &mut Edits) -> Edit {
    let old = change.base.and_then(|index| Some((base.segments.get(index)?, base.chain.digests.get(index)?)));
    let new = change.head.and_then(|index| Some((head.segments.get(index)?, head.chain.digests.get(index)?)));
    let text = Edit::Text(change.kind, old.map(|(_, digest)| *digest), new.map(|(_, digest)| *digest));
    match (change.kind, old, new) {
        (Kind::Moved, ..) => Edit::Moved,
        (Kind::Changed, Some((old, before)), Some((new, after))) => {
            let lines = |segment: &Segment| -> String { segment.parts.iter().map(Part::identity).collect() };
            let edit = known.entry((*before, *after)).or_insert_with(|| lines_of_one_side(&lines(old), &lines(new)));
            edit.clone().unwrap_or(text)
        }
        _ => text,
    }
}

/// The lines that only one of two texts holds, in their order; `None` where there are none.
fn lines_of_one_side(old: &str, new: &str) -> Option<Edit> {
    if old.replace("\r\n", "\n") == new.replace("\r\n", "\n") {
        return (old != new).then_some(Edit::Endings);
    }
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for (text, one) in [(old, 1), (new, -1)] {
        for line in text.lines() {
            *counts.entry(line).or_default() += one;
        }
    }
    let mut named = Vec::new();
    for (text, sign) in [(old, 1), (new, -1)] {
        for line in text.lines() {
            if let Some(left) = counts.get_mut(line).filter(|left| left.signum() == sign) {
                *left -= sign;
                named.extend([sign.to_string(), line.to_owned()]);
            }
        }
    }
    (!named.is_empty()).then(|| Edit::Lines(shard::name_of(&serde_json::to_vec(&named).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_lines_make_the_same_edit_wherever_they_stand() {
        let edit = lines_of_one_side;
        let one = edit("title\nbe kind\nend\n", "title\nbe brief\nend\n").unwrap();
        assert_eq!(edit("other\n\nbe kind\n", "other\n\nbe brief\n"), Some(one.clone()));
        assert_ne!(edit("be brief\n", "be kind\n"), Some(one.clone()), "the other way round");
        assert_ne!(edit("be kind\n", "be brief\nbe brief\n"), Some(one));
        assert_eq!(edit("a\r\nb\r\n", "a\nb\n"), Some(Edit::Endings));
        assert_eq!(edit("a\nb\n", "b\na\n"), None);
    }

    #[test]
    fn a_range_is_of_figures_that_are_there() {
        assert_eq!(Range::of([4, 1, 9]), Some(Range { least: 1, median: 4, most: 9 }));
        assert_eq!(Range::of([2, 1]), Some(Range { least: 1, median: 1, most: 2 }));
        assert_eq!(Range::<u64>::of([]), None);
    }
}
