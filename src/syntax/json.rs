//! JSON that people write: tools, schemas, examples. Faults have a place, and a duplicate key is a
//! fault, which serde_json alone would not report.
//!
//! serde_json holds a number in 64 bits, whatever its spelling. [`numbers`] finds the numbers as they were
//! written, and [`Decimal`] compares such spellings by their exact value.

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

/// The numbers of a text that is valid JSON, in order.
pub fn numbers(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *bytes.get(at)?;
            let is_number = byte == b'-' || byte.is_ascii_digit();
            let rest = bytes.get(at..).unwrap_or_default();
            let end = match byte {
                b'"' => at + string_len(rest),
                _ if is_number => at + rest.iter().take_while(|byte| b"+-.0123456789Ee".contains(byte)).count(),
                _ => at + 1,
            };
            let token = std::mem::replace(&mut at, end)..end;
            if is_number {
                return Some(token);
            }
        }
    })
}

/// The length of the JSON string that `bytes` begin with, both quotes counted.
pub fn string_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return (at + 1).min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}

/// The exact value of a number, however it is spelled: `1E5`, `100000` and `100000.0` are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for 0.
    digits: String,
    /// The value is 0.`digits` times ten to this power.
    exponent: i64,
}

impl Decimal {
    /// The value of a decimal number in JSON or YAML (`+1`, `.5` and `012` are numbers of YAML only).
    pub fn parse(written: &str) -> Option<Self> {
        let unsigned = written.strip_prefix(['+', '-']).unwrap_or(written);
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let before_point = i64::try_from(digits.len()).ok()? - i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative: written.starts_with('-'),
            digits: digits.trim_end_matches('0').to_owned(),
            exponent: power.checked_add(before_point)?,
        })
    }

    /// The value of text that spells a number as JSON does; `None` for `01234`, which is rather a code.
    pub fn of_json(written: &str) -> Option<Self> {
        let unsigned = written.strip_prefix('-').unwrap_or(written);
        let whole = unsigned.split(['.', 'e', 'E']).next().unwrap_or_default();
        let is_spelled = !written.starts_with('+')
            && (whole == "0" || !whole.is_empty() && !whole.starts_with('0'))
            && !unsigned.ends_with('.')
            && !unsigned.contains(".e")
            && !unsigned.contains(".E");
        if is_spelled { Self::parse(written) } else { None }
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }
}

/// The fault of a number in a definition or a schema that RFC 8785, whose numbers are 64-bit floats, has not
/// exactly: `written` stands at `at`. Whole numbers are exact up to 2^53.
pub fn inexact(written: &str, at: &Span) -> Option<Diagnostic> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let double: f64 = written.parse().ok()?;
    // The shortest digits that name this double, which RFC 8785 writes, too.
    let is_same = Decimal::parse(&format!("{double:e}")) == Decimal::parse(written);
    if is_same && (double.abs() <= WHOLE || written.contains(['.', 'e', 'E'])) {
        return None;
    }
    let message = format!("`{written}` is not exact as a 64-bit float, which a number is here (RFC 8785)");
    Some(Diagnostic::error("inexact-number", message).at(at).hint("write it with at most 15 digits, or as text"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value_and_never_by_a_rounding() {
        for (one, two, equal) in [
            ("1E5", "100000", true),
            ("100000.0", "1e+5", true),
            ("0.10", "1e-1", true),
            ("-0", "0.000", true),
            ("-1", "1", false),
            ("18446744073709551616", "18446744073709551617", false),
            ("9007199254740992", "9007199254740993", false),
            ("012", "12", true),
            ("+.5", "0.5", true),
        ] {
            assert_eq!(Decimal::parse(one) == Decimal::parse(two), equal, "{one} {two}");
        }
        for no in ["", "-", ".", "1e", "e5", "0x1f", "1_000", "1.2.3", "NaN", "1e99999999999999999999"] {
            assert_eq!(Decimal::parse(no), None, "{no}");
        }
        for (written, is_json) in
            [("01", false), ("0", true), ("-0.5", true), ("+1", false), (".5", false), ("1.", false), ("1.e5", false)]
        {
            assert_eq!(Decimal::of_json(written).is_some(), is_json, "{written}");
        }
    }

    #[test]
    fn numbers_are_found_outside_of_text() {
        let text = r#"{"a1": [-1.50e+3, "2 \" 3", 18446744073709551616], "b": 0}"#;
        let found: Vec<&str> = numbers(text).map(|range| &text[range]).collect();
        assert_eq!(found, ["-1.50e+3", "18446744073709551616", "0"]);
    }
}
