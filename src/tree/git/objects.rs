//! git's objects, by id: blobs, trees and commits, read by any thread.
//!
//! What is read is the true object. `refs/replace` and grafts are never asked, libgit2 hashes every
//! object it reads against its id, and nothing is fetched: an object that a partial or shallow
//! clone lacks is an error that says how to get it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use git2::{ErrorCode, ObjectFormat, ObjectType, Odb, Oid};
use parking_lot::Mutex;

use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_FILE_BYTES, MAX_OBJECT_BYTES};
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::git::loose::Loose;
use crate::tree::links::MAX_LINK_BYTES;
use crate::tree::{Commit, ReadError};

/// The most folder entries in memory at once; beyond it the cache starts afresh.
const MAX_CACHED_ENTRIES: usize = 1_000_000;

/// The most bytes of files in memory at once; beyond it the cache starts afresh.
const MAX_CACHED_BYTES: usize = 64 * 1024 * 1024;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) enum EntryKind {
    File,
    Link,
    Folder,
    Submodule,
}

impl EntryKind {
    /// As git reads a mode: whatever is no file, link or folder is a submodule.
    pub(in crate::tree) fn of_mode(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o100_000 => Self::File,
            0o120_000 => Self::Link,
            0o040_000 => Self::Folder,
            _ => Self::Submodule,
        }
    }
}

/// One entry of a folder.
#[derive(Debug, Clone)]
pub(in crate::tree) struct Entry {
    pub(in crate::tree) name: Box<str>,
    pub(in crate::tree) kind: EntryKind,
    pub(in crate::tree) id: Oid,
}

/// A tree object: its entries with names in UTF-8, sorted by name.
#[derive(Debug)]
pub(in crate::tree) struct Folder(Vec<Entry>);

impl Folder {
    /// The entry of that name; the first one, as git finds it, in a tree that holds two.
    pub(in crate::tree) fn get(&self, name: &str) -> Option<&Entry> {
        let at = self.0.partition_point(|entry| &*entry.name < name);
        self.0.get(at).filter(|entry| &*entry.name == name)
    }

    /// All entries, by name.
    pub(in crate::tree) fn entries(&self) -> &[Entry] {
        &self.0
    }
}

/// The parts of a commit object that matter here.
#[derive(Debug)]
pub(in crate::tree) struct CommitObject {
    pub(in crate::tree) tree: Oid,
    pub(in crate::tree) parents: Vec<Oid>,
    /// Committer time in seconds.
    pub(in crate::tree) time: i64,
}

/// A folder's id, and the files below it.
type FolderListing = (Oid, Arc<[ProjectPath]>);

/// A repository's object database.
pub(in crate::tree) struct Objects {
    database: Odb<'static>,
    loose: Loose,
    format: ObjectFormat,
    folders: Mutex<CachedFolders>,
    files: Mutex<CachedFiles>,
    /// The last listing of each folder, with the tree object that it was of: commits share most of their folders.
    listings: Mutex<HashMap<ProjectPath, FolderListing>>,
    /// How to get an object that is not here.
    cure: String,
}

/// An object's bytes.
enum Bytes<'a> {
    Loose(Vec<u8>),
    Packed(git2::OdbObject<'a>),
}

impl Bytes<'_> {
    fn data(&self) -> &[u8] {
        match self {
            Self::Loose(bytes) => bytes,
            Self::Packed(object) => object.data(),
        }
    }
}

#[derive(Default)]
struct CachedFolders {
    folders: HashMap<Oid, Arc<Folder>>,
    entries: usize,
}

/// Files by id: the trees of one repository share most of theirs.
#[derive(Default)]
struct CachedFiles {
    files: HashMap<Oid, Arc<[u8]>>,
    bytes: usize,
}

