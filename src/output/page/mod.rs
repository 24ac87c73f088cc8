//! The page: a project's prompts in a browser, as a tool and not as a print-out.
//!
//! ```text
//! [BuildResult] ──figures──▶ what `build --format json` says ──┐
//! [Build]   ──prompt───▶ notes; Detail: texts, call rates  ├──▶ Page ──▶ page.json, or one frozen file
//! [Chain]   ──sharing──▶ which contexts begin alike        ┘
//! ```
//!
//! A [`Page`] is a value. `app/` draws it in the browser and computes nothing that Rust computes: every
//! figure on the screen is in the value. The same app runs in two modes. *Frozen*, the value lies
//! in the file beside it ([`frozen`]); *live*, a server hands out [`assets`] and the value, and tells
//! of each new build by an event; there the value leaves out what is large, each prompt's [`Detail`], until that prompt
//! is looked at. `docs/page.md` has both, and how to read the page.
//!
//! Whatever the repository controls reaches the document as text, never as mark-up.

mod assets;
mod bill;
mod bodies;
mod curve;
mod prompt;
mod sharing;
pub mod serve;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use assets::{Asset, assets, frozen};
pub use bill::bill;
pub use bodies::{Body, Piece, body};
pub use curve::Point;
pub use prompt::{ModelNote, Prompt};
pub use sharing::Stem;

use crate::compare::review::Review;
use crate::cost::cards::Day;
use crate::output::record::{BuiltContext, DiagnosticRecord};
use crate::output::report::build::{BrokenContext, BuildReport};
use crate::output::report::diff::{self, DiffReport, Sheet};
use crate::output::report::eval::Recorded;
use crate::output::report::log::LogReport;
use crate::output::report::top::{self, TopRow};
use crate::pipeline::{Build, BuildResult};
use crate::prompt::segment::{Kind, Part, Role};
use crate::syntax::diag::Diagnostic;
use crate::text::lint::secret::{masked, masked_json};
use crate::text::project::ContextId;

/// The format of the value.
pub const SCHEMA: &str = "contexture.page/1";

/// The most rows of the dearest contexts.
const TOP: usize = 40;

/// Everything that a page shows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<'a> {
    /// `contexture.page/1`.
    pub schema: &'static str,
    /// The figures, as `build --format json` says them. Live, a context that is broken now stands in
    /// `broken`, and its last good build, if there was one, in `contexts`; their `segments` and `models` are empty, until
    /// the page asks for those of one.
    pub build: BuildReport<'a>,
    /// What the page shows beside the figures: one for each of `build.contexts`, in their order. Live without `segments`
    /// and `models`, too.
    pub prompts: Vec<Prompt>,
    /// The parts of every segment, by its digest, so that what contexts share is here once; empty in a page that is
    /// served, which asks for them.
    pub texts: Texts,
    /// The dearest of them, as `top --format json` has its rows.
    pub top: Vec<TopRow<'a>>,
    /// How many rows `top` has with all contexts.
    pub top_rows: usize,
    /// The models that their vendor gives up, the earliest first.
    pub deprecated: Vec<Deprecated>,
    /// Which contexts begin alike, as a tree; parents before their children.
    pub sharing: Vec<Stem>,
    /// What a change does; null where none was asked for.
    pub changes: Option<Changes<'a>>,
    /// What recorded answers say of the contexts of this page; null where none is evaluated, and where it is served.
    pub evaluation: Option<Recorded<'a>>,
    /// The history of one context; null where none was asked for.
    pub history: Option<LogReport<'a>>,
    /// What is wrong with the project as a whole, when no context could be tried.
    pub failure: Vec<DiagnosticRecord>,
    /// What only a page that is served knows; null in a file.
    pub live: Option<Live>,
}

/// The parts of segments, by their digests.
pub type Texts = BTreeMap<String, Vec<TextRecord>>;

/// What a page shows of a prompt that is looked at: of most in a large project, nobody does.
#[derive(Debug, Serialize)]
pub struct Detail<'a> {
    /// The parts of its segments.
    pub texts: Texts,
    /// Its figures.
    pub figures: BuiltContext<'a>,
    /// What is shown beside them, with what a call costs at other rates.
    pub prompt: Prompt,
}

/// A model that its vendor gives up.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Deprecated {
    /// The day from which it counts as deprecated; requests may fail from then on.
    pub day: Day,
    /// Its name in its card.
    pub model: String,
    /// What its vendor names in its place.
    pub successor: Option<String>,
    /// How many contexts are built for it.
    pub contexts: usize,
}

/// A part of a segment as the model sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TextRecord {
    /// Who speaks.
    pub role: Role,
    /// What it is.
    pub kind: Kind,
    /// The text; for a hole, its name.
    pub text: String,
}

/// Two states of a project compared.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes<'a> {
    /// The figures, as `diff --format json` says them.
    pub report: DiffReport<'a>,
    /// What is said of them, in order.
    pub sheet: Sheet,
}

/// What only a page that is served knows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Live {
    /// Which build it is, from 1.
    pub seq: u64,
    /// Milliseconds from the first change that was noticed to the end of the build.
    pub ms: u64,
    /// The project's folder on this machine, so that a place in a file can be opened in an editor.
    pub root: String,
}

impl<'a> Page<'a> {
    /// The page of what was tried, with the detail of every prompt.
    pub fn new(attempts: &'a [BuildResult]) -> Self {
        let mut page = Self::with_last_good(attempts, |_| None);
        let builds: Vec<&Build> = attempts.iter().filter_map(BuildResult::build).collect();
        page.texts = texts(builds.iter().copied());
        for (prompt, build) in page.prompts.iter_mut().zip(&builds) {
            prompt.set_points(curve::curves(build));
        }
        bodies::add(&mut page.prompts, &builds);
        page
    }

