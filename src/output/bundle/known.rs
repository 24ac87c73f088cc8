//! Bundles that stand on the disk as an earlier run left them, told without reading them.
//!
//! What a bundle holds follows from an answer's name. So it is enough to know that the folder still
//! holds the files of that name, each in the state that it was left in: size, inode, and the times of
//! the last change of content and inode, of which no program can put back the last.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::output::answer::Answer;
use crate::output::bundle;
use crate::tree::store::{Key, Shelf, Store};

/// The coarsest clock of a file system in use (FAT's). A file that changed longer ago than that cannot
/// change again under the same time.
const GRAIN: Duration = Duration::from_secs(2);

/// A bundle as it was seen on the disk.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// Names its bytes.
    name: Key,
    /// Its files by name.
    members: Vec<(String, Stamp)>,
}

/// The state of a file. Times are seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Whether the bundle of a kept answer stands in its folder.
pub fn stands(answer: &Answer, output: &Path, store: &Store) -> bool {
    let target = bundle::folder(&answer.id, output);
    let known: Option<Known> = place(&target).and_then(|place| store.get(Shelf::Answers, &key(&place)));
    // Through a link, it would be the bundle of another place.
    let leads_elsewhere = || target.ancestors().take_while(|above| *above != output).any(Path::is_symlink);
    known.is_some_and(|known| {
        Some(known.name) == answer.bundle_name() && seen(&target).as_ref() == Some(&known.members) && !leads_elsewhere()
    })
}

/// Remembers the bundle of an answer as it stands, just written or compared. One that could still
/// change without a trace is not remembered, nor is one on a system that does not tell enough.
pub fn remember(answer: &Answer, output: &Path, store: &Store) {
    let target = bundle::folder(&answer.id, output);
    let Some((name, place)) = answer.bundle_name().zip(place(&target)) else { return };
    let Some((members, folder)) = seen(&target).zip(fs::metadata(&target).ok().as_ref().and_then(Stamp::of)) else {
        return;
    };
    // What changes from now on bears a time that is not older than the folder's, which took its place
    // behind its files.
    let is_settled = |stamp: &Stamp| stamp.changed < folder.changed || stamp.is_old();
    if members.iter().all(|(_, stamp)| is_settled(stamp)) {
        let (key, known) = (key(&place), Known { name, members });
        if store.get::<Known>(Shelf::Answers, &key).as_ref() != Some(&known) {
            store.put(Shelf::Answers, key, &known);
        }
    }
}

fn place(target: &Path) -> Option<PathBuf> {
    target.canonicalize().ok()
}

fn key(place: &Path) -> Key {
    Key::of(&[b"bundle at 1", place.as_os_str().as_encoded_bytes()])
}

/// The files of a folder by name; `None` where it holds anything else.
fn seen(folder: &Path) -> Option<Vec<(String, Stamp)>> {
    let entries = fs::read_dir(folder).ok()?.map(|entry| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
        Some((entry.file_name().into_string().ok()?, Stamp::of(&metadata)?))
    });
    let mut members: Vec<(String, Stamp)> = entries.collect::<Option<_>>()?;
    members.sort_by(|one, other| one.0.cmp(&other.0));
    Some(members)
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether the file last changed longer ago than [`GRAIN`]. A time that lies ahead is not long ago.
    fn is_old(&self) -> bool {
        let since = u64::try_from(self.changed.0).ok().and_then(|seconds| {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + Duration::from_secs(1))
        });
        since.is_some_and(|since| since.elapsed().is_ok_and(|age| age > GRAIN))
    }
}
