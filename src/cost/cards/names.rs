//! Names that no card has but that say which card they mean: snapshots, regions, moving and fine-tuned names.
//!
//! A rule takes one part off a name. What is left is looked up again, so that rules add up: an ARN ends in an id with a
//! region and a version. Nothing is guessed: a name that no rule reads is unknown, and so is a price that no source has.

use std::sync::Arc;

use super::card::Card;
use super::library::Cards;
use super::price::scaled;
use super::written::without;
use crate::syntax::quantity::Share;
use crate::syntax::yaml::{Key, Map, Node, Value};

/// What must be known about a card that was found by another name than its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Caveat {
    /// A stable name.
    pub code: &'static str,
    /// What the name was taken for.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Caveat {
    fn new(code: &'static str, message: String, hint: impl Into<String>) -> Self {
        Self { code, message, hint: hint.into() }
    }
}

/// The card that a name leads to, and the parts that were taken off, the innermost first.
pub(super) struct Reading {
    pub card: Arc<str>,
    parts: Vec<Part>,
}

/// A part of a name.
enum Part {
    /// A moving name, which means another one today.
    Moving(Arc<str>),
    /// A date, a version, `@default`.
    Snapshot(String),
    /// A region or a group of them, by the name of its multiplier.
    Region { choice: String, is_endpoint: bool },
    /// An id of Bedrock without a prefix.
    Bare,
    /// A fine-tuned model of that base.
    FineTuned,
    /// A router's name, and whether it chooses a route of its own.
    Router { has_route: bool },
    /// The name of a resource that ends in an id.
    Resource,
}

/// Prefixes of ids on Bedrock that name a region, and `global.`, which names none.
const BEDROCK: [&str; 7] = ["us", "eu", "apac", "au", "jp", "in", "us-gov"];

/// How deep parts may be nested.
const DEEPEST: usize = 4;

impl Cards {
    /// Reads a name that is no card's own.
    pub(super) fn reading(&self, name: &str, depth: usize) -> Option<Reading> {
        if let Some(card) = self.card_name(name) {
            return Some(Reading { card, parts: Vec::new() });
        }
        if depth == DEEPEST {
            return None;
        }
        self.taken_apart(name).into_iter().find_map(|(rest, part)| {
            let mut reading = self.reading(&rest, depth + 1)?;
            reading.parts.push(part);
            Some(reading)
        })
    }

    /// Every way to take one part off a name.
    fn taken_apart(&self, name: &str) -> Vec<(String, Part)> {
        let mut found = Vec::new();
        if let Some(target) = self.moving(name) {
            found.push((target.to_string(), Part::Moving(target)));
        }
        if let Some(id) = resource(name) {
            found.push((id.to_owned(), Part::Resource));
        }
        if let Some(rest) = name.strip_prefix("ft:") {
            let base = rest.split(':').next().unwrap_or_default();
            // Prices of a fine-tuned base stand on a card of their own.
            if name != format!("ft:{base}") {
                found.push((format!("ft:{base}"), Part::Resource));
            }
            found.push((base.to_owned(), Part::FineTuned));
        }
        if let Some((rest, suffix)) = dated(name) {
            found.push((rest.to_owned(), Part::Snapshot(suffix.to_owned())));
        }
        for region in BEDROCK {
            if let Some(id) = name.strip_prefix(region).and_then(|rest| rest.strip_prefix('.')) {
                found.push((format!("global.{id}"), Part::Region { choice: region.to_owned(), is_endpoint: false }));
                found.push((id.to_owned(), Part::Region { choice: region.to_owned(), is_endpoint: false }));
            }
        }
        if name
            .split('.')
            .next()
            .is_some_and(|vendor| matches!(vendor, "anthropic" | "openai" | "moonshotai" | "xai" | "zai"))
        {
            found.push((format!("global.{name}"), Part::Bare));
        }
        if let [platform, region, model] = *name.splitn(3, '/').collect::<Vec<_>>() {
            let card = if platform == "openai" { model.to_owned() } else { format!("{platform}/{model}") };
            let choice = if platform == "vertex" { "regional" } else { region };
            found.push((card, Part::Region { choice: choice.to_owned(), is_endpoint: platform != "bedrock" }));
        }
        found.extend(router(name));
        found
    }

