//! What a context is at one commit after the other.
//!
//! A commit that answers everything alike that was asked of its child is not built again. The others are built side
//! by side, a few ahead of the walk.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use rayon::prelude::*;

use super::{LogRequest, manifests};
use crate::compare::as_is::AsIs;
use crate::pipeline::{Build, LastBuilds, Memory, Request, build_from};
use crate::prompt::chain::Digest;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::{MAX_HISTORY_BYTES, MAX_RUN_BYTES};
use crate::syntax::source::ObjectId;
use crate::text::fragment::Fragments;
use crate::text::project::ContextId;
use crate::tree::{CommitTree, Parents, Reads, Tree};

/// What a context is at one commit, and what was asked of the commit to know it.
pub(super) struct State {
    pub(super) outcome: Outcome,
    reads: Reads,
    /// Bytes of the different files that were read for it and of its prompt.
    bytes: u64,
}

/// What came of building a context.
pub(super) enum Outcome {
    Built(Arc<Build>),
    Broken(Vec<Diagnostic>),
    Absent,
}

impl State {
    /// Whether a model is sent the same by both, or nothing by either.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.outcome, &other.outcome) {
            (Outcome::Built(one), Outcome::Built(other)) => {
                (one.chain.full(), one.chain.prefix(), one.settings)
                    == (other.chain.full(), other.chain.prefix(), other.settings)
            }
            (Outcome::Broken(_), Outcome::Broken(_)) | (Outcome::Absent, Outcome::Absent) => true,
            _ => false,
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self.outcome, Outcome::Absent)
    }
}

/// What a state of a walk is known by.
pub(super) type StateKey = (ObjectId, ContextId);

/// The different files that the states of a history read, the different texts of their prompts, and the bytes of both.
#[derive(Default)]
struct Taken {
    files: HashSet<ObjectId>,
    texts: HashSet<Digest>,
    bytes: u64,
}

/// Works out states, with the memory of those that it has worked out.
pub(super) struct States<'a> {
    request: &'a LogRequest,
    /// Where manifests come from, if not from each commit.
    manifests: Option<&'a dyn Tree>,
    memory: Memory,
    /// Those that were built ahead.
    ready: HashMap<StateKey, State>,
    /// What any state took.
    taken: Mutex<Taken>,
}

impl<'a> States<'a> {
    pub(super) fn new(request: &'a LogRequest, manifests: Option<&'a dyn Tree>, memory: Memory) -> Self {
        Self { request, manifests, memory, ready: HashMap::new(), taken: Mutex::default() }
    }

    /// Does something with a commit as it is looked at here.
    fn at<T>(&self, commit: &CommitTree, look: impl FnOnce(&dyn Tree) -> T) -> T {
        match self.manifests {
            Some(today) => look(&AsIs { today, then: commit }),
            None => look(commit),
        }
    }

    /// The state at `parent`: that of the child, where the parent answers everything alike. `wanted`
    /// is how many commits the walk may still need.
    pub(super) fn like(
        &mut self,
        parent: &CommitTree,
        (child, id, state): (&CommitTree, &ContextId, &Arc<State>),
        wanted: usize,
    ) -> Result<Arc<State>, Failure> {
        if self.is_same(child, parent, &state.reads)? {
            return Ok(state.clone());
        }
        let place = (parent.commit().id.clone(), id.clone());
        if let Some(ready) = self.ready.remove(&place) {
            return Ok(Arc::new(ready));
        }
        // Builds that stand ready side by side hold no more text than a run may.
        let room = usize::try_from(MAX_RUN_BYTES / state.bytes.max(1)).unwrap_or(usize::MAX);
        let ahead = self.ahead(parent, &state.reads, wanted.min(room).min(2 * rayon::current_num_threads()))?;
        let this = &*self;
        let (own, built) = rayon::join(
            || this.of(parent, id),
            || {
                ahead
                    .par_iter()
                    .filter_map(|tree| Some((tree.commit().id.clone(), this.of(tree, id).ok()?)))
                    .collect::<Vec<_>>()
            },
        );
        // What was built ahead and never asked for is dropped here; a failure ahead is reported when the
        // walk gets there.
        self.ready = built.into_iter().map(|(commit, state)| ((commit, id.clone()), state)).collect();
        Ok(Arc::new(own?))
    }

    /// The state at a commit.
    pub(super) fn of(&self, commit: &CommitTree, id: &ContextId) -> Result<State, Failure> {
        self.at(commit, |tree| self.built(commit, tree, id))
    }

