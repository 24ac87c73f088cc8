//! `contexture build`: build contexts, write bundles, print the report, hold the budgets.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::compare::ratchet;
use crate::cost::cards::Date;
use crate::output::bundle::depfile;
use crate::output::bundle::{self, statement};
use crate::output::page::{self, Page};
use crate::output::report;
use crate::pipeline::{Build, BuildResult, Memory, Request, build_remembering};
use crate::syntax::error::{Error, Failure};
use crate::tree::write::{System, no_link};

use super::session::Session;
use super::{LockArguments, ShardArguments, TreeArguments, Verdict, WhatIf};

/// Build contexts, write bundles, print the report, hold the budgets.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, ID@VARIANT, or patterns such as 'support/*'; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Where bundles are written [default: dist, below the project root]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    tree: TreeArguments,
    #[command(flatten)]
    shard: ShardArguments,
    /// Write what each bundle was made from to FILE, in the syntax of Make, for ninja and others
    #[arg(long, value_name = "FILE")]
    depfile: Option<PathBuf>,
    /// Write beside each bundle what it was made from, as an in-toto statement that can be signed
    #[arg(long)]
    provenance: bool,
    #[command(flatten)]
    what_if: WhatIf,
    #[command(flatten)]
    lock: LockArguments,
    /// Hold `growth` against this revision; what was over budget there already fails only if it got worse
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
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
    /// One page for a browser
    Html,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments {
        ids,
        output,
        tree,
        shard: ShardArguments { shard },
        what_if: WhatIf { models, calls },
        depfile,
        provenance,
        lock,
        base,
        as_of,
        format,
    } = arguments;
    let workspace = session.workspace()?;
    let output = match output {
        Some(written) => session.path(&written),
        None => {
            let output = workspace.root().join("dist");
            no_link(workspace.root(), &output)?;
            output
        }
    };
    let tree = session.tree(&workspace, &tree)?;
    let progress = session.progress("building");
    let named = !ids.is_empty();
    let request = Request { contexts: ids, as_of, shard, models, calls, ..Request::default() };
    let memory = Memory::default();
    let mut results = build_remembering(tree.as_ref(), &request, &memory)?;
    if let Some(verdict) = super::lock::refused(lock, tree.as_ref(), &results, session)? {
        return Ok(verdict);
    }
    if let Some(base) = &base {
        ratchet::hold(&workspace.commit(base)?, &mut results, &memory)?;
    }
    progress.now("writing");
    bundle::write_all(&System, &mut results, &output)?;
    let builds = || results.iter().filter_map(BuildResult::build);
    if provenance {
        statement::write_all(&System, builds(), &output)?;
    }
    if let Some(written) = &depfile {
        let here = std::env::current_dir().map_err(|error| Error::file("cannot enter", ".", error))?;
        let rules = depfile::rules(&workspace, tree.as_ref(), builds(), &output)?;
        depfile::write(&System, &depfile::text(&rules, &here)?, &session.path(written))?;
    }
    progress.done();
    let heads: Vec<&Build> = results.iter().filter_map(BuildResult::build).collect();
    let replay = match format {
        Format::Html => super::eval::recorded(tree.as_ref(), &request, &memory, (&heads, None))?,
        Format::Text | Format::Json => None,
    };
    let broken = replay.iter().flat_map(|replay| replay.broken.iter().cloned());
    let said = report::build::diagnostics(&results, session.verbose).into_iter().chain(broken);
    session.warnings(&said.collect::<Vec<_>>());
    session.print(&match format {
        Format::Text => report::build::text(&results, named, session.verbose),
        Format::Json => report::json(&report::build::BuildReport::new(&results).of_shard(shard)),
        Format::Html => {
            let evaluation = replay.as_ref().map(|replay| report::eval::Recorded::of(replay, "contexture eval"));
            page::frozen(&Page { evaluation, ..Page::new(&results) }, &report::build::text(&results, named, true))
        }
    })?;
    Ok(verdict(&results))
}

/// The worst answer of all.
pub(super) fn verdict(results: &[BuildResult]) -> Verdict {
    results.iter().map(BuildResult::answer).max().map_or(Verdict::Yes, Verdict::from)
}
