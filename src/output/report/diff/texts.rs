//! What changed of the text that the model sees: line by line, and word by word within lines.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::compare::delta::{Kind, SegmentChange};
use crate::compare::review::ContextReview;
use crate::pipeline::Build;
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Kind as PartKind, Segment};
use crate::text::lint::secret::masked;

/// How long one pair of texts may be compared; after that the comparison gets coarser, never wrong.
const PATIENCE: Duration = Duration::from_millis(500);
/// Unchanged lines shown around a change.
const AROUND: usize = 2;
/// The most characters of one line that are shown in one piece.
const LONG: usize = 400;
/// What is left of a longer piece at each end.
const ENDS: usize = 60;

/// What became of one segment's text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TextChange {
    /// What happened.
    pub kind: Kind,
    /// The segment's id, and its old one where that differs.
    pub segment: String,
    /// Where its text was read.
    pub origin: String,
    /// What is special about the change: `only white space`.
    pub label: Option<&'static str>,
    /// The lines to show, in runs.
    pub hunks: Vec<Hunk>,
    /// Lines that differ and are not shown.
    pub left_out: usize,
}

/// A run of lines, and how many unchanged ones stand between the last run and this one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Hunk {
    /// Unchanged lines before it that are not shown.
    pub skipped: usize,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Line {
    /// Where it stands.
    pub sign: Sign,
    /// Its text without its line break; `true` for the words that differ.
    pub words: Vec<(bool, String)>,
}

/// On which side a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// On both.
    Same,
    /// Before.
    Old,
    /// After.
    New,
}

/// Texts that were shown already, so that a shared fragment's change is shown once.
pub(super) type Shown = HashSet<(Option<Digest>, Option<Digest>)>;

/// The text changes of a context that were not shown before; at most `room` lines of them.
pub(super) fn changes(context: &ContextReview, shown: &mut Shown, room: &mut usize) -> Vec<TextChange> {
    let Some(delta) = &context.delta else { return Vec::new() };
    let mut changes = Vec::new();
    for change in &delta.segments {
        if change.kind == Kind::Moved {
            continue;
        }
        let digest = |build: &Option<Arc<Build>>, index: Option<usize>| {
            build.as_ref().zip(index).and_then(|(build, index)| build.chain.digests.get(index).copied())
        };
        let pair = (digest(&context.base, change.base), digest(&context.head, change.head));
        if shown.insert(pair) {
            changes.extend(one(context, change, room));
        }
    }
    changes
}

fn one(context: &ContextReview, change: &SegmentChange, room: &mut usize) -> Option<TextChange> {
    let segment = |build: &'_ Option<Arc<Build>>, index: Option<usize>| -> Option<Segment> {
        build.as_ref().zip(index).and_then(|(build, index)| build.segments.get(index).cloned())
    };
    let (old, new) = (segment(&context.base, change.base), segment(&context.head, change.head));
    let (before, after) = (old.as_ref().map_or_else(String::new, seen), new.as_ref().map_or_else(String::new, seen));
    let named = new.as_ref().or(old.as_ref())?;
    let label = label(change.kind, &before, &after);
    let (before, after) = (masked(&before), masked(&after));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&*before, &*after);
    let deadline = Instant::now() + PATIENCE;
    let (mut hunks, mut left_out, mut end) = (Vec::new(), 0, 0);
    for group in diff.grouped_ops(AROUND) {
        let start = group.first().map_or(end, |op| op.old_range().start);
        let mut hunk = Hunk { skipped: start.saturating_sub(end), lines: Vec::new() };
        for op in &group {
            for changed in diff.iter_inline_changes_deadline(op, Some(deadline)) {
                if *room == 0 {
                    left_out += usize::from(changed.tag() != ChangeTag::Equal);
                    continue;
                }
                *room -= 1;
                let sign = match changed.tag() {
                    ChangeTag::Equal => Sign::Same,
                    ChangeTag::Delete => Sign::Old,
                    ChangeTag::Insert => Sign::New,
                };
                let words =
                    changed.values().iter().map(|(differs, text)| (*differs, short(text.trim_end_matches('\n'))));
                hunk.lines.push(Line { sign, words: words.collect() });
            }
        }
        end = group.last().map_or(end, |op| op.old_range().end);
        if !hunk.lines.is_empty() {
            hunks.push(hunk);
        }
    }
    let segment = match &old {
        Some(old) if old.id != named.id => format!("{} (was {})", named.id, old.id),
        _ => named.id.clone(),
    };
    Some(TextChange {
        kind: change.kind,
        segment,
        origin: crate::output::report::explain::origin(named),
        label,
        hunks,
        left_out,
    })
}

/// A segment's text as a reader sees it: holes by their names, turns of an example apart.
fn seen(segment: &Segment) -> String {
    let many = segment.parts.len() > 1;
    let shown = segment.parts.iter().map(|part| {
        let text = match part.kind {
            PartKind::Input => format!("{{{{{}}}}}", part.text),
            PartKind::History => format!("[earlier turns: {}]", part.text),
            PartKind::Text | PartKind::Tool | PartKind::Region | PartKind::ToolCall | PartKind::ToolResult => {
                part.identity().to_owned()
            }
        };
        let speaker = if part.kind == PartKind::ToolResult { "tool" } else { part.role.as_str() };
        if many { format!("[{speaker}]\n{}\n", text.trim_end_matches('\n')) } else { text }
    });
    shown.collect()
}

fn label(kind: Kind, before: &str, after: &str) -> Option<&'static str> {
    let less = |text: &str, gone: fn(char) -> bool| text.chars().filter(|c| !gone(*c)).collect::<String>();
    if kind != Kind::Changed {
        None
    } else if before == after {
        Some("the same words in other roles")
    } else if less(before, |c| c == '\r') == less(after, |c| c == '\r') {
        Some("only line endings")
    } else if less(before, char::is_whitespace) == less(after, char::is_whitespace) {
        Some("only white space")
    } else {
        None
    }
}

/// A piece of a line, its middle left out when it is long.
fn short(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONG {
        return text.to_owned();
    }
    let head: String = text.chars().take(ENDS).collect();
    let tail: String = text.chars().skip(length - ENDS).collect();
    format!("{head} … {} characters … {tail}", length - 2 * ENDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_blanks_is_called_one() {
        assert_eq!(label(Kind::Changed, "a\r\nb", "a\nb"), Some("only line endings"));
        assert_eq!(label(Kind::Changed, "a  b\n", "a b"), Some("only white space"));
        assert_eq!(label(Kind::Changed, "a b", "a c"), None);
    }

    #[test]
    fn long_lines_lose_their_middle() {
        assert_eq!(short("abc"), "abc");
        let long = short(&"x".repeat(1000));
        assert!(long.contains("… 880 characters …") && long.chars().count() < 160, "{long}");
    }
}
