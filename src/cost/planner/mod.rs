//! The planner: where a request is marked for the provider's cache, by expected value.
//!
//! ```text
//! segments ──marks──▶ what the manifest asks for ──┐
//! hints    ──change─▶ what a deploy changes ───────┼─optimum─▶ breakpoints ──reasons──▶ Layout
//! traffic, prices ───▶ what a token is worth ──────┘
//! ```
//!
//! The optimum is exact, for the cost model that `docs/planner.md` writes down: breakpoints of the
//! manifest stand, and of all ways to add to them the cheapest month wins. A breakpoint that would
//! save less than a cent a month is not placed.

mod change;
mod placement;
mod layout;
mod marks;
mod optimum;
mod reasons;
pub mod words;

pub use layout::{CachedSpan, Layout, Placed, Service, ServiceKind, Worth};

use marks::RequestedMark;
use placement::{Placement, Table, unasked};
use reasons::Reasons;

use crate::cost::rules::Mechanism;
use crate::cost::terms::Terms;
use crate::prompt::segment::Segment;
use crate::syntax::diag::{Faults, Warned};
use crate::syntax::manifest::Breakpoints;
use crate::syntax::quantity::Ttl;

/// What the manifest says about caching as a whole.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy {
    /// Who places breakpoints.
    pub breakpoints: Breakpoints,
    /// The TTL of breakpoints that name none; `None` leaves it to the planner.
    pub ttl: Option<Ttl>,
}

/// Places the breakpoints of one context for one model. `tokens` are those of each segment, in the
/// model's own count.
///
/// The warnings say what the provider would ignore, and errors among them what it would refuse: then
/// the layout holds what the manifest asks for and nothing else.
pub fn plan(segments: &[Segment], tokens: &[u64], policy: CachePolicy, terms: &Terms) -> Warned<Layout> {
    let mut faults = Faults::new();
    let (Some(mechanism), Breakpoints::Auto | Breakpoints::Manual) = (&terms.model.rules.explicit, policy.breakpoints)
    else {
        return Warned { value: Layout::default(), warnings: Vec::new() };
    };
    let table = Table::of(segments, tokens, mechanism);
    let (asked, is_legal) =
        marks::asked(segments, &table.tokens, policy.ttl, mechanism, &terms.model.name, &mut faults);
    let live: Vec<RequestedMark> = asked.iter().filter(|asked| !asked.is_dead).copied().collect();
    let dead = asked.len() - live.len();
    let may_add = is_legal && policy.breakpoints == Breakpoints::Auto;
    let free = if may_add { ttls(mechanism, policy.ttl) } else { Vec::new() };

    let placements = free_sets(mechanism, &free).map(|free| Placement::of(&table, &live, dead, free, mechanism, terms));
    let mut chosen = placements
        .min_by_key(|placement| placement.total)
        .unwrap_or_else(|| Placement::of(&table, &live, dead, &[], mechanism, terms));
    // Without breakpoints the provider caches what it does unasked, and breakpoints have to beat that.
    let unasked = unasked(terms).filter(|month| live.is_empty() && *month < 0 && *month <= chosen.total);
    if unasked.is_some() {
        chosen.selection.clear();
    }

    let reasons = Reasons { segments, table: &table, terms, mechanism, chosen: &chosen };
    let mut placed: Vec<Placed> = (0..chosen.selection.len()).map(|number| reasons.placed(number, &live)).collect();
    placed.extend(asked.iter().filter(|asked| asked.is_dead).map(|asked| reasons.buried(asked)));
    placed.sort_by_key(|placed| placed.breakpoint.after);
    if let Some(first) = placed.iter().find(|placed| !placed.is_explicit)
        && let Some(wished) = policy.ttl.filter(|wished| *wished != first.breakpoint.ttl && free.len() == 1)
    {
        let segment = &segments[first.breakpoint.after];
        faults.push(marks::rounded(wished, first.breakpoint.ttl, segment, &terms.model.name));
    }
    if may_add && placed.is_empty() {
        faults.extend(unasked.map_or_else(|| reasons.why_none(&free), |month| reasons.outdone(month)));
    }
    Warned { value: Layout { breakpoints: placed }, warnings: faults.into_vec() }
}

/// The TTLs that the planner may use: the wish as granted, else all that the model has, its default
/// first.
fn ttls(mechanism: &Mechanism, wish: Option<Ttl>) -> Vec<Ttl> {
    match wish.and_then(|wish| mechanism.granted(wish)) {
        Some(granted) => vec![granted],
        None => mechanism.lifetimes.iter().map(|lifetime| lifetime.ttl).collect(),
    }
}

/// The sets of TTLs that one layout may mix. Where a read keeps only the entry alive that it reads,
/// a longer-lived entry in front would run out while those behind it are in use: then one TTL
/// serves all that the planner adds.
fn free_sets<'a>(mechanism: &Mechanism, free: &'a [Ttl]) -> impl Iterator<Item = &'a [Ttl]> {
    free.chunks(if mechanism.keeps_path() { free.len().max(1) } else { 1 })
}

#[cfg(test)]
mod tests;
