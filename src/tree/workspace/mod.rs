//! Where a project is, and the trees it can be read from.

mod blame;
mod branch;
mod resolve;
mod revision;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use git2::{ErrorClass, ErrorCode, Oid, Repository, RepositoryOpenFlags};
use parking_lot::{Mutex, MutexGuard};

use crate::syntax::error::Error;
use crate::syntax::limits::MAX_INDEX_BYTES;
use crate::tree::disk::Disk;
use crate::tree::disk::read_files::ReadFiles;
use crate::tree::disk::watch_set::WatchSet;
use crate::tree::disk::worktree::{Git, Settings};
use crate::tree::git::objects::Objects;
use crate::tree::git::plain_file;
use crate::tree::git::staged::Staged;
use crate::tree::rules::attributes::Attributes;
use crate::tree::rules::eol::AutoCrlf;
use crate::tree::rules::ignored::Ignored;
use crate::tree::{CommitTree, IndexTree, Worktree};

pub use blame::BlamedLines;
pub use branch::DefaultBranch;

/// The file whose folder is the project root.
const PROJECT_FILE: &str = "contexture.yaml";

/// A project: its root, and the repository around it if there is one.
pub struct Workspace {
    root: PathBuf,
    prefix: String,
    repository: Option<Mutex<Repository>>,
    /// Its objects, shared by all trees.
    objects: Option<Arc<Objects>>,
    /// The folder with `.git` in it; `None` outside of a repository and for a bare one.
    git_root: Option<PathBuf>,
}

impl Workspace {
    /// Finds the project that `start` lies in. Its root is the nearest folder from `start` upwards
    /// that holds `contexture.yaml`, not above the git root; else the git root; else `start`.
    ///
    /// # Errors
    /// When `start` is not a folder, or there is a repository that cannot be used: one that belongs
    /// to somebody else, one in a format that is not supported, one whose `core.worktree` points
    /// elsewhere.
    pub fn find(start: &Path) -> Result<Self, Error> {
        let start = start.canonicalize().map_err(|error| Error::file("cannot open", start, error))?;
        let repository = discover(&start)?;
        let git_root = match &repository {
            Some(repository) if !repository.is_bare() => Some(working_folder(repository, &start)?),
            Some(_) | None => None,
        };
        let is_bare = repository.is_some() && git_root.is_none();
        let root = match (&repository, is_bare) {
            (Some(repository), true) => repository.path().to_owned(),
            _ => start
                .ancestors()
                .take_while(|folder| git_root.as_ref().is_none_or(|root| folder.starts_with(root)))
                .find(|folder| folder.join(PROJECT_FILE).symlink_metadata().is_ok_and(|found| !found.is_dir()))
                .map_or_else(|| git_root.clone().unwrap_or_else(|| start.clone()), Path::to_owned),
        };
        let prefix = match &git_root {
            Some(git_root) => prefix(git_root, &root)?,
            None => String::new(),
        };
        let objects = repository.as_ref().map(objects).transpose()?;
        Ok(Self { root, prefix, repository: repository.map(Mutex::new), objects, git_root })
    }

    /// The project root on the disk; of a bare repository its own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project root below the git root, `/`-separated; empty when they are the same.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether there is a repository.
    pub fn has_repository(&self) -> bool {
        self.repository.is_some()
    }

    /// The project as a commit holds it. `rev` is whatever git takes for one commit: an id or its
    /// first digits, a branch, a tag, `HEAD~2`.
    ///
    /// # Errors
    /// Outside of a repository; for a name that is unknown (with near ones), ambiguous, or not one
    /// of a commit.
    pub fn commit(&self, rev: &str) -> Result<CommitTree, Error> {
        let (repository, objects) = self.repository(&format!("there is no revision `{rev}`"))?;
        let id = resolve::resolve(&repository, &objects, rev, &shallow(&repository))?;
        self.open_commit(&repository, objects, id)
    }

    /// The project as the index holds it.
    ///
    /// # Errors
    /// Outside of a repository, in a bare one, and when the index cannot be read.
    pub fn index(&self) -> Result<IndexTree, Error> {
        self.index_of(None)
    }

    /// The project as another index file holds it: the one that git names to a hook in
    /// `GIT_INDEX_FILE` while it commits only a part.
    ///
    /// # Errors
    /// As [`Workspace::index`].
    pub fn index_at(&self, file: &Path) -> Result<IndexTree, Error> {
        self.index_of(Some(file))
    }

