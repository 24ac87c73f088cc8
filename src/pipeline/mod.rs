//! The pipeline: a tree and a request to builds, one statement a stage.
//!
//! This is the one place where the two wings meet: text becomes segments, segments become digests,
//! counts and breakpoints. Contexts are independent of each other, so a broken one leaves the others
//! built, and they are built side by side. A [`Memory`] carries what can be carried from one build to
//! the next, and changes nothing else.

pub mod shard;
pub mod provenance;
pub mod tokenizers;
pub mod measured;
pub mod model;
mod memory;
pub mod fits;
pub mod bodies;
pub mod lock;
pub mod watch;

use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::cost::budget::BudgetResult;
use crate::cost::cards::{Cards, Date, day_of};
use crate::cost::count::{Counts, count};
use crate::cost::parts::{MonthParts, month_parts};
use crate::cost::terms::Terms;
use crate::cost::tokens::Encoding;
use crate::cost::traffic::Traffic;
use crate::pipeline::measured::{COUNTS_FILE, CountedPrompt, MeasuredCounts};
use crate::pipeline::model::{Base, LeftOut, ModelBuild, check_keys, find_cards, settings_digest};
use crate::pipeline::provenance::Provenance;
use crate::pipeline::shard::Shard;
use crate::pipeline::tokenizers::tokenizers;
use crate::prompt::chain::{self, Chain, Digest, DistinctTexts};
use crate::prompt::segment::Segment;
use crate::syntax::decode::Spanned;
use crate::syntax::diag::{self, Diagnostic, Faults, Severity, refill_near_steps};
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::MAX_RUN_TEXT_BYTES;
use crate::syntax::manifest;
use crate::syntax::quantity::{Rate, Share};
use crate::syntax::source::{ProjectPath, Span};
use crate::text::compose::{TEMPLATES, compose};
use crate::text::fragment::{Fragments, Reader, Unreadable};
use crate::text::lint;
use crate::text::project::{Candidate, ContextId, Layers, Project};
use crate::text::resolve::{Plan, described, resolve};
use crate::text::template::Library;
use crate::tree::{CachedTree, ReadError, Reads, Tree};

pub use memory::{LastBuilds, Memory};

/// The project's own prices and models.
pub const PRICES_FILE: &str = "prices.yaml";

/// The files that figures of every context depend on, beside its own.
pub const SHARED_FILES: [&str; 2] = [PRICES_FILE, COUNTS_FILE];

/// What to build, and for which day.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Names of contexts; empty for every context and variant.
    pub contexts: Vec<String>,
    /// The day whose prices and rules apply; that of the commit when it is not given.
    pub as_of: Option<Date>,
    /// Build for these models instead of those in the manifests.
    pub models: Vec<String>,
    /// How often contexts are called, instead of what the manifests declare.
    pub calls: Option<Rate>,
    /// Build only what of it is in this part.
    pub shard: Option<Shard>,
    /// Look for lints too. What they find changes no bundle and no figure, and it takes longer than
    /// counting.
    pub lints: bool,
    /// Leave what providers counted aside.
    pub estimates: bool,
}

/// One context, built.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its name.
    pub id: ContextId,
    /// What the manifest came to.
    pub plan: Plan,
    /// The prompt, piece by piece.
    pub segments: Vec<Segment>,
    /// Their digests.
    pub chain: Chain,
    /// The digest of model settings and output schema.
    pub settings: Digest,
    /// What was read.
    pub reads: Reads,
    /// What the text is equal to.
    pub provenance: Provenance,
    /// The day whose prices and rules apply.
    pub date: Date,
    /// The digest of the card set.
    pub cards: String,
    /// Counts by o200k_base.
    pub counts: Counts,
    /// What is different for each model.
    pub models: Vec<ModelBuild>,
    /// Warnings and notes. With an error the answer about this build is no, or open: a lint that is denied, a budget, a
    /// window, a body that its model would refuse.
    pub warnings: Vec<Diagnostic>,
    /// What denied lints had found at the base already, where one was given; it stops nobody.
    pub denied_before: Vec<Diagnostic>,
    /// Bodies that are not written, once they were tried.
    pub left_out: Vec<LeftOut>,
}

