//! A diagnostic under its source line, with a caret and a hint.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::output::record::short_message;
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::Error;
use crate::syntax::source::Span;
use crate::text::lint::secret;

use super::inert;

/// How many characters of a long line are shown on either side of the caret.
const MARGIN: usize = 100;
/// How far from an excerpt a secret may begin or end that reaches into it, in bytes.
const LONGEST_SECRET: usize = 16 * 1024;

/// Draws one diagnostic. Colour codes are included; a stream that wants none strips them.
pub fn draw(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut title = inert::line(&short_message(&diagnostic.message));
    if let Some(model) = &diagnostic.model {
        title = format!("{title} ({})", inert::line(model));
    }
    let title = level.primary_title(title).id(&*diagnostic.code);
    let mut group = match (&diagnostic.span, &diagnostic.file) {
        (Some(span), _) => {
            let excerpt = Excerpt::around(span);
            let kind = AnnotationKind::Primary.span(excerpt.start..excerpt.end);
            let snippet =
                Snippet::source(excerpt.text).line_start(excerpt.line).path(inert::line(span.path().as_str()));
            title.element(snippet.annotation(kind))
        }
        (None, Some(file)) => title.element(Origin::path(inert::line(file.as_str()))),
        (None, None) => annotate_snippets::Group::with_title(title),
    };
    if let Some(extent) = &diagnostic.extent {
        group = group.element(Level::NOTE.message(inert::line(&secret::masked(extent))));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(inert::line(&short_message(hint))));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// Draws an error of the world: what happened, why, and what to do.
pub fn draw_error(error: &Error) -> String {
    let mut group = annotate_snippets::Group::with_title(Level::ERROR.primary_title(inert::line(&error.to_string())));
    if let Some(cure) = error.cure() {
        group = group.element(Level::HELP.message(inert::line(cure)));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// The line that a span begins in, short enough to show, with nothing in it that a terminal obeys.
struct Excerpt {
    text: String,
    line: usize,
    start: usize,
    end: usize,
}

impl Excerpt {
    fn around(span: &Span) -> Self {
        let source = span.source.text();
        let at = source.floor_char_boundary(span.start);
        let (line, _) = span.source.line_column(at);
        let line_start = span.source.line_start(line);
        let line_end = source[line_start..].find('\n').map_or(source.len(), |length| line_start + length);
        let at = at.min(line_end);
        let from = source[line_start..at]
            .char_indices()
            .rev()
            .nth(MARGIN - 1)
            .map_or(line_start, |(index, _)| line_start + index);
        let to = source[at..line_end].char_indices().nth(MARGIN).map_or(line_end, |(index, _)| at + index);
        let marked_end = source.floor_char_boundary(span.end.clamp(at, to)).max(at);
        let hidden = hidden(source, from, to);
        let shown = |range: Range<usize>| shown(source, range, &hidden);
        let lead = if from > line_start { "…" } else { "" };
        let trail = if to < line_end { "…" } else { "" };
        let before = format!("{lead}{}", shown(from..at));
        let marked = shown(at..marked_end);
        let text = format!("{before}{marked}{}{trail}", shown(marked_end..to).trim_end_matches('\r'));
        let start = before.len();
        Self { end: (start + marked.len()).min(text.len()), start: start.min(text.len()), text, line }
    }
}

/// Where secrets stand that reach into `from..to`. The longest ones begin far before their end.
fn hidden(source: &str, from: usize, to: usize) -> Vec<Range<usize>> {
    let start = source.floor_char_boundary(from.saturating_sub(LONGEST_SECRET));
    let end = source.ceil_char_boundary(to.saturating_add(LONGEST_SECRET));
    let window = source.get(start..end).unwrap_or_default();
    let found = secret::ranges(window).into_iter().map(|range| start + range.start..start + range.end);
    found.filter(|range| range.start < to && from < range.end).collect()
}

/// The bytes of `range`: secrets masked, once where one is cut, and nothing that a terminal obeys.
fn shown(source: &str, range: Range<usize>, hidden: &[Range<usize>]) -> String {
    let plain = |range: Range<usize>| {
        let text = source.get(range).unwrap_or_default();
        text.chars().map(|c| if inert::is_hostile(c) { '\u{fffd}' } else { c }).collect::<String>()
    };
    let (mut text, mut at) = (String::new(), range.start);
    for secret in hidden.iter().filter(|secret| secret.start < range.end && range.start < secret.end) {
        text.push_str(&plain(at..secret.start.max(at)));
        text.push_str(secret::MASK);
        at = secret.end.min(range.end);
    }
    text + &plain(at..range.end)
}
