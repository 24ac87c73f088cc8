//! `contexture types`: contexts as typed functions for an application.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::output::types::{self, callable, module};
use crate::pipeline::{BuildResult, Request, build_all};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::tree::write::{self, System};

use super::session::Session;
use super::{TreeArguments, Verdict};

/// Write contexts as typed functions for an application.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The language of the application
    language: Language,
    /// Contexts, ID or ID@VARIANT [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    tree: TreeArguments,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Python 3.10 and later, with the package contexture-bundle
    Python,
    /// TypeScript, with the package contexture-bundle
    Typescript,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { language, ids, out, tree } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let is_asked_for_all = ids.is_empty();
    let results = build_all(tree.as_ref(), &Request { contexts: ids, ..Request::default() })?;
    let faults: Vec<Diagnostic> =
        results.iter().filter_map(|one| one.result.as_ref().err()).flatten().cloned().collect();
    if !faults.is_empty() {
        session.warnings(&faults);
        return Ok(Verdict::Unanswered);
    }
    let mut builds: Vec<_> = results.iter().filter_map(BuildResult::build).collect();
    let (some, left_out) = callable(&builds);
    if is_asked_for_all && !some.is_empty() {
        builds = some;
        session.warnings(&left_out);
    }
    let language = match language {
        Language::Python => types::Language::Python,
        Language::Typescript => types::Language::TypeScript,
    };
    let text = module(&builds, language)?;
    match out.map(|path| session.path(&path)) {
        Some(path) => {
            write::file(&System, &path, text.as_bytes()).map_err(|error| Error::file("cannot write", &path, error))?
        }
        None => session.print_raw(text.as_bytes())?,
    }
    Ok(Verdict::Yes)
}