/// What a run answers, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Fine.
    Yes,
    /// Something is over its limit, denied or refused.
    No,
    /// Something could not be built, or what is limited is not known.
    Open,
}

impl Build {
    /// How much worse a budget that failed before may get: `ratchet_slack`, nothing by default.
    pub fn ratchet_slack(&self) -> Share {
        let budgets = self.plan.manifest.budgets.as_ref();
        budgets.and_then(|budgets| budgets.ratchet_slack.as_ref()).map_or(Share::default(), |slack| slack.value)
    }

    /// What makes the answer no, or leaves it open.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.warnings.iter().filter(|warning| warning.severity == Severity::Error)
    }

    /// The answer about this build.
    pub fn answer(&self) -> Answer {
        let answers = self.errors().map(|error| if error.is_open { Answer::Open } else { Answer::No });
        answers.max().unwrap_or(Answer::Yes)
    }

    /// The traffic that the manifest declares.
    pub fn traffic(&self) -> Option<Traffic> {
        self.plan.manifest.traffic.as_ref().and_then(Traffic::declared)
    }

    /// What a month with one of its models is made of; `None` without traffic or a price.
    pub fn month_parts(&self, model: &ModelBuild) -> Option<MonthParts> {
        let ((rules, batch), traffic) = (model.priced(self.date), self.traffic());
        let terms = Terms { model: &rules, batch: batch.as_ref(), traffic: traffic.as_ref(), tokens: &model.tokens };
        month_parts(&model.layout, &terms, model.bill.month?)
    }

    /// The budgets, of models that the other build has as estimates by estimates.
    pub fn budgets_beside(&self, other: Option<&Self>) -> Vec<&BudgetResult> {
        let twin = |model: &ModelBuild| {
            other.and_then(|other| other.models.iter().find(|twin| twin.card.name == model.card.name))
        };
        let seen = self.models.iter().map(|model| twin(model).map_or(model, |twin| model.beside(twin)));
        seen.flat_map(|model| &model.budgets).collect()
    }

    /// The budgets, each for each model.
    pub fn budgets(&self) -> impl Iterator<Item = &BudgetResult> {
        self.models.iter().flat_map(|model| &model.budgets)
    }
}

/// A context that was tried.
#[derive(Debug, Clone)]
pub struct BuildResult {
    /// Its name.
    pub id: ContextId,
    /// The build, or every fault.
    pub result: Result<Arc<Build>, Vec<Diagnostic>>,
}

impl BuildResult {
    /// The answer about it.
    pub fn answer(&self) -> Answer {
        self.build().map_or(Answer::Open, Build::answer)
    }

    /// The build, if it came to one.
    pub fn build(&self) -> Option<&Build> {
        self.result.as_deref().ok()
    }
}

/// What all contexts of a run share: one tree, opened once.
pub struct Pipeline<'a> {
    /// Its files.
    pub(crate) fragments: &'a Fragments<'a>,
    /// Its manifests.
    pub(crate) project: Project<'a>,
    /// Its templates.
    pub(crate) library: Library<'a>,
    /// The names of its templates.
    pub(crate) templates: Arc<[ProjectPath]>,
    /// The commit below its tree.
    base: Option<CachedTree<'a>>,
    cards: Cards,
    cards_digest: String,
    counted: MeasuredCounts,
    date: Date,
    models: &'a [String],
    calls: Option<Rate>,
    lints: bool,
    memory: &'a Memory,
    texts: DistinctTexts,
}

/// Builds the contexts that the request names, side by side, sorted by name.
///
/// # Errors
/// When a name is unknown, the project file is broken, or the tree cannot be read. Faults of a
/// single context are in its [`BuildResult`].
pub fn build_all(tree: &dyn Tree, request: &Request) -> Result<Vec<BuildResult>, Failure> {
    build_remembering(tree, request, &Memory::default())
}

