//! Files of the disk as they were last read, for the next tree over the same disk.
//!
//! A file whose stamp is the one that it was read under is not read again, as git's index has it.
//! And as for git, a stamp says nothing while it is young: within the grain of the file system's
//! clock a file can change twice under one time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use git2::ObjectFormat;

use crate::syntax::memo::Memo;
use crate::syntax::source::ObjectId;
use crate::tree::ReadError;
use crate::tree::disk::{Disk, Stamp};
use crate::tree::git::objects::hash_file;

/// The coarsest clock of a file system in use (FAT's). A file that changed less than this before it
/// was read is read again next time.
const GRAIN: Duration = Duration::from_secs(2);

/// What working trees over one disk remember of each other.
#[derive(Default)]
pub struct Remembered(Memo<PathBuf, HeldFile>);

/// A file's bytes as they are on the disk, and git's id of them.
#[derive(Clone)]
pub(in crate::tree) struct HeldFile {
    pub(in crate::tree) bytes: Arc<[u8]>,
    pub(in crate::tree) id: ObjectId,
    stamp: Stamp,
    format: ObjectFormat,
}

impl Remembered {
    /// Ends a round: files that no tree read since the last one are dropped.
    pub fn turn(&self) {
        self.0.turn();
    }

    /// The file at `path`, from the disk unless it stands there as it was.
    pub(in crate::tree) fn read(&self, disk: &Disk, path: &str, format: ObjectFormat) -> Result<HeldFile, ReadError> {
        let key = disk.path(path);
        if let Some(held) = self.0.get(&key).filter(|held| held.format == format)
            && disk.stamp(path).is_some_and(|stamp| stamp == held.stamp)
        {
            return Ok(held);
        }
        let (bytes, stamp) = disk.read_stamped(path)?;
        let id = hash_file(&bytes, format)?;
        let held = HeldFile { bytes: bytes.into(), id, stamp, format };
        if stamp.is_older_than(GRAIN) {
            self.0.put(key, held.clone());
        }
        Ok(held)
    }
}
