//! Whether a bundle follows from the commit that it names: rebuilt from there and compared byte by
//! byte. Whatever is not understood is refused.
//!
//! Which commit, context, day and cards are meant is the bundle's own word, unless an [`Expectation`] says so. Of the
//! folder only the files are read that a bundle has.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::member::ordinary;
use super::statement;
use super::{RECORD, SCHEMA, compared};
use crate::cost::cards::Date;
use crate::pipeline::{Request, build_all};
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::{MAX_BUNDLE_ENTRIES, MAX_INPUT_BYTES};
use crate::syntax::source::ObjectId;
use crate::text::project::ContextId;
use crate::tree::{CommitTree, Workspace};

/// How many names are shown that are not part of a bundle.
const SHOWN: usize = 20;

/// What a bundle must be of. What is `None` is taken from the bundle.
#[derive(Debug, Default)]
pub struct Expectation {
    /// A revision: the very commit.
    pub rev: Option<String>,
    /// A branch, or another revision: the commit is in its history.
    pub branch: Option<String>,
    /// The context.
    pub context: Option<ContextId>,
    /// The day whose prices and rules hold.
    pub as_of: Option<Date>,
    /// The digest of the model cards.
    pub cards: Option<String>,
}

impl Expectation {
    /// What of it is left to the bundle's own word.
    pub fn taken_on_trust(&self) -> Vec<&'static str> {
        let given = [
            ("commit", self.rev.is_some() || self.branch.is_some()),
            ("context", self.context.is_some()),
            ("day", self.as_of.is_some()),
            ("cards", self.cards.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| !is_given).map(|(name, _)| name).collect()
    }

    /// Why a bundle that says this of itself is another one than is expected.
    fn objections(&self, claim: &Claim, workspace: &Workspace) -> Result<Vec<String>, Error> {
        let mut objections = Vec::new();
        let mut expect = |what: &str, own: &str, wanted: Option<String>| {
            if let Some(wanted) = wanted.filter(|wanted| wanted != own) {
                objections.push(format!("{RECORD}: its {what} is {own}, and {wanted} is expected"));
            }
        };
        let rev = self.rev.as_ref().map(|rev| workspace.commit(rev)).transpose()?;
        expect("commit", &claim.commit, rev.map(|tree| tree.commit().id.to_string()));
        expect("context", &claim.id.to_string(), self.context.as_ref().map(ToString::to_string));
        expect("day", &claim.date, self.as_of.map(|day| day.to_string()));
        expect("card set", &claim.cards, self.cards.clone());
        if let Some(branch) = &self.branch {
            let tip = workspace.commit(branch)?;
            if !tip.ancestors()?.contains(&ObjectId::from_hex(&claim.commit)) {
                if tip.is_cut_off() {
                    let what =
                        format!("{} is not in the history of `{branch}`, as far as this clone has it", claim.commit);
                    return Err(Error::repository(what, "this is a shallow clone; run `git fetch --unshallow`"));
                }
                objections.push(format!("{RECORD}: its commit {} is not in the history of `{branch}`", claim.commit));
            }
        }
        Ok(objections)
    }
}

/// What was found.
#[derive(Debug)]
pub enum Finding {
    /// Every byte is what that commit gives.
    Follows {
        /// The context.
        id: ContextId,
        /// The commit.
        commit: String,
        /// Whether a statement stands beside the bundle. It follows too.
        has_statement: bool,
    },
    /// It does not follow, and why, member by member.
    Differs(Vec<String>),
}

/// Rebuilds the context that the bundle in `folder` names, at the commit that it names, and compares.
///
/// # Errors
/// When there is no bundle, or its commit is not in this repository.
pub fn verify(workspace: &Workspace, folder: &Path, expected: &Expectation) -> Result<Finding, Failure> {
    let folder = &own_folder(folder)?;
    let claim = match claim(folder)? {
        Ok(claim) => claim,
        Err(reason) => return Ok(Finding::Differs(vec![reason])),
    };
    let tree = workspace.commit(&claim.commit).map_err(|error| match error {
        Error::Repository { what, cure } => Error::Repository { what: format!("{RECORD}: {what}"), cure },
        Error::Usage { what, cure } => Error::Usage { what: format!("{RECORD}: {what}"), cure },
        error => error,
    })?;
    let date = claim
        .date
        .parse()
        .map_err(|_| Error::usage(format!("{RECORD} names no day: {:?}", claim.date), "build the bundle again"))?;
    let mut differing = expected.objections(&claim, workspace)?;
    let request = Request { contexts: vec![claim.id.to_string()], as_of: Some(date), ..Request::default() };
    let attempts = match build_all(&tree, &request) {
        Ok(attempts) => attempts,
        Err(Failure::Error(Error::Usage { what, .. })) => {
            return Ok(Finding::Differs(vec![format!("{RECORD}: at {}, {what}", claim.commit)]));
        }
        Err(failure) => return Err(failure),
    };
    let Some(build) = attempts.into_iter().next().map(|attempt| attempt.result).transpose()? else {
        return Ok(Finding::Differs(vec![format!("{RECORD}: there is no context `{}` at {}", claim.id, claim.commit)]));
    };
    if build.cards != claim.cards {
        differing.push(format!(
            "{RECORD}: it was made with the card set {}, and this program has {}",
            claim.cards, build.cards
        ));
        return Ok(Finding::Differs(differing));
    }
    let members = compared(&build, Some(folder))?;
    differing.extend(members.values().filter_map(|member| member.differs.clone()));
    differing.extend(strangers(folder, |name| members.contains_key(name))?);
    let stated = stated(folder)?;
    let has_statement = stated.is_some();
    if let Some((name, found)) = stated {
        let expected = statement::statement(&build, &members).unwrap_or_default();
        if found != expected {
            differing.push(unlike(&name, &found, &expected, &tree, workspace)?);
        }
    }
    Ok(if differing.is_empty() {
        Finding::Follows { id: claim.id, commit: claim.commit, has_statement }
    } else {
        Finding::Differs(differing)
    })
}

