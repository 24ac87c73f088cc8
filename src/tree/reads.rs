//! What was asked of a tree, as a value that can be asked of another one.
//!
//! A build is a function of what it reads. So whoever wants to know whether a build would come out the same
//! from another tree (a commit below a working tree, the base of a comparison, the next round of a watch, the
//! commit before) asks that tree the same questions and compares the answers. This is the one place that does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::{Identity, ReadError, Tree};

/// Everything that was asked of a tree, with its answers.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// Every path that was read or looked up, with the id of what was there; `None` where nothing was, or
    /// nothing that can be read.
    pub files: BTreeMap<ProjectPath, Option<ObjectId>>,
    /// Those of them that git does not track.
    pub untracked: BTreeSet<ProjectPath>,
    /// What was asked about folders.
    pub listings: Vec<Listing>,
}

/// Which of the files below some folders are wanted, and what was found.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The folders.
    pub folders: Vec<ProjectPath>,
    /// Which of their files are wanted.
    pub filter: FileFilter,
    /// What was found, each file once, sorted by bytes.
    pub found: Arc<[ProjectPath]>,
}

/// Which files of a folder are wanted, as a value, so that another tree can be asked the same question.
#[derive(Clone, Default)]
pub struct FileFilter(Option<Arc<PathTest>>);

/// Whether a file is wanted.
type PathTest = dyn Fn(&ProjectPath) -> bool + Send + Sync;

impl FileFilter {
    /// Every file.
    pub fn all() -> Self {
        Self::default()
    }

    /// The files for which `takes` is true.
    pub fn new(takes: impl Fn(&ProjectPath) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(takes)))
    }

    /// What tells it from every other filter that is in memory; 0 for the one that takes every file.
    pub(in crate::tree) fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |takes| Arc::as_ptr(takes).addr())
    }

    /// Whether this file is wanted.
    pub fn takes(&self, path: &ProjectPath) -> bool {
        self.0.as_ref().is_none_or(|takes| takes(path))
    }
}

impl fmt::Debug for FileFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "FileFilter(some)" } else { "FileFilter(all)" })
    }
}

impl Listing {
    /// Asks a tree.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(tree: &dyn Tree, folders: Vec<ProjectPath>, filter: FileFilter) -> Result<Self, Error> {
        let listing = Self { folders, filter, found: Arc::default() };
        Ok(Self { found: listing.found_in(tree)?, ..listing })
    }

    /// What a tree answers.
    fn found_in(&self, tree: &dyn Tree) -> Result<Arc<[ProjectPath]>, Error> {
        tree.select(&self.folders, &self.filter)
    }
}

/// The files below some folders that a filter takes.
pub(in crate::tree) fn selected(
    list: impl Fn(&ProjectPath) -> Result<Arc<[ProjectPath]>, Error>,
    folders: &[ProjectPath],
    filter: &FileFilter,
) -> Result<Arc<[ProjectPath]>, Error> {
    if let ([folder], None) = (folders, &filter.0) {
        return list(folder);
    }
    let mut found = Vec::new();
    for folder in folders {
        found.extend(list(folder)?.iter().filter(|path| filter.takes(path)).cloned());
    }
    if folders.len() > 1 {
        found.sort_unstable();
        found.dedup();
    }
    Ok(found.into())
}

impl Reads {
    /// The paths at which a tree gives another answer. Of a listing these are the files that only one of the
    /// two trees has.
    ///
    /// # Errors
    /// When the tree cannot be asked. A path that cannot be read there counts as one where nothing is.
    pub fn differences_in(&self, tree: &dyn Tree) -> Result<BTreeSet<ProjectPath>, Error> {
        let mut differing = BTreeSet::new();
        for (path, read) in &self.files {
            if id_in(tree, path)? != *read {
                differing.insert(path.clone());
            }
        }
        for listing in &self.listings {
            let there = listing.found_in(tree)?;
            if there != listing.found {
                let (here, there): (BTreeSet<_>, BTreeSet<_>) =
                    (listing.found.iter().collect(), there.iter().collect());
                differing.extend(here.symmetric_difference(&there).map(|path| (*path).clone()));
            }
        }
        Ok(differing)
    }

    /// Whether [`Reads::differences_in`] is empty; nothing is asked behind the first difference.
    ///
    /// # Errors
    /// As [`Reads::differences_in`].
    pub fn are_same_in(&self, tree: &dyn Tree) -> Result<bool, Error> {
        for (path, read) in &self.files {
            if id_in(tree, path)? != *read {
                return Ok(false);
            }
        }
        for listing in &self.listings {
            if listing.found_in(tree)? != listing.found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The same questions with the answers of another tree.
    ///
    /// # Errors
    /// As [`Reads::differences_in`].
    pub fn asked_of(&self, tree: &dyn Tree) -> Result<Self, Error> {
        let mut asked = Self::default();
        for path in self.files.keys() {
            let found = identity_in(tree, path)?;
            if found.as_ref().is_some_and(|found| found.untracked) {
                asked.untracked.insert(path.clone());
            }
            asked.files.insert(path.clone(), found.map(|found| found.id));
        }
        for listing in &self.listings {
            asked.listings.push(Listing { found: listing.found_in(tree)?, ..listing.clone() });
        }
        Ok(asked)
    }
}

/// What a tree has at a path; `None` where there is nothing that can be read: a folder, a circle of links.
fn identity_in(tree: &(impl Tree + ?Sized), path: &ProjectPath) -> Result<Option<Identity>, Error> {
    match tree.identity(path) {
        Ok(found) => Ok(found),
        Err(ReadError::World(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The id of what a tree has at a path, as [`identity_in`].
pub(in crate::tree) fn id_in(tree: &(impl Tree + ?Sized), path: &ProjectPath) -> Result<Option<ObjectId>, Error> {
    Ok(identity_in(tree, path)?.map(|found| found.id))
}
