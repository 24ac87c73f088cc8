//! A disk on which the call of your choice fails, and from which the power can be taken.
//!
//! It makes every call on the real disk but the syncs, and keeps a journal of what no sync has made durable. When
//! the power goes, what was not synced is lost: the bytes of a file, a new name, a name's exchange.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use contexture::tree::write::{Access, Disk, Handle, System, is_unfinished};

/// What goes wrong, at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this error of the system's.
    Error(i32),
    /// It and every call after it fail with this error.
    Lasting(i32),
    /// A write takes one byte and says so.
    Short,
    /// The process is gone: no call after this one is made.
    Death,
    /// What is made, and not yet locked, is taken away by the sweep of another process.
    Sweep,
}

/// What a loss of power takes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The bytes of files. Names stay as they are.
    Bytes,
    /// Names: made, moved or exchanged.
    Names,
}

/// The disk.
#[derive(Clone)]
pub struct Faulty {
    /// Which call goes wrong, counted from 0, and how.
    fault: Option<(usize, Fault)>,
    /// Whether two names can be exchanged.
    exchanges: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: Vec<&'static str>,
    files: Vec<Written>,
    /// Each change with the folders of its names that were synced since.
    journal: Vec<(Change, BTreeSet<PathBuf>)>,
    /// Where what a move replaced is kept.
    kept: Option<tempfile::TempDir>,
}

struct Written {
    path: PathBuf,
    file: File,
    is_synced: bool,
}

/// A change of names that no sync has made durable.
enum Change {
    Made(PathBuf),
    Moved { from: PathBuf, to: PathBuf, replaced: Option<PathBuf> },
    Exchanged(PathBuf, PathBuf),
}

impl Faulty {
    /// A disk on which nothing fails.
    pub fn sound() -> Self {
        Self { fault: None, exchanges: true, state: Arc::default() }
    }

    /// A disk on which that call goes wrong.
    pub fn failing(call: usize, fault: Fault) -> Self {
        Self { fault: Some((call, fault)), ..Self::sound() }
    }

    /// The same, without an exchange of names.
    pub fn without_exchange(self) -> Self {
        Self { exchanges: false, ..self }
    }

