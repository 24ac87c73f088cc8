//! What a comparison can be asked to stop at.

use super::{ContextReview, Review};
use crate::compare::delta::{BudgetDelta, ModelDelta};
use crate::cost::budget::{BudgetName, Status};
use crate::pipeline::Answer;

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

/// The answer of a comparison that was asked to stop at these: the worst about any context. Debt of the base, as it
/// was, stops nothing. With any gate, a body that is newly left out is a no.
pub fn answer(gates: &[Gate], review: &Review) -> Answer {
    let about = |context: &ContextReview| match (context.head_faults.is_empty(), gates) {
        (false, _) => Answer::Open,
        (true, []) => Answer::Yes,
        (true, gates) => {
            let left_out = compared(context, context.newly_left_out().next().is_some());
            gates.iter().map(|gate| gate.about(context)).fold(left_out, Answer::max)
        }
    };
    review.contexts.iter().map(about).max().unwrap_or(Answer::Yes)
}

impl Gate {
    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Growth => "growth",
            Self::Prefix => "prefix",
            Self::Lint => "lint",
            Self::AnyChange => "any-change",
        }
    }

    fn about(self, context: &ContextReview) -> Answer {
        let budgets = |is_growth: bool| {
            let all = context.delta.iter().flat_map(|delta| &delta.budgets);
            let asked = all.filter(|budget| (budget.name == BudgetName::Growth) == is_growth);
            asked.map(|budget| about_budget(context, budget)).max().unwrap_or(Answer::Yes)
        };
        match self {
            Self::Budget => budgets(false),
            Self::Growth => budgets(true),
            // Without a base that can be built it is not known what a cache held.
            Self::Prefix if !context.base_faults.is_empty() => Answer::Open,
            Self::Prefix => {
                let mut models = context.delta.iter().flat_map(|delta| &delta.models);
                if models.any(ModelDelta::breaks_prefix) { Answer::No } else { Answer::Yes }
            }
            Self::Lint => compared(context, !context.new_warnings().is_empty()),
            Self::AnyChange => Answer::No,
        }
    }
}

/// The answer about something that is to be seen in the head: whether it is new is not known where the base cannot be
/// built.
fn compared(context: &ContextReview, is_seen: bool) -> Answer {
    match (is_seen, context.base_faults.is_empty()) {
        (false, _) => Answer::Yes,
        (true, true) => Answer::No,
        (true, false) => Answer::Open,
    }
}

fn about_budget(context: &ContextReview, budget: &BudgetDelta) -> Answer {
    match budget.status.head {
        Some(Status::Unknown) if budget.blocks => Answer::Open,
        // Growth without a base is growth from nothing, unless there is a base that cannot be read.
        Some(Status::Skipped) => compared(context, !context.base_faults.is_empty() && !budget.lets_unknown_pass),
        _ => compared(context, budget.blocks),
    }
}
