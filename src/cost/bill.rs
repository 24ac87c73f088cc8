//! What a request costs, by the state of the cache, and a month of them at the declared traffic.
//!
//! Amounts are whole numbers of 10⁻¹⁵ dollars. Only figures of a month are ever rounded to one, half
//! to even, each once: `month` and `storage`, because a chance is a number of billionths, and
//! `expected`, which is the unrounded month divided by its calls. What needs a price that nobody knows is `None`, never 0.
//! `docs/planner.md` has the formulas.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::cost::planner::words::{call_decimal, month_decimal};
use crate::cost::planner::{CachedSpan, Layout, Service, ServiceKind};
use crate::cost::rules::{Prices, Rates, cost_of, divided};
use crate::cost::terms::{RequestTokens, Terms};
use crate::cost::tokens::Count;
use crate::cost::traffic::{Chance, Traffic};
use crate::syntax::decode::inline_schema;
use crate::syntax::quantity::Usd;

/// What a context costs with one model. Every figure for a call holds inputs, framing and the
/// expected answer, if its size is declared. Printed as US dollars in decimals, rounded once, half to even: calls to eight places,
/// months to the cent; null where a price or the traffic is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Bill {
    /// Whether the figures hold the answer. False where `output.tokens` is not declared: then each is the input's share
    /// of an amount that is not known.
    #[serde(rename = "answer")]
    pub holds_answer: bool,
    /// Whether the figures hold every input. False where one has no `tokens`.
    #[serde(rename = "inputs")]
    pub holds_inputs: bool,
    /// A call without caching.
    #[serde(with = "PerCall")]
    pub uncached: Option<Usd>,
    /// A call that finds nothing in the cache and writes all of it. Storage is not in it.
    #[serde(with = "PerCall")]
    pub cold: Option<Usd>,
    /// A call that finds everything there.
    #[serde(with = "PerCall")]
    pub warm: Option<Usd>,
    /// A call at the declared traffic, deploys and storage shared out among the calls. Null without
    /// traffic.
    #[serde(with = "PerCall")]
    pub expected: Option<Usd>,
    /// The same if the provider keeps what it promises and nothing more.
    #[serde(with = "PerCall")]
    pub guaranteed: Option<Usd>,
    /// A month of 30 days at the declared traffic. Null without traffic.
    #[serde(with = "PerMonth")]
    pub month: Option<Usd>,
    /// The first call after a deploy, less a warm one: `cold − warm`. Each replica pays it.
    #[serde(with = "PerCall")]
    pub deploy: Option<Usd>,
    /// What storing cached objects costs in a month (it is in `month`); 0 where nothing is charged
    /// for storage.
    #[serde(with = "PerMonth")]
    pub storage: Option<Usd>,
    /// What caching saves in a month, against the same calls uncached; negative where it costs.
    #[serde(with = "PerMonth")]
    pub saves: Option<Usd>,
    /// Input tokens that a warm call reads.
    pub read: u64,
    /// The chance that a call finds the whole of it; `None` without traffic, or with nothing cached.
    #[serde(skip)]
    pub hit: Option<Chance>,
    /// Whether what is read is promised by the provider (rule R13). True where nothing is read.
    #[serde(rename = "promised")]
    pub is_promised: bool,
}

/// Prints what a call costs.
struct PerCall;

impl PerCall {
    fn serialize<S: Serializer>(amount: &Option<Usd>, serializer: S) -> Result<S::Ok, S::Error> {
        amount.map(call_decimal).serialize(serializer)
    }
}

/// Prints what a month costs.
struct PerMonth;

impl PerMonth {
    fn serialize<S: Serializer>(amount: &Option<Usd>, serializer: S) -> Result<S::Ok, S::Error> {
        amount.map(month_decimal).serialize(serializer)
    }
}

