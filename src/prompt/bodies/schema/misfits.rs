//! What of a schema a dialect does not take, each with its place.

use std::fmt;

use serde_json::{Map, Value};

use super::super::rules::looks_around;
use super::super::{Finding, Place, Reaction};
use super::SchemaDialect;

/// A part of a schema that a dialect does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// RFC 6901.
    pub pointer: String,
    /// What it is.
    pub what: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at `{}`", self.what, if self.pointer.is_empty() { "/" } else { &self.pointer })
    }
}

impl Misfit {
    pub fn new(pointer: &str, what: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), what: what.into() }
    }

    /// As the reason why there is no body.
    pub fn refused(&self, code: &'static str, who: &str, place: Place) -> Finding {
        Finding::new(code, format!("{who} refuses {self}"), "change the schema there, or leave `strict` out of a tool")
            .with_reaction(Reaction::Refusal)
            .at(place)
    }
}

impl SchemaDialect {
    /// Everything of the schema that this dialect does not take, in its order.
    pub(super) fn misfits(&self, schema: &Value) -> Vec<Misfit> {
        let mut found = Vec::new();
        if self.root_object && (schema.get("type") != Some(&"object".into()) || schema.get("anyOf").is_some()) {
            found.push(Misfit::new("", "a root that is no plain object"));
        }
        self.walk(schema, schema, "", &mut found);
        found
    }

    fn walk(&self, schema: &Value, root: &Value, pointer: &str, found: &mut Vec<Misfit>) {
        let Some(members) = schema.as_object() else {
            if self.typed {
                found.push(Misfit::new(pointer, "a schema that is no map"));
            }
            return;
        };
        let mut misfit = |key: &str, what: String| found.push(Misfit::new(&below(pointer, key), what));
        for (key, value) in members {
            if !self.keywords.contains(key) {
                misfit(key, format!("`{key}`"));
                continue;
            }
            match (key.as_str(), value) {
                ("format", Value::String(format)) if !self.formats.is_empty() && !self.formats.contains(format) => {
                    misfit(key, format!("`format: {format}`"));
                }
                ("pattern", Value::String(pattern))
                    if self.plain_pattern && (looks_around(pattern) || pattern.to_lowercase().contains("\\b")) =>
                {
                    misfit(key, "a `pattern` with look-around or `\\b`".to_owned());
                }
                ("minItems", value)
                    if !self.min_items.is_empty()
                        && !value.as_u64().is_some_and(|least| self.min_items.contains(&least)) =>
                {
                    misfit(key, format!("`minItems: {value}`"));
                }
                ("enum", Value::Array(values))
                    if self.plain_enum && values.iter().any(|value| value.is_array() || value.is_object()) =>
                {
                    misfit(key, "an `enum` of maps or lists".to_owned());
                }
                ("allOf", Value::Array(parts)) if parts.iter().any(|part| part.get("$ref").is_some()) => {
                    misfit(key, "an `allOf` with `$ref`".to_owned());
                }
                ("$ref", Value::String(target)) => match resolved(root, target) {
                    None => misfit(key, format!("`$ref: {target}`, which is not in this schema,")),
                    Some(there) if !self.recursion && reaches(there, root, target, &mut Vec::new()) => {
                        misfit(key, format!("`$ref: {target}`, which leads to itself,"));
                    }
                    Some(_) if !self.ref_siblings && members.len() > 1 => {
                        misfit(key, "a `$ref` beside other keywords".to_owned())
                    }
                    Some(_) => {}
                },
                _ => {}
            }
        }
        let is_object =
            has_type(members, "object") || (!members.contains_key("type") && members.contains_key("properties"));
        if is_object && self.closed && members.get("additionalProperties") != Some(&Value::Bool(false)) {
            misfit("", "an object without `additionalProperties: false`".to_owned());
        }
        let properties = members.get("properties").and_then(Value::as_object);
        let required = members.get("required").and_then(Value::as_array);
        let is_required = |name: &String| required.is_some_and(|required| required.iter().any(|known| known == name));
        if is_object && self.all_required {
            for name in properties.into_iter().flat_map(Map::keys).filter(|name| !is_required(name)) {
                misfit("", format!("the property `{name}` that is not in `required`"));
            }
        }
        let kinds = ["type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const"];
        if self.typed && !kinds.iter().any(|kind| members.contains_key(*kind)) {
            misfit("", "a schema without a type".to_owned());
        }
        for (key, part) in children(members) {
            self.walk(part, root, &format!("{pointer}{key}"), found);
        }
    }
}

