//! `contexture join`: the JSON reports of shards as one.

use std::path::PathBuf;

use clap::Args;

use crate::output::join::{Report, join};
use crate::syntax::error::{Error, Failure};

use super::Verdict;
use super::session::Session;

/// Join the JSON reports of all shards of one run into the report of a run without shards.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `check`, `build`, `diff` or `log` printed with `--shard` and `--format json`, a file a shard
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { files } = arguments;
    let read = |file: &PathBuf| Ok(Report { name: file.display().to_string(), text: session.text_of(file)? });
    let reports: Vec<Report> = files.iter().map(read).collect::<Result<_, Error>>()?;
    let joined = join(&reports)?;
    session.print(&joined.text)?;
    Ok(match (joined.is_broken, joined.is_blocked) {
        (true, _) => Verdict::Unanswered,
        (false, true) => Verdict::No,
        (false, false) => Verdict::Yes,
    })
}
