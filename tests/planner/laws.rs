//! Laws of the bill, and the case that the planner is for: a long reference and many examples.

use contexture::cost::bill::{Bill, bill};
use contexture::cost::cards::{Cards, Choices, Date};
use contexture::cost::planner::words::{call_decimal, month_decimal};
use contexture::cost::planner::{CachePolicy, Layout, plan};
use contexture::cost::rules::{Model, Price};
use contexture::cost::terms::Terms;
use contexture::cost::traffic::{Chance, Traffic};
use contexture::syntax::manifest::{Breakpoints, HitRate, Hours};
use contexture::syntax::quantity::{Share, Usd};
use proptest::prelude::*;

use super::stage::{boundaries, layout, object, request, segments, traffic, ttl};

fn billed(model: &Model, layout: &Layout, prefix: u64, traffic: Option<&Traffic>) -> Bill {
    let tokens = request(prefix);
    bill(layout, &Terms { model, batch: None, traffic, tokens: &tokens })
}

fn any_traffic() -> impl Strategy<Value = Traffic> {
    let hit_rate = prop_oneof![
        Just(HitRate::Auto),
        (0u64..=1_000_000).prop_map(|millionths| HitRate::Given(Share { millionths }))
    ];
    let hours = prop_oneof![Just(Hours::Flat), Just(Hours::Business)];
    (1u64..10_000_000, hours, hit_rate, 0u64..100, 1u64..10).prop_map(|(calls, hours, hit_rate, deploys, replicas)| {
        Traffic { calls, hours, hit_rate, deploys, replicas, batch: Share::default() }
    })
}

/// Prices of input, read, write (5m, 1h) and output: reading is never dearer than input, writing
/// never cheaper.
fn any_prices() -> impl Strategy<Value = [u64; 5]> {
    (1u64..100_000_000_000, 0u64..=1_000, 1_000u64..5_000, 1_000u64..5_000, 1u64..100_000_000_000).prop_map(
        |(input, read, short, long, output)| {
            [input, input / 1_000 * read, input * short / 1_000, input * long / 1_000, output]
        },
    )
}

fn priced([input, read, short, long, output]: [u64; 5], storage: Option<u64>) -> Model {
    let mut model = if storage.is_some() { object() } else { boundaries(true) };
    let prices = model.prices.as_mut().unwrap();
    let price = |nano| Price { nano };
    prices.storage = storage.map(price);
    prices.base.input = Some(price(input));
    prices.base.read = Some(price(read));
    prices.base.output = Some(price(output));
    prices.base.write = vec![(ttl("5m"), price(short)), (ttl("1h"), price(long))];
    model
}

/// A fraction of 10⁻¹⁵ dollars, for arithmetic that never rounds.
#[derive(Debug, Clone, Copy)]
struct Fraction(i128, i128);

impl Fraction {
    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0, self.1 * other.1).reduced()
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }

    fn whole(number: i128) -> Self {
        Self(number, 1)
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.0.abs(), self.1);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self(self.0 / a.max(1), self.1 / a.max(1))
    }

    /// Half to even, by comparing with both neighbours.
    fn rounded(self) -> i128 {
        let low = self.0.div_euclid(self.1);
        let below = self.0 - low * self.1;
        let above = self.1 - below;
        if below < above || (below == above && low % 2 == 0) { low } else { low + 1 }
    }
}

