//! What a change does to a project: two trees compared, context by context.
//!
//! ```text
//! trees ──changes──▶ files ──survey──▶ contexts that can differ ──build, compare──▶ Deltas
//! Deltas ──reach──▶ which file reaches which prompts, and which files reach none
//! ```
//!
//! Only contexts whose inputs differ are built, on both sides, for one day.

mod causes;
mod cost;
mod counts;
mod gate;
mod groups;
mod parts;
mod renames;
mod totals;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::compare::as_is::{AsIs, is_todays};
use crate::compare::delta::{Delta, Divergence, Side, compare};
use crate::compare::range::Sides;
use crate::compare::reach;
use crate::cost::cards::Date;
use crate::pipeline::bodies::try_bodies;
use crate::pipeline::model::LeftOut;
use crate::pipeline::shard::Shard;
use crate::pipeline::{Build, BuildResult, Memory, Pipeline, Request};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::Failure;
use crate::syntax::quantity::Usd;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::fragment::Fragments;
use crate::text::lint;
use crate::text::project::{Candidate, ContextId};
use crate::tree::{Change, Commit, Tree, TreeName};

use causes::Files;

pub use causes::{Cause, Via};
pub use cost::CostLimit;
pub use counts::BroughtCount;
pub use gate::{Gate, answer};
pub use groups::{Group, Range, change_name};
pub use totals::{ModelTotal, joined, totals};

/// What to compare, and for which day.
#[derive(Debug, Clone)]
pub struct ReviewRequest {
    /// Names of contexts; empty for every context and variant.
    pub contexts: Vec<String>,
    /// The day whose prices and rules hold for both sides.
    pub as_of: Date,
    /// Compare only what of them is in this part.
    pub shard: Option<Shard>,
    /// Build the contexts that the change cannot reach too, for what a month of the whole project costs.
    pub whole: bool,
}

/// Two trees compared.
pub struct Review {
    /// What the base is.
    pub base: Commit,
    /// How it was found, in words; empty where it was named by its id.
    pub found_by: String,
    /// What the head is.
    pub head: TreeName,
    /// The day whose prices and rules hold.
    pub date: Date,
    /// Contexts that differ, by name.
    pub contexts: Vec<ContextReview>,
    /// How many do not. Of a shard: how many of its own that were built, beside the `untouched`.
    pub unchanged: usize,
    /// Those that cannot be built, for the same reasons on both sides, although what they read differs; each with the
    /// first of its faults. They count as `unchanged`.
    pub still_broken: Vec<(ContextId, Diagnostic)>,
    /// The part that was compared, where it was not all.
    pub shard: Option<Shard>,
    /// How many contexts of all parts the change cannot reach, so that they were not built.
    pub untouched: usize,
    /// A month of these for each model, `None` where it is not known; empty unless it was asked for.
    pub untouched_months: BTreeMap<String, Option<Usd>>,
    /// Contexts that have the same change, by index, each group of two or more.
    pub groups: Vec<Group>,
    /// Each file that changed a prompt or its cost, and the contexts that it did so to.
    pub reach: BTreeMap<ProjectPath, BTreeSet<ContextId>>,
    /// Files that differ and change no prompt.
    pub no_effect: Vec<ProjectPath>,
    /// Whether only some contexts were compared, so that nothing is known of files without effect.
    pub is_partial: bool,
    /// What the change itself says that providers counted, of prompts that differ and of those that do not.
    pub brought: Vec<BroughtCount>,
}

/// What became of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContextStatus {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It differs.
    Changed,
    /// Its manifest has another name, and every segment is equal.
    Renamed,
    /// It cannot be built, on one side at least.
    Broken,
}

/// One context of a comparison.
pub struct ContextReview {
    /// Its name; its old one where it is gone.
    pub id: ContextId,
    /// What it was called before, where that differs.
    pub renamed_from: Option<ContextId>,
    /// What became of it.
    pub status: ContextStatus,
    /// How it was built before.
    pub base: Option<Arc<Build>>,
    /// How it is built now.
    pub head: Option<Arc<Build>>,
    /// What is different. Of a broken context: the other side against nothing; empty where both are.
    pub delta: Option<Delta>,
    /// Where it first differs.
    pub place: Option<Location>,
    /// The files that did it.
    pub causes: Vec<Cause>,
    /// What is wrong with the base.
    pub base_faults: Vec<Diagnostic>,
    /// What is wrong with the head.
    pub head_faults: Vec<Diagnostic>,
}

