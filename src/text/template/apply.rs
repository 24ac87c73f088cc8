//! The functions behind the helpers. All are total over JSON values: a value that a helper cannot take
//! is a fault that names the argument.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::builtin::Builtin;
use super::output::MAX_OUTPUT_BYTES;
use super::serialise;
use super::value::{kind, order, truth, written};

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

type Applied = Result<Json, ApplyFault>;

/// Calls a helper that computes a value (all but the blocks, `lookup` and `include`). `name` is for
/// messages.
pub(super) fn apply(builtin: Builtin, name: &str, arguments: &[&Json], named: &[(&str, &Json)]) -> Applied {
    let Some(first) = arguments.first().copied() else { return Ok(Json::Null) };
    let second = arguments.get(1).copied().unwrap_or(&Json::Null);
    let compared = |wanted: fn(Ordering) -> bool| compare(name, first, second).map(|order| Json::Bool(wanted(order)));
    match builtin {
        Builtin::Eq | Builtin::IfEquals => Ok(Json::Bool(first == second)),
        Builtin::Ne | Builtin::UnlessEquals => Ok(Json::Bool(first != second)),
        Builtin::Gt => compared(Ordering::is_gt),
        Builtin::Gte => compared(Ordering::is_ge),
        Builtin::Lt => compared(Ordering::is_lt),
        Builtin::Lte => compared(Ordering::is_le),
        Builtin::And => Ok(Json::Bool(arguments.iter().all(|value| truth(value, false)))),
        Builtin::Or => Ok(Json::Bool(arguments.iter().any(|value| truth(value, false)))),
        Builtin::Not => Ok(Json::Bool(!truth(first, false))),
        Builtin::If | Builtin::Unless => {
            let include_zero = match named.first() {
                None => false,
                Some((_, Json::Bool(flag))) => *flag,
                Some((_, other)) => return Err(wants(1, "includeZero", "true or false", other)),
            };
            Ok(Json::Bool(truth(first, include_zero) == (builtin == Builtin::If)))
        }
        Builtin::Len => match first {
            Json::Array(items) => Ok(items.len().into()),
            Json::Object(map) => Ok(map.len().into()),
            Json::String(text) => Ok(text.len().into()),
            other => Err(wants(0, name, "a list, a map or text", other)),
        },
        Builtin::Json => match named.first() {
            None => Ok(serialise::json(first, None).into()),
            Some((_, width)) => match width.as_u64() {
                Some(width @ 1..=8) => Ok(serialise::json(first, Some(width as usize)).into()),
                _ => Err(ApplyFault::new(1, "`indent` is a number from 1 to 8")),
            },
        },
        Builtin::Yaml => Ok(serialise::yaml(first).into()),
        Builtin::Indent => indent(first, text(1, name, second)?),
        Builtin::Join => join(first, second),
        Builtin::Upper => Ok(text(0, name, first)?.to_uppercase().into()),
        Builtin::Lower => Ok(text(0, name, first)?.to_lowercase().into()),
        Builtin::Trim => Ok(text(0, name, first)?.trim().into()),
        Builtin::Each | Builtin::With | Builtin::Segment | Builtin::Lookup | Builtin::Include => Ok(Json::Null),
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
    let lines = text.lines().count();
    if text.len() + lines * width > MAX_OUTPUT_BYTES {
        return Err(ApplyFault::new(1, format!("the text would hold more than {MAX_OUTPUT_BYTES} bytes")));
    }
    let blanks = " ".repeat(width);
    let mut out = String::with_capacity(text.len() + lines * width);
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
        if number > 0 {
            out.push_str(separator);
        }
        out.push_str(&written(item));
        if out.len() > MAX_OUTPUT_BYTES {
            return Err(ApplyFault::new(0, format!("the text would hold more than {MAX_OUTPUT_BYTES} bytes")));
        }
    }
    Ok(out.into())
}
