//! Lints: what is probably a mistake in the text of a prompt, though a build of it stands.
//!
//! ```text
//! each file ──text──▶ findings, once a run      each context ──▶ findings of its own
//! findings ──levels──▶ Diagnostics: denied, warned of, or allowed by the project or on the spot
//! ```
//!
//! [`catalogue`] declares every lint: its id, its level, the words of its page. A file is looked at
//! once however many contexts read it ([`Linted`] remembers by blob): `secret`, `invisible`,
//! `leftover`. What depends on a context is looked at for each: which of its fragments are `alike`,
//! what in its prefix will `churn`, what its examples (`shots`) say. [`settle`] has the last word on levels, also for
//! warnings that other rooms make under an id of the catalogue.
//!
//! A secret that was found is in no output of the program: messages never quote it, and whoever
//! shows text of a file goes through [`secret::masked`].

mod alike;
mod allowed;
pub mod catalogue;
mod churn;
mod context;
pub mod fix;
mod invisible;
mod leftover;
mod mend;
pub mod secret;
mod shots;
mod text;

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
use crate::text::fragment::{Fragment, Fragments};
use crate::text::resolve::{Content, Plan};
use crate::tree::Reads;

use catalogue::Lint;

pub use mend::mended;

/// How many findings of one lint are told of one file.
const MAX_TOLD: usize = 20;

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

/// In which contexts a finding in a file counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    /// In all.
    Always,
    /// Where the text of the file stands in the prompt as it is.
    Shown,
    /// Where it stands so, verbatim, in a context that has a var or an input of this name.
    Named(String),
    /// Behind this day, written as 2026-11-21.
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

    /// At its place in `fragment`, as loud as the lint is by default; `None` where it is silent.
    fn diagnostic(&self, fragment: &Fragment) -> Diagnostic {
        let warning = self.lint.warning(self.message.clone());
        warning.at(&Span::new(&fragment.source, self.at.start, self.at.end)).maybe_hint(self.hint.clone())
    }
}

/// What was found so far, by what it depends on alone: the same bytes have the same findings.
#[derive(Debug, Default)]
pub struct Linted {
    texts: Memo<(ProjectPath, ObjectId), Seen>,
    sketches: Memo<(ProjectPath, ObjectId), Arc<alike::Sketch>>,
    churn: Memo<Digest, Arc<Vec<context::Value>>>,
    sets: Memo<shots::SetName, Arc<shots::SetFindings>>,
    held_out: Memo<(ProjectPath, ObjectId), Arc<Option<shots::HeldOut>>>,
}

/// The findings of one text, once somebody has looked.
type Seen = Arc<OnceLock<Vec<Finding>>>;

impl Linted {
    /// The findings of a file, from memory where it was looked at before.
    fn of(&self, fragment: &Fragment) -> Seen {
        let name = (fragment.source.path().clone(), fragment.blob.clone());
        let seen = self.texts.get(&name).unwrap_or_else(|| {
            let fresh = Seen::default();
            self.texts.put(name, fresh.clone());
            fresh
        });
        seen.get_or_init(|| text::findings(fragment));
        seen
    }

    /// Drops what was not asked for since the last turn.
    pub fn turn(&self) {
        let Self { texts, sketches, churn, sets, held_out } = self;
        texts.turn();
        sketches.turn();
        churn.turn();
        sets.turn();
        held_out.turn();
    }
}

/// A context as lints see it.
pub struct Subject<'a> {
    /// What stands where.
    pub plan: &'a Plan,
    /// The prompt, piece by piece.
    pub segments: &'a [Segment],
    /// The digest of each piece.
    pub digests: &'a [Digest],
    /// What was read for it.
    pub reads: &'a Reads,
    /// The files themselves.
    pub fragments: &'a Fragments<'a>,
    /// The day of the run, written as 2026-11-21.
    pub day: &'a str,
}

/// Looks at everything that a context is made of. The diagnostics are as loud as each lint is by
/// default; [`settle`] makes them as loud as the project wants.
pub fn lint(subject: &Subject, linted: &Linted) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // What was read before is there to be read again; what was not has its fault already.
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
    found.extend(shots::warnings(subject, linted));
    found
}

impl Subject<'_> {
    /// Whether a finding in a file counts in this context.
    fn counts(&self, finding: &Finding, path: &ProjectPath) -> bool {
        match &finding.when {
            When::Always => true,
            When::Shown => {
                let is_data = matches!(path.extension(), "yaml" | "yml" | "json" | "jsonl" | "ndjson" | "csv" | "tsv");
                !is_data || self.is_fragment(path)
            }
            When::Named(name) => {
                let manifest = &self.plan.manifest;
                let first = name.split('.').next().unwrap_or(name);
                let is_known = self.plan.vars.contains_key(first)
                    || manifest.inputs.get(first).is_some()
                    || matches!(first, "vars" | "inputs");
                is_known && (self.is_fragment(path) || self.is_inline(path, finding.at.start))
            }
            When::After(day) => self.day > day.as_str(),
        }
    }

    /// Whether a file is a fragment, whose text stands in the prompt.
    fn is_fragment(&self, path: &ProjectPath) -> bool {
        self.plan.blocks.iter().any(|block| match &block.content {
            Content::Files(parts) => parts.iter().any(|part| part.fragment.source.path() == path),
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

/// Refuses levels for lints that there are not.
pub fn check_levels(levels: &Table<LintLevel>, faults: &mut Faults) {
    for (key, _) in levels.iter().filter(|(key, _)| catalogue::find(&key.text).is_none()) {
        let known = catalogue::ALL.iter().map(|lint| lint.id);
        let hint = did_you_mean(&key.text, known).unwrap_or_else(|| "docs/lints.md lists them all".to_owned());
        let fault = Diagnostic::error("unknown-lint", format!("there is no lint `{}`", key.text));
        faults.push(fault.at(&key.span).hint(hint));
    }
}

/// Makes each warning as loud as the project and the comments in its file say, and drops those that
/// are allowed. A warning that no lint makes stays as it is.
pub fn settle(warnings: Vec<Diagnostic>, levels: &Table<LintLevel>) -> Vec<Diagnostic> {
    let mut allowed = allowed::Allowed::default();
    let settled = warnings.into_iter().filter_map(|mut warning| {
        let Some(lint) = catalogue::find(&warning.code) else { return Some(warning) };
        match levels.get(lint.id) {
            Some(LintLevel::Allow) => return None,
            Some(LintLevel::Warn) => warning.severity = Severity::Warning,
            Some(LintLevel::Deny) => warning.severity = Severity::Error,
            None => {}
        }
        let is_allowed = warning.span.as_ref().is_some_and(|span| allowed.holds(lint.id, span));
        (!is_allowed).then_some(warning)
    });
    settled.collect()
}

/// The first findings of each lint, and how many more there are.
fn told(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for finding in &findings {
        *counts.entry(finding.lint.id).or_default() += 1;
    }
    let mut met: HashMap<&str, usize> = HashMap::new();
    findings.retain_mut(|finding| {
        let (met, all) = (met.entry(finding.lint.id).or_default(), counts.get(finding.lint.id).copied().unwrap_or(0));
        *met += 1;
        if *met == MAX_TOLD && all > MAX_TOLD {
            finding.message.push_str(&format!(" (and {} more in this file)", all - MAX_TOLD));
        }
        *met <= MAX_TOLD
    });
    findings
}

#[cfg(test)]
mod tests;
