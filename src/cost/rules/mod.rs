//! How one model's cache behaves and what it charges.
//!
//! Providers differ by these values and by nothing else. Each rule is stated here once, beside the numbers that it is about;
//! the simulator, the planner, the bill and the review ask it. What a card says of a number, what a scenario may replace
//! it with, and the tables of `docs/models.md` and `docs/simulator.md` come from the same declaration (`declare.rs`).

mod declare;
mod facts;
mod families;
mod prices;
mod refusal;

use std::sync::Arc;

pub use declare::{Replace, Setting, Settings};
pub use facts::{CacheFacts, InvalidationFacts, LifetimeFacts, Loses, MechanismFacts};
pub use families::{
    BlockBoundary, BlockBoundaryFacts, BreakpointOnly, BreakpointOnlyFacts, LongestPrefix, LongestPrefixFacts,
    MixedBilling, Mode, PrefixUnits, PrefixUnitsFacts, Slots, WholeObject, WholeObjectFacts, WrittenSpan, floor,
};
pub use prices::{Cliff, Price, Prices, Rates, cost_of, divided, proportion};
pub use refusal::Refusal;

pub(crate) use declare::rule;

use crate::prompt::segment::Tier;
use crate::syntax::decode::words;
use crate::syntax::diag::Faults;
use crate::syntax::quantity::Ttl;
use crate::syntax::yaml::Node;

/// A model as the cost wing sees it, on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name: `claude-opus-5`, `engine/vllm`.
    pub name: Arc<str>,
    /// How its cache behaves.
    pub rules: CacheRules,
    /// What it charges; `None` for an engine that one runs oneself, where cost is tokens to prefill.
    pub prices: Option<Prices>,
}

/// How one model's cache behaves. Both mechanisms `None`: no caching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheRules {
    /// Caching that the request asks for. [`BreakpointOnly`] belongs here, implicit mode included.
    pub explicit: Option<Mechanism>,
    /// Caching that happens unasked.
    pub implicit: Option<Mechanism>,
    /// Whether requests with different keys (`prompt_cache_key`, workspace, `user_id`, `cache_salt`)
    /// never share an entry. False where the key only guides routing.
    pub key_separates: bool,
    /// What a change of a request setting loses. A setting that is not listed here is not known.
    pub invalidation: Vec<Invalidation>,
}

/// The mechanism that serves a request.
#[derive(Debug, Clone, Copy)]
pub enum Serving<'a> {
    /// The one that requests ask for.
    Explicit(&'a Mechanism),
    /// The one that works unasked.
    Implicit {
        /// Its rules.
        mechanism: &'a Mechanism,
        /// Whether the model also caches on request, so that an unasked read may have another price.
        beside_explicit: bool,
    },
}

impl<'a> Serving<'a> {
    /// Its rules.
    pub fn mechanism(self) -> &'a Mechanism {
        match self {
            Self::Explicit(mechanism) | Self::Implicit { mechanism, .. } => mechanism,
        }
    }
}

impl CacheRules {
    /// The mechanism that serves a request. One that asks for caching, by a breakpoint or an object, gets the explicit
    /// one, any other the implicit one; a model with only one of them uses it for every request (Gemini, Qwen have
    /// both).
    pub fn serving(&self, asks: bool) -> Option<Serving<'_>> {
        match (&self.explicit, &self.implicit) {
            (Some(explicit), implicit) if asks || implicit.is_none() => Some(Serving::Explicit(explicit)),
            _ => self.serving_unasked(),
        }
    }

    /// The mechanism that serves a request which asks for nothing, where the explicit one cannot.
    pub fn serving_unasked(&self) -> Option<Serving<'_>> {
        let beside_explicit = self.explicit.is_some();
        self.implicit.as_ref().map(|mechanism| Serving::Implicit { mechanism, beside_explicit })
    }

    /// What a change of `setting` loses, if the model knows it.
    pub fn invalidation(&self, setting: &str) -> Option<&Invalidation> {
        self.invalidation.iter().find(|entry| &*entry.setting == setting)
    }
}

