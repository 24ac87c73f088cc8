//! Where two prompts part, by what the model sees.
//!
//! A prompt is read as runs: the text of one message up to a hole, each hole, each call of a tool and its result. How it is cut into
//! segments does not matter here, because no provider sees that.

use super::{Divergence, Side};
use crate::cost::tokens::{Encoding, Tokenizer};
use crate::pipeline::Build;
use crate::prompt::segment::{Kind, Role, Segment, Tier, messages};

/// A stretch of one message without a hole, or a hole.
pub(super) struct Run<'a> {
    tier: Tier,
    role: Role,
    /// What it is; of text its first part's.
    kind: Kind,
    /// The hole's name.
    hole: Option<&'a str>,
    /// Whether it goes on with the message before it.
    goes_on: bool,
    /// (segment, part) and its text; of a hole its place only.
    pieces: Vec<(usize, usize, &'a str)>,
}

impl Run<'_> {
    fn text(&self) -> String {
        self.pieces.iter().map(|(_, _, text)| *text).collect()
    }

    fn texts(&self) -> Vec<&str> {
        self.pieces.iter().map(|(_, _, text)| *text).collect()
    }

    fn bytes(&self) -> usize {
        self.pieces.iter().map(|(_, _, text)| text.len()).sum()
    }

    fn first(&self) -> (usize, usize) {
        self.pieces.first().map_or((0, 0), |(segment, part, _)| (*segment, *part))
    }

    /// Whether text at its start would continue the same thing in both prompts.
    fn continues_like(&self, other: &Run<'_>) -> bool {
        let identity = |run: &Run<'_>| (run.tier, run.role, run.kind.is_apart().then_some(run.kind), run.goes_on);
        identity(self) == identity(other) && self.hole == other.hole
    }
}

/// A prompt as runs.
pub(super) fn runs(segments: &[Segment]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for message in messages(segments) {
        let start = runs.len();
        for (index, number) in message {
            let segment = &segments[index];
            let part = &segment.parts[number];
            let hole = part.kind.is_hole().then_some(part.identity());
            let piece = (index, number, if hole.is_some() { "" } else { &*part.text });
            let count = runs.len();
            match runs.last_mut() {
                Some(run) if count > start && !run.kind.is_apart() && !part.kind.is_apart() => run.pieces.push(piece),
                _ => runs.push(Run {
                    tier: segment.tier,
                    role: part.role,
                    kind: part.kind,
                    hole,
                    goes_on: count > start,
                    pieces: vec![piece],
                }),
            }
        }
    }
    runs
}

/// Where two lists of runs part: the run, and the bytes of it that are equal. `None` where they never do.
pub(super) fn parting(old: &[Run<'_>], new: &[Run<'_>]) -> Option<(usize, usize)> {
    for (index, (one, other)) in old.iter().zip(new).enumerate() {
        if !one.continues_like(other) {
            return Some((index, 0));
        }
        let common = common_bytes(one, other);
        if common < one.bytes().max(other.bytes()) {
            return Some((index, common));
        }
    }
    (old.len() != new.len()).then_some((old.len().min(new.len()), 0))
}

/// The bytes that two runs begin with alike, however each of them is cut into pieces.
fn common_bytes(one: &Run<'_>, other: &Run<'_>) -> usize {
    let (mut ours, mut theirs) = (one.pieces.iter(), other.pieces.iter());
    let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    loop {
        while left.is_empty() {
            let Some((_, _, text)) = ours.next() else { return common };
            left = text.as_bytes();
        }
        while right.is_empty() {
            let Some((_, _, text)) = theirs.next() else { return common };
            right = text.as_bytes();
        }
        let length = left.len().min(right.len());
        if left[..length] != right[..length] {
            return common + left.iter().zip(right).take_while(|(one, other)| one == other).count();
        }
        common += length;
        (left, right) = (&left[length..], &right[length..]);
    }
}

/// Where two builds part, over all and in each tier.
pub(super) fn divergences(base: &Build, head: &Build) -> (Option<Divergence>, Vec<Divergence>) {
    let (old, new) = (runs(&base.segments), runs(&head.segments));
    let overall = divergence(base, head, &old, &new);
    let tier = |tier: Tier| {
        let of = |runs: &[Run<'_>]| {
            let start = runs.iter().position(|run| run.tier >= tier).unwrap_or(runs.len());
            let end = runs.iter().position(|run| run.tier > tier).unwrap_or(runs.len());
            start..end
        };
        divergence(base, head, old.get(of(&old))?, new.get(of(&new))?)
    };
    (overall, [Tier::Tools, Tier::System, Tier::Messages].into_iter().filter_map(tier).collect())
}

