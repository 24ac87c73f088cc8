//! What a request costs: rules R7, R14 and R18, in exact integers.

use super::Outcome;
use crate::cost::rules::{Price, Prices};
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// The cost of one request; `None` when a price that it needs is unknown.
pub(super) fn cost(prices: &Prices, input: u64, implicit: bool, outcome: &Outcome) -> Option<Usd> {
    let rates = prices.at(input);
    let read = if implicit { rates.implicit_read.or(rates.read) } else { rates.read };
    // A cached object is made at the input price; what it costs to keep is storage.
    let write = |ttl: Ttl| if outcome.stored.is_some() { rates.input } else { rates.write(ttl) };
    let mut cost = of(outcome.read, read)? + of(outcome.uncached, rates.input)?;
    for (ttl, tokens) in &outcome.written {
        cost = cost + of(*tokens, write(*ttl))?;
    }
    Some(cost)
}

/// Tokens at a price: no tokens cost nothing, whatever the price; tokens at an unknown price are
/// unknown.
fn of(tokens: u64, price: Option<Price>) -> Option<Usd> {
    if tokens == 0 { Some(Usd::ZERO) } else { price.map(|price| price.of(tokens)) }
}

/// What an object costs to store for its TTL, used or not; `None` when the price is unknown.
///
/// The only amount that is not a whole number of 10⁻¹⁵ dollars by itself: it is rounded to one, half
/// to even.
pub(super) fn storage(prices: &Prices, ttl: Ttl, tokens: u64) -> Option<Usd> {
    const HOUR: i128 = 3600;
    let hourly = of(tokens, prices.storage)?.femto;
    let seconds = i128::from(ttl.seconds);
    // Whole hours apart from the rest of the division, so that nothing overflows.
    let rest = (hourly % HOUR) * seconds;
    let (whole, rest) = ((hourly / HOUR) * seconds + rest / HOUR, rest % HOUR);
    let up = rest * 2 > HOUR || (rest * 2 == HOUR && whole % 2 == 1);
    Some(Usd { femto: whole + i128::from(up) })
}

/// An amount in base-input-token units: how many uncached input tokens would cost as much.
///
/// Exact where the quotient has a finite decimal form, else rounded half to even at six places.
/// `None` when the input price is unknown or zero.
pub(super) fn in_input_tokens(amount: Usd, input: Option<Price>) -> Option<String> {
    let unit = input.filter(|price| price.nano > 0)?.nano;
    let amount = u128::try_from(amount.femto).ok()?;
    let unit = u128::from(unit);
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
    // Usd rounds the same way: the millionths of a unit, as its own smallest amounts.
    let millionths = round(amount % unit * 1_000_000, unit);
    let (whole, millionths) = (whole + millionths / 1_000_000, millionths % 1_000_000);
    let fraction = format!("{millionths:06}");
    let fraction = fraction.trim_end_matches('0');
    Some(if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") })
}

/// A quotient rounded half to even.
fn round(amount: u128, unit: u128) -> u128 {
    let (whole, rest) = (amount / unit, amount % unit);
    whole + u128::from(rest * 2 > unit || (rest * 2 == unit && whole % 2 == 1))
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

    #[test]
    fn storage_is_billed_for_the_whole_ttl() {
        let prices = Prices { storage: Some(Price { nano: 1_000_000_000 }), ..Prices::default() };
        let ttl = |written| Ttl::parse(written).unwrap();
        assert_eq!(storage(&prices, ttl("1h"), 100_000).unwrap().exact(), "0.1");
        assert_eq!(storage(&prices, ttl("30m"), 100_000).unwrap().exact(), "0.05");
        assert_eq!(storage(&prices, ttl("1s"), 1).unwrap().femto, 277_778);
        assert_eq!(storage(&Prices::default(), ttl("1h"), 1), None);
        assert_eq!(storage(&Prices::default(), ttl("1h"), 0), Some(Usd::ZERO));
    }
}
