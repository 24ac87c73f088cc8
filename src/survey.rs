//! What each context of a tree reads, without counting anything, and which contexts a change can
//! reach.
//!
//! A build is a function of what it reads. So a context whose reads have one answer in both trees is
//! the same in both, and a comparison need not build it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::build::{PRICES_FILE, Workshop};
use crate::compose::{TEMPLATES, compose};
use crate::decode::Text;
use crate::diag::Faults;
use crate::error::Error;
use crate::fragment::{Reader, Reads};
use crate::project::{Candidate, ContextId};
use crate::resolve::resolve;
use crate::source::{ObjectId, ProjectPath};
use crate::tree::{Change, ReadError, Tree};

/// A context and what it reads.
pub struct Surveyed {
    /// The context, its layers merged.
    pub candidate: Candidate,
    /// What it reads; `None` where a fault in its layers keeps that from being known.
    pub reads: Option<Reads>,
}

/// Surveys contexts, side by side.
pub fn survey(workshop: &Workshop<'_>, candidates: Vec<Candidate>) -> Vec<Surveyed> {
    candidates.into_par_iter().map(|candidate| one(workshop, candidate)).collect()
}

fn one(workshop: &Workshop<'_>, candidate: Candidate) -> Surveyed {
    let Ok(layers) = &candidate.layers else { return Surveyed { candidate, reads: None } };
    let reader = Reader::continuing(workshop.fragments, layers.reads.clone());
    let mut faults = Faults::new();
    // Which examples are picked changes no read, so their size does not matter here.
    if let Some(plan) = resolve(layers, &reader, &|_| 0, &mut faults) {
        compose(&plan, &workshop.library, &reader, &mut faults);
        let tokenizers: Vec<Text> = plan.manifest.tokenizers.iter().map(|(_, path)| path.clone()).collect();
        for path in tokenizers {
            let _ = reader.path(&path, &mut faults).map(|path| reader.read(&path));
        }
    }
    let _ = ProjectPath::new(PRICES_FILE).map(|path| reader.read(&path));
    let reads = reader.reads();
    Surveyed { candidate, reads: Some(reads) }
}

/// The difference between two trees, as the reads of a context see it.
pub struct Changed<'a> {
    base: &'a dyn Tree,
    /// Files that are on one side only: what can change the answer of a pattern.
    come_or_gone: Vec<&'a ProjectPath>,
    /// Whether a template came or went, which can change what a template's name means.
    templates: bool,
    /// What the base holds at a path, asked once.
    known: Mutex<HashMap<ProjectPath, Option<ObjectId>>>,
}

impl<'a> Changed<'a> {
    /// `changes` are the files that differ between `base` and the tree that is surveyed.
    pub fn new(base: &'a dyn Tree, changes: &'a [Change]) -> Self {
        let come_or_gone: Vec<&ProjectPath> = changes
            .iter()
            .filter(|change| change.base.is_none() || change.head.is_none())
            .map(|change| &change.path)
            .collect();
        let templates = come_or_gone.iter().any(|path| is_template(path));
        Self { base, come_or_gone, templates, known: Mutex::default() }
    }

