//! Builds held against a base: growth, and debt that was there before.
//!
//! A budget that failed already at the base, and has not got worse, is old debt; so is what a denied lint had found
//! there. Both are reported and stop nobody. `growth` has a meaning only here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::compare::delta::held_against;
use crate::cost::budget::{BROKEN_BASE, BudgetName, BudgetResult, Status};
use crate::pipeline::{Build, BuildResult, Memory, Pipeline, Request};
use crate::syntax::diag::{self, Diagnostic, Severity};
use crate::syntax::error::Failure;
use crate::text::fragment::Fragments;
use crate::text::lint;
use crate::text::project::ContextId;
use crate::tree::Tree;

/// Holds every build against the same context in `base`, priced on the same day. A context that is new has no debt
/// and nothing to grow from; one that is broken there leaves open what is old.
///
/// # Errors
/// When the base cannot be read, or a file that all its contexts stand on is broken there.
pub fn hold(base: &dyn Tree, attempts: &mut [BuildResult], memory: &Memory) -> Result<(), Failure> {
    let builds = || attempts.iter().filter_map(BuildResult::build);
    let wanted: HashSet<ContextId> = builds().filter(|build| needs_base(build)).map(|build| build.id.clone()).collect();
    let lints = builds().any(|build| build.errors().any(|error| lint::is_lint(&error.code)));
    let Some(date) = builds().map(|build| build.date).next().filter(|_| !wanted.is_empty()) else { return Ok(()) };
    let request = Request { as_of: Some(date), lints, ..Request::default() };
    let before = before(base, &request, &wanted, memory)?;
    for attempt in attempts {
        let Ok(build) = &mut attempt.result else { continue };
        match before.get(&build.id).map(|before| &before.result) {
            Some(Ok(before)) => settle(Arc::make_mut(build), before),
            Some(Err(faults)) => leave_open(Arc::make_mut(build), faults),
            None => {}
        }
    }
    Ok(())
}

/// Whether the base can change what is said of a build.
fn needs_base(build: &Build) -> bool {
    build.budgets().any(|budget| budget.status == Status::Fail || budget.name == BudgetName::Growth)
        || build.errors().any(|error| lint::is_lint(&error.code))
}

/// The wanted contexts as the base has them; those that it does not have are not there.
///
/// # Errors
/// When the base's project cannot be read; its faults say that they are the base's.
pub fn before(
    base: &dyn Tree,
    request: &Request,
    wanted: &HashSet<ContextId>,
    memory: &Memory,
) -> Result<HashMap<ContextId, BuildResult>, Failure> {
    let fragments = Fragments::new(base);
    let pipeline = Pipeline::open(&fragments, request, memory).map_err(|failure| at_base(failure, base))?;
    let manifests = pipeline.project.manifests().map_err(|failure| at_base(failure.into(), base))?;
    let manifests: Vec<_> = manifests.into_iter().collect();
    let candidates = manifests.into_par_iter().flat_map_iter(|(name, path)| pipeline.project.expand(&name, &path));
    let built = candidates.filter(|candidate| wanted.contains(&candidate.id));
    Ok(built.map(|candidate| (candidate.id.clone(), pipeline.attempt(candidate))).collect())
}

/// Says of faults that they are the base's.
pub fn at_base(failure: Failure, base: &dyn Tree) -> Failure {
    let name = base.name();
    let at = name.commit().map_or_else(String::new, |commit| format!(" {}", commit.id.short()));
    match failure {
        Failure::Faults(faults) => {
            let told =
                |fault: Diagnostic| Diagnostic { message: format!("at the base{at}: {}", fault.message), ..fault };
            Failure::Faults(faults.into_iter().map(told).collect())
        }
        error => error,
    }
}

/// Takes out what was there before.
fn settle(build: &mut Build, before: &Build) {
    let slack = build.ratchet_slack();
    let debts: Vec<BudgetResult> = before.budgets_beside(Some(build)).into_iter().cloned().collect();
    let held = held_against(Some(before), build);
    hold_budgets(build, held, |result| {
        let same =
            |debt: &&BudgetResult| (debt.name, &debt.block, &debt.model) == (result.name, &result.block, &result.model);
        result.is_old_debt = result.status == Status::Fail && !result.blocks(debts.iter().find(same), slack);
    });
    let mut known = lint::Known::of(&before.warnings);
    let mut is_old = |one: &Diagnostic| one.severity == Severity::Error && lint::is_lint(&one.code) && known.takes(one);
    (build.denied_before, build.warnings) =
        std::mem::take(&mut build.warnings).into_iter().partition(|one| is_old(one));
}

/// Leaves open what is old, where the base cannot be built.
fn leave_open(build: &mut Build, faults: &[Diagnostic]) {
    let held: Vec<BudgetResult> = build.budgets().cloned().collect();
    hold_budgets(build, held, |result| {
        if result.name == BudgetName::Growth {
            result.status = Status::Unknown;
            result.why = Some(BROKEN_BASE);
        }
    });
    if build.errors().any(|error| !error.is_open) {
        let fault = faults.iter().find(|fault| fault.severity == Severity::Error);
        let why = fault.map_or_else(String::new, |fault| format!(": {}", fault.message));
        let message =
            format!("`{}` cannot be built at the base, so what of its errors is old is not known{why}", build.id);
        build.warnings.push(
            Diagnostic::open("broken-base", message)
                .in_file(&build.plan.manifest_path)
                .maybe_hint(fault.and_then(|fault| fault.hint.clone())),
        );
    }
}

/// Puts budgets in the place of those of a build, each as `change` leaves it, and what is said of them in the place of
/// what was.
fn hold_budgets(build: &mut Build, held: Vec<BudgetResult>, change: impl Fn(&mut BudgetResult)) {
    let said: Vec<Diagnostic> = build.budgets().filter_map(BudgetResult::warning).collect();
    let identities: HashSet<_> = said.iter().map(diag::identity).collect();
    build.warnings.retain(|warning| !identities.contains(&diag::identity(warning)));
    let mut held = held.into_iter();
    for budget in build.models.iter_mut().flat_map(|model| &mut model.budgets) {
        let Some(mut result) = held.next() else { return };
        change(&mut result);
        build.warnings.extend(result.warning());
        *budget = result;
    }
    diag::once(&mut build.warnings);
}
