//! What a provider refuses, before anything is cached.

use crate::syntax::quantity::Ttl;

/// A rule of the provider that a request breaks. The provider would answer with status 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// R2.
    #[error("a request carries at most {limit} cache breakpoints, an automatic one included; this one has {found}")]
    Breakpoints {
        /// How many are allowed.
        limit: u32,
        /// How many there are.
        found: usize,
    },
    /// R2.
    #[error("a breakpoint of a longer TTL must come before those of a shorter one; {later} stands after {earlier}")]
    TtlOrder {
        /// The TTL of the breakpoint that comes too late.
        later: Ttl,
        /// The shorter TTL before it.
        earlier: Ttl,
    },
    /// Thinking blocks on Anthropic's API, tools on OpenAI's.
    #[error("a breakpoint cannot follow {0}")]
    Unmarkable(&'static str),
    /// Not every platform places breakpoints itself.
    #[error("this platform places no breakpoints itself; mark the blocks")]
    NoAutomatic,
    /// The automatic breakpoint and an explicit one fall on the same block.
    #[error("the automatic breakpoint has the TTL {automatic}, but its block is marked {explicit}")]
    AutomaticTtl {
        /// The TTL of the automatic breakpoint.
        automatic: Ttl,
        /// The TTL of the mark.
        explicit: Ttl,
    },
    /// R14.
    #[error("a cached object holds at least {minimum} tokens; this one has {tokens}")]
    SmallObject {
        /// The fewest.
        minimum: u64,
        /// How many there are.
        tokens: u64,
    },
    /// The model has none.
    #[error("this model knows no cached objects")]
    NoObjects,
}

impl Refusal {
    /// The stable name of the diagnostic.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Breakpoints { .. } => "too-many-breakpoints",
            Self::TtlOrder { .. } => "ttl-order",
            Self::Unmarkable(_) => "unmarkable-block",
            Self::NoAutomatic => "no-automatic-caching",
            Self::AutomaticTtl { .. } => "automatic-ttl",
            Self::SmallObject { .. } => "object-too-small",
            Self::NoObjects => "no-cached-objects",
        }
    }

    /// The number of the rule in `docs/simulator.md`.
    pub fn number(&self) -> &'static str {
        match self {
            Self::SmallObject { .. } | Self::NoObjects => "R14",
            _ => "R2",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Breakpoints { .. } => "drop the breakpoints that save least",
            Self::TtlOrder { .. } => "give the earlier breakpoints the longer TTL, or this one the shorter",
            Self::Unmarkable(_) => "mark the block before it",
            Self::NoAutomatic => "leave `mode` out and set `cache` on the last stable block",
            Self::AutomaticTtl { .. } => "give both the same TTL, or leave one of them out",
            Self::SmallObject { .. } => "put more of the stable text into the object, or send it without one",
            Self::NoObjects => "leave `object` out",
        }
    }
}
