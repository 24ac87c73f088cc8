//! Budgets held against a base: growth, and debt that was there before.
//!
//! A budget that failed already at the base, and has not got worse, is old debt: it is reported and
//! stops nobody. `growth` has a meaning only here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::compare::delta::held_against;
use crate::cost::budget::{BudgetName, BudgetResult, Status};
use crate::cost::cards::Date;
use crate::pipeline::{Build, BuildResult, Memory, Pipeline, Request};
use crate::syntax::error::Failure;
use crate::text::fragment::Fragments;
use crate::text::project::ContextId;
use crate::tree::Tree;

/// Holds the budgets of every build against the same context in `base`, priced on the same day. A
/// context that is new, or broken there, has no debt and nothing to grow from.
///
/// # Errors
/// When the base cannot be read, or a file that all its contexts stand on is broken there.
pub fn hold(base: &dyn Tree, attempts: &mut [BuildResult], memory: &Memory) -> Result<(), Failure> {
    let builds = attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok());
    let wanted: HashSet<ContextId> =
        builds.clone().filter(|build| needs_base(build)).map(|build| build.id.clone()).collect();
    let Some(date) = builds.map(|build| build.date).next() else { return Ok(()) };
    if wanted.is_empty() {
        return Ok(());
    }
    let standing = standing(base, date, &wanted, memory)?;
    for attempt in attempts {
        let Ok(build) = &mut attempt.result else { continue };
        if let Some(before) = standing.get(&build.id) {
            settle(Arc::make_mut(build), before);
        }
    }
    Ok(())
}

/// Whether the base can change what is said of a build's budgets.
fn needs_base(build: &Build) -> bool {
    build.budgets().any(|budget| budget.status == Status::Fail || budget.name == BudgetName::Growth)
}

/// The wanted contexts as the base has them.
fn standing(
    base: &dyn Tree,
    date: Date,
    wanted: &HashSet<ContextId>,
    memory: &Memory,
) -> Result<HashMap<ContextId, Arc<Build>>, Failure> {
    let fragments = Fragments::new(base);
    let request = Request { as_of: Some(date), ..Request::default() };
    let pipeline = Pipeline::open(&fragments, &request, memory)?;
    let manifests: Vec<_> = pipeline.project.manifests()?.into_iter().collect();
    let candidates = manifests.into_par_iter().flat_map_iter(|(name, path)| pipeline.project.expand(&name, &path));
    let built =
        candidates.filter(|candidate| wanted.contains(&candidate.id)).map(|candidate| pipeline.attempt(candidate));
    let built: Vec<BuildResult> = built.collect();
    Ok(built.into_iter().filter_map(|attempt| Some((attempt.id, attempt.result.ok()?))).collect())
}

fn settle(build: &mut Build, before: &Build) {
    let slack = build.ratchet_slack();
    let debts: Vec<BudgetResult> = before.budgets().cloned().collect();
    let mut held = held_against(Some(before), build).into_iter();
    for model in &mut build.models {
        for budget in &mut model.budgets {
            let Some(mut result) = held.next() else { return };
            let debt = debts
                .iter()
                .find(|debt| (debt.name, &debt.block, &debt.model) == (result.name, &result.block, &result.model));
            result.is_old_debt = result.status == Status::Fail && !result.blocks(debt, slack);
            if result.name == BudgetName::Growth {
                build.warnings.extend(result.warning());
            }
            *budget = result;
        }
    }
}
