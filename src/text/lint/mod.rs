//! Lints: what is probably a mistake in the text of a prompt, although it can be built.
//!
//! ```text
//! each file ──text──▶ findings, once a run      each context ──▶ findings of its own
//! findings ──levels──▶ Diagnostics: denied, warned of, or allowed by the project or by a comment
//! ```
//!
//! [`catalogue`] declares every lint: its id, its level, the text of its documentation. The lints of
//! files (`secret`, `invisible`, `leftover`, `foreign`) run once for each file, however many contexts read it
//! ([`Linted`] caches them by blob). Those of contexts run for each: `alike` (fragments that are almost
//! the same), `volatile` (values in the prefix that change), `names` (what the manifest declares),
//! `example_sets` (what examples say).
//! [`apply_levels`] decides the level of every warning, also of those that other modules make under an
//! id of the catalogue.
//!
//! A secret that was found is in no output of the program: messages never quote it, and any code that
//! shows text of a file passes it through [`secret::masked`].

mod alike;
mod allowed;
pub mod catalogue;
mod context;
mod example_sets;
pub mod fix;
mod foreign;
mod invisible;
mod leftover;
mod mend;
mod names;
mod schema_steps;
pub mod secret;
mod text;
mod volatile;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::prompt::chain::Digest;
use crate::prompt::memo::Memo;
use crate::prompt::segment::Segment;
use crate::syntax::decode::Table;
use crate::syntax::diag::{Diagnostic, Faults, Severity, did_you_mean};
use crate::syntax::manifest::LintLevel;
use crate::syntax::source::{ObjectId, ProjectPath, Span};
use crate::text::compose::TEMPLATES;
use crate::text::fragment::{DATA, Fragment, Fragments};
use crate::text::resolve::{Content, Plan};
use crate::tree::Reads;

use catalogue::Lint;

pub use example_sets::leaks;
pub use mend::mended;
pub use schema_steps::BoundedSchema;

/// The most findings of one lint that are reported for one file.
const MAX_REPORTED: usize = 20;

/// What ends the message of the last finding that is reported, where there are more.
const MORE: &str = " more in this file)";

/// Something that a lint found in a text.
#[derive(Debug, Clone)]
struct Finding {
    lint: &'static Lint,
    /// The bytes of the file.
    at: Range<usize>,
    message: String,
    hint: Option<String>,
    when: When,
}

/// In which contexts a finding in a file is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    /// In all.
    Always,
    /// In those whose prompt contains the text of the file verbatim.
    Shown,
    /// In those whose prompt contains it verbatim and that have a var or an input of this name.
    Named(String),
    /// In templates, fragments and texts of the manifest, where the context has a var or an input of the name,
    /// if there is one. What stands in samples of code counts in templates only.
    Leftover { name: Option<String>, in_code: bool },
    /// In all, but only after this day, written as 2026-11-21.
    After(String),
}

impl Finding {
    fn new(lint: &'static Lint, at: Range<usize>, message: impl Into<String>) -> Self {
        Self { lint, at, message: message.into(), hint: None, when: When::Always }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// The diagnostic at its place in `fragment`, at the lint's default level.
    fn diagnostic(&self, fragment: &Fragment) -> Diagnostic {
        let warning = self.lint.warning(self.message.clone());
        warning.at(&Span::new(&fragment.source, self.at.start, self.at.end)).maybe_hint(self.hint.clone())
    }
}

/// The findings of earlier builds, cached by what they depend on: the same bytes have the same findings.
#[derive(Debug, Default)]
pub struct Linted {
    texts: Memo<(ProjectPath, ObjectId), CachedFindings>,
    sketches: Memo<(ProjectPath, ObjectId), Arc<alike::Sketch>>,
    volatile: Memo<Digest, Arc<Vec<context::VolatileText>>>,
    sets: Memo<example_sets::SetKey, Arc<example_sets::SetFindings>>,
    held_out: Memo<(ProjectPath, ObjectId, bool), Arc<Option<example_sets::HeldOut>>>,
}

/// The findings of one text, once a thread has looked for them; the others wait for that.
type CachedFindings = Arc<OnceLock<Vec<Finding>>>;

impl Linted {
    /// The findings of a file, cached if it was linted before.
    fn of(&self, fragment: &Fragment) -> CachedFindings {
        let name = (fragment.source.path().clone(), fragment.blob.clone());
        let seen = self.texts.get(&name).unwrap_or_else(|| {
            let fresh = CachedFindings::default();
            self.texts.put(name, fresh.clone());
            fresh
        });
        seen.get_or_init(|| text::findings(fragment));
        seen
    }

