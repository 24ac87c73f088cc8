//! Faults of the world: one at a time, each with its cause and a cure.

use std::io;
use std::path::PathBuf;

use crate::syntax::diag::Diagnostic;

/// An error that stopped the work and is not a fault in one of the user's files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// git could not answer.
    #[error("{what}")]
    Repository {
        /// What was tried and what happened.
        what: String,
        /// What to do.
        cure: Option<String>,
    },
    /// A file outside of a tree (output, an argument) could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// "cannot read", "cannot write".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The arguments ask for something that does not exist or is not possible.
    #[error("{what}")]
    Usage {
        /// What was asked for, and why it is not possible.
        what: String,
        /// What to do.
        cure: Option<String>,
    },
}

impl Error {
    /// A repository error with its cure.
    pub fn repository(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Repository { what: what.into(), cure: Some(cure.into()) }
    }

    /// A usage error with its cure.
    pub fn usage(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), cure: Some(cure.into()) }
    }

    /// A file error.
    pub fn file(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { what, path: path.into(), source }
    }

    /// The same, with what of the repository it happened at: "a path at 3f2a1b0c9d".
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        match self {
            Self::Repository { what, cure } => Self::Repository { what: format!("{what} ({place})"), cure },
            other => other,
        }
    }

    /// What to do, if something can be done.
    pub fn cure(&self) -> Option<&str> {
        match self {
            Self::Repository { cure, .. } | Self::Usage { cure, .. } => cure.as_deref(),
            Self::File { source, .. } => cure_of(source),
        }
    }
}

/// What the user can do about an error of the system's, if anything.
fn cure_of(error: &io::Error) -> Option<&'static str> {
    /// Numbers that all systems of this family share, for errors that [`io::ErrorKind`] has no name for.
    const INPUT_OUTPUT: i32 = 5;
    const TOO_MANY_OPEN_FILES: [i32; 2] = [23, 24];
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => {
            Some("make room on that disk, or write to another; what stood there stands")
        }
        (io::ErrorKind::ReadOnlyFilesystem, _) => Some("that disk can only be read; write to another"),
        (io::ErrorKind::PermissionDenied, _) => {
            Some("see whom the file and its folder belong to, and who may write there")
        }
        (io::ErrorKind::Interrupted, _) => Some("a signal came between; run it again"),
        (_, Some(number)) if cfg!(unix) && TOO_MANY_OPEN_FILES.contains(&number) => {
            Some("raise the limit of open files (`ulimit -n`), or run fewer `--jobs`")
        }
        (_, Some(INPUT_OUTPUT)) if cfg!(unix) => {
            Some("the disk or the connection to it fails; see what the system's log says")
        }
        _ => None,
    }
}

/// Why there is no value: faults in the user's files, or one [`Error`].
#[derive(Debug)]
pub enum Failure {
    /// Every fault found, placed.
    Faults(Vec<Diagnostic>),
    /// One error with its cause.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(faults: Vec<Diagnostic>) -> Self {
        Self::Faults(faults)
    }
}

impl From<Diagnostic> for Failure {
    fn from(fault: Diagnostic) -> Self {
        Self::Faults(vec![fault])
    }
}
