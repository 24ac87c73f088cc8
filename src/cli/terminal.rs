//! The terminal of `watch`: raw keys, a page of its own, and everything as it was afterwards.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{execute, queue};

use crate::pipeline::watch::Bell;

use super::signals;

/// Whether the terminal is ours. There is one terminal, and whoever gives it back first (the end of
/// the watch, or a panic in any thread) does it for all.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the watch was asked to end and does.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// What a person or the system asks of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// `h`.
    Help,
    /// `r`.
    Rebuild,
    /// `n`.
    Next,
    /// `o`.
    Open,
    /// `q`.
    Quit,
    /// The terminal has another size.
    Redraw,
    /// A signal, by number. Ctrl-C is one, whoever turns it into one.
    Signal(u8),
}

/// SIGHUP: what the end of a terminal comes as.
pub(super) const HANG_UP: u8 = 1;

/// SIGINT: what Ctrl-C means.
const INTERRUPT: u8 = 2;

/// The terminal, taken over until it is dropped.
pub(super) struct Terminal(());

impl Terminal {
    /// Whether there is one to draw on and to be asked from.
    pub fn is_there() -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
    }

    /// Takes it over.
    pub fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let terminal = Self(());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        execute!(io::stdout(), EnterAlternateScreen, Hide, DisableLineWrap)?;
        Ok(terminal)
    }

    /// How many lines a page may have. The last one of the terminal stays free.
    pub fn height() -> usize {
        size().map_or(24, |(_, lines)| usize::from(lines)).saturating_sub(1).max(1)
    }

    /// Shows a page instead of the one that is shown.
    pub fn show(&self, page: &str) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        queue!(out, MoveTo(0, 0))?;
        for line in page.lines() {
            // Each line is cleared just before it is drawn, so that nothing flickers.
            queue!(out, Clear(ClearType::UntilNewLine))?;
            write!(out, "{line}\r\n")?;
        }
        queue!(out, Clear(ClearType::FromCursorDown))?;
        out.flush()
    }

    /// Rings for every key that means something, from a thread of its own.
    pub fn listen(&self, bell: Bell<Ask>) {
        std::thread::spawn(move || {
            loop {
                let asked = match event::read() {
                    Ok(Event::Key(key)) => asked(key),
                    Ok(Event::Resize(..)) => Some(Ask::Redraw),
                    Ok(_) => None,
                    // The other end is gone.
                    Err(_) => Some(Ask::Signal(HANG_UP)),
                };
                let is_heard = match asked {
                    // Also in the midst of a build.
                    Some(Ask::Signal(signal)) => {
                        signals::end(signal.into());
                        false
                    }
                    asked => asked.is_none_or(|asked| bell.ring(asked)),
                };
                if !is_heard {
                    return;
                }
            }
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// The watch ends: nobody need end it.
pub(super) fn begin_to_end() {
    IS_ENDING.store(true, Ordering::SeqCst);
}

/// Whether it does.
pub(super) fn is_ending() -> bool {
    IS_ENDING.load(Ordering::SeqCst)
}

/// Leaves the terminal as it was found. Nothing can be done where that fails: it is gone.
pub(super) fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), EnableLineWrap, Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

fn asked(key: KeyEvent) -> Option<Ask> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) => Some(Ask::Signal(INTERRUPT)),
        (KeyCode::Char('h' | '?'), false) => Some(Ask::Help),
        (KeyCode::Char('r'), false) => Some(Ask::Rebuild),
        (KeyCode::Char('n') | KeyCode::Tab | KeyCode::Down, false) => Some(Ask::Next),
        (KeyCode::Char('o'), false) => Some(Ask::Open),
        (KeyCode::Char('q') | KeyCode::Esc, false) => Some(Ask::Quit),
        _ => None,
    }
}
