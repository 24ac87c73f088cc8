//! Where two histories part: the merge base, found in the true commit objects.
//!
//! The walk is git's own (`paint_down_to_common`): newest commits first, each painted with the sides
//! that reach it, until nothing but common history is left. Neither replaced objects nor grafts are
//! asked, and a shallow clone's edge is the end of history.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use git2::Oid;

use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_COMMITS, MAX_MERGE_BASES};
use crate::tree::CommitTree;
use crate::tree::git::objects::{CommitObject, Objects};

/// Reached from the one commit.
const ONE: u8 = 1;
/// Reached from the other.
const OTHER: u8 = 2;
/// Below a common commit, so no best one.
const STALE: u8 = 4;

/// Refuses a history of more commits than one question walks through.
pub(in crate::tree) fn admit(commits: usize) -> Result<(), Error> {
    if commits <= MAX_COMMITS {
        return Ok(());
    }
    let what = format!("the history has more than {MAX_COMMITS} commits; that is the limit");
    Err(Error::repository(what, "name a nearer base, or work in a shallow clone"))
}

/// The best common ancestors of two commits, newest first; empty where there is none.
pub(in crate::tree) fn merge_bases(one: &CommitTree, other: &CommitTree) -> Result<Vec<Oid>, Error> {
    let mut paint = Paint::new(&one.objects, &one.shallow);
    paint.add(one.id, ONE)?;
    paint.add(other.id, OTHER)?;
    let mut found = Vec::new();
    while let Some(id) = paint.next() {
        let colours = paint.colours(id);
        let mut handed_down = colours;
        if colours & STALE == 0 && colours & (ONE | OTHER) == ONE | OTHER {
            found.push(id);
            handed_down |= STALE;
        }
        for parent in paint.parents(id)? {
            paint.add(parent, handed_down)?;
        }
    }
    let mut best: Vec<Oid> = found.iter().copied().filter(|id| paint.colours(*id) & STALE == 0).collect();
    // As many as a person could mean; the newest is taken.
    best.sort_by_key(|id| (std::cmp::Reverse(paint.time(*id)), *id));
    best.truncate(MAX_MERGE_BASES);
    if best.len() > 1 {
        // Skewed clocks can leave an ancestor of another one among them.
        let all = best.clone();
        let mut nearest = Vec::new();
        for id in best {
            let mut reached = false;
            for newer in all.iter().filter(|newer| **newer != id) {
                reached = reached || is_ancestor(one, id, *newer)?;
            }
            if !reached {
                nearest.push(id);
            }
        }
        best = nearest;
    }
    best.sort_by_key(|id| (std::cmp::Reverse(paint.time(*id)), *id));
    best.dedup();
    Ok(best)
}

/// Whether `old` is in the history of `new`.
fn is_ancestor(of: &CommitTree, old: Oid, new: Oid) -> Result<bool, Error> {
    let mut paint = Paint::new(&of.objects, &of.shallow);
    paint.add(new, ONE)?;
    while let Some(id) = paint.next() {
        if id == old {
            return Ok(true);
        }
        for parent in paint.parents(id)? {
            paint.add(parent, ONE)?;
        }
    }
    Ok(false)
}

/// Commits still to be walked, newest first, and the colours of all that were met.
struct Paint<'a> {
    objects: &'a Objects,
    shallow: &'a Arc<[Oid]>,
    ahead: BinaryHeap<(i64, Oid)>,
    met: HashMap<Oid, (CommitObject, u8)>,
    /// How many of `ahead` are not stale; an upper bound where a commit became stale while waiting.
    fresh: HashMap<Oid, usize>,
}

impl<'a> Paint<'a> {
    fn new(objects: &'a Objects, shallow: &'a Arc<[Oid]>) -> Self {
        Self { objects, shallow, ahead: BinaryHeap::new(), met: HashMap::new(), fresh: HashMap::new() }
    }

    /// Paints a commit; one that gets a new colour is walked (again).
    fn add(&mut self, id: Oid, colours: u8) -> Result<(), Error> {
        let (time, now) = match self.met.get_mut(&id) {
            Some((_, own)) if *own & colours == colours => return Ok(()),
            Some((commit, own)) => {
                *own |= colours;
                (commit.time, *own)
            }
            None => {
                let commit = self.objects.commit(id)?;
                let time = commit.time;
                self.met.insert(id, (commit, colours));
                admit(self.met.len())?;
                (time, colours)
            }
        };
        if now & STALE == 0 {
            *self.fresh.entry(id).or_default() += 1;
        } else {
            self.fresh.remove(&id);
        }
        self.ahead.push((time, id));
        Ok(())
    }

    /// The newest commit ahead, while one that is not stale is among them.
    fn next(&mut self) -> Option<Oid> {
        if self.fresh.is_empty() {
            return None;
        }
        let (_, id) = self.ahead.pop()?;
        if let Some(times) = self.fresh.get_mut(&id) {
            *times -= 1;
            if *times == 0 {
                self.fresh.remove(&id);
            }
        }
        Some(id)
    }

    fn colours(&self, id: Oid) -> u8 {
        self.met.get(&id).map_or(0, |(_, colours)| *colours)
    }

    fn time(&self, id: Oid) -> i64 {
        self.met.get(&id).map_or(0, |(commit, _)| commit.time)
    }

    fn parents(&self, id: Oid) -> Result<Vec<Oid>, Error> {
        let known = self.met.get(&id).filter(|_| !self.shallow.contains(&id));
        Ok(known.map(|(commit, _)| commit.parents.clone()).unwrap_or_default())
    }
}
