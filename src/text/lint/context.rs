//! Lints of a context's fragments together: which are almost the same, and what in its prefix changes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::alike::{Sketch, SketchIndex};
use super::catalogue::{CACHE_BREAKER, NEAR_DUPLICATE};
use super::volatile::{Cue, VolatileValue, volatile_values};
use super::{Linted, MAX_REPORTED, Subject};
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Kind, Segment, Tier, prefix_len};
use crate::syntax::diag::Diagnostic;
use crate::syntax::manifest::Stability;
use crate::syntax::source::{ProjectPath, Span};
use crate::text::fragment::Fragment;
use crate::text::resolve::{Content, PlannedBlock, Wrap};

/// The least words of a fragment that can be a duplicate: shorter ones are alike by their headings and
/// phrases.
const LEAST_WORDS: usize = 30;
/// The least likeness of a duplicate, in hundredths.
const LEAST_LIKENESS: u64 = 80;
/// How many consecutive words make one shingle.
const WIDTH: usize = 5;
/// How many bytes before a value that changes are looked for together with it.
const LEAD: usize = 12;

/// Fragments of the context that are almost the same.
pub(super) fn duplicates(subject: &Subject, linted: &Linted) -> Vec<Diagnostic> {
    let parts = subject.plan.blocks.iter().flat_map(|block| match &block.content {
        Content::Files(parts) => parts.as_slice(),
        _ => &[],
    });
    let (mut index, mut known, mut met): (SketchIndex, Vec<&Arc<Fragment>>, BTreeSet<_>) = Default::default();
    let mut found = Vec::new();
    let fragments = parts.map(|part| &part.fragment).filter(|fragment| met.insert(fragment.source.path()));
    let fragments: Vec<&Arc<Fragment>> = fragments.collect();
    let sketches: Vec<Arc<Sketch>> = fragments.par_iter().map(|fragment| sketch(fragment, linted)).collect();
    for (fragment, sketch) in fragments.into_iter().zip(sketches) {
        if sketch.words < LEAST_WORDS {
            continue;
        }
        if let Some((other, likeness)) = index.nearest(&sketch, LEAST_LIKENESS)
            && let Some(other) = known.get(other)
        {
            let message = format!("{likeness}% of this text also stands in {}", other.source.path());
            let start = fragment.body.start;
            let warning = NEAR_DUPLICATE.warning(message).at(&Span::new(&fragment.source, start, start));
            found.push(warning.hint("keep one of them, or put what they share into a fragment of its own"));
        }
        index.add(sketch);
        known.push(fragment);
    }
    found.extend(repeated(subject));
    found
}

/// Blocks that send a file or a template which a block before them sends.
fn repeated(subject: &Subject) -> Vec<Diagnostic> {
    let place_of = |span: &Span| (span.path().clone(), span.start);
    let is_text = |block: &&PlannedBlock| matches!(block.content, Content::Files(_) | Content::Template(_));
    let texts: HashSet<_> = subject.plan.blocks.iter().filter(is_text).map(|block| place_of(&block.span)).collect();
    // Each file of each block: its segments there, one behind the other.
    let mut sent: Vec<(&ProjectPath, Vec<&Segment>)> = Vec::new();
    let mut last: HashMap<&ProjectPath, usize> = HashMap::new();
    for segment in subject.segments {
        let block = place_of(&segment.origin.block);
        let Some(path) = segment.origin.path.as_ref().filter(|_| texts.contains(&block)) else { continue };
        match last.get(path).and_then(|at| sent.get_mut(*at)) {
            Some((_, segments)) if segments.first().is_some_and(|one| place_of(&one.origin.block) == block) => {
                segments.push(segment);
            }
            _ => {
                last.insert(path, sent.len());
                sent.push((path, vec![segment]));
            }
        }
    }
    let mut first: HashMap<&ProjectPath, &Segment> = HashMap::new();
    let mut found = Vec::new();
    for (path, segments) in sent {
        let Some(segment) = segments.first().copied() else { continue };
        let before = *first.entry(path).or_insert(segment);
        if std::ptr::eq(before, segment) {
            continue;
        }
        let parts = segments.iter().flat_map(|segment| &segment.parts);
        let words: usize = parts.map(|part| part.text.split_whitespace().count()).sum();
        if words >= LEAST_WORDS {
            let message = format!("`{path}` stands in this prompt twice: in `{}` and in `{}`", before.id, segment.id);
            let warning = NEAR_DUPLICATE.warning(message).at(&segment.origin.block);
            found.push(warning.hint("leave one of them out; a pattern of `files` can: `!path`"));
        }
    }
    found
}

