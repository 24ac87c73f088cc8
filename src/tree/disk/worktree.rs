//! The working tree: what the next commit would hold if everything not ignored were added.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use git2::{ObjectFormat, Oid};
use parking_lot::Mutex;

use crate::syntax::error::Error;
use crate::syntax::limits::MAX_PATTERN_FILE_BYTES;
use crate::syntax::source::ProjectPath;
use crate::tree::cache::Cache;
use crate::tree::disk::read_files::ReadFiles;
use crate::tree::disk::watch_set::WatchSet;
use crate::tree::disk::{Disk, DiskEntry, DiskKind, Stamp};
use crate::tree::git::commit::stored;
use crate::tree::git::index::{in_project, in_repository};
use crate::tree::git::objects::{EntryKind, Objects, hash_file, object_id};
use crate::tree::git::staged::{Staged, StagedEntry};
use crate::tree::links::{self, AtPath};
use crate::tree::listing::{ListingBuilder, is_output};
use crate::tree::rules::attributes::Attributes;
use crate::tree::rules::eol::{self, AutoCrlf};
use crate::tree::rules::ignored::Ignored;
use crate::tree::{Blob, CommitTree, Identity, ReadError, Tree, TreeName, present};

/// the project as it is on the disk: tracked files, and untracked files that git does not
/// ignore. Each file's text is what git would store for it.
///
/// Ignored is what `.gitignore` files and `.git/info/exclude` say; the user's own excludes file does
/// not count, because no state of one person may change what a build sees. A file that a sparse
/// checkout leaves out reads as the index holds it, as git itself has it. Repositories within the
/// working tree are not part of it. Outside of a repository every file counts as untracked, and the
/// same `.gitignore` and `.gitattributes` rules hold.
///
/// A file whose bytes are those of the index's version is that version, even where its attributes
/// now say that `git add` would store it otherwise (text committed with CRLF before `.gitattributes`
/// declared it text): git calls such a checkout clean, so it must read as its commit does.
///
/// A file is read at most once: later reads of a path return the same bytes.
pub struct Worktree {
    /// The project root. All text is read through it.
    disk: Disk,
    /// The git root (outside of a repository the project root): for git's own rules only.
    above: Disk,
    /// The project's folder below the git root.
    prefix: String,
    git: Option<Git>,
    ignored: Ignored,
    attributes: Attributes,
    settings: Settings,
    cache: Cache,
    files: ReadFiles,
    asked: Mutex<Asked>,
    /// The names in folders that were looked into, on a disk that folds case.
    spelled: Mutex<HashMap<String, HashSet<String>>>,
}

/// What of the repository's configuration decides how a checkout reads.
#[derive(Debug, Clone, Copy)]
pub(in crate::tree) struct Settings {
    /// `core.autocrlf`.
    pub(in crate::tree) auto_crlf: AutoCrlf,
    /// `core.symlinks`: whether links are checked out as links, or as files that hold their text.
    pub(in crate::tree) symlinks: bool,
    /// `core.ignoreCase`: whether the disk takes `A` for `a`.
    pub(in crate::tree) fold_case: bool,
}

/// The repository that a working tree belongs to.
pub(in crate::tree) struct Git {
    pub(in crate::tree) objects: Arc<Objects>,
    pub(in crate::tree) staged: Staged,
    pub(in crate::tree) head: Option<CommitTree>,
}

/// What the disk was asked for.
#[derive(Default)]
struct Asked {
    /// Every path that something was looked for at.
    names: HashSet<String>,
    /// Those of them that are folders: nobody looks twice at a folder that many files lie in.
    folders: HashSet<String>,
    /// Folders that were walked to list files.
    walked: HashSet<String>,
}

/// How the text at a path is got.
enum Source {
    /// From the disk, at this path.
    Disk { path: String, untracked: bool, stamp: Stamp },
    /// From the object store, for a file that a sparse checkout leaves out.
    Stored(Oid),
}

impl Worktree {
    /// `disk` is opened at the project root, `above` at the git root.
    pub(in crate::tree) fn new(
        (disk, above): (Disk, Disk),
        prefix: &str,
        git: Option<Git>,
        (ignored, attributes): (Ignored, Attributes),
        settings: Settings,
        files: ReadFiles,
    ) -> Self {
        let (cache, asked, spelled) = (Cache::default(), Mutex::default(), Mutex::default());
        let prefix = prefix.to_owned();
        Self { disk, above, prefix, git, ignored, attributes, settings, cache, files, asked, spelled }
    }

    /// The files that it read.
    pub(in crate::tree) fn files(&self) -> &ReadFiles {
        &self.files
    }