impl Objects {
    /// Opens the database at `folder` (`.git/objects`) and its alternates. `cure` is said of objects
    /// that are missing.
    pub(in crate::tree) fn open(folder: &Path, format: ObjectFormat, cure: String) -> Result<Self, Error> {
        let unreadable = |reason: &str| {
            let what = format!("cannot open git's objects in {}: {reason}", folder.display());
            Error::repository(what, "check the repository with `git fsck`")
        };
        git2::opts::strict_hash_verification(true);
        let database = Odb::new_ext(format).map_err(|error| unreadable(error.message()))?;
        let name = folder.to_str().ok_or_else(|| unreadable("its path is not UTF-8"))?;
        database.add_disk_alternate(name).map_err(|error| unreadable(error.message()))?;
        Ok(Self {
            database,
            loose: Loose::open(folder, format),
            format,
            folders: Mutex::default(),
            files: Mutex::default(),
            listings: Mutex::default(),
            cure,
        })
    }

    /// The hash that names objects here.
    pub(in crate::tree) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The listing of a folder that is this tree object, if it was the last of that folder.
    pub(in crate::tree) fn listing(&self, folder: &ProjectPath, id: Oid) -> Option<Arc<[ProjectPath]>> {
        self.listings.lock().get(folder).filter(|(own, _)| *own == id).map(|(_, listed)| listed.clone())
    }

    /// Remembers the listing of a folder that is this tree object and holds no link.
    pub(in crate::tree) fn remember_listing(&self, folder: &ProjectPath, id: Oid, listed: &Arc<[ProjectPath]>) {
        self.listings.lock().insert(folder.clone(), (id, listed.clone()));
    }

    /// A file's bytes.
    pub(in crate::tree) fn file(&self, id: Oid) -> Result<Arc<[u8]>, ReadError> {
        if let Some(bytes) = self.files.lock().files.get(&id) {
            return Ok(bytes.clone());
        }
        let bytes = self.read_file(id)?;
        let mut cached = self.files.lock();
        if cached.bytes.saturating_add(bytes.len()) > MAX_CACHED_BYTES {
            *cached = CachedFiles::default();
        }
        if bytes.len() <= MAX_CACHED_BYTES / 4 && cached.files.insert(id, bytes.clone()).is_none() {
            cached.bytes += bytes.len();
        }
        Ok(bytes)
    }

    fn read_file(&self, id: Oid) -> Result<Arc<[u8]>, ReadError> {
        let (bytes, kind) = self.header(id)?;
        if kind != ObjectType::Blob {
            return Err(self.damaged(id, "a tree names it as a file").into());
        }
        if bytes as u64 > MAX_FILE_BYTES {
            return Err(ReadError::TooLarge(bytes as u64));
        }
        Ok(self.read(id)?.data().into())
    }

    /// A file of git's own rules, of at most `limit` bytes.
    pub(in crate::tree) fn rules(&self, id: Oid, limit: u64) -> Result<Vec<u8>, Error> {
        let (bytes, _) = self.header(id)?;
        if bytes as u64 > limit {
            let what = format!("object {id}, a file of git's rules, holds {bytes} bytes; the limit is {limit}");
            return Err(Error::usage(what, "shorten it"));
        }
        Ok(self.read(id)?.data().to_vec())
    }

