//! What each bundle was made from, in the syntax that ninja and Make read.
//!
//! A rule names a bundle's record and every file whose change can change it: the files that were read,
//! the folders that patterns were matched in and that files were missed in, and what of git says which
//! commit a bundle stands on. A build system that holds these against their times runs a build again
//! exactly when there may be something to do.
//!
//! What this syntax cannot say: that a file which is not there may come. Its folder stands for it, for
//! a folder's time changes when a name comes or goes. The project root is left out, because builds
//! themselves write there; `docs/scale.md` says what to do about it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::output::bundle;
use crate::pipeline::Build;
use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::compose::TEMPLATES;
use crate::tree::write::{self, Disk};
use crate::tree::{Tree, TreeName, Workspace};

/// Git's own files that decide how the files below them are listed and read.
const GIT_RULES: [&str; 2] = [".gitignore", ".gitattributes"];

/// One bundle and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The bundle's record, below the output folder as that was written.
    pub target: PathBuf,
    /// Files and folders that exist.
    pub inputs: BTreeSet<PathBuf>,
}

/// The rules of contexts that were built from `tree`, in order. `output` is where the bundles are.
///
/// # Errors
/// When the tree cannot be listed.
pub fn rules<'a>(
    workspace: &Workspace,
    tree: &dyn Tree,
    builds: impl IntoIterator<Item = &'a Build>,
    output: &Path,
) -> Result<Vec<Rule>, Error> {
    let revision = workspace.revision_files(&tree.name());
    let rule = |build: &Build| {
        let mut inputs: BTreeSet<PathBuf> = revision.iter().cloned().collect();
        if matches!(tree.name(), TreeName::Worktree(_)) {
            Sources { root: workspace.root(), tree, inputs: &mut inputs }.of(build)?;
        }
        let target = bundle::folder(&build.id, output).join(bundle::RECORD);
        Ok(Rule { target, inputs })
    };
    builds.into_iter().map(rule).collect()
}

/// What of the disk a build of the working tree stands on.
struct Sources<'a> {
    root: &'a Path,
    tree: &'a dyn Tree,
    inputs: &'a mut BTreeSet<PathBuf>,
}

impl Sources<'_> {
    fn of(&mut self, build: &Build) -> Result<(), Error> {
        for (path, blob) in &build.reads.files {
            match blob {
                Some(_) if self.add(path.as_str()) => self.rules_above(path.folder()),
                // Not on the disk: a sparse checkout leaves it out, and may bring it back.
                Some(_) | None => self.nearest(path.folder()),
            }
        }
        let below_templates = |path: &&ProjectPath| path.as_str().starts_with(TEMPLATES);
        if build.reads.files.keys().any(|path| below_templates(&path)) {
            // One more template can make a short name ambiguous.
            self.listed(&ProjectPath::literal(TEMPLATES))?;
        }
        for folder in build.reads.listings.iter().flat_map(|listing| &listing.folders) {
            self.listed(folder)?;
        }
        Ok(())
    }

    /// Adds what stands at a path below the root; returns whether anything does. Never the root itself.
    fn add(&mut self, path: &str) -> bool {
        let found = self.root.join(path);
        let exists = !path.is_empty() && found.exists();
        if exists {
            self.inputs.insert(found);
        }
        exists
    }

    /// Adds the nearest folder, from this one upwards, that is there.
    fn nearest(&mut self, folder: &str) {
        let above = Path::new(folder).ancestors().filter_map(Path::to_str);
        for folder in above {
            if self.add(folder) {
                return;
            }
        }
    }

    /// Adds a folder and every folder below it that holds a file.
    fn listed(&mut self, folder: &ProjectPath) -> Result<(), Error> {
        self.nearest(folder.as_str());
        self.rules_above(folder.as_str());
        let mut before = String::new();
        for path in self.tree.list(folder)?.iter() {
            if path.folder() != before {
                before = path.folder().to_owned();
                let own = Path::new(&before).ancestors().filter_map(Path::to_str);
                for between in own.take_while(|between| between.len() > folder.as_str().len()) {
                    self.add(between);
                    for rules in GIT_RULES {
                        self.add(&format!("{between}/{rules}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds git's rules in a folder and in those above it, up to the project root.
    fn rules_above(&mut self, folder: &str) {
        for folder in Path::new(folder).ancestors() {
            for rules in GIT_RULES {
                let found = self.root.join(folder).join(rules);
                if found.exists() {
                    self.inputs.insert(found);
                }
            }
        }
    }
}

/// The rules as text. Paths below `folder`, where the build system runs, are written as seen from there.
///
/// # Errors
/// When a name cannot be written: it is not UTF-8, or holds a character that ninja takes for the end
/// of a name.
pub fn text(rules: &[Rule], folder: &Path) -> Result<String, Error> {
    let mut text = String::new();
    for Rule { target, inputs } in rules {
        text.push_str(&written(target, folder)?);
        text.push(':');
        for input in inputs {
            text.push_str(" \\\n  ");
            text.push_str(&written(input, folder)?);
        }
        text.push('\n');
    }
    Ok(text)
}

/// Writes the text to `path`, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(disk: &dyn Disk, text: &str, path: &Path) -> Result<(), Error> {
    write::sweep(disk, path.parent());
    write::file(disk, path, text.as_bytes()).map_err(|error| Error::file("cannot write", path, error))
}

fn written(path: &Path, folder: &Path) -> Result<String, Error> {
    let seen = path.strip_prefix(folder).unwrap_or(path);
    seen.to_str().and_then(escaped).ok_or_else(|| {
        let what = format!("{} cannot be written into a depfile", seen.display());
        Error::usage(what, "rename it: ninja reads no such name, or build without --depfile")
    })
}

/// A name as ninja's reader of depfiles takes it: blanks and `#` behind a backslash, `$` doubled, a
/// colon behind a backslash so that Make does not take it for the end of the target. `None` for what
/// has no spelling there.
fn escaped(name: &str) -> Option<String> {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            ' ' | '#' | ':' => escaped.extend(['\\', character]),
            '$' => escaped.push_str("$$"),
            '\\' | '*' | ';' | '<' | '>' | '|' | '^' | '`' => return None,
            _ if character.is_control() => return None,
            _ => escaped.push(character),
        }
    }
    // A colon at the end of a name is the end of the targets, however it is written.
    (!name.is_empty() && !name.ends_with(':')).then_some(escaped)
}
