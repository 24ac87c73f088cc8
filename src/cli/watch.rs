//! `contexture watch`: build again on every save, and show what changed.

use std::io;
use std::sync::Arc;

use clap::Args;

use crate::build::{Attempt, Request};
use crate::error::{Error, Failure};
use crate::models::Date;
use crate::report::screen::Screen;
use crate::report::watch::{WatchReport, errors, lines};
use crate::watch::{News, Round, Watch};

use super::session::Session;
use super::terminal::{Ask, HANG_UP, Terminal, listen_to_signals};
use super::{Format, Verdict};

/// Build again on every save, and show what changed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Contexts, or ID@VARIANT; without one, every context and variant
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Look at the files again and again instead of being told of changes
    #[arg(long)]
    poll: bool,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { ids, poll, as_of, format } = arguments;
    let request = Request { contexts: ids, as_of, ..Request::default() };
    let watch = Watch::new(session.directory(), request, poll)?;
    listen_to_signals(watch.bell()).map_err(|error| Error::file("cannot listen to", "signals", error))?;
    match format {
        Format::Text if Terminal::is_there() => on_screen(watch, session),
        format => in_lines(watch, format, session),
    }
}

/// A line a round, for a program or a log.
fn in_lines(mut watch: Watch<Ask>, format: Format, session: &Session) -> Result<Verdict, Failure> {
    loop {
        match watch.wait()? {
            News::Round(round) if format == Format::Json => {
                session.print(&WatchReport::new(&round).json_line())?;
            }
            News::Round(round) => {
                session.print(&lines(&round))?;
                session.remarks(&errors(&round));
            }
            News::Notice(notice) => session.tell(&notice),
            News::Asked(Ask::Signal(signal)) => return Ok(Verdict::Ended(signal)),
            News::Asked(_) => {}
        }
    }
}

/// What the screen shows beside the last round.
#[derive(Default)]
struct View {
    round: Option<Arc<Round>>,
    head: Option<Arc<[Attempt]>>,
    chosen: usize,
    help: bool,
    notice: Option<String>,
}

/// A page that is drawn anew, until somebody leaves.
fn on_screen(mut watch: Watch<Ask>, session: &Session) -> Result<Verdict, Failure> {
    let terminal = Terminal::take().map_err(|error| Error::file("cannot use", "the terminal", error))?;
    terminal.listen(watch.bell());
    let mut view = View::default();
    // A terminal that cannot be drawn on is found out at the first round.
    let _ = view.show(&terminal);
    let ended = loop {
        match watch.wait()? {
            News::Round(round) => {
                view.round = Some(round);
                // The figures of the new text first; those of HEAD may take longer.
                if view.show(&terminal).is_err() {
                    break Verdict::Ended(HANG_UP);
                }
                view.head = watch.head();
            }
            News::Notice(notice) => view.notice = Some(notice),
            News::Asked(Ask::Quit) => break Verdict::Yes,
            News::Asked(Ask::Signal(signal)) => break Verdict::Ended(signal),
            News::Asked(Ask::Help) => view.help = !view.help,
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
            chosen: self.chosen,
            help: self.help,
            notice: self.notice.as_deref(),
            height: Terminal::height(),
        };
        terminal.show(&screen.draw())
    }
}
