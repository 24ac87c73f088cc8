//! What a project may list: safe paths, no build output, and not without end.

use std::sync::Arc;

use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::tree::{MAX_LISTED_BYTES, MAX_LISTED_ENTRIES, MAX_PATH_BYTES, OUTPUT_FOLDER};

/// Whether a path is the project's build output or lies in it.
pub(in crate::tree) fn is_output(path: &str) -> bool {
    path.strip_prefix(OUTPUT_FOLDER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A listing while it grows, under its budgets.
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

    /// Counts one entry met on the way. `None` where its path is none that a project may hold:
    /// git's own folder in some spelling, `..`, control characters, build output.
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

    /// The files by bytes, each once.
    pub(in crate::tree) fn into_sorted(mut self) -> Arc<[ProjectPath]> {
        self.files.sort_unstable();
        self.files.dedup();
        self.files.into()
    }
}
