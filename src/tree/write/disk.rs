//! What the writing of files asks of a disk, and the one that the system has.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::Path;

/// The calls that put files and folders on a disk, and nothing more: each does what the call of its
/// name does, once. [`System`] makes them; the tests have a disk on which any of them fails.
pub trait Disk: Send + Sync {
    /// Makes a folder that is not there, in one that is.
    ///
    /// # Errors
    /// The system's, here and below.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes and opens a file that is not there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something is.
    fn make_file(&self, path: &Path, access: Access) -> io::Result<Box<dyn Handle>>;

    /// Gives a file or folder another name, in place of the file that has it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Exchanges two names in one step.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where the system or the file system cannot.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Takes a file away.
    ///
    /// # Errors
    /// The system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Takes a folder away with all that it holds.
    ///
    /// # Errors
    /// The system's.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub trait Handle: Write + Send {
    /// Says who may read and write the file.
    ///
    /// # Errors
    /// The system's.
    fn allow(&mut self, permissions: Permissions) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// The system's.
    fn sync(&mut self) -> io::Result<()>;
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever may read any other new file of the user's.
    Usual,
    /// Its owner alone.
    Private,
}

/// The disk.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Disk for System {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn make_file(&self, path: &Path, access: Access) -> io::Result<Box<dyn Handle>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Private {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        #[cfg(not(unix))]
        let _ = access;
        Ok(Box::new(options.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|error| match error {
            // What a file system without the exchange says.
            Errno::INVAL | Errno::NOSYS | Errno::NOTSUP => io::ErrorKind::Unsupported.into(),
            error => error.into(),
        })
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened as a file, and its names are durable when a call returns.
        #[cfg(unix)]
        File::open(path)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

impl Handle for File {
    fn allow(&mut self, permissions: Permissions) -> io::Result<()> {
        self.set_permissions(permissions)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
