//! Where on the disk the answers of a tree come from: what a watch has to watch, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::tree::OUTPUT_FOLDER;

/// Folders and names whose change can change an answer that a tree gave.
///
/// Folders are watched rather than files, since an editor saves by putting a new file in the place of
/// the old one; and all folders above them, since any of them can be renamed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchSet {
    /// Each folder that was looked into, with what matters in it.
    pub folders: BTreeMap<PathBuf, Watched>,
    /// Names that were asked for, whether something is there or not.
    pub names: BTreeSet<PathBuf>,
}

/// What matters in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    /// Only the names that were asked for.
    Named,
    /// Every name: the folder was listed.
    Listed,
}

impl WatchSet {
    /// Whether a change at `path` can change an answer.
    pub fn concerns(&self, path: &Path) -> bool {
        let listed = || path.parent().and_then(|folder| self.folders.get(folder)) == Some(&Watched::Listed);
        self.names.contains(path) || self.folders.contains_key(path) || listed()
    }

    /// Adds a name and the folder that holds it.
    pub fn name(&mut self, path: PathBuf) {
        if let Some(folder) = path.parent() {
            self.folders.entry(folder.to_owned()).or_insert(Watched::Named);
        }
        self.names.insert(path);
    }

    /// Adds a folder whose every name matters.
    pub(in crate::tree) fn listed(&mut self, folder: PathBuf) {
        self.folders.insert(folder, Watched::Listed);
    }

    /// Takes the output folder of the project at `root` out: what a build writes changes no answer.
    pub(in crate::tree) fn without_output(&mut self, root: &Path) {
        let output = root.join(OUTPUT_FOLDER);
        self.folders.retain(|folder, _| !folder.starts_with(&output));
        self.names.retain(|name| !name.starts_with(&output));
    }
}
