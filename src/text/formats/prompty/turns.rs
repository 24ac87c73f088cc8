//! What a template of Prompty says, cut into turns at its lines `system:`, `user:` and the like.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::super::jinja::{self, Part, Template};
use super::super::{Entry, Passage};
use crate::prompt::segment::Role;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::{History, Mark};
use crate::syntax::source::{Source, Span};
use crate::text::template::{Data, Piece};

/// Who the roles are. The first generation has no `developer`, and a `function`, which is refused.
const ROLES: [(&str, Option<Role>); 5] = [
    ("system", Some(Role::System)),
    ("user", Some(Role::User)),
    ("assistant", Some(Role::Assistant)),
    ("developer", Some(Role::System)),
    ("function", None),
];

/// The template of a file.
pub struct Body {
    /// The file.
    pub source: Arc<Source>,
    /// What is behind the head.
    pub template: Template,
    /// Whether the file is of the first generation.
    pub is_first: bool,
    /// Inputs that are earlier turns.
    pub threads: BTreeSet<String>,
}

/// A line without its tags; a NUL stands for each output.
fn untagged(line: &str) -> String {
    let (mut plain, mut rest) = (String::new(), line);
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let close = if tag.starts_with("{{") {
            "}}"
        } else if tag.starts_with("{%") {
            "%}"
        } else {
            "#}"
        };
        plain.push_str(if close == "}}" { "\0" } else { "" });
        rest = tag.find(close).map_or("", |end| &tag[end + 2..]);
    }
    plain + rest
}

/// Whether a line names who speaks by a value: `{{item.role}}:`.
pub fn says_by_value(line: &str) -> bool {
    untagged(line).trim().trim_start_matches('#').trim_start().strip_prefix('\0').is_some_and(|rest| rest.trim() == ":")
}

/// The role that a line says, and whether it says more of the turn.
fn role(line: &str, is_first: bool) -> Option<(&'static str, Option<Role>, bool)> {
    let line = line.trim();
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    let line = line.strip_suffix(':')?.trim_end();
    let (name, attributes) = match line.split_once('[') {
        Some((name, rest)) if !is_first => (name, Some(rest.strip_suffix(']').filter(|rest| rest.contains('='))?)),
        _ => (line, None),
    };
    let roles = if is_first { &ROLES } else { &ROLES[..4] };
    let known = roles.iter().find(|(own, _)| own.eq_ignore_ascii_case(name) && !(is_first && *own == "developer"))?;
    Some((known.0, known.1, attributes.is_some()))
}

impl Body {
    /// Renders the template, and cuts it into turns.
    pub fn entries(self, mut data: Data, faults: &mut Faults) -> Vec<Entry> {
        data.inputs.extend(self.threads.iter().map(|name| (name.clone(), Json::Null)));
        let parts = self.template.render(&data, faults);
        // All that was written as one text, with a NUL in the place of everything that the template itself does not say.
        let (mut flat, mut places, mut values) = (String::new(), Vec::new(), Vec::new());
        for (part, at) in parts {
            match part {
                Part::Text(text) => {
                    places.push((flat.len(), at.clone(), text.len() == at.len()));
                    flat.push_str(&text.replace('\0', "\u{fffd}"));
                }
                other => {
                    places.push((flat.len(), at.clone(), false));
                    if let Part::Region(region) = &other
                        && region
                            .source
                            .split('\n')
                            .any(|line| says_by_value(line) || role(&untagged(line), self.is_first).is_some())
                    {
                        let fault = Diagnostic::error("turn-in-region", "a turn begins in what depends on an input");
                        faults.push(fault.at(&region.span).hint("write the lines that say who speaks outside of it"));
                    }
                    flat.push('\0');
                    values.push(other);
                }
            }
        }
        let place = |at: usize, is_end: bool| {
            let known = places.iter().rev().find(|(start, ..)| *start < at || !is_end && *start == at);
            known.map_or(0, |(start, own, is_same)| match is_same {
                true => own.start + at - start,
                false if is_end => own.end,
                false => own.start,
            })
        };
        let span = |from: usize, to: usize| {
            let (start, end) = (place(from, false), place(to, true));
            Span::new(&self.source, start, end.max(start))
        };
        let mut turns = vec![(Role::System, 0..0)];
        let (mut at, end) =
            (0, if self.is_first { flat.strip_suffix('\n').map_or(flat.len(), str::len) } else { flat.len() });
        for line in flat.split_inclusive('\n') {
            let start = at;
            at += line.len();
            // The first generation wants a line behind it.
            let said = role(line, self.is_first).filter(|_| !self.is_first || at <= end && line.ends_with('\n'));
            match said {
                Some((name, None, _)) => {
                    let message =
                        format!("a turn of the role `{name}` is the result of a tool: only text is supported");
                    faults.push(Diagnostic::error("tool-turn", message).at(&span(start, at)).hint("leave it out"));
                }
                Some((name, Some(role), has_more)) => {
                    if has_more {
                        let message =
                            format!("what stands in brackets behind `{name}` has no place here and is left out");
                        faults.push(Diagnostic::warning("left-out-key", message).at(&span(start, at)));
                    }
                    turns.push((role, at..at));
                }
                None => turns.iter_mut().last().into_iter().for_each(|(_, range)| range.end = at),
            }
        }
        let mut entries = Vec::new();
        let mut values = values.into_iter();
        let mut has_thread = false;
        for (role, range) in turns {
            let mut cut =
                Turn { role, is_first: self.is_first, begins: true, follows_thread: false, pieces: Vec::new() };
            let (mut from, mut at) = (range.start, range.start);
            for (number, text) in flat[range.clone()].split('\0').enumerate() {
                let value = if number == 0 { None } else { values.next() };
                at += usize::from(number > 0);
                match value {
                    Some(Part::Hole(name)) if self.threads.contains(&name) => {
                        has_thread = true;
                        entries.extend(cut.close(true, &trimmed(span(from, at - 1))));
                        from = at;
                        entries.push(Entry::History(History { tokens: 0, name: (&*name).into() }));
                    }
                    Some(Part::Hole(name)) => cut.pieces.push(Piece::Input(name)),
                    Some(Part::Region(region)) => cut.pieces.push(Piece::Region(region)),
                    Some(Part::Value(text) | Part::Text(text)) => cut.write(&text),
                    None => {}
                }
                cut.write(text);
                at += text.len();
            }
            entries.extend(cut.close(false, &trimmed(span(from, range.end))));
        }
        // Earlier turns that the template does not place come last.
        let rest = self.threads.iter().filter(|_| !has_thread);
        entries.extend(rest.map(|name| Entry::History(History { tokens: 0, name: (&**name).into() })));
        self.say_images(&entries, faults);
        entries
    }

