//! A request as rules read it: the same members whatever the dialect, and where each was written.
//!
//! | member | value |
//! |---|---|
//! | `body`, `api`, `vendor` | the dialect, the kind of API, who made the model |
//! | `name`, `model` | the model's name in the manifest, and in the API |
//! | `takes` | what the model's card says that it takes |
//! | `max_tokens` | the limit on the answer |
//! | `settings` | every setting by its plainest name, and `tool_choice` in the vendor's words |
//! | `effort_taken`, `efforts` | whether the model has the effort that is set, and those that it has |
//! | `reasons` | false at the effort `none` |
//! | `forces_tool` | whether `tool_choice` forces a tool |
//! | `left_to_answer` | `max_tokens` without the budget of thinking |
//! | `has_schema`, `answer` | whether the answer has a schema, and the schema |
//! | `tools` | each definition, the names of its `parameters`, and those that are required and `undefined` |
//! | `turns`, `first`, `last` | each turn: its `role` and that of the one it comes `after` (null for a history) |
//! | `undeclared_calls` | the tools that turns call and none declares, as a text |
//! | `patterns` | each `pattern` of a schema: why it is `not_python`, whether it `looks_around` |
//! | `schemas` | each schema, of answers and of tools: why it is `invalid` |
//! | `counts` | `tools`, `strict_tools`, `turns` |

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::outline::Seen;
use super::super::settings;
use super::super::{Api, Dialect, Place, Prompt};
use super::pattern::{looks_around, not_python};

/// How many tools that are called and not declared are named.
const MOST_NAMES: usize = 5;

/// A request, and where its parts were written.
#[derive(Debug)]
pub(in super::super) struct Request {
    pub(super) json: Value,
    places: BTreeMap<String, Place>,
}

impl Request {
    /// The request that `body` makes.
    pub fn of(prompt: &Prompt, dialect: Dialect, seen: &Seen, body: &Map<String, Value>) -> Self {
        let mut request = Self { json: json!({}), places: BTreeMap::new() };
        let api = match prompt.api {
            Api::Anthropic => "anthropic",
            Api::OpenAi => "openai",
            Api::Gemini => "gemini",
            Api::Bedrock => "bedrock",
            Api::Compatible => "compatible",
        };
        request.set("body", dialect.as_str(), Place::Body);
        request.set("api", api, Place::Body);
        request.set("vendor", prompt.vendor, Place::Body);
        request.set("name", prompt.name, Place::Body);
        request.set("model", prompt.model, Place::Body);
        request.set("takes", prompt.takes.clone(), Place::Body);
        request.set("has_schema", prompt.schema.is_some(), Place::Schema(String::new()));
        request.settings(prompt, dialect, body);
        request.limits(prompt, dialect);
        request.turns(seen);
        request.tools(prompt, seen);
        request
    }

    #[cfg(test)]
    pub(super) fn of_json(json: Value) -> Self {
        Self { json, places: BTreeMap::new() }
    }

