//! A call's cost shared out: what each segment of a prompt costs in a warm call.

use crate::cost::planner::Layout;
use crate::cost::rules::cost_of;
use crate::cost::terms::Terms;
use crate::syntax::quantity::Usd;

/// What each segment's text costs in a call that finds everything in the cache: its tokens at the
/// price of reading as far as the cache reaches, at the input price behind it. `tokens` are those of
/// each segment in the model's own count. Inputs, framing and the answer are nobody's text and are
/// left out. `None` where a price that is needed is not known.
pub fn warm_shares(layout: &Layout, terms: &Terms, tokens: &[u64]) -> Option<Vec<Usd>> {
    let service = layout.service(terms.model, terms.tokens);
    let rates = terms.model.prices.as_ref()?.at(terms.tokens.total());
    let read = service.read_price(rates);
    let mut held = service.cached_tokens();
    let shares = tokens.iter().map(|tokens| {
        let served = held.min(*tokens);
        held -= served;
        cost_of(served, read)?.plus(cost_of(tokens - served, rates.input)?)
    });
    shares.collect()
}

/// Shares out a whole number by weights, so that the shares add up to it: each gets its part rounded
/// down, and what is left goes one by one to those that lost most by it, the first of equals first.
/// By no weight at all everything goes to the first.
pub fn split(whole: i128, weights: &[u64]) -> Vec<i128> {
    let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if total == 0 || whole < 0 {
        return (0..weights.len()).map(|index| if index == 0 { whole } else { 0 }).collect();
    }
    // Whole and rest apart, so that no product of an amount and a weight can overflow.
    let (quotient, rest) = (whole / total, whole % total);
    let parts: Vec<(i128, i128)> = weights
        .iter()
        .map(|weight| {
            let weight = i128::from(*weight);
            (quotient * weight + rest * weight / total, rest * weight % total)
        })
        .collect();
    let left = whole - parts.iter().map(|(part, _)| part).sum::<i128>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| (std::cmp::Reverse(parts[*index].1), *index));
    let mut shares: Vec<i128> = parts.into_iter().map(|(part, _)| part).collect();
    for index in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[index] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_goes_to_the_largest_remainders() {
        assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(split(10, &[1, 2, 4]), [1, 3, 6]);
        assert_eq!(split(7, &[0, 0]), [7, 0]);
        assert_eq!(split(7, &[]), [] as [i128; 0]);
    }

    proptest! {
        #[test]
        fn shares_add_up_and_differ_from_the_exact_part_by_less_than_one(
            whole in 0..i128::from(u64::MAX) * 1_000_000,
            weights in prop::collection::vec(0..1_000_000u64, 1..20),
        ) {
            let shares = split(whole, &weights);
            prop_assert_eq!(shares.iter().sum::<i128>(), whole);
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            for (share, weight) in shares.iter().zip(&weights).filter(|_| total > 0) {
                let exact = whole * i128::from(*weight);
                prop_assert!((share * total - exact).abs() < total);
            }
        }
    }
}
