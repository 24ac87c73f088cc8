//! The index, read once: what git tracks.

use std::collections::BTreeMap;

use git2::{IndexEntryExtendedFlag, IndexEntryFlag, Oid};

use crate::tree::git::objects::EntryKind;

/// The entries of an index by path below the git root. Paths that are not UTF-8 are left out.
#[derive(Debug, Default)]
pub(in crate::tree) struct Staged(BTreeMap<String, StagedEntry>);

/// A file's state as git's index holds it, cut to 32 bits as there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct Recorded {
    pub(in crate::tree) bytes: u32,
    pub(in crate::tree) inode: u32,
    /// Seconds and nanoseconds of the last change of the content.
    pub(in crate::tree) modified: (u32, u32),
    /// The same of the inode.
    pub(in crate::tree) changed: (u32, u32),
}

/// One path of the index.
#[derive(Debug, Clone, Copy)]
pub(in crate::tree) struct StagedEntry {
    pub(in crate::tree) kind: EntryKind,
    /// The id; in a conflict that of our side, if it holds the path.
    pub(in crate::tree) id: Option<Oid>,
    /// Whether the path is in a merge conflict.
    pub(in crate::tree) conflict: bool,
    /// Whether the path was only announced (`git add --intent-to-add`): git tracks it, and a commit
    /// would not hold it.
    pub(in crate::tree) announced: bool,
    /// Whether the file is left out of the working tree on purpose (sparse checkout).
    pub(in crate::tree) skipped: bool,
    /// The state that the file was in when git last saw that it holds what is stored; `None` where
    /// the file may have changed since without a trace, and where somebody bade git not to look
    /// (`git update-index --assume-unchanged`).
    pub(in crate::tree) recorded: Option<Recorded>,
}

/// The stage bits of an entry's flags: 0 merged, 1 base, 2 ours, 3 theirs.
const STAGE_SHIFT: u16 = 12;

/// What the index recorded of a file's state.
fn recorded(entry: &git2::IndexEntry) -> Option<Recorded> {
    // The fields are unsigned in the file; libgit2 calls the seconds signed.
    let time = |time: git2::IndexTime| (time.seconds().cast_unsigned(), time.nanoseconds());
    let (modified, changed) = (time(entry.mtime), time(entry.ctime));
    Some(Recorded { bytes: entry.file_size, inode: entry.ino, modified, changed })
}

impl Staged {
    /// Takes over the entries of an index that was written at `written`, in seconds and nanoseconds.
    ///
    /// A file that changed as late as the index, or later, can have changed twice under one time, so
    /// what the index recorded of it says nothing (git's `racy-git` document).
    pub(in crate::tree) fn of(index: &git2::Index, written: Option<(u32, u32)>) -> Self {
        let mut entries = BTreeMap::new();
        for entry in index.iter() {
            let Ok(path) = String::from_utf8(entry.path.clone()) else { continue };
            let extended = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
            let is_assumed = IndexEntryFlag::from_bits_truncate(entry.flags).is_valid();
            let stage = (entry.flags >> STAGE_SHIFT) & 3;
            let new = StagedEntry {
                kind: EntryKind::of_mode(entry.mode),
                id: (stage == 0 || stage == 2).then_some(entry.id),
                conflict: stage != 0,
                announced: extended.is_intent_to_add(),
                skipped: extended.is_skip_worktree(),
                recorded: recorded(&entry)
                    .filter(|recorded| !is_assumed && written.is_some_and(|at| recorded.modified < at)),
            };
            // Of a conflict's stages, ours decides.
            if stage <= 2 || !entries.contains_key(&path) {
                entries.insert(path, new);
            }
        }
        Self(entries)
    }

    /// The entry of a path.
    pub(in crate::tree) fn get(&self, path: &str) -> Option<&StagedEntry> {
        self.0.get(path)
    }

    /// The entries below a folder (empty: all), by path.
    pub(in crate::tree) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &StagedEntry)> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.0
            .range(start.clone()..)
            .take_while(move |(path, _)| path.starts_with(&start))
            .map(|(path, entry)| (path.as_str(), entry))
    }
}
