//! The syntax tree of a template: text, values, blocks and partials, each with its byte range.

use std::ops::Range;

use serde_json::Value as Json;

use super::builtin::Builtin;

/// A range of bytes in the template's text.
pub(super) type ByteRange = Range<usize>;

/// A word and its place.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub text: String,
    pub at: ByteRange,
}

/// A piece of a template, in order.
#[derive(Debug)]
pub(super) enum Node {
    /// Text: exactly the bytes of the template in this range.
    Text(ByteRange),
    /// `{{name}}`, `{{{name}}}`, `{{helper argument}}`. The place is the whole tag.
    Value(Expression, ByteRange),
    /// `{{#if name}}…{{/if}}`
    BlockTag(BlockTag),
    /// `{{> name}}`, `{{#> name}}…{{/name}}`
    Partial(Partial),
}

/// Something that has a value.
#[derive(Debug)]
pub(super) struct Expression {
    pub kind: ExpressionKind,
    pub at: ByteRange,
}

#[derive(Debug)]
pub(super) enum ExpressionKind {
    Literal(Json),
    Path(Path),
    Call(Call),
}

/// `name`, `this.name`, `../name`, `@root.name`, `@index`.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// Starts with `@root`.
    pub root: bool,
    /// `@index`: a loop's own variable and not a name of the data.
    pub local: bool,
    /// How many `../`.
    pub up: usize,
    /// The names, without `this`.
    pub parts: Vec<String>,
    /// Whether it is one bare name: the only form that can be a helper.
    pub bare: bool,
}

/// A helper and its arguments. `builtin` is `None` for an unknown helper; a template with one has a fault
/// and is not evaluated.
#[derive(Debug)]
pub(super) struct Call {
    pub builtin: Option<Builtin>,
    pub name: Name,
    pub arguments: Vec<Expression>,
    pub named: Vec<(Name, Expression)>,
    /// `as |item key|`
    pub params: Vec<Name>,
}

/// `{{#if a}}…{{else if b}}…{{else}}…{{/if}}`. A chain is a list, so that a long one is not deep.
#[derive(Debug)]
pub(super) struct BlockTag {
    pub branches: Vec<Branch>,
    pub otherwise: Option<Vec<Node>>,
    /// From the opening tag to the end of the closing one.
    pub at: ByteRange,
}

#[derive(Debug)]
pub(super) struct Branch {
    pub call: Call,
    pub body: Vec<Node>,
    /// The tag.
    pub at: ByteRange,
}

/// A call of another template.
#[derive(Debug)]
pub(super) struct Partial {
    /// `@partial-block` for the body that this template was called with.
    pub name: Name,
    pub context: Option<Expression>,
    pub named: Vec<(Name, Expression)>,
    pub body: Option<Vec<Node>>,
    /// The tag.
    pub at: ByteRange,
}

/// The name with which a template inserts the body that it was called with.
pub(super) const PARTIAL_BLOCK: &str = "@partial-block";

/// Why a tag cannot be parsed.
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