/// One way of caching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    /// How requests are matched with entries.
    pub family: CacheFamily,
    /// The shortest prefix that is cached, in tokens.
    pub minimum: u64,
    /// How long entries live, the default first. Empty: not published, so that nothing is guaranteed
    /// and the expected entry outlives the scenario.
    pub lifetimes: Vec<Lifetime>,
}

impl Mechanism {
    /// The TTL that a breakpoint or an object gets which asks for `wanted`, or for none.
    ///
    /// By default the model's first. A TTL that it lacks becomes its next shorter one, else its shortest; an object may
    /// have any TTL from the shortest on. `None` where the model has no TTLs.
    pub fn ttl(&self, wanted: Option<Ttl>) -> Option<Ttl> {
        let all = || self.lifetimes.iter().map(|lifetime| lifetime.ttl);
        match (wanted, &self.family) {
            (None, _) => all().next(),
            (Some(wanted), CacheFamily::WholeObject(object)) => {
                Some(object.shortest.map_or(wanted, |shortest| shortest.max(wanted)))
            }
            (Some(wanted), _) => all().filter(|own| *own <= wanted).max().or_else(|| all().min()),
        }
    }

    /// How long an entry lives that was written for `ttl` (R5, R8). An object may have a TTL that no list names: it is
    /// stored for exactly that long, and use does not refresh it (R14).
    pub fn lifetime(&self, ttl: Ttl) -> Lifetime {
        let listed = self.lifetimes.iter().find(|lifetime| lifetime.ttl == ttl).copied();
        let refreshed_by_use = !self.family.is_object();
        listed.unwrap_or(Lifetime { ttl, expected: ttl, class: Class::Fixed, refreshed_by_use })
    }

    /// R3: the tokens before the `number`-th breakpoint of a request, counted from 1, below which nothing is written.
    pub fn minimum_before(&self, number: usize) -> u64 {
        match &self.family {
            CacheFamily::BlockBoundary(rules) if rules.minimum_per_breakpoint => {
                self.minimum.saturating_mul(number as u64)
            }
            _ => self.minimum,
        }
    }

    /// How many breakpoints of one request are written (R2, R12), where it alone places them. An object is one (R14).
    pub fn most_breakpoints(&self) -> usize {
        match &self.family {
            CacheFamily::BlockBoundary(rules) => rules.breakpoints as usize,
            CacheFamily::BreakpointOnly(rules) => rules.explicit_slots(Mode::Explicit),
            CacheFamily::WholeObject(_) => 1,
            CacheFamily::LongestPrefix(_) | CacheFamily::PrefixUnits(_) => 0,
        }
    }

    /// R7: how what a request writes is divided among its breakpoints. Only breakpoint-only caches leave it open (U12).
    pub fn billing(&self) -> MixedBilling {
        match &self.family {
            CacheFamily::BreakpointOnly(rules) => rules.mixed_billing,
            _ => MixedBilling::Longest,
        }
    }

    /// Whether a read refreshes the entries on its path (U1), and not only the one that it reads.
    pub fn refreshes_path(&self) -> bool {
        match &self.family {
            CacheFamily::BlockBoundary(rules) => rules.refresh_path,
            CacheFamily::BreakpointOnly(rules) => rules.refresh_path,
            _ => false,
        }
    }

    /// Whether what it serves may be called guaranteed (R13).
    pub fn is_guaranteed(&self) -> bool {
        !self.lifetimes.is_empty() && self.lifetimes.iter().all(|lifetime| lifetime.class.is_promised())
    }
}

/// How long an entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Its name in a request and in the price list, and the longest that an unused entry lives:
    /// `5m`, `1h`, `30m`, `24h`.
    pub ttl: Ttl,
    /// How long an unused entry is expected to live; equals `ttl` unless the class is `Typical` or
    /// `BestEffort`.
    pub expected: Ttl,
    /// What the provider promises.
    pub class: Class,
    /// Whether a read starts the time anew.
    pub refreshed_by_use: bool,
}

words! {
    /// What a provider promises about a lifetime.
    pub enum Class("what is promised") {
        /// The entry lives for its TTL (Anthropic, Qwen explicit, Kimi, Gemini explicit).
        Fixed = "fixed",
        /// At least for its TTL (OpenAI from GPT-5.6).
        Minimum = "minimum",
        /// Usually about that long (earlier OpenAI, Groq).
        Typical = "typical",
        /// No promise at all.
        BestEffort = "best-effort",
    }
}

