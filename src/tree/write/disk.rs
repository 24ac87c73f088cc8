//! The calls that writing a file makes, as a trait, and its implementation by the system.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::Path;

/// The system calls that write files and folders, one method each, without retries or fallbacks.
/// [`System`] makes them; the tests have an implementation in which any of them can fail.
pub trait Disk: Send + Sync {
    /// Makes a folder that does not exist, in one that does.
    ///
    /// # Errors
    /// The system's.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes and opens a file that does not exist.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::AlreadyExists`] when something has that path.
    fn make_file(&self, path: &Path, access: Access) -> io::Result<Box<dyn Handle>>;

    /// Renames a file or folder. A file that has the new name is replaced.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Exchanges two names in one step.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::Unsupported`] where the system or the file system cannot do it.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;

    /// Makes the bytes of a file durable that was written and closed.
    ///
    /// # Errors
    /// The system's.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Makes everything durable that was written to the file system of a folder.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::Unsupported`] where it has no such call, or the call tells of no errors.
    fn sync_file_system(&self, folder: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and everything in it.
    ///
    /// # Errors
    /// The system's.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub trait Handle: Write + Send {
    /// Sets the file's permissions.
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

/// The disk of this machine.
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
            // The errors of file systems that cannot exchange names.
            Errno::INVAL | Errno::NOSYS | Errno::NOTSUP => io::ErrorKind::Unsupported.into(),
            error => error.into(),
        })
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        // Some systems sync only a file that may be written.
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    /// Linux tells of errors since 5.8.
    #[cfg(target_os = "linux")]
    fn sync_file_system(&self, folder: &Path) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(folder)?)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_file_system(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // On other systems a folder cannot be opened as a file, and a rename is durable when the call returns.
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
