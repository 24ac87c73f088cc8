//! One cached entry's clock.

use super::request::Seconds;
use crate::cost::rules::Lifetime;

/// Which of two readings of a lifetime a simulation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Horizon {
    /// An entry lives as long as expected.
    Expected,
    /// An entry lives as long as it possibly can: the upper bound of what is read.
    Longest,
}

/// How a simulation reads the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clock {
    /// Which lifetime entries have.
    pub horizon: Horizon,
    /// Whether an entry whose age is exactly its lifetime is still read (U2; the rule says no).
    pub live_at_ttl: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self { horizon: Horizon::Expected, live_at_ttl: false }
    }
}

/// How long an entry lives, under either reading, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retention {
    expected: u64,
    longest: u64,
    pub(super) refreshed_by_use: bool,
}

impl Retention {
    /// By a published lifetime; without one, for ever.
    pub(super) fn by(lifetime: Option<Lifetime>) -> Self {
        match lifetime {
            Some(lifetime) => Self {
                expected: Seconds::whole(lifetime.expected.seconds).micros,
                longest: Seconds::whole(lifetime.ttl.seconds).micros,
                refreshed_by_use: lifetime.refreshed_by_use,
            },
            None => Self { expected: u64::MAX, longest: u64::MAX, refreshed_by_use: true },
        }
    }

    /// The time under one reading.
    pub(super) fn micros(self, horizon: Horizon) -> u64 {
        match horizon {
            Horizon::Expected => self.expected,
            Horizon::Longest => self.longest,
        }
    }
}

/// The moment of a request, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// When it starts: what lifetimes are measured from.
    pub(super) now: u64,
    /// When what it writes can be read.
    pub(super) readable: u64,
    /// Whether an entry still lives at the very end of its time.
    pub(super) live_at_ttl: bool,
}

/// A place in the cache: vacant, pending, live or expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// From when it can be read.
    ready: u64,
    /// The end of its time; 0 when vacant.
    until: u64,
    /// How long a use prolongs it, in microseconds.
    duration: u64,
}

impl Entry {
    /// Whether it is there, readable or not yet.
    fn is_present(&self, moment: Moment) -> bool {
        moment.now < self.until || (moment.live_at_ttl && moment.now == self.until && self.duration > 0)
    }

    /// Whether nothing was ever written here.
    pub(super) fn is_vacant(&self) -> bool {
        *self == Self::default()
    }

    /// Rule R5: within its lifetime, and the writer's response has begun.
    pub(super) fn is_live(&self, moment: Moment) -> bool {
        self.is_present(moment) && self.ready <= moment.now
    }

    /// Writes it at `moment`, for `duration` microseconds. Parallel writers of one entry all write: the
    /// first response makes it readable (R17), the longest lifetime counts.
    pub(super) fn write(&mut self, moment: Moment, duration: u64) {
        let until = moment.now.saturating_add(duration);
        *self = if self.is_present(moment) {
            let ready = self.ready.min(moment.readable);
            Self { ready, until: self.until.max(until), duration: self.duration.max(duration) }
        } else {
            Self { ready: moment.readable, until, duration }
        };
    }

    /// Rule R8: a read starts the time anew; with the duration that it was written with.
    pub(super) fn refresh(&mut self, moment: Moment) {
        self.until = moment.now.saturating_add(self.duration);
    }

    /// Writes it where it is gone, refreshes it where it is there and use refreshes.
    pub(super) fn touch(&mut self, moment: Moment, duration: u64, refreshed_by_use: bool) {
        if !self.is_live(moment) || refreshed_by_use {
            self.write(moment, duration);
        }
    }
}
