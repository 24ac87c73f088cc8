//! The output of a template: text with the origin of every byte, and holes.

use std::collections::HashSet;

use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// How much one template may write, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// A rendered template: one segment, or those that `{{#segment}}` made of it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// In order. Never empty; joined, their texts are what the template would have written without its
    /// segment tags.
    pub segments: Vec<RenderedSegment>,
}

/// A part of a rendered template with an identity of its own.
#[derive(Debug, Clone)]
pub struct RenderedSegment {
    /// What `{{#segment id="…"}}` says; `None` for text outside of any.
    pub id: Option<String>,
    /// Text and holes, in order; two texts never follow each other. Empty if nothing was written.
    pub pieces: Vec<Piece>,
    /// The segment block, or the template from the first to the last tag or text that wrote here.
    pub span: Span,
}

/// Text, or a hole.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text, with runs that cover it from its first byte to its last.
    Text {
        /// What the model sees.
        text: String,
        /// Its origins, in order.
        runs: Vec<Run>,
    },
    /// A hole that the caller fills at run time; the input's name.
    Input(String),
}

/// A range of text with one origin.
#[derive(Debug, Clone)]
pub struct Run {
    /// One past its last byte in the piece's text; it starts where the run before it ends.
    pub end: usize,
    /// What wrote it.
    pub writer: Writer,
    /// The place of the text itself (template, fragment), or of the tag (value).
    pub span: Span,
}

/// What wrote a range of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The template: exactly the bytes at the run's span.
    Template,
    /// A tag, with a value.
    Value,
    /// `{{include}}`: exactly the bytes of the fragment at the run's span.
    Fragment,
}

/// The output would become larger than [`MAX_OUTPUT_BYTES`].
#[derive(Debug)]
pub(super) struct Full;

/// The text written so far, with marks at which its origin changes or a hole is.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    marks: Vec<Mark>,
}

/// A mark at a byte of the text.
#[derive(Debug, Clone)]
struct Mark {
    at: usize,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// Text up to here.
    Run(Writer, Span),
    Hole(String, Span),
    Open(String, Span),
    Close,
}

impl Output {
    pub fn text(&mut self, text: &str, writer: Writer, span: Span) -> Result<(), Full> {
        if self.text.len() + text.len() > MAX_OUTPUT_BYTES {
            return Err(Full);
        }
        if !text.is_empty() {
            self.text.push_str(text);
            self.mark(What::Run(writer, span));
        }
        Ok(())
    }

    pub fn hole(&mut self, name: &str, span: Span) {
        self.mark(What::Hole(name.to_owned(), span));
    }

    pub fn open_segment(&mut self, id: String, span: Span) {
        self.mark(What::Open(id, span));
    }

    pub fn close_segment(&mut self) {
        self.mark(What::Close);
    }

    fn mark(&mut self, what: What) {
        self.marks.push(Mark { at: self.text.len(), what });
    }

    /// The number of its marks: the cost, in steps, of writing it again.
    pub fn weight(&self) -> usize {
        self.marks.len() + self.text.len() / 1024
    }

    /// Appends the text and marks of `other`.
    pub fn append(&mut self, other: &Output) -> Result<(), Full> {
        if self.text.len() + other.text.len() > MAX_OUTPUT_BYTES {
            return Err(Full);
        }
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.marks.extend(other.marks.iter().map(|mark| Mark { at: base + mark.at, what: mark.what.clone() }));
        Ok(())
    }

    /// The faults in its segments: one inside of another, two with one id.
    pub fn faults(&self) -> Vec<Diagnostic> {
        let (mut open, mut ids, mut faults) = (None, HashSet::new(), Vec::new());
        let mut depth = 0_usize;
        for mark in &self.marks {
            match &mark.what {
                What::Open(id, span) => {
                    if let Some(outer) = open.filter(|_| depth > 0) {
                        let message = format!("the segment `{id}` stands inside of the segment `{outer}`");
                        faults.push(Diagnostic::error("template-segment", message).at(span));
                    } else if !ids.insert(id) {
                        let message = format!("the segment id `{id}` is used twice");
                        let fault = Diagnostic::error("template-segment", message).at(span);
                        faults.push(fault.hint("in a loop, make it of the item: `{{#segment id=this.name}}`"));
                    } else {
                        open = Some(id);
                    }
                    depth += 1;
                }
                What::Close => depth = depth.saturating_sub(1),
                What::Run(..) | What::Hole(..) => {}
            }
        }
        faults
    }

