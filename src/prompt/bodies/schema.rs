//! OpenAI's requirements for the schema of an answer: a plain name, and closed objects for its strict mode.

use serde_json::Value;

/// The name as the API takes it: up to 64 letters, digits, `_` and `-`; `_` for anything else.
pub(super) fn plain_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// Whether every object in the schema is closed and demands all its properties, and nothing in it
/// is outside of the subset that structured outputs support
/// (platform.openai.com/docs/guides/structured-outputs, "Supported schemas").
///
/// A schema that is not strict is sent all the same, as guidance: refusing it would break a prompt
/// that the other providers take.
pub(super) fn is_strict(schema: &Value) -> bool {
    let root_is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    root_is_object && schema.get("anyOf").is_none() && allowed(schema)
}

/// Keywords that strict mode refuses.
const UNSUPPORTED: [&str; 11] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "unevaluatedProperties",
    "prefixItems",
];

fn allowed(schema: &Value) -> bool {
    let Some(members) = schema.as_object() else { return false };
    if UNSUPPORTED.iter().any(|keyword| members.contains_key(*keyword)) {
        return false;
    }
    let is_object = match members.get("type") {
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        _ => members.contains_key("properties"),
    };
    let properties = members.get("properties").and_then(Value::as_object);
    if is_object {
        let required = members.get("required").and_then(Value::as_array);
        let demanded = |name: &String| required.is_some_and(|required| required.iter().any(|known| known == name));
        let closed = members.get("additionalProperties") == Some(&Value::Bool(false));
        if !closed || !properties.is_some_and(|properties| properties.keys().all(demanded)) {
            return false;
        }
    }
    let definitions = ["$defs", "definitions"].into_iter().filter_map(|key| members.get(key)?.as_object());
    let named = properties.into_iter().chain(definitions).flat_map(serde_json::Map::values);
    let alternatives = members.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    named.chain(alternatives).chain(members.get("items")).all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_made_plain() {
        assert_eq!(plain_name("triage.v2/é x"), "triage_v2___x");
        assert_eq!(plain_name(""), "answer");
        assert_eq!(plain_name(&"x".repeat(80)).len(), 64);
    }

    #[test]
    fn only_closed_objects_that_demand_all_are_strict() {
        let leaf = json!({"type": "string"});
        let strict = json!({
            "type": "object", "properties": {"a": leaf, "list": {"type": "array", "items": {"$ref": "#/$defs/b"}}},
            "required": ["list", "a"], "additionalProperties": false,
            "$defs": {"b": {"anyOf": [leaf, {"type": "null"}]}},
        });
        assert!(is_strict(&strict));
        let table = [
            ("/required", json!(["a"])),
            ("/additionalProperties", json!(true)),
            ("/type", json!("array")),
            ("/properties/a", json!({"allOf": [leaf]})),
            ("/properties/list/items", json!({"type": "object"})),
            ("/$defs/b/anyOf/1", json!({"properties": {}})),
            ("/$defs/b", json!(true)),
        ];
        for (pointer, broken) in table {
            let mut schema = strict.clone();
            *schema.pointer_mut(pointer).unwrap() = broken;
            assert!(!is_strict(&schema), "{pointer}");
        }
    }
}
