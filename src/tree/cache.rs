//! Answers that were given already, so that one tree gives one answer to a question, quickly and from any thread.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::syntax::error::Error;
use crate::syntax::limits::MAX_RUN_BYTES;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::reads::{FileFilter, Listing, Reads, selected};
use crate::tree::{Blob, Identity, ReadError, Tree, TreeName};

/// The most bytes in memory; files beyond it are read anew each time.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// The largest file in memory, in bytes: larger ones have a reader that holds their text.
const MAX_FILE: usize = 16 * 1024 * 1024;

/// The blobs of one tree by path.
#[derive(Default)]
pub(in crate::tree) struct Cache(Mutex<CachedBlobs>);

#[derive(Default)]
struct CachedBlobs {
    blobs: HashMap<ProjectPath, Blob>,
    bytes: usize,
}

impl Cache {
    /// The blob at `path`, read at most once while there is room. Two threads may both read; the
    /// first to finish decides what both return.
    pub(in crate::tree) fn get_or_read(
        &self,
        path: &ProjectPath,
        read: impl FnOnce() -> Result<Blob, ReadError>,
    ) -> Result<Blob, ReadError> {
        if let Some(blob) = self.0.lock().blobs.get(path) {
            return Ok(blob.clone());
        }
        let blob = read()?;
        let mut cached = self.0.lock();
        if blob.bytes.len() > MAX_FILE || cached.bytes.saturating_add(blob.bytes.len()) > MAX_BYTES {
            return Ok(blob);
        }
        if let Some(earlier) = cached.blobs.get(path) {
            return Ok(earlier.clone());
        }
        cached.bytes += blob.bytes.len();
        cached.blobs.insert(path.clone(), blob.clone());
        Ok(blob)
    }

    /// The blob at `path` if it was read.
    pub(in crate::tree) fn get(&self, path: &ProjectPath) -> Option<Blob> {
        self.0.lock().blobs.get(path).cloned()
    }
}

/// A filter, and the paths that it took.
type Selected = (FileFilter, Arc<[ProjectPath]>);

/// A tree that asks another one only once for each identity and each listing, however many contexts ask. So it
/// knows everything that was asked, too.
pub struct CachedTree<'a> {
    tree: &'a dyn Tree,
    files: Mutex<HashMap<ProjectPath, Looked>>,
    listings: Mutex<HashMap<ProjectPath, Arc<[ProjectPath]>>>,
    /// What filters took, by filter and folders. All contexts of a manifest with `each` have one filter.
    selected: Mutex<HashMap<(usize, Vec<ProjectPath>), Selected>>,
    /// The different texts that were read, with the bytes of each and of all.
    read: Mutex<(HashMap<ObjectId, u64>, u64)>,
}

/// What was found at a path.
#[derive(Clone)]
enum Looked {
    Found(Identity),
    Absent,
    /// Something that yields no text. Why is asked anew each time.
    Unreadable,
}

impl Looked {
    fn of(answer: &Result<Option<Identity>, ReadError>) -> Self {
        match answer {
            Ok(Some(found)) => Self::Found(found.clone()),
            Ok(None) | Err(ReadError::Absent) => Self::Absent,
            Err(_) => Self::Unreadable,
        }
    }
}

impl<'a> CachedTree<'a> {
    /// Nothing was asked yet.
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self {
            tree,
            files: Mutex::default(),
            listings: Mutex::default(),
            selected: Mutex::default(),
            read: Mutex::default(),
        }
    }

    /// Counts a text that was read, unless it was before.
    ///
    /// # Errors
    /// When all that was read is more than [`MAX_RUN_BYTES`].
    fn admit(&self, blob: Blob) -> Result<Blob, ReadError> {
        let mut read = self.read.lock();
        let bytes = blob.bytes.len() as u64;
        if read.0.insert(blob.id.clone(), bytes).is_none() {
            read.1 += bytes;
        }
        if read.1 > MAX_RUN_BYTES { Err(ReadError::TooMuch("what this run reads", MAX_RUN_BYTES)) } else { Ok(blob) }
    }

    /// The different texts that were read so far, with the bytes of each.
    pub fn texts(&self) -> HashMap<ObjectId, u64> {
        self.read.lock().0.clone()
    }

    /// Everything that was asked so far.
    pub fn reads(&self) -> Reads {
        let mut reads = Reads::default();
        for (path, looked) in self.files.lock().iter() {
            let found = if let Looked::Found(found) = looked { Some(found) } else { None };
            reads.files.insert(path.clone(), found.map(|found| found.id.clone()));
            if found.is_some_and(|found| found.untracked) {
                reads.untracked.insert(path.clone());
            }
        }
        let listing = |(folder, found): (&ProjectPath, &Arc<[ProjectPath]>)| Listing {
            folders: vec![folder.clone()],
            filter: FileFilter::all(),
            found: found.clone(),
        };
        reads.listings = self.listings.lock().iter().map(listing).collect();
        reads
    }
}

impl Tree for CachedTree<'_> {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        let blob = self.tree.read(path).and_then(|blob| self.admit(blob));
        let found = match &blob {
            Ok(Blob { id, untracked, .. }) => Looked::Found(Identity { id: id.clone(), untracked: *untracked }),
            Err(ReadError::Absent) => Looked::Absent,
            Err(_) => Looked::Unreadable,
        };
        self.files.lock().insert(path.clone(), found);
        blob
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        match self.files.lock().get(path) {
            Some(Looked::Found(found)) => return Ok(Some(found.clone())),
            Some(Looked::Absent) => return Ok(None),
            Some(Looked::Unreadable) | None => {}
        }
        let answer = self.tree.identity(path);
        self.files.lock().insert(path.clone(), Looked::of(&answer));
        answer
    }

    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        self.tree.size(path)
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        if let Some(listed) = self.listings.lock().get(folder) {
            return Ok(listed.clone());
        }
        let listed = self.tree.list(folder)?;
        Ok(self.listings.lock().entry(folder.clone()).or_insert(listed).clone())
    }

    fn select(&self, folders: &[ProjectPath], filter: &FileFilter) -> Result<Arc<[ProjectPath]>, Error> {
        let key = (filter.address(), folders.to_vec());
        if let Some((_, found)) = self.selected.lock().get(&key) {
            return Ok(found.clone());
        }
        let found = selected(|folder| self.list(folder), folders, filter)?;
        // With the filter, so that no other one gets its address.
        self.selected.lock().insert(key, (filter.clone(), found.clone()));
        Ok(found)
    }

    fn name(&self) -> TreeName {
        self.tree.name()
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.tree.base()
    }
}
