//! Signals that end the program: whatever it does, they are heard at once, and nothing unfinished stays behind.

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::time::Duration;

    use parking_lot::Mutex;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::{emulate_default_handler, exit};

    use crate::cli::terminal;
    use crate::tree::write;

    /// How long a watch that is between two builds has to end by itself.
    const PATIENCE: Duration = Duration::from_millis(30);

    /// Asks a watch to end, and says whether it heard.
    type Listener = Box<dyn Fn(u8) -> bool + Send + Sync>;

    static LISTENER: OnceLock<Listener> = OnceLock::new();

    /// Hears interrupt, hang-up and termination, from a thread of its own.
    pub fn listen() -> std::io::Result<()> {
        let heeded = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(heeded)?;
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                end(signal);
            }
        })?;
        Ok(())
    }

    /// Has these signals ring there first. There is one watch a process.
    pub fn ring(listener: impl Fn(u8) -> bool + Send + Sync + 'static) {
        let _ = LISTENER.set(Box::new(listener));
    }

    /// What is said where a signal ends the program.
    static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

    /// Has this be said where a signal ends the program; `None` takes it back.
    pub fn last_words(words: Option<String>) {
        *LAST_WORDS.lock() = words;
    }

    /// Ends the process as the signal does: gently where a watch listens, else at once.
    pub fn end(signal: i32) {
        let number = u8::try_from(signal).unwrap_or_default();
        let is_watch = LISTENER.get().is_some_and(|listener| listener(number));
        if is_watch {
            std::thread::sleep(PATIENCE);
            if terminal::is_ending() {
                return;
            }
        }
        terminal::give_back();
        write::abandon();
        if is_watch {
            // As it ends when it is asked between two builds.
            exit(128 + signal);
        }
        if let Some(words) = LAST_WORDS.try_lock().and_then(|mut words| words.take()) {
            // The process ends: nobody waits for a stream that cannot be written to.
            let _ = writeln!(std::io::stderr(), "{words}");
        }
        // It ends here; only a signal that has no such handler would come back.
        let _ = emulate_default_handler(signal);
    }

    /// Whether whoever started the program bade it not to hear, as `nohup` does.
    #[cfg(target_os = "linux")]
    fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        mask >> (signal - 1) & 1 == 1
    }

    #[cfg(not(target_os = "linux"))]
    fn is_ignored(_: i32) -> bool {
        false
    }
}

/// Elsewhere the system ends the program.
#[cfg(not(unix))]
mod unix {
    pub fn listen() -> std::io::Result<()> {
        Ok(())
    }

    pub fn ring(_: impl Fn(u8) -> bool + Send + Sync + 'static) {}

    pub fn last_words(_: Option<String>) {}

    pub fn end(_: i32) {}
}

pub(super) use unix::{end, last_words, listen, ring};
