//! Faults of the world: one at a time, each with its cause and a cure.

use std::path::PathBuf;

use crate::diag::Diagnostic;

/// What stopped the work, when it was not a fault in one of the user's files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// git could not answer.
    #[error("{what}")]
    Repository {
        /// What was wanted and what happened.
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
        source: std::io::Error,
    },
    /// The arguments ask for something that is not there or not possible.
    #[error("{what}")]
    Usage {
        /// What was asked.
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
    pub fn file(what: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File { what, path: path.into(), source }
    }

    /// What to do, if something can be done.
    pub fn cure(&self) -> Option<&str> {
        match self {
            Self::Repository { cure, .. } | Self::Usage { cure, .. } => cure.as_deref(),
            Self::File { .. } => None,
        }
    }
}

/// Why there is no value: faults in the user's files, or one of the world.
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
