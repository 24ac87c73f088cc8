//! A pattern of fabric: `system.md` is the system prompt, and the input is part of it.
//! <https://github.com/danielmiessler/fabric>, `GetApplyVariables`.

use super::layer::Layer;
use super::{Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_TEMPLATE_TAGS;
use crate::syntax::manifest::Mark;
use crate::syntax::source::Span;
use crate::text::fragment::Reader;
use crate::text::template::Piece;

use super::tags::tags;

/// The input of a pattern.
const INPUT: &str = "input";

/// Reads the file that `written` names. A head stays: fabric knows none.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let source = &fragment.source;
    let all: &str = source.text();
    let whole = Span::new(source, 0, all.trim_end().len());
    let mut inputs = Layer::new(&whole);
    let mut pieces = Vec::new();
    let (mut from, mut has_input) = (0, false);
    let found = tags(all);
    if found.len() > MAX_TEMPLATE_TAGS {
        let message = format!("the pattern holds more than {MAX_TEMPLATE_TAGS} tags");
        faults.push(Diagnostic::error("template-limit", message).at(&Span::file(source)));
        return None;
    }
    for tag in found {
        let at = Span::new(source, tag.at.start, tag.at.end);
        let inner = all[tag.at.start + 2..tag.at.end - 2].trim();
        if inner.starts_with("plugin:") || inner.starts_with("ext:") {
            let message = format!("`{{{{{inner}}}}}` is made by fabric when it runs, and cannot be kept");
            faults
                .push(Diagnostic::error("unknown-helper", message).at(&at).hint("write its text, or make it an input"));
            continue;
        }
        let is_name = !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
        if !is_name || tag.sigil.is_some() {
            continue;
        }
        has_input |= inner == INPUT;
        pieces.push(Piece::Text(all[from..tag.at.start].to_owned()));
        pieces.push(Piece::Input(inner.to_owned()));
        inputs.put(inner, Layer::new(&at).done());
        from = tag.at.end;
    }
    pieces.push(Piece::Text(all[from..].to_owned()));
    if !has_input {
        let gap = if all.ends_with('\n') { "" } else { "\n" };
        pieces.push(Piece::Text(gap.to_owned()));
        pieces.push(Piece::Input(INPUT.to_owned()));
        inputs.put(INPUT, super::layer::input("what the pattern is applied to", &whole));
    }
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    // What is sent is trimmed.
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.truncate(last.trim_end().len());
    }
    let mut layer = Layer::new(&whole);
    layer.put("inputs", inputs.done());
    let entry = Entry::Text(Passage { role: Role::System, begins: false, pieces, span: whole, mark: Mark::Free });
    Some(Foreign::literal(layer.done(), vec![entry]))
}
