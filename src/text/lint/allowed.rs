//! Comments that allow a lint for a line or a file.
//!
//! `contexture: allow(crlf, secret)` covers its own line and the next, `contexture: allow-file(crlf)`
//! the whole file. The words are searched for in all of the text: which comment syntax a file has does
//! not matter.

use std::collections::HashMap;
use std::sync::Arc;

use crate::syntax::source::{Source, Span};

/// What such a comment begins with.
const MARK: &str = "contexture: allow";

/// The comments of the files that were looked up so far.
#[derive(Default)]
pub(super) struct Allowed(HashMap<*const Source, (Arc<Source>, Vec<Comment>)>);

struct Comment {
    /// Its line; `None` if it covers the file.
    line: Option<usize>,
    ids: Vec<String>,
}

impl Allowed {
    /// Whether a comment allows this lint at this place.
    pub(super) fn covers(&mut self, id: &str, at: &Span) -> bool {
        // The map owns the source, so its address cannot be reused by another one.
        let (_, comments) =
            self.0.entry(Arc::as_ptr(&at.source)).or_insert_with(|| (at.source.clone(), comments(&at.source)));
        let covers = |comment: &Comment| {
            comment.line.is_none_or(|line| {
                let first = at.line_column().0;
                line == first || line + 1 == first
            })
        };
        comments.iter().any(|comment| comment.ids.iter().any(|own| own == id) && covers(comment))
    }
}

fn comments(source: &Source) -> Vec<Comment> {
    let text = source.text();
    let comment = |at: usize| {
        let rest = text.get(at + MARK.len()..)?;
        let (rest, is_file) = rest.strip_prefix("-file").map_or((rest, false), |rest| (rest, true));
        let list = rest.strip_prefix('(')?.split(['\n', ')']).next()?;
        let ids = list.split(',').map(|id| id.trim().to_owned()).collect();
        Some(Comment { line: (!is_file).then(|| source.line(at)), ids })
    };
    text.match_indices(MARK).filter_map(|(at, _)| comment(at)).collect()
}
