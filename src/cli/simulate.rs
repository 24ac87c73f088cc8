//! `contexture simulate`: timed requests against a provider's cache rules.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::{Log, trace};
use crate::cost::cards::{Choices, Date};
use crate::cost::scenario;
use crate::output::report;
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::{ProjectPath, Source};

use super::session::Session;
use super::{Format, Verdict};

/// Replay timed requests against a provider's cache rules.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A scenario file; docs/simulator.md has its format
    #[arg(value_name = "FILE", required_unless_present = "model")]
    file: Option<PathBuf>,
    /// Requests from a trace, one a line, read in a stream; then FILE says the model and its settings
    #[arg(long, value_name = "TRACE")]
    trace: Option<PathBuf>,
    /// The model or engine of the trace, where no FILE names one
    #[arg(long, value_name = "MODEL", requires = "trace", conflicts_with = "file")]
    model: Option<String>,
    /// Tokens that a block hash of the trace stands for
    #[arg(long, value_name = "TOKENS", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=1_000_000), requires = "trace")]
    block: u64,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { file, trace, model, block, as_of, format } = arguments;
    let source = match (file, model) {
        (Some(file), _) => Source::new(shown(&file), session.text_of(&file)?),
        (None, model) => {
            let text = serde_json::json!({ "model": model.unwrap_or_default() }).to_string();
            Source::new(shown(Path::new("--model")), text)
        }
    };
    let day = as_of.unwrap_or_else(super::session::today);
    let cards = session.cards()?;
    let find = |name: &str| {
        cards.find(name).map(|card| card.at(day).model(&Choices::default())).map_err(|unknown| unknown.near)
    };
    let scenario = scenario::read(&source)?;
    if let Some(written) = trace {
        let (model, live_at_ttl) = scenario::model(&scenario, &find)?;
        let stream: Box<dyn Read> = if written == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(File::open(session.path(&written)).map_err(|error| Error::file("cannot read", &written, error))?)
        };
        let log = Log { name: written.display().to_string(), stream };
        let report = trace::trace(log, &model, block, live_at_ttl)
            .map_err(|error| Error::file("cannot read", &written, error))?;
        session.print(&match format {
            Format::Text => report::simulate::trace(&report),
            Format::Json => report::json(&report),
        })?;
        return Ok(if report.requests > 0 { Verdict::Yes } else { Verdict::Unanswered });
    }
    let report = scenario::run(&scenario, &find)?;
    session.warnings(&report.warnings);
    session.print(&match format {
        Format::Text => report::simulate::text(&report.value),
        Format::Json => report::json(&report.value),
    })?;
    Ok(Verdict::Yes)
}

/// The file as diagnostics name it: as written where that is a plain relative path, else its last part.
fn shown(file: &Path) -> ProjectPath {
    let name = file.file_name().unwrap_or(file.as_os_str());
    ProjectPath::new(&file.to_string_lossy())
        .or_else(|_| ProjectPath::new(&name.to_string_lossy()))
        .unwrap_or_else(|_| ProjectPath::root())
}
