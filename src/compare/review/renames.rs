//! Which context of the head was which of the base: by name, and where a name came and another went,
//! by what they are made of.

use std::collections::{BTreeMap, HashMap};

use super::Paired;
use crate::pipeline::{Build, BuildResult};
use crate::prompt::chain::Digest;
use crate::text::project::ContextId;

/// The least share of text in common, in percent, of two contexts that are taken for one that was
/// renamed.
const LIKE_PERCENT: u64 = 50;

/// Pairs the contexts of both sides.
pub(super) fn pair(mut old: BTreeMap<ContextId, BuildResult>, new: BTreeMap<ContextId, BuildResult>) -> Vec<Paired> {
    let mut pairs = Vec::new();
    let mut come = Vec::new();
    for (id, head) in new {
        match old.remove(&id) {
            Some(base) => pairs.push(Paired { base: Some(base), head: Some(head) }),
            None => come.push(head),
        }
    }
    let mut gone: Vec<Option<BuildResult>> = old.into_values().map(Some).collect();
    let partners = renamed(&gone, &come);
    for (head, partner) in come.into_iter().zip(partners) {
        let base = partner.and_then(|index| gone.get_mut(index)).and_then(Option::take);
        pairs.push(Paired { base, head: Some(head) });
    }
    pairs.extend(gone.into_iter().flatten().map(|base| Paired { base: Some(base), head: None }));
    pairs
}

/// The most pairs of contexts that are compared line by line; beyond it, whole segments are compared.
const MAX_COMPARED: usize = 2_500;

/// For each context that came, the one that went and shares most of its text, each used once.
fn renamed(gone: &[Option<BuildResult>], come: &[BuildResult]) -> Vec<Option<usize>> {
    let by_line = gone.len().saturating_mul(come.len()) <= MAX_COMPARED;
    let mut holders: HashMap<Piece<'_>, Vec<(usize, u64)>> = HashMap::new();
    for (index, attempt) in gone.iter().enumerate() {
        for (piece, bytes) in pieces(attempt.as_ref(), by_line) {
            holders.entry(piece).or_default().push((index, bytes));
        }
    }
    let mut scored: Vec<(u64, usize, usize)> = Vec::new();
    for (number, head) in come.iter().enumerate() {
        let mut common: BTreeMap<usize, u64> = BTreeMap::new();
        for (piece, bytes) in pieces(Some(head), by_line) {
            for (index, there) in holders.get(&piece).into_iter().flatten() {
                *common.entry(*index).or_default() += bytes.min(*there);
            }
        }
        let own = size(Some(head));
        for (index, bytes) in common {
            let base = gone.get(index).and_then(Option::as_ref);
            let same_variant = base.is_some_and(|base| base.id.variant == head.id.variant);
            let largest = own.max(size(base)).max(1);
            let percent = bytes.min(largest) * 100 / largest;
            if percent >= LIKE_PERCENT && same_variant {
                scored.push((percent, number, index));
            }
        }
    }
    scored.sort_by_key(|(percent, number, index)| (std::cmp::Reverse(*percent), *number, *index));
    let (mut partners, mut taken) = (vec![None; come.len()], vec![false; gone.len()]);
    for (_, number, index) in scored {
        if partners[number].is_none() && !taken[index] {
            partners[number] = Some(index);
            taken[index] = true;
        }
    }
    partners
}

/// A piece of a prompt that another one may share.
#[derive(PartialEq, Eq, Hash)]
enum Piece<'a> {
    Line(&'a str),
    Segment(Digest),
}

/// The lines of a prompt or its segments, each with the bytes in all of its kind.
fn pieces(attempt: Option<&BuildResult>, by_line: bool) -> HashMap<Piece<'_>, u64> {
    let mut pieces = HashMap::new();
    let segments = build(attempt).into_iter().flat_map(|build| build.segments.iter().zip(&build.chain.digests));
    for (segment, digest) in segments {
        if by_line {
            for line in segment.parts.iter().flat_map(|part| part.identity().split_inclusive('\n')) {
                *pieces.entry(Piece::Line(line)).or_default() += line.len() as u64;
            }
        } else {
            *pieces.entry(Piece::Segment(*digest)).or_default() += segment.bytes() as u64;
        }
    }
    pieces
}

fn build(attempt: Option<&BuildResult>) -> Option<&Build> {
    attempt?.result.as_deref().ok()
}

fn size(attempt: Option<&BuildResult>) -> u64 {
    build(attempt).map_or(0, |build| build.segments.iter().map(|segment| segment.bytes() as u64).sum())
}
