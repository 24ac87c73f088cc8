//! Files and folders that take the place of others: old or new, never a mixture, whatever happens.
//!
//! What is new is written beside its place under a name of its own, synced, and moved there in one
//! step; then the folder is synced. A kill or a full disk before the move leaves what stood there; a
//! loss of power leaves the one or the other (on ext4, a move without the first sync left an empty
//! file, and a move without the second was undone). What could not be finished is taken away again.
//!
//! Whatever a project or a user keeps is written here and in no other way.

mod disk;

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

pub use disk::{Access, Disk, Handle, System};

/// How the names begin of files and folders that are not finished.
pub const UNFINISHED: &str = ".contexture-";

/// Puts a file with these bytes at `target`, for good. It may be read and written by whom the file
/// there may be; a new one, by whom any other new file may be. Folders above it are made.
///
/// # Errors
/// The system's; and when something stands there that is no ordinary file. A link is none: it would
/// have to be followed, and may lead anywhere. Then what stood there stands.
pub fn file(disk: &dyn Disk, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let standing = standing(target)?;
    let folder = folder_of(target);
    make_folders(disk, folder)?;
    let access = if standing.is_some() { Access::Private } else { Access::Usual };
    let (mut handle, fresh) = Unfinished::file(disk, folder, access)?;
    handle.write_all(bytes)?;
    if let Some(permissions) = standing {
        handle.allow(permissions)?;
    }
    handle.sync()?;
    drop(handle);
    fresh.move_to(target)?;
    disk.sync_folder(folder)
}

/// Puts a file with these bytes at `target` that only its owner may read, and that may be lost or
/// torn by a loss of power: for what carries a checksum and can be made again. The folder must be there.
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
/// opened: a link may lead to what never ends, and a pipe waits for its other end.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] where nothing is; an error of its own where something else is.
pub fn existing_bytes(target: &Path) -> io::Result<Vec<u8>> {
    match standing(target)? {
        Some(_) => fs::read(target),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Makes a folder and those above it that are not there, for good.
///
/// # Errors
/// The system's.
pub fn make_folders(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !is_folder(above)).collect();
    for missing in missing.into_iter().rev() {
        match disk.make_folder(missing) {
            // Another run was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(missing) => {}
            made => made?,
        }
        disk.sync_folder(folder_of(missing))?;
    }
    Ok(())
}

/// A folder on its way to its place.
pub struct Folder<'a> {
    fresh: Unfinished<'a>,
    target: &'a Path,
}

impl<'a> Folder<'a> {
    /// An empty folder beside `target`. Folders above it are made. Unless it is [put](Self::put) in its
    /// place, it is taken away.
    ///
    /// # Errors
    /// The system's; and when something else than a folder stands at `target`.
    pub fn beside(disk: &'a dyn Disk, target: &'a Path) -> io::Result<Self> {
        if fs::symlink_metadata(target).is_ok_and(|found| !found.is_dir()) {
            return Err(io::Error::other("something else than a folder stands there"));
        }
        make_folders(disk, folder_of(target))?;
        Ok(Self { fresh: Unfinished::folder(disk, folder_of(target))?, target })
    }

    /// Where it will be.
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

    /// Puts the folder in its place, for good, and takes the old one away.
    ///
    /// Where the system can exchange two names, a reader finds the old folder or the new one at every
    /// moment. Elsewhere, for a moment, none.
    ///
    /// # Errors
    /// The system's. Then the old folder or the new one stands there, but in one case: the system
    /// cannot exchange names, and would not move the old folder back. The error says where it is.
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

    /// Old aside, new in. What is unfinished is the old folder then.
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

/// A file or folder under a name of its own; taken away when it is dropped, as far as the disk lets it.
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
            // The error that led here is the one that is told.
            let _ = self.remove();
        }
    }
}

/// Makes something under a name that nothing has.
fn named<T>(folder: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let (made, path) = tempfile::Builder::new().prefix(UNFINISHED).make_in(folder, make)?.into_parts();
    // From here on an `Unfinished` sees to it.
    Ok((made, path.keep().map_err(|error| error.error)?))
}

/// Who may read and write the file at `target`; `None` when nothing is there.
fn standing(target: &Path) -> io::Result<Option<Permissions>> {
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
