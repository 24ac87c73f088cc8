//! `contexture.lock`: the digests that every context is expected to have, kept in the repository.
//!
//! A lock holds nothing estimated and nothing dated, so that it changes only where what a model
//! sees changes. Its layout is made for merging: a stanza of four lines a context, sorted by name,
//!
//! ```text
//! [support/triage@terse]
//! prefix cx1:…
//! settings cx1:…
//!
//! ```
//!
//! so that between the lines that may change of one context and those of the next there are always
//! lines that do not, and git merges branches that changed different contexts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::pipeline::provenance::BuiltFrom;
use crate::pipeline::{Build, BuildResult, SHARED_FILES, Usage};
use crate::prompt::chain::Digest;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::{ObjectId, ProjectPath, Source, Span};
use crate::text::fragment::{Fragments, Unreadable};
use crate::text::project::ContextId;
use crate::tree::write::{self, Disk};
use crate::tree::{ReadError, Tree, TreeName};

/// The lock's name, in the project root.
pub const LOCK_FILE: &str = "contexture.lock";

/// What mends a lock.
const CURE: &str = "run `contexture lock` to write it anew";

/// Everything that is locked, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    entries: BTreeMap<ContextId, Entry>,
}

/// What one context or variant is locked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The digest of everything before the first input or history.
    pub prefix: Digest,
    /// The digest of model settings and output schema.
    pub settings: Digest,
}

/// How one context stands to the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is built and not locked.
    New(Entry),
    /// It is locked to something else.
    Different {
        /// What is locked.
        locked: Entry,
        /// What is built.
        built: Entry,
    },
    /// It is locked and no longer there.
    Gone(Entry),
}

impl Entry {
    /// What a build would be locked to.
    pub fn of(build: &Build) -> Self {
        Self { prefix: build.chain.prefix(), settings: build.settings }
    }
}

impl Lock {
    /// The lock of these builds.
    pub fn of<'a>(builds: impl IntoIterator<Item = &'a Build>) -> Self {
        Self { entries: builds.into_iter().map(|build| (written(&build.id), Entry::of(build))).collect() }
    }

    /// The entries by name.
    pub fn entries(&self) -> impl Iterator<Item = (&ContextId, &Entry)> {
        self.entries.iter()
    }

    /// How many contexts and variants are locked.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is locked.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a context.
    pub fn get(&self, id: &ContextId) -> Option<&Entry> {
        self.entries.get(&written(id))
    }

    /// Reads a lock. The order of its stanzas means nothing; whatever is not a whole stanza of its
    /// own is a fault.
    pub fn read(source: &Arc<Source>, faults: &mut Faults) -> Self {
        let mut reading = Reading { source, entries: BTreeMap::new(), open: None };
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let text = line.strip_suffix('\n').unwrap_or(line);
            let text = text.strip_suffix('\r').unwrap_or(text);
            if let Err(fault) = reading.line(text, Span::new(source, start, start + text.len())) {
                faults.push(*fault);
            }
            start += line.len();
        }
        if let Err(fault) = reading.close() {
            faults.push(*fault);
        }
        Self { entries: reading.entries }
    }

    /// The lock of a tree; `None` when it has none.
    ///
    /// # Errors
    /// When it cannot be read, or holds anything but stanzas.
    pub fn of_tree(tree: &dyn Tree) -> Result<Option<Self>, Failure> {
        let path = ProjectPath::literal(LOCK_FILE);
        let fragments = Fragments::new(tree);
        let fragment = match fragments.read(&path) {
            Ok(fragment) => fragment,
            Err(Unreadable::Read(ReadError::Absent)) => return Ok(None),
            Err(Unreadable::Read(ReadError::World(error))) => return Err(error.into()),
            Err(Unreadable::Read(error)) => {
                let fault = Diagnostic::error("unreadable-lock", format!("the lock cannot be read: {error}"));
                return Err(fault.in_file(&path).hint(CURE).into());
            }
            Err(Unreadable::Content(faults)) => return Err(faults.into()),
        };
        let mut faults = Faults::new();
        let lock = Self::read(&fragment.source, &mut faults);
        Ok(Some(faults.into_result(lock)?.value))
    }

    /// What would change if `self` were replaced by `built`, by name.
    pub fn changes(&self, built: &Self) -> BTreeMap<ContextId, Change> {
        let mut changes = BTreeMap::new();
        for (id, entry) in &built.entries {
            match self.entries.get(id) {
                None => changes.insert(id.clone(), Change::New(*entry)),
                Some(locked) if locked != entry => {
                    changes.insert(id.clone(), Change::Different { locked: *locked, built: *entry })
                }
                Some(_) => None,
            };
        }
        let gone = self.entries.iter().filter(|(id, _)| !built.entries.contains_key(*id));
        changes.extend(gone.map(|(id, entry)| (id.clone(), Change::Gone(*entry))));
        changes
    }

    /// Writes the lock into the project root, which lies on `disk`, whole or not at all. Returns whether the file changed.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, disk: &dyn Disk, root: &Path) -> Result<bool, Error> {
        let target = root.join(LOCK_FILE);
        let text = self.to_string();
        write::sweep(disk, [root]);
        if write::existing_bytes(&target).is_ok_and(|built_from| built_from == text.as_bytes()) {
            return Ok(false);
        }
        write::file(disk, &target, text.as_bytes()).map_err(|error| Error::file("cannot write", &target, error))?;
        Ok(true)
    }
}

