//! `contexture verify`: do bundles follow from the commits that they name.

use std::path::PathBuf;

use clap::Args;

use crate::output::bundle::verify::{Finding, verify};
use crate::output::report::inert;
use crate::syntax::error::Failure;

use super::Verdict;
use super::session::{Session, complain};

/// Tell whether bundles follow from the commits that they name.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folders that `build` wrote, such as dist/support/triage.bundle
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<PathBuf>,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { bundles } = arguments;
    let workspace = session.workspace()?;
    let (mut differs, mut unanswered) = (false, false);
    for bundle in &bundles {
        // With one there is no doubt which one is meant.
        let name = if bundles.len() > 1 { format!("{}: ", bundle.display()) } else { String::new() };
        match verify(&workspace, &session.path(bundle)) {
            Ok(Finding::Follows { id, commit, has_statement }) => {
                let what = if has_statement { " and its statement follow" } else { " follows" };
                session.print(&format!("{id}{what} from {commit}\n"))?;
            }
            Ok(Finding::Differs(reasons)) => {
                for reason in reasons {
                    session.print(&format!("{}\n", inert::terminal(&format!("{name}{reason}"))))?;
                }
                differs = true;
            }
            // One that cannot be answered keeps none of the others from its answer.
            Err(failure) => {
                match failure {
                    Failure::Faults(faults) => session.warnings(&faults),
                    Failure::Error(error) => complain(&error),
                }
                unanswered = true;
            }
        }
    }
    Ok(match (unanswered, differs) {
        (true, _) => Verdict::Unanswered,
        (false, true) => Verdict::No,
        (false, false) => Verdict::Yes,
    })
}
