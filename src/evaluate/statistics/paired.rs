//! Two sides that answered the same cases.

use std::collections::BTreeMap;

use super::binomial::Binomial;
use super::rates::wilson;
use super::{Interval, real};
use crate::syntax::random::SplitMix64;

/// Cases that both sides answered, by who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs {
    /// Both.
    pub both: u64,
    /// The base alone.
    pub lost: u64,
    /// The head alone.
    pub gained: u64,
    /// None of them.
    pub neither: u64,
}

impl Pairs {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.both + self.lost + self.gained + self.neither
    }
}

/// The exact two-sided p of McNemar's test: a binomial test of the pairs that differ, `min(1, 2·P(X ≤ min))`.
pub fn mcnemar(lost: u64, gained: u64) -> f64 {
    let discordant = lost + gained;
    (2.0 * Binomial::up_to(discordant).at_most(lost.min(gained), discordant, 0.5)).min(1.0)
}

/// How many additions the exact distribution of sign flips may take.
const MAX_STEPS: u64 = 100_000_000;
/// How many random flips stand in for it beyond that.
const FLIPS: u32 = 9_999;
/// Seeds of the random flips and of the bootstrap; any number would do, and it must not change.
const SEED: u64 = 0x636f_6e74_6578_7475;

/// The two-sided p of a sign-flip test (Fisher's randomisation of pairs): the share of all ways to swap the sides of
/// pairs in which the sum of the differences is at least as far from 0 as it is. Exact by convolution of the sums; for
/// differences of one size it is McNemar's test.
pub fn sign_flip(differences: &[i64]) -> f64 {
    let sizes = differences.iter().map(|difference| difference.unsigned_abs()).filter(|size| *size > 0);
    let sizes: Vec<u64> = sizes.collect();
    let unit = sizes.iter().fold(0, |one, other| gcd(one, *other)).max(1);
    let total: u64 = sizes.iter().map(|size| size / unit).sum();
    let steps = total.saturating_mul(2).saturating_mul(u64::try_from(sizes.len()).unwrap_or(u64::MAX));
    match usize::try_from(total) {
        Ok(total) if steps <= MAX_STEPS => {
            let observed = differences.iter().sum::<i64>().unsigned_abs() / unit;
            exact_flips(&sizes, unit, total, observed)
        }
        _ => (1.0 + real(random_flips(differences, FLIPS, SEED))) / (1.0 + real(FLIPS)),
    }
}

/// The share of sign choices with |sum| ≥ `observed`, all sizes and sums in units of `unit`.
fn exact_flips(sizes: &[u64], unit: u64, total: usize, observed: u64) -> f64 {
    // chances[at]: the probability of the sum `at - reach` over the sizes taken so far.
    let mut chances = vec![0.0; 2 * total + 1];
    let mut next = chances.clone();
    chances[total] = 1.0;
    let mut reach = 0;
    for size in sizes {
        let size = usize::try_from(size / unit).unwrap_or(0);
        let (from, to) = (total - reach, total + reach);
        reach += size;
        next[total - reach..=total + reach].fill(0.0);
        for (at, chance) in chances[from..=to].iter().enumerate() {
            next[from + at - size] += chance / 2.0;
            next[from + at + size] += chance / 2.0;
        }
        std::mem::swap(&mut chances, &mut next);
    }
    let is_far = |at: usize| u64::try_from(at.abs_diff(total)).is_ok_and(|sum| sum >= observed);
    let far = chances.iter().enumerate().filter(|(at, _)| is_far(*at)).map(|(_, chance)| chance);
    far.sum::<f64>().min(1.0)
}

/// How many of `rounds` random sign choices have a sum at least as far from 0 as the one observed. Each round takes a
/// fresh word of 64 bits for every 64 pairs, the lowest bit first; a set bit flips.
pub(super) fn random_flips(differences: &[i64], rounds: u32, seed: u64) -> u32 {
    let mut random = SplitMix64::new(seed);
    let observed = differences.iter().sum::<i64>().unsigned_abs();
    let mut is_as_far = || {
        let mut sum = 0;
        for word in differences.chunks(64) {
            let bits = random.bits();
            let flipped = |(at, size): (usize, &i64)| if (bits >> at) & 1 == 1 { -size } else { *size };
            sum += word.iter().enumerate().map(flipped).sum::<i64>();
        }
        sum.unsigned_abs() >= observed
    };
    (0..rounds).map(|_| u32::from(is_as_far())).sum()
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// The 95 % interval of the difference of two paired rates, head less base (Newcombe 1998, Statistics in Medicine
/// 17:2635, method 10): from the Wilson interval of each rate and their corrected correlation.
pub fn newcombe(pairs: Pairs) -> Interval {
    let of = pairs.count();
    if of == 0 {
        return Interval { low: -1.0, high: 1.0 };
    }
    let n = real(of);
    let (head_right, base_right) = (pairs.both + pairs.gained, pairs.both + pairs.lost);
    let (head, base) = (real(head_right) / n, real(base_right) / n);
    let (of_head, of_base) = (wilson(head_right, of), wilson(base_right, of));
    let excess = real(pairs.both) * real(pairs.neither) - real(pairs.lost) * real(pairs.gained);
    let corrected = if excess > n / 2.0 { excess - n / 2.0 } else { excess.min(0.0) };
    let margins = real(head_right) * real(of - head_right) * real(base_right) * real(of - base_right);
    let phi = if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 };
    let spread = |one: f64, other: f64| (one * one - 2.0 * phi * one * other + other * other).max(0.0).sqrt();
    Interval {
        low: head - base - spread(head - of_head.low, of_base.high - base),
        high: head - base + spread(of_head.high - head, base - of_base.low),
    }
}

/// The rounds of a bootstrap.
const ROUNDS: usize = 10_000;

/// The 95 % percentile bootstrap interval of the sum of differences (Efron 1979), in whole sums.
pub fn bootstrap(differences: &[i64]) -> (i64, i64) {
    bootstrap_of(differences, ROUNDS, SEED)
}

/// [`bootstrap`] with so many rounds: of the sorted sums those at ⌊0.025·rounds⌋ and ⌈0.975·rounds⌉ − 1.
pub(super) fn bootstrap_of(differences: &[i64], rounds: usize, seed: u64) -> (i64, i64) {
    let mut random = SplitMix64::new(seed);
    let mut one = || differences[random.below(differences.len() as u64) as usize];
    let mut sum = || differences.iter().map(|_| one()).sum::<i64>();
    let mut sums: Vec<i64> = (0..rounds).map(|_| sum()).collect();
    sums.sort_unstable();
    (sums[rounds * 25 / 1000], sums[(rounds * 975).div_ceil(1000) - 1])
}

/// The p values of one run, adjusted so that all verdicts together are wrong in 5 % of runs at most (Holm 1979).
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let (mut largest, mut adjusted) = (0.0_f64, BTreeMap::new());
    for (rank, at) in order.into_iter().enumerate() {
        let remaining = u32::try_from(values.len() - rank).unwrap_or(u32::MAX);
        largest = largest.max(values[at] * f64::from(remaining)).min(1.0);
        adjusted.insert(at, largest);
    }
    adjusted.into_values().collect()
}