    /// the project as it is on the disk.
    ///
    /// # Errors
    /// In a bare repository, and when the folder, the index or the last commit cannot be read.
    pub fn worktree(&self) -> Result<Worktree, Error> {
        self.worktree_of(ReadFiles::default())
    }

    /// [`Workspace::worktree`], which does not read again what is as an earlier tree read it.
    ///
    /// # Errors
    /// As [`Workspace::worktree`].
    pub fn worktree_after(&self, earlier: &Worktree) -> Result<Worktree, Error> {
        self.worktree_of(ReadFiles::after(earlier.files()))
    }

    fn worktree_of(&self, files: ReadFiles) -> Result<Worktree, Error> {
        if self.repository.is_none() {
            let rules = (Ignored::new(b"", false), Attributes::new(&[], b"", false));
            let settings = Settings { auto_crlf: AutoCrlf::No, symlinks: true, fold_case: false };
            let disks = (Disk::open(&self.root)?, Disk::open(&self.root)?);
            return Ok(Worktree::new(disks, "", None, rules, settings, files));
        }
        let (repository, objects) = self.repository("there is no working tree")?;
        let git_root = self.git_root.as_ref().ok_or_else(bare)?;
        let staged = staged(&repository, None)?;
        let head = self.head(&repository, &objects)?;
        let configuration = Configuration::of(&repository)?;
        let info = |name: &str| plain_file(&repository.commondir().join("info").join(name));
        let fold_case = configuration.flag("core.ignorecase", false)?;
        let attributes = Attributes::new(&configuration.outer_attributes(), &info("attributes"), fold_case);
        let rules = (Ignored::new(&info("exclude"), fold_case), attributes);
        let symlinks = configuration.flag("core.symlinks", true)?;
        let settings = Settings { auto_crlf: configuration.auto_crlf()?, symlinks, fold_case };
        Ok(Worktree::new(
            (Disk::open(&self.root)?, Disk::open(git_root)?),
            &self.prefix,
            Some(Git { objects, staged, head }),
            rules,
            settings,
            files,
        ))
    }

    /// Where on the disk the answers come from that `tree` gave so far.
    pub fn watch_set(&self, tree: &Worktree) -> WatchSet {
        let mut watch_set = WatchSet::default();
        tree.watch_at(&mut watch_set);
        watch_set.without_output(&self.root);
        let top = self.git_root.as_ref().unwrap_or(&self.root);
        watch_set.name(top.clone());
        watch_set.name(top.join(".git"));
        // git's rules count from the git root down.
        let above = self.root.ancestors().take_while(|folder| folder.starts_with(top)).map(Path::to_owned);
        let inside: BTreeSet<PathBuf> =
            watch_set.folders.keys().filter(|folder| folder.starts_with(top)).cloned().chain(above).collect();
        for folder in inside {
            watch_set.name(folder.join(".gitignore"));
            watch_set.name(folder.join(".gitattributes"));
        }
        if let Some(repository) = &self.repository {
            stand_on_git(&repository.lock(), &mut watch_set);
        }
        watch_set
    }

    /// Whether git itself is at work on the index right now: it holds the lock, and has not held it
    /// for longer than `patience`, as one left over by a crash would be.
    pub fn is_git_at_work(&self, patience: Duration) -> bool {
        let Some(repository) = &self.repository else { return false };
        let held = repository.lock().path().join("index.lock").metadata().and_then(|held| held.modified());
        held.is_ok_and(|since| since.elapsed().map_or(true, |age| age < patience))
    }

    fn index_of(&self, file: Option<&Path>) -> Result<IndexTree, Error> {
        let (repository, objects) = self.repository("there is no index")?;
        self.git_root.as_ref().ok_or_else(bare)?;
        let head = self.head(&repository, &objects)?;
        Ok(IndexTree::new(objects, staged(&repository, file)?, &self.prefix, head))
    }

    pub(in crate::tree) fn repository(
        &self,
        wanted: &str,
    ) -> Result<(MutexGuard<'_, Repository>, Arc<Objects>), Error> {
        let both = self.repository.as_ref().zip(self.objects.as_ref());
        both.map(|(repository, objects)| (repository.lock(), objects.clone())).ok_or_else(|| {
            let what = format!("{wanted}: {} is not in a git repository", self.root.display());
            Error::repository(what, "run `git init`, or build the working tree (no `--rev`, no `--staged`)")
        })
    }

