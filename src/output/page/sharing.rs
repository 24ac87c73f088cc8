//! Which contexts begin alike: their chains, laid into one tree.
//!
//! Two prompts share a provider's cache up to the last link of the chain that they share, so a tree
//! over the links says what a cache can serve to more than one context.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::pipeline::Build;

/// A run of segments that the same contexts begin with.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stem {
    /// How many stems lie between it and the root.
    pub depth: usize,
    /// The contexts that have it, by their index in `build.contexts`.
    pub contexts: Vec<usize>,
    /// Those of them whose prefix ends with it.
    pub ends: Vec<usize>,
    /// The first and the last segment of the run, by the names that the first of the contexts has.
    pub segments: Option<[String; 2]>,
    /// How many segments the run has.
    pub count: usize,
    /// Tokens of the run by o200k_base.
    pub tokens: u64,
    /// Tokens from the start of the prompt to the end of the run.
    pub total: u64,
    /// The models that two of the contexts have and that cache a prefix of that length.
    pub cached_by: Vec<String>,
    /// Tokens that one of the contexts writes into a cache and the others read: 0 where no model caches so short a
    /// prefix, or it is not known whether it does.
    pub shared: u64,
}

/// The tree over the prefixes of these builds, each stem as long as its contexts agree; parents before
/// their children, the largest first.
pub(super) fn stems(builds: &[&Build]) -> Vec<Stem> {
    let mut stems = Vec::new();
    let mut open = vec![Branch { depth: 0, start: 0, counted: 0, contexts: (0..builds.len()).collect() }];
    while let Some(branch) = open.pop() {
        let (stem, mut below) = branch.grow(builds);
        // The stack hands out the last one first.
        below.sort_by_key(|branch| (branch.contexts.len(), std::cmp::Reverse(branch.contexts.first().copied())));
        open.extend(below);
        stems.extend(stem);
    }
    stems
}

/// Contexts that agree up to a link, from which they go on.
struct Branch {
    depth: usize,
    start: usize,
    /// How many segments the stems above count as shared.
    counted: usize,
    contexts: Vec<usize>,
}

impl Branch {
    /// The run that all of its contexts have from here, if there is one, and where they part.
    fn grow(self, builds: &[&Build]) -> (Option<Stem>, Vec<Self>) {
        let Self { depth, start, counted, contexts } = self;
        let Some(first) = contexts.first().and_then(|index| builds.get(*index)) else { return (None, Vec::new()) };
        let link = |index: &usize, at: usize| {
            let chain = &builds[*index].chain;
            if at < chain.prefix_len { chain.digests.get(at).copied() } else { None }
        };
        let agree = |at: &usize| {
            let own = link(&contexts[0], *at);
            own.is_some() && contexts.iter().all(|index| link(index, *at) == own)
        };
        let end = (start..).take_while(agree).last().map_or(start, |last| last + 1);
        let names =
            || Some([first.segments.get(start)?.id.clone(), first.segments.get(end.checked_sub(1)?)?.id.clone()]);
        let sum = |build: &Build, to: usize| build.counts.per_segment.iter().take(to).sum::<u64>();
        let readers = readers(contexts.iter().map(|index| builds[*index]), end);
        let most = readers.values().max().map_or(0, |contexts| contexts - 1);
        let stem = Stem {
            depth,
            ends: contexts.iter().copied().filter(|index| link(index, end).is_none()).collect(),
            segments: if end > start { names() } else { None },
            count: end - start,
            tokens: sum(first, end) - sum(first, start),
            total: sum(first, end),
            contexts: contexts.clone(),
            cached_by: readers.into_keys().map(str::to_owned).collect(),
            shared: most * (sum(first, end) - sum(first, counted)),
        };
        let counted = if most > 0 { end } else { counted };
        let mut below: Vec<Self> = Vec::new();
        let mut seen = Vec::new();
        for index in contexts {
            let Some(next) = link(&index, end) else { continue };
            match seen.iter().position(|other| *other == next) {
                Some(branch) => below[branch].contexts.push(index),
                None => {
                    seen.push(next);
                    below.push(Self { depth: depth + 1, start: end, counted, contexts: vec![index] });
                }
            }
        }
        // A root that nothing shares is no stem: its branches stand for themselves.
        if start == end && depth == 0 && stem.ends.is_empty() {
            below.iter_mut().for_each(|branch| branch.depth = 0);
            return (None, below);
        }
        (Some(stem), below)
    }
}

/// How many of these builds each model can serve their first `end` segments from its cache, by the count of the model;
/// models of a single one left out.
fn readers<'a>(builds: impl Iterator<Item = &'a Build>, end: usize) -> BTreeMap<&'a str, u64> {
    let mut readers = BTreeMap::new();
    for model in builds.flat_map(|build| &build.models) {
        let tokens: u64 = model.counts.per_segment.iter().take(end).sum();
        if end > 0 && model.minimum.is_some_and(|minimum| tokens >= minimum) {
            *readers.entry(&*model.name).or_default() += 1;
        }
    }
    readers.retain(|_, contexts| *contexts > 1);
    readers
}
