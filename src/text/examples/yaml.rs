//! Examples in YAML.

use super::{Example, FileFaults, LISTS, Mapping, RawRecord, record};
use crate::syntax::diag::Faults;
use crate::syntax::source::Span;
use crate::syntax::yaml::{self, Node, Value};

/// A list of records, or a map with such a list under one of [`LISTS`].
pub(super) fn read_document(map: Option<&Mapping>, report: &mut FileFaults<'_>) -> Vec<Example> {
    let mut faults = Faults::new();
    let root = yaml::parse(report.source, &mut faults);
    faults.into_vec().into_iter().for_each(|fault| report.push(fault));
    let Some(root) = root else { return Vec::new() };
    let items = match &root.value {
        Value::Null => return Vec::new(),
        Value::List(items) => items,
        _ => {
            let lists = LISTS.iter().filter_map(|key| match &root.get(key)?.value {
                Value::List(items) => Some(items),
                _ => None,
            });
            match *lists.collect::<Vec<_>>() {
                [items] => items,
                ref lists => {
                    report.no_list(lists.len(), root.span.start);
                    return Vec::new();
                }
            }
        }
    };
    items.iter().zip(1..).filter_map(|(node, index)| example(node, index, map, report)).collect()
}

fn example(node: &Node, index: usize, map: Option<&Mapping>, report: &mut FileFaults<'_>) -> Option<Example> {
    // The parser ends a block value where the next one begins, so blank lines and comments between them
    // are cut off here.
    let written = node.span.source.text().get(node.span.start..node.span.end).unwrap_or_default();
    let span = Span::new(&node.span.source, node.span.start, node.span.start + written.trim_end().len());
    let place = |keys: &[&str]| find(node, keys);
    record::example(RawRecord { index, value: node.to_json(), span, place: &place }, map, report)
}

/// The place of the innermost value below `node` that the keys lead to.
fn find(node: &Node, keys: &[&str]) -> Span {
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
    found.span.clone()
}
