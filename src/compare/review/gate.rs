//! What a comparison can be asked to stop at.

use std::str::FromStr;

use super::cost::{CostLimit, cost};
use super::{ContextReview, Review};
use crate::compare::delta::{BudgetDelta, ModelDelta};
use crate::cost::budget::{BudgetName, Status};
use crate::pipeline::Answer;
use crate::syntax::diag::Diagnostic;

/// Something that may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// A month with any model grows by more than this.
    Cost(CostLimit),
}

/// The answer of a comparison that was asked to stop at these, the worst about any context, and what is to be said of
/// it beside the report. Debt of the base, as it was, stops nothing. With any gate, a body that is newly left out is a
/// no, and a context that differs and that neither side can build leaves the question open.
pub fn answer(gates: &[Gate], review: &Review) -> (Answer, Vec<Diagnostic>) {
    let about = |context: &ContextReview| match (context.head_faults.is_empty(), gates) {
        (false, _) => Answer::Open,
        (true, []) => Answer::Yes,
        (true, gates) => {
            let left_out = compared(context, context.newly_left_out().next().is_some());
            gates.iter().map(|gate| gate.about(context)).fold(left_out, Answer::max)
        }
    };
    let mut answer = review.contexts.iter().map(about).max().unwrap_or(Answer::Yes);
    let mut said = Vec::new();
    for gate in gates {
        if let Gate::Cost(limit) = gate {
            let (of_cost, sentences) = cost(review, *limit);
            answer = answer.max(of_cost);
            said.extend(sentences);
        }
    }
    if !gates.is_empty() && !review.still_broken.is_empty() {
        answer = Answer::Open;
        said.extend(review.still_broken.iter().map(|(id, fault)| {
            let message = format!("`{id}` differs, and cannot be built on either side, so no gate has looked at it");
            Diagnostic {
                message: format!("{message}: {}", fault.message),
                code: "still-broken".into(),
                ..fault.clone()
            }
        }));
    }
    (answer, said)
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        if let Some(limit) = written.strip_prefix("cost=") {
            return limit.parse().map(Self::Cost).map_err(str::to_owned);
        }
        let gates = [Self::Budget, Self::Growth, Self::Prefix, Self::Lint, Self::AnyChange];
        let names = || gates.map(Self::as_str).join(", ");
        let gate = gates.into_iter().find(|gate| gate.as_str() == written);
        gate.ok_or_else(|| format!("it is one of {}, cost=LIMIT", names()))
    }
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
            Self::Cost(_) => "cost",
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
            // Without a base that can be built it is not known what a cache held, or what a month cost.
            Self::Prefix | Self::Cost(_) if !context.base_faults.is_empty() => Answer::Open,
            Self::Prefix => {
                let mut models = context.delta.iter().flat_map(|delta| &delta.models);
                if models.any(ModelDelta::breaks_prefix) { Answer::No } else { Answer::Yes }
            }
            Self::Lint => compared(context, !context.new_warnings().is_empty()),
            Self::AnyChange => Answer::No,
            // Held against the limit for the whole project.
            Self::Cost(_) => Answer::Yes,
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
