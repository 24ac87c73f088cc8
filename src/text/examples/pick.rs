//! Which examples of a pool go into the prompt.
//!
//! [`pick`] sorts the pool into a sequence and takes its beginning. The sort key consists of whole
//! numbers and ends in the place in the file, so the sequence is the same on every machine.
//!
//! **The law**: appending n examples to the pool replaces at most n picks of a `count`. One at a
//! time is enough, for the steps add up.
//! - By order, and by novelty without a label, the key of an example does not depend on the examples
//!   after it. So the new sequence is the old one with the new example inserted somewhere, and of the
//!   first k at most the last drops out.
//! - With a label, a sequence sorted by a fixed key is dealt in rounds: the round of an example is how
//!   many of its label come before it in the sequence, from 0. A new example x of label L moves those
//!   of L behind it one round back and touches no other. Let r be the last round that is dealt,
//!   perhaps in part. If L has more than r examples without x, as many are dealt in each round as
//!   before, and L's one in round r has the same key or a smaller one. So L gets as many picks as
//!   before and changes one of them at most, or it gets one more beside all it had, and one other
//!   label loses its last. If L has r or fewer, all of them were picks; then x is one more to deal in
//!   a round up to r, and one example at most falls out for it, whichever that is.
//!
//! A token budget ends the same sequence earlier or later. If k picks become k', appending n examples
//! replaces at most n + max(0, k − k') of them.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::fingerprint::Fingerprint;
use super::novelty::{Overlap, overlaps};
use super::{Example, Turn};
use crate::prompt::segment::Picked;
use crate::syntax::condition::Condition;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::source::Span;

/// What `pick:` says.
#[derive(Debug, Clone, Default)]
pub struct Pick {
    /// The most examples.
    pub count: Option<usize>,
    /// The most tokens in all.
    pub tokens: Option<u64>,
    /// What makes one example come before another.
    pub by: By,
    /// The metadata path that picks are balanced over. Coverage that names none takes `label`.
    pub label: Option<String>,
    /// Shuffles examples that would otherwise be in file order; 0 does not. [`By::Order`] ignores it.
    pub seed: u64,
    /// `where`: only examples that meet all of these.
    pub filter: Vec<Condition>,
}

/// What makes one example come before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The order of the file.
    #[default]
    Order,
    /// One of every label, then a second of every label, and so on; within a label the heaviest
    /// (`weight`) first.
    Coverage,
    /// The examples with the least overlap with those before them in the file first.
    Diverse,
}

