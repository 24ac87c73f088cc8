//! `contexture check`: what `build` would say and what lints find, without writing anything.

use clap::{Args, ValueEnum};

use crate::compare::ratchet;
use crate::cost::cards::Date;
use crate::evaluate::trials::{self, Replay, Trials};
use crate::output::report::{build, eval, github, json, sarif, without_secrets};
use crate::pipeline::bodies::try_bodies;
use crate::pipeline::{BuildResult, Memory, Request, build_remembering};
use crate::syntax::diag::{Cut, Diagnostic};
use crate::syntax::error::Failure;
use crate::text::lint::fix::{self, Fixed};
use crate::tree::write::System;
use crate::tree::{Tree, Workspace};

use super::session::Session;
use super::{LockArguments, ShardArguments, TreeArguments, Verdict, WhatIf};

/// Build without writing, and look for lints: for CI and pre-commit.
///
/// A budget that fails says what its bill is made of and which change would fit: fewer calls, fewer examples, another model.
/// --model and --calls ask what would be, without an edit.
#[derive(Debug, Clone, Args)]
pub(super) struct Arguments {
    /// Contexts, ID@VARIANT, or patterns such as 'support/*'; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    #[command(flatten)]
    shard: ShardArguments,
    #[command(flatten)]
    what_if: WhatIf,
    #[command(flatten)]
    lock: LockArguments,
    /// Hold `growth` against this revision; what was over budget there already fails only if it got worse
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// First mend what lints can mend without harm, in the files of the working tree
    #[arg(long, conflicts_with_all = ["rev", "staged", "locked"])]
    fix: bool,
    /// Say also what recorded answers are worth, as `eval --replay` does, and fail where it would; nobody is asked
    #[arg(long, conflicts_with = "shard")]
    eval: bool,
    /// What comes out
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; `contexture schema build` prints its schema
    Json,
    /// For the log of a GitHub workflow, which shows each warning at its line
    Github,
    /// For code scanning: the warnings as SARIF 2.1.0
    Sarif,
}

/// What a run found.
struct Found {
    /// Every context that was tried; `None` when it did not come to a report.
    results: Option<Vec<BuildResult>>,
    warnings: Vec<Diagnostic>,
    verdict: Verdict,
    /// What recorded answers say, where it was asked for.
    replay: Option<Replay>,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let (format, shard, named) = (arguments.format, arguments.shard.shard, !arguments.ids.is_empty());
    let workspace = session.workspace()?;
    let mut unmended = if arguments.fix {
        mend(Arguments { eval: false, ..arguments.clone() }, &workspace, session)?
    } else {
        Vec::new()
    };
    let Found { results, warnings, mut verdict, replay } = match examine(arguments, &workspace, session) {
        // A fault of the project as a whole has a place too.
        Err(Failure::Faults(warnings)) => Found { results: None, warnings, verdict: Verdict::Unanswered, replay: None },
        found => found?,
    };
    if !unmended.is_empty() && verdict != Verdict::Unanswered {
        // It came and went: what was not built was not mended either.
        session.tell("some contexts could not be built to mend them; run it again");
        verdict = Verdict::Unanswered;
    } else {
        unmended.clear();
    }
    let found = |each: bool| {
        let found = match &results {
            Some(results) => build::diagnostics(results, each),
            None => warnings.clone(),
        };
        let scored = replay.iter().flat_map(|replay| {
            eval::diagnostics(&replay.evaluation).into_iter().chain(replay.warnings.iter().cloned())
        });
        unmended.iter().cloned().chain(found).chain(scored).collect::<Vec<_>>()
    };
    let cut = |found: Vec<Diagnostic>| Cut::default().take(&found);
    let report = match (format, &results) {
        (Format::Text, Some(results)) => {
            let scored = replay.as_ref().map(|replay| format!("\n{}", eval::text(&replay.evaluation)));
            build::text(results, named, session.verbose) + &scored.unwrap_or_default()
        }
        (Format::Json, Some(results)) => {
            let evaluation = replay.as_ref().map(|replay| eval::EvalReport::new(&replay.evaluation));
            json(&build::BuildReport { evaluation, ..build::BuildReport::new(results).of_shard(shard) })
        }
        (Format::Text | Format::Json, None) => String::new(),
        (Format::Github, _) => github::commands(&cut(found(true)), workspace.prefix(), session.verbose),
        (Format::Sarif, _) => sarif::log(&cut(found(true)), workspace.prefix()),
    };
    if format == Format::Github {
        // These are commands, and hold no other. The runner looks for them on both streams, so each is given once.
        session.print_raw(without_secrets(&report).as_bytes())?;
    } else {
        session.warnings(&found(session.verbose));
        session.print(&report)?;
    }
    Ok(verdict)
}

/// Mends the files, and says which. Returns the faults of what could not be built.
fn mend(arguments: Arguments, workspace: &Workspace, session: &Session) -> Result<Vec<Diagnostic>, Failure> {
    let found = match examine(arguments, workspace, session) {
        Err(Failure::Faults(faults)) => return Ok(faults),
        found => found?,
    };
    let results = found.results.unwrap_or_default();
    let read = results.iter().filter_map(BuildResult::build).flat_map(|build| build.reads.files.keys());
    let Fixed { mended, left } = fix::fix(&System, workspace.root(), read, &found.warnings)?;
    for path in mended {
        session.tell(&format!("mended {path}"));
    }
    for (path, why) in left {
        session.tell(&format!("left {path} as it is: {why}"));
    }
    Ok(results.into_iter().filter_map(|tried| tried.result.err()).flatten().collect())
}

/// Builds every context as `build` would, up to the bytes of its bundle.
fn examine(arguments: Arguments, workspace: &Workspace, session: &Session) -> Result<Found, Failure> {
    let Arguments { ids, tree, shard, what_if: WhatIf { models, calls }, lock, base, as_of, fix: _, eval, format: _ } =
        arguments;
    let tree = session.tree(workspace, &tree)?;
    let progress = session.progress("checking");
    let as_of = Some(as_of.unwrap_or_else(super::session::today));
    let request =
        Request { contexts: ids, as_of, shard: shard.shard, models, calls, lints: true, ..Request::default() };
    let memory = Memory::default();
    let mut results = build_remembering(tree.as_ref(), &request, &memory)?;
    if let Some((verdict, warnings)) = super::lock::objections(lock, tree.as_ref(), &results)? {
        return Ok(Found { results: None, warnings, verdict, replay: None });
    }
    let base = base.as_ref().map(|base| workspace.commit(base)).transpose()?;
    if let Some(base) = &base {
        ratchet::hold(base, &mut results, &memory)?;
    }
    try_bodies(&mut results);
    let mut verdict = super::build::verdict(&results);
    let replay = if eval {
        let base = base.as_ref().map(|base| base as &dyn Tree);
        let heads = results.iter().filter_map(|tried| tried.result.as_ref().ok().cloned()).collect();
        let (mut pairs, said) = trials::pairs(heads, base.map(|base| (base, &request, &memory)), false)?;
        trials::with_judges(&mut pairs, (tree.as_ref(), base), as_of, &memory)?;
        let replay = super::eval::some(Trials::of(&pairs, false)?)?.replay(tree.as_ref(), base)?;
        said.into_iter().chain(replay.words()).for_each(|sentence| session.tell(&sentence));
        let answers = results.iter().map(BuildResult::answer).chain([replay.evaluation.answer()]);
        verdict = answers.max().map_or(verdict, Verdict::from);
        Some(replay)
    } else {
        None
    };
    progress.done();
    Ok(Found { warnings: build::unmerged(&results), results: Some(results), verdict, replay })
}
