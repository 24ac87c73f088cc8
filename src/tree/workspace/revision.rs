//! What of a repository's own files decides which commit a tree is, or is based on.

use std::path::{Path, PathBuf};

use crate::tree::{TreeName, Workspace};

impl Workspace {
    /// The files and folders of git whose change can change `tree`, or the commit that it is based on, as
    /// far as they are there. Every update of a branch or tag puts a file into its folder, so that the
    /// folder's time tells of it. Empty outside of a repository.
    ///
    /// Of a commit these are all branches and tags, since any of them may be what it was named by.
    pub fn revision_files(&self, tree: &TreeName) -> Vec<PathBuf> {
        let Ok((repository, _)) = self.repository("") else { return Vec::new() };
        let (own, shared) = (repository.path(), repository.commondir());
        let mut files = vec![own.join("HEAD"), shared.join("packed-refs")];
        match tree {
            TreeName::Commit(_) => folders(&shared.join("refs"), &mut files),
            TreeName::Index(_) => files.push(own.join("index")),
            TreeName::Worktree(_) => {}
        }
        let head = repository.find_reference("HEAD").ok();
        if let Some(branch) = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten()) {
            let file = shared.join(branch);
            files.extend(file.ancestors().find(|path| path.exists()).map(Path::to_owned));
        }
        files.retain(|file| file.exists());
        files
    }
}

/// A folder and those below it.
fn folders(folder: &Path, found: &mut Vec<PathBuf>) {
    found.push(folder.to_owned());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        folders(&entry.path(), found);
    }
}
