//! What a deploy is taken to change, from the author's hints.
//!
//! A deploy changes every segment that is `volatile`, and one block of the manifest among those that
//! are `stable` or say nothing, each as likely as the next; within it, one segment, each as likely
//! as the next. What is `frozen` never changes. An entry is lost when anything before its end
//! changes, so what counts is the first change.

use crate::cost::traffic::Chance;
use crate::prompt::segment::Segment;
use crate::syntax::manifest::Stability;

/// For each segment of the prefix, the chance that a deploy changes it or one before it.
pub(super) fn lost(prefix: &[Segment]) -> Vec<Chance> {
    let is_stable = |segment: &Segment| !matches!(segment.stability, Some(Stability::Frozen | Stability::Volatile));
    // The stable segments, in runs of one block, by index.
    let stable: Vec<usize> = (0..prefix.len()).filter(|index| is_stable(&prefix[*index])).collect();
    let runs: Vec<&[usize]> = stable.chunk_by(|one, next| of_one_block(&prefix[*one], &prefix[*next])).collect();
    let mut chances = Vec::with_capacity(prefix.len());
    let (mut run, mut within) = (0, 0);
    let mut is_volatile = false;
    for (index, segment) in prefix.iter().enumerate() {
        is_volatile |= segment.stability == Some(Stability::Volatile);
        if let Some(blocks) = runs.get(run)
            && blocks.get(within) == Some(&index)
        {
            within += 1;
            if within == blocks.len() {
                (run, within) = (run + 1, 0);
            }
        }
        chances.push(if is_volatile {
            Chance::CERTAIN
        } else {
            // `run` whole blocks and `within` segments of the next one.
            let size = runs.get(run).map_or(1, |blocks| blocks.len()) as u128;
            Chance::ratio(run as u128 * size + within as u128, runs.len() as u128 * size)
        });
    }
    chances
}

fn of_one_block(one: &Segment, other: &Segment) -> bool {
    let place = |segment: &Segment| (segment.tier, segment.origin.block.start, segment.origin.block.end);
    place(one) == place(other) && one.origin.block.path() == other.origin.block.path()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::planner::tests::{Text, prefix};

    fn percents(texts: &[Text]) -> Vec<String> {
        lost(&prefix(texts)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_stable_block_changes_and_every_volatile_segment() {
        use Stability::{Frozen, Stable, Volatile};
        let text = |block, stability| Text { block, stability, ..Text::default() };
        assert_eq!(
            percents(&[text(0, None), text(1, None), text(1, None), text(2, Some(Stable))]),
            ["33.3%", "50%", "66.7%", "100%"]
        );
        assert_eq!(
            percents(&[text(0, Some(Frozen)), text(1, None), text(2, Some(Volatile)), text(3, None)]),
            ["0%", "50%", "100%", "100%"]
        );
        assert_eq!(percents(&[text(0, Some(Frozen)), text(1, Some(Frozen))]), ["0%", "0%"]);
        assert_eq!(percents(&[text(0, Some(Volatile)), text(1, None)]), ["100%", "100%"]);
        assert!(percents(&[]).is_empty());
    }
}
