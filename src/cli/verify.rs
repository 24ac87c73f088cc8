//! `contexture verify`: does a bundle follow from the commit that it names.

use std::path::PathBuf;

use clap::Args;

use crate::error::Failure;
use crate::verify::{Finding, verify};

use super::Verdict;
use super::session::Session;

/// Tell whether a bundle follows from the commit that it names.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder that `build` wrote, such as dist/support/triage.bundle
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { bundle } = arguments;
    let place = session.place()?;
    match verify(&place, &session.path(&bundle))? {
        Finding::Follows { id, commit, has_statement } => {
            let what = if has_statement { " and its statement follow" } else { " follows" };
            session.print(&format!("{id}{what} from {commit}\n"))?;
            Ok(Verdict::Yes)
        }
        Finding::Differs(reasons) => {
            for reason in reasons {
                session.print(&format!("{}\n", crate::report::inert::terminal(&reason)))?;
            }
            Ok(Verdict::No)
        }
    }
}
