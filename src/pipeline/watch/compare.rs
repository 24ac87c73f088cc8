//! How far one build of a context is from another: in tokens, and in what a cache still serves.

use crate::pipeline::Build;

/// What of a prefix stands as it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// o200k_base tokens of all text, now less then.
    pub tokens: i64,
    /// o200k_base tokens of the prefix before the first change.
    pub kept: u64,
    /// o200k_base tokens of the whole prefix, then.
    pub of: u64,
}

impl Step {
    /// From `then` to `now`.
    pub fn between(then: &Build, now: &Build) -> Self {
        let (before, after) = (then.counts.text.tokens(), now.counts.text.tokens());
        Self {
            tokens: i64::try_from(i128::from(after) - i128::from(before)).unwrap_or(i64::MAX),
            kept: kept_tokens(then, now),
            of: then.counts.prefix.tokens(),
        }
    }
}

/// The tokens of the older prefix that begin before the first segment that differs: what a cache
/// that was filled then could serve now, if it keeps a boundary everywhere.
fn kept_tokens(then: &Build, now: &Build) -> u64 {
    let prefix = then.chain.digests.iter().take(then.chain.prefix_len).zip(&then.counts.per_segment);
    let same = prefix.zip(&now.chain.digests).take_while(|((then, _), now)| then == now);
    same.map(|((_, tokens), _)| *tokens).sum()
}