impl fmt::Display for Lock {
    /// The file, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, Entry { prefix, settings }) in &self.entries {
            write!(f, "[{id}]\nprefix {prefix}\nsettings {settings}\n\n")?;
        }
        Ok(())
    }
}

/// The name as the file spells it. What `each` matched may hold an `@` that is no variant's sign;
/// written down the two are one, so they are one here.
fn written(id: &ContextId) -> ContextId {
    ContextId::parse(&id.to_string())
}

/// A lock while it is read.
struct Reading<'a> {
    source: &'a Arc<Source>,
    entries: BTreeMap<ContextId, Entry>,
    open: Option<Open>,
}

/// A stanza that is not yet whole.
struct Open {
    id: ContextId,
    header: Span,
    prefix: Option<Digest>,
    settings: Option<Digest>,
    is_damaged: bool,
}

impl Reading<'_> {
    fn line(&mut self, text: &str, span: Span) -> Result<(), Box<Diagnostic>> {
        if text.is_empty() {
            return self.close();
        }
        if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let closed = self.close();
            let id = ContextId::parse(name);
            self.open = Some(Open { id, header: span, prefix: None, settings: None, is_damaged: false });
            return closed;
        }
        if let Some(mark) = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().find(|mark| text.starts_with(**mark)) {
            if let Some(open) = &mut self.open {
                open.is_damaged = true;
            }
            let fault = Diagnostic::error("lock-conflict", "a merge left two versions of the lock");
            let hint = "resolve the other files, then run `contexture lock`, which writes it anew";
            return if *mark == "<<<<<<<" { Err(Box::new(fault.at(&span).hint(hint))) } else { Ok(()) };
        }
        let Some(open) = &mut self.open else {
            let fault = Diagnostic::error("bad-lock", "a stanza begins with the name of a context: `[support/triage]`");
            return Err(Box::new(fault.at(&span).hint(CURE)));
        };
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        let place = match key {
            "prefix" => &mut open.prefix,
            "settings" => &mut open.settings,
            _ => {
                open.is_damaged = true;
                let fault =
                    Diagnostic::error("bad-lock", format!("a stanza holds `prefix` and `settings`, not `{key}`"));
                return Err(Box::new(fault.at(&span).hint(CURE)));
            }
        };
        let Some(digest) = Digest::parse(value) else {
            open.is_damaged = true;
            let message = format!("`{key}` is followed by a digest: `cx1:` and 64 hexadecimal digits");
            let start = (span.start + key.len() + 1).min(span.end);
            let at = Span::new(self.source, start, span.end);
            return Err(Box::new(Diagnostic::error("bad-lock", message).at(&at).hint(CURE)));
        };
        if place.replace(digest).is_some_and(|earlier| earlier != digest) {
            open.is_damaged = true;
            let message = format!("`[{}]` has two digests called `{key}`, as a merge may leave them", open.id);
            return Err(Box::new(Diagnostic::error("bad-lock", message).at(&span).hint(CURE)));
        }
        Ok(())
    }

    /// Ends the open stanza, which must be whole and the only one of its name.
    fn close(&mut self) -> Result<(), Box<Diagnostic>> {
        let Some(Open { id, header, prefix, settings, is_damaged }) = self.open.take() else { return Ok(()) };
        let (Some(prefix), Some(settings)) = (prefix, settings) else {
            if is_damaged {
                return Ok(());
            }
            let missing = if prefix.is_none() { "prefix" } else { "settings" };
            let fault = Diagnostic::error("bad-lock", format!("`[{id}]` has no `{missing}`"));
            return Err(Box::new(fault.at(&header).hint(CURE)));
        };
        let entry = Entry { prefix, settings };
        match self.entries.insert(id.clone(), entry) {
            Some(earlier) if earlier != entry => {
                let fault = Diagnostic::error("bad-lock", format!("`[{id}]` is locked twice, to different digests"));
                Err(Box::new(fault.at(&header).hint(CURE)))
            }
            _ => Ok(()),
        }
    }
}

