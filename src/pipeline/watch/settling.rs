//! When to build: soon after a save, and once after a storm.
//!
//! An editor's save is a few events within a millisecond or two, and the person waits. A checkout, a
//! stash, a rebase touch many files over a long time, and nobody wants to see the half of it. So a
//! little quiet is enough after a few events, and more is waited for while events go on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The quiet after the events of a save.
const QUIET: Duration = Duration::from_millis(10);

/// The quiet after a storm.
const CALM: Duration = Duration::from_millis(100);

/// Events that go on for longer than this are a storm.
const LONG: Duration = Duration::from_millis(50);

/// More paths than this are a storm: an editor's save touches the file, a backup and a temporary one.
const MANY: usize = 8;

/// The longest that anything is put off.
pub(super) const CAP: Duration = Duration::from_secs(2);

/// Changes that were noticed and not yet looked at.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// The first and the last of them.
    span: Option<(Instant, Instant)>,
    paths: HashSet<PathBuf>,
    storm: bool,
    /// Whether there is nothing to wait for.
    is_now: bool,
}

impl Settling {
    /// A change at `path`.
    pub fn note(&mut self, now: Instant, path: &Path) {
        self.extend(now);
        if self.paths.len() <= MANY {
            self.paths.insert(path.to_owned());
        }
        self.storm |= self.paths.len() > MANY;
    }

    /// More is to come, or more came than was told: waits for a storm's quiet, counted from now.
    pub fn storm(&mut self, now: Instant) {
        self.extend(now);
        self.storm = true;
    }

    /// Looks again without waiting for anything.
    pub fn again(&mut self, now: Instant) {
        self.extend(now);
        self.is_now = true;
    }

    /// Waits for a storm's quiet, counted from the last change.
    pub fn calm_down(&mut self) {
        self.storm = true;
    }

    /// Whether there is nothing more to wait for.
    pub fn is_calm(&self) -> bool {
        self.storm
    }

    /// When to look, if there is something to look for.
    pub fn due(&self) -> Option<Instant> {
        let (first, last) = self.span?;
        let quiet = match (self.storm, self.is_now) {
            (true, _) => CALM,
            (false, true) => Duration::ZERO,
            (false, false) => QUIET,
        };
        Some((last + quiet).min(first + CAP))
    }

    /// Whether nothing can be put off any longer.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.span.is_some_and(|(first, _)| now >= first + CAP)
    }

    /// Ends the wait; returns when the first change was noticed.
    pub fn take(&mut self) -> Option<Instant> {
        std::mem::take(self).span.map(|(first, _)| first)
    }

    fn extend(&mut self, now: Instant) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.storm |= now.duration_since(first) > LONG;
        self.is_now = false;
        self.span = Some((first, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_save_is_looked_at_after_ten_milliseconds_of_quiet() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        assert_eq!(settling.due(), None);
        settling.note(start, Path::new("a.md~"));
        settling.note(after(start, 3), Path::new("a.md"));
        assert_eq!(settling.due(), Some(after(start, 13)));
        assert_eq!(settling.take(), Some(start));
        assert_eq!(settling.due(), None);
    }

    #[test]
    fn many_paths_and_long_storms_wait_for_calm_but_not_for_ever() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        for number in 0..9 {
            settling.note(start, Path::new(&format!("{number}.md")));
        }
        assert_eq!(settling.due(), Some(after(start, 100)));

        let mut settling = Settling::default();
        for moment in (0..=5000).step_by(9) {
            settling.note(after(start, moment), Path::new("log.md"));
        }
        assert_eq!(settling.due(), Some(after(start, 2000)));
        assert!(settling.is_overdue(after(start, 2000)));
    }
}
