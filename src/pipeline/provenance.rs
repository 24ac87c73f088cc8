//! What a build's text stands on: a commit, or something that no commit holds yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::fragment::Reads;
use crate::tree::{ReadError, Tree, TreeName};

/// Where the text of one context was read, and how much of it is in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// What the text is equal to.
    pub built_from: BuiltFrom,
    /// The commit: the one read, or the one below the working tree or index.
    pub commit: Option<ObjectId>,
    /// Files of this context that differ from that commit, or are missing in one of the two.
    pub dirty: Vec<ProjectPath>,
    /// Files of this context that git does not track.
    pub untracked: Vec<ProjectPath>,
}

/// What a build's text is equal to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BuiltFrom {
    /// A commit: read from it, or read elsewhere with nothing of this context changed since.
    Commit,
    /// The index, which differs from its commit.
    Index,
    /// The working tree, which differs from its commit or has none.
    Worktree,
}

/// A tree and the commit below it, asked once for what many contexts read.
pub struct CommittedReads<'a> {
    tree: &'a dyn Tree,
    ids: Mutex<HashMap<ProjectPath, Option<ObjectId>>>,
    listed: Mutex<HashMap<ProjectPath, Arc<[ProjectPath]>>>,
}

impl<'a> CommittedReads<'a> {
    /// Nothing is asked yet.
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, ids: Mutex::default(), listed: Mutex::default() }
    }

    /// Compares what was read with the commit below the tree.
    ///
    /// A build of an unchanged working tree stands on the commit, to the byte: that is why only what
    /// this context asked for is compared, and why a pattern is asked again over there.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn settle(&self, reads: &Reads) -> Result<Provenance, Error> {
        let (built_from, commit) = match self.tree.name() {
            TreeName::Commit(commit) => {
                let commit = Some(commit.id);
                return Ok(Provenance {
                    built_from: BuiltFrom::Commit,
                    commit,
                    dirty: Vec::new(),
                    untracked: Vec::new(),
                });
            }
            TreeName::Index(commit) => (BuiltFrom::Index, commit),
            TreeName::Worktree(commit) => (BuiltFrom::Worktree, commit),
        };
        let untracked: Vec<ProjectPath> = reads.untracked.iter().cloned().collect();
        let (Some(base), Some(commit)) = (self.tree.base(), commit) else {
            return Ok(Provenance { built_from, commit: None, dirty: Vec::new(), untracked });
        };
        let mut dirty = BTreeSet::new();
        for (path, read) in &reads.files {
            if self.committed(base, path)? != *read {
                dirty.insert(path.clone());
            }
        }
        for matched in &reads.matches {
            let mut committed = BTreeSet::new();
            for folder in &matched.folders {
                let listed = self.listed(base, folder)?;
                committed.extend(listed.iter().filter(|path| matched.wanted.takes(path)).cloned());
            }
            let found: BTreeSet<ProjectPath> = matched.found.iter().cloned().collect();
            dirty.extend(committed.symmetric_difference(&found).cloned());
        }
        let built_from = if dirty.is_empty() && untracked.is_empty() { BuiltFrom::Commit } else { built_from };
        Ok(Provenance { built_from, commit: Some(commit.id), dirty: dirty.into_iter().collect(), untracked })
    }

    /// What the commit holds at a path.
    fn committed(&self, base: &dyn Tree, path: &ProjectPath) -> Result<Option<ObjectId>, Error> {
        if let Some(id) = lock(&self.ids).get(path) {
            return Ok(id.clone());
        }
        let id = match base.id(path) {
            Ok(id) => id,
            Err(ReadError::World(error)) => return Err(error),
            // A folder, a circle of links: no text there either.
            Err(_) => None,
        };
        lock(&self.ids).insert(path.clone(), id.clone());
        Ok(id)
    }

    /// The files below a folder of the commit.
    fn listed(&self, base: &dyn Tree, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        if let Some(listed) = lock(&self.listed).get(folder) {
            return Ok(listed.clone());
        }
        let listed: Arc<[ProjectPath]> = base.list(folder)?.into();
        lock(&self.listed).insert(folder.clone(), listed.clone());
        Ok(listed)
    }
}

/// Locks; what a panicking thread left behind is whole, since values go in in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
