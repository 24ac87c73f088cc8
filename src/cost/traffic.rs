//! How often a prompt is called, and how often a call finds the cache warm.
//!
//! Calls are taken to arrive at random (a Poisson process) at a steady rate while there is traffic,
//! shared evenly by the replicas. An entry that every call refreshes is found by a call if the one
//! before came within its lifetime: `h = 1 − e^(−λ·TTL)`. Everything here is integer arithmetic, so
//! that a report is the same on every machine.

use std::fmt;

use crate::syntax::manifest::{self, HitRate, Hours};
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::{Period, Rate, Share};

/// Days with traffic in a month of business hours.
const BUSINESS_DAYS: u64 = 22;
/// Hours of traffic on such a day.
const BUSINESS_HOURS: u64 = 8;
/// Days of a month.
const MONTH_DAYS: u64 = 30;

/// The declared traffic of one context, in numbers for one month of 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Traffic {
    /// Calls a month.
    pub calls: u64,
    /// When they come: `flat` or `business`.
    #[schemars(with = "String")]
    pub hours: Hours,
    /// How often the cache is warm, if that was measured.
    #[serde(skip)]
    pub hit_rate: HitRate,
    /// Versions that go live in a month.
    pub deploys: u64,
    /// Caches that share the calls; at least 1.
    pub replicas: u64,
    /// The share of calls that go through a batch endpoint, at most the whole.
    #[serde(skip)]
    pub batch: Share,
}

impl Traffic {
    /// The traffic that a manifest declares; `None` when it does not say how many calls there are.
    ///
    /// A rate by the day or hour counts the days and hours that have traffic: 50 a day in business
    /// hours are 1,100 a month.
    pub fn declared(written: &manifest::Traffic) -> Option<Self> {
        let hours = written.hours.unwrap_or(Hours::Flat);
        let calls = written.calls.as_ref()?.value;
        let (days, hours_a_day) = match hours {
            Hours::Flat => (MONTH_DAYS, 24),
            Hours::Business => (BUSINESS_DAYS, BUSINESS_HOURS),
        };
        Some(Self {
            calls: monthly(calls, days, hours_a_day),
            hours,
            hit_rate: written.hit_rate.unwrap_or(HitRate::Auto),
            deploys: written.deploys.as_ref().map_or(0, |deploys| monthly(deploys.value, MONTH_DAYS, 24)),
            replicas: written.replicas.as_ref().map_or(1, |replicas| replicas.value.0).max(1),
            batch: written
                .batch
                .map_or(Share::default(), |share| Share { millionths: share.millionths.min(1_000_000) }),
        })
    }

    /// The days of a month that have traffic, and its seconds on each.
    pub fn days(&self) -> (u64, u64) {
        match self.hours {
            Hours::Flat => (MONTH_DAYS, 24 * 3600),
            Hours::Business => (BUSINESS_DAYS, BUSINESS_HOURS * 3600),
        }
    }

    /// Calls a month that go through a batch endpoint, to the nearest whole one.
    pub fn batch_calls(&self) -> u64 {
        let product = u128::from(self.calls) * u128::from(self.batch.millionths);
        u64::try_from((product + 500_000) / 1_000_000).unwrap_or(u64::MAX)
    }

    /// Calls a month that do not.
    pub fn live_calls(&self) -> u64 {
        self.calls.saturating_sub(self.batch_calls())
    }

    /// Entries that are written again in a month because of deploys: each deploy empties every replica's cache.
    pub fn rewarms(&self) -> u64 {
        self.deploys.saturating_mul(self.replicas)
    }

