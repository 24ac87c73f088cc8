//! What a context was called before its manifest was renamed.
//!
//! As git has it: of the manifests that a commit removed, one with the very text of the new one, else
//! the one that shares most of its lines, if that is half of the longer file or more.

use std::collections::HashMap;

use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::project::ContextId;
use crate::tree::{CommitTree, ReadError, Tree};

use super::manifests;

/// The most manifests that one new manifest is compared with.
const MAX_COMPARED: usize = 1000;

/// The name that the context `id` of `now` has in `before`, if its manifest was renamed between them.
pub(super) fn earlier_name(now: &CommitTree, before: &CommitTree, id: &ContextId) -> Result<Option<ContextId>, Error> {
    let Some(manifest) = manifests(id).into_iter().rev().find(|path| now.holds(path).unwrap_or(false)) else {
        return Ok(None);
    };
    let Some(text) = text(now, &manifest)? else { return Ok(None) };
    let mut best: Option<(usize, ProjectPath)> = None;
    let mut compared = 0;
    for path in before.list(&ProjectPath::literal("contexts"))?.iter().filter(|path| path.extension() == "yaml") {
        if now.holds(path)? || compared >= MAX_COMPARED {
            continue;
        }
        compared += 1;
        let Some(earlier) = self::text(before, path)? else { continue };
        let common = if earlier == text { usize::MAX } else { common_bytes(&earlier, &text) };
        let is_like = common == usize::MAX || 2 * common >= earlier.len().max(text.len());
        if is_like && best.as_ref().is_none_or(|(most, _)| common > *most) {
            best = Some((common, path.clone()));
        }
    }
    let name = |path: &ProjectPath| {
        path.as_str().strip_prefix("contexts/").and_then(|path| path.strip_suffix(".yaml")).map(str::to_owned)
    };
    let names = best.and_then(|(_, path)| name(&path)).zip(name(&manifest));
    // What `each` matched stays behind the name.
    Ok(names.and_then(|(earlier, now)| {
        let matched = id.name.strip_prefix(&now)?;
        Some(ContextId { name: format!("{earlier}{matched}"), variant: id.variant.clone() })
    }))
}

fn text(tree: &CommitTree, path: &ProjectPath) -> Result<Option<Vec<u8>>, Error> {
    match tree.read(path) {
        Ok(blob) => Ok(Some(blob.bytes.to_vec())),
        Err(ReadError::World(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The bytes in lines that both texts hold, each line as often as both do.
fn common_bytes(one: &[u8], other: &[u8]) -> usize {
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in one.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let shared = other.split_inclusive(|byte| *byte == b'\n').filter(|line| {
        let left = lines.get_mut(line).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    });
    shared.map(<[u8]>::len).sum()
}
