//! Turns a record into an example: the turns are found by the record's shape or by a mapping, and the
//! other fields are metadata.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Example, FileFaults, Mapping, RawRecord, Turn, field};
use crate::prompt::segment::Role;
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// The names of the user's and the assistant's field in records of two turns.
const PAIRS: [(&str, &str); 3] = [("input", "output"), ("user", "assistant"), ("question", "answer")];
/// What a shape is called in a message.
const SHAPES: &str = "{input, output}, {user, assistant}, {question, answer} or {messages: [{role, content}]}";
/// What to do about a record of no known shape.
pub(super) const MAP_HINT: &str = "say where the turns are: `map: {user: path, assistant: path}`";
const TEXT_ONLY: &str = "examples are text only in this release";

/// The example that `record` is; `None` after reporting its faults.
pub(super) fn example(record: RawRecord<'_>, map: Option<&Mapping>, report: &mut FileFaults<'_>) -> Option<Example> {
    let RawRecord { index, value, span, place } = record;
    let mut reader = TurnReader { place, report, faulty: false };
    let Value::Object(mut fields) = value else {
        let message = format!("a record is a map, this one is {}", kind(&value));
        reader.fault(&[], "example-shape", message, format!("write it as {SHAPES}"));
        return None;
    };
    let turns = match map {
        Some(map) => reader.mapped(&mut fields, map),
        None => reader.shaped(&mut fields),
    };
    if reader.faulty {
        return None;
    }
    let last = span.end.saturating_sub(1).max(span.start);
    let lines = span.source.line(span.start)..=span.source.line(last);
    Some(Example { index, turns, meta: fields, lines, span })
}

/// Where the turns are in a record without a mapping.
pub(super) enum TurnShape {
    /// Under these two keys.
    Pair(&'static str, &'static str),
    /// As a list under `messages`.
    Messages,
}

/// The one shape that the record's keys fit; the error says which keys those are.
pub(super) fn shape(fields: &Map<String, Value>) -> Result<TurnShape, String> {
    let pairs =
        PAIRS.into_iter().filter(|(user, assistant)| fields.contains_key(*user) && fields.contains_key(*assistant));
    let messages = fields.contains_key("messages").then_some(TurnShape::Messages);
    let mut fitting = pairs.map(|(user, assistant)| TurnShape::Pair(user, assistant)).chain(messages);
    match (fitting.next(), fitting.next()) {
        (Some(shape), None) => Ok(shape),
        (None, _) => Err(format!("the record fits no shape: it has {}, and a shape is {SHAPES}", keys(fields))),
        _ => Err(format!("the record fits more than one shape: it has {}, and a shape is {SHAPES}", keys(fields))),
    }
}

/// Takes the turns out of one record's fields.
struct TurnReader<'a, 'r, 'f> {
    place: &'a dyn Fn(&[&str]) -> Span,
    report: &'r mut FileFaults<'f>,
    faulty: bool,
}

