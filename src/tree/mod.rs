//! The one door to the outside: where the text of a build is read from.
//!
//! A commit, the index and the working tree answer the same questions. Nothing behind this door
//! asks the clock, the home folder or the current directory for text, which is what makes a
//! revision, a watch, a test and a fuzzer the same program. This is the only room that knows git.
//!
//! [`Workspace`] finds the project and opens the trees. [`CommitTree`] and [`IndexTree`] read git's
//! objects, [`Worktree`] reads the disk and gives each file the bytes that git would store for it.
//! [`CachedTree`] asks any of them each question once, and [`Reads`] is what was asked of one, to be asked of another;
//! [`MemoryTree`] is a tree for tests.
//! For a watch, a [`WatchSet`] says where on the disk the answers came from.
//!
//! Three rules hold for every tree, so that one project has one verdict however it is read:
//! links are followed inside the project only (`links.rs`); git's own folder, the project's
//! `dist/` and whatever lies in a submodule are not text; and every walk has a budget.

pub mod write;
mod links;
mod listing;
mod reads;
mod cache;
mod rules;
mod git;
mod disk;
mod memory;
mod workspace;

use std::sync::Arc;

use crate::syntax::error::Error;
use crate::syntax::limits::MAX_FILE_BYTES;
use crate::syntax::source::{ObjectId, ProjectPath};

pub use cache::CachedTree;
pub use disk::watch_set::{WatchSet, Watched};
pub use disk::worktree::Worktree;
pub use git::change::Change;
pub use git::commit::CommitTree;
pub use git::index::IndexTree;
pub use git::lineage::{Parents, Signature};
pub use memory::MemoryTree;
pub use reads::{FileFilter, Listing, Reads};
pub use workspace::{BlamedLines, DefaultBranch, Workspace};

/// The project's folder of build output, which is never listed nor read.
const OUTPUT_FOLDER: &str = "dist";

/// A place that text is read from. Paths are below the project root.
pub trait Tree: Send + Sync {
    /// The file at `path`, as git stores it; links inside the project are followed.
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError>;

    /// What [`Tree::read`] would return, by name alone; `None` where nothing is. Cheaper than
    /// reading where the tree knows ids without reading.
    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        present(self.read(path).map(|blob| Identity { id: blob.id, untracked: blob.untracked }))
    }

    /// How many bytes [`Tree::read`] would return, as far as that is known without reading; `None` where it is not,
    /// or nothing is.
    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        let _ = path;
        Ok(None)
    }

    /// The id alone.
    fn id(&self, path: &ProjectPath) -> Result<Option<ObjectId>, ReadError> {
        Ok(self.identity(path)?.map(|found| found.id))
    }

    /// Every file below `folder` (the root for all), sorted by bytes, without `.git`, `dist/` and
    /// what git ignores. A folder that is not there, or is a link, holds nothing. A link is listed
    /// unless it leads to a folder, so that reading one that leads nowhere says so.
    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error>;

    /// The files below some folders that a filter takes, each once, sorted by bytes.
    fn select(&self, folders: &[ProjectPath], filter: &FileFilter) -> Result<Arc<[ProjectPath]>, Error> {
        reads::selected(|folder| self.list(folder), folders, filter)
    }

    /// What this tree is.
    fn name(&self) -> TreeName;

    /// The files that differ from a commit, by path, without build output and what git ignores.
    fn changes_since(&self, base: &CommitTree) -> Result<Vec<Change>, Error> {
        git::change::by_asking(base, self)
    }

    /// The commit below a working tree or an index, to see what is uncommitted. `None`
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
    /// Whether git does not track the file (working tree only; all files outside a repository).
    pub untracked: bool,
}

impl ReadError {
    /// The same, with what of the repository it happened at.
    fn at(self, place: &str) -> Self {
        match self {
            Self::World(error) => Self::World(error.at(place)),
            other => other,
        }
    }
}

/// Which text is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// git's object id of the bytes that git would store.
    pub id: ObjectId,
    /// Whether git does not track the file, as in [`Blob`].
    pub untracked: bool,
}

/// What was found; `None` where nothing is there.
fn present<T>(found: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ReadError::Absent) => Ok(None),
        Err(error) => Err(error),
    }
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
    /// The commit itself, or the one below the index or working tree.
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
    /// The file is on the disk, but git ignores it, so that no commit would hold it.
    #[error("git ignores it, so no commit would hold it")]
    Ignored,
    /// It is a folder.
    #[error("it is a folder")]
    Folder,
    /// A FIFO, socket, device, part of a submodule, or build output.
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
    /// Over a limit of a sum: of what, and the limit in bytes.
    #[error("with it, {0} would be more than {1} bytes; that is the limit")]
    TooMuch(&'static str, u64),
    /// The index holds several versions of it.
    #[error("it is in a merge conflict; resolve it and `git add` it")]
    Conflict,
    /// The checkout is in an encoding that git converts and this tool does not (the
    /// `working-tree-encoding` attribute); the encoding's name.
    #[error("git stores it in another encoding than this checkout's {0}; build from `--staged` or a revision")]
    Encoded(String),
    /// The repository or the system failed.
    #[error(transparent)]
    World(#[from] Error),
}
