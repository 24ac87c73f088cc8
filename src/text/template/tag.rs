//! Parses one tag: its kind, its content, its end.

use super::builtin::Builtin;
use super::check::check_shape;
use super::expression::Cursor;
use super::syntax::{ByteRange, Call, Expression, ExpressionKind, Name, Partial, SyntaxFault};

/// The content of a tag, without its `{{`, `~` and `}}`.
pub(super) enum Tag {
    Comment,
    Value(Expression),
    Open(Call),
    OpenPartial(Partial),
    OpenBroken,
    Else(Option<Call>),
    Close(Name),
    Partial(Partial),
    Broken,
}

/// A tag, its place, and the `~` at its ends.
pub(super) struct ParsedTag {
    pub tag: Tag,
    pub at: ByteRange,
    pub trim_before: bool,
    pub trim_after: bool,
}

/// Parses the tag that starts at `start`. `last_long_comment` is the position of the text's last `--}}`.
pub(super) fn read(text: &str, start: usize, last_long_comment: Option<usize>) -> Result<ParsedTag, SyntaxFault> {
    let rest = text.get(start..).unwrap_or_default();
    let mut cursor = Cursor::new(text, start + 2);
    if rest.starts_with("{{!") {
        return comment(text, start, last_long_comment);
    }
    if rest.starts_with("{{{{") {
        let fault = SyntaxFault::new(start..start + 4, "raw blocks are not part of these templates");
        return Err(fault.code("template-refused").hint("write `\\{{` for braces that are text"));
    }
    // `{{{x}}}` and `{{~{x}~}}` mean the same as `{{x}}`, since nothing is ever escaped.
    let mut triple = cursor.take("{");
    cursor.skip_blank();
    let trim_before = cursor.take("~");
    cursor.skip_blank();
    if !triple && cursor.take("{") {
        triple = true;
        cursor.skip_blank();
    }
    let sigil = cursor.rest().chars().next().filter(|sigil| !triple && "#/^>*&!".contains(*sigil));
    cursor.at += sigil.map_or(0, char::len_utf8);
    let mut tag = match sigil {
        Some('#') => opening(&mut cursor)?,
        Some('/') => closing(&mut cursor)?,
        Some('>') => Tag::Partial(partial(&mut cursor, start)?),
        Some('*') => return Err(refused_decorator(start..cursor.at)),
        Some('!') => {
            let fault = SyntaxFault::new(start..cursor.at, "a comment starts with `{{!`");
            return Err(fault.hint("trim white space with `{{~` and `~}}` of the tag beside it"));
        }
        Some('^') => else_tag(&mut cursor, start)?,
        None if !triple && cursor.at_word("else") => {
            cursor.at += 4;
            else_tag(&mut cursor, start)?
        }
        _ => Tag::Value(cursor.value(true)?),
    };
    let (trim_after, end) = closing_braces(&mut cursor, triple)?;
    if let Tag::Partial(partial) | Tag::OpenPartial(partial) = &mut tag {
        partial.at = start..end;
    }
    Ok(ParsedTag { tag, at: start..end, trim_before, trim_after })
}

/// Checks the calls of a tag against the table of helpers, nested calls too.
pub(super) fn check(tag: &Tag, faults: &mut Vec<SyntaxFault>) {
    match tag {
        Tag::Value(expression) => check_expression(expression, faults),
        Tag::Open(call) | Tag::Else(Some(call)) => check_call(call, true, faults),
        Tag::Partial(partial) | Tag::OpenPartial(partial) => {
            let named = partial.named.iter().map(|(_, expression)| expression);
            partial.context.iter().chain(named).for_each(|expression| check_expression(expression, faults));
        }
        _ => {}
    }
}

fn check_expression(expression: &Expression, faults: &mut Vec<SyntaxFault>) {
    if let ExpressionKind::Call(call) = &expression.kind {
        check_call(call, false, faults);
    }
}

