//! Faults in the user's files: many at once, each with its place and a hint.
//!
//! A [`Diagnostic`] is a value; `output/report` renders it for a terminal, as JSON and as annotations.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use schemars::JsonSchema;
use serde::Serialize;

use crate::syntax::limits::{MAX_FAULTS, MAX_MESSAGES, MAX_MESSAGES_A_FILE, MAX_NEAR_STEPS};
use crate::syntax::source::{ProjectPath, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// There is a build, but something in it is probably not meant.
    Warning,
    /// There is no build, or the answer about it is no.
    Error,
}

/// One error, warning or note about a file of the user's.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name: `unknown-key`, `missing-fragment`.
    pub code: Cow<'static, str>,
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// The file, when there is no text to point into (unreadable, missing).
    pub file: Option<ProjectPath>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The model it concerns, if only one.
    pub model: Option<String>,
    /// Whether a question was asked that it leaves open: then the answer is neither yes nor no.
    pub is_open: bool,
    /// The contexts that it is of and how many there are like it, in words, where its place does not say so.
    pub extent: Option<String>,
    /// The one number in its words by which two of its kind may differ, for a range over many of them.
    pub figure: Option<u64>,
}

impl Diagnostic {
    /// An error; there will be no build.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// An error that leaves open what was asked: a limit is set, and what it limits is not known.
    pub fn open(code: &'static str, message: impl Into<String>) -> Self {
        Self { is_open: true, ..Self::error(code, message) }
    }

    /// A warning; there is a build all the same.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    /// A note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code: code.into(),
            message,
            span: None,
            file: None,
            hint: None,
            model: None,
            is_open: false,
            figure: None,
            extent: None,
        }
    }

    /// Points it at a place.
    pub fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// Names the file as a whole.
    pub fn in_file(mut self, path: &ProjectPath) -> Self {
        self.file = Some(path.clone());
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to do, if there is something to say.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Names the one model it concerns.
    pub fn for_model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Gives the number in its words by which two of its kind may differ.
    pub fn measuring(mut self, figure: u64) -> Self {
        self.figure = Some(figure);
        self
    }

    /// The file it is about, from the span or by name.
    pub fn path(&self) -> Option<&ProjectPath> {
        self.span.as_ref().map(Span::path).or(self.file.as_ref())
    }
}

/// What makes two diagnostics the same to a reader.
pub fn identity(diagnostic: &Diagnostic) -> impl Eq + Hash + use<> {
    let Diagnostic { severity: _, code, message, span, file: _, hint, model, is_open: _, figure: _, extent: _ } =
        diagnostic;
    let place = span.as_ref().map(|span| (span.start, span.end));
    (diagnostic.path().cloned(), place, code.clone(), message.clone(), hint.clone(), model.clone())
}

/// Leaves of equal ones the first.
pub fn once(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| seen.insert(identity(diagnostic)));
}

/// Faults gathered on the way through one stage, so that a run reports all of them: as many as anybody reads, and
/// how many more there are.
#[derive(Debug, Default)]
pub struct Faults {
    found: Vec<Diagnostic>,
    left_out: LeftOut,
}

/// Diagnostics that are counted only.
#[derive(Debug, Default)]
struct LeftOut {
    number: usize,
    worst: Option<Severity>,
    /// Whether one of them is an error that is not open.
    is_closed: bool,
}

impl LeftOut {
    fn count(&mut self, diagnostic: &Diagnostic) {
        self.number += 1;
        self.worst = self.worst.max(Some(diagnostic.severity));
        self.is_closed |= diagnostic.severity == Severity::Error && !diagnostic.is_open;
    }

    /// Says how many there are, as grave as the gravest of them.
    fn diagnostic(&self, of: &str) -> Option<Diagnostic> {
        let message = format!("{} more messages{of} are left out", self.number);
        let is_open = self.worst == Some(Severity::Error) && !self.is_closed;
        self.worst.map(|worst| Diagnostic { is_open, ..Diagnostic::new(worst, "left-out", message) })
    }
}

/// Cuts lists of diagnostics that are shown together, by file and in all, and says how many are left out.
#[derive(Debug)]
pub struct Cut {
    by_file: HashMap<Option<ProjectPath>, usize>,
    room: usize,
}

impl Default for Cut {
    fn default() -> Self {
        Self::of(MAX_MESSAGES)
    }
}

impl Cut {
    /// Takes so many in all.
    pub fn of(room: usize) -> Self {
        Self { by_file: HashMap::new(), room }
    }

