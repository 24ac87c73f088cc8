//! The output of a template: segments of text and holes.

use std::collections::HashSet;

use super::data::{END, INPUT, MARK, OPEN, REGION};
use super::passage::Passage;
use super::region::RenderedRegion;
use super::scan::ByteRange;
use crate::prompt::segment::Part;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::Span;

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
    /// What the model sees.
    Text(String),
    /// A hole that the caller fills at run time; the input's name.
    Input(String),
    /// A part that depends on an input in another way.
    Region(RenderedRegion),
    /// A part that no template writes: a call of a tool, or its result.
    Whole(Part),
}

impl Piece {
    /// Whether the model may see anything of it.
    pub fn says_something(&self) -> bool {
        !matches!(self, Self::Text(text) if text.is_empty())
    }
}

/// Text that the crate has written, up to a mark or between two; or a mark.
pub(super) enum Run<'t> {
    Text(&'t str),
    Input(&'t str),
    Region(usize),
    Open(usize),
    Close,
}

/// The runs of `text`, each with the byte at which it ends.
pub(super) fn runs(text: &str) -> impl Iterator<Item = (Run<'_>, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let run = match rest.find(MARK) {
            Some(0) => {
                let (begin, inside) = rest.split_at(INPUT.len());
                let name = inside.split_once(END).map_or("", |(name, _)| name);
                let number = || name.parse().unwrap_or(usize::MAX);
                let (run, is_named) = match begin {
                    INPUT => (Run::Input(name), true),
                    REGION => (Run::Region(number()), true),
                    OPEN => (Run::Open(number()), true),
                    _ => (Run::Close, false),
                };
                at += INPUT.len() + if is_named { name.len() + END.len_utf8() } else { 0 };
                run
            }
            found => {
                let end = found.unwrap_or(rest.len());
                at += end;
                Run::Text(&rest[..end])
            }
        };
        Some((run, at))
    })
}

/// Cuts what the crate has written into segments, and reports those that stand in each other or share an id. White
/// space between two segment blocks goes to the one before it, white space before the first to the first; any other text
/// outside is a segment without an id.
///
/// `ends` says where each element of the template ended in `text`, and where its text stands in the template; `opened`
/// has the id and the place of each segment, `regions` what their marks stand for.
pub(super) fn cut(
    text: &str,
    ends: &[(usize, Option<&ByteRange>)],
    opened: &[(String, Span)],
    regions: &[RenderedRegion],
    passage: &Passage,
    faults: &mut Faults,
) -> Rendered {
    let place = |range: ByteRange| {
        let starts = std::iter::once(0).chain(ends.iter().map(|(end, _)| *end));
        let wrote = starts.zip(ends).filter(|(start, (end, _))| range.start.max(*start) < range.end.min(*end));
        let places: Vec<&ByteRange> = wrote.filter_map(|(_, (_, at))| *at).collect();
        match (places.first(), places.last()) {
            (Some(first), Some(last)) => passage.span(&(first.start..last.end)),
            _ => passage.whole().clone(),
        }
    };
    let outside = || RenderedSegment { id: None, pieces: Vec::new(), span: passage.whole().clone() };
    let (mut parts, mut from, mut before) = (vec![outside()], 0, 0);
    let (mut open, mut depth, mut ids) = ("", 0_usize, HashSet::new());
    for (run, end) in runs(text) {
        let start = std::mem::replace(&mut before, end);
        let opened = match run {
            Run::Text(text) => {
                write(&mut parts, text);
                continue;
            }
            Run::Input(name) => {
                push(&mut parts, Piece::Input(name.to_owned()));
                continue;
            }
            Run::Region(number) => {
                regions.get(number).into_iter().for_each(|region| push(&mut parts, Piece::Region(region.clone())));
                continue;
            }
            Run::Open(number) => opened.get(number),
            Run::Close => None,
        };
        if let Some(last) = parts.last_mut().filter(|last| last.id.is_none()) {
            last.span = place(from..start);
        }
        from = end;
        match opened {
            None => {
                depth = depth.saturating_sub(1);
                parts.push(outside());
            }
            Some((id, span)) => {
                let fault = |message: String| Diagnostic::error("template-segment", message).at(span);
                if depth > 0 {
                    faults.push(fault(format!("the segment `{id}` stands inside of the segment `{open}`")));
                } else if !ids.insert(id) {
                    let fault = fault(format!("the segment id `{id}` is used twice"));
                    faults.push(fault.hint("in a loop, make it of the item: `{{#segment id=this.name}}`"));
                } else {
                    open = id;
                }
                depth += 1;
                parts.push(RenderedSegment { id: Some(id.clone()), pieces: Vec::new(), span: span.clone() });
            }
        }
    }
    if let Some(last) = parts.last_mut().filter(|last| last.id.is_none()) {
        last.span = place(from..text.len());
    }
    join(parts)
}

/// Gives the white space around segments to its neighbours.
fn join(parts: Vec<RenderedSegment>) -> Rendered {
    let is_cut = parts.len() > 1;
    let is_blank = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
    let mut segments: Vec<RenderedSegment> = Vec::new();
    let mut leading = String::new();
    for part in parts {
        let blank = is_cut && part.id.is_none() && part.pieces.iter().all(is_blank);
        match part.pieces.first() {
            _ if !blank => segments.push(part),
            Some(Piece::Text(text)) if segments.is_empty() => leading.push_str(text),
            Some(Piece::Text(text)) => write(&mut segments, text),
            _ => {}
        }
    }
    if let Some(first) = segments.first_mut().filter(|_| !leading.is_empty()) {
        match first.pieces.first_mut() {
            Some(Piece::Text(text)) => text.insert_str(0, &leading),
            _ => first.pieces.insert(0, Piece::Text(leading)),
        }
    }
    Rendered { segments }
}

/// Appends a hole to the last segment.
fn push(segments: &mut [RenderedSegment], hole: Piece) {
    if let Some(last) = segments.last_mut() {
        last.pieces.push(hole);
    }
}

/// Appends text to the last segment.
fn write(segments: &mut [RenderedSegment], more: &str) {
    let Some(last) = segments.last_mut().filter(|_| !more.is_empty()) else { return };
    match last.pieces.last_mut() {
        Some(Piece::Text(text)) => text.push_str(more),
        _ => last.pieces.push(Piece::Text(more.to_owned())),
    }
}