    /// A card found by such a name, under that name.
    pub(super) fn read_card(&self, name: &str) -> Option<Card> {
        let reading = self.reading(name, 0)?;
        let base = self.look_up(&reading.card)?;
        let mut node = without(&base.written, &["like", "aliases"]);
        let mut api_name = base.api_name.to_string();
        let mut caveats = Vec::new();
        for part in &reading.parts {
            part.apply(&base, name, &mut node, &mut api_name, &mut caveats);
        }
        let text = |value: String| Node::new(Value::Text(value.into()), node.span.clone());
        let node = with(&node, "api_name", text(api_name));
        let mut card = Card::decode(&name.into(), node, &mut crate::syntax::diag::Faults::new())?;
        card.caveats = caveats;
        Some(card)
    }

    /// Why a name can lead to no card, where its form says so.
    pub(super) fn why_unknown(&self, name: &str) -> Option<&'static str> {
        let is_profile = name.starts_with("arn:") && resource(name).is_none();
        let deployment = name.strip_prefix("azure/").is_some_and(|rest| !rest.contains('/'));
        match (is_profile, deployment) {
            (true, _) => Some(
                "this ARN names a resource of your own, not a model: give it a card in prices.yaml with `like` and `api_name`",
            ),
            (_, true) => Some(
                "a deployment on Azure has a name of your own: give it a card in prices.yaml with `like` and `api_name`",
            ),
            _ => None,
        }
    }
}

impl Part {
    fn apply(&self, base: &Card, name: &str, node: &mut Node, api_name: &mut String, caveats: &mut Vec<Caveat>) {
        match self {
            Self::Moving(target) => {
                let message =
                    format!("`{name}` is a moving name: today it means {target}, and another day another model");
                caveats.push(Caveat::new(
                    "moving-model",
                    message,
                    format!("name `{target}` itself, so that the body is reproducible"),
                ));
                *api_name = name.to_owned();
            }
            Self::Snapshot(suffix) => {
                if !base.facts.snapshots.iter().any(|known| suffix.trim_start_matches(['-', '@']) == &*known.value)
                    && suffix.bytes().any(|byte| byte.is_ascii_digit())
                    && !suffix.starts_with("-v")
                {
                    let message = format!(
                        "no source of the card {} names the snapshot `{name}`; its figures are those of {}",
                        base.name, base.name
                    );
                    caveats.push(Caveat::new(
                        "unknown-snapshot",
                        message,
                        "check the date; prices.yaml can hold a card of its own for it",
                    ));
                }
                api_name.push_str(suffix);
            }
            Self::Region { choice, is_endpoint } => {
                let factor = base.facts.multipliers.get(choice).and_then(|facts| facts.iter().next_back());
                match factor {
                    Some(factor) => *node = scaled_prices(node, factor.value),
                    None => {
                        *node = without(node, &["prices", "storage"]);
                        let message = format!(
                            "no source says what {} costs in `{choice}`: every amount for `{name}` is unknown",
                            base.name
                        );
                        caveats.push(Caveat::new(
                            "unpriced-region",
                            message,
                            "give it prices of its own in prices.yaml",
                        ));
                    }
                }
                *node = without(node, &["multipliers"]);
                if !is_endpoint {
                    *api_name = format!("{choice}.{}", api_name.trim_start_matches("global."));
                }
            }
            Self::Bare => {
                let factor = base.facts.multipliers.get("us").and_then(|facts| facts.iter().next_back());
                if let Some(factor) = factor {
                    *node = scaled_prices(node, factor.value);
                    let message = format!(
                        "the price tables disagree about the id `{name}` without a prefix: one has the price of `global.`, one that of a region, which is taken here ({} of it)",
                        factor.value
                    );
                    caveats.push(Caveat::new(
                        "bare-id",
                        message,
                        "name the inference profile that you call: `us.…`, `eu.…`, `global.…`",
                    ));
                }
                *node = without(node, &["multipliers"]);
                *api_name = api_name.trim_start_matches("global.").to_owned();
            }
            Self::FineTuned => {
                *node = without(node, &["prices", "multipliers"]);
                let message = format!(
                    "no source has a price of a fine-tuned {}: every amount for `{name}` is unknown",
                    base.name
                );
                caveats.push(Caveat::new("unpriced-model", message, "give it prices in prices.yaml"));
                *api_name = name.to_owned();
            }
            Self::Router { has_route } => {
                let message = if *has_route {
                    *node = without(node, &["prices", "multipliers"]);
                    format!("`{name}` chooses a route of its own, whose price is not known: every amount is unknown")
                } else {
                    format!(
                        "`{name}` is read as OpenRouter's name of {}; the prices are the vendor's list, the router may bill others",
                        base.name
                    )
                };
                caveats.push(Caveat::new(
                    "router-price",
                    message,
                    format!("name `{}` for the vendor's own API, or give `{name}` a card in prices.yaml", base.name),
                ));
                *api_name = name.trim_start_matches("openrouter/").to_owned();
            }
            Self::Resource => *api_name = name.to_owned(),
        }
    }
}

