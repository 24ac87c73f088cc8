//! What a comparison can be asked to stop at.

use super::{ContextReview, Review};
use crate::compare::delta::{BudgetDelta, ModelDelta};
use crate::cost::budget::BudgetName;

/// Something that may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// A budget fails that did not, or that has got worse.
    Budget,
    /// A prefix has outgrown its `growth` budget.
    Growth,
    /// Tokens that the cache held have to be written anew.
    Prefix,
    /// A warning that the base has not.
    Lint,
    /// Anything at all.
    AnyChange,
}

impl Gate {
    /// Whether it happened. Debt of the base, as it was, trips nothing.
    pub fn is_tripped(self, review: &Review) -> bool {
        let any = |happened: &dyn Fn(&ContextReview) -> bool| review.contexts.iter().any(happened);
        match self {
            Self::Budget => any(&|context| blocking(context).any(|budget| budget.name != BudgetName::Growth)),
            Self::Growth => any(&|context| blocking(context).any(|budget| budget.name == BudgetName::Growth)),
            Self::Prefix => {
                any(&|context| context.delta.iter().any(|delta| delta.models.iter().any(ModelDelta::breaks_prefix)))
            }
            Self::Lint => any(&|context| context.new_warnings().next().is_some()),
            Self::AnyChange => !review.contexts.is_empty(),
        }
    }
}

/// The budgets that block.
fn blocking(context: &ContextReview) -> impl Iterator<Item = &BudgetDelta> {
    context.delta.iter().flat_map(|delta| &delta.budgets).filter(|budget| budget.blocks)
}
