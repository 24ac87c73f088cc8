//! Which commit last changed a file.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use git2::Oid;

use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::tree::git::index::in_repository;
use crate::tree::git::objects::{CommitObject, EntryKind, Objects, named};
use crate::tree::{Commit, CommitTree, ReadError};

impl CommitTree {
    /// For each path the last commit, up to this one, that changed the file it leads to; as
    /// `git log -1` has it: where a merge took one side's version, only that side is followed.
    ///
    /// One walk from the newest commit on, which stops when all are found. A path that leads to no
    /// file is left out, and so is one whose last change lies before the history that a shallow
    /// clone holds.
    pub fn last_changes(&self, paths: &[ProjectPath]) -> Result<BTreeMap<ProjectPath, Commit>, Error> {
        let mut wanted: BTreeMap<String, Vec<ProjectPath>> = BTreeMap::new();
        for path in paths {
            match self.find(path) {
                Ok((real_path, _)) => {
                    wanted.entry(in_repository(&self.prefix, real_path.as_str())).or_default().push(path.clone());
                }
                Err(ReadError::World(error)) => return Err(error),
                Err(_) => {}
            }
        }
        let mut found = BTreeMap::new();
        let mut walk = Walk { objects: &self.objects, ahead: BinaryHeap::new(), open: HashMap::new() };
        walk.enter(self.id, wanted.keys().cloned())?;
        while let Some((id, commit, open)) = walk.next() {
            for (path, parent) in walk.decide(&commit, open, self.shallow.contains(&id))? {
                match parent {
                    Side::Parent(parent) => walk.enter(parent, [path])?,
                    Side::Here => {
                        for own in wanted.get(&path).into_iter().flatten() {
                            found.insert(own.clone(), named(id, &commit));
                        }
                    }
                    Side::Unknown => {}
                }
            }
        }
        Ok(found)
    }
}

/// Where a path's version in a commit comes from.
enum Side {
    Parent(Oid),
    Here,
    Unknown,
}

/// Commits still to be looked at, the newest first, each with the paths that are followed into it.
struct Walk<'a> {
    objects: &'a Objects,
    ahead: BinaryHeap<(i64, Oid)>,
    open: HashMap<Oid, (CommitObject, BTreeSet<String>)>,
}

impl Walk<'_> {
    fn enter(&mut self, id: Oid, paths: impl IntoIterator<Item = String>) -> Result<(), Error> {
        if let Some((_, open)) = self.open.get_mut(&id) {
            open.extend(paths);
            return Ok(());
        }
        let paths: BTreeSet<String> = paths.into_iter().collect();
        if !paths.is_empty() {
            let commit = self.objects.commit(id)?;
            self.ahead.push((commit.time, id));
            self.open.insert(id, (commit, paths));
        }
        Ok(())
    }

    fn next(&mut self) -> Option<(Oid, CommitObject, BTreeSet<String>)> {
        let (_, id) = self.ahead.pop()?;
        let (commit, open) = self.open.remove(&id)?;
        Some((id, commit, open))
    }

    /// For each path the first parent that holds the same version.
    fn decide(
        &self,
        commit: &CommitObject,
        open: BTreeSet<String>,
        is_cut: bool,
    ) -> Result<Vec<(String, Side)>, Error> {
        if is_cut {
            return Ok(open.into_iter().map(|path| (path, Side::Unknown)).collect());
        }
        let mut open: Vec<String> = open.into_iter().collect();
        let mut decided = Vec::new();
        for parent in &commit.parents {
            if open.is_empty() {
                break;
            }
            let parent_tree = self.objects.commit(*parent)?.tree;
            let mut differing = Vec::new();
            for path in open {
                if same_file(self.objects, commit.tree, parent_tree, &path)? {
                    decided.push((path, Side::Parent(*parent)));
                } else {
                    differing.push(path);
                }
            }
            open = differing;
        }
        decided.extend(open.into_iter().map(|path| (path, Side::Here)));
        Ok(decided)
    }
}

/// Whether two trees hold the same file at a path, or none there; equal folders on the way decide it.
/// A link is the same when it says the same.
pub(in crate::tree) fn same_file(objects: &Objects, mut one: Oid, mut other: Oid, path: &str) -> Result<bool, Error> {
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        if one == other {
            return Ok(true);
        }
        let (one_folder, other_folder) = (objects.folder(one)?, objects.folder(other)?);
        let (one_entry, other_entry) = match (one_folder.get(part), other_folder.get(part)) {
            (Some(one), Some(other)) => (one, other),
            (None, None) => return Ok(true),
            _ => return Ok(false),
        };
        if parts.peek().is_none() {
            return Ok(one_entry.id == other_entry.id && one_entry.kind == other_entry.kind);
        }
        if one_entry.kind != EntryKind::Folder || other_entry.kind != EntryKind::Folder {
            return Ok(false);
        }
        (one, other) = (one_entry.id, other_entry.id);
    }
    Ok(false)
}
