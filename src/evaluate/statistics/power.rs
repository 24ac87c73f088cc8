//! What a set of cases of some size can and cannot see.

use super::binomial::Binomial;
use super::{ALPHA, POWER, Z_95, Z_POWER, real};

/// The most cases for which power is reckoned exactly; beyond, the normal approximation is within a tenth of a point.
const EXACT: u64 = 1_000;

/// The smallest difference of two rates that McNemar's test at 5 % finds in `cases` cases with a power of 80 %, where the
/// share `discordance` of the cases changes sides; `None` when it finds none, however large.
pub fn detectable(cases: u64, discordance: f64) -> Option<f64> {
    if cases > EXACT {
        return detectable_by_normal(cases, discordance);
    }
    let test = Power::of(cases, discordance);
    smallest(discordance, |difference| test.at(difference) >= POWER)
}

/// The smallest difference that so many cases show: [`detectable`], or where that finds none, the one at which more cases
/// change sides, all in one direction.
pub fn visible(cases: u64, discordance: f64) -> Option<f64> {
    let one_way = |difference| Power::of(cases.min(EXACT), difference).at(difference) >= POWER;
    detectable(cases, discordance).or_else(|| smallest(1.0, one_way))
}

/// [`detectable`] by the normal approximation.
pub(super) fn detectable_by_normal(cases: u64, discordance: f64) -> Option<f64> {
    smallest(discordance, |difference| {
        needed_exactly(discordance, difference).is_some_and(|needed| needed <= real(cases))
    })
}

/// The smallest difference up to `largest` that is found.
fn smallest(largest: f64, is_found: impl Fn(f64) -> bool) -> Option<f64> {
    if !is_found(largest) {
        return None;
    }
    let (mut low, mut high) = (0.0, largest);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        if is_found(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// The exact power of McNemar's exact test.
pub(super) struct Power {
    binomial: Binomial,
    discordance: f64,
    /// For each number of discordant pairs: how likely it is, and up to how many on one side are rejected.
    rejects: Vec<(u64, f64, u64)>,
}

impl Power {
    pub(super) fn of(cases: u64, discordance: f64) -> Self {
        let binomial = Binomial::up_to(cases);
        let rejects = (0..=cases).filter_map(|pairs| {
            let chance = binomial.mass(pairs, cases, discordance);
            // What this leaves out is less than any digit that is printed.
            (chance > 1e-15).then_some(())?;
            let mut tail = 0.0;
            let rejected = (0..=pairs).take_while(|count| {
                tail += 2.0 * binomial.mass(*count, pairs, 0.5);
                tail <= ALPHA
            });
            Some((pairs, chance, rejected.last()?))
        });
        let rejects = rejects.collect();
        Self { binomial, discordance, rejects }
    }

    /// The chance to find a difference of so much.
    pub(super) fn at(&self, difference: f64) -> f64 {
        // Of the pairs that differ, so many go the way of the difference.
        let share = f64::midpoint(1.0, difference / self.discordance);
        let found = self.rejects.iter().map(|(pairs, chance, most)| {
            chance * (self.binomial.at_most(*most, *pairs, share) + self.binomial.at_least(pairs - most, *pairs, share))
        });
        found.sum()
    }
}

/// How many cases would tell a difference with a power of 80 %, by the normal approximation (Connor 1987).
/// `square` is the mean square of a case's difference; for answers that are right or wrong, the share that changes sides.
pub fn needed(square: f64, difference: f64) -> Option<u64> {
    // No fewer cases can change sides than the difference says.
    let needed = needed_exactly(square.max(difference), difference)?.ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and checked to be small")]
    (needed < 1e15).then_some(needed as u64)
}

fn needed_exactly(square: f64, difference: f64) -> Option<f64> {
    let rest = (square - difference * difference).max(0.0);
    let ratio = (Z_95 * square.sqrt() + Z_POWER * rest.sqrt()) / difference;
    (difference > 0.0).then_some(ratio * ratio)
}
