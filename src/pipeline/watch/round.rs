//! One look at the project after another: the same build as `build` makes, with a memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::bodies;
use crate::pipeline::{Build, BuildResult, LastBuilds, Memory, Request, rebuild};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::ObjectId;
use crate::text::project::{ContextId, PROJECT_FILE};
use crate::tree::{Tree, WatchSet, Workspace, Worktree};

/// What came of one look at the project.
#[derive(Debug)]
pub struct Round {
    /// Its number, from 1.
    pub seq: u64,
    /// Every context that was tried, or why none could be.
    pub outcome: Result<Vec<BuildResult>, Failure>,
    /// From the first change that was noticed to the end of the build.
    pub took: Duration,
    /// The folder of the project; where it could not be found, the folder in which it was looked for.
    pub root: PathBuf,
    /// The last good build of each context before this round.
    pub before: HashMap<ContextId, Arc<Build>>,
}

impl Round {
    /// Whether every context was built.
    pub fn is_ok(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|attempts| attempts.iter().all(|attempt| attempt.result.is_ok()))
    }

    /// What was tried; nothing where nothing could be.
    pub fn attempts(&self) -> &[BuildResult] {
        self.outcome.as_deref().unwrap_or_default()
    }

    /// The last good build of each context once this round is the one before.
    pub(super) fn good(&self) -> HashMap<ContextId, Arc<Build>> {
        let mut good = self.before.clone();
        if self.outcome.is_ok() {
            good.retain(|id, _| self.attempts().iter().any(|attempt| attempt.id == *id));
        }
        let built = self.attempts().iter().filter_map(|attempt| attempt.result.as_ref().ok());
        good.extend(built.map(|build| (build.id.clone(), build.clone())));
        good
    }
}

/// After so many looks, what none of them asked for is forgotten: texts as they stood in between.
const LOOKS_A_TURN: u32 = 100;

/// Looks at a project again and again.
pub(super) struct Rounds {
    /// Where the project is looked for.
    start: PathBuf,
    request: Request,
    memory: Memory,
    last: LastBuilds,
    looks: u32,
    /// The builds whose request bodies were tried, with what that came to.
    tried: HashMap<ContextId, (Arc<Build>, BuildResult)>,
    /// The project as the last look that could open it found it.
    workspace: Option<Workspace>,
    /// The tree that it read.
    tree: Option<Worktree>,
    /// Whether its watch set was asked for.
    is_watched: bool,
    head: Head,
}

/// The builds of the commit below the working tree.
#[derive(Default)]
struct Head {
    last: LastBuilds,
    commit: Option<ObjectId>,
    builds: Option<Arc<[BuildResult]>>,
}

impl Rounds {
    /// Nothing is built yet.
    pub fn new(start: &Path, request: Request) -> Result<Self, Error> {
        let start = start.canonicalize().map_err(|error| Error::file("cannot open", start, error))?;
        Ok(Self {
            start,
            request,
            memory: Memory::default(),
            last: LastBuilds::default(),
            looks: 0,
            tried: HashMap::new(),
            workspace: None,
            tree: None,
            is_watched: false,
            head: Head::default(),
        })
    }

    /// The folder that it began in.
    pub fn start(&self) -> &Path {
        &self.start
    }

    /// The folder of the project, as far as is known.
    pub fn root(&self) -> &Path {
        self.workspace.as_ref().map_or(&self.start, Workspace::root)
    }

    /// Forgets everything, so that the next look is a first one.
    pub fn forget(&mut self) {
        self.memory = Memory::default();
        self.last = LastBuilds::default();
        self.tree = None;
        self.tried.clear();
        self.head = Head::default();
    }

    /// Whether git is changing the working tree right now.
    pub fn is_git_at_work(&self, patience: Duration) -> bool {
        self.workspace.as_ref().is_some_and(|workspace| workspace.is_git_at_work(patience))
    }

