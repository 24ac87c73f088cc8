//! The report of `diff`: what a reviewer reads.
//!
//! ```text
//! Review ──record───▶ JSON
//! Review ──arrange──▶ Sheet ──▶ terminal | Markdown | the page
//! ```
//!
//! A [`Sheet`] says what stands where and which words are the repository's; each printer makes those
//! harmless for its own medium.

mod arrange;
mod figures;
mod headline;
mod markdown;
mod phrase;
mod record;
mod section;
mod sheet;
mod table;
mod terminal;
mod texts;

use crate::compare::review::{ContextReview, Review};
use crate::output::report::findings::{Finding, gather};
use crate::syntax::diag::Diagnostic;

pub use phrase::{Ink, Phrase};
pub use record::{CompareReport, DiffReport, SCHEMA};
pub use sheet::{Item, ModelRow, Row, Section, Sheet, Symbol};
pub use texts::{Hunk, Line, Sign, TextChange};

use arrange::arrange;
use sheet::Room;

/// The most rows of which each is told at length below the table, unless all are asked for.
const TOLD: usize = 3;

/// For a terminal. `verbose` shows every row at length and every line of text that differs.
pub fn text(review: &Review, verbose: bool) -> String {
    let all = usize::MAX;
    terminal::draw(&arrange(
        review,
        match verbose {
            true => Room { lines: all, in_all: all, rows: all, sections: all },
            false => Room { lines: 40, in_all: all, rows: 40, sections: TOLD },
        },
    ))
}

/// For a comment on a pull request; `key` names the comment, and `evaluation` is a section of it.
pub fn markdown(review: &Review, key: &str, evaluation: &str) -> String {
    let room = Room { lines: 200, in_all: 2_000, rows: 24, sections: usize::MAX };
    markdown::draw(&arrange(review, room), evaluation, key, valid_from(review))
}

/// For the page, which folds what is long.
pub fn sheet(review: &Review) -> Sheet {
    arrange(review, Room { lines: 2_000, in_all: 100_000, rows: usize::MAX, sections: usize::MAX })
}

/// Two contexts or models side by side, for a terminal.
pub fn compared(context: &ContextReview, verbose: bool) -> String {
    let room = Room { lines: if verbose { usize::MAX } else { 40 }, in_all: usize::MAX, rows: 40, sections: TOLD };
    terminal::draw(&arrange::pair(context, room))
}

/// What is wrong with contexts that cannot be built, on either side. New warnings stand in the report.
pub fn diagnostics(review: &Review) -> Vec<Diagnostic> {
    let faults = review.contexts.iter().flat_map(|context| {
        let faults = context.head_faults.iter().chain(&context.base_faults);
        faults.map(move |fault| (&context.id, fault))
    });
    gather(faults).iter().map(Finding::diagnostic).collect()
}

/// The moment that the report speaks of: a report of a later one replaces it, an earlier one does
/// not. The committer time of the head's commit, because no clock may change a report.
fn valid_from(review: &Review) -> i64 {
    review.head.commit().unwrap_or(&review.base).time
}
