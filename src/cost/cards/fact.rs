//! A fact: a value, the day it came into force, where it was read, and how sure that is.
//!
//! Written short (`minimum: 512`) or in full (`minimum: {value: 512, source: ant9}`); a list of
//! them is a history. A record carries its evidence beside its own keys:
//! `{input: 5, output: 25, from: 2026-08-21, source: litellm}`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::syntax::decode::{Decode, OneOrMany, Text, expected, fields, inline_schema, record, words};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::Span;
use crate::syntax::yaml::{Key, Map, Node, Value};

words! {
    /// How sure a fact is.
    pub enum Status("a status") {
        /// The vendor's own text or package says so.
        Doc = "doc",
        /// Somebody else's table says so.
        ThirdParty = "third-party",
        /// Somebody measured it.
        Measured = "measured",
        /// Sources disagree; the card says which one it follows and why.
        Conflict = "conflict",
        /// Taken over without a check.
        Unverified = "unverified",
        /// Given by the project's own `prices.yaml`.
        Own = "own",
    }
}

/// Which figures in force are not the vendor's own word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Groups of facts (`prices`, `cache`, `window`) that third parties alone report.
    pub third_party: BTreeSet<String>,
    /// Facts that sources disagree on.
    pub conflicts: BTreeSet<String>,
    /// Groups of facts that nobody has verified.
    pub unverified: BTreeSet<String>,
}

/// A calendar day in UTC, written `2026-12-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Prints a day as [`Day`] does.
pub fn written_day<S: serde::Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Decode for Day {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let day = node.as_text().filter(|text| text.len() == 10).and_then(|text| text.parse().ok()).map(Self);
        if day.is_none() {
            expected("a day such as 2026-12-01", node, faults);
        }
        day
    }
}

inline_schema!([] Day, "Day", |_generator| json_schema!({
    "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
}));

record! {
    /// What another source says instead.
    pub struct Contradiction("a contradiction") {
        /// Its claim, in words or as the value itself.
        pub says: Text = "says",
        /// Which source.
        pub source: OneOrMany<Text> = "source",
    }
}

record! {
    /// Where a fact comes from.
    pub struct Evidence("evidence") {
        /// The day from which it is in force; without it, for as long as anything is known.
        pub from: Option<Day> = "from",
        /// The last day on which it is in force, where what comes after is not known.
        pub until: Option<Day> = "until",
        /// Keys of the file's `sources`.
        pub source: OneOrMany<Text> = "source",
        /// How sure it is, where that is not simply the kind of its best source.
        pub status: Option<Status> = "status",
        /// Why this value was taken, or what else must be known to read it.
        pub note: Option<Text> = "note",
        /// Who says otherwise.
        pub conflicts: Vec<Contradiction> = "conflicts",
    }
}

impl Evidence {
    /// Whether it is in force on a day, as far as its own `from` and `until` say.
    pub fn in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from.0 <= day) && self.until.is_none_or(|until| day <= until.0)
    }
}

/// A value with its evidence.
#[derive(Debug, Clone)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub evidence: Evidence,
}

impl<T> Fact<T> {
    /// Where it was written.
    pub fn span(&self) -> &Span {
        &self.evidence.span
    }

    /// The same evidence for a part or a form of the value.
    pub fn map<U>(&self, convert: impl FnOnce(&T) -> U) -> Fact<U> {
        Fact { value: convert(&self.value), evidence: self.evidence.clone() }
    }
}

impl<T: Decode> Decode for Fact<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let Some(map) = node.as_map() else {
            let bare = Node::new(Value::Map(Arc::default()), node.span.clone());
            let (value, evidence) = (T::decode(node, faults), Evidence::decode(&bare, faults));
            return Some(Self { value: value?, evidence: evidence? });
        };
        let (evidence, rest): (Vec<_>, Vec<_>) = map
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .partition(|(key, _)| Evidence::KEYS.contains(&&*key.text));
        let part = |entries: Vec<(Key, Node)>| {
            Node::new(Value::Map(Arc::new(entries.into_iter().collect::<Map>())), node.span.clone())
        };
        let evidence = Evidence::decode(&part(evidence), faults);
        let value = match map.get("value") {
            Some(value) => {
                fields("a fact", &part(rest), &["value"], faults);
                T::decode(value, faults)
            }
            None => T::decode(&part(rest), faults),
        };
        Some(Self { value: value?, evidence: evidence? })
    }
}

impl<T: Decode> JsonSchema for Fact<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Fact_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let evidence = Evidence::json_schema(generator);
        let own = T::json_schema(generator);
        let is_record = own.get("properties").is_some();
        let mut whole = if is_record {
            own
        } else {
            let value = generator.subschema_for::<T>();
            json_schema!({"type": "object", "properties": {"value": value}, "additionalProperties": false, "required": ["value"]})
        };
        if let (Some(own), Some(evidence)) = (
            whole.get_mut("properties").and_then(|own| own.as_object_mut()),
            evidence.get("properties").and_then(|all| all.as_object()),
        ) {
            own.extend(evidence.clone());
        }
        if is_record { whole } else { json_schema!({"anyOf": [generator.subschema_for::<T>(), whole]}) }
    }
}

/// A fact and its history, oldest first.
#[derive(Debug, Clone)]
pub struct Dated<T> {
    first: Fact<T>,
    later: Vec<Fact<T>>,
}

impl<T> Dated<T> {
    /// What is in force on a day; `None` before the first entry.
    pub fn at(&self, day: Date) -> Option<&Fact<T>> {
        self.iter().rev().find(|fact| fact.evidence.in_force(day))
    }

    /// What is in force on a day, or the first entry before it came into force: for facts that a
    /// model cannot be without.
    pub fn nearest(&self, day: Date) -> &Fact<T> {
        self.at(day).unwrap_or(&self.first)
    }

    /// Every entry, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Fact<T>> {
        std::iter::once(&self.first).chain(&self.later)
    }
}

impl<T: Decode> Decode for Dated<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let OneOrMany(facts) = OneOrMany::<Fact<T>>::decode(node, faults)?;
        for pair in facts.windows(2) {
            let [before, after] = pair else { continue };
            if after.evidence.from <= before.evidence.from {
                let message =
                    "the entries of a history stand oldest first, and each but the first needs its own `from`";
                faults.push(Diagnostic::error("dates-out-of-order", message).at(after.span()));
            }
        }
        let mut facts = facts.into_iter();
        let Some(first) = facts.next() else {
            expected("at least one entry", node, faults);
            return None;
        };
        Some(Self { first, later: facts.collect() })
    }
}

inline_schema!([T] Dated<T>, format!("Dated_{}", T::schema_name()), |generator| {
    generator.subschema_for::<OneOrMany<Fact<T>>>()
});