    /// The page of what was tried, with the last good build of a context that is broken now.
    pub fn with_last_good(attempts: &'a [BuildResult], last_good: impl Fn(&ContextId) -> Option<&'a Build>) -> Self {
        let mut broken = Vec::new();
        let mut builds = Vec::new();
        for attempt in attempts {
            match &attempt.result {
                Ok(build) => builds.push((&**build, false)),
                Err(faults) => {
                    broken.push(BrokenContext::of(&attempt.id, faults));
                    builds.extend(last_good(&attempt.id).map(|build| (build, true)));
                }
            }
        }
        Self::of(&builds, broken)
    }

    /// A page of a project that is broken as a whole, and of its last good builds.
    pub fn broken(faults: &[Diagnostic], last_good: impl IntoIterator<Item = &'a Build>) -> Self {
        let builds: Vec<(&Build, bool)> = last_good.into_iter().map(|build| (build, true)).collect();
        Self { failure: DiagnosticRecord::all(faults), ..Self::of(&builds, Vec::new()) }
    }

    /// The page of a comparison.
    pub fn of_changes(review: &'a Review) -> Self {
        Self { changes: Some(Changes::new(review)), ..Self::of(&[], Vec::new()) }
    }

    /// The page of a context's history.
    pub fn of_history(history: LogReport<'a>) -> Self {
        Self { history: Some(history), ..Self::of(&[], Vec::new()) }
    }

    /// The same page, served: its build has a number and took `ms` milliseconds, and the project lies
    /// in the folder `root`. What only a prompt that is looked at needs is left out.
    pub fn served(mut self, seq: u64, ms: u64, root: String) -> Self {
        for (figures, prompt) in self.build.contexts.iter_mut().zip(&mut self.prompts) {
            (figures.context.segments, figures.context.models) = Default::default();
            (prompt.segments, prompt.models) = Default::default();
        }
        Self { live: Some(Live { seq, ms, root }), ..self }
    }

    /// The page of builds, each with whether it is stale, and of what is broken.
    fn of(builds: &[(&'a Build, bool)], broken: Vec<BrokenContext<'a>>) -> Self {
        let fresh = builds.iter().filter(|(_, is_stale)| !is_stale).map(|(build, _)| *build);
        let shown: Vec<&Build> = builds.iter().map(|(build, _)| *build).collect();
        let mut top = top::rows(fresh.clone());
        let top_rows = top.len();
        top.truncate(TOP);
        Self {
            schema: SCHEMA,
            // What is stale is shown, and in no sum.
            build: BuildReport { totals: top::sums(fresh.clone()), ..BuildReport::of(&shown, broken) },
            prompts: builds.iter().map(|(build, is_stale)| Prompt::of(build, *is_stale)).collect(),
            texts: Texts::new(),
            top,
            top_rows,
            deprecated: deprecated(fresh),
            sharing: sharing::stems(&shown),
            changes: None,
            evaluation: None,
            history: None,
            failure: Vec::new(),
            live: None,
        }
    }

    /// As JSON on one line.
    pub fn json(&self) -> String {
        // Records are plain data with text keys, which serialise to memory without fail.
        masked_json(&serde_json::to_string(self).unwrap_or_default()).into_owned()
    }
}

impl<'a> Detail<'a> {
    /// What there is to see of a prompt.
    pub fn of(build: &'a Build) -> Self {
        let mut prompt = Prompt::of(build, false);
        prompt.set_points(curve::curves(build));
        Self { texts: texts([build]), figures: BuiltContext::of(build), prompt }
    }
}

/// What the segments of these builds hold.
pub fn texts<'a>(builds: impl IntoIterator<Item = &'a Build>) -> Texts {
    let mut texts = Texts::new();
    for (segment, digest) in builds.into_iter().flat_map(|build| build.segments.iter().zip(&build.chain.digests)) {
        texts.entry(digest.to_string()).or_insert_with(|| {
            let text = |part: &Part| masked(part.identity()).into_owned();
            let part = |part: &Part| TextRecord { role: part.role, kind: part.kind, text: text(part) };
            segment.parts.iter().map(part).collect()
        });
    }
    texts
}

/// The models of these builds that have a day from which they count as deprecated.
fn deprecated<'a>(builds: impl Iterator<Item = &'a Build>) -> Vec<Deprecated> {
    let mut found: BTreeMap<&str, Deprecated> = BTreeMap::new();
    for card in builds.flat_map(|build| &build.models).map(|model| &model.card) {
        let Some(fact) = &card.facts.deprecated else { continue };
        let successor = card.facts.successor.as_ref().map(|fact| fact.value.value.to_string());
        let model = card.name.to_string();
        let first = || Deprecated { day: fact.value, model, successor, contexts: 0 };
        found.entry(&card.name).or_insert_with(first).contexts += 1;
    }
    let mut found: Vec<Deprecated> = found.into_values().collect();
    found.sort_unstable();
    found
}

impl<'a> Changes<'a> {
    /// What a page tells of a review.
    pub fn new(review: &'a Review) -> Self {
        Self { report: DiffReport::new(review), sheet: diff::sheet(review) }
    }

    /// As JSON on one line.
    pub fn json(&self) -> String {
        masked_json(&serde_json::to_string(self).unwrap_or_default()).into_owned()
    }
}
