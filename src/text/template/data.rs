//! What a template is rendered with, as the one JSON value that the crate sees.
//!
//! An input has no value yet. In its place stands a mark of characters that Unicode reserves for use inside of programs
//! (U+FDD0 to U+FDEF) and that are refused in every text that comes in. A template can pass it on and write it; what else
//! is asked of it is answered by its example, in a region.

use std::cmp::Ordering;
use std::sync::Arc;

use handlebars::Context;
use serde_json::{Map, Number, Value as Json};

/// The beginning of every mark in the output.
pub(super) const MARK: char = '\u{fdd0}';
/// An input: this, its name, and [`END`].
pub(super) const INPUT: &str = "\u{fdd0}\u{fdd1}";
/// The beginning of a segment: this, its number, and [`END`].
pub(super) const OPEN: &str = "\u{fdd0}\u{fdd2}";
/// A region: this, its number, and [`END`].
pub(super) const REGION: &str = "\u{fdd0}\u{fdd8}";
/// The end of a segment.
pub(super) const CLOSE: &str = "\u{fdd0}\u{fdd3}";
pub(super) const END: char = '\u{fdd4}';
/// A name that is both a var and an input.
pub(super) const AMBIGUOUS: &str = "\u{fdd5}";
/// A value that is not known, after a fault. It causes no other one.
pub(super) const UNKNOWN: &str = "\u{fdd6}";
/// A key of the maps that are no values: all of the data, and `inputs`.
const WHOLE: &str = "\u{fdd7}";
/// The names that nothing shadows.
const OWN: [&str; 4] = ["vars", "inputs", "context", "each"];

/// The data that a template is rendered with.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Build-time values: by bare name and as `vars.name`. In the order written.
    pub vars: Map<String, Json>,
    /// The inputs, each with its example or null: by bare name and as `inputs.name`. Written, each is a hole.
    pub inputs: Map<String, Json>,
    /// `context.id` and the like.
    pub context: Map<String, Json>,
    /// `each.path` and the like, if the manifest has `each`.
    pub each: Option<Map<String, Json>>,
}

/// Data as the crate sees it, made once for all templates of a context; else the name of a value that holds a reserved
/// character, and that character.
#[derive(Debug, Clone)]
pub struct Root {
    pub(super) context: Result<Arc<Context>, (String, char)>,
    /// What the inputs are in a region; null where nobody says.
    pub(super) examples: Arc<Map<String, Json>>,
}

impl Data {
    /// The first value that holds a reserved character: its name, and that character.
    pub fn reserved(&self) -> Option<(String, char)> {
        let maps = [Some(("vars.", &self.vars)), Some(("context.", &self.context)), Some(("inputs.", &self.inputs))];
        let mut maps = maps.into_iter().chain([self.each.as_ref().map(|each| ("each.", each))]).flatten();
        maps.find_map(|(prefix, map)| reserved_among(prefix, map))
    }

    /// The same as the crate sees it.
    pub fn root(&self) -> Root {
        let examples = Arc::new(self.inputs.clone());
        if let Some(found) = self.reserved() {
            return Root { context: Err(found), examples };
        }
        let mark = |name: &String| (name.clone(), Json::String(format!("{INPUT}{name}{END}")));
        let whole = || (WHOLE.to_owned(), Json::Null);
        let named = [
            whole(),
            ("vars".to_owned(), Json::Object(self.vars.clone())),
            ("inputs".to_owned(), Json::Object(self.inputs.keys().map(mark).chain([whole()]).collect())),
            ("context".to_owned(), Json::Object(self.context.clone())),
        ];
        let each = self.each.iter().map(|each| ("each".to_owned(), Json::Object(each.clone())));
        let mut root: Map<String, Json> = named.into_iter().chain(each).collect();
        let vars = self.vars.iter().map(|(name, value)| (name.clone(), value.clone()));
        for (name, value) in vars.chain(self.inputs.keys().map(mark)) {
            let is_input = matches!(&value, Json::String(text) if text.starts_with(INPUT));
            match root.get_mut(&name) {
                None => drop(root.insert(name, value)),
                Some(var) if is_input && self.vars.contains_key(&name) => *var = AMBIGUOUS.into(),
                Some(_) => {}
            }
        }
        Root { context: Ok(Arc::new(Json::Object(root).into())), examples }
    }
}