fn divergence(base: &Build, head: &Build, old: &[Run<'_>], new: &[Run<'_>]) -> Option<Divergence> {
    let (index, within) = parting(old, new)?;
    let byte = new.iter().take(index).map(Run::bytes).sum::<usize>() + within;
    // What stands at that byte in the head; where it has no more, what stood there in the base.
    let at = |run: &Run<'_>| -> Option<usize> {
        let mut end = 0;
        let found = run.pieces.iter().find(|(_, _, text)| {
            end += text.len();
            end > within || run.hole.is_some()
        });
        found.map(|(segment, _, _)| *segment)
    };
    let head_segment = new.get(index).and_then(at).or_else(|| {
        let run = if within > 0 { index + 1 } else { index };
        new.get(run).map(|run| run.first().0)
    });
    let base_segment = old.get(index).and_then(at).or_else(|| old.get(index + 1).map(|run| run.first().0));
    let (side, segment) = match (head_segment, base_segment) {
        (Some(segment), _) => (Side::Head, segment),
        (None, Some(segment)) => (Side::Base, segment),
        (None, None) => (Side::Head, head.segments.len().checked_sub(1)?),
    };
    let tier = match side {
        Side::Head => head.segments.get(segment)?.tier,
        Side::Base => base.segments.get(segment)?.tier,
    };
    let o200k = Tokenizer::Encoding(Encoding::O200kBase);
    let start = new.first().map_or(0, |run| before(head, &head.counts.per_segment, new, run.first(), &o200k));
    let token = common_tokens(head, &head.counts.per_segment, old, new, (index, within), &o200k);
    Some(Divergence { tier, side, segment, byte: byte as u64, token: token.saturating_sub(start) })
}

/// The tokens that both prompts begin with, in one tokenizer's count of the head.
pub(super) fn common_tokens(
    head: &Build,
    per_segment: &[u64],
    old: &[Run<'_>],
    new: &[Run<'_>],
    (index, within): (usize, usize),
    tokenizer: &Tokenizer,
) -> u64 {
    let Some(run) = new.get(index) else {
        let last = new.last().and_then(|run| run.pieces.last()).map_or(0, |(segment, ..)| segment + 1);
        return per_segment.iter().take(last).sum();
    };
    let whole = before(head, per_segment, new, run.first(), tokenizer);
    let begun = match old.get(index) {
        Some(other) if within > 0 => match own_shares(head, per_segment, run) {
            Some(shares) => tokenizer.common_pieces(&other.texts(), &run.texts(), &shares),
            None => tokenizer.common(&other.text(), &run.text()),
        },
        _ => 0,
    };
    whole.saturating_add(begun)
}

/// The tokens of each piece of a run, where each is all that there is of its segment.
fn own_shares(head: &Build, per_segment: &[u64], run: &Run<'_>) -> Option<Vec<u64>> {
    let share = |(segment, _, _): &(usize, usize, &str)| {
        let is_whole = head.segments.get(*segment).is_some_and(|segment| segment.parts.len() == 1);
        per_segment.get(*segment).copied().filter(|_| is_whole)
    };
    run.pieces.iter().map(share).collect()
}

/// The tokens before a part: those of whole segments, and of the earlier parts of its own.
fn before(
    head: &Build,
    per_segment: &[u64],
    runs: &[Run<'_>],
    (segment, part): (usize, usize),
    tokenizer: &Tokenizer,
) -> u64 {
    let whole: u64 = per_segment.iter().take(segment).sum();
    if part == 0 || head.segments.get(segment).is_none() {
        return whole;
    }
    let earlier = runs.iter().filter(|run| run.hole.is_none()).map(|run| {
        if !run.pieces.iter().any(|(own, number, _)| *own == segment && *number < part) {
            return 0;
        }
        let texts: Vec<&str> = run.pieces.iter().map(|(_, _, text)| *text).collect();
        let shares = tokenizer.count_message(&texts).per_piece;
        let own = run.pieces.iter().zip(shares).filter(|((own, number, _), _)| *own == segment && *number < part);
        own.map(|(_, share)| share).sum()
    });
    whole + earlier.sum::<u64>()
}
