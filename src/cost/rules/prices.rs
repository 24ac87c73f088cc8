//! What a model charges, and what follows from it for reads, writes and storage, in exact integers.

use crate::syntax::quantity::{Share, Ttl, Usd};

/// A price: a whole number of nano-dollars per million tokens, which is 10⁻¹⁵ dollars a token.
///
/// $5 per million tokens is 5,000,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Price {
    /// Nano-dollars per million tokens.
    pub nano: u64,
}

impl Price {
    /// The price of dollars per million tokens; `None` when it is negative, finer than 10⁻⁹ dollars,
    /// or does not fit.
    pub fn per_million(usd: Usd) -> Option<Self> {
        (usd.femto % 1_000_000 == 0).then_some(usd.femto / 1_000_000)?.try_into().ok().map(|nano| Self { nano })
    }

    /// What `tokens` cost. Exact.
    pub fn of(self, tokens: u64) -> Usd {
        // Two factors below 2⁶⁴ fit u128; i128 is exceeded only beyond 10²² dollars, where it stays.
        Usd { femto: i128::try_from(u128::from(self.nano) * u128::from(tokens)).unwrap_or(i128::MAX) }
    }

    /// This price times a share, rounded half to even to a whole nano-dollar; `None` when it does
    /// not fit.
    pub fn scaled(self, share: Share) -> Option<Self> {
        let nano = proportion(self.nano.into(), share.millionths.into(), 1_000_000)?;
        u64::try_from(nano).ok().map(|nano| Self { nano })
    }
}

/// What `tokens` cost at a price: no tokens cost nothing, whatever the price; tokens at an unknown price are unknown.
pub fn cost_of(tokens: u64, price: Option<Price>) -> Option<Usd> {
    if tokens == 0 { Some(Usd::ZERO) } else { price.map(|price| price.of(tokens)) }
}

/// `amount · times / over`, rounded half to even; `None` where it does not fit. `over` is positive.
pub fn proportion(amount: i128, times: i128, over: i128) -> Option<i128> {
    // The whole multiples of `over` apart, so that only the product with what is left of them has to fit.
    let left = (amount % over).checked_mul(times)?;
    let whole = (amount / over).checked_mul(times)?.checked_add(left.div_euclid(over))?;
    Some(half_even(whole, left.rem_euclid(over), over))
}

/// `amount / over`, rounded half to even. `over` is positive.
pub fn divided(amount: i128, over: i128) -> i128 {
    half_even(amount.div_euclid(over), amount.rem_euclid(over), over)
}

fn half_even(whole: i128, rest: i128, over: i128) -> i128 {
    whole + i128::from(rest > over - rest || (rest == over - rest && whole % 2 != 0))
}

/// What a model charges, on one date. `None` is unknown, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The prices of an ordinary request.
    pub base: Rates,
    /// Prices of long requests, by rising limit; the last one reached applies to the whole request
    /// (rule R18).
    pub cliffs: Vec<Cliff>,
    /// Storage of a cached object: nano-dollars per million tokens and hour.
    pub storage: Option<Price>,
}

/// One line of prices, printed in US dollars per million tokens. `None` is unknown, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Rates {
    /// An input token that the cache does not serve.
    #[schemars(with = "Option<String>")]
    pub input: Option<Price>,
    /// An output token.
    #[schemars(with = "Option<String>")]
    pub output: Option<Price>,
    /// An input token that the cache serves.
    #[schemars(with = "Option<String>")]
    pub read: Option<Price>,
    /// The same for the implicit mechanism, where its price differs (Qwen).
    #[serde(skip)]
    pub implicit_read: Option<Price>,
    /// An input token that is written, by TTL. Empty where writing has no price of its own: such
    /// tokens are uncached ones.
    #[schemars(with = "Vec<[String; 2]>")]
    pub write: Vec<(Ttl, Price)>,
}

/// Other prices for requests over a limit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Cliff {
    /// Input tokens.
    pub above: u64,
    /// Whether a request of exactly `above` tokens is over it.
    #[serde(skip)]
    pub inclusive: bool,
    /// The prices over it.
    #[serde(rename = "prices")]
    pub rates: Rates,
}

/// In US dollars per million tokens, exact.
impl serde::Serialize for Price {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.of(1_000_000).serialize(serializer)
    }
}