    /// The names of the calls that were made, one that failed among them.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    /// The call that went wrong; `None` when there were not so many.
    pub fn failed(&self) -> Option<&'static str> {
        let (number, _) = self.fault?;
        self.state().calls.get(number).copied()
    }

    /// Takes the power away.
    pub fn lose(&self, loss: Loss) {
        let mut state = self.state();
        match loss {
            Loss::Bytes => {
                for written in state.files.iter().filter(|written| !written.is_synced) {
                    written.file.set_len(0).unwrap();
                }
            }
            Loss::Names => {
                while let Some((change, _)) = state.journal.pop() {
                    state.undo(change);
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether a sweep takes what the last call has made.
    fn is_swept(&self, made: &Path) -> bool {
        let is_unfinished = made.file_name().and_then(|name| name.to_str()).is_some_and(is_unfinished);
        is_unfinished && self.fault.is_some_and(|fault| fault == (self.state().calls.len() - 1, Fault::Sweep))
    }

    /// One more call. Whether it is to be cut short, or an error.
    fn call(&self, name: &'static str) -> io::Result<bool> {
        let mut state = self.state();
        let number = state.calls.len();
        state.calls.push(name);
        match self.fault {
            Some((chosen, Fault::Error(error))) if number == chosen => Err(io::Error::from_raw_os_error(error)),
            Some((chosen, Fault::Lasting(error))) if number >= chosen => Err(io::Error::from_raw_os_error(error)),
            Some((chosen, Fault::Death)) if number >= chosen => Err(io::Error::other("the process is gone")),
            Some((chosen, Fault::Short)) if number == chosen => Ok(true),
            _ => Ok(false),
        }
    }
}

impl State {
    fn undo(&mut self, change: Change) {
        match change {
            Change::Made(path) if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            // What is gone needs no undoing.
            Change::Made(path) => drop(fs::remove_file(path)),
            Change::Moved { from, to, replaced } => {
                if to.exists() {
                    fs::rename(&to, &from).unwrap();
                }
                if let Some(replaced) = replaced {
                    fs::rename(replaced, &to).unwrap();
                }
                self.rename(&to, &from);
            }
            Change::Exchanged(one, other) => {
                if one.exists() && other.exists() {
                    System.exchange(&one, &other).unwrap();
                    self.exchange(&one, &other);
                }
            }
        }
    }

    /// What the journal says of names below `from` is from now on said of those below `to`.
    fn rename(&mut self, from: &Path, to: &Path) {
        let moved = |path: &mut PathBuf| {
            if let Ok(rest) = path.strip_prefix(from) {
                *path = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            }
        };
        for (change, synced) in &mut self.journal {
            change.paths().into_iter().for_each(moved);
            *synced = std::mem::take(synced).into_iter().map(|mut path| (moved(&mut path), path).1).collect();
        }
        self.files.iter_mut().for_each(|written| moved(&mut written.path));
    }

    fn record(&mut self, change: Change) {
        self.journal.push((change, BTreeSet::new()));
    }

    fn exchange(&mut self, one: &Path, other: &Path) {
        let between = one.with_extension("between");
        self.rename(one, &between);
        self.rename(other, one);
        self.rename(&between, other);
    }
}

impl Change {
    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Made(path) => vec![path],
            Self::Moved { from, to, .. } => vec![from, to],
            Self::Exchanged(one, other) => vec![one, other],
        }
    }
}

impl Disk for Faulty {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.call("make_folder")?;
        System.make_folder(path)?;
        if self.is_swept(path) {
            return fs::remove_dir(path);
        }
        self.state().record(Change::Made(path.to_owned()));
        Ok(())
    }

    fn make_file(&self, path: &Path, access: Access) -> io::Result<Box<dyn Handle>> {
        self.call("make_file")?;
        drop(System.make_file(path, access)?);
        let file = File::options().write(true).open(path)?;
        if self.is_swept(path) {
            fs::remove_file(path)?;
        }
        let mut state = self.state();
        state.record(Change::Made(path.to_owned()));
        state.files.push(Written { path: path.to_owned(), file: file.try_clone()?, is_synced: false });
        Ok(Box::new(Sheet { disk: self.clone(), file, number: state.files.len() - 1 }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call("rename")?;
        let mut state = self.state();
        let kept = state.kept.get_or_insert_with(|| tempfile::tempdir().unwrap());
        let replaced = kept.path().join(to.file_name().unwrap());
        let replaced = fs::hard_link(to, &replaced).is_ok().then_some(replaced);
        System.rename(from, to)?;
        state.rename(from, to);
        state.record(Change::Moved { from: from.to_owned(), to: to.to_owned(), replaced });
        Ok(())
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        if !self.exchanges {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.call("exchange")?;
        System.exchange(one, other)?;
        let mut state = self.state();
        state.exchange(one, other);
        state.record(Change::Exchanged(one.to_owned(), other.to_owned()));
        Ok(())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.call("sync_file")?;
        let mut state = self.state();
        let written = state.files.iter_mut().find(|written| written.path == path).expect("a file that was written");
        written.is_synced = true;
        Ok(())
    }

    fn sync_file_system(&self, _: &Path) -> io::Result<()> {
        self.call("sync_file_system")?;
        let mut state = self.state();
        state.files.iter_mut().for_each(|written| written.is_synced = true);
        state.journal.clear();
        Ok(())
    }

    /// A change is durable when every folder was synced that has a name of it.
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call("sync_folder")?;
        self.state().journal.retain_mut(|(change, synced)| {
            synced.insert(path.to_owned());
            change.paths().iter().any(|own| own.parent().is_some_and(|parent| !synced.contains(parent)))
        });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call("remove_file")?;
        System.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.call("remove_folder")?;
        System.remove_folder(path)
    }
}

struct Sheet {
    disk: Faulty,
    file: File,
    number: usize,
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_short = self.disk.call("write")?;
        if is_short { self.file.write(&bytes[..bytes.len().min(1)]) } else { self.file.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Handle for Sheet {
    fn allow(&mut self, permissions: Permissions) -> io::Result<()> {
        self.disk.call("allow")?;
        self.file.allow(permissions)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.call("sync")?;
        self.disk.state().files[self.number].is_synced = true;
        Ok(())
    }
}
