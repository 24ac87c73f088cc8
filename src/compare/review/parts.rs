//! What of a comparison one machine of several takes on.

use std::collections::HashSet;

use super::Paired;
use crate::pipeline::shard::Shard;
use crate::text::project::{Candidate, ContextId};

/// The contexts of both sides that this part has to build. Where some came and others went, each part
/// builds all of these, for a renamed one may have been in another part before.
pub(super) fn wanted(
    shard: Option<Shard>,
    mut base: Vec<Candidate>,
    mut head: Vec<Candidate>,
) -> (Vec<Candidate>, Vec<Candidate>) {
    let Some(shard) = shard else { return (base, head) };
    let ids = |side: &[Candidate]| side.iter().map(|candidate| candidate.id.clone()).collect::<HashSet<ContextId>>();
    let (old, new) = (ids(&base), ids(&head));
    let may_be_renamed = !old.is_subset(&new) && !new.is_subset(&old);
    let is_wanted = |candidate: &Candidate, opposite: &HashSet<ContextId>| {
        shard.holds(&candidate.id.name) || may_be_renamed && !opposite.contains(&candidate.id)
    };
    base.retain(|candidate| is_wanted(candidate, &new));
    head.retain(|candidate| is_wanted(candidate, &old));
    (base, head)
}

/// Whether a pair is told by this part: by the name it has now, else by its old one.
pub(super) fn holds(shard: Option<Shard>, pair: &Paired) -> bool {
    let id = pair.head.as_ref().or(pair.base.as_ref()).map(|attempt| &attempt.id);
    shard.is_none_or(|shard| id.is_some_and(|id| shard.holds(&id.name)))
}
