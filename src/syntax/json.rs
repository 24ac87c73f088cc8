//! JSON that people write: tools, schemas, examples. Faults have a place, and a duplicate key is a
//! fault, which serde_json alone would not report.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::syntax::diag::Diagnostic;
use crate::syntax::source::{Source, Span};

/// How serde_json's message begins when a text ends before its value does.
pub const CUT_SHORT: &str = "EOF while parsing";

const DUPLICATE: &str = "two values for the key ";

/// The single JSON value in `range` of `source`, or its first fault.
pub fn parse(source: &Arc<Source>, range: Range<usize>) -> Result<Value, Box<Diagnostic>> {
    let text = source.text().get(range.clone()).unwrap_or_default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Unique
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| fault(&error, source, range))
}

/// Checks that a whole file is JSON. Duplicate keys are not looked for.
pub fn check(source: &Arc<Source>) -> Result<(), Box<Diagnostic>> {
    serde_json::from_str::<IgnoredAny>(source.text())
        .map(|_| ())
        .map_err(|error| fault(&error, source, 0..source.text().len()))
}

/// An error of serde_json, whose lines and columns count from the start of `range`.
fn fault(error: &serde_json::Error, source: &Arc<Source>, range: Range<usize>) -> Box<Diagnostic> {
    let text = source.text();
    let lines_before =
        text.get(range.clone()).unwrap_or_default().split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start = range.start + lines_before.map(str::len).sum::<usize>();
    let at = text.floor_char_boundary((line_start + error.column().saturating_sub(1)).min(range.end));
    let written = error.to_string();
    let message = match written.rsplit_once(" at line ").map_or(&*written, |(message, _)| message) {
        "expected ident" => "expected true, false or null".to_owned(),
        message => message.to_owned(),
    };
    if !message.starts_with(DUPLICATE) {
        return Box::new(Diagnostic::error("json-syntax", message).at(&Span::new(source, at, at)));
    }
    // The error comes at the closing quote of the second key.
    let before = text.get(range.start..at).unwrap_or_default();
    let start = before.rfind('"').map_or(at, |quote| range.start + quote);
    let key = Span::new(source, start, (at + 1).min(range.end));
    Box::new(Diagnostic::error("duplicate-key", message).at(&key).hint("remove one of the two"))
}

/// A JSON value in which no map has a key twice: serde_json's own takes the last of two in silence.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{DUPLICATE}{key:?}")));
            }
            fields.insert(key, map.next_value_seed(self)?);
        }
        Ok(Value::Object(fields))
    }
}
