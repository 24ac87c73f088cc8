//! Heads as Claude Code reads them: one that is no YAML is read once more, with the values in quotes that hold what means
//! something to YAML. `description: Use when: …` and `paths: **/*.ts` are what people write.

use serde_json::Value as Json;

use super::layer::{Layer, text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::{Source, Span};
use crate::syntax::yaml::{self, Node};
use crate::text::fragment::Fragment;

/// The value of a key of the head.
pub fn meta(fragment: &Fragment, key: &str) -> Option<Node> {
    fragment.meta.clone().or_else(|| quoted(fragment))?.get(key).cloned()
}

/// What is to be said of the head.
pub fn warning(fragment: &Fragment) -> Option<Diagnostic> {
    let warning = fragment.head_warning.clone()?;
    let Some(Node { span, .. }) = quoted(fragment) else { return Some(warning) };
    let message = "the head is no YAML; Claude Code reads it with its values in quotes, other programs may not";
    let said = Diagnostic::warning("front-matter", message).at(warning.span.as_ref().unwrap_or(&span));
    Some(said.hint("put this value into quotes"))
}

/// A head that is no YAML until its values are in quotes. Every value has the place where the file has it.
fn quoted(fragment: &Fragment) -> Option<Node> {
    fragment.head_warning.as_ref()?;
    let head = fragment.slice(0..fragment.body.start);
    let mut lines = head.split_inclusive('\n');
    let mut at = lines.next().filter(|line| line.trim_end() == "---")?.len();
    let (mut written, mut places) = (String::new(), Vec::new());
    for line in lines {
        let plain = line.trim_end_matches(['\n', '\r']);
        if matches!(plain.trim_end(), "---" | "...") {
            break;
        }
        if let Some((key, value)) = pair(plain) {
            let end = at + plain.len();
            places.push((key, Span::new(&fragment.source, end - value.len(), end)));
            let value = if means_something(value) { Json::from(value).to_string() } else { value.to_owned() };
            written.push_str(&format!("{key}: {value}\n"));
        } else {
            written.push_str(&format!("{plain}\n"));
        }
        at += line.len();
    }
    let mut faults = Faults::new();
    let source = Source::new(fragment.source.path().clone(), &*written);
    let read = yaml::parse(&source, &mut faults).filter(|_| !faults.has_errors())?;
    let whole = Span::new(&fragment.source, 0, head.trim_end().len());
    let mut layer = Layer::new(&whole);
    for (key, node) in read.as_map()?.iter() {
        let place = places.iter().find(|(own, _)| **own == *key.text).map_or(&whole, |(_, place)| place);
        let own = node.as_text().map_or_else(|| Node::new(node.value.clone(), place.clone()), |own| text(own, place));
        layer.put(&key.text, own);
    }
    Some(layer.done())
}

/// A line `key: value`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte));
    let value = rest.trim_start();
    (is_key && value.len() < rest.len() && !value.is_empty()).then_some((key, value))
}

/// Whether a value that is not in quotes holds what YAML reads as something else.
fn means_something(value: &str) -> bool {
    let is_in = |mark: char| value.starts_with(mark) && value.ends_with(mark);
    !is_in('"') && !is_in('\'') && (value.contains(": ") || value.contains(|c| "{}[]*&#!|>%@`".contains(c)))
}
