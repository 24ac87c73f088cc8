//! The tags of a Handlebars template of another tool, as far as an adapter looks at them before it is rendered.

use std::collections::HashSet;
use std::ops::Range;

use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::{MAX_TEMPLATE_BYTES, MAX_TEMPLATE_TAGS};
use crate::syntax::source::Span;

/// A tag: what stands between its braces.
#[derive(Debug)]
pub struct Tag<'t> {
    /// Its place, braces included.
    pub at: Range<usize>,
    /// Its words: names, texts in quotes, `key=`, and a bracket on its own.
    pub words: Vec<Word<'t>>,
    /// `#`, `/`, `>`, `^` or `&` in front of the first word.
    pub sigil: Option<char>,
    /// How many blocks it stands in.
    pub depth: usize,
}

/// A word of a tag and its place.
#[derive(Debug, Clone)]
pub struct Word<'t> {
    /// As it is written.
    pub text: &'t str,
    /// Its place in the template.
    pub at: Range<usize>,
}

/// The tags of a template at `whole`; a fault where there are more than our engine takes, or more text.
pub fn tags_within<'t>(text: &'t str, whole: &Span, faults: &mut Faults) -> Option<Vec<Tag<'t>>> {
    let fault = |what: String| {
        Diagnostic::error("template-limit", what).at(&Span::new(&whole.source, whole.start, whole.start))
    };
    if text.len() > MAX_TEMPLATE_BYTES {
        let message = format!("the template holds {} bytes; the limit is {MAX_TEMPLATE_BYTES}", text.len());
        faults.push(fault(message));
        return None;
    }
    let found = tags(text);
    if found.len() > MAX_TEMPLATE_TAGS {
        faults.push(fault(format!("the template holds more than {MAX_TEMPLATE_TAGS} tags")));
        return None;
    }
    Some(found)
}

/// All tags but comments and escaped ones.
pub fn tags(text: &str) -> Vec<Tag<'_>> {
    let (mut found, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    while let Some(at) = text[from..].find("{{") {
        let start = from + at;
        let rest = &text[start + 2..];
        if text[..start].ends_with('\\') && !text[..start].ends_with("\\\\") {
            from = start + 2;
            continue;
        }
        let comment = rest.strip_prefix("~!").or_else(|| rest.strip_prefix('!'));
        if let Some(comment) = comment {
            let end = comment.strip_prefix("--").and_then(|inner| inner.find("--"));
            let skipped = end.map_or(0, |end| end + 2);
            let Some(close) = comment[skipped..].find("}}") else { break };
            from = text.len() - comment.len() + skipped + close + 2;
            continue;
        }
        let Some(length) = rest.find("}}") else { break };
        let inner = &rest[..length];
        let lead = inner.len() - inner.trim_start_matches(['~', '{', ' ', '\t', '\n', '\r']).len();
        let sigil = inner[lead..].chars().next().filter(|c| "#/>^&".contains(*c));
        let begin = lead + sigil.map_or(0, char::len_utf8);
        depth = if sigil == Some('/') { depth.saturating_sub(1) } else { depth };
        let words = words(&inner[begin..], start + 2 + begin);
        found.push(Tag { at: start..start + 2 + length + 2, words, sigil, depth });
        depth += usize::from(
            sigil == Some('#') || sigil == Some('^') && found.last().is_some_and(|tag| !tag.words.is_empty()),
        );
        from = start + 2 + length + 2;
    }
    found
}

fn words(inner: &str, begin: usize) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = inner[at..].chars().next() {
        let rest = &inner[at..];
        let length = match c {
            '"' | '\'' => rest[1..].find(c).map_or(rest.len(), |end| end + 2),
            '(' | ')' | '|' => 1,
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            c if c.is_whitespace() || c == '~' || c == '}' => {
                at += c.len_utf8();
                continue;
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()|~}=".contains(c)).unwrap_or(rest.len());
                end + usize::from(rest[end..].starts_with('='))
            }
        };
        words.push(Word { text: &rest[..length], at: begin + at..begin + at + length });
        at += length;
    }
    words
}

/// What a template names of its data, and which helpers it calls.
#[derive(Debug, Default)]
pub struct Uses<'t> {
    /// Names of the data, each time that they are used.
    pub names: Vec<Word<'t>>,
    /// Helpers, and partials.
    pub calls: Vec<Word<'t>>,
    /// Partials that are called without data of their own.
    pub partials: Vec<Word<'t>>,
}

/// A block that is open: whether names in it are those of another value, and which it binds.
struct Scope<'t> {
    moves: bool,
    bound: HashSet<&'t str>,
}

/// What the tags name. In `each` and `with` a name is one of the item, so only `@root.` and `../` lead out.
pub fn uses<'t>(tags: &[Tag<'t>]) -> Uses<'t> {
    let mut uses = Uses::default();
    let mut scopes: Vec<Scope<'t>> = Vec::new();
    for tag in tags {
        let first = tag.words.first().map_or("", |word| word.text);
        if tag.sigil == Some('/') {
            scopes.pop();
            continue;
        }
        let is_else = tag.sigil.is_none() && first == "else";
        let mut words = tag.words.get(usize::from(is_else)..).unwrap_or_default();
        if let (Some('>'), [name, rest @ ..]) = (tag.sigil, words) {
            let is_root = rest.is_empty() && !scopes.iter().any(|scope| scope.moves);
            uses.partials.extend(is_root.then(|| name.clone()));
            words = rest;
        } else if let (true, [call, rest @ ..]) = (words.len() > 1 || tag.sigil == Some('#'), words) {
            uses.calls.push(call.clone());
            words = rest;
        }
        let (own, bound) = match words.iter().position(|word| word.text == "as") {
            Some(at) => words.split_at(at),
            None => (words, [].as_slice()),
        };
        let mut previous = "";
        for word in own {
            if previous == "(" {
                uses.calls.push(word.clone());
            } else if let Some(name) = root_name(word.text, &scopes) {
                let start = word.at.start + word.text.find(name).unwrap_or_default();
                uses.names.push(Word { text: name, at: start..start + name.len() });
            }
            previous = word.text;
        }
        if tag.sigil == Some('#') {
            let bound = bound.iter().map(|word| word.text).collect();
            scopes.push(Scope { moves: matches!(first, "each" | "with"), bound });
        }
    }
    uses
}

/// The first part of a path, if it is a name of the data.
fn root_name<'t>(written: &'t str, scopes: &[Scope<'t>]) -> Option<&'t str> {
    let (mut path, mut up) = (written, 0);
    while let Some(rest) = path.strip_prefix("../") {
        (path, up) = (rest, up + 1);
    }
    let path = path.strip_prefix("./").or_else(|| path.strip_prefix("this.")).unwrap_or(path);
    if let Some(rest) = path.strip_prefix("@root.") {
        return rest.split(['.', '/']).next().filter(|name| !name.is_empty());
    }
    let name = path.split(['.', '/']).next().unwrap_or_default();
    let is_literal = matches!(name, "" | "this" | "true" | "false" | "null" | "undefined" | "(" | ")" | "|")
        || name.starts_with(|c: char| c.is_ascii_digit() || "\"'-@[".contains(c))
        || written.ends_with('=');
    let is_root = scopes.iter().filter(|scope| scope.moves).count() <= up;
    let is_bound = scopes.iter().any(|scope| scope.bound.contains(name));
    (!is_literal && is_root && !is_bound).then_some(name)
}
