//! What one run of the command shares: the folder, the streams, the place that text is read from.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use rayon::prelude::*;

use crate::cost::cards::{Cards, Date, day_of};
use crate::output::report::{self, snippet};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::{Error, Failure};
use crate::text::fragment::Fragments;
use crate::tree::{Tree, Workspace};

use super::{Color, Global, TreeArguments};

/// One run of the command.
pub(super) struct Session {
    /// The folder of `-C`; the current one without it.
    directory: Option<PathBuf>,
    quiet: bool,
    /// Whether to print more.
    pub verbose: bool,
}

impl Session {
    /// Settles colour, threads and folder.
    pub fn start(global: Global) -> Result<Self, Error> {
        let Global { directory, color, quiet, verbose, jobs } = global;
        match color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
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
        Ok(Self { directory, quiet, verbose })
    }

    /// A path of the command line, seen from the folder that the command runs in. Messages show it
    /// as it was written.
    pub fn path(&self, written: &Path) -> PathBuf {
        self.directory.as_ref().map_or_else(|| written.to_owned(), |directory| directory.join(written))
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
        match self.workspace().and_then(|workspace| workspace.worktree()) {
            Ok(tree) => crate::pipeline::cards(&Fragments::new(&tree)),
            // Cards are good to have in any folder.
            Err(_) => Ok(Cards::built_in()),
        }
    }

    /// Writes data to stdout. No secret is in it, whatever name or word of the repository holds one:
    /// who wants the bytes of a prompt asks for them, and gets them [raw](Self::print_raw).
    pub fn print(&self, text: &str) -> Result<(), Error> {
        let mut out = anstream::stdout().lock();
        out.write_all(report::without_secrets(text).as_bytes())
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
            let _ = writeln!(anstream::stderr().lock(), "{}", report::without_secrets(sentence));
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
        let shown = diagnostics.par_iter().filter(|diagnostic| diagnostic.severity >= self.shown());
        let drawn = shown.map(|diagnostic| {
            let drawn = snippet::draw(diagnostic);
            let inert = report::without_secrets(&drawn).into_owned();
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

/// Draws an error of the world on stderr.
pub(super) fn complain(error: &Error) {
    let _ = writeln!(anstream::stderr().lock(), "{}", report::without_secrets(&snippet::draw_error(error)));
}
