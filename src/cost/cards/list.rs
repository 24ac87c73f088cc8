//! All cards at a glance: one row a model, with what is in force on a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::card::{Card, Platform, TokenizerName};
use super::library::Cards;
use super::price::written;
use crate::cost::fact::Day;

/// One model. Prices are US dollars per million tokens, in decimals; `None` is unknown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Row {
    /// The card's name.
    pub model: Arc<str>,
    /// Who made it.
    pub vendor: Arc<str>,
    /// Who serves it.
    pub platform: Platform,
    /// What counts its tokens.
    pub tokenizer: TokenizerName,
    /// The most input that it takes, in tokens.
    pub window: Option<u64>,
    /// Input that no cache served or kept.
    pub input: Option<String>,
    /// Output.
    pub output: Option<String>,
    /// Input that a cache served.
    pub read: Option<String>,
    /// Input that a cache kept, by lifetime.
    pub write: BTreeMap<String, String>,
    /// The input size, in tokens, from which the first price cliff applies.
    pub cliff: Option<u64>,
    /// The shortest prefix that is cached, in tokens.
    pub minimum: Option<u64>,
    /// The first day after the one asked for on which something changes.
    pub next_change: Option<Day>,
    /// The day from which it counts as deprecated.
    pub deprecated: Option<Day>,
}

impl Cards {
    /// Every card, by name.
    pub fn rows(&self, day: Date) -> Vec<Row> {
        self.names().iter().filter_map(|name| self.find(name).ok()).map(|card| card.row(day)).collect()
    }
}

impl Card {
    /// The card at a glance.
    pub fn row(&self, day: Date) -> Row {
        let now = self.at(day);
        let prices = now.prices();
        let window = now.window();
        Row {
            model: self.name.clone(),
            vendor: self.vendor.clone(),
            platform: self.platform,
            tokenizer: self.tokenizer,
            window: window.input.or(window.total),
            input: prices.base.input.map(written),
            output: prices.base.output.map(written),
            read: prices.base.read.map(written),
            write: prices.base.write.iter().map(|(ttl, price)| (ttl.to_string(), written(*price))).collect(),
            cliff: prices.cliffs.first().map(|cliff| cliff.above.saturating_add(u64::from(!cliff.inclusive))),
            minimum: now.minimum(),
            next_change: self.changes().iter().map(|change| change.day).find(|own| own.0 > day),
            deprecated: self.facts.deprecated.as_ref().map(|fact| fact.value),
        }
    }
}
