//! The history of one context: what each commit did to its text, its cache and its cost.
//!
//! ```text
//! CommitTree ──state──▶ built, broken or absent ──compare with parents──▶ a row, or nothing
//! ```
//!
//! The walk is that of `git log`: newest first, and where a merge took one side's text only that
//! side is followed. What differs is the question: not whether files changed, but whether the prompt
//! did. A commit that answers everything alike that was asked of its child is not built again, and
//! no text is read or counted twice, so that the cost follows the distinct text.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use crate::cost::cards::Date;
use crate::cost::window::Fit;
use crate::pipeline::{Build, Memory};
use crate::prompt::chain::Digest;
use crate::prompt::segment::Segment;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Usd;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::lint::secret::masked;
use crate::text::project::ContextId;
use crate::tree::{Commit, CommitTree, Parents, Signature, Tree};

mod renames;
mod served;
mod states;

use states::{Outcome, State, StateKey, States};

/// Which history to list, and how.
#[derive(Debug, Clone)]
pub struct LogRequest {
    /// The context, by name.
    pub id: ContextId,
    /// The day whose prices and rules hold for every commit, so that amounts compare.
    pub as_of: Date,
    /// Models instead of those that each commit's manifest names.
    pub models: Vec<String>,
    /// At most so many commits.
    pub limit: Option<usize>,
    /// Which of them come first.
    pub order: Order,
    /// Go on with the earlier name where the manifest was renamed.
    pub follow: bool,
    /// Follow the first parent of merges only: what the branch itself held.
    pub first_parent: bool,
}

/// The order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    Date,
    /// First those by which caches lost most tokens. Which these are is only known at the end of the history.
    Lost,
}

/// A context's history.
#[derive(Debug, Default)]
pub struct Log {
    /// The commits that changed what the model sees, newest first.
    pub rows: Vec<Row>,
    /// Commits that changed files of the context and nothing that the model sees.
    pub without_effect: usize,
    /// Commits that did not touch the context.
    pub untouched: usize,
    /// Commits at which a shallow clone's history ends.
    pub cut_off: Vec<Commit>,
    /// Whether the manifests are those of the working tree, and not each commit's own.
    pub is_as_is: bool,
}

/// A commit that changed what the model sees.
#[derive(Debug)]
pub struct Row {
    /// The commit.
    pub commit: Commit,
    /// Who made it, and what they said.
    pub signature: Signature,
    /// The context's name at that commit.
    pub id: ContextId,
    /// The context's earlier name, if this commit renamed it and the walk follows.
    pub renamed_from: Option<ContextId>,
    /// What the context was after it.
    pub what: What,
}

/// What a context was after a commit.
#[derive(Debug)]
pub enum What {
    /// It could be built.
    Built(BuiltAt),
    /// It could not be built, and why.
    Broken(Vec<Diagnostic>),
    /// It was removed.
    Removed,
}

/// A context that could be built, held against the commit before.
#[derive(Debug)]
pub struct BuiltAt {
    /// What it was before.
    pub before: Before,
    /// The digest of everything before the first input or history.
    pub prefix: Digest,
    /// The digest of the whole prompt, which requests may carry.
    pub full: Digest,
    /// Its segments.
    pub pieces: Arc<[Piece]>,
    /// The digest of model settings and output schema.
    pub settings: Digest,
    /// Tokens of all text, by o200k_base.
    pub tokens: u64,
    /// The same before, where it could be built.
    pub tokens_before: Option<u64>,
    /// Segments of the prompt.
    pub segments: usize,
    /// Segments from the start that were there before, in the same order; `None` where the commit
    /// before could not be built or is not known.
    pub kept: Option<usize>,
    /// Tokens (o200k_base) of the earlier prompt's prefix behind those segments: what no cache can
    /// serve any more. `None` as for `kept`.
    pub lost: Option<u64>,
    /// What is different for each model.
    pub models: Vec<ModelRow>,
}