impl Root {
    /// The same with the names that `wrap` defines: `path`, `title`, `content`, `meta`, `index`, `user`, `assistant`,
    /// `turns`. They shadow vars and inputs: a var of the same name is still `vars.name`.
    pub fn with(&self, more: Map<String, Json>) -> Self {
        let Ok(root) = &self.context else { return self.clone() };
        if more.is_empty() {
            return self.clone();
        }
        if let Some(found) = reserved_among("", &more) {
            return Self { context: Err(found), examples: self.examples.clone() };
        }
        let mut data = root.data().clone();
        if let Some(all) = data.as_object_mut() {
            all.extend(more.into_iter().filter(|(name, _)| !OWN.contains(&&**name)));
        }
        Self { context: Ok(Arc::new(data.into())), examples: self.examples.clone() }
    }
}

/// The first reserved character of a text.
pub fn reserved(text: &str) -> Option<char> {
    // In UTF-8 all of them begin with this byte, which is rare in most texts.
    let is_possible = text.as_bytes().contains(&0xef);
    is_possible.then(|| text.chars().find(|c| ('\u{fdd0}'..='\u{fdef}').contains(c))).flatten()
}

/// The first reserved character of a value or of its name.
pub(super) fn reserved_in(name: &str, value: &Json) -> Option<char> {
    reserved(name).or_else(|| match value {
        Json::String(text) => reserved(text),
        Json::Array(items) => items.iter().find_map(|item| reserved_in("", item)),
        Json::Object(map) => map.iter().find_map(|(key, item)| reserved_in(key, item)),
        _ => None,
    })
}

/// The first value of a map that holds a reserved character: its name behind `prefix`, and that character.
fn reserved_among(prefix: &str, map: &Map<String, Json>) -> Option<(String, char)> {
    map.iter().find_map(|(name, value)| Some((format!("{prefix}{name}"), reserved_in(name, value)?)))
}

/// The name of the input that a value stands for.
pub(super) fn input(value: &Json) -> Option<&str> {
    value.as_str()?.strip_prefix(INPUT)?.strip_suffix(END)
}

/// Whether a value is all of the data, or `inputs`: it can be looked into, and that is all.
pub(super) fn is_whole(value: &Json) -> bool {
    value.get(WHOLE).is_some()
}

/// The names in a map, for hints.
pub(super) fn names(value: &Json) -> Vec<&str> {
    value.as_object().into_iter().flat_map(Map::keys).map(String::as_str).filter(|name| *name != WHOLE).collect()
}

/// A member of a map or a list.
pub(super) fn child<'v>(value: &'v Json, name: &str) -> Option<&'v Json> {
    match value {
        Json::Object(map) => map.get(name).filter(|_| name != WHOLE),
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The number of values in `json`, with each kilobyte of text counted as one: the steps that looking at all of it costs.
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

/// Whole numbers are compared as such. Rounding to a float is monotonic, so numbers that differ after it have the same
/// order before.
#[expect(clippy::cast_possible_truncation, reason = "a float that equals a whole number is one")]
fn numbers(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |number: &Number, float: f64| number.as_i128().unwrap_or(float as i128);
    let (left, right) = (a.as_f64()?, b.as_f64()?);
    let is_whole = a.as_i128().is_some() || b.as_i128().is_some();
    let order = left.partial_cmp(&right)?;
    Some(if is_whole && order.is_eq() { whole(a, left).cmp(&whole(b, right)) } else { order })
}
