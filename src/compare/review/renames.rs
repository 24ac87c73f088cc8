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

/// For each context that came, the one that went and shares most of its text, each used once.
fn renamed(gone: &[Option<BuildResult>], come: &[BuildResult]) -> Vec<Option<usize>> {
    let mut holders: HashMap<Digest, Vec<usize>> = HashMap::new();
    for (index, attempt) in gone.iter().enumerate() {
        for (digest, _) in texts(attempt.as_ref()) {
            let list = holders.entry(digest).or_default();
            if list.last() != Some(&index) {
                list.push(index);
            }
        }
    }
    let mut scored: Vec<(u64, usize, usize)> = Vec::new();
    for (number, head) in come.iter().enumerate() {
        let mut common: BTreeMap<usize, u64> = BTreeMap::new();
        for (digest, bytes) in texts(Some(head)) {
            for index in holders.get(&digest).into_iter().flatten() {
                *common.entry(*index).or_default() += bytes;
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

fn texts(attempt: Option<&BuildResult>) -> impl Iterator<Item = (Digest, u64)> {
    let build: Option<&Build> = attempt.and_then(|attempt| attempt.result.as_deref().ok());
    build.into_iter().flat_map(|build| {
        let segments = build.chain.digests.iter().zip(&build.segments);
        segments.map(|(digest, segment)| (*digest, segment.bytes() as u64))
    })
}

fn size(attempt: Option<&BuildResult>) -> u64 {
    texts(attempt).map(|(_, bytes)| bytes).sum()
}
