//! What a month is made of: tokens that are read from a cache, written to it, sent fresh and answered.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::planner::{Layout, ServiceKind};
use crate::cost::rules::{Price, cost_of, divided};
use crate::cost::terms::Terms;
use crate::syntax::quantity::Usd;

/// The parts of a month in US dollars; they add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct MonthParts {
    /// Input that a cache serves.
    pub read: Usd,
    /// Input that is written to a cache.
    pub written: Usd,
    /// Input that no cache holds.
    pub fresh: Usd,
    /// The answers.
    pub output: Usd,
    /// Deploys, storage, calls through a batch endpoint, and what rounding leaves.
    pub other: Usd,
}

const BILLION: i128 = 1_000_000_000;

/// Takes a month apart; `None` where there is no traffic or a price is not known.
pub fn month_parts(layout: &Layout, terms: &Terms, month: Usd) -> Option<MonthParts> {
    let (traffic, tokens) = (terms.traffic?, terms.tokens);
    let service = layout.service(terms.model, tokens);
    let rates = terms.model.prices.as_ref()?.at(tokens.total());
    let calls = i128::from(traffic.live_calls());
    let all = |tokens: u64, price: Option<Price>| cost_of(tokens, price)?.times(calls);
    let mut parts = MonthParts {
        fresh: all(tokens.total().saturating_sub(service.cached_tokens()), rates.input)?,
        output: all(tokens.output?, rates.output)?,
        ..MonthParts::default()
    };
    for span in &service.spans {
        let written = match (service.kind, span.written_for) {
            (ServiceKind::Object, _) => rates.object_price(),
            (ServiceKind::Marked, Some(ttl)) => rates.write_price(ttl),
            _ => rates.input,
        };
        let found = span.chance(traffic);
        let share = |amount: Usd, billionths: u64| {
            amount.femto.checked_mul(i128::from(billionths)).map(|scaled| Usd { femto: divided(scaled, BILLION) })
        };
        parts.read = parts.read.plus(share(all(span.tokens, service.read_price(rates))?, found.billionths)?)?;
        parts.written = parts.written.plus(share(all(span.tokens, written)?, found.contrary().billionths)?)?;
    }
    parts.other = month - (parts.read + parts.written + parts.fresh + parts.output);
    Some(parts)
}
