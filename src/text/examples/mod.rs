//! Example sets: a file of examples to records, and a deterministic pick of them.
//!
//! [`read`] takes the file apart by its ending, each format in a file of its own (`json`, `table`,
//! `yaml`), down to one record an example; `record` finds the turns in it by its shape or by a
//! [`Mapping`], and leaves the rest as metadata. [`pick`] then chooses some of them: in file order,
//! balanced over a label, or as unlike each other as possible.

mod field;
mod fingerprint;
mod json;
mod novelty;
mod pick;
mod record;
mod table;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::prompt::calls::{ToolCall, ToolResult, as_read};
use crate::prompt::segment::{Kind, Part, Picked, Role};
use crate::syntax::diag::{Diagnostic, Faults, Severity, did_you_mean};
use crate::syntax::source::{Source, Span};
use crate::text::fragment::lfs_pointer;

pub(crate) use fingerprint::mix;
pub use pick::{By, Pick, pick};

/// One example of a file: its turns, and whatever else its record says.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its number among the records of the file, from 1.
    pub index: usize,
    /// Who says what, in order; never empty unless only fields were wanted, and neither is any text in it. Texts are exactly as written;
    /// trailing line ends are trimmed by `compose`.
    pub turns: Vec<Turn>,
    /// Every field that is not a turn, in the order written.
    pub meta: Map<String, Value>,
    /// The lines of the record, from 1.
    pub lines: RangeInclusive<usize>,
    /// The record.
    pub span: Span,
    /// Why it is in the prompt, once something has picked it.
    pub picked: Option<Picked>,
}

impl Example {
    /// Why no API takes it among turns: a call of a tool without its result right behind, or a result without the answer
    /// that follows it.
    pub fn open_call(&self) -> Option<String> {
        let mut open: Vec<ToolCall> = Vec::new();
        for turn in &self.turns {
            match (ToolCall::of(&turn.part()), ToolResult::of(&turn.part())) {
                (Some(call), _) => open.push(call),
                (_, Some(result)) => {
                    open.iter().position(|call| call.id == result.id).map(|at| open.remove(at));
                }
                _ if open.is_empty() => {}
                _ => break,
            }
        }
        let called = open.first().map(|call| format!("the call of `{}` has no result right behind it", call.name));
        let is_last = self.turns.last().is_some_and(|turn| turn.kind == Kind::ToolResult);
        called.or_else(|| is_last.then(|| "the last turn is the result of a tool, without an answer".to_owned()))
    }

    /// The metadata at a dotted path (`label`, `source.kind`, `tags.0`); `None` when nothing is there.
    pub fn field(&self, path: &str) -> Option<&Value> {
        field::lookup(&self.meta, path)
    }
}

/// What one side says at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The user or the assistant.
    pub role: Role,
    /// Text, a call of a tool, or its result.
    pub kind: Kind,
    /// What is said, as the text of a [`Part`] of that kind.
    pub text: Arc<str>,
}

impl Turn {
    /// The part of a prompt that it is.
    pub fn part(&self) -> Part {
        Part::new(self.role, self.kind, self.text.clone())
    }

    /// Who speaks, where examples are written as text.
    pub fn speaker(&self) -> &'static str {
        if self.kind == Kind::ToolResult { "tool" } else { self.role.as_str() }
    }

    /// It, written as text. A call is written as open models' templates write it (Hermes, Qwen).
    pub fn written(&self) -> Cow<'_, str> {
        match self.kind {
            Kind::Text => Cow::Borrowed(&self.text),
            Kind::ToolCall => format!("<tool_call>\n{}\n</tool_call>", as_read(&self.part())).into(),
            _ => as_read(&self.part()).into_owned().into(),
        }
    }
}

/// Where the two turns are in records of a shape that is not recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The dotted paths of what makes the user's turn, joined by a blank line: `data.question`,
    /// `turns.0.text`. Those that are empty in a record are left out, as long as one is not.
    pub user: Vec<String>,
    /// The dotted path of the assistant's turn.
    pub assistant: String,
}

/// What is wanted of a record.
#[derive(Debug, Clone, Copy)]
enum Wanted<'a> {
    /// Its turns, by its shape.
    Turns,
    /// Its turns, at the places of a mapping.
    Mapped(&'a Mapping),
    /// Its fields and no turn.
    Fields,
}

/// The endings that [`read`] knows.
const ENDINGS: [&str; 7] = ["jsonl", "ndjson", "json", "yaml", "yml", "csv", "tsv"];

/// The keys under which a JSON or YAML file that is a map may have its list of records.
const LISTS: [&str; 3] = ["examples", "data", "records"];

