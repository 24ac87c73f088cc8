//! The attributes that decide what bytes git stores, looked up as gitattributes(5) says.
//!
//! From the weakest: the system's file, the user's, `.gitattributes` from the git root down to the
//! file's folder, `info/attributes`; within a file the last match wins. The user's file counts here
//! although it does not for ignoring: git converted the checkout by it, so undoing needs it.
//! The files are read by this program and not by libgit2, which would follow a `.gitattributes`
//! that is a link out of the project and wait forever on one that is a FIFO.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::syntax::error::Error;
use crate::tree::rules::ignored::Read;
use crate::tree::rules::pattern::{Pattern, StepBudget};

/// git itself drops lines from this length on.
const MAX_LINE_BYTES: usize = 2048;

/// The state of an attribute, as gitattributes(5) names them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::tree) enum AttributeState {
    /// Nothing, or `!name`.
    #[default]
    Unspecified,
    /// `name`.
    Set,
    /// `-name`.
    Unset,
    /// `name=value`.
    Value(String),
}

impl AttributeState {
    /// Whether it is the value given.
    pub(in crate::tree) fn is(&self, value: &str) -> bool {
        matches!(self, Self::Value(own) if own == value)
    }
}

/// The attributes of one path that decide which bytes are stored.
#[derive(Debug, Default)]
pub(in crate::tree) struct FileAttributes {
    pub(in crate::tree) text: AttributeState,
    pub(in crate::tree) crlf: AttributeState,
    pub(in crate::tree) eol: AttributeState,
    pub(in crate::tree) ident: AttributeState,
    pub(in crate::tree) encoding: AttributeState,
}

/// The attribute files of one repository, read as they are needed. Paths are below the git root.
pub(in crate::tree) struct Attributes {
    /// Files outside of the working tree, weakest first: system and user.
    outer: Vec<AttributeFile>,
    /// `info/attributes`.
    info: AttributeFile,
    fold_case: bool,
    rules: Mutex<HashMap<String, Arc<AttributeFile>>>,
    /// By folder, the results of [`Attributes::may_store_other_text`] so far.
    other_text: Mutex<HashMap<String, bool>>,
    budget: StepBudget,
}

#[derive(Debug, Default)]
struct AttributeFile {
    lines: Vec<AttributeLine>,
    macros: Vec<(String, Vec<Assignment>)>,
    /// Whether they name a filter or an encoding.
    other_text: bool,
}

#[derive(Debug)]
struct AttributeLine {
    pattern: Pattern,
    assignments: Vec<Assignment>,
}

type Assignment = (String, AttributeState);

impl Attributes {
    /// `outer` are the texts of the system's and the user's file, `info` that of `info/attributes`.
    pub(in crate::tree) fn new(outer: &[Vec<u8>], info: &[u8], fold_case: bool) -> Self {
        Self {
            outer: outer.iter().map(|text| AttributeFile::parse(text, true, fold_case)).collect(),
            info: AttributeFile::parse(info, true, fold_case),
            fold_case,
            rules: Mutex::default(),
            other_text: Mutex::default(),
            budget: StepBudget::default(),
        }
    }

    /// Whether git may have stored another text for files in `folder` than this tool reads from the disk:
    /// rules that apply to it name a filter, which is never run here, or an encoding.
    pub(in crate::tree) fn may_store_other_text(&self, folder: &str, read: Read<'_>) -> Result<bool, Error> {
        if let Some(known) = self.other_text.lock().get(folder) {
            return Ok(*known);
        }
        let mut found = self.info.other_text || self.outer.iter().any(|rules| rules.other_text);
        let ends = folder.match_indices('/').map(|(end, _)| end).chain([0, folder.len()]);
        for end in ends {
            found |= self.rules_of(folder.get(..end).unwrap_or(folder), read)?.other_text;
        }
        self.other_text.lock().insert(folder.to_owned(), found);
        Ok(found)
    }

    /// The attributes of the file at `path`.
    pub(in crate::tree) fn of(&self, path: &str, read: Read<'_>) -> Result<FileAttributes, Error> {
        // Strongest first, with the path relative to the file's folder.
        let mut folders: Vec<&str> = path.match_indices('/').filter_map(|(end, _)| path.get(..end)).collect();
        folders.insert(0, "");
        let inner: Vec<(Arc<AttributeFile>, &str)> = folders
            .iter()
            .rev()
            .map(|folder| {
                let below = if folder.is_empty() { path } else { path.get(folder.len() + 1..).unwrap_or(path) };
                Ok((self.rules_of(folder, read)?, below))
            })
            .collect::<Result<_, Error>>()?;
        let ranked: Vec<(&AttributeFile, &str)> = std::iter::once((&self.info, path))
            .chain(inner.iter().map(|(rules, below)| (&**rules, *below)))
            .chain(self.outer.iter().rev().map(|rules| (rules, path)))
            .collect();
        let mut lookup = Lookup { ranked: &ranked, decided: HashMap::new() };
        let mut steps = 0;
        for (rules, below) in &ranked {
            for line in rules.lines.iter().rev() {
                if line.pattern.matches(below, false, &mut steps) {
                    lookup.assign(&line.assignments);
                }
            }
        }
        self.budget.spend(steps)?;
        let mut take = |name: &str| lookup.decided.remove(name).unwrap_or_default();
        Ok(FileAttributes {
            text: take("text"),
            crlf: take("crlf"),
            eol: take("eol"),
            ident: take("ident"),
            encoding: take("working-tree-encoding"),
        })
    }