proptest! {
    /// The month is the formula of the contract in rational arithmetic, rounded once; a call is that
    /// month shared out, rounded once.
    #[test]
    fn a_month_is_the_formula_rounded_once(
        prices in any_prices(),
        traffic in any_traffic(),
        stretches in prop::collection::vec(512u64..200_000, 1..4),
    ) {
        let model = priced(prices, None);
        let marked: Vec<_> = stretches.iter().map(|tokens| (*tokens, ttl("5m"))).collect();
        let prefix: u64 = stretches.iter().sum();
        let found = billed(&model, &layout(&marked), prefix, Some(&traffic));
        let [input, read, write, _, output] = prices.map(i128::from);
        let prefix = i128::from(prefix);
        let rest = 621 * input + 250 * output;
        let (warm, cold) = (prefix * read + rest, prefix * write + rest);
        let h = Fraction(traffic.chance(ttl("5m"), true).billionths.into(), 1_000_000_000);
        let missed = Fraction(1_000_000_000 - i128::from(traffic.chance(ttl("5m"), true).billionths), 1_000_000_000);
        let calls = i128::from(traffic.calls);
        let call = h.times(Fraction::whole(warm)).plus(missed.times(Fraction::whole(cold)));
        let rewarms = i128::from(traffic.deploys * traffic.replicas) * i128::from(h.0 > 0);
        let month = call.times(Fraction::whole(calls)).plus(Fraction::whole(rewarms * (cold - warm)));
        let coldest = Fraction::whole(calls * cold);
        let month = if month.0 > coldest.0 * month.1 { coldest } else { month };
        prop_assert_eq!(found.month.map(|usd| usd.femto), Some(month.rounded()));
        prop_assert_eq!(found.expected.map(|usd| usd.femto), Some(month.times(Fraction(1, calls)).rounded()));
    }

    #[test]
    fn the_figures_of_a_bill_hold_together(
        prices in any_prices(),
        traffic in any_traffic(),
        storage in prop::option::of(0u64..10_000_000_000),
        prefix in 1_024u64..2_000_000,
        hour in any::<bool>(),
    ) {
        let model = priced(prices, storage);
        let kept = if hour || storage.is_some() { ttl("1h") } else { ttl("5m") };
        let found = billed(&model, &layout(&[(prefix, kept)]), prefix, Some(&traffic));
        let (uncached, cold, warm) = (found.uncached.unwrap(), found.cold.unwrap(), found.warm.unwrap());
        prop_assert_eq!(found.deploy, Some(cold - warm));
        prop_assert!(warm <= uncached && uncached <= cold);
        prop_assert!(storage.is_some() || found.storage == Some(Usd::ZERO));
        let (expected, month) = (found.expected.unwrap(), found.month.unwrap());
        let stored = found.storage.unwrap();
        prop_assert!(warm <= expected);
        prop_assert!(month - stored <= cold.times(traffic.calls.into()).unwrap());
        let shared = (expected.femto * i128::from(traffic.calls) - month.femto).unsigned_abs();
        prop_assert!(shared <= u128::from(traffic.calls / 2 + 1), "expected · calls = month but for the rounding");
        prop_assert_eq!(found.saves, Some(uncached.times(traffic.calls.into()).unwrap() - month));
        prop_assert_eq!(found.guaranteed, found.expected);
    }

    /// More calls find the cache warm more often, a longer TTL too, and nothing leaves the unit interval.
    #[test]
    fn chances_rise_with_calls_and_lifetime(traffic in any_traffic(), more in 1u64..10_000_000) {
        let chance = |traffic: &Traffic, written| traffic.chance(ttl(written), true);
        let busier = Traffic { calls: traffic.calls + more, ..traffic };
        prop_assert!(chance(&traffic, "5m") <= chance(&busier, "5m"));
        prop_assert!(chance(&traffic, "5m") <= chance(&traffic, "1h"));
        prop_assert!(chance(&traffic, "24h") <= Chance::CERTAIN);
        let between = traffic.chance_behind(ttl("1h"), ttl("5m"));
        prop_assert!(chance(&traffic, "5m") <= between && between <= chance(&traffic, "1h"));
    }

    /// Whatever is asked, the planner answers, and what it adds is within the limit and the order.
    #[test]
    fn the_planner_keeps_the_rules(
        counts in prop::collection::vec(0u64..5_000, 1..40),
        traffic in prop::option::of(any_traffic()),
        refresh_path in any::<bool>(),
        prices in any_prices(),
    ) {
        let mut model = boundaries(refresh_path);
        model.prices = priced(prices, None).prices;
        let tokens = request(counts.iter().sum());
        let terms = Terms { model: &model, batch: None, traffic: traffic.as_ref(), tokens: &tokens };
        let hints = vec![None; counts.len()];
        let mut counts = counts;
        counts.push(0);
        let policy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: None };
        let planned = plan(&segments(&hints), &counts, policy, &terms).value;
        prop_assert!(planned.breakpoints.len() <= 4);
        for pair in planned.breakpoints.windows(2) {
            prop_assert!(pair[0].breakpoint.after < pair[1].breakpoint.after);
            prop_assert!(pair[0].breakpoint.ttl >= pair[1].breakpoint.ttl);
        }
        for placed in &planned.breakpoints {
            prop_assert!(placed.tokens >= 512);
            prop_assert!(placed.worth.is_none_or(|worth| worth.month > Usd::ZERO), "{}", placed.why);
        }
        // Without deploys the plan is never dearer than no plan.
        if let Some(traffic) = traffic.filter(|traffic| traffic.deploys == 0) {
            let terms = Terms { traffic: Some(&traffic), ..terms };
            let planned = plan(&segments(&hints), &counts, policy, &terms).value;
            prop_assert!(bill(&planned, &terms).saves.unwrap() >= Usd::ZERO);
        }
    }
}

