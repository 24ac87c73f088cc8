//! Folders that take their places together: all are written first, made durable at once, and then exchanged for
//! those that stand, one by one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use parking_lot::Mutex;

use super::unfinished::Unfinished;
use super::{Access, Disk, Handle, folder_of, make_folders};

/// Up to so many folders, each file is synced by itself. A sync of the file system takes as long as all that any
/// program has left to be written there.
const FEW: usize = 16;

/// Folders that are being written, in one unfinished folder.
pub struct Batch<'a> {
    disk: &'a dyn Disk,
    place: &'a Path,
    state: Mutex<State<'a>>,
}

#[derive(Default)]
struct State<'a> {
    unfinished: Option<Unfinished<'a>>,
    begun: usize,
    ready: Vec<Ready>,
}

/// A folder that is written.
struct Ready {
    path: PathBuf,
    files: Vec<PathBuf>,
    target: PathBuf,
}

/// A new folder, before it replaces the one at its target.
pub struct Folder<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    target: PathBuf,
    files: Mutex<Vec<PathBuf>>,
}

impl Folder<'_> {
    /// The path that it will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes a file in it. The caller writes it.
    ///
    /// # Errors
    /// The system's.
    pub fn file(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        let path = self.path.join(name);
        let file = self.disk.make_file(&path, Access::Usual)?;
        self.files.lock().push(path);
        Ok(file)
    }
}

impl<'a> Batch<'a> {
    /// Nothing is written yet. The unfinished folder is made in `place` when there is something to write; the
    /// targets lie in the same file system.
    pub fn new(disk: &'a dyn Disk, place: &'a Path) -> Self {
        Self { disk, place, state: Mutex::default() }
    }

    /// Makes an empty folder that is to be at `target`, and the missing folders above that.
    ///
    /// # Errors
    /// The system's; and when something else than a folder is at `target`.
    pub fn folder(&self, target: &Path) -> io::Result<Folder<'a>> {
        if fs::symlink_metadata(target).is_ok_and(|found| !found.is_dir()) {
            return Err(io::Error::other("something else than a folder stands there"));
        }
        make_folders(self.disk, self.place)?;
        make_folders(self.disk, folder_of(target))?;
        let mut state = self.state.lock();
        if state.unfinished.is_none() {
            state.unfinished = Some(Unfinished::folder(self.disk, self.place)?);
        }
        state.begun += 1;
        let name = state.begun.to_string();
        let path = state.unfinished.as_ref().map_or(self.place, |unfinished| &unfinished.path).join(name);
        drop(state);
        self.disk.make_folder(&path)?;
        Ok(Folder { disk: self.disk, path, target: target.to_owned(), files: Mutex::default() })
    }

    /// Takes a folder whose files are written.
    pub fn add(&self, folder: Folder) {
        let Folder { path, target, files, disk: _ } = folder;
        self.state.lock().ready.push(Ready { path, files: files.into_inner(), target });
    }

    /// Replaces each folder at a target by the new one, durably, and removes the old ones.
    ///
    /// Where the system can exchange two names, a reader finds the old folder or the new one at every
    /// moment. Elsewhere there is a moment with neither.
    ///
    /// # Errors
    /// The system's, with the target. After an error the old folder or the new one is at each target, with one
    /// exception: the system cannot exchange names, and failed to move the old folder back. The error says where
    /// the old folder is then.
    pub fn put(self) -> Result<(), (PathBuf, io::Error)> {
        let State { unfinished, ready, .. } = self.state.into_inner();
        let Some(mut unfinished) = unfinished else { return Ok(()) };
        let (disk, place) = (self.disk, self.place);
        let failed = |error| (place.to_owned(), error);
        sync(disk, place, &ready)?;
        for one in &ready {
            replace(&mut unfinished, one).map_err(|error| (one.target.clone(), error))?;
        }
        if !ready.is_empty() {
            disk.sync_folder(&unfinished.path).map_err(failed)?;
        }
        for folder in ready.iter().map(|one| folder_of(&one.target)).collect::<BTreeSet<_>>() {
            disk.sync_folder(folder).map_err(|error| (folder.to_owned(), error))?;
        }
        unfinished.remove().map_err(failed)
    }
}

/// Makes new folders durable, by one call where there are many.
fn sync(disk: &dyn Disk, place: &Path, ready: &[Ready]) -> Result<(), (PathBuf, io::Error)> {
    if ready.len() > FEW {
        match disk.sync_file_system(place) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            synced => return synced.map_err(|error| (place.to_owned(), error)),
        }
    }
    for one in ready {
        let failed = |error| (one.target.clone(), error);
        // To wait for the disk takes no processor.
        thread::scope(|scope| {
            let file = |path| thread::Builder::new().spawn_scoped(scope, move || disk.sync_file(path));
            let waiting: Vec<_> = one.files.iter().map(|path| (path, file(path))).collect();
            let synced = waiting.into_iter().map(|(path, waiting)| match waiting.map(|waiting| waiting.join()) {
                Ok(Ok(synced)) => synced,
                // No more threads to be had: it is waited for here.
                Ok(Err(_)) | Err(_) => disk.sync_file(path),
            });
            synced.collect::<Vec<_>>().into_iter().collect::<io::Result<()>>()
        })
        .map_err(failed)?;
        disk.sync_folder(&one.path).map_err(failed)?;
    }
    Ok(())
}

/// Gives a new folder its name. What had it is in the unfinished folder afterwards, or removed.
fn replace(unfinished: &mut Unfinished, one: &Ready) -> io::Result<()> {
    let disk = unfinished.disk;
    if fs::symlink_metadata(&one.target).is_err() {
        return disk.rename(&one.path, &one.target);
    }
    match disk.exchange(&one.path, &one.target) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        exchanged => return exchanged,
    }
    // Beside the unfinished folder, so that it is there after an error. No sweep takes a name with a dot.
    let aside = unfinished.path.with_extension("old");
    disk.rename(&one.target, &aside)?;
    if let Err(error) = disk.rename(&one.path, &one.target) {
        let Err(_) = disk.rename(&aside, &one.target) else { return Err(error) };
        let told = format!("{error}; what stood there is now {}: move it back", aside.display());
        return Err(io::Error::new(error.kind(), told));
    }
    disk.remove_folder(&aside)
}