fn below(pointer: &str, key: &str) -> String {
    if key.is_empty() { pointer.to_owned() } else { format!("{pointer}/{}", escaped(key)) }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether `type` is this one, or has it among others.
pub(super) fn has_type(members: &Map<String, Value>, name: &str) -> bool {
    match members.get("type") {
        Some(Value::String(own)) => own == name,
        Some(Value::Array(names)) => names.iter().any(|own| own == name),
        _ => false,
    }
}

/// The schemas inside of one, each with its pointer from there.
fn children(members: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for key in ["properties", "$defs", "definitions"] {
        let named = members.get(key).and_then(Value::as_object).into_iter().flatten();
        all.extend(named.map(|(name, part)| (format!("/{key}/{}", escaped(name)), part)));
    }
    for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        let listed = members.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
        all.extend(listed.map(|(index, part)| (format!("/{key}/{index}"), part)));
    }
    all.extend(members.get("items").map(|part| ("/items".to_owned(), part)));
    all
}

fn resolved<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    root.pointer(target.strip_prefix('#')?)
}

/// Whether a schema refers to `target`, itself or by way of others.
fn reaches<'a>(schema: &'a Value, root: &'a Value, target: &str, met: &mut Vec<&'a str>) -> bool {
    let Some(members) = schema.as_object() else { return false };
    if let Some(Value::String(reference)) = members.get("$ref") {
        if reference == target {
            return true;
        }
        if !met.contains(&reference.as_str()) {
            met.push(reference);
            if resolved(root, reference).is_some_and(|there| reaches(there, root, target, met)) {
                return true;
            }
        }
    }
    children(members).into_iter().any(|(_, part)| reaches(part, root, target, met))
}

/// How large a schema is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes {
    properties: u64,
    optional: u64,
    unions: u64,
    enum_values: u64,
    characters: u64,
    /// Of the values of the longest `enum` with more than [`LONG_ENUM`] of them.
    long_enum: u64,
    depth: u64,
}

/// From how many values on the length of one `enum` is limited.
const LONG_ENUM: usize = 250;

impl Sizes {
    pub fn of(schema: &Value) -> Self {
        let Some(members) = schema.as_object() else { return Self::default() };
        let properties = members.get("properties").and_then(Value::as_object);
        let required = members.get("required").and_then(Value::as_array).map_or(0, Vec::len);
        let values = members.get("enum").and_then(Value::as_array);
        let text = |value: &Value| value.as_str().map_or(0, |text| text.chars().count() as u64);
        let names: u64 = properties.into_iter().flat_map(Map::keys).map(|name| name.chars().count() as u64).sum();
        let count = properties.map_or(0, Map::len);
        let is_union = members.contains_key("anyOf") || members.get("type").is_some_and(Value::is_array);
        let lengths: u64 = values.into_iter().flatten().map(text).sum();
        let mut sizes = Self {
            long_enum: if values.is_some_and(|values| values.len() > LONG_ENUM) { lengths } else { 0 },
            properties: count as u64,
            optional: count.saturating_sub(required) as u64,
            unions: u64::from(is_union),
            enum_values: values.map_or(0, Vec::len) as u64,
            characters: names + lengths + members.get("const").map_or(0, text),
            depth: 0,
        };
        let mut deepest = 0;
        for (key, part) in children(members) {
            let inner = Self::of(part);
            // A level is an object or a list inside another.
            let level = u64::from(key.starts_with("/properties") || key == "/items");
            deepest = deepest.max(inner.depth + level);
            sizes = sizes.with(inner);
        }
        Self { depth: deepest, ..sizes }
    }

    /// Both together.
    pub fn with(self, other: Self) -> Self {
        Self {
            properties: self.properties + other.properties,
            optional: self.optional + other.optional,
            unions: self.unions + other.unions,
            enum_values: self.enum_values + other.enum_values,
            characters: self.characters + other.characters,
            long_enum: self.long_enum.max(other.long_enum),
            depth: self.depth.max(other.depth),
        }
    }

    /// What is over its limit: in words, the size and the limit.
    pub fn over(self, limits: &Map<String, Value>) -> Vec<(&'static str, u64, u64)> {
        let all = [
            ("properties", "properties", self.properties),
            ("optional", "optional parameters", self.optional),
            ("unions", "parameters of several types", self.unions),
            ("enum_values", "values of `enum`", self.enum_values),
            ("characters", "characters of names and values", self.characters),
            ("long_enum", "characters in one `enum` of more than 250 values", self.long_enum),
            ("depth", "levels", self.depth),
        ];
        let limit = |(key, words, size)| Some((words, size, limits.get(key)?.as_u64()?));
        all.into_iter().filter_map(limit).filter(|(_, size, limit)| size > limit).collect()
    }
}
