//! `contexture simulate`: timed requests against a provider's cache rules.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::audit::trace::{self, TraceReport};
use crate::audit::{Log, declared};
use crate::cost::cards::{Choices, Date};
use crate::cost::scenario;
use crate::output::report;
use crate::pipeline::{Request, build_all};
use crate::syntax::error::{Error, Failure};
use crate::syntax::manifest::HitRate;
use crate::syntax::source::{ProjectPath, Source};

use super::session::Session;
use super::{Format, Verdict};

/// Replay timed requests against a provider's cache rules.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A scenario file; docs/simulator.md has its format
    #[arg(value_name = "FILE", required_unless_present_any = ["model", "context"])]
    file: Option<PathBuf>,
    /// Requests from a trace, one a line, read in a stream; then FILE says the model and its settings
    #[arg(long, value_name = "TRACE")]
    trace: Option<PathBuf>,
    /// The declared traffic of a context as the requests of a month, ID or ID@VARIANT
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "trace"])]
    context: Option<String>,
    /// What the times of a context's requests are drawn with
    #[arg(long, value_name = "N", default_value_t = 1, requires = "context")]
    seed: u64,
    /// The model or engine of the trace, where no FILE names one; which of a context's models [default: its first]
    #[arg(long, value_name = "MODEL", conflicts_with = "file")]
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
    let Arguments { file, trace, context, seed, model, block, as_of, format } = arguments;
    let print = |report: &TraceReport| {
        session.print(&match format {
            Format::Text => report::simulate::trace(report),
            Format::Json => report::json(report),
        })?;
        Ok(if report.requests > 0 { Verdict::Yes } else { Verdict::Unanswered })
    };
    if let Some(id) = context {
        return print(&of_context(id, model, (as_of, seed), session)?);
    }
    if trace.is_none() && model.is_some() {
        return Err(Error::usage("--model has no requests", "add --trace FILE or --context ID").into());
    }
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
        return print(&report);
    }
    let report = scenario::run(&scenario, &find)?;
    session.warnings(&report.warnings);
    session.print(&match format {
        Format::Text => report::simulate::text(&report.value),
        Format::Json => report::json(&report.value),
    })?;
    Ok(Verdict::Yes)
}

/// The declared traffic of a context, sent.
fn of_context(
    id: String,
    model: Option<String>,
    (as_of, seed): (Option<Date>, u64),
    session: &Session,
) -> Result<TraceReport, Failure> {
    let workspace = session.workspace()?;
    let day = as_of.unwrap_or_else(super::session::today);
    let models = model.into_iter().collect();
    let request = Request { contexts: vec![id], as_of: Some(day), models, ..Request::default() };
    let build = super::render::only(build_all(&workspace.worktree()?, &request)?)?;
    let usage = |what: &str, cure: &str| Error::usage(format!("`{}` {what}", build.id), cure);
    let own = build.models.first().ok_or_else(|| usage("names no model", "add `models:` to it, or give --model"))?;
    let traffic = build.traffic().ok_or_else(|| {
        usage(
            "does not say how often it is called",
            "add `traffic: {calls: 1000/day}` to it; docs/manifest.md has more",
        )
    })?;
    let tell = |holds: bool, sentence: String| {
        if holds {
            session.tell(&sentence)
        }
    };
    let others = build.models.len() - 1;
    tell(others > 0, format!("{} is simulated; --model names another of {} models", own.name, others + 1));
    tell(
        matches!(traffic.hit_rate, HitRate::Given(_)),
        "`hit_rate` has no effect here: reads are simulated".to_owned(),
    );
    tell(
        traffic.batch_calls() > 0,
        format!("{} calls a month go through a batch and are not sent", traffic.batch_calls()),
    );
    tell(
        traffic.live_calls() > declared::MOST_REQUESTS,
        format!("the first {} requests of a month are sent", declared::MOST_REQUESTS),
    );
    tell(traffic.replicas > declared::MOST_REPLICAS, format!("{} replicas are simulated", declared::MOST_REPLICAS));
    declared::declared((&build, own), &traffic, seed)
        .map_err(|_| usage("is marked as the provider refuses", "`contexture check` says why").into())
}

/// The file as diagnostics name it: as written where that is a plain relative path, else its last part.
fn shown(file: &Path) -> ProjectPath {
    let name = file.file_name().unwrap_or(file.as_os_str());
    ProjectPath::new(&file.to_string_lossy())
        .or_else(|_| ProjectPath::new(&name.to_string_lossy()))
        .unwrap_or_else(|_| ProjectPath::root())
}
