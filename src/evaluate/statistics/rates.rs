//! One rate: how many of so many cases are right.

use super::binomial::Binomial;
use super::{ALPHA, Interval, Z_95, real};

/// The 95 % interval of a rate (Wilson 1927); all of 0 to 1 where nothing was counted.
pub fn wilson(right: u64, of: u64) -> Interval {
    wilson_at(right, of, Z_95)
}

/// [`wilson`] at another normal quantile.
pub(super) fn wilson_at(right: u64, of: u64, z: f64) -> Interval {
    if of == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (k, n, square) = (real(right), real(of), z * z);
    let half = z * (k * (n - k) / n + square / 4.0).sqrt();
    let end = |sign: f64| ((k + square / 2.0 + sign * half) / (n + square)).clamp(0.0, 1.0);
    Interval { low: end(-1.0), high: end(1.0) }
}

/// The lower end of the one-sided 95 % interval of a rate (Clopper and Pearson 1934): the rate at which so many right
/// answers or more come up in 5 % of samples.
pub fn lower_bound(right: u64, of: u64) -> f64 {
    if right == 0 {
        return 0.0;
    }
    let binomial = Binomial::up_to(of);
    let (mut low, mut high) = (0.0_f64, real(right) / real(of));
    // 60 halvings reach the precision of the numbers.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if binomial.at_least(right, of, middle) <= ALPHA {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The upper end of the one-sided 95 % interval of a rate.
pub fn upper_bound(right: u64, of: u64) -> f64 {
    1.0 - lower_bound(of.saturating_sub(right), of)
}
