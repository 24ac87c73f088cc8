//! A card told fact by fact: each number with its sources, how sure it is, and who disagrees.
//!
//! Read off the card as written, so that a fact cannot be in force without being told.

use std::sync::Arc;

use jiff::civil::Date;

use super::card::Card;
use super::library::Cards;
use crate::cost::fact::{Day, Evidence, Status};
use crate::syntax::decode::Decode;
use crate::syntax::diag::Faults;
use crate::syntax::yaml::{Map, Node, Value};

/// One fact.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct FactLine {
    /// What it is about: `prices.write.5m`, `cache.explicit.minimum`.
    pub path: String,
    /// Its value as written.
    pub value: String,
    /// The unit, where the value is a number of something.
    pub unit: Option<&'static str>,
    /// The day from which it is in force.
    pub from: Option<Day>,
    /// The last day on which it is in force.
    pub until: Option<Day>,
    /// Whether it is in force on the day that was asked for.
    pub in_force: bool,
    /// How sure it is.
    pub status: Status,
    /// Keys of the sources.
    pub sources: Vec<Arc<str>>,
    /// Why this value was taken, or what else must be known to read it.
    pub note: Option<Arc<str>>,
    /// Who says otherwise.
    pub conflicts: Vec<Claim>,
}

/// What another source says instead.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct Claim {
    /// Its claim.
    pub says: Arc<str>,
    /// Keys of the sources.
    pub sources: Vec<Arc<str>>,
}

/// A source that a card names.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct SourceLine {
    /// Its key.
    pub key: Arc<str>,
    /// What it is called.
    pub title: Arc<str>,
    /// Where it is found.
    pub url: Option<Arc<str>>,
    /// The day of the copy that was read.
    pub date: Option<Day>,
    /// How far its word goes.
    pub kind: Status,
}

/// Everything about one model.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct Explanation<'a> {
    /// The model.
    #[serde(flatten)]
    pub card: &'a Card,
    /// What else is worth knowing.
    pub note: Option<Arc<str>>,
    /// The day that was asked for.
    pub day: Day,
    /// Every fact, in the order of the card; histories oldest first.
    pub facts: Vec<FactLine>,
    /// The sources that the facts name.
    pub sources: Vec<SourceLine>,
}

/// Keys of a card that are no facts but say who the model is.
const NO_FACTS: [&str; 9] =
    ["like", "aliases", "snapshots", "vendor", "platform", "api_name", "dialects", "markers", "note"];

impl Cards {
    /// Everything about one model, with what is in force on a day.
    pub fn explain<'a>(&self, card: &'a Card, day: Date) -> Explanation<'a> {
        let facts = self.facts(card, day);
        let mut keys: Vec<&Arc<str>> = facts
            .iter()
            .flat_map(|fact| fact.sources.iter().chain(fact.conflicts.iter().flat_map(|claim| &claim.sources)))
            .collect();
        keys.sort();
        keys.dedup();
        let sources = keys.into_iter().filter_map(|key| {
            self.source(key).map(|source| SourceLine {
                key: key.clone(),
                title: source.title.value.clone(),
                url: source.url.as_ref().map(|url| url.value.clone()),
                date: source.date,
                kind: source.kind,
            })
        });
        Explanation {
            card,
            note: card.facts.note.as_ref().map(|note| note.value.clone()),
            day: Day(day),
            sources: sources.collect(),
            facts,
        }
    }

    /// Every fact of a card, in its order.
    pub fn facts(&self, card: &Card, day: Date) -> Vec<FactLine> {
        let mut walk = Walk { cards: self, day, lines: Vec::new() };
        for (key, node) in card.written.as_map().into_iter().flat_map(Map::iter) {
            if !NO_FACTS.contains(&&*key.text) {
                walk.node(&key.text, node, None);
            }
        }
        walk.lines
    }

    /// How sure a fact is: what it says itself; a conflict when somebody disagrees; else the kind
    /// of its best source; the project's own when it names none.
    fn status(&self, evidence: &Evidence) -> Status {
        if let Some(status) = evidence.status {
            return status;
        }
        if !evidence.conflicts.is_empty() {
            return Status::Conflict;
        }
        let kinds = evidence.source.0.iter().filter_map(|key| self.source(&key.value)).map(|source| source.kind);
        kinds.min().unwrap_or(Status::Own)
    }
}

/// A walk down a card that remembers the nearest evidence.
struct Walk<'a> {
    cards: &'a Cards,
    day: Date,
    lines: Vec<FactLine>,
}

