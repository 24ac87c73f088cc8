//! The functions behind the helpers. All are total over JSON values: a value that a helper cannot take
//! is a fault that names the argument.

use std::cmp::Ordering;

use handlebars::{JsonRender, JsonTruthy};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::data::{child, kind, order};
use crate::syntax::limits::MAX_RENDERED_BYTES;
use crate::syntax::yaml;

/// The widest `indent`, in blanks.
pub const MAX_INDENT: usize = 80;

/// A fault in an argument.
#[derive(Debug)]
pub(super) struct ApplyFault {
    /// Which one, from 0; the named ones come after the others.
    pub argument: usize,
    pub message: String,
    pub hint: Option<&'static str>,
}

impl ApplyFault {
    fn new(argument: usize, message: impl Into<String>) -> Self {
        Self { argument, message: message.into(), hint: None }
    }
}

/// The value of a helper.
pub(super) type Applied = Result<Json, ApplyFault>;

/// Calls a helper that computes a value: all but the blocks, `lookup` and `include`. `named` is its one named argument.
pub(super) fn apply(name: &str, arguments: &[&Json], named: Option<&Json>) -> Applied {
    let Some(first) = arguments.first().copied() else { return Ok(Json::Null) };
    let second = arguments.get(1).copied().unwrap_or(&Json::Null);
    let compared = |wanted: fn(Ordering) -> bool| compare(name, first, second).map(|order| Json::Bool(wanted(order)));
    match name {
        "eq" | "ifEquals" => Ok(Json::Bool(first == second)),
        "ne" | "unlessEquals" => Ok(Json::Bool(first != second)),
        "gt" => compared(Ordering::is_gt),
        "gte" => compared(Ordering::is_ge),
        "lt" => compared(Ordering::is_lt),
        "lte" => compared(Ordering::is_le),
        "and" => Ok(Json::Bool(arguments.iter().all(|value| value.is_truthy(false)))),
        "or" => Ok(Json::Bool(arguments.iter().any(|value| value.is_truthy(false)))),
        "not" => Ok(Json::Bool(!first.is_truthy(false))),
        "includeZero" if !first.is_boolean() => Err(wants(0, name, "true or false", first)),
        "has" => match (first, second) {
            (Json::Object(_) | Json::Array(_), Json::String(key)) => Ok(Json::Bool(child(first, key).is_some())),
            (Json::Object(_), other) => Err(wants(1, name, "a name", other)),
            (other, _) => Err(wants(0, name, "a map", other)),
        },
        "len" => match first {
            Json::Array(items) => Ok(items.len().into()),
            Json::Object(map) => Ok(map.len().into()),
            Json::String(text) => Ok(text.len().into()),
            other => Err(wants(0, name, "a list, a map or text", other)),
        },
        "json" => match named.map(Json::as_u64) {
            None => Ok(json(first, None).into()),
            Some(Some(width @ 1..=8)) => Ok(json(first, Some(width as usize)).into()),
            Some(_) => Err(ApplyFault::new(1, "`indent` is a number from 1 to 8")),
        },
        "yaml" => Ok(yaml::written(first).into()),
        "indent" => indent(first, text(1, name, second)?),
        "join" => join(first, second),
        "upper" => Ok(text(0, name, first)?.to_uppercase().into()),
        "lower" => Ok(text(0, name, first)?.to_lowercase().into()),
        "trim" => Ok(text(0, name, first)?.trim().into()),
        _ => Ok(first.clone()),
    }
}

fn compare(name: &str, a: &Json, b: &Json) -> Result<Ordering, ApplyFault> {
    order(a, b).ok_or_else(|| {
        let message = format!("`{name}` cannot compare {} with {}", kind(a), kind(b));
        ApplyFault { hint: Some("it compares numbers with numbers and text with text"), ..ApplyFault::new(1, message) }
    })
}

fn wants(argument: usize, name: &str, wanted: &str, given: &Json) -> ApplyFault {
    ApplyFault::new(argument, format!("`{name}` wants {wanted} and is given {}", kind(given)))
}

fn text<'j>(argument: usize, name: &str, value: &'j Json) -> Result<&'j str, ApplyFault> {
    value.as_str().ok_or_else(|| wants(argument, name, "text", value))
}

/// Indents every line that is not empty.
fn indent(width: &Json, text: &str) -> Applied {
    let width = width.as_u64().and_then(|width| usize::try_from(width).ok()).filter(|width| *width <= MAX_INDENT);
    let Some(width) = width else {
        return Err(ApplyFault::new(0, format!("the width of `indent` is a number from 0 to {MAX_INDENT}")));
    };
    let size = bounded(1, text.len() + text.lines().count() * width)?;
    let blanks = " ".repeat(width);
    let mut out = String::with_capacity(size);
    for line in text.split_inclusive('\n') {
        if !line.trim_end_matches(['\n', '\r']).is_empty() {
            out.push_str(&blanks);
        }
        out.push_str(line);
    }
    Ok(out.into())
}

fn join(list: &Json, separator: &Json) -> Applied {
    let Json::Array(items) = list else { return Err(wants(0, "join", "a list", list)) };
    let separator = text(1, "join", separator)?;
    let mut out = String::new();
    for (number, item) in items.iter().enumerate() {
        if matches!(item, Json::Null | Json::Array(_) | Json::Object(_)) {
            let message = format!("item {} of the list is {}; `join` takes text and numbers", number + 1, kind(item));
            return Err(ApplyFault::new(0, message));
        }
        out.push_str(if number > 0 { separator } else { "" });
        out.push_str(&item.render());
        bounded(0, out.len())?;
    }
    Ok(out.into())
}

/// The size of a text, if it is one that a template may write.
fn bounded(argument: usize, size: usize) -> Result<usize, ApplyFault> {
    let message = || format!("the text would hold more than {MAX_RENDERED_BYTES} bytes");
    if size > MAX_RENDERED_BYTES { Err(ApplyFault::new(argument, message())) } else { Ok(size) }
}

/// JSON with its keys in the order of their bytes: without a blank, or indented by that many.
fn json(value: &Json, indent: Option<usize>) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let Some(indent) = indent else { return sorted.to_string() };
    let (blanks, mut bytes) = (" ".repeat(indent), Vec::new());
    let formatter = PrettyFormatter::with_indent(blanks.as_bytes());
    // Writing to a vector cannot fail.
    let _ = sorted.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    String::from_utf8_lossy(&bytes).into_owned()
}
