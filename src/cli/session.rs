//! What one run of the command shares: the folder, the streams, the place that text is read from.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use rayon::prelude::*;

use crate::cost::cards::{Cards, Date, day_of};
use crate::output::report::{self, inert, snippet};
use crate::syntax::diag::{Cut, Diagnostic, Severity, identity};
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::MAX_INPUT_BYTES;
use crate::text::fragment::Fragments;
use crate::tree::{Tree, Workspace};

use super::{Color, Global, TreeArguments};

/// One run of the command.
pub(super) struct Session {
    /// The folder of `-C`; the current one without it.
    directory: Option<PathBuf>,
    /// Whether to print errors alone.
    pub quiet: bool,
    /// Whether to print more.
    pub verbose: bool,
    /// How many things are done at once at most, where it is said.
    pub jobs: Option<usize>,
}

impl Session {
    /// Sets colour, signals, threads and folder up.
    pub fn start(global: Global) -> Result<Self, Error> {
        let Global { directory, color, quiet, verbose, jobs } = global;
        match color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        super::signals::listen().map_err(|error| Error::file("cannot listen to", "signals", error))?;
        if let Some(jobs) = jobs {
            // Fails only when a pool exists already, which nothing before this line makes.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs.get()).build_global();
        }
        if let Some(directory) = &directory {
            let kind = std::fs::metadata(directory).map_err(|error| Error::file("cannot enter", directory, error))?;
            if !kind.is_dir() {
                return Err(Error::usage(format!("{} is not a folder", directory.display()), "give -C a folder"));
            }
        }
        Ok(Self { directory, quiet, verbose, jobs: jobs.map(std::num::NonZeroUsize::get) })
    }

    /// A path of the command line, seen from the folder that the command runs in. Messages show it
    /// as it was written.
    pub fn path(&self, written: &Path) -> PathBuf {
        self.directory.as_ref().map_or_else(|| written.to_owned(), |directory| directory.join(written))
    }

