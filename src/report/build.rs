//! The report of `build` and `check`.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;

use schemars::JsonSchema;
use serde::Serialize;

use super::cost::brief;
use super::text::{Table, counted, grouped};
use super::{inert, json};
use crate::build::{Attempt, Build};
use crate::cost::budget::{BudgetName, BudgetResult, Status, nearest};
use crate::diag::{Diagnostic, Severity};
use crate::model_build::ModelBuild;
use crate::project::ContextId;
use crate::provenance::Standing;
use crate::quantity::Usd;
use crate::record::{ContextRecord, DiagnosticRecord};
use crate::shard::Shard;
use crate::tokens::Basis;

/// The format of the JSON report.
pub const SCHEMA: &str = "contexture.build/1";

/// What `build --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildReport {
    /// `contexture.build/1`.
    pub schema: &'static str,
    /// The part of the project that this is, with `--shard`; `contexture merge` joins the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Every context that was built.
    pub contexts: Vec<BuiltContext>,
    /// Every context that could not be built.
    pub broken: Vec<BrokenContext>,
}

/// A context that was built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuiltContext {
    /// What it is.
    #[serde(flatten)]
    pub context: ContextRecord,
    /// Its budgets, each for each model.
    pub budgets: Vec<BudgetRecord>,
    /// Warnings and notes.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// A context that could not be built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BrokenContext {
    /// Path of the manifest below contexts/, without `.yaml`.
    pub id: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
    /// Everything that is wrong with it.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// A budget for one model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BudgetRecord {
    /// The key in `budgets:`, or `max_tokens` of a block.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// The limit.
    pub limit: String,
    /// What it is held against; null when it is not known.
    pub actual: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Whether it stops a change: it fails, and with `--base` it did not there or has got worse.
    pub blocks: bool,
    /// The first announced day on which a budget that passes no longer does.
    pub fails_from: Option<FailsFromRecord>,
}

/// A day from which a budget fails.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailsFromRecord {
    /// The day.
    pub day: String,
    /// What happens then.
    pub because: String,
    /// What is held against the limit then.
    pub actual: String,
}

impl BuildReport {
    /// Reports what was tried.
    pub fn new(attempts: &[Attempt]) -> Self {
        let mut report = Self { schema: SCHEMA, shard: None, contexts: Vec::new(), broken: Vec::new() };
        for attempt in attempts {
            match &attempt.result {
                Ok(build) => report.contexts.push(BuiltContext::of(build)),
                Err(faults) => report.broken.push(BrokenContext::of(&attempt.id, faults)),
            }
        }
        report
    }

    /// The same as the report of one shard, or of all.
    pub fn of_shard(self, shard: Option<Shard>) -> Self {
        Self { shard, ..self }
    }

    /// As JSON with a final line break.
    pub fn json(&self) -> String {
        json(self)
    }
}

impl BuiltContext {
    /// Records a build.
    pub fn of(build: &Build) -> Self {
        Self {
            context: ContextRecord::of(build),
            budgets: budgets(build).map(BudgetRecord::of).collect(),
            diagnostics: build.remarks.iter().map(DiagnosticRecord::of).collect(),
        }
    }
}

impl BrokenContext {
    /// Records what is wrong with a context.
    pub fn of(id: &ContextId, faults: &[Diagnostic]) -> Self {
        Self {
            id: id.name.clone(),
            variant: id.variant.clone(),
            diagnostics: faults.iter().map(DiagnosticRecord::of).collect(),
        }
    }
}

impl BudgetRecord {
    fn of(result: &BudgetResult) -> Self {
        Self {
            name: result.name,
            block: result.block.clone(),
            model: result.model.clone(),
            limit: result.limit.decimal(),
            actual: result.actual.map(crate::cost::budget::Amount::decimal),
            status: result.status,
            blocks: blocks(result),
            fails_from: result.fails_from.as_ref().map(|fails| FailsFromRecord {
                day: fails.day.to_string(),
                because: fails.because.clone(),
                actual: fails.actual.decimal(),
            }),
        }
    }
}

/// The report for people: a paragraph a context, models as rows, then one line that sums it up.
pub fn text(attempts: &[Attempt], verbose: bool) -> String {
    let mut drawn = String::new();
    let builds: Vec<&Build> = attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok()).collect();
    for build in &builds {
        drawn.push_str(&context(build, verbose));
        drawn.push('\n');
    }
    if builds.iter().flat_map(|build| &build.models).any(|model| model.tokens.basis() == Basis::Estimated) {
        drawn.push_str("≈ estimated: no public tokenizer; the band is in --format json\n");
    }
    if let Some(doubts) = super::cost::doubts(&builds) {
        drawn.push_str(&doubts);
    }
    drawn.push_str(&summary(attempts));
    drawn
}

