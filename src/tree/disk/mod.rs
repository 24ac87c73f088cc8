//! The disk below one folder, and nothing outside of it.
//!
//! Every access goes through a handle on the folder, so that no link, and no link swapped in while
//! we look, leads out of it. A file is opened only if it is a plain file, without waiting (a FIFO
//! has no writer to wait for), and it is read again when it changed while it was read.

pub(in crate::tree) mod read_files;
pub(in crate::tree) mod watch_set;
pub(in crate::tree) mod worktree;

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_FILE_BYTES, MAX_LISTED_ENTRIES};
use crate::tree::ReadError;
use crate::tree::git::staged::Recorded;
use crate::tree::links::AtPath;

/// How often a file that keeps changing is read before that is an error. The pauses between double
/// from a millisecond, half a second in all.
const MAX_TRIES: u32 = 9;

/// A folder of the disk.
pub(in crate::tree) struct Disk {
    root: Dir,
    path: PathBuf,
}

/// What a folder of the disk holds under one name.
pub(in crate::tree) struct DiskEntry {
    pub(in crate::tree) name: String,
    pub(in crate::tree) kind: DiskKind,
}

/// The kinds that matter to a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) enum DiskKind {
    File,
    Folder,
    Link,
    Other,
}

/// A file's state, to notice that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of the last change of the inode.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    /// The state in the words of git's index; `None` where the system does not tell.
    pub(in crate::tree) fn recorded(&self) -> Option<Recorded> {
        #[cfg(unix)]
        {
            // git cuts off the upper bits in the same way.
            let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).ok();
            let modified = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let (_, inode, seconds, nanoseconds) = self.inode;
            let changed = (low(u64::try_from(seconds).ok()?)?, u32::try_from(nanoseconds).ok()?);
            let modified = (low(modified.as_secs())?, modified.subsec_nanos());
            Some(Recorded { bytes: low(self.bytes)?, inode: low(inode)?, modified, changed })
        }
        #[cfg(not(unix))]
        None
    }

    /// How long the file was.
    pub(in crate::tree) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the file last changed longer ago than that, by this machine's clock. A time that is
    /// not known, or lies ahead, is not long ago.
    pub(in crate::tree) fn is_older_than(&self, age: Duration) -> bool {
        let is_old = |time: SystemTime| time.elapsed().is_ok_and(|elapsed| elapsed > age);
        #[cfg(unix)]
        {
            let (_, _, seconds, _) = self.inode;
            let changed =
                u64::try_from(seconds).ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            changed.is_some_and(|changed| is_old(changed + Duration::from_secs(1))) && self.modified.is_some_and(is_old)
        }
        #[cfg(not(unix))]
        self.modified.is_some_and(is_old)
    }

    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use cap_std::fs::MetadataExt;
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Disk {
    /// Opens a folder.
    pub(in crate::tree) fn open(path: &Path) -> Result<Self, Error> {
        let root = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|error| Error::file("cannot open", path, error))?;
        Ok(Self { root, path: path.to_owned() })
    }

    /// What is at `path`, a file with its state; links are not followed.
    pub(in crate::tree) fn at_path(&self, path: &str) -> Result<AtPath<Stamp>, ReadError> {
        let metadata = match self.root.symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => return Ok(AtPath::Absent),
            Err(error) => return Err(self.unreadable(path, error).into()),
        };
        let kind = metadata.file_type();
        Ok(if kind.is_file() {
            AtPath::File(Stamp::of(&metadata))
        } else if kind.is_dir() {
            AtPath::Folder
        } else if kind.is_symlink() {
            match self.root.read_link_contents(path) {
                Ok(text) => AtPath::Link(text.to_string_lossy().into_owned()),
                Err(error) if is_absence(&error) => AtPath::Absent,
                Err(error) => return Err(self.unreadable(path, error).into()),
            }
        } else {
            AtPath::Other(special_kind(&metadata))
        })
    }

    /// The whole file at `path`, as it was at one moment. A path that is a link by now is absent.
    pub(in crate::tree) fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.read_stamped(path).map(|(bytes, _)| bytes)
    }

    /// [`read`](Self::read), and the stamp that the file bore at that moment.
    pub(in crate::tree) fn read_stamped(&self, path: &str) -> Result<(Vec<u8>, Stamp), ReadError> {
        for attempt in 0..MAX_TRIES {
            if attempt > 0 {
                std::thread::sleep(Duration::from_millis(1 << attempt));
            }
            match self.read_once(path, MAX_FILE_BYTES) {
                Ok(Some(read)) => return Ok(read),
                Ok(None) => {}
                Err(ReadError::World(Error::File { source, .. })) if is_absence(&source) => {
                    return Err(ReadError::Absent);
                }
                Err(error) => return Err(error),
            }
        }
        let changing = std::io::Error::other("it kept changing while it was read");
        Err(self.unreadable(path, changing).into())
    }

    /// A file of git's own rules, if it is a plain file.
    pub(in crate::tree) fn read_rules(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        for _ in 0..MAX_TRIES {
            match self.read_once(path, limit) {
                Ok(None) => {}
                Ok(Some((text, _))) => return Ok(Some(text)),
                Err(ReadError::TooLarge(bytes)) => {
                    let what = format!("{} holds {bytes} bytes; the limit is {limit}", self.path.join(path).display());
                    return Err(Error::usage(what, "shorten it"));
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The stamp of the plain file at `path`, if one is there.
    pub(in crate::tree) fn stamp(&self, path: &str) -> Option<Stamp> {
        let metadata = self.root.symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Stamp::of(&metadata))
    }

    /// The path as the rest of the system knows it.
    pub(in crate::tree) fn path(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Reads the file once; `None` when it changed meanwhile.
    fn read_once(&self, path: &str, limit: u64) -> Result<Option<(Vec<u8>, Stamp)>, ReadError> {
        let wrap = |error| self.unreadable(path, error);
        let before = self.root.symlink_metadata(path).map_err(wrap)?;
        if before.file_type().is_symlink() {
            return Err(ReadError::Absent);
        }
        if before.is_dir() {
            return Err(ReadError::Folder);
        }
        if !before.is_file() {
            return Err(ReadError::NotAFile(special_kind(&before)));
        }
        if before.len() > limit {
            return Err(ReadError::TooLarge(before.len()));
        }
        let file = self.root.open_with(path, &without_waiting()).map_err(wrap)?;
        let opened = file.metadata().map_err(wrap)?;
        if !opened.is_file() || Stamp::of(&opened) != Stamp::of(&before) {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
        (&file).take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(wrap)?;
        let after = file.metadata().map_err(wrap)?;
        let stamp = Stamp::of(&after);
        let whole = stamp == Stamp::of(&before) && bytes.len() as u64 == before.len();
        Ok(whole.then_some((bytes, stamp)))
    }

    /// What the folder holds, `None` where it is gone. Names that are not UTF-8 are left out.
    pub(in crate::tree) fn entries(&self, folder: &str) -> Result<Option<Vec<DiskEntry>>, Error> {
        let wrap = |error| self.unreadable(folder, error);
        let entries = match self.root.read_dir(if folder.is_empty() { "." } else { folder }) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(wrap(error)),
        };
        let mut held = Vec::new();
        for entry in entries {
            let entry = entry.map_err(wrap)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_file() => DiskKind::File,
                Ok(kind) if kind.is_dir() => DiskKind::Folder,
                Ok(kind) if kind.is_symlink() => DiskKind::Link,
                Ok(_) => DiskKind::Other,
                Err(error) if is_absence(&error) => continue,
                Err(error) => return Err(wrap(error)),
            };
            held.push(DiskEntry { name, kind });
            if held.len() > MAX_LISTED_ENTRIES {
                break;
            }
        }
        Ok(Some(held))
    }

    /// Whether the folder at `folder` is the root of a repository of its own.
    pub(in crate::tree) fn is_repository(&self, folder: &str) -> bool {
        let git = format!("{folder}/.git");
        match self.root.symlink_metadata(&git) {
            Ok(metadata) if metadata.is_dir() => ["HEAD", "objects", "refs"]
                .iter()
                .all(|part| self.root.symlink_metadata(format!("{git}/{part}")).is_ok()),
            Ok(metadata) if metadata.is_file() => {
                matches!(self.read_once(&git, crate::tree::links::MAX_LINK_BYTES), Ok(Some((text, _))) if text.starts_with(b"gitdir:"))
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn unreadable(&self, path: &str, error: std::io::Error) -> Error {
        Error::file("cannot read", self.path.join(path), error)
    }
}

/// Whether the error says that nothing is there.
fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename)
}

/// Reading, without waiting for the other end of a FIFO that was put there a moment ago.
fn without_waiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
}

#[cfg(unix)]
fn special_kind(metadata: &Metadata) -> &'static str {
    use cap_std::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special_kind(_: &Metadata) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    /// A file of the kernel's says that it is empty and then is not, as one that grows while it is read.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_said_is_not_believed() {
        let disk = super::Disk::open(std::path::Path::new("/proc/self")).unwrap();
        let error = disk.read("status").unwrap_err();
        let super::ReadError::World(error) = error else { panic!("{error:?}") };
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("kept changing"));
    }

    /// What a walk found to be a folder may be a link a moment later.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_became_a_link_is_not_read_through() {
        let top = tempfile::tempdir().unwrap();
        let (project, outside) = (top.path().join("project"), top.path().join("outside"));
        for folder in [&project, &outside] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(outside.join("a.md"), "not yours").unwrap();
        let disk = super::Disk::open(&project).unwrap();
        std::os::unix::fs::symlink("../outside", project.join("docs")).unwrap();
        assert!(disk.read("docs/a.md").is_err());
        assert!(disk.stamp("docs/a.md").is_none());
        assert!(disk.entries("docs").is_err());
        std::fs::remove_file(project.join("docs")).unwrap();
        std::os::unix::fs::symlink(&outside, project.join("docs")).unwrap();
        assert!(disk.read("docs/a.md").is_err());
    }
}
