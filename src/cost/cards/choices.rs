//! Settings of a request that change its price: which they are, and what they make of a price list.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::card::CardAt;
use crate::cost::rules::Prices;

/// The settings that choose among prices, in every dialect, as JSON pointers.
const SETTINGS: [&str; 6] =
    ["/service_tier", "/serviceTier", "/serviceTier/type", "/speed", "/inference_geo", "/performanceConfig/latency"];

/// What each of them may say without choosing anything: the vendors' words for the ordinary price.
const ORDINARY: [&str; 7] = ["auto", "default", "standard", "standard_only", "unspecified", "global", "on_demand"];

/// What a request's settings choose among a model's prices: `service_tier: flex`, `speed: fast`, `inference_geo: us`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices(Vec<Choice>);

/// One such setting. A card knows it by its value: as a tier of its price list, else as a multiplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    setting: String,
    value: String,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.value)
    }
}

impl Choices {
    /// Those of the settings that hold for a model.
    pub fn of(settings: &Map<String, Json>) -> Self {
        let settings = Json::Object(settings.clone());
        let choice = |pointer: &str| {
            let value = match settings.pointer(pointer)? {
                Json::String(text) => text.to_lowercase(),
                Json::Null | Json::Object(_) => return None,
                // No API takes it, so nobody knows what it would cost.
                other => other.to_string(),
            };
            let setting = pointer.trim_start_matches('/').replace('/', ".");
            (!ORDINARY.contains(&&*value)).then_some(Choice { setting, value })
        };
        Self(SETTINGS.iter().copied().filter_map(choice).collect())
    }
}

impl CardAt<'_> {
    /// The prices of requests with these choices. One that the card does not know makes every price unknown.
    pub fn chosen(&self, choices: &Choices) -> Prices {
        let tier = choices.0.iter().find_map(|choice| self.tier(choice));
        let storage = self.prices().storage;
        let prices = tier.map_or_else(|| self.prices(), |tier| Prices { storage, ..tier });
        self.multiplied(prices, choices.0.iter().filter(|choice| self.tier(choice).is_none()))
    }

    /// The prices of a batch of such requests. A batch has no other tier.
    pub fn chosen_batch(&self, choices: &Choices) -> Option<Prices> {
        Some(self.multiplied(self.batch()?, choices.0.iter().filter(|choice| self.tier(choice).is_none())))
    }

    /// The choices whose price the card does not know.
    pub fn unpriced<'a>(&self, choices: &'a Choices) -> impl Iterator<Item = &'a Choice> {
        choices.0.iter().filter(|choice| self.tier(choice).is_none() && self.multiplier(&choice.value).is_none())
    }

    fn tier(&self, choice: &Choice) -> Option<Prices> {
        self.price_list()?.value.tier(&choice.value)
    }

    fn multiplied<'a>(&self, prices: Prices, choices: impl Iterator<Item = &'a Choice>) -> Prices {
        choices.fold(prices, |prices, choice| match self.multiplier(&choice.value) {
            Some(factor) => prices.scaled(factor),
            None => Prices::default(),
        })
    }
}