/// A segment, known by what it says.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// The file that it was read from.
    pub path: Option<ProjectPath>,
    /// The digest of it.
    pub digest: Digest,
}

/// What the context was before a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// It was there and could be built.
    Built,
    /// It was there and broken.
    Broken,
    /// It was not there.
    Absent,
    /// This clone's history ends here.
    Unknown,
}

/// A commit's context as one model's cache sees it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct ModelRow {
    /// The model's name in the manifest.
    pub model: String,
    /// Tokens of the new prompt that the cache can still serve right after; null where there is
    /// nothing to compare with.
    pub eligible: Option<u64>,
    /// Tokens that a warm call of the earlier prompt read and that are served no more.
    pub lost: Option<u64>,
    /// What the first call after the commit costs more than a warm one, in US dollars.
    pub rewarm: Option<Usd>,
    /// A call that finds everything in the cache, in US dollars.
    pub warm: Option<Usd>,
    /// Whether the request fits into the model's windows: yes, no, or within the band; null when no window is known.
    pub fits: Option<Fit>,
}

impl Row {
    /// How many tokens the caches lost by it: of the model that lost most, else of the text.
    pub fn lost(&self) -> u64 {
        let What::Built(built) = &self.what else { return 0 };
        let models = built.models.iter().filter_map(|model| model.lost).max();
        models.or(built.lost).unwrap_or(0)
    }
}

/// Tells the history of a context up to `tip`, without what is in the history of `since`; where manifests are given,
/// of the context that they make of each commit's texts. What the memory knows is not worked out again.
///
/// # Errors
/// When there is no such context at `tip`, and when the repository cannot be read. A context that is
/// broken at some commit is a row.
pub fn log(
    tip: CommitTree,
    since: Option<&CommitTree>,
    request: &LogRequest,
    manifests: Option<&dyn Tree>,
    memory: Memory,
) -> Result<Log, Failure> {
    let excluded = since.map(CommitTree::ancestors).transpose()?.unwrap_or_default();
    let mut walk = Walk {
        request,
        excluded,
        states: States::new(request, manifests, memory),
        ahead: BinaryHeap::new(),
        open: HashMap::new(),
        met: HashSet::new(),
        log: Log { is_as_is: manifests.is_some(), ..Log::default() },
    };
    let state = Arc::new(walk.states.of(&tip, &request.id)?);
    if state.is_absent() && manifests.is_some() {
        let cure = "`contexture list` shows every context and variant";
        return Err(Error::usage(format!("there is no context `{}` in the working tree", request.id), cure).into());
    }
    if state.is_absent() {
        return Err(absent(tip, &request.id)?.into());
    }
    let limit = request.limit.unwrap_or(usize::MAX);
    walk.enter(Node { tree: tip, id: request.id.clone(), state });
    while let Some(node) = walk.next() {
        if request.order == Order::Date && walk.log.rows.len() >= limit {
            break;
        }
        walk.visit(node)?;
    }
    let mut log = walk.log;
    if request.order == Order::Lost {
        log.rows.sort_by_key(|row| Reverse(row.lost()));
        log.rows.truncate(limit);
    }
    Ok(log)
}

