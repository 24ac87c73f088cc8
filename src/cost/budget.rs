//! Budgets: the limits of a manifest, each compared with each model's figures, today and on announced days.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::cost::bill::Bill;
use crate::cost::cards::Date;
use crate::cost::planner::words::{grouped, money};
use crate::cost::terms::RequestTokens;
use crate::cost::tokens::{Basis, Count};
use crate::syntax::decode::{self, Spanned, inline_schema, names};
use crate::syntax::diag::Diagnostic;
use crate::syntax::manifest::{Budgets, CostPerCall, Limit, Unknown};
use crate::syntax::quantity::{Share, Usd};
use crate::syntax::source::Span;

names! {
    /// Which limit.
    pub enum BudgetName {
        /// Input tokens of the whole request.
        Tokens = "tokens",
        /// Tokens before the first input.
        PrefixTokens = "prefix_tokens",
        /// Tokens of one block.
        MaxTokens = "max_tokens",
        /// A call that finds everything in the cache.
        Warm = "cost_per_call.warm",
        /// A call that finds nothing there.
        Cold = "cost_per_call.cold",
        /// A call at the declared traffic.
        Expected = "cost_per_call.expected",
        /// A call without caching.
        Uncached = "cost_per_call.uncached",
        /// A month at the declared traffic.
        CostPerMonth = "cost_per_month",
        /// The share of input tokens that a warm call reads: at least.
        CachedShare = "cached_share",
        /// Growth of the prefix against the base of a comparison.
        Growth = "growth",
    }
}

/// The result of comparing a budget with its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Within the limit.
    Pass,
    /// Over it.
    Fail,
    /// The limit lies within the band of the count, or the figure is not known.
    Unknown,
    /// Not evaluated here: there is nothing to compare with.
    Skipped,
}

/// What a budget limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Tokens.
    Tokens(u64),
    /// US dollars.
    Usd(Usd),
    /// A share of tokens.
    Share(Share),
}

impl Amount {
    /// The plain decimal number: tokens, dollars, or a share of 1.
    pub fn decimal(self) -> String {
        match self {
            Self::Tokens(tokens) => tokens.to_string(),
            Self::Usd(usd) => usd.exact(),
            // A millionth is as many 10⁻¹⁵ as a share of 1 has in that notation.
            Self::Share(share) => Usd { femto: i128::from(share.millionths) * 1_000_000_000 }.exact(),
        }
    }

    /// A number to compare with others of its kind.
    fn size(self) -> i128 {
        match self {
            Self::Tokens(tokens) => tokens.into(),
            Self::Usd(usd) => usd.femto,
            Self::Share(share) => share.millionths.into(),
        }
    }
}

inline_schema!(text Amount);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.decimal().serialize(serializer)
    }
}

impl fmt::Display for Amount {
    /// As people read it: `57,825`, `$0.0095`, `90%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(tokens) => f.write_str(&grouped(*tokens)),
            Self::Usd(usd) => f.write_str(&money(*usd)),
            Self::Share(share) => share.fmt(f),
        }
    }
}

/// One budget for one model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BudgetResult {
    /// The key in `budgets:`, or `max_tokens` of a block.
    pub name: BudgetName,
    /// The block, for a limit of one block.
    pub block: Option<String>,
    /// The model.
    pub model: String,
    /// The limit.
    pub limit: Amount,
    /// The figure that is compared with it; null when not known.
    pub actual: Option<Amount>,
    /// The result.
    pub status: Status,
    /// The first announced day on which a budget that passes no longer does.
    #[serde(skip)]
    pub fails_from: Option<FailsFrom>,
    /// Whether it already failed at the base of the comparison and has not got worse by more than the slack.
    #[serde(skip)]
    pub is_old_debt: bool,
    /// Why the figure is not known, where that is not the band of an estimate.
    #[serde(skip)]
    pub why: Option<&'static str>,
    /// How the tokens were counted that the figure rests on.
    #[serde(skip)]
    pub basis: Basis,
    /// Whether the manifest lets a figure pass that is not known.
    #[serde(skip)]
    pub lets_unknown_pass: bool,
    /// Where the limit is written.
    #[serde(skip)]
    pub span: Span,
}

