//! Has the crate parse a template, and rewrites the tree so that whatever has a value passes through one helper of ours.
//!
//! | written | becomes |
//! |---|---|
//! | `{{name}}`, `{{upper name}}` | `{{call 7 "write" name}}`, `{{call 7 "write" (call 7 "upper" name)}}` |
//! | `{{#each list}}…{{/each}}` | `{{#each (call 7 "each" list)}}…{{/each}}`: the crate's own `each` |
//! | `{{#eq a b}}…{{/eq}}` | `{{#if (call 7 "eq" a b)}}…{{/if}}` |
//! | `{{> card title=x}}` | `{{call 7 "partial" "card" this title=x}}` |
//!
//! 7 is the number of the tag: that is how a fault knows its place, and the crate's tree need not.

use std::collections::HashMap;

use handlebars::template::{BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Subexpression, TemplateElement};
use handlebars::{Handlebars, Path, Template, TemplateError};
use serde_json::Value as Json;

use super::data::reserved_in;
use super::scan::{ByteRange, Kind, SyntaxFault, Tag, is_symbol, scan};
use super::shape::{self, Call, is_helper};

/// The name of the helper that everything passes through. No template can call it: [`shape`] does not know it.
pub(super) const CALL: &str = "call";
/// The name with which a template inserts the body that it was called with.
const PARTIAL_BLOCK: &str = "@partial-block";

/// A template as the crate renders it.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub template: Template,
    pub tags: Vec<Tag>,
    /// Where the text of each element of the template stands, nested ones left out, and its first tag. Partials and
    /// included fragments stand elsewhere.
    pub places: Vec<(Option<ByteRange>, usize)>,
    /// The partials that it names, each with the number of the tag.
    pub partials: Vec<(String, usize)>,
    pub faults: Vec<SyntaxFault>,
}

/// Parses a template. One with faults must not be rendered.
pub(super) fn parse(text: &str) -> Parsed {
    read(text).unwrap_or_else(|fault| Parsed { faults: vec![fault], ..Parsed::default() })
}

fn read(text: &str) -> Result<Parsed, SyntaxFault> {
    let tags = scan(text)?;
    let mut template = Template::new();
    if text.contains("{{") {
        // The only way to a template in which partials are not indented is through a registry.
        let mut registry = Handlebars::new();
        registry.set_prevent_indent(true);
        registry.register_template_string(CALL, text).map_err(|error| unreadable(text, &tags, &error))?;
        template.elements = registry.get_template(CALL).map(|parsed| parsed.elements.clone()).unwrap_or_default();
    } else {
        template.elements.push(TemplateElement::RawString(text.to_owned()));
    }
    let mut rewriter = Rewriter { text, next: 0, parsed: Parsed { tags, ..Parsed::default() } };
    let mut from = 0;
    for element in &mut template.elements {
        let first = rewriter.next;
        if rewriter.elements(std::slice::from_mut(element)).is_none() {
            let at = rewriter.parsed.tags.get(rewriter.next).map_or(0..text.len(), |tag| tag.at.clone());
            return Err(SyntaxFault::new(at, "this tag cannot be read"));
        }
        let own = rewriter.parsed.tags.get(first..rewriter.next).unwrap_or_default();
        let place = match (element, own) {
            (TemplateElement::RawString(own), []) => {
                let end = rewriter.parsed.tags.get(first).map_or(text.len(), |next| next.at.start);
                // The crate has taken white space from its beginning, and backslashes before braces.
                let found = text[from..end].rfind(own.as_str()).map(|at| from + at..from + at + own.len());
                Some(found.unwrap_or(from..end))
            }
            (TemplateElement::Expression(call), [tag]) if writes_here(call) => Some(tag.at.clone()),
            (_, tags) => inside(text, tags),
        };
        from = place.iter().map(|at| at.end).chain(own.last().map(|tag| tag.at.end)).max().unwrap_or(from);
        rewriter.parsed.places.push((place, first));
    }
    Ok(Parsed { template, ..rewriter.parsed })
}

/// Whether a tag writes text of its own: it is neither a partial nor an included fragment.
fn writes_here(call: &HelperTemplate) -> bool {
    let operation = |call: &HelperTemplate| match call.params.get(1) {
        Some(Parameter::Literal(Json::String(operation))) => operation.clone(),
        _ => String::new(),
    };
    let is_include = |value: &Parameter| match value {
        Parameter::Subexpression(inner) => match inner.as_element() {
            TemplateElement::Expression(inner) => operation(inner) == "include",
            _ => false,
        },
        _ => false,
    };
    operation(call) == "write" && !call.params.get(2).is_some_and(is_include)
}

