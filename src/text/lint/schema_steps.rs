//! How long a validator of a JSON Schema would walk, reckoned beforehand.
//!
//! A validator follows each `$ref` each time that it meets one, and tries every alternative. So a schema of N levels,
//! each the next one twice, is walked 2^N times. Here each part is reckoned once, with the numbers of steps multiplied
//! and added, and a schema that would be walked for too long is not used.

use std::collections::HashMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value as Json};

use crate::syntax::limits::{MAX_SCHEMA_DEPTH, MAX_SCHEMA_PAIRS, MAX_SCHEMA_STEPS};

/// A schema that any number of values are held against, each in a bounded number of steps.
#[derive(Debug)]
pub struct BoundedSchema {
    schema: Json,
    validator: Validator,
}

impl BoundedSchema {
    /// The schema, or why it cannot be used. Patterns run in time linear in the text (the regex crate has no
    /// backtracking), and no reference is fetched.
    pub fn new(schema: Json) -> Result<Self, String> {
        Steps::of(&schema).compile()?;
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let validator = options.build(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// Why a value is not valid: the JSON pointer of the part, and what is wrong with it.
    pub fn fault(&self, value: &Json) -> Option<(String, String)> {
        if let Err(why) = Steps::of(&self.schema).validate(value) {
            return Some((String::new(), format!("it cannot be held against the schema: {why}")));
        }
        let error = self.validator.iter_errors(value).next()?;
        Some((error.instance_path().to_string(), error.to_string()))
    }
}

/// A part of a schema and what is held against it, each by its address; no value for the compiling of the schema.
type Pair = (usize, Option<usize>);

/// The steps of one schema.
pub(super) struct Steps<'a> {
    root: &'a Json,
    /// `None` while a part is reckoned: to meet it again then is to go round in a circle.
    known: HashMap<Pair, Option<u64>>,
    ids: HashMap<&'a str, &'a Json>,
    /// How many parts are open, each within the one before.
    depth: usize,
}

impl<'a> Steps<'a> {
    /// Nothing is reckoned yet.
    pub fn of(root: &'a Json) -> Self {
        let mut ids = HashMap::new();
        let mut ahead = vec![root];
        while let Some(schema) = ahead.pop() {
            for key in ["$id", "$anchor", "$dynamicAnchor"] {
                if let Some(name) = schema.get(key).and_then(Json::as_str) {
                    ids.entry(name.trim_start_matches('#')).or_insert(schema);
                }
            }
            match schema {
                Json::Object(members) => ahead.extend(members.values()),
                Json::Array(items) => ahead.extend(items),
                _ => {}
            }
        }
        Self { root, known: HashMap::new(), ids, depth: 0 }
    }

    /// Whether the schema can be compiled in time.
    pub fn compile(&mut self) -> Result<(), String> {
        self.count(self.root, None).and_then(within)
    }

    /// Whether a value can be held against it in time.
    pub fn validate(&mut self, value: &'a Json) -> Result<(), String> {
        self.known.retain(|(_, value), _| value.is_none());
        self.count(self.root, Some(value)).and_then(within)
    }

    /// The steps that a part of the schema takes, for a value or to be compiled.
    fn count(&mut self, schema: &'a Json, value: Option<&'a Json>) -> Result<u64, String> {
        let Json::Object(members) = schema else { return Ok(1) };
        let key = (address(schema), value.map(address));
        match self.known.get(&key) {
            Some(Some(steps)) => return Ok(*steps),
            // A circle ends when it is compiled. When it takes nothing of the value it never ends.
            Some(None) if value.is_none() => return Ok(1),
            Some(None) => return Err("it leads to itself, and takes nothing of a value on the way".to_owned()),
            None => {}
        }
        if self.known.len() >= MAX_SCHEMA_PAIRS {
            return Err(format!("it has more than {MAX_SCHEMA_PAIRS} parts to hold against a value"));
        }
        if self.depth >= MAX_SCHEMA_DEPTH {
            return Err(format!("its parts lead to each other more than {MAX_SCHEMA_DEPTH} deep"));
        }
        self.depth += 1;
        self.known.insert(key, None);
        let steps = self.count_members(members, value);
        self.depth -= 1;
        self.known.insert(key, Some(steps.as_ref().copied().unwrap_or(u64::MAX)));
        steps
    }

