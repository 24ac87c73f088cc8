//! Writes files and folders in place of others, atomically: a reader finds the old one or the new one, never a
//! mixture.
//!
//! The new file or folder is written next to its target under a temporary name, synced, and renamed to
//! the target in one step; then the parent folder is synced. A kill or a full disk before the rename
//! leaves the old one; a loss of power leaves the old one or the new one (on ext4, a rename without the
//! first sync left an empty file, and a rename without the second was undone). A temporary file or
//! folder whose write fails is removed again; `unfinished.rs` says what becomes of those of a process that is stopped.
//!
//! Every file that the program writes goes through this module.

mod batch;
mod disk;
mod unfinished;

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::syntax::error::Error;

pub use batch::{Batch, Folder};
pub use disk::{Access, Disk, Handle, System};
use unfinished::Unfinished;
pub use unfinished::{UNFINISHED, abandon, is_unfinished, sweep};

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

/// Refuses a link on the way from a folder to one below it, the lower one with it: a repository may
/// hold a link, and it may lead anywhere.
///
/// # Errors
/// When there is one.
pub fn no_link(folder: &Path, below: &Path) -> Result<(), Error> {
    let between = below.ancestors().take_while(|above| *above != folder);
    match between.into_iter().find(|above| above.is_symlink()) {
        None => Ok(()),
        Some(link) => Err(Error::usage(
            format!("{} is a link, and what is written stays in the folder that is named", link.display()),
            "take it away, or name the folder that it leads to: `--output` of `build`, `answers` of `eval`",
        )),
    }
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
