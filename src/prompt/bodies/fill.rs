//! Filling inputs: for a person who wants to see a whole prompt or try a body, and for what is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Body, Hole, HoleKind};
use crate::prompt::segment::{Kind, Segment};

/// Puts values where segments have holes. Holes without a value stay.
pub fn segments(segments: &mut [Segment], values: &BTreeMap<String, String>) {
    for part in segments.iter_mut().flat_map(|segment| &mut segment.parts) {
        if part.kind == Kind::Input
            && let Some(value) = values.get(&*part.text)
        {
            part.kind = Kind::Text;
            part.text = value.as_str().into();
        }
    }
}

/// Puts values where a body has holes, from the last to the first, so that no offset moves before it
/// is used. Holes without a value stay.
pub fn body(body: &mut Body, values: &BTreeMap<String, String>) {
    for hole in body.holes.iter().rev().filter(|hole| hole.kind == HoleKind::Input) {
        if let Some(value) = values.get(&hole.name) {
            put(&mut body.json, hole, value);
        }
    }
}

/// Puts a text where the placeholder of a hole stands.
fn put(json: &mut Value, hole: &Hole, value: &str) {
    let Some(Value::String(text)) = json.pointer_mut(&hole.pointer) else { return };
    let offset = |scalar: usize| text.char_indices().nth(scalar).map_or(text.len(), |(at, _)| at);
    let range = offset(hole.start)..offset(hole.end);
    text.replace_range(range, value);
}

/// A body with every hole filled, as the libraries that load bundles fill it: text for an input, turns in the body's own
/// format for a history.
///
/// # Errors
/// What is missing or of another kind, by its name; and a part that depends on inputs, of which the body has a sample only.
pub fn request(body: &Body, values: &BTreeMap<Arc<str>, Value>) -> Result<Value, String> {
    let mut json = body.json.clone();
    for hole in body.holes.iter().rev() {
        let name = &hole.name;
        let value = || values.get(name.as_str()).ok_or_else(|| format!("the input `{name}` is missing"));
        match hole.kind {
            HoleKind::Input => put(&mut json, hole, &text(value()?)),
            HoleKind::History => {
                let Value::Array(turns) = value()? else { return Err(format!("`{name}` is no list of turns")) };
                let (list, index) = hole.pointer.rsplit_once('/').unwrap_or_default();
                if let (Some(Value::Array(list)), Ok(index)) = (json.pointer_mut(list), index.parse::<usize>()) {
                    let index = index.min(list.len());
                    list.splice(index..index, turns.iter().cloned());
                }
            }
            HoleKind::Region => {
                return Err(format!("a part of the prompt depends on {name}, and only a sample of it is built"));
            }
            HoleKind::Cache => return Err("the body refers to cached content, which nobody made".to_owned()),
        }
    }
    Ok(json)
}

/// A body whose inputs and histories are left empty, and how many letters are put into texts that would be empty then, which
/// no API takes. Parts that depend on inputs stay as their samples.
pub fn emptied(body: &Body) -> (Value, u64) {
    let (mut json, mut letters) = (body.json.clone(), 0);
    for hole in body.holes.iter().rev().filter(|hole| hole.kind == HoleKind::Input) {
        put(&mut json, hole, "");
    }
    for (at, hole) in body.holes.iter().enumerate().filter(|(_, hole)| hole.kind == HoleKind::Input) {
        let is_first = body.holes[..at].iter().all(|other| other.pointer != hole.pointer);
        if let Some(Value::String(text)) = json.pointer_mut(&hole.pointer).filter(|_| is_first)
            && text.trim().is_empty()
        {
            text.push('x');
            letters += 1;
        }
    }
    (json, letters)
}

/// What goes into a text for a value: text as it is, anything else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
