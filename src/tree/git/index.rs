//! The index as a tree: what the next commit would hold.

use std::sync::Arc;

use git2::Oid;

use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::tree::cache::Cache;
use crate::tree::git::commit::stored;
use crate::tree::git::objects::{EntryKind, Objects, object_id};
use crate::tree::git::staged::Staged;
use crate::tree::links::{self, AtPath};
use crate::tree::listing::{ListingBuilder, is_output};
use crate::tree::{Blob, CommitTree, Identity, ReadError, Tree, TreeName, present};

/// The project as the index holds it.
///
/// A path in a merge conflict is listed, and reading it is [`ReadError::Conflict`]. A path that was
/// only announced with `git add --intent-to-add` is absent, as it would be in a commit.
pub struct IndexTree {
    objects: Arc<Objects>,
    staged: Staged,
    prefix: String,
    head: Option<CommitTree>,
    cache: Cache,
}

impl IndexTree {
    pub(in crate::tree) fn new(objects: Arc<Objects>, staged: Staged, prefix: &str, head: Option<CommitTree>) -> Self {
        Self { objects, staged, prefix: prefix.to_owned(), head, cache: Cache::default() }
    }

    fn at_path(&self, path: &str) -> Result<AtPath<Oid>, ReadError> {
        let full = in_repository(&self.prefix, path);
        match self.staged.get(&full) {
            Some(entry) if entry.conflict => Err(ReadError::Conflict),
            Some(entry) if entry.announced => Ok(AtPath::Absent),
            Some(entry) => entry.id.map_or(Ok(AtPath::Absent), |id| stored(&self.objects, entry.kind, id)),
            None if self.staged.below(&full).any(|(_, entry)| !entry.announced) => Ok(AtPath::Folder),
            None => Ok(AtPath::Absent),
        }
    }

    fn find(&self, path: &ProjectPath) -> Result<Oid, ReadError> {
        Ok(links::follow(path, |at| self.at_path(at))?.1)
    }
}

/// A path below the project root as one below the git root.
pub(in crate::tree) fn in_repository(prefix: &str, path: &str) -> String {
    let mut full = prefix.to_owned();
    if !path.is_empty() {
        links::push(&mut full, path);
    }
    full
}

/// A path below the git root as one below the project root, of a path that lies there.
pub(in crate::tree) fn in_project<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    if prefix.is_empty() { Some(path) } else { path.strip_prefix(prefix)?.strip_prefix('/') }
}

impl Tree for IndexTree {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        self.cache.get_or_read(path, || {
            let id = self.find(path)?;
            let place = || format!("{path} in the index");
            let bytes = self.objects.file(id).map_err(|error| error.at(&place()))?;
            Ok(Blob { bytes, id: object_id(id), untracked: false })
        })
    }

    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        let found = present(self.find(path))?;
        Ok(found.map(|id| self.objects.size(id)).transpose()?)
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        present(self.find(path).map(|id| Identity { id: object_id(id), untracked: false }))
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        let mut listing = ListingBuilder::new(folder);
        if is_output(folder.as_str()) {
            return Ok(Arc::default());
        }
        for (full, entry) in self.staged.below(&in_repository(&self.prefix, folder.as_str())) {
            if entry.announced {
                continue;
            }
            let Some(path) =
                in_project(&self.prefix, full).map(|written| listing.admit(written)).transpose()?.flatten()
            else {
                continue;
            };
            let listed = match entry.kind {
                EntryKind::File => true,
                EntryKind::Link => links::is_listed(&path, |at| self.at_path(at)),
                EntryKind::Folder | EntryKind::Submodule => false,
            };
            if listed {
                listing.add(path);
            }
        }
        Ok(listing.into_sorted())
    }

    fn name(&self) -> TreeName {
        TreeName::Index(self.head.as_ref().map(|head| head.commit().clone()))
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.head.as_ref().map(|head| head as &dyn Tree)
    }
}
