//! The five ways in which a provider matches requests with cache entries, and the rules of each.
//!
//! `docs/simulator.md` tells the rules (R1 to R18) and the open questions (U1 to U12) in prose, with their sources.

use super::declare::rule;
use super::{Refusal, Replace as _, Setting, Settings};
use crate::cost::fact::Dated;
use crate::prompt::segment::Tier;
use crate::syntax::decode::{Count, words};
use crate::syntax::diag::Faults;
use crate::syntax::quantity::{Share, Ttl};
use crate::syntax::yaml::Node;

// Rules R2 to R8; questions U1, U7 and U11.
rule! {
    /// Block boundaries with a lookback.
    pub struct BlockBoundary [] from BlockBoundaryFacts("block boundaries") {
        /// Breakpoints that one request may carry, an automatic one included.
        pub breakpoints: u32 as Dated<u32> = "breakpoints", ["breakpoints"] >= 0;
        /// Positions that are looked at from each breakpoint, itself counted.
        pub lookback: u32 as Dated<u32> = "lookback", ["lookback"] >= 0;
        /// Whether a run of tool uses, or of tool results, is one position.
        pub collapse_tool_runs: bool as Dated<bool> = "collapse_tool_runs", ["collapse_tool_runs"] >= 0;
        /// Whether a longer TTL after a shorter one is refused.
        pub longer_ttl_first: bool as Dated<bool> = "longer_ttl_first";
        /// Whether a request may leave the breakpoint to the provider.
        pub automatic: bool as Dated<bool> = "automatic";
        /// Whether the k-th breakpoint needs k times the minimum.
        pub minimum_per_breakpoint: bool as Dated<bool> = "minimum_per_breakpoint", ["minimum_per_breakpoint"] >= 0;
        /// Whether a read also refreshes the shorter entries on its path.
        pub refresh_path: bool as Dated<bool> = "refresh_path", ["refresh_path"] >= 0;
        /// Whether tools cannot be marked.
        pub no_tools: bool as Option<Dated<bool>> = "no_tools";
    }
}

impl BlockBoundary {
    /// R2: the breakpoints that the provider refuses, by the TTLs of all of them in order: each by its number, with the
    /// reason.
    pub fn refusals(&self, ttls: &[Ttl]) -> Vec<(usize, Refusal)> {
        let limit = self.breakpoints as usize;
        let extra = (ttls.len() > limit)
            .then_some((limit, Refusal::Breakpoints { limit: self.breakpoints, found: ttls.len() }));
        let late = ttls.windows(2).enumerate().filter_map(|(number, pair)| match *pair {
            [earlier, later] if self.longer_ttl_first && later > earlier => {
                Some((number + 1, Refusal::TtlOrder { later, earlier }))
            }
            _ => None,
        });
        extra.into_iter().chain(late).collect()
    }
}

// Rule R12; questions U1, U3, U4 and U12.
rule! {
    /// Breakpoints only.
    pub struct BreakpointOnly [] from BreakpointOnlyFacts("breakpoints with write slots") {
        /// Boundaries that one request writes.
        pub slots: u32 as Dated<u32> = "slots", ["slots"] >= 0;
        /// The mode of a request that does not say.
        pub default_mode: Mode as Dated<Mode> = "default_mode", ["default_mode"] >= 0;
        /// Explicit breakpoints that are looked up from the front.
        pub lookup_first: u32 as Dated<u32> = "lookup_first", ["lookup_first"] >= 0;
        /// Explicit breakpoints that are looked up from the back.
        pub lookup_latest: u32 as Dated<u32> = "lookup_latest", ["lookup_latest"] >= 0;
        /// Earlier eligible message ends that implicit mode looks up.
        pub lookup_endings: u32 as Dated<u32> = "lookup_endings", ["lookup_endings"] >= 0;
        /// Whether implicit mode also writes the end of the initial developer block.
        pub dev_block_end_written: bool as Dated<bool> = "dev_block_end_written", ["dev_block_end_written"] >= 0;
        /// How a write that spans breakpoints of different TTLs is billed.
        pub mixed_billing: MixedBilling as Dated<MixedBilling> = "mixed_billing", ["mixed_billing"] >= 0;
        /// Whether a read also refreshes the shorter entries on its path.
        pub refresh_path: bool as Dated<bool> = "refresh_path", ["refresh_path"] >= 0;
    }
}