    /// As many of them as there is room for.
    pub fn take<'a>(&mut self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Diagnostic> {
        let (mut taken, mut of_files, mut others) = (Vec::new(), BTreeMap::new(), LeftOut::default());
        for diagnostic in diagnostics {
            let of_file = self.by_file.entry(diagnostic.path().cloned()).or_default();
            *of_file += 1;
            match diagnostic.path() {
                Some(path) if *of_file > MAX_MESSAGES_A_FILE => {
                    of_files.entry(path.clone()).or_insert_with(LeftOut::default).count(diagnostic);
                }
                _ if self.room == 0 => others.count(diagnostic),
                _ => {
                    self.room -= 1;
                    taken.push(diagnostic.clone());
                }
            }
        }
        let about = |(path, left_out): (ProjectPath, LeftOut)| {
            left_out.diagnostic(" about this file").map(|diagnostic| diagnostic.in_file(&path))
        };
        taken.extend(of_files.into_iter().take(MAX_MESSAGES_A_FILE).filter_map(about));
        taken.extend(others.diagnostic(""));
        taken
    }
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() { self.left_out.count(&diagnostic) } else { self.found.push(diagnostic) }
    }

    /// Adds many.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether more are only counted, so that it is not worth the while to explain one well.
    pub fn is_full(&self) -> bool {
        self.found.len() >= MAX_FAULTS
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.left_out.worst == Some(Severity::Error) || self.found.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// All of them, in the order they were found.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        let Self { mut found, left_out } = self;
        found.extend(left_out.diagnostic(""));
        found
    }

    /// `value` with the warnings when there is no error, else every diagnostic.
    pub fn into_result<T>(self, value: T) -> Result<Warned<T>, Vec<Diagnostic>> {
        let has_errors = self.has_errors();
        let all = self.into_vec();
        if has_errors { Err(all) } else { Ok(Warned { value, warnings: all }) }
    }
}

/// A value and the warnings about it.
#[derive(Debug, Clone)]
pub struct Warned<T> {
    /// The value.
    pub value: T,
    /// Warnings and notes.
    pub warnings: Vec<Diagnostic>,
}

/// "did you mean `budgets`?", when one of the known names is near enough to be a slip.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    near(written, known).first().map(|name| format!("did you mean `{name}`?"))
}

/// What is left of the comparisons that looking for near names may make, in pairs of bytes.
static NEAR_STEPS: AtomicU64 = AtomicU64::new(MAX_NEAR_STEPS);

/// Lets near names be looked for again: for the next of many builds.
pub fn refill_near_steps() {
    NEAR_STEPS.store(MAX_NEAR_STEPS, Ordering::Relaxed);
}

/// Known names near to the written one, nearest first, at most five. A process that has looked for too many of them
/// finds no more.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    near_within(written, known, &NEAR_STEPS)
}

fn near_within<'a>(written: &str, known: impl IntoIterator<Item = &'a str>, steps_left: &AtomicU64) -> Vec<&'a str> {
    let lower = written.to_lowercase();
    // To compare takes as long as both are, multiplied. Names of other lengths are not near.
    let spend = |name: &str| {
        let steps = (lower.len() as u64).saturating_mul(name.len() as u64);
        steps_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(steps)).is_ok()
    };
    let is_alike = |name: &&str| name.len() <= 2 * lower.len() + 8 && lower.len() <= 2 * name.len() + 8;
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .filter(is_alike)
        .take_while(|name| spend(name))
        .map(|name| {
            let score = strsim::jaro_winkler(&lower, &name.to_lowercase());
            let slips = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
            // Names within one edit, and one more for every eight characters, are near whatever the score.
            (if slips <= 1 + name.len() / 8 { score.max(0.95) } else { score }, name)
        })
        .filter(|(score, _)| *score >= 0.87)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(5).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_by_file_and_in_all() {
        let path = |name: &str| ProjectPath::new(name).unwrap();
        let many = |name: &str, number: usize| {
            (0..number).map(|n| Diagnostic::warning("x", n.to_string()).in_file(&path(name))).collect::<Vec<_>>()
        };
        let told = |all: &[Diagnostic]| {
            let left_out = all.iter().filter(|one| one.code == "left-out");
            left_out.map(|one| (one.severity, one.message.clone(), one.path().cloned())).collect::<Vec<_>>()
        };
        let mut all = many("a", MAX_MESSAGES_A_FILE + 7);
        all.push(Diagnostic::error("y", "bad").in_file(&path("a")));
        all.extend((0..20).flat_map(|n| many(&format!("b{n}"), MAX_MESSAGES_A_FILE)));
        let taken = Cut::default().take(&all);
        let about = "8 more messages about this file are left out".to_owned();
        let more = format!("{} more messages are left out", 21 * MAX_MESSAGES_A_FILE - MAX_MESSAGES);
        assert_eq!(told(&taken), [(Severity::Error, about, Some(path("a"))), (Severity::Warning, more, None)]);
        assert_eq!(taken.len(), MAX_MESSAGES + 2);

        let mut faults = Faults::new();
        faults.extend((0..MAX_FAULTS + 5).map(|n| Diagnostic::warning("x", n.to_string())));
        assert!(!faults.has_errors() && faults.is_full());
        faults.push(Diagnostic::error("y", "bad"));
        assert!(faults.has_errors());
        assert_eq!(told(&faults.into_vec()), [(Severity::Error, "6 more messages are left out".to_owned(), None)]);
    }

    #[test]
    fn near_names_are_looked_for_as_long_as_is_allowed() {
        let names: Vec<String> = (0..3000).map(|n| format!("{n:01000}")).collect();
        let written = "0".repeat(1000);
        let steps = AtomicU64::new(10_000_000);
        let found = || near_within(&written, names.iter().map(String::as_str), &steps).len();
        assert_eq!((found(), found(), found()), (5, 0, 0));
    }

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_does_not() {
        let known = ["budgets", "models", "messages", "system"];
        assert_eq!(did_you_mean("bugdets", known).as_deref(), Some("did you mean `budgets`?"));
        assert_eq!(did_you_mean("model", known).as_deref(), Some("did you mean `models`?"));
        assert_eq!(did_you_mean("weather", known), None);
    }
}