    fn count_members(&mut self, members: &'a Map<String, Json>, value: Option<&'a Json>) -> Result<u64, String> {
        let mut steps: u64 = 1;
        for (keyword, below) in members {
            let referred =
                below.as_str().filter(|_| matches!(keyword.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef"));
            let targets: Vec<&'a Json> = match (keyword.as_str(), below) {
                ("$defs" | "definitions" | "const" | "enum" | "default" | "examples", _) => continue,
                _ if referred.is_some() => referred.and_then(|name| self.target(name)).into_iter().collect(),
                (_, Json::Array(items)) => items.iter().collect(),
                ("properties" | "patternProperties" | "dependentSchemas" | "dependencies", Json::Object(named)) => {
                    named.values().collect()
                }
                (_, Json::Object(_)) => vec![below],
                _ => continue,
            };
            let children: Vec<Option<&'a Json>> = match (is_about_parts(keyword), value) {
                (true, Some(Json::Object(members))) if keyword == "properties" => {
                    // Each name with its own part.
                    if let Json::Object(named) = below {
                        for (name, schema) in named {
                            if let Some(own) = members.get(name) {
                                steps = steps.saturating_add(self.count(schema, Some(own))?);
                            }
                        }
                    }
                    continue;
                }
                (true, Some(Json::Object(members))) => members.values().map(Some).collect(),
                (true, Some(Json::Array(items))) => items.iter().map(Some).collect(),
                (true, Some(_)) => continue,
                (_, value) => vec![value],
            };
            for target in targets {
                for child in &children {
                    steps = steps.saturating_add(self.count(target, *child)?);
                }
            }
        }
        Ok(steps)
    }

    /// What a reference leads to, if that is in the schema. Others are not followed.
    fn target(&self, name: &str) -> Option<&'a Json> {
        let Some(pointer) = name.strip_prefix('#') else { return self.ids.get(name).copied() };
        if pointer.is_empty() {
            return Some(self.root);
        }
        let decoded = pointer.replace("%25", "%").replace("%24", "$");
        self.root.pointer(&decoded).or_else(|| self.ids.get(pointer).copied())
    }
}

fn within(steps: u64) -> Result<(), String> {
    if steps <= MAX_SCHEMA_STEPS {
        Ok(())
    } else {
        Err(format!("a validator would take more than {MAX_SCHEMA_STEPS} steps"))
    }
}

/// Whether a keyword is about the members or items of a value; all others are about the value itself.
fn is_about_parts(keyword: &str) -> bool {
    matches!(keyword, "properties" | "patternProperties" | "additionalProperties" | "unevaluatedProperties")
        || matches!(keyword, "items" | "prefixItems" | "additionalItems" | "unevaluatedItems" | "contains")
        || keyword == "propertyNames"
}

fn address(value: &Json) -> usize {
    std::ptr::from_ref(value).addr()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn levels(levels: usize, keyword: &str) -> Json {
        let mut defs = serde_json::Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/n{}", level + 1)});
            defs.insert(format!("n{level}"), json!({keyword: [next, next]}));
        }
        defs.insert(format!("n{levels}"), json!({"type": "integer"}));
        json!({"$ref": "#/$defs/n0", "$defs": defs})
    }

    #[test]
    fn alternatives_of_alternatives_are_multiplied() {
        for keyword in ["anyOf", "allOf", "oneOf"] {
            assert_eq!(Steps::of(&levels(8, keyword)).compile(), Ok(()));
            assert!(Steps::of(&levels(40, keyword)).compile().is_err());
            assert!(Steps::of(&levels(4000, keyword)).compile().is_err());
        }
    }

    #[test]
    fn a_schema_may_lead_to_itself_where_it_takes_something() {
        let tree = json!({"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        let mut value = json!({});
        for _ in 0..40 {
            value = json!({"left": value, "right": {}});
        }
        let mut steps = Steps::of(&tree);
        assert_eq!((steps.compile(), steps.validate(&value)), (Ok(()), Ok(())));
        let twice = json!({"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
        let mut value = json!({});
        for _ in 0..40 {
            value = json!({"a": value});
        }
        let mut steps = Steps::of(&twice);
        assert_eq!(steps.compile(), Ok(()));
        assert!(steps.validate(&value).is_err());
        let round = json!({"allOf": [{"$ref": "#"}]});
        assert!(Steps::of(&round).validate(&json!(1)).is_err());
    }
}