/// [`build_all`] with the memory of earlier builds.
///
/// # Errors
/// As [`build_all`].
pub fn build_remembering(tree: &dyn Tree, request: &Request, memory: &Memory) -> Result<Vec<BuildResult>, Failure> {
    rebuild(tree, request, memory, &mut LastBuilds::default())
}

/// [`build_remembering`], once more: a context for which nothing has changed is the last build of it.
///
/// # Errors
/// As [`build_all`].
pub fn rebuild(
    tree: &dyn Tree,
    request: &Request,
    memory: &Memory,
    last: &mut LastBuilds,
) -> Result<Vec<BuildResult>, Failure> {
    build_from(&Fragments::sharing(tree, &memory.fragments), request, memory, last)
}

/// [`rebuild`], from a tree that is opened.
pub(crate) fn build_from(
    fragments: &Fragments<'_>,
    request: &Request,
    memory: &Memory,
    last: &mut LastBuilds,
) -> Result<Vec<BuildResult>, Failure> {
    let pipeline = Pipeline::open(fragments, request, memory)?;
    let candidates = pipeline.project.contexts(&request.contexts)?;
    if candidates.is_empty() {
        return Err(nothing_to_build().into());
    }
    let is_here = |candidate: &Candidate| request.shard.is_none_or(|shard| shard.holds(&candidate.id.name));
    last.begin(&pipeline, request);
    let unchanged = |id: &ContextId| last.build(id, fragments).cloned();
    let attempts = candidates.into_par_iter().filter(is_here).map(|candidate| match unchanged(&candidate.id) {
        Some(build) if candidate.layers.is_ok() => BuildResult { id: candidate.id, result: Ok(build) },
        _ => pipeline.attempt(candidate),
    });
    let attempts: Vec<BuildResult> = attempts.collect();
    last.end(&attempts);
    Ok(attempts)
}

/// The error of a project without a context.
fn nothing_to_build() -> Error {
    let cure = "write a manifest below contexts/, or let `contexture init` write one";
    Error::usage("there is no context to build", cure)
}

impl<'a> Pipeline<'a> {
    /// Reads the project file, the prices, the counts of providers and the names of templates.
    ///
    /// # Errors
    /// When one of them is broken, or the tree cannot be read.
    pub fn open(fragments: &'a Fragments<'a>, request: &'a Request, memory: &'a Memory) -> Result<Self, Failure> {
        refill_near_steps();
        let project = Project::open(fragments)?;
        let cards = cards(fragments)?;
        let (counted, faults) = MeasuredCounts::of(fragments)?;
        if !faults.is_empty() && !request.estimates {
            return Err(faults.into());
        }
        let date = request
            .as_of
            .or_else(|| fragments.tree().name().commit().map(|commit| day_of(commit.time)))
            .unwrap_or_else(|| cards.as_of());
        let templates = templates(fragments)?;
        Ok(Self {
            fragments,
            project,
            library: library(fragments, &templates),
            templates,
            base: fragments.tree().base().map(CachedTree::new),
            cards_digest: cards.digest(),
            cards,
            counted: if request.estimates { MeasuredCounts::default() } else { counted },
            date,
            models: &request.models,
            calls: request.calls,
            lints: request.lints,
            memory,
            texts: DistinctTexts::default(),
        })
    }

    /// Builds one context.
    pub fn attempt(&self, candidate: Candidate) -> BuildResult {
        let Candidate { id, manifest: _, layers } = candidate;
        let result = layers.and_then(|layers| self.build(&layers)).map(Arc::new);
        BuildResult { id, result }
    }

