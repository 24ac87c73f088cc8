//! Small values by key, in a few tables that grow by merging.
//!
//! A run writes what it worked out into one new table, together with every standing table that is at
//! most twice as large. So n records lie in at most log n tables, and a record is written log n
//! times: a run that adds little writes little. No table grows beyond [`MAX_TABLE_BYTES`], so that what
//! is old can be let go a table at a time. No run waits for another: two that merge at once leave some
//! records twice, and the next merge makes them one.
//!
//! Of two values of one key the newer is taken. That matters to hints only, which do not follow from
//! their key; nobody relies on it, for a merge may make an old value new.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::SystemTime;

use super::table::{self, Records, Table};
use super::{ENDING, Key, lock};
use crate::tree::write::{Disk, make_folders};

/// A table that holds so much is merged no more.
const MAX_TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// Values of one kind.
pub(super) struct Shelf {
    folder: PathBuf,
    tables: OnceLock<Vec<Standing>>,
    fresh: Mutex<Records>,
}

/// A table that an earlier run wrote.
struct Standing {
    path: PathBuf,
    bytes: u64,
    written: Option<SystemTime>,
    table: Table,
}

impl Shelf {
    /// The shelf in that folder. Nothing is looked at before the first question.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, tables: OnceLock::new(), fresh: Mutex::default() }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &Key) -> Option<Vec<u8>> {
        if let Some(value) = lock(&self.fresh).get(key) {
            return Some(value.clone());
        }
        let tables = self.tables.get_or_init(|| standing(&self.folder));
        tables.iter().find_map(|standing| {
            standing.table.get(key).unwrap_or_else(|error| {
                discard(&standing.path, &error);
                None
            })
        })
    }

    /// Puts a value beside those of earlier runs.
    pub(super) fn put(&self, key: Key, value: Vec<u8>) {
        lock(&self.fresh).insert(key, value);
    }

    /// Writes what is new. Returns whether there was anything.
    ///
    /// # Errors
    /// The system's. Nothing is lost but time.
    pub(super) fn save(&self, disk: &dyn Disk) -> std::io::Result<bool> {
        let mut records = std::mem::take(&mut *lock(&self.fresh));
        if records.is_empty() {
            return Ok(false);
        }
        make_folders(disk, &self.folder)?;
        let mut bytes: u64 = records.values().map(|value| value.len() as u64 + 36).sum();
        // As they stand now: another run may have merged those that this one has open.
        let mut standing = standing(&self.folder);
        standing.sort_by_key(|standing| standing.bytes);
        let is_small = |one: &Standing| {
            let is_small = one.bytes <= 2 * bytes && bytes + one.bytes <= MAX_TABLE_BYTES;
            bytes += if is_small { one.bytes } else { 0 };
            is_small
        };
        let mut small: Vec<Standing> = standing.into_iter().filter(is_small).collect();
        small.sort_by_key(|standing| Reverse(standing.written));
        let mut merged = Vec::new();
        for Standing { path, table, .. } in small {
            match table.records() {
                Ok(old) => {
                    for (key, value) in old {
                        records.entry(key).or_insert(value);
                    }
                    merged.push(path);
                }
                Err(error) => discard(&path, &error),
            }
        }
        let path = self.folder.join(name_of(&records));
        table::write(disk, &path, &records)?;
        for old in merged.iter().filter(|old| **old != path) {
            // Another run may have taken it away.
            let _ = disk.remove_file(old);
        }
        Ok(true)
    }
}

/// A name that two runs share only if they write the same.
fn name_of(records: &Records) -> String {
    let mut hasher = blake3::Hasher::new();
    for (key, value) in records {
        hasher.update(&key.0).update(&(value.len() as u64).to_le_bytes()).update(value);
    }
    format!("{}{ENDING}", &hasher.finalize().to_hex()[..32])
}

/// The tables in a folder, the newest first.
fn standing(folder: &Path) -> Vec<Standing> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let tables = paths.filter(|path| path.extension() == Some(OsStr::new(&ENDING[1..])));
    let opened = tables.filter_map(|path| match Table::open(&path) {
        Ok(table) => {
            let found = path.metadata().ok();
            let bytes = found.as_ref().map_or(0, |found| found.len());
            Some(Standing { bytes, written: found.and_then(|found| found.modified().ok()), path, table })
        }
        Err(error) => {
            discard(&path, &error);
            None
        }
    });
    let mut opened: Vec<Standing> = opened.collect();
    opened.sort_by_key(|standing| Reverse(standing.written));
    opened
}

/// Takes a damaged table away, so that the next run does not stumble over it.
pub(super) fn discard(path: &Path, error: &std::io::Error) {
    if error.kind() == ErrorKind::InvalidData {
        let _ = fs::remove_file(path);
    }
}
