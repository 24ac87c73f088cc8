//! Examples in YAML.

use serde_json::Value as Json;

use super::{Example, FileFaults, LISTS, RawRecord, Wanted, record};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::json::Decimal;
use crate::syntax::source::Span;
use crate::syntax::yaml::{self, Key, Node, Value};

/// A list of records, or a map with such a list under one of [`LISTS`].
pub(super) fn read_document(wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Vec<Example> {
    let mut faults = Faults::new();
    let root = yaml::parse(report.source, &mut faults);
    faults.into_vec().into_iter().for_each(|fault| report.push(fault));
    let Some(root) = root else { return Vec::new() };
    let items = match &root.value {
        Value::Null => return Vec::new(),
        Value::List(items) => items,
        value => {
            let lists = LISTS.iter().filter_map(|key| match &root.get(key)?.value {
                Value::List(items) => Some(items),
                _ => None,
            });
            match *lists.collect::<Vec<_>>() {
                [items] => {
                    let entries = if let Value::Map(map) = value { Some(map) } else { None };
                    let beside = entries.into_iter().flat_map(|map| map.iter());
                    for (key, node) in beside.filter(|(key, _)| !LISTS.contains(&&*key.text)) {
                        record::say_beside(&key.text, &node.to_json(), &node.span, report);
                    }
                    items
                }
                ref lists => {
                    report.no_list(lists.len(), root.span.start);
                    return Vec::new();
                }
            }
        }
    };
    items.iter().zip(1..).filter_map(|(node, index)| example(node, index, wanted, report)).collect()
}

fn example(node: &Node, index: usize, wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Option<Example> {
    // The parser ends a block value where the next one begins, so blank lines and comments between them
    // are cut off here.
    let written = node.span.source.text().get(node.span.start..node.span.end).unwrap_or_default();
    let span = Span::new(&node.span.source, node.span.start, node.span.start + written.trim_end().len());
    let place = |keys: &[&str]| at(node, keys).span.clone();
    let spell = |keys: &[&str], report: &mut FileFaults<'_>| spelled(at(node, keys), report);
    record::example(RawRecord { index, value: node.to_json(), span, place: &place, spell: &spell }, wanted, report)
}

/// A value that is no text as it was written; a list or a map as compact JSON, with the spelling of its
/// numbers where JSON has it.
fn spelled(node: &Node, report: &mut FileFaults<'_>) -> String {
    match &node.value {
        Value::List(_) | Value::Map(_) => compact(node, report),
        _ => written(node).to_owned(),
    }
}

fn compact(node: &Node, report: &mut FileFaults<'_>) -> String {
    match &node.value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| compact(item, report)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(map) => {
            let entry = |(key, node): (&Key, &Node)| format!("{}:{}", Json::from(&*key.text), compact(node, report));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        Value::Int(_) | Value::Float(_) if Decimal::of_json(written(node)).is_some() => written(node).to_owned(),
        Value::Int(_) | Value::Float(_) => {
            let (number, value) = (written(node), node.to_json().to_string());
            let message = format!("`{number}` is no number of JSON, so the turn holds {value}");
            let fault = Diagnostic::warning("respelled-number", message).at(&node.span);
            report.push(fault.hint("put it into quotes to keep it as text"));
            value
        }
        _ => node.to_json().to_string(),
    }
}

fn written(node: &Node) -> &str {
    node.span.source.text().get(node.span.start..node.span.end).unwrap_or_default()
}

/// The innermost value below `node` that the keys lead to.
fn at<'n>(node: &'n Node, keys: &[&str]) -> &'n Node {
    let mut found = node;
    for key in keys {
        let next = match &found.value {
            Value::List(items) => key.parse::<usize>().ok().and_then(|number| items.get(number)),
            _ => found.get(key),
        };
        match next {
            Some(next) => found = next,
            None => break,
        }
    }
    found
}
