//! Block boundaries with a lookback (Anthropic, Qwen explicit): rules R2, R3, R4 and R6.

use super::boundary::BoundaryPlan;
use super::preparation::Preparation;
use super::request::{BlockKind, RequestBlock};
use crate::cost::rules::{BlockBoundary, Mode, Refusal};
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// What a prompt looks up and writes, or the provider's refusals.
pub(super) fn plan(rules: &BlockBoundary, preparation: &mut Preparation<'_>) -> BoundaryPlan {
    let marks = marks(rules, preparation);
    let ttls: Vec<Ttl> = marks.iter().map(|(_, ttl)| *ttl).collect();
    for (number, refusal) in rules.refusals(&ttls) {
        preparation.breach(Some(marks[number].0), refusal);
    }
    let lookups = lookback(rules, &marks, preparation).into_iter().map(|block| preparation.boundary(block)).collect();
    let writes = marks.iter().enumerate().filter_map(|(number, (block, ttl))| {
        let write = preparation.write(*block, *ttl);
        // R3: below the minimum nothing is written, and the provider does not say so.
        (write.at.tokens >= preparation.mechanism.minimum_before(number + 1)).then_some(write)
    });
    let writes = writes.collect();
    BoundaryPlan { lookups, writes, path: preparation.path(), billing: preparation.mechanism.billing() }
}

/// The breakpoints in order: those of the blocks, and the automatic one if the provider places it.
fn marks(rules: &BlockBoundary, preparation: &mut Preparation<'_>) -> Vec<(usize, Ttl)> {
    let blocks = preparation.blocks.clone();
    let mut marks: Vec<(usize, Ttl)> =
        (0..blocks.len()).filter_map(|block| Some((block, preparation.ttl(block)?))).collect();
    for (block, _) in marks.clone() {
        if blocks[block].kind == BlockKind::Thinking {
            preparation.breach(Some(block), Refusal::Unmarkable("a thinking block"));
        }
    }
    if preparation.request.mode != Some(Mode::Implicit) {
        return marks;
    }
    if !rules.automatic {
        preparation.breach(None, Refusal::NoAutomatic);
        return marks;
    }
    // It walks back to the nearest block that may carry one; with none, it is skipped.
    let last = blocks.iter().rposition(|block| block.kind != BlockKind::Thinking);
    let Some((last, automatic)) = last.zip(preparation.granted(Mark::Here)) else { return marks };
    match marks.iter().find(|(block, _)| *block == last) {
        Some((_, explicit)) if *explicit != automatic => {
            let explicit = *explicit;
            preparation.breach(Some(last), Refusal::AutomaticTtl { automatic, explicit });
        }
        Some(_) => {}
        None => {
            let place = marks.partition_point(|(block, _)| *block < last);
            marks.insert(place, (last, automatic));
        }
    }
    marks
}

/// R4: the blocks at whose ends an entry is looked for, deepest first.
///
/// From each breakpoint, the last one first, as many positions as the lookback has, the breakpoint's
/// own being the first. Windows may overlap; a block is looked at once.
fn lookback(rules: &BlockBoundary, marks: &[(usize, Ttl)], preparation: &Preparation<'_>) -> Vec<usize> {
    let positions = positions(rules, preparation);
    let mut seen: Vec<usize> = Vec::new();
    for (mark, _) in marks.iter().rev() {
        let Some(own) = positions.get(*mark) else { continue };
        let lowest = positions.partition_point(|position| position.saturating_add(rules.lookback) <= *own);
        let below = seen.last().map_or(mark + 1, |deepest| (mark + 1).min(*deepest));
        seen.extend((lowest..below).rev());
    }
    seen
}

/// The position of each block, counted from the front; a run of tool calls or of their answers may be
/// one position.
fn positions(rules: &BlockBoundary, preparation: &Preparation<'_>) -> Vec<u32> {
    let mut position = 0;
    let mut before = None;
    let place = |block: &RequestBlock| {
        let in_run = matches!(block.kind, BlockKind::ToolUse | BlockKind::ToolResult) && before == Some(block.kind);
        if !(in_run && rules.collapse_tool_runs) {
            position += 1;
        }
        before = Some(block.kind);
        position
    };
    preparation.blocks.iter().map(place).collect()
}