impl Bill {
    /// What of an amount is not in the figures, because nobody said its size, and so is not known.
    pub fn missing(&self) -> Option<&'static str> {
        match (self.holds_answer, self.holds_inputs) {
            (true, true) => None,
            (false, true) => Some("the answer, whose size `output.tokens` does not say"),
            (true, false) => Some("an input, whose size its `tokens` does not say"),
            (false, false) => Some("the answer and an input, whose sizes `output.tokens` and its `tokens` do not say"),
        }
    }
}

inline_schema!([] PerCall, "PerCall", |generator| generator.subschema_for::<Option<String>>());
inline_schema!([] PerMonth, "PerMonth", |generator| generator.subschema_for::<Option<String>>());

/// Prices a request that is marked as the layout says.
pub fn bill(layout: &Layout, terms: &Terms) -> Bill {
    let service = layout.service(terms.model, terms.tokens);
    let is_promised = service.spans.iter().all(|span| span.is_promised);
    let hit = terms.traffic.and_then(|traffic| Some(service.spans.last()?.chance(traffic)));
    let holds_answer = terms.tokens.output.is_some();
    let holds_inputs = !terms.tokens.unsized_input;
    let unpriced =
        Bill { holds_answer, holds_inputs, read: service.cached_tokens(), hit, is_promised, ..Bill::default() };
    let Some(prices) = &terms.model.prices else { return unpriced };
    let rates = prices.at(terms.tokens.total());
    let calls = Calls::of(&service, rates, terms.tokens);
    let months = terms.traffic.map(|traffic| {
        let stored = |span: &CachedSpan| storage(&service, span, prices);
        let promised = |span: &CachedSpan| if span.is_promised { span.chance(traffic) } else { Chance::NEVER };
        let batch = batch(traffic, terms);
        let expected = calls.month(traffic, batch, |span| span.chance(traffic), stored);
        let guaranteed = calls.month(traffic, batch, promised, stored);
        let uncached = calls.uncached.and_then(|call| {
            let live = call.times(traffic.live_calls().into())?;
            live.plus(batch?)
        });
        (expected, guaranteed, uncached, traffic.calls)
    });
    let deploy = calls.cold.zip(calls.warm).map(|(cold, warm)| cold - warm);
    let month = months.as_ref().and_then(|(expected, ..)| expected.as_ref());
    let per_call = |month: Option<&Month>, count: u64| month.and_then(|month| month.per_call(count));
    Bill {
        uncached: calls.uncached,
        cold: calls.cold,
        warm: calls.warm,
        expected: months.as_ref().and_then(|(expected, _, _, count)| per_call(expected.as_ref(), *count)),
        guaranteed: months.as_ref().and_then(|(_, guaranteed, _, count)| per_call(guaranteed.as_ref(), *count)),
        month: month.map(Month::total),
        deploy,
        storage: month.map(|month| Usd { femto: divided(month.storage, BILLION) }),
        saves: months.as_ref().and_then(|(expected, _, uncached, _)| Some((*uncached)? - expected.as_ref()?.total())),
        ..unpriced
    }
}

/// The bills at the lower and the upper end of the band of the count; equal ones where it is exact.
/// Breakpoints are taken at the same share of the text.
pub fn bounds(layout: &Layout, terms: &Terms) -> (Bill, Bill) {
    let (tokens, text) = (terms.tokens, terms.tokens.text);
    let whole = u128::from(text.tokens().max(1));
    let at = |edge: u64, framing: u64| {
        let scaled = |part: u64| u64::try_from(u128::from(part) * u128::from(edge) / whole).unwrap_or(u64::MAX);
        let mut layout = layout.clone();
        for placed in &mut layout.breakpoints {
            placed.tokens = scaled(placed.tokens);
        }
        let prefix = Count::exact(scaled(tokens.prefix.tokens()));
        let scaled = RequestTokens { prefix, text: Count::exact(edge), framing: Count::exact(framing), ..*tokens };
        bill(&layout, &Terms { tokens: &scaled, ..*terms })
    };
    let ((low, high), (least, most)) = (text.band(), tokens.framing.band());
    (at(low, least), at(high, most))
}