/// The indexes in `examples` of those to use, ascending, each with why it is one of them.
///
/// `size` counts an example's tokens; it is called only under a token budget, and only until that is
/// spent. An example that alone is larger than the budget is skipped; the first that no longer fits
/// beside the others ends the picking.
pub fn pick(examples: &[Example], pick: &Pick, size: &(dyn Fn(&Example) -> u64 + Sync)) -> Vec<(usize, Picked)> {
    let mut picks = Vec::new();
    let mut left = pick.tokens.unwrap_or(u64::MAX);
    let sequence = pick.sequence(examples);
    let pool = sequence.len();
    for (key, example) in sequence {
        if pick.count.is_some_and(|count| picks.len() >= count) {
            break;
        }
        if let Some(budget) = pick.tokens {
            let size = size(example);
            if size > budget {
                continue;
            }
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        picks.push((key.place, pick.picked(&key, example, picks.len(), pool)));
    }
    picks.sort_unstable_by_key(|(place, _)| *place);
    picks
}

impl Pick {
    /// Reports what these examples cannot satisfy: fields that none of them has, a `where` that is true
    /// of none, more examples than there are. `at` is where the pick was written.
    pub fn check(&self, examples: &[Example], at: &Span, faults: &mut Faults) {
        if examples.is_empty() {
            return;
        }
        let label = self.label().or(self.label.as_deref());
        let conditions = self.filter.iter().map(|condition| (condition.name(), "where"));
        let mut unknown = conditions.chain(label.map(|label| (label, "label"))).collect::<Vec<_>>();
        unknown.retain(|(name, _)| examples.iter().all(|example| example.field(name).is_none()));
        if !unknown.is_empty() {
            let known = examples.iter().flat_map(|example| example.meta.keys()).map(String::as_str).collect();
            for (name, option) in unknown {
                let message = format!("no example has the field `{name}` that `{option}` needs");
                faults.push(Diagnostic::error("unknown-field", message).at(at).hint(fields_hint(name, &known)));
            }
            return;
        }
        let pool: Vec<&Example> = examples.iter().filter(|example| self.admits(example)).collect();
        if pool.is_empty() {
            faults.push(Diagnostic::error("no-examples", "no example meets `where`").at(at));
        }
        if let Some(count) = self.count.filter(|count| *count > pool.len()) {
            let message = format!("`count` asks for {count} examples, and there are {}", pool.len());
            faults.push(Diagnostic::warning("small-pool", message).at(at));
        }
        if self.by == By::Order && self.label.is_some() {
            let fault = Diagnostic::warning("unused-label", "`label` means nothing when examples are picked by order");
            faults.push(fault.at(at).hint("write `by: coverage`, or remove `label`"));
        }
        if let Some(label) = self.label() {
            let bare = pool.iter().filter(|example| label_of(example, label).is_none()).count();
            if bare > 0 {
                let message = format!("{bare} of {} examples have no `{label}`; they count as one label", pool.len());
                faults.push(Diagnostic::note("unlabelled", message).at(at));
            }
        }
    }

    /// The path of the label that picks are balanced over.
    fn label(&self) -> Option<&str> {
        match self.by {
            By::Order => None,
            By::Coverage => Some(self.label.as_deref().unwrap_or("label")),
            By::Diverse => self.label.as_deref(),
        }
    }

    /// Whether every condition is true of an example. A field that it does not have is null.
    fn admits(&self, example: &Example) -> bool {
        self.filter.iter().all(|condition| condition.matches(example.field(condition.name()).unwrap_or(&Value::Null)))
    }

    /// Why an example is the one of this rank, from 0, in the order in which a pool of so many is picked.
    fn picked(&self, key: &SortKey, example: &Example, rank: usize, pool: usize) -> Picked {
        let label = label_of(example, self.label.as_deref().unwrap_or("label")).map(Cow::into_owned);
        let among = if self.filter.is_empty() { "" } else { " that meet `where`" };
        let mut why = match (self.by, self.label()) {
            (By::Order, _) => format!("{} of {pool}{among} in the order of the file", nth(rank)),
            (_, Some(path)) => format!("{} of its `{path}`{among}", nth(key.round)),
            (_, None) => format!("{} of {pool}{among}", nth(rank)),
        };
        if self.by == By::Diverse {
            why += &format!(", {}% of it said before it in the file", key.overlap / 100);
        }
        if self.by != By::Order {
            let Reverse(Weight(weight)) = key.weight;
            why += &if weight == 1.0 { String::new() } else { format!(", weight {weight}") };
            why += &if self.seed == 0 { String::new() } else { format!(", seed {}", self.seed) };
        }
        Picked { label, why, rank }
    }

    /// The pool with the key of each example, in the order in which they are picked.
    fn sequence<'a>(&self, examples: &'a [Example]) -> Vec<(SortKey, &'a Example)> {
        let pool: Vec<_> = examples.iter().enumerate().filter(|(_, example)| self.admits(example)).collect();
        if self.by == By::Order {
            let key = |place| SortKey { round: 0, overlap: 0, weight: Reverse(Weight(1.0)), shuffle: 0, place };
            return pool.into_iter().map(|(place, example)| (key(place), example)).collect();
        }
        let overlaps = match self.by {
            By::Diverse => overlaps(pool.iter().map(|(_, example)| *example)),
            _ => vec![0; pool.len()],
        };
        let keyed = pool.into_iter().zip(overlaps).map(|((place, example), overlap)| {
            let shuffle = if self.seed == 0 { 0 } else { shuffled(&example.turns, self.seed) };
            (SortKey { round: 0, overlap, weight: Reverse(weight(example)), shuffle, place }, example)
        });
        let mut sequence: Vec<(SortKey, &Example)> = keyed.collect();
        sequence.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(label) = self.label() {
            // The round of an example is the number of those of its label before it. Sorting again, by
            // rounds first, takes one of every label before the second of any.
            let mut dealt: HashMap<Option<Cow<'_, str>>, usize> = HashMap::new();
            for (key, example) in &mut sequence {
                let next = dealt.entry(label_of(example, label)).or_default();
                key.round = *next;
                *next += 1;
            }
            sequence.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        }
        sequence
    }
}

/// The sort key of an example, the most significant field first; smaller keys are picked earlier.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    /// How many of the same label come before it; 0 without a label.
    round: usize,
    /// How much of it earlier examples have said; 0 unless by novelty.
    overlap: Overlap,
    weight: Reverse<Weight>,
    /// Depends on the seed; 0 without one.
    shuffle: u64,
    /// The index in the file, which makes every key unique.
    place: usize,
}

/// A finite number, which therefore has a total order.
struct Weight(f64);

impl Ord for Weight {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Weight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Weight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Weight {}

/// The number in `weight`, which is text in CSV; 1 when there is none.
fn weight(example: &Example) -> Weight {
    let number = match example.meta.get("weight") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    Weight(number.filter(|number| number.is_finite()).unwrap_or(1.0))
}

/// The label of an example as text, so that `1` in JSON and `1` in CSV are one. A list is one label.
fn label_of<'a>(example: &'a Example, path: &str) -> Option<Cow<'a, str>> {
    match example.field(path)? {
        Value::Null => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// `1st`, `2nd`, of a place from 0.
fn nth(place: usize) -> String {
    let number = place + 1;
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The hint for a field that no example has.
fn fields_hint(name: &str, known: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 12;
    let listed: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match listed.len() {
        0 => "the examples have no metadata".to_owned(),
        SHOWN if known.len() > SHOWN => format!("the examples have {} and more", listed.join(", ")),
        _ => format!("the examples have {}", listed.join(", ")),
    })
}

/// A number that depends on the seed and the texts of the turns, not on their place in the file.
fn shuffled(turns: &[Turn], seed: u64) -> u64 {
    let add = |print: Fingerprint, turn: &Turn| {
        print.bytes(turn.role.as_str().as_bytes()).number(turn.text.len() as u64).bytes(turn.text.as_bytes())
    };
    turns.iter().fold(Fingerprint::new(seed), add).finish()
}

#[cfg(test)]
mod tests;
