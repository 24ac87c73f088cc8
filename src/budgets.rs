//! Budgets: limits of the manifest, each held for each model.

use crate::build::Build;
use crate::diag::Diagnostic;
use crate::model_build::{Fit, ModelBuild};
use crate::quantity::Share;
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
    /// Tokens before the first input, against those of the base of a comparison.
    Growth,
}

impl BudgetName {
    /// As the manifest writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::PrefixTokens => "prefix_tokens",
            Self::MaxTokens => "max_tokens",
            Self::Growth => "growth",
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

/// Holds `growth` for each model that both builds have: the limit is the base's prefix and what it
/// may grow by. Without a base there is nothing to grow from.
pub fn growth(base: &Build, head: &Build) -> Vec<BudgetResult> {
    let Some(limit) = head.plan.manifest.budgets.as_ref().and_then(|budgets| budgets.growth.as_ref()) else {
        return Vec::new();
    };
    let held = head.models.iter().filter_map(|model| {
        let before = base.models.iter().find(|other| other.card.name == model.card.name)?;
        let (old, actual) = (before.tokens.prefix.tokens(), model.tokens.prefix.tokens());
        let most = u64::try_from(more(old, limit.value)).unwrap_or(u64::MAX);
        let status = if actual > most { Status::Fail } else { Status::Pass };
        let span = limit.span.clone();
        Some(BudgetResult {
            name: BudgetName::Growth,
            block: None,
            model: model.name.clone(),
            limit: most,
            actual,
            status,
            span,
        })
    });
    held.collect()
}

/// Whether a budget blocks a change: it fails, and it either did not at the base or has got worse
/// since by more than the slack. Debt that was there before blocks nothing.
pub fn blocks(before: Option<&BudgetResult>, now: &BudgetResult, slack: Share) -> bool {
    let was_over = before.is_some_and(|before| before.status == Status::Fail);
    let is_worse = before.is_none_or(|before| u128::from(now.actual) > more(before.actual, slack));
    now.status == Status::Fail && (!was_over || is_worse)
}

/// `tokens` and a share of them more, rounded down.
fn more(tokens: u64, share: Share) -> u128 {
    u128::from(tokens) + u128::from(tokens) * u128::from(share.millionths) / 1_000_000
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