impl BreakpointOnly {
    /// How many explicit breakpoints a request writes, the latest ones: in implicit mode the provider's own takes a
    /// slot.
    pub fn explicit_slots(&self, mode: Mode) -> usize {
        (self.slots as usize).saturating_sub(usize::from(mode == Mode::Implicit))
    }

    /// R2: whether a breakpoint may follow a block of this tier. Tools cannot be marked.
    pub fn may_mark(tier: Tier) -> bool {
        tier != Tier::Tools
    }
}

words! {
    /// Who places the breakpoint.
    pub enum Mode("who places the breakpoint") {
        /// The provider, beside those of the request.
        Implicit = "implicit",
        /// The request alone.
        Explicit = "explicit",
    }
}

words! {
    /// How a write that spans breakpoints of different TTLs is billed.
    pub enum MixedBilling("how a write of several TTLs is billed") {
        /// Everything up to the highest breakpoint of a longer TTL at that TTL's price.
        Longest = "longest",
        /// Each stretch between two breakpoints at the TTL of the one that ends it.
        Segments = "segments",
    }
}

/// What one breakpoint writes: the tokens between the one before it and itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenSpan {
    /// How many.
    pub tokens: u64,
    /// The TTL whose write price they have.
    pub priced_for: Ttl,
    /// The longest TTL of an entry that holds them.
    pub held_for: Ttl,
}

impl MixedBilling {
    /// R7: what a request writes from `start` up to its last breakpoint, divided among its breakpoints, the last one
    /// first. `place` gives the tokens before a breakpoint, and its TTL.
    ///
    /// An entry needs all of its prefix for its own lifetime, so a span is held for the longest TTL at or behind its
    /// end.
    pub fn spans<B>(
        self,
        start: u64,
        breakpoints: &[B],
        place: impl Fn(&B) -> (u64, Ttl),
    ) -> impl Iterator<Item = WrittenSpan> {
        let mut longest: Option<Ttl> = None;
        breakpoints.iter().enumerate().rev().map(move |(number, breakpoint)| {
            let (end, ttl) = place(breakpoint);
            let before = number.checked_sub(1).map_or(start, |before| place(&breakpoints[before]).0);
            let held_for = longest.map_or(ttl, |longest| longest.max(ttl));
            longest = Some(held_for);
            let priced_for = if self == Self::Longest { held_for } else { ttl };
            WrittenSpan { tokens: end.saturating_sub(before), priced_for, held_for }
        })
    }
}

// Rules R11 and R16; questions U5 and U8.
rule! {
    /// The longest common prefix, rounded.
    pub struct LongestPrefix [] from LongestPrefixFacts("a longest prefix") {
        /// What a hit is rounded down to; 1 for none.
        pub unit: u64 as Dated<Count> = "unit", ["block", "page"] >= 1;
        /// The distance of the provider's own breakpoints; not written when not published.
        pub interval: Option<u64> as Option<Dated<Count>> = "interval", ["interval"] >= 1;
        /// Tokens that the provider puts before the prompt.
        pub hidden: u64 as Option<Dated<Count>> = "hidden", ["hidden"] >= 0;
        /// Tokens at the end that are always computed anew.
        pub recomputed: u64 as Option<Dated<Count>> = "recomputed", ["recomputed"] >= 0;
        /// Whether generated text is cached too.
        pub generated: bool as Dated<bool> = "generated", ["generated"] >= 0;
        beside
        /// How many prompts a server keeps, one a slot (llama.cpp); `None` where it keeps every prompt.
        pub slots: Option<Slots>;
    }
}

impl LongestPrefix {
    /// What is read of `input` tokens that have the first `common` in common with a live prompt:
    /// `floor(interval, hidden + min(common, input − recomputed)) − hidden`, rounded down to the unit; nothing below
    /// the minimum.
    pub fn read(&self, minimum: u64, common: u64, input: u64) -> u64 {
        let common = common.min(input.saturating_sub(self.recomputed));
        if common < minimum {
            return 0;
        }
        let at_interval = match self.interval {
            Some(interval) => floor(self.hidden.saturating_add(common), interval).saturating_sub(self.hidden),
            None => common,
        };
        floor(at_interval, self.unit)
    }

