//! Values as a template sees them: looked up by name, tested for truth, compared, written.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Number, Value as Json};

/// The data that a template is rendered with.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Build-time values: by bare name and as `vars.name`. In the order written.
    pub vars: Map<String, Json>,
    /// The names of the inputs: by bare name and as `inputs.name`. Each is written as a hole.
    pub inputs: Vec<String>,
    /// `context.id` and the like.
    pub context: Map<String, Json>,
    /// `each.path` and the like, if the manifest has `each`.
    pub each: Option<Map<String, Json>>,
    /// The names that `wrap` defines: `path`, `title`, `content`, `meta`, `index`, `user`, `assistant`,
    /// `turns`. They shadow vars and inputs: a var of the same name is still `vars.name`.
    pub more: Map<String, Json>,
}

/// A value while a template is rendered.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// All of the data. It can only be looked into.
    Root,
    /// A map of the data's first level: `vars`, `context`, `each`.
    Named(&'a Map<String, Json>),
    /// `inputs`.
    Inputs,
    /// An input: known at run time only.
    Hole(&'a str),
    /// A value of the data or of the template.
    Given(&'a Json),
    /// A value that a helper made.
    Made(Arc<Json>),
    /// Unknown, because of a fault or because the branch is read but not taken.
    Unknown,
}

/// The result of looking a name up.
#[derive(Debug)]
pub(super) enum Child<'a> {
    Found(Value<'a>),
    Missing,
    /// The name is both a var and an input.
    Ambiguous,
}

impl Data {
    /// Every name that can be used bare at the top.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let each = self.each.as_ref().map(|_| "each");
        let maps = ["vars", "inputs", "context"].into_iter().chain(each);
        let given = self.more.keys().chain(self.vars.keys()).chain(&self.inputs);
        maps.chain(given.map(String::as_str))
    }

    fn child(&self, name: &str) -> Child<'_> {
        if let Some(value) = self.more.get(name) {
            return Child::Found(Value::Given(value));
        }
        match (name, &self.each) {
            ("vars", _) => return Child::Found(Value::Named(&self.vars)),
            ("inputs", _) => return Child::Found(Value::Inputs),
            ("context", _) => return Child::Found(Value::Named(&self.context)),
            ("each", Some(each)) => return Child::Found(Value::Named(each)),
            _ => {}
        }
        match (self.vars.get(name), self.input(name)) {
            (Some(_), Some(_)) => Child::Ambiguous,
            (Some(value), None) => Child::Found(Value::Given(value)),
            (None, Some(input)) => Child::Found(Value::Hole(input)),
            (None, None) => Child::Missing,
        }
    }

    fn input(&self, name: &str) -> Option<&str> {
        self.inputs.iter().map(String::as_str).find(|own| *own == name)
    }
}

impl<'a> Value<'a> {
    pub fn made(value: impl Into<Json>) -> Self {
        Self::Made(Arc::new(value.into()))
    }