/// Why a figure of a month is not known where no traffic is declared.
const NO_TRAFFIC: &str = "no `traffic.calls` is declared";

/// Why an amount is not known where the size of the answer is not declared; its part for the input is.
const NO_ANSWER: &str = "the answer comes on top, whose size `output.tokens` does not say";

/// Why an amount is not known where the size of an input is not declared.
const NO_INPUT: &str = "an input comes on top, whose size its `tokens` does not say";

/// Why a growth is not known.
pub const BROKEN_BASE: &str = "the context cannot be built at the base";

/// A day from which a budget fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailsFrom {
    /// The day.
    #[serde(serialize_with = "crate::cost::cards::written_day")]
    #[schemars(with = "String")]
    pub day: Date,
    /// What happens then: "gemini-4-argon's input price doubles".
    pub because: String,
    /// The figure on that day.
    pub actual: Amount,
}

/// A bill, and the bills at both ends of the band of its count.
#[derive(Debug, Clone, Copy)]
pub struct Bills {
    /// At the count itself.
    pub at: Bill,
    /// At the ends of its band.
    pub bounds: (Bill, Bill),
}

/// The bills from an announced day on.
#[derive(Debug, Clone)]
pub struct Later {
    /// The day.
    pub day: Date,
    /// What changes then.
    pub because: String,
    /// The bills under the prices and rules of that day.
    pub bills: Bills,
}

/// The tokens of a block that has a limit of its own.
#[derive(Debug, Clone)]
pub struct BlockTokens {
    /// `tier/label`.
    pub block: String,
    /// Its tokens.
    pub tokens: Count,
    /// The limit.
    pub limit: Limit<decode::Count>,
}

/// The figures of one model that its budgets are compared with.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The request.
    pub tokens: &'a RequestTokens,
    /// What it costs.
    pub bills: Bills,
    /// What it will cost, by day.
    pub later: &'a [Later],
    /// Blocks with a limit of their own.
    pub blocks: &'a [BlockTokens],
    /// Whether traffic is declared.
    pub has_traffic: bool,
    /// Prefix tokens of the base of a comparison; `None` without one, or for a new context.
    pub base_prefix: Option<u64>,
}