    /// Where what a pointer points to was written.
    pub fn place(&self, pointer: &str) -> Place {
        let known = self.places.iter().filter(|(place, _)| {
            pointer.strip_prefix(place.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        match known.max_by_key(|(place, _)| place.len()) {
            Some((at, Place::Segment(segment, _))) => Place::Segment(*segment, pointer[at.len()..].to_owned()),
            Some((_, place)) => place.clone(),
            None => Place::Body,
        }
    }

    fn set(&mut self, key: &str, value: impl Into<Value>, place: Place) {
        self.places.insert(format!("/{key}"), place);
        if let Value::Object(members) = &mut self.json {
            members.insert(key.to_owned(), value.into());
        }
    }

    fn number(&self, pointer: &str) -> Option<i64> {
        self.json.pointer(pointer).and_then(Value::as_i64)
    }

    fn settings(&mut self, prompt: &Prompt, dialect: Dialect, body: &Map<String, Value>) {
        let mut all = Map::new();
        for (name, value, key) in settings::written(prompt.settings, dialect, body) {
            self.places.insert(format!("/settings/{name}"), Place::Setting(key));
            all.insert(name.to_owned(), value.clone());
        }
        // Gemini's levels are in capitals.
        if let Some(Value::String(effort)) = all.get_mut("effort") {
            *effort = effort.to_lowercase();
        }
        let efforts = prompt.takes.get("effort").and_then(Value::as_object);
        let place = self.place("/settings/effort");
        if let (Some(Value::String(effort)), Some(efforts)) = (all.get("effort"), efforts) {
            let taken = efforts.get(effort).cloned();
            let known = efforts.iter().filter(|(_, is)| **is == true).map(|(level, _)| &**level);
            let usual = ["low", "medium", "high"].into_iter().filter(|level| !efforts.contains_key(*level));
            let levels: Vec<&str> = usual.chain(known).collect();
            let levels = if levels.is_empty() { "none: leave `effort` out".to_owned() } else { levels.join(", ") };
            self.set("effort_taken", taken.unwrap_or(Value::Null), place);
            self.set("efforts", levels, Place::Body);
        }
        let default = || prompt.takes.get("effort_default");
        let effort = all.get("effort").or_else(default).and_then(Value::as_str);
        self.set("reasons", effort != Some("none"), Place::Body);
        let forces = match all.get("tool_choice") {
            Some(Value::String(word)) => word == "required",
            Some(Value::Object(choice)) => {
                let kind = ["type", "mode"].into_iter().find_map(|key| choice.get(key)?.as_str()).unwrap_or_default();
                ["any", "tool", "function", "ANY"].contains(&kind)
                    || choice.contains_key("any")
                    || choice.contains_key("tool")
            }
            _ => false,
        };
        let place = self.place("/settings/tool_choice");
        self.set("forces_tool", forces, place);
        if let Value::Object(members) = &mut self.json {
            members.insert("settings".to_owned(), all.into());
        }
    }

    fn limits(&mut self, prompt: &Prompt, dialect: Dialect) {
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        // `messages` has one always.
        let default = Some(prompt.default_max_tokens).filter(|_| dialect == Dialect::Messages);
        let limit = prompt.max_tokens.or(default);
        if let Some(limit) = limit {
            self.set("max_tokens", limit, Place::Limit);
        }
        if let (Some(limit), Some(budget)) = (limit, self.number("/settings/thinking/budget_tokens")) {
            let place = self.place("/settings/thinking");
            self.set("left_to_answer", signed(limit).saturating_sub(budget), place);
        }
    }

    fn turns(&mut self, seen: &Seen) {
        let mut turns: Vec<Value> = Vec::new();
        for (index, (role, segment)) in seen.turns.iter().enumerate() {
            self.places.insert(format!("/turns/{index}"), Place::Segment(*segment, String::new()));
            let after = turns.last().and_then(|turn| turn.get("role")).cloned().unwrap_or(Value::Null);
            turns.push(json!({"role": role.map(|role| role.as_str()), "after": after}));
        }
        for (key, index) in [("first", 0), ("last", turns.len().saturating_sub(1))] {
            if let Some(turn) = turns.get(index).cloned() {
                let place = self.place(&format!("/turns/{index}"));
                self.set(key, turn, place);
            }
        }
        let strict = seen.tools.iter().filter(|(tool, _)| tool.get("strict") == Some(&Value::Bool(true))).count();
        let is_declared = |name: &str| seen.tools.iter().any(|(tool, _)| tool.get("name") == Some(&name.into()));
        let undeclared = seen.calls.iter().filter(|(name, _)| !is_declared(name));
        let names: BTreeSet<&str> = undeclared.clone().map(|(name, _)| name.as_str()).collect();
        if let Some((_, segment)) = undeclared.clone().next() {
            let more = names.len().saturating_sub(MOST_NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let listed: Vec<String> = names.into_iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
            self.set("undeclared_calls", listed.join(", ") + &more, Place::Segment(*segment, String::new()));
        }
        let counts = json!({
            "turns": turns.len(), "tools": seen.tools.len(), "strict_tools": strict,
        });
        self.set("counts", counts, Place::Body);
        self.set("turns", turns, Place::Body);
        for (index, (_, segment)) in seen.turns.iter().enumerate() {
            self.places.insert(format!("/turns/{index}"), Place::Segment(*segment, String::new()));
        }
    }

    fn tools(&mut self, prompt: &Prompt, seen: &Seen) {
        let mut found = Vec::new();
        let mut schemas: Vec<(Place, Value)> = Vec::new();
        if let Some(schema) = prompt.schema {
            schemas.push(invalid(schema, Place::Schema));
            self.set("answer", schema.clone(), Place::Schema(String::new()));
            patterns(schema, "", &mut |pattern, pointer| found.push((pattern.to_owned(), Place::Schema(pointer))));
        }
        let mut tools = Vec::new();
        for (index, (tool, segment)) in seen.tools.iter().enumerate() {
            self.places.insert(format!("/tools/{index}"), Place::Segment(*segment, String::new()));
            let schema = tool.get("input_schema").unwrap_or(&Value::Null);
            schemas.push(invalid(schema, |pointer| Place::Segment(*segment, format!("/input_schema{pointer}"))));
            patterns(schema, "/input_schema", &mut |pattern, pointer| {
                found.push((pattern.to_owned(), Place::Segment(*segment, pointer)));
            });
            let names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
            let names: Vec<&String> = names.collect();
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let is_defined = |name: &Value| name.as_str().is_some_and(|name| names.iter().any(|known| *known == name));
            let undefined: Value = required.filter(|name| !is_defined(name)).cloned().collect();
            let mut tool = tool.clone();
            tool.insert("parameters".to_owned(), json!(names));
            tool.insert("undefined".to_owned(), undefined);
            tools.push(Value::Object(tool));
        }
        if !tools.is_empty() {
            self.set("tools", tools, Place::Body);
        }
        for (index, (place, _)) in schemas.iter().enumerate() {
            self.places.insert(format!("/schemas/{index}"), place.clone());
        }
        self.set("schemas", schemas.into_iter().map(|(_, json)| json).collect::<Vec<_>>(), Place::Body);
        let mut all = Vec::new();
        for (index, (pattern, place)) in found.into_iter().enumerate() {
            self.places.insert(format!("/patterns/{index}"), place);
            all.push(json!({"not_python": not_python(&pattern), "looks_around": looks_around(&pattern)}));
        }
        self.set("patterns", all, Place::Body);
    }
}

/// What the meta-schema of draft 2020-12 says of a schema first, and where in it.
fn invalid(schema: &Value, place: impl Fn(String) -> Place) -> (Place, Value) {
    match jsonschema::draft202012::meta::validate(schema) {
        Ok(()) => (place(String::new()), json!({"invalid": null})),
        Err(fault) => (place(fault.instance_path().to_string()), json!({"invalid": fault.to_string()})),
    }
}

/// Every regular expression of a schema, with its pointer.
fn patterns(schema: &Value, pointer: &str, found: &mut impl FnMut(&str, String)) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (key.as_str(), value) {
                    ("pattern", Value::String(pattern)) => found(pattern, pointer),
                    ("enum" | "const" | "default" | "examples", _) => {}
                    (_, value) => patterns(value, &pointer, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                patterns(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}
