//! Collects what a dialect finds while it writes a body: holes, breakpoints that cannot be marked, findings.

use serde_json::{Map, Value};

use super::outline::{BlockText, HoleRange, Outline, Seen};
use super::rewrite::rewrite;
use super::{Body, Caching, Dialect, Finding, Hole, HoleKind, Prompt, Reaction, Unplaced};
use crate::prompt::blocks::Breakpoint;
use crate::syntax::quantity::Ttl;

/// The by-products of writing one body.
#[derive(Debug)]
pub(super) struct BodyWriter {
    dialect: Dialect,
    seen: Seen,
    /// The lifetimes that can be marked, or why no breakpoint can be.
    marks: Result<&'static [u32], &'static str>,
    holes: Vec<Hole>,
    unplaced: Vec<Unplaced>,
    findings: Vec<Finding>,
}

impl BodyWriter {
    /// A writer for one body of `prompt` in this dialect.
    pub fn new(prompt: &Prompt, dialect: Dialect) -> Self {
        let marks: Result<&'static [u32], &'static str> = match (dialect, prompt.caching) {
            // The lifetimes, in seconds, that these APIs take in a mark.
            (Dialect::Messages, Caching::CacheControl) | (Dialect::Converse, Caching::CachePoint) => Ok(&[300, 3600]),
            (Dialect::Responses | Dialect::Chat, Caching::BreakpointField) => Ok(&[1800, 43_200]),
            _ => Err("this model's cache takes no marks in this format"),
        };
        Self { dialect, seen: Seen::default(), marks, holes: Vec::new(), unplaced: Vec::new(), findings: Vec::new() }
    }

    /// The segments as an outline, as this dialect takes it; its findings are those of the body.
    pub fn outline(&mut self, prompt: &Prompt, breakpoints: &[Breakpoint]) -> Outline {
        let mut outline = Outline::of(prompt.segments, breakpoints, &mut self.findings);
        rewrite(&mut outline, prompt, self.dialect, &mut self.findings);
        self.seen = outline.seen();
        outline
    }

    /// What the outline holds beside its texts.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The text that goes to `pointer`, its inputs and regions noted as holes there.
    pub fn text(&mut self, text: BlockText, pointer: &str) -> Value {
        self.holes.extend(text.holes.into_iter().map(|HoleRange { name, kind, start, end, segment }| Hole {
            name,
            kind,
            pointer: pointer.to_owned(),
            start,
            end,
            segment: Some(segment),
        }));
        Value::String(text.text)
    }

    /// Notes that earlier turns go before the element at `pointer`.
    pub fn history(&mut self, name: String, mark: Option<Breakpoint>, pointer: String) {
        self.refuse(mark, "a history has no content to mark");
        self.holes.push(Hole { name, kind: HoleKind::History, pointer, start: 0, end: 0, segment: None });
    }

    /// A placeholder for the cached content's name, which only the provider knows.
    pub fn cache_name(&mut self, pointer: &str) -> Value {
        let name = "cachedContent";
        let placeholder = format!("{{{{{name}}}}}");
        self.holes.push(Hole {
            name: name.to_owned(),
            kind: HoleKind::Cache,
            pointer: pointer.to_owned(),
            start: 0,
            end: placeholder.chars().count(),
            segment: None,
        });
        Value::String(placeholder)
    }

    /// The lifetime to mark a block with, if it is to be marked and can be.
    pub fn ttl(&mut self, mark: Option<Breakpoint>) -> Option<Ttl> {
        let mark = mark?;
        match self.marks {
            Ok(lifetimes) if lifetimes.contains(&mark.ttl.seconds) => Some(mark.ttl),
            Ok(lifetimes) => {
                let known: Vec<String> = lifetimes.iter().map(|&seconds| format!("`{}`", Ttl { seconds })).collect();
                self.fault(
                    Finding::new(
                        "unknown-ttl",
                        format!("a breakpoint has the TTL `{}`", mark.ttl),
                        format!("this format knows {}", known.join(" and ")),
                    )
                    .with_reaction(Reaction::Refusal),
                );
                None
            }
            Err(why) => {
                self.refuse(Some(mark), why);
                None
            }
        }
    }

    /// Notes that a breakpoint, if there is one, cannot be marked.
    pub fn refuse(&mut self, mark: Option<Breakpoint>, why: &'static str) {
        self.unplaced.extend(mark.map(|breakpoint| Unplaced { breakpoint, why }));
    }

    /// Notes what there is to say of the body.
    pub fn fault(&mut self, found: Finding) {
        self.findings.push(found);
    }

    /// The body, or the faults.
    pub fn finish(mut self, dialect: Dialect, json: Map<String, Value>) -> Result<Body, Vec<Finding>> {
        if self.findings.iter().any(|found| found.reaction.refuses()) {
            return Err(self.findings);
        }
        self.unplaced.sort_by_key(|unplaced| unplaced.breakpoint.after);
        Ok(Body {
            dialect,
            json: Value::Object(json),
            holes: self.holes,
            unplaced: self.unplaced,
            findings: self.findings,
        })
    }
}
