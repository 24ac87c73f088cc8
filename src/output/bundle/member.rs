//! Where the members of a bundle go while they are made: into memory, into a new folder, or against
//! the files of one that stands. None of them is ever held as a whole but in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;

use crate::syntax::error::Error;
use crate::tree::write::Folder;

/// How much is gathered before it is hashed and written: enough for BLAKE3 to work on many blocks at
/// once, little enough to stay in the processor's cache.
const CHUNK: usize = 128 * 1024;

/// What a bundle's record says of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Member {
    /// Its size.
    pub bytes: usize,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub blake3: String,
}

/// Writes a member's bytes.
pub(super) type Make<'a> = &'a (dyn Fn(&mut dyn Write) -> io::Result<()> + Sync);

/// Takes members, from any thread.
pub(super) trait Members: Sync {
    /// Takes the member that `make` writes.
    ///
    /// # Errors
    /// When it cannot be taken.
    fn take(&self, name: &str, make: Make) -> Result<Member, Error>;
}

/// Keeps members.
#[derive(Debug, Default)]
pub(super) struct InMemory(Mutex<BTreeMap<String, Vec<u8>>>);

impl InMemory {
    /// The members by name.
    pub fn into_members(self) -> BTreeMap<String, Vec<u8>> {
        self.0.into_inner()
    }
}

impl Members for InMemory {
    fn take(&self, name: &str, make: Make) -> Result<Member, Error> {
        let mut bytes = Vec::new();
        make(&mut bytes).map_err(|error| Error::file("cannot write", name, error))?;
        let member = Member { bytes: bytes.len(), blake3: blake3::hash(&bytes).to_hex().to_string() };
        self.0.lock().insert(name.to_owned(), bytes);
        Ok(member)
    }
}

/// Writes members into a new folder, and syncs each while others are made.
pub(super) struct Fresh<'scope, 'env> {
    folder: &'env Folder<'env>,
    /// Where the threads live that wait for the disk. They are not those that make members: to wait
    /// takes no processor.
    scope: &'scope Scope<'scope, 'env>,
    syncing: Mutex<Vec<ScopedJoinHandle<'scope, Result<(), Error>>>>,
}

impl<'scope, 'env> Fresh<'scope, 'env> {
    /// Members go into `folder`.
    pub fn new(folder: &'env Folder<'env>, scope: &'scope Scope<'scope, 'env>) -> Self {
        Self { folder, scope, syncing: Mutex::default() }
    }

    /// Waits until every member is on the disk.
    ///
    /// # Errors
    /// When one of them could not be synced.
    pub fn synced(self) -> Result<(), Error> {
        let syncing = self.syncing.into_inner();
        // All of them are waited for. A panic in one goes on here, as without threads.
        let all: Vec<Result<(), Error>> =
            syncing.into_iter().map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic))).collect();
        all.into_iter().collect()
    }
}

impl Members for Fresh<'_, '_> {
    fn take(&self, name: &str, make: Make) -> Result<Member, Error> {
        let target = self.folder.target().join(name);
        let failed = |error| Error::file("cannot write", &target, error);
        let (file, member) = self.folder.file(name).and_then(|file| hashed(file, make)).map_err(failed)?;
        let file = Arc::new(Mutex::new(file));
        let sync = {
            let (file, target) = (file.clone(), target.clone());
            move || file.lock().sync().map_err(|error| Error::file("cannot write", target, error))
        };
        match thread::Builder::new().spawn_scoped(self.scope, sync) {
            Ok(syncing) => self.syncing.lock().push(syncing),
            // No more threads to be had: it is waited for here.
            Err(_) => file.lock().sync().map_err(failed)?,
        }
        Ok(member)
    }
}

/// Compares members with the files of a folder.
pub(super) struct Existing {
    folder: PathBuf,
    taken: AtomicUsize,
}

impl Existing {
    /// Members are held against those in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), taken: AtomicUsize::new(0) }
    }

    /// Whether the folder holds what was taken and one file more, its record.
    pub fn is_all_but_one(&self) -> bool {
        let entries = std::fs::read_dir(&self.folder).map(Iterator::count);
        entries.is_ok_and(|count| count == self.taken.load(Ordering::Relaxed) + 1)
    }
}

impl Members for Existing {
    fn take(&self, name: &str, make: Make) -> Result<Member, Error> {
        let path = self.folder.join(name);
        let compare = || {
            let meta = std::fs::symlink_metadata(&path)?;
            if !meta.is_file() {
                return Err(unlike());
            }
            let (_, member) = hashed(Against { existing: File::open(&path)?, read: Vec::new() }, make)?;
            if member.bytes as u64 == meta.len() { Ok(member) } else { Err(unlike()) }
        };
        self.taken.fetch_add(1, Ordering::Relaxed);
        compare().map_err(|error| Error::file("cannot compare with", &path, error))
    }
}

fn unlike() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it holds something else")
}

/// Hands what `make` writes to `to` in chunks, and hashes it on the way.
fn hashed<W: Write>(to: W, make: Make) -> io::Result<(W, Member)> {
    let mut out = BufWriter::with_capacity(CHUNK, Hashed { to, hasher: blake3::Hasher::new(), bytes: 0 });
    make(&mut out)?;
    let Hashed { to, hasher, bytes } = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((to, Member { bytes, blake3: hasher.finalize().to_hex().to_string() }))
}

struct Hashed<W> {
    to: W,
    hasher: blake3::Hasher,
    bytes: usize,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A text larger than the chunk comes as one piece; its parts are hashed while they are near.
        for chunk in bytes.chunks(CHUNK) {
            self.hasher.update(chunk);
            self.to.write_all(chunk)?;
        }
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Fails at the first chunk that a file does not hold at that place.
struct Against {
    existing: File,
    read: Vec<u8>,
}

impl Write for Against {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.read.resize(bytes.len(), 0);
        self.existing.read_exact(&mut self.read)?;
        if self.read == bytes { Ok(bytes.len()) } else { Err(unlike()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
