//! Whether a bundle follows from the commit that it names: rebuilt from there and compared byte by
//! byte. Whatever is not understood is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::build::{Request, build_all};
use crate::emit::bundle::{self, RECORD, SCHEMA};
use crate::error::{Error, Failure};
use crate::project::ContextId;
use crate::tree::Place;

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
    },
    /// It does not follow, and why, member by member.
    Differs(Vec<String>),
}

/// Rebuilds the context that the bundle in `folder` names, at the commit that it names, and compares.
///
/// # Errors
/// When there is no bundle, or its commit is not in this repository.
pub fn verify(place: &Place, folder: &Path) -> Result<Finding, Failure> {
    let members = read(folder)?;
    let claim = match claim(&members) {
        Ok(claim) => claim,
        Err(reason) => return Ok(Finding::Differs(vec![reason])),
    };
    let tree = place.commit(&claim.commit)?;
    let date = claim
        .date
        .parse()
        .map_err(|_| Error::usage(format!("{RECORD} names no day: {:?}", claim.date), "build the bundle again"))?;
    let request = Request { contexts: vec![claim.id.to_string()], as_of: Some(date), ..Request::default() };
    let attempts = match build_all(&tree, &request) {
        Ok(attempts) => attempts,
        Err(Failure::Error(Error::Usage { what, .. })) => {
            return Ok(Finding::Differs(vec![format!("at {}, {what}", claim.commit)]));
        }
        Err(failure) => return Err(failure),
    };
    let Some(build) = attempts.into_iter().next().map(|attempt| attempt.result).transpose()? else {
        return Ok(Finding::Differs(vec![format!("there is no context `{}` at {}", claim.id, claim.commit)]));
    };
    if build.cards != claim.cards {
        let reason =
            format!("{RECORD}: it was made with the card set {}, and this program has {}", claim.cards, build.cards);
        return Ok(Finding::Differs(vec![reason]));
    }
    let expected = bundle::bundle(&build)?;
    let differing = compare(&members, &expected.members);
    Ok(if differing.is_empty() {
        Finding::Follows { id: claim.id, commit: claim.commit }
    } else {
        Finding::Differs(differing)
    })
}

/// The files of a folder. A link, a folder or anything else in it is no bundle.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let failed = |error| Error::file("cannot read the bundle", folder, error);
    let mut members = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let meta = entry.path().symlink_metadata().map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !meta.is_file() || meta.len() > MAX_MEMBER_BYTES {
            return Err(Error::usage(
                format!("{name} in {} is no ordinary file of a bundle", folder.display()),
                "build the bundle again",
            ));
        }
        members.insert(name, fs::read(entry.path()).map_err(failed)?);
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
