//! Spanned nodes to typed records: every fault of a file in one pass.
//!
//! `record!` declares a struct once and derives three things from it: the
//! type, its decoding (with unknown and missing keys reported, and near names suggested) and its
//! JSON Schema. They cannot drift apart.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, json_schema};

use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::{Latency, Rate, Share, Usd, parse_count};
use crate::syntax::source::{ObjectId, ProjectPath, Span};
use crate::syntax::yaml::{Key, Map, Node, Value};

/// A type that a spanned node can be decoded into.
pub trait Decode: Sized + JsonSchema {
    /// The value, or `None` after pushing to `faults` what is wrong and where.
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self>;

    /// The value of a key that is not written; `None` when it must be.
    fn absent() -> Option<Self> {
        None
    }
}

/// A value with the place it was written at.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// Text with its place.
pub type Text = Spanned<Arc<str>>;

/// A map with free keys, in the order written.
#[derive(Debug, Clone)]
pub struct Table<T>(Vec<(Key, T)>);

impl<T> Table<T> {
    /// Its entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &T)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(own, _)| &*own.text == key).map(|(_, value)| value)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A list that may be written as its only item.
#[derive(Debug, Clone)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A count as written: `600`, `60k`, `1.5M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

/// Pushes "expected …, found …" at `node`.
pub fn expected(what: &str, node: &Node, faults: &mut Faults) {
    faults.push(misfit(what, node));
}

/// Pushes "expected one of …, found …" at `node`, with the near word if there is one.
pub fn expected_word(what: &str, words: &[&str], node: &Node, faults: &mut Faults) {
    let near = node.as_text().and_then(|text| did_you_mean(text, words.iter().copied()));
    faults.push(misfit(&format!("one of {} ({what})", words.join(", ")), node).maybe_hint(near));
}

fn misfit(what: &str, node: &Node) -> Diagnostic {
    let found = match &node.value {
        Value::Text(text) if text.len() <= 40 => format!("`{text}`"),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Int(number) => format!("`{number}`"),
        Value::Float(number) => format!("`{number}`"),
        _ => node.kind().to_owned(),
    };
    Diagnostic::error("wrong-type", format!("expected {what}, found {found}")).at(&node.span)
}

/// The map of a node, with every key that is not in `known` reported.
pub fn fields<'a>(what: &str, node: &'a Node, known: &[&str], faults: &mut Faults) -> Option<&'a Map> {
    let Some(map) = node.as_map() else {
        expected(&format!("a map ({what})"), node, faults);
        return None;
    };
    for (key, _) in map.iter().filter(|(key, _)| !known.contains(&&*key.text)) {
        let fault = Diagnostic::error("unknown-key", format!("unknown key `{}` in {what}", key.text)).at(&key.span);
        // Behind so many it is counted only.
        let hint = (!faults.is_full()).then(|| {
            did_you_mean(&key.text, known.iter().copied())
                .unwrap_or_else(|| format!("known keys: {}", known.join(", ")))
        });
        faults.push(fault.maybe_hint(hint));
    }
    Some(map)
}

/// Decodes the value of `key`, or what its absence means.
///
/// A value with a fault counts as absent once the fault is pushed, so that later stages can go on and
/// find more; `None` only where absence is a fault too.
pub fn field<T: Decode>(what: &str, map: &Map, key: &str, whole: &Span, faults: &mut Faults) -> Option<T> {
    match map.get(key) {
        Some(node) => T::decode(node, faults).or_else(T::absent),
        None => T::absent().or_else(|| {
            faults.push(Diagnostic::error("missing-key", format!("{what} needs the key `{key}`")).at(whole));
            None
        }),
    }
}

/// One property of a record's schema.
#[derive(Debug)]
pub struct Property {
    /// The key.
    pub key: &'static str,
    /// Its doc comment.
    pub docs: &'static [&'static str],
    /// The schema of its type.
    pub schema: Schema,
    /// Whether it must be written.
    pub required: bool,
}

