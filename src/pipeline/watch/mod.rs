//! The watch: one loop around the build that `build` makes.
//!
//! A [`Watch`] builds, learns where on the disk the answers came from (a watch_set), watches exactly
//! that, and builds again when something in it changed. What a build misses or breaks on is in its
//! watch_set too, so that it is noticed when the missing file appears or the broken one is mended.
//!
//! `settling` says when to build, `changes` and `poll` what happened, `round` what came of it, and
//! `compare` how far that is from an older build.
//! Keys, signals and whatever else the caller waits for come in through a [`Bell`], so that one
//! thread waits for everything at once, and sleeps while there is nothing.

mod changes;
mod compare;
mod poll;
mod round;
mod settling;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

pub use compare::Step;
pub use round::Round;

use crate::pipeline::{BuildResult, Request};
use crate::syntax::error::{Error, Failure};
use crate::tree::WatchSet;
use changes::{Changes, Lost, Told, is_exhausted, replaces};
use round::{Rounds, is_same};
use settling::{CAP, Settling};

/// Builds a project again whenever it changes.
pub struct Watch<T> {
    rounds: Rounds,
    changes: Changes,
    watch_set: WatchSet,
    settling: Settling,
    wakes: Receiver<Wake<T>>,
    bell: Bell<T>,
    last: Option<Arc<Round>>,
    /// Whether something of the watch_set may not be watched.
    is_unwatched: bool,
    /// Whether the next round is told even if nothing changed.
    is_asked: bool,
    notices: VecDeque<String>,
}

/// What happens while a watch waits.
pub enum News<T> {
    /// The project was built, and it is not as it was.
    Round(Arc<Round>),
    /// Something that a person should know.
    Notice(String),
    /// Somebody rang the bell.
    Asked(T),
}

enum Wake<T> {
    Changed(Told),
    Asked(T),
}

/// Wakes a watch from another thread.
pub struct Bell<T>(Sender<Wake<T>>);

impl<T> Clone for Bell<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Bell<T> {
    /// Has [`Watch::wait`] return this. Whether anybody is there to hear it.
    pub fn ring(&self, asked: T) -> bool {
        self.0.send(Wake::Asked(asked)).is_ok()
    }
}

