//! What is being written, under a temporary name, until it takes its place or is removed.
//!
//! The name is one that no pattern matches and no build reads ([`is_unfinished`]). What a process leaves when it is
//! killed is removed by the next run of what made it ([`sweep`]), and what it has open when a signal ends it, by
//! itself ([`abandon`]). Each unfinished file or folder is locked by the process that makes it, so that a sweep
//! takes nothing away from another process; the system lifts the lock when that process ends, however it ends.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::{Access, Disk, Handle};

/// The prefix of the temporary names: a file or folder that has it was not finished.
pub const UNFINISHED: &str = ".contexture-unfinished-";

/// How many temporary names are tried, when sweeps of other processes take them away at once; and how often a folder is
/// removed into which other threads write.
const MAX_TRIES: u32 = 64;

/// What this process has not finished.
static PENDING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Whether the name of a file or folder is one of something unfinished.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Removes what stopped processes left in these folders; what a process still writes is left alone. What cannot be
/// removed stays: no build reads it.
pub fn sweep<'a>(disk: &dyn Disk, folders: impl IntoIterator<Item = &'a Path>) {
    for folder in folders.into_iter().collect::<BTreeSet<_>>() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_temporary)) {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            // Neither a link nor a device is something of ours.
            if !kind.is_dir() && !kind.is_file() {
                continue;
            }
            // Its lock is held until it is gone: whoever has just made it sees that, and makes another one.
            if let Some(_lock) = abandoned(&path) {
                let _ = if kind.is_dir() { disk.remove_folder(&path) } else { disk.remove_file(&path) };
            }
        }
    }
}

/// Removes everything that this process has not finished, and lets it begin nothing more: for a process that a
/// signal ends. Every thread that would begin or give up something waits for that end.
pub fn abandon() {
    let pending = PENDING.lock();
    for path in &*pending {
        // Under another name, where no thread looks for it to write into it.
        let mut aside = path.clone().into_os_string();
        aside.push("0");
        if fs::rename(path, &aside).is_ok() {
            remove_to_the_last(Path::new(&aside));
        }
    }
    std::mem::forget(pending);
}

/// Removes a file or folder, and what threads still put there that had found it by its old name.
fn remove_to_the_last(path: &Path) {
    for _ in 0..MAX_TRIES {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if removed.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a name was made here: the prefix, and letters and digits.
fn is_temporary(name: &str) -> bool {
    let rest = name.strip_prefix(UNFINISHED);
    rest.is_some_and(|rest| rest.len() >= 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// A file or folder under a temporary name. It is removed when it is dropped; an error of that is ignored.
pub(super) struct Unfinished<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) path: PathBuf,
    is_folder: bool,
    is_there: bool,
    /// The file or folder itself, locked: that says that a process is at it.
    claim: Option<File>,
}

impl<'a> Unfinished<'a> {
    pub(super) fn file(disk: &'a dyn Disk, folder: &Path, access: Access) -> io::Result<(Box<dyn Handle>, Self)> {
        Self::make(disk, folder, false, |path| disk.make_file(path, access))
    }

    pub(super) fn folder(disk: &'a dyn Disk, folder: &Path) -> io::Result<Self> {
        Ok(Self::make(disk, folder, true, |path| disk.make_folder(path))?.1)
    }

    fn make<T>(
        disk: &'a dyn Disk,
        folder: &Path,
        is_folder: bool,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        for _ in 0..MAX_TRIES {
            let mut pending = PENDING.lock();
            let (made, path) = tempfile::Builder::new().prefix(UNFINISHED).make_in(folder, &make)?.into_parts();
            // tempfile would remove it on drop; from here on this does.
            let path = path.keep().map_err(|error| error.error)?;
            pending.insert(path.clone());
            drop(pending);
            // Dropped, it is removed.
            let mut unfinished = Self { disk, path, is_folder, is_there: true, claim: None };
            if claim(&mut unfinished)? {
                return Ok((made, unfinished));
            }
            unfinished.is_there = false;
        }
        Err(io::Error::other("other processes removed every temporary file at once"))
    }

    /// Gives a file its name.
    pub(super) fn move_to(mut self, target: &Path) -> io::Result<()> {
        self.disk.rename(&self.path, target)?;
        self.is_there = false;
        Ok(())
    }

    /// Removes it now, to hear of an error.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.is_there = false;
        if self.is_folder { self.disk.remove_folder(&self.path) } else { self.disk.remove_file(&self.path) }
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.is_there {
            // The caller already reports the error that led here.
            let _ = self.remove();
        }
        PENDING.lock().remove(&self.path);
    }
}

/// Locks what was just made; `false` if a sweep of another process found it first. A file system without locks is
/// no error: there, sweeps take nothing away.
#[cfg(unix)]
fn claim(made: &mut Unfinished) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let file = match File::open(&made.path) {
        // A sweep has removed it already.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    if lock(&file) == Err(rustix::io::Errno::WOULDBLOCK) {
        return Ok(false);
    }
    let (own, found) = (file.metadata()?, fs::symlink_metadata(&made.path));
    made.claim = Some(file);
    Ok(found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())))
}

/// What no process is at, locked.
#[cfg(unix)]
fn abandoned(path: &Path) -> Option<File> {
    File::open(path).ok().filter(|file| lock(file).is_ok())
}

#[cfg(unix)]
fn lock(file: &File) -> rustix::io::Result<()> {
    rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
}

/// Elsewhere a folder cannot be locked, and nothing is.
#[cfg(not(unix))]
fn claim(_: &mut Unfinished) -> io::Result<bool> {
    Ok(true)
}

/// What is a day old was left by a process that is gone.
#[cfg(not(unix))]
fn abandoned(path: &Path) -> Option<()> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    let modified = fs::symlink_metadata(path).and_then(|found| found.modified()).ok()?;
    (modified.elapsed().ok()? > DAY).then_some(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::tree::write::System;

    /// A thread that found the folder before it got another name makes files in it while it is removed.
    #[test]
    fn a_folder_is_removed_with_what_comes_meanwhile() {
        use rustix::fs::{Mode, OFlags, open, openat};
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("aside");
            fs::create_dir(&path).unwrap();
            let found = open(&path, OFlags::DIRECTORY, Mode::empty()).unwrap();
            thread::scope(|scope| {
                scope.spawn(move || {
                    let make = |number| openat(&found, format!("{number}"), OFlags::CREATE, Mode::RWXU).is_ok();
                    // So many that some come between the last look and the removal; none once it is gone.
                    (0..2000).find(|number| !make(*number))
                });
                while fs::read_dir(&path).unwrap().next().is_none() {}
                remove_to_the_last(&path);
            });
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_sweep_takes_nothing_that_was_just_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("left");
        fs::write(&path, "").unwrap();
        let locked = abandoned(&path);
        assert!(locked.is_some() && abandoned(&path).is_none(), "who takes it away has it alone");
        let is_over = AtomicBool::new(false);
        let failed = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        sweep(&System, [folder.path()]);
                    }
                });
            }
            let named = |_: &u32| {
                let made = Unfinished::file(&System, folder.path(), Access::Usual);
                made.and_then(|(_, made)| made.move_to(&folder.path().join("named"))).is_ok()
            };
            let failed = (0..3000).find(|number| !named(number));
            is_over.store(true, Ordering::Relaxed);
            failed
        });
        assert_eq!(failed, None);
    }
}