impl Class {
    /// R13: whether a read within the lifetime may be called guaranteed.
    pub fn is_promised(self) -> bool {
        matches!(self, Self::Fixed | Self::Minimum)
    }
}

/// How requests are matched with entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheFamily {
    /// At marked block boundaries, with a lookback (Anthropic, Qwen explicit).
    BlockBoundary(BlockBoundary),
    /// At breakpoints only, with write slots (OpenAI from GPT-5.6).
    BreakpointOnly(BreakpointOnly),
    /// The longest common token prefix, rounded (earlier OpenAI, Mistral, Gemini implicit, xAI, Groq,
    /// and the engines).
    LongestPrefix(LongestPrefix),
    /// Complete persisted prefix units (DeepSeek).
    PrefixUnits(PrefixUnits),
    /// A cached object that the request names (Gemini explicit).
    WholeObject(WholeObject),
}

impl CacheFamily {
    /// Every family's settings of a scenario, by the family's key in a card.
    pub const SETTINGS: [(&'static str, &'static [Setting]); 5] = [
        ("block_boundary", BlockBoundary::SETTINGS),
        ("breakpoint_only", BreakpointOnly::SETTINGS),
        ("longest_prefix", LongestPrefix::SETTINGS),
        ("engine/llamacpp", Slots::SETTINGS),
        ("prefix_units", PrefixUnits::SETTINGS),
    ];

    /// Whether it is a cached object that requests name (R14).
    pub fn is_object(&self) -> bool {
        matches!(self, Self::WholeObject(_))
    }

    /// Whether prompts are compared token by token, so that block boundaries do not matter (R11, R15).
    pub fn matches_tokens(&self) -> bool {
        matches!(self, Self::LongestPrefix(_) | Self::PrefixUnits(_))
    }

    /// The settings of a scenario that it has.
    pub fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        let (own, slots): (&[Setting], &[Setting]) = match self {
            Self::BlockBoundary(_) => (BlockBoundary::SETTINGS, &[]),
            Self::BreakpointOnly(_) => (BreakpointOnly::SETTINGS, &[]),
            Self::LongestPrefix(LongestPrefix { slots: None, .. }) => (LongestPrefix::SETTINGS, &[]),
            Self::LongestPrefix(LongestPrefix { slots: Some(_), .. }) => (LongestPrefix::SETTINGS, Slots::SETTINGS),
            Self::PrefixUnits(_) => (PrefixUnits::SETTINGS, &[]),
            Self::WholeObject(_) => (WholeObject::SETTINGS, &[]),
        };
        own.iter().chain(slots)
    }

    /// Replaces the value that a setting names, if the family has it.
    pub(crate) fn set(&mut self, name: &str, value: &Node, faults: &mut Faults) {
        match self {
            Self::BlockBoundary(rules) => rules.set(name, value, faults),
            Self::BreakpointOnly(rules) => rules.set(name, value, faults),
            Self::LongestPrefix(rules) => {
                rules.set(name, value, faults);
                if let Some(slots) = &mut rules.slots {
                    slots.set(name, value, faults);
                }
            }
            Self::PrefixUnits(rules) => rules.set(name, value, faults),
            Self::WholeObject(rules) => rules.set(name, value, faults),
        }
    }
}

/// What a change of one request setting loses (R9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// The setting's name: `tool_choice`, `effort`, `service_tier`.
    pub setting: Arc<str>,
    /// The first tier that is lost; the later ones follow. `Tools` is a full miss, `None` loses
    /// nothing (U6).
    pub from: Option<Tier>,
    /// The value that equals leaving the setting out.
    pub default: Option<Arc<str>>,
}

impl Invalidation {
    /// Whether the entries of `tier` are lost when the setting changes from `value`, or to it.
    pub fn separates(&self, tier: Tier, value: &Arc<str>) -> bool {
        self.from.is_some_and(|from| from <= tier) && self.default.as_ref() != Some(value)
    }
}