/// Why a run under `--locked` is refused: whatever is not committed of what was built, and whatever
/// the lock of the same tree does not say. Empty when nothing speaks against it.
///
/// `all` are the contexts of the whole project, so that a new or a missing name is found although
/// the run builds only some; `attempts` are those that were built.
///
/// # Errors
/// When the tree has no lock or a damaged one.
pub fn refusals(tree: &dyn Tree, all: &[Usage], attempts: &[BuildResult]) -> Result<Vec<Diagnostic>, Failure> {
    let lock = Lock::of_tree(tree)?.ok_or_else(|| {
        let what = format!("--locked needs {LOCK_FILE}, and {} has none", place(&tree.name()));
        Error::usage(what, "run `contexture lock` and commit the file")
    })?;
    let mut refusals = uncommitted(tree, attempts)?;
    let path = ProjectPath::literal(LOCK_FILE);
    let refuse = |code, message: String| {
        Diagnostic::error(code, message)
            .in_file(&path)
            .hint("run `contexture lock` and commit what it writes, if the change is meant")
    };
    for build in attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok()) {
        let (id, built) = (&build.id, Entry::of(build));
        let Some(locked) = lock.get(id) else { continue };
        for (what, locked, built) in
            [("prefix", locked.prefix, built.prefix), ("settings", locked.settings, built.settings)]
        {
            if locked != built {
                let message = format!("the {what} of `{id}` is {} and is locked to {}", built.short(), locked.short());
                refusals.push(refuse("not-as-locked", message));
            }
        }
    }
    let known: BTreeSet<ContextId> = all.iter().map(|usage| written(&usage.id)).collect();
    for id in known.iter().filter(|id| lock.get(id).is_none()) {
        refusals.push(refuse("not-locked", format!("`{id}` is not locked")));
    }
    // What a broken manifest would yield is not known, so nothing of its is called gone.
    let broken: Vec<&str> =
        all.iter().filter(|usage| usage.faults.is_err()).map(|usage| usage.id.name.as_str()).collect();
    let is_broken = |id: &ContextId| {
        broken
            .iter()
            .any(|name| id.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    for (id, _) in lock.entries().filter(|(id, _)| !known.contains(*id) && !is_broken(id)) {
        refusals.push(refuse("locked-but-gone", format!("`{id}` is locked, and there is no such context")));
    }
    Ok(refusals)
}

/// Every file behind these builds, prices and lock included, that the tree's commit does not hold so.
fn uncommitted(tree: &dyn Tree, attempts: &[BuildResult]) -> Result<Vec<Diagnostic>, Failure> {
    let refuse = |path: &ProjectPath, what: &str| {
        let fault =
            Diagnostic::error("uncommitted", format!("--locked builds committed text only, and this file is {what}"));
        fault.in_file(path).hint("commit it, or build without --locked")
    };
    let mut found: BTreeMap<ProjectPath, Diagnostic> = BTreeMap::new();
    for build in attempts.iter().filter_map(|attempt| attempt.result.as_deref().ok()) {
        let provenance = &build.provenance;
        if provenance.built_from == BuiltFrom::Commit {
            continue;
        }
        for path in &provenance.untracked {
            found.insert(path.clone(), refuse(path, "not tracked"));
        }
        for path in &provenance.dirty {
            found.entry(path.clone()).or_insert_with(|| refuse(path, "not as committed"));
        }
        if provenance.dirty.is_empty() && provenance.untracked.is_empty() {
            // Before the first commit, files are tracked and nothing is committed.
            let path = &build.plan.manifest_path;
            found.entry(path.clone()).or_insert_with(|| refuse(path, "not committed"));
        }
    }
    if !matches!(tree.name(), TreeName::Commit(_)) {
        for name in [LOCK_FILE].into_iter().chain(SHARED_FILES) {
            let path = ProjectPath::literal(name);
            let committed = tree.base().map_or(Ok(None), |base| base.id(&path)).or_else(absent)?;
            if tree.id(&path).or_else(absent)? != committed {
                found.insert(path.clone(), refuse(&path, "not as committed"));
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Nothing, for a path that cannot be read; a fault of the world stays one.
fn absent(error: ReadError) -> Result<Option<ObjectId>, Error> {
    match error {
        ReadError::World(error) => Err(error),
        _ => Ok(None),
    }
}

/// A tree in words.
fn place(name: &TreeName) -> String {
    match name {
        TreeName::Commit(commit) => format!("commit {}", commit.id.short()),
        TreeName::Index(_) => "the index".to_owned(),
        TreeName::Worktree(_) => "the working tree".to_owned(),
    }
}