    /// Adds to `watch_set` what of the project decided the answers that this tree gave so far: every
    /// step on the way to a file (a link, a folder that is not there yet), every folder it listed.
    pub(in crate::tree) fn watch_at(&self, watch_set: &mut WatchSet) {
        let asked = self.asked.lock();
        asked.names.iter().for_each(|name| watch_set.name(self.disk.path(name)));
        asked.walked.iter().for_each(|folder| watch_set.listed(self.disk.path(folder)));
    }

    fn tracked(&self, full: &str) -> Option<&StagedEntry> {
        self.git.as_ref()?.staged.get(full)
    }

    fn tracks_below(&self, full: &str) -> bool {
        self.git.as_ref().is_some_and(|git| git.staged.below(full).next().is_some())
    }

    /// A file of git's rules at a path below the git root: from the disk, else as the index holds it.
    fn rules(&self, full: &str) -> Result<Vec<u8>, Error> {
        if let Some(text) = self.above.read_rules(full, MAX_PATTERN_FILE_BYTES)? {
            return Ok(text);
        }
        let left_out = self.tracked(full).filter(|entry| entry.kind == EntryKind::File && entry.skipped);
        match left_out.and_then(|entry| entry.id).zip(self.git.as_ref()) {
            Some((id, git)) => git.objects.rules(id, MAX_PATTERN_FILE_BYTES),
            None => Ok(Vec::new()),
        }
    }

    /// Whether git would ignore a new file at this path, so that no build sees it.
    ///
    /// # Errors
    /// When git's rules cannot be read.
    pub fn would_ignore(&self, path: &ProjectPath) -> Result<bool, Error> {
        let full = in_repository(&self.prefix, path.as_str());
        Ok(self.tracked(&full).is_none() && self.ignores(&full, false)?)
    }

    fn ignores(&self, full: &str, is_folder: bool) -> Result<bool, Error> {
        self.ignored.ignores(full, is_folder, &|file| self.rules(file))
    }

    fn at_path(&self, path: &str) -> Result<AtPath<Source>, ReadError> {
        if self.asked.lock().folders.contains(path) {
            return Ok(AtPath::Folder);
        }
        let found = self.look_at(path);
        let mut asked = self.asked.lock();
        asked.names.insert(path.to_owned());
        if matches!(found, Ok(AtPath::Folder)) {
            asked.folders.insert(path.to_owned());
        }
        found
    }

    fn look_at(&self, path: &str) -> Result<AtPath<Source>, ReadError> {
        let full = in_repository(&self.prefix, path);
        let tracked = self.tracked(&full);
        if tracked.is_some_and(|entry| entry.kind == EntryKind::Submodule) {
            return Ok(AtPath::Other("part of a submodule"));
        }
        let on_disk = match self.disk.at_path(path)? {
            AtPath::Absent => AtPath::Absent,
            _ if self.settings.fold_case && !self.is_spelled_so(path)? => AtPath::Absent,
            found => found,
        };
        let is_file = matches!(on_disk, AtPath::File(_) | AtPath::Link(_));
        if is_file && tracked.is_none() && self.ignores(&full, false)? {
            return Err(ReadError::Ignored);
        }
        Ok(match on_disk {
            AtPath::Absent => return self.left_out(&full, tracked),
            AtPath::Folder if self.is_foreign(path, &full) => AtPath::Other("part of another repository"),
            AtPath::Folder => AtPath::Folder,
            AtPath::Other(what) => AtPath::Other(what),
            AtPath::Link(text) => AtPath::Link(text),
            AtPath::File(_) if self.is_link_in_a_file(tracked) => {
                AtPath::Link(String::from_utf8_lossy(&self.disk.read(path)?).into_owned())
            }
            AtPath::File(stamp) => {
                AtPath::File(Source::Disk { path: path.to_owned(), untracked: tracked.is_none(), stamp })
            }
        })
    }

