//! One part of a project's contexts, for one machine of several.
//!
//! Which part a context belongs to follows from its name and the number of parts, from nothing else.
//! So the machines of a fleet need not speak to each other, a context stays on its machine from one
//! run to the next, where its counts are already known, and adding one moves no other.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

/// Separates this use of the hash from others. It decides which machine does what, so it is never
/// changed: shards of one run may be done by two versions of the program.
const CONTEXT: &str = "contexture 2026-11-21 shard 1";

/// `3/8`: the third of eight parts. Every context is in one of the eight and in no other; variants are
/// where their context is, since they read the same files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub struct Shard {
    number: NonZeroU32,
    of: NonZeroU32,
}

/// Why a text names no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShardFault {
    /// Not two whole numbers with a slash between.
    #[error("a shard is written NUMBER/COUNT, such as 3/8")]
    Form,
    /// `0/8`, `9/8`.
    #[error("shards are numbered from 1 up to their count")]
    Range,
}

/// A short name for what `bytes` describe, so that parts can tell equal things apart from others
/// without handing them over: 32 hexadecimal digits.
pub fn name_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(32).collect()
}

impl Shard {
    /// Whether the context of this name, given without a variant, is in this part.
    pub fn holds(self, name: &str) -> bool {
        let digest = blake3::derive_key(CONTEXT, name.as_bytes());
        let low = digest.iter().take(8).rev().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        low % u64::from(self.of.get()) == u64::from(self.number.get() - 1)
    }

    /// Which part it is, from 1 on.
    pub fn number(self) -> u32 {
        self.number.get()
    }

    /// How many parts there are.
    pub fn count(self) -> u32 {
        self.of.get()
    }
}

impl FromStr for Shard {
    type Err = ShardFault;

    fn from_str(written: &str) -> Result<Self, ShardFault> {
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse::<u32>().ok()).flatten().ok_or(ShardFault::Form)
        };
        let (first, second) = written.split_once('/').ok_or(ShardFault::Form)?;
        let (first, second) = (number(first)?, number(second)?);
        let both = NonZeroU32::new(first).zip(NonZeroU32::new(second));
        let (number, of) = both.filter(|(number, of)| number <= of).ok_or(ShardFault::Range)?;
        Ok(Self { number, of })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shard(written: &str) -> Shard {
        written.parse().unwrap()
    }

    #[test]
    fn a_shard_is_a_number_and_a_count() {
        for written in ["1/1", "3/8", "100/100"] {
            assert_eq!(shard(written).to_string(), written);
        }
        for written in ["", "3", "3/", "/8", "a/8", "+3/8", "3/8/1", " 3/8", "3/99999999999"] {
            assert_eq!(written.parse::<Shard>(), Err(ShardFault::Form), "{written:?}");
        }
        for written in ["0/8", "9/8", "0/0"] {
            assert_eq!(written.parse::<Shard>(), Err(ShardFault::Range), "{written:?}");
        }
    }

    /// Worked out with the blake3 package of Python: machines of two versions must agree.
    #[test]
    fn where_a_name_goes_is_a_format() {
        let number = |name: &str| (1..=8).find(|number| shard(&format!("{number}/8")).holds(name));
        assert_eq!(["a", "support/triage", "é"].map(number), [Some(3), Some(5), Some(4)]);
    }

    proptest! {
        #[test]
        fn every_context_is_in_one_shard(name in ".{0,20}", count in 1_u32..20) {
            let holders = (1..=count).filter(|number| shard(&format!("{number}/{count}")).holds(&name)).count();
            prop_assert_eq!(holders, 1);
        }
    }

    #[test]
    fn shards_are_of_like_size() {
        let held = |number: u32| {
            let shard = shard(&format!("{number}/8"));
            (0..8000).filter(|context| shard.holds(&format!("team/context-{context}"))).count()
        };
        let sizes: Vec<usize> = (1..=8).map(held).collect();
        // Eight bins of a binomial with mean 1000 and deviation 30.
        assert!(sizes.iter().all(|size| (850..1150).contains(size)), "{sizes:?}");
    }
}
