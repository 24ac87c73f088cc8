//! What providers refuse, or ignore, although their SDKs' types allow it: each rule a line of `rules.yaml`, with its
//! sources, held against the request as `request.rs` describes it.

mod pattern;
pub(super) mod request;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use jsonschema::{PatternOptions, Validator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::SchemaDialect;
use super::{Dialect, Finding, Reaction};
use crate::syntax::diag::Faults;
use crate::syntax::source::{ProjectPath, Source};
use crate::syntax::yaml;
pub(super) use pattern::looks_around;
use request::Request;

/// `rules.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Where the rules were read, by key: title, address, day and kind of each.
    pub sources: Map<String, Value>,
    /// The rules, in the order in which they are held against a request.
    pub rules: Vec<Rule>,
    /// What a setting may be in a dialect, whatever the model.
    pub settings: Vec<SettingValues>,
    /// What is decided in code, and what is not checked.
    pub elsewhere: Vec<Elsewhere>,
    /// What each dialect of JSON Schema takes.
    pub schemas: BTreeMap<String, SchemaDialect>,
}

/// What settings may be: a rule in a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingValues {
    /// The dialects that it is for; `responses` and `chat` as OpenAI serves them.
    pub bodies: Vec<String>,
    /// The settings, by their plainest names.
    #[serde(deserialize_with = "one_or_many")]
    pub of: Vec<String>,
    /// The JSON Schema of what they may be.
    takes: Value,
    words: Option<String>,
    /// Keys of the sources.
    #[serde(deserialize_with = "one_or_many")]
    pub source: Vec<String>,
    breaks: Value,
    passes: Value,
    #[serde(skip)]
    rule: OnceLock<Rule>,
}

/// What is no rule of this file: decided in code, or not checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// What a prompt holds or asks for.
    pub what: String,
    /// The dialects that it is about; empty for what is not checked.
    #[serde(default)]
    pub bodies: Vec<String>,
    /// The stable name of what is said.
    pub code: Option<String>,
    /// What becomes of it.
    pub does: String,
    /// Keys of the sources.
    #[serde(deserialize_with = "one_or_many")]
    pub source: Vec<String>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The stable name of what it finds. Several rules may share one.
    pub code: String,
    /// The dialects that it is for.
    pub bodies: Vec<String>,
    /// The models that it is for, in words.
    pub models: String,
    /// What it means for the body: `error` or `warning`.
    #[serde(default = "error")]
    pub reaction: String,
    /// What the request must be like for it to hold.
    #[serde(default)]
    pub when: Value,
    /// JSON Pointers to what is looked at; `*` is each item.
    #[serde(deserialize_with = "one_or_many")]
    pub at: Vec<String>,
    /// The JSON Schema of what is taken; without it nothing is.
    pub must: Option<Value>,
    /// What is wrong.
    pub says: String,
    /// What to do about it.
    pub cure: String,
    /// Keys of the sources.
    #[serde(deserialize_with = "one_or_many")]
    pub source: Vec<String>,
    /// A request that breaks it.
    pub breaks: Value,
    /// One that does not.
    pub passes: Value,
    #[serde(skip)]
    validator: OnceLock<Option<Validator>>,
}

fn error() -> String {
    Reaction::Refusal.as_str().to_owned()
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let written = Value::deserialize(deserializer)?;
    let written = if written.is_array() { written } else { Value::Array(vec![written]) };
    serde_json::from_value(written).map_err(serde::de::Error::custom)
}

/// `rules.yaml` as JSON.
pub fn rules_json() -> Value {
    let source: Arc<Source> = Source::new(ProjectPath::literal("rules.yaml"), include_str!("rules.yaml"));
    #[expect(clippy::expect_used, reason = "the file is part of the program")]
    yaml::parse(&source, &mut Faults::new()).expect("rules.yaml is YAML").to_json()
}

/// The rules. The file is part of the program, so a fault in it is found by every test.
pub fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the file is part of the program")]
        serde_json::from_value(rules_json()).expect("rules.yaml holds rules")
    });
    &RULES
}

/// What the rules find in a request.
pub(super) fn findings(request: &Request, dialect: Dialect) -> Vec<Finding> {
    let all = rules().rules.iter().chain(rules().settings.iter().map(SettingValues::rule));
    let of_dialect = all.filter(|rule| rule.bodies.iter().any(|body| body == dialect.as_str()));
    of_dialect.flat_map(|rule| rule.findings(request)).collect()
}

