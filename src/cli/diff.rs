//! `contexture diff`: what a change does to text, tokens, cache and money.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::compare::range::Range;
use crate::compare::review::{CostLimit, Gate, Review, ReviewRequest, answer, review};
use crate::cost::cards::Date;
use crate::evaluate::trials::{Pair, Replay, Trials, with_judges};
use crate::output::page::{self, Page};
use crate::output::report::diff::{self, DiffReport};
use crate::output::report::{eval, json};
use crate::pipeline::{Build, Memory};
use crate::syntax::error::Failure;
use crate::text::fragment::Fragments;
use crate::text::project::Project;
use crate::tree::Workspace;

use super::session::Session;
use super::{ShardArguments, Verdict};

/// Show what a change does to text, tokens, cache and money.
#[derive(Debug, Args)]
#[command(long_about = "\
Show what a change does to text, tokens, cache and money.

BASE compares a commit with the working tree, A..B two commits, A...B the merge base of both with B. Without any of \
them the working tree is compared with the merge base of HEAD and the default branch (`default_branch:` in \
contexture.yaml, else origin/HEAD, origin/main, origin/master, main, master); on that branch, with HEAD.")]
pub(super) struct Arguments {
    /// What to compare: BASE, A..B or A...B [default: since the default branch]
    #[arg(value_name = "RANGE")]
    range: Option<String>,
    /// Contexts, ID@VARIANT, or patterns such as 'support/*'; without one, every context and variant
    #[arg(value_name = "ID", last = true)]
    ids: Vec<String>,
    /// Take the manifests of the working tree for both sides: what a change did before there were any
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    shard: ShardArguments,
    /// Exit 1 if one of these happened, or a body is newly left out (its window exceeded, or its model refuses it):
    /// budget, growth, prefix, lint, any-change, or cost=LIMIT, where a month with any model grows by more than LIMIT: 5%
    /// of the project's, or 50 US dollars
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<Gate>,
    /// Prices and rules of both sides as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// What comes out
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Names the comment of a Markdown report, so that a later one replaces it and no other
    #[arg(long, value_name = "NAME", default_value = "contexture")]
    key: String,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs; `contexture schema diff` prints its schema
    Json,
    /// One page for a browser
    Html,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { range, ids, as_is, shard: ShardArguments { shard }, fail_on, as_of, format, key } = arguments;
    let workspace = session.workspace()?;
    let progress = session.progress("comparing");
    let range = Range::parse(range.as_deref());
    let default_branch = if range == Range::Default { default_branch(&workspace)? } else { None };
    let mut sides = range.open(&workspace, default_branch.as_deref())?;
    if as_is {
        sides.manifests = Some(Box::new(workspace.worktree()?));
        let named = if sides.found_by.is_empty() { "" } else { ", " };
        sides.found_by.extend([named, "by the manifests of the working tree"]);
    }
    let whole = fail_on.iter().any(|what| matches!(what, Gate::Cost(CostLimit::Share(_))));
    let as_of = as_of.unwrap_or_else(super::session::today);
    let review = review(&sides, &ReviewRequest { contexts: ids, as_of, shard, whole })?;
    progress.done();
    let (answer, said) = answer(&fail_on, &review);
    let mut pairs = pairs(&review);
    with_judges(&mut pairs, (sides.head.as_ref(), Some(&sides.base)), Some(as_of), &Memory::default())?;
    // What is corrected for all comparisons of a change is no matter of one part of it.
    let replay = if pairs.is_empty() || shard.is_some() {
        None
    } else {
        Some(Trials::of_each(&pairs, false).replay(sides.head.as_ref(), Some(&sides.base))?)
    };
    if shard.is_some() && !pairs.is_empty() {
        session.tell("evaluations are in no part: `contexture eval --replay --base REV` has them");
    }
    let scored = replay.iter().flat_map(|replay| replay.warnings.iter().chain(&replay.broken).cloned());
    session.warnings(&diff::diagnostics(&review).into_iter().chain(said).chain(scored).collect::<Vec<_>>());
    let asks = asks(&pairs, &review);
    let drawn =
        |draw: fn(&Replay, &str) -> String| replay.as_ref().map(|replay| draw(replay, &asks)).unwrap_or_default();
    session.print(&match format {
        Format::Text if replay.is_some() => [diff::text(&review, session.verbose), drawn(eval::recorded)].join("\n"),
        Format::Text => diff::text(&review, session.verbose),
        Format::Markdown => diff::markdown(&review, &key, &drawn(eval::section)),
        Format::Json => {
            let evaluation = replay.as_ref().map(|replay| eval::EvalReport::new(&replay.evaluation));
            json(&DiffReport { evaluation, ..DiffReport::new(&review) })
        }
        Format::Html => {
            let evaluation = replay.as_ref().map(|replay| eval::Recorded::of(replay, &asks));
            page::frozen(&Page { evaluation, ..Page::of_changes(&review) }, &diff::text(&review, true))
        }
    })?;
    // The process ends: to take thousands of builds apart, one by one, would only make the reader wait.
    std::mem::forget(review);
    Ok(answer.into())
}

/// The contexts with cases that differ and can be built, each with what it was.
fn pairs(review: &Review) -> Vec<Pair> {
    let has_cases = |build: &Arc<Build>| build.plan.manifest.eval.is_some();
    let heads = review.contexts.iter().filter_map(|context| Some((context.head.clone()?, context.base.clone())));
    let asked = heads.filter(|(head, base)| has_cases(head) || base.as_ref().is_some_and(has_cases));
    asked.map(|(head, base)| Pair::of(head, base)).collect()
}

/// The command that asks for what is missing.
fn asks(pairs: &[Pair], review: &Review) -> String {
    let ids: String = pairs.iter().map(|pair| format!(" {}", pair.head.id)).collect();
    let ids = if pairs.len() > 3 { "" } else { &ids };
    format!("contexture eval{ids} --base {}", review.base.id.short())
}

/// The branch that the project names.
fn default_branch(workspace: &Workspace) -> Result<Option<String>, Failure> {
    let tree = workspace.worktree()?;
    let fragments = Fragments::new(&tree);
    let project = Project::open(&fragments)?;
    let named = project.file.as_ref().and_then(|file| file.default_branch.as_ref());
    Ok(named.map(|branch| branch.value.to_string()))
}
