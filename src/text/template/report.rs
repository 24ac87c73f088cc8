//! The faults and warnings of one rendering, each once: a loop finds the same one in every iteration.

use std::borrow::Cow;
use std::collections::HashSet;

use super::library::Compiled;
use crate::syntax::diag::{Diagnostic, Faults, Severity};

/// How many faults of one rendering are reported.
const MAX_FAULTS: usize = 100;

/// A limit was exceeded, or there are too many faults; which one is reported.
#[derive(Debug)]
pub(super) struct Stop;

/// What was found so far.
#[derive(Default)]
pub(super) struct Report {
    pub faults: Faults,
    /// Code, template, and place in it.
    seen: HashSet<(Cow<'static, str>, usize, usize)>,
    errors: usize,
}

impl Report {
    /// Adds a fault or a warning at a word of a tag, unless it is there already.
    pub fn add(&mut self, here: &Compiled, tag: usize, word: &str, found: Diagnostic) -> Result<(), Stop> {
        let at = here.place(tag, word);
        let template = std::ptr::from_ref(here).addr();
        if self.seen.insert((found.code.clone(), template, at.start)) {
            self.errors += usize::from(found.severity == Severity::Error);
            self.faults.push(found.at(&here.passage.span(&at)));
        }
        if self.errors >= MAX_FAULTS { Err(Stop) } else { Ok(()) }
    }

    /// Whether there is something of that code at that place, so that its message need not be made again.
    pub fn has(&self, code: &'static str, here: &Compiled, tag: usize, word: &str) -> bool {
        self.seen.contains(&(Cow::Borrowed(code), std::ptr::from_ref(here).addr(), here.place(tag, word).start))
    }
}