impl<T: Send + 'static> Watch<T> {
    /// A watch over the project that `start` lies in. `poll` looks at the disk again and again
    /// instead of being told by the system.
    ///
    /// # Errors
    /// When `start` cannot be opened.
    pub fn new(start: &Path, request: Request, poll: bool) -> Result<Self, Error> {
        let (sender, wakes) = channel();
        let bell = Bell(sender);
        let rounds = Rounds::new(start, request)?;
        let teller = bell.clone();
        // A watch that is gone needs to be told nothing.
        let tell = move |told| drop(teller.0.send(Wake::Changed(told)));
        let (changes, lost) = Changes::new(rounds.start(), poll, tell);
        let mut settling = Settling::default();
        settling.again(Instant::now());
        let notices = lost.iter().map(looking_instead).collect();
        Ok(Self {
            rounds,
            changes,
            watch_set: WatchSet::default(),
            settling,
            wakes,
            bell,
            last: None,
            is_unwatched: false,
            is_asked: false,
            notices,
        })
    }

    /// A way to wake it.
    pub fn bell(&self) -> Bell<T> {
        self.bell.clone()
    }

    /// Builds anew, with nothing remembered, and tells of it even if nothing changed.
    pub fn rebuild(&mut self) {
        self.rounds.forget();
        self.is_asked = true;
        self.settling.again(Instant::now());
    }

    /// The contexts as the commit below the working tree holds them, if they can be built there.
    /// Built once for each commit.
    pub fn head(&mut self) -> Option<Arc<[BuildResult]>> {
        self.rounds.head()
    }

    /// Sleeps until there is news.
    ///
    /// # Errors
    /// When the first look fails for a reason that is no file's fault, and when the folder that it
    /// began in is gone. Everything else is a [`Round`] that says what is wrong.
    pub fn wait(&mut self) -> Result<News<T>, Failure> {
        loop {
            if self.last.is_some() {
                self.watch_anew();
            }
            if let Some(notice) = self.notices.pop_front() {
                return Ok(News::Notice(notice));
            }
            let due = self.settling.due();
            match self.sleep_until(due) {
                Some(Wake::Asked(asked)) => return Ok(News::Asked(asked)),
                Some(Wake::Changed(told)) => self.note(told),
                None if due.is_some_and(|due| due <= Instant::now()) => {
                    if let Some(round) = self.look()? {
                        return Ok(News::Round(round));
                    }
                }
                None => {
                    let now = Instant::now();
                    for path in self.changes.look(&self.watch_set) {
                        self.settling.note(now, &path);
                    }
                }
            }
        }
    }

    /// The next wake, or `None` when it is time to look at the disk, or to build.
    fn sleep_until(&self, due: Option<Instant>) -> Option<Wake<T>> {
        let look = self.changes.due(due.is_some());
        match due.into_iter().chain(look).min() {
            // It holds a sender itself, so that the channel never closes.
            None => self.wakes.recv().ok(),
            Some(until) => self.wakes.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
        }
    }

    fn note(&mut self, told: Told) {
        let now = Instant::now();
        let event = match told {
            Ok(event) if event.need_rescan() => {
                self.changes.disarm_all();
                self.is_unwatched = true;
                return self.settling.storm(now);
            }
            Ok(event) => event,
            Err(error) => {
                if is_exhausted(&error) {
                    self.look_instead(&Lost(error.to_string()));
                }
                return self.settling.storm(now);
            }
        };
        for path in event.paths.iter().filter(|path| self.watch_set.concerns(path)) {
            if replaces(&event) {
                self.changes.disarm(path);
                self.is_unwatched = true;
            }
            self.settling.note(now, path);
        }
    }

    /// Watches what the last look stood on. A folder that was not watched before may have changed
    /// between the look and the watch, so it is looked at again.
    fn watch_anew(&mut self) {
        if let Some(watch_set) = self.rounds.watch_set() {
            self.watch_set = watch_set;
            self.is_unwatched = true;
        }
        if !std::mem::take(&mut self.is_unwatched) {
            return;
        }
        match self.changes.arm(&self.watch_set) {
            Ok(true) => self.settling.again(Instant::now()),
            Ok(false) => {}
            Err(lost) => {
                self.look_instead(&lost);
                self.is_unwatched = true;
            }
        }
    }

    fn look_instead(&mut self, lost: &Lost) {
        self.changes.look_instead();
        self.notices.push_back(looking_instead(lost));
    }

    /// Builds. `None` when that came to the same as before, or it is too early to tell.
    fn look(&mut self) -> Result<Option<Arc<Round>>, Failure> {
        let now = Instant::now();
        if self.last.is_some() && !self.settling.is_overdue(now) && self.rounds.is_git_at_work(CAP) {
            self.settling.storm(now);
            return Ok(None);
        }
        let outcome = self.rounds.look();
        let is_broken = !is_good(&outcome);
        let was_good = self.last.as_ref().is_some_and(|last| last.is_ok());
        if is_broken && was_good && !self.settling.is_calm() {
            // An editor may be between taking the old file away and putting the new one there.
            self.settling.calm_down();
            return Ok(None);
        }
        if self.last.is_some() && !self.rounds.start().is_dir() {
            let what = format!("{} is gone: it was deleted or renamed", self.rounds.start().display());
            return Err(Error::usage(what, "start `contexture watch` again where the project is now").into());
        }
        if let (None, Err(Failure::Error(_))) = (&self.last, &outcome) {
            return outcome.map(|_| None);
        }
        let began = self.settling.take().unwrap_or(now);
        let is_asked = std::mem::take(&mut self.is_asked);
        if let Some(last) = &self.last
            && !is_asked
            && is_same(&last.outcome, &outcome)
        {
            return Ok(None);
        }
        let seq = self.last.as_ref().map_or(1, |last| last.seq + 1);
        let before = self.last.as_ref().map(|last| last.good()).unwrap_or_default();
        let round =
            Arc::new(Round { seq, outcome, took: began.elapsed(), root: self.rounds.root().to_owned(), before });
        self.last = Some(round.clone());
        Ok(Some(round))
    }
}

fn is_good(outcome: &Result<Vec<BuildResult>, Failure>) -> bool {
    outcome.as_ref().is_ok_and(|attempts| attempts.iter().all(|attempt| attempt.result.is_ok()))
}

fn looking_instead(lost: &Lost) -> String {
    format!("{}; looking at the files again and again instead", lost.0)
}