fn check_call(call: &Call, is_block: bool, faults: &mut Vec<SyntaxFault>) {
    faults.extend(check_shape(call, is_block));
    let named = call.named.iter().map(|(_, expression)| expression);
    call.arguments.iter().chain(named).for_each(|expression| check_expression(expression, faults));
}

/// `{{! … }}`, or `{{!-- … --}}` if that is closed anywhere.
fn comment(text: &str, start: usize, last_long_comment: Option<usize>) -> Result<ParsedTag, SyntaxFault> {
    let mut cursor = Cursor::new(text, start + 3);
    cursor.skip_blank();
    let closed = cursor.take("--") && last_long_comment.is_some_and(|last| cursor.at <= last);
    let long = closed.then(|| cursor.rest().find("--}}").map(|at| cursor.at + at + 4)).flatten();
    let short = || text.get(start + 3..).and_then(|rest| rest.find("}}")).map(|at| start + 3 + at + 2);
    let Some(end) = long.or_else(short) else {
        return Err(SyntaxFault::new(start..start + 3, "the comment is not closed"));
    };
    Ok(ParsedTag { tag: Tag::Comment, at: start..end, trim_before: false, trim_after: false })
}

fn opening(cursor: &mut Cursor) -> Result<Tag, SyntaxFault> {
    cursor.skip_blank();
    let start = cursor.at;
    if cursor.take("*") {
        return Err(refused_decorator(start..cursor.at));
    }
    if cursor.take(">") {
        return Ok(Tag::OpenPartial(partial(cursor, start)?));
    }
    Ok(Tag::Open(cursor.block_call()?))
}

fn refused_decorator(at: ByteRange) -> SyntaxFault {
    let fault = SyntaxFault::new(at, "inline partials and decorators are not part of these templates");
    fault.code("template-refused").hint("put the text into a file below `templates/` and write `{{> name}}`")
}

fn closing(cursor: &mut Cursor) -> Result<Tag, SyntaxFault> {
    cursor.skip_blank();
    let start = cursor.at;
    Ok(Tag::Close(if cursor.rest().starts_with(['}', '~']) {
        Name { text: String::new(), at: start..start }
    } else {
        cursor.partial_name()?
    }))
}

fn else_tag(cursor: &mut Cursor, start: usize) -> Result<Tag, SyntaxFault> {
    let end = cursor.at;
    cursor.skip_blank();
    if cursor.rest().starts_with(['}', '~']) {
        return Ok(Tag::Else(None));
    }
    let call = cursor.block_call()?;
    if call.builtin == Some(Builtin::Segment) {
        return Err(SyntaxFault::new(start..end, "a segment stands in a block of its own, not after `else`"));
    }
    Ok(Tag::Else(Some(call)))
}

fn partial(cursor: &mut Cursor, start: usize) -> Result<Partial, SyntaxFault> {
    let name = cursor.partial_name()?;
    let (mut arguments, named) = cursor.arguments()?;
    if let Some(second) = arguments.get(1) {
        let fault = SyntaxFault::new(second.at.clone(), "a partial takes one value, and any number of `name=value`");
        return Err(fault.hint("write `{{> name value title=\"…\"}}`"));
    }
    Ok(Partial { name, context: arguments.pop(), named, body: None, at: start..start })
}

/// The end of a tag: whether it trims what follows, and where it ends.
fn closing_braces(cursor: &mut Cursor, triple: bool) -> Result<(bool, usize), SyntaxFault> {
    cursor.skip_blank();
    let here = cursor.here();
    let mut trim = cursor.take("~");
    cursor.skip_blank();
    let inner = !triple || cursor.take("}");
    trim = trim || (triple && cursor.take("~"));
    if !inner || !cursor.take("}}") {
        let braces = if triple { "}}}" } else { "}}" };
        return Err(SyntaxFault::new(here, format!("`{braces}` is missing here")));
    }
    Ok((trim, cursor.at))
}