    /// The commit that `HEAD` names; `None` before the first.
    fn head(&self, repository: &Repository, objects: &Arc<Objects>) -> Result<Option<CommitTree>, Error> {
        let id = match repository.head() {
            Ok(head) => head.target(),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => None,
            Err(error) => return Err(plain("cannot read `HEAD`", &error)),
        };
        id.map(|id| self.open_commit(repository, objects.clone(), id)).transpose()
    }

    pub(in crate::tree) fn open_commit(
        &self,
        repository: &Repository,
        objects: Arc<Objects>,
        id: Oid,
    ) -> Result<CommitTree, Error> {
        CommitTree::open(objects, id, &self.prefix, shallow(repository))
    }
}

/// Adds what of the repository decides how a working tree reads: its index, the commit that `HEAD`
/// names, its configuration and rules.
fn stand_on_git(repository: &Repository, watch_set: &mut WatchSet) {
    let (own, shared) = (repository.path(), repository.commondir());
    let names =
        [(own, ["HEAD", "index", "config.worktree"].as_slice()), (shared, &["config", "packed-refs", "shallow"])];
    for (folder, names) in names {
        names.iter().for_each(|name| watch_set.name(folder.join(name)));
    }
    watch_set.name(shared.join("info").join("exclude"));
    watch_set.name(shared.join("info").join("attributes"));
    let head = repository.find_reference("HEAD").ok();
    if let Some(branch) = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten()) {
        let file = shared.join(branch);
        for step in file.ancestors().take_while(|step| *step != shared) {
            watch_set.name(step.to_owned());
        }
    }
}

/// The repository around a folder, if there is one.
fn discover(start: &Path) -> Result<Option<Repository>, Error> {
    match Repository::open_ext(start, RepositoryOpenFlags::empty(), std::iter::empty::<&Path>()) {
        Ok(repository) => Ok(Some(repository)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(unusable(start, &error)),
    }
}

/// Why a repository that is there cannot be opened, and what helps.
fn unusable(start: &Path, error: &git2::Error) -> Error {
    let found = start.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()).unwrap_or(start);
    let what = format!("cannot open the git repository at {}: {}", found.display(), error.message());
    if error.code() == ErrorCode::Owner {
        let cure = format!(
            "it belongs to another user; if you trust it, run `git config --global --add safe.directory {}`",
            found.display()
        );
        return Error::repository(what, cure);
    }
    if error.message().contains("refstorage") {
        return Error::repository(
            what,
            "it keeps its branches in reftables; run `git refs migrate --ref-format=files`, or clone it with that option",
        );
    }
    if error.message().contains("extensions.partialclone") {
        let cure = "it is a partial clone marked the old way; run `git config remote.origin.promisor true` and \
                    `git config --unset extensions.partialClone`, which say the same";
        return Error::repository(what, cure);
    }
    Error::repository(what, "check it with `git status`")
}

/// The git root. Its `.git` must lead to the repository that was found: a `core.worktree` that
/// names another folder would widen the project to it.
fn working_folder(repository: &Repository, start: &Path) -> Result<PathBuf, Error> {
    let own = repository.path().canonicalize().unwrap_or_else(|_| repository.path().to_owned());
    let claimed = repository.workdir().and_then(|folder| folder.canonicalize().ok());
    match claimed {
        Some(folder) if start.starts_with(&folder) && !start.starts_with(&own) && leads_to(&folder, &own) => Ok(folder),
        claimed => {
            let claimed = claimed.map_or("nothing".to_owned(), |folder| folder.display().to_string());
            let what = format!(
                "{} is not in the working tree of the repository at {}, which is {claimed}",
                start.display(),
                own.display(),
            );
            Err(Error::repository(
                what,
                "run it in the working tree; if that is here, run `git config --unset core.worktree`",
            ))
        }
    }
}

/// Whether the `.git` of `folder`, or the file in its place, leads to the repository at `own`.
fn leads_to(folder: &Path, own: &Path) -> bool {
    let git = folder.join(".git");
    if git.is_dir() {
        return git.canonicalize().is_ok_and(|git| git == own);
    }
    let text = String::from_utf8(plain_file(&git)).unwrap_or_default();
    let target = text.strip_prefix("gitdir:").map(|target| folder.join(target.trim()));
    target.and_then(|target| target.canonicalize().ok()).is_some_and(|target| target == own)
}

fn prefix(git_root: &Path, root: &Path) -> Result<String, Error> {
    let below = root.strip_prefix(git_root).unwrap_or(Path::new(""));
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| {
        let what = format!("the path of the project {} is not UTF-8", root.display());
        Error::usage(what, "rename the folder")
    })
}

