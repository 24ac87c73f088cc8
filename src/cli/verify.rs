//! `contexture verify`: do bundles follow from the commits that they name.

use std::path::PathBuf;

use clap::Args;

use crate::cost::cards::Date;
use crate::output::bundle::verify::{Expectation, Finding, verify};
use crate::output::report::inert;
use crate::syntax::error::Failure;
use crate::text::project::ContextId;

use super::Verdict;
use super::session::{Session, complain};

/// Tell whether bundles follow from the commits that they name.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folders that `build` wrote, such as dist/support/triage.bundle
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<PathBuf>,
    /// They must be of this very commit
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Their commit must be in the history of this branch
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// They must be of this context, ID or ID@VARIANT
    #[arg(long, value_name = "ID")]
    context: Option<String>,
    /// They must be of the prices and rules of this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// They must be of the model cards of this digest, as `bundle.json` has it
    #[arg(long, value_name = "DIGEST")]
    cards: Option<String>,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { bundles, rev, branch, context, as_of, cards } = arguments;
    let workspace = session.workspace()?;
    let expected = Expectation { rev, branch, context: context.as_deref().map(ContextId::parse), as_of, cards };
    let (mut differs, mut unanswered) = (false, false);
    for bundle in &bundles {
        // With one there is no doubt which one is meant.
        let name = if bundles.len() > 1 { format!("{}: ", bundle.display()) } else { String::new() };
        match verify(&workspace, &session.path(bundle), &expected) {
            Ok(Finding::Follows { id, commit, has_statement }) => {
                let what = if has_statement { " and its statement follow" } else { " follows" };
                session.print(&inert::words(&format!("{id}{what} from {commit}\n")))?;
            }
            Ok(Finding::Differs(reasons)) => {
                for reason in reasons {
                    session.print(&format!("{}\n", inert::words(&format!("{name}{reason}"))))?;
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
    let trusted = expected.taken_on_trust();
    if !trusted.is_empty() && !unanswered && !differs {
        // A middleman may have put another sound bundle in this one's place.
        session.tell(&format!(
            "taken from the bundle itself: {}; see `contexture verify --help` for how to say what is expected",
            trusted.join(", ")
        ));
    }
    Ok(match (unanswered, differs) {
        (true, _) => Verdict::Unanswered,
        (false, true) => Verdict::No,
        (false, false) => Verdict::Yes,
    })
}
