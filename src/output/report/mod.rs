//! One frozen value, many printers.
//!
//! Printers take values and return text; only `cli` owns a stream.

pub mod advise;
pub mod audit;
pub mod break_even;
pub mod blame;
pub mod build;
pub mod cost;
pub mod count;
pub mod diff;
pub mod eval;
pub mod explain;
pub mod findings;
pub mod github;
pub mod inert;
pub mod list;
pub mod lock;
pub mod log;
pub mod models;
pub mod sarif;
pub mod screen;
pub mod simulate;
pub mod snippet;
pub mod text;
pub mod top;
pub mod watch;

use std::borrow::Cow;

use crate::output::record::short_message;
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::ProjectPath;
use crate::text::lint::secret::{masked, masked_json};

/// A path below the project root as one below the root of the repository, which is where code hosts
/// look for a file.
fn in_repository(prefix: &str, path: &ProjectPath) -> String {
    if prefix.is_empty() { path.to_string() } else { format!("{prefix}/{path}") }
}

/// What happened, for which model and contexts, and on a line of its own what to do; no secret in it.
fn sentences(diagnostic: &Diagnostic) -> String {
    let mut text = short_message(&diagnostic.message);
    if let Some(model) = &diagnostic.model {
        text.push_str(&format!(" ({model})"));
    }
    if let Some(extent) = &diagnostic.extent {
        text.push_str(&format!(", {extent}"));
    }
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("\n{}", short_message(hint)));
    }
    masked(&text).into_owned()
}

/// A report with `[secret]` in the place of every secret. JSON and pages are left as they are: they
/// are made without secrets, string by string, and their own words are no names of secrets.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    if is_made_inert(text) {
        return Cow::Borrowed(text);
    }
    if !text.contains(STYLE) {
        return masked(text);
    }
    // The end of a style is a letter, and what follows it would look like the rest of a word.
    let shown = styled(text).flat_map(|(style, plain)| [Cow::Borrowed(style), masked(plain)]);
    Cow::Owned(shown.collect())
}

/// A report as it goes to a stream: [without secrets](without_secrets), and with nothing in it that a CI
/// runner obeys. JSON and pages are made so, and left as they are.
pub fn printed(text: &str) -> Cow<'_, str> {
    let shown = without_secrets(text);
    if is_made_inert(text) {
        return shown;
    }
    match inert::unheard(&shown) {
        Cow::Borrowed(_) => shown,
        Cow::Owned(broken) => Cow::Owned(broken),
    }
}

/// Whether it is JSON or a page, whose every string was made harmless for it.
fn is_made_inert(text: &str) -> bool {
    text.starts_with('{') || text.starts_with("<!DOCTYPE")
}

/// Text for a terminal without its colours, for where there are none.
pub(crate) fn without_styles(text: &str) -> String {
    styled(text).map(|(_, plain)| plain).collect()
}

/// What every style begins with. Text of a repository holds none that is not escaped.
const STYLE: char = '\u{1b}';

/// The styles of a text, each with the plain text behind it.
fn styled(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = text.match_indices(STYLE).map(|(at, _)| at).filter(|at| *at > 0);
    let ends = starts.clone().chain([text.len()]);
    std::iter::once(0).chain(starts).zip(ends).map(|(start, end)| {
        let piece = text.get(start..end).unwrap_or_default();
        let style = if piece.starts_with(STYLE) { piece.find('m').map_or(0, |end| end + 1) } else { 0 };
        piece.split_at(style)
    })
}

/// A report as JSON, two blanks an indent, with a final line break; no secret in it, whatever name or
/// word of the repository holds one.
pub fn json(report: &impl serde::Serialize) -> String {
    // Records are plain data with text keys, which serialise to memory without fail.
    let mut text = inert::json(&masked_json(&serde_json::to_string_pretty(report).unwrap_or_default()));
    text.push('\n');
    text
}
