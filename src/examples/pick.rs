//! Which examples of a pool go into the prompt.

use super::Example;
use crate::condition::Condition;

/// What `pick:` says.
#[derive(Debug, Clone, Default)]
pub struct Pick {
    /// At most so many examples.
    pub count: Option<usize>,
    /// At most so many tokens in all.
    pub tokens: Option<u64>,
    /// What makes one example come before another.
    pub by: By,
    /// The metadata path that examples are balanced over; `label` for coverage that names none.
    pub label: Option<String>,
    /// Shuffles what would otherwise follow the order of the file; 0 does not.
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
    /// Every label in turn.
    Coverage,
    /// What says the most that no example before it said.
    Diverse,
}

/// The examples to use: their places in `examples`, ascending.
pub fn pick(examples: &[Example], pick: &Pick, size: &(dyn Fn(&Example) -> u64 + Sync)) -> Vec<usize> {
    let _ = size;
    (0..examples.len()).take(pick.count.unwrap_or(usize::MAX)).collect()
}