    /// Drops what was not looked up since the last turn.
    pub fn turn(&self) {
        let Self { texts, sketches, volatile, sets, held_out } = self;
        texts.turn();
        sketches.turn();
        volatile.turn();
        sets.turn();
        held_out.turn();
    }
}

/// A context as lints see it.
pub struct Subject<'a> {
    /// Its blocks, and where their texts come from.
    pub plan: &'a Plan,
    /// Its prompt.
    pub segments: &'a [Segment],
    /// The digest of each segment.
    pub digests: &'a [Digest],
    /// The files that were read for it.
    pub reads: &'a Reads,
    /// Reads those files again.
    pub fragments: &'a Fragments<'a>,
    /// The day of the run, written as 2026-11-21.
    pub day: &'a str,
}

/// Runs every lint on a context. The diagnostics have each lint's default level; [`apply_levels`] then
/// sets the levels that the project asks for.
pub fn lint(subject: &Subject, linted: &Linted) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // Files without a blob could not be read, which is a fault of its own already.
    let paths: Vec<_> = subject.reads.files.iter().filter_map(|(path, blob)| blob.as_ref().map(|_| path)).collect();
    let looked_at = paths.into_par_iter().filter_map(|path| {
        let fragment = subject.fragments.read(path).ok()?;
        let seen = linted.of(&fragment);
        Some((path, fragment, seen))
    });
    for (path, fragment, seen) in looked_at.collect::<Vec<_>>() {
        let findings = seen.get().map_or(&[][..], Vec::as_slice);
        found.extend(findings.iter().filter(|one| subject.counts(one, path)).map(|one| one.diagnostic(&fragment)));
    }
    found.extend(context::duplicates(subject, linted));
    found.extend(context::breakers(subject, linted));
    found.extend(names::unused_inputs(subject));
    found.extend(names::shadowed(subject));
    found.extend(names::respelled(subject));
    found.extend(example_sets::warnings(subject, linted));
    found
}

impl Subject<'_> {
    /// Whether a finding in a file is reported in this context.
    fn counts(&self, finding: &Finding, path: &ProjectPath) -> bool {
        match &finding.when {
            When::Always => true,
            When::Shown => !DATA.contains(&path.extension()) || self.is_fragment(path),
            When::Named(name) => {
                let first = name.split('.').next().unwrap_or(name);
                let is_known = self.knows(first) || matches!(first, "vars" | "inputs");
                is_known && (self.is_sent(path, finding.at.start) || self.is_inline(path, finding.at.start))
            }
            When::Leftover { name, in_code } => {
                let at = finding.at.start;
                name.as_ref().is_none_or(|name| self.knows(name))
                    && (self.is_template(path, at) || !in_code && (self.is_sent(path, at) || self.is_inline(path, at)))
            }
            When::After(day) => self.day > day.as_str(),
        }
    }

    /// Whether a file is a fragment, whose text is in the prompt verbatim.
    fn is_fragment(&self, path: &ProjectPath) -> bool {
        self.plan.blocks.iter().any(|block| match &block.content {
            Content::Files(parts) => parts.iter().any(|part| part.fragment.source.path() == path),
            _ => false,
        })
    }

    fn knows(&self, name: &str) -> bool {
        self.plan.vars.contains_key(name) || self.plan.manifest.inputs.get(name).is_some()
    }

    /// Whether a byte of a file is one of a fragment's that the prompt has.
    fn is_sent(&self, path: &ProjectPath, at: usize) -> bool {
        self.plan.blocks.iter().any(|block| match &block.content {
            Content::Files(parts) => parts
                .iter()
                .any(|part| part.fragment.source.path() == path && part.slices.iter().any(|slice| slice.contains(&at))),
            _ => false,
        })
    }

    /// Whether a byte of a file is one of a template: of a file below `templates/`, or of a turn in a manifest.
    fn is_template(&self, path: &ProjectPath, at: usize) -> bool {
        path.is_below(&ProjectPath::literal(TEMPLATES))
            || self.plan.blocks.iter().any(|block| match &block.content {
                Content::Turn(text) => text.span.path() == path && (text.span.start..=text.span.end).contains(&at),
                _ => false,
            })
    }

    /// Whether a byte of a manifest lies in a `text:`.
    fn is_inline(&self, path: &ProjectPath, at: usize) -> bool {
        self.plan.blocks.iter().any(|block| match &block.content {
            Content::Inline(text) => text.span.path() == path && (text.span.start..=text.span.end).contains(&at),
            _ => false,
        })
    }
}

