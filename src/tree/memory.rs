//! A tree in memory, for tests and fuzzers.

use std::collections::BTreeMap;
use std::sync::Arc;

use git2::ObjectFormat;

use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::tree::git::objects::hash_file;
use crate::tree::links::{self, AtPath};
use crate::tree::listing::{ListingBuilder, is_output};
use crate::tree::{Blob, Commit, ReadError, Tree, TreeName};

/// Files and links by path; behaves as a commit would that holds them.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    entries: BTreeMap<String, Entry>,
    base: Option<Arc<MemoryTree>>,
    name: Option<Commit>,
}

#[derive(Debug, Clone)]
enum Entry {
    File { bytes: Arc<[u8]>, untracked: bool },
    Link(String),
}

impl MemoryTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn file(self, path: &ProjectPath, bytes: impl AsRef<[u8]>) -> Self {
        self.with(path, Entry::File { bytes: bytes.as_ref().into(), untracked: false })
    }

    /// Adds or replaces a file that git does not track.
    #[must_use]
    pub fn untracked(self, path: &ProjectPath, bytes: impl AsRef<[u8]>) -> Self {
        self.with(path, Entry::File { bytes: bytes.as_ref().into(), untracked: true })
    }

    /// Adds or replaces a link.
    #[must_use]
    pub fn link(self, path: &ProjectPath, text: &str) -> Self {
        self.with(path, Entry::Link(text.to_owned()))
    }

    /// Takes a file or link away.
    #[must_use]
    pub fn without(mut self, path: &ProjectPath) -> Self {
        self.entries.remove(path.as_str());
        self
    }

    /// Makes it a working tree on top of `base`.
    #[must_use]
    pub fn on(mut self, base: MemoryTree) -> Self {
        self.base = Some(Arc::new(base));
        self
    }

    /// Makes it that commit; without it, it is a working tree.
    #[must_use]
    pub fn commit(mut self, commit: Commit) -> Self {
        self.name = Some(commit);
        self
    }

    fn with(mut self, path: &ProjectPath, held: Entry) -> Self {
        self.entries.insert(path.as_str().to_owned(), held);
        self
    }

    fn at_path(&self, path: &str) -> AtPath<(Arc<[u8]>, bool)> {
        match self.entries.get(path) {
            Some(Entry::File { bytes, untracked }) => AtPath::File((bytes.clone(), *untracked)),
            Some(Entry::Link(text)) => AtPath::Link(text.clone()),
            None if self.below(path).next().is_some() => AtPath::Folder,
            None => AtPath::Absent,
        }
    }

    fn below(&self, folder: &str) -> impl Iterator<Item = (&String, &Entry)> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.entries.range(start.clone()..).take_while(move |(path, _)| path.starts_with(&start))
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        let (_, (bytes, untracked)) = links::follow(path, |at| Ok(self.at_path(at)))?;
        let id = hash_file(&bytes, ObjectFormat::Sha1)?;
        Ok(Blob { bytes, id, untracked })
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        let mut listing = ListingBuilder::new(folder);
        if is_output(folder.as_str()) {
            return Ok(Arc::default());
        }
        for (written, held) in self.below(folder.as_str()) {
            let Some(path) = listing.admit(written)? else { continue };
            let listed = match held {
                Entry::File { .. } => true,
                Entry::Link(_) => links::is_listed(&path, |at| Ok(self.at_path(at))),
            };
            if listed {
                listing.add(path);
            }
        }
        Ok(listing.into_sorted())
    }

    fn name(&self) -> TreeName {
        match &self.name {
            Some(commit) => TreeName::Commit(commit.clone()),
            None => TreeName::Worktree(self.base.as_ref().and_then(|base| base.name.clone())),
        }
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.base.as_deref().map(|base| base as &dyn Tree)
    }
}
