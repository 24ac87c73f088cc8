//! Estimates: a weighted sum of a text's features, with a band.
//!
//! All arithmetic is in whole numbers, so the result is the same on every machine.

use super::features::{FEATURES, Feature, Features};
use super::{Count, MessageCount};

/// How the tokens of a family are computed from features. The values are in `estimators.rs`.
#[derive(Debug)]
pub(super) struct Estimator {
    /// Thousandths of a token for each feature.
    pub(super) weights: [i64; FEATURES],
    /// Thousandths of a token, by feature, that count as outside of the text that was fitted.
    pub(super) outside: [i64; FEATURES],
    /// Half the width of the band, in thousandths, for text like that which was fitted: nineteen in
    /// twenty texts that were left out of the fit lie within it.
    pub(super) inside_permille: u64,
    /// The same for any other text.
    pub(super) outside_permille: u64,
    /// Tokens by which the band is wider on both sides, since the relative error of short texts is larger.
    pub(super) slack: u64,
}

impl Estimator {
    /// The tokens of a text with these features.
    pub(super) fn estimate(&self, features: &Features) -> Count {
        let tokens = rounded(dot(&self.weights, features));
        if tokens == 0 {
            return Count::estimated(0, (0, 0));
        }
        let outside = rounded(dot(&self.outside, features)).saturating_add(unlike_the_fit(features)).min(tokens);
        let width = u128::from(tokens - outside) * u128::from(self.inside_permille)
            + u128::from(outside) * u128::from(self.outside_permille);
        let width = saturated(width.div_ceil(1000)).saturating_add(self.slack);
        Count::estimated(tokens, (tokens.saturating_sub(width), tokens.saturating_add(width)))
    }

    /// The tokens of a text made of pieces with these features, and each piece's share.
    pub(super) fn message(&self, pieces: &[Features]) -> MessageCount {
        let mut sum = Features::default();
        for piece in pieces {
            sum += piece;
        }
        let total = self.estimate(&sum);
        let scores: Vec<u128> = pieces.iter().map(|piece| dot(&self.weights, piece)).collect();
        MessageCount { total, per_piece: apportion(total.tokens(), &scores) }
    }
}

/// The weighted sum in thousandths; 0 if it is negative.
fn dot(weights: &[i64; FEATURES], features: &Features) -> u128 {
    let sum: i128 =
        weights.iter().zip(features.values()).map(|(&weight, value)| i128::from(weight) * i128::from(value)).sum();
    u128::try_from(sum).unwrap_or(0)
}

fn rounded(thousandths: u128) -> u64 {
    saturated((thousandths + 500) / 1000)
}

fn saturated(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// How many tokens of a text count as unlike the fitted texts, which were prose and code: those of text
/// that is denser in digits and punctuation (JSON, tables of numbers; everything, if about every second
/// visible character is one), mostly in capitals (base64), or not in words. It may be more than the text
/// has; the caller limits it.
fn unlike_the_fit(features: &Features) -> u64 {
    let (lower, upper) = (features.get(Feature::Lower), features.get(Feature::Upper));
    let dense = features.get(Feature::Digit) + features.get(Feature::Punctuation);
    let letters = lower + upper;
    let beyond_a_quarter = (dense * 4).saturating_sub(letters + dense);
    let beyond_a_third = (upper * 2).saturating_sub(lower);
    let beyond_long_words = letters.saturating_sub(features.get(Feature::Word) * 16);
    beyond_a_quarter + beyond_a_third + beyond_long_words / 2
}

/// Shares of `total` in proportion to the scores, as whole numbers that add up to it: the largest
/// remainders are rounded up, the earlier of equal ones first. With no scores at all the first
/// piece has everything.
pub fn apportion(total: u64, scores: &[u128]) -> Vec<u64> {
    let sum: u128 = scores.iter().sum();
    let mut shares = Vec::with_capacity(scores.len());
    let mut remainders = Vec::with_capacity(scores.len());
    for (piece, &score) in scores.iter().enumerate() {
        let product = u128::from(total).saturating_mul(score);
        shares.push(saturated(product.checked_div(sum).unwrap_or(0)));
        remainders.push((std::cmp::Reverse(product.checked_rem(sum).unwrap_or(0)), piece));
    }
    remainders.sort_unstable();
    let mut left = total - shares.iter().sum::<u64>();
    if sum == 0 {
        shares.first_mut().into_iter().for_each(|share| *share = total);
        left = 0;
    }
    for (_, piece) in remainders {
        if let Some(share) = shares.get_mut(piece)
            && left > 0
        {
            *share += 1;
            left -= 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_add_up_and_earlier_pieces_are_rounded_up_first() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(7, &[5, 0, 2]), [5, 0, 2]);
        assert_eq!(apportion(3, &[0, 0]), [3, 0]);
        assert!(apportion(0, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn shares_always_add_up(total in any::<u32>(), scores in prop::collection::vec(any::<u32>(), 1..50)) {
            let scores: Vec<u128> = scores.into_iter().map(u128::from).collect();
            prop_assert_eq!(apportion(u64::from(total), &scores).iter().sum::<u64>(), u64::from(total));
        }
    }
}