impl SettingValues {
    /// The values in words: ``a number from 0 to 1``.
    pub fn words(&self) -> String {
        let bound = |key: &str| self.takes.get(key).map(Value::to_string);
        let kind = self.takes.get("type").and_then(Value::as_str).unwrap_or_default();
        let number = if kind == "integer" { "a whole number" } else { "a number" };
        match (&self.words, self.takes.get("enum").and_then(Value::as_array)) {
            (Some(words), _) => words.clone(),
            (None, Some(words)) => {
                let words: Vec<String> =
                    words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
                let (last, others) = words.split_last().map_or(("", &[][..]), |(last, others)| (last, others));
                format!("{} or {last}", others.join(", "))
            }
            (None, None) => match (kind, bound("minimum"), bound("maximum")) {
                ("boolean", ..) => "`true` or `false`".to_owned(),
                ("string", ..) => "text".to_owned(),
                (_, Some(least), Some(most)) => format!("{number} from {least} to {most}"),
                (_, Some(least), None) => format!("{number}, {least} at least"),
                _ => number.to_owned(),
            },
        }
    }

    fn rule(&self) -> &Rule {
        let is_openai = self.bodies.iter().all(|body| ["responses", "chat"].contains(&body.as_str()));
        let with = |value: &Value| json!({"settings": {self.of.first().map_or("", String::as_str): value}});
        self.rule.get_or_init(|| Rule {
            code: "setting-value".to_owned(),
            bodies: self.bodies.clone(),
            models: "every one".to_owned(),
            reaction: error(),
            when: if is_openai { json!({"api": "openai"}) } else { Value::Null },
            at: self.of.iter().map(|name| format!("/settings/{name}")).collect(),
            must: Some(self.takes.clone()),
            says: format!("`{{key}}` is {}; this one is `{{value}}`", self.words()),
            cure: "set such a value, or leave it out".to_owned(),
            source: self.source.clone(),
            breaks: with(&self.breaks),
            passes: with(&self.passes),
            validator: OnceLock::new(),
        })
    }
}

impl Rule {
    fn findings(&self, request: &Request) -> Vec<Finding> {
        if !self.when.is_null() && !matches(&self.when, &request.json) {
            return Vec::new();
        }
        let values = self.at.iter().flat_map(|at| values(&request.json, at));
        let broken = values.filter(|(_, value)| !value.is_null() && !self.takes(value));
        let finding = |(pointer, value): (String, &Value)| Finding {
            reaction: if self.reaction == "warning" { Reaction::Warning } else { Reaction::Refusal },
            code: self.code.clone().into(),
            message: filled(&self.says, &pointer, value, &request.json),
            hint: Some(filled(&self.cure, &pointer, value, &request.json)),
            place: request.place(&pointer),
        };
        broken.map(finding).collect()
    }

    fn takes(&self, value: &Value) -> bool {
        let compiled = self.validator.get_or_init(|| {
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            self.must.as_ref().and_then(|must| options.build(must).ok())
        });
        compiled.as_ref().is_some_and(|validator| validator.is_valid(value))
    }
}

/// Whether `value` is like `pattern`: an object has to have like members, of a list one has to be like it, null is like
/// nothing, `{}` like anything that is there, and `*` in a text stands for any characters.
fn matches(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(members), value) => {
            (members.is_empty() && !value.is_null())
                || (!members.is_empty()
                    && members.iter().all(|(key, pattern)| matches(pattern, value.get(key).unwrap_or(&Value::Null))))
        }
        (Value::Array(patterns), value) => patterns.iter().any(|pattern| matches(pattern, value)),
        (Value::String(pattern), Value::String(text)) if pattern.contains('*') => is_like(pattern, text),
        (Value::Null, Value::Null) => true,
        _ => pattern == value,
    }
}

fn is_like(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| is_like(tail, &rest[at..]))
}

/// The values that a pointer with `*` points to, each with its own pointer.
fn values<'a>(json: &'a Value, at: &str) -> Vec<(String, &'a Value)> {
    // The rules have no keys that a pointer must escape, and `Value::pointer` allocates for each key.
    let under = |at: &str| at.split('/').skip(1).try_fold(json, |value, key| value.get(key));
    let Some((list, rest)) = at.split_once("/*") else {
        return under(at).map(|value| (at.to_owned(), value)).into_iter().collect();
    };
    let items = under(list).and_then(Value::as_array).into_iter().flatten().enumerate();
    let below = |(index, item): (usize, &'a Value)| {
        let found = values(item, rest).into_iter();
        found.map(move |(pointer, value)| (format!("{list}/{index}{pointer}"), value))
    };
    items.flat_map(below).collect()
}

