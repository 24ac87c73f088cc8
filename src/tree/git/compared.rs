//! Which files differ between a commit and a tree of another kind.

use std::collections::HashMap;

use git2::Oid;
use rayon::prelude::*;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::git::change::Change;
use crate::tree::git::objects::{EntryKind, object_id};
use crate::tree::{CommitTree, ReadError, Tree};

/// The files that differ between two listings, by path.
///
/// A link counts as what it leads to. A file that cannot be read on one side has no id there.
pub(in crate::tree) fn by_listing(base: &CommitTree, head: &(impl Tree + ?Sized)) -> Result<Vec<Change>, Error> {
    by_files(base, head, head.list(&ProjectPath::root())?, &HashMap::new())
}

/// [`by_listing`] for a tree that holds these `files`, and knows some of their ids.
pub(in crate::tree) fn by_files(
    base: &CommitTree,
    head: &(impl Tree + ?Sized),
    files: Vec<ProjectPath>,
    clean: &HashMap<ProjectPath, Oid>,
) -> Result<Vec<Change>, Error> {
    let mut gone = base.files()?;
    let pairs: Vec<(ProjectPath, Option<(EntryKind, Oid)>)> = files
        .into_iter()
        .map(|path| {
            let old = gone.remove(&path);
            (path, old)
        })
        .collect();
    let changed = pairs.into_par_iter().map(|(path, old)| {
        let clean = clean.get(&path);
        if old.is_some_and(|(kind, id)| kind == EntryKind::File && clean == Some(&id)) {
            return Ok(None);
        }
        let new = clean.map_or_else(|| known(head.id(&path)), |id| Ok(Some(object_id(*id))))?;
        let was = if old.is_some() { known(base.id(&path))? } else { None };
        Ok((old.is_none() || was != new).then_some(Change { path, base: was, head: new }))
    });
    let changed: Vec<Option<Change>> = changed.collect::<Result<_, Error>>()?;
    let gone = gone.into_keys().map(|path| Ok(Change { base: known(base.id(&path))?, head: None, path }));
    let mut changes = gone.collect::<Result<Vec<Change>, Error>>()?;
    changes.extend(changed.into_iter().flatten());
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

fn known(id: Result<Option<ObjectId>, ReadError>) -> Result<Option<ObjectId>, Error> {
    match id {
        Ok(id) => Ok(id),
        Err(ReadError::World(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
