//! Which segment became which.
//!
//! Equal digests are the same text: those that kept their order stayed, the others moved. What is left
//! is paired by path, then by id, then by likeness, and has changed; whatever finds no partner was
//! added or removed.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::similarity::similarity;
use crate::pipeline::Build;
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Part, Segment, Tier};
use crate::syntax::source::ProjectPath;

/// What happened to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its text differs.
    Changed,
    /// Its text is the same and it stands elsewhere among the others.
    Moved,
}

/// A segment that is not as and where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentChange {
    /// Its index in the base.
    pub base: Option<usize>,
    /// Its index in the head.
    pub head: Option<usize>,
    /// What happened.
    pub kind: Kind,
}

/// The least likeness, in thousandths, of two texts that are taken for one that changed, where
/// nothing but likeness speaks for it.
const LIKE: u64 = 500;
/// The same where they share their file or their id.
const LIKE_IN_PLACE: u64 = 200;
/// The most pairs of texts that are compared by likeness in one group; beyond it order decides.
const MAX_COMPARED: usize = 2_500;

/// The changes in the order of the head, removed segments where they stood; and how many segments
/// stayed as and where they were.
pub(super) fn changes(base: Option<&Build>, head: Option<&Build>) -> (Vec<SegmentChange>, usize) {
    let side = |build: Option<&Build>| -> Vec<(Digest, u64)> {
        let segments = build.iter().flat_map(|build| build.chain.digests.iter().zip(&build.segments));
        segments.map(|(digest, segment)| (*digest, segment.bytes() as u64)).collect()
    };
    let twins = twins(&side(base), &side(head));
    let (old, new) = (segments(base), segments(head));
    let mut fate = Fate { old: vec![None; old.len()], new: vec![None; new.len()] };
    let mut same = vec![false; new.len()];
    for twin in &twins {
        fate.pair(twin.base, twin.head, Kind::Moved);
        same[twin.head] = twin.stayed;
    }
    pair_the_rest(old, new, &mut fate);
    (in_order(&fate, &same), twins.iter().filter(|twin| twin.stayed).count())
}

fn segments(build: Option<&Build>) -> &[Segment] {
    build.map_or(&[], |build| &build.segments)
}

/// What became of each segment: its partner and how they differ.
struct Fate {
    old: Vec<Option<usize>>,
    new: Vec<Option<(usize, Kind)>>,
}

impl Fate {
    fn pair(&mut self, old: usize, new: usize, kind: Kind) {
        self.old[old] = Some(new);
        self.new[new] = Some((old, kind));
    }
}

/// Two segments with one digest.
#[derive(Debug, Clone, Copy)]
struct Twin {
    base: usize,
    head: usize,
    stayed: bool,
}

/// Pairs equal digests, the k-th with the k-th, and tells which pairs kept their order: of all ways
/// to choose, the one that keeps most text in place.
fn twins(old: &[(Digest, u64)], new: &[(Digest, u64)]) -> Vec<Twin> {
    let mut places: HashMap<Digest, VecDeque<usize>> = HashMap::new();
    for (index, (digest, _)) in new.iter().enumerate() {
        places.entry(*digest).or_default().push_back(index);
    }
    let paired = old.iter().enumerate().filter_map(|(base, (digest, _))| {
        let head = places.get_mut(digest)?.pop_front()?;
        Some(Twin { base, head, stayed: false })
    });
    let mut twins: Vec<Twin> = paired.collect();
    for index in heaviest_rising(&twins, new) {
        twins[index].stayed = true;
    }
    twins
}

/// The pairs, by index, whose places in the head rise and whose text together is longest.
fn heaviest_rising(twins: &[Twin], new: &[(Digest, u64)]) -> Vec<usize> {
    // A Fenwick tree of maxima over places in the head: (weight, last pair).
    let mut best: Vec<(u64, Option<usize>)> = vec![(0, None); new.len() + 1];
    let mut before: Vec<Option<usize>> = Vec::with_capacity(twins.len());
    let mut last = (0, None);
    for (index, twin) in twins.iter().enumerate() {
        let mut found = (0, None);
        let mut place = twin.head;
        while place > 0 {
            found = found.max(best[place]);
            place &= place - 1;
        }
        before.push(found.1);
        // One more than its bytes, so that an empty text counts too.
        let own = (found.0 + new[twin.head].1 + 1, Some(index));
        last = last.max(own);
        let mut place = twin.head + 1;
        while place < best.len() {
            best[place] = best[place].max(own);
            place += place & place.wrapping_neg();
        }
    }
    let mut rising = Vec::new();
    let mut at = last.1;
    while let Some(index) = at {
        rising.push(index);
        at = before[index];
    }
    rising
}

