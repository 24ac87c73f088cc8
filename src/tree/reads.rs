//! What a build asked of a tree, and what of it is not committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::cache::lock;
use crate::tree::{Blob, Identity, ReadError, Tree, TreeName};

/// Everything asked of a tree: a build is a function of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Paths that were read or looked up, with the id of what was there; `None` for a miss of any kind.
    pub reads: BTreeMap<ProjectPath, Option<ObjectId>>,
    /// The reads that git does not track.
    pub untracked: BTreeSet<ProjectPath>,
    /// Folders that were listed.
    pub listed: BTreeSet<ProjectPath>,
}

/// A tree that remembers what was asked of the one it wraps, from any thread.
pub struct Recorder<'a> {
    tree: &'a dyn Tree,
    record: Mutex<Record>,
}

impl<'a> Recorder<'a> {
    /// Wraps a tree.
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, record: Mutex::default() }
    }

    /// What was asked so far.
    pub fn record(&self) -> Record {
        lock(&self.record).clone()
    }

    /// What was asked.
    pub fn into_record(self) -> Record {
        self.record.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Tree for Recorder<'_> {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        let answer = self.tree.read(path);
        let mut record = lock(&self.record);
        record.reads.insert(path.clone(), answer.as_ref().ok().map(|blob| blob.id.clone()));
        if answer.as_ref().is_ok_and(|blob| blob.untracked) {
            record.untracked.insert(path.clone());
        }
        answer
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        let answer = self.tree.identity(path);
        let found = answer.as_ref().ok().and_then(Option::as_ref);
        let mut record = lock(&self.record);
        record.reads.insert(path.clone(), found.map(|found| found.id.clone()));
        if found.is_some_and(|found| found.untracked) {
            record.untracked.insert(path.clone());
        }
        answer
    }

    fn list(&self, folder: &ProjectPath) -> Result<Vec<ProjectPath>, Error> {
        lock(&self.record).listed.insert(folder.clone());
        self.tree.list(folder)
    }

    fn name(&self) -> TreeName {
        self.tree.name()
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.tree.base()
    }
}

/// What a build read that the commit below its tree does not hold so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Tracked files that are new, changed or gone.
    pub dirty: Vec<ProjectPath>,
    /// Files that git does not track.
    pub untracked: Vec<ProjectPath>,
}

impl Uncommitted {
    /// Whether a build of the commit itself would have read the same.
    pub fn is_empty(&self) -> bool {
        self.dirty.is_empty() && self.untracked.is_empty()
    }
}

/// Tells what of `reads` is uncommitted, by content: each read's id against the id of the same path
/// in [`Tree::base`]. Nothing of a commit is; before the first commit, and outside of a repository,
/// everything is.
///
/// A file that the commit holds in a listed folder and the tree does not is dirty as well, read or
/// not: a pattern may have meant it.
pub fn uncommitted(tree: &dyn Tree, reads: &Record) -> Result<Uncommitted, Error> {
    if matches!(tree.name(), TreeName::Commit(_)) {
        return Ok(Uncommitted::default());
    }
    let base = tree.base();
    let mut dirty = BTreeSet::new();
    let mut untracked = BTreeSet::new();
    for (path, read) in &reads.reads {
        let committed = match base.map(|base| base.id(path)) {
            Some(Ok(id)) => id,
            Some(Err(ReadError::World(error))) => return Err(error),
            // A folder, a circle of links: no text there either.
            Some(Err(_)) | None => None,
        };
        if reads.untracked.contains(path) {
            untracked.insert(path.clone());
        } else if *read != committed {
            dirty.insert(path.clone());
        }
    }
    if let Some(base) = base {
        for folder in &reads.listed {
            let now: BTreeSet<ProjectPath> = tree.list(folder)?.into_iter().collect();
            dirty.extend(base.list(folder)?.into_iter().filter(|path| !now.contains(path)));
        }
    }
    Ok(Uncommitted { dirty: dirty.into_iter().collect(), untracked: untracked.into_iter().collect() })
}
