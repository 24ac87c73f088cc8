//! Being told of changes: the only place that knows notify, and what stands in where it fails.
//!
//! Folders are watched one by one, never with everything below them: a project holds folders that no
//! build looks into, and some of them (a target folder, node_modules) are large and busy.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use notify::event::{EventKind, ModifyKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::poll::{Poll, is_remote};
use crate::tree::WatchSet;

/// What notify has to say.
pub(super) type Told = notify::Result<Event>;

/// How changes are noticed.
pub(super) struct Changes {
    how: How,
    /// The folders that are watched.
    armed: BTreeSet<PathBuf>,
}

enum How {
    Told(RecommendedWatcher),
    Looking(Poll),
}

/// Why the system tells no more, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost(pub String);

impl Changes {
    /// Has `tell` called for every change from now on, from another thread; or looks itself, where
    /// that is asked for or cannot be had. The second value says so where nobody asked.
    pub fn new(root: &Path, poll: bool, tell: impl Fn(Told) + Send + 'static) -> (Self, Option<Lost>) {
        let looking = || Self { how: How::Looking(Poll::new()), armed: BTreeSet::new() };
        if poll {
            return (looking(), None);
        }
        if is_remote(root) {
            return (
                looking(),
                Some(Lost("the project is on a network file system, which tells of no changes".to_owned())),
            );
        }
        // Reading is an event too; builds read a lot, and none of it is a change.
        let watcher = notify::recommended_watcher(move |told: Told| {
            if !told.as_ref().is_ok_and(|event| event.kind.is_access()) {
                tell(told);
            }
        });
        match watcher {
            Ok(watcher) => (Self { how: How::Told(watcher), armed: BTreeSet::new() }, None),
            Err(error) => (looking(), Some(Lost(reason(&error)))),
        }
    }

    /// Watches every folder of `watch_set` and no other. Whether one is watched that was not: what
    /// happened in it before nobody told.
    pub fn arm(&mut self, watch_set: &WatchSet) -> Result<bool, Lost> {
        let watcher = match &mut self.how {
            How::Told(watcher) => watcher,
            How::Looking(poll) => {
                let is_first = self.armed.is_empty();
                self.armed = watch_set.folders.keys().cloned().collect();
                return Ok(is_first && !poll.look(watch_set).is_empty());
            }
        };
        let left: Vec<PathBuf> =
            self.armed.iter().filter(|folder| !watch_set.folders.contains_key(*folder)).cloned().collect();
        for folder in left {
            // It may be gone, and its watch with it.
            let _ = watcher.unwatch(&folder);
            self.armed.remove(&folder);
        }
        let mut is_new = false;
        for folder in watch_set.folders.keys() {
            if self.armed.contains(folder) {
                continue;
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => is_new |= self.armed.insert(folder.clone()),
                Err(error) if is_exhausted(&error) => return Err(Lost(reason(&error))),
                // It is not there yet, or no more; the folder above tells when that changes.
                Err(_) => {}
            }
        }
        Ok(is_new)
    }

    /// Forgets the watches at and below `path`: another folder may stand there now.
    pub fn disarm(&mut self, path: &Path) {
        let gone: Vec<PathBuf> = self.armed.iter().filter(|folder| folder.starts_with(path)).cloned().collect();
        for folder in gone {
            if let How::Told(watcher) = &mut self.how {
                let _ = watcher.unwatch(&folder);
            }
            self.armed.remove(&folder);
        }
    }

    /// Forgets all watches: events were lost, and with them what became of the folders.
    pub fn disarm_all(&mut self) {
        for folder in std::mem::take(&mut self.armed) {
            if let How::Told(watcher) = &mut self.how {
                let _ = watcher.unwatch(&folder);
            }
        }
    }

    /// Looks itself from now on.
    pub fn look_instead(&mut self) {
        *self = Self { how: How::Looking(Poll::new()), armed: BTreeSet::new() };
    }

    /// When to look, where nobody tells.
    pub fn due(&self, is_busy: bool) -> Option<Instant> {
        match &self.how {
            How::Told(_) => None,
            How::Looking(poll) => Some(poll.due(is_busy)),
        }
    }

    /// What changed since the last look; nothing where changes are told.
    pub fn look(&mut self, watch_set: &WatchSet) -> Vec<PathBuf> {
        match &mut self.how {
            How::Told(_) => Vec::new(),
            How::Looking(poll) => poll.look(watch_set),
        }
    }
}

/// Whether an event takes away what stood at its paths, or puts something else there.
pub(super) fn replaces(event: &Event) -> bool {
    matches!(event.kind, EventKind::Remove(_) | EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)))
}

/// Whether the system has no more watches, or no more files, to give.
pub(super) fn is_exhausted(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => is_out_of_files(error),
        _ => false,
    }
}

#[cfg(unix)]
fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::NOSPC, Errno::MFILE, Errno::NFILE].iter().any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_out_of_files(_: &io::Error) -> bool {
    false
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system has no more watches to give (raise fs.inotify.max_user_watches to have it tell)".to_owned()
        }
        ErrorKind::Io(found) if is_out_of_files(found) => {
            format!("the system has no more watches to give ({found}; see fs.inotify.max_user_instances)")
        }
        _ => format!("the system does not tell of changes ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_watches_is_told_from_a_folder_that_is_gone() {
        let io = |code| notify::Error::io(io::Error::from_raw_os_error(code));
        assert!(is_exhausted(&notify::Error::new(ErrorKind::MaxFilesWatch)));
        // ENOSPC, EMFILE, ENFILE; ENOENT.
        assert!([28, 24, 23].into_iter().all(|code| is_exhausted(&io(code))));
        assert!(!is_exhausted(&io(2)));
        assert!(!is_exhausted(&notify::Error::path_not_found()));
    }
}
