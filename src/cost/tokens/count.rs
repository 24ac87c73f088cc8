//! A number of tokens that says how it was obtained.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use crate::syntax::decode::names;

names! {
    /// How a count was obtained, the most reliable first. A sum has the least reliable basis of its parts.
    pub enum Basis {
        /// The model's own tokenizer, over the text.
        Exact = "exact",
        /// The provider's counting endpoint, for exactly this text.
        Measured = "measured",
        /// Estimated from the content, with a band.
        Estimated = "estimated",
    }
}

impl Basis {
    /// What stands before a figure that rests on such a count: nothing, or `≈`.
    pub fn about(self) -> &'static str {
        if self == Self::Estimated { "≈" } else { "" }
    }
}

/// A number of tokens, the band it lies in, and how it was obtained. The default is exactly 0.
///
/// The fields are private so that the band always contains the number, and is only wider than the number
/// if the count is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Count {
    tokens: u64,
    low: u64,
    high: u64,
    basis: Basis,
}

impl Default for Count {
    fn default() -> Self {
        Self::exact(0)
    }
}

impl Count {
    /// A count by the model's own tokenizer.
    pub fn exact(tokens: u64) -> Self {
        Self { tokens, low: tokens, high: tokens, basis: Basis::Exact }
    }

    /// A count by the provider's endpoint.
    pub fn measured(tokens: u64) -> Self {
        Self { tokens, low: tokens, high: tokens, basis: Basis::Measured }
    }

    /// An estimate and its band, which is widened to contain the estimate if it does not.
    pub fn estimated(tokens: u64, band: (u64, u64)) -> Self {
        Self { tokens, low: band.0.min(tokens), high: band.1.max(tokens), basis: Basis::Estimated }
    }

    /// The tokens.
    pub fn tokens(self) -> u64 {
        self.tokens
    }

    /// The least and the most that the true number is expected to be, both inclusive.
    pub fn band(self) -> (u64, u64) {
        (self.low, self.high)
    }

    /// A part of it: `tokens` of this count's tokens, with the same basis and the band in proportion.
    pub fn part(self, tokens: u64) -> Self {
        let scaled = |edge: u64| {
            let scaled = u128::from(tokens) * u128::from(edge) / u128::from(self.tokens.max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        Self { tokens, low: scaled(self.low).min(tokens), high: scaled(self.high).max(tokens), basis: self.basis }
    }

    /// How the number was obtained.
    pub fn basis(self) -> Basis {
        self.basis
    }
}

/// Adds the numbers and the ends of the bands, as if all errors had the same sign, which gives the widest
/// band. The basis is the less reliable one. Sums saturate at `u64::MAX`.
impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            low: self.low.saturating_add(other.low),
            high: self.high.saturating_add(other.high),
            basis: self.basis.max(other.basis),
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

impl<'a> Sum<&'a Count> for Count {
    fn sum<I: Iterator<Item = &'a Count>>(counts: I) -> Self {
        counts.copied().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_exact_counts_is_exact() {
        let sum: Count = [Count::exact(3), Count::exact(4)].iter().sum();
        assert_eq!(sum, Count::exact(7));
        assert_eq!(sum.band(), (7, 7));
    }

    #[test]
    fn one_estimate_makes_a_sum_an_estimate() {
        let sum = Count::exact(100) + Count::measured(10) + Count::estimated(50, (45, 60));
        assert_eq!(sum, Count::estimated(160, (155, 170)));
        assert_eq!((Count::exact(1) + Count::measured(1)).basis(), Basis::Measured);
    }

    #[test]
    fn a_band_contains_its_number() {
        assert_eq!(Count::estimated(10, (20, 5)).band(), (10, 10));
        assert_eq!((Count::exact(u64::MAX) + Count::exact(1)).tokens(), u64::MAX);
    }
}
