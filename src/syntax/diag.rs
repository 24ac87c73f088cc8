//! Faults in the user's files: many at once, each with its place and a hint.
//!
//! A [`Diagnostic`] is a value; `output/report` renders it for a terminal, as JSON and as annotations.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::Hash;

use schemars::JsonSchema;
use serde::Serialize;

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
        Self { severity, code: code.into(), message, span: None, file: None, hint: None, model: None, is_open: false }
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

    /// The file it is about, from the span or by name.
    pub fn path(&self) -> Option<&ProjectPath> {
        self.span.as_ref().map(Span::path).or(self.file.as_ref())
    }
}

/// What makes two diagnostics the same to a reader.
pub fn identity(diagnostic: &Diagnostic) -> impl Eq + Hash + use<> {
    let Diagnostic { severity: _, code, message, span, file: _, hint, model, is_open: _ } = diagnostic;
    let place = span.as_ref().map(|span| (span.start, span.end));
    (diagnostic.path().cloned(), place, code.clone(), message.clone(), hint.clone(), model.clone())
}

/// Leaves of equal ones the first.
pub fn once(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    diagnostics.retain(|diagnostic| seen.insert(identity(diagnostic)));
}

/// Faults gathered on the way through one stage, so that a run reports all of them.
#[derive(Debug, Default)]
pub struct Faults(Vec<Diagnostic>);

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds many.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(diagnostics);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// All of them, in the order they were found.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.0
    }

    /// `value` with the warnings when there is no error, else every diagnostic.
    pub fn into_result<T>(self, value: T) -> Result<Warned<T>, Vec<Diagnostic>> {
        if self.has_errors() { Err(self.0) } else { Ok(Warned { value, warnings: self.0 }) }
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

/// Known names near to the written one, nearest first, at most five.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = written.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
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
    fn a_slip_finds_its_name_and_a_stranger_does_not() {
        let known = ["budgets", "models", "messages", "system"];
        assert_eq!(did_you_mean("bugdets", known).as_deref(), Some("did you mean `budgets`?"));
        assert_eq!(did_you_mean("model", known).as_deref(), Some("did you mean `models`?"));
        assert_eq!(did_you_mean("weather", known), None);
    }
}