    /// The chance that a call finds an entry alive that lives for `ttl` after its last use; after it
    /// was made, where use does not refresh it.
    ///
    /// A given hit rate applies to every entry. Else, with x = λ·TTL: `1 − e^(−x)` where every call
    /// refreshes it. In business hours each day starts cold: of n calls a day and replica,
    /// `n·h − (h − x·e^(−x))` find it, which counts the first of the day and the gaps that it cuts
    /// short. Where use does not refresh it, an entry serves the x calls of its lifetime and the
    /// next one makes it anew: `x / (1 + x)`.
    pub fn chance(&self, ttl: Ttl, refreshed_by_use: bool) -> Chance {
        if let HitRate::Given(share) = self.hit_rate {
            return Chance { billionths: share.millionths.min(1_000_000) * 1_000 };
        }
        let (calls, over) = self.calls_within(ttl);
        if !refreshed_by_use {
            return Chance::ratio(calls, calls + over);
        }
        let x = FixedPoint::ratio(calls, over);
        let missed = x.map_or(FixedPoint(0), FixedPoint::exp_of_negative);
        let found = FixedPoint(FixedPoint::ONE - missed.0);
        match self.hours {
            Hours::Flat => found.chance(),
            Hours::Business => {
                let Some(a_day) = self.calls_a_day() else { return found.chance() };
                let cut_short = FixedPoint(found.0.saturating_sub(x.map_or(0, |x| x.times(missed).0)));
                FixedPoint(found.0.saturating_sub(cut_short.over(a_day).0)).chance()
            }
        }
    }

    /// The chance that a call finds an entry with `ttl` alive, or one behind it with the shorter TTL
    /// that contains the same and more, when a read refreshes only the entry that it reads.
    ///
    /// The longer-lived entry is then used at the misses of the shorter-lived one only, so it is found
    /// at a miss if the one before came within its TTL. In a Poisson process the time S between two
    /// misses, each the end of a gap longer than τ, has
    /// `P(S < t) = Σ (−1)^(j−1) · (λ·e^(−λτ)·(t − jτ))^j / j!` over j ≥ 1 with jτ < t. In business hours
    /// the first call of a day finds nothing.
    pub fn chance_behind(&self, ttl: Ttl, shorter: Ttl) -> Chance {
        let behind = self.chance(shorter, true);
        if let HitRate::Given(_) = self.hit_rate {
            return behind;
        }
        let (calls, over) = self.calls_within(shorter);
        // The series loses its digits where one TTL is very many times the other; nothing that is
        // offered comes near. Then the longer-lived entry is not counted on.
        let Some(x) = FixedPoint::ratio(calls, over).filter(|_| ttl.seconds / shorter.seconds.max(1) <= 32) else {
            return behind;
        };
        let found = between_misses(x.times(x.exp_of_negative()), ttl, shorter);
        let first = match self.hours {
            Hours::Flat => 0,
            Hours::Business => self.calls_a_day().map_or(0, |a_day| {
                let some = FixedPoint(FixedPoint::ONE - a_day.exp_of_negative().0);
                some.over(a_day).chance().billionths
            }),
        };
        let missed = behind.contrary().billionths.saturating_sub(first);
        let rescued = u128::from(missed) * u128::from(found.billionths) / 1_000_000_000;
        Chance { billionths: behind.billionths + rescued as u64 }
    }

    /// The calls of one replica that are expected within a TTL, as a ratio. No entry outlives the day
    /// that it was made on, where each day starts cold.
    fn calls_within(&self, ttl: Ttl) -> (u128, u128) {
        let (active, longest) = match self.hours {
            Hours::Flat => (MONTH_DAYS * 24 * 3600, u64::MAX),
            Hours::Business => (BUSINESS_DAYS * BUSINESS_HOURS * 3600, BUSINESS_HOURS * 3600),
        };
        // More than a billion replicas answer as a billion do.
        let replicas = u128::from(self.replicas.clamp(1, 1_000_000_000));
        let seconds = u64::from(ttl.seconds).min(longest);
        (u128::from(self.live_calls()) * u128::from(seconds), u128::from(active) * replicas)
    }

    /// The calls of one replica on a business day; `None` when there are none, or 10¹⁵ and more.
    fn calls_a_day(&self) -> Option<FixedPoint> {
        let replicas = u128::from(self.replicas.clamp(1, 1_000_000_000));
        FixedPoint::ratio(self.live_calls().into(), u128::from(BUSINESS_DAYS) * replicas).filter(|calls| calls.0 > 0)
    }
}

