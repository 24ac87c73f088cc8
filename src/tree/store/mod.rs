//! What earlier runs worked out, kept in a folder of the user's. It saves time and changes nothing else.
//!
//! Every value follows from its key, and the key names everything that the value depends on; or it is
//! a hint, and whoever takes it holds it against the world before it is believed. So a value that is lost, damaged, of another version or not writable is worked out again, in silence:
//! no answer of this program depends on the store, and nobody waits for a lock. The ways not taken
//! are in `docs/decisions/10-one-record-of-reads.md`.
//!
//! A [`Shelf`] holds small values of one kind by key. A [`Volume`] is a table of its own, written at
//! once and asked a few questions at a time.

mod shelf;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use table::{Records, Table};

use crate::tree::write::{Disk, System, UNFINISHED, make_folders};

/// The most bytes that the store takes, of all versions together; the oldest tables go first.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// How many volumes of one kind are kept.
const MAX_VOLUMES: usize = 8;

/// Names this version's folder. What is kept may change its meaning with any version of the program.
const VERSION: &str = concat!("store-1-", env!("CARGO_PKG_VERSION"));

/// What the folder of every version begins with.
const VERSIONS: &str = "store-";

/// How the name of every table ends.
const ENDING: &str = ".table";

/// What a value is found by: a digest of all that it follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of these parts, in this order. The first says what kind of value it is.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The bytes, to make another key of.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The kinds of small values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// What counting found out about texts.
    Counts,
    /// What is said of contexts, by what they read; and what they asked for when they were last built.
    Answers,
}

/// The kinds of volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volumes {
    /// What the contexts of one tree read.
    Surveys,
}

impl Volumes {
    fn folder(self) -> &'static str {
        match self {
            Self::Surveys => "surveys",
        }
    }
}

/// The store, or none: then every question is answered with nothing, and nothing is kept.
#[derive(Default)]
pub struct Store(Option<Open>);

struct Open {
    disk: Arc<dyn Disk>,
    /// The folder that versions lie in.
    top: PathBuf,
    /// This version's.
    folder: PathBuf,
    counts: shelf::Shelf,
    answers: shelf::Shelf,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.as_ref().map(|open| &open.folder)).finish()
    }
}

impl Store {
    /// No store.
    pub fn none() -> Self {
        Self(None)
    }

    /// The store in this folder, which need not be there. Nothing is read before the first question.
    pub fn at(top: &Path) -> Self {
        Self::on(Arc::new(System), top)
    }

    /// The store in this folder of this disk.
    pub fn on(disk: Arc<dyn Disk>, top: &Path) -> Self {
        let folder = top.join(VERSION);
        let shelf = |name: &str| shelf::Shelf::new(folder.join(name));
        let (counts, answers) = (shelf("counts"), shelf("answers"));
        Self(Some(Open { disk, top: top.to_owned(), folder, counts, answers }))
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The value of a key.
    pub fn get<T: DeserializeOwned>(&self, shelf: Shelf, key: &Key) -> Option<T> {
        let value = self.0.as_ref()?.shelf(shelf).get(key)?;
        serde_json::from_slice(&value).ok()
    }

    /// Keeps a value, once the store is [saved](Self::save).
    pub fn put(&self, shelf: Shelf, key: Key, value: &impl Serialize) {
        if let (Some(open), Ok(value)) = (&self.0, serde_json::to_vec(value)) {
            open.shelf(shelf).put(key, value);
        }
    }

    /// Writes what is new, and keeps the store within its bounds. What cannot be written is worked
    /// out again next time.
    pub fn save(&self) {
        let Some(open) = &self.0 else { return };
        let saved = [&open.counts, &open.answers].map(|shelf| matches!(shelf.save(&*open.disk), Ok(true)));
        if saved.contains(&true) {
            open.shrink(MAX_BYTES);
        }
    }

    /// The names of volumes, the latest first.
    pub fn volumes(&self, kind: Volumes) -> Vec<String> {
        let Some(open) = &self.0 else { return Vec::new() };
        let name = |found: &Found| Some(found.path.file_name()?.to_str()?.strip_suffix(ENDING)?.to_owned());
        let mut found = tables(&open.folder.join(kind.folder()));
        found.sort_by_key(|found| std::cmp::Reverse(found.modified));
        found.iter().filter_map(name).collect()
    }

    /// Opens a volume.
    pub fn volume(&self, kind: Volumes, name: &str) -> Option<Volume> {
        let path = self.0.as_ref()?.volume(kind, name);
        let opened = Table::open(&path).inspect_err(|error| shelf::discard(&path, error));
        opened.ok().map(|table| Volume(Held::Table { table, path }))
    }

    /// Writes a volume if it can be written, and takes away the oldest beyond the number that is
    /// kept. What is returned answers all the same.
    pub fn write_volume(&self, kind: Volumes, name: &str, draft: Draft) -> Volume {
        if let Some(open) = &self.0 {
            open.write_volume(kind, name, &draft);
        }
        Volume(Held::Draft(draft))
    }
}

impl Open {
    fn write_volume(&self, kind: Volumes, name: &str, draft: &Draft) {
        let folder = self.folder.join(kind.folder());
        let written = make_folders(&*self.disk, &folder)
            .and_then(|()| table::write(&*self.disk, &self.volume(kind, name), &draft.0));
        if written.is_err() {
            return;
        }
        let mut found = tables(&folder);
        found.sort_by_key(|found| std::cmp::Reverse(found.modified));
        for old in found.iter().skip(MAX_VOLUMES) {
            let _ = self.disk.remove_file(&old.path);
        }
        self.shrink(MAX_BYTES);
    }

