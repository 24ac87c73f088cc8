//! Finds what was left in files by mistake: conflict markers, Git LFS pointers, line ends of another
//! system, placeholders that nobody filled in.

use std::ops::Range;

use std::sync::LazyLock;

use regex::Regex;

use super::catalogue::{CONFLICT_MARKER, CRLF, LFS_POINTER, PLACEHOLDER};
use super::{Finding, When};
use crate::text::fragment::is_lfs_pointer;

/// The findings of a file.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = conflict(text).into_iter().collect();
    found.extend(pointer(text));
    found.extend(line_ends(text));
    found.extend(placeholders(text));
    found
}

/// The first conflict that git wrote into a file: its three markers, in their order, each at the
/// beginning of a line.
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

/// A pointer of Git LFS in place of a text; data that is one is a fault of its reader.
fn pointer(text: &str) -> Option<Finding> {
    is_lfs_pointer(text).then(|| {
        let message = "this is a pointer of Git LFS, and the model would be sent it in place of the text";
        Finding::new(&LFS_POINTER, line_at(text, 0), message)
            .hint("keep fragments out of LFS: `git lfs untrack`, then commit the text")
    })
}

/// Carriage returns before line breaks: at all of them, or at some.
fn line_ends(text: &str) -> Option<Finding> {
    let at = text.find("\r\n")?;
    if !mixes_line_ends(text) {
        let message = "the file is stored with CRLF line endings, and the model will see them";
        let hint = "convert it with `git add --renormalize` and a .gitattributes line, or with an editor";
        return Some(Finding::new(&CRLF, at..at, message).hint(hint).when(When::Shown));
    }
    let crlf = text.matches("\r\n").count();
    let message = format!(
        "the file is stored with {crlf} CRLF and {} LF line endings, and the model will see both",
        text.matches('\n').count() - crlf
    );
    Some(Finding::new(&CRLF, at..at, message).hint("let `contexture check --fix` make them LF").when(When::Shown))
}

/// Whether a text has line ends of both kinds.
pub(super) fn mixes_line_ends(text: &str) -> bool {
    let crlf = text.matches("\r\n").count();
    crlf > 0 && text.matches('\n').count() > crlf
}

/// `[INSERT …]`, `<YOUR …>`, `[TODO: …]`, `{{name}}`, and lorem ipsum.
static PLACEHOLDERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = "(?:INSERT|YOUR|TODO|TBD|FIXME|PLACEHOLDER|REPLACE|FILL IN|XXX)";
    let bracketed = format!(
        r"\[(?i:insert|your|todo|tbd|fixme|placeholder|replace|fill in|xxx)\b[^\]\n]{{0,80}}\]|<{word}\b[^>\n]{{0,80}}>"
    );
    Regex::new(&format!(r"(?:{bracketed}|\{{\{{ ?([A-Za-z_][0-9A-Za-z_.-]{{0,60}}) ?\}}\}}|(?i:lorem ipsum dolor))"))
        .ok()
});

/// Placeholders that nobody filled in. A `{{name}}` is one if the context has a var or an input of that
/// name and the text is not a template.
fn placeholders(text: &str) -> Vec<Finding> {
    let finding = |captures: regex::Captures| {
        let whole = captures.get(0)?;
        let after = text.get(whole.end()..).unwrap_or_default();
        // `[your account](…)` is a link, `[todo]: …` a reference, and between backticks it is a sample.
        let is_link = whole.as_str().starts_with('[') && after.starts_with(['(', '[', ':']);
        if is_link || is_quoted(text, whole.start()) {
            return None;
        }
        Some(match captures.get(1) {
            Some(name) => {
                let message =
                    format!("`{}` stands in a text that is no template, so nothing fills it in", whole.as_str());
                Finding::new(&PLACEHOLDER, whole.range(), message)
                    .hint("make the block a `template`, or write what is meant")
                    .when(When::Named(name.as_str().to_owned()))
            }
            None => {
                Finding::new(&PLACEHOLDER, whole.range(), format!("`{}` was meant to be filled in", whole.as_str()))
                    .hint("write what is meant")
                    .when(When::Shown)
            }
        })
    };
    PLACEHOLDERS.iter().flat_map(|shape| shape.captures_iter(text)).filter_map(finding).collect()
}

/// Whether the byte at `at` is between backticks on its line.
fn is_quoted(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |found| before.get(found..).unwrap_or_default());
    line.matches('`').count() % 2 == 1
}

/// From `at` to the end of its line.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    at..at + rest.find('\n').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        assert!(PLACEHOLDERS.is_some());
    }
}