    fn build(&self, layers: &Layers) -> Result<Build, Vec<Diagnostic>> {
        let reader = Reader::continuing(self.fragments, layers.reads.clone());
        let mut faults = Faults::new();
        faults.extend(layers.pending.iter().cloned());
        // Cards and counts are shared by all contexts, and yet each of them depends on the project's own.
        for path in SHARED_FILES {
            let _ = reader.read(&ProjectPath::literal(path));
        }

        let plan = resolve(layers, &reader, &example_size, &mut faults);
        let Some(mut plan) = plan else { return Err(faults.into_vec()) };
        if let Some(calls) = self.calls {
            let span = plan.manifest.span.clone();
            let calls = Some(Spanned { value: calls, span: span.clone() });
            let bare = manifest::Traffic {
                calls: None,
                hours: None,
                hit_rate: None,
                deploys: None,
                replicas: None,
                batch: None,
                span,
            };
            plan.manifest.traffic = Some(manifest::Traffic { calls, ..plan.manifest.traffic.take().unwrap_or(bare) });
        }
        let mut segments = compose(&plan, &self.library, &reader, &mut faults);
        let settings = settings_digest(&plan, &mut faults);
        lint::check_levels(&plan.manifest.lints, &mut faults);
        let cards = find_cards(&self.cards, self.models, &plan, &mut faults);
        if self.models.is_empty() {
            check_keys(&self.cards, &cards, &plan, &mut faults);
        }
        let (Some(settings), false) = (settings, faults.has_errors()) else { return Err(faults.into_vec()) };
        let chain = chain::link_with(&mut segments, &self.memory.digests, &self.texts);
        if self.texts.bytes() > MAX_RUN_TEXT_BYTES {
            let message = format!(
                "with this context, the prompts of this run hold more than {MAX_RUN_TEXT_BYTES} bytes of different texts; \
                 that is the limit"
            );
            let fault = Diagnostic::error("too-large", message).at(&plan.manifest.span);
            return Err(vec![fault.hint("build fewer contexts at once: name them, or use --shard")]);
        }
        let tokenizers = tokenizers(&cards, &plan, &reader, &self.memory.counts, &mut faults);
        let (counts, own) = count(&segments, &chain.digests, &tokenizers.distinct, &self.memory.counts);
        let base = Base {
            date: self.date,
            cards: &self.cards,
            plan: &plan,
            segments: &segments,
            counts: &counts,
            lints: self.lints,
            measured: Some(CountedPrompt { counts: &self.counted, id: &plan.id, full: chain.full(), settings }),
        };
        let mut said = Vec::new();
        let models = base.models(cards, &tokenizers, &own, &mut said);
        said.extend(model::default_limit(&plan, &models));
        diag::once(&mut said);
        let reads = reader.reads();
        let base = self.base.as_ref().map(|base| base as &dyn Tree);
        let provenance = match Provenance::of(self.fragments.tree().name(), base, &reads) {
            Ok(provenance) => provenance,
            Err(error) => {
                return Err(vec![Diagnostic::error("repository", error.to_string()).in_file(&plan.manifest_path)]);
            }
        };

        let mut warnings = faults.into_result(())?.warnings;
        warnings.extend(said);
        if self.lints {
            let (digests, day) = (&chain.digests, self.date.to_string());
            let subject = lint::Subject {
                plan: &plan,
                segments: &segments,
                digests,
                reads: &reads,
                fragments: self.fragments,
                day: &day,
            };
            warnings.extend(lint::lint(&subject, &self.memory.linted));
        }
        let warnings = lint::apply_levels(warnings, &plan.manifest.lints);
        Ok(Build {
            id: plan.id.clone(),
            plan,
            segments,
            chain,
            settings,
            reads,
            provenance,
            date: self.date,
            cards: self.cards_digest.clone(),
            counts,
            models,
            warnings,
            denied_before: Vec::new(),
            left_out: Vec::new(),
        })
    }
}

/// What an example weighs against `pick: {tokens: …}`: the o200k_base tokens of its turns.
pub(crate) fn example_size(example: &crate::text::examples::Example) -> u64 {
    example.turns.iter().map(|turn| Encoding::O200kBase.count(&turn.text)).sum()
}

