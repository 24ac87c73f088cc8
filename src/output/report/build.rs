//! The report of `build` and `check`.

use std::cmp::Reverse;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost::brief;
use super::eval::EvalReport;
use super::findings::{self, Finding};
use super::inert;
use super::text::{Table, counted, grouped};
use super::top::{ModelSum, TopReport, sums};
use crate::cost::budget::{BudgetName, BudgetResult, Status, nearest};
use crate::cost::tokens::Basis;
use crate::output::record::{BuiltContext, DiagnosticRecord};
use crate::output::report::explain::segment_tokens;
use crate::pipeline::model::{DEFAULT_LIMIT, ModelBuild};
use crate::pipeline::provenance::{BuiltFrom, Provenance};
use crate::pipeline::shard::Shard;
use crate::pipeline::{Build, BuildResult};
use crate::syntax::diag::{self, Diagnostic, Severity};
use crate::syntax::quantity::Usd;
use crate::text::lint;
use crate::text::lint::secret::masked;
use crate::text::project::ContextId;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.build/1";

/// What `build --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildReport<'a> {
    /// `contexture.build/1`.
    pub schema: &'static str,
    /// The part of the project that this is, with `--shard`; `contexture join` joins the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The day whose prices and rules hold; null where nothing was built.
    pub as_of: Option<String>,
    /// What all contexts that were built come to with each model.
    pub totals: Vec<ModelSum>,
    /// Every context that was built.
    pub contexts: Vec<BuiltContext<'a>>,
    /// Every context that could not be built.
    pub broken: Vec<BrokenContext<'a>>,
    /// What recorded answers say, with `check --eval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvalReport<'a>>,
}

/// A context that could not be built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BrokenContext<'a> {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// Everything that is wrong with it.
    pub diagnostics: Vec<DiagnosticRecord>,
}

impl<'a> BuildReport<'a> {
    /// Reports every context that was tried.
    pub fn new(results: &'a [BuildResult]) -> Self {
        let builds: Vec<&Build> = results.iter().filter_map(BuildResult::build).collect();
        let broken =
            results.iter().filter_map(|tried| Some(BrokenContext::of(&tried.id, tried.result.as_ref().err()?)));
        Self::of(&builds, broken.collect())
    }

    /// Reports builds, and beside them what is broken.
    pub fn of(builds: &[&'a Build], mut broken: Vec<BrokenContext<'a>>) -> Self {
        let mut contexts: Vec<BuiltContext> = builds.par_iter().map(|build| BuiltContext::of(build)).collect();
        let built = contexts.iter_mut().map(|context| &mut context.diagnostics);
        DiagnosticRecord::cut(broken.iter_mut().map(|broken| &mut broken.diagnostics).chain(built));
        let as_of = builds.first().map(|build| build.date.to_string());
        Self {
            schema: SCHEMA,
            shard: None,
            as_of,
            totals: sums(builds.iter().copied()),
            contexts,
            broken,
            evaluation: None,
        }
    }

    /// The same as the report of one shard, or of all.
    pub fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }
}

impl<'a> BrokenContext<'a> {
    /// Records what is wrong with a context.
    pub fn of(id: &'a ContextId, faults: &[Diagnostic]) -> Self {
        Self { id, diagnostics: DiagnosticRecord::all(faults) }
    }
}

/// The most contexts that are told in a paragraph each, unless they were named.
const PARAGRAPHS: usize = 4;
/// The rows of a table that stands in the place of paragraphs.
const ROWS: usize = 20;

/// The report for people, then one line that sums it up: of few contexts and of those that were `named` a paragraph
/// each, models as rows; of many a table of where the money goes. With `verbose` a paragraph each, with its segments.
pub fn text(results: &[BuildResult], named: bool, verbose: bool) -> String {
    let mut drawn = String::new();
    if results.len() > PARAGRAPHS && !named && !verbose {
        drawn = TopReport::new(results).text(ROWS) + "\n";
        if let Some(doubts) =
            super::cost::doubts(results.iter().filter_map(BuildResult::build).flat_map(|build| &build.models))
        {
            drawn.push_str(&doubts);
        }
        drawn.push_str(&super::cost::measured(results.iter().filter_map(BuildResult::build)));
        return drawn + &sum(results);
    }
    let drawings: Vec<String> =
        results.par_iter().filter_map(BuildResult::build).map(|build| context(build, verbose)).collect();
    for drawing in drawings {
        drawn.push_str(&drawing);
        drawn.push('\n');
    }
    let models = || results.iter().filter_map(BuildResult::build).flat_map(|build| &build.models);
    if models().any(|model| model.tokens.basis() == Basis::Estimated) {
        drawn.push_str(
            "≈ estimated: framing, tool definitions, or a tokenizer that is not public; the band is in --format json\n",
        );
    }
    drawn.push_str(&super::cost::measured(results.iter().filter_map(BuildResult::build)));
    let notes = results.iter().filter_map(BuildResult::build).flat_map(|build| &build.warnings);
    if let Some(note) = notes.into_iter().find(|note| note.code == DEFAULT_LIMIT) {
        drawn.push_str(&format!("{}; {}\n", note.message, note.hint.as_deref().unwrap_or_default()));
    }
    if let Some(build) = results.iter().find_map(BuildResult::build).filter(|build| !build.models.is_empty()) {
        drawn.push_str(&format!("prices of {}\n", build.date));
    }
    if let Some(doubts) = super::cost::doubts(models()) {
        drawn.push_str(&doubts);
    }
    drawn.push_str(&sum(results));
    drawn
}

