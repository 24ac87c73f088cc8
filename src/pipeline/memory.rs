//! What one build leaves for the next: a memory never changes what a build is, only how long it takes.
//!
//! A [`Memory`] holds what was found out about texts, by their content, so it is good for any tree.
//! [`LastBuilds`] holds whole builds, each with everything that it was made from: if the tree still
//! gives every answer that the build asked for, and what all contexts share is the same, the build is
//! the very value that building again would yield.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Build, BuildResult, Pipeline, Request};
use crate::cost::cards::Date;
use crate::cost::count::Known;
use crate::prompt::chain::Linked;
use crate::syntax::source::ProjectPath;
use crate::text::fragment::{DecodedFragments, Fragments, Reads};
use crate::text::lint::Linted;
use crate::text::project::ContextId;
use crate::tree::TreeName;

/// What builds leave behind for those of other trees: the fragments, digests, counts and faults
/// of texts.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) fragments: DecodedFragments,
    pub(super) linked: Linked,
    pub(super) counts: Known,
    pub(super) linted: Linted,
}

impl Memory {
    /// Drops what no build asked for since the last turn. A memory is bounded without it, by what a
    /// large project needs; with it, by what this one does.
    pub fn turn(&self) {
        self.fragments.turn();
        self.linked.turn();
        self.counts.turn();
        self.linted.turn();
    }
}

/// The last good build of each context of one request, and what they all stand on.
#[derive(Debug, Default)]
pub struct LastBuilds {
    ground: Option<SharedInputs>,
    builds: HashMap<ContextId, Arc<Build>>,
}

/// What a build depends on beside its own reads.
#[derive(Debug, PartialEq)]
struct SharedInputs {
    /// The tree, and the commit that it stands on.
    tree: TreeName,
    date: Date,
    cards: String,
    models: Vec<String>,
    lints: bool,
    /// The names of all templates: one more may make a short name ambiguous.
    templates: Vec<ProjectPath>,
}

impl LastBuilds {
    /// Begins a round in this pipeline; on another ground than the last one's, no build stands.
    pub(super) fn begin(&mut self, pipeline: &Pipeline, request: &Request) {
        let ground = SharedInputs {
            tree: pipeline.fragments.tree().name(),
            date: pipeline.date,
            cards: pipeline.cards_digest.clone(),
            models: request.models.clone(),
            lints: request.lints,
            templates: pipeline.templates.to_vec(),
        };
        if self.ground.as_ref() != Some(&ground) {
            *self = Self { ground: Some(ground), builds: HashMap::new() };
        }
    }

    /// The last build of a context, if building it again would yield the same.
    pub(super) fn build(&self, id: &ContextId, fragments: &Fragments) -> Option<&Arc<Build>> {
        self.builds.get(id).filter(|build| answers_alike(fragments, &build.reads))
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

/// Whether a tree gives every answer again that a good build got.
fn answers_alike(fragments: &Fragments, reads: &Reads) -> bool {
    let same_file = |path: &ProjectPath, blob: &Option<_>| match (fragments.identity(path), blob) {
        (Ok(Some(found)), Some(blob)) => found.id == *blob && found.untracked == reads.untracked.contains(path),
        // Where a good build missed a file, only its absence can have been meant.
        (Ok(None), None) => true,
        _ => false,
    };
    let same_matches = reads.matches.iter().all(|matched| {
        let listed: Option<Vec<_>> = matched.folders.iter().map(|folder| fragments.list(folder).ok()).collect();
        let Some(listed) = listed else { return false };
        let files = listed.iter().flat_map(|files| files.iter());
        let found: BTreeSet<&ProjectPath> = files.filter(|path| matched.wanted.takes(path)).collect();
        found.into_iter().eq(&matched.found)
    });
    same_matches && reads.files.iter().all(|(path, blob)| same_file(path, blob))
}
