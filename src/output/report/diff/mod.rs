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
mod markdown;
mod phrase;
mod record;
mod section;
mod sheet;
mod terminal;
mod texts;
mod verdict;

use crate::compare::review::Review;
use crate::syntax::diag::Diagnostic;

pub use phrase::{Ink, Phrase};
pub use record::{DiffReport, SCHEMA};
pub use sheet::{Item, Section, Sheet, Symbol};
pub use texts::{Hunk, Line, Sign, TextChange};

use arrange::arrange;
use sheet::Room;

/// For a terminal of 80 columns or more. `verbose` shows every line of text that differs.
pub fn text(review: &Review, verbose: bool) -> String {
    terminal::draw(&arrange(review, Room { lines: if verbose { usize::MAX } else { 40 }, in_all: usize::MAX }))
}

/// For a comment on a pull request; `key` names the comment.
pub fn markdown(review: &Review, key: &str) -> String {
    markdown::draw(&arrange(review, Room { lines: 200, in_all: 2_000 }), key, valid_from(review))
}

/// For the page, which folds what is long.
pub fn sheet(review: &Review) -> Sheet {
    arrange(review, Room { lines: 2_000, in_all: 100_000 })
}

/// What is wrong with contexts that cannot be built, on either side. New warnings stand in the report.
pub fn diagnostics(review: &Review) -> Vec<Diagnostic> {
    let faults = review.contexts.iter().flat_map(|context| context.head_faults.iter().chain(&context.base_faults));
    faults.cloned().collect()
}

/// The moment that the report speaks of: a report of a later one replaces it, an earlier one does
/// not. The committer time of the head's commit, because no clock may change a report.
fn valid_from(review: &Review) -> i64 {
    review.head.commit().unwrap_or(&review.base).time
}
