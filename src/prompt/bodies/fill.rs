//! Filling inputs, for a person who wants to see a whole prompt or try a body.

use std::collections::BTreeMap;

use super::{Body, HoleKind};
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
        let Some(value) = values.get(&hole.name) else { continue };
        let Some(serde_json::Value::String(text)) = body.json.pointer_mut(&hole.pointer) else { continue };
        let offset = |scalar: usize| text.char_indices().nth(scalar).map_or(text.len(), |(at, _)| at);
        let range = offset(hole.start)..offset(hole.end);
        text.replace_range(range, value);
    }
}