    /// The fewest tokens in common of which something is read.
    pub fn least(&self, minimum: u64) -> u64 {
        minimum.max(self.unit).max(self.interval.map_or(0, |interval| interval.saturating_sub(self.hidden)))
    }
}

/// The greatest multiple of `unit` that is not above `tokens`; a unit of 0 counts as 1.
pub fn floor(tokens: u64, unit: u64) -> u64 {
    tokens - tokens % unit.max(1)
}

/// A server that keeps one prompt a slot, and whole prompts in memory beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// How many.
    pub count: u32,
    /// The share of the new prompt of which a slot must hold more to be chosen for it; else the slot
    /// that was used longest ago is taken. 0 switches this off.
    pub similarity: Share,
    /// Mebibytes of memory for whole prompts beside the slots (`--cache-ram`); 0 for none.
    pub ram_mib: u64,
    /// Whether the prompts of idle slots are saved there at every request (`--cache-idle-slots`).
    pub idle_slots: bool,
    /// Whether the slots share one pool (`--kv-unified`), so that a saved prompt leaves its slot.
    pub unified: bool,
    /// Bytes that a token of a saved prompt takes; 0 where that is unknown, and then the memory has no limit.
    pub bytes_per_token: u64,
    /// Tokens that the shared pool holds; 0 for no limit.
    pub context: u64,
}

/// No card has them: they belong to an engine that one runs oneself.
impl Settings for Slots {
    const SETTINGS: &'static [Setting] = &[
        Setting { names: &["slots"], what: &["Prompts that a server keeps, one a slot."] },
        Setting {
            names: &["similarity"],
            what: &["The share of a prompt of which a slot must hold more to be chosen for it."],
        },
        Setting { names: &["ram_mib"], what: &["Mebibytes of memory for whole prompts beside the slots; 0 for none."] },
        Setting { names: &["idle_slots"], what: &["Whether prompts of idle slots are saved there at every request."] },
        Setting {
            names: &["unified"],
            what: &["Whether the slots share one pool, so that a saved prompt leaves its slot."],
        },
        Setting {
            names: &["bytes_per_token"],
            what: &["Bytes of a saved token; 0 where that is unknown, and then the memory has no limit."],
        },
        Setting { names: &["context"], what: &["Tokens that the shared pool holds; 0 for no limit."] },
    ];

    fn set(&mut self, name: &str, value: &Node, faults: &mut Faults) {
        match name {
            "slots" => self.count.replace(value, 1, faults),
            "similarity" => self.similarity.replace(value, 0, faults),
            "ram_mib" => self.ram_mib.replace(value, 0, faults),
            "idle_slots" => self.idle_slots.replace(value, 0, faults),
            "unified" => self.unified.replace(value, 0, faults),
            "bytes_per_token" => self.bytes_per_token.replace(value, 0, faults),
            "context" => self.context.replace(value, 0, faults),
            _ => {}
        }
    }
}

// Rule R15; question U9.
rule! {
    /// Complete prefix units.
    pub struct PrefixUnits [] from PrefixUnitsFacts("prefix units") {
        /// The distance of units in a long input; not written when not published.
        pub interval: Option<u64> as Option<Dated<Count>> = "interval", ["interval"] >= 1;
        /// Seconds until a new unit can be read.
        pub build_seconds: u64 as Dated<u64> = "build_seconds", ["build_seconds"] >= 0;
        /// Whether the end of the generated text is a unit too.
        pub generated: bool as Dated<bool> = "generated", ["generated"] >= 0;
    }
}

// Rule R14: made at the input price, stored by the hour, read by name.
rule! {
    /// A cached object.
    pub struct WholeObject [Default] from WholeObjectFacts("a cached object") {
        /// The shortest TTL that an object may ask for; not written for any.
        pub shortest: Option<Ttl> as Option<Dated<Ttl>> = "shortest";
    }
}
