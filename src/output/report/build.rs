//! The report of `build` and `check`.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::Hash;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost::brief;
use super::text::{Table, counted, grouped};
use super::{inert, json};
use crate::cost::budget::{BudgetResult, Status, nearest};
use crate::cost::tokens::Basis;
use crate::output::answer::{Answer, ModelFigures, Summary};
use crate::output::record::{BuiltContext, DiagnosticRecord};
use crate::pipeline::provenance::{BuiltFrom, Provenance};
use crate::pipeline::shard::Shard;
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::quantity::Usd;
use crate::text::project::ContextId;

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

impl BuildReport {
    /// Reports what is said of each context. Of those that were built, each must have its record.
    pub fn new(answers: &[Answer]) -> Self {
        let mut report = Self { schema: SCHEMA, shard: None, contexts: Vec::new(), broken: Vec::new() };
        for answer in answers {
            match &answer.result {
                Ok(summary) => report.contexts.extend(summary.record.clone()),
                Err(faults) => report.broken.push(BrokenContext::of(&answer.id, faults)),
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

/// The report for people: a paragraph a context, models as rows, then one line that sums it up. With
/// `verbose` each segment of what this run built.
pub fn text(answers: &[Answer], verbose: bool) -> String {
    let mut drawn = String::new();
    let drawings: Vec<String> =
        answers.par_iter().filter_map(|answer| Some(context(answer, answer.summary()?, verbose))).collect();
    for drawing in drawings {
        drawn.push_str(&drawing);
        drawn.push('\n');
    }
    let models = || answers.iter().filter_map(Answer::summary).flat_map(|summary| &summary.figures.models);
    if models().any(|model| model.basis == Basis::Estimated) {
        drawn.push_str("≈ estimated: no public tokenizer; the band is in --format json\n");
    }
    if let Some(doubts) = super::cost::doubts(models()) {
        drawn.push_str(&doubts);
    }
    drawn.push_str(&sum(answers));
    drawn
}

fn context(answer: &Answer, summary: &Summary, verbose: bool) -> String {
    let Summary { provenance, figures, budgets, .. } = summary;
    let id = answer.id.to_string();
    let mut drawn = format!("{}  {}  {}\n", inert::terminal(&id), figures.prefix.short(), standing(provenance));
    let mut table = Table::new(&["model", "tokens>", "cached>", "cold>", "warm>", "expected>", "month>"]);
    // The dearest month first; an unknown one is not cheap, so it comes before all.
    let mut models: Vec<&ModelFigures> = figures.models.iter().collect();
    models.sort_by_key(|model| (model.month.is_some(), Reverse(model.month)));
    for model in models {
        table.row(row(model));
    }
    if !table.is_empty() {
        drawn.push_str(&table.draw(2));
    }
    drawn.push_str(&format!(
        "  {}, {} tokens by o200k_base, {} before the first input\n",
        counted(figures.segments, "segment"),
        grouped(figures.text_tokens),
        grouped(figures.prefix_tokens),
    ));
    if let Some(build) = answer.build.as_ref().filter(|_| verbose) {
        let mut table = Table::new(&["segment", "tokens>", "from"]);
        for (segment, tokens) in build.segments.iter().zip(&build.counts.per_segment) {
            let tokens = if segment.is_hole() { "hole".to_owned() } else { grouped(*tokens) };
            table.row([segment.id.clone(), tokens, super::explain::origin(segment)]);
        }
        drawn.push_str(&table.draw(2));
    }
    for budget in budgets.iter().filter(|budget| budget.status == Status::Fail) {
        let debt = if budget.is_old_debt { ", as at the base" } else { "" };
        drawn.push_str(&inert::terminal(&format!("  over budget for {}{debt}: {}\n", budget.model, budget.sentence())));
    }
    if let Some(budget) = nearest(budgets) {
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
fn row(model: &ModelFigures) -> [String; 7] {
    let about = if model.basis == Basis::Estimated { "≈" } else { "" };
    let money = |usd: Option<Usd>| usd.map_or_else(|| "?".to_owned(), |usd| format!("{about}{}", brief(usd)));
    let cached = model.read.saturating_mul(100) / model.tokens.max(1);
    [
        model.name.clone(),
        format!("{about}{}", grouped(model.tokens)),
        format!("{cached}%"),
        money(model.cold),
        money(model.warm),
        money(model.expected),
        money(model.month),
    ]
}

fn standing(provenance: &Provenance) -> String {
    let commit = provenance.commit.as_ref().map(|commit| commit.short());
    match (provenance.built_from, commit) {
        (BuiltFrom::Commit, Some(commit)) => format!("at {commit}"),
        (BuiltFrom::Index, Some(commit)) => format!("staged on {commit}"),
        (_, Some(commit)) => format!("uncommitted on {commit}"),
        (_, None) => "uncommitted".to_owned(),
    }
}

/// The last line: what was built, what was not, what fails.
fn sum(answers: &[Answer]) -> String {
    let summaries = || answers.iter().filter_map(Answer::summary);
    let built = summaries().count();
    let broken = answers.len() - built;
    let failing = summaries().filter(|summary| is_over_budget(summary)).count();
    let warnings = summaries().flat_map(|summary| &summary.warnings);
    let warnings = warnings.filter(|warning| warning.severity == Severity::Warning).count();
    let mut parts = vec![format!("{} built", counted(built, "context"))];
    if broken > 0 {
        parts.push(format!("{broken} broken"));
    }
    if failing > 0 {
        parts.push(format!("{failing} over budget"));
    }
    let denied = summaries().flat_map(Summary::denied).count();
    if denied > 0 {
        parts.push(format!("{denied} denied by a lint"));
    }
    if warnings > 0 {
        parts.push(counted(warnings, "warning"));
    }
    parts.join(", ") + "\n"
}

/// Whether the answer is no: a budget fails that is no old debt, or a lint denies what it found.
pub fn fails(summary: &Summary) -> bool {
    is_over_budget(summary) || summary.denied().next().is_some()
}

fn is_over_budget(summary: &Summary) -> bool {
    summary.budgets.iter().any(BudgetResult::is_blocking)
}

/// Every diagnostic of a run, broken contexts last.
pub fn diagnostics(answers: &[Answer]) -> Vec<Diagnostic> {
    let warnings = answers.iter().filter_map(Answer::summary).flat_map(|summary| &summary.warnings);
    let faults = answers.iter().filter_map(|answer| answer.result.as_ref().err()).flatten();
    warnings.chain(faults).cloned().collect()
}

/// What `diagnostics` holds, for programs that show each at its place: each once, those of base and
/// variants together, the worst first. A budget that makes the answer no is an error here.
pub fn findings(mut diagnostics: Vec<Diagnostic>, answers: &[Answer]) -> Vec<Diagnostic> {
    let budgets = answers.iter().filter_map(Answer::summary).flat_map(|summary| &summary.budgets);
    let blocking = budgets.filter(|budget| budget.is_blocking()).filter_map(BudgetResult::warning);
    let blocking: HashSet<_> = blocking.map(|warning| identity(&warning)).collect();
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
    (diagnostic.path().cloned(), place, code.clone(), message.clone(), hint.clone(), model.clone())
}
