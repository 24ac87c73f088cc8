//! `contexture check`: what `build` would say, without writing anything.

use clap::Args;
use rayon::prelude::*;

use crate::build::{Request, build_all};
use crate::emit::request::bodies;
use crate::error::Failure;
use crate::models::Date;
use crate::ratchet;
use crate::report;

use super::session::Session;
use super::{Format, LockArguments, TreeArguments, Verdict};

/// Build without writing: for CI and pre-commit.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, or ID@VARIANT; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    #[command(flatten)]
    lock: LockArguments,
    /// Hold `growth` against this revision; what was over budget there already fails only if it got worse
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { ids, tree, lock, base, as_of, format } = arguments;
    let place = session.place()?;
    let tree = session.tree(&place, &tree)?;
    let progress = session.progress("checking");
    let as_of = Some(as_of.unwrap_or_else(super::session::today));
    let mut attempts = build_all(tree.as_ref(), &Request { contexts: ids, as_of, models: Vec::new() })?;
    if let Some(verdict) = super::lock::refused(lock, tree.as_ref(), &attempts, session)? {
        return Ok(verdict);
    }
    if let Some(base) = &base {
        ratchet::hold(&place.commit(base)?, &mut attempts)?;
    }
    attempts.par_iter_mut().for_each(|attempt| {
        let Ok(build) = &attempt.result else { return };
        let faults: Vec<_> = build.models.iter().filter_map(|model| bodies(build, model).err()).flatten().collect();
        if !faults.is_empty() {
            attempt.result = Err(faults);
        }
    });
    progress.done();
    session.print(&match format {
        Format::Text => report::build::text(&attempts, session.verbose),
        Format::Json => report::build::BuildReport::new(&attempts).json(),
    })?;
    session.remarks(&report::build::diagnostics(&attempts));
    Ok(super::build::verdict(&attempts))
}