    /// The text of a link, or why it has none.
    pub(in crate::tree) fn link(&self, id: Oid) -> Result<Result<String, &'static str>, Error> {
        let (bytes, _) = self.header(id)?;
        if bytes as u64 > MAX_LINK_BYTES {
            return Ok(Err("a link longer than any path"));
        }
        Ok(Ok(String::from_utf8_lossy(self.read(id)?.data()).into_owned()))
    }

    /// A tree object.
    pub(in crate::tree) fn folder(&self, id: Oid) -> Result<Arc<Folder>, Error> {
        if let Some(folder) = self.folders.lock().folders.get(&id) {
            return Ok(folder.clone());
        }
        let folder = Arc::new(
            parse_folder(self.small(id, ObjectType::Tree)?.data(), self.format)
                .ok_or_else(|| self.damaged(id, "it is not a tree that git can read"))?,
        );
        let mut cached = self.folders.lock();
        if cached.entries + folder.0.len() > MAX_CACHED_ENTRIES {
            *cached = CachedFolders::default();
        }
        cached.entries += folder.0.len();
        cached.folders.insert(id, folder.clone());
        Ok(folder)
    }

    /// A commit object, with the parents that it names itself.
    pub(in crate::tree) fn commit(&self, id: Oid) -> Result<CommitObject, Error> {
        parse_commit(self.small(id, ObjectType::Commit)?.data(), self.format)
            .ok_or_else(|| self.damaged(id, "it is not a commit that git can read"))
    }

    /// A commit's author line, and its message. Bytes that are not UTF-8 are shown as such.
    pub(in crate::tree) fn words(&self, id: Oid) -> Result<(String, String), Error> {
        let object = self.small(id, ObjectType::Commit)?;
        let text = String::from_utf8_lossy(object.data());
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let author = head.lines().find_map(|line| line.strip_prefix("author ")).unwrap_or("");
        Ok((author.to_owned(), message.to_owned()))
    }

    fn small(&self, id: Oid, wanted: ObjectType) -> Result<Bytes<'_>, Error> {
        let (bytes, kind) = self.header(id)?;
        if kind != wanted {
            return Err(self.damaged(id, &format!("it is a {kind} where a {wanted} belongs")));
        }
        if bytes > MAX_OBJECT_BYTES {
            let what = format!("object {id} holds {bytes} bytes; the limit for a {kind} is {MAX_OBJECT_BYTES}");
            return Err(Error::repository(what, "this program is not made for objects of that size"));
        }
        self.read(id)
    }

    /// What an object is.
    pub(in crate::tree) fn kind(&self, id: Oid) -> Result<ObjectType, Error> {
        self.header(id).map(|(_, kind)| kind)
    }

    /// How many bytes an object says that it holds.
    pub(in crate::tree) fn size(&self, id: Oid) -> Result<u64, Error> {
        self.header(id).map(|(bytes, _)| bytes as u64)
    }

    /// Whether an object is here, whole or not.
    pub(in crate::tree) fn exists(&self, id: Oid) -> bool {
        self.database.exists(id)
    }

    /// The one object whose id begins with these digits; `None` for none or many.
    pub(in crate::tree) fn short(&self, digits: &str) -> Option<Oid> {
        let padded = format!("{digits:0<width$}", width = 2 * id_bytes(self.format));
        let id = Oid::from_str_ext(&padded, self.format).ok()?;
        self.database.exists_prefix(id, digits.len()).ok()
    }

    /// The object that a tag names.
    pub(in crate::tree) fn tagged(&self, id: Oid) -> Result<Oid, Error> {
        let object = self.small(id, ObjectType::Tag)?;
        let first = object.data().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let named = std::str::from_utf8(first).ok().and_then(|line| line.strip_prefix("object "));
        let named = named.and_then(|id| Oid::from_str_ext(id, self.format).ok());
        named.ok_or_else(|| self.damaged(id, "it is not a tag that git can read"))
    }

    /// Makes sure that libgit2 can read every loose object by itself.
    pub(in crate::tree) fn check_loose(&self) -> Result<(), Error> {
        self.loose.check().map_err(|what| Error::repository(what, "check the repository with `git fsck`"))
    }

    fn header(&self, id: Oid) -> Result<(usize, ObjectType), Error> {
        match self.loose.header(id) {
            Some(found) => {
                found.map(|(kind, bytes)| (bytes, kind)).map_err(|error| self.damaged(id, &error.to_string()))
            }
            None => self.database.read_header(id).map_err(|error| self.explain(id, &error)),
        }
    }

    fn read(&self, id: Oid) -> Result<Bytes<'_>, Error> {
        match self.loose.read(id) {
            Some(found) => found.map(Bytes::Loose).map_err(|error| match error.kind() {
                // The bytes are not those of an object.
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof | ErrorKind::Other => {
                    self.damaged(id, &error.to_string())
                }
                // The system could not give them.
                _ => Error::repository(format!("object {id} cannot be read: {error}"), "mend that, and run it again"),
            }),
            None => self.database.read(id).map(Bytes::Packed).map_err(|error| self.explain(id, &error)),
        }
    }

    fn explain(&self, id: Oid, error: &git2::Error) -> Error {
        if error.code() == ErrorCode::NotFound {
            return Error::repository(format!("object {id} is not in this clone"), self.cure.clone());
        }
        self.damaged(id, error.message())
    }

    fn damaged(&self, id: Oid, reason: &str) -> Error {
        Error::repository(format!("object {id} is damaged: {reason}"), "check the repository with `git fsck`")
    }
}