/// Where in the repository a divergence comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file that holds the text; the manifest for text written there.
    pub path: ProjectPath,
    /// The 1-based line of it where the texts part.
    pub line: usize,
    /// The last commit that changed what is to blame; `None` while that is not committed.
    pub commit: Option<Commit>,
}

impl ContextReview {
    /// Every warning of the head that it has and the base has not.
    pub fn new_warnings(&self) -> Vec<&Diagnostic> {
        let mut known = lint::Known::of(self.base.iter().flat_map(|build| &build.warnings));
        let said = self.head.iter().flat_map(|build| &build.warnings);
        said.filter(|warning| warning.severity != Severity::Note && !known.takes(warning)).collect()
    }

    /// The lints that the base denies and the head no longer does.
    pub fn lowered_lints(&self) -> Vec<&'static str> {
        match (&self.base, &self.head) {
            (Some(base), Some(head)) => lint::no_longer_denied(&base.plan.manifest.lints, &head.plan.manifest.lints),
            _ => Vec::new(),
        }
    }

    /// Bodies that the head leaves out and the base has, or leaves out for another reason.
    pub fn newly_left_out(&self) -> impl Iterator<Item = &LeftOut> {
        fn codes(left: &LeftOut) -> Vec<&str> {
            left.reasons.iter().map(|reason| &*reason.code).collect()
        }
        let known = |left: &LeftOut| {
            let mut before = self.base.iter().flat_map(|build| &build.left_out);
            before.any(|old| old.body == left.body && codes(left).iter().all(|code| codes(old).contains(code)))
        };
        self.head.iter().flat_map(|build| &build.left_out).filter(move |left| !known(left))
    }
}

/// Compares the two sides.
///
/// # Errors
/// When a tree cannot be read, a name is unknown on both sides, or a file that every context stands
/// on (`contexture.yaml`, `prices.yaml`) is broken. Faults of one context are in its review.
pub fn review(sides: &Sides, request: &ReviewRequest) -> Result<Review, Failure> {
    let mut changes = sides.head.changes_since(&sides.base)?;
    let today = sides.manifests.as_deref();
    changes.retain(|change| today.is_none() || !is_todays(&change.path));
    let as_is = today.map(|today| [&sides.base as &dyn Tree, sides.head.as_ref()].map(|then| AsIs { today, then }));
    let [base_tree, head_tree]: [&dyn Tree; 2] = match &as_is {
        Some([base, head]) => [base, head],
        None => [&sides.base, sides.head.as_ref()],
    };
    let build = Request { as_of: Some(request.as_of), lints: true, ..Request::default() };
    let memory = Memory::default();
    // The sides share most of their files: what both hold is decoded once.
    let of_side = |tree| Fragments::sharing(tree, &memory.fragments);
    let (base_files, head_files) = (of_side(base_tree), of_side(head_tree));
    let base = Pipeline::open(&base_files, &build, &memory)?;
    let head = Pipeline::open(&head_files, &build, &memory)?;
    let both = reach::Sides { base: &base, base_tree, head: &head };
    let reached = reach::reach(&both, &request.contexts)?;

    let build_all = |pipeline: &Pipeline<'_>, candidates: Vec<Candidate>| -> BTreeMap<ContextId, BuildResult> {
        let mut attempts: Vec<BuildResult> =
            candidates.into_par_iter().map(|candidate| pipeline.attempt(candidate)).collect();
        try_bodies(&mut attempts);
        attempts.into_iter().map(|attempt| (attempt.id.clone(), attempt)).collect()
    };
    let (of_base, of_head) = parts::wanted(request.shard, reached.base, reached.head);
    let old = build_all(&base, of_base);
    let new = build_all(&head, of_head);
    let mut pairs = renames::pair(old, new);
    pairs.retain(|pair| parts::holds(request.shard, pair));

    let brought: Vec<BroughtCount> = pairs.iter().flat_map(counts::brought).collect();
    let untouched = reached.untouched.len();
    let others = if request.whole { reached.untouched } else { Vec::new() };
    let others: Vec<BuildResult> = others.into_par_iter().map(|candidate| head.attempt(candidate)).collect();
    let mut unchanged = if request.shard.is_some() { 0 } else { untouched };
    let mut contexts = Vec::new();
    let files = Files::new(&changes);
    let compared = pairs.into_par_iter().map(|pair| one(pair, &files));
    let mut still_broken = Vec::new();
    for compared in compared.collect::<Vec<_>>() {
        match compared {
            Compared::Differs(review) => contexts.push(*review),
            Compared::Same => unchanged += 1,
            Compared::SameFaults(id, fault) => {
                unchanged += 1;
                still_broken.push((id, *fault));
            }
        }
    }
    contexts.sort_by(|one, other| one.id.cmp(&other.id));
    blame(sides, &files, &mut contexts)?;
    let mut reach: BTreeMap<ProjectPath, BTreeSet<ContextId>> = BTreeMap::new();
    for context in &contexts {
        for cause in &context.causes {
            reach.entry(cause.path.clone()).or_default().insert(context.id.clone());
        }
    }
    let is_partial = !request.contexts.is_empty();
    let no_effect = if is_partial { Vec::new() } else { without_effect(&changes, &reach) };
    Ok(Review {
        base: sides.base.commit().clone(),
        found_by: sides.found_by.clone(),
        head: sides.head.name(),
        date: request.as_of,
        groups: groups::group(&contexts),
        contexts,
        unchanged,
        still_broken,
        shard: request.shard,
        untouched,
        untouched_months: cost::months(&others),
        reach,
        no_effect,
        is_partial,
        brought,
    })
}

