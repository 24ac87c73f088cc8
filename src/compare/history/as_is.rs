//! Today's manifests over the texts of a commit: the history that prompts had before their manifests did.

use std::sync::Arc;

use crate::pipeline::PRICES_FILE;
use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::project::{CONTEXTS, PROJECT_FILE};
use crate::tree::{Blob, CommitTree, Identity, ReadError, Tree, TreeName};

/// A commit, in which what says how prompts are put together is that of another tree.
pub(super) struct AsIs<'a> {
    /// Where manifests, the project file and prices come from.
    pub today: &'a dyn Tree,
    /// Where everything else does.
    pub then: &'a CommitTree,
}

impl AsIs<'_> {
    fn of(&self, path: &ProjectPath) -> &dyn Tree {
        let is_todays =
            path.is_below(&ProjectPath::literal(CONTEXTS)) || [PROJECT_FILE, PRICES_FILE].contains(&path.as_str());
        if is_todays { self.today } else { self.then }
    }
}

impl Tree for AsIs<'_> {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        self.of(path).read(path)
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        self.of(path).identity(path)
    }

    fn size(&self, path: &ProjectPath) -> Result<Option<u64>, ReadError> {
        self.of(path).size(path)
    }

    fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        let contexts = ProjectPath::literal(CONTEXTS);
        if *folder == contexts || folder.is_below(&contexts) {
            return self.today.list(folder);
        }
        let is_then = |path: &&ProjectPath| !path.is_below(&contexts);
        let mut found: Vec<ProjectPath> = self.then.list(folder)?.iter().filter(is_then).cloned().collect();
        if folder.as_str().is_empty() {
            found.extend(self.today.list(&contexts)?.iter().cloned());
            found.sort_unstable();
        }
        Ok(found.into())
    }

    fn name(&self) -> TreeName {
        self.then.name()
    }

    fn base(&self) -> Option<&dyn Tree> {
        None
    }
}