/// Says that there is no such context, and at which commit there was one.
fn absent(tip: CommitTree, id: &ContextId) -> Result<Error, Error> {
    let at = tip.commit().id.clone();
    let mut ahead = BinaryHeap::from([(tip.commit().time, Reverse(0))]);
    let (mut met, mut trees) = (HashSet::from([at.clone()]), vec![Some(tip)]);
    let paths = manifests(id);
    while let Some((_, Reverse(number))) = ahead.pop() {
        let Some(tree) = trees.get_mut(number).and_then(Option::take) else { continue };
        for path in &paths {
            if tree.holds(path)? {
                let last = tree.commit().id.short();
                if tree.commit().id == at {
                    // The manifest is there; it yields no such variant or match.
                    let cure = format!("`contexture list --rev {last}` shows every context and variant");
                    return Ok(Error::usage(format!("there is no context `{id}` at {last}"), cure));
                }
                return Ok(Error::usage(
                    format!("there is no context `{id}` at {}; {last} is the last commit that has one", at.short()),
                    format!("run `contexture log {id} {last}`"),
                ));
            }
        }
        let Parents::Known(parents) = tree.parents()? else { continue };
        for parent in parents.into_iter().filter(|parent| met.insert(parent.commit().id.clone())) {
            ahead.push((parent.commit().time, Reverse(trees.len())));
            trees.push(Some(parent));
        }
    }
    let cure = "`contexture list` shows every context, `--rev` those of a commit; `log --as-is` takes a manifest that is not committed";
    Ok(Error::usage(format!("there is no context `{id}` at {}, nor anywhere in its history", at.short()), cure))
}

/// Where the manifest of a context can be: under its own name, or, with `each`, under a part of it.
fn manifests(id: &ContextId) -> Vec<ProjectPath> {
    let ends = id.name.match_indices('/').map(|(end, _)| end).chain([id.name.len()]);
    let names = ends.filter_map(|end| id.name.get(..end));
    names.filter_map(|name| ProjectPath::new(&format!("contexts/{name}.yaml")).ok()).collect()
}

/// A commit to be looked at, for a context by the name that it has there.
struct Node {
    tree: CommitTree,
    id: ContextId,
    state: Arc<State>,
}

struct Walk<'a> {
    request: &'a LogRequest,
    excluded: HashSet<ObjectId>,
    states: States<'a>,
    /// Newest first; of equal dates the one that was met first, so that children come before parents.
    ahead: BinaryHeap<(i64, Reverse<usize>, StateKey)>,
    open: HashMap<StateKey, Node>,
    met: HashSet<StateKey>,
    log: Log,
}

