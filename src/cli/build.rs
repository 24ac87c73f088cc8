//! `contexture build`: build contexts, write bundles, print the report, hold the budgets.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::compare::ratchet;
use crate::cost::cards::Date;
use crate::output::answer::{self, Answer, Wish};
use crate::output::bundle::depfile;
use crate::output::bundle::{self, known, statement};
use crate::output::page::{self, Page};
use crate::output::report;
use crate::pipeline::{Build, BuildResult, Request};
use crate::syntax::error::{Error, Failure};
use crate::tree::store::Store;
use crate::tree::write::System;

use super::session::Session;
use super::{LockArguments, ShardArguments, TreeArguments, Verdict};

/// Build contexts, write bundles, print the report, hold the budgets.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, or ID@VARIANT; without one, every context and variant
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
        depfile,
        provenance,
        lock,
        base,
        as_of,
        format,
    } = arguments;
    let place = session.place()?;
    let output = match output {
        Some(written) => session.path(&written),
        None => {
            let output = place.root().join("dist");
            bundle::no_link(place.root(), &output)?;
            output
        }
    };
    let tree = session.tree(&place, &tree)?;
    let progress = session.progress("building");
    let request = Request { contexts: ids, as_of, shard, ..Request::default() };
    let record = format == Format::Json;
    // What only a build itself can tell is not kept.
    let needs_builds =
        lock.locked || base.is_some() || depfile.is_some() || provenance || format == Format::Html || session.verbose;
    let mut answers = if needs_builds {
        let mut attempts = session.build(tree.as_ref(), &request)?;
        if let Some(verdict) = super::lock::refused(lock, tree.as_ref(), &attempts, session)? {
            return Ok(verdict);
        }
        if let Some(base) = &base {
            ratchet::hold(&place.commit(base)?, &mut attempts, &session.memory())?;
        }
        attempts.par_iter().map(|attempt| Answer::of(attempt, record)).collect()
    } else {
        let stands = |answer: &Answer| known::stands(answer, &output, &session.store);
        session.answers(tree.as_ref(), &request, &Wish { record, shown: session.shown(), will_do: &stands })?
    };
    progress.now("writing");
    write(&mut answers, &output, &session.store)?;
    answer::keep(&answers, &session.store);
    if provenance {
        state(&answers, &output)?;
    }
    if let Some(written) = &depfile {
        let here = std::env::current_dir().map_err(|error| Error::file("cannot enter", ".", error))?;
        let rules = depfile::rules(&place, tree.as_ref(), built(&answers), &output)?;
        depfile::write(&System, &depfile::text(&rules, &here)?, &session.path(written))?;
    }
    progress.done();
    session.print(&match format {
        Format::Text => report::build::text(&answers, session.verbose),
        Format::Json => report::build::BuildReport::new(&answers).of_shard(shard).json(),
        Format::Html => {
            let attempts: Vec<BuildResult> = answers.iter().filter_map(Answer::attempt).collect();
            page::frozen(&Page::new(&attempts), &report::build::text(&answers, true))
        }
    })?;
    session.warnings(&report::build::diagnostics(&answers));
    Ok(verdict(&answers))
}

/// Writes the bundle of every context that this run built. One whose settings a dialect cannot say is
/// broken after all; its old bundle stays.
fn write(answers: &mut [Answer], output: &Path, store: &Store) -> Result<(), Failure> {
    let written = answers.par_iter_mut().map(|answer| {
        let (Ok(_), Some(build)) = (&answer.result, &answer.build) else { return Ok(()) };
        match bundle::write(&System, build, output) {
            Ok(_) => {
                known::remember(answer, output, store);
                Ok(())
            }
            Err(Failure::Faults(faults)) => {
                answer.result = Err(faults);
                Ok(())
            }
            Err(Failure::Error(error)) => Err(error),
        }
    });
    // The first in order, so that the same failure is told whatever the number of threads.
    let outcomes: Vec<_> = written.collect();
    outcomes.into_iter().collect::<Result<(), _>>().map_err(Failure::from)
}

/// What this run built, of the contexts that are fine to the end.
fn built(answers: &[Answer]) -> impl Iterator<Item = &Build> {
    answers.iter().filter(|answer| answer.result.is_ok()).filter_map(|answer| answer.build.as_deref())
}

/// Writes the statement on every bundle. They are made of the values that the bundles were made of: what
/// became of the files since is for `verify` to say.
fn state(answers: &[Answer], output: &Path) -> Result<(), Failure> {
    for build in built(answers) {
        let statement = statement::statement(build, &bundle::bundle(build)?).ok_or_else(|| {
            let what =
                format!("{} is built from text that no commit holds, so nothing can be said of its origin", build.id);
            Error::usage(what, "commit first, or build a revision with --rev")
        })?;
        statement::write(&System, &bundle::folder(&build.id, output), &statement)?;
    }
    Ok(())
}

/// Fine, over a budget, or broken in part.
pub(super) fn verdict(answers: &[Answer]) -> Verdict {
    let broken = answers.iter().any(|answer| answer.result.is_err());
    let fails = answers.iter().any(|answer| answer.result.as_ref().is_ok_and(report::build::fails));
    match (broken, fails) {
        (true, _) => Verdict::Unanswered,
        (false, true) => Verdict::No,
        (false, false) => Verdict::Yes,
    }
}
