//! A commit as a tree: text from objects only, never from the disk.

use std::sync::Arc;

use git2::Oid;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::cache::Cache;
use crate::tree::git::change::{Change, by_objects};
use crate::tree::git::objects::{Entry, EntryKind, Folder, Objects, named, object_id};
use crate::tree::links::{self, AtPath};
use crate::tree::listing::{ListingBuilder, is_output};
use crate::tree::{Blob, Commit, Identity, ReadError, Tree, TreeName, present};

/// The project as one commit holds it.
pub struct CommitTree {
    pub(in crate::tree) objects: Arc<Objects>,
    pub(in crate::tree) id: Oid,
    commit: Commit,
    /// The project's folder in the repository, without slashes at its ends; empty at the git root.
    pub(in crate::tree) prefix: String,
    /// The project root's tree object, if the commit holds the project's folder.
    pub(in crate::tree) root: Option<Oid>,
    cache: Cache,
    /// Commits whose parents a shallow clone does not have.
    pub(in crate::tree) shallow: Arc<[Oid]>,
}

impl CommitTree {
    /// Opens the commit `id`; the project is the folder `prefix` in it.
    pub(in crate::tree) fn open(
        objects: Arc<Objects>,
        id: Oid,
        prefix: &str,
        shallow: Arc<[Oid]>,
    ) -> Result<Self, Error> {
        let object = objects.commit(id)?;
        let commit = named(id, &object);
        let mut root = Some(object.tree);
        for part in prefix.split('/').filter(|part| !part.is_empty()) {
            let Some(tree) = root else { break };
            root = objects
                .folder(tree)
                .map_err(|error| error.at(&format!("the root folder at {}", commit.id.short())))?
                .get(part)
                .filter(|entry| entry.kind == EntryKind::Folder)
                .map(|entry| entry.id);
        }
        Ok(Self { objects, id, commit, prefix: prefix.to_owned(), root, cache: Cache::default(), shallow })
    }

    /// The commit's id and date.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// The id of the tree object that is the project's root; `None` where the commit does not hold
    /// the project's folder. Two commits that share it hold the same project.
    pub fn root_id(&self) -> Option<ObjectId> {
        self.root.map(object_id)
    }

    /// A folder of this commit; an error says which.
    pub(in crate::tree) fn folder(&self, id: Oid, path: &str) -> Result<Arc<Folder>, Error> {
        self.objects.folder(id).map_err(|error| error.at(&self.place(path)))
    }

    /// A path of this commit in words.
    fn place(&self, path: &str) -> String {
        let path = if path.is_empty() { "the root folder" } else { path };
        format!("{path} at {}", self.commit.id.short())
    }

    /// The tree object that is the project's root.
    pub(in crate::tree) fn root(&self) -> Option<Oid> {
        self.root
    }

    /// Meets everything in the folder of a listing that is no folder.
    fn walk(
        &self,
        listing: &mut ListingBuilder,
        start: Oid,
        mut meet: impl FnMut(&mut ListingBuilder, ProjectPath, EntryKind),
    ) -> Result<(), Error> {
        let mut folders = vec![(listing.folder.to_string(), start)];
        while let Some((above, id)) = folders.pop() {
            for entry in self.folder(id, &above)?.entries() {
                let mut written = above.clone();
                links::push(&mut written, &entry.name);
                match (listing.admit(&written)?, entry.kind) {
                    (None, _) => {}
                    (Some(_), EntryKind::Folder) => folders.push((written, entry.id)),
                    (Some(path), kind) => meet(listing, path, kind),
                }
            }
        }
        Ok(())
    }

    /// The entry at a path below the project root; no link is followed.
    pub(in crate::tree) fn entry(&self, path: &str) -> Result<Option<Entry>, Error> {
        let Some(mut folder) = self.root else { return Ok(None) };
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let Some(entry) = self.folder(folder, path)?.get(part).cloned() else { return Ok(None) };
            if parts.peek().is_none() {
                return Ok(Some(entry));
            }
            if entry.kind != EntryKind::Folder {
                return Ok(None);
            }
            folder = entry.id;
        }
        Ok(None)
    }

    fn at_path(&self, path: &str) -> Result<AtPath<Oid>, ReadError> {
        let Some(entry) = self.entry(path)? else { return Ok(AtPath::Absent) };
        stored(&self.objects, entry.kind, entry.id).map_err(|error| error.at(&self.place(path)))
    }

    /// The file that `path` leads to, and where that is.
    pub(in crate::tree) fn find(&self, path: &ProjectPath) -> Result<(ProjectPath, Oid), ReadError> {
        links::follow(path, |at| self.at_path(at))
    }
}

/// What an entry of a tree or of the index is.
pub(in crate::tree) fn stored(objects: &Objects, kind: EntryKind, id: Oid) -> Result<AtPath<Oid>, ReadError> {
    Ok(match kind {
        EntryKind::File => AtPath::File(id),
        EntryKind::Folder => AtPath::Folder,
        EntryKind::Submodule => AtPath::Other("part of a submodule"),
        EntryKind::Link => match objects.link(id)? {
            Ok(text) => AtPath::Link(text),
            Err(what) => AtPath::Other(what),
        },
    })
}

impl Tree for CommitTree {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        self.cache.get_or_read(path, || {
            let (_, id) = self.find(path)?;
            let bytes = self.objects.file(id).map_err(|error| error.at(&self.place(path.as_str())))?;
            Ok(Blob { bytes, id: object_id(id), untracked: false })
        })
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        present(self.find(path).map(|(_, id)| Identity { id: object_id(id), untracked: false }))
    }

    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        let found = present(self.find(path))?;
        Ok(found.map(|(_, id)| self.objects.size(id)).transpose()?)
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        let start = if folder.as_str().is_empty() {
            self.root
        } else {
            self.entry(folder.as_str())?.filter(|entry| entry.kind == EntryKind::Folder).map(|entry| entry.id)
        };
        let Some(start) = start.filter(|_| !is_output(folder.as_str())) else { return Ok(Arc::default()) };
        if let Some(listed) = self.objects.listing(folder, start) {
            return Ok(listed);
        }
        let mut listing = ListingBuilder::new(folder);
        let mut has_links = false;
        self.walk(&mut listing, start, |listing, path, kind| match kind {
            EntryKind::File => listing.add(path),
            EntryKind::Link => {
                has_links = true;
                if links::is_listed(&path, |at| self.at_path(at)) {
                    listing.add(path);
                }
            }
            EntryKind::Folder | EntryKind::Submodule => {}
        })?;
        let listed = listing.into_sorted();
        // Where a link leads depends on more than this folder.
        if !has_links {
            self.objects.remember_listing(folder, start, &listed);
        }
        Ok(listed)
    }

    fn name(&self) -> TreeName {
        TreeName::Commit(self.commit.clone())
    }

    fn changes_since(&self, base: &CommitTree) -> Result<Vec<Change>, Error> {
        by_objects(base, self)
    }

    fn base(&self) -> Option<&dyn Tree> {
        None
    }
}
