//! The statistics of an evaluation, each with its source; nothing here knows what a case or an answer is.
//!
//! Counts and scores are whole numbers and tests are exact where they can be. All that is asked of special functions
//! is the binomial distribution of whole numbers, which is a sum of a few products: no library is needed for it. The
//! reference values of `tests/statistics/golden.json` were computed with scipy, statsmodels and scikit-learn.

mod binomial;
mod labels;
mod paired;
mod power;
mod rates;
mod repeats;

pub use labels::Confusion;
pub use paired::{Pairs, bootstrap, holm, mcnemar, newcombe, sign_flip};
pub use power::{detectable, needed, visible};
pub use rates::{lower_bound, upper_bound, wilson};
pub use repeats::{clustered_error, pass_at, pass_hat};

/// The standard normal quantile of 0.975: two-sided 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;
/// The standard normal quantile of 0.8: the power that sizes are reckoned for.
const Z_POWER: f64 = 0.841_621_233_572_914_3;
/// The power that sizes are reckoned for.
const POWER: f64 = 0.8;
/// The level of every test, and of nothing else.
pub const ALPHA: f64 = 0.05;

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A count as a number that can be divided; counts of cases are far below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts of cases and sums of their scores are far below 2^53")]
fn real(count: impl Into<i128>) -> f64 {
    count.into() as f64
}

#[cfg(test)]
mod tests;
