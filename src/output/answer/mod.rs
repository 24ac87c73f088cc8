//! What `build` and `check` say of each context: worked out now, or kept from an earlier run.
//!
//! ```text
//! context ──asked──▶ what it read last time ──tree──▶ ids ──key──▶ kept? ──▶ Summary
//!                                                         └─ no ──▶ Build ──▶ Summary, kept for later
//! ```
//!
//! A build is a function of what it reads and of a few values that all contexts share. So the store
//! keeps for each context which questions it asked the tree, and, by those questions with their
//! answers, what there was to say (`ledger.rs`). When the tree gives the same answers again, no text is
//! read, rendered, counted or priced. A [`Summary`] is the one value that the reports are made from,
//! whichever way it came; what it stands on in git is told anew each time, since a commit changes
//! that and nothing else.

mod kept;
mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cost::budget::BudgetResult;
use crate::cost::tokens::Basis;
use crate::output::record::{BuiltContext, SourceRecord};
use crate::pipeline::model::ModelBuild;
use crate::pipeline::provenance::Provenance;
use crate::pipeline::{Build, BuildResult, Memory, Pipeline, Request, build_remembering, nothing_to_build};
use crate::prompt::chain::Digest;
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::Failure;
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;
use crate::text::fragment::Fragments;
use crate::text::project::{Candidate, ContextId, Expansion, manifest_name};
use crate::tree::Tree;
use crate::tree::store::{Key, Store};

use ledger::{Draft, Ledger, Subject};

/// What is said of one context.
#[derive(Debug)]
pub struct Answer {
    /// Its name.
    pub id: ContextId,
    /// What there is to say, or every fault.
    pub result: Result<Summary, Vec<Diagnostic>>,
    /// The build, where this run made it.
    pub build: Option<Arc<Build>>,
    /// What the store finds it by.
    name: Option<Key>,
    /// What is kept of it, if all ends well.
    draft: Option<Draft>,
}

/// A build in the values that the reports are made from.
#[derive(Debug, Clone)]
pub struct Summary {
    /// What the text stands on.
    pub provenance: Provenance,
    /// Digests, counts, money.
    pub figures: Figures,
    /// Every budget, model by model.
    pub budgets: Vec<BudgetResult>,
    /// Warnings and notes, and what lints deny.
    pub warnings: Vec<Diagnostic>,
    /// The context in JSON, where that was asked for.
    pub record: Option<BuiltContext>,
}

/// A context in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// The digest of everything before the first input or history.
    pub prefix: Digest,
    /// The digest of model settings and output schema.
    pub settings: Digest,
    /// How many segments there are.
    pub segments: usize,
    /// Tokens of all text by o200k_base.
    pub text_tokens: u64,
    /// The same before the first input or history.
    pub prefix_tokens: u64,
    /// What is different for each model.
    pub models: Vec<ModelFigures>,
}

/// A context as one model sees it, in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelFigures {
    /// The name in the manifest.
    pub name: String,
    /// The name of its card.
    pub card: String,
    /// Tokens of the request.
    pub tokens: u64,
    /// What the count is.
    pub basis: Basis,
    /// Input tokens that a warm call reads from the cache.
    pub read: u64,
    /// A call that finds nothing in the cache.
    pub cold: Option<Usd>,
    /// A call that finds everything there.
    pub warm: Option<Usd>,
    /// A call at the declared traffic.
    pub expected: Option<Usd>,
    /// A month at the declared traffic.
    pub month: Option<Usd>,
    /// Whether third parties alone report its prices.
    pub is_priced_by_others: bool,
    /// Whether sources disagree on a figure of its card.
    pub is_disputed: bool,
}

/// What a run wants to know, and when an answer of an earlier one will do.
pub struct Wish<'a> {
    /// Whether contexts are wanted in JSON.
    pub record: bool,
    /// The mildest warnings that are shown. Of a kept answer, those milder are told of without a place:
    /// to find it, their file would have to be read.
    pub shown: Severity,
    /// Whether a kept answer will do; for a build, whether its bundle stands.
    pub will_do: &'a (dyn Fn(&Answer) -> bool + Sync),
}

