//! Breakpoints only (OpenAI from GPT-5.6): rule R12. There is no fall-back to a longest prefix.

use super::boundary::{Boundary, BoundaryPlan, Write};
use super::breach::Rule;
use super::preparation::Preparation;
use super::request::{BlockKind, RequestBlock, Speaker};
use crate::cost::rules::{BreakpointOnly, Mode};
use crate::prompt::segment::Tier;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// What a prompt looks up and writes, or the provider's refusals.
pub(super) fn plan(rules: &BreakpointOnly, preparation: &mut Preparation<'_>) -> BoundaryPlan {
    let blocks = preparation.blocks.clone();
    let explicit: Vec<(usize, Ttl)> =
        (0..blocks.len()).filter_map(|block| Some((block, preparation.ttl(block)?))).collect();
    for (block, _) in &explicit {
        if blocks[*block].tier == Tier::Tools {
            preparation.breach(Some(*block), Rule::Unmarkable("a tool"));
        }
    }
    let implicit = match preparation.request.mode.unwrap_or(rules.default_mode) {
        Mode::Implicit => Some(Endings::of(&blocks)),
        Mode::Explicit => None,
    };
    BoundaryPlan {
        lookups: lookups(rules, &explicit, implicit.as_ref(), preparation),
        writes: writes(rules, &explicit, implicit.as_ref(), preparation),
        path: preparation.path(rules.refresh_path),
        billing: rules.mixed_billing,
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

/// The write slots: in implicit mode one for the implicit breakpoint and the rest for the latest
/// explicit ones, else all for those.
fn writes(
    rules: &BreakpointOnly,
    explicit: &[(usize, Ttl)],
    implicit: Option<&Endings>,
    preparation: &mut Preparation<'_>,
) -> Box<[Write]> {
    let own_slots = (rules.slots as usize).saturating_sub(usize::from(implicit.is_some()));
    let mut places: Vec<(usize, Ttl)> = explicit[explicit.len().saturating_sub(own_slots)..].to_vec();
    if let Some((endings, ttl)) = implicit.zip(preparation.granted(Mark::Here)) {
        places.extend(endings.eligible.last().map(|block| (*block, ttl)));
        if rules.dev_block_end_written {
            places.extend(endings.developer.map(|block| (block, ttl)));
        }
    }
    // Stable: at one block the explicit breakpoint stands first, and its TTL holds.
    places.sort_by_key(|(block, _)| *block);
    places.dedup_by_key(|(block, _)| *block);
    let minimum = preparation.mechanism.minimum;
    let write =
        |(block, ttl): (usize, Ttl)| Write { at: preparation.boundary(block), ttl, kept: preparation.kept(ttl) };
    places.into_iter().map(write).filter(|write| write.at.tokens >= minimum).collect()
}