fn context(build: &Build, verbose: bool) -> String {
    let mut drawn =
        format!("{}  {}  {}\n", inert::terminal(&build.id.to_string()), build.chain.prefix().short(), standing(build));
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
    drawn.push_str(&format!(
        "  {}, {} tokens by o200k_base, {} before the first input\n",
        counted(build.segments.len(), "segment"),
        grouped(build.counts.text.tokens()),
        grouped(build.counts.prefix.tokens()),
    ));
    if verbose {
        let mut table = Table::new(&["segment", "tokens>", "from"]);
        for (segment, tokens) in build.segments.iter().zip(&build.counts.per_segment) {
            let tokens = if segment.is_hole() { "hole".to_owned() } else { grouped(*tokens) };
            table.row([segment.id.clone(), tokens, super::explain::origin(segment)]);
        }
        drawn.push_str(&table.draw(2));
    }
    let all: Vec<BudgetResult> = budgets(build).cloned().collect();
    for budget in all.iter().filter(|budget| budget.status == Status::Fail) {
        let debt = if budget.is_old_debt { ", as at the base" } else { "" };
        drawn.push_str(&inert::terminal(&format!("  over budget for {}{debt}: {}\n", budget.model, budget.sentence())));
    }
    if let Some(budget) = nearest(&all).filter(|_| !all.is_empty()) {
        let used = budget.used().unwrap_or(0) / 10_000;
        drawn.push_str(&inert::terminal(&format!(
            "  nearest limit, {used}% used by {}: {}\n",
            budget.model,
            budget.sentence()
        )));
    }
    drawn
}

/// A model in numbers: what goes in, what a warm call reads, what calls and a month cost.
fn row(model: &ModelBuild) -> [String; 7] {
    let about = if model.tokens.basis() == Basis::Estimated { "≈" } else { "" };
    let money = |usd: Option<Usd>| usd.map_or_else(|| "?".to_owned(), |usd| format!("{about}{}", brief(usd)));
    let cached = model.bill.read.saturating_mul(100) / model.tokens.total().max(1);
    [
        model.name.clone(),
        format!("{about}{}", grouped(model.tokens.total())),
        format!("{cached}%"),
        money(model.bill.cold),
        money(model.bill.warm),
        money(model.bill.expected),
        money(model.bill.month),
    ]
}

fn standing(build: &Build) -> String {
    let commit =
        build.provenance.commit.as_ref().map(|commit| commit.as_str().get(..10).unwrap_or_default().to_owned());
    match (build.provenance.standing, commit) {
        (Standing::Commit, Some(commit)) => format!("at {commit}"),
        (Standing::Index, Some(commit)) => format!("staged on {commit}"),
        (_, Some(commit)) => format!("uncommitted on {commit}"),
        (_, None) => "uncommitted".to_owned(),
    }
}

/// The last line: what was built, what was not, what fails.
fn summary(attempts: &[Attempt]) -> String {
    let built = attempts.iter().filter(|attempt| attempt.result.is_ok()).count();
    let broken = attempts.len() - built;
    let failing =
        attempts.iter().filter_map(|attempt| attempt.result.as_ref().ok()).filter(|build| over_budget(build)).count();
    let warnings = attempts
        .iter()
        .filter_map(|attempt| attempt.result.as_ref().ok())
        .flat_map(|build| &build.remarks)
        .filter(|remark| remark.severity == Severity::Warning)
        .count();
    let mut parts = vec![format!("{} built", counted(built, "context"))];
    if broken > 0 {
        parts.push(format!("{broken} broken"));
    }
    if failing > 0 {
        parts.push(format!("{failing} over budget"));
    }
    let denied = attempts.iter().filter_map(|attempt| attempt.result.as_ref().ok()).flat_map(|build| build.denied());
    let denied = denied.count();
    if denied > 0 {
        parts.push(format!("{denied} denied by a lint"));
    }
    if warnings > 0 {
        parts.push(counted(warnings, "warning"));
    }
    parts.join(", ") + "\n"
}

/// Whether the answer is no: a budget fails that is no old debt, or a lint denies what it found.
pub fn fails(build: &Build) -> bool {
    over_budget(build) || build.denied().next().is_some()
}

fn over_budget(build: &Build) -> bool {
    budgets(build).any(blocks)
}

fn blocks(budget: &BudgetResult) -> bool {
    budget.status == Status::Fail && !budget.is_old_debt
}

/// Every budget of a context, model by model.
fn budgets(build: &Build) -> impl Iterator<Item = &BudgetResult> {
    build.models.iter().flat_map(|model| &model.budgets)
}

/// Every diagnostic of a run, broken contexts last.
pub fn diagnostics(attempts: &[Attempt]) -> Vec<Diagnostic> {
    let remarks = attempts.iter().filter_map(|attempt| attempt.result.as_ref().ok()).flat_map(|build| &build.remarks);
    let faults = attempts.iter().filter_map(|attempt| attempt.result.as_ref().err()).flatten();
    remarks.chain(faults).cloned().collect()
}

/// What `diagnostics` holds, for programs that show each at its place: each once, those of base and
/// variants together, the worst first. A budget that makes the answer no is an error here.
pub fn findings(mut diagnostics: Vec<Diagnostic>, attempts: &[Attempt]) -> Vec<Diagnostic> {
    let builds = attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok());
    let blocking = builds.flat_map(budgets).filter(|budget| blocks(budget)).filter_map(BudgetResult::remark);
    let blocking: HashSet<_> = blocking.map(|remark| identity(&remark)).collect();
    for diagnostic in &mut diagnostics {
        if blocking.contains(&identity(diagnostic)) {
            diagnostic.severity = Severity::Error;
        }
    }
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| seen.insert(identity(diagnostic)));
    diagnostics.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
    diagnostics
}

/// What makes two diagnostics the same to a reader.
fn identity(diagnostic: &Diagnostic) -> impl Eq + Hash + use<> {
    let Diagnostic { severity: _, code, message, span, file: _, hint, model } = diagnostic;
    let place = span.as_ref().map(|span| (span.start, span.end));
    (diagnostic.path().cloned(), place, *code, message.clone(), hint.clone(), model.clone())
}
