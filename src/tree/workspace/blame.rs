//! Which commit each line of a file stems from.

use std::ops::RangeInclusive;
use std::path::Path;

use git2::BlameOptions;

use crate::syntax::error::Error;
use crate::syntax::limits::MAX_BLAMED_BYTES;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::git::index::in_repository;
use crate::tree::git::objects::object_id;
use crate::tree::{CommitTree, ReadError, Tree, Workspace};

/// Lines that one commit brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedLines {
    /// First and last line, 1-based.
    pub lines: RangeInclusive<usize>,
    /// The commit.
    pub commit: ObjectId,
}

impl Workspace {
    /// The commit behind each line of the file that `path` leads to in `at`, in the order of the
    /// lines, as `git blame` has it: moved files are followed, moved lines are not. `None` where
    /// there is no such file, or it is too long to be traced.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn blame(&self, at: &CommitTree, path: &ProjectPath) -> Result<Option<Vec<BlamedLines>>, Error> {
        let real_path = match at.find(path) {
            Ok((real_path, _)) => real_path,
            Err(ReadError::World(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        match at.read(&real_path) {
            Ok(blob) if blob.bytes.len() <= MAX_BLAMED_BYTES => {}
            Ok(_) => return Ok(None),
            Err(ReadError::World(error)) => return Err(error),
            Err(_) => return Ok(None),
        }
        let (repository, objects) = self.repository("there is no history")?;
        objects.check_loose()?;
        let full = in_repository(&at.prefix, real_path.as_str());
        let mut options = BlameOptions::new();
        options.newest_commit(at.id);
        let blame = repository.blame_file(Path::new(&full), Some(&mut options)).map_err(|error| {
            let what = format!("cannot trace the lines of `{real_path}`: {}", error.message());
            Error::repository(what, "check the repository with `git fsck`")
        })?;
        let hunks = blame.iter().filter(|hunk| hunk.lines_in_hunk() > 0).map(|hunk| {
            let first = hunk.final_start_line();
            BlamedLines { lines: first..=first + hunk.lines_in_hunk() - 1, commit: object_id(hunk.final_commit_id()) }
        });
        Ok(Some(hunks.collect()))
    }
}
