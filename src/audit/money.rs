//! What requests cost: exact, at the prices of their own day, platform, tier and lifetime; a range where the log leaves
//! one of them open, and nothing where a price is not known.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::requests::{Name, Request, Requests, Terms};
use crate::cost::cards::{Card, Cards, Choices, Date, day_of};
use crate::cost::rules::{Price, Prices, Rates, cost_of};
use crate::syntax::quantity::{Ttl, Usd};

/// An amount: exact where both ends are one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The least that it can be.
    pub low: Usd,
    /// The most.
    pub high: Usd,
}

impl Cost {
    /// An exact amount.
    pub fn exact(usd: Usd) -> Self {
        Self { low: usd, high: usd }
    }

    /// The amount, where it is exact.
    pub fn known(self) -> Option<Usd> {
        (self.low == self.high).then_some(self.low)
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = Self { low: self.low + other.low, high: self.high + other.high };
    }
}

/// Why a request has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unpriced {
    /// There is no card of that model.
    Model,
    /// The card has no price for the tier, region or speed, or of what was used.
    Price,
    /// The log does not say how much was used.
    Usage,
}

/// A model as one request's terms and day see it.
#[derive(Debug, Clone)]
pub struct Priced {
    /// Its card.
    pub card: Arc<Card>,
    /// The prices.
    pub prices: Prices,
    /// The shortest prefix that is cached.
    pub minimum: Option<u64>,
    /// The hours at which it is cheaper, in words.
    pub off_peak: Option<String>,
}

/// Cards as requests ask for them.
pub struct Pricer<'a> {
    cards: &'a Cards,
    /// The day of requests that say none.
    today: Date,
    found: HashMap<Name, Option<Arc<Card>>>,
    known: HashMap<(Name, Date), Option<Arc<Priced>>>,
}

impl<'a> Pricer<'a> {
    /// Of these cards.
    pub fn new(cards: &'a Cards, today: Date) -> Self {
        Self { cards, today, found: HashMap::new(), known: HashMap::new() }
    }

    /// The model of a request on its day.
    pub fn model(&mut self, requests: &Requests, request: Request) -> Option<Arc<Priced>> {
        let day = request.moment().map_or(self.today, |moment| day_of(moment.0.div_euclid(1000)));
        if let Some(known) = self.known.get(&(request.terms, day)) {
            return known.clone();
        }
        let terms = requests.terms.get(request.terms);
        let card = self.found.entry(request.terms).or_insert_with(|| card(self.cards, terms)).clone();
        let priced = card.map(|card| {
            let at = card.at(day);
            let choices = choices(terms);
            let prices = if terms.batch { at.chosen_batch(&choices).unwrap_or_default() } else { at.chosen(&choices) };
            let off_peak = at.price_list().and_then(|list| list.value.off_peak.as_ref()).filter(|_| !terms.batch);
            let off_peak = off_peak.map(|own| own.hours.value.to_string());
            Arc::new(Priced { prices, minimum: at.minimum(), off_peak, card: card.clone() })
        });
        self.known.insert((request.terms, day), priced.clone());
        priced
    }

    /// What a request cost.
    ///
    /// # Errors
    /// When that is not known.
    pub fn cost(&mut self, requests: &Requests, request: Request) -> Result<Cost, Unpriced> {
        let priced = self.model(requests, request).ok_or(Unpriced::Model)?;
        priced.cost(request)
    }

    /// The cards that were found, each once.
    pub fn cards(&self) -> impl Iterator<Item = &Arc<Card>> {
        self.found.values().flatten()
    }
}

impl Priced {
    /// The prices of a request of this size.
    pub fn rates(&self, input: u64) -> &Rates {
        self.prices.at(input)
    }

    /// What a request cost on these terms.
    ///
    /// # Errors
    /// When that is not known.
    pub fn cost(&self, request: Request) -> Result<Cost, Unpriced> {
        let (input, read, output) = (request.input().zip(request.read()).zip(request.output()))
            .map_or(Err(Unpriced::Usage), |((a, b), c)| Ok((a, b, c)))?;
        let rates = self.rates(input);
        let priced = |tokens, price| cost_of(tokens, price).ok_or(Unpriced::Price);
        let mut cost = Cost::exact(priced(read, rates.read_price(false))? + priced(output, rates.output)?);
        match request.written() {
            Some(written) => {
                let uncached = request.uncached().ok_or(Unpriced::Usage)?;
                cost += Cost::exact(priced(uncached, rates.input)?);
                for (ttl, tokens) in written {
                    cost += rates.written(ttl, tokens).ok_or(Unpriced::Price)?;
                }
            }
            // How much was written is not in the log: nothing of the rest, or all of it.
            None => {
                let rest = input.checked_sub(read).ok_or(Unpriced::Usage)?;
                let plain = priced(rest, rates.input)?;
                let written = rates.written(None, rest).ok_or(Unpriced::Price)?;
                cost += Cost { low: plain.min(written.low), high: plain.max(written.high) };
            }
        }
        Ok(cost)
    }

    /// What it would have cost without any cache.
    pub fn without_cache(&self, request: Request) -> Option<Usd> {
        let input = request.input()?;
        let rates = self.rates(input);
        Some(cost_of(input, rates.input)? + cost_of(request.output()?, rates.output)?)
    }
}

/// What a price list says of writes whose lifetime may be open.
trait Written {
    /// What writing `tokens` costs; a range over all lifetimes where it is unknown for which.
    fn written(&self, ttl: Option<Ttl>, tokens: u64) -> Option<Cost>;
}

impl Written for Rates {
    fn written(&self, ttl: Option<Ttl>, tokens: u64) -> Option<Cost> {
        let exact = |price: Option<Price>| cost_of(tokens, price).map(Cost::exact);
        if let Some(ttl) = ttl
            && let Some(cost) = exact(self.write_price(ttl))
        {
            return Some(cost);
        }
        match (self.write.iter().map(|(_, price)| *price).min(), self.write.iter().map(|(_, price)| *price).max()) {
            (Some(least), Some(most)) => Some(Cost { low: least.of(tokens), high: most.of(tokens) }),
            _ => exact(self.input),
        }
    }
}

/// The card of what the log names, on the platform that it names.
fn card(cards: &Cards, terms: &Terms) -> Option<Arc<Card>> {
    let model = terms.model.trim_start_matches("models/");
    let said = terms.platform.as_deref().or(terms.provider.as_deref()).unwrap_or_default();
    let platform = match said {
        said if said.contains("bedrock") => Some("bedrock"),
        said if said.contains("vertex") => Some("vertex"),
        said if said.contains("azure") => Some("azure"),
        _ => None,
    };
    let on_platform = platform.and_then(|platform| cards.get(&format!("{platform}/{model}")));
    let at_home = || cards.get(model).filter(|card| platform.is_none_or(|own| card.platform.as_str() == own));
    let by_provider = || cards.get(&format!("{}/{model}", terms.provider.as_deref()?));
    on_platform.or_else(at_home).or_else(by_provider)
}

/// What of the terms chooses among prices.
fn choices(terms: &Terms) -> Choices {
    let said = [("service_tier", &terms.tier), ("inference_geo", &terms.geo), ("speed", &terms.speed)];
    let settings: Map<String, Value> = said
        .iter()
        .filter_map(|(key, value)| Some(((*key).to_owned(), Value::String(value.as_ref()?.clone()))))
        .collect();
    Choices::of(&settings)
}