/// A sentence with its placeholders filled in: the value, the last part of its pointer, and parts of it or the request.
fn filled(sentence: &str, pointer: &str, value: &Value, request: &Value) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(b, more)| Some((b, more.split_once('}')?)))
    {
        text.push_str(before);
        let part = match name {
            "value" => Some(value),
            "model" => request.get("name"),
            "body" => request.get("body"),
            pointer if pointer.starts_with('/') => value.pointer(pointer).or_else(|| request.pointer(pointer)),
            _ => None,
        };
        match part {
            Some(Value::String(part)) => text.push_str(part),
            Some(part) => text.push_str(&part.to_string()),
            None if name == "key" => text.push_str(pointer.rsplit('/').next().unwrap_or_default()),
            // Braces of the sentence itself: `thinking: {type: adaptive}`.
            None => text.extend(["{", name, "}"]),
        }
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request with everything that a rule wants of it, and `part` laid over.
    fn request(rule: &Rule, part: &Value) -> Value {
        fn wanted(pattern: &Value) -> Value {
            match pattern {
                Value::Object(members) => members
                    .iter()
                    .filter(|(_, pattern)| !matches!(pattern, Value::Object(members) if members.is_empty()))
                    .map(|(key, pattern)| (key.clone(), wanted(pattern)))
                    .collect(),
                Value::Array(patterns) => patterns.first().map_or(Value::Null, wanted),
                Value::String(text) => text.replace('*', "").into(),
                plain => plain.clone(),
            }
        }
        fn lay(under: &mut Value, over: &Value) {
            match (under, over) {
                (Value::Object(under), Value::Object(over)) => {
                    for (key, value) in over {
                        lay(under.entry(key.clone()).or_insert(Value::Null), value);
                    }
                }
                (under, over) => *under = over.clone(),
            }
        }
        // Of a rule's own condition only what its examples do not say: the facts of the model.
        let mut request = serde_json::json!({"takes": wanted(rule.when.get("takes").unwrap_or(&Value::Null))});
        for key in ["api", "vendor", "model"] {
            request[key] = wanted(rule.when.get(key).unwrap_or(&Value::Null));
        }
        request["name"] = "a-model".into();
        request["body"] = "messages".into();
        lay(&mut request, part);
        request
    }

    #[test]
    fn every_rule_finds_what_breaks_it_and_passes_what_does_not() {
        let Rules { sources, rules, settings, elsewhere, schemas } = rules();
        let all: Vec<&Rule> = rules.iter().chain(settings.iter().map(SettingValues::rule)).collect();
        for rule in &all {
            let found = |part: &Value| rule.findings(&Request::of_json(request(rule, part)));
            let broken = found(&rule.breaks);
            assert_eq!(broken.len(), 1, "{}: {}", rule.says, rule.breaks);
            let says = format!("{}{}", broken[0].message, broken[0].hint.as_deref().unwrap_or_default());
            assert!(
                !["{/", "{value}", "{model}", "{key}", "null", " or ``"].iter().any(|left| says.contains(left)),
                "{says}"
            );
            assert_eq!(found(&rule.passes), [], "{}: {}", rule.says, rule.passes);
            if !rule.when.is_null() {
                let other = Request::of_json(serde_json::json!({"takes": {}}));
                assert_eq!(rule.findings(&other), [], "{}", rule.says);
            }
            assert!(rule.takes(&Value::Null) || rule.validator.get().is_some(), "{}", rule.says);
            assert_eq!(rule.must.is_some(), rule.validator.get().is_some_and(Option::is_some), "{}", rule.says);
            assert!(rule.bodies.iter().all(|body| Dialect::ALL.iter().any(|known| known.as_str() == body)));
            assert!(["error", "warning"].contains(&rule.reaction.as_str()));
            assert!(
                !rule.source.is_empty() && rule.source.iter().all(|key| sources.contains_key(key)),
                "{}",
                rule.says
            );
        }
        let others = || {
            let schemas = schemas.values().map(|dialect| &dialect.source);
            schemas.chain(elsewhere.iter().map(|one| &one.source)).flatten()
        };
        assert!(others().all(|key| sources.contains_key(key)));
        let unused = |key: &&String| !all.iter().flat_map(|rule| &rule.source).chain(others()).any(|used| used == *key);
        assert_eq!(sources.keys().filter(unused).count(), 0);
    }

    #[test]
    fn a_pattern_is_like_what_it_says() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let table = [
            (r#"{"a": {}}"#, r#"{"a": 0}"#, true),
            (r#"{"a": {}}"#, r#"{"b": 0}"#, false),
            (r#"{"a": null}"#, r#"{"b": 0}"#, true),
            (r#"{"a": [false, null]}"#, r#"{"a": false}"#, true),
            (r#"{"a": [false, null]}"#, r#"{"a": true}"#, false),
            (r#"{"a": {"b": "x*y"}}"#, r#"{"a": {"b": "x-1-y"}}"#, true),
            (r#"{"a": {"b": "x*y"}}"#, r#"{"a": {"b": "x-1-yz"}}"#, false),
            ("null", "null", true),
        ];
        for (pattern, value, expected) in table {
            assert_eq!(matches(&json(pattern), &json(value)), expected, "{pattern} {value}");
        }
    }
}
