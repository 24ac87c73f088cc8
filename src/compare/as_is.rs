//! Today's manifests over the texts of another tree: what prompts were before their manifests were there.

use std::sync::Arc;

use crate::pipeline::PRICES_FILE;
use crate::pipeline::measured::COUNTS_FILE;
use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::project::{CONTEXTS, PROJECT_FILE};
use crate::tree::{Blob, Identity, ReadError, Tree, TreeName};

/// The files of the project itself.
const FILES: [&str; 3] = [PROJECT_FILE, PRICES_FILE, COUNTS_FILE];

/// A tree, in which what says how prompts are put together is that of another one.
pub struct AsIs<'a> {
    /// Where manifests, the project file and prices come from.
    pub today: &'a dyn Tree,
    /// Where everything else does.
    pub then: &'a dyn Tree,
}

/// Whether a file says how prompts are put together.
pub fn is_todays(path: &ProjectPath) -> bool {
    path.is_below(&ProjectPath::literal(CONTEXTS)) || FILES.contains(&path.as_str())
}

impl AsIs<'_> {
    fn of(&self, path: &ProjectPath) -> &dyn Tree {
        if is_todays(path) { self.today } else { self.then }
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
        if !folder.as_str().is_empty() {
            return self.then.list(folder);
        }
        let mut found: Vec<ProjectPath> =
            self.then.list(folder)?.iter().filter(|path| !is_todays(path)).cloned().collect();
        found.extend(self.today.list(&contexts)?.iter().cloned());
        let is_there = |path: &ProjectPath| matches!(self.today.identity(path), Ok(Some(_)));
        found.extend(FILES.map(ProjectPath::literal).into_iter().filter(is_there));
        found.sort_unstable();
        Ok(found.into())
    }

    fn name(&self) -> TreeName {
        self.then.name()
    }

    fn base(&self) -> Option<&dyn Tree> {
        None
    }
}
