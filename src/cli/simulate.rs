//! `contexture simulate`: timed requests against a provider's cache rules.

use std::path::PathBuf;

use clap::Args;

use crate::cost::cards::{Choices, Date};
use crate::cost::scenario;
use crate::output::report;
use crate::syntax::error::Failure;
use crate::syntax::source::{ProjectPath, Source};

use super::session::Session;
use super::{Format, Verdict};

/// Replay timed requests against a provider's cache rules.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A scenario file; docs/simulator.md has its format
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { file, as_of, format } = arguments;
    let source = Source::new(shown(&file), session.text_of(&file)?);
    let day = as_of.unwrap_or_else(super::session::today);
    let cards = session.cards()?;
    let find = |name: &str| {
        cards.find(name).map(|card| card.at(day).model(&Choices::default())).map_err(|unknown| unknown.near)
    };
    let report = scenario::run(&scenario::read(&source)?, &find)?;
    session.warnings(&report.warnings);
    session.print(&match format {
        Format::Text => report::simulate::text(&report.value),
        Format::Json => report::json(&report.value),
    })?;
    Ok(Verdict::Yes)
}

/// The file as diagnostics name it: as written where that is a plain relative path, else its last part.
fn shown(file: &std::path::Path) -> ProjectPath {
    let name = file.file_name().unwrap_or(file.as_os_str());
    ProjectPath::new(&file.to_string_lossy())
        .or_else(|_| ProjectPath::new(&name.to_string_lossy()))
        .unwrap_or_else(|_| ProjectPath::root())
}
