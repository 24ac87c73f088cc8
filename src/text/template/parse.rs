//! Parses template text to a tree: tags, nesting, and the white space that belongs to a tag.
//!
//! One pass, linear in the text, with a limit on the depth of blocks. A tag that cannot be parsed is
//! reported and skipped, so that one run finds every fault. Which white space around a tag is removed
//! follows handlebars-rust to the byte (`tests/against_the_crate.rs` checks that): `{{~` and `~}}` remove
//! all of it; a block tag, comment or partial alone on its line removes the line.

use super::syntax::{BlockTag, Branch, ByteRange, Call, Name, Node, Partial, SyntaxFault};
use super::tag::{self, ParsedTag, Tag};

/// How large a template may be. Reference documents are fragments (`file`, `include`), not templates.
pub const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;
/// How many tags a template may have.
pub const MAX_TAGS: usize = 20_000;
/// How deep blocks and partials may nest, taken together.
pub const MAX_DEPTH: usize = 64;
/// How many unreadable tags are reported before the rest of a template is left alone.
const MAX_FAULTS: usize = 50;

/// A template as a tree, with all faults of its text.
#[derive(Debug)]
pub(super) struct Parsed {
    pub nodes: Vec<Node>,
    /// Every partial it names, in order.
    pub partials: Vec<Name>,
    pub faults: Vec<SyntaxFault>,
}

/// Parses a whole template.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parser = Parser {
        text,
        nodes: Vec::new(),
        open: Vec::new(),
        partials: Vec::new(),
        faults: Vec::new(),
        trim_next: false,
        line_next: false,
        last_long_comment: text.rfind("--}}"),
    };
    if text.len() > MAX_TEMPLATE_BYTES {
        let message = format!("the template holds {} bytes; the limit is {MAX_TEMPLATE_BYTES}", text.len());
        let hint = "a template is not for reference text: keep that in a fragment, and `{{include \"path\"}}` it";
        parser.faults.push(SyntaxFault::new(0..0, message).code("template-limit").hint(hint));
    } else if parser.document().is_some() {
        parser.close_all();
    }
    Parsed { nodes: parser.nodes, partials: parser.partials, faults: parser.faults }
}

struct Parser<'t> {
    text: &'t str,
    /// The nodes so far of the innermost open body.
    nodes: Vec<Node>,
    open: Vec<Open>,
    partials: Vec<Name>,
    faults: Vec<SyntaxFault>,
    /// The last tag ended in `~}}`: the text after it loses its leading white space.
    trim_next: bool,
    /// The last tag was alone on its line: the text after it loses the rest of that line.
    line_next: bool,
    /// The position of the last `--}}`, so that a `{{!--` after it need not search for one: with many
    /// unclosed comments, that would take quadratic time.
    last_long_comment: Option<usize>,
}

/// A block whose closing tag has not been parsed yet.
struct Open {
    kind: OpenKind,
    /// The nodes so far of the body around it.
    outer: Vec<Node>,
    /// The opening tag.
    at: ByteRange,
}

enum OpenKind {
    /// The branches read so far, and the one being read; `None` in the last `{{else}}`.
    BlockTag {
        done: Vec<Branch>,
        current: Option<(Call, ByteRange)>,
    },
    Partial(Partial),
    /// An opening tag that could not be parsed; its closing tag may have any name.
    Broken,
}