/// Compares every budget with the figures of one model.
pub fn evaluate(budgets: Option<&Budgets>, figures: &Figures) -> Vec<BudgetResult> {
    let mut results = Vec::new();
    let result = |name, limit, unknown, span: &Span| BudgetResult {
        name,
        block: None,
        model: figures.model.to_owned(),
        limit,
        actual: None,
        status: Status::Unknown,
        fails_from: None,
        is_old_debt: false,
        why: None,
        basis: figures.tokens.basis(),
        lets_unknown_pass: unknown == Unknown::Pass,
        span: span.clone(),
    };
    let tokens = |name, limit: &Limit<decode::Count>, actual: u64, band: (u64, u64)| BudgetResult {
        actual: Some(Amount::Tokens(actual)),
        status: match band {
            (_, high) if high <= limit.value.0 => Status::Pass,
            (low, _) if low > limit.value.0 => Status::Fail,
            _ => Status::Unknown,
        },
        ..result(name, Amount::Tokens(limit.value.0), limit.unknown, &limit.span)
    };
    // What a limit on all tokens lets pass is open where an input has no size.
    let whole = |result: BudgetResult| match result.status == Status::Pass && figures.tokens.unsized_input {
        true => BudgetResult { status: Status::Unknown, why: Some(NO_INPUT), ..result },
        false => result,
    };
    if let Some(budgets) = budgets {
        if let Some(limit) = &budgets.tokens {
            let (total, band) = (figures.tokens.total(), figures.tokens.band());
            results.push(whole(tokens(BudgetName::Tokens, limit, total, band)));
        }
        if let Some(limit) = &budgets.prefix_tokens {
            let prefix = figures.tokens.prefix;
            let found = tokens(BudgetName::PrefixTokens, limit, prefix.tokens(), prefix.band());
            results.push(BudgetResult { basis: prefix.basis(), ..found });
        }
        let calls = budgets.cost_per_call.as_ref();
        let call = |name, limit: fn(&CostPerCall) -> &Option<Spanned<Usd>>| {
            let (limits, limit) = calls.and_then(|limits| Some((limits, limit(limits).as_ref()?)))?;
            Some((name, limit.value, &limit.span, limits.unknown.unwrap_or(Unknown::Fail)))
        };
        let month = budgets.cost_per_month.as_ref();
        let costs = [
            call(BudgetName::Warm, |limits| &limits.warm),
            call(BudgetName::Cold, |limits| &limits.cold),
            call(BudgetName::Expected, |limits| &limits.expected),
            call(BudgetName::Uncached, |limits| &limits.uncached),
            month.map(|limit| (BudgetName::CostPerMonth, limit.value, &limit.span, limit.unknown)),
        ];
        for (name, limit, span, unknown) in costs.into_iter().flatten() {
            let status = cost_status(name, limit, &figures.bills);
            let actual = cost(name, &figures.bills.at);
            let needs_traffic = matches!(name, BudgetName::Expected | BudgetName::CostPerMonth);
            results.push(BudgetResult {
                actual: actual.map(Amount::Usd),
                status,
                fails_from: (status == Status::Pass).then(|| ahead(name, limit, figures.later)).flatten(),
                why: match actual {
                    Some(_) if status == Status::Unknown && !figures.bills.at.holds_answer => Some(NO_ANSWER),
                    Some(_) if status == Status::Unknown && !figures.bills.at.holds_inputs => Some(NO_INPUT),
                    Some(_) => None,
                    None if needs_traffic && !figures.has_traffic => Some(NO_TRAFFIC),
                    None => Some("a price or a size that it is made of is not known"),
                },
                ..result(name, Amount::Usd(limit), unknown, span)
            });
        }
        if let Some(limit) = &budgets.cached_share {
            let Bills { at, bounds: (least, most) } = &figures.bills;
            let (low, high) = figures.tokens.band();
            let total = figures.tokens.total();
            let enough = [(at, total), (least, low), (most, high)].map(|(bill, total)| {
                u128::from(bill.read) * 1_000_000 >= u128::from(total) * u128::from(limit.value.millionths)
            });
            let actual = Share { millionths: scaled(at.read, total.max(1), false) };
            results.push(whole(BudgetResult {
                actual: Some(Amount::Share(actual)),
                status: match enough {
                    [true, true, true] => Status::Pass,
                    [false, false, false] => Status::Fail,
                    _ => Status::Unknown,
                },
                ..result(BudgetName::CachedShare, Amount::Share(limit.value), limit.unknown, &limit.span)
            }));
        }
        if let Some(limit) = &budgets.growth {
            let prefix = figures.tokens.prefix;
            results.push(BudgetResult::of_growth(limit, figures.model, prefix, figures.base_prefix));
        }
    }
    for block in figures.blocks {
        let found = tokens(BudgetName::MaxTokens, &block.limit, block.tokens.tokens(), block.tokens.band());
        results.push(BudgetResult { block: Some(block.block.clone()), basis: block.tokens.basis(), ..found });
    }
    results
}