fn bare() -> Error {
    Error::repository("the repository is bare: it has no working tree and no index", "name a revision: `--rev HEAD`")
}

pub(in crate::tree) fn plain(what: &str, error: &git2::Error) -> Error {
    Error::repository(format!("{what}: {}", error.message()), "check the repository with `git status` and `git fsck`")
}

fn objects(repository: &Repository) -> Result<Arc<Objects>, Error> {
    let is_partial = repository.config().is_ok_and(|config| {
        config.get_entry("extensions.partialclone").is_ok()
            || config.entries(Some(r"^remote\..*\.promisor$")).is_ok_and(|mut entries| entries.next().is_some())
    });
    let cure = if is_partial {
        "this is a partial clone, and nothing is fetched on the way; run `git fetch --refetch --no-filter`"
    } else if repository.is_shallow() {
        "this is a shallow clone; run `git fetch --unshallow`"
    } else {
        "check the repository with `git fsck`, or `git fetch` it anew"
    };
    let folder = repository.commondir().join("objects");
    Objects::open(&folder, repository.object_format(), cure.to_owned()).map(Arc::new)
}

fn shallow(repository: &Repository) -> Arc<[Oid]> {
    if !repository.is_shallow() {
        return Arc::default();
    }
    // As many commits as fit: what is cut off is not here either, and is missed by name.
    let text = plain_file(&repository.commondir().join("shallow"));
    let text = String::from_utf8_lossy(&text);
    text.lines().filter_map(|line| Oid::from_str_ext(line.trim(), repository.object_format()).ok()).collect()
}

fn staged(repository: &Repository, file: Option<&Path>) -> Result<Staged, Error> {
    // Asked before the index is read: a later one would make files look older than they are.
    let own = repository.path().join("index");
    let written = written(file.unwrap_or(&own));
    let bytes = file.unwrap_or(&own).metadata().map_or(0, |found| found.len());
    if bytes > MAX_INDEX_BYTES {
        let what = format!("git's index holds {bytes} bytes; the limit is {MAX_INDEX_BYTES}");
        return Err(Error::repository(what, "build a revision with --rev"));
    }
    let index = match file {
        Some(file) => git2::Index::open_ext(file, repository.object_format()),
        None => repository.index(),
    };
    index.map(|index| Staged::of(&index, written)).map_err(|error| {
        let what = format!("cannot read the index: {}", error.message());
        if error.class() == ErrorClass::Index && error.message().contains("'link'") {
            return Error::repository(what, "it is split; run `git update-index --no-split-index`");
        }
        if error.class() == ErrorClass::Index && error.message().contains("'sdir'") {
            return Error::repository(what, "it is sparse; run `git sparse-checkout reapply --no-sparse-index`");
        }
        Error::repository(what, "check it with `git status`")
    })
}

/// When a file was last written, in seconds and nanoseconds.
fn written(file: &Path) -> Option<(u32, u32)> {
    let since = file.metadata().ok()?.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some((u32::try_from(since.as_secs()).ok()?, since.subsec_nanos()))
}

/// The configuration, at all levels, as git would use it for this checkout.
struct Configuration(git2::Config);

impl Configuration {
    fn of(repository: &Repository) -> Result<Self, Error> {
        repository.config().map(Self).map_err(|error| plain("cannot read git's configuration", &error))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.get_string(name).ok()
    }

    fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Error> {
        match self.0.get_bool(name) {
            Ok(value) => Ok(value),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(otherwise),
            Err(error) => Err(plain(&format!("cannot read `{name}` in git's configuration"), &error)),
        }
    }

    fn auto_crlf(&self) -> Result<AutoCrlf, Error> {
        if self.text("core.autocrlf").is_some_and(|value| value.eq_ignore_ascii_case("input")) {
            return Ok(AutoCrlf::Yes);
        }
        Ok(if self.flag("core.autocrlf", false)? { AutoCrlf::Yes } else { AutoCrlf::No })
    }

    /// The system's and the user's attribute files, weakest first.
    fn outer_attributes(&self) -> Vec<Vec<u8>> {
        let user = self.0.get_path("core.attributesfile").ok().or_else(|| {
            let folder = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
            let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
            Some(folder.or_else(home)?.join("git").join("attributes"))
        });
        let system = Path::new("/etc/gitattributes").to_owned();
        std::iter::once(system).chain(user).map(|file| plain_file(&file)).collect()
    }
}
