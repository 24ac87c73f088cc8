//! Picoschema, the short form of a JSON Schema in dotprompt: <https://google.github.io/dotprompt/reference/picoschema/>.
//!
//! `name?: type, description`, `name(array, description): …`, `(*): …`. A `?` makes a key optional and its value
//! nullable, objects are closed, and a map whose `type` is one of JSON Schema's is a JSON Schema already.

use std::sync::Arc;

use super::layer::{Layer, list, text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::yaml::{Key, Node, Value};

const SCALARS: [&str; 6] = ["any", "boolean", "integer", "null", "number", "string"];

/// Whether it is the name of a schema that the application registers.
pub fn is_named(node: &Node) -> bool {
    node.as_text().is_some_and(|written| !SCALARS.contains(&described(written).0))
}

/// The JSON Schema that `node` is or stands for. `None` after a fault.
pub fn schema(node: &Node, faults: &mut Faults) -> Option<Node> {
    if let Some(written) = node.as_text() {
        let (kind, description) = described(written);
        return SCALARS
            .contains(&kind)
            .then(|| scalar(Some(kind), description, node))
            .or_else(|| named(kind, node, faults));
    }
    let kind = node.get("type").and_then(Node::as_text);
    if kind.is_some_and(|kind| SCALARS.contains(&&**kind) || matches!(&**kind, "object" | "array")) {
        return Some(node.clone());
    }
    if node.get("properties").is_some_and(|inner| matches!(inner.value, Value::Map(_) | Value::List(_))) {
        let mut own = Layer::new(&node.span);
        own.put("type", text("object", &node.span));
        return Some(own.done().overlay(node)).map(|merged| with(&merged, "type", text("object", &node.span)));
    }
    pico(node, faults)
}

/// A value of the short form.
fn pico(node: &Node, faults: &mut Faults) -> Option<Node> {
    let bad = |message: String| Diagnostic::error("bad-schema", message).at(&node.span);
    if let Some(written) = node.as_text() {
        let (kind, description) = described(written);
        if !SCALARS.contains(&kind) {
            return named(kind, node, faults);
        }
        return Some(scalar(Some(kind).filter(|kind| *kind != "any"), description, node));
    }
    let Some(map) = node.as_map() else {
        faults.push(bad(format!("Picoschema holds maps and texts, found {}", node.kind())));
        return None;
    };
    let (mut properties, mut required) = (Layer::new(&node.span), Vec::new());
    let mut others = Node::new(Value::Bool(false), node.span.clone());
    for (Key { text: key, span }, value) in map.iter() {
        if &**key == "(*)" {
            others = pico(value, faults)?;
            continue;
        }
        let (name, parentheses) = key.split_once('(').map_or((&**key, None), |(name, rest)| (name, Some(rest)));
        let is_optional = name.ends_with('?');
        let name = name.strip_suffix('?').unwrap_or(name);
        if !is_optional {
            required.push(text(name, span));
        }
        let nullable = |kind: Node| if is_optional { list([kind, text("null", span)], span) } else { kind };
        let Some(parentheses) = parentheses else {
            let inner = pico(value, faults)?;
            let kind = inner.get("type").filter(|kind| kind.as_text().is_some()).cloned();
            properties.put(name, kind.map_or(inner.clone(), |kind| with(&inner, "type", nullable(kind))));
            continue;
        };
        let (kind, description) = described(parentheses.strip_suffix(')').unwrap_or(parentheses));
        let mut inner = match kind {
            "array" => {
                let mut inner = Layer::new(span);
                inner.put("type", nullable(text("array", span)));
                inner.put("items", pico(value, faults)?);
                inner.done()
            }
            "object" => {
                let inner = pico(value, faults)?;
                let kind = inner.get("type").cloned();
                kind.map_or(inner.clone(), |kind| with(&inner, "type", nullable(kind)))
            }
            "enum" => {
                let Value::List(values) = &value.value else {
                    faults.push(bad(format!("the values of the enum `{name}` are a list, found {}", value.kind())));
                    return None;
                };
                let none = Node::new(Value::Null, span.clone());
                let has_null = values.iter().any(|value| matches!(value.value, Value::Null));
                let more = Some(none).filter(|_| is_optional && !has_null);
                let mut inner = Layer::new(span);
                inner.put("enum", list(values.iter().cloned().chain(more), &value.span));
                inner.done()
            }
            other => {
                let message = format!("`{other}` in parentheses is none of array, object and enum");
                faults.push(Diagnostic::error("bad-schema", message).at(span));
                return None;
            }
        };
        if let Some(description) = description {
            inner = with(&inner, "description", text(description, span));
        }
        properties.put(name, inner);
    }
    let mut own = Layer::new(&node.span);
    own.put("type", text("object", &node.span));
    own.put("properties", properties.done());
    if !required.is_empty() {
        own.put("required", list(required, &node.span));
    }
    own.put("additionalProperties", others);
    Some(own.done())
}

fn scalar(kind: Option<&str>, description: Option<&str>, node: &Node) -> Node {
    let mut own = Layer::new(&node.span);
    for (key, value) in [("type", kind), ("description", description)] {
        value.into_iter().for_each(|value| own.put(key, text(value, &node.span)));
    }
    own.done()
}

/// The fault of a name of a schema, which only the application that registers it knows.
fn named(name: &str, node: &Node, faults: &mut Faults) -> Option<Node> {
    let message = format!("`{name}` is a schema that the application registers, and is not known here");
    let fault = Diagnostic::error("bad-schema", message).at(&node.span);
    faults.push(fault.hint(format!("write the schema here, or one of {}", SCALARS.join(", "))));
    None
}

/// A map with one key replaced.
fn with(map: &Node, key: &str, value: Node) -> Node {
    let entry = (Key { text: key.into(), span: value.span.clone() }, value);
    let others = map.as_map().into_iter().flat_map(|map| map.iter()).filter(|(own, _)| &*own.text != key);
    let all = others.map(|(key, node)| (key.clone(), node.clone())).chain([entry]);
    Node::new(Value::Map(Arc::new(all.collect())), map.span.clone())
}

/// `type, description`.
fn described(written: &str) -> (&str, Option<&str>) {
    written.split_once(',').map_or((written, None), |(kind, rest)| (kind, Some(rest.trim_start_matches(' '))))
}
