//! `contexture lock`, and what `--locked` means to the other commands.

use clap::Args;

use crate::output::report;
use crate::pipeline::lock::{LOCK_FILE, Lock, refusals};
use crate::pipeline::{BuildResult, Request, build_all, list};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::tree::Tree;
use crate::tree::write::System;

use super::session::Session;
use super::{LockArguments, TreeArguments, Verdict};

/// Write contexture.lock: the digests of every context and variant.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tree: TreeArguments,
    /// Write nothing; say whether the lock in that tree is what `lock` would write
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { tree, check } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let expected = if check { Some(read_lock(tree.as_ref())?) } else { None };
    let progress = session.progress("building");
    let attempts = build_all(tree.as_ref(), &Request::default())?;
    progress.done();
    let faults: Vec<Diagnostic> =
        attempts.iter().filter_map(|attempt| attempt.result.as_ref().err()).flatten().cloned().collect();
    if !faults.is_empty() {
        session.warnings(&faults);
        session.tell(&format!("{LOCK_FILE} is left as it was: a context that is broken cannot be locked"));
        return Ok(Verdict::Unanswered);
    }
    let lock = Lock::of(attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok()));
    match expected {
        Some(expected) => {
            let changes = expected.changes(&lock);
            session.print(&report::lock::check(&lock, &changes))?;
            Ok(if changes.is_empty() { Verdict::Yes } else { Verdict::No })
        }
        None => {
            // A lock that a merge has damaged is written anew like one that is not there.
            let before = Lock::of_tree(&workspace.worktree()?).ok().flatten().unwrap_or_default();
            let changes = before.changes(&lock);
            lock.write(&System, workspace.root())?;
            session.print(&report::lock::written(&lock, &changes))?;
            Ok(Verdict::Yes)
        }
    }
}

fn read_lock(tree: &dyn Tree) -> Result<Lock, Failure> {
    let missing =
        || Error::usage(format!("there is no {LOCK_FILE} to check"), "run `contexture lock` and commit the file");
    Ok(Lock::of_tree(tree)?.ok_or_else(missing)?)
}

/// The verdict on a run under `--locked` that has to stop, with what speaks against it drawn; `None`
/// where it goes on.
pub(super) fn refused(
    arguments: LockArguments,
    tree: &dyn Tree,
    attempts: &[BuildResult],
    session: &Session,
) -> Result<Option<Verdict>, Failure> {
    let Some((verdict, objections)) = objections(arguments, tree, attempts)? else { return Ok(None) };
    session.warnings(&objections);
    Ok(Some(verdict))
}

/// The verdict on a run under `--locked` that has to stop, and what speaks against it; `None` where
/// it goes on.
pub(super) fn objections(
    arguments: LockArguments,
    tree: &dyn Tree,
    attempts: &[BuildResult],
) -> Result<Option<(Verdict, Vec<Diagnostic>)>, Failure> {
    let LockArguments { locked } = arguments;
    if !locked {
        return Ok(None);
    }
    let mut objections = refusals(tree, &list(tree, None)?, attempts)?;
    if objections.is_empty() {
        return Ok(None);
    }
    let faults = attempts.iter().filter_map(|attempt| attempt.result.as_ref().err()).flatten();
    let refused = objections.len();
    objections.extend(faults.cloned());
    let verdict = if objections.len() == refused { Verdict::No } else { Verdict::Unanswered };
    Ok(Some((verdict, objections)))
}