    fn shelf(&self, shelf: Shelf) -> &shelf::Shelf {
        match shelf {
            Shelf::Counts => &self.counts,
            Shelf::Answers => &self.answers,
        }
    }

    fn volume(&self, kind: Volumes, name: &str) -> PathBuf {
        self.folder.join(kind.folder()).join(format!("{name}{ENDING}"))
    }

    /// Takes away the oldest tables, of any version, until the rest holds at most `limit` bytes.
    fn shrink(&self, limit: u64) {
        let folders = |above: &Path| {
            let entries = fs::read_dir(above).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
        };
        let is_version = |path: &PathBuf| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(VERSIONS))
        };
        let versions = folders(&self.top).into_iter().filter(is_version);
        let mut found: Vec<Found> =
            versions.flat_map(|version| folders(&version)).flat_map(|folder| tables(&folder)).collect();
        found.sort_by_key(|found| found.modified);
        let mut bytes: u64 = found.iter().map(|found| found.bytes).sum();
        for old in found {
            if bytes <= limit {
                break;
            }
            bytes -= old.bytes;
            let _ = self.disk.remove_file(&old.path);
        }
    }
}

/// A table on the disk.
struct Found {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

/// The tables in a folder, and what is left of tables that were never finished.
fn tables(folder: &Path) -> Vec<Found> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let metadata = entry.metadata().ok().filter(|found| found.is_file())?;
        let is_own = name.ends_with(ENDING) || name.starts_with(UNFINISHED);
        is_own.then(|| Found {
            path: entry.path(),
            bytes: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        })
    });
    found.collect()
}

/// Records on their way into a volume.
#[derive(Default)]
pub struct Draft(Records);

impl Draft {
    /// Adds a value. One that cannot be written as JSON is left out.
    pub fn put(&mut self, key: Key, value: &impl Serialize) {
        if let Ok(value) = serde_json::to_vec(value) {
            self.0.insert(key, value);
        }
    }
}

/// A table of its own.
pub struct Volume(Held);

enum Held {
    Table { table: Table, path: PathBuf },
    Draft(Draft),
}

/// A volume that turned out to be damaged: what it should answer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl Volume {
    /// The value of a key; `None` where the volume holds none.
    ///
    /// # Errors
    /// When the volume cannot be believed. It is taken away then.
    pub fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Damaged> {
        let found = match &self.0 {
            Held::Draft(Draft(records)) => records.get(key).cloned(),
            Held::Table { table, path } => table.get(key).map_err(|error| {
                shelf::discard(path, &error);
                Damaged
            })?,
        };
        found.map(|value| serde_json::from_slice(&value).map_err(|_| Damaged)).transpose()
    }
}

/// Locks; what a panicking thread left behind is whole, since values go in in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