/// Two builds of one tree, two contexts or models, compared as if the first became the second.
pub fn pair(one: Arc<Build>, other: Arc<Build>) -> ContextReview {
    let delta = compare(Some(&one), Some(&other));
    ContextReview {
        id: other.id.clone(),
        renamed_from: (one.id != other.id).then(|| one.id.clone()),
        status: ContextStatus::Changed,
        base: Some(one),
        head: Some(other),
        delta: Some(delta),
        place: None,
        causes: Vec::new(),
        base_faults: Vec::new(),
        head_faults: Vec::new(),
    }
}

/// A context on both sides, as far as it is there.
struct Paired {
    base: Option<BuildResult>,
    head: Option<BuildResult>,
}

/// One context of both sides.
enum Compared {
    Differs(Box<ContextReview>),
    Same,
    SameFaults(ContextId, Box<Diagnostic>),
}

/// Compares one context.
fn one(pair: Paired, files: &Files<'_>) -> Compared {
    let Paired { base, head } = pair;
    let Some(id) = head.as_ref().or(base.as_ref()).map(|tried| tried.id.clone()) else { return Compared::Same };
    let renamed_from = base.as_ref().map(|attempt| attempt.id.clone()).filter(|old| *old != id);
    let (was_there, is_there) = (base.is_some(), head.is_some());
    let (base, base_faults) = parted(base);
    let (head, head_faults) = parted(head);
    let is_broken = !base_faults.is_empty() || !head_faults.is_empty();
    if base.is_none()
        && head.is_none()
        && same_faults(&base_faults, &head_faults)
        && let Some(fault) = head_faults.iter().find(|fault| fault.severity == Severity::Error)
    {
        return Compared::SameFaults(id, Box::new(fault.clone()));
    }
    let delta = (base.is_some() || head.is_some()).then(|| compare(base.as_deref(), head.as_deref()));
    let status = match (&delta, was_there, is_there) {
        _ if is_broken => ContextStatus::Broken,
        (_, false, _) => ContextStatus::Added,
        (_, _, false) => ContextStatus::Removed,
        (Some(delta), ..) if renamed_from.is_some() && delta.segments.is_empty() => ContextStatus::Renamed,
        _ => ContextStatus::Changed,
    };
    let mut review = ContextReview {
        id,
        renamed_from,
        status,
        base,
        head,
        delta,
        place: None,
        causes: Vec::new(),
        base_faults,
        head_faults,
    };
    let is_change = review.delta.as_ref().is_some_and(Delta::is_change)
        || !review.new_warnings().is_empty()
        || review.newly_left_out().next().is_some()
        || !review.lowered_lints().is_empty();
    if status == ContextStatus::Changed && !is_change {
        return Compared::Same;
    }
    review.causes = causes::causes(&review, files);
    Compared::Differs(Box::new(review))
}

fn parted(attempt: Option<BuildResult>) -> (Option<Arc<Build>>, Vec<Diagnostic>) {
    match attempt.map(|attempt| attempt.result) {
        Some(Ok(build)) => (Some(build), Vec::new()),
        Some(Err(faults)) => (None, faults),
        None => (None, Vec::new()),
    }
}