    /// Whether any read has another answer in the base.
    ///
    /// # Errors
    /// When the base cannot be read.
    pub fn reaches(&self, reads: &Reads) -> Result<bool, Error> {
        if self.templates && reads.files.keys().any(is_template) {
            return Ok(true);
        }
        let matched = |path: &ProjectPath| {
            reads
                .matches
                .iter()
                .any(|matched| (matched.wanted.0)(path) && matched.folders.iter().any(|folder| path.is_below(folder)))
        };
        if self.come_or_gone.iter().any(|path| matched(path)) {
            return Ok(true);
        }
        for (path, read) in &reads.files {
            if self.in_base(path)? != *read {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn in_base(&self, path: &ProjectPath) -> Result<Option<ObjectId>, Error> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known().get(path) {
            return Ok(id.clone());
        }
        let id = match self.base.id(path) {
            Ok(id) => id,
            Err(ReadError::World(error)) => return Err(error),
            // A folder, a link that leads out: no text there either.
            Err(_) => None,
        };
        known().insert(path.clone(), id.clone());
        Ok(id)
    }
}

fn is_template(path: &ProjectPath) -> bool {
    path.as_str().strip_prefix(TEMPLATES).is_some_and(|rest| rest.starts_with('/'))
}

/// The contexts of a comparison: those of the head that the change can reach, and those of the base
/// to hold them against.
pub struct Reached {
    /// Of the head.
    pub head: Vec<Candidate>,
    /// Of the base.
    pub base: Vec<Candidate>,
    /// How many contexts of the head the change cannot reach.
    pub untouched: usize,
}

/// Which contexts can differ. `wanted` limits both sides to those that it names; a name that neither
/// side knows is an error.
///
/// # Errors
/// When a tree cannot be read, or a name is unknown on both sides.
pub fn reach(
    base: &Workshop<'_>,
    head: &Workshop<'_>,
    changes: &[Change],
    wanted: &[String],
) -> Result<Reached, Error> {
    let changed = Changed::new(base.fragments.tree(), changes);
    let of_head = candidates(head, wanted, &|_| true);
    let (of_head, of_base_named) = match (of_head, wanted.is_empty()) {
        (Ok(all), true) => (all, None),
        (Err(error), true) => return Err(error),
        (of_head, false) => {
            let of_base = candidates(base, wanted, &|_| true);
            match (of_head, of_base) {
                (Ok(head), Ok(base)) => (head, Some(base)),
                (Ok(head), Err(_)) => (head, Some(Vec::new())),
                (Err(_), Ok(base)) => (Vec::new(), Some(base)),
                (Err(error), Err(_)) => return Err(error),
            }
        }
    };
    let surveyed = survey(head, of_head);
    let known: HashSet<ContextId> = surveyed.iter().map(|one| one.candidate.id.clone()).collect();
    let total = surveyed.len();
    let verdicts = surveyed.into_par_iter().map(|one| {
        let reached = one.reads.as_ref().map_or(Ok(true), |reads| changed.reaches(reads))?;
        Ok((reached, one.candidate))
    });
    let verdicts: Vec<(bool, Candidate)> = verdicts.collect::<Result<_, Error>>()?;
    let untouched_manifests: BTreeSet<ProjectPath> =
        verdicts.iter().filter(|(reached, _)| !reached).map(|(_, candidate)| candidate.manifest.clone()).collect();
    let reached: Vec<Candidate> =
        verdicts.into_iter().filter(|(reached, _)| *reached).map(|(_, candidate)| candidate).collect();
    let ids: HashSet<ContextId> = reached.iter().map(|candidate| candidate.id.clone()).collect();
    let manifests: BTreeSet<ProjectPath> = reached.iter().map(|candidate| candidate.manifest.clone()).collect();
    let of_base = match of_base_named {
        Some(all) => all,
        // A manifest whose contexts are all untouched reads the same on both sides.
        None => candidates(base, &[], &|path| manifests.contains(path) || !untouched_manifests.contains(path))?,
    };
    let of_base: Vec<Candidate> =
        of_base.into_iter().filter(|candidate| ids.contains(&candidate.id) || !known.contains(&candidate.id)).collect();
    Ok(Reached { untouched: total - reached.len(), head: reached, base: of_base })
}

/// The contexts of a tree: those that are named, or those of the manifests that `of` accepts.
fn candidates(
    workshop: &Workshop<'_>,
    wanted: &[String],
    of: &(dyn Fn(&ProjectPath) -> bool + Sync),
) -> Result<Vec<Candidate>, Error> {
    if !wanted.is_empty() {
        return workshop.project.contexts(wanted);
    }
    let manifests: BTreeMap<String, ProjectPath> = workshop.project.manifests()?;
    let chosen: Vec<(String, ProjectPath)> = manifests.into_iter().filter(|(_, path)| of(path)).collect();
    let found = chosen.into_par_iter().flat_map_iter(|(name, path)| workshop.project.expand(&name, &path));
    let mut found: Vec<Candidate> = found.collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(found)
}
