//! One way to mark a request, and what it comes to in a month.

use super::change;
use super::layout::Layout;
use super::marks::{self, RequestedMark};
use super::optimum::{Boundary, Choice, Level, Selection};
use crate::cost::rules::{Mechanism, divided};
use crate::cost::terms::Terms;
use crate::cost::traffic::{Chance, Traffic};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::segment::{Segment, prefix_len};
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// What a breakpoint that nobody asked for has to save in a month: one cent, in 10⁻¹⁵ dollars.
const FEE: i128 = 10_000_000_000_000;

/// The prefix as the planner sees it, segment by segment.
pub(super) struct Table {
    /// Tokens before the end of each segment.
    pub(super) tokens: Vec<u64>,
    /// The chance that a deploy changes something before that end.
    pub(super) lost: Vec<Chance>,
    /// Whether a breakpoint may be added there.
    pub(super) is_free: Vec<bool>,
}

impl Table {
    pub(super) fn of(segments: &[Segment], tokens: &[u64], mechanism: &Mechanism) -> Self {
        let prefix = prefix_len(segments);
        let mut sum = 0u64;
        let ends = (0..prefix).map(|index| {
            sum = sum.saturating_add(tokens.get(index).copied().unwrap_or(0));
            sum
        });
        let free =
            |index: usize| segments[index].mark == Mark::Free && marks::obstacle(mechanism, segments, index).is_none();
        Self {
            tokens: ends.collect(),
            lost: change::lost(&segments[..prefix]),
            is_free: (0..prefix).map(free).collect(),
        }
    }
}

/// One way to mark the request.
pub(super) struct Placement {
    /// TTLs in play, the longest first.
    pub(super) ttls: Vec<Ttl>,
    /// What was chosen from; without values where traffic or a price is not known.
    pub(super) choice: Choice,
    pub(super) is_valued: bool,
    /// (segment, index in `ttls`), in order.
    pub(super) selection: Selection,
    /// A month against no caching, fees included.
    pub(super) total: i128,
}

impl Placement {
    pub(super) fn of(
        table: &Table,
        live: &[RequestedMark],
        dead: usize,
        free: &[Ttl],
        mechanism: &Mechanism,
        terms: &Terms,
    ) -> Self {
        let mut ttls: Vec<Ttl> = live.iter().map(|mark| mark.ttl).chain(free.iter().copied()).collect();
        ttls.sort_unstable_by(|one, other| other.cmp(one));
        ttls.dedup();
        let values: Option<Vec<Level>> =
            ttls.iter().map(|ttl| level(*ttl, &ttls, free.contains(ttl), mechanism, terms)).collect();
        let is_valued = values.is_some();
        let forced = |index: usize| live.iter().find(|mark| mark.after == index).map(|mark| mark.ttl);
        let boundaries = (0..table.tokens.len()).map(|index| Boundary {
            tokens: table.tokens[index],
            lost: table.lost[index],
            is_free: table.is_free[index],
            forced: forced(index).and_then(|ttl| ttls.iter().position(|own| *own == ttl)),
        });
        let limit = mechanism.most_breakpoints().saturating_sub(dead);
        let choice = Choice {
            boundaries: boundaries.collect(),
            levels: values.unwrap_or_else(|| {
                let unknown = |ttl| Level { steady: 0, rewarm: 0, is_free: free.contains(ttl), shadowed: Vec::new() };
                ttls.iter().map(unknown).collect()
            }),
            limit,
            minimums: (1..=limit.min(table.tokens.len())).map(|number| mechanism.minimum_before(number)).collect(),
            fee: FEE,
        };
        let mut selection: Selection = choice
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

    pub(super) fn breakpoint(&self, (after, level): (usize, usize)) -> Option<Breakpoint> {
        self.ttls.get(level).map(|ttl| Breakpoint { after, ttl: *ttl })
    }
}

impl Choice {
    /// The last place where a breakpoint may be added, where nothing is known of its worth: it pays
    /// from the second call on that comes in time. An object is not made then, because storing it
    /// costs without any call.
    fn last(&self, forced: &[(usize, usize)], mechanism: &Mechanism) -> Option<(usize, usize)> {
        if mechanism.family.is_object() || forced.len() >= self.limit {
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
pub(super) fn level(ttl: Ttl, ttls: &[Ttl], is_free: bool, mechanism: &Mechanism, terms: &Terms) -> Option<Level> {
    const BILLION: i128 = 1_000_000_000;
    let traffic = terms.traffic?;
    let prices = terms.model.prices.as_ref()?;
    let rates = prices.at(terms.tokens.total());
    let (input, read) = (i128::from(rates.input?.nano), i128::from(rates.read?.nano));
    let (write, stored) = match mechanism.family.is_object() {
        true => (rates.object_price()?, prices.storage_of(ttl, 1)?.femto),
        false => (rates.write_price(ttl)?, 0),
    };
    let write = i128::from(write.nano);
    let chance = alive(ttl, mechanism, traffic);
    let (found, missed) = (i128::from(chance.billionths), i128::from(chance.contrary().billionths));
    let calls = i128::from(traffic.live_calls());
    let call = found * read + missed * (write + stored) - BILLION * input;
    let rewarm = found * (write + stored - read);
    let month = |amount: i128, times: i128| amount.checked_mul(times).map(|month| divided(month, BILLION));
    let shadowed = |shorter: &Ttl| {
        let shadowed = *shorter < ttl && !mechanism.refreshes_path();
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

/// What the provider's unasked caching comes to in a month against no caching, by the same reckoning:
/// that is what a request without breakpoints gets. 0 where there is none.
pub(super) fn unasked(terms: &Terms) -> Option<i128> {
    const BILLION: i128 = 1_000_000_000;
    let traffic = terms.traffic?;
    let rates = terms.model.prices.as_ref()?.at(terms.tokens.total());
    let service = Layout::default().service(terms.model, terms.tokens);
    let saved = i128::from(rates.input?.nano) - i128::from(service.read_price(rates)?.nano);
    let month = service.spans.iter().map(|span| {
        let found = i128::from(span.chance(traffic).billionths);
        let lost = if found > 0 { i128::from(traffic.rewarms()) * BILLION } else { 0 };
        let hits = (found * i128::from(traffic.live_calls()) - lost).max(0);
        Some(-divided(i128::from(span.tokens).checked_mul(saved)?.checked_mul(hits)?, BILLION))
    });
    month.sum()
}

/// The chance that a call finds an entry of this TTL.
pub(super) fn alive(ttl: Ttl, mechanism: &Mechanism, traffic: &Traffic) -> Chance {
    let lifetime = mechanism.lifetime(ttl);
    traffic.chance(lifetime.expected, lifetime.refreshed_by_use)
}
