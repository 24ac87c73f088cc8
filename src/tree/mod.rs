//! The one door to the outside: where the text of a build is read from.
//!
//! A commit, the index and the working tree answer the same three questions. Nothing behind this
//! door asks the clock, the environment, the home folder or the current directory, which is what
//! makes a revision, a watch, a test and a fuzzer the same program. This is the only room that
//! knows git.

use std::sync::Arc;

use crate::error::Error;
use crate::source::{ObjectId, ProjectPath};

/// The largest file that is read as one: beyond it a build would not be a prompt.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A place that text is read from. Paths are below the project root.
pub trait Tree: Send + Sync {
    /// The file at `path`, as git stores it; links inside the project are followed.
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError>;

    /// Every file below `folder` (the root for all), sorted by bytes, without `.git` and without
    /// what git ignores. A folder that is not there holds nothing.
    fn list(&self, folder: &ProjectPath) -> Result<Vec<ProjectPath>, Error>;

    /// What this tree is.
    fn name(&self) -> TreeName;

    /// The commit that a working tree or an index stands on, to tell what is uncommitted. `None`
    /// for a commit, outside a repository, and before the first commit.
    fn base(&self) -> Option<&dyn Tree>;
}

/// A file's bytes and identity.
#[derive(Debug, Clone)]
pub struct Blob {
    /// As git stores them: line endings as in the blob, no filter run.
    pub bytes: Arc<[u8]>,
    /// git's object id of those bytes.
    pub id: ObjectId,
    /// Whether git does not track the file (working tree only).
    pub untracked: bool,
}

/// What a tree is, for reports and for the bundle's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeName {
    /// A commit's objects.
    Commit(Commit),
    /// The index, on top of a commit if there is one.
    Index(Option<Commit>),
    /// The working tree, on top of a commit if there is one.
    Worktree(Option<Commit>),
}

impl TreeName {
    /// The commit itself, or the one that the index or working tree stands on.
    pub fn commit(&self) -> Option<&Commit> {
        match self {
            Self::Commit(commit) => Some(commit),
            Self::Index(commit) | Self::Worktree(commit) => commit.as_ref(),
        }
    }
}

/// A commit's id and date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its object id.
    pub id: ObjectId,
    /// Committer time, seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// Why a path yields no text. The reader turns it into a diagnostic at the line that named the path.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("there is no such file")]
    Absent,
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// A FIFO, socket, device or submodule.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// A link that leads out of the project; the link's own text.
    #[error("it is a link to {0:?}, which leads out of the project")]
    Outside(String),
    /// Links that lead in a circle, or through too many others.
    #[error("its links lead in a circle")]
    Circle,
    /// Over [`MAX_FILE_BYTES`].
    #[error("it holds {0} bytes; the limit is {MAX_FILE_BYTES}")]
    TooLarge(u64),
    /// The repository or the system failed.
    #[error(transparent)]
    World(#[from] Error),
}
