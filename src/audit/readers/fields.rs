//! Fields of a JSON value, as every reader takes them: absent is `None`, absurd is an error.

use serde_json::Value;

use crate::audit::record::{MOST_TOKENS, Millis, Record, StartIs};

/// A figure that is no number of tokens.
#[derive(Debug)]
pub(super) struct Absurd;

/// A value and its fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    /// What is at a path of keys; null counts as absent.
    pub fn get(self, path: &str) -> Option<Fields<'a>> {
        path.split('/').try_fold(self.0, |value, key| value.get(key)).filter(|value| !value.is_null()).map(Fields)
    }

    /// A number of tokens, also as a text of digits (OTLP) or a whole decimal.
    pub fn tokens(self, path: &str) -> Result<Option<u64>, Absurd> {
        let Some(Fields(value)) = self.get(path) else { return Ok(None) };
        let number = value.as_u64().or_else(|| match value {
            Value::String(digits) => digits.parse().ok(),
            other => {
                other.as_f64().filter(|own| own.fract() == 0.0 && *own >= 0.0 && *own < 1e15).map(|own| own as u64)
            }
        });
        number.filter(|number| *number <= MOST_TOKENS).map(Some).ok_or(Absurd)
    }

    /// The first of several names that is there.
    pub fn first_tokens(self, names: &[&str]) -> Result<Option<u64>, Absurd> {
        for name in names {
            if let Some(tokens) = self.tokens(name)? {
                return Ok(Some(tokens));
            }
        }
        Ok(None)
    }

    /// A text that is not empty.
    pub fn text(self, path: &str) -> Option<String> {
        self.get(path)?.0.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A time: a text, or seconds.
    pub fn time(self, path: &str) -> Option<Millis> {
        match self.get(path)?.0 {
            Value::String(written) => Millis::parse(written).or_else(|| Millis::of_epoch(written.trim().parse().ok()?)),
            Value::Number(number) => Millis::of_epoch(number.as_f64()?),
            _ => None,
        }
    }

    /// An object that may be written as a text of JSON.
    pub fn nested(self, key: &str) -> Value {
        match self.0.get(key) {
            Some(Value::String(json)) => super::slim::parse(json.as_bytes()).unwrap_or_default(),
            Some(other) => other.clone(),
            None => Value::Null,
        }
    }
}

/// Our own line around a body: `{"start", "first_token", "end", "session", "digest", "request", "response"}`.
/// Returns the body, the request, and what the envelope says; a body without one is itself.
pub(super) fn envelope(line: Fields<'_>) -> (Fields<'_>, Fields<'_>, Record) {
    const NONE: &Value = &Value::Null;
    let Some(body) = line.get("response").filter(|body| body.0.is_object()) else {
        return (line, Fields(NONE), Record::default());
    };
    let request = line.get("request").unwrap_or(Fields(NONE));
    let carried = || {
        ["metadata", "requestMetadata", "labels"]
            .iter()
            .find_map(|key| request.text(&format!("{key}/contexture_digest")))
    };
    let start = line.time("start");
    let record = Record {
        start,
        start_is: start.map(|_| StartIs::Exact),
        first_token: line.time("first_token"),
        end: line.time("end"),
        digest: line.text("digest").or_else(carried),
        session: line.text("session"),
        ..Record::default()
    };
    (body, request, record)
}