/// What a call that finds the first `served` tokens in the cache costs more than one that finds
/// everything: what a change of the prompt costs once, in every replica. `None` where a price is not
/// known.
pub fn rewarm(layout: &Layout, terms: &Terms, served: u64) -> Option<Usd> {
    let service = layout.service(terms.model, terms.tokens);
    let rates = terms.model.prices.as_ref()?.at(terms.tokens.total());
    let mut end = 0u64;
    let lost = service.spans.iter().map(|span| {
        let start = end;
        end = start.saturating_add(span.tokens);
        // An object is made whole or not at all.
        let found = match service.kind {
            ServiceKind::Object if served < end => 0,
            _ => served.saturating_sub(start).min(span.tokens),
        };
        CachedSpan { tokens: span.tokens - found, ..*span }
    });
    let lost = Service { kind: service.kind, spans: lost.collect() };
    let calls = Calls::of(&lost, rates, terms.tokens);
    Some(calls.cold? - calls.warm?)
}

/// A month of calls through a batch endpoint: whether a batch finds anything in a cache is best
/// effort everywhere, so nothing of it is counted on.
fn batch(traffic: &Traffic, terms: &Terms) -> Option<Usd> {
    let calls = traffic.batch_calls();
    if calls == 0 {
        return Some(Usd::ZERO);
    }
    let rates = terms.batch?.at(terms.tokens.total());
    let call = cost_of(terms.tokens.total(), rates.input)?.plus(terms.tokens.answer(rates)?)?;
    call.times(calls.into())
}

/// What storing one object for its lifetime costs.
fn storage(service: &Service, span: &CachedSpan, prices: &Prices) -> Option<Usd> {
    match (service.kind, span.written_for) {
        (ServiceKind::Object, Some(ttl)) => prices.storage_of(ttl, span.tokens),
        _ => Some(Usd::ZERO),
    }
}

/// A call in the two states of every span.
struct Calls<'a> {
    uncached: Option<Usd>,
    cold: Option<Usd>,
    warm: Option<Usd>,
    /// Each span, warm and cold.
    spans: Vec<(&'a CachedSpan, Option<Usd>, Option<Usd>)>,
    /// Whatever no cache serves, and the answer.
    rest: Option<Usd>,
}

/// A month in billionths of 10⁻¹⁵ dollars.
struct Month {
    all: i128,
    storage: i128,
}

const BILLION: i128 = 1_000_000_000;

impl<'a> Calls<'a> {
    fn of(service: &'a Service, rates: &Rates, tokens: &RequestTokens) -> Self {
        let output = tokens.answer(rates);
        let plus = |a: Option<Usd>, b: Option<Usd>| a?.plus(b?);
        let read = service.read_price(rates);
        let write = |span: &CachedSpan| match (service.kind, span.written_for) {
            (ServiceKind::Object, _) => cost_of(span.tokens, rates.object_price()),
            (ServiceKind::Marked, Some(ttl)) => cost_of(span.tokens, rates.write_price(ttl)),
            _ => cost_of(span.tokens, rates.input),
        };
        let spans: Vec<_> = service.spans.iter().map(|span| (span, cost_of(span.tokens, read), write(span))).collect();
        let rest = plus(cost_of(tokens.total().saturating_sub(service.cached_tokens()), rates.input), output);
        Self {
            uncached: plus(cost_of(tokens.total(), rates.input), output),
            cold: spans.iter().fold(rest, |sum, (_, _, cold)| plus(sum, *cold)),
            warm: spans.iter().fold(rest, |sum, (_, warm, _)| plus(sum, *warm)),
            spans,
            rest,
        }
    }

