//! Watching by looking: the stamps of everything that matters, again and again.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::tree::WatchSet;

/// How long to wait between two looks, at least.
const INTERVAL: Duration = Duration::from_millis(300);

/// How long to wait while something is going on.
const BUSY_INTERVAL: Duration = Duration::from_millis(50);

/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 20;

/// Within this time a file can change twice under one stamp (FAT's clock is the coarsest in use).
const GRAIN: Duration = Duration::from_secs(2);

/// What the disk looked like.
#[derive(Debug)]
pub(super) struct Poll {
    stamps: HashMap<PathBuf, Option<Stamp>>,
    took: Duration,
    last: Instant,
}

/// A file's or folder's state, to notice that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of the last change of the inode.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Poll {
    pub fn new() -> Self {
        Self { stamps: HashMap::new(), took: Duration::ZERO, last: Instant::now() }
    }

    /// When to look next.
    pub fn due(&self, is_busy: bool) -> Instant {
        self.last + if is_busy { BUSY_INTERVAL } else { INTERVAL }.max(self.took * SHARE)
    }

    /// What of `watch_set` changed since the last look. A name that is new in it did not, and a file
    /// so young that it could have changed under its stamp did.
    pub fn look(&mut self, watch_set: &WatchSet) -> Vec<PathBuf> {
        let started = Instant::now();
        let mut changed = Vec::new();
        let mut stamps = HashMap::new();
        for path in watch_set.folders.keys().chain(&watch_set.names) {
            let stamp = Stamp::of(path);
            let is_same = self.stamps.get(path).is_none_or(|before| *before == stamp);
            if !is_same || stamp.is_some_and(Stamp::is_young) {
                changed.push(path.clone());
            }
            stamps.insert(path.clone(), stamp);
        }
        self.stamps = stamps;
        self.last = Instant::now();
        self.took = started.elapsed();
        changed
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata: Metadata = path.symlink_metadata().ok()?;
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    fn is_young(self) -> bool {
        self.modified.is_some_and(|modified| modified.elapsed().is_ok_and(|age| age < GRAIN))
    }
}

/// Whether the file system at `path` may be changed from elsewhere without this machine being told.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    /// NFS, SMB 1 to 3, 9P (WSL's /mnt/c), FUSE (sshfs), VirtualBox: the magic numbers of statfs(2).
    const REMOTE: [u32; 7] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x6573_5546, 0x786f_4256];
    // The type of the number differs by machine; all of them fit into 32 bits.
    rustix::fs::statfs(path).is_ok_and(|found| u32::try_from(found.f_type).is_ok_and(|kind| REMOTE.contains(&kind)))
}

/// Whether the file system at `path` may be changed from elsewhere without this machine being told.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_: &Path) -> bool {
    false
}
