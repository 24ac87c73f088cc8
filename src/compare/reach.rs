//! Which contexts a change can reach.
//!
//! A build is a function of what it reads. So a context whose reads have one answer in both trees is the same in
//! both, and a comparison need not build it. What a context reads is known without counting anything.

use std::collections::{BTreeMap, HashSet};
use std::slice;

use rayon::prelude::*;

use crate::pipeline::{Pipeline, SHARED_FILES};
use crate::syntax::decode::Text;
use crate::syntax::diag::Faults;
use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::compose::{TEMPLATES, compose};
use crate::text::fragment::Reader;
use crate::text::project::{Candidate, ContextId};
use crate::text::resolve::resolve;
use crate::tree::{CachedTree, FileFilter, Listing, Reads, Tree};

/// The contexts of a comparison: those of the head that the change can reach, and those of the base
/// to compare them with.
pub struct Reached {
    /// Of the head.
    pub head: Vec<Candidate>,
    /// Of the base.
    pub base: Vec<Candidate>,
    /// The contexts of the head that the change cannot reach.
    pub untouched: Vec<Candidate>,
}

/// The two sides of a comparison, opened.
pub struct Sides<'a> {
    /// The base.
    pub base: &'a Pipeline<'a>,
    /// The tree that the base is.
    pub base_tree: &'a dyn Tree,
    /// The head.
    pub head: &'a Pipeline<'a>,
}

/// Which contexts can differ. `wanted` limits both sides to those that it names; a name that neither
/// side knows is an error.
///
/// # Errors
/// When a tree cannot be read, or a name is unknown on both sides.
pub fn reach(sides: &Sides<'_>, wanted: &[String]) -> Result<Reached, Error> {
    let (of_head, named_in_base) = if wanted.is_empty() {
        (sides.head.project.contexts(&[])?, None)
    } else {
        let (of_head, of_base) = named(sides, wanted)?;
        (of_head, Some(of_base))
    };
    let (untouched, reached) = parted(sides, of_head)?;
    let of_base = match named_in_base {
        Some(of_base) => of_base,
        None => {
            // A manifest of which no context is reached, and at least one is known to be untouched, is read for the
            // same contexts on both sides.
            let of_reached: HashSet<&ProjectPath> = reached.iter().map(|candidate| &candidate.manifest).collect();
            let same: HashSet<&ProjectPath> = untouched.iter().map(|candidate| &candidate.manifest).collect();
            let mut manifests = sides.base.project.manifests()?;
            manifests.retain(|_, manifest| of_reached.contains(manifest) || !same.contains(manifest));
            sides.base.project.contexts_of(&manifests, &[])?
        }
    };
    let same: HashSet<&ContextId> = untouched.iter().map(|candidate| &candidate.id).collect();
    let base = of_base.into_iter().filter(|candidate| !same.contains(&candidate.id)).collect();
    Ok(Reached { base, untouched, head: reached })
}

/// The contexts that each name means in the head, and in the base: a name that one side alone knows is that of a
/// context that came or went, and says nothing of the others.
fn named(sides: &Sides<'_>, wanted: &[String]) -> Result<(Vec<Candidate>, Vec<Candidate>), Error> {
    let (head, base) = (&sides.head.project, &sides.base.project);
    let (head_manifests, base_manifests) = (head.manifests()?, base.manifests()?);
    let (mut of_head, mut of_base) = (BTreeMap::new(), BTreeMap::new());
    for name in wanted.iter().map(slice::from_ref) {
        // Listing was done above, so what fails here is a name that means nothing.
        match (head.contexts_of(&head_manifests, name), base.contexts_of(&base_manifests, name)) {
            (Err(unknown), Err(_)) => return Err(unknown),
            (found_in_head, found_in_base) => {
                let by_id = |candidate: Candidate| (candidate.id.clone(), candidate);
                of_head.extend(found_in_head.into_iter().flatten().map(by_id));
                of_base.extend(found_in_base.into_iter().flatten().map(by_id));
            }
        }
    }
    Ok((of_head.into_values().collect(), of_base.into_values().collect()))
}

/// The contexts of the head of which the base answers every question alike, and the others.
fn parted(sides: &Sides<'_>, of_head: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<Candidate>), Error> {
    let base = CachedTree::new(sides.base_tree);
    let asked = of_head.into_par_iter().map(|candidate| {
        let is_same = match reads(sides.head, &candidate) {
            Some(reads) => reads.are_same_in(&base)?,
            None => false,
        };
        Ok((is_same, candidate))
    });
    let asked = asked.collect::<Result<Vec<(bool, Candidate)>, Error>>()?;
    let (same, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(is_same, _)| *is_same);
    let alone = |pairs: Vec<(bool, Candidate)>| pairs.into_iter().map(|(_, candidate)| candidate).collect();
    Ok((alone(same), alone(others)))
}

/// What a context reads; `None` where that is not known because of a fault in its layers.
fn reads(pipeline: &Pipeline<'_>, candidate: &Candidate) -> Option<Reads> {
    let layers = candidate.layers.as_ref().ok()?;
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
    for path in SHARED_FILES {
        let _ = reader.read(&ProjectPath::literal(path));
    }
    let mut reads = reader.reads();
    // Which templates there are may matter: a short name can come to mean another one, several or none.
    let is_template =
        |path: &ProjectPath| path.as_str().strip_prefix(TEMPLATES).is_some_and(|rest| rest.starts_with('/'));
    if faults.has_errors() || reads.files.keys().any(is_template) {
        let folders = vec![ProjectPath::literal(TEMPLATES)];
        reads.listings.push(Listing { folders, filter: FileFilter::all(), found: pipeline.templates.clone() });
    }
    Some(reads)
}
