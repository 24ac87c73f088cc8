//! What one build leaves for the next: a memory never changes what a build is, only how long it takes.
//!
//! Texts, counts and tokenizers are kept by their content. A whole build is kept by everything that
//! it was made from: if the tree still gives every answer that the build asked for, and what all
//! contexts share is the same, the build is the very value that building again would yield.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Attempt, Build};
use crate::count::KnownCounts;
use crate::fragment::{Fragments, KnownFragments, Reads, Unreadable};
use crate::model_build::KnownTokenizers;
use crate::models::Date;
use crate::project::ContextId;
use crate::source::ProjectPath;
use crate::tree::{ReadError, TreeName};

/// What builds of one request remember of each other.
#[derive(Debug, Default)]
pub struct Memory {
    /// By content, so good for any tree.
    pub(super) texts: Arc<Texts>,
    /// Whether the texts belong to another memory, which decides what is dropped of them.
    is_guest: bool,
    builds: Mutex<Kept>,
}

/// What is known of contents.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) fragments: KnownFragments,
    pub(super) tokenizers: KnownTokenizers,
    pub(super) counts: KnownCounts,
}

impl Texts {
    /// Keeps for another round what a build was made from, though it is not made in this one.
    fn keep(&self, build: &Build) {
        self.fragments.keep(&build.reads);
        self.counts.keep(&build.segments, &build.chain.digests);
        for blob in build.reads.files.values().flatten() {
            self.tokenizers.get(blob);
        }
    }
}

/// The last good build of each context, and what they all stand on.
#[derive(Debug, Default)]
struct Kept {
    ground: Option<Ground>,
    builds: HashMap<ContextId, Arc<Build>>,
}

/// What a build depends on beside its own reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ground {
    /// The tree, and the commit that it stands on.
    pub(super) tree: TreeName,
    pub(super) date: Date,
    pub(super) cards: String,
    pub(super) models: Vec<String>,
    /// The names of all templates: one more may make a short name ambiguous.
    pub(super) templates: Vec<String>,
}

impl Memory {
    /// A memory for another tree or request: it shares what is known of contents, and no build.
    pub fn beside(&self) -> Self {
        Self { texts: self.texts.clone(), is_guest: true, builds: Mutex::default() }
    }

    /// Begins a round on this ground; on another than the last one's, no build holds any more.
    pub(super) fn begin(&self, ground: Ground) {
        let mut kept = self.kept();
        if kept.ground.as_ref() != Some(&ground) {
            *kept = Kept { ground: Some(ground), builds: HashMap::new() };
        }
    }

    /// The last build of a context, if building it again would yield the same.
    pub(super) fn build(&self, id: &ContextId, fragments: &Fragments) -> Option<Arc<Build>> {
        let build = self.kept().builds.get(id).cloned()?;
        if !still_holds(&build.reads, fragments) {
            return None;
        }
        self.texts.keep(&build);
        Some(build)
    }

    /// Ends a round: keeps its builds, and drops what nobody asked for. Of a context that is broken
    /// the last good build stays: it will be mended to something near it.
    pub(super) fn end(&self, attempts: &[Attempt]) {
        let mut kept = self.kept();
        let mut before = std::mem::take(&mut kept.builds);
        for attempt in attempts {
            let build = match &attempt.result {
                Ok(build) => Some(build.clone()),
                Err(_) => before.remove(&attempt.id).inspect(|build| self.texts.keep(build)),
            };
            kept.builds.extend(build.map(|build| (attempt.id.clone(), build)));
        }
        if !self.is_guest {
            self.texts.fragments.turn();
            self.texts.tokenizers.turn();
            self.texts.counts.turn();
        }
    }

    /// The builds. A thread that panicked while holding them left a map that is still whole.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a tree gives every answer again that a good build got.
fn still_holds(reads: &Reads, fragments: &Fragments) -> bool {
    let same_file = |path: &ProjectPath, blob: &Option<_>| match (fragments.read(path), blob) {
        (Ok(fragment), Some(blob)) => fragment.blob == *blob && fragment.untracked == reads.untracked.contains(path),
        // Where a good build missed a file, only its absence can have been meant.
        (Err(Unreadable::Read(ReadError::Absent)), None) => true,
        _ => false,
    };
    let same_matches = reads.matches.iter().all(|matched| {
        let mut found: BTreeSet<&ProjectPath> = BTreeSet::new();
        let listed: Option<Vec<_>> = matched.folders.iter().map(|folder| fragments.list(folder).ok()).collect();
        let Some(listed) = listed else { return false };
        for files in &listed {
            found.extend(files.iter().filter(|path| (matched.wanted.0)(path)));
        }
        found.into_iter().eq(&matched.found)
    });
    same_matches && reads.files.iter().all(|(path, blob)| same_file(path, blob))
}
