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
mod layout;
mod marks;
mod optimum;
mod reasons;
mod remarks;
pub mod words;

pub use layout::{Layout, Placed, Service, ServiceKind, Stretch, Worth};
pub use remarks::remarks;

use marks::Asked;
use optimum::{Boundary, Choice, Level};
use reasons::Reasons;

use crate::blocks::Breakpoint;
use crate::cost::bill::{Terms, divided, write_price};
use crate::cost::traffic::{Chance, Traffic};
use crate::diag::{Faults, Warned};
use crate::manifest::Breakpoints;
use crate::rules::{Family, Mechanism};
use crate::segment::{Mark, Segment, Ttl, prefix_len};

/// What a breakpoint that nobody asked for has to save in a month: one cent, in 10⁻¹⁵ dollars.
const FEE: i128 = 10_000_000_000_000;

/// What the manifest says about caching as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
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
pub fn plan(segments: &[Segment], tokens: &[u64], wishes: Wishes, terms: &Terms) -> Warned<Layout> {
    let mut faults = Faults::new();
    let (Some(mechanism), Breakpoints::Auto | Breakpoints::Manual) = (&terms.model.rules.explicit, wishes.breakpoints)
    else {
        return Warned { value: Layout::default(), warnings: Vec::new() };
    };
    let table = Table::of(segments, tokens, mechanism);
    let (asked, is_legal) =
        marks::asked(segments, &table.tokens, wishes.ttl, mechanism, &terms.model.name, &mut faults);
    let live: Vec<Asked> = asked.iter().filter(|asked| !asked.is_dead).copied().collect();
    let dead = asked.len() - live.len();
    let may_add = is_legal && wishes.breakpoints == Breakpoints::Auto;
    let free = if may_add { ttls(mechanism, wishes.ttl) } else { Vec::new() };

    let drafts = free_sets(mechanism, &free).map(|free| Draft::of(&table, &live, dead, free, mechanism, terms));
    let chosen =
        drafts.min_by_key(|draft| draft.total).unwrap_or_else(|| Draft::of(&table, &live, dead, &[], mechanism, terms));

    let reasons = Reasons { segments, table: &table, terms, mechanism, chosen: &chosen };
    let mut placed: Vec<Placed> = (0..chosen.selection.len()).map(|number| reasons.placed(number, &live)).collect();
    placed.extend(asked.iter().filter(|asked| asked.is_dead).map(|asked| reasons.buried(asked)));
    placed.sort_by_key(|placed| placed.breakpoint.after);
    if let Some(first) = placed.iter().find(|placed| !placed.is_explicit)
        && let Some(wished) = wishes.ttl.filter(|wished| *wished != first.breakpoint.ttl && free.len() == 1)
    {
        let segment = &segments[first.breakpoint.after];
        faults.push(marks::rounded(wished, first.breakpoint.ttl, segment, &terms.model.name));
    }
    if may_add && placed.is_empty() {
        faults.extend(reasons.why_none(&free));
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
    free.chunks(if keeps_path(mechanism) { free.len().max(1) } else { 1 })
}

/// Whether a read keeps the entries on its path alive (U1), and not only the one that it reads.
fn keeps_path(mechanism: &Mechanism) -> bool {
    match &mechanism.family {
        Family::BlockBoundary(rules) => rules.refresh_path,
        Family::BreakpointOnly(rules) => rules.refresh_path,
        Family::LongestPrefix(_) | Family::PrefixUnits(_) | Family::WholeObject(_) => false,
    }
}

/// The prefix as the planner sees it, segment by segment.
struct Table {
    /// Tokens before the end of each segment.
    tokens: Vec<u64>,
    /// The chance that a deploy changes something before that end.
    lost: Vec<Chance>,
    /// Whether a breakpoint may be added there.
    is_free: Vec<bool>,
}

impl Table {
    fn of(segments: &[Segment], tokens: &[u64], mechanism: &Mechanism) -> Self {
        let prefix = prefix_len(segments);
        let mut sum = 0u64;
        let ends = (0..prefix).map(|index| {
            sum = sum.saturating_add(tokens.get(index).copied().unwrap_or(0));
            sum
        });
        let free =
            |index: usize| segments[index].mark == Mark::Free && marks::refusal(mechanism, segments, index).is_none();
        Self {
            tokens: ends.collect(),
            lost: change::lost(&segments[..prefix]),
            is_free: (0..prefix).map(free).collect(),
        }
    }
}

/// One way to mark the request.
struct Draft {
    /// TTLs in play, the longest first.
    ttls: Vec<Ttl>,
    /// What was chosen from; without values where traffic or a price is not known.
    choice: Choice,
    is_valued: bool,
    /// (segment, index in `ttls`), in order.
    selection: optimum::Selection,
    /// A month against no caching, fees included.
    total: i128,
}

impl Draft {
    fn of(table: &Table, live: &[Asked], dead: usize, free: &[Ttl], mechanism: &Mechanism, terms: &Terms) -> Self {
        let mut ttls: Vec<Ttl> = live.iter().map(|asked| asked.ttl).chain(free.iter().copied()).collect();
        ttls.sort_unstable_by(|one, other| other.cmp(one));
        ttls.dedup();
        let values: Option<Vec<Level>> =
            ttls.iter().map(|ttl| level(*ttl, &ttls, free.contains(ttl), mechanism, terms)).collect();
        let is_valued = values.is_some();
        let forced = |index: usize| live.iter().find(|asked| asked.after == index).map(|asked| asked.ttl);
        let boundaries = (0..table.tokens.len()).map(|index| Boundary {
            tokens: table.tokens[index],
            lost: table.lost[index],
            is_free: table.is_free[index],
            forced: forced(index).and_then(|ttl| ttls.iter().position(|own| *own == ttl)),
        });
        let choice = Choice {
            boundaries: boundaries.collect(),
            levels: values.unwrap_or_else(|| {
                let unknown = |ttl| Level { steady: 0, rewarm: 0, is_free: free.contains(ttl), shadowed: Vec::new() };
                ttls.iter().map(unknown).collect()
            }),
            limit: marks::limit(mechanism).saturating_sub(dead),
            minimum: mechanism.minimum,
            minimum_per_breakpoint: matches!(&mechanism.family, Family::BlockBoundary(rules) if rules.minimum_per_breakpoint),
            fee: FEE,
        };
        let mut selection: optimum::Selection = choice
            .boundaries
            .iter()
            .enumerate()
            .filter_map(|(index, boundary)| boundary.forced.map(|level| (index, level)))
            .collect();
        match choice.optimum().filter(|_| is_valued) {
            Some(best) => selection = best,
            None if !is_valued => selection.extend(choice.last(&selection, mechanism)),
            None => {}
        }
        let total = choice.cost(&selection).saturating_add(choice.fees(&selection));
        Self { ttls, choice, is_valued, selection, total }
    }

    fn breakpoint(&self, (after, level): (usize, usize)) -> Option<Breakpoint> {
        self.ttls.get(level).map(|ttl| Breakpoint { after, ttl: *ttl })
    }
}

impl Choice {
    /// The last place where a breakpoint may be added, where nothing is known of its worth: it pays
    /// from the second call on that comes in time. An object is not made then, because storing it
    /// costs without any call.
    fn last(&self, forced: &[(usize, usize)], mechanism: &Mechanism) -> Option<(usize, usize)> {
        if matches!(mechanism.family, Family::WholeObject(_)) || forced.len() >= self.limit {
            return None;
        }
        let (first, shortest) = forced.last().map_or((0, 0), |(index, level)| (index + 1, *level));
        let levels = || (shortest..self.levels.len()).filter(|level| self.levels[*level].is_free);
        (first..self.boundaries.len()).rev().find_map(|index| {
            let boundary = &self.boundaries[index];
            levels().find(|level| self.allows(boundary, *level, forced.len() + 1)).map(|level| (index, level))
        })
    }
}

/// What a token costs in a month that an entry with this TTL holds, against one that is never cached:
/// `N·(h·read + (1−h)·write − input)`, and `D·h·(write − read)` more if every deploy changed it.
/// Storage of a cached object is added for each time that it is made. `None` where traffic or a price
/// is not known.
fn level(ttl: Ttl, ttls: &[Ttl], is_free: bool, mechanism: &Mechanism, terms: &Terms) -> Option<Level> {
    const BILLION: i128 = 1_000_000_000;
    let traffic = terms.traffic?;
    let prices = terms.model.prices.as_ref()?;
    let rates = prices.at(terms.tokens.total());
    let (input, read) = (i128::from(rates.input?.nano), i128::from(rates.read?.nano));
    let (write, stored) = match mechanism.family {
        Family::WholeObject(_) => {
            let hourly = i128::from(prices.storage?.nano);
            (input + read, divided(hourly * i128::from(ttl.seconds), 3600).femto)
        }
        _ => (i128::from(write_price(rates, ttl)?.nano), 0),
    };
    let chance = alive(ttl, mechanism, traffic);
    let (found, missed) = (i128::from(chance.billionths), i128::from(chance.contrary().billionths));
    let calls = i128::from(traffic.live_calls());
    let call = found * read + missed * (write + stored) - BILLION * input;
    let rewarm = found * (write + stored - read);
    let month = |amount: i128, times: i128| amount.checked_mul(times).map(|month| divided(month, BILLION).femto);
    let shadowed = |shorter: &Ttl| {
        let shadowed = *shorter < ttl && !keeps_path(mechanism);
        let exact = if shadowed { traffic.chance_behind(ttl, *shorter) } else { chance };
        month((found - i128::from(exact.billionths)) * (write - read), calls)
    };
    Some(Level {
        steady: month(call, calls)?,
        rewarm: month(rewarm, traffic.rewarms().into())?,
        is_free,
        shadowed: ttls.iter().map(shadowed).collect::<Option<_>>()?,
    })
}

/// The chance that a call finds an entry of this TTL.
fn alive(ttl: Ttl, mechanism: &Mechanism, traffic: &Traffic) -> Chance {
    let lifetime = mechanism.lifetime(ttl);
    let refreshed =
        lifetime.map_or(!matches!(mechanism.family, Family::WholeObject(_)), |lifetime| lifetime.refreshed_by_use);
    traffic.chance(lifetime.map_or(ttl, |lifetime| lifetime.expected), refreshed)
}

#[cfg(test)]
mod tests;