    /// Whether the disk spells the last part of a path so: paths are matched by bytes, here too.
    fn is_spelled_so(&self, path: &str) -> Result<bool, Error> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(names) = self.spelled.lock().get(folder) {
            return Ok(names.contains(name));
        }
        let entries = self.disk.entries(folder)?.unwrap_or_default();
        let names: HashSet<String> = entries.into_iter().map(|entry| entry.name).collect();
        let is_spelled_so = names.contains(name);
        self.spelled.lock().insert(folder.to_owned(), names);
        Ok(is_spelled_so)
    }

    /// Whether a folder is a repository of its own, which git does not look into unless it tracks
    /// something there.
    fn is_foreign(&self, path: &str, full: &str) -> bool {
        !self.tracks_below(full) && self.disk.is_repository(path)
    }

    /// Whether git tracks a file as a link, on a system where links are checked out as files.
    fn is_link_in_a_file(&self, tracked: Option<&StagedEntry>) -> bool {
        !self.settings.symlinks && tracked.is_some_and(|entry| entry.kind == EntryKind::Link)
    }

    /// What the index has where the disk has nothing: what a sparse checkout leaves out.
    fn left_out(&self, full: &str, tracked: Option<&StagedEntry>) -> Result<AtPath<Source>, ReadError> {
        let Some(git) = &self.git else { return Ok(AtPath::Absent) };
        match tracked {
            Some(entry) if entry.skipped => {
                let Some(id) = entry.id else { return Ok(AtPath::Absent) };
                Ok(match stored(&git.objects, entry.kind, id)? {
                    AtPath::File(id) => AtPath::File(Source::Stored(id)),
                    AtPath::Absent => AtPath::Absent,
                    AtPath::Folder => AtPath::Folder,
                    AtPath::Link(text) => AtPath::Link(text),
                    AtPath::Other(what) => AtPath::Other(what),
                })
            }
            Some(_) => Ok(AtPath::Absent),
            None if git.staged.below(full).any(|(_, entry)| entry.skipped) => Ok(AtPath::Folder),
            None => Ok(AtPath::Absent),
        }
    }

    fn read_source(&self, source: Source) -> Result<Blob, ReadError> {
        let (path, untracked) = match (source, &self.git) {
            (Source::Disk { path, untracked, .. }, _) => (path, untracked),
            (Source::Stored(id), Some(git)) => {
                return Ok(Blob { bytes: git.objects.file(id)?, id: object_id(id), untracked: false });
            }
            (Source::Stored(_), None) => return Err(ReadError::Absent),
        };
        let full = in_repository(&self.prefix, &path);
        let format = self.git.as_ref().map_or(ObjectFormat::Sha1, |git| git.objects.format());
        let held = self.files.read(&self.disk, &path, format)?;
        let stored = self.tracked(&full).filter(|entry| entry.kind == EntryKind::File).and_then(|entry| entry.id);
        if stored.map(object_id).as_ref() == Some(&held.id) {
            return Ok(Blob { bytes: held.bytes, id: held.id, untracked });
        }
        let attributes = self.attributes.of(&full, &|file| self.rules(file))?;
        let bytes =
            eol::as_stored(held.bytes.to_vec(), &attributes, self.settings.auto_crlf, || self.is_with_crlf(stored))?;
        if *bytes == *held.bytes {
            return Ok(Blob { bytes: held.bytes, id: held.id, untracked });
        }
        let id = hash_file(&bytes, format)?;
        Ok(Blob { bytes: bytes.into(), id, untracked })
    }

    /// Whether the index's version of a file is text with CRLF, which git then leaves alone.
    fn is_with_crlf(&self, stored: Option<Oid>) -> Result<bool, ReadError> {
        match stored.zip(self.git.as_ref()) {
            Some((id, git)) => Ok(eol::is_text_with_crlf(&git.objects.file(id)?)),
            None => Ok(false),
        }
    }

    /// Whether a listing may start at `folder`: a real folder all the way down, in this repository.
    fn is_own_folder(&self, folder: &str) -> Result<bool, Error> {
        let ends = folder.match_indices('/').map(|(end, _)| end).chain([folder.len()]);
        for end in ends.filter(|end| *end > 0) {
            match folder.get(..end).map(|above| self.at_path(above)) {
                Some(Ok(AtPath::Folder)) => {}
                Some(Err(ReadError::World(error))) => return Err(error),
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The entries of a folder. One that cannot be read is empty where git tracks nothing in it, as
    /// for git: a database's folder in a checkout is no reason to stop.
    fn entries(&self, folder: &str) -> Result<Vec<DiskEntry>, Error> {
        match self.disk.entries(folder) {
            Ok(entries) => Ok(entries.unwrap_or_default()),
            Err(_) if !folder.is_empty() && !self.tracks_below(&in_repository(&self.prefix, folder)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The id of a tracked file that the disk holds as the index recorded it: git itself does not
    /// read such a file to say that it is unchanged.
    fn clean_id(&self, tracked: Option<&StagedEntry>, stamp: Option<Stamp>, full: &str) -> Result<Option<Oid>, Error> {
        let is_plain = |entry: &&StagedEntry| {
            entry.kind == EntryKind::File && !entry.conflict && !entry.announced && !entry.skipped
        };
        let entry = tracked.filter(is_plain);
        let Some((entry, stamp)) = entry.zip(stamp) else { return Ok(None) };
        if entry.recorded.is_none() || entry.recorded != stamp.recorded() {
            return Ok(None);
        }
        let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder);
        let differs = self.attributes.may_store_other_text(folder, &|file| self.rules(file))?;
        Ok(entry.id.filter(|_| !differs))
    }
}

impl Tree for Worktree {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        self.cache.get_or_read(path, || {
            let (real_path, source) = links::follow(path, |at| self.at_path(at))?;
            // Two paths to one file give one answer.
            match self.cache.get(&real_path) {
                Some(blob) => Ok(blob),
                None => self.read_source(source),
            }
        })
    }

    /// A tracked file that is as git's index recorded it is not read: git itself does not, to say that
    /// it is unchanged.
    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        if let Some(blob) = self.cache.get(path) {
            return Ok(Some(Identity { id: blob.id, untracked: blob.untracked }));
        }
        let Some((_, source)) = present(links::follow(path, |at| self.at_path(at)))? else { return Ok(None) };
        let clean = match &source {
            Source::Disk { path, stamp, .. } => {
                let full = in_repository(&self.prefix, path);
                self.clean_id(self.tracked(&full), Some(*stamp), &full)?
            }
            Source::Stored(id) => Some(*id),
        };
        match clean {
            Some(id) => Ok(Some(Identity { id: object_id(id), untracked: false })),
            None => present(self.read(path).map(|blob| Identity { id: blob.id, untracked: blob.untracked })),
        }
    }

    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        Ok(match (present(links::follow(path, |at| self.at_path(at)))?, &self.git) {
            (Some((_, Source::Disk { stamp, .. })), _) => Some(stamp.bytes()),
            (Some((_, Source::Stored(id))), Some(git)) => Some(git.objects.size(id)?),
            (Some(_) | None, _) => None,
        })
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        let mut listing = ListingBuilder::new(folder);
        if is_output(folder.as_str()) || !self.is_own_folder(folder.as_str())? {
            return Ok(Arc::default());
        }
        let full = in_repository(&self.prefix, folder.as_str());
        let hidden = !full.is_empty() && self.ignores(&full, true)?;
        let mut folders = vec![(folder.to_string(), hidden)];
        let mut met = HashSet::new();
        while let Some((above, hidden)) = folders.pop() {
            self.asked.lock().walked.insert(above.clone());
            for DiskEntry { name, kind } in self.entries(&above)? {
                let mut written = above.clone();
                links::push(&mut written, &name);
                let Some(path) = listing.admit(&written)? else { continue };
                let full = in_repository(&self.prefix, &written);
                let tracked = self.tracked(&full);
                match kind {
                    DiskKind::Folder if tracked.is_some_and(|entry| entry.kind == EntryKind::Submodule) => {}
                    DiskKind::Folder => {
                        let hidden = hidden || self.ignores(&full, true)?;
                        if self.tracks_below(&full) || !hidden && !self.disk.is_repository(&written) {
                            folders.push((written, hidden));
                        }
                    }
                    // A pipe in the place of a manifest is listed, so that reading it says what it is.
                    DiskKind::Other if path.extension() != "yaml" => {}
                    DiskKind::Other | DiskKind::File | DiskKind::Link => {
                        let counts = tracked.is_some() || !hidden && !self.ignores(&full, false)?;
                        let is_link = kind == DiskKind::Link || self.is_link_in_a_file(tracked);
                        if counts && (!is_link || links::is_listed(&path, |at| self.at_path(at))) {
                            met.insert(full);
                            listing.add(path);
                        }
                    }
                }
            }
        }
        // What a sparse checkout leaves out.
        let left_out = self.git.iter().flat_map(|git| git.staged.below(&full)).filter(|(_, entry)| entry.skipped);
        for (full, entry) in left_out.filter(|(full, _)| !met.contains(*full)) {
            let Some(written) = in_project(&self.prefix, full) else { continue };
            let Some(path) = listing.admit(written)? else { continue };
            let listed = match entry.kind {
                EntryKind::File => matches!(self.at_path(written), Ok(AtPath::File(_))),
                EntryKind::Link => links::is_listed(&path, |at| self.at_path(at)),
                EntryKind::Folder | EntryKind::Submodule => false,
            };
            if listed {
                listing.add(path);
            }
        }
        Ok(listing.into_sorted())
    }

    fn name(&self) -> TreeName {
        let head = self.git.as_ref().and_then(|git| git.head.as_ref());
        TreeName::Worktree(head.map(|head| head.commit().clone()))
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.git.as_ref()?.head.as_ref().map(|head| head as &dyn Tree)
    }
}