    fn built(&self, commit: &CommitTree, tree: &dyn Tree, id: &ContextId) -> Result<State, Failure> {
        let paths = manifests(id);
        let mut is_there = false;
        for path in &paths {
            is_there |= self.manifests.is_some() || commit.holds(path)?;
        }
        if !is_there {
            let files = paths.into_iter().map(|path| (path, None)).collect();
            return Ok(State { outcome: Outcome::Absent, reads: Reads { files, ..Reads::default() }, bytes: 0 });
        }
        let fragments = Fragments::sharing(tree, &self.memory.fragments);
        let request = Request {
            contexts: vec![id.to_string()],
            as_of: Some(self.request.as_of),
            models: self.request.models.clone(),
            ..Request::default()
        };
        let outcome = match build_from(&fragments, &request, &self.memory, &mut LastBuilds::default()) {
            Ok(mut attempts) => match (attempts.pop(), attempts.pop()) {
                (Some(attempt), None) => match attempt.result {
                    // The commit has no part in what this clone lacks.
                    Err(faults) if faults.iter().any(|fault| fault.is_open) => return Err(faults.into()),
                    result => result.map_or_else(Outcome::Broken, Outcome::Built),
                },
                (None, _) => Outcome::Absent,
                (Some(_), Some(_)) => return Err(several(commit, id).into()),
            },
            Err(Failure::Faults(faults)) => Outcome::Broken(faults),
            // The name finds nothing there: a variant that is not yet declared, a match not yet made.
            Err(Failure::Error(Error::Usage { .. })) => Outcome::Absent,
            Err(Failure::Error(error)) => return Err(error.into()),
        };
        let bytes = self.admit(commit, &fragments, &outcome)?;
        Ok(State { outcome, reads: fragments.tree().reads(), bytes })
    }

    /// Counts what a state took, in bytes, and adds to the history's sum what no other state had.
    fn admit(&self, commit: &CommitTree, fragments: &Fragments, outcome: &Outcome) -> Result<u64, Error> {
        let files = fragments.tree().texts();
        let build = if let Outcome::Built(build) = outcome { Some(build) } else { None };
        let texts = build.into_iter().flat_map(|build| build.chain.digests.iter().zip(&build.segments));
        let mut bytes = files.values().sum();
        let mut taken = self.taken.lock();
        for (id, size) in files {
            if taken.files.insert(id) {
                taken.bytes += size;
            }
        }
        for (digest, segment) in texts {
            let size = segment.parts.iter().map(|part| part.text.len() as u64).sum::<u64>();
            bytes += size;
            if taken.texts.insert(*digest) {
                taken.bytes += size;
            }
        }
        if taken.bytes <= MAX_HISTORY_BYTES {
            return Ok(bytes);
        }
        let last = commit.commit().id.short();
        Err(Error::usage(
            format!(
                "at {last}, this history has more than {MAX_HISTORY_BYTES} bytes of different files and prompts; that is the limit"
            ),
            format!("name fewer commits, such as `HEAD~50..`; a `log` of {last} goes on from there"),
        ))
    }

    /// Whether a commit's parent answers everything alike that was read from the commit: then whatever was built from
    /// the one is what would be built from the other.
    fn is_same(&self, child: &CommitTree, parent: &CommitTree, reads: &Reads) -> Result<bool, Error> {
        Ok(child.root_id() == parent.root_id() || self.at(parent, |tree| reads.are_same_in(tree))?)
    }

    /// Commits behind `tip`, along first parents, that answer something otherwise than the commit before them: those
    /// that will probably have to be built. At most `wanted`.
    fn ahead(&self, tip: &CommitTree, reads: &Reads, wanted: usize) -> Result<Vec<CommitTree>, Error> {
        let mut line: Vec<CommitTree> = Vec::new();
        let mut differing = Vec::new();
        let mut reads = self.at(tip, |tree| reads.asked_of(tree))?;
        while differing.len() + 1 < wanted && line.len() < 4 * wanted {
            let last = line.last().unwrap_or(tip);
            let Parents::Known(parents) = last.parents()? else { break };
            let Some(parent) = parents.into_iter().next() else { break };
            if !self.is_same(last, &parent, &reads)? {
                differing.push(line.len());
                reads = self.at(&parent, |tree| reads.asked_of(tree))?;
            }
            line.push(parent);
        }
        let chosen = line.into_iter().enumerate().filter(|(number, _)| differing.contains(number));
        Ok(chosen.map(|(_, tree)| tree).collect())
    }
}

fn several(tree: &CommitTree, id: &ContextId) -> Error {
    let commit = tree.commit().id.short();
    Error::usage(
        format!("`{id}` names several contexts at {commit}"),
        format!("name one of them; `contexture list --rev {commit}` shows all"),
    )
}