/// The schema of a record: an object with these properties and no other.
pub fn object_schema(docs: &[&str], properties: Vec<Property>) -> Schema {
    let required: Vec<&str> =
        properties.iter().filter(|property| property.required).map(|property| property.key).collect();
    let members: serde_json::Map<String, serde_json::Value> = properties
        .iter()
        .map(|property| {
            let mut schema = if property.required { property.schema.clone() } else { nullable(&property.schema) };
            if !property.docs.is_empty() {
                schema.insert("description".into(), prose(property.docs).into());
            }
            (property.key.to_owned(), schema.into())
        })
        .collect();
    let mut schema = json_schema!({"type": "object", "description": prose(docs), "properties": members, "additionalProperties": false});
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema
}

/// A schema that also takes null: a key that may be left out may as well be empty.
fn nullable(schema: &Schema) -> Schema {
    use serde_json::{Value, json};
    let nothing = json!({"type": "null"});
    let with = |key: &str, value: Value| {
        let mut schema = schema.clone();
        schema.insert(key.to_owned(), value);
        schema
    };
    match (schema.get("type"), schema.get("anyOf").and_then(Value::as_array)) {
        (Some(Value::String(kind)), _) => with("type", json!([kind, "null"])),
        (None, Some(choices)) if !choices.contains(&nothing) => {
            with("anyOf", choices.iter().cloned().chain([nothing]).collect())
        }
        (None, None) if schema.get("$ref").is_some() => json_schema!({"anyOf": [schema, nothing]}),
        _ => schema.clone(),
    }
}

/// The schema of a closed set of words, each with its doc comment, so that an editor can show it.
pub fn words_schema(docs: &[&str], words: &[(&str, &[&str])]) -> Schema {
    let word = |(word, docs): &(&str, &[&str])| serde_json::json!({"type": "string", "const": word, "description": prose(docs)});
    json_schema!({"description": prose(docs), "oneOf": words.iter().map(word).collect::<Vec<_>>()})
}

