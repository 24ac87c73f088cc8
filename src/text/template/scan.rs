//! Finds the tags of a template before the crate parses it, and refuses what would be slow or deep to parse.
//!
//! The crate's parser takes time in proportion to bytes times tags, and recurses once for each block and bracket. What
//! is counted here must never be less than what it would find. So there is one rule that it does not have: a tag ends
//! at its first `}}`, and where quotes or brackets are open there, the tag is refused.

use std::ops::Range;

use super::reserved;
use crate::syntax::limits::{MAX_NESTED_CALLS, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_TAGS};

const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// A range of bytes in the template's text.
pub(super) type ByteRange = Range<usize>;

/// What a tag is, as far as its first characters say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{{name}}`, `{{helper argument}}`
    Value,
    /// `{{#if name}}`
    Open,
    /// `{{else if name}}`
    Chain,
    Else,
    Close,
    /// `{{> name}}`
    Partial,
    /// `{{#> name}}`
    OpenPartial,
}

/// A tag, in the order of the text. Comments are left out.
#[derive(Debug)]
pub(super) struct Tag {
    pub kind: Kind,
    /// From the first brace to the last.
    pub at: ByteRange,
    /// How many blocks it stands in.
    pub depth: usize,
    /// The number of elements in the block that it opens: the steps that walking it costs.
    pub weight: usize,
}

/// Why a template cannot be parsed, or a tag of it makes no sense.
#[derive(Debug)]
pub(super) struct SyntaxFault {
    pub code: &'static str,
    pub at: ByteRange,
    pub message: String,
    pub hint: Option<String>,
}

impl SyntaxFault {
    pub fn new(at: ByteRange, message: impl Into<String>) -> Self {
        Self { code: "template-syntax", at, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }
}

/// A block that is open.
struct Open<'t> {
    name: &'t str,
    kind: Kind,
    at: ByteRange,
    /// How many `else if` it has so far: to the crate each is a block in the one before.
    chained: usize,
    has_else: bool,
}

struct Scan<'t> {
    text: &'t str,
    tags: Vec<Tag>,
    open: Vec<Open<'t>>,
}

/// All tags of a template, or the first fault in their structure.
pub(super) fn scan(text: &str) -> Result<Vec<Tag>, SyntaxFault> {
    let limit = |at: usize, message: String| SyntaxFault::new(at..at, message).code("template-limit");
    if text.len() > MAX_TEMPLATE_BYTES {
        let message = format!("the template holds {} bytes; the limit is {MAX_TEMPLATE_BYTES}", text.len());
        return Err(limit(0, message).hint("put reference text into a fragment: `{{include \"path\"}}`"));
    }
    if let Some((at, c)) = reserved(text).and_then(|c| text.find(c).map(|at| (at, c))) {
        let message =
            format!("the template holds U+{:04X}, which Unicode reserves for use inside of programs", c as u32);
        return Err(SyntaxFault::new(at..at + c.len_utf8(), message).code("reserved-character"));
    }
    let mut scan = Scan { text, tags: Vec::new(), open: Vec::new() };
    let (mut from, mut count) = (0, 0);
    while let Some(found) = text[from..].find("{{") {
        let start = from + found;
        count += 1;
        if count > MAX_TEMPLATE_TAGS {
            let hint = "split it into templates that include each other: `{{> name}}`";
            return Err(limit(start, format!("the template holds more than {MAX_TEMPLATE_TAGS} tags")).hint(hint));
        }
        // One backslash makes the braces text, and two more braces with them; of several, each is text.
        let backslashes = text[from..start].bytes().rev().take_while(|byte| *byte == b'\\').count();
        let rest = &text[start..];
        from = match rest.strip_prefix("{{!") {
            _ if backslashes == 1 => start + if rest.starts_with("{{{{") { 4 } else { 2 },
            Some(comment) => match end_of_comment(comment) {
                Some(end) => start + 3 + end,
                None => return Err(SyntaxFault::new(start..start + 3, "the comment is not closed")),
            },
            None => scan.tag(start)?,
        };
    }
    match scan.open.pop() {
        Some(open) => Err(SyntaxFault::new(open.at.clone(), format!("`{}` is not closed", &text[open.at]))),
        None => Ok(scan.tags),
    }
}

/// The end of a comment after its `{{!`: the first `--}}` if it begins with `--` and there is one, else the first `}}`.
fn end_of_comment(comment: &str) -> Option<usize> {
    let long = comment.trim_start_matches(BLANK).strip_prefix("--").and_then(|inner| {
        let before = comment.len() - inner.len();
        inner.find("--}}").map(|at| before + at + 4)
    });
    long.or_else(|| comment.find("}}").map(|at| at + 2))
}

