//! `contexture count`: the tokens of any text, by tokenizer family; and of prompts, as their providers count them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rayon::prelude::*;

use crate::cost::tokens::{Tokenizer, UserTokenizer, chosen};
use crate::evaluate::counted::{self, Means};
use crate::output::report::count::{CountReport, Counted, RemoteReport};
use crate::output::report::json;
use crate::pipeline::measured::{COUNTS_FILE, MeasuredCounts};
use crate::pipeline::{BuildResult, Request, build_all};
use crate::prompt::bodies::Dialect;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::ProjectPath;
use crate::text::fragment::Fragments;
use crate::tree::write::System;

use super::session::Session;
use super::{Format, Verdict};

/// Count the tokens of files, or of standard input (`-`); with --remote those of contexts, as their providers count them.
#[derive(Debug, Args)]
#[command(long_about = "\
Count the tokens of files, or of standard input (`-`); with --remote those of contexts, as their providers count them.

--remote asks the providers' counting endpoints for every prompt of the working tree and writes contexture.counts; commit it. \
There a count replaces the estimate, for as long as the prompt is the same. What is recorded is not asked again. Keys and \
addresses come from the environment and the command line, as for eval.")]
pub(super) struct Arguments {
    /// Files to count; `-` or nothing is standard input. With --remote contexts, ID@VARIANT or patterns; nothing is all
    #[arg(value_name = "FILE|ID")]
    files: Vec<PathBuf>,
    /// A tokenizer.json to count with as well
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Only these encodings and families, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    by: Vec<String>,
    /// Have the providers of the models count the prompts of contexts, and record it
    #[arg(long, conflicts_with_all = ["tokenizer", "by"])]
    remote: bool,
    /// Count for this model instead of those of the manifests; may be given several times
    #[arg(short, long = "model", value_name = "MODEL", requires = "remote")]
    models: Vec<String>,
    /// Ask again for what is recorded
    #[arg(long, requires = "remote")]
    fresh: bool,
    /// Where the models are served, for all of them or for those of a dialect: chat=http://127.0.0.1:8080/v1
    #[arg(long, value_name = "[DIALECT=]URL", value_parser = super::eval::base_url, requires = "remote")]
    base_url: Vec<(Option<Dialect>, String)>,
    /// How many seconds one answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    if arguments.remote {
        return remote(arguments, session);
    }
    let Arguments { mut files, tokenizer, by, format, .. } = arguments;
    if files.is_empty() {
        files.push(PathBuf::from("-"));
    }
    let mut chosen = chosen(&by).map_err(|unknown| Error::usage(unknown.to_string(), unknown.cure()))?;
    if let Some(path) = tokenizer {
        let user = load(session, &path)?;
        chosen.push((path.to_string_lossy().into_owned(), Tokenizer::User(Arc::new(user))));
    }
    let count = |file: &PathBuf| {
        let text = session.text_of(file)?;
        Ok(Counted::of(&file.to_string_lossy(), &text, &chosen))
    };
    let outcomes: Vec<Result<Counted, Error>> = if files.len() == 1 || files.iter().any(|file| is_stdin(file)) {
        // One file needs no threads; and where standard input is read twice, the first gets what there is.
        files.iter().map(count).collect()
    } else {
        files.par_iter().map(count).collect()
    };
    let (mut counted, mut unreadable) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(one) => counted.push(one),
            Err(error) => unreadable.push(error),
        }
    }
    let report = CountReport::new(counted);
    session.print(&match format {
        Format::Text => report.text(),
        Format::Json => json(&report),
    })?;
    for error in &unreadable {
        super::session::complain(error);
    }
    Ok(if unreadable.is_empty() { Verdict::Yes } else { Verdict::Unanswered })
}

/// Counts by the providers, and what is recorded of them.
fn remote(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { files, models, fresh, base_url, timeout, format, .. } = arguments;
    let names: Vec<String> = files.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let workspace = session.workspace()?;
    let tree = workspace.worktree()?;
    if tree.would_ignore(&ProjectPath::literal(COUNTS_FILE))? {
        let what = format!("git ignores {COUNTS_FILE}: what is counted would be lost");
        return Err(Error::usage(what, "take it out of the patterns that git ignores").into());
    }
    // A file that a merge has damaged is written anew, with the lines that are whole.
    let (mut counts, damage) = MeasuredCounts::of(&Fragments::new(&tree))?;
    session.warnings(&damage);
    let is_whole = names.is_empty() && models.is_empty();
    let as_of = Some(super::session::today());
    let request = Request { contexts: names, as_of, models, estimates: true, ..Request::default() };
    let progress = session.progress("building");
    let results = build_all(&tree, &request)?;
    let means = Means {
        base_urls: &base_url,
        environment: &|name| std::env::var(name).ok(),
        deadline: Duration::from_secs(timeout),
        at_once: session.jobs.unwrap_or(super::eval::AT_ONCE),
        fresh,
        day: super::session::today(),
        watch: &|done, of| {
            let kept =
                format!("interrupted: {done} of {of} prompts were counted, and what came before the last second is in");
            let said = format!("{kept} {COUNTS_FILE}; run it again for the rest");
            super::signals::last_words((!session.quiet).then_some(said));
            progress.say(format!("counting: {done} of {of} prompts"));
        },
        record: &|counts| counts.write(&System, workspace.root()).map(drop),
    };
    let counted = counted::count(&results, &mut counts, &means);
    super::signals::last_words(None);
    let counted = counted?;
    progress.done();
    let mut unnamed = results.iter().filter_map(BuildResult::build).filter(|build| build.models.is_empty());
    if let Some(first) = unnamed.next() {
        let all = 1 + unnamed.count();
        let what = format!(
            "{all} of {} contexts name no model, such as `{}`: they cannot be counted",
            results.len(),
            first.id
        );
        if counted.is_empty() {
            return Err(Error::usage(what, "add `models:` to the manifests, or give --model").into());
        }
        session.tell(&what);
    }
    let faults: Vec<Diagnostic> =
        results.iter().filter_map(|tried| tried.result.as_ref().err()).flatten().cloned().collect();
    if is_whole && faults.is_empty() {
        let known = |tried: &BuildResult| {
            let build = tried.build()?;
            let names = build.models.iter().map(|model| model.card.name.to_string());
            Some(names.map(|model| (MeasuredCounts::name(&tried.id), model)).collect::<Vec<_>>())
        };
        counts.retain(&results.iter().filter_map(known).flatten().collect::<BTreeSet<_>>());
    }
    if counted.iter().any(|one| one.result.is_ok()) {
        counts.write(&System, workspace.root())?;
    }
    session.warnings(&faults);
    let report = RemoteReport::new(&counted);
    session.print(&match format {
        Format::Text => report.text(),
        Format::Json => json(&report),
    })?;
    Ok(if faults.is_empty() && report.is_whole() { Verdict::Yes } else { Verdict::Unanswered })
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn load(session: &Session, path: &Path) -> Result<UserTokenizer, Error> {
    UserTokenizer::from_bytes(session.text_of(path)?.as_bytes()).map_err(|error| {
        Error::usage(
            format!("{}: {error}", path.display()),
            "name a tokenizer.json in the format of Hugging Face tokenizers",
        )
    })
}