    /// Builds the project as it is on the disk.
    pub fn look(&mut self) -> Result<Vec<BuildResult>, Failure> {
        // Found anew each time: a project file or a repository may have come, moved or gone.
        let workspace = Workspace::find(&self.start)?;
        let tree = match &self.tree {
            Some(earlier) => workspace.worktree_after(earlier)?,
            None => workspace.worktree()?,
        };
        let outcome = rebuild(&tree, &self.request, &self.memory, &mut self.last);
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(LOOKS_A_TURN) {
            self.memory.turn();
        }
        (self.workspace, self.tree, self.is_watched) = (Some(workspace), Some(tree), false);
        Ok(outcome?.into_iter().map(|attempt| self.with_bodies(attempt)).collect())
    }

    /// Where on the disk the answers came from that the last look got, whether it came to a build or not; `None`
    /// when it could not open the project, and when that was asked before.
    pub fn watch_set(&mut self) -> Option<WatchSet> {
        if std::mem::replace(&mut self.is_watched, true) {
            return None;
        }
        let (workspace, tree) = (self.workspace.as_ref()?, self.tree.as_ref()?);
        let mut watch_set = workspace.watch_set(tree);
        // A project file between here and the root would make a project of its own.
        for folder in self.start.ancestors().take_while(|folder| folder.starts_with(workspace.root())) {
            watch_set.name(folder.join(PROJECT_FILE));
        }
        Some(watch_set)
    }

    /// A context with its bodies tried, as `check` has it.
    fn with_bodies(&mut self, mut attempt: BuildResult) -> BuildResult {
        let Ok(build) = attempt.result.clone() else { return attempt };
        if let Some((_, tried)) = self.tried.get(&attempt.id).filter(|(known, _)| Arc::ptr_eq(known, &build)) {
            return tried.clone();
        }
        bodies::try_bodies(std::slice::from_mut(&mut attempt));
        self.tried.insert(attempt.id.clone(), (build, attempt.clone()));
        attempt
    }

    /// The contexts as the commit below the working tree holds them; `None` without one, and where
    /// they cannot be built there.
    pub fn head(&mut self) -> Option<Arc<[BuildResult]>> {
        let tree = self.workspace.as_ref()?.commit("HEAD").ok()?;
        let commit = tree.name().commit().map(|commit| commit.id.clone());
        if self.head.commit != commit || self.head.builds.is_none() {
            self.head.commit = commit;
            let builds = rebuild(&tree, &self.request, &self.memory, &mut self.head.last);
            self.head.builds = builds.ok().map(Into::into);
        }
        self.head.builds.clone()
    }
}

/// Whether two looks came to the same: what a person or a program would be told is equal.
pub(super) fn is_same(one: &Result<Vec<BuildResult>, Failure>, other: &Result<Vec<BuildResult>, Failure>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_attempt(one, other))
        }
        (Err(Failure::Faults(one)), Err(Failure::Faults(other))) => are_same_faults(one, other),
        (Err(Failure::Error(one)), Err(Failure::Error(other))) => one.to_string() == other.to_string(),
        _ => false,
    }
}

fn is_same_attempt(one: &BuildResult, other: &BuildResult) -> bool {
    one.id == other.id
        && match (&one.result, &other.result) {
            (Ok(one), Ok(other)) => Arc::ptr_eq(one, other) || is_same_build(one, other),
            (Err(one), Err(other)) => are_same_faults(one, other),
            _ => false,
        }
}

/// Whether two builds that were made apart say the same.
fn is_same_build(one: &Build, other: &Build) -> bool {
    let said = |build: &Build| {
        let origins: Vec<_> = build.segments.iter().map(|segment| (&segment.id, &segment.origin)).collect();
        format!("{origins:?} {:?}", build.models)
    };
    (&one.chain, &one.settings, &one.provenance, &one.date, &one.cards)
        == (&other.chain, &other.settings, &other.provenance, &other.date, &other.cards)
        && are_same_faults(&one.warnings, &other.warnings)
        && said(one) == said(other)
}

fn are_same_faults(one: &[Diagnostic], other: &[Diagnostic]) -> bool {
    let said = |fault: &Diagnostic| format!("{fault:?}");
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| said(one) == said(other))
}
