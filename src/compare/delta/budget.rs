//! Budgets before and after: newly broken, still broken, mended, loosened.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Build, Pair};
use crate::cost::budget::{Amount, BudgetName, BudgetResult, Status};
use crate::syntax::quantity::Share;

/// One budget for one model, before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BudgetDelta {
    /// The key in `budgets:`, or `max_tokens` of a block.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// The outcome on each side; null where there is no such budget.
    #[serde(flatten)]
    pub status: Pair<Status>,
    /// The limit.
    pub limit: Pair<Amount>,
    /// What is held against it.
    pub actual: Pair<Amount>,
    /// The outcome at the head in words; at the base, where the budget is gone.
    #[serde(skip)]
    pub sentence: String,
    /// Whether it blocks: it fails, and either it did not before or it has got worse; or its figure is not known.
    pub blocks: bool,
    /// Whether the manifest lets a figure pass that is not known.
    #[serde(skip)]
    pub lets_unknown_pass: bool,
    /// Whether the change removes it, or makes it limit less.
    pub is_loosened: bool,
}

/// What became of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Turn {
    /// It fails and did not.
    Broken,
    /// It failed, and it fails.
    StillBroken,
    /// It does not fail, and limits less than before or is removed.
    Loosened,
    /// It failed and no longer does.
    Mended,
    /// Anything else.
    Quiet,
}

impl BudgetDelta {
    /// What became of it.
    pub fn turn(&self) -> Turn {
        match (self.status.base == Some(Status::Fail), self.status.head == Some(Status::Fail)) {
            (false, true) => Turn::Broken,
            (true, true) => Turn::StillBroken,
            _ if self.is_loosened => Turn::Loosened,
            (true, false) => Turn::Mended,
            (false, false) => Turn::Quiet,
        }
    }

    /// Whether it is worth a word: it fails and did not, it failed and does not, it has got worse, it limits less.
    pub fn is_change(&self) -> bool {
        self.blocks || matches!(self.turn(), Turn::Broken | Turn::Loosened | Turn::Mended)
    }
}

/// The budgets of both sides, those of the head first. `growth` is held against the base's prefix.
pub(super) fn compare(base: Option<&Build>, head: Option<&Build>) -> Vec<BudgetDelta> {
    let old: Vec<&BudgetResult> = base.map(|base| base.budgets_beside(head)).unwrap_or_default();
    let new: Vec<BudgetResult> = head.map(|head| held_against(base, head)).unwrap_or_default();
    let same = |one: &BudgetResult, other: &BudgetResult| {
        (one.name, &one.block, &one.model) == (other.name, &other.block, &other.model)
    };
    let slack = head.map_or_else(Share::default, Build::ratchet_slack);
    let kept = new.iter().map(|result| {
        // What a prefix grew by at the base says nothing of this change.
        let before = old.iter().find(|other| same(other, result)).filter(|_| result.name != BudgetName::Growth);
        BudgetDelta {
            name: result.name,
            block: result.block.clone(),
            model: result.model.clone(),
            status: Pair { base: before.map(|before| before.status), head: Some(result.status) },
            limit: Pair { base: before.map(|before| before.limit), head: Some(result.limit) },
            actual: Pair { base: before.and_then(|before| before.actual), head: result.actual },
            sentence: result.sentence(),
            blocks: result.blocks(before.copied(), slack),
            lets_unknown_pass: result.lets_unknown_pass,
            is_loosened: old.iter().find(|other| same(other, result)).is_some_and(|before| result.is_looser(before)),
        }
    });
    let gone = old.iter().filter(|gone| !new.iter().any(|result| same(result, gone)));
    let gone = gone.map(|gone| BudgetDelta {
        name: gone.name,
        block: gone.block.clone(),
        model: gone.model.clone(),
        status: Pair { base: Some(gone.status), head: None },
        limit: Pair { base: Some(gone.limit), head: None },
        actual: Pair { base: gone.actual, head: None },
        sentence: gone.sentence(),
        blocks: false,
        lets_unknown_pass: gone.lets_unknown_pass,
        // With its model or its block it is not missed.
        is_loosened: gone.block.is_none()
            && head.is_some_and(|head| head.models.iter().any(|model| model.name == gone.model)),
    });
    kept.chain(gone).collect()
}

/// The budgets of a build, `growth` held against the prefix of the base, model by model.
pub fn held_against(base: Option<&Build>, head: &Build) -> Vec<BudgetResult> {
    let limit = head.plan.manifest.budgets.as_ref().and_then(|budgets| budgets.growth.as_ref());
    let held = head.models.iter().flat_map(|model| {
        let twin = base.and_then(|base| base.models.iter().find(|other| other.card.name == model.card.name));
        let prefix = twin.map(|twin| twin.beside(model).tokens.prefix.tokens());
        let own = twin.map_or(model, |twin| model.beside(twin)).tokens.prefix;
        model.budgets.iter().map(move |result| match limit {
            Some(limit) if result.name == BudgetName::Growth => {
                BudgetResult::of_growth(limit, &model.name, own, prefix)
            }
            _ => result.clone(),
        })
    });
    held.collect()
}
