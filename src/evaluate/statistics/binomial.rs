//! The binomial distribution over whole numbers of trials.

use super::real;

/// The distribution of the number of successes in up to some number of trials.
pub(super) struct Binomial {
    /// The logarithm of each factorial.
    ln_factorials: Vec<f64>,
}

impl Binomial {
    /// For up to so many trials.
    pub(super) fn up_to(trials: u64) -> Self {
        let mut ln_factorials = vec![0.0];
        let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
        for number in 1..=trials {
            // Kahan's sum: the error does not grow with the number of terms.
            let term = real(number).ln() - rest;
            let next = sum + term;
            (rest, sum) = ((next - sum) - term, next);
            ln_factorials.push(sum);
        }
        Self { ln_factorials }
    }

    fn ln_factorial(&self, number: u64) -> f64 {
        usize::try_from(number).ok().and_then(|at| self.ln_factorials.get(at)).copied().unwrap_or(f64::NAN)
    }

    /// The natural logarithm of `n` over `k`.
    pub(super) fn ln_choose(&self, n: u64, k: u64) -> f64 {
        if k > n {
            return f64::NEG_INFINITY;
        }
        self.ln_factorial(n) - self.ln_factorial(k) - self.ln_factorial(n - k)
    }

    /// P(X = k), X ~ Bin(n, p).
    pub(super) fn mass(&self, k: u64, n: u64, p: f64) -> f64 {
        // 0 · ln 0 counts as 0.
        let term = |count: u64, ln: f64| if count == 0 { 0.0 } else { real(count) * ln };
        if k > n {
            return 0.0;
        }
        (self.ln_choose(n, k) + term(k, p.ln()) + term(n - k, (-p).ln_1p())).exp()
    }

    /// P(X ≤ k), X ~ Bin(n, p).
    pub(super) fn at_most(&self, k: u64, n: u64, p: f64) -> f64 {
        // The shorter tail, from its small end.
        if k >= n {
            return 1.0;
        }
        if k <= n / 2 {
            return (0..=k).map(|at| self.mass(at, n, p)).sum::<f64>().min(1.0);
        }
        (1.0 - (k + 1..=n).rev().map(|at| self.mass(at, n, p)).sum::<f64>()).max(0.0)
    }

    /// P(X ≥ k), X ~ Bin(n, p).
    pub(super) fn at_least(&self, k: u64, n: u64, p: f64) -> f64 {
        // The mirror image: failures.
        if k > n { 0.0 } else { self.at_most(n - k, n, 1.0 - p) }
    }
}
