//! The small grammar of `when` and `where`: `name`, `name == value`, `name != value`.
//!
//! It has no `and`, `or` or brackets on purpose: a list of conditions means and, and anything beyond
//! that belongs into a template or a variant.

use std::fmt;

use serde_json::Value;

use crate::syntax::json::Decimal;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    written: String,
    name: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// It is there, and not false, null, 0 or empty: what a template's `if` takes for true.
    Truthy,
    Equal(Operand),
    NotEqual(Operand),
}

/// The value that is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Operand {
    text: String,
    /// In quotes it is compared as text only; bare, `1` is also `1.0`.
    quoted: bool,
}

/// The lookup of a condition's name found nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not known here")]
pub struct UnknownName {
    /// The name as written.
    pub name: String,
}

impl Condition {
    /// Parses `name`, `name == value` or `name != value`. Names and values may be quoted, with single or
    /// double quotes; they must be if they contain an operator, and a name also if it contains a blank.
    ///
    /// # Errors
    /// What is wrong, in one sentence without a full stop. [`GRAMMAR`] is the hint that goes with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, rest) = match quoted(text)? {
            Some((name, rest)) => (name, rest.trim_start()),
            None => {
                let end = text.find(['=', '!', '<', '>', '&', '|', '(', ')', '"', '\'']).unwrap_or(text.len());
                let (name, rest) = text.split_at(end);
                (bare_name(name.trim_end())?, rest)
            }
        };
        if name.is_empty() {
            return Err(format!("there is no name in `{text}`"));
        }
        let (written, name) = (text.to_owned(), name.to_owned());
        if rest.is_empty() {
            return Ok(Self { written, name, test: Test::Truthy });
        }
        let (equal, operand) = match (rest.strip_prefix("=="), rest.strip_prefix("!=")) {
            (Some(operand), _) => (true, operand),
            (_, Some(operand)) => (false, operand),
            _ if rest.starts_with('=') => return Err(format!("`{text}` compares with one `=`; write `==`")),
            _ => return Err(format!("`{text}` is not a condition")),
        };
        let operand = operand.trim();
        let operand = match quoted(operand)? {
            Some((value, "")) => Operand { text: value.to_owned(), quoted: true },
            Some(_) => return Err(format!("something follows the closing quote in `{text}`")),
            None => Operand { text: bare_value(operand)?.to_owned(), quoted: false },
        };
        Ok(Self { written, name, test: if equal { Test::Equal(operand) } else { Test::NotEqual(operand) } })
    }

    /// The name that is looked up.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the condition is true of the value that `lookup` has for its name.
    ///
    /// A number is compared by its value and anything else as text, so that `1` in JSON and `1` in CSV
    /// are alike; a list equals a value when one of its items does, and a map equals none.
    ///
    /// # Errors
    /// When `lookup` returns `None`: it does not know the name.
    pub fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<Value>) -> Result<bool, UnknownName> {
        let value = lookup(&self.name).ok_or_else(|| UnknownName { name: self.name.clone() })?;
        Ok(self.holds(&value, false))
    }

    /// Whether the condition is true of a field of a record, where text means what it spells, because the
    /// cells of a table are all text: `FALSE` and `0.0` are false, `1.0` is 1. A value in quotes is compared
    /// as text only; else [`Condition::evaluate`] says how values are compared.
    pub fn matches(&self, value: &Value) -> bool {
        self.holds(value, true)
    }

    fn holds(&self, value: &Value, spelled: bool) -> bool {
        match &self.test {
            Test::Truthy => truthy(value, spelled),
            Test::Equal(operand) => operand.equals(value, spelled),
            Test::NotEqual(operand) => !operand.equals(value, spelled),
        }
    }
}

/// The grammar in one line: the hint for a condition that cannot be parsed.
pub const GRAMMAR: &str = "write `name`, `name == value` or `name != value`; a list holds if every one does";

/// A leading quoted text and what follows it; `None` when there is no quote.
fn quoted(text: &str) -> Result<Option<(&str, &str)>, String> {
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) else { return Ok(None) };
    let inner = text.get(1..).unwrap_or_default();
    inner.split_once(quote).map(Some).ok_or_else(|| format!("the quote in `{text}` is not closed"))
}

fn bare_name(name: &str) -> Result<&str, String> {
    match name.split_whitespace().next() {
        Some("not") => {
            Err(format!("`not` is not an operator; write `{} != true`", name.trim_start_matches("not").trim()))
        }
        Some(first) if first != name => Err(format!("`{name}` is more than one name; quote it if it is one")),
        _ => Ok(name),
    }
}

fn bare_value(value: &str) -> Result<&str, String> {
    if value.is_empty() {
        return Err("there is no value after the operator; write `\"\"` for empty text".to_owned());
    }
    let joins = |word: &str| matches!(word, "and" | "or" | "&&" | "||" | "==" | "!=");
    if value.split_whitespace().any(joins) || value.contains(['"', '\'']) || value.starts_with('=') {
        return Err(format!("the value `{value}` needs quotes, or is more than one condition"));
    }
    Ok(value)
}

impl Operand {
    fn equals(&self, value: &Value, spelled: bool) -> bool {
        let is_word = |word: &str| !self.quoted && self.text.eq_ignore_ascii_case(word);
        match value {
            Value::Array(items) => items.iter().any(|item| self.equals(item, spelled)),
            Value::String(text) => {
                let text = if spelled && !self.quoted { text.trim() } else { text };
                let is_flag = is_word("true") || is_word("false");
                let alike = || is_flag && is_word(text) || self.is_number(text);
                *text == self.text || spelled && !self.quoted && alike()
            }
            // A number beyond 64 bits was rounded when it was read.
            Value::Number(number) if number.is_f64() => {
                number.to_string() == self.text || !self.quoted && number.as_f64() == self.text.parse().ok()
            }
            Value::Number(number) => {
                let number = number.to_string();
                number == self.text || !self.quoted && self.is_number(&number)
            }
            Value::Bool(flag) => self.text == flag.to_string() || is_word(&flag.to_string()),
            Value::Null => self.text == "null",
            Value::Object(_) => false,
        }
    }

