//! What is written another way than it was asked for, because the provider would refuse it as it is: what the vendors'
//! SDKs and gateways do, and said each time.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::outline::{BlockText, Outline, OutlineTurn};
use super::{Dialect, Finding, Place, Prompt, Reaction};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::segment::Role;

/// Rewrites the outline of one body.
pub(super) fn rewrite(outline: &mut Outline, prompt: &Prompt, dialect: Dialect, found: &mut Vec<Finding>) {
    add_properties(outline, found);
    number_calls(outline, found);
    if !matches!(dialect, Dialect::Messages | Dialect::Converse) {
        return;
    }
    hoist_system(outline, found);
    drop_blank_texts(outline, found);
    if prompt.vendor == "Anthropic" {
        trim_last_turn(outline, found);
    }
}

fn said(code: &'static str, message: String, hint: &str, segment: usize) -> Finding {
    Finding::new(code, message, hint).with_reaction(Reaction::Warning).at(Place::Segment(segment, String::new()))
}

/// An object without `properties` has none: OpenAI wants that written, Anthropic refuses null.
fn add_properties(outline: &mut Outline, found: &mut Vec<Finding>) {
    for tool in &mut outline.tools {
        let is_object = tool.input_schema.get("type") == Some(&json!("object"));
        if !is_object || tool.input_schema.get("properties").is_some_and(Value::is_object) {
            continue;
        }
        tool.input_schema.insert("properties".to_owned(), json!({}));
        tool.input_schema.sort_keys();
        tool.definition.insert("input_schema".to_owned(), tool.input_schema.clone().into());
        let message = format!("the tool `{}` gets `properties: {{}}`, which providers want written", tool.name);
        let told = Finding::new("added-properties", message, "write `properties: {}` in its `input_schema`");
        found.push(told.with_reaction(Reaction::Rewrite).at(Place::Segment(tool.segment, "/input_schema".to_owned())));
    }
}

/// Gives calls an id of their own where theirs was there before, as in examples that are each a record of its own, or is
/// none that every provider takes.
fn number_calls(outline: &mut Outline, found: &mut Vec<Finding>) {
    let (mut taken, mut number, mut renamed) = (HashSet::new(), 0u64, Vec::new());
    // The calls of the turn before, by the ids as written.
    let mut open: Vec<(String, String)> = Vec::new();
    for turn in &mut outline.turns {
        match turn {
            OutlineTurn::Spoken { calls, segment, .. } => {
                open.clear();
                for call in calls {
                    let is_id = |id: &str| {
                        (1..=64).contains(&id.len())
                            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                    };
                    let mut id = call.id.clone();
                    while !is_id(&id) || taken.contains(&id) {
                        number += 1;
                        id = format!("call_{number}");
                    }
                    if id != call.id {
                        renamed.push(*segment);
                    }
                    taken.insert(id.clone());
                    open.push((std::mem::replace(&mut call.id, id.clone()), id));
                }
            }
            OutlineTurn::Results { results, .. } => {
                for result in &mut *results {
                    if let Some(at) = open.iter().position(|(written, _)| *written == result.id) {
                        result.id = open.remove(at).1;
                    }
                }
            }
            OutlineTurn::History { .. } => open.clear(),
        }
    }
    if let Some(first) = renamed.first() {
        let message = format!("{} calls of tools get an id of their own, since a request has each once", renamed.len());
        let told = Finding::new("numbered-calls", message, "nothing to do: a call and its result name each other");
        found.push(told.with_reaction(Reaction::Rewrite).at(Place::Segment(*first, String::new())));
    }
}

/// Turns of the role `system` that come first belong to the system prompt.
fn hoist_system(outline: &mut Outline, found: &mut Vec<Finding>) {
    while let Some(OutlineTurn::Spoken { role: Role::System, .. }) = outline.turns.first() {
        let OutlineTurn::Spoken { texts, segment, .. } = outline.turns.remove(0) else { return };
        let message = "the first turn has the role `system`; it is sent as the end of the system prompt".to_owned();
        found.push(said("hoisted-system", message, "move the block to `system`", segment));
        outline.system.extend(texts);
    }
}

/// A block of nothing but white space is left out, and its mark goes to the block before it.
fn drop_blank_texts(outline: &mut Outline, found: &mut Vec<Finding>) {
    let mut last: Option<&mut Option<Breakpoint>> = outline.tools.last_mut().map(|tool| &mut tool.mark);
    let mut lists: Vec<&mut Vec<BlockText>> = vec![&mut outline.system];
    lists.extend(outline.turns.iter_mut().filter_map(|turn| match turn {
        OutlineTurn::Spoken { texts, .. } => Some(texts),
        OutlineTurn::History { .. } | OutlineTurn::Results { .. } => None,
    }));
    for texts in lists {
        let all = std::mem::take(texts);
        for text in all {
            if !text.text.trim().is_empty() {
                texts.push(text);
                continue;
            }
            let message = "a text of nothing but white space is left out, because this format refuses it".to_owned();
            found.push(said("blank-text", message, "remove the block, or put text into it", text.segment));
            let before = texts.last_mut().map(|text| &mut text.mark).or(last.as_deref_mut());
            if let Some(before) = before.filter(|before| before.is_none()) {
                *before = text.mark;
            }
        }
        if let Some(text) = texts.last_mut() {
            last = Some(&mut text.mark);
        }
    }
    // Without a turn that was blank, those around it are one.
    let mut turns: Vec<OutlineTurn> = Vec::new();
    for turn in std::mem::take(&mut outline.turns) {
        match (turn, turns.last_mut()) {
            (OutlineTurn::Spoken { texts, calls, .. }, _) if texts.is_empty() && calls.is_empty() => {}
            (
                OutlineTurn::Spoken { role, texts, calls, .. },
                Some(OutlineTurn::Spoken { role: before, texts: all, calls: called, .. }),
            ) if role == *before => {
                all.extend(texts);
                called.extend(calls);
            }
            (turn, _) => turns.push(turn),
        }
    }
    outline.turns = turns;
}

/// A last turn of the assistant's, which the model goes on from, must not end in white space.
fn trim_last_turn(outline: &mut Outline, found: &mut Vec<Finding>) {
    let Some(OutlineTurn::Spoken { role: Role::Assistant, texts, .. }) = outline.turns.last_mut() else { return };
    let Some(text) = texts.last_mut() else { return };
    let trimmed = text.text.trim_end();
    // What is filled in at run time is the caller's to trim.
    if trimmed.len() == text.text.len() {
        return;
    }
    let message = "white space at the end of the last turn is cut off, because the model goes on from there".to_owned();
    found.push(said("trimmed-prefill", message, "end the turn without white space", text.segment));
    text.text.truncate(trimmed.len());
}
