//! `contexture count`: the tokens of any text, by tokenizer family.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;

use crate::cost::tokens::{Tokenizer, UserTokenizer, chosen};
use crate::output::report::count::{CountReport, Counted};
use crate::output::report::json;
use crate::syntax::error::{Error, Failure};

use super::session::Session;
use super::{Format, Verdict};

/// Count the tokens of files, or of standard input (`-`).
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files to count; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A tokenizer.json to count with as well
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Only these encodings and families, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    by: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { mut files, tokenizer, by, format } = arguments;
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
