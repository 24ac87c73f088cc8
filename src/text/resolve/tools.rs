//! Tool definitions: neutral `{name, description, input_schema}` in YAML or JSON, one or a list a file.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::prompt::chain::canonical_json;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::json;
use crate::syntax::source::Span;
use crate::syntax::yaml::{self, Node};
use crate::text::formats::Definition;
use crate::text::fragment::{Fragment, lfs_pointer};

use super::{Content, PlannedBlock};

/// The keys of a tool definition. `strict` asks for schema-exact arguments where a provider can.
const KEYS: [&str; 4] = ["name", "description", "input_schema", "strict"];

/// A tool definition.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The definition as canonical JSON (RFC 8785): what is hashed and what is emitted.
    pub json: String,
    /// The file.
    pub fragment: Arc<Fragment>,
    /// Its lines.
    pub lines: RangeInclusive<usize>,
    span: Span,
}

impl Tool {
    /// Where its file writes what a JSON Pointer into the definition points to; else the definition.
    pub fn place(&self, pointer: &str) -> Span {
        let file = self.fragment.yaml(&mut Faults::new());
        let own = file.and_then(|file| match &file.value {
            yaml::Value::List(items) => items
                .iter()
                .find(|item| item.get("name").and_then(Node::as_text).is_some_and(|name| **name == *self.name))
                .cloned(),
            _ => Some(file),
        });
        own.filter(|_| !pointer.is_empty()).map_or_else(|| self.span.clone(), |own| own.place(pointer))
    }
}

/// Reads every definition in `fragments`, sorted by name.
pub fn read(fragments: &[Arc<Fragment>], faults: &mut Faults) -> Vec<Tool> {
    let mut tools = Vec::new();
    for fragment in fragments {
        let Some((value, items)) = parse_data(fragment, faults) else { continue };
        let values = match value {
            Json::Array(values) => values,
            value => vec![value],
        };
        for (index, value) in values.into_iter().enumerate() {
            let span = items
                .get(index)
                .cloned()
                .unwrap_or_else(|| Span::new(&fragment.source, 0, fragment.source.text().trim_end().len()));
            tools.extend(check(&value, fragment, span, faults));
        }
    }
    tools.sort_by(|a, b| a.name.cmp(&b.name));
    tools
}

/// A data file as JSON, with the places of a list's items. Shared with output schemas.
pub fn parse_data(fragment: &Arc<Fragment>, faults: &mut Faults) -> Option<(Json, Vec<Span>)> {
    let source = &fragment.source;
    let text: &str = source.text();
    match source.path().extension() {
        "json" => {
            if let Some(pointer) = lfs_pointer(source) {
                faults.push(pointer);
                return None;
            }
            let value = json::parse(source, 0..text.len()).map_err(|fault| faults.push(*fault)).ok()?;
            let inexact = |at: Range<usize>| json::inexact(text.get(at.clone())?, &Span::new(source, at.start, at.end));
            faults.extend(json::numbers(text).filter_map(inexact));
            Some((value, Vec::new()))
        }
        "yaml" | "yml" => {
            let mut own = Faults::new();
            let node = fragment.yaml(&mut own);
            let broken = own.has_errors();
            faults.extend(own.into_vec());
            let node = node.filter(|_| !broken)?;
            let items = match &node.value {
                yaml::Value::List(items) => items.iter().map(|item| item.span.clone()).collect(),
                _ => vec![node.span.clone()],
            };
            exact_numbers(&node, faults);
            Some((node.to_json(), items))
        }
        _ => {
            let fault =
                Diagnostic::error("data-ending", format!("`{}` is neither YAML nor JSON by its ending", source.path()));
            faults.push(fault.at(&Span::file(source)).hint("name it .yaml or .json"));
            None
        }
    }
}

/// Reports the numbers of a definition or a schema in YAML that its canonical form would change.
pub fn exact_numbers(node: &yaml::Node, faults: &mut Faults) {
    match &node.value {
        yaml::Value::List(items) => items.iter().for_each(|item| exact_numbers(item, faults)),
        yaml::Value::Map(map) => map.iter().for_each(|(_, node)| exact_numbers(node, faults)),
        yaml::Value::Int(_) | yaml::Value::Float(_) => {
            let written = node.span.source.text().get(node.span.start..node.span.end).unwrap_or_default();
            faults.extend(json::inexact(written, &node.span));
        }
        _ => {}
    }
}

fn check(value: &Json, fragment: &Arc<Fragment>, span: Span, faults: &mut Faults) -> Option<Tool> {
    let fault = |message: String| Diagnostic::error("bad-tool", message).at(&span);
    let Some(object) = value.as_object() else {
        faults.push(fault("a tool is a map with name, description and input_schema".to_owned()));
        return None;
    };
    for key in object.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let hint = match key.as_str() {
            "parameters" | "inputSchema" => Some("name it `input_schema`".to_owned()),
            _ => did_you_mean(key, KEYS).or_else(|| Some(format!("known keys: {}", KEYS.join(", ")))),
        };
        faults.push(fault(format!("unknown key `{key}` in a tool")).maybe_hint(hint));
    }
    let name = object.get("name").and_then(Json::as_str).unwrap_or_default();
    // What some provider takes; `prompt/bodies` knows which provider takes what.
    let named =
        (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
    if !named {
        let message = match object.get("name") {
            Some(_) => format!("`{name}` is no name for a tool"),
            None => "a tool needs `name`".to_owned(),
        };
        faults.push(fault(message).hint(
            "use letters, digits, `_` and `-`, at most 64; Responses and Gemini take 128, Gemini also `.` and `:`",
        ));
    }
    if object.get("description").is_some_and(|text| !text.is_string()) {
        faults.push(fault("a tool's description is text".to_owned()));
    }
    if !object.get("input_schema").is_some_and(Json::is_object) {
        faults.push(
            fault("a tool needs `input_schema`, a JSON Schema of its arguments".to_owned())
                .hint("for a tool without arguments: {type: object, properties: {}}"),
        );
    }
    // Numbers that have no canonical form were reported where they stand.
    let json = canonical_json(value).ok()?;
    let lines = fragment.source.line(span.start)..=fragment.source.line(span.end.saturating_sub(1).max(span.start));
    named.then(|| Tool { name: name.to_owned(), json, fragment: fragment.clone(), lines, span: span.clone() })
}

/// The tools that a foreign prompt defines, sorted by name.
pub fn defined(definitions: Vec<Definition>, faults: &mut Faults) -> Vec<Tool> {
    let read = |one: Definition| check(&one.value, &one.fragment, one.span, faults);
    let mut tools: Vec<Tool> = definitions.into_iter().filter_map(read).collect();
    tools.sort_by(|a, b| a.name.cmp(&b.name));
    tools
}

/// Names are unique over all blocks of a context.
pub fn check_unique(blocks: &[PlannedBlock], faults: &mut Faults) {
    let all: Vec<&Tool> = blocks
        .iter()
        .filter_map(|block| if let Content::Tools(tools) = &block.content { Some(tools) } else { None })
        .flatten()
        .collect();
    for (index, tool) in all.iter().enumerate() {
        if let Some(first) = all[..index].iter().find(|other| other.name == tool.name) {
            let (line, _) = first.span.line_column();
            let message = format!(
                "the tool `{}` is defined twice, first in {} on line {line}",
                tool.name,
                first.fragment.source.path()
            );
            faults.push(Diagnostic::error("duplicate-tool", message).at(&tool.span));
        }
    }
}
