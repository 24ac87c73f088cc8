//! `split`: where a file is cut into segments. The slices tile the text, so cuts never change a byte.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag};

use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_SLICES;
use crate::syntax::yaml::{self, Node, Value};
use crate::text::fragment::Fragment;

/// The slices of `range` that the rule `written` asks for: `headings(2)`, `keys(1)`, `lines(50)`.
///
/// A slice of only blank text is joined to the one before it. `None` after a fault.
pub fn slices(
    fragment: &Fragment,
    range: Range<usize>,
    written: &Text,
    faults: &mut Faults,
) -> Option<Vec<Range<usize>>> {
    let bad = |faults: &mut Faults| {
        let fault = Diagnostic::error("bad-split", format!("`{}` is no way to split a file", written.value));
        faults.push(fault.at(&written.span).hint("use headings(2), keys(1) or lines(50)"));
        None
    };
    let Some((rule, number)) = written.value.strip_suffix(')').and_then(|rest| rest.split_once('(')) else {
        return bad(faults);
    };
    let Ok(number) = number.trim().parse::<usize>() else { return bad(faults) };
    let text = fragment.slice(range.clone());
    let starts = match rule.trim() {
        "headings" if (1..=6).contains(&number) => headings(text, number),
        "keys" if (1..=3).contains(&number) => {
            let before = faults.has_errors();
            let node = yaml::parse_range(&fragment.source, range.clone(), faults);
            match node {
                Some(node) if before || !faults.has_errors() => {
                    let mut starts = Vec::new();
                    keys(&node, number, &mut starts);
                    starts.into_iter().map(|at| line_start(text, at.saturating_sub(range.start))).collect()
                }
                _ => return None,
            }
        }
        "lines" if number > 0 => text
            .split_inclusive('\n')
            .scan(0, |at, line| Some(std::mem::replace(at, *at + line.len())))
            .step_by(number)
            .collect(),
        _ => return bad(faults),
    };
    if starts.len() > MAX_SLICES {
        let message = format!("the file would be cut into {} segments; the limit is {MAX_SLICES}", starts.len());
        faults.push(Diagnostic::error("too-many-slices", message).at(&written.span));
        return None;
    }
    Some(tile(text, starts).into_iter().map(|slice| slice.start + range.start..slice.end + range.start).collect())
}

/// Slices that begin at `starts`, tiling `text`, none of them blank unless all of it is.
fn tile(text: &str, mut starts: Vec<usize>) -> Vec<Range<usize>> {
    starts.push(0);
    starts.push(text.len());
    starts.sort_unstable();
    starts.dedup();
    let mut slices: Vec<Range<usize>> = Vec::new();
    for pair in starts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let blank = |range: Range<usize>| text[range].trim().is_empty();
        match slices.last_mut() {
            Some(last) if blank(start..end) || blank(last.clone()) => last.end = end,
            _ => slices.push(start..end),
        }
    }
    if slices.is_empty() { std::iter::once(0..text.len()).collect() } else { slices }
}

/// Where headings of a level up to `depth` begin.
fn headings(text: &str, depth: usize) -> Vec<usize> {
    let level = |level: HeadingLevel| level as usize;
    Parser::new_ext(text, Options::ENABLE_TABLES)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Heading { level: own, .. }) if level(own) <= depth => Some(range.start),
            _ => None,
        })
        .collect()
}

/// Where the keys of maps begin, down to `depth`.
fn keys(node: &Node, depth: usize, starts: &mut Vec<usize>) {
    let Value::Map(map) = &node.value else { return };
    for (key, node) in map.iter() {
        starts.push(key.span.start);
        if depth > 1 {
            keys(node, depth - 1, starts);
        }
    }
}

/// The start of the line of the byte `at`, if there are only blanks before it on that line; else `at`.
fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    if text[start..at].trim().is_empty() { start } else { at }
}

/// The targets of a Markdown text's inline links, in order, without fragments, web addresses left out.
pub fn link_targets(text: &str) -> Vec<String> {
    Parser::new(text)
        .filter_map(|event| match event {
            Event::Start(Tag::Link {
                link_type: LinkType::Inline | LinkType::Reference | LinkType::Shortcut | LinkType::Collapsed,
                dest_url,
                ..
            }) => {
                let target = dest_url.split('#').next().unwrap_or_default().to_owned();
                (!target.is_empty() && !target.contains(':')).then_some(target)
            }
            _ => None,
        })
        .collect()
}
