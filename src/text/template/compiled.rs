//! A parsed template: its tree, and where every byte of it was written.

use super::parse;
use super::passage::Passage;
use super::syntax::{ByteRange, Name, Node};
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// A parsed template.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Its path below `templates/`; `None` for text of a manifest.
    pub name: Option<String>,
    pub passage: Passage,
    pub nodes: Vec<Node>,
    pub partials: Vec<Name>,
    pub faults: Vec<Diagnostic>,
}

impl Compiled {
    pub fn new(name: Option<String>, passage: Passage) -> Self {
        let parsed = parse::parse(&passage.text);
        let faults = parsed.faults.into_iter().map(|fault| {
            Diagnostic::error(fault.code, fault.message).at(&passage.span(&fault.at)).maybe_hint(fault.hint)
        });
        Self { name, faults: faults.collect(), nodes: parsed.nodes, partials: parsed.partials, passage }
    }

    /// Where `place` was written.
    pub fn span(&self, place: &ByteRange) -> Span {
        self.passage.span(place)
    }

    /// The text at `place`.
    pub fn written(&self, place: &ByteRange) -> &str {
        self.passage.text.get(place.clone()).unwrap_or_default()
    }
}