    /// The first generation takes a picture of Markdown for a picture.
    fn say_images(&self, entries: &[Entry], faults: &mut Faults) {
        for entry in entries.iter().filter(|_| self.is_first) {
            let Entry::Text(passage) = entry else { continue };
            let is_image = |text: &str| {
                text.split("![").skip(1).any(|rest| {
                    rest.split_once(']').is_some_and(|(_, rest)| rest.starts_with('(') && rest.contains(')'))
                })
            };
            if passage.pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if is_image(text))) {
                let fault =
                    Diagnostic::error("media-block", "Prompty sends `![…](…)` as a picture: only text is supported");
                faults.push(fault.at(&passage.span).hint("leave it out, or describe it in text"));
            }
        }
    }
}

/// A place without the white space around it.
fn trimmed(span: Span) -> Span {
    let text = span.source.text().get(span.start..span.end).unwrap_or_default();
    let lead = text.len() - text.trim_start().len();
    if text.trim().is_empty() {
        span.clone()
    } else {
        Span::new(&span.source, span.start + lead, span.start + lead + text.trim().len())
    }
}

/// A turn while it is put together.
struct Turn {
    role: Role,
    is_first: bool,
    begins: bool,
    follows_thread: bool,
    pieces: Vec<Piece>,
}

impl Turn {
    fn write(&mut self, more: &str) {
        match self.pieces.last_mut() {
            _ if more.is_empty() => {}
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Text(more.to_owned())),
        }
    }

    /// What was said so far, without what its ends trim. Nothing where that is blank.
    fn close(&mut self, precedes_thread: bool, span: &Span) -> Option<Entry> {
        let mut pieces = std::mem::take(&mut self.pieces);
        let follows = std::mem::replace(&mut self.follows_thread, precedes_thread);
        let is_edge = |is_wide: bool| move |c: char| c == '\n' || is_wide && c.is_whitespace();
        for piece in &mut pieces {
            if let Piece::Text(text) = piece {
                *text = jinja::unix(text);
            }
        }
        if let Some(Piece::Text(text)) = pieces.first_mut() {
            *text = text.trim_start_matches(is_edge(follows || self.is_first)).to_owned();
        }
        if let Some(Piece::Text(text)) = pieces.last_mut() {
            *text = text.trim_end_matches(is_edge(precedes_thread || self.is_first)).to_owned();
        }
        pieces.retain(Piece::says_something);
        let is_said = pieces.iter().any(|piece| !matches!(piece, Piece::Text(text) if text.trim().is_empty()));
        let passage = Passage { role: self.role, begins: self.begins, pieces, span: span.clone(), mark: Mark::Free };
        is_said.then_some(Entry::Text(passage))
    }
}