/// The number of the tag that an element begins with, if it is one.
pub(super) fn tag_of(element: &TemplateElement) -> Option<usize> {
    let (TemplateElement::Expression(call) | TemplateElement::HelperBlock(call)) = element else { return None };
    match call.params.first()? {
        Parameter::Literal(tag) => Some(tag.as_u64()? as usize),
        Parameter::Subexpression(inner) => tag_of(inner.as_element()),
        _ => None,
    }
}

/// Where the text and the values in a block begin and end.
fn inside(text: &str, tags: &[Tag]) -> Option<ByteRange> {
    let texts = tags.iter().zip(tags.iter().skip(1)).filter_map(|(before, after)| {
        // A tag that stands alone on its line takes the line with it.
        let range = before.at.end..after.at.start;
        let written = &text[range.clone()];
        let start = written.find('\n').filter(|at| written[..*at].trim().is_empty()).map_or(0, |at| at + 1);
        let end = written.rfind('\n').filter(|at| written[*at..].trim().is_empty()).map_or(written.len(), |at| at + 1);
        (start < end).then(|| range.start + start..range.start + end)
    });
    let values = tags.iter().filter(|tag| tag.kind == Kind::Value).map(|tag| tag.at.clone());
    let all: Vec<ByteRange> = texts.chain(values).collect();
    Some(all.iter().map(|at| at.start).min()?..all.iter().map(|at| at.end).max()?)
}

/// What the crate's parser has to say, at its place, in words that help.
fn unreadable(text: &str, tags: &[Tag], error: &TemplateError) -> SyntaxFault {
    let (line, column) = error.pos().unwrap_or((1, 1));
    let place = offset(text, line, column);
    let Some(tag) = tags.iter().rev().find(|tag| tag.at.start <= place) else {
        return SyntaxFault::new(place..place, "the template cannot be read");
    };
    let inner = text[tag.at.clone()].trim_matches(|c: char| "{}~&".contains(c) || c.is_ascii_whitespace());
    let name = inner.split([' ', '\n']).next().unwrap_or_default();
    let at = place.min(tag.at.end - 2)..(place + 1).min(tag.at.end);
    let (message, hint) = match inner.as_bytes() {
        [] => ("a name is missing here".to_owned(), None),
        b"." => ("a name is missing here".to_owned(), Some("write `{{this}}` for the value itself")),
        b".." => ("`..` alone is no value".to_owned(), Some("write `../this`")),
        [b'"' | b'\'', ..] => ("a name is missing here".to_owned(), Some("text needs no braces")),
        [b'!', ..] => {
            let hint = "trim white space with `{{~` and `~}}` of the tag beside it";
            ("a comment starts with `{{!`".to_owned(), Some(hint))
        }
        [b'>', ..] => ("a partial needs a name".to_owned(), Some("write `{{> name}}`, the path of a template")),
        _ if name.contains(['.', '/']) && name.len() < inner.len() => {
            (format!("`{name}` is no helper and takes no arguments"), None)
        }
        _ => ("this tag cannot be read from here on".to_owned(), None),
    };
    SyntaxFault { hint: hint.map(str::to_owned), ..SyntaxFault::new(at, message) }
}

/// The names that a block binds with `as |…|`.
pub(super) fn bound(block: &HelperTemplate) -> Vec<&str> {
    let names = match &block.block_param {
        Some(BlockParam::Single(one)) => [Some(one), None],
        Some(BlockParam::Pair((one, two))) => [Some(one), Some(two)],
        _ => [None, None],
    };
    names.into_iter().flatten().filter_map(Parameter::as_name).collect()
}

/// The byte at a line and a column, both from 1.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text[start..].char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| start + at)
}

/// Where `word` stands in a tag, as a whole word; else the tag.
pub(super) fn place(text: &str, tag: &ByteRange, word: &str) -> ByteRange {
    let written = text.get(tag.clone()).unwrap_or_default();
    let is_whole = |at: &usize| {
        let (before, after) = (&written[..*at], &written[at + word.len()..]);
        !before.ends_with(is_symbol) && !after.starts_with(is_symbol)
    };
    let found = written.match_indices(word).map(|(at, _)| at).find(is_whole).filter(|_| !word.is_empty());
    found.map_or_else(|| tag.clone(), |at| tag.start + at..tag.start + at + word.len())
}