impl ModelFigures {
    fn of(model: &ModelBuild) -> Self {
        Self {
            name: model.name.clone(),
            card: model.card.name.to_string(),
            tokens: model.tokens.total(),
            basis: model.tokens.basis(),
            read: model.bill.read,
            cold: model.bill.cold,
            warm: model.bill.warm,
            expected: model.bill.expected,
            month: model.bill.month,
            is_priced_by_others: model.doubts.third_party.contains("prices"),
            is_disputed: !model.doubts.conflicts.is_empty(),
        }
    }
}

impl Summary {
    /// Sums a build up, with its record if that is wanted.
    pub fn of(build: &Build, record: bool) -> Self {
        Self {
            provenance: build.provenance.clone(),
            figures: Figures {
                prefix: build.chain.prefix(),
                settings: build.settings,
                segments: build.segments.len(),
                text_tokens: build.counts.text.tokens(),
                prefix_tokens: build.counts.prefix.tokens(),
                models: build.models.iter().map(ModelFigures::of).collect(),
            },
            budgets: build.budgets().cloned().collect(),
            warnings: build.warnings.clone(),
            record: record.then(|| BuiltContext::of(build)),
        }
    }

    /// What lints found that are denied: the build stands, and the answer is no.
    pub fn denied(&self) -> impl Iterator<Item = &Diagnostic> {
        self.warnings.iter().filter(|warning| warning.severity == Severity::Error)
    }
}

impl Answer {
    /// What was tried, summed up; with its record if that is wanted.
    pub fn of(attempt: &BuildResult, record: bool) -> Self {
        let result = attempt.result.as_ref().map(|build| Summary::of(build, record)).map_err(Clone::clone);
        Self { id: attempt.id.clone(), result, build: attempt.result.as_ref().ok().cloned(), name: None, draft: None }
    }

    /// The build, or every fault; `None` of an answer that was kept.
    pub fn attempt(&self) -> Option<BuildResult> {
        let result = match &self.result {
            Ok(_) => Ok(self.build.clone()?),
            Err(faults) => Err(faults.clone()),
        };
        Some(BuildResult { id: self.id.clone(), result })
    }

    /// The summary, if there is one.
    pub fn summary(&self) -> Option<&Summary> {
        self.result.as_ref().ok()
    }

    /// Names the bytes of its bundle: two answers of one context with one such name have one bundle.
    /// `None` where nothing of it is kept.
    pub fn bundle_name(&self) -> Option<Key> {
        let source = serde_json::to_vec(&SourceRecord::of(&self.summary()?.provenance)).ok()?;
        Some(Key::of(&[b"bundle 1", self.name?.as_bytes(), &source]))
    }
}

/// Keeps what this run worked out, of the contexts that are fine to the end.
pub fn keep(answers: &[Answer], store: &Store) {
    for answer in answers.iter().filter(|answer| answer.result.is_ok()) {
        if let Some(draft) = &answer.draft {
            draft.put(store);
        }
    }
}

/// What there is to say of each context that the request names, sorted by name: of those that an
/// earlier run has answered, as it did.
///
/// # Errors
/// As [`build_remembering`].
pub fn answers(
    tree: &dyn Tree,
    request: &Request,
    memory: &Memory,
    store: &Store,
    wish: &Wish<'_>,
) -> Result<Vec<Answer>, Failure> {
    if store.is_none() {
        let attempts = build_remembering(tree, request, memory)?;
        return Ok(attempts.par_iter().map(|attempt| Answer::of(attempt, wish.record)).collect());
    }
    let fragments = Fragments::keeping(tree, &memory.fragments);
    let pipeline = Pipeline::open(&fragments, request, memory)?;
    let ledger = Ledger::new(store, &pipeline, &fragments);
    let wanted = ledger.wanted(&request.contexts)?;
    if wanted.is_empty() {
        return Err(nothing_to_build().into());
    }
    let is_here = |wanted: &Wanted| request.shard.is_none_or(|shard| shard.holds(&wanted.id.name));
    let looked_up = wanted.into_par_iter().filter(is_here).map(|wanted| {
        let known = ledger.recall(&wanted, wish).filter(|answer| (wish.will_do)(answer));
        (wanted, known)
    });
    let looked_up: Vec<(Wanted, Option<Answer>)> = looked_up.collect();
    let unknown = looked_up.iter().filter(|(_, known)| known.is_none()).map(|(wanted, _)| wanted);
    let missing: BTreeSet<ProjectPath> = unknown.filter_map(Wanted::unexpanded).collect();
    let expanded: BTreeMap<ContextId, Candidate> = ledger.expand(missing);
    let answers = looked_up.into_par_iter().filter_map(|(Wanted { id, candidate, .. }, known)| {
        // A manifest whose expansion is kept expands to the same contexts again, unless it was edited
        // a moment ago.
        known.or_else(|| Some(ledger.work_out(candidate.or_else(|| expanded.get(&id).cloned())?, wish)))
    });
    Ok(answers.collect())
}

