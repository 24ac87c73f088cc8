//! `contexture audit`: what usage logs say that was paid, and what the caches did.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::audit::readers::Format as LogFormat;
use crate::audit::record::Millis;
use crate::audit::revisions::Revisions;
use crate::audit::{Audit, Log, Question, Reading, files};
use crate::cost::cards::Date;
use crate::output::{page, report};
use crate::syntax::error::{Error, Failure};

use super::Verdict;
use super::session::Session;

/// Price usage logs, and say why caches missed and what it cost.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Logs and folders of them; `-` is standard input
    #[arg(value_name = "LOG", required = true)]
    logs: Vec<PathBuf>,
    /// What the logs are, where their content should not decide: docs/audit.md lists the formats
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    format_in: Option<LogFormat>,
    /// Only requests from this day or moment on: 2026-11-03, 2026-11-03T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Millis>,
    /// Only requests that carry the digest of this context, ID or ID@VARIANT
    #[arg(long, value_name = "ID")]
    context: Option<String>,
    /// Look for the digests of requests in commits after this revision only [default: the whole history]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The day of requests that say none [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Printed::Text, value_name = "FORMAT")]
    format: Printed,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Printed {
    /// For people, one screen
    Text,
    /// For programs; `contexture schema audit` prints its schema
    Json,
    /// For a comment or a page
    Markdown,
    /// The misses as a table
    Csv,
    /// One page: a timeline of reads, writes and misses, and all lists
    Html,
}

fn log_format(written: &str) -> Result<LogFormat, String> {
    let named = |own: &&LogFormat| own.as_str() == written;
    let all = || LogFormat::ALL.iter().map(|own| own.as_str()).collect::<Vec<_>>().join(", ");
    LogFormat::ALL.iter().find(named).copied().ok_or_else(|| format!("the formats are {}", all()))
}

fn moment(written: &str) -> Result<Millis, &'static str> {
    let day = || Millis::parse(&format!("{written}T00:00:00Z"));
    Millis::parse(written).or_else(day).ok_or("a day such as 2026-11-03, or a moment such as 2026-11-03T09:00:00Z")
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { logs, format_in, since, context, base, as_of, format } = arguments;
    let mut reading = Reading::default();
    let progress = session.progress("reading logs");
    for written in &logs {
        if written == Path::new("-") {
            reading.read(Log { name: "standard input".to_owned(), stream: Box::new(std::io::stdin()) }, format_in);
            continue;
        }
        let path = session.path(written);
        let below = files::below(&path).map_err(|error| Error::file("cannot list", written, error))?;
        if below.passed_over > 0 {
            session.tell(&report::audit::passed_over(below.passed_over, written));
        }
        for file in below.logs {
            let stream = File::open(&file).map_err(|error| Error::file("cannot read", &file, error))?;
            // As the log was named on the command line, not by where the command runs.
            let name = match file.strip_prefix(&path) {
                Ok(rest) if !rest.as_os_str().is_empty() => written.join(rest),
                _ => written.clone(),
            };
            reading.read(Log { name: name.display().to_string(), stream: Box::new(stream) }, format_in);
        }
    }
    progress.done();
    reading.requests.end();
    let cards = session.cards()?;
    let today = as_of.unwrap_or_else(super::session::today);
    let digests = reading.digests();
    let asks = context.is_some() || base.is_some();
    // Outside of a project with commits the bill is still one.
    let nowhere = |why: &str| {
        session.tell(&format!("requests carry digests, and {why}: no commit is named"));
        Revisions::default()
    };
    let revisions = match session.workspace() {
        _ if digests.is_empty() && asks => {
            session.tell("no request carries a digest: `--context` and `--base` have nothing to look for");
            Revisions::default()
        }
        _ if digests.is_empty() => Revisions::default(),
        Ok(workspace) => match Revisions::find(&workspace, &digests, context.as_deref(), base.as_deref(), today) {
            Ok(revisions) => revisions,
            Err(failure) if asks => return Err(failure),
            Err(_) => nowhere("the history here cannot be read"),
        },
        Err(error) if asks => return Err(error.into()),
        Err(_) => nowhere("there is no project here"),
    };
    let audit = Audit::new(&reading, &Question { cards: &cards, today, since, revisions, context });
    session.print(&match format {
        Printed::Text => report::audit::text(&audit, session.verbose),
        Printed::Json => report::json(&audit),
        Printed::Markdown => report::audit::markdown(&audit),
        Printed::Csv => report::audit::csv(&audit),
        Printed::Html => page::bill(&audit),
    })?;
    Ok(if audit.requests > 0 { Verdict::Yes } else { Verdict::Unanswered })
}