fn context(build: &Build, verbose: bool) -> String {
    let (id, prefix) = (build.id.to_string(), build.chain.prefix().short());
    let mut drawn = format!("{}  {prefix}  {}\n", inert::words(&id), source(&build.provenance));
    let mut table = Table::new(&["model", "tokens>", "cached>", "cold>", "warm>", "expected>", "month>"]);
    // The dearest month first; an unknown one is not cheap, so it comes before all.
    let mut models: Vec<&ModelBuild> = build.models.iter().collect();
    models.sort_by_key(|model| (model.bill.month.is_some(), Reverse(model.bill.month)));
    for model in models {
        table.row(row(model));
    }
    if !table.is_empty() {
        drawn.push_str(&table.draw(2));
    }
    let priced = build.models.iter().filter(|model| model.bill.cold.is_some());
    if let Some(missing) = priced.filter_map(|model| model.bill.missing()).next() {
        drawn.push_str(&format!("  without {missing}: what the input costs\n"));
    }
    drawn.push_str(&format!(
        "  {}, {} tokens by o200k_base, {} before the first input\n",
        counted(build.segments.len(), "segment"),
        grouped(build.counts.text.tokens()),
        grouped(build.counts.prefix.tokens()),
    ));
    let regions =
        build.segments.iter().zip(&build.counts.per_segment).filter(|(segment, _)| segment.region().is_some());
    let samples: Vec<u64> = regions.map(|(_, tokens)| *tokens).collect();
    if !samples.is_empty() {
        let tokens = grouped(samples.iter().sum());
        let parts = counted(samples.len(), "part");
        drawn.push_str(&format!(
            "  {tokens} of them in {parts} that depend on inputs, counted with the inputs' examples\n"
        ));
    }
    if verbose {
        let mut table = Table::new(&["segment", "tokens>", "from"]);
        for (segment, tokens) in build.segments.iter().zip(&build.counts.per_segment) {
            let tokens = segment_tokens(segment, *tokens);
            table.row([segment.id.clone(), tokens, super::explain::origin(segment)]);
        }
        drawn.push_str(&table.draw(2));
    }
    for budget in build.budgets().filter(|budget| budget.status == Status::Fail) {
        let debt = if budget.is_old_debt { ", as at the base" } else { "" };
        drawn.push_str(&inert::words(&format!("  over budget for {}{debt}: {}\n", budget.model, budget.sentence())));
        drawn.push_str(&inert::words(&what_would_fit(build, budget)));
    }
    for left in &build.left_out {
        let why: Vec<&str> = left.reasons.iter().map(|reason| reason.message.as_str()).collect();
        drawn.push_str(&inert::terminal(&format!("  left out: {}: {}\n", left.body, masked(&why.join("; ")))));
    }
    if let Some(budget) = nearest(build.budgets()) {
        let used = budget.used().unwrap_or(0) / 10_000;
        drawn.push_str(&inert::words(&format!(
            "  nearest limit, {used}% used by {}: {}\n",
            budget.model,
            budget.sentence()
        )));
    }
    drawn
}