/// The chance that two misses of an entry that lives for `shorter` lie less than `ttl` apart, by the
/// misses `density` = λτ·e^(−λτ) that are expected in a time of τ.
fn between_misses(density: FixedPoint, ttl: Ttl, shorter: Ttl) -> Chance {
    // Fifteen digits, so that terms of some thousands can be multiplied.
    const ONE: i128 = 1_000_000_000_000_000;
    let density = (density.0 / 1_000) as i128;
    let (ttl, shorter) = (i128::from(ttl.seconds), i128::from(shorter.seconds.max(1)));
    let mut sum = 0;
    for number in (1..).take_while(|number| number * shorter < ttl) {
        let within = density * (ttl - number * shorter) / shorter;
        let term = (1..=number).fold(ONE, |term, factor| term * within / factor / ONE);
        sum += if number % 2 == 1 { term } else { -term };
    }
    Chance { billionths: (sum.clamp(0, ONE) / 1_000_000) as u64 }
}

/// A rate as a number a month, of so many days of so many hours; stops at `u64::MAX`.
fn monthly(rate: Rate, days: u64, hours_a_day: u64) -> u64 {
    match rate.per {
        Period::Month => rate.count,
        Period::Day => rate.count.saturating_mul(days),
        Period::Hour => rate.count.saturating_mul(days * hours_a_day),
    }
}

/// A probability, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance {
    /// Billionths: 1,000,000,000 is certain.
    pub billionths: u64,
}

impl Chance {
    /// Always.
    pub const CERTAIN: Self = Self { billionths: 1_000_000_000 };
    /// Never.
    pub const NEVER: Self = Self { billionths: 0 };

    /// `part / whole`, at most certain, rounded down; never of nothing. Both below 2⁹⁸.
    pub fn ratio(part: u128, whole: u128) -> Self {
        let scaled = part.min(whole).saturating_mul(1_000_000_000);
        scaled.checked_div(whole).map_or(Self::NEVER, |billionths| Self { billionths: billionths as u64 })
    }

    /// The chance of the contrary.
    pub fn contrary(self) -> Self {
        Self { billionths: Self::CERTAIN.billionths.saturating_sub(self.billionths) }
    }
}

impl fmt::Display for Chance {
    /// As a percentage with one decimal, rounded; certainty and impossibility only where they are exact:
    /// `99.98%` is `>99.9%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.billionths {
            0 => f.write_str("0%"),
            1_000_000_000.. => f.write_str("100%"),
            1..1_000_000 => f.write_str("<0.1%"),
            999_000_001.. => f.write_str(">99.9%"),
            some => {
                let tenths = (some + 500_000) / 1_000_000;
                match tenths % 10 {
                    0 => write!(f, "{}%", tenths / 10),
                    tenth => write!(f, "{}.{tenth}%", tenths / 10),
                }
            }
        }
    }
}

/// A number that is not negative, in units of 10⁻¹⁸.
#[derive(Debug, Clone, Copy)]
struct FixedPoint(u128);

impl FixedPoint {
    const ONE: u128 = 1_000_000_000_000_000_000;
    /// 1/e, rounded.
    const INVERSE_E: Self = Self(367_879_441_171_442_322);

    /// `part / whole`, rounded down; `None` when it is 10¹⁵ or more, or of nothing.
    fn ratio(part: u128, whole: u128) -> Option<Self> {
        let units = part.checked_div(whole)?;
        if units >= 1_000_000_000_000_000 {
            return None;
        }
        // Six digits at a time, so that the remainder stays far from overflowing.
        let (mut value, mut rest) = (units, part % whole);
        for _ in 0..3 {
            rest = rest.checked_mul(1_000_000)?;
            value = value * 1_000_000 + rest / whole;
            rest %= whole;
        }
        Some(Self(value))
    }

    /// The product, rounded to nearest, of numbers whose product is below 10².
    fn times(self, other: Self) -> Self {
        Self((self.0.saturating_mul(other.0) / (Self::ONE / 2)).div_ceil(2))
    }

    /// The quotient of something below 2.
    fn over(self, divisor: Self) -> Self {
        Self(self.0.saturating_mul(Self::ONE).checked_div(divisor.0).unwrap_or(0))
    }

    /// e to the minus this: e⁻¹ as often as there are whole units, times the power series of the rest.
    /// Off by less than 10⁻¹⁶; 0 where it is below 10⁻¹⁹.
    fn exp_of_negative(self) -> Self {
        if self.0 >= 45 * Self::ONE {
            return Self(0);
        }
        let (units, rest) = (self.0 / Self::ONE, Self(self.0 % Self::ONE));
        // 1 − x + x²/2 − …: the terms fall, so that no partial sum is negative once paired.
        let (mut sum, mut term) = (Self::ONE, FixedPoint(Self::ONE));
        for number in 1..=22 {
            term = FixedPoint(term.times(rest).0 / number);
            sum = if number % 2 == 1 { sum.saturating_sub(term.0) } else { sum + term.0 };
        }
        (0..units).fold(Self(sum), |product, _| product.times(Self::INVERSE_E))
    }