    /// Whether both spell the same number.
    fn is_number(&self, text: &str) -> bool {
        Decimal::of_json(text).is_some_and(|number| Decimal::of_json(&self.text) == Some(number))
    }
}

/// Whether a value counts as true: as a template's `if` takes it, or, where text means what it `spelled`, also
/// by its text.
fn truthy(value: &Value, spelled: bool) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) if spelled => {
            let text = text.trim();
            let is_zero = Decimal::of_json(text).is_some_and(|number| number.is_zero());
            !(text.is_empty() || text.eq_ignore_ascii_case("false") || is_zero)
        }
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

impl fmt::Display for Condition {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn is_true(condition: &str, value: Value) -> bool {
        Condition::parse(condition).unwrap().evaluate(&|name| (name == "it").then(|| value.clone())).unwrap()
    }

    #[test]
    fn a_name_alone_asks_what_a_template_s_if_asks() {
        for value in [json!(true), json!(1), json!("false"), json!([0]), json!({"a": null})] {
            assert!(is_true("it", value.clone()), "{value}");
        }
        for value in [json!(null), json!(false), json!(0), json!(-0.0), json!(""), json!([]), json!({})] {
            assert!(!is_true("it", value.clone()), "{value}");
        }
    }

    #[test]
    fn numbers_are_compared_by_value_and_the_rest_as_text() {
        for (condition, value, expected) in [
            ("it == refund", json!("refund"), true),
            ("it==refund", json!("refund"), true),
            ("it != refund", json!("refund"), false),
            ("it == \"a == b\"", json!("a == b"), true),
            ("it == 'it is \"so\"'", json!("it is \"so\""), true),
            ("it == refund request", json!("refund request"), true),
            ("it == \"\"", json!(""), true),
            ("it == 1", json!(1), true),
            ("it == 1.0", json!(1), true),
            ("it == \"1.0\"", json!(1), false),
            ("it == 1", json!("1"), true),
            ("it == 1.0", json!("1"), false),
            ("it == 18446744073709551615", json!(u64::MAX), true),
            ("it == true", json!(true), true),
            ("it == true", json!("true"), true),
            ("it == null", json!(null), true),
            ("it == b", json!(["a", "b"]), true),
            ("it != b", json!(["a", "b"]), false),
            ("it == Refund", json!("refund"), false),
        ] {
            assert_eq!(is_true(condition, value.clone()), expected, "{condition} on {value}");
        }
    }

    #[test]
    fn in_a_record_text_means_what_it_spells() {
        let picked = |condition: &str| {
            let condition = Condition::parse(condition).unwrap();
            let cells = ["true", "TRUE", "false", "False", "0", "0.0", "", " ", "1.0", "01", "no"];
            cells.into_iter().filter(|cell| condition.matches(&json!(cell))).collect::<Vec<_>>()
        };
        assert_eq!(picked("it"), ["true", "TRUE", "1.0", "01", "no"]);
        assert_eq!(picked("it == true"), ["true", "TRUE"]);
        assert_eq!(picked("it == FALSE"), ["false", "False"]);
        assert_eq!(picked("it == \"true\""), ["true"]);
        assert_eq!(picked("it == 0"), ["0", "0.0"]);
        assert_eq!(picked("it == 1"), ["1.0"]);
        assert_eq!(picked("it != false").len(), 9);
        for (condition, value, expected) in [
            ("it == TRUE", json!(true), true),
            ("it == 9007199254740993", json!(9_007_199_254_740_992_u64), false),
            ("it == 18446744073709551616", json!(18_446_744_073_709_551_616.0), true),
            ("it == b", json!(["a", "b"]), true),
        ] {
            assert_eq!(Condition::parse(condition).unwrap().matches(&value), expected, "{condition} on {value}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_and_a_quoted_one_may_contain_blanks() {
        let condition = Condition::parse("\"Customer type\" == vip").unwrap();
        assert_eq!(condition.name(), "Customer type");
        assert_eq!(condition.evaluate(&|_| None), Err(UnknownName { name: "Customer type".to_owned() }));
    }

    #[test]
    fn what_is_not_in_the_grammar_is_an_error() {
        for (written, expected) in [
            ("", "there is no name"),
            ("== a", "there is no name"),
            ("a = b", "write `==`"),
            ("a ==", "no value"),
            ("a < 3", "not a condition"),
            ("a == b and c", "more than one condition"),
            ("a == b && c == d", "more than one condition"),
            ("a b", "more than one name"),
            ("not a", "write `a != true`"),
            ("!a", "no name"),
            ("a == \"b", "not closed"),
            ("a == \"b\" c", "follows the closing quote"),
            ("a == b\"", "needs quotes"),
            ("a === b", "needs quotes"),
        ] {
            let error = Condition::parse(written).unwrap_err();
            assert!(error.contains(expected), "{written:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_not_equal_is_the_opposite_of_equal(text in "[a-b =!\"'.é\\\\]{0,12}", value in "[ab =]{0,3}") {
            let _ = Condition::parse(&text);
            let (equal, not_equal) = (format!("it == {value:?}"), format!("it != {value:?}"));
            prop_assert!(is_true(&equal, json!(value)));
            prop_assert_ne!(is_true(&equal, json!(text)), is_true(&not_equal, json!(text)));
        }
    }
}
