//! Which files of a folder are logs.

use std::io;
use std::path::{Path, PathBuf};

use crate::syntax::limits::MAX_LISTED_ENTRIES;

/// Endings of logs; packed ones end in `.gz` behind it.
const ENDINGS: [&str; 5] = ["jsonl", "ndjson", "json", "log", "csv"];

/// What lies below a path.
#[derive(Debug, Default)]
pub struct Below {
    /// The logs, in the order of their paths.
    pub logs: Vec<PathBuf>,
    /// Files that end otherwise, and links, which are not followed.
    pub passed_over: usize,
}

/// Every log below a folder; the path itself if it is a file.
///
/// # Errors
/// When a folder cannot be listed.
pub fn below(path: &Path) -> io::Result<Below> {
    if !path.is_dir() {
        return Ok(Below { logs: vec![path.to_owned()], passed_over: 0 });
    }
    let (mut open, mut found, mut seen) = (vec![path.to_owned()], Below::default(), 0);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            seen += 1;
            if seen > MAX_LISTED_ENTRIES {
                return Err(io::Error::other(format!("more than {MAX_LISTED_ENTRIES} files")));
            }
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() && is_log(&path) {
                found.logs.push(path);
            } else {
                found.passed_over += 1;
            }
        }
    }
    found.logs.sort();
    Ok(found)
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}
