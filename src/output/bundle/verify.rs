//! Whether a bundle follows from the commit that it names: rebuilt from there and compared byte by
//! byte. Whatever is not understood is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::output::bundle::statement;
use crate::output::bundle::{self, RECORD, SCHEMA};
use crate::pipeline::{Request, build_all};
use crate::syntax::error::{Error, Failure};
use crate::text::project::ContextId;
use crate::tree::Workspace;

/// The largest member that is read.
const MAX_MEMBER_BYTES: u64 = 1024 * 1024 * 1024;

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
pub fn verify(workspace: &Workspace, folder: &Path) -> Result<Finding, Failure> {
    let members = read(folder)?;
    let claim = match claim(&members) {
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
        let reason =
            format!("{RECORD}: it was made with the card set {}, and this program has {}", claim.cards, build.cards);
        return Ok(Finding::Differs(vec![reason]));
    }
    let expected = bundle::bundle(&build)?;
    let mut differing = compare(&members, &expected.members);
    let stated = stated(folder)?;
    let has_statement = stated.is_some();
    if let Some((name, found)) = stated {
        let expected = statement::statement(&build, &expected).unwrap_or_default();
        differing.extend(compare(&BTreeMap::from([(name.clone(), found)]), &BTreeMap::from([(name, expected)])));
    }
    Ok(if differing.is_empty() {
        Finding::Follows { id: claim.id, commit: claim.commit, has_statement }
    } else {
        Finding::Differs(differing)
    })
}

/// The statement beside a bundle, if there is one, with its name.
fn stated(folder: &Path) -> Result<Option<(String, Vec<u8>)>, Error> {
    // A folder may be called `.`, and its statement lies beside what it is called.
    let folder = folder.canonicalize().map_err(|error| Error::file("cannot read the bundle", folder, error))?;
    let path = statement::beside(&folder);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |error| Error::file("cannot read", &path, error);
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => member(&path, &name, &found.map_err(failed)?).map(|bytes| Some((name, bytes))),
    }
}

/// The bytes of an ordinary file.
fn member(path: &Path, name: &str, found: &fs::Metadata) -> Result<Vec<u8>, Error> {
    if !found.is_file() || found.len() > MAX_MEMBER_BYTES {
        let folder = path.parent().unwrap_or(path);
        let what = format!("{name} in {} is no ordinary file of a bundle", folder.display());
        return Err(Error::usage(what, "build the bundle again"));
    }
    fs::read(path).map_err(|error| Error::file("cannot read", path, error))
}

/// The files of a folder. A link, a folder or anything else in it is no bundle.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let failed = |error| Error::file("cannot read the bundle", folder, error);
    let mut members = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let meta = entry.path().symlink_metadata().map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = member(&entry.path(), &name, &meta)?;
        members.insert(name, bytes);
    }
    Ok(members)
}

/// What a bundle says of itself.
struct Claim {
    id: ContextId,
    commit: String,
    date: String,
    cards: String,
}

fn claim(members: &BTreeMap<String, Vec<u8>>) -> Result<Claim, String> {
    let record = members.get(RECORD).ok_or_else(|| format!("{RECORD} is missing"))?;
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
    if !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) || !matches!(commit.len(), 40 | 64) {
        return Err(format!("{RECORD}: {commit:?} is no commit id"));
    }
    let variant = record.get("variant").and_then(Json::as_str).map(str::to_owned);
    Ok(Claim { id: ContextId { name: text("/id")?, variant }, commit, date: text("/date")?, cards: text("/cards")? })
}

/// Every member that is missing, extra or different, with the first byte that differs.
fn compare(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, bytes) in expected {
        match found.get(name) {
            None => reasons.push(format!("{name} is missing")),
            Some(own) if own != bytes => {
                let at = own.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(own.len().min(bytes.len()));
                reasons.push(format!(
                    "{name} differs from byte {} on ({} bytes, expected {})",
                    at + 1,
                    own.len(),
                    bytes.len()
                ));
            }
            Some(_) => {}
        }
    }
    reasons.extend(
        found
            .keys()
            .filter(|name| !expected.contains_key(*name))
            .map(|name| format!("{name} is not part of the bundle")),
    );
    reasons
}
