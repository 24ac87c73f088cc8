//! What a change is held against: the merge base, and the branch that changes go to.

use git2::{ErrorCode, Oid, Repository};

use crate::syntax::error::Error;
use crate::tree::git::ancestry::merge_bases;
use crate::tree::git::objects::Objects;
use crate::tree::workspace::plain;
use crate::tree::workspace::resolve::peeled;
use crate::tree::{CommitTree, Workspace};

/// Where the branch that changes go to is looked for, the first that is there.
const DEFAULT_BRANCHES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// The branch that changes go to.
pub struct DefaultBranch {
    /// Its name as people write it: `origin/main`.
    pub name: String,
    /// Its tip.
    pub tip: CommitTree,
    /// Whether `HEAD` is on it, so that there is nothing to hold a change against but `HEAD` itself.
    pub is_checked_out: bool,
}

impl Workspace {
    /// The commit that two histories share last; of several the newest.
    ///
    /// # Errors
    /// When they share none, as far as this clone's history goes.
    pub fn merge_base(&self, one: &CommitTree, other: &CommitTree) -> Result<CommitTree, Error> {
        let bases = merge_bases(one, other)?;
        let (repository, objects) = self.repository("there is no merge base")?;
        let Some(base) = bases.first() else {
            let (one, other) = (&one.commit().id, &other.commit().id);
            let what = format!("{} and {} have no commit in common", one.short(), other.short());
            let cure = if repository.is_shallow() {
                "this is a shallow clone, whose history ends early; run `git fetch --unshallow` \
                 (in GitHub's checkout action: `fetch-depth: 0`)"
            } else {
                "name the base itself: `contexture diff BASE..HEAD`"
            };
            return Err(Error::repository(what, cure));
        };
        self.open_commit(&repository, objects, *base)
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// Outside of a repository, and before the first commit.
    pub fn head_commit(&self) -> Result<CommitTree, Error> {
        self.commit("HEAD")
    }

    /// The branch that changes go to: the one that the project names, else `origin/HEAD`,
    /// `origin/main`, `origin/master`, `main`, `master`, whichever is there first. A name is looked
    /// for at `origin` before it is looked for here.
    ///
    /// # Errors
    /// When none of them is there, or the one that the project names is not.
    pub fn default_branch(&self, configured: Option<&str>) -> Result<DefaultBranch, Error> {
        let (repository, objects) = self.repository("there is no branch to compare with")?;
        let candidates: Vec<String> = match configured {
            Some(name) => ["refs/remotes/origin/", "refs/heads/", "refs/remotes/"]
                .iter()
                .map(|folder| format!("{folder}{name}"))
                .collect(),
            None => DEFAULT_BRANCHES.iter().map(|name| (*name).to_owned()).collect(),
        };
        for candidate in candidates {
            let Some((name, tip)) = tip(&repository, &objects, &candidate)? else { continue };
            let branch = name.strip_prefix("refs/remotes/origin/").or_else(|| name.strip_prefix("refs/heads/"));
            let is_checked_out = repository.head().is_ok_and(|head| {
                head.name().is_ok_and(|head| head.strip_prefix("refs/heads/").is_some_and(|own| Some(own) == branch))
            });
            let shown = name.strip_prefix("refs/remotes/").or_else(|| name.strip_prefix("refs/heads/"));
            let shown = shown.unwrap_or(&name).to_owned();
            let tip = self.open_commit(&repository, objects, tip)?;
            return Ok(DefaultBranch { name: shown, tip, is_checked_out });
        }
        Err(match configured {
            Some(name) => Error::usage(
                format!("`default_branch: {name}` in contexture.yaml names a branch that this clone does not have"),
                format!("run `git fetch origin {name}`, or name the base: `contexture diff BASE`"),
            ),
            None => Error::usage(
                "there is no branch to compare with: none of origin/HEAD, origin/main, origin/master, main, master",
                "name the base, as in `contexture diff HEAD~1`, or write `default_branch:` into contexture.yaml",
            ),
        })
    }
}

/// The full name that a reference leads to, and its commit; `None` where it does not exist.
fn tip(repository: &Repository, objects: &Objects, name: &str) -> Result<Option<(String, Oid)>, Error> {
    if !git2::Reference::is_valid_name(name) {
        return Ok(None);
    }
    let found = repository.find_reference(name).and_then(|reference| reference.resolve());
    match found {
        Ok(reference) => {
            let own = reference.name().unwrap_or(name).to_owned();
            let Some(id) = reference.target() else { return Ok(None) };
            Ok(Some((own, peeled(objects, id, name)?)))
        }
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => Ok(None),
        Err(error) => Err(plain(&format!("cannot read `{name}`"), &error)),
    }
}