/// A character of a name: what the crate's grammar calls a symbol.
pub(super) fn is_symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$' | ':') || !c.is_ascii()
}

impl<'t> Scan<'t> {
    /// Reads the tag at `start`, and returns its end.
    fn tag(&mut self, start: usize) -> Result<usize, SyntaxFault> {
        let rest = &self.text[start..];
        if rest.starts_with("{{{{") {
            let fault = SyntaxFault::new(start..start + 4, "raw blocks are not part of these templates");
            return Err(fault.code("template-refused").hint("write `\\{{` for braces that are text"));
        }
        let Some(length) = rest[2..].find("}}") else {
            return Err(SyntaxFault::new(start..start + 2, "`}}` is missing: the tag is not closed"));
        };
        let (written, mut end) = (&rest[2..2 + length], start + 2 + length + 2);
        let inner = written.trim_start_matches(|c| c == '~' || c == '{' || BLANK.contains(&c));
        let begin = start + 2 + written.len() - inner.len();
        let closers = balanced(inner, begin)?;
        if written[..written.len() - inner.len()].contains('{') && !closers {
            if !self.text[end..].starts_with('}') {
                return Err(SyntaxFault::new(end - 2..end, "`}}}` is missing here"));
            }
            end += 1;
        }
        let (kind, name) = self.kind(inner, begin, start..end)?;
        if matches!(kind, Kind::Partial | Kind::OpenPartial | Kind::Close)
            && name.starts_with('\'')
            && inner.contains('\\')
        {
            return Err(SyntaxFault::new(begin..end, "the name of a partial holds a backslash"));
        }
        let at = start..end;
        if kind == Kind::Close {
            self.close(name, &at)?;
        }
        let depth = self.depth();
        match kind {
            Kind::Open | Kind::OpenPartial => {
                self.open.push(Open { name, kind, at: at.clone(), chained: 0, has_else: false });
            }
            Kind::Chain | Kind::Else => self.branch(kind, &at)?,
            _ => {}
        }
        if self.depth() > MAX_TEMPLATE_DEPTH {
            let fault =
                SyntaxFault::new(at, format!("blocks nest deeper than {MAX_TEMPLATE_DEPTH}")).code("template-limit");
            return Err(fault.hint("each `else if` counts as a block in the one before it"));
        }
        self.tags.push(Tag { kind, at, depth, weight: 0 });
        Ok(end)
    }

    fn depth(&self) -> usize {
        self.open.iter().map(|open| 1 + open.chained).sum()
    }

    /// The kind of a tag by its first characters, and the name that follows them.
    fn kind(&self, inner: &'t str, begin: usize, at: ByteRange) -> Result<(Kind, &'t str), SyntaxFault> {
        let sigil = inner.chars().next().filter(|c| "#/>^*".contains(*c));
        let after = inner[sigil.map_or(0, char::len_utf8)..].trim_start_matches(BLANK);
        let is_triple = self.text[at.start..begin].matches('{').count() > 2;
        let kind = match (sigil, after.chars().next()) {
            (Some('*'), _) | (Some('#'), Some('*')) => {
                let fault = SyntaxFault::new(at, "inline partials and decorators are not part of these templates");
                let hint = "put the text into a file of its own and write `{{> name}}`";
                return Err(fault.code("template-refused").hint(hint));
            }
            (Some('#'), Some('>')) => return Ok((Kind::OpenPartial, name_of(&after[1..], true))),
            (Some('#'), _) => {
                let (name, path) = (name_of(after, false), name_of(after, true));
                if name != path {
                    let fault = SyntaxFault::new(at, format!("a block needs a helper, and `{path}` is a path"));
                    return Err(fault.hint(format!(
                        "write `{{{{#if {path}}}}}`, `{{{{#each {path}}}}}` or `{{{{#with {path}}}}}`"
                    )));
                }
                return Ok((Kind::Open, name));
            }
            (Some('/'), _) => return Ok((Kind::Close, name_of(after, true))),
            (Some('>'), _) => return Ok((Kind::Partial, name_of(after, true))),
            (Some(_), _) => after,
            (None, _) => match inner.strip_prefix("else").filter(|_| !is_triple) {
                Some(after) if after.starts_with(is_symbol) => {
                    let name = name_of(inner, false);
                    let fault = SyntaxFault::new(begin..begin + name.len(), format!("`{name}` begins with `else`"));
                    return Err(fault.hint(format!("write `{{{{this.{name}}}}}`")));
                }
                Some(after) if !after.starts_with(['.', '/']) => after,
                _ => return Ok((Kind::Value, "")),
            },
        };
        let is_bare = kind.trim_matches(|c| c == '~' || BLANK.contains(&c)).is_empty();
        Ok((if is_bare { Kind::Else } else { Kind::Chain }, ""))
    }

