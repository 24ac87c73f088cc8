//! CLAUDE.md as Claude Code loads it for a folder: the files from the project's root down, each with its imports behind
//! it, and the rules. What loads only when a file is touched needs `touched`.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::agents::first_of;
use super::head::meta;
use super::layer::Layer;
use super::{Entry, Foreign, Passage, Touched, folders};
use crate::prompt::segment::Role;
use crate::syntax::decode::Decode;
use crate::syntax::decode::{OneOrMany, Text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::{MAX_IMPORTED_FILES, MAX_IMPORTS};
use crate::syntax::manifest::Mark;
use crate::syntax::source::{ProjectPath, Span};
use crate::syntax::yaml::{Node, Value};
use crate::text::fragment::{Fragment, Reader, Unreadable};
use crate::text::template::Piece;
use crate::tree::{FileFilter, ReadError};

/// The hole for the folder of the project.
const CWD: &str = "cwd";
/// What Claude Code says of a file that loads at the start: one that is shared, and `CLAUDE.local.md`.
const SHARED: &str = " (project instructions, checked into the codebase):";
const LOCAL: &str = " (user's private project instructions, not checked in):";
/// And of one that a touched file brings in.
const LATE: &str = ":";

/// Loads files one behind the other.
struct Loader<'l, 'r> {
    reader: &'l Reader<'r>,
    faults: &'l mut Faults,
    /// The folder that the agent was started in; imports do not lead out of it.
    start: &'l str,
    loaded: HashSet<ProjectPath>,
    entries: Vec<Entry>,
}

/// Reads what loads for the folder that `written` names, by itself or by a file in it.
pub fn open(written: &Text, touched: &Touched, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let target = reader.path(written, faults).filter(|_| written.value.as_ref() != ".");
    let folder = match &target {
        Some(path) if path.file_name() == "CLAUDE.md" => {
            path.folder().strip_suffix(".claude").map_or(path.folder(), |above| above.trim_end_matches('/'))
        }
        Some(path) => path.as_str(),
        None => "",
    };
    let mut loader = Loader { reader, faults, start: folder, loaded: HashSet::new(), entries: Vec::new() };
    let mut waiting = Vec::new();
    for folder in folders(folder) {
        loader.folder(&folder, written, touched, &mut waiting);
    }
    // Behind the cached prefix, once a file below is read: the instructions of its folders, then the rules.
    let mut later = Vec::new();
    for path in &touched.paths {
        let below =
            folders(path.folder()).into_iter().filter(|own| own.len() > folder.len() && own.starts_with(folder));
        for folder in below {
            for name in ["CLAUDE.md", ".claude/CLAUDE.md"] {
                later.extend(first_of(&folder, &[name], written, loader.reader, loader.faults));
            }
            later.extend(loader.rules(&folder, written, touched, &mut waiting));
        }
    }
    for rule in later.into_iter().chain(waiting) {
        loader.file(&rule, 0, LATE);
    }
    let Loader { entries, .. } = loader;
    let Some(Entry::Text(first)) = entries.first() else {
        let message = format!("no `CLAUDE.md` is in `{folder}` or above it");
        faults.push(Diagnostic::error("no-match", message).at(&written.span));
        return None;
    };
    let whole = Span::file(&first.span.source);
    let mut inputs = Layer::new(&whole);
    inputs.put(CWD, super::layer::input("the folder of the project", &whole));
    let mut layer = Layer::new(&whole);
    layer.put("inputs", inputs.done());
    Some(Foreign::literal(layer.done(), entries))
}

impl Loader<'_, '_> {
    /// What loads of one folder at the start; rules that a touched file brings in are left for later.
    fn folder(&mut self, folder: &str, written: &Text, touched: &Touched, waiting: &mut Vec<Arc<Fragment>>) {
        for name in ["CLAUDE.md", ".claude/CLAUDE.md"] {
            let fragment = first_of(folder, &[name], written, self.reader, self.faults);
            fragment.into_iter().for_each(|fragment| self.file(&fragment, 0, SHARED));
        }
        for rule in self.rules(folder, written, touched, waiting) {
            self.file(&rule, 0, SHARED);
        }
        let local = first_of(folder, &["CLAUDE.local.md"], written, self.reader, self.faults);
        local.into_iter().for_each(|fragment| self.file(&fragment, 0, LOCAL));
    }

    /// The rules of one folder that load without a touched file; those that a touched file brings in go to `waiting`.
    fn rules(
        &mut self,
        folder: &str,
        written: &Text,
        touched: &Touched,
        waiting: &mut Vec<Arc<Fragment>>,
    ) -> Vec<Arc<Fragment>> {
        let mut always = Vec::new();
        let below = if folder.is_empty() { ".claude/rules".to_owned() } else { format!("{folder}/.claude/rules") };
        let Ok(below) = ProjectPath::new(&below) else { return always };
        let rules = match self.reader.list(vec![below], FileFilter::new(|path| path.extension() == "md")) {
            Ok(rules) => rules,
            Err(error) => {
                self.faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&written.span));
                return always;
            }
        };
        for path in rules.iter() {
            let rule = match self.reader.read(path) {
                Ok(rule) => rule,
                Err(error) => {
                    self.faults.extend(self.reader.explain(error, path, &written.span));
                    continue;
                }
            };
            let patterns = meta(&rule, "paths");
            match patterns.map(|node| patterns_of(&node, self.faults)) {
                None => always.push(rule),
                Some(patterns) if touched.matches(&patterns, folder) => waiting.push(rule),
                Some(_) => touched.leave_out(&rule, self.faults),
            }
        }
        always
    }

    /// One file, and behind it what it imports, once each.
    fn file(&mut self, fragment: &Arc<Fragment>, depth: usize, what: &str) {
        let path = fragment.source.path().clone();
        if !self.loaded.insert(path.clone()) {
            return;
        }
        if self.loaded.len() > MAX_IMPORTED_FILES {
            let message = format!("the instructions import more than {MAX_IMPORTED_FILES} files");
            return self.faults.push(Diagnostic::error("too-many-files", message).at(&Span::file(&fragment.source)));
        }
        let body = fragment.slice(fragment.body.clone());
        let (text, imports) = read_markdown(body);
        let span = Span::new(&fragment.source, fragment.body.start, fragment.body.end);
        if !text.trim().is_empty() {
            let gap = if self.entries.is_empty() { "" } else { "\n\n" };
            let text = if what == LATE { &*text } else { text.trim() };
            let pieces = vec![
                Piece::Text(format!("{gap}Contents of ")),
                Piece::Input(CWD.to_owned()),
                Piece::Text(format!("/{path}{what}\n\n{text}")),
            ];
            self.entries.push(Entry::Text(Passage { role: Role::User, begins: false, pieces, span, mark: Mark::Free }));
        }
        for (at, name) in imports {
            let at = Span::new(&fragment.source, fragment.body.start + at, fragment.body.start + at + name.len() + 1);
            let not_followed =
                |why: &str| Diagnostic::warning("import", format!("`@{name}` is not followed: {why}")).at(&at);
            if name.starts_with('~') {
                self.faults.push(not_followed("it names the home folder, which is not the project's"));
                continue;
            }
            let target = name.replace("\\ ", " ");
            let target = target.split('#').next().unwrap_or_default();
            let target = match ProjectPath::parse(&format!("./{target}"), &path) {
                Ok(target) if !name.starts_with('/') => target,
                Err(_) | Ok(_) => {
                    self.faults.push(not_followed("it leads out of the project"));
                    continue;
                }
            };
            let is_inside = self.start.is_empty()
                || target.as_str().strip_prefix(self.start).is_some_and(|rest| rest.starts_with('/'));
            if !is_inside {
                self.faults.push(not_followed("it leads out of the folder that the agent was started in"));
                continue;
            }
            // A word after `@` that names no file is a word.
            match self.reader.read(&target) {
                Ok(_) if depth == MAX_IMPORTS => {
                    self.faults.push(not_followed(&format!("Claude Code follows {MAX_IMPORTS} imports in a row")));
                }
                Ok(imported) => self.file(&imported, depth + 1, what),
                Err(Unreadable::Read(ReadError::Absent | ReadError::Folder)) if !name.contains(['/', '.']) => {}
                Err(Unreadable::Read(error)) => self.faults.push(not_followed(&error.to_string())),
                Err(Unreadable::Content(_)) => self.faults.push(not_followed("it is no text")),
            }
        }
    }
}