fn sketch(fragment: &Fragment, linted: &Linted) -> Arc<Sketch> {
    let name = (fragment.source.path().clone(), fragment.blob.clone());
    linted.sketches.get(&name).unwrap_or_else(|| {
        let sketch = Arc::new(Sketch::of(fragment.slice(fragment.body.clone()), WIDTH));
        linted.sketches.put(name, sketch.clone());
        sketch
    })
}

/// Values in the prefix that probably change with each build or request.
pub(super) fn breakers(subject: &Subject, linted: &Linted) -> Vec<Diagnostic> {
    let prefix = subject.segments.iter().zip(subject.digests).take(prefix_len(subject.segments));
    let place_of = |span: &Span| (span.path().clone(), span.start);
    // Of two at one place the first.
    let blocks: HashMap<_, &PlannedBlock> =
        subject.plan.blocks.iter().rev().map(|block| (place_of(&block.span), block)).collect();
    let of_segment = |(segment, digest): (&Segment, &Digest)| {
        let block = blocks.get(&place_of(&segment.origin.block));
        let Some(loosest) = block.and_then(|block| loosest(segment, block)) else { return Vec::new() };
        let values = linted.volatile.get(digest).unwrap_or_else(|| {
            let values = Arc::new(values(segment));
            linted.volatile.put(*digest, values.clone());
            values
        });
        let warnings = values.iter().filter(|value| value.cue <= loosest).map(|value| {
            let message =
                format!("{} stands in the prefix: each new one makes caches write all behind it anew", value.what);
            let hint = "make it an input behind the stable text, or say `stability: volatile` and put the block last";
            CACHE_BREAKER.warning(message).at(&place(subject, segment, value)).hint(hint)
        });
        warnings.collect::<Vec<Diagnostic>>()
    };
    let prefix: Vec<(&Segment, &Digest)> = prefix.collect();
    let mut found: Vec<Diagnostic> = prefix.into_par_iter().map(of_segment).flatten_iter().collect();
    found.truncate(MAX_REPORTED);
    found
}

/// The weakest [`Cue`] with which a value in this segment is reported. `None` in examples, whose "today" is
/// that of their question, and where the author has declared the text volatile.
fn loosest(segment: &Segment, block: &PlannedBlock) -> Option<Cue> {
    let is_data = matches!(block.content, Content::Examples(..));
    let is_document = segment.tier == Tier::Tools || matches!(block.wrap, Wrap::Document | Wrap::Fence);
    match (is_data || segment.stability == Some(Stability::Volatile), is_document) {
        (true, _) => None,
        (false, true) => Some(Cue::Said),
        (false, false) => Some(Cue::Bare),
    }
}

/// A value that changes, by its text alone: values are cached by the segment's digest, and the file and
/// line of the same text differ between contexts.
#[derive(Debug)]
pub(super) struct VolatileText {
    /// A few characters before it, which tell it from the same value elsewhere.
    lead: String,
    text: String,
    what: &'static str,
    cue: Cue,
}

/// The first value of each kind in a segment.
fn values(segment: &Segment) -> Vec<VolatileText> {
    let texts =
        segment.parts.iter().filter(|part| matches!(part.kind, Kind::Text | Kind::Tool)).map(|part| &*part.text);
    let value = |text: &str| -> Vec<VolatileText> {
        let value = |at: Range<usize>| text.get(at).unwrap_or_default().to_owned();
        let text_of = |found: VolatileValue| VolatileText {
            lead: value(text.floor_char_boundary(found.at.start.saturating_sub(LEAD))..found.at.start),
            text: value(found.at),
            what: found.what,
            cue: found.cue,
        };
        volatile_values(text).into_iter().map(text_of).collect()
    };
    let mut kinds: BTreeSet<(&'static str, Cue)> = BTreeSet::new();
    texts.flat_map(value).filter(|value| kinds.insert((value.what, value.cue))).collect()
}

/// Where a value was written: in the lines that the segment comes from, else the block in the manifest.
fn place(subject: &Subject, segment: &Segment, value: &VolatileText) -> Span {
    let written = || {
        let fragment = subject.fragments.read(segment.origin.path.as_ref()?).ok()?;
        let (source, lines) = (&fragment.source, segment.origin.lines.as_ref()?);
        let (start, end) = (source.line_start(*lines.start()), source.line_start(lines.end().saturating_add(1)));
        let text = source.text().get(start..end)?;
        let led = text.find(&format!("{}{}", value.lead, value.text)).map(|at| at + value.lead.len());
        let at = start + led.or_else(|| text.find(&value.text))?;
        Some(Span::new(source, at, at + value.text.len()))
    };
    written().unwrap_or_else(|| segment.origin.block.clone())
}
