//! Files of the disk as they were last read, for the next tree over the same disk.
//!
//! A file whose stamp is the one that it was read under is not read again, as git's index has it.
//! And as for git, a stamp says nothing while it is young: within the grain of the file system's
//! clock a file can change twice under one time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use git2::ObjectFormat;
use parking_lot::Mutex;

use crate::syntax::source::ObjectId;
use crate::tree::ReadError;
use crate::tree::disk::{Disk, Stamp};
use crate::tree::git::objects::hash_file;

/// The coarsest clock of a file system in use (FAT's). A file that changed less than this before it
/// was read is read again next time.
const GRAIN: Duration = Duration::from_secs(2);

/// The files that one working tree read, and those that the one before it did.
#[derive(Default)]
pub(in crate::tree) struct ReadFiles {
    before: HashMap<PathBuf, ReadFile>,
    own: Mutex<HashMap<PathBuf, ReadFile>>,
}

/// A file's bytes as they are on the disk, and git's id of them.
#[derive(Clone)]
pub(in crate::tree) struct ReadFile {
    pub(in crate::tree) bytes: Arc<[u8]>,
    pub(in crate::tree) id: ObjectId,
    stamp: Stamp,
    format: ObjectFormat,
}

impl ReadFiles {
    /// Nothing is read yet, and `earlier` is what another tree over the same disk read.
    pub(in crate::tree) fn after(earlier: &Self) -> Self {
        Self { before: earlier.own.lock().clone(), own: Mutex::default() }
    }

    /// The file at `path`, from the disk unless it is there as it was.
    pub(in crate::tree) fn read(&self, disk: &Disk, path: &str, format: ObjectFormat) -> Result<ReadFile, ReadError> {
        let key = disk.path(path);
        let unchanged = |file: &&ReadFile| file.format == format && disk.stamp(path) == Some(file.stamp);
        if let Some(file) = self.before.get(&key).filter(unchanged) {
            self.own.lock().insert(key, file.clone());
            return Ok(file.clone());
        }
        let (bytes, stamp) = disk.read_stamped(path)?;
        let id = hash_file(&bytes, format)?;
        let file = ReadFile { bytes: bytes.into(), id, stamp, format };
        if stamp.is_older_than(GRAIN) {
            self.own.lock().insert(key, file.clone());
        }
        Ok(file)
    }
}
