//! Which files differ between a commit and another tree.

use std::collections::{BTreeSet, HashMap};

use git2::Oid;
use rayon::prelude::*;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::git::objects::{EntryKind, Folder, object_id};
use crate::tree::links;
use crate::tree::listing::ListingBuilder;
use crate::tree::reads::id_in;
use crate::tree::{CommitTree, FileFilter, Listing, Reads, Tree};

/// A file that differs: its ids, `None` where it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is.
    pub path: ProjectPath,
    /// What the commit holds.
    pub base: Option<ObjectId>,
    /// What the other tree holds.
    pub head: Option<ObjectId>,
}

/// The files that differ between two project roots, by path: equal folders are not looked into, so the cost
/// follows the change.
///
/// # Errors
/// When an object cannot be read, and when more differs than a listing may hold.
pub(in crate::tree) fn by_objects(base: &CommitTree, head: &CommitTree) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::new();
    // Its limits: a few objects that are named again and again make any number of paths.
    let mut listing = ListingBuilder::new(&ProjectPath::root());
    let mut folders: Vec<(String, Option<Oid>, Option<Oid>)> = vec![(String::new(), base.root(), head.root())];
    while let Some((above, old, new)) = folders.pop() {
        if old == new {
            continue;
        }
        let old = old.map(|id| base.folder(id, &above)).transpose()?;
        let new = new.map(|id| head.folder(id, &above)).transpose()?;
        let mut entries: HashMap<&str, Pair> = HashMap::new();
        for entry in old.iter().flat_map(|folder: &std::sync::Arc<Folder>| folder.entries()) {
            entries.entry(&entry.name).or_default().old.get_or_insert((entry.kind, entry.id));
        }
        for entry in new.iter().flat_map(|folder| folder.entries()) {
            entries.entry(&entry.name).or_default().new.get_or_insert((entry.kind, entry.id));
        }
        for (name, pair) in entries.into_iter().filter(|(_, pair)| pair.old != pair.new) {
            let mut written = above.clone();
            links::push(&mut written, name);
            let folder =
                |side: Option<(EntryKind, Oid)>| side.filter(|(kind, _)| *kind == EntryKind::Folder).map(|(_, id)| id);
            let file = |side: Option<(EntryKind, Oid)>| {
                side.filter(|(kind, _)| matches!(kind, EntryKind::File | EntryKind::Link)).map(|(_, id)| object_id(id))
            };
            let Some(path) = listing.admit(&written)? else { continue };
            if folder(pair.old).is_some() || folder(pair.new).is_some() {
                folders.push((written, folder(pair.old), folder(pair.new)));
            }
            let (was, is) = (file(pair.old), file(pair.new));
            if was != is {
                changes.push(Change { path, base: was, head: is });
            }
        }
    }
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

/// The files that differ between a commit and a tree of another kind, by path.
///
/// A link counts as what it leads to. A file that cannot be read on one side has no id there.
pub(in crate::tree) fn by_asking(base: &CommitTree, head: &(impl Tree + ?Sized)) -> Result<Vec<Change>, Error> {
    let root = ProjectPath::root();
    let (here, there) = (head.list(&root)?, base.list(&root)?);
    let files = here.par_iter().map(|path| Ok((path.clone(), id_in(head, path)?)));
    let files: Vec<(ProjectPath, Option<ObjectId>)> = files.collect::<Result<_, Error>>()?;
    let everything = Listing { folders: vec![root], filter: FileFilter::all(), found: here };
    let reads = Reads { files: files.into_iter().collect(), untracked: BTreeSet::new(), listings: vec![everything] };
    let change = |path: ProjectPath| {
        let is_there = there.binary_search(&path).is_ok();
        let base = if is_there { id_in(base, &path)? } else { None };
        let head = reads.files.get(&path).cloned().flatten();
        Ok(Change { path, base, head })
    };
    reads.differences_in(base)?.into_iter().map(change).collect()
}

/// What one name is in two folders.
#[derive(Default)]
struct Pair {
    old: Option<(EntryKind, Oid)>,
    new: Option<(EntryKind, Oid)>,
}