/// Takes a snapshot's date, a version or `@default` off the end of a name.
fn dated(name: &str) -> Option<(&str, &str)> {
    let digits = |text: &str, sizes: &[usize]| {
        let parts: Vec<&str> = text.split('-').collect();
        parts.len() == sizes.len()
            && parts
                .iter()
                .zip(sizes)
                .all(|(part, size)| part.len() == *size && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let version = |text: &str| {
        let mut numbers = text.splitn(2, ':');
        numbers.all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (at, _) = name.char_indices().rev().find(|(at, c)| {
        let rest = &name[at + c.len_utf8()..];
        match c {
            '@' => rest == "default" || digits(rest, &[8]),
            '-' => digits(rest, &[4, 2, 2]) || digits(rest, &[8]) || rest.strip_prefix('v').is_some_and(version),
            _ => false,
        }
    })?;
    (at > 0).then(|| name.split_at(at))
}

/// The id at the end of an ARN of Bedrock that names a model.
fn resource(name: &str) -> Option<&str> {
    let mut parts = name.strip_prefix("arn:")?.splitn(5, ':');
    let service = parts.nth(1)?;
    let (kind, id) = parts.nth(2)?.split_once('/')?;
    (service == "bedrock" && matches!(kind, "inference-profile" | "foundation-model")).then_some(id)
}

/// OpenRouter's name of a model: the vendor, and dots for dashes, with an optional route behind a colon.
fn router(name: &str) -> Option<(String, Part)> {
    let (vendor, model) = name.trim_start_matches("openrouter/").split_once('/')?;
    let (model, route) = model.split_once(':').map_or((model, None), |(model, route)| (model, Some(route)));
    let card = match vendor {
        "anthropic" => model.replace('.', "-"),
        "openai" | "google" | "deepseek" | "mistralai" | "moonshotai" | "x-ai" | "qwen" | "z-ai" => model.to_owned(),
        _ => return None,
    };
    Some((card, Part::Router { has_route: route.is_some() }))
}

/// Every price of a card times a factor.
fn scaled_prices(node: &Node, factor: Share) -> Node {
    ["prices", "storage"].iter().fold(node.clone(), |node, key| match node.get(key) {
        Some(prices) => with(&node, key, scaled(prices, factor)),
        None => node,
    })
}

/// A map with another value of a key.
fn with(node: &Node, key: &str, value: Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let key = Key { text: key.into(), span: value.span.clone() };
    let others = map.iter().filter(|(own, _)| own.text != key.text).map(|(key, value)| (key.clone(), value.clone()));
    let map: Map = others.chain([(key.clone(), value)]).collect();
    Node::new(Value::Map(Arc::new(map)), node.span.clone())
}