impl Walk<'_> {
    fn enter(&mut self, node: Node) {
        let place = (node.tree.commit().id.clone(), node.id.clone());
        if self.excluded.contains(&place.0) || !self.met.insert(place.clone()) {
            return;
        }
        self.ahead.push((node.tree.commit().time, Reverse(self.met.len()), place.clone()));
        self.open.insert(place, node);
    }

    fn next(&mut self) -> Option<Node> {
        let (_, _, place) = self.ahead.pop()?;
        self.open.remove(&place)
    }

    /// Holds a commit against its parents, and goes on with them.
    fn visit(&mut self, node: Node) -> Result<(), Failure> {
        let mut parents = match node.tree.parents()? {
            Parents::Known(parents) => parents,
            Parents::CutOff => {
                self.log.cut_off.push(node.tree.commit().clone());
                return self.add_row(&node, None, Before::Unknown, None);
            }
        };
        if self.request.first_parent {
            parents.truncate(1);
        }
        let limit = self.request.limit.filter(|_| self.request.order == Order::Date);
        let wanted = limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.log.rows.len()));
        let mut states = Vec::new();
        for parent in &parents {
            states.push(self.states.like(parent, (&node.tree, &node.id, &node.state), wanted)?);
        }
        if let Some(twin) = states.iter().position(|state| state.is_same(&node.state)) {
            // Nothing was done here; where a merge took one side, the other had no part in it.
            if Arc::ptr_eq(&states[twin], &node.state) {
                self.log.untouched += 1;
            } else {
                self.log.without_effect += 1;
            }
            self.enter(Node { tree: parents.swap_remove(twin), id: node.id, state: states.swap_remove(twin) });
            return Ok(());
        }
        let renamed = self.renamed(&node, &parents, &states)?;
        let (before, from) = match (&renamed, states.first()) {
            (Some((_, id, state)), _) => (Some(state.clone()), Some(id.clone())),
            (None, first) => (first.cloned(), None),
        };
        let earlier = match before.as_deref().map(|state| &state.outcome) {
            Some(Outcome::Built(_)) => Before::Built,
            Some(Outcome::Broken(_)) => Before::Broken,
            Some(Outcome::Absent) | None => Before::Absent,
        };
        self.add_row(&node, before.as_deref(), earlier, from)?;
        for (number, (parent, state)) in parents.into_iter().zip(states).enumerate() {
            match &renamed {
                Some((renamed_in, id, state)) if *renamed_in == number => {
                    self.enter(Node { tree: parent, id: id.clone(), state: state.clone() });
                }
                _ => self.enter(Node { tree: parent, id: node.id.clone(), state }),
            }
        }
        Ok(())
    }

    /// Adds the row of a commit.
    fn add_row(
        &mut self,
        node: &Node,
        before: Option<&State>,
        earlier: Before,
        renamed_from: Option<ContextId>,
    ) -> Result<(), Failure> {
        let what = match (&node.state.outcome, earlier) {
            (Outcome::Built(build), _) => {
                let before = before.and_then(|state| match &state.outcome {
                    Outcome::Built(build) => Some(&**build),
                    Outcome::Broken(_) | Outcome::Absent => None,
                });
                What::Built(BuiltAt::of(build, before, earlier))
            }
            (Outcome::Broken(faults), _) => What::Broken(faults.clone()),
            // At the edge of a shallow clone nothing is known to have been removed.
            (Outcome::Absent, Before::Unknown | Before::Absent) => return Ok(()),
            (Outcome::Absent, _) => What::Removed,
        };
        self.log.rows.push(Row {
            commit: node.tree.commit().clone(),
            signature: node.tree.signature()?.each(|words| masked(words).into_owned()),
            id: node.id.clone(),
            renamed_from,
            what,
        });
        Ok(())
    }

    /// The parent, by number, in which the context of a commit that brought it in had another name.
    fn renamed(
        &self,
        node: &Node,
        parents: &[CommitTree],
        states: &[Arc<State>],
    ) -> Result<Option<(usize, ContextId, Arc<State>)>, Failure> {
        let is_new = states.iter().all(|state| state.is_absent());
        if !self.request.follow || !is_new || node.state.is_absent() {
            return Ok(None);
        }
        for (number, parent) in parents.iter().enumerate() {
            if let Some(id) = renames::earlier_name(&node.tree, parent, &node.id)? {
                let state = self.states.of(parent, &id)?;
                if !state.is_absent() {
                    return Ok(Some((number, id, Arc::new(state))));
                }
            }
        }
        Ok(None)
    }
}

impl BuiltAt {
    fn of(build: &Build, before: Option<&Build>, earlier: Before) -> Self {
        let kept = before.map(|before| shared_segments(before, build));
        let lost = before.zip(kept).map(|(before, kept)| {
            let behind = before.counts.per_segment.get(kept..before.chain.prefix_len).unwrap_or_default();
            behind.iter().sum()
        });
        Self {
            before: earlier,
            prefix: build.chain.prefix(),
            full: build.chain.full(),
            pieces: pieces(build),
            settings: build.settings,
            tokens: build.counts.text.tokens(),
            tokens_before: before.map(|before| before.counts.text.tokens()),
            segments: build.segments.len(),
            kept,
            lost,
            models: served::models(before, build),
        }
    }
}

fn pieces(build: &Build) -> Arc<[Piece]> {
    let pairs = build.segments.iter().zip(&build.chain.digests);
    let piece = |(segment, digest): (&Segment, &Digest)| Piece {
        id: segment.id.clone(),
        path: segment.origin.path.clone(),
        digest: *digest,
    };
    pairs.map(piece).collect()
}

/// How many segments two prompts begin with alike.
fn shared_segments(before: &Build, build: &Build) -> usize {
    let pairs = before.chain.digests.iter().zip(&build.chain.digests);
    pairs.take_while(|(one, other)| one == other).count()
}
