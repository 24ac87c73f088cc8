//! Other people's price tables as a `prices.yaml`.
//!
//! Two shapes are read: LiteLLM's map (an object of models, dollars per token) and genai-prices'
//! data (a list of providers with models, dollars per million tokens). What a table does not say, or
//! says in a way that a card cannot, is left out and told; a zero is taken for "not recorded".

mod draft;
mod genai;
mod litellm;

use serde_json::Value as Json;

use super::library::Cards;
use crate::syntax::error::Error;

/// A price table as a `prices.yaml`.
#[derive(Debug, Clone)]
pub struct Import {
    /// The text of the file.
    pub yaml: String,
    /// How many models it holds.
    pub models: usize,
    /// What was left out, and why, in words.
    pub left_out: Vec<String>,
}

/// Which models to take.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// All of them.
    All,
    /// Those that have a card, so that a file brings its prices up to date.
    Known,
    /// Those with these names, of a card or in the table.
    Named(&'a [String]),
}

impl Selection<'_> {
    fn takes(self, cards: &Cards, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Known => cards.look_up(name).is_some(),
            Self::Named(names) => {
                let card = cards.look_up(name).map(|card| card.name.clone());
                let same_card = |own: &str| card.is_some() && cards.look_up(own).map(|card| card.name.clone()) == card;
                names.iter().any(|own| own == name || same_card(own))
            }
        }
    }
}

impl Cards {
    /// Turns a price table into a `prices.yaml` for these cards: prices of known models are laid
    /// over their cards, others become cards of their own. `title` is what the source is called in
    /// it, such as the table's file name and version.
    ///
    /// An error when the text is not JSON or has neither shape.
    pub fn import(&self, table: &str, title: &str, selection: Selection<'_>) -> Result<Import, Error> {
        let json: Json = serde_json::from_str(table).map_err(|error| {
            Error::usage(
                format!("the price table is not JSON: {error}"),
                "give the JSON file as its project publishes it",
            )
        })?;
        let mut left_out = Vec::new();
        let providers = json.get("providers").and_then(Json::as_array).or_else(|| json.as_array());
        let drafts = match (providers, json.as_object()) {
            (Some(providers), _) => genai::read(self, providers, selection, &mut left_out),
            (None, Some(models)) if models.values().any(|model| model.get("litellm_provider").is_some()) => {
                litellm::read(self, models, selection, &mut left_out)
            }
            _ => {
                return Err(Error::usage(
                    "the price table has neither LiteLLM's shape nor that of genai-prices",
                    "LiteLLM's is an object of models with `litellm_provider`; that of genai-prices a list of \
                     providers with `models`",
                ));
            }
        };
        Ok(Import { models: drafts.len(), yaml: draft::file(title, &drafts), left_out })
    }
}