impl TurnReader<'_, '_, '_> {
    fn mapped(&mut self, fields: &mut Map<String, Value>, map: &Mapping) -> Vec<Turn> {
        let sides = [(Role::User, &map.user), (Role::Assistant, &map.assistant)];
        let mut turns = Vec::new();
        let mut taken = Vec::new();
        for (role, path) in sides {
            let steps = field::steps(fields, path);
            match field::lookup(fields, path) {
                Some(value) => turns.extend(self.turn(role, &steps, value.clone())),
                None => {
                    let message = format!("there is nothing at `{path}`, where `map` puts the {} turn", role.as_str());
                    self.fault(&steps, "example-map", message, format!("the record has {}", keys(fields)));
                }
            }
            taken.push(steps);
        }
        taken.iter().for_each(|steps| field::remove(fields, steps));
        turns
    }

    fn shaped(&mut self, fields: &mut Map<String, Value>) -> Vec<Turn> {
        match shape(fields) {
            Ok(TurnShape::Pair(user, assistant)) => {
                let sides = [(Role::User, user), (Role::Assistant, assistant)];
                let turn = |(role, key)| self.turn(role, &[key], fields.shift_remove(key).unwrap_or_default());
                sides.into_iter().filter_map(turn).collect()
            }
            Ok(TurnShape::Messages) => {
                let messages = fields.shift_remove("messages").unwrap_or_default();
                self.messages(messages)
            }
            Err(message) => {
                self.fault(&[], "example-shape", message, MAP_HINT);
                Vec::new()
            }
        }
    }

    fn messages(&mut self, messages: Value) -> Vec<Turn> {
        let Value::Array(messages) = messages else {
            let message = format!("`messages` is a list of messages, this one is {}", kind(&messages));
            self.fault(&["messages"], "example-shape", message, "write `messages: [{role, content}]`");
            return Vec::new();
        };
        if messages.is_empty() {
            self.fault(&["messages"], "example-empty", "`messages` is empty", "an example has at least one turn");
        }
        let mut turns = Vec::new();
        for (number, message) in messages.into_iter().enumerate() {
            turns.extend(self.message(&number.to_string(), message));
        }
        turns
    }

    fn message(&mut self, number: &str, message: Value) -> Option<Turn> {
        let Value::Object(mut message) = message else {
            let message = format!("a message is a map of `role` and `content`, this one is {}", kind(&message));
            return self.refuse(&["messages", number], "example-shape", message, "write `{role: user, content: …}`");
        };
        let role = match message.get("role").and_then(Value::as_str) {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            written => {
                let (message, hint) = refused_role(written);
                return self.refuse(&["messages", number, "role"], "example-role", message, hint);
            }
        };
        for call in ["tool_calls", "function_call"] {
            if message.get(call).is_some_and(|value| !value.is_null()) {
                let place = ["messages", number, call];
                return self.refuse(&place, "example-media", format!("the message holds `{call}`"), TEXT_ONLY);
            }
        }
        let Some(content) = message.shift_remove("content") else {
            let hint = "write `{role: user, content: …}`";
            return self.refuse(&["messages", number], "example-shape", "the message has no `content`", hint);
        };
        let place = ["messages", number, "content"];
        match content {
            Value::Array(parts) => {
                let parts = parts.into_iter().enumerate();
                let texts: Vec<_> = parts.map(|(part, value)| self.part(number, &part.to_string(), value)).collect();
                let texts = texts.into_iter().collect::<Option<Vec<String>>>()?;
                self.turn(role, &place, Value::String(texts.join("\n\n")))
            }
            Value::Object(_) => {
                let hint = "write text, or a list of `{type: text, text: …}`";
                self.refuse(&place, "example-shape", "the message's `content` is a map", hint)
            }
            content => self.turn(role, &place, content),
        }
    }

    /// The text of one part of a message's content.
    fn part(&mut self, number: &str, part: &str, value: Value) -> Option<String> {
        let place = ["messages", number, "content", part];
        let kind = value.get("type").and_then(Value::as_str).map(str::to_owned);
        match (kind.as_deref(), value) {
            (_, Value::String(text)) => Some(text),
            (Some("text") | None, Value::Object(mut part)) if part.get("text").is_some_and(Value::is_string) => {
                match part.shift_remove("text") {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                }
            }
            (Some(kind), _) if kind != "text" => {
                self.refuse(&place, "example-media", format!("the message holds a part of type {kind:?}"), TEXT_ONLY)
            }
            _ => self.refuse(&place, "example-shape", "the part has no `text`", "a part is `{type: text, text: …}`"),
        }
    }

    /// A turn of this value: text as it is; anything else as compact JSON with its keys in the order written.
    fn turn(&mut self, role: Role, place: &[&str], value: Value) -> Option<Turn> {
        let text = match value {
            Value::String(text) => text,
            Value::Null => {
                let hint = "write its text, or remove the record";
                return self.refuse(place, "example-empty", format!("the {} turn is null", role.as_str()), hint);
            }
            other => other.to_string(),
        };
        if text.trim().is_empty() {
            let hint = "write its text, or remove the record";
            return self.refuse(place, "example-empty", format!("the {} turn is empty", role.as_str()), hint);
        }
        Some(Turn { role, text: Arc::from(text) })
    }

    /// Reports a fault at the innermost place under `place`.
    fn fault(&mut self, place: &[&str], code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.faulty = true;
        self.report.push(Diagnostic::error(code, message).at(&(self.place)(place)).hint(hint));
    }

    /// Reports a fault, and returns `None` in place of the value.
    fn refuse<T>(
        &mut self,
        place: &[&str],
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.fault(place, code, message, hint);
        None
    }
}

/// The message and the hint for a role that is neither the user's nor the assistant's.
fn refused_role(written: Option<&str>) -> (String, &'static str) {
    match written {
        None => ("the message has no `role`".to_owned(), "a role is `user` or `assistant`"),
        Some(role @ ("system" | "developer")) => (
            format!("an example holds turns only, and this is a {role} message"),
            "put system text into the manifest's `system` list and remove the message",
        ),
        Some(role @ ("tool" | "function")) => (format!("the message's role is {role:?}"), TEXT_ONLY),
        Some(role @ "human") => (format!("the message's role is {role:?}"), "write `user`"),
        Some(role @ ("model" | "gpt" | "bot" | "ai")) => {
            (format!("the message's role is {role:?}"), "write `assistant`")
        }
        Some(role) => (format!("the message's role is {role:?}"), "a role is `user` or `assistant`"),
    }
}

/// The keys of a record for a message, at most twelve.
pub(super) fn keys(fields: &Map<String, Value>) -> String {
    const SHOWN: usize = 12;
    if fields.is_empty() {
        return "no keys".to_owned();
    }
    let mut listed: Vec<String> = fields.keys().take(SHOWN).map(|key| format!("`{key}`")).collect();
    if fields.len() > SHOWN {
        listed.push(format!("{} more", fields.len() - SHOWN));
    }
    listed.join(", ")
}

/// What a value is, with its article.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
