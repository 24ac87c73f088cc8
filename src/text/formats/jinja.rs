//! The Jinja of Prompty's templates: the part that all of its runtimes write alike, as
//! <https://github.com/microsoft/prompty/blob/main/spec/jinja-subset.md> has it. The crate `minijinja` parses and renders.
//!
//! A template is a sequence of top-level elements: text, an output, a block from `{% if %}` or `{% for %}` to its end.
//! Nothing of one reaches another, since `set` and the like are no part of it, so each is rendered by itself: one that
//! needs an input for more than `{{ name }}` is a region, and all others are text and holes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter, filters};
use serde_json::{Map, Value as Json};

use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::{
    MAX_EXPRESSION_WORDS, MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_STEPS,
    MAX_TEMPLATE_TAGS,
};
use crate::syntax::source::{Source, Span};
use crate::text::template::{Data, RenderedRegion, no_example, reserved};

/// Stands before each tag, so that no two texts become a tag where one between them writes nothing.
const TAG: char = '\u{fdd0}';
/// Around what an output writes.
const OPEN: char = '\u{fdd1}';
const CLOSE: char = '\u{fdd2}';
/// Around the name of an input, which stands for its value.
const INPUT: char = '\u{fdd3}';

/// How the fault begins of a value that is not written alike.
const UNLIKE: &str = "the runtimes of Prompty write";
const FILTERS: [&str; 6] = ["default", "join", "length", "lower", "trim", "upper"];
const OPERATORS: [&str; 4] = ["and", "or", "not", "in"];
/// Words that another template language would know, or whose value depends on which runtime asks.
const NO_NAMES: [&str; 8] = ["is", "null", "none", "None", "True", "False", "recursive", "self"];

/// A template whose syntax is known to be right.
pub struct Template {
    source: Arc<Source>,
    elements: Vec<Element>,
}

/// A part of the template that stands on its own.
struct Element {
    /// Its place.
    at: Range<usize>,
    kind: Kind,
}

enum Kind {
    Text,
    Code(Code),
}

/// An output or a block.
#[derive(Default)]
struct Code {
    /// As the crate renders it: trimmed where its tags say so, marks around what outputs write.
    marked: String,
    /// The same without outputs that are a name and no more.
    bare: String,
    /// Words that may be names, and where they stand first.
    words: BTreeMap<String, Range<usize>>,
    /// What it takes of the data.
    names: BTreeSet<String>,
    /// What it takes for more than to write it.
    asked: BTreeSet<String>,
}

/// What an element writes.
pub enum Part {
    /// Text of the template.
    Text(String),
    /// A value that is known.
    Value(String),
    /// An input.
    Hole(String),
    /// What depends on an input in another way.
    Region(RenderedRegion),
}

/// A tag, or the text between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Text,
    Output,
    Statement,
    Comment,
}

/// Reads the template that stands in `range`.
pub fn parse(source: &Arc<Source>, range: Range<usize>, faults: &mut Faults) -> Option<Template> {
    let text = source.text().get(range.clone()).unwrap_or_default();
    let mut scan = Scan { source, faults, found: Vec::new(), stack: Vec::new(), is_sound: true };
    if text.len() > MAX_TEMPLATE_BYTES {
        let message = format!("the template holds {} bytes; the limit is {MAX_TEMPLATE_BYTES}", text.len());
        scan.fault("template-limit", message, range.start..range.start);
        return None;
    }
    if let Some(c) = reserved(text) {
        let at = range.start + text.find(c).unwrap_or_default();
        let message =
            format!("the template holds U+{:04X}, which Unicode reserves for use inside of programs", c as u32);
        scan.fault("reserved-character", message, at..at + c.len_utf8());
        return None;
    }
    let tokens = scan.tokens(range)?;
    scan.elements(&tokens);
    if let Some((word, at)) = scan.stack.first().map(|(word, at, _)| (*word, at.clone())) {
        scan.fault("template-syntax", format!("this `{word}` is not closed by `{{% end{word} %}}`"), at);
    }
    let Scan { found: mut elements, is_sound, .. } = scan;
    if !is_sound {
        return None;
    }
    for element in &mut elements {
        let Kind::Code(code) = &mut element.kind else { continue };
        let at = Span::new(source, element.at.start, element.at.end);
        match (undeclared(&code.marked), undeclared(&code.bare)) {
            (Ok(names), Ok(asked)) => (code.names, code.asked) = (names, asked),
            (Err(error), _) | (_, Err(error)) => {
                faults.push(Diagnostic::error("template-syntax", explained(&error)).at(&at));
                return None;
            }
        }
    }
    Some(Template { source: source.clone(), elements })
}

