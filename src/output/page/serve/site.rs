//! What the page asks about: the last round as a value, how it differs from a revision, how it came to be.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use super::answer::Answer;
use super::door::Refusal;
use crate::compare::history::{LogRequest, Order, log};
use crate::compare::range::Range;
use crate::compare::review::{ReviewRequest, review};
use crate::cost::cards::Date;
use crate::output::page::{Changes, Detail, Page, body, texts};
use crate::output::report::json;
use crate::output::report::log::LogReport;
use crate::output::report::watch::{failure, milliseconds};
use crate::pipeline::watch::Round;
use crate::pipeline::{Build, Memory};
use crate::syntax::error::Failure;
use crate::text::lint::secret::masked_json;
use crate::text::project::ContextId;
use crate::tree::Workspace;

/// So many commits of a context's history are shown.
const MAX_COMMITS: usize = 50;

/// What is served.
#[derive(Clone)]
pub struct Project {
    /// A folder of the project.
    pub start: PathBuf,
    /// Names of contexts; empty for every context and variant.
    pub contexts: Vec<String>,
    /// The day whose prices and rules hold for comparisons, so that their amounts compare.
    pub as_of: Date,
}

/// What stands behind the door.
pub(super) struct Site {
    project: Arc<Project>,
    rounds: watch::Receiver<Option<Arc<Shown>>>,
    /// Comparing and reading history take a while and a core; one at a time.
    work: Semaphore,
}

/// A round, and its value once somebody asked.
pub(super) struct Shown {
    round: Arc<Round>,
    json: OnceLock<Bytes>,
}

impl Shown {
    pub(super) fn new(round: Arc<Round>) -> Self {
        Self { round, json: OnceLock::new() }
    }

    pub(super) fn seq(&self) -> u64 {
        self.round.seq
    }

    /// The value of the page.
    pub(super) fn json(&self) -> Bytes {
        self.json.get_or_init(|| page(&self.round).json().into()).clone()
    }

    /// What the value leaves out of its context of this number.
    pub(super) fn detail(&self, number: usize) -> Option<Bytes> {
        Some(self.numbered(&Detail::of(builds(&self.round).get(number)?)))
    }

    /// The request body of a model of a context, both by their numbers.
    pub(super) fn body(&self, number: usize, model: usize) -> Option<Bytes> {
        Some(self.numbered(&body(builds(&self.round).get(number)?, model)?))
    }

    /// The texts that the value leaves out, and which of them each context holds: its segments, by name and digest.
    pub(super) fn texts(&self) -> Bytes {
        let builds = builds(&self.round);
        let named = |build: &&Build| -> Vec<[String; 2]> {
            let segments = build.segments.iter().zip(&build.chain.digests);
            segments.map(|(segment, digest)| [segment.id.clone(), digest.to_string()]).collect()
        };
        let segments: Vec<_> = builds.iter().map(named).collect();
        self.numbered(&serde_json::json!({ "texts": texts(builds), "segments": segments }))
    }

    /// A value with the number of the build that it is of, so that a page does not mix two.
    fn numbered(&self, value: &impl Serialize) -> Bytes {
        #[derive(Serialize)]
        struct Numbered<'a, T> {
            seq: u64,
            #[serde(flatten)]
            value: &'a T,
        }
        let text = serde_json::to_string(&Numbered { seq: self.seq(), value }).unwrap_or_default();
        masked_json(&text).into_owned().into()
    }
}

impl Site {
    pub(super) fn new(project: Project, rounds: watch::Receiver<Option<Arc<Shown>>>) -> Self {
        Self { project: Arc::new(project), rounds, work: Semaphore::new(1) }
    }

    pub(super) fn rounds(&self) -> watch::Receiver<Option<Arc<Shown>>> {
        self.rounds.clone()
    }

    /// What of the last round was asked for; waits for the first one.
    pub(super) async fn shown(&self, what: impl FnOnce(&Shown) -> Option<Bytes> + Send + 'static) -> Answer {
        let mut rounds = self.rounds.clone();
        let shown = match rounds.wait_for(Option::is_some).await {
            Ok(shown) => shown.clone(),
            Err(_) => None,
        };
        let Some(shown) = shown else { return Answer::busy() };
        match tokio::task::spawn_blocking(move || what(&shown)).await {
            Ok(Some(json)) => Answer::json(json),
            Ok(None) => Refusal::Absent.into(),
            Err(_) => Answer::busy(),
        }
    }

    /// What `diff BASE` says: its figures, and the same in words.
    pub(super) async fn difference(&self, base: String) -> Answer {
        self.worked_out(move |project| difference(project, base)).await
    }

    /// What `log CONTEXT --format json` says of the last commits.
    pub(super) async fn history(&self, context: String) -> Answer {
        self.worked_out(move |project| history(project, &context)).await
    }

    async fn worked_out(&self, work: impl FnOnce(&Project) -> Result<String, Failure> + Send + 'static) -> Answer {
        let Ok(_turn) = self.work.acquire().await else { return Answer::busy() };
        let project = self.project.clone();
        match tokio::task::spawn_blocking(move || work(&project)).await {
            Ok(Ok(json)) => Answer::json(json.into()),
            Ok(Err(failure)) => failure.into(),
            Err(_) => Answer::busy(),
        }
    }
}

/// The page of a round. What is broken stands beside the last good build of it, which says so.
fn page(round: &Round) -> Page<'_> {
    let page = match &round.outcome {
        Ok(attempts) => Page::with_last_good(attempts, |id| round.before.get(id).map(|build| &**build)),
        Err(_) => Page::broken(&failure(round), builds(round)),
    };
    page.served(round.seq, milliseconds(round), round.root.display().to_string())
}

/// The builds that the page of a round shows, in its order.
fn builds(round: &Round) -> Vec<&Build> {
    let before = |id: &ContextId| round.before.get(id).map(|build| &**build);
    match &round.outcome {
        Ok(attempts) => attempts.iter().filter_map(|tried| tried.build().or_else(|| before(&tried.id))).collect(),
        Err(_) => {
            let mut last: Vec<&Build> = round.before.values().map(|build| &**build).collect();
            last.sort_by(|one, other| one.id.cmp(&other.id));
            last
        }
    }
}

fn difference(project: &Project, base: String) -> Result<String, Failure> {
    let workspace = Workspace::find(&project.start)?;
    let sides = Range::Since(base).open(&workspace, None)?;
    let request = ReviewRequest { contexts: project.contexts.clone(), as_of: project.as_of, shard: None, whole: false };
    Ok(Changes::new(&review(&sides, &request)?).json())
}

fn history(project: &Project, context: &str) -> Result<String, Failure> {
    let workspace = Workspace::find(&project.start)?;
    let request = LogRequest {
        id: ContextId::parse(context),
        as_of: project.as_of,
        models: Vec::new(),
        limit: Some(MAX_COMMITS),
        order: Order::Date,
        follow: false,
        first_parent: false,
    };
    let log = log(workspace.commit("HEAD")?, None, &request, None, Memory::default())?;
    Ok(json(&LogReport::new(&request.id, request.as_of, &log)))
}