/// The folder itself. A link to one is refused: what lies beside the link is not what lies beside the folder.
fn own_folder(folder: &Path) -> Result<PathBuf, Error> {
    let failed = |error| Error::file("cannot read the bundle", folder, error);
    // Without a slash at its end, behind which a link is followed.
    let named: PathBuf = folder.components().collect();
    if named.symlink_metadata().map_err(failed)?.is_symlink() {
        let what = format!("{} is a link, and a bundle is a folder", named.display());
        return Err(Error::usage(what, "name the folder that it leads to"));
    }
    // A folder may be called `.`, and its statement lies beside what it is called.
    named.canonicalize().map_err(failed)
}

/// Names in the folder that no member has.
fn strangers(folder: &Path, is_member: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    let failed = |error| Error::file("cannot read the bundle", folder, error);
    let mut found = Vec::new();
    for (number, entry) in fs::read_dir(folder).map_err(failed)?.enumerate() {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if number >= MAX_BUNDLE_ENTRIES {
            return Ok(vec![format!("there are more than {MAX_BUNDLE_ENTRIES} files in it; that is the limit")]);
        }
        if is_member(&name) {
            continue;
        }
        found.push(format!("{name} is not part of the bundle"));
    }
    found.sort();
    let more = found.len().saturating_sub(SHOWN);
    if more > 0 {
        found.truncate(SHOWN);
        found.push(format!("and {more} more files that are not part of the bundle"));
    }
    Ok(found)
}

/// How a statement differs from the one that its bundle gives. One of another commit is of another build.
fn unlike(
    name: &str,
    found: &[u8],
    expected: &[u8],
    tree: &CommitTree,
    workspace: &Workspace,
) -> Result<String, Error> {
    let own = &tree.commit().id;
    let stated: Option<Json> = serde_json::from_slice(found).ok();
    let commit = stated.as_ref().and_then(|stated| {
        let commit = stated.pointer("/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit")?.as_str()?;
        (is_id(commit) && commit != own.to_string()).then_some(commit)
    });
    let Some(other) = commit.and_then(|commit| workspace.commit(commit).ok()) else {
        let at = found.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(found.len().min(expected.len()));
        let (own, wanted) = (found.len(), expected.len());
        return Ok(format!("{name} differs from byte {} on ({own} bytes, expected {wanted})", at + 1));
    };
    let commit = &other.commit().id;
    let age = match tree.ancestors()?.contains(commit) {
        true => ", and is older than the bundle",
        false if other.ancestors()?.contains(own) => ", and the bundle is older than it",
        false => "",
    };
    let cure = "build both again with --provenance";
    Ok(format!("{name} is the statement of another build: of {commit}, not of {own}{age}; {cure}"))
}

/// The statement beside a bundle, if there is one, with its name.
fn stated(folder: &Path) -> Result<Option<(String, Vec<u8>)>, Error> {
    let path = statement::beside(folder);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ordinary(&path)?.map(|file| whole(file, &path)).transpose()?.map(|bytes| (name, bytes)))
}

/// The bytes of a file that is read as a whole.
fn whole(file: File, path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::file("cannot read", path, error))?;
    if bytes.len() as u64 > MAX_INPUT_BYTES {
        let what = format!("{} holds more than {MAX_INPUT_BYTES} bytes; that is the limit", path.display());
        return Err(Error::usage(what, "build the bundle again"));
    }
    Ok(bytes)
}

/// What a bundle says of itself.
struct Claim {
    id: ContextId,
    commit: String,
    date: String,
    cards: String,
}

fn claim(folder: &Path) -> Result<Result<Claim, String>, Error> {
    let path = folder.join(RECORD);
    Ok(match ordinary(&path)? {
        None => Err(format!("{RECORD} is missing")),
        Some(file) => parsed(&whole(file, &path)?),
    })
}

fn parsed(record: &[u8]) -> Result<Claim, String> {
    let record: Json = serde_json::from_slice(record).map_err(|error| format!("{RECORD} is not JSON: {error}"))?;
    let text = |pointer: &str| {
        record
            .pointer(pointer)
            .and_then(Json::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("{RECORD} lacks {pointer}"))
    };
    let schema = text("/schema")?;
    if schema != SCHEMA {
        return Err(format!("{RECORD}: the format is {schema}, and this program knows {SCHEMA}"));
    }
    let kind = text("/source/kind")?;
    if kind != "commit" {
        return Err(format!("{RECORD}: it was built from uncommitted text ({kind}), so it follows from no commit"));
    }
    let commit = text("/source/commit")?;
    if !is_id(&commit) {
        return Err(format!("{RECORD}: {commit:?} is no commit id"));
    }
    let variant = record.get("variant").and_then(Json::as_str).map(str::to_owned);
    Ok(Claim { id: ContextId { name: text("/id")?, variant }, commit, date: text("/date")?, cards: text("/cards")? })
}

fn is_id(commit: &str) -> bool {
    commit.bytes().all(|byte| byte.is_ascii_hexdigit()) && matches!(commit.len(), 40 | 64)
}
