//! Writes files and folders in place of others, atomically: a reader finds the old one or the new one, never a
//! mixture.
//!
//! The new file or folder is written next to its target under a temporary name, synced, and renamed to
//! the target in one step; then the parent folder is synced. A kill or a full disk before the rename
//! leaves the old one; a loss of power leaves the old one or the new one (on ext4, a rename without the
//! first sync left an empty file, and a rename without the second was undone). A temporary file or
//! folder whose write fails is removed again.
//!
//! Every file that the program writes goes through this module.

mod disk;

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use disk::{Access, Disk, Handle, System};

/// The prefix of the temporary names: a file or folder that has it was not finished.
pub const UNFINISHED: &str = ".contexture-";

/// Writes a file with these bytes to `target`, durably. It gets the permissions of the file that it
/// replaces, or those of any new file where there was none. Missing parent folders are made.
///
/// # Errors
/// The system's; and when there is something at `target` that is not an ordinary file. A link is not:
/// it would have to be followed, and may lead anywhere. After an error, whatever was at `target` is unchanged.
pub fn file(disk: &dyn Disk, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let existing = existing_permissions(target)?;
    let folder = folder_of(target);
    make_folders(disk, folder)?;
    let access = if existing.is_some() { Access::Private } else { Access::Usual };
    let (mut handle, fresh) = Unfinished::file(disk, folder, access)?;
    handle.write_all(bytes)?;
    if let Some(permissions) = existing {
        handle.allow(permissions)?;
    }
    handle.sync()?;
    drop(handle);
    fresh.move_to(target)?;
    disk.sync_folder(folder)
}

/// Writes a file with these bytes to `target` that only its owner may read. It is not synced, so a loss
/// of power may lose or truncate it: for data that has a checksum and can be computed again. The folder
/// must exist.
///
/// # Errors
/// The system's.
pub fn cached(disk: &dyn Disk, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let (mut handle, fresh) = Unfinished::file(disk, folder_of(target), Access::Private)?;
    handle.write_all(bytes)?;
    drop(handle);
    fresh.move_to(target)
}

/// The bytes of the ordinary file at `target`, which is about to be replaced. Anything else is not
/// opened: a link may lead to an endless device, and opening a pipe blocks until there is a writer.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] where nothing is; an error of its own where something else is.
pub fn existing_bytes(target: &Path) -> io::Result<Vec<u8>> {
    match existing_permissions(target)? {
        Some(_) => fs::read(target),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Makes a folder and its missing parents, durably.
///
/// # Errors
/// The system's.
pub fn make_folders(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !is_folder(above)).collect();
    for missing in missing.into_iter().rev() {
        match disk.make_folder(missing) {
            // Another process made it in the meantime.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(missing) => {}
            made => made?,
        }
        disk.sync_folder(folder_of(missing))?;
    }
    Ok(())
}

/// A new folder under a temporary name, before it replaces the one at its target.
pub struct Folder<'a> {
    fresh: Unfinished<'a>,
    target: &'a Path,
}

impl<'a> Folder<'a> {
    /// Makes an empty folder next to `target`, and missing parent folders. It is removed when it is
    /// dropped without having been [put](Self::put) in place.
    ///
    /// # Errors
    /// The system's; and when something else than a folder is at `target`.
    pub fn beside(disk: &'a dyn Disk, target: &'a Path) -> io::Result<Self> {
        if fs::symlink_metadata(target).is_ok_and(|found| !found.is_dir()) {
            return Err(io::Error::other("something else than a folder stands there"));
        }
        make_folders(disk, folder_of(target))?;
        Ok(Self { fresh: Unfinished::folder(disk, folder_of(target))?, target })
    }

    /// The path that it will have.
    pub fn target(&self) -> &Path {
        self.target
    }

    /// Makes a file in it. The caller writes and syncs it.
    ///
    /// # Errors
    /// The system's.
    pub fn file(&self, name: &str) -> io::Result<Box<dyn Handle>> {
        self.fresh.disk.make_file(&self.fresh.path.join(name), Access::Usual)
    }

    /// Replaces the folder at the target with this one, durably, and removes the old one.
    ///
    /// Where the system can exchange two names, a reader finds the old folder or the new one at every
    /// moment. Elsewhere there is a moment with neither.
    ///
    /// # Errors
    /// The system's. After an error the old folder or the new one is at the target, with one exception:
    /// the system cannot exchange names, and failed to move the old folder back. The error says where
    /// the old folder is then.
    pub fn put(mut self) -> io::Result<()> {
        let (disk, folder) = (self.fresh.disk, folder_of(self.target));
        disk.sync_folder(&self.fresh.path)?;
        if fs::symlink_metadata(self.target).is_err() {
            disk.rename(&self.fresh.path, self.target)?;
            self.fresh.is_there = false;
            return disk.sync_folder(folder);
        }
        match disk.exchange(&self.fresh.path, self.target) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.put_by_moves()?,
            exchanged => exchanged?,
        }
        disk.sync_folder(folder)?;
        self.fresh.remove()
    }

    /// Replaces the target by two renames. Afterwards `self.fresh` is the old folder, so that the caller removes it.
    fn put_by_moves(&mut self) -> io::Result<()> {
        let (disk, fresh) = (self.fresh.disk, self.fresh.path.clone());
        let aside = fresh.with_extension("old");
        disk.rename(self.target, &aside)?;
        if let Err(error) = disk.rename(&fresh, self.target) {
            let back = disk.rename(&aside, self.target);
            return Err(match back {
                Ok(()) => error,
                Err(_) => io::Error::new(
                    error.kind(),
                    format!("{error}; what stood there is now {}: move it back", aside.display()),
                ),
            });
        }
        self.fresh.path = aside;
        Ok(())
    }
}

/// A file or folder under a temporary name. It is removed when it is dropped; an error of that is ignored.
struct Unfinished<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    is_folder: bool,
    is_there: bool,
}

impl<'a> Unfinished<'a> {
    fn file(disk: &'a dyn Disk, folder: &Path, access: Access) -> io::Result<(Box<dyn Handle>, Self)> {
        let (handle, path) = named(folder, |path| disk.make_file(path, access))?;
        Ok((handle, Self { disk, path, is_folder: false, is_there: true }))
    }

    fn folder(disk: &'a dyn Disk, folder: &Path) -> io::Result<Self> {
        let ((), path) = named(folder, |path| disk.make_folder(path))?;
        Ok(Self { disk, path, is_folder: true, is_there: true })
    }

    fn move_to(mut self, target: &Path) -> io::Result<()> {
        self.disk.rename(&self.path, target)?;
        self.is_there = false;
        Ok(())
    }

    fn remove(&mut self) -> io::Result<()> {
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
    }
}

/// Makes a file or folder under a temporary name that is not in use.
fn named<T>(folder: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let (made, path) = tempfile::Builder::new().prefix(UNFINISHED).make_in(folder, make)?.into_parts();
    // tempfile would remove it on drop; from here on the caller's `Unfinished` does.
    Ok((made, path.keep().map_err(|error| error.error)?))
}

/// The permissions of the file at `target`; `None` when nothing is there. An error for anything but an ordinary file.
fn existing_permissions(target: &Path) -> io::Result<Option<Permissions>> {
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_file() => Ok(Some(found.permissions())),
        Ok(_) => Err(io::Error::other("something else than an ordinary file stands there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_folder(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.is_dir()
}

/// The folder that a path lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