struct Scan<'s> {
    source: &'s Arc<Source>,
    faults: &'s mut Faults,
    found: Vec<Element>,
    /// The blocks that are open: the word that opened each, its tag, and how deep the crate nests its branches.
    stack: Vec<(&'static str, Range<usize>, usize)>,
    is_sound: bool,
}

impl<'s> Scan<'s> {
    fn fault(&mut self, code: &'static str, message: String, at: Range<usize>) {
        let fault = Diagnostic::error(code, message).at(&Span::new(self.source, at.start, at.end));
        let hint = "the templates of Prompty hold `if`, `for`, comparisons and a few filters (docs/formats.md)";
        self.faults.push(if code == "template-syntax" { fault.hint(hint) } else { fault });
        self.is_sound = false;
    }

    fn text(&self, at: &Range<usize>) -> &'s str {
        self.source.text().get(at.clone()).unwrap_or_default()
    }

    /// Tags and texts, each with its place. White space that a tag trims is in neither.
    fn tokens(&mut self, range: Range<usize>) -> Option<Vec<(Token, Range<usize>)>> {
        let all = &self.source.text()[..range.end];
        let (mut found, mut from, mut tags, mut trims) = (Vec::new(), range.start, 0, false);
        loop {
            let rest = &all[from..];
            let next = rest.match_indices('{').find(|(at, _)| rest[at + 1..].starts_with(['{', '%', '#']));
            let start = next.map_or(all.len(), |(at, _)| from + at);
            let mut plain = &all[from..start];
            if std::mem::take(&mut trims) {
                from += plain.len() - plain.trim_start().len();
                plain = plain.trim_start();
            }
            if next.is_some() && all[start + 2..].starts_with('-') {
                plain = plain.trim_end();
            }
            found.extend((!plain.is_empty()).then(|| (Token::Text, from..from + plain.len())));
            if next.is_none() {
                return Some(found);
            }
            tags += 1;
            if tags > MAX_TEMPLATE_TAGS {
                self.fault(
                    "template-limit",
                    format!("the template holds more than {MAX_TEMPLATE_TAGS} tags"),
                    start..start,
                );
                return None;
            }
            let (token, close) = match all.as_bytes().get(start + 1) {
                Some(b'{') => (Token::Output, "}}"),
                Some(b'%') => (Token::Statement, "%}"),
                _ => (Token::Comment, "#}"),
            };
            let Some(end) = end_of(&all[start + 2..], token, close).map(|at| start + 2 + at + 2) else {
                self.fault("template-syntax", format!("this tag is not closed by `{close}`"), start..start + 2);
                return None;
            };
            trims = all[..end - 2].ends_with('-');
            found.push((token, start..end));
            from = end;
        }
    }

    /// Puts the tokens together, and looks at what the tags say.
    fn elements(&mut self, tokens: &[(Token, Range<usize>)]) {
        let mut open: Option<(usize, Code)> = None;
        for (token, at) in tokens {
            if *token == Token::Text && self.stack.is_empty() {
                self.found.push(Element { at: at.clone(), kind: Kind::Text });
                continue;
            }
            let (start, mut code) = open.take().unwrap_or_else(|| (at.start, Code::default()));
            match token {
                Token::Text => {
                    let text = unix(self.text(at));
                    code.marked.push_str(&text);
                    code.bare.push_str(&text);
                }
                Token::Comment => {}
                Token::Output => {
                    let inner = self.inside(at);
                    let is_name = self.words(&inner, &mut code) == 1 && is_word(self.text(&inner));
                    let tag = format!("{TAG}{OPEN}{{{{ {} }}}}{CLOSE}", self.text(&inner));
                    code.bare.push_str(if is_name { "" } else { &tag });
                    code.marked.push_str(&tag);
                }
                Token::Statement => {
                    let inner = self.inside(at);
                    self.statement(at, &inner, &mut code);
                    let tag = format!("{TAG}{{% {} %}}", self.text(&inner));
                    code.bare.push_str(&tag);
                    code.marked.push_str(&tag);
                }
            }
            if self.stack.is_empty() {
                self.found.push(Element { at: start..at.end, kind: Kind::Code(code) });
            } else {
                open = Some((start, code));
            }
        }
    }

    /// What stands in a tag, without white space and what trims.
    fn inside(&mut self, tag: &Range<usize>) -> Range<usize> {
        let whole = self.text(&(tag.start + 2..tag.end - 2));
        let lead = usize::from(whole.starts_with('-'));
        let tail = usize::from(whole.len() > lead && whole.ends_with('-'));
        let inner = &whole[lead..whole.len() - tail];
        let start = tag.start + 2 + lead + inner.len() - inner.trim_start().len();
        if inner.trim().is_empty() {
            self.fault("template-syntax", "this tag is empty".to_owned(), tag.clone());
        }
        start..start + inner.trim().len()
    }

    /// Looks at a statement: which it is, and whether it stands where it may.
    fn statement(&mut self, tag: &Range<usize>, inner: &Range<usize>, code: &mut Code) {
        let written = self.text(inner);
        let (word, rest) = written.split_once(char::is_whitespace).unwrap_or((written, ""));
        let rest = inner.end - rest.trim_start().len()..inner.end;
        let around = self.stack.last().map(|(word, ..)| *word);
        let is_bare = rest.is_empty();
        let fits = match word {
            "if" | "elif" => !is_bare && (word == "if" || around == Some("if")),
            "else" => is_bare && around == Some("if"),
            "endif" => is_bare && around == Some("if"),
            "endfor" => is_bare && around == Some("for"),
            "for" => {
                let parts: Vec<&str> = self.text(&rest).splitn(3, char::is_whitespace).collect();
                matches!(parts.as_slice(), [name, "in", list] if is_word(name) && !list.trim().is_empty())
            }
            _ => false,
        };
        if !fits {
            let message = format!("`{written}` is no statement that a template of Prompty can have here");
            return self.fault("template-syntax", message, tag.clone());
        }
        self.words(&rest, code);
        match word {
            "if" => self.stack.push(("if", tag.clone(), 1)),
            "for" => self.stack.push(("for", tag.clone(), 1)),
            "elif" => self.stack.iter_mut().last().into_iter().for_each(|(.., depth)| *depth += 1),
            "endif" | "endfor" => {
                self.stack.pop();
            }
            _ => {}
        }
        if self.stack.iter().map(|(.., depth)| depth).sum::<usize>() > MAX_TEMPLATE_DEPTH {
            let message = format!("blocks nest deeper than {MAX_TEMPLATE_DEPTH}, each `elif` counted as one");
            self.fault("template-limit", message, tag.clone());
        }
    }

    /// Looks at the words of an expression, and returns how many there are.
    fn words(&mut self, inner: &Range<usize>, code: &mut Code) -> usize {
        let text = self.text(inner);
        let (mut at, mut number, mut before) = (0, 0, "");
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let is_digit = |c: char| c.is_ascii_digit() || c == '.';
            let length = match c {
                c if c.is_whitespace() => {
                    at += c.len_utf8();
                    continue;
                }
                '"' | '\'' => string(rest).unwrap_or(rest.len()),
                c if c.is_ascii_digit() => rest.find(|c: char| !is_digit(c)).unwrap_or(rest.len()),
                '-' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    1 + rest[1..].find(|c: char| !is_digit(c)).unwrap_or(rest.len() - 1)
                }
                c if c.is_alphabetic() || c == '_' => {
                    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
                }
                '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => 2,
                '<' | '>' | '(' | ')' | '[' | ']' | '.' | ',' | '|' => 1,
                _ => 0,
            };
            let word = &rest[..length];
            let place = inner.start + at..inner.start + at + length.max(c.len_utf8());
            let is_name = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
            let is_call = word == "(" && is_word(before) && !FILTERS.contains(&before) && !OPERATORS.contains(&before);
            let is_fit = match before {
                "|" => FILTERS.contains(&word),
                "." => is_name,
                _ => length > 0 && !is_call && !NO_NAMES.contains(&word),
            };
            if !is_fit {
                let shown = if length == 0 { c.to_string() } else { word.to_owned() };
                let message = format!("`{shown}` is nothing that an expression of Prompty's templates can have here");
                self.fault("template-syntax", message, place);
                return number;
            }
            if is_name && !matches!(before, "." | "|") && !OPERATORS.contains(&word) {
                code.words.entry(word.to_owned()).or_insert(place);
            }
            number += 1;
            if number > MAX_EXPRESSION_WORDS {
                let message = format!("the expression has more than {MAX_EXPRESSION_WORDS} words");
                self.fault("template-limit", message, inner.clone());
                return number;
            }
            (before, at) = (word, at + length);
        }
        number
    }
}

