//! `contexture count`: the tokens of any text, by tokenizer family.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;

use crate::cost::tokens::{Tokenizer, UserTokenizer, chosen};
use crate::output::report::count::{CountReport, Counted};
use crate::output::report::json;
use crate::syntax::error::{Error, Failure};
use crate::tree::MAX_FILE_BYTES;

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
        let user = load(&session.path(&path))?;
        chosen.push((path.to_string_lossy().into_owned(), Tokenizer::User(Arc::new(user))));
    }
    let count = |file: &PathBuf| {
        let text = text_of(session, file)?;
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

fn text_of(session: &Session, file: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    if is_stdin(file) {
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| Error::file("cannot read", "standard input", error))?;
    } else {
        // A link of a repository may lead to what never ends.
        let opened =
            File::open(session.path(file)).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
        opened.map_err(|error| Error::file("cannot read", file, error))?;
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let what = format!("{} holds more than {MAX_FILE_BYTES} bytes", file.display());
        return Err(Error::usage(what, "count it in parts"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Error::usage(format!("{} is not UTF-8 text (byte {at})", file.display()), "count text files only")
    })
}

fn load(path: &Path) -> Result<UserTokenizer, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::file("cannot read", path, error))?;
    UserTokenizer::from_bytes(&bytes).map_err(|error| {
        Error::usage(
            format!("{}: {error}", path.display()),
            "name a tokenizer.json in the format of Hugging Face tokenizers",
        )
    })
}
