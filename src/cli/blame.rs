//! `contexture blame`: who brought which tokens.

use clap::Args;

use crate::compare::blame::blame;
use crate::cost::cards::Date;
use crate::output::report::blame::{BlameReport, text};
use crate::output::report::json;
use crate::pipeline::{Request, build_all};
use crate::syntax::error::Failure;

use super::session::Session;
use super::{Format, Verdict};

/// Tell which commits and authors brought the tokens of a prompt.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT
    #[arg(value_name = "ID")]
    id: String,
    /// The commit to look at
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// Price this model instead of those of the manifest; may be given more than once
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { id, rev, models, as_of, format } = arguments;
    let workspace = session.workspace()?;
    let tree = workspace.commit(&rev)?;
    let progress = session.progress("building");
    let build =
        super::render::only(build_all(&tree, &Request { contexts: vec![id], as_of, models, ..Request::default() })?)?;
    progress.now("reading history");
    let blame = blame(&workspace, &tree, &build)?;
    progress.done();
    session.warnings(&build.errors().cloned().collect::<Vec<_>>());
    session.print(&match format {
        Format::Text => text(&build, &blame, session.verbose),
        Format::Json => json(&BlameReport::new(&build, &blame)),
    })?;
    Ok(Verdict::Yes)
}
