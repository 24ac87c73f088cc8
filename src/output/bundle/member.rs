//! Where the members of a bundle go while they are made: into memory, into a new folder, or against
//! the files of one that stands. None of them is ever held as a whole but in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

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

/// Writes members into a new folder.
pub(super) struct Fresh<'a>(pub(super) &'a Folder<'a>);

impl Members for Fresh<'_> {
    fn take(&self, name: &str, make: Make) -> Result<Member, Error> {
        let written = self.0.file(name).and_then(|file| hashed(file, make));
        written
            .map(|(_, member)| member)
            .map_err(|error| Error::file("cannot write", self.0.target().join(name), error))
    }
}

/// Holds members against the files of a folder, or against nothing, and has the SHA-256 of each.
pub(super) struct Compared<'a> {
    folder: Option<&'a Path>,
    found: Mutex<BTreeMap<String, Comparison>>,
}

/// What a member is, beside the file of its name.
pub(super) struct Comparison {
    /// SHA-256 of what it should be, in hexadecimal.
    pub sha256: String,
    /// Why the file is not it.
    pub differs: Option<String>,
}

impl<'a> Compared<'a> {
    /// Members are held against those in `folder`.
    pub fn with(folder: Option<&'a Path>) -> Self {
        Self { folder, found: Mutex::default() }
    }

    /// Every member that was taken, by name.
    pub fn into_found(self) -> BTreeMap<String, Comparison> {
        self.found.into_inner()
    }
}

impl Members for Compared<'_> {
    fn take(&self, name: &str, make: Make) -> Result<Member, Error> {
        let existing = self.folder.map(|folder| ordinary(&folder.join(name))).transpose()?.flatten();
        let missing = (self.folder.is_some() && existing.is_none()).then(|| format!("{name} is missing"));
        let beside = Beside { existing, sha256: Sha256::new(), at: 0, differs_at: None, read: Vec::new() };
        let (mut beside, member) = hashed(beside, make).map_err(|error| Error::file("cannot read", name, error))?;
        let own = beside.existing.as_ref().and_then(|file| file.metadata().ok()).map(|found| found.len());
        let at = beside.differs_at.take().or_else(|| own.filter(|own| *own != beside.at).map(|own| own.min(beside.at)));
        let differs = at
            .zip(own)
            .map(|(at, own)| format!("{name} differs from byte {} on ({own} bytes, expected {})", at + 1, beside.at));
        let sha256 = beside.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.found.lock().insert(name.to_owned(), Comparison { sha256, differs: missing.or(differs) });
        Ok(member)
    }
}

/// Opens the ordinary file at a path; `None` where nothing is.
///
/// # Errors
/// Where anything else is.
pub(super) fn ordinary(path: &Path) -> Result<Option<File>, Error> {
    let failed = |error| Error::file("cannot read", path, error);
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(found) if !found.is_file() => {
            let (name, folder) = (path.file_name().unwrap_or_default(), path.parent().unwrap_or(path));
            let what = format!("{} in {} is no ordinary file of a bundle", name.display(), folder.display());
            Err(Error::usage(what, "build the bundle again"))
        }
        found => found.and_then(|_| File::open(path)).map(Some).map_err(failed),
    }
}

/// Reads along in a file, and notes the first byte that differs.
struct Beside {
    existing: Option<File>,
    sha256: Sha256,
    at: u64,
    differs_at: Option<u64>,
    read: Vec<u8>,
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha256.update(bytes);
        if let (Some(existing), None) = (&mut self.existing, self.differs_at) {
            self.read.clear();
            existing.take(bytes.len() as u64).read_to_end(&mut self.read)?;
            let same = self.read.iter().zip(bytes).take_while(|(own, wanted)| own == wanted).count();
            self.differs_at = (same < bytes.len()).then_some(self.at + same as u64);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