/// Pairs what has no twin: within one file, then within one id, then by likeness alone.
fn pair_the_rest(old: &[Segment], new: &[Segment], fate: &mut Fate) {
    let by_file = |segment: &Segment| {
        let path = segment.origin.path.as_ref()?;
        Some(MatchKey::File(segment.tier, path.clone()))
    };
    let by_id = |segment: &Segment| Some(MatchKey::Id(segment.tier, segment.id.clone()));
    let anywhere = |segment: &Segment| Some(MatchKey::Tier(segment.tier));
    pair_within(old, new, fate, &by_file, Alone::Paired, LIKE_IN_PLACE);
    pair_within(old, new, fate, &by_id, Alone::ByLikeness, LIKE_IN_PLACE);
    pair_within(old, new, fate, &anywhere, Alone::ByLikeness, LIKE);
}

/// What two segments have to have in common to be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum MatchKey {
    File(Tier, ProjectPath),
    Id(Tier, String),
    Tier(Tier),
}

/// What becomes of two segments that are alone in their place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    /// One became the other, however unlike they are.
    Paired,
    ByLikeness,
}

fn pair_within(
    old: &[Segment],
    new: &[Segment],
    fate: &mut Fate,
    place: &dyn Fn(&Segment) -> Option<MatchKey>,
    alone: Alone,
    least: u64,
) {
    let mut groups: BTreeMap<MatchKey, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, segment) in old.iter().enumerate().filter(|(index, _)| fate.old[*index].is_none()) {
        if let Some(place) = place(segment) {
            groups.entry(place).or_default().0.push(index);
        }
    }
    for (index, segment) in new.iter().enumerate().filter(|(index, _)| fate.new[*index].is_none()) {
        if let Some(place) = place(segment) {
            groups.entry(place).or_default().1.push(index);
        }
    }
    for (gone, come) in groups.into_values().filter(|(gone, come)| !gone.is_empty() && !come.is_empty()) {
        if let ([gone], [come], Alone::Paired) = (gone.as_slice(), come.as_slice(), alone) {
            fate.pair(*gone, *come, Kind::Changed);
        } else if gone.len() * come.len() > MAX_COMPARED {
            // Too many to compare each with each: what stands at the same place from the front.
            if least < LIKE {
                gone.iter().zip(&come).for_each(|(gone, come)| fate.pair(*gone, *come, Kind::Changed));
            }
        } else {
            let texts = |segments: &[Segment], indices: &[usize]| -> Vec<String> {
                indices.iter().map(|index| text(&segments[*index])).collect()
            };
            let (gone_texts, come_texts) = (texts(old, &gone), texts(new, &come));
            let mut scored: Vec<(u64, usize, usize)> = Vec::new();
            for (gone, gone_text) in gone.iter().zip(&gone_texts) {
                for (come, come_text) in come.iter().zip(&come_texts) {
                    let score = similarity(gone_text, come_text);
                    if score >= least && old[*gone].is_hole() == new[*come].is_hole() {
                        scored.push((score, *gone, *come));
                    }
                }
            }
            scored.sort_by_key(|(score, gone, come)| (std::cmp::Reverse(*score), *gone, *come));
            for (_, gone, come) in scored {
                if fate.old[gone].is_none() && fate.new[come].is_none() {
                    fate.pair(gone, come, Kind::Changed);
                }
            }
        }
    }
}

fn text(segment: &Segment) -> String {
    segment.parts.iter().map(Part::identity).collect::<Vec<_>>().join("\n")
}

/// The changes as a reader walks through the head.
fn in_order(fate: &Fate, same: &[bool]) -> Vec<SegmentChange> {
    let mut changes = Vec::new();
    let mut removed = fate.old.iter().enumerate().filter(|(_, new)| new.is_none()).map(|(index, _)| index).peekable();
    for (index, partner) in fate.new.iter().enumerate() {
        if let Some((old, kind)) = partner {
            if *kind == Kind::Changed || same[index] {
                while let Some(gone) = removed.next_if(|gone| gone < old) {
                    changes.push(SegmentChange { base: Some(gone), head: None, kind: Kind::Removed });
                }
            }
            if !same[index] {
                changes.push(SegmentChange { base: Some(*old), head: Some(index), kind: *kind });
            }
        } else {
            changes.push(SegmentChange { base: None, head: Some(index), kind: Kind::Added });
        }
    }
    changes.extend(removed.map(|gone| SegmentChange { base: Some(gone), head: None, kind: Kind::Removed }));
    changes
}
