//! `contexture list`: contexts, variants, and who uses a file.

use clap::Args;

use crate::output::report::json;
use crate::output::report::list::ListReport;
use crate::pipeline::{self, Usage};
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::ProjectPath;

use super::session::Session;
use super::{Format, TreeArguments, Verdict};

/// List contexts and variants, and who uses a file.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only contexts whose prompt uses this fragment, template, example set or manifest
    #[arg(long, value_name = "PATH")]
    uses: Option<String>,
    #[command(flatten)]
    tree: TreeArguments,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { uses, tree, format } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let uses = match uses {
        Some(written) => Some(ProjectPath::new(&written).map_err(|fault| {
            Error::usage(format!("`{written}`: {fault}"), "give a path relative to the project root")
        })?),
        None => None,
    };
    let listed: Vec<Usage> = pipeline::list(tree.as_ref(), uses.as_ref())?;
    let broken: Vec<_> = listed.iter().filter_map(|usage| usage.faults.as_ref().err()).flatten().cloned().collect();
    let report = ListReport::new(&listed);
    session.warnings(&broken);
    session.print(&match format {
        Format::Text => report.text(),
        Format::Json => json(&report),
    })?;
    if let Some(path) = &uses
        && !matches!(tree.identity(path), Ok(Some(_)))
    {
        let cure = "give the path of a file below the project root, or of the commit that `--rev` names";
        return Err(Error::usage(format!("there is no file `{path}` that can be read"), cure).into());
    }
    Ok(if broken.is_empty() { Verdict::Yes } else { Verdict::Unanswered })
}