/// git's id of a file that holds `bytes`.
pub(in crate::tree) fn hash_file(bytes: &[u8], format: ObjectFormat) -> Result<ObjectId, Error> {
    Oid::hash_object_ext(ObjectType::Blob, bytes, format)
        .map(object_id)
        .map_err(|error| Error::Repository { what: format!("cannot hash a file: {}", error.message()), cure: None })
}

/// An id in the words of the rest of the program.
pub(in crate::tree) fn object_id(id: Oid) -> ObjectId {
    ObjectId::from_hex(&id.to_string())
}

/// A commit's name: its id and date.
pub(in crate::tree) fn named(id: Oid, commit: &CommitObject) -> Commit {
    Commit { id: object_id(id), time: commit.time }
}

fn id_bytes(format: ObjectFormat) -> usize {
    match format {
        ObjectFormat::Sha1 => 20,
        ObjectFormat::Sha256 => 32,
    }
}

/// Entries are `mode SP name NUL id`. A name that is not UTF-8, or is no single
/// name, has no `ProjectPath` and is left out.
fn parse_folder(mut rest: &[u8], format: ObjectFormat) -> Option<Folder> {
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let blank = rest.iter().position(|byte| *byte == b' ')?;
        let (mode, after) = (rest.get(..blank)?, rest.get(blank + 1..)?);
        let end = after.iter().position(|byte| *byte == 0)?;
        let (name, after) = (after.get(..end)?, after.get(end + 1..)?);
        let (id, after) = after.split_at_checked(id_bytes(format))?;
        rest = after;
        let mode = u32::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
        let id = Oid::from_bytes(id).ok()?;
        if let Ok(name) = std::str::from_utf8(name)
            && !name.contains('/')
        {
            entries.push(Entry { name: name.into(), kind: EntryKind::of_mode(mode), id });
        }
    }
    // git sorts folders as if they ended in `/`; here plain byte order, so that a name can be found.
    // The sort is stable: of two equal names the first stays first.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Folder(entries))
}

fn parse_commit(object: &[u8], format: ObjectFormat) -> Option<CommitObject> {
    let mut tree = None;
    let mut parents = Vec::new();
    for line in object.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else {
            // An author in another encoding; the committer's line still ends in ASCII digits.
            if line.starts_with(b"committer ") {
                return Some(CommitObject {
                    tree: tree?,
                    parents,
                    time: committer_time(&String::from_utf8_lossy(line)),
                });
            }
            continue;
        };
        if let Some(id) = line.strip_prefix("tree ") {
            tree = Some(Oid::from_str_ext(id, format).ok()?);
        } else if let Some(id) = line.strip_prefix("parent ") {
            parents.push(Oid::from_str_ext(id, format).ok()?);
        } else if line.starts_with("committer ") {
            return Some(CommitObject { tree: tree?, parents, time: committer_time(line) });
        } else if line.is_empty() {
            break;
        }
    }
    Some(CommitObject { tree: tree?, parents, time: 0 })
}

/// The seconds in `committer Name <mail> seconds zone`; 0, as git has it, when there are none.
fn committer_time(line: &str) -> i64 {
    let after_mail = line.rsplit_once('>').map_or("", |(_, after)| after);
    after_mail.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}
