//! Which commit a revision is.
//!
//! Names, ids and steps to ancestors are followed here, through the objects that are read with care. What is left,
//! such as `HEAD@{1}` or `:/words`, is libgit2's, once every loose object was found to be whole.

use git2::{ErrorCode, ObjectType, Oid, Repository};

use crate::syntax::diag::near;
use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_NAMES, MAX_TAGS_TO_COMMIT};
use crate::tree::git::objects::Objects;

/// The fewest digits of an id that git takes for one.
const LEAST_DIGITS: usize = 4;

/// The commit that `rev` names.
pub(super) fn resolve(repository: &Repository, objects: &Objects, rev: &str, shallow: &[Oid]) -> Result<Oid, Error> {
    if rev.starts_with('-') || rev.is_empty() {
        return Err(Error::usage(format!("`{rev}` is not a revision"), "name a branch, a tag or a commit"));
    }
    let (base, steps) = rev.find(['~', '^']).map_or((rev, ""), |at| rev.split_at(at));
    if let (Some(id), Some(steps)) = (named(repository, objects, base), parsed(steps)) {
        let mut id = peeled(objects, id, rev)?;
        for step in steps {
            id = stepped(objects, id, step, shallow)?.ok_or_else(|| unknown(repository, rev))?;
        }
        return Ok(id);
    }
    objects.check_loose()?;
    let object = repository.revparse_single(rev).map_err(|error| match error.code() {
        ErrorCode::Ambiguous => {
            Error::usage(format!("`{rev}` is short for several objects"), "write more digits of the id")
        }
        _ => unknown(repository, rev),
    })?;
    peeled(objects, object.id(), rev)
}

/// The object that a name stands for: a whole id, a branch or tag, or the first digits of an id, in git's order.
fn named(repository: &Repository, objects: &Objects, name: &str) -> Option<Oid> {
    let name = if name == "@" { "HEAD" } else { name };
    let is_hexadecimal = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let whole = Oid::from_str_ext(name, objects.format()).ok().filter(|id| id.to_string().len() == name.len());
    if let Some(id) = whole {
        return objects.exists(id).then_some(id);
    }
    let reference = repository.resolve_reference_from_short_name(name).and_then(|reference| reference.resolve());
    match reference.ok().and_then(|reference| reference.target()) {
        None if is_hexadecimal && name.len() >= LEAST_DIGITS => objects.short(name),
        found => found,
    }
}

/// A step to an ancestor.
#[derive(Clone, Copy)]
enum Step {
    /// `~3`: so many first parents up.
    Up(usize),
    /// `^2`: the second parent; 0 is the commit itself.
    Parent(usize),
}

/// The steps behind a name; `None` for those that are left to libgit2.
fn parsed(mut written: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while let Some(sign) = written.chars().next() {
        let rest = written.get(1..)?;
        if let Some(rest) = rest.strip_prefix("{commit}").or_else(|| rest.strip_prefix("{}")).filter(|_| sign == '^') {
            written = rest;
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = if digits == 0 { 1 } else { rest.get(..digits)?.parse().ok()? };
        steps.push(match sign {
            '~' => Step::Up(number),
            '^' => Step::Parent(number),
            _ => return None,
        });
        written = rest.get(digits..)?;
    }
    Some(steps)
}

/// The commit at the end of a step, if there is one.
fn stepped(objects: &Objects, id: Oid, step: Step, shallow: &[Oid]) -> Result<Option<Oid>, Error> {
    let mut at = id;
    // Where a shallow clone ends, a commit has no parents.
    let parent = |of: Oid, number: usize| -> Result<Option<Oid>, Error> {
        if shallow.contains(&of) { Ok(None) } else { Ok(objects.commit(of)?.parents.get(number).copied()) }
    };
    match step {
        Step::Parent(0) => {}
        Step::Parent(number) => return parent(at, number - 1),
        Step::Up(number) => {
            for _ in 0..number {
                let Some(above) = parent(at, 0)? else { return Ok(None) };
                at = above;
            }
        }
    }
    Ok(Some(at))
}

/// The commit that an object is, or that a tag leads to. `rev` is what it is called in messages.
pub(super) fn peeled(objects: &Objects, id: Oid, rev: &str) -> Result<Oid, Error> {
    let mut id = id;
    for _ in 0..MAX_TAGS_TO_COMMIT {
        match objects.kind(id)? {
            ObjectType::Commit => return Ok(id),
            ObjectType::Tag => id = objects.tagged(id)?,
            kind => {
                let what = format!("`{rev}` names a {kind}, not a commit");
                return Err(Error::usage(what, "name a branch, a tag or a commit"));
            }
        }
    }
    let what = format!("`{rev}` leads through more than {MAX_TAGS_TO_COMMIT} tags");
    Err(Error::usage(what, "name a branch, a tag or a commit"))
}

fn unknown(repository: &Repository, rev: &str) -> Error {
    let is_unborn = repository.head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch);
    if rev.starts_with("HEAD") && is_unborn {
        return Error::usage(
            format!("there is no revision `{rev}`: nothing is committed yet"),
            "make the first commit",
        );
    }
    let names: Vec<String> = repository
        .references()
        .map(|references| {
            references.flatten().take(MAX_NAMES).filter_map(|one| one.shorthand().ok().map(str::to_owned)).collect()
        })
        .unwrap_or_default();
    let near = near(rev, names.iter().map(String::as_str));
    let cure = match (near.is_empty(), repository.is_shallow()) {
        (false, _) => {
            format!("did you mean {}?", near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
        (true, true) => "this is a shallow clone; run `git fetch --unshallow` or fetch the branch".to_owned(),
        (true, false) => "see `git branch --all` and `git tag`, or fetch the branch".to_owned(),
    };
    Error::usage(format!("there is no revision `{rev}`"), cure)
}
