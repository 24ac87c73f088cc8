//! What a build's text stands on: a commit, or something that no commit holds yet.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::fragment::Reads;
use crate::source::{ObjectId, ProjectPath};
use crate::tree::{ReadError, Tree, TreeName};

/// Where the text of one context was read, and how much of it is in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// What the text is equal to.
    pub standing: Standing,
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
pub enum Standing {
    /// A commit: read from it, or read elsewhere with nothing of this context changed since.
    Commit,
    /// The index, which differs from its commit.
    Index,
    /// The working tree, which differs from its commit or has none.
    Worktree,
}

/// Compares what was read with the commit below the tree.
///
/// A build of an unchanged working tree stands on the commit, to the byte: that is why only what
/// this context asked for is compared, and why a pattern is asked again over there.
pub fn settle(tree: &dyn Tree, reads: &Reads) -> Result<Provenance, Error> {
    let (standing, commit) = match tree.name() {
        TreeName::Commit(commit) => {
            let commit = Some(commit.id);
            return Ok(Provenance { standing: Standing::Commit, commit, dirty: Vec::new(), untracked: Vec::new() });
        }
        TreeName::Index(commit) => (Standing::Index, commit),
        TreeName::Worktree(commit) => (Standing::Worktree, commit),
    };
    let untracked: Vec<ProjectPath> = reads.untracked.iter().cloned().collect();
    let (Some(base), Some(commit)) = (tree.base(), commit) else {
        return Ok(Provenance { standing, commit: None, dirty: Vec::new(), untracked });
    };
    let mut dirty = BTreeSet::new();
    for (path, read) in &reads.files {
        let committed = match base.id(path) {
            Ok(id) => id,
            Err(ReadError::World(error)) => return Err(error),
            Err(_) => None,
        };
        if committed != *read {
            dirty.insert(path.clone());
        }
    }
    for matched in &reads.matches {
        let mut committed = BTreeSet::new();
        for folder in &matched.folders {
            committed.extend(base.list(folder)?.into_iter().filter(|path| (matched.wanted.0)(path)));
        }
        let found: BTreeSet<ProjectPath> = matched.found.iter().cloned().collect();
        dirty.extend(committed.symmetric_difference(&found).cloned());
    }
    let standing = if dirty.is_empty() && untracked.is_empty() { Standing::Commit } else { standing };
    Ok(Provenance { standing, commit: Some(commit.id), dirty: dirty.into_iter().collect(), untracked })
}