/// The evidence that a value stands under, and whether it is in force.
#[derive(Clone)]
struct Under {
    evidence: Arc<Evidence>,
    in_force: bool,
}

impl Walk<'_> {
    fn node(&mut self, path: &str, node: &Node, under: Option<&Under>) {
        match &node.value {
            Value::Map(map) => self.map(path, node, map, under),
            Value::List(items) => self.list(path, items, under),
            _ => self.leaf(path, node, under),
        }
    }

    fn map(&mut self, path: &str, node: &Node, map: &Map, under: Option<&Under>) {
        let own = evidence(node).map(|evidence| Under {
            in_force: under.is_none_or(|under| under.in_force) && evidence.in_force(self.day),
            evidence: Arc::new(evidence),
        });
        for (key, value) in map.iter().filter(|(key, _)| !Evidence::KEYS.contains(&&*key.text)) {
            let path = if &*key.text == "value" { path.to_owned() } else { format!("{path}.{}", key.text) };
            self.node(&path, value, own.as_ref().or(under));
        }
    }

    fn list(&mut self, path: &str, items: &[Node], under: Option<&Under>) {
        // Of a history only the last entry that has come into force is; a list of lifetimes, or of
        // price cliffs, is no history.
        let is_history = items.iter().any(|item| evidence(item).is_some()) && !path.ends_with("lifetimes");
        let current = items.iter().rposition(|item| evidence(item).is_none_or(|own| own.in_force(self.day)));
        for (index, item) in items.iter().enumerate() {
            let label = ["ttl", "more_than", "at_least"].iter().find_map(|key| item.get(key));
            let path = label.map_or_else(|| path.to_owned(), |label| format!("{path}.{}", text_of(label)));
            let before = self.lines.len();
            self.node(&path, item, under);
            if is_history && current != Some(index) {
                self.lines.iter_mut().skip(before).for_each(|line| line.in_force = false);
            }
        }
    }

    fn leaf(&mut self, path: &str, node: &Node, under: Option<&Under>) {
        let evidence = under.map(|under| &*under.evidence);
        let keys =
            |texts: &[crate::syntax::decode::Text]| texts.iter().map(|key| key.value.clone()).collect::<Vec<_>>();
        self.lines.push(FactLine {
            path: path.to_owned(),
            value: text_of(node),
            unit: unit(path),
            from: evidence.and_then(|evidence| evidence.from),
            until: evidence.and_then(|evidence| evidence.until),
            in_force: under.is_none_or(|under| under.in_force),
            status: evidence.map_or(Status::Own, |evidence| self.cards.status(evidence)),
            sources: evidence.map(|evidence| keys(&evidence.source.0)).unwrap_or_default(),
            note: evidence.and_then(|evidence| evidence.note.as_ref()).map(|note| note.value.clone()),
            conflicts: evidence
                .map(|evidence| &*evidence.conflicts)
                .unwrap_or_default()
                .iter()
                .map(|claim| Claim { says: claim.says.value.clone(), sources: keys(&claim.source.0) })
                .collect(),
        });
    }
}

/// The evidence that a map carries beside its own keys.
pub(super) fn evidence(node: &Node) -> Option<Evidence> {
    let map = node.as_map()?;
    let own = map.iter().filter(|(key, _)| Evidence::KEYS.contains(&&*key.text));
    let own: Map = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    // A `from` of a sub-record would not decode as a day; the card itself has been decoded before.
    (!own.is_empty())
        .then(|| Evidence::decode(&Node::new(Value::Map(Arc::new(own)), node.span.clone()), &mut Faults::new()))
        .flatten()
}

/// A scalar as it stands in its file.
pub(super) fn text_of(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.to_string(),
        _ => node.span.source.text().get(node.span.start..node.span.end).unwrap_or_default().to_owned(),
    }
}

/// The unit of the number at a path.
fn unit(path: &str) -> Option<&'static str> {
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_price = path.starts_with("prices.");
    match last {
        "input" | "output" | "read" | "implicit_read" if is_price => Some("USD per million tokens"),
        _ if is_price && path.contains(".write.") => Some("USD per million tokens"),
        "storage" => Some("USD per million tokens and hour"),
        "more_than" | "at_least" | "minimum" | "unit" | "interval" | "hidden" | "recomputed" => Some("tokens"),
        _ if path.starts_with("window.") || path.starts_with("framing.") => Some("tokens"),
        "build_seconds" => Some("seconds"),
        _ => None,
    }
}
