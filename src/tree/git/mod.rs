//! git's objects, commits and index. The only place that knows git2.

pub(in crate::tree) mod ancestry;
pub(in crate::tree) mod change;
pub(in crate::tree) mod commit;
pub(in crate::tree) mod history;
pub(in crate::tree) mod index;
pub(in crate::tree) mod lineage;
pub(in crate::tree) mod loose;
pub(in crate::tree) mod objects;
pub(in crate::tree) mod staged;

use std::io::Read as _;
use std::path::Path;

use crate::syntax::limits::MAX_PATTERN_FILE_BYTES;

/// A file of git's own, or of its rules outside of the working tree; empty when it is not there, no plain file, or
/// too long.
pub(in crate::tree) fn plain_file(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Asked first: to open a pipe waits for whoever writes into it.
    if path.metadata().is_ok_and(|found| found.is_file()) {
        let read =
            std::fs::File::open(path).and_then(|file| file.take(MAX_PATTERN_FILE_BYTES + 1).read_to_end(&mut bytes));
        if read.is_err() || bytes.len() as u64 > MAX_PATTERN_FILE_BYTES {
            bytes.clear();
        }
    }
    bytes
}
