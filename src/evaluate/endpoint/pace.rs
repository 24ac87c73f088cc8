//! How many requests are under way at once: as many as a server takes, found out as TCP does, and no more than its
//! headers allow.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::hints::Remaining;

/// The pace of all requests to one address.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

#[derive(Debug)]
struct State {
    /// How many may be under way: grows by one in a round of successes, halves when the server is busy.
    limit: f64,
    under_way: usize,
    /// Nothing starts before, and why.
    pause: Option<(Instant, String)>,
    /// What is left of each limit, and when there is more.
    left: BTreeMap<String, (u64, Instant)>,
}

/// What a request will take of the limits, reckoned beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Input tokens.
    pub input: u64,
    /// Output tokens at most.
    pub output: u64,
}

/// How many requests are under way at first.
const FIRST: usize = 4;

/// The longest time that a server's headers or hints are followed.
pub const MOST_PATIENCE: Duration = Duration::from_secs(120);

impl Pace {
    /// At most so many at once.
    pub fn new(most: usize) -> Self {
        let state = State { limit: FIRST.min(most) as f64, under_way: 0, pause: None, left: BTreeMap::new() };
        Self { state: Mutex::new(state), changed: Condvar::new(), most }
    }

    /// Waits until a request may start.
    pub fn start(&self, size: Size) {
        let mut state = self.state.lock();
        loop {
            let now = Instant::now();
            let wait = state.wait(size, now);
            if wait.is_none() && state.under_way < (state.limit as usize).max(1) {
                break;
            }
            match wait {
                Some(until) => drop(self.changed.wait_until(&mut state, until)),
                None => self.changed.wait(&mut state),
            }
        }
        state.under_way += 1;
        for (what, (left, _)) in &mut state.left {
            *left = left.saturating_sub(taken(what, size));
        }
    }

    /// Notes that a request is over, and what its answer said of limits. A busy server gets half as many, and nothing
    /// for as long as it asks.
    pub fn end(&self, is_busy: bool, wait: Option<Duration>, remaining: Vec<Remaining>) {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.under_way = state.under_way.saturating_sub(1);
        if is_busy {
            state.limit = (state.limit / 2.0).max(1.0);
            if let Some(wait) = wait {
                state.delay(now + wait.min(MOST_PATIENCE), "the server asks for a pause".to_owned());
            }
        } else {
            state.limit = (state.limit + 1.0 / state.limit).min(self.most as f64);
        }
        for Remaining { what, left, reset } in remaining {
            state.left.insert(what, (left, now + reset.min(MOST_PATIENCE)));
        }
        self.changed.notify_all();
    }

    /// What is waited for, and how long still; `None` while requests start.
    pub fn waits_for(&self) -> Option<(Duration, String)> {
        let state = self.state.lock();
        let (until, why) = state.pause.as_ref()?;
        let still = until.checked_duration_since(Instant::now())?;
        Some((still, why.clone()))
    }
}

impl State {
    /// Until when a request has to wait for the server's sake.
    fn wait(&mut self, size: Size, now: Instant) -> Option<Instant> {
        self.left.retain(|_, (_, reset)| *reset > now);
        let short = self.left.iter().filter(|(what, (left, _))| *left < taken(what, size).max(1));
        // A request that is larger than what a limit ever has left is not held for ever: its reset passes.
        if let Some((what, (_, reset))) = short.max_by_key(|(_, (_, reset))| *reset) {
            let (reset, why) = (*reset, format!("the server's limit of {what}"));
            self.delay(reset, why);
        }
        let until = self.pause.as_ref().map(|(until, _)| *until).filter(|until| *until > now);
        if until.is_none() {
            self.pause = None;
        }
        until
    }

    fn delay(&mut self, until: Instant, why: String) {
        if self.pause.as_ref().is_none_or(|(other, _)| *other < until) {
            self.pause = Some((until, why));
        }
    }
}

/// What a request takes of a limit, by the limit's name.
fn taken(what: &str, size: Size) -> u64 {
    match what {
        "input-tokens" => size.input,
        "output-tokens" => size.output,
        "tokens" => size.input.saturating_add(size.output),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_gets_half_and_a_willing_one_more() {
        let pace = Pace::new(64);
        let limit = || pace.state.lock().limit as usize;
        for _ in 0..40 {
            pace.end(false, None, Vec::new());
        }
        let reached = limit();
        assert!(reached > FIRST && reached <= 64);
        pace.end(true, None, Vec::new());
        assert_eq!(limit(), reached / 2);
        for _ in 0..20 {
            pace.end(true, None, Vec::new());
        }
        assert_eq!(limit(), 1);
    }

    #[test]
    fn nothing_starts_before_the_servers_pause_is_over_and_it_says_for_what() {
        let pace = Pace::new(8);
        let remaining =
            |left, reset| vec![Remaining { what: "input-tokens".into(), left, reset: Duration::from_millis(reset) }];
        pace.start(Size::default());
        let started = Instant::now();
        pace.end(false, None, remaining(100, 1500));
        // Two requests of forty fit, the third waits for the reset.
        for _ in 0..2 {
            pace.start(Size { input: 40, output: 0 });
        }
        assert!(started.elapsed() < Duration::from_millis(1500));
        pace.start(Size { input: 40, output: 0 });
        assert!(started.elapsed() >= Duration::from_millis(1500));
        let started = Instant::now();
        pace.end(true, Some(Duration::from_millis(50)), Vec::new());
        pace.end(false, None, Vec::new());
        pace.end(false, None, Vec::new());
        assert_eq!(pace.waits_for().unwrap().1, "the server asks for a pause");
        pace.start(Size::default());
        assert!(started.elapsed() >= Duration::from_millis(50));
    }
}