    /// The nearest chance.
    fn chance(self) -> Chance {
        Chance { billionths: ((self.0.min(Self::ONE) + 500_000_000) / 1_000_000_000) as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(calls: u64, hours: Hours) -> Traffic {
        Traffic { calls, hours, hit_rate: HitRate::Auto, deploys: 0, replicas: 1, batch: Share::default() }
    }

    fn ttl(written: &str) -> Ttl {
        Ttl::parse(written).unwrap()
    }

    #[test]
    fn the_exponential_agrees_with_floating_point() {
        for step in 0..45_000u128 {
            let x = FixedPoint(step * FixedPoint::ONE / 1000);
            let exact = (-(step as f64) / 1000.0).exp();
            assert!((x.exp_of_negative().0 as f64 / 1e18 - exact).abs() < 1e-15, "e^-{}", step as f64 / 1000.0);
        }
    }

    #[test]
    fn fifty_calls_a_day_and_fifty_thousand() {
        let billionths = |calls, written| traffic(calls, Hours::Flat).chance(ttl(written), true).billionths;
        // 1 − e^(−1500·300/2592000) and so on, by Python's decimal module at 30 digits.
        assert_eq!(billionths(1_500, "5m"), 159_376_257);
        assert_eq!(billionths(1_500, "1h"), 875_485_529);
        assert_eq!(billionths(1_500_000, "5m"), 1_000_000_000);
        assert_eq!(billionths(0, "5m"), 0);
    }

    #[test]
    fn business_hours_start_cold() {
        let billionths = |calls, written| traffic(calls, Hours::Business).chance(ttl(written), true).billionths;
        // At high rates only the first call of each of 22 days is cold.
        assert_eq!(billionths(22_000_000, "5m"), 999_999_000);
        // One call a day never finds anything of the day before.
        assert!(billionths(22, "24h") < 368_000_000);
        assert_eq!(traffic(0, Hours::Business).chance(ttl("1h"), true), Chance::NEVER);
    }

    #[test]
    fn replicas_share_the_calls_and_a_given_rate_overrides() {
        let shared = Traffic { replicas: 4, ..traffic(6_000, Hours::Flat) };
        assert_eq!(shared.chance(ttl("1h"), true), traffic(1_500, Hours::Flat).chance(ttl("1h"), true));
        let given = HitRate::Given(Share::parse("97.5%").unwrap());
        assert_eq!(Traffic { hit_rate: given, ..shared }.chance(ttl("1h"), true).billionths, 975_000_000);
    }

    #[test]
    fn hostile_numbers_neither_panic_nor_leave_the_unit_interval() {
        for calls in [0, 1, 1_000, u64::MAX] {
            for replicas in [1, 1_000, u64::MAX] {
                for hours in [Hours::Flat, Hours::Business] {
                    for refreshed in [true, false] {
                        let traffic = Traffic { replicas, deploys: u64::MAX, ..traffic(calls, hours) };
                        let long = Ttl { seconds: 315_360_000 };
                        let chance = traffic.chance(long, refreshed);
                        assert!(chance <= Chance::CERTAIN, "{traffic:?}");
                        for shorter in [1, 10_000_000, 315_000_000] {
                            let behind = traffic.chance_behind(long, Ttl { seconds: shorter });
                            assert!(behind <= Chance::CERTAIN, "{traffic:?}");
                        }
                        assert!(traffic.rewarms() >= 1);
                    }
                }
            }
        }
    }

    #[test]
    fn percentages_do_not_claim_what_is_not_exact() {
        let shown = |billionths| Chance { billionths }.to_string();
        assert_eq!(shown(159_376_257), "15.9%");
        assert_eq!(shown(875_000_000), "87.5%");
        assert_eq!(shown(999_999_999), ">99.9%");
        assert_eq!(shown(1), "<0.1%");
        assert_eq!(shown(500_000_000), "50%");
    }
}