    /// The text of a file of the command line; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, is longer than [`MAX_INPUT_BYTES`], or is not UTF-8.
    pub fn text_of(&self, file: &Path) -> Result<String, Error> {
        let mut bytes = Vec::new();
        // A link of a repository may lead to what never ends.
        let read = if file == Path::new("-") {
            std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes)
        } else {
            File::open(self.path(file)).and_then(|file| file.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes))
        };
        let name = if file == Path::new("-") { "standard input".into() } else { file.to_string_lossy() };
        read.map_err(|error| Error::file("cannot read", &*name, error))?;
        if bytes.len() as u64 > MAX_INPUT_BYTES {
            let what = format!("{name} holds more than {MAX_INPUT_BYTES} bytes; that is the limit");
            return Err(Error::usage(what, "take it in parts"));
        }
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to() + 1;
            Error::usage(format!("{name} is not UTF-8 text (byte {at})"), "name text files only")
        })
    }

    /// The folder that the command runs in.
    pub fn directory(&self) -> &Path {
        self.directory.as_deref().unwrap_or(Path::new("."))
    }

    /// The project that the folder belongs to.
    pub fn workspace(&self) -> Result<Workspace, Error> {
        Workspace::find(self.directory())
    }

    /// The tree that the arguments ask for.
    pub fn tree(&self, workspace: &Workspace, arguments: &TreeArguments) -> Result<Box<dyn Tree>, Error> {
        let TreeArguments { rev, staged } = arguments;
        Ok(match (rev, staged) {
            (Some(rev), _) => Box::new(workspace.commit(rev)?),
            (None, true) => Box::new(match std::env::var_os("GIT_INDEX_FILE") {
                // `git commit -a` and `git commit FILE` run the hook on an index of their own. git
                // names it from the folder that it runs the hook in, the current one.
                Some(file) => workspace.index_at(Path::new(&file))?,
                None => workspace.index()?,
            }),
            (None, false) => Box::new(workspace.worktree()?),
        })
    }

    /// The model cards, with the prices of the project laid over them if there is one.
    pub fn cards(&self) -> Result<Cards, Failure> {
        // Cards are good to have in any folder, also in a bare repository. One that cannot be opened may have prices.
        match self.workspace()?.worktree() {
            Ok(tree) => crate::pipeline::cards(&Fragments::new(&tree)),
            Err(_) => Ok(Cards::built_in()),
        }
    }

    /// Writes data to stdout. No secret is in it and nothing that a CI runner obeys, whatever name or word of
    /// the repository holds one: who wants the bytes of a prompt asks for them, and gets them
    /// [raw](Self::print_raw).
    pub fn print(&self, text: &str) -> Result<(), Error> {
        let mut out = anstream::stdout().lock();
        out.write_all(report::printed(text).as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Error::file("cannot write", "standard output", error))
    }

    /// Writes data that must not be touched (no colour handling) to stdout.
    pub fn print_raw(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| Error::file("cannot write", "standard output", error))
    }

    /// Writes a sentence to stderr, unless quiet.
    pub fn tell(&self, sentence: &str) {
        if !self.quiet {
            // Nothing can be done about a closed stderr.
            let _ = writeln!(anstream::stderr().lock(), "{}", report::printed(&inert::words(sentence)));
        }
    }

    /// Shows on a terminal that long work is under way; nothing elsewhere, in CI, or when quiet.
    pub fn progress(&self, what: &'static str) -> Progress {
        let shown =
            !self.quiet && std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("CI").is_none();
        let bar = if shown { indicatif::ProgressBar::new_spinner() } else { indicatif::ProgressBar::hidden() };
        bar.set_message(what);
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Progress(bar)
    }

    /// The mildest warnings that are shown: errors always, warnings unless quiet, notes if verbose.
    pub fn shown(&self) -> Severity {
        match (self.verbose, self.quiet) {
            (true, _) => Severity::Note,
            (false, false) => Severity::Warning,
            (false, true) => Severity::Error,
        }
    }

    /// Draws diagnostics on stderr, each once.
    pub fn warnings(&self, diagnostics: &[Diagnostic]) {
        let mut met = HashSet::new();
        let shown = diagnostics.iter().filter(|diagnostic| diagnostic.severity >= self.shown());
        let shown = Cut::default().take(shown.filter(|diagnostic| met.insert(identity(diagnostic))));
        let drawn = shown.par_iter().map(|diagnostic| {
            let drawn = snippet::draw(diagnostic);
            let inert = report::printed(&drawn).into_owned();
            (drawn, inert)
        });
        let drawn: Vec<(String, String)> = drawn.collect();
        let mut told = HashSet::new();
        let mut err = anstream::stderr().lock();
        for (drawn, inert) in &drawn {
            if told.insert(drawn) {
                let _ = writeln!(err, "{inert}\n");
            }
        }
    }
}

/// The day it is, in UTC: the one place that asks a clock.
pub(super) fn today() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    day_of(now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
}

/// A sign of life on stderr that leaves no trace.
pub(super) struct Progress(indicatif::ProgressBar);

impl Progress {
    /// Says what is being done now.
    pub fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }

    /// Says how far it is.
    pub fn say(&self, line: String) {
        self.0.set_message(report::printed(&inert::words(&line)).into_owned());
    }

    /// Takes the sign away.
    pub fn done(self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Prints help, the version, or what is wrong with the arguments, which may be words of a stranger.
pub(super) fn complain_of_usage(error: &clap::Error) {
    let plain = error.render().to_string();
    let inert = inert::words(&plain);
    let shown = report::printed(&inert);
    let _ = if shown == plain { error.print() } else { write!(anstream::stderr().lock(), "{shown}") };
}

/// Draws an error of the world on stderr.
pub(super) fn complain(error: &Error) {
    let _ = writeln!(anstream::stderr().lock(), "{}", report::printed(&snippet::draw_error(error)));
}