/// Where a tag ends, which text in quotes does not.
fn end_of(text: &str, token: Token, close: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if token == Token::Comment {
            return rest.find(close);
        }
        let next = rest.find(['"', '\'', '}', '%'])?;
        at += next;
        match &text[at..] {
            rest if rest.starts_with(close) => return Some(at),
            rest => at += string(rest).unwrap_or(1),
        }
    }
}

/// How long the text in quotes is that begins here.
fn string(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    let end = text[1..].find(|c: char| {
        let is_end = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map(|end| end + 2)
}

/// Whether it is one name.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Line ends as Python reads them.
pub fn unix(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_keep_trailing_newline(true);
    environment.set_recursion_limit(MAX_TEMPLATE_DEPTH * 2);
    environment.set_fuel(Some(MAX_TEMPLATE_STEPS as u64));
    environment.add_filter("default", filters::default);
    environment.add_filter("join", |value: Value, between: Option<String>| {
        let items = if value.is_undefined() { None } else { Some(value.try_iter()?) };
        let texts: Result<Vec<String>, Error> = items.into_iter().flatten().map(|item| spelled(&item)).collect();
        Ok(texts?.join(&between.unwrap_or_default()))
    });
    environment.add_filter("length", |value: Value| if value.is_undefined() { Ok(0) } else { filters::length(&value) });
    environment.add_filter("lower", |value: Value| Ok(spelled(&value)?.to_lowercase()));
    environment.add_filter("trim", |value: Value| {
        let is_blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
        Ok(spelled(&value)?.trim_matches(is_blank).to_owned())
    });
    environment.add_filter("upper", |value: Value| Ok(spelled(&value)?.to_uppercase()));
    environment
}

/// The names that a template takes of the data.
fn undeclared(text: &str) -> Result<BTreeSet<String>, Error> {
    let environment = environment();
    Ok(environment.template_from_str(text)?.undeclared_variables(false).into_iter().collect())
}

fn explained(error: &Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("the template cannot be rendered: {what}")
}

/// A value that the runtimes of Prompty write in different ways, and what it is.
fn unlike(value: &Value) -> Option<&'static str> {
    match value.kind() {
        ValueKind::None => Some("null"),
        ValueKind::Bool => Some("a true or false"),
        ValueKind::Number if !value.is_integer() => {
            let float = f64::try_from(value.clone()).unwrap_or(0.0);
            (float.fract() == 0.0 || !(1e-4..1e16).contains(&float.abs())).then_some("such a number")
        }
        ValueKind::Seq | ValueKind::Iterable => Some("a list"),
        ValueKind::Map => Some("a map"),
        _ => None,
    }
}

/// A value as text; what is not there is empty.
fn spelled(value: &Value) -> Result<String, Error> {
    let fault =
        |what| Error::new(ErrorKind::InvalidOperation, format!("{UNLIKE} {what} in different ways: bind it as text"));
    unlike(value).map_or_else(|| Ok(value.to_string()), |what| Err(fault(what)))
}

/// What a rendering writes, which is bounded.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.0.len() + more.len() > MAX_RENDERED_BYTES {
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Renders one element. `is_sample`: what is not there is nothing, and what is written differently does not matter.
fn rendered(text: &str, data: &Map<String, Json>, is_sample: bool) -> Result<String, (&'static str, String)> {
    let mut environment = environment();
    if is_sample {
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    }
    environment.set_formatter(move |out, state, value| match unlike(value) {
        Some("null") if is_sample => Ok(()),
        Some(_) if !is_sample => spelled(value).map(drop),
        _ => escape_formatter(out, state, value),
    });
    let mut out = Limited(Vec::new());
    let template = environment.template_from_str(text);
    match template.and_then(|template| template.render_captured_to(Value::from_serialize(data), &mut out).map(drop)) {
        Ok(()) => Ok(String::from_utf8_lossy(&out.0).into_owned()),
        Err(error) => Err(match error.kind() {
            ErrorKind::OutOfFuel => {
                ("template-limit", format!("the template takes more than {MAX_TEMPLATE_STEPS} steps"))
            }
            ErrorKind::WriteFailure => {
                ("template-limit", format!("the template writes more than {MAX_RENDERED_BYTES} bytes"))
            }
            ErrorKind::InvalidOperation if error.detail().is_some_and(|detail| detail.starts_with(UNLIKE)) => {
                ("value-spelling", error.detail().unwrap_or_default().to_owned())
            }
            _ => ("template-syntax", explained(&error)),
        }),
    }
}

impl Template {
    /// Replaces each loop over a name by an output of that name, where `is_one` says so of its text. Returns the names.
    pub fn loops_to_holes(&mut self, is_one: impl Fn(&str) -> bool) -> Vec<String> {
        let mut names = Vec::new();
        for element in &mut self.elements {
            let text = self.source.text().get(element.at.clone()).unwrap_or_default();
            let head = text.get(2..).unwrap_or_default().trim_start_matches('-').split_whitespace();
            let parts: Vec<&str> = head.take(4).collect();
            let ["for", _, "in", list] = parts.as_slice() else { continue };
            let name = list.trim_end_matches('}').trim_end_matches('%').trim_end_matches('-');
            if !is_word(name) || !is_one(text) {
                continue;
            }
            if let Kind::Code(code) = &mut element.kind {
                code.marked = format!("{TAG}{OPEN}{{{{ {name} }}}}{CLOSE}");
                code.names = BTreeSet::from([name.to_owned()]);
                code.asked = BTreeSet::new();
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Each name that it takes of the data, with its first place.
    pub fn names(&self) -> BTreeMap<&str, Span> {
        let mut names = BTreeMap::new();
        for element in &self.elements {
            let Kind::Code(code) = &element.kind else { continue };
            for name in &code.names {
                let at = code.words.get(name).unwrap_or(&element.at);
                names.entry(&**name).or_insert_with(|| Span::new(&self.source, at.start, at.end));
            }
        }
        names
    }

    /// What each element writes, with its place in the file.
    pub fn render(&self, data: &Data, faults: &mut Faults) -> Vec<(Part, Range<usize>)> {
        if let Some((name, c)) = data.reserved() {
            let whole = Span::file(&self.source);
            let message =
                format!("`{name}` holds U+{:04X}, which Unicode reserves for use inside of programs", c as u32);
            faults.push(Diagnostic::error("reserved-character", message).at(&whole));
            return Vec::new();
        }
        let mut known = data.vars.clone();
        known.extend(data.inputs.keys().map(|name| (name.clone(), format!("{INPUT}{name}{INPUT}").into())));
        let mut samples = data.vars.clone();
        let given = data.inputs.iter().filter(|(_, example)| !example.is_null());
        samples.extend(given.map(|(name, example)| (name.clone(), example.clone())));
        let inputs: HashSet<&str> = data.inputs.keys().map(String::as_str).collect();
        let (mut parts, mut bytes) = (Vec::new(), 0);
        for element in &self.elements {
            let written = self.source.text().get(element.at.clone()).unwrap_or_default();
            let at = Span::new(&self.source, element.at.start, element.at.end);
            let Kind::Code(code) = &element.kind else {
                parts.push((Part::Text(written.to_owned()), element.at.clone()));
                continue;
            };
            let is_region = code.asked.iter().any(|name| inputs.contains(&**name));
            let text = match rendered(&code.marked, if is_region { &samples } else { &known }, is_region) {
                Ok(text) => text,
                Err((code, message)) => {
                    faults.push(Diagnostic::error(code, message).at(&at));
                    continue;
                }
            };
            bytes += text.len();
            if bytes > MAX_RENDERED_BYTES {
                let message = format!("the template writes more than {MAX_RENDERED_BYTES} bytes");
                faults.push(Diagnostic::error("template-limit", message).at(&at));
                return Vec::new();
            }
            if !is_region {
                parts.extend(runs(&text).into_iter().map(|part| (part, element.at.clone())));
                continue;
            }
            let needs: Vec<String> = code.names.iter().filter(|name| inputs.contains(&***name)).cloned().collect();
            let is_absent = |name: &&String| data.inputs.get(&**name).is_none_or(Json::is_null);
            let absent: Vec<String> = needs.iter().filter(is_absent).cloned().collect();
            faults.extend(no_example(&absent).map(|warning| warning.at(&at)));
            let mut identity = written.to_owned();
            for (name, value) in code.names.iter().filter_map(|name| Some((name, data.vars.get(name)?))) {
                identity.push_str(&format!("\n{{# {name} = {value} #}}"));
            }
            let sample = text.replace([TAG, OPEN, CLOSE], "");
            let region = RenderedRegion { source: identity, sample, needs, absent, span: at };
            parts.push((Part::Region(region), element.at.clone()));
        }
        parts
    }
}

/// Rendered text, cut at its marks.
fn runs(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, run) in text.replace(TAG, "").split([OPEN, CLOSE]).enumerate() {
        let name = run.strip_prefix(INPUT).and_then(|run| run.strip_suffix(INPUT));
        match (number % 2 == 1, name) {
            (_, _) if run.is_empty() => {}
            (true, Some(name)) => parts.push(Part::Hole(name.to_owned())),
            (true, None) => parts.push(Part::Value(run.to_owned())),
            (false, _) => parts.push(Part::Text(run.to_owned())),
        }
    }
    parts
}