impl Parser<'_> {
    /// Reads to the end; `None` when a limit stopped it.
    fn document(&mut self) -> Option<()> {
        let (mut at, mut tags) = (0, 0);
        loop {
            let (end, escapes) = next_tag(self.text, at);
            if end == self.text.len() {
                self.gap(at..end, &escapes, None);
                return Some(());
            }
            tags += 1;
            if tags > MAX_TAGS {
                return self.limit(end..end + 2, format!("the template holds more than {MAX_TAGS} tags"));
            }
            let written = self.tag(end);
            self.gap(at..end, &escapes, Some(&written));
            at = written.at.end;
            self.place(written)?;
            if self.faults.len() >= MAX_FAULTS {
                return None;
            }
        }
    }

    fn limit(&mut self, at: ByteRange, message: String) -> Option<()> {
        self.faults.push(SyntaxFault::new(at, message).code("template-limit"));
        None
    }

    /// Adds the text between two tags, without the white space that belongs to them.
    fn gap(&mut self, gap: ByteRange, escapes: &[usize], next: Option<&ParsedTag>) {
        let text = self.text;
        let (mut start, mut end) = (gap.start, gap.end);
        let slice = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
        let blank = slice(start, end).trim_start_matches([' ', '\t', '\n', '\r']).is_empty();
        if blank && self.trim_next {
            // handlebars-rust does not reset `line_next` here either.
            start = end;
        } else if start < end {
            if self.trim_next {
                start = end - slice(start, end).trim_start().len();
            } else if self.line_next {
                let line = slice(start, end).trim_start_matches([' ', '\t']);
                let rest = line.strip_prefix("\r\n").or_else(|| line.strip_prefix('\n')).unwrap_or(line);
                start = end - rest.len();
            }
            self.line_next = false;
        }
        if let Some(next) = next {
            if next.trim_before {
                end = start + slice(start, end).trim_end().len();
            }
            if self.alone_before(next) && !matches!(next.tag, Tag::Partial(_)) {
                end = start + slice(start, end).trim_end_matches([' ', '\t']).len();
            }
        }
        // A backslash that escapes a tag is not written: the text is cut there.
        for escape in escapes.iter().copied().chain([end]) {
            let piece = start..escape.min(end);
            if !piece.is_empty() {
                self.nodes.push(Node::Text(piece));
            }
            start = start.max(escape + 1);
        }
    }

    /// Whether a tag is alone on its line, and of a kind that then removes the line.
    fn alone_before(&self, written: &ParsedTag) -> bool {
        if matches!(written.tag, Tag::Value(_) | Tag::Broken) {
            return false;
        }
        let after = self.text.get(written.at.end..).unwrap_or_default();
        let before = self.text.get(..written.at.start).unwrap_or_default();
        let blank = [' ', '\t'];
        let ends = after.is_empty() || after.trim_start_matches(blank).starts_with(['\n', '\r']);
        let before = before.trim_end_matches(blank);
        ends && (before.is_empty() || before.ends_with(['\n', '\r']))
    }

    /// Puts a tag into the tree; `None` when a limit stopped it.
    fn place(&mut self, written: ParsedTag) -> Option<()> {
        if !matches!(written.tag, Tag::Value(_) | Tag::Broken) {
            self.line_next = self.alone_before(&written);
        }
        if !matches!(written.tag, Tag::Comment) {
            self.trim_next = written.trim_after;
        }
        let at = written.at;
        match written.tag {
            Tag::Comment | Tag::Broken => {}
            Tag::Value(expression) => self.nodes.push(Node::Value(expression, at)),
            Tag::Partial(partial) => {
                self.partials.push(partial.name.clone());
                self.nodes.push(Node::Partial(partial));
            }
            Tag::Open(call) => {
                self.open(OpenKind::BlockTag { done: Vec::new(), current: Some((call, at.clone())) }, at)?;
            }
            Tag::OpenPartial(partial) => {
                self.partials.push(partial.name.clone());
                self.open(OpenKind::Partial(partial), at)?;
            }
            Tag::OpenBroken => self.open(OpenKind::Broken, at)?,
            Tag::Else(call) => self.branch(call, at),
            Tag::Close(name) => self.close(name, at),
        }
        Some(())
    }

    fn open(&mut self, kind: OpenKind, at: ByteRange) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return self.limit(at, format!("blocks nest deeper than {MAX_DEPTH}"));
        }
        self.open.push(Open { kind, outer: std::mem::take(&mut self.nodes), at });
        Some(())
    }

    /// `{{else}}`, `{{else if …}}`
    fn branch(&mut self, next: Option<Call>, at: ByteRange) {
        let fault = match self.open.last_mut().map(|open| &mut open.kind) {
            Some(OpenKind::Broken) => None,
            Some(OpenKind::BlockTag { done, current }) => match current.take() {
                None => Some("`else` stands after the last `else` of its block"),
                Some((call, call_at)) if call.builtin.is_some_and(|builtin| !builtin.has_else()) => {
                    *current = Some((call, call_at));
                    Some("a segment has no `else`")
                }
                Some((call, call_at)) => {
                    done.push(Branch { call, body: std::mem::take(&mut self.nodes), at: call_at });
                    *current = next.map(|call| (call, at.clone()));
                    None
                }
            },
            Some(OpenKind::Partial(_)) | None => Some("`else` stands outside of a block"),
        };
        if let Some(message) = fault {
            self.faults.push(SyntaxFault::new(at, message));
        }
    }

    fn close(&mut self, name: Name, at: ByteRange) {
        let fits = |open: &Open| match &open.kind {
            OpenKind::BlockTag { done, current } => {
                let first = done.first().map(|branch| &branch.call).or(current.as_ref().map(|(call, _)| call));
                first.is_some_and(|call| call.name.text == name.text)
            }
            OpenKind::Partial(partial) => name.text.is_empty() || partial.name.text == name.text,
            OpenKind::Broken => true,
        };
        let Some(place) = self.open.iter().rposition(fits) else {
            let fault = match self.open.last() {
                None => SyntaxFault::new(at, format!("nothing is open that `{}` could close", name.text)),
                Some(open) => {
                    let opened = self.text.get(open.at.clone()).unwrap_or_default();
                    SyntaxFault::new(at, format!("`{}` does not close `{}`", name.text, first_line(opened)))
                }
            };
            self.faults.push(fault);
            return;
        };
        while self.open.len() > place + 1 {
            self.unclosed();
        }
        self.finish(at.end);
    }

    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.unclosed();
        }
    }

    fn unclosed(&mut self) {
        if let Some(open) = self.open.last() {
            if !matches!(open.kind, OpenKind::Broken) {
                let written = first_line(self.text.get(open.at.clone()).unwrap_or_default());
                self.faults.push(SyntaxFault::new(open.at.clone(), format!("`{written}` is not closed")));
            }
            self.finish(self.text.len());
        }
    }

    /// Ends the innermost block and puts it into the body around it.
    fn finish(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let body = std::mem::replace(&mut self.nodes, open.outer);
        match open.kind {
            OpenKind::Broken => {}
            OpenKind::Partial(partial) => self.nodes.push(Node::Partial(Partial { body: Some(body), ..partial })),
            OpenKind::BlockTag { mut done, current } => {
                let otherwise = match current {
                    Some((call, at)) => {
                        done.push(Branch { call, body, at });
                        None
                    }
                    None => Some(body),
                };
                self.nodes.push(Node::BlockTag(BlockTag { branches: done, otherwise, at: open.at.start..end }));
            }
        }
    }

    /// Parses the tag that starts at `start`. One that cannot be parsed is reported and skipped.
    fn tag(&mut self, start: usize) -> ParsedTag {
        let nothing_open = self.open.is_empty();
        let read = tag::read(self.text, start, self.last_long_comment).and_then(|written| match written.tag {
            Tag::Else(Some(_)) if nothing_open => {
                let hint = "an inverted section is written `{{#unless name}}…{{/unless}}`";
                Err(SyntaxFault::new(written.at, "`else` stands outside of a block").hint(hint))
            }
            _ => Ok(written),
        });
        match read {
            Ok(written) => {
                tag::check(&written.tag, &mut self.faults);
                written
            }
            Err(fault) => {
                let written = self.skip(start, &fault);
                self.faults.push(fault);
                written
            }
        }
    }

    /// The replacement for a tag that cannot be parsed: it ends at the next closing braces, and it opens a
    /// block if the tag would.
    fn skip(&self, start: usize, fault: &SyntaxFault) -> ParsedTag {
        let text = self.text.get(start..).unwrap_or_default();
        let raw = text.starts_with("{{{{");
        let sigil = text.trim_start_matches(['{', ' ', '~', '\t', '\n', '\r']).chars().next();
        let opens = !raw && (sigil == Some('#') || sigil == Some('^') && self.open.is_empty());
        let from = fault.at.start.max(start + 2);
        let rest = self.text.get(from..).unwrap_or_default();
        // A raw block ends with its closing tag: its content is not a template.
        let (close, braces) = if raw { (rest.find("{{{{/").unwrap_or_default(), "}}}}") } else { (0, "}}") };
        let found = rest.get(close..).and_then(|rest| rest.find(braces));
        let end = found.map_or(self.text.len(), |at| from + close + at + braces.len());
        let tag = if opens { Tag::OpenBroken } else { Tag::Broken };
        ParsedTag { tag, at: start..end, trim_before: false, trim_after: false }
    }
}

/// The next place at or after `from` where a tag starts (the end of the text if none), and the
/// backslashes before it that only serve to escape: `\{{` writes `{{`, `\\{{x}}` a backslash and
/// the value.
fn next_tag(text: &str, from: usize) -> (usize, Vec<usize>) {
    let bytes = text.as_bytes();
    let opens = |at: usize| bytes.get(at..at + 2) == Some(b"{{");
    let (mut at, mut escapes) = (from, Vec::new());
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => {
                let run = bytes.iter().skip(at).take_while(|byte| **byte == b'\\').count();
                let after = at + run;
                if opens(after) {
                    escapes.push(at);
                    if run > 1 {
                        return (after, escapes);
                    }
                    at = after + 2 + if opens(after + 2) { 2 } else { 0 };
                } else {
                    at = after;
                }
            }
            b'{' if opens(at) => return (at, escapes),
            _ => at += 1,
        }
    }
    (text.len(), escapes)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
