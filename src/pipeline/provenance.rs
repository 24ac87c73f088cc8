//! What the text of a build is equal to: a commit, or something that is not committed yet.

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::{Reads, Tree, TreeName};

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

impl Provenance {
    /// Compares what was read from a tree with the commit below it, if there is one.
    ///
    /// A build of an unchanged working tree equals that of the commit, to the byte: that is why only what this
    /// context asked for is compared, and why a pattern is asked again over there.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn of(tree: TreeName, base: Option<&dyn Tree>, reads: &Reads) -> Result<Self, Error> {
        let (built_from, commit) = match tree {
            TreeName::Commit(commit) => {
                let (dirty, untracked) = (Vec::new(), Vec::new());
                return Ok(Self { built_from: BuiltFrom::Commit, commit: Some(commit.id), dirty, untracked });
            }
            TreeName::Index(commit) => (BuiltFrom::Index, commit),
            TreeName::Worktree(commit) => (BuiltFrom::Worktree, commit),
        };
        let untracked: Vec<ProjectPath> = reads.untracked.iter().cloned().collect();
        let (Some(base), Some(commit)) = (base, commit) else {
            return Ok(Self { built_from, commit: None, dirty: Vec::new(), untracked });
        };
        let dirty: Vec<ProjectPath> = reads.differences_in(base)?.into_iter().collect();
        let built_from = if dirty.is_empty() && untracked.is_empty() { BuiltFrom::Commit } else { built_from };
        Ok(Self { built_from, commit: Some(commit.id), dirty, untracked })
    }
}
