//! `contexture watch`: build again on every save, and show what changed.

use std::io::{self, Write as _};
use std::sync::Arc;

use clap::Args;
use tempfile::NamedTempFile;

use crate::cost::cards::Date;
use crate::output::page::serve::{Project, Server};
use crate::output::report::screen::Screen;
use crate::output::report::watch::{WatchReport, errors, lines};
use crate::output::report::without_secrets;
use crate::pipeline::watch::{News, Round, Watch};
use crate::pipeline::{BuildResult, Request};
use crate::syntax::error::{Error, Failure};

use super::session::Session;
use super::terminal::{Ask, HANG_UP, Terminal, begin_to_end};
use super::{Format, Verdict, signals};

/// Build again on every save, and show what changed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, or ID@VARIANT; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Look at the files again and again instead of being told of changes
    #[arg(long)]
    poll: bool,
    /// Show the prompts on a page in the browser, too; only this machine can ask for it
    #[arg(long)]
    serve: bool,
    /// Serve the page on this port [default: any that is free]
    #[arg(long, value_name = "N", requires = "serve")]
    port: Option<u16>,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { ids, poll, serve, port, as_of, format } = arguments;
    let project = Project {
        start: session.directory().to_owned(),
        contexts: ids.clone(),
        as_of: as_of.unwrap_or_else(super::session::today),
    };
    let request = Request { contexts: ids, as_of, lints: true, ..Request::default() };
    let watch = Watch::new(session.directory(), request, poll)?;
    let server = serve.then(|| Server::start(port.unwrap_or(0), project)).transpose()?;
    let bell = watch.bell();
    signals::ring(move |signal| bell.ring(Ask::Signal(signal)));
    match format {
        Format::Text if Terminal::is_there() => on_screen(watch, server.as_ref(), session),
        format => in_lines(watch, server.as_ref(), format, session),
    }
}

/// A line a round, for a program or a log.
fn in_lines(
    mut watch: Watch<Ask>,
    server: Option<&Server>,
    format: Format,
    session: &Session,
) -> Result<Verdict, Failure> {
    if let Some(server) = server {
        session.tell(&format!("the page is at {}", server.address()));
    }
    loop {
        match watch.wait()? {
            News::Round(round) => {
                if let Some(server) = server {
                    server.show(round.clone());
                }
                if format == Format::Json {
                    session.print(&WatchReport::new(&round).json_line())?;
                } else {
                    session.print(&lines(&round))?;
                    session.warnings(&errors(&round));
                }
            }
            News::Notice(notice) => session.tell(&notice),
            News::Asked(Ask::Signal(signal)) => {
                begin_to_end();
                return Ok(Verdict::Ended(signal));
            }
            News::Asked(_) => {}
        }
    }
}

/// What the screen shows beside the last round.
#[derive(Default)]
struct View {
    address: Option<String>,
    round: Option<Arc<Round>>,
    head: Option<Arc<[BuildResult]>>,
    chosen: usize,
    help: bool,
    notice: Option<String>,
}

/// A page that is drawn anew, until somebody leaves.
fn on_screen(mut watch: Watch<Ask>, server: Option<&Server>, session: &Session) -> Result<Verdict, Failure> {
    let terminal = Terminal::take().map_err(|error| Error::file("cannot use", "the terminal", error))?;
    terminal.listen(watch.bell());
    let mut view = View { address: server.map(Server::address), ..View::default() };
    // They stay while the watch runs: the browser may take its time.
    let mut ways_to_page = Vec::new();
    // A terminal that cannot be drawn on is found out at the first round.
    let _ = view.show(&terminal);
    let ended = loop {
        match watch.wait()? {
            News::Round(round) => {
                if let Some(server) = server {
                    server.show(round.clone());
                }
                view.round = Some(round);
                // The figures of the new text first; those of HEAD may take longer.
                if view.show(&terminal).is_err() {
                    break Verdict::Ended(HANG_UP);
                }
                view.head = watch.head();
            }
            News::Notice(notice) => view.notice = Some(notice),
            News::Asked(Ask::Quit) => break Verdict::Yes,
            News::Asked(Ask::Signal(signal)) => {
                begin_to_end();
                break Verdict::Ended(signal);
            }
            News::Asked(Ask::Help) => view.help = !view.help,
            News::Asked(Ask::Open) => match view.address.as_deref().map(open) {
                None => view.notice = Some("no page is served; start with `--serve` to have one".to_owned()),
                Some(Ok(file)) => ways_to_page.push(file),
                Some(Err(error)) => view.notice = Some(format!("no browser could be opened: {error}")),
            },
            News::Asked(Ask::Next) => view.chosen += 1,
            News::Asked(Ask::Rebuild) => watch.rebuild(),
            News::Asked(Ask::Redraw) => {}
        }
        if view.show(&terminal).is_err() {
            break Verdict::Ended(HANG_UP);
        }
    };
    drop(terminal);
    if let (Verdict::Yes, Some(round)) = (ended, &view.round) {
        session.tell(lines(round).lines().next().unwrap_or_default());
    }
    Ok(ended)
}

impl View {
    fn show(&self, terminal: &Terminal) -> io::Result<()> {
        let Some(round) = &self.round else { return terminal.show("contexture watch  building…\n") };
        let screen = Screen {
            round,
            head: self.head.as_deref(),
            address: self.address.as_deref(),
            chosen: self.chosen,
            help: self.help,
            notice: self.notice.as_deref(),
            height: Terminal::height(),
        };
        terminal.show(&without_secrets(&screen.draw()))
    }
}

/// Opens the page in the browser that the system names. What a program was called with is there for
/// every user of the machine to read, so the address goes through a file that only its owner reads;
/// the file goes when it is dropped.
fn open(address: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("contexture-").suffix(".html").tempfile()?;
    write!(file, "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0; url={address}\"><title>contexture</title>")?;
    file.flush()?;
    open::that_detached(file.path())?;
    Ok(file)
}
