//! What a price is worked out on: a request in tokens, a model's rates, the traffic; and how amounts
//! are multiplied and divided. Planner and bill both stand on it.

use crate::cost::rules::{Model, Price, Rates};
use crate::cost::tokens::{Basis, Count};
use crate::cost::traffic::Traffic;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// One request in a model's own tokens.
#[derive(Debug, Clone, Copy)]
pub struct RequestTokens {
    /// Text before the first input or history.
    pub prefix: Count,
    /// All text.
    pub text: Count,
    /// The expected size of inputs and history.
    pub inputs: u64,
    /// Roles, tool preambles: always an estimate. Where it stands among the text is not published;
    /// it is priced as input that no cache serves, which is the dearer reading.
    pub framing: u64,
    /// The expected answer.
    pub output: u64,
}

impl RequestTokens {
    /// Everything that goes in: text, inputs and framing. Prices and windows go by it.
    pub fn total(&self) -> u64 {
        self.text.tokens().saturating_add(self.inputs).saturating_add(self.framing)
    }

    /// The band of the total. Framing and inputs are taken as they are.
    pub fn band(&self) -> (u64, u64) {
        let beside = self.inputs.saturating_add(self.framing);
        let (low, high) = self.text.band();
        (low.saturating_add(beside), high.saturating_add(beside))
    }

    /// What the text's count is.
    pub fn basis(&self) -> Basis {
        self.text.basis()
    }
}

/// What a call is priced on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's rules and prices on one date.
    pub model: &'a Model,
    /// Its prices through a batch endpoint, if known.
    pub batch: Option<&'a Rates>,
    /// The declared traffic, if any.
    pub traffic: Option<&'a Traffic>,
    /// The request.
    pub tokens: &'a RequestTokens,
}

/// The price of writing for `ttl`: the input price where writing has none of its own.
pub(crate) fn write_price(rates: &Rates, ttl: Ttl) -> Option<Price> {
    if rates.write.is_empty() { rates.input } else { rates.write(ttl) }
}

/// Tokens at a price: no tokens cost nothing, whatever the price; tokens at an unknown price are
/// unknown.
pub(crate) fn of(tokens: u64, price: Option<Price>) -> Option<Usd> {
    if tokens == 0 { Some(Usd::ZERO) } else { price.map(|price| price.of(tokens)) }
}

/// A quotient rounded half to even, by a positive divisor.
pub(crate) fn divided(amount: i128, divisor: i128) -> Usd {
    let (whole, rest) = (amount.div_euclid(divisor), amount.rem_euclid(divisor));
    let up = rest > divisor - rest || (rest == divisor - rest && whole % 2 != 0);
    Usd { femto: whole + i128::from(up) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even() {
        let rounded = |amount, divisor| divided(amount, divisor).femto;
        assert_eq!([rounded(5, 2), rounded(7, 2), rounded(-5, 2), rounded(-7, 2), rounded(8, 3)], [2, 4, -2, -4, 3]);
    }
}
