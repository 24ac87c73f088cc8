//! Budgets before and after: newly broken, still broken, mended.

use super::{Build, Pair};
use crate::budgets::{BudgetName, BudgetResult, Status, blocks};
use crate::quantity::Share;

/// One budget for one model, before and after.
#[derive(Debug, Clone)]
pub struct BudgetDelta {
    /// Which.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// How it stood and stands; `None` where there is no such budget.
    pub status: Pair<Status>,
    /// The limit.
    pub limit: Pair<u64>,
    /// What it is held against.
    pub actual: Pair<u64>,
    /// Whether it blocks: it fails, and either it did not before or it has got worse.
    pub blocks: bool,
}

/// What became of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It fails and did not.
    Broken,
    /// It failed, and it fails.
    StillBroken,
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
            (true, false) => Turn::Mended,
            (false, false) => Turn::Quiet,
        }
    }

    /// Whether it is worth a word: it fails and did not, it failed and does not, it has got worse.
    pub fn is_change(&self) -> bool {
        self.blocks || matches!(self.turn(), Turn::Broken | Turn::Mended)
    }
}

/// The budgets of both sides, those of the head first.
pub(super) fn compare(base: Option<&Build>, head: Option<&Build>) -> Vec<BudgetDelta> {
    let old: &[BudgetResult] = base.map_or(&[], |build| &build.budgets);
    let new: &[BudgetResult] = head.map_or(&[], |build| &build.budgets);
    let same = |one: &BudgetResult, other: &BudgetResult| {
        (one.name, &one.block, &one.model) == (other.name, &other.block, &other.model)
    };
    let slack = head.map_or_else(Share::default, |build| build.ratchet_slack());
    let grown = base.zip(head).map(|(base, head)| crate::budgets::growth(base, head)).unwrap_or_default();
    let mut deltas: Vec<BudgetDelta> = Vec::new();
    for result in new.iter().filter(|result| result.name != BudgetName::Growth).chain(&grown) {
        let before = old.iter().find(|other| same(other, result));
        deltas.push(BudgetDelta {
            name: result.name,
            block: result.block.clone(),
            model: result.model.clone(),
            status: Pair { base: before.map(|before| before.status), head: Some(result.status) },
            limit: Pair { base: before.map(|before| before.limit), head: Some(result.limit) },
            actual: Pair { base: before.map(|before| before.actual), head: Some(result.actual) },
            blocks: blocks(before, result, slack),
        });
    }
    for gone in old.iter().filter(|gone| !new.iter().any(|result| same(result, gone))) {
        deltas.push(BudgetDelta {
            name: gone.name,
            block: gone.block.clone(),
            model: gone.model.clone(),
            status: Pair { base: Some(gone.status), head: None },
            limit: Pair { base: Some(gone.limit), head: None },
            actual: Pair { base: Some(gone.actual), head: None },
            blocks: false,
        });
    }
    deltas
}