    /// A month of the declared traffic: every span warm by its chance, a rewarm for each deploy
    /// and replica, and storage for each object that is made.
    fn month(
        &self,
        traffic: &Traffic,
        batch: Option<Usd>,
        chance: impl Fn(&CachedSpan) -> Chance,
        storage: impl Fn(&CachedSpan) -> Option<Usd>,
    ) -> Option<Month> {
        let calls = i128::from(traffic.live_calls());
        if calls == 0 {
            return Some(Month { all: batch?.femto.checked_mul(BILLION)?, storage: 0 });
        }
        let mut call = self.rest?.femto.checked_mul(BILLION)?;
        let (mut rewarm, mut stored, mut made) = (0i128, 0i128, 0i128);
        for (span, warm, cold) in &self.spans {
            let (found, missed) = (chance(span), chance(span).contrary());
            let (warm, cold) = (warm.as_ref()?.femto, cold.as_ref()?.femto);
            call = call.checked_add(warm.checked_mul(found.billionths.into())?)?;
            call = call.checked_add(cold.checked_mul(missed.billionths.into())?)?;
            // A deploy takes nothing away from calls that never find anything.
            if found > Chance::NEVER {
                rewarm = rewarm.checked_add(cold.checked_sub(warm)?)?;
            }
            stored = stored.checked_add(storage(span)?.femto)?;
            made = calls.checked_mul(missed.billionths.into())?;
        }
        let rewarms = i128::from(traffic.rewarms());
        let steady = call.checked_mul(calls)?.checked_add(rewarm.checked_mul(rewarms)?.checked_mul(BILLION)?)?;
        // However many deploys there are, no call is colder than cold.
        let coldest = self.cold?.femto.checked_mul(calls)?.checked_mul(BILLION)?;
        let made = made.checked_add(rewarms.checked_mul(BILLION)?)?.min(calls.checked_mul(BILLION)?);
        let storage = stored.checked_mul(made)?;
        let all = if rewarm > 0 { steady.min(coldest) } else { steady };
        let all = all.checked_add(storage)?.checked_add(batch?.femto.checked_mul(BILLION)?)?;
        Some(Month { all, storage })
    }
}

impl Month {
    fn total(&self) -> Usd {
        Usd { femto: divided(self.all, BILLION) }
    }