    fn close(&mut self, name: &str, at: &ByteRange) -> Result<(), SyntaxFault> {
        let Some(open) = self.open.pop() else {
            return Err(SyntaxFault::new(at.clone(), format!("nothing is open that `{name}` could close")));
        };
        if open.name == name || (name.is_empty() && open.kind == Kind::OpenPartial) {
            return Ok(());
        }
        let message = format!("`{name}` does not close `{}`", &self.text[open.at]);
        Err(SyntaxFault::new(at.clone(), message))
    }

    fn branch(&mut self, kind: Kind, at: &ByteRange) -> Result<(), SyntaxFault> {
        let written = &self.text[at.clone()];
        let message = match self.open.last_mut() {
            None if written.contains('^') => {
                let fault = SyntaxFault::new(at.clone(), "`else` stands outside of a block");
                return Err(fault.hint("an inverted section is written `{{#unless name}}…{{/unless}}`"));
            }
            None => "`else` stands outside of a block",
            Some(open) if open.kind == Kind::OpenPartial => "the body of a partial has no `else`",
            Some(open) if open.name == "segment" => "a segment has no `else`",
            Some(open) if open.has_else => "`else` stands after the last `else` of its block",
            Some(open) => {
                open.has_else = kind == Kind::Else;
                open.chained += usize::from(kind == Kind::Chain);
                return Ok(());
            }
        };
        Err(SyntaxFault::new(at.clone(), message))
    }
}

/// The name at the beginning of `text`; that of a partial is a path, or stands in quotes.
fn name_of(text: &str, is_partial: bool) -> &str {
    let text = text.trim_start_matches(BLANK);
    let quoted = text.strip_prefix('\'').and_then(|inner| inner.find('\'')).filter(|_| is_partial);
    let is_name = |c: char| is_symbol(c) || (is_partial && matches!(c, '@' | '/' | '.'));
    let length = quoted.map_or_else(|| text.find(|c| !is_name(c)).unwrap_or(text.len()), |at| at + 2);
    &text[..length]
}

/// Whether the inside of a tag has a `}` that nothing in it opens; a fault if it leaves quotes or brackets open, nests
/// them too deep, or names an argument twice. `begin` is its place in the template.
fn balanced(inner: &str, begin: usize) -> Result<bool, SyntaxFault> {
    let fault = |at: usize, message: &str| SyntaxFault::new(begin + at..begin + at + 1, message);
    let (mut quote, mut raw, mut skip, mut closers) = (None, false, false, false);
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut named: Vec<(usize, &str)> = Vec::new();
    for (at, c) in inner.char_indices() {
        // To the crate a list of texts may also be a name in brackets, which ends at the first `]` whatever the quotes.
        if c == ']' && std::mem::take(&mut raw) && quote.is_some() {
            return Err(fault(at, "`]` stands in quotes in brackets"));
        }
        if let Some((_, mark)) = quote {
            if !std::mem::take(&mut skip) {
                skip = c == '\\';
                quote = quote.filter(|_| c != mark);
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some((at, c)),
            '(' | '[' | '{' => {
                raw |= c == '[';
                open.push((at, c));
            }
            ')' | ']' | '}' => {
                closers |= open.pop().is_none() && c == '}';
                named.retain(|(depth, _)| *depth <= open.len());
            }
            '=' => {
                let before = inner[..at].trim_end_matches(BLANK);
                let name = &before[before.rfind(|c| !is_symbol(c)).map_or(0, |at| at + 1)..];
                if named.contains(&(open.len(), name)) {
                    let start = before.len() - name.len();
                    let at = begin + start..begin + before.len();
                    return Err(SyntaxFault::new(at, format!("`{name}=` stands twice in one call")));
                }
                named.push((open.len(), name));
            }
            _ => {}
        }
        if open.len() > MAX_NESTED_CALLS {
            return Err(fault(at, &format!("calls nest deeper than {MAX_NESTED_CALLS}")).code("template-limit"));
        }
    }
    match (quote, open.last()) {
        (Some((at, _)), _) => {
            let hint = "escapes are those of JSON: `\\\"`, `\\\\`, `\\n`; `}}` cannot stand in quotes in a tag";
            Err(fault(at, "the text is not closed in its tag").hint(hint))
        }
        (None, Some((at, '('))) => Err(fault(*at, "`)` is missing")),
        (None, Some((at, _))) => {
            Err(fault(*at, "the bracket is not closed in its tag").hint("a tag ends at its first `}}`: write `} }`"))
        }
        (None, None) => Ok(closers),
    }
}
