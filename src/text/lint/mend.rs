//! Mends in a text what can be mended without changing what a reader sees.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::allowed::Allowed;
use super::catalogue::{CRLF, INVISIBLE_TEXT};
use super::{invisible, leftover};
use crate::syntax::source::{Source, Span};

/// The text of a file after `check --fix` with the lints of these ids; `None` if it does not change.
/// Findings that a comment allows are not mended.
pub fn mended(source: &Arc<Source>, ids: &BTreeSet<&str>) -> Option<String> {
    let text: &str = source.text();
    let mut allowed = Allowed::default();
    let mut allows = |id: &str, range: &Range<usize>| allowed.covers(id, &Span::new(source, range.start, range.end));
    let mut gone: Vec<Range<usize>> = Vec::new();
    if ids.contains(INVISIBLE_TEXT.id) {
        gone.extend(invisible::useless(text).into_iter().filter(|range| !allows(INVISIBLE_TEXT.id, range)));
    }
    if ids.contains(CRLF.id) && leftover::mixes_line_ends(text) {
        gone.extend(text.match_indices("\r\n").map(|(at, _)| at..at + 1));
    }
    if gone.is_empty() {
        return None;
    }
    gone.sort_by_key(|range| range.start);
    let (mut left, mut from) = (String::with_capacity(text.len()), 0);
    for range in gone {
        left.push_str(text.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    Some(left)
}
