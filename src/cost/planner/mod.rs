//! The planner: where a request is marked for the provider's cache, by expected value.
//!
//! ```text
//! segments ──marks──▶ what the manifest asks for ──┐
//! hints    ──change─▶ what a deploy changes ───────┼─optimum─▶ breakpoints ──reasons──▶ Layout
//! traffic, prices ───▶ what a token is worth ──────┘
//! ```
//!
//! The optimum is exact, for the cost model that `docs/planner.md` writes down: breakpoints of the
//! manifest stay, and of all ways to add to them the cheapest month wins. A breakpoint that would
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
        if policy.breakpoints != Breakpoints::Off {
            marks::not_taken(segments, terms.model, &mut faults);
        }
        return Warned { value: Layout::default(), warnings: faults.into_vec() };
    };
    let table = Table::of(segments, tokens, mechanism);
    let (requested, is_legal) =
        marks::requested(segments, &table.tokens, policy.ttl, mechanism, &terms.model.name, &mut faults);
    let (dead, live): (Vec<RequestedMark>, Vec<RequestedMark>) = requested.into_iter().partition(|mark| mark.is_dead);
    let may_add = is_legal && policy.breakpoints == Breakpoints::Auto;
    let free = if may_add { ttls(mechanism, policy.ttl) } else { Vec::new() };

    let placements =
        free_sets(mechanism, &free).map(|free| Placement::of(&table, &live, dead.len(), free, mechanism, terms));
    let mut chosen = placements
        .min_by_key(|placement| placement.total)
        .unwrap_or_else(|| Placement::of(&table, &live, dead.len(), &[], mechanism, terms));
    // Without breakpoints the provider caches what it does unasked, and breakpoints have to beat that.
    let unasked = unasked(terms).filter(|month| live.is_empty() && *month < 0 && *month <= chosen.total);
    if unasked.is_some() {
        chosen.selection.clear();
    }

    let reasons = Reasons { segments, table: &table, terms, mechanism, chosen: &chosen };
    let mut placed: Vec<Placed> = (0..chosen.selection.len()).map(|number| reasons.placed(number, &live)).collect();
    placed.extend(dead.iter().map(|mark| reasons.dead(mark)));
    placed.sort_by_key(|placed| placed.breakpoint.after);
    if let Some(first) = placed.iter().find(|placed| !placed.is_explicit)
        && let Some(wanted) = policy.ttl.filter(|wanted| *wanted != first.breakpoint.ttl && free.len() == 1)
    {
        let segment = &segments[first.breakpoint.after];
        faults.push(marks::rounded(wanted, first.breakpoint.ttl, segment, &terms.model.name));
    }
    if may_add && placed.is_empty() {
        faults.extend(unasked.map_or_else(|| reasons.why_none(&free), |month| reasons.outdone(month)));
    }
    Warned { value: Layout { breakpoints: placed }, warnings: faults.into_vec() }
}

/// The TTLs that the planner may use: the one that is asked for, else all that the model has, its default first.
fn ttls(mechanism: &Mechanism, wanted: Option<Ttl>) -> Vec<Ttl> {
    match wanted {
        Some(_) => mechanism.ttl(wanted).into_iter().collect(),
        None => mechanism.lifetimes.iter().map(|lifetime| lifetime.ttl).collect(),
    }
}

/// The sets of TTLs that one layout may mix. Where a read refreshes only the entry that it reads (U1), a
/// longer-lived entry in front would expire while those behind it are in use: then all that the planner adds has one
/// TTL.
fn free_sets<'a>(mechanism: &Mechanism, free: &'a [Ttl]) -> impl Iterator<Item = &'a [Ttl]> {
    free.chunks(if mechanism.refreshes_path() { free.len().max(1) } else { 1 })
}

#[cfg(test)]
mod tests;
