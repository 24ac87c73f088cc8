//! What is generated from the program itself: schemas, completions, manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::output::schema;
use crate::syntax::error::{Error, Failure};
use crate::tree::write::{self, System};

use super::session::Session;
use super::{Cli, Verdict};

/// Print the JSON Schema of a file format or an output.
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Which one; without it, all names are listed
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Write every schema into DIR as NAME.schema.json
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    out: Option<PathBuf>,
}

/// Print a completion script for a shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    shell: Shell,
}

/// Print the manual page, or write one a command into a folder.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// Write contexture.1, contexture-build.1 and so on into DIR
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn schema(arguments: SchemaArguments, session: &Session) -> Result<Verdict, Failure> {
    let SchemaArguments { name, out } = arguments;
    match (name, out) {
        (None, None) => {
            let width = schema::SCHEMAS.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
            let line = |(name, what, _): &(&str, &str, _)| format!("{name:<width$}  {what}\n");
            let lines: String = schema::SCHEMAS.iter().map(line).collect();
            session.print(&lines)?;
        }
        (None, Some(folder)) => {
            let folder = session.path(&folder);
            write::sweep(&System, [folder.as_path()]);
            for (name, _, made) in schema::SCHEMAS {
                let path = folder.join(format!("{name}.schema.json"));
                let text = made();
                write::file(&System, &path, text.as_bytes())
                    .map_err(|error| Error::file("cannot write", &path, error))?;
            }
        }
        (Some(name), _) => match schema::of(&name) {
            Some(text) => session.print(&text)?,
            None => {
                let known: Vec<&str> = schema::SCHEMAS.iter().map(|(name, ..)| *name).collect();
                let cure = crate::syntax::diag::did_you_mean(&name, known.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", known.join(", ")));
                return Err(Error::usage(format!("there is no schema `{name}`"), cure).into());
            }
        },
    }
    Ok(Verdict::Yes)
}

pub(super) fn completions(arguments: CompletionsArguments, session: &Session) -> Result<Verdict, Failure> {
    let CompletionsArguments { shell } = arguments;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "contexture", &mut script);
    session.print_raw(&script)?;
    Ok(Verdict::Yes)
}

pub(super) fn man(arguments: ManArguments, session: &Session) -> Result<Verdict, Failure> {
    let ManArguments { out } = arguments;
    // The date is left out, so that the page is the same whenever it is made.
    let command = super::command();
    let Some(folder) = out else {
        let mut page = Vec::new();
        let drawn = clap_mangen::Man::new(command).date("").render(&mut page);
        drawn.map_err(|error| Error::file("cannot draw", "the manual page", error))?;
        session.print_raw(&page)?;
        return Ok(Verdict::Yes);
    };
    let folder = session.path(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Error::file("cannot make", &folder, error))?;
    clap_mangen::generate_to(command, &folder).map_err(|error| Error::file("cannot write into", &folder, error))?;
    Ok(Verdict::Yes)
}