/// What the bill is made of that fails a budget of money, and the smallest changes that would pass.
fn what_would_fit(build: &Build, budget: &BudgetResult) -> String {
    let Some(model) = build.models.iter().find(|model| model.name == budget.model) else { return String::new() };
    let mut said = Vec::new();
    if let (BudgetName::CostPerMonth, Some(parts)) = (budget.name, build.month_parts(model)) {
        let parts = [
            ("read from the cache", parts.read),
            ("written to it", parts.written),
            ("fresh input", parts.fresh),
            ("answers", parts.output),
            ("deploys, storage and batches", parts.other),
        ];
        let parts = parts.into_iter().filter(|(_, part)| *part > Usd::ZERO);
        let parts: Vec<String> = parts.map(|(name, part)| format!("{name} {}", brief(part))).collect();
        said.push(format!("made of: {}", parts.join(", ")));
    }
    let fits = build.fits(model, budget);
    let calls =
        fits.calls.map(|calls| if calls == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(calls)) });
    let would = [
        calls.map(|calls| format!("{calls} a month")),
        fits.examples.map(|(most, now)| format!("{most} of {}", counted(now, "example"))),
        fits.model.map(|(name, actual)| format!("{name} at {actual}")),
    ];
    let would: Vec<String> = would.into_iter().flatten().collect();
    if !would.is_empty() {
        said.push(format!("would fit: {}", would.join(", or ")));
    }
    if said.is_empty() {
        return String::new();
    }
    said.push(format!("`contexture check {} --model NAME --calls N` asks what another would be", build.id));
    format!("    {}\n", said.join("; "))
}

/// A model in numbers: what goes in, what a warm call reads, what calls and a month cost.
fn row(model: &ModelBuild) -> [String; 7] {
    let (bill, tokens) = (&model.bill, model.tokens.total());
    let about = if model.tokens.basis() == Basis::Estimated { "≈" } else { "" };
    let money = |usd: Option<Usd>| usd.map_or_else(|| "?".to_owned(), |usd| format!("{about}{}", brief(usd)));
    let cached = bill.read.saturating_mul(100) / tokens.max(1);
    [
        model.name.clone(),
        format!("{about}{}", grouped(tokens)),
        format!("{cached}%"),
        money(bill.cold),
        money(bill.warm),
        money(bill.expected),
        money(bill.month),
    ]
}

pub(super) fn source(provenance: &Provenance) -> String {
    let commit = provenance.commit.as_ref().map(|commit| commit.short());
    match (provenance.built_from, commit) {
        (BuiltFrom::Commit, Some(commit)) => format!("at {commit}"),
        (BuiltFrom::Index, Some(commit)) => format!("staged on {commit}"),
        (_, Some(commit)) => format!("uncommitted on {commit}"),
        (_, None) => "uncommitted".to_owned(),
    }
}

/// The last line: what was built, what was not, what fails.
fn sum(results: &[BuildResult]) -> String {
    let builds = || results.iter().filter_map(BuildResult::build);
    let built = builds().count();
    let broken = results.len() - built;
    let warnings = builds().flat_map(|build| &build.warnings);
    let warnings = warnings.filter(|warning| warning.severity == Severity::Warning).count();
    let with =
        |is_wanted: &dyn Fn(&BudgetResult) -> bool| builds().filter(|build| build.budgets().any(is_wanted)).count();
    let parts = [
        (with(&|budget| budget.is_blocking() && !budget.is_open()), "over budget"),
        (with(&BudgetResult::is_open), "with a budget that cannot be checked"),
        (builds().filter(|build| !build.left_out.is_empty()).count(), "with bodies left out"),
        (builds().flat_map(Build::errors).filter(|error| lint::is_lint(&error.code)).count(), "denied by a lint"),
    ];
    let mut said = vec![format!("{} built", counted(built, "context"))];
    if broken > 0 {
        said.push(format!("{broken} broken"));
    }
    said.extend(parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    if warnings > 0 {
        said.push(counted(warnings, "warning"));
    }
    let mut before: Vec<Diagnostic> = builds().flat_map(|build| &build.denied_before).cloned().collect();
    diag::once(&mut before);
    if !before.is_empty() {
        said.push(format!("{} of denied lints as at the base", counted(before.len(), "finding")));
    }
    said.join(", ") + "\n"
}

/// What makes the answer no, what is broken and what is probably a mistake, errors first; what many contexts share
/// once, unless `each` place is asked for.
pub fn diagnostics(results: &[BuildResult], each: bool) -> Vec<Diagnostic> {
    let said = results.iter().flat_map(|tried| {
        let said = tried.result.as_ref().map_or_else(|faults| faults, |build| &build.warnings);
        said.iter().map(move |one| (&tried.id, one))
    });
    let found = if each { findings::each(said) } else { findings::gather(said) };
    found.iter().map(Finding::diagnostic).collect()
}

/// Every diagnostic of a run as it is, for what mends it.
pub fn unmerged(results: &[BuildResult]) -> Vec<Diagnostic> {
    let warnings = results.iter().filter_map(BuildResult::build).flat_map(|build| &build.warnings);
    let faults = results.iter().filter_map(|tried| tried.result.as_ref().err()).flatten();
    warnings.chain(faults).cloned().collect()
}