    /// Cuts the output into segments. White space between two segment blocks goes to the one
    /// before it, white space before the first to the first; any other text outside is a segment
    /// without an id.
    pub fn into_rendered(self, template: &Span) -> Rendered {
        let mut stretches = vec![OutputSpan::outside()];
        let mut from = 0;
        for mark in self.marks {
            if let What::Run(_, span) | What::Hole(_, span) = &mark.what
                && span.path() == template.path()
            {
                last(&mut stretches).cover(span);
            }
            match mark.what {
                What::Run(writer, span) => {
                    let text = self.text.get(from..mark.at).unwrap_or_default();
                    last(&mut stretches).text(text, writer, span);
                }
                What::Hole(name, _) => last(&mut stretches).pieces.push(Piece::Input(name)),
                What::Open(id, span) => {
                    stretches.push(OutputSpan { id: Some(id), span: Some(span), pieces: Vec::new() })
                }
                What::Close => stretches.push(OutputSpan::outside()),
            }
            from = mark.at;
        }
        let mut segments: Vec<OutputSpan> = Vec::new();
        let mut leading = OutputSpan::outside();
        let split = stretches.len() > 1;
        for stretch in stretches {
            match segments.last_mut() {
                _ if !split || stretch.id.is_some() || !stretch.is_blank() => segments.push(stretch),
                Some(before) => before.append(stretch),
                None => leading.append(stretch),
            }
        }
        if let Some(first) = segments.first_mut() {
            first.prepend(leading);
        }
        Rendered { segments: segments.into_iter().map(|stretch| stretch.finish(template)).collect() }
    }
}

/// A segment while it is being assembled.
struct OutputSpan {
    id: Option<String>,
    span: Option<Span>,
    pieces: Vec<Piece>,
}

fn last(stretches: &mut Vec<OutputSpan>) -> &mut OutputSpan {
    if stretches.is_empty() {
        stretches.push(OutputSpan::outside());
    }
    let last = stretches.len() - 1;
    &mut stretches[last]
}

impl OutputSpan {
    fn outside() -> Self {
        Self { id: None, span: None, pieces: Vec::new() }
    }

    fn text(&mut self, more: &str, writer: Writer, span: Span) {
        if let Some(Piece::Text { text, runs }) = self.pieces.last_mut() {
            text.push_str(more);
            runs.push(Run { end: text.len(), writer, span });
        } else {
            let runs = vec![Run { end: more.len(), writer, span }];
            self.pieces.push(Piece::Text { text: more.to_owned(), runs });
        }
    }

    /// Extends the span of text outside of segments to what wrote it, if that is in the template itself.
    fn cover(&mut self, span: &Span) {
        match &mut self.span {
            _ if self.id.is_some() => {}
            None => self.span = Some(span.clone()),
            Some(own) => {
                own.start = own.start.min(span.start);
                own.end = own.end.max(span.end);
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text { text, .. } if text.trim().is_empty()))
    }

    fn append(&mut self, other: OutputSpan) {
        for piece in other.pieces {
            if let Piece::Text { text, runs } = piece {
                let mut from = 0;
                for run in runs {
                    self.text(text.get(from..run.end).unwrap_or_default(), run.writer, run.span);
                    from = run.end;
                }
            }
        }
    }

    fn prepend(&mut self, mut blank: OutputSpan) {
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Input(name) => blank.pieces.push(Piece::Input(name)),
                text => blank.append(OutputSpan { pieces: vec![text], ..OutputSpan::outside() }),
            }
        }
        self.pieces = blank.pieces;
    }

    fn finish(self, template: &Span) -> RenderedSegment {
        RenderedSegment { id: self.id, pieces: self.pieces, span: self.span.unwrap_or_else(|| template.clone()) }
    }
}