/// The findings of one side of a change, to be found again on the other. A finding is the same whose lint, words and
/// text are, wherever that text has moved to. Numbers in a message are left aside, so that one that an edit elsewhere
/// has made larger or smaller is the old one; a second one like it is new.
pub struct Known(HashMap<Fingerprint, usize>);

/// Lint, words, text and model of a finding.
type Fingerprint = (String, String, Option<String>, Option<String>);

impl Known {
    /// Those findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>) -> Self {
        let mut known: HashMap<Fingerprint, usize> = HashMap::new();
        for finding in findings {
            *known.entry(fingerprint(finding)).or_default() += 1;
        }
        Self(known)
    }

    /// Whether one like it is left, which is then taken.
    pub fn takes(&mut self, finding: &Diagnostic) -> bool {
        let left = self.0.get_mut(&fingerprint(finding)).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

fn fingerprint(finding: &Diagnostic) -> Fingerprint {
    let Diagnostic { code, message, span, model, .. } = finding;
    // How many more there are is all that is known of those beyond the limit.
    let is_counted = message.ends_with(MORE);
    let words = message.chars().filter(|c| is_counted || !c.is_ascii_digit()).collect();
    let found = span.as_ref().and_then(|span| span.source.text().get(span.start..span.end));
    (code.to_string(), words, found.map(str::to_owned), model.clone())
}

/// Whether a diagnostic of this code is of a lint.
pub fn is_lint(code: &str) -> bool {
    catalogue::find(code).is_some()
}

/// Reports levels for lints that do not exist.
pub fn check_levels(levels: &Table<LintLevel>, faults: &mut Faults) {
    for (key, _) in levels.iter().filter(|(key, _)| catalogue::find(&key.text).is_none()) {
        let known = catalogue::ALL.iter().map(|lint| lint.id);
        let hint = did_you_mean(&key.text, known).unwrap_or_else(|| "docs/lints.md lists them all".to_owned());
        let fault = Diagnostic::error("unknown-lint", format!("there is no lint `{}`", key.text));
        faults.push(fault.at(&key.span).hint(hint));
    }
}

/// The lints that `base` denies and `head` does not.
pub fn no_longer_denied(base: &Table<LintLevel>, head: &Table<LintLevel>) -> Vec<&'static str> {
    let is_denied =
        |levels: &Table<LintLevel>, lint: &Lint| levels.get(lint.id).copied().or(lint.level) == Some(LintLevel::Deny);
    let lints = catalogue::ALL.iter().filter(|lint| is_denied(base, lint) && !is_denied(head, lint));
    lints.map(|lint| lint.id).collect()
}

/// Gives each warning the level that the project asks for, and drops those that the project or a comment
/// in the file allows. A warning without an id of the catalogue stays as it is.
pub fn apply_levels(warnings: Vec<Diagnostic>, levels: &Table<LintLevel>) -> Vec<Diagnostic> {
    let mut allowed = allowed::Allowed::default();
    let leveled = warnings.into_iter().filter_map(|mut warning| {
        let Some(lint) = catalogue::find(&warning.code) else { return Some(warning) };
        match levels.get(lint.id) {
            Some(LintLevel::Allow) => return None,
            Some(LintLevel::Warn) => warning.severity = Severity::Warning,
            Some(LintLevel::Deny) => warning.severity = Severity::Error,
            None => {}
        }
        let is_allowed = warning.span.as_ref().is_some_and(|span| allowed.covers(lint.id, span));
        (!is_allowed).then_some(warning)
    });
    leveled.collect()
}

/// The first [`MAX_REPORTED`] findings of each lint; the last of them says how many more there are.
fn capped(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for finding in &findings {
        *counts.entry(finding.lint.id).or_default() += 1;
    }
    let mut met: HashMap<&str, usize> = HashMap::new();
    findings.retain_mut(|finding| {
        let (met, all) = (met.entry(finding.lint.id).or_default(), counts.get(finding.lint.id).copied().unwrap_or(0));
        *met += 1;
        if *met == MAX_REPORTED && all > MAX_REPORTED {
            finding.message.push_str(&format!(" (and {}{MORE}", all - MAX_REPORTED));
        }
        *met <= MAX_REPORTED
    });
    findings
}

#[cfg(test)]
mod tests;
