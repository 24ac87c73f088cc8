//! What a request costs: rules R7, R14 and R18, in exact integers.

use super::Outcome;
use crate::cost::rules::{Price, Prices, cost_of, proportion};
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// The cost of one request; `None` when a price that it needs is unknown.
pub(super) fn cost(prices: &Prices, input: u64, implicit: bool, outcome: &Outcome) -> Option<Usd> {
    let rates = prices.at(input);
    let read = rates.read_price(implicit);
    // R14: a cached object is made at the input price, and storing it is billed apart.
    let write = |ttl: Ttl| if outcome.stored.is_some() { rates.input } else { rates.write_price(ttl) };
    let mut cost = cost_of(outcome.read, read)? + cost_of(outcome.uncached, rates.input)?;
    for (ttl, tokens) in &outcome.written {
        cost = cost + cost_of(*tokens, write(*ttl))?;
    }
    Some(cost)
}

/// An amount in base-input-token units: how many uncached input tokens would cost as much.
///
/// Exact where the quotient has a finite decimal form, else rounded half to even at six places.
/// `None` when the input price is unknown or zero.
pub(super) fn in_input_tokens(amount: Usd, input: Option<Price>) -> Option<String> {
    let unit = input.filter(|price| price.nano > 0)?.nano;
    let (amount, unit) = (u128::try_from(amount.femto).ok()?, u128::from(unit));
    let (whole, mut rest) = (amount / unit, amount % unit);
    let mut digits = String::new();
    // A fraction over a 64-bit unit ends within 64 places or never.
    while rest > 0 && digits.len() < 64 {
        rest *= 10;
        digits.push(char::from(b'0' + u8::try_from(rest / unit).unwrap_or(9)));
        rest %= unit;
    }
    if rest == 0 {
        return Some(if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") });
    }
    let millionths = proportion(i128::try_from(amount % unit).ok()?, 1_000_000, i128::try_from(unit).ok()?)?;
    let millionths = u128::try_from(millionths).ok()?;
    let (whole, millionths) = (whole + millionths / 1_000_000, millionths % 1_000_000);
    let fraction = format!("{millionths:06}");
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact_where_they_can_be() {
        let bit = |femto, nano| in_input_tokens(Usd { femto }, Some(Price { nano })).unwrap();
        assert_eq!(bit(10_200 * 5_000_000_000, 5_000_000_000), "10200");
        assert_eq!(bit(5 * 1_587_500, 1_000), "7937.5");
        assert_eq!(bit(1, 1 << 20), "0.00000095367431640625");
        assert_eq!(bit(1, 3), "0.333333");
        assert_eq!(bit(2, 3), "0.666667");
        assert_eq!(bit(5_999_999, 3_000_000), "2");
        assert_eq!(bit(0, 7), "0");
        assert_eq!(in_input_tokens(Usd { femto: 1 }, None), None);
        assert_eq!(in_input_tokens(Usd { femto: 1 }, Some(Price { nano: 0 })), None);
    }
}