/// The patterns of a rule: a list, or texts between commas.
fn patterns_of(node: &Node, faults: &mut Faults) -> Vec<String> {
    let written = match &node.value {
        Value::Null => Vec::new(),
        _ => OneOrMany::<Text>::decode(node, faults).map_or_else(Vec::new, |own| own.0),
    };
    let all = written.iter().flat_map(|text| text.value.split(',').map(|part| part.trim().to_owned()));
    all.filter(|pattern| !pattern.is_empty()).collect()
}

/// The text without HTML comments that are blocks of their own, and the imports in it: where each stands, and its path.
///
/// `@path` counts at the beginning of a text of Markdown and behind white space in one, up to the next white space; not in
/// code, comments, the description of an image, or behind a backslash.
pub fn read_markdown(body: &str) -> (String, Vec<(usize, String)>) {
    let (mut texts, mut comments): (Vec<Range<usize>>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    let (mut depth, mut silent) = (0_usize, 0_usize);
    for (event, range) in Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter() {
        let is_silent = |tag: TagEnd| matches!(tag, TagEnd::CodeBlock | TagEnd::Image);
        match event {
            Event::Start(Tag::HtmlBlock) if depth == 0 && body[range.clone()].trim_start().starts_with("<!--") => {
                comments.push(range);
                depth += 1;
            }
            Event::Start(tag) => {
                depth += 1;
                silent += usize::from(is_silent(tag.to_end()));
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                silent -= usize::from(is_silent(tag));
            }
            Event::Text(_) if silent == 0 => match texts.last_mut().filter(|last| last.end == range.start) {
                Some(last) => last.end = range.end,
                None => texts.push(range),
            },
            _ => {}
        }
    }
    let mut imports = Vec::new();
    for range in texts {
        let text = &body[range.clone()];
        for (at, _) in text.match_indices('@') {
            let before = text[..at].chars().next_back();
            let is_escaped = body[..range.start + at].ends_with('\\');
            let path = &text[at + 1..][..path_end(&text[at + 1..])];
            if before.is_none_or(char::is_whitespace) && !is_escaped && !path.is_empty() {
                imports.push((range.start + at, path.to_owned()));
            }
        }
    }
    let (mut text, mut from) = (String::with_capacity(body.len()), 0);
    for comment in comments {
        // What follows it on its line stays; else the blank lines behind it go, too.
        let start = comment.start;
        let close = body[start..].find("-->").map_or(body.len(), |end| start + end + 3);
        let line = body[close..].find('\n').map_or(body.len(), |end| close + end);
        let blank = body.len() - body[line..].trim_start_matches('\n').len();
        text.push_str(body.get(from..start).unwrap_or_default());
        from = if body[close..line].trim().is_empty() { blank } else { close };
    }
    text.push_str(body.get(from..).unwrap_or_default());
    (text, imports)
}

/// Where a path ends: at white space without a backslash before it.
fn path_end(rest: &str) -> usize {
    let is_end = |(at, c): &(usize, char)| c.is_whitespace() && !rest[..*at].ends_with('\\');
    rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at)
}
