//! What changed, and what is announced: the histories of a card as a list of days.

use std::sync::Arc;

use super::card::Card;
use super::explain::{evidence, text_of};
use super::library::Cards;
use crate::cost::fact::{Day, Evidence};
use crate::syntax::yaml::{Map, Node, Value};

/// One value that is another from a day on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct Change {
    /// The first day of the new value.
    pub day: Day,
    /// The card's name.
    pub model: Arc<str>,
    /// What changes: `prices.input`, `cache.explicit.minimum`, `deprecated`.
    pub path: String,
    /// The value until then; `None` when none was known.
    pub before: Option<String>,
    /// The value from then on; `None` when none is known.
    pub after: Option<String>,
    /// Keys of the sources.
    pub sources: Vec<Arc<str>>,
}

impl Cards {
    /// The dated changes of every card, by day and model.
    pub fn changes(&self) -> Vec<Change> {
        let cards = self.names().into_iter().filter_map(|name| self.find(&name).ok());
        let mut changes: Vec<Change> = cards.flat_map(|card| card.changes().to_vec()).collect();
        changes.sort();
        changes
    }
}

impl Card {
    /// Its dated changes, past and announced, by day.
    pub fn changes(&self) -> &[Change] {
        self.changes.get_or_init(|| self.gathered())
    }

    fn gathered(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        self.gather("", &self.written, &mut changes);
        if let Some(deprecated) = &self.facts.deprecated {
            let sources = deprecated.evidence.source.0.iter().map(|key| key.value.clone()).collect();
            let (day, model) = (deprecated.value, self.name.clone());
            let after = Some("deprecated".to_owned());
            changes.push(Change { day, model, path: "deprecated".to_owned(), before: None, after, sources });
        }
        changes.sort();
        changes
    }

    fn gather(&self, path: &str, node: &Node, changes: &mut Vec<Change>) {
        match &node.value {
            Value::Map(map) => {
                if let Some(last) = evidence(node).and_then(|own| own.until)
                    && let Ok(day) = last.0.tomorrow()
                {
                    self.compare(path, Some(node), None, Day(day), changes);
                }
                for (key, value) in map.iter().filter(|(key, _)| !Evidence::KEYS.contains(&&*key.text)) {
                    let path = if path.is_empty() { key.text.to_string() } else { format!("{path}.{}", key.text) };
                    self.gather(&path, value, changes);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    // Lifetimes stand side by side; in any other list an entry replaces the one before.
                    let before = index.checked_sub(1).filter(|_| !path.ends_with("lifetimes"));
                    if let Some(day) = evidence(item).and_then(|own| own.from) {
                        let before = before.and_then(|before| items.get(before));
                        self.compare(path, before, Some(item), day, changes);
                    }
                    self.gather(path, item, changes);
                }
            }
            _ => {}
        }
    }

    /// Adds what differs between two entries of a history.
    fn compare(&self, path: &str, before: Option<&Node>, after: Option<&Node>, day: Day, changes: &mut Vec<Change>) {
        let (old, new) = (leaves(path, before), leaves(path, after));
        let sources = after.or(before).and_then(evidence).map(|own| own.source.0).unwrap_or_default();
        let sources: Vec<Arc<str>> = sources.into_iter().map(|key| key.value).collect();
        let of = |leaves: &[(String, String)], path: &str| {
            leaves.iter().find(|(own, _)| own == path).map(|(_, value)| value.clone())
        };
        let gone = old.iter().filter(|(path, _)| of(&new, path).is_none());
        for (path, _) in new.iter().chain(gone) {
            let (before, after) = (of(&old, path), of(&new, path));
            if before != after {
                let (model, path, sources) = (self.name.clone(), path.clone(), sources.clone());
                changes.push(Change { day, model, path, before, after, sources });
            }
        }
    }
}

/// The values below a node with their paths, evidence left out.
fn leaves(path: &str, node: Option<&Node>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Value::Map(map) => map_leaves(path, map),
        Value::List(items) => {
            let label = |item: &Node| ["more_than", "at_least"].iter().find_map(|key| item.get(key)).map(text_of);
            let below =
                |item: &Node| leaves(&label(item).map_or(path.to_owned(), |own| format!("{path}.{own}")), Some(item));
            items.iter().flat_map(below).collect()
        }
        Value::Null => Vec::new(),
        _ => vec![(path.to_owned(), text_of(node))],
    }
}

fn map_leaves(path: &str, map: &Map) -> Vec<(String, String)> {
    let own = map.iter().filter(|(key, _)| !Evidence::KEYS.contains(&&*key.text));
    let below = own.flat_map(|(key, value)| match &*key.text {
        "value" => leaves(path, Some(value)),
        key => leaves(&format!("{path}.{key}"), Some(value)),
    });
    below.collect()
}
