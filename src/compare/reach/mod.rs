//! What each context of a tree reads, without counting anything, and which contexts a change can
//! reach.
//!
//! A build is a function of what it reads. So a context whose reads have one answer in both trees is
//! the same in both, and a comparison need not build it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::pipeline::{PRICES_FILE, Pipeline};
use crate::syntax::decode::Text;
use crate::syntax::diag::Faults;
use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::compose::{TEMPLATES, compose};
use crate::text::fragment::{Reader, Reads};
use crate::text::project::{Candidate, ContextId};
use crate::text::resolve::resolve;
use crate::tree::{Change, CommitTree, ReadError, Tree};

/// A context and what it reads.
pub struct Surveyed {
    /// The context, its layers merged.
    pub candidate: Candidate,
    /// What it reads; `None` where a fault in its layers keeps that from being known.
    pub reads: Option<Reads>,
    /// Whether which templates there are may matter to it: it reads one, or it has a fault, which
    /// may be that a name means none or several.
    pub asks_for_templates: bool,
}

/// Surveys contexts, side by side.
pub fn survey(pipeline: &Pipeline<'_>, candidates: Vec<Candidate>) -> Vec<Surveyed> {
    candidates.into_par_iter().map(|candidate| one(pipeline, candidate)).collect()
}

fn one(pipeline: &Pipeline<'_>, candidate: Candidate) -> Surveyed {
    let Ok(layers) = &candidate.layers else { return Surveyed { candidate, reads: None, asks_for_templates: true } };
    let reader = Reader::continuing(pipeline.fragments, layers.reads.clone());
    let mut faults = Faults::new();
    // Which examples are picked changes no read, so their size does not matter here.
    if let Some(plan) = resolve(layers, &reader, &|_| 0, &mut faults) {
        compose(&plan, &pipeline.library, &reader, &mut faults);
        let tokenizers: Vec<Text> = plan.manifest.tokenizers.iter().map(|(_, path)| path.clone()).collect();
        for path in tokenizers {
            let _ = reader.path(&path, &mut faults).map(|path| reader.read(&path));
        }
    }
    let _ = ProjectPath::new(PRICES_FILE).map(|path| reader.read(&path));
    let reads = reader.reads();
    let asks_for_templates = faults.has_errors() || reads.files.keys().any(is_template);
    Surveyed { candidate, reads: Some(reads), asks_for_templates }
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

    /// Whether any read of a context has another answer in the base, or may have.
    ///
    /// # Errors
    /// When the base cannot be read.
    pub fn reaches(&self, surveyed: &Surveyed) -> Result<bool, Error> {
        let Some(reads) = &surveyed.reads else { return Ok(true) };
        if self.templates && surveyed.asks_for_templates {
            return Ok(true);
        }
        let matched = |path: &ProjectPath| {
            reads
                .matches
                .iter()
                .any(|matched| matched.wanted.takes(path) && matched.folders.iter().any(|folder| path.is_below(folder)))
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

/// The two sides of a comparison, opened.
pub struct Sides<'a> {
    /// The base.
    pub base: &'a Pipeline<'a>,
    /// The commit that the base is.
    pub base_tree: &'a CommitTree,
    /// The head.
    pub head: &'a Pipeline<'a>,
    /// The files that differ.
    pub changes: &'a [Change],
}

/// Which contexts can differ. `wanted` limits both sides to those that it names; a name that neither
/// side knows is an error.
///
/// # Errors
/// When a tree cannot be read, or a name is unknown on both sides.
pub fn reach(sides: &Sides<'_>, wanted: &[String]) -> Result<Reached, Error> {
    let (of_head, unknown) = match sides.head.project.contexts(wanted) {
        Ok(of_head) => (of_head, None),
        Err(unknown) => (Vec::new(), Some(unknown)),
    };
    let (reached, untouched) = sift(sides, of_head)?;
    // A manifest of which no context is reached, and at least one is known to be untouched, stands for the
    // same contexts on both sides.
    let of_reached: HashSet<&ProjectPath> = reached.iter().map(|candidate| &candidate.manifest).collect();
    let same: HashSet<&ProjectPath> = untouched.iter().map(|candidate| &candidate.manifest).collect();
    let can_differ = |manifest: &ProjectPath| of_reached.contains(manifest) || !same.contains(manifest);
    let mut manifests = sides.base.project.manifests()?;
    manifests.retain(|_, manifest| can_differ(manifest));
    let of_base = match (sides.base.project.contexts_of(&manifests, wanted), unknown) {
        (Ok(of_base), _) => of_base,
        (Err(_), None) => Vec::new(),
        (Err(_), Some(error)) => return Err(error),
    };
    let base = opposite(of_base, &reached, &untouched);
    Ok(Reached { base, untouched: untouched.len(), head: reached })
}

/// Parts contexts of the head into those that the change reaches and the others.
fn sift(sides: &Sides<'_>, of_head: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<Candidate>), Error> {
    let changed = Changed::new(sides.base_tree, sides.changes);
    let verdicts = survey(sides.head, of_head).into_par_iter().map(|one| Ok((changed.reaches(&one)?, one.candidate)));
    let verdicts = verdicts.collect::<Result<Vec<(bool, Candidate)>, Error>>()?;
    let (reached, untouched): (Vec<_>, Vec<_>) = verdicts.into_iter().partition(|(reached, _)| *reached);
    let alone = |pairs: Vec<(bool, Candidate)>| pairs.into_iter().map(|(_, candidate)| candidate).collect();
    Ok((alone(reached), alone(untouched)))
}

/// Of the contexts of the base those to hold the reached ones against, and those that are gone.
fn opposite(of_base: Vec<Candidate>, reached: &[Candidate], untouched: &[Candidate]) -> Vec<Candidate> {
    let reached: HashSet<&ContextId> = reached.iter().map(|candidate| &candidate.id).collect();
    let untouched: HashSet<&ContextId> = untouched.iter().map(|candidate| &candidate.id).collect();
    let wanted = |candidate: &Candidate| reached.contains(&candidate.id) || !untouched.contains(&candidate.id);
    of_base.into_iter().filter(wanted).collect()
}
