//! The listing of a folder: only safe paths, no build output, and a limit on their number and size.

use std::sync::Arc;

use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_LISTED_BYTES, MAX_LISTED_ENTRIES, MAX_PATH_BYTES};
use crate::syntax::source::ProjectPath;
use crate::tree::OUTPUT_FOLDER;
use crate::tree::write::{UNFINISHED, is_unfinished};

/// Whether a path is the project's build output or lies in it, or something that this program did not finish.
pub(in crate::tree) fn is_output(path: &str) -> bool {
    path.strip_prefix(OUTPUT_FOLDER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || path.contains(UNFINISHED) && path.split('/').any(is_unfinished)
}

/// A listing while it is being collected, with the counters of its limits.
pub(in crate::tree) struct ListingBuilder {
    pub(in crate::tree) folder: ProjectPath,
    files: Vec<ProjectPath>,
    entries: usize,
    bytes: usize,
}

impl ListingBuilder {
    pub(in crate::tree) fn new(folder: &ProjectPath) -> Self {
        Self { folder: folder.clone(), files: Vec::new(), entries: 0, bytes: 0 }
    }

    /// Counts one entry that the walk found. `None` for a path that cannot be part of a project: git's
    /// own folder in some spelling, `..`, control characters, build output.
    ///
    /// # Errors
    /// When the listing is over one of its limits.
    pub(in crate::tree) fn admit(&mut self, written: &str) -> Result<Option<ProjectPath>, Error> {
        self.entries += 1;
        self.bytes += written.len();
        let passed = if self.entries > MAX_LISTED_ENTRIES {
            format!("{MAX_LISTED_ENTRIES} files and folders")
        } else if self.bytes > MAX_LISTED_BYTES {
            format!("{MAX_LISTED_BYTES} bytes of paths")
        } else if written.len() > MAX_PATH_BYTES {
            format!("{MAX_PATH_BYTES} bytes in one path")
        } else {
            let path = ProjectPath::new(written).ok().filter(|path| path.as_str() == written);
            return Ok(path.filter(|path| !is_output(path.as_str())));
        };
        let folder =
            if self.folder.as_str().is_empty() { "the project".to_owned() } else { format!("`{}`", self.folder) };
        Err(Error::usage(
            format!("{folder} is too large to list: more than {passed}"),
            "put `contexture.yaml` in a smaller folder, which makes it the project root, or name narrower folders",
        ))
    }

    /// Adds a file.
    pub(in crate::tree) fn add(&mut self, path: ProjectPath) {
        self.files.push(path);
    }

    /// The files in byte order, without duplicates.
    pub(in crate::tree) fn into_sorted(mut self) -> Arc<[ProjectPath]> {
        self.files.sort_unstable();
        self.files.dedup();
        self.files.into()
    }
}
