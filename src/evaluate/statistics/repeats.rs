//! Cases that are asked several times. The case is the unit: its repeats are no cases of their own.

use super::binomial::Binomial;
use super::real;

/// The mean over all answers and its standard error, the answers of one case taken as a cluster (Miller 2024,
/// arXiv:2411.00640), without a correction for the number of clusters. `None` without an answer.
pub fn clustered_error(cases: &[Vec<i64>]) -> Option<(f64, f64)> {
    let answers: usize = cases.iter().map(Vec::len).sum();
    let count = real(u64::try_from(answers).ok().filter(|count| *count > 0)?);
    let mean = real(cases.iter().flatten().sum::<i64>()) / count;
    let residual = |case: &Vec<i64>| case.iter().map(|score| real(*score) - mean).sum::<f64>();
    let squares: f64 = cases.iter().map(|case| residual(case).powi(2)).sum();
    Some((mean, squares.sqrt() / count))
}

/// pass@k: the chance that at least one of `k` of the `n` answers is right, `right` of which are (Chen 2021).
pub fn pass_at(n: u64, right: u64, k: u64) -> f64 {
    1.0 - share_of_draws(n, n.saturating_sub(right), k)
}

/// pass^k: the chance that all of `k` of the `n` answers are right.
pub fn pass_hat(n: u64, right: u64, k: u64) -> f64 {
    share_of_draws(n, right, k)
}

/// The share of draws of `k` out of `n` that are all among the `good` ones.
fn share_of_draws(n: u64, good: u64, k: u64) -> f64 {
    let binomial = Binomial::up_to(n);
    if k > good { 0.0 } else { (binomial.ln_choose(good, k) - binomial.ln_choose(n, k)).exp() }
}
