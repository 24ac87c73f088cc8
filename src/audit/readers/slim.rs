//! JSON without the text of prompts and answers: it is dropped as it is read, and never held, printed or hashed.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Keys whose texts, lists and objects are what was said. Numbers below them stay: Langfuse counts `input` and `output`.
const SAID: [&str; 14] = [
    "content",
    "choices",
    "messages",
    "candidates",
    "input",
    "output",
    "text",
    "tools",
    "system",
    "prompt",
    "completion",
    "instructions",
    "parts",
    "toolUseResult",
];

/// Keys whose texts are JSON again, however long.
const NESTED: [&str; 2] = ["metadata", "request_tags"];

/// The longest text that is a name, a time or a number.
const LONGEST_NAME: usize = 1024;

/// Parses one value.
///
/// # Errors
/// When it is no JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Slim::Whole.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// What of a value is taken.
#[derive(Clone, Copy)]
enum Slim {
    /// All but long texts.
    Whole,
    /// Numbers and null only.
    Numbers,
    /// All of it.
    Nested,
}

impl<'de> DeserializeSeed<'de> for Slim {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slim {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(match self {
            Self::Numbers => Value::Null,
            Self::Whole if text.len() > LONGEST_NAME => Value::Null,
            _ => Value::String(text.to_owned()),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        if matches!(self, Self::Numbers) {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        }
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self::Whole)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        if matches!(self, Self::Numbers) {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        }
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let taken = match &*key {
                key if SAID.contains(&key) => Self::Numbers,
                key if NESTED.contains(&key) => Self::Nested,
                _ => Self::Whole,
            };
            let value = map.next_value_seed(taken)?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_never_there() {
        let line = r#"{"choices":[{"message":{"content":"secret"}}],"usage":{"input":7,"output":2},"input":"secret",
            "metadata":"{\"a\": 1}","model":"m","system":[{"text":"secret"}]}"#;
        let value = parse(line.as_bytes()).unwrap();
        assert!(!value.to_string().contains("secret"), "{value}");
        assert_eq!(value.pointer("/usage/input"), Some(&7.into()));
        assert_eq!(value["metadata"], "{\"a\": 1}");
        assert!(parse(b"{\"a\":1").is_err() && parse(b"{} x").is_err());
    }
}