/// The templates of the project.
fn templates(fragments: &Fragments) -> Result<Arc<[ProjectPath]>, Error> {
    fragments.list(&ProjectPath::literal(TEMPLATES))
}

/// The templates of the project, read on first use.
fn library<'a>(fragments: &'a Fragments<'a>, templates: &[ProjectPath]) -> Library<'a> {
    let below = |path: &ProjectPath| path.as_str()[TEMPLATES.len() + 1..].to_owned();
    Library::new(templates.iter().map(below), |path| match fragments.read(path) {
        Ok(fragment) => Ok(Some(Span::new(&fragment.source, fragment.body.start, fragment.body.end))),
        Err(Unreadable::Read(ReadError::Absent)) => Ok(None),
        Err(Unreadable::Read(error)) => Err(error.to_string()),
        Err(Unreadable::Content(faults)) => Err(faults.first().map_or_else(String::new, |fault| fault.message.clone())),
    })
}

/// The built-in cards with the project's own prices laid over them.
pub fn cards(fragments: &Fragments) -> Result<Cards, Failure> {
    let cards = Cards::built_in();
    let path = ProjectPath::literal(PRICES_FILE);
    let reader = Reader::new(fragments);
    match reader.read(&path) {
        Ok(fragment) => {
            let mut faults = Faults::new();
            let cards = cards.with_overrides(&fragment.source, &mut faults);
            Ok(faults.into_result(cards)?.value)
        }
        Err(Unreadable::Read(ReadError::Absent)) => Ok(cards),
        Err(Unreadable::Read(ReadError::World(error))) => Err(error.into()),
        Err(Unreadable::Read(error)) => {
            Err(Diagnostic::error("unreadable-fragment", error.to_string()).in_file(&path).into())
        }
        Err(Unreadable::Content(faults)) => Err(faults.into()),
    }
}

/// A context and the files that its prompt is made of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Usage {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: ContextId,
    /// What the manifest says it is for.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Every file that was read, or the faults because of which that is not known. Printed is whether there are any.
    #[serde(rename = "broken", serialize_with = "is_err")]
    #[schemars(with = "bool")]
    pub faults: Result<Vec<ProjectPath>, Vec<Diagnostic>>,
}

fn is_err<T, E, S: Serializer>(result: &Result<T, E>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(result.is_err())
}

/// Every context, or those that read the file `uses`. A broken context is listed either way: it may
/// well use the file.
pub fn list(tree: &dyn Tree, uses: Option<&ProjectPath>) -> Result<Vec<Usage>, Failure> {
    let fragments = Fragments::new(tree);
    let project = Project::open(&fragments)?;
    let library = library(&fragments, &templates(&fragments)?);
    let usages = project.contexts(&[])?.into_par_iter().map(|Candidate { id, manifest: _, layers }| {
        let layers = match layers {
            Ok(layers) => layers,
            Err(faults) => return Usage { id, description: None, owner: None, faults: Err(faults) },
        };
        let own = layers.own();
        let text = |key: &str| own.get(key).and_then(|node| node.as_text()).map(|text| text.to_string());
        let reader = Reader::continuing(&fragments, layers.reads.clone());
        let mut faults = Faults::new();
        if uses.is_some()
            && let Some(plan) = resolve(&layers, &reader, &example_size, &mut faults)
        {
            compose(&plan, &library, &reader, &mut faults);
        }
        let read = reader.reads().files.into_iter().filter_map(|(path, blob)| blob.map(|_| path)).collect();
        let faults = if faults.has_errors() { Err(faults.into_vec()) } else { Ok(read) };
        let description = text("description").or_else(|| Some(described(&layers, &reader)?.value.to_string()));
        Usage { id, description, owner: text("owner"), faults }
    });
    let usages: Vec<Usage> = usages.collect();
    let wanted = |usage: &Usage| match (uses, &usage.faults) {
        (Some(path), Ok(read)) => read.contains(path),
        _ => true,
    };
    Ok(usages.into_iter().filter(wanted).collect())
}