    /// The share of one call; `None` when there are none.
    fn per_call(&self, calls: u64) -> Option<Usd> {
        let divisor = BILLION.checked_mul(i128::from(calls)).filter(|divisor| *divisor > 0)?;
        Some(Usd { femto: divided(self.all, divisor) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::planner::Placed;
    use crate::cost::rules::{
        BreakpointOnly, CacheFamily, CacheRules, Class, Lifetime, Mechanism, MixedBilling, Mode, Model, Price, Prices,
    };
    use crate::prompt::blocks::Breakpoint;
    use crate::syntax::manifest::{HitRate, Hours};
    use crate::syntax::quantity::Share;
    use crate::syntax::quantity::Ttl;

    fn price(usd: &str) -> Option<Price> {
        Price::per_million(Usd::parse(usd).unwrap())
    }

    fn ttl(written: &str) -> Ttl {
        Ttl::parse(written).unwrap()
    }

    /// The published prices of gpt-6.1-sol up to 272,000 tokens.
    fn sol() -> Model {
        let kept = |written| Lifetime {
            ttl: ttl(written),
            expected: ttl(written),
            class: Class::Minimum,
            refreshed_by_use: true,
        };
        let family = CacheFamily::BreakpointOnly(BreakpointOnly {
            slots: 4,
            default_mode: Mode::Implicit,
            lookup_first: 2,
            lookup_latest: 50,
            lookup_endings: 20,
            dev_block_end_written: false,
            mixed_billing: MixedBilling::Longest,
            refresh_path: false,
        });
        let write = vec![(ttl("30m"), price("2.5").unwrap()), (ttl("12h"), price("5").unwrap())];
        let base = Rates { input: price("2"), output: price("10"), read: price("0.1"), implicit_read: None, write };
        let mechanism = Mechanism { family, minimum: 1024, lifetimes: vec![kept("30m"), kept("12h")] };
        Model {
            name: "gpt-6.1-sol".into(),
            rules: CacheRules { explicit: Some(mechanism), ..CacheRules::default() },
            prices: Some(Prices { base, ..Prices::default() }),
        }
    }

    fn layout(tokens: u64, written: &str) -> Layout {
        let breakpoint = Breakpoint { after: 0, ttl: ttl(written) };
        let placed = Placed { breakpoint, tokens, is_dead: false, is_explicit: false, worth: None, why: String::new() };
        Layout { breakpoints: vec![placed] }
    }

    fn tokens() -> RequestTokens {
        let text = Count::exact(57_204);
        RequestTokens {
            prefix: text,
            text,
            inputs: 600,
            unsized_input: false,
            framing: Count::exact(21),
            output: Some(250),
        }
    }

    fn traffic() -> Traffic {
        let hit_rate = HitRate::Given(Share::parse("100%").unwrap());
        Traffic { calls: 1_500_000, hours: Hours::Flat, hit_rate, deploys: 20, replicas: 1, batch: Share::default() }
    }

    #[test]
    fn the_worked_example_comes_out_to_the_last_digit() {
        let (model, tokens, traffic) = (sol(), tokens(), traffic());
        let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
        let bill = bill(&layout(57_204, "30m"), &terms);
        let exact = |amount: Option<Usd>| amount.unwrap().exact();
        assert_eq!(exact(bill.uncached), "0.11815");
        assert_eq!(exact(bill.cold), "0.146752");
        assert_eq!(exact(bill.warm), "0.0094624");
        assert_eq!(exact(bill.expected), "0.009464230528");
        assert_eq!(exact(bill.month), "14196.345792");
        assert_eq!(bill.month.unwrap().rounded(2), "14196.35");
        assert_eq!(exact(bill.deploy), "0.1372896");
        assert_eq!(exact(bill.storage), "0");
        assert_eq!(bill.saves.unwrap(), Usd::parse("163028.654208").unwrap());
        assert_eq!((bill.read, bill.hit, bill.is_promised), (57_204, Some(Chance::CERTAIN), true));
    }

    #[test]
    fn without_traffic_a_month_is_unknown_and_so_is_what_no_price_is_known_for() {
        let (mut model, tokens, traffic) = (sol(), tokens(), traffic());
        let terms = Terms { model: &model, batch: None, traffic: None, tokens: &tokens };
        let quiet = bill(&layout(57_204, "30m"), &terms);
        assert!(quiet.warm.is_some() && quiet.expected.is_none() && quiet.month.is_none() && quiet.saves.is_none());
        model.prices.as_mut().unwrap().base.read = None;
        let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
        let unread = bill(&layout(57_204, "30m"), &terms);
        assert!(unread.cold.is_some() && unread.uncached.is_some());
        assert_eq!((unread.warm, unread.expected, unread.month, unread.deploy), (None, None, None, None));
    }

    #[test]
    fn a_batch_without_known_prices_makes_the_month_unknown() {
        let (model, tokens) = (sol(), tokens());
        let half = Traffic { batch: Share::parse("50%").unwrap(), ..traffic() };
        let terms = Terms { model: &model, batch: None, traffic: Some(&half), tokens: &tokens };
        assert_eq!(bill(&layout(57_204, "30m"), &terms).month, None);
        let base = Rates { input: price("1"), output: price("5"), ..Rates::default() };
        let batch = Prices { base, ..Prices::default() };
        let terms = Terms { batch: Some(&batch), ..terms };
        // 750,000 warm calls, 20 rewarms, and 750,000 batch calls at half the uncached price.
        let expected = Usd::parse("0.0094624").unwrap().times(750_000).unwrap()
            + Usd::parse("0.1372896").unwrap().times(20).unwrap()
            + Usd::parse("0.059075").unwrap().times(750_000).unwrap();
        assert_eq!(bill(&layout(57_204, "30m"), &terms).month, Some(expected));
    }
}