/// Doc comment lines as one paragraph.
fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Declares a record: the struct (with a `span` of the whole), its [`Decode`] and its schema.
///
/// ```text
/// record! {
///     /// What a caller fills at run time.
///     pub struct Input("an input") {
///         /// For people.
///         pub description: Option<Text> = "description",
///     }
/// }
/// ```
macro_rules! record {
    (
        $(#[doc = $docs:expr])*
        pub struct $name:ident($what:literal) {
            $( $(#[doc = $field_docs:expr])* pub $field:ident : $type:ty = $key:literal, )*
        }
    ) => {
        $(#[doc = $docs])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $( $(#[doc = $field_docs])* pub $field: $type, )*
            /// Where the whole of it was written.
            pub span: $crate::syntax::source::Span,
        }

        impl $name {
            /// Its keys, as written in a file.
            pub const KEYS: &'static [&'static str] = &[$($key),*];
        }

        impl $crate::syntax::decode::Decode for $name {
            fn decode(node: &$crate::syntax::yaml::Node, faults: &mut $crate::syntax::diag::Faults) -> Option<Self> {
                let map = $crate::syntax::decode::fields($what, node, Self::KEYS, faults)?;
                // Every field is decoded before any is unwrapped, so that all faults are found.
                $( let $field = $crate::syntax::decode::field::<$type>($what, map, $key, &node.span, faults); )*
                Some(Self { $( $field: $field?, )* span: node.span.clone() })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::syntax::decode::object_schema(&[$($docs),*], vec![$($crate::syntax::decode::Property {
                    key: $key,
                    docs: &[$($field_docs),*],
                    schema: generator.subschema_for::<$type>(),
                    required: <$type as $crate::syntax::decode::Decode>::absent().is_none(),
                }),*])
            }
        }
    };
}

/// Declares a closed set of words that are printed: the enum, its text and its schema.
macro_rules! names {
    (
        $(#[doc = $docs:expr])*
        pub enum $name:ident { $( $(#[doc = $word_docs:expr])* $variant:ident = $word:literal, )* }
    ) => {
        $(#[doc = $docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[doc = $word_docs])* $variant, )* }

        impl $name {
            /// Each of them, in the order of their declaration.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The word as it is written.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::syntax::decode::words_schema(&[$($docs),*], &[$(($word, &[$($word_docs),*])),*])
            }
        }
    };
}

/// Declares a closed set of words that people write: [`names`], and its [`Decode`].
macro_rules! words {
    (
        $(#[doc = $docs:expr])*
        pub enum $name:ident($what:literal) { $( $(#[doc = $word_docs:expr])* $variant:ident = $word:literal, )* }
    ) => {
        $crate::syntax::decode::names! {
            $(#[doc = $docs])*
            pub enum $name { $( $(#[doc = $word_docs])* $variant = $word, )* }
        }

        impl $name {
            /// Every word of the set.
            pub const WORDS: &'static [&'static str] = &[$($word),*];
        }

        impl $crate::syntax::decode::Decode for $name {
            fn decode(node: &$crate::syntax::yaml::Node, faults: &mut $crate::syntax::diag::Faults) -> Option<Self> {
                match node.as_text().map(|text| &**text) {
                    $( Some($word) => Some(Self::$variant), )*
                    _ => {
                        $crate::syntax::decode::expected_word($what, Self::WORDS, node, faults);
                        None
                    }
                }
            }
        }
    };
}

pub(crate) use {names, record, words};

/// Implements `JsonSchema` for a type whose schema is written inline where it is used, not under `$defs`.
macro_rules! inline_schema {
    ([$($generic:ident)?] $type:ty, $name:expr, |$generator:ident| $schema:expr) => {
        impl$(<$generic: $crate::syntax::decode::Decode>)? schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
    // Of a type that is printed as plain text.
    (text $type:ty) => {
        $crate::syntax::decode::inline_schema!([] $type, stringify!($type), |_generator| {
            schemars::json_schema!({"type": "string"})
        });
    };
}

pub(crate) use inline_schema;

inline_schema!(text ProjectPath);
inline_schema!(text ObjectId);

/// A decimal number as `quantity` reads it: digits, `_` between them, one dot.
const DECIMAL: &str = "[0-9]([0-9_]*[0-9])?(\\.[0-9]([0-9_]*[0-9])?)?";
/// A count as `quantity` reads it: a fraction only before a suffix that makes it whole.
const COUNT: &str = "([0-9]([0-9_]*[0-9])?(\\.0+)?|[0-9]([0-9_]*[0-9])?(\\.[0-9]([0-9_]*[0-9])?)?[kKMGB])";

inline_schema!([T] Spanned<T>, T::schema_name(), |generator| generator.subschema_for::<T>());
inline_schema!([T] Table<T>, format!("Map_{}", T::schema_name()), |generator| json_schema!({
    "type": "object", "additionalProperties": generator.subschema_for::<T>()
}));
inline_schema!([T] OneOrMany<T>, format!("OneOrMany_{}", T::schema_name()), |generator| json_schema!({
    "anyOf": [generator.subschema_for::<T>(), {"type": "array", "items": generator.subschema_for::<T>()}]
}));
inline_schema!([] Count, "Count", |_generator| json_schema!({
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": format!("^{COUNT}$")}]
}));
inline_schema!([] Usd, "Usd", |generator| if generator.contract().is_serialize() {
    json_schema!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
} else {
    json_schema!({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": format!("^\\$?{DECIMAL}$")}]})
});
inline_schema!([] Share, "Share", |_generator| json_schema!({
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, {"type": "string", "pattern": format!("^{DECIMAL}%?$")}]
}));
inline_schema!([] Rate, "Rate", |_generator| json_schema!({
    "type": "string", "pattern": format!("^{COUNT}/(month|day|hour)$")
}));
inline_schema!([] Latency, "Latency", |_generator| json_schema!({
    "type": "string", "pattern": "^([0-9]+ms|[0-9]+(\\.[0-9]{1,3})?s)$"
}));
inline_schema!([] Ttl, "Ttl", |_generator| json_schema!({"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"}));
inline_schema!([] Node, "Any", |_generator| json_schema!(true));

impl<T: Decode> Decode for Spanned<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        T::decode(node, faults).map(|value| Self { value, span: node.span.clone() })
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::Null => Some(None),
            _ => T::decode(node, faults).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let items = match &node.value {
            Value::List(items) => items,
            Value::Null => return Some(Vec::new()),
            _ => {
                expected("a list", node, faults);
                return None;
            }
        };
        // Items with a fault are left out: the fault is reported, and the other items are still checked.
        Some(items.iter().filter_map(|item| T::decode(item, faults)).collect())
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Decode> Decode for OneOrMany<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        match node.value {
            Value::List(_) | Value::Null => Vec::decode(node, faults).map(Self),
            _ => T::decode(node, faults).map(|item| Self(vec![item])),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }
}

impl<T: Decode> Decode for Table<T> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if matches!(node.value, Value::Null) {
            return Some(Self::default());
        }
        let Some(map) = node.as_map() else {
            expected("a map", node, faults);
            return None;
        };
        let decode = |(key, node): (&Key, &Node)| T::decode(node, faults).map(|value| (key.clone(), value));
        Some(Self(map.iter().filter_map(decode).collect()))
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl Decode for Node {
    fn decode(node: &Node, _: &mut Faults) -> Option<Self> {
        Some(node.clone())
    }
}

impl Decode for Arc<str> {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = node.as_text().cloned();
        if text.is_none() {
            expected("text", node, faults);
        }
        text
    }
}

impl Decode for bool {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Bool(flag) = node.value {
            return Some(flag);
        }
        expected("true or false", node, faults);
        None
    }
}

impl Decode for i64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Int(number) = node.value {
            return Some(number);
        }
        expected("a whole number", node, faults);
        None
    }
}

impl Decode for u64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        if let Value::Int(number) = node.value
            && let Ok(number) = u64::try_from(number)
        {
            return Some(number);
        }
        expected("a whole number, not negative", node, faults);
        None
    }
}

/// Decodes a quantity from its written form. A number is read from the bytes of the file, so that
/// `0.1` is exactly a tenth and not the nearest float.
fn written<T>(what: &str, parse: impl Fn(&str) -> Option<T>, node: &Node, faults: &mut Faults) -> Option<T> {
    let parsed = match &node.value {
        Value::Text(text) => parse(text.trim()),
        Value::Int(_) | Value::Float(_) => node.span.source.text().get(node.span.start..node.span.end).and_then(parse),
        _ => None,
    };
    if parsed.is_none() {
        expected(what, node, faults);
    }
    parsed
}

impl Decode for Count {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a count such as 600, 60k or 1.5M", |text| parse_count(text).map(Self), node, faults)
    }
}

impl Decode for f64 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a number", |text| text.parse().ok().filter(|number: &f64| number.is_finite()), node, faults)
    }
}

impl Decode for Latency {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a time such as 2s, 1.5s or 800ms", Latency::parse, node, faults)
    }
}

impl Decode for Usd {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("an amount of US dollars such as $0.02 or $20_000", Usd::parse, node, faults)
    }
}

impl Decode for Share {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a share such as 90% or 0.9", Share::parse, node, faults)
    }
}

impl Decode for Rate {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a rate such as 1.5M/month, 50/day or 2k/hour", Rate::parse, node, faults)
    }
}

impl Decode for Ttl {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        written("a lifetime such as 5m, 1h or 24h", Ttl::parse, node, faults)
    }
}
