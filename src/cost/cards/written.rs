//! A file of cards as written, and how one entry is laid over another.

use std::sync::Arc;

use super::card::CardFacts;
use crate::cost::fact::{Day, Fact, Status};
use crate::syntax::decode::{Decode, Table, Text, expected, inline_schema, record};
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::source::{Source, Span};
use crate::syntax::yaml::{Key, Map, Node, Value, parse};

record! {
    /// Where facts were read.
    pub struct SourceRecord("a source") {
        /// What it is called.
        pub title: Text = "title",
        /// Where it is found.
        pub url: Option<Text> = "url",
        /// The day of the copy that was read.
        pub date: Option<Day> = "date",
        /// How far its word goes.
        pub kind: Status = "kind",
    }
}

record! {
    /// Model cards: a file of the built-in set, or a project's `prices.yaml`.
    pub struct CardFile("a file of model cards") {
        /// Where its facts were read, by the key that facts name.
        pub sources: Table<SourceRecord> = "sources",
        /// What several models share. A family is a card that no request can name.
        pub families: Table<Entry> = "families",
        /// Names that mean another model from time to time, each with the one that it means today.
        pub moving: Table<Fact<Text>> = "moving",
        /// Cards by model name. An entry for a known model is laid over its card.
        pub models: Table<Entry> = "models",
    }
}

/// A card or a part of one, before what it is like has been laid below it.
#[derive(Debug, Clone)]
pub struct Entry(pub Node);

impl Decode for Entry {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if node.as_map().is_none() {
            expected("a map (a model card)", node, faults);
            return None;
        }
        Some(Self(node.clone()))
    }
}

inline_schema!([] Entry, "Entry", |generator| generator.subschema_for::<CardFacts>());

impl CardFile {
    /// Reads a file of cards. `None` after a fault that leaves nothing to go on with.
    pub fn read(source: &Arc<Source>, faults: &mut Faults) -> Option<Self> {
        let mut node = parse(source, faults)?;
        if matches!(node.value, Value::Null) {
            node = Node::new(Value::Map(Arc::default()), Span::file(source));
        }
        Self::decode(&node, faults)
    }

    /// The entry of a family or a model.
    pub fn entry(&self, name: &str) -> Option<&Node> {
        self.models.get(name).or_else(|| self.families.get(name)).map(|entry| &entry.0)
    }
}

/// Keys that say who a model is; another model that is like it does not take them over.
const IDENTITY: [&str; 6] = ["like", "aliases", "snapshots", "api_name", "deprecated", "successor"];

/// What an entry hands on to those that are like it.
pub fn heritage(entry: &Node) -> Node {
    without(entry, &IDENTITY)
}

/// An entry without some of its keys.
pub fn without(entry: &Node, keys: &[&str]) -> Node {
    let Some(map) = entry.as_map() else { return entry.clone() };
    let others = map.iter().filter(|(key, _)| !keys.contains(&&*key.text));
    let map: Map = others.map(|(key, node)| (key.clone(), node.clone())).collect();
    Node::new(Value::Map(Arc::new(map)), entry.span.clone())
}

/// Lays an entry over another: maps merge by key, `null` takes a key away, anything else is
/// replaced. A fact is replaced as a whole, so that a new number never stands under an old source.
pub fn lay(below: &Node, above: &Node) -> Node {
    let (Value::Map(under), Value::Map(over)) = (&below.value, &above.value) else { return above.clone() };
    if is_fact(under) || is_fact(over) {
        return above.clone();
    }
    let mut entries: Vec<(Key, Node)> = under.iter().map(|(key, node)| (key.clone(), node.clone())).collect();
    for (key, node) in over.iter() {
        let place = entries.iter().position(|(own, _)| own.text == key.text);
        match (place.and_then(|place| entries.get_mut(place)), &node.value) {
            (Some(_), Value::Null) => entries.retain(|(own, _)| own.text != key.text),
            (Some(entry), _) => *entry = (key.clone(), lay(&entry.1, node)),
            (None, Value::Null) => {}
            (None, _) => entries.push((key.clone(), node.clone())),
        }
    }
    Node::new(Value::Map(Arc::new(entries.into_iter().collect())), above.span.clone())
}

fn is_fact(map: &Map) -> bool {
    map.get("source").is_some() || map.get("value").is_some()
}

/// Reports every `source` below `node` that no list of sources holds.
pub fn check_sources(node: &Node, known: &[Arc<str>], faults: &mut Faults) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| check_sources(item, known, faults)),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                match &*key.text {
                    "source" => check_source(value, known, faults),
                    _ => check_sources(value, known, faults),
                }
            }
        }
        _ => {}
    }
}

fn check_source(value: &Node, known: &[Arc<str>], faults: &mut Faults) {
    let names = match &value.value {
        Value::List(names) => names,
        _ => std::slice::from_ref(value),
    };
    for name in names.iter().filter_map(|name| name.as_text().map(|text| (text, &name.span))) {
        let (text, span) = name;
        if !known.contains(text) {
            let hint = did_you_mean(text, known.iter().map(|key| &**key));
            let hint = hint.unwrap_or_else(|| "list it under `sources:` with its title and kind".to_owned());
            faults
                .push(Diagnostic::error("unknown-source", format!("no source is called `{text}`")).at(span).hint(hint));
        }
    }
}
