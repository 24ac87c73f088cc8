//! Budgets: limits of the manifest, each held for each model.

use crate::diag::Diagnostic;
use crate::model_build::{Fit, ModelBuild};
use crate::resolve::Plan;
use crate::segment::Segment;
use crate::source::Span;

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetName {
    /// Input tokens of the whole request.
    Tokens,
    /// Tokens before the first input.
    PrefixTokens,
    /// Tokens of one block.
    MaxTokens,
}

impl BudgetName {
    /// As the manifest writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::PrefixTokens => "prefix_tokens",
            Self::MaxTokens => "max_tokens",
        }
    }
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Within the limit.
    Pass,
    /// Over it.
    Fail,
    /// The count's band holds the limit, or the figure is not known.
    Unknown,
    /// Not evaluated here.
    Skipped,
}

/// One budget for one model.
#[derive(Debug, Clone)]
pub struct BudgetResult {
    /// Which.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// The limit in tokens.
    pub limit: u64,
    /// What it is held against.
    pub actual: u64,
    /// How it stands.
    pub status: Status,
    /// Where the limit is written.
    pub span: Span,
}

/// Holds every token budget against every model.
pub fn evaluate(plan: &Plan, segments: &[Segment], models: &[ModelBuild]) -> Vec<BudgetResult> {
    let mut results = Vec::new();
    for model in models {
        let mut hold =
            |name: BudgetName, block: Option<String>, limit: u64, actual: u64, band: (u64, u64), span: &Span| {
                let status = match Fit::of(band, limit) {
                    Fit::Yes => Status::Pass,
                    Fit::No => Status::Fail,
                    Fit::Maybe => Status::Unknown,
                };
                results.push(BudgetResult {
                    name,
                    block,
                    model: model.name.clone(),
                    limit,
                    actual,
                    status,
                    span: span.clone(),
                });
            };
        if let Some(budgets) = &plan.manifest.budgets {
            if let Some(limit) = &budgets.tokens {
                hold(BudgetName::Tokens, None, limit.value.0, model.tokens.total(), model.tokens.band(), &limit.span);
            }
            if let Some(limit) = &budgets.prefix_tokens {
                hold(
                    BudgetName::PrefixTokens,
                    None,
                    limit.value.0,
                    model.tokens.prefix.tokens(),
                    model.tokens.prefix.band(),
                    &limit.span,
                );
            }
        }
        for block in &plan.blocks {
            let Some((limit, span)) = &block.max_tokens else { continue };
            let own = |segment: &&Segment| segment.origin.block.start == block.span.start && segment.tier == block.tier;
            let actual: u64 = segments
                .iter()
                .zip(&model.counts.per_segment)
                .filter(|(segment, _)| own(segment))
                .map(|(_, tokens)| *tokens)
                .sum();
            // The whole text's band, scaled to the block.
            let (low, high) = model.counts.text.band();
            let whole = model.counts.text.tokens().max(1);
            let scaled = |edge: u64| (u128::from(actual) * u128::from(edge) / u128::from(whole)) as u64;
            hold(
                BudgetName::MaxTokens,
                Some(format!("{}/{}", block.tier, block.label)),
                *limit,
                actual,
                (scaled(low).min(actual), scaled(high).max(actual)),
                span,
            );
        }
    }
    results
}

/// A warning for each budget that fails or cannot be told, at the line to edit.
pub fn block_remarks(plan: &Plan, segments: &[Segment], models: &[ModelBuild]) -> Vec<Diagnostic> {
    let remark = |result: BudgetResult| {
        let what = result
            .block
            .map_or_else(|| result.name.as_str().to_owned(), |block| format!("{} of `{block}`", result.name.as_str()));
        let (code, message) = match result.status {
            Status::Fail => {
                ("budget", format!("over budget: {what} is {} and the limit is {}", result.actual, result.limit))
            }
            Status::Unknown => (
                "budget-unknown",
                format!("{what} is estimated at {}, too close to the limit of {} to tell", result.actual, result.limit),
            ),
            Status::Pass | Status::Skipped => return None,
        };
        Some(Diagnostic::warning(code, message).at(&result.span).for_model(&result.model))
    };
    evaluate(plan, segments, models).into_iter().filter_map(remark).collect()
}
