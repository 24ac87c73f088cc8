//! Running the program, and everything that a run showed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use jiff::Zoned;
use jiff::tz::TimeZone;
use snapbox::data::Data;
use snapbox::{Assert, IntoData};

use super::Repo;

impl Repo {
    /// Runs the program in the root with words as a shell would split them, quotes apart.
    pub fn run(&self, words: &str) -> Outcome {
        self.contexture(words.split_whitespace()).run()
    }

    /// The program with these arguments, about to run in the root.
    pub fn contexture<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Run {
        let mut command = self.clean(env!("CARGO_BIN_EXE_contexture"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run { command, input: None, root: self.root().to_string_lossy().into_owned() }
    }
}

/// The program, about to run.
pub struct Run {
    command: Command,
    input: Option<Vec<u8>>,
    root: String,
}

impl Run {
    /// Runs it with a variable set.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Runs it in a folder below the root.
    pub fn below(mut self, repo: &Repo, folder: &str) -> Self {
        self.command.current_dir(repo.at(folder));
        self
    }

    /// Runs it with this on its standard input.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self.command.stdin(Stdio::piped());
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Outcome {
        let Self { mut command, input, root } = self;
        let is_dated = command.get_args().any(|word| word.to_string_lossy().starts_with("--as-of"));
        let mut child = command.spawn().expect("the program starts");
        if let (Some(bytes), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(&bytes).expect("the program takes its input");
        }
        let Outcome { status, stdout, stderr, .. } = child.wait_with_output().expect("the program ends").into();
        let [stdout, stderr] = [stdout, stderr].map(|text| text.replace(&root, "[ROOT]"));
        Outcome { status, stdout, stderr, is_dated }
    }

    /// The command itself, for what a plain run cannot say.
    pub fn command(self) -> Command {
        self.command
    }
}

/// Everything that one run showed, the path of the test's own folder written as `[ROOT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended it.
    pub status: Option<i32>,
    /// The data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// Whether the run was told which day's prices it takes.
    is_dated: bool,
}

impl From<Output> for Outcome {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8 from the program"));
        Self { status: status.code(), stdout, stderr, is_dated: false }
    }
}

impl Outcome {
    /// Compares the whole outcome with a snapshot, to the byte. One with today's prices would be another tomorrow.
    #[track_caller]
    pub fn is(&self, expected: impl IntoData) -> &Self {
        let text = self.to_string();
        let today = format!("rices of {}", Zoned::now().with_time_zone(TimeZone::UTC).date());
        assert!(self.is_dated || !text.contains(&today), "a snapshot of today's prices: give --as-of\n{text}");
        same(text, expected);
        self
    }

    /// Its stdout as JSON, after a run without a fault.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Itself, if it ended with `status`.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }
}

/// Compares text with a snapshot, to the byte.
#[track_caller]
pub fn same(actual: impl Into<String>, expected: impl IntoData) {
    Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(Data::text(actual.into()), expected.raw());
}

/// `exit 0`, then each stream that is not empty under its name.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => writeln!(f, "exit {status}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            match text.as_bytes().last() {
                None => {}
                Some(b'\n') => write!(f, "--- {name}\n{text}")?,
                Some(_) => writeln!(f, "--- {name}, no line break at its end\n{text}")?,
            }
        }
        Ok(())
    }
}