    fn rules_of(&self, folder: &str, read: Read<'_>) -> Result<Arc<AttributeFile>, Error> {
        if let Some(rules) = self.rules.lock().get(folder) {
            return Ok(rules.clone());
        }
        let mut file = folder.to_owned();
        crate::tree::links::push(&mut file, ".gitattributes");
        // Macros may be defined at the git root only.
        let rules = Arc::new(AttributeFile::parse(&read(&file)?, folder.is_empty(), self.fold_case));
        Ok(self.rules.lock().entry(folder.to_owned()).or_insert(rules).clone())
    }
}

/// The lookup of one path's attributes: those that stronger lines have decided so far.
struct Lookup<'a> {
    ranked: &'a [(&'a AttributeFile, &'a str)],
    decided: HashMap<String, AttributeState>,
}

impl Lookup<'_> {
    /// Takes the assignments of a line that are not yet decided, the last first; a macro that is
    /// set brings its own. A name is decided before its macro is followed, so no circle can run.
    fn assign(&mut self, assignments: &[Assignment]) {
        let mut ahead: Vec<&Assignment> = assignments.iter().collect();
        while let Some((name, state)) = ahead.pop() {
            if self.decided.contains_key(name) {
                continue;
            }
            self.decided.insert(name.clone(), state.clone());
            if *state == AttributeState::Set {
                let ranked = self.ranked;
                let own = ranked.iter().flat_map(|(rules, _)| rules.macros.iter().rev());
                match own.into_iter().find(|(defined, _)| defined == name) {
                    Some((_, inner)) => ahead.extend(inner),
                    None if name == "binary" => self.assign_binary(),
                    None => {}
                }
            }
        }
    }

    /// git's built-in macro: `[attr]binary -diff -merge -text`.
    fn assign_binary(&mut self) {
        self.decided.entry("text".to_owned()).or_insert(AttributeState::Unset);
    }
}

impl AttributeFile {
    fn parse(text: &[u8], macros_allowed: bool, fold_case: bool) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut rules = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            rules.parse_line(line, macros_allowed, fold_case);
        }
        let assigned = rules.lines.iter().map(|line| &line.assignments);
        let all = assigned.chain(rules.macros.iter().map(|(_, inner)| inner)).flatten();
        rules.other_text = all.into_iter().any(|(name, _)| name == "filter" || name == "working-tree-encoding");
        rules
    }

    /// Adds the rule of one line. A line that git would drop is dropped whole.
    fn parse_line(&mut self, line: &[u8], macros_allowed: bool, fold_case: bool) -> Option<()> {
        let line = line.split(|byte| *byte == 0).next()?;
        let start = line.iter().position(|byte| !is_blank(*byte))?;
        let line = line.get(start..)?;
        if line.starts_with(b"#") || line.len() >= MAX_LINE_BYTES {
            return None;
        }
        let (name, rest) = unquote(line).unwrap_or_else(|| {
            let end = line.iter().position(|byte| is_blank(*byte)).unwrap_or(line.len());
            let (name, rest) = line.split_at(end);
            (name.to_vec(), rest)
        });
        match name.strip_prefix(b"[attr]").filter(|name| !name.is_empty()) {
            Some(name) => {
                let name = attribute_name(name).filter(|_| macros_allowed)?;
                let assignments = assignments(rest)?;
                self.macros.push((name, assignments));
            }
            None => {
                let assignments = assignments(rest)?;
                if !name.starts_with(b"!") {
                    self.lines.push(AttributeLine { pattern: Pattern::new(&name, fold_case), assignments });
                }
            }
        }
        Some(())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `None` when one of the names is not valid: git drops the line then.
fn assignments(states: &[u8]) -> Option<Vec<Assignment>> {
    states
        .split(|byte| is_blank(*byte))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (name, value) = match word.iter().position(|byte| *byte == b'=') {
                Some(at) => (word.get(..at)?, word.get(at + 1..)),
                None => (word, None),
            };
            let (name, state) = match (name, value) {
                ([b'-', name @ ..], _) => (name, AttributeState::Unset),
                ([b'!', name @ ..], _) => (name, AttributeState::Unspecified),
                (name, Some(value)) => (name, AttributeState::Value(String::from_utf8_lossy(value).into_owned())),
                (name, None) => (name, AttributeState::Set),
            };
            Some((attribute_name(name)?, state))
        })
        .collect()
}

fn attribute_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let valid = !name.is_empty()
        && !name.starts_with('-')
        && !name.starts_with("builtin_")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    valid.then(|| name.to_owned())
}

/// A pattern in double quotes with C's escapes, and what follows it; `None` if it is not one.
fn unquote(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = line.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (escape, after) = rest.split_first()?;
                rest = after;
                name.push(match escape {
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    b'\\' | b'"' => *escape,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let mut value = u32::from(escape - b'0');
                        for digit in digits {
                            value = value * 8 + char::from(*digit).to_digit(8)?;
                        }
                        u8::try_from(value).ok()?
                    }
                    _ => return None,
                });
            }
            byte => name.push(*byte),
        }
    }
}
