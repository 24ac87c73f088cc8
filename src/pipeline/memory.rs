//! What one build leaves for the next: a memory never changes what a build is, only how long it takes.
//!
//! A [`Memory`] has what was found out about texts, by their content, so it is good for any tree.
//! [`LastBuilds`] has whole builds, each with everything that it was made from: if the tree still
//! gives every answer that the build asked for, and what all contexts share is the same, the build is
//! the very value that building again would yield.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Build, BuildResult, Pipeline, Request};
use crate::cost::cards::Date;
use crate::cost::count::Known;
use crate::prompt::chain::KnownDigests;
use crate::syntax::source::ProjectPath;
use crate::text::fragment::{DecodedFragments, Fragments};
use crate::text::lint::Linted;
use crate::text::project::ContextId;
use crate::tree::{Reads, Tree, TreeName};

/// What builds leave behind for those of other trees: the fragments, digests, counts and lints of
/// texts.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) fragments: DecodedFragments,
    pub(super) digests: KnownDigests,
    pub(super) counts: Known,
    pub(super) linted: Linted,
}

impl Memory {
    /// Drops what no build asked for since the last turn. A memory is bounded without it, by what a
    /// large project needs; with it, by what this one does.
    pub fn turn(&self) {
        self.fragments.turn();
        self.digests.turn();
        self.counts.turn();
        self.linted.turn();
    }
}

/// The last good build of each context of one request, and what they all depend on.
#[derive(Debug, Default)]
pub struct LastBuilds {
    shared: Option<SharedInputs>,
    builds: HashMap<ContextId, Arc<Build>>,
}

/// What a build depends on beside its own reads.
#[derive(Debug, PartialEq)]
struct SharedInputs {
    /// The tree, and the commit below it.
    tree: TreeName,
    date: Date,
    cards: String,
    models: Vec<String>,
    lints: bool,
    /// The names of all templates: one more may make a short name ambiguous.
    templates: Vec<ProjectPath>,
}

impl LastBuilds {
    /// Begins a round in this pipeline. With other shared inputs than the last one's, no build is the last one.
    pub(super) fn begin(&mut self, pipeline: &Pipeline, request: &Request) {
        let shared = SharedInputs {
            tree: pipeline.fragments.tree().name(),
            date: pipeline.date,
            cards: pipeline.cards_digest.clone(),
            models: request.models.clone(),
            lints: request.lints,
            templates: pipeline.templates.to_vec(),
        };
        if self.shared.as_ref() != Some(&shared) {
            *self = Self { shared: Some(shared), builds: HashMap::new() };
        }
    }

    /// The last build of a context, if building it again would yield the same.
    pub(super) fn build(&self, id: &ContextId, fragments: &Fragments) -> Option<&Arc<Build>> {
        self.builds.get(id).filter(|build| would_be_same(&build.reads, fragments.tree()))
    }

    /// Ends a round. Of a context that is broken the last good build stays: it may be mended to that.
    pub(super) fn end(&mut self, attempts: &[BuildResult]) {
        let mut before = std::mem::take(&mut self.builds);
        let good = attempts.iter().filter_map(|attempt| {
            let build = attempt.result.as_ref().ok().cloned().or_else(|| before.remove(&attempt.id));
            Some((attempt.id.clone(), build?))
        });
        self.builds = good.collect();
    }
}

/// Whether a good build that read this would be made again from a tree.
fn would_be_same(reads: &Reads, tree: &dyn Tree) -> bool {
    // A build also says which files are untracked. And where a good build missed a file, only its absence can have
    // been meant: something there that cannot be read is a fault.
    let is_tracked_as_before = |path: &ProjectPath| {
        let found = tree.identity(path);
        found.is_ok_and(|found| found.is_some_and(|found| found.untracked) == reads.untracked.contains(path))
    };
    reads.are_same_in(tree).unwrap_or(false) && reads.files.keys().all(is_tracked_as_before)
}