/// Reads every example of a file, by its ending. With `map`, the turns are at its paths; else each record is
/// recognised by its fields. `has_template`: whether a template could write what no turn holds.
///
/// The first fifty faults of the file go to `faults`, and then how many more there are. `None` when
/// there was one: picking from only the valid records would pick others once the fault is mended.
pub fn read(
    source: &Arc<Source>,
    map: Option<&Mapping>,
    has_template: bool,
    faults: &mut Faults,
) -> Option<Vec<Example>> {
    read_wanted(source, map.map_or(Wanted::Turns, Wanted::Mapped), has_template, faults)
}

fn read_wanted(
    source: &Arc<Source>,
    wanted: Wanted<'_>,
    has_template: bool,
    faults: &mut Faults,
) -> Option<Vec<Example>> {
    let mut report = FileFaults { source, faults, errors: 0, said: BTreeSet::new(), system: None, has_template };
    if let Some(fault) = lfs_pointer(source) {
        report.push(fault);
        return None;
    }
    let examples = match source.path().extension() {
        "jsonl" | "ndjson" => json::read_lines(wanted, &mut report),
        "json" => json::read_document(wanted, &mut report),
        "yaml" | "yml" => yaml::read_document(wanted, &mut report),
        "csv" => table::read(b",;\t", wanted, &mut report),
        "tsv" => table::read(b"\t", wanted, &mut report),
        other => {
            let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
            let hint = did_you_mean(other, ENDINGS).unwrap_or_else(|| format!("examples are read from {endings}"));
            let message = match other {
                "" => "a file of examples needs an ending that says its format".to_owned(),
                other => format!("examples are not read from .{other} files"),
            };
            report.push(Diagnostic::error("examples-format", message).at(&Span::file(source)).hint(hint));
            Vec::new()
        }
    };
    if examples.is_empty() && report.errors == 0 && !matches!(wanted, Wanted::Fields) {
        report.push(Diagnostic::warning("no-examples", "the file holds no examples").at(&Span::file(source)));
    }
    report.close().then_some(examples)
}

/// Reads the records of a file as [`read`] does and makes no turn of them: all of each is its metadata.
pub fn records(source: &Arc<Source>, faults: &mut Faults) -> Option<Vec<Example>> {
    read_wanted(source, Wanted::Fields, true, faults)
}

/// A record of a file of any format, before its turns are known.
struct RawRecord<'a> {
    /// Its number in the file, from 1.
    index: usize,
    /// Its parsed value.
    value: Value,
    /// All of it.
    span: Span,
    /// Returns the place of the value under these keys, or of the innermost value around it that has one.
    place: &'a dyn Fn(&[&str]) -> Span,
    /// Spells the value under these keys, which is no text, as it was written.
    spell: &'a dyn Fn(&[&str], &mut FileFaults<'_>) -> String,
}

/// The faults of one file, limited in number: a wrong mapping makes one in every record.
struct FileFaults<'a> {
    source: &'a Arc<Source>,
    faults: &'a mut Faults,
    errors: usize,
    /// What was reported of the first record and not again of those after it.
    said: BTreeSet<String>,
    /// The system message of the first record that has one.
    system: Option<Value>,
    /// Whether a template could write the metadata.
    has_template: bool,
}

impl FileFaults<'_> {
    /// How many errors of one file are reported one by one.
    const SHOWN: usize = 50;

    fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.errors <= Self::SHOWN {
            self.faults.push(diagnostic);
        }
    }

    /// Reports something that most records of a file share for the first of them only.
    fn push_once(&mut self, subject: &str, diagnostic: Diagnostic) {
        if self.said.insert(format!("{} {subject}", diagnostic.code)) {
            self.push(diagnostic);
        }
    }

    /// Whether the file is one record a line.
    fn is_lines(&self) -> bool {
        matches!(self.source.path().extension(), "jsonl" | "ndjson")
    }

    /// Reports that the document that begins at `root` has no list of records, or more than one.
    fn no_list(&mut self, found: usize, root: usize) {
        let message = match found {
            0 => "the file holds no list of records",
            _ => "the file holds more than one list of records",
        };
        let hint = format!(
            "write a list, or a map with the list under one of {}",
            LISTS.map(|key| format!("`{key}`")).join(", ")
        );
        let span = Span::new(self.source, root, root);
        self.push(Diagnostic::error("examples-list", message).at(&span).hint(hint));
    }

    /// Reports how many errors were left out, and returns whether there was none at all.
    fn close(self) -> bool {
        if let Some(more @ 1..) = self.errors.checked_sub(Self::SHOWN) {
            let message = format!("{more} more faults in this file are not shown");
            self.faults.push(Diagnostic::note("more-faults", message).at(&Span::file(self.source)));
        }
        self.errors == 0
    }
}

#[cfg(test)]
mod tests;
