//! Files already read, so that one tree gives one answer for a path, quickly and from any thread.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::syntax::source::ProjectPath;
use crate::tree::{Blob, ReadError};

/// The most bytes kept; files beyond it are read anew each time.
const MAX_KEPT_BYTES: usize = 128 * 1024 * 1024;

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
        if let Some(blob) = lock(&self.0).blobs.get(path) {
            return Ok(blob.clone());
        }
        let blob = read()?;
        let mut kept = lock(&self.0);
        if kept.bytes.saturating_add(blob.bytes.len()) > MAX_KEPT_BYTES {
            return Ok(blob);
        }
        if let Some(earlier) = kept.blobs.get(path) {
            return Ok(earlier.clone());
        }
        kept.bytes += blob.bytes.len();
        kept.blobs.insert(path.clone(), blob.clone());
        Ok(blob)
    }

    /// The blob at `path` if it was read.
    pub(in crate::tree) fn get(&self, path: &ProjectPath) -> Option<Blob> {
        lock(&self.0).blobs.get(path).cloned()
    }
}

/// Locks; what a panicking thread left behind is whole, since values are inserted in one step.
pub(in crate::tree) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
