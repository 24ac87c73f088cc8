//! JSON and YAML of other tools, every value with its place.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::json;
use crate::syntax::source::Span;
use crate::syntax::yaml::{Key, Map, Node, Value};
use crate::text::fragment::{Fragment, lfs_pointer};

/// The one value of a file, which is JSON or YAML by its ending.
pub fn data(fragment: &Arc<Fragment>, faults: &mut Faults) -> Option<Node> {
    let source = &fragment.source;
    let mut places = Faults::new();
    let node = fragment.yaml(&mut places);
    match source.path().extension() {
        "yaml" | "yml" => {
            let is_broken = places.has_errors();
            faults.extend(places.into_vec());
            node.filter(|_| !is_broken)
        }
        "json" => {
            if let Some(pointer) = lfs_pointer(source) {
                faults.push(pointer);
                return None;
            }
            let whole: Range<usize> = 0..source.text().len();
            let value = json::parse(source, whole.clone()).map_err(|fault| faults.push(*fault)).ok()?;
            Some(placed(&value, node.as_ref(), &Span::new(source, 0, whole.end)))
        }
        _ => {
            let message = format!("`{}` is neither JSON nor YAML by its ending", source.path());
            faults.push(Diagnostic::error("data-ending", message).at(&Span::file(source)));
            None
        }
    }
}

/// A JSON value, all of it at one place.
pub fn node(value: &Json, at: &Span) -> Node {
    placed(value, None, at)
}

/// A JSON value with the places that it has where its text is read as YAML, which nearly all JSON is.
fn placed(value: &Json, place: Option<&Node>, around: &Span) -> Node {
    let span = place.map_or(around, |node| &node.span);
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
        },
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => {
            let places = place.and_then(|node| if let Value::List(own) = &node.value { Some(own) } else { None });
            let item = |(at, item): (usize, &Json)| placed(item, places.and_then(|own| own.get(at)), span);
            Value::List(items.iter().enumerate().map(item).collect())
        }
        Json::Object(fields) => {
            let own = place.and_then(Node::as_map);
            let field = |(name, value): (&String, &Json)| {
                let key = own.and_then(|map| map.iter().find(|(key, _)| *key.text == **name));
                let key_span = key.map_or(span, |(key, _)| &key.span).clone();
                (Key { text: name.as_str().into(), span: key_span }, placed(value, key.map(|(_, node)| node), span))
            };
            Value::Map(Arc::new(fields.iter().map(field).collect::<Map>()))
        }
    };
    Node::new(value, span.clone())
}
