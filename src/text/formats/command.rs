//! A command: a file of `.claude/commands`, or a prompt file of Copilot's editors (`*.prompt.md`). Its text without the
//! head is a turn of the user; what follows a command's name and what the editor knows are inputs.
//! <https://code.claude.com/docs/en/skills>, <https://code.visualstudio.com/docs/copilot/customization/prompt-files>

use super::copilot::tell_imports;
use super::head::meta;
use super::layer::{Layer, input};
use super::subagent::described;
use super::{Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::{Decode, OneOrMany, Text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_TEMPLATE_TAGS;
use crate::syntax::manifest::Mark;
use crate::syntax::source::Span;
use crate::text::fragment::Reader;
use crate::text::template::Piece;

/// What an editor puts into a prompt file.
const EDITOR: [&str; 8] = [
    "selection",
    "selectedText",
    "file",
    "fileBasename",
    "fileDirname",
    "fileBasenameNoExtension",
    "workspaceFolder",
    "workspaceFolderBasename",
];

/// A place of a text that the program fills.
struct Hole {
    /// How many bytes of the text it is.
    length: usize,
    name: String,
    description: Option<String>,
}

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let source = &fragment.source;
    let is_copilot = source.path().as_str().ends_with(".prompt.md");
    let mut layer = described(&fragment, faults);
    let named = meta(&fragment, "arguments").and_then(|node| OneOrMany::<Text>::decode(&node, &mut Faults::new()));
    let named: Vec<String> =
        named.map_or_else(Vec::new, |all| all.0.iter().map(|name| name.value.to_string()).collect());
    let hint = meta(&fragment, "argument-hint").and_then(|node| node.as_text().map(|hint| hint.to_string()));
    // Behind a head, all white space goes; a file without one stays as it is.
    let body = fragment.slice(fragment.body.clone());
    let trimmed = if fragment.body.start > 0 { body.trim_start() } else { body };
    let start = fragment.body.end - trimmed.len();
    let span = Span::new(source, start, fragment.body.end);
    if trimmed.trim().is_empty() {
        let fault = Diagnostic::error("empty-prompt", "no text is behind the head of this command").at(&span);
        faults.push(fault.hint("leave the file out of `each`"));
        return None;
    }
    if !is_copilot {
        tell_imports("Claude Code", &fragment, reader, faults);
    }
    let all = trimmed.replace("\r\n", "\n");
    let (mut pieces, mut inputs): (Vec<Piece>, Vec<Hole>) = (Vec::new(), Vec::new());
    let (mut plain, mut at, mut outputs) = (String::new(), 0, 0);
    while let Some(c) = all[at..].chars().next() {
        let (before, rest) = all.split_at(at);
        let found = match c {
            '\\' if !is_copilot && argument(&rest[1..], &named).is_some() => {
                plain.push('$');
                at += 2;
                continue;
            }
            '$' if is_copilot => variable(rest),
            '$' => argument(rest, &named),
            '!' | '`' if !is_copilot => output(before, rest, &mut outputs),
            _ => None,
        };
        let Some(hole) = found else {
            plain.push(c);
            at += c.len_utf8();
            continue;
        };
        at += hole.length;
        pieces.extend((!plain.is_empty()).then(|| Piece::Text(std::mem::take(&mut plain))));
        pieces.push(Piece::Input(hole.name.clone()));
        inputs.push(hole);
    }
    pieces.extend((!plain.is_empty()).then_some(Piece::Text(plain)));
    if inputs.len() > MAX_TEMPLATE_TAGS {
        let message = format!("the command names more than {MAX_TEMPLATE_TAGS} inputs");
        faults.push(Diagnostic::error("template-limit", message).at(&Span::file(source)));
        return None;
    }
    let mut declared = Layer::new(&span);
    for hole in inputs {
        let description = hole.description.or_else(|| hint.clone().filter(|_| hole.name == "arguments"));
        declared.put(&hole.name, description.map_or_else(|| Layer::new(&span).done(), |own| input(&own, &span)));
    }
    layer.put("inputs", declared.done());
    let entry = Entry::Text(Passage { role: Role::User, begins: true, pieces, span, mark: Mark::Free });
    Some(Foreign::literal(layer.done(), vec![entry]))
}

/// `$ARGUMENTS`, `$ARGUMENTS[1]`, `$1`, which count from 0, and the names that the head gives them.
fn argument(rest: &str, named: &[String]) -> Option<Hole> {
    let own = rest.strip_prefix('$')?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let is_word = |after: &str| after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let numbered = |number: &str, length: usize| {
        let place: usize = number.parse().ok()?;
        let name = named.get(place).cloned().unwrap_or_else(|| format!("argument_{place}"));
        Some(Hole { length, name, description: None })
    };
    if let Some(after) = own.strip_prefix("ARGUMENTS") {
        let index = after.strip_prefix('[').map(|inner| &inner[..digits(inner)]);
        let index = index.filter(|index| !index.is_empty() && after[1 + index.len()..].starts_with(']'));
        let whole = Hole { length: 10, name: "arguments".to_owned(), description: None };
        return index.map_or(Some(whole), |index| numbered(index, 10 + index.len() + 2));
    }
    let length = digits(own);
    if length > 0 {
        return numbered(&own[..length], 1 + length).filter(|_| !is_word(&own[length..]));
    }
    let is_named =
        |name: &&String| own.strip_prefix(name.as_str()).is_some_and(|after| !name.is_empty() && !is_word(after));
    let name = named.iter().find(is_named)?;
    Some(Hole { length: 1 + name.len(), name: name.clone(), description: None })
}

/// What a command of the shell prints: `` !`git status` ``, or a fenced block whose language is `!`.
fn output(before: &str, rest: &str, number: &mut usize) -> Option<Hole> {
    let (written, length) = if let Some(inner) =
        rest.strip_prefix("```!\n").filter(|_| before.is_empty() || before.ends_with('\n'))
    {
        let end = inner.find("\n```")?;
        (&inner[..end], 5 + end + 4)
    } else {
        let inner = rest.strip_prefix("!`").filter(|_| before.is_empty() || before.ends_with(char::is_whitespace))?;
        let end = inner.find('`').filter(|end| *end > 0)?;
        (&inner[..end], 2 + end + 1)
    };
    *number += 1;
    let description = Some(format!("what `{}` prints", written.trim()));
    Some(Hole { length, name: format!("output_{number}"), description })
}

/// `${input:name:hint}`, and what the editor knows.
fn variable(rest: &str) -> Option<Hole> {
    let inner = rest.strip_prefix("${")?;
    let inner = &inner[..inner.find('}')?];
    let length = inner.len() + 3;
    if EDITOR.contains(&inner) {
        return Some(Hole { length, name: inner.to_owned(), description: None });
    }
    let mut parts = inner.strip_prefix("input:")?.splitn(2, ':');
    let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
    Some(Hole { length, name, description: parts.next().map(str::to_owned) })
}
