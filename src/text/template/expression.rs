//! Parses what is inside a tag: paths, literals, calls.
//!
//! The grammar is that of handlebars-rust (its `grammar.pest`), read in one pass from left to
//! right, with the depth of nested calls bounded.

use serde_json::Value as Json;

use super::builtin::{Builtin, MAX_ARGUMENTS};
use super::syntax::{ByteRange, Call, Expression, ExpressionKind, Name, PARTIAL_BLOCK, Path, SyntaxFault};

/// How deep calls may nest: `(a (b (c …)))`.
pub const MAX_NESTED_CALLS: usize = 32;

type Read<T> = Result<T, SyntaxFault>;

/// The positional and the named arguments of a call.
type Arguments = (Vec<Expression>, Vec<(Name, Expression)>);

/// A place in a tag, moving to its end.
pub(super) struct Cursor<'t> {
    text: &'t str,
    pub at: usize,
    depth: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks, tabs and line breaks.
    pub fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Takes `wanted` if it is next.
    pub fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Takes a word of letters, digits, `-`, `_`, `$`, `:` and anything beyond ASCII.
    pub fn word(&mut self) -> Option<Name> {
        let rest = self.rest();
        let length = rest.find(|c| !is_symbol(c)).unwrap_or(rest.len());
        (length > 0).then(|| self.name(length))
    }

    fn name(&mut self, length: usize) -> Name {
        let at = self.at..self.at + length;
        self.at = at.end;
        Name { text: self.text.get(at.clone()).unwrap_or_default().to_owned(), at }
    }

    /// Whether `word` is next, as a whole word.
    pub fn at_word(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_symbol))
    }

    /// The name of a partial: a path below `templates/`, in quotes if it contains blanks.
    pub fn partial_name(&mut self) -> Read<Name> {
        self.skip_blank();
        let rest = self.rest();
        if rest.starts_with('(') {
            let fault = SyntaxFault::new(self.here(), "the name of a partial is computed");
            return Err(fault.hint("write the name itself; use `{{#if …}}` to choose between partials"));
        }
        if rest.starts_with(['\'', '"']) {
            let start = self.at;
            return match self.literal()? {
                Some(Json::String(text)) => Ok(Name { text, at: start..self.at }),
                _ => Err(SyntaxFault::new(start..self.at, "a partial needs a name")),
            };
        }
        let length = rest.find(|c| !(is_symbol(c) && c != '$' && c != ':' || matches!(c, '@' | '/' | '.')));
        match length.unwrap_or(rest.len()) {
            0 => Err(SyntaxFault::new(self.here(), "a partial needs a name")
                .hint("write `{{> name}}`, the path of a template below `templates/`")),
            length => Ok(self.name(length)),
        }
    }

    /// An expression. With `builtins`, a word followed by arguments is a call.
    pub fn value(&mut self, builtins: bool) -> Read<Expression> {
        self.skip_blank();
        let start = self.at;
        if self.rest().starts_with('(') {
            return self.nested();
        }
        let path = self.path()?;
        let at = start..self.at;
        self.skip_blank();
        if self.at_end() {
            let name = path.parts.first().filter(|name| builtins && path.bare && Builtin::named(name).is_some());
            let kind = match name {
                Some(name) => {
                    let name = Name { text: name.clone(), at: at.clone() };
                    ExpressionKind::Call(self.call(name, Vec::new(), Vec::new()))
                }
                None => ExpressionKind::Path(path),
            };
            return Ok(Expression { kind, at });
        }
        if !path.bare {
            let written = self.text.get(at.clone()).unwrap_or_default();
            return Err(SyntaxFault::new(self.here(), format!("`{written}` is no helper and takes no arguments")));
        }
        let name = Name { text: path.parts.first().cloned().unwrap_or_default(), at: at.clone() };
        let (arguments, named) = self.arguments()?;
        let call = self.call(name, arguments, named);
        Ok(Expression { kind: ExpressionKind::Call(call), at: start..self.before_blank() })
    }

    fn call(&self, name: Name, arguments: Vec<Expression>, named: Vec<(Name, Expression)>) -> Call {
        Call { builtin: Builtin::named(&name.text), name, arguments, named, params: Vec::new() }
    }

    /// `helper argument… name=value… as |item|`, the inside of a block's opening tag.
    pub fn block_call(&mut self) -> Read<Call> {
        self.skip_blank();
        let Some(name) = self.word() else {
            return Err(SyntaxFault::new(self.here(), "a block needs a helper").hint("write `{{#if name}}`"));
        };
        if self.rest().starts_with(['.', '/']) {
            let fault = SyntaxFault::new(name.at.start..self.at + 1, "a block needs a helper, and this is a path");
            return Err(fault.hint("write `{{#if a.b}}`, `{{#each a.b}}` or `{{#with a.b}}`"));
        }
        let (arguments, named) = self.arguments()?;
        let mut call = self.call(name, arguments, named);
        if self.at_word("as") {
            self.at += 2;
            call.params = self.block_params()?;
        }
        Ok(call)
    }

    fn block_params(&mut self) -> Read<Vec<Name>> {
        let mut params = Vec::new();
        self.skip_blank();
        if !self.take("|") {
            return Err(SyntaxFault::new(self.here(), "names are missing after `as`").hint("write `as |item|`"));
        }
        loop {
            self.skip_blank();
            if self.take("|") {
                break;
            }
            match self.word() {
                Some(name) if params.len() < 2 => params.push(name),
                _ => return Err(SyntaxFault::new(self.here(), "one or two names stand between `|` and `|`")),
            }
        }
        if params.is_empty() {
            return Err(SyntaxFault::new(self.at - 1..self.at, "there is no name between `|` and `|`"));
        }
        self.skip_blank();
        Ok(params)
    }

    /// Arguments and `name=value` pairs up to the end of the tag, the call, or `as`.
    pub fn arguments(&mut self) -> Read<Arguments> {
        let (mut arguments, mut named): Arguments = (Vec::new(), Vec::new());
        loop {
            self.skip_blank();
            if self.at_end() || self.at_word("as") {
                return Ok((arguments, named));
            }
            if arguments.len() + named.len() >= MAX_ARGUMENTS {
                let message = format!("a call has more than {MAX_ARGUMENTS} arguments");
                return Err(SyntaxFault::new(self.here(), message).code("template-limit"));
            }
            match self.named_argument()? {
                Some((name, _)) if named.iter().any(|(own, _)| own.text == name.text) => {
                    return Err(SyntaxFault::new(name.at, format!("`{}=` stands twice in one call", name.text)));
                }
                Some(pair) => named.push(pair),
                None => arguments.push(self.argument()?),
            }
        }
    }

    fn named_argument(&mut self) -> Read<Option<(Name, Expression)>> {
        let start = self.at;
        if let Some(name) = self.word() {
            self.skip_blank();
            if self.take("=") {
                self.skip_blank();
                return Ok(Some((name, self.argument()?)));
            }
        }
        self.at = start;
        Ok(None)
    }

    fn argument(&mut self) -> Read<Expression> {
        let start = self.at;
        if self.at_word("else") {
            return Err(SyntaxFault::new(start..start + 4, "`else` is no value"));
        }
        if let Some(literal) = self.literal()? {
            return Ok(Expression { kind: ExpressionKind::Literal(literal), at: start..self.at });
        }
        if self.rest().starts_with('(') {
            return self.nested();
        }
        let path = self.path()?;
        Ok(Expression { kind: ExpressionKind::Path(path), at: start..self.at })
    }

    /// `(helper argument…)`
    fn nested(&mut self) -> Read<Expression> {
        let start = self.at;
        if self.depth >= MAX_NESTED_CALLS {
            let message = format!("calls nest deeper than {MAX_NESTED_CALLS}");
            return Err(SyntaxFault::new(self.here(), message).code("template-limit"));
        }
        self.depth += 1;
        self.at += 1;
        let inner = self.value(true)?;
        self.skip_blank();
        if !self.take(")") {
            return Err(SyntaxFault::new(self.here(), "`)` is missing"));
        }
        self.depth -= 1;
        if matches!(inner.kind, ExpressionKind::Path(_)) {
            let fault = SyntaxFault::new(inner.at, "there is no helper between `(` and `)`");
            return Err(fault.hint("write the name without brackets"));
        }
        Ok(Expression { kind: inner.kind, at: start..self.at })
    }

    /// `"text"`, `'text'`, `1`, `true`, `null`, `[1, 2]`, `{"a": 1}`.
    fn literal(&mut self) -> Read<Option<Json>> {
        let rest = self.rest();
        let word = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in word {
            if self.at_word(word) {
                self.at += word.len();
                return Ok(Some(value));
            }
        }
        match rest.chars().next() {
            Some('\'') => self.single_quoted().map(Some),
            Some('"') => match json_prefix(rest) {
                Some((value, length)) => {
                    self.at += length;
                    Ok(Some(value))
                }
                None => Err(SyntaxFault::new(self.here(), "the text is not closed, or holds an unknown escape")
                    .hint("escapes are those of JSON: `\\\"`, `\\\\`, `\\n`, `\\t`, `\\u00e9`")),
            },
            // `[a b]` is a path of one name, `[1, 2]` a list.
            Some('[' | '{') => Ok(json_prefix(rest).map(|(value, length)| {
                self.at += length;
                value
            })),
            Some('-' | '0'..='9') => self.number(),
            _ => Ok(None),
        }
    }

    /// A number, unless it is the start of a name (`2nd`).
    fn number(&mut self) -> Read<Option<Json>> {
        let rest = self.rest();
        let length = rest.find(|c: char| !(is_symbol(c) || c == '.')).unwrap_or(rest.len());
        let written = rest.get(..length).unwrap_or_default();
        if !written.chars().all(|c| matches!(c, '0'..='9' | '-' | '.' | 'e' | 'E')) {
            return Ok(None);
        }
        let at = self.at..self.at + length;
        match serde_json::from_str::<Json>(written) {
            Ok(number) if number.is_number() => {
                self.at = at.end;
                Ok(Some(number))
            }
            _ => Err(SyntaxFault::new(at, format!("`{written}` is not a number"))),
        }
    }

    fn single_quoted(&mut self) -> Read<Json> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '\'' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let fault = || SyntaxFault::new(self.here(), "the text is not closed, or holds an unknown escape");
        let (end, _) = end.ok_or_else(fault)?;
        let inner = rest.get(1..end).unwrap_or_default().replace("\\'", "'").replace('"', "\\\"");
        let value = serde_json::from_str(&format!("\"{inner}\"")).map_err(|_| fault())?;
        self.at += end + 1;
        Ok(value)
    }

    fn path(&mut self) -> Read<Path> {
        let start = self.at;
        let mut path = Path::default();
        if !self.take("./") && self.at_word("this") && self.rest().get(4..).is_some_and(|r| r.starts_with(['.', '/'])) {
            self.at += 5;
        }
        if self.at_word("@root") {
            self.at += 5;
            path.root = true;
            if !self.take(".") && !self.take("/") {
                return Err(SyntaxFault::new(start..self.at, "`@root` alone is no value").hint("write `@root.name`"));
            }
        } else if self.take("@") {
            path.local = true;
        }
        while self.rest().starts_with("..") {
            let at = self.at;
            self.at += 2;
            if !self.take("/") && !self.take(".") {
                return Err(SyntaxFault::new(at..self.at, "`..` alone is no value").hint("write `../this`"));
            }
            if path.root {
                return Err(SyntaxFault::new(at..self.at, "nothing lies above `@root`"));
            }
            path.up += 1;
        }
        let prefixed = self.at != start;
        let mut items = 0;
        loop {
            let item = self.path_item(start)?;
            items += 1;
            if item != "this" {
                path.parts.push(item);
            }
            if !self.rest().starts_with(['.', '/']) {
                break;
            }
            self.at += 1;
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        path.bare = !prefixed && items == 1 && !path.parts.is_empty() && !written.starts_with('[');
        if path.local && items > 1 {
            return Err(SyntaxFault::new(start..self.at, "a variable with `@` holds no names"));
        }
        Ok(path)
    }

    fn path_item(&mut self, start: usize) -> Read<String> {
        if let Some(name) = self.word() {
            return Ok(name.text);
        }
        if self.rest().starts_with('[') {
            let Some(end) = self.rest().find(']') else {
                return Err(SyntaxFault::new(self.here(), "`]` is missing"));
            };
            let item = self.rest().get(1..end).unwrap_or_default().to_owned();
            self.at += end + 1;
            return Ok(item);
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        let fault = SyntaxFault::new(self.here(), "a name is missing here");
        Err(match (written, self.rest()) {
            ("", rest) if rest.starts_with('.') => fault.hint("write `{{this}}` for the value itself"),
            ("", rest) if rest.starts_with(['"', '\'']) => fault.hint("text needs no braces"),
            ("@", rest) if rest.starts_with("partial-block") => {
                fault.hint(format!("write `{{{{> {PARTIAL_BLOCK}}}}}`"))
            }
            _ => fault,
        })
    }

    /// Whether the tag or the call ends here.
    fn at_end(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || rest.starts_with(['}', '~', ')', '|'])
    }

    /// The range of the next character, for a fault.
    pub fn here(&self) -> ByteRange {
        self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    /// Where the text before this place ends, without trailing blanks.
    fn before_blank(&self) -> usize {
        self.text.get(..self.at).map_or(self.at, |before| before.trim_end_matches([' ', '\t', '\n', '\r']).len())
    }
}

fn is_symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$' | ':') || !c.is_ascii()
}

/// The JSON value at the start of `text`, and its length. serde_json limits its depth.
fn json_prefix(text: &str) -> Option<(Json, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}