/// Whether a context is broken in the same way on both sides: then the change has no part in it.
fn same_faults(base: &[Diagnostic], head: &[Diagnostic]) -> bool {
    let told = |fault: &Diagnostic| (fault.code.clone(), fault.message.clone());
    base.iter().map(told).eq(head.iter().map(told))
}

/// Finds for each divergence the line, and the commit that is to blame.
fn blame(sides: &Sides, files: &Files<'_>, contexts: &mut [ContextReview]) -> Result<(), Failure> {
    let mut wanted: BTreeSet<ProjectPath> = BTreeSet::new();
    let mut found: Vec<Option<(ProjectPath, usize, ProjectPath)>> = Vec::new();
    for context in contexts.iter() {
        let divergence = context.delta.as_ref().and_then(|delta| delta.divergence);
        let place = divergence.and_then(|divergence| locate(sides, files, context, divergence));
        wanted.extend(place.iter().map(|(_, _, culprit)| culprit.clone()));
        found.push(place);
    }
    let commits = last_changes(sides, &wanted)?;
    for (context, place) in contexts.iter_mut().zip(found) {
        context.place = place.map(|(path, line, culprit)| {
            let commit = commits.get(&culprit).cloned();
            Location { path, line, commit }
        });
    }
    Ok(())
}

/// The file and line of a divergence, and the file that is to blame for it: the fragment itself if it
/// differs, else what put it there.
fn locate(
    sides: &Sides,
    files: &Files<'_>,
    context: &ContextReview,
    divergence: Divergence,
) -> Option<(ProjectPath, usize, ProjectPath)> {
    let (build, tree): (&Build, &dyn Tree) = match divergence.side {
        Side::Head => (context.head.as_deref()?, sides.head.as_ref()),
        Side::Base => (context.base.as_deref()?, &sides.base),
    };
    let origin = &build.segments.get(divergence.segment)?.origin;
    let manifest = origin.block.path().clone();
    let Some(path) = origin.path.clone() else {
        return Some((manifest.clone(), origin.block.line_column().0, manifest));
    };
    let lines = origin.lines.clone().unwrap_or(1..=usize::MAX);
    let Some(change) = files.get(&path) else {
        let culprit = if files.get(&manifest).is_some() {
            manifest
        } else {
            context.causes.first().map_or_else(|| path.clone(), |cause| cause.path.clone())
        };
        return Some((path, *lines.start(), culprit));
    };
    let is_edit = change.base.is_some() && change.head.is_some();
    let text = |tree: &dyn Tree| tree.read(&path).ok().map(|blob| String::from_utf8_lossy(&blob.bytes).into_owned());
    let line = match (is_edit, text(&sides.base), text(tree)) {
        (true, Some(old), Some(_)) => {
            let new = text(sides.head.as_ref()).unwrap_or_default();
            let same = old.split('\n').zip(new.split('\n')).take_while(|(old, new)| old == new).count();
            (same + 1).clamp(*lines.start(), *lines.end())
        }
        _ => *lines.start(),
    };
    Some((path.clone(), line, path))
}

/// The last commit that changed each of these files; those that are not committed as the head has
/// them are left out.
fn last_changes(sides: &Sides, paths: &BTreeSet<ProjectPath>) -> Result<BTreeMap<ProjectPath, Commit>, Failure> {
    let Some(commit) = &sides.head_commit else { return Ok(BTreeMap::new()) };
    let is_committed = |path: &&ProjectPath| {
        let (there, here) = (Tree::id(commit, path), sides.head.id(path));
        matches!((there, here), (Ok(there), Ok(here)) if there == here && there.is_some())
    };
    let asked: Vec<ProjectPath> = paths.iter().filter(is_committed).cloned().collect();
    Ok(commit.last_changes(&asked)?)
}

/// Files that differ and are the cause of nothing. Where a file was only renamed, its new name stands
/// for both.
fn without_effect(changes: &[Change], reach: &BTreeMap<ProjectPath, BTreeSet<ContextId>>) -> Vec<ProjectPath> {
    let come: HashSet<&ObjectId> =
        changes.iter().filter(|change| change.base.is_none()).filter_map(|change| change.head.as_ref()).collect();
    let is_renamed_away =
        |change: &Change| change.head.is_none() && change.base.as_ref().is_some_and(|id| come.contains(id));
    let without = changes.iter().filter(|change| !reach.contains_key(&change.path) && !is_renamed_away(change));
    without.map(|change| change.path.clone()).collect()
}
