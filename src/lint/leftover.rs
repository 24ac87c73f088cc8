//! What tools leave in files: conflict markers, pointers of Git LFS, line ends of another system.

use std::ops::Range;

use super::Finding;
use super::catalogue::{CONFLICT_MARKER, CRLF, LFS_POINTER};

/// The findings of a file.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = conflict(text).into_iter().collect();
    found.extend(pointer(text));
    found.extend(line_ends(text));
    found
}

/// The first conflict that git wrote into a file: its three markers, in their order, each at the
/// begin of a line.
fn conflict(text: &str) -> Option<Finding> {
    let marker = |from: usize, marker: &str| -> Option<usize> {
        let rest = text.get(from..)?;
        rest.match_indices(marker).map(|(at, _)| from + at).find(|at| {
            let line = text.get(at + marker.len()..).unwrap_or_default();
            let begins = *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with('\n'));
            begins && (line.is_empty() || line.starts_with([' ', '\n', '\r']))
        })
    };
    let ours = marker(0, "<<<<<<<")?;
    marker(marker(ours, "=======")?, ">>>>>>>")?;
    let finding =
        Finding::new(&CONFLICT_MARKER, line_at(text, ours), "a merge was committed with its conflict markers");
    Some(finding.hint("keep one of the two sides and remove the markers"))
}

/// A pointer of Git LFS, version 1: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
fn pointer(text: &str) -> Option<Finding> {
    let is_pointer = text.starts_with("version https://git-lfs.github.com/spec/v1") && text.contains("\noid sha256:");
    is_pointer.then(|| {
        let message = "this is a pointer of Git LFS, and the model would be sent it in place of the text";
        Finding::new(&LFS_POINTER, line_at(text, 0), message)
            .hint("keep fragments out of LFS: `git lfs untrack`, then commit the text")
    })
}

/// Carriage returns before line breaks, all over the file or here and there.
fn line_ends(text: &str) -> Option<Finding> {
    let at = text.find("\r\n")?;
    if !mixes_line_ends(text) {
        let message = "the file is stored with CRLF line endings, and the model will see them";
        let hint = "convert it with `git add --renormalize` and a .gitattributes line, or with an editor";
        return Some(Finding::new(&CRLF, at..at, message).hint(hint));
    }
    let crlf = text.matches("\r\n").count();
    let message = format!(
        "the file is stored with {crlf} CRLF and {} LF line endings, and the model will see both",
        text.matches('\n').count() - crlf
    );
    Some(Finding::new(&CRLF, at..at, message).hint("let `contexture check --fix` make them LF"))
}

/// Whether a text has line ends of both kinds.
pub(super) fn mixes_line_ends(text: &str) -> bool {
    let crlf = text.matches("\r\n").count();
    crlf > 0 && text.matches('\n').count() > crlf
}

/// From `at` to the end of its line.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    at..at + rest.find('\n').unwrap_or(rest.len())
}