/// A context that is asked for.
struct Wanted {
    id: ContextId,
    manifest: ProjectPath,
    /// Its layers, where they had to be merged to know that it is there.
    candidate: Option<Candidate>,
}

impl Wanted {
    /// Its manifest, if that is still to be expanded.
    fn unexpanded(&self) -> Option<ProjectPath> {
        self.candidate.is_none().then(|| self.manifest.clone())
    }

    fn of(candidate: Candidate) -> Self {
        Self { id: candidate.id.clone(), manifest: candidate.manifest.clone(), candidate: Some(candidate) }
    }
}

impl Ledger<'_> {
    /// The contexts that are asked for, sorted by name.
    fn wanted(&self, names: &[String]) -> Result<Vec<Wanted>, Failure> {
        let project = &self.pipeline.project;
        if names.is_empty() {
            let found =
                project.manifests()?.into_par_iter().flat_map_iter(|(name, path)| self.contexts_of(&name, path));
            let mut found: Vec<Wanted> = found.collect();
            found.sort_by(|one, other| one.id.cmp(&other.id));
            if found.windows(2).all(|two| two[0].id != two[1].id) {
                return Ok(found);
            }
            // Two manifests make one name. The project says what is wrong with that.
        }
        Ok(project.contexts(names)?.into_iter().map(Wanted::of).collect())
    }

    /// The contexts of one manifest, from the store or by expanding it.
    fn contexts_of(&self, name: &str, manifest: ProjectPath) -> Vec<Wanted> {
        let known: Option<Vec<ContextId>> = self.get(&Subject::manifest(&manifest));
        if let Some(known) = known {
            let wanted = |id| Wanted { id, manifest: manifest.clone(), candidate: None };
            return known.into_iter().map(wanted).collect();
        }
        let Expansion { candidates, reads } = self.pipeline.project.expansion(name, &manifest);
        if candidates.iter().all(|candidate| candidate.layers.is_ok()) {
            let ids: Vec<&ContextId> = candidates.iter().map(|candidate| &candidate.id).collect();
            self.keep(&Subject::manifest(&manifest), &reads, &ids);
        }
        candidates.into_iter().map(Wanted::of).collect()
    }

    /// The contexts of these manifests, layers merged.
    fn expand(&self, manifests: BTreeSet<ProjectPath>) -> BTreeMap<ContextId, Candidate> {
        let named = manifests.into_par_iter().filter_map(|path| Some((manifest_name(&path)?, path)));
        let found = named.flat_map_iter(|(name, path)| self.pipeline.project.expand(&name, &path));
        found.map(|candidate| (candidate.id.clone(), candidate)).collect()
    }

    /// What an earlier run said of a context, if everything that it read is as it was.
    fn recall(&self, wanted: &Wanted, wish: &Wish<'_>) -> Option<Answer> {
        if wanted.candidate.as_ref().is_some_and(|candidate| candidate.layers.is_err()) {
            return None;
        }
        let (name, summary) = self.summary(&Subject::context(&wanted.manifest, &wanted.id), wish)?;
        Some(Answer { id: wanted.id.clone(), result: Ok(summary), build: None, name: Some(name), draft: None })
    }

    /// Builds a context, and drafts what is to be kept of it.
    fn work_out(&self, candidate: Candidate, wish: &Wish<'_>) -> Answer {
        let manifest = candidate.manifest.clone();
        let attempt = self.pipeline.attempt(candidate);
        let mut answer = Answer::of(&attempt, wish.record);
        if let (Ok(summary), Some(build)) = (&answer.result, &answer.build) {
            let (name, draft) = self.draft(&Subject::context(&manifest, &answer.id), &build.reads, summary);
            (answer.name, answer.draft) = (Some(name), draft);
        }
        answer
    }
}