struct Rewriter<'t> {
    text: &'t str,
    /// The tag that comes next: the crate's tree has them in the order of the text.
    next: usize,
    parsed: Parsed,
}

/// `None` if the tree and the tags do not go together.
type Rewritten<T = ()> = Option<T>;

impl Rewriter<'_> {
    fn elements(&mut self, elements: &mut [TemplateElement]) -> Rewritten {
        for element in elements {
            *element = match std::mem::replace(element, TemplateElement::Comment(String::new())) {
                TemplateElement::Expression(helper) | TemplateElement::HtmlExpression(helper) => {
                    let tag = self.take(&[Kind::Value])?;
                    let value = self.value(*helper, tag, false);
                    *self.call(tag, "write", vec![value], HashMap::new()).element
                }
                TemplateElement::HelperBlock(mut helper) => {
                    let tag = self.take(&[Kind::Open])?;
                    self.block(&mut helper, tag)?;
                    self.take(&[Kind::Close])?;
                    TemplateElement::HelperBlock(helper)
                }
                TemplateElement::PartialExpression(partial) | TemplateElement::PartialBlock(partial) => {
                    self.partial(*partial)?
                }
                TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => return None,
                other => other,
            };
        }
        Some(())
    }

    fn take(&mut self, wanted: &[Kind]) -> Rewritten<usize> {
        let found = self.parsed.tags.get(self.next).is_some_and(|tag| wanted.contains(&tag.kind));
        self.next += usize::from(found);
        found.then(|| self.next - 1)
    }

    fn fault(&mut self, tag: usize, word: &str, fault: SyntaxFault) {
        let at = place(self.text, &self.parsed.tags[tag].at, word);
        self.parsed.faults.push(SyntaxFault { at, ..fault });
    }

    /// The value of `{{name}}`, `{{helper argument}}` or `(helper argument)`.
    fn value(&mut self, helper: HelperTemplate, tag: usize, is_nested: bool) -> Parameter {
        let word = helper.name.as_name().unwrap_or_default().to_owned();
        let is_call = !helper.params.is_empty() || !helper.hash.is_empty() || is_helper(&word);
        match helper.name {
            Parameter::Subexpression(_) => self.parameter(helper.name, tag),
            name if !is_call => {
                if is_nested {
                    let fault = SyntaxFault::new(0..0, "there is no helper between `(` and `)`");
                    self.fault(tag, &word, fault.hint("write the name without brackets"));
                }
                name
            }
            _ => {
                self.check(tag, &word, false, &helper.params, &helper.hash, &[]);
                Parameter::Subexpression(self.call(tag, &word, helper.params, helper.hash))
            }
        }
    }

    fn parameter(&mut self, parameter: Parameter, tag: usize) -> Parameter {
        match parameter {
            Parameter::Subexpression(Subexpression { element, .. }) => match *element {
                TemplateElement::Expression(helper) => self.value(*helper, tag, true),
                _ => Parameter::Literal(Json::Null),
            },
            Parameter::Literal(json) => {
                if let Some(c) = reserved_in("", &json) {
                    let message = format!("the text holds U+{:04X}, which Unicode reserves", c as u32);
                    self.fault(tag, "", SyntaxFault::new(0..0, message).code("reserved-character"));
                }
                Parameter::Literal(json)
            }
            other => other,
        }
    }

    /// `(call tag "operation" arguments… name=value…)`
    fn call(
        &mut self,
        tag: usize,
        operation: &str,
        arguments: Vec<Parameter>,
        named: HashMap<String, Parameter>,
    ) -> Subexpression {
        let mut all = vec![Parameter::Literal(tag.into()), Parameter::Literal(operation.into())];
        for argument in arguments {
            let argument = if operation == "write" { argument } else { self.parameter(argument, tag) };
            all.push(argument);
        }
        let named = named.into_iter().map(|(name, value)| (name, self.parameter(value, tag))).collect();
        Subexpression::new(Parameter::Name(CALL.to_owned()), all, named)
    }

    fn check(
        &mut self,
        tag: usize,
        name: &str,
        is_block: bool,
        arguments: &[Parameter],
        named: &HashMap<String, Parameter>,
        bound: &[String],
    ) {
        if arguments.iter().any(|argument| argument.as_name() == Some("as")) {
            let fault = SyntaxFault::new(0..0, "names are missing after `as`");
            return self.fault(tag, "as", fault.hint("write `as |item|`"));
        }
        let mut named: Vec<&str> = named.keys().map(String::as_str).collect();
        named.sort_unstable();
        let bound = bound.iter().map(String::as_str).collect();
        if let Some((code, word, message, hint)) =
            shape::check(&Call { name, is_block, arguments: arguments.len(), named, bound })
        {
            self.fault(tag, word, SyntaxFault { hint, ..SyntaxFault::new(0..0, message).code(code) });
        }
    }

    /// A block, or an `else if` of one: its tag is taken already.
    fn block(&mut self, helper: &mut HelperTemplate, tag: usize) -> Rewritten {
        let name = helper.name.as_name()?.to_owned();
        let bound: Vec<String> = bound(helper).into_iter().map(str::to_owned).collect();
        self.check(tag, &name, true, &helper.params, &helper.hash, &bound);
        let (arguments, named) = (std::mem::take(&mut helper.params), std::mem::take(&mut helper.hash));
        let size = |template: &Option<Template>| template.as_ref().map_or(0, |template| template.elements.len());
        self.parsed.tags[tag].weight = size(&helper.template) + size(&helper.inverse);
        if name == "segment" {
            if self.parsed.tags[tag].kind == Kind::Chain {
                let fault = "a segment stands in a block of its own, not after `else`";
                self.fault(tag, "", SyntaxFault::new(0..0, fault));
            }
            if let TemplateElement::Expression(call) = *self.call(tag, &name, arguments, named).element {
                (helper.name, helper.params, helper.hash) = (call.name, call.params, call.hash);
            }
        } else {
            for (name, value) in named {
                let value = Parameter::Subexpression(self.call(tag, &name, vec![value], HashMap::new()));
                helper.hash.insert(name, value);
            }
            helper.params = vec![Parameter::Subexpression(self.call(tag, &name, arguments, HashMap::new()))];
            if !matches!(name.as_str(), "if" | "unless" | "each" | "with") {
                helper.name = Parameter::Name("if".to_owned());
            }
        }
        if let Some(body) = &mut helper.template {
            self.elements(&mut body.elements)?;
        }
        if let Some(chained) = self.take(&[Kind::Chain]) {
            let [TemplateElement::HelperBlock(inner)] = helper.inverse.as_mut()?.elements.as_mut_slice() else {
                return None;
            };
            self.block(inner, chained)?;
        } else if self.take(&[Kind::Else]).is_some() {
            self.elements(&mut helper.inverse.as_mut()?.elements)?;
        }
        if name == "with" {
            // In its strict mode the crate's `with` refuses a value that is false, unless there is an `else`.
            helper.inverse.get_or_insert_with(Template::new);
        }
        Some(())
    }

    fn partial(&mut self, partial: DecoratorTemplate) -> Rewritten<TemplateElement> {
        let tag = self.take(&[Kind::Partial, Kind::OpenPartial])?;
        let mut body = partial.template;
        if let Some(body) = &mut body {
            self.elements(&mut body.elements)?;
            self.take(&[Kind::Close])?;
        }
        let name = match partial.name.as_name() {
            Some(name) => name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')).unwrap_or(name).to_owned(),
            None => {
                let fault = SyntaxFault::new(0..0, "the name of a partial is computed");
                let hint = "write the name itself; use `{{#if …}}` to choose between partials";
                self.fault(tag, "", fault.hint(hint));
                String::new()
            }
        };
        if partial.params.len() > 1 {
            let fault = SyntaxFault::new(0..0, "a partial takes one value, and any number of `name=value`");
            self.fault(tag, "", fault.hint("write `{{> name value title=\"…\"}}`"));
        }
        let this = || Parameter::Path(Path::Relative((Vec::new(), "this".to_owned())));
        let call = if name == PARTIAL_BLOCK {
            self.call(tag, "body", Vec::new(), HashMap::new())
        } else {
            let context = partial.params.into_iter().next().unwrap_or_else(this);
            let call = self.call(tag, "partial", vec![Parameter::Literal(name.as_str().into()), context], partial.hash);
            self.parsed.partials.extend((!name.is_empty()).then_some((name, tag)));
            call
        };
        let mut element = *call.element;
        if let TemplateElement::Expression(call) = &mut element {
            call.template = body;
        }
        Some(element)
    }
}
