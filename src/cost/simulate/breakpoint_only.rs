//! Breakpoints only (OpenAI from GPT-5.6): rule R12. There is no fall-back to a longest prefix.

use super::boundary::{Boundary, BoundaryPlan, Write};
use super::preparation::Preparation;
use super::request::{BlockKind, RequestBlock, Speaker};
use crate::cost::rules::{BreakpointOnly, Mode, Refusal};
use crate::prompt::segment::Tier;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// What a prompt looks up and writes, or the provider's refusals.
pub(super) fn plan(rules: &BreakpointOnly, preparation: &mut Preparation<'_>) -> BoundaryPlan {
    let blocks = preparation.blocks.clone();
    let explicit: Vec<(usize, Ttl)> =
        (0..blocks.len()).filter_map(|block| Some((block, preparation.ttl(block)?))).collect();
    for (block, _) in &explicit {
        if !BreakpointOnly::may_mark(blocks[*block].tier) {
            preparation.breach(Some(*block), Refusal::Unmarkable("a tool"));
        }
    }
    let mode = preparation.request.mode.unwrap_or(rules.default_mode);
    let implicit = (mode == Mode::Implicit).then(|| Endings::of(&blocks));
    let latest = explicit.len().saturating_sub(rules.explicit_slots(mode));
    BoundaryPlan {
        lookups: lookups(rules, &explicit, implicit.as_ref(), preparation),
        writes: writes(rules, &explicit[latest..], implicit.as_ref(), preparation),
        path: preparation.path(),
        billing: preparation.mechanism.billing(),
    }
}

/// Where messages end that the provider itself may put a breakpoint after.
struct Endings {
    /// The last blocks of user messages, of groups of tool answers, and of the initial developer
    /// block, in order.
    eligible: Vec<usize>,
    /// The last block of the initial developer block.
    developer: Option<usize>,
}

impl Endings {
    /// A message is a run of blocks of one speaker.
    fn of(blocks: &[RequestBlock]) -> Self {
        let first = blocks.iter().position(|block| block.tier != Tier::Tools).unwrap_or(blocks.len());
        let developers = blocks[first..].iter().take_while(|block| speaker(block) == Speaker::Developer).count();
        let developer = (developers > 0).then(|| first + developers - 1);
        let ends = |number: usize, block: &RequestBlock| {
            blocks.get(number + 1).is_none_or(|next| speaker(next) != speaker(block))
        };
        let eligible = blocks
            .iter()
            .enumerate()
            .filter(|(number, block)| match speaker(block) {
                Speaker::User | Speaker::Tool => ends(*number, block),
                Speaker::Developer => Some(*number) == developer,
                Speaker::Assistant => false,
            })
            .map(|(number, _)| number)
            .collect();
        Self { eligible, developer }
    }
}

/// Who speaks, whichever way a tool's answer and the system prompt are written down.
fn speaker(block: &RequestBlock) -> Speaker {
    match (block.tier, block.kind) {
        (Tier::Tools | Tier::System, _) => Speaker::Developer,
        (_, BlockKind::ToolResult) => Speaker::Tool,
        _ => block.speaker,
    }
}

/// The lookup set: explicit breakpoints from the front and from the back, and in implicit mode the
/// implicit one, earlier eligible endings, and the end of the initial developer block.
fn lookups(
    rules: &BreakpointOnly,
    explicit: &[(usize, Ttl)],
    implicit: Option<&Endings>,
    preparation: &mut Preparation<'_>,
) -> Box<[Boundary]> {
    let latest = explicit.len().saturating_sub(rules.lookup_latest as usize);
    let mut places: Vec<usize> = explicit
        .iter()
        .enumerate()
        .filter(|(number, _)| *number < rules.lookup_first as usize || *number >= latest)
        .map(|(_, (block, _))| *block)
        .collect();
    if let Some(endings) = implicit {
        places.extend(endings.eligible.iter().rev().take(1 + rules.lookup_endings as usize));
        places.extend(endings.developer);
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    places.dedup();
    let minimum = preparation.mechanism.minimum;
    places.into_iter().map(|block| preparation.boundary(block)).filter(|place| place.tokens >= minimum).collect()
}

/// What is written: the explicit breakpoints that have a slot, and in implicit mode the provider's own.
fn writes(
    rules: &BreakpointOnly,
    explicit: &[(usize, Ttl)],
    implicit: Option<&Endings>,
    preparation: &mut Preparation<'_>,
) -> Box<[Write]> {
    let mut places: Vec<(usize, Ttl)> = explicit.to_vec();
    if let Some((endings, ttl)) = implicit.zip(preparation.granted(Mark::Here)) {
        places.extend(endings.eligible.last().map(|block| (*block, ttl)));
        if rules.dev_block_end_written {
            places.extend(endings.developer.map(|block| (block, ttl)));
        }
    }
    // The sort is stable, so that at one block the explicit breakpoint comes first and its TTL counts.
    places.sort_by_key(|(block, _)| *block);
    places.dedup_by_key(|(block, _)| *block);
    let minimum = preparation.mechanism.minimum;
    places
        .into_iter()
        .map(|(block, ttl)| preparation.write(block, ttl))
        .filter(|write| write.at.tokens >= minimum)
        .collect()
}
