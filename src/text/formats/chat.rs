//! A list of `{role, content}` in JSON or YAML, as most APIs take it: literal text, in which `{{name}}` is a hole where
//! the manifest declares the input `name`.

use std::sync::Arc;

use super::data::data;
use super::layer::Layer;
use super::{Body, Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;
use crate::syntax::yaml::{Node, Value};
use crate::text::fragment::Reader;
use crate::text::template::Piece;

/// Who a role is.
const ROLES: [(&str, Role); 7] = [
    ("system", Role::System),
    ("developer", Role::System),
    ("user", Role::User),
    ("human", Role::User),
    ("assistant", Role::Assistant),
    ("model", Role::Assistant),
    ("ai", Role::Assistant),
];

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let node = data(&fragment, faults)?;
    let Value::List(messages) = &node.value else {
        let message = format!("a chat is a list of messages with `role` and `content`, found {}", node.kind());
        let hint = "a map with `messages` is a request: `format: request`";
        faults.push(Diagnostic::error("wrong-type", message).at(&node.span).hint(hint));
        return None;
    };
    let entries = messages.iter().flat_map(|message| turn(message, &[], faults)).collect();
    Some(Foreign::literal(Layer::new(&node.span).done(), entries))
}

/// The texts of one message. `parts` is the key of its parts where that is not `content`.
pub fn turn(message: &Node, known: &[&str], faults: &mut Faults) -> Vec<Entry> {
    let refused = |code: &'static str, what: String, at: &Node| Diagnostic::error(code, what).at(&at.span);
    let written = message.get("role").and_then(Node::as_text);
    let role = written.and_then(|role| ROLES.iter().find(|(name, _)| **name == **role));
    let Some((_, role)) = role else {
        let fault = match written.map(|role| &**role) {
            Some(role @ ("tool" | "function")) => {
                let what = format!("a turn of the role `{role}` is the result of a tool: only text is supported");
                refused("tool-turn", what, message)
            }
            Some(role) => refused("bad-role", format!("`{role}` is no role of a message"), message),
            None => refused("missing-key", "a message needs `role` and `content`".to_owned(), message),
        };
        let names: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        faults.push(fault.hint(format!("roles are {}", names.join(", "))));
        return Vec::new();
    };
    for (key, value) in message.as_map().into_iter().flat_map(|map| map.iter()) {
        match &*key.text {
            "role" | "content" | "parts" | "type" | "id" | "status" => {}
            "tool_calls" | "function_call" | "tool_call_id" => {
                faults.push(refused("tool-turn", format!("`{}`: only text is supported", key.text), value));
            }
            other if known.contains(&other) => {}
            other => {
                let message = format!("`{other}` of a message has no place here and is left out");
                faults.push(Diagnostic::warning("left-out-key", message).at(&key.span));
            }
        }
    }
    match message.get("content").or_else(|| message.get("parts")) {
        Some(content) => texts(*role, content, faults),
        None => {
            faults.push(refused("missing-key", "the message has no `content`".to_owned(), message));
            Vec::new()
        }
    }
}

/// The texts of a content: text itself, or a list of parts. Anything but text is a fault.
pub fn texts(role: Role, content: &Node, faults: &mut Faults) -> Vec<Entry> {
    let entry = |begins: bool, text: &Arc<str>, node: &Node, mark: Mark| {
        Entry::Text(Passage {
            role,
            begins,
            pieces: vec![Piece::Text(text.to_string())],
            span: node.span.clone(),
            mark,
        })
    };
    let mut entries: Vec<Entry> = Vec::new();
    let parts = match &content.value {
        Value::Text(text) => return vec![entry(true, text, content, Mark::Free)],
        Value::List(parts) => parts.clone(),
        Value::Map(_) => std::iter::once(content.clone()).collect(),
        _ => {
            let message = format!("the content of a message is text or a list of parts, found {}", content.kind());
            faults.push(Diagnostic::error("wrong-type", message).at(&content.span));
            return entries;
        }
    };
    for part in parts.iter() {
        let kind = part.get("type").and_then(Node::as_text).map(|kind| &**kind);
        if let (Value::Text(text), _) = (&part.value, kind) {
            entries.push(entry(entries.is_empty(), text, part, Mark::Free));
            continue;
        }
        if let Some(point) = part.get("cachePoint") {
            match entries.last_mut() {
                Some(Entry::Text(before)) => before.mark = mark(point, faults),
                _ => faults.push(Diagnostic::error("dead-breakpoint", "no text stands before this").at(&part.span)),
            }
            continue;
        }
        let is_text = matches!(kind, None | Some("text" | "input_text" | "output_text"));
        match part.get("text").filter(|_| is_text) {
            Some(node) if node.as_text().is_some() => {
                let mark = part.get("cache_control").map_or(Mark::Free, |point| mark(point, faults));
                let begins = entries.is_empty();
                entries.extend(node.as_text().map(|text| entry(begins, text, node, mark)));
            }
            _ => {
                let key = part.as_map().and_then(|map| map.iter().next()).map(|(key, _)| key.text.to_string());
                let kind = kind.map(str::to_owned).or(key).unwrap_or_else(|| part.kind().to_owned());
                let code = if kind.contains("tool") || kind.contains("function") { "tool-turn" } else { "media-block" };
                let message = format!("a part `{kind}`: only text is supported");
                faults
                    .push(Diagnostic::error(code, message).at(&part.span).hint("leave it out, or describe it in text"));
            }
        }
    }
    entries
}

/// `cache_control` or `cachePoint`.
fn mark(node: &Node, faults: &mut Faults) -> Mark {
    match node.get("ttl").and_then(Node::as_text) {
        None => Mark::Here,
        Some(written) => Ttl::parse(written).map_or_else(
            || {
                faults.push(Diagnostic::error("wrong-type", format!("`{written}` is no lifetime")).at(&node.span));
                Mark::Here
            },
            Mark::For,
        ),
    }
}

/// Cuts literal text at the holes of declared inputs.
pub fn holes(pieces: Vec<Piece>, inputs: &serde_json::Map<String, serde_json::Value>) -> Vec<Piece> {
    let mut cut: Vec<Piece> = Vec::new();
    for piece in pieces {
        let Piece::Text(text) = piece else {
            cut.push(piece);
            continue;
        };
        let (mut begin, mut from) = (0, 0);
        while let Some(found) = text[from..].find("{{") {
            let start = from + found;
            from = start + 2;
            let Some(length) = text[from..].find("}}") else { break };
            let name = text[from..from + length].trim();
            if !inputs.contains_key(name) {
                continue;
            }
            cut.extend((begin < start).then(|| Piece::Text(text[begin..start].to_owned())));
            cut.push(Piece::Input(name.to_owned()));
            (from, begin) = (from + length + 2, from + length + 2);
        }
        cut.extend((begin < text.len()).then(|| Piece::Text(text[begin..].to_owned())));
    }
    cut
}

impl Foreign {
    /// A prompt without templates.
    pub(super) fn literal(layer: Node, entries: Vec<Entry>) -> Self {
        Self { layer, tools: Vec::new(), named_tools: Vec::new(), body: Body::Literal(entries) }
    }
}