/// `part / whole` in millionths, rounded up or down.
fn scaled(part: u64, whole: u64, up: bool) -> u64 {
    let (product, whole) = (u128::from(part) * 1_000_000, u128::from(whole));
    let share = if up { product.div_ceil(whole) } else { product / whole };
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// The figure of a bill that a budget limits.
fn cost(name: BudgetName, bill: &Bill) -> Option<Usd> {
    match name {
        BudgetName::Warm => bill.warm,
        BudgetName::Cold => bill.cold,
        BudgetName::Expected => bill.expected,
        BudgetName::Uncached => bill.uncached,
        BudgetName::CostPerMonth => bill.month,
        BudgetName::Tokens
        | BudgetName::PrefixTokens
        | BudgetName::MaxTokens
        | BudgetName::CachedShare
        | BudgetName::Growth => None,
    }
}

/// A cost passes or fails only if it does so over the whole band of the count.
fn cost_status(name: BudgetName, limit: Usd, bills: &Bills) -> Status {
    let figures: Option<Vec<Usd>> =
        [&bills.at, &bills.bounds.0, &bills.bounds.1].into_iter().map(|bill| cost(name, bill)).collect();
    match figures {
        None => Status::Unknown,
        // The answer or an input comes on top, and how much that is nobody said.
        Some(figures) if bills.at.missing().is_none() && figures.iter().all(|figure| *figure <= limit) => Status::Pass,
        Some(figures) if figures.iter().all(|figure| *figure > limit) => Status::Fail,
        Some(_) => Status::Unknown,
    }
}

/// The first day on which it fails.
fn ahead(name: BudgetName, limit: Usd, later: &[Later]) -> Option<FailsFrom> {
    let failing = later.iter().filter(|later| cost_status(name, limit, &later.bills) == Status::Fail);
    let first = failing.min_by_key(|later| later.day)?;
    let actual = Amount::Usd(cost(name, &first.bills.at)?);
    Some(FailsFrom { day: first.day, because: first.because.clone(), actual })
}

impl BudgetResult {
    /// `growth`: what the prefix has grown by since the base of a comparison. Skipped without one.
    pub fn of_growth(limit: &Limit<Share>, model: &str, prefix: Count, base_prefix: Option<u64>) -> Self {
        let grown = base_prefix.filter(|base| *base > 0).map(|base| {
            let more = prefix.tokens().saturating_sub(base);
            Share { millionths: scaled(more, base, true) }
        });
        Self {
            name: BudgetName::Growth,
            block: None,
            model: model.to_owned(),
            limit: Amount::Share(limit.value),
            actual: grown.map(Amount::Share),
            status: match grown {
                None => Status::Skipped,
                Some(grown) if grown <= limit.value => Status::Pass,
                Some(_) => Status::Fail,
            },
            fails_from: None,
            is_old_debt: false,
            why: None,
            basis: prefix.basis(),
            lets_unknown_pass: limit.unknown == Unknown::Pass,
            span: limit.span.clone(),
        }
    }

    /// Whether it limits less than another of its name did.
    pub fn is_looser(&self, than: &Self) -> bool {
        let (own, other) = (self.limit.size(), than.limit.size());
        let is_wider = if self.name == BudgetName::CachedShare { own < other } else { own > other };
        is_wider || self.lets_unknown_pass && !than.lets_unknown_pass
    }

    /// How much of the limit is used, in millionths; `None` when the actual figure is not known. Where
    /// the limit is a least one, how much of the actual figure it asks for.
    pub fn used(&self) -> Option<u64> {
        let (limit, actual) = (self.limit.size(), self.actual?.size());
        let (part, whole) = if self.name == BudgetName::CachedShare { (limit, actual) } else { (actual, limit) };
        match whole {
            1.. => u64::try_from(part.checked_mul(1_000_000)? / whole).ok(),
            _ => Some(if part > 0 { u64::MAX } else { 0 }),
        }
    }

    /// Whether it should block a change, given its result at the base: it fails, and did not fail there or
    /// got worse by more than `slack`; or it leaves the question open.
    pub fn blocks(&self, base: Option<&Self>, slack: Share) -> bool {
        if self.status != Status::Fail {
            return self.is_open();
        }
        let Some(base) = base.filter(|base| base.status == Status::Fail) else { return true };
        let (Some(now), Some(then)) = (self.actual, base.actual) else { return true };
        let (worse, allowed) = match self.name {
            BudgetName::CachedShare => (then.size() - now.size(), then.size()),
            _ => (now.size() - then.size(), then.size()),
        };
        // No overflow: amounts are below 10³⁰, and the slack is at most 10⁸ millionths.
        worse.saturating_mul(1_000_000) > allowed.saturating_mul(slack.millionths.into())
    }

    /// Whether it blocks a change: it fails and is not old debt, or leaves the question open.
    pub fn is_blocking(&self) -> bool {
        self.status == Status::Fail && !self.is_old_debt || self.is_open()
    }

    /// Whether it leaves the question open: what it limits is not known, and the manifest does not let that pass.
    pub fn is_open(&self) -> bool {
        self.status == Status::Unknown && !self.lets_unknown_pass
    }

    /// The result in words: "cost_per_month is $14,196.35, the limit is $20,000.00".
    pub fn sentence(&self) -> String {
        let what = match &self.block {
            Some(block) => format!("{} of `{block}`", self.name.as_str()),
            None => self.name.as_str().to_owned(),
        };
        let limit = match self.name {
            BudgetName::CachedShare => format!("at least {} is asked for", self.limit),
            _ => format!("the limit is {}", self.limit),
        };
        let about = self.basis.about();
        let Some(actual) = self.actual else {
            let why = self.why.map_or_else(String::new, |why| format!(", because {why}"));
            return format!("{what} is not known{why}; {limit}");
        };
        if let Some(why) = self.why {
            let bound = if self.name == BudgetName::CachedShare { "at most" } else { "at least" };
            return format!("{what} is {bound} {about}{actual}, and {why}; {limit}");
        }
        let mut sentence = format!("{what} is {about}{actual}, {limit}");
        if let Some(fails) = &self.fails_from {
            sentence.push_str(&format!(
                "; passes today, fails from {} when {}: {about}{} then",
                fails.day, fails.because, fails.actual
            ));
        }
        sentence
    }

    /// What is said of it at the line to edit, if it fails, is not known, or will fail: an error where it blocks.
    pub fn warning(&self) -> Option<Diagnostic> {
        let key = match (&self.block, self.name) {
            (Some(_), _) => "`max_tokens` of the block".to_owned(),
            (None, name) => format!("`budgets.{}`", name.as_str()),
        };
        let path = self.span.path();
        let mut hint = format!("the limit is {key} in {path}");
        let said = match (self.status, &self.fails_from) {
            (Status::Fail, _) if self.is_old_debt => {
                Diagnostic::warning("budget", format!("over budget, as at the base: {}", self.sentence()))
            }
            (Status::Fail, _) => Diagnostic::error("budget", format!("over budget: {}", self.sentence())),
            (Status::Unknown, _) => {
                let message = match self.why {
                    None => format!("too close to tell from an estimate: {}", self.sentence()),
                    Some(_) => self.sentence(),
                };
                if self.lets_unknown_pass {
                    Diagnostic::warning("budget-unknown", message)
                } else {
                    hint.push_str("; `unknown: pass` beside it lets it pass");
                    if self.why == Some(NO_TRAFFIC) {
                        hint = format!("declare it: `traffic: {{calls: 100k/month}}`; {hint}");
                    }
                    Diagnostic::open("budget-unknown", message)
                }
            }
            (Status::Pass, Some(_)) => Diagnostic::warning("budget-ahead", self.sentence()),
            (Status::Pass | Status::Skipped, _) => return None,
        };
        let used = self.used().unwrap_or(0) / 10_000;
        let said = said.at(&self.span).hint(hint).measuring(used);
        // That no traffic is declared has nothing to do with the model.
        Some(if self.why == Some(NO_TRAFFIC) { said } else { said.for_model(&self.model) })
    }
}

/// The passing budget that is nearest to its limit.
pub fn nearest<'a>(results: impl IntoIterator<Item = &'a BudgetResult>) -> Option<&'a BudgetResult> {
    let passing = results.into_iter().filter(|result| result.status == Status::Pass && result.used().is_some());
    passing.max_by_key(|result| result.used())
}

#[cfg(test)]
mod tests;
