//! `contexture top`: where the money goes.

use clap::Args;

use crate::cost::cards::Date;
use crate::output::report::build::diagnostics;
use crate::output::report::json;
use crate::output::report::top::TopReport;
use crate::pipeline::{Request, build_all};
use crate::syntax::error::Failure;

use super::session::Session;
use super::{Format, TreeArguments, Verdict};

/// Show where the money goes: contexts by month, and what that is made of.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, ID@VARIANT, or patterns such as 'support/*'; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    /// Build for these models instead of those in the manifests
    #[arg(short, long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// Rows to show; -v shows all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { ids, tree, models, as_of, limit, format } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let progress = session.progress("building");
    let as_of = Some(as_of.unwrap_or_else(super::session::today));
    let mut results = build_all(tree.as_ref(), &Request { contexts: ids, as_of, models, ..Request::default() })?;
    progress.done();
    let report = TopReport::new(&results);
    let shown = match format {
        Format::Text => report.text(if session.verbose { usize::MAX } else { limit }),
        Format::Json => json(&report),
    };
    // What is worth a warning is told by `check`.
    results.retain(|tried| tried.result.is_err());
    session.warnings(&diagnostics(&results, session.verbose));
    session.print(&shown)?;
    Ok(if results.is_empty() { Verdict::Yes } else { Verdict::Unanswered })
}