impl Prices {
    /// R18: the prices of a request of `input` tokens.
    pub fn at(&self, input: u64) -> &Rates {
        self.cliff(input).map_or(&self.base, |cliff| &cliff.rates)
    }

    /// Every price times a factor.
    pub fn scaled(self, factor: Share) -> Self {
        let scaled = |rates: Rates| rates.scaled(factor);
        Self {
            base: scaled(self.base),
            cliffs: self.cliffs.into_iter().map(|cliff| Cliff { rates: scaled(cliff.rates), ..cliff }).collect(),
            storage: self.storage.and_then(|price| price.scaled(factor)),
        }
    }

    /// The highest cliff that a request of `input` tokens is over.
    pub fn cliff(&self, input: u64) -> Option<&Cliff> {
        self.cliffs.iter().rev().find(|cliff| cliff.reached_by(input))
    }

    /// R14: what an object of `tokens` costs to store for its TTL, used or not; `None` when the price is unknown.
    ///
    /// The only amount that is not a whole number of 10⁻¹⁵ dollars by itself: it is rounded to one, half to even.
    pub fn storage_of(&self, ttl: Ttl, tokens: u64) -> Option<Usd> {
        const HOUR: i128 = 3600;
        let hourly = cost_of(tokens, self.storage)?.femto;
        proportion(hourly, ttl.seconds.into(), HOUR).map(|femto| Usd { femto })
    }
}

impl Cliff {
    /// Whether a request of `input` tokens is over it.
    pub fn reached_by(&self, input: u64) -> bool {
        input > self.above || (self.inclusive && input == self.above)
    }
}

impl Rates {
    /// Every price times a factor; one that does not fit is unknown.
    fn scaled(self, factor: Share) -> Self {
        let scaled = |price: Option<Price>| price.and_then(|price| price.scaled(factor));
        let write = self.write.iter().filter_map(|(ttl, price)| Some((*ttl, price.scaled(factor)?)));
        Self {
            input: scaled(self.input),
            output: scaled(self.output),
            read: scaled(self.read),
            implicit_read: scaled(self.implicit_read),
            write: write.collect(),
        }
    }

    /// The published price of writing for `ttl`; `None` when unknown.
    pub fn write(&self, ttl: Ttl) -> Option<Price> {
        self.write.iter().find(|(own, _)| *own == ttl).map(|(_, price)| *price)
    }

    /// R7: what a token costs that is written for `ttl`: the input price where writing has none of its own.
    pub fn write_price(&self, ttl: Ttl) -> Option<Price> {
        if self.write.is_empty() { self.input } else { self.write(ttl) }
    }

    /// What a token costs that is read. A hit that nobody asked for may have another price (Qwen), where the model also
    /// caches on request.
    pub fn read_price(&self, unasked_beside_explicit: bool) -> Option<Price> {
        self.implicit_read.filter(|_| unasked_beside_explicit).or(self.read)
    }

    /// R14: what a token of an object costs in the request that makes it: it goes in once, and is then read.
    pub fn object_price(&self) -> Option<Price> {
        self.input?.nano.checked_add(self.read?.nano).map(|nano| Price { nano })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even() {
        assert_eq!([divided(5, 2), divided(7, 2), divided(-5, 2), divided(-7, 2), divided(8, 3)], [2, 4, -2, -4, 3]);
        assert_eq!(proportion(i128::MAX, 3600, 3600), Some(i128::MAX));
        assert_eq!(proportion(i128::MAX, 2, 1), None);
    }

    #[test]
    fn storage_is_billed_for_the_whole_ttl() {
        let prices = Prices { storage: Some(Price { nano: 1_000_000_000 }), ..Prices::default() };
        let ttl = |written| Ttl::parse(written).unwrap();
        assert_eq!(prices.storage_of(ttl("1h"), 100_000).unwrap().exact(), "0.1");
        assert_eq!(prices.storage_of(ttl("30m"), 100_000).unwrap().exact(), "0.05");
        assert_eq!(prices.storage_of(ttl("1s"), 1).unwrap().femto, 277_778);
        assert_eq!(Prices::default().storage_of(ttl("1h"), 1), None);
        assert_eq!(Prices::default().storage_of(ttl("1h"), 0), Some(Usd::ZERO));
    }
}
