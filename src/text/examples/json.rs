//! Examples in JSON and JSON Lines.
//!
//! serde_json parses, but its values have no positions. When there is a fault to point at, a small
//! scanner finds the position in the text, which serde_json has accepted.

use std::ops::Range;

use super::{Example, FileFaults, LISTS, RawRecord, Wanted, record};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::json;
use crate::syntax::source::Span;

/// What separates JSON values.
const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// One record a line; blank lines are skipped.
pub(super) fn read_lines(wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Vec<Example> {
    let text = report.source.text().clone();
    let mut examples = Vec::new();
    let (mut index, mut start) = (0, 0);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches(BLANK);
        let from = start + line.len() - trimmed.len();
        start += line.len();
        let range = from..from + trimmed.trim_end_matches(BLANK).len();
        if !range.is_empty() {
            index += 1;
            examples.extend(example(range, index, wanted, report));
        }
    }
    examples
}

/// A list of records, or a map with such a list under one of [`LISTS`].
pub(super) fn read_document(wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Vec<Example> {
    let text = report.source.text().clone();
    if let Err(fault) = json::check(report.source) {
        syntax(*fault, report);
        return Vec::new();
    }
    let root = value_at(&text, 0);
    let list = match text.as_bytes().get(root.start) {
        Some(b'[') => root,
        Some(b'{') => {
            let is_list = |child: &Child| {
                child.key.as_ref().is_some_and(|key| LISTS.contains(&&*decoded(&text, key)))
                    && text.as_bytes().get(child.value.start) == Some(&b'[')
            };
            let (lists, beside): (Vec<_>, Vec<_>) = children(&text, root.clone()).into_iter().partition(is_list);
            match <[_; 1]>::try_from(lists) {
                Ok([list]) => {
                    for Child { key, value } in beside {
                        let span = Span::new(report.source, value.start, value.end);
                        let key = key.map(|key| decoded(&text, &key)).unwrap_or_default();
                        match json::parse(&report.source.clone(), value) {
                            Ok(value) => record::say_beside(&key, &value, &span, report),
                            // No turn is made of it, so the records can be read all the same.
                            Err(fault) => report.push(Diagnostic { severity: Severity::Warning, ..*fault }),
                        }
                    }
                    list.value
                }
                Err(lists) => {
                    report.no_list(lists.len(), root.start);
                    return Vec::new();
                }
            }
        }
        _ => {
            report.no_list(0, root.start);
            return Vec::new();
        }
    };
    let records = children(&text, list).into_iter().zip(1..);
    records.filter_map(|(child, index)| example(child.value, index, wanted, report)).collect()
}

/// The example that is the JSON value at `range`.
fn example(range: Range<usize>, index: usize, wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Option<Example> {
    let source = report.source.clone();
    let text = source.text();
    let value = match json::parse(&source, range.clone()) {
        Ok(value) => value,
        Err(fault) => {
            syntax(*fault, report);
            return None;
        }
    };
    let place = |keys: &[&str]| {
        let found = find(text, range.clone(), keys);
        Span::new(&source, found.start, found.end)
    };
    let spell = |keys: &[&str], _: &mut FileFaults<'_>| compact(text, find(text, range.clone(), keys));
    let span = Span::new(&source, range.start, range.end);
    record::example(RawRecord { index, value, span, place: &place, spell: &spell }, wanted, report)
}

/// The value at `range` as compact JSON: keys in the order written, numbers as they were spelled.
fn compact(text: &str, range: Range<usize>) -> String {
    let string = |range: &Range<usize>| serde_json::Value::String(decoded(text, range)).to_string();
    let inner = |range: Range<usize>| {
        let child = |child: Child| match child.key {
            Some(key) => format!("{}:{}", string(&key), compact(text, child.value)),
            None => compact(text, child.value),
        };
        children(text, range).into_iter().map(child).collect::<Vec<_>>().join(",")
    };
    match text.as_bytes().get(range.start) {
        Some(b'{') => format!("{{{}}}", inner(range)),
        Some(b'[') => format!("[{}]", inner(range)),
        Some(b'"') => string(&range),
        _ => text.get(range).unwrap_or_default().to_owned(),
    }
}

/// Reports a fault of the syntax.
fn syntax(fault: Diagnostic, report: &mut FileFaults<'_>) {
    let cut_short = fault.message.starts_with(json::CUT_SHORT) && report.is_lines();
    report.push(fault.maybe_hint(cut_short.then(|| "in JSON Lines a record is one line".to_owned())));
}

/// An item of a list, or an entry of a map.
struct Child {
    /// The key with its quotes.
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// The innermost value below the one at `range` that the keys lead to.
fn find(text: &str, range: Range<usize>, keys: &[&str]) -> Range<usize> {
    let mut found = range;
    for key in keys {
        let wanted = |(number, child): &(usize, Child)| match &child.key {
            Some(own) => decoded(text, own) == *key,
            None => number.to_string() == *key,
        };
        match children(text, found.clone()).into_iter().enumerate().find(wanted) {
            Some((_, child)) => found = child.value,
            None => break,
        }
    }
    found
}

/// The items or entries of the list or map at `range`; none for any other value. The text must be valid JSON.
fn children(text: &str, range: Range<usize>) -> Vec<Child> {
    let mut children = Vec::new();
    let keyed = match text.as_bytes().get(range.start) {
        Some(b'{') => true,
        Some(b'[') => false,
        _ => return children,
    };
    let mut at = range.start + 1;
    loop {
        let first = value_at(text, at);
        if first.is_empty() {
            return children;
        }
        let (key, value) = if keyed { (Some(first.clone()), value_at(text, first.end)) } else { (None, first) };
        at = value.end;
        children.push(Child { key, value });
    }
}

/// The next value at or after `from`, past blanks, commas and colons; empty at a closing bracket.
///
/// Lists and maps are skipped by counting brackets, without recursion, and only outside of strings.
fn value_at(text: &str, from: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    let start = from + rest(from).iter().take_while(|byte| b" \t\r\n,:".contains(byte)).count();
    let (mut depth, mut at) = (0usize, start);
    loop {
        let step = match rest(at).first() {
            Some(b'"') => json::string_len(rest(at)),
            Some(b'{' | b'[') => {
                depth += 1;
                at += 1;
                continue;
            }
            Some(b'}' | b']') if depth == 0 => return start..at,
            Some(b'}' | b']') => {
                depth -= 1;
                1
            }
            Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b':') => 1,
            Some(_) => rest(at).iter().take_while(|byte| !b" \t\r\n,:}]".contains(byte)).count(),
            None => return start..bytes.len().max(start),
        };
        at += step;
        if depth == 0 {
            return start..at;
        }
    }
}

/// The text of a key, without quotes and escapes.
fn decoded(text: &str, key: &Range<usize>) -> String {
    text.get(key.clone()).and_then(|written| serde_json::from_str(written).ok()).unwrap_or_default()
}