    /// Looks `name` up in this value.
    pub fn child(&self, name: &str, data: &'a Data) -> Child<'a> {
        let found = match self {
            Self::Root => return data.child(name),
            Self::Named(map) => map.get(name).map(Value::Given),
            Self::Inputs => data.input(name).map(Value::Hole),
            Self::Given(Json::Object(map)) => map.get(name).map(Value::Given),
            Self::Given(Json::Array(items)) => position(name).and_then(|at| items.get(at)).map(Value::Given),
            Self::Made(json) => match &**json {
                Json::Object(map) => map.get(name).cloned().map(Value::made),
                Json::Array(items) => position(name).and_then(|at| items.get(at)).cloned().map(Value::made),
                _ => None,
            },
            Self::Unknown => Some(Value::Unknown),
            Self::Hole(_) | Self::Given(_) => None,
        };
        found.map_or(Child::Missing, Child::Found)
    }

    /// The names that can be looked up, for hints.
    pub fn names(&self, data: &'a Data) -> Vec<String> {
        let keys = |map: &Map<String, Json>| map.keys().cloned().collect();
        match self {
            Self::Root => data.names().map(str::to_owned).collect(),
            Self::Named(map) => keys(map),
            Self::Inputs => data.inputs.clone(),
            Self::Given(Json::Object(map)) => keys(map),
            Self::Made(json) => json.as_object().map(keys).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The value as JSON, if all of it is known at build time.
    pub fn json(&self) -> Option<std::borrow::Cow<'_, Json>> {
        use std::borrow::Cow;
        match self {
            Self::Given(json) => Some(Cow::Borrowed(json)),
            Self::Made(json) => Some(Cow::Borrowed(json)),
            Self::Named(map) => Some(Cow::Owned(Json::Object((*map).clone()))),
            Self::Root | Self::Inputs | Self::Hole(_) | Self::Unknown => None,
        }
    }

    /// The items of a list or the entries of a map, with their keys. `None` for anything else.
    pub fn items(&self) -> Option<Vec<(Option<&str>, Value<'a>)>> {
        let entries =
            |map: &'a Map<String, Json>| map.iter().map(|(key, item)| (Some(key.as_str()), Value::Given(item)));
        match self {
            Self::Named(map) => Some(entries(map).collect()),
            Self::Given(Json::Object(map)) => Some(entries(map).collect()),
            Self::Given(Json::Array(items)) => Some(items.iter().map(|item| (None, Value::Given(item))).collect()),
            Self::Made(json) => match &**json {
                Json::Array(items) => Some(items.iter().map(|item| (None, Value::made(item.clone()))).collect()),
                Json::Object(map) => {
                    Some(map.iter().map(|(key, item)| (Some(key.as_str()), Value::made(item.clone()))).collect())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn position(name: &str) -> Option<usize> {
    name.parse().ok()
}

/// The number of values in `json`, with each kilobyte of text counted as one: the steps that looking at
/// all of it costs.
pub(super) fn weight(json: &Json) -> usize {
    match json {
        Json::String(text) => 1 + text.len() / 1024,
        Json::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Json::Object(map) => 1 + map.iter().map(|(key, item)| 1 + key.len() / 1024 + weight(item)).sum::<usize>(),
        _ => 1,
    }
}

/// What it is, with its article: "a list", "a number".
pub(super) fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

/// Whether a value is truthy: not `false`, `null`, 0 (unless `include_zero`), or empty.
pub(super) fn truth(json: &Json, include_zero: bool) -> bool {
    match json {
        Json::Null => false,
        Json::Bool(flag) => *flag,
        Json::Number(number) => include_zero || number.as_f64().is_some_and(f64::is_normal),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => !map.is_empty(),
    }
}

/// The text that `{{value}}` writes.
pub(super) fn written(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Json::Object(_) => "[object]".to_owned(),
    }
}

/// The order of two numbers, two texts or two flags, or of a number and a text that is one; else `None`.
pub(super) fn order(a: &Json, b: &Json) -> Option<Ordering> {
    let spelled = |text: &str| text.parse::<Number>().ok();
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => numbers(a, b),
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        (Json::Number(a), Json::String(b)) => numbers(a, &spelled(b)?),
        (Json::String(a), Json::Number(b)) => numbers(&spelled(a)?, b),
        _ => None,
    }
}

/// The order of two numbers. It is exact, also between a whole number beyond 2^53 and a float.
fn numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(a), None) => whole_and_float(a, b.as_f64()?),
        (None, Some(b)) => whole_and_float(b, a.as_f64()?).map(Ordering::reverse),
        (None, None) => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Rounding to a float is monotonic, so numbers that differ after rounding have the same order before;
/// those that are equal after it are compared as whole numbers.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "see above")]
fn whole_and_float(whole: i128, float: f64) -> Option<Ordering> {
    match (whole as f64).partial_cmp(&float)? {
        Ordering::Equal => Some(whole.cmp(&(float as i128))),
        unequal => Some(unequal),
    }
}