/// The worked example of `docs/planner.md`, from the card.
#[test]
fn the_example_in_the_docs_follows_from_the_card() {
    let model =
        Cards::built_in().find("gpt-6.1-sol").unwrap().at(Date::constant(2026, 11, 20)).model(&Choices::default());
    let hit_rate = HitRate::Given(Share { millionths: 1_000_000 });
    let traffic = Traffic { hit_rate, ..traffic(1_500_000, 20) };
    let bill = billed(&model, &layout(&[(57_204, ttl("30m"))]), 57_204, Some(&traffic));
    let call = |usd: Option<Usd>| call_decimal(usd.unwrap());
    let row = [
        call(bill.uncached),
        call(bill.cold),
        call(bill.warm),
        call(bill.expected),
        month_decimal(bill.month.unwrap()),
        call(bill.deploy),
    ];
    let line = format!("| {} |", row.join(" | "));
    assert!(include_str!("../../docs/planner.md").contains(&line), "docs/planner.md does not say {line}");
}

/// A reference of 600,000 tokens and 1,000 examples of 40, with a model that has a price cliff at
/// 272,000 input tokens and one that has none, at 50 calls a day and at 50,000.
#[test]
fn a_long_reference_with_many_examples() {
    let cards = Cards::built_in();
    let model = |name: &str| cards.find(name).unwrap().at(Date::constant(2026, 11, 20)).model(&Choices::default());
    let tokens = request(640_000);
    let mut counts = vec![600_000];
    counts.extend([40; 1_000]);
    counts.push(0);
    let segments = segments(&vec![None; 1_001]);
    let outcome = |name: &str, calls: u64| {
        let (model, traffic) = (model(name), traffic(calls * 30, 0));
        let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
        let policy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: None };
        let planned = plan(&segments, &counts, policy, &terms).value;
        let marks: Vec<String> = planned.marks().map(|mark| format!("{} {}", mark.after, mark.ttl)).collect();
        let bill = bill(&planned, &terms);
        let dollars = |usd: Option<Usd>| usd.unwrap().rounded(6);
        (marks.join(", "), dollars(bill.cold), dollars(bill.warm), dollars(bill.expected), bill.hit.unwrap().billionths)
    };
    let row = |marks: &str, cold: &str, warm: &str, expected: &str, hit| {
        (marks.to_owned(), cold.to_owned(), warm.to_owned(), expected.to_owned(), hit)
    };
    // By Python's decimal module: the prices of the vendors, 640,000 tokens written or read, 621 more
    // and 250 of output; h = 1 − exp(−calls · TTL / 2,592,000).
    assert_eq!(outcome("claude-sonnet-5-5", 50), row("1000 1h", "2.563742", "0.067742", "0.378530", 875_485_529));
    assert_eq!(outcome("claude-sonnet-5-5", 50_000), row("1000 5m", "1.603742", "0.067742", "0.067742", 1_000_000_000));
    assert_eq!(outcome("gpt-6.1-sol", 50), row("1000 12h", "6.406234", "0.134234", "0.134234", 1_000_000_000));
    assert_eq!(outcome("gpt-6.1-sol", 50_000), row("1000 30m", "3.206234", "0.134234", "0.134234", 1_000_000_000));
}
