//! Cache rules as a card writes them, and how they become [`CacheRules`] on a day.
//!
//! The keys are the field names of `cost/rules.rs`; a mechanism names its matching family by the
//! one key that holds that family's numbers.

use std::borrow::Cow;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::fact::{Dated, Fact};
use crate::cost::rules::{
    BlockBoundary, BreakpointOnly, CacheFamily, CacheRules, Class, Invalidation, Lifetime, LongestPrefix, Mechanism,
    MixedBilling, Mode, PrefixUnits, WholeObject,
};
use crate::prompt::segment::Tier;
use crate::syntax::decode::{Count, Decode, Table, Text, expected, record};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::quantity::Ttl;
use crate::syntax::yaml::Node;

record! {
    /// How a model's cache behaves.
    pub struct CacheFacts("cache rules") {
        /// Caching that the request asks for.
        pub explicit: Option<MechanismFacts> = "explicit",
        /// Caching that happens unasked.
        pub implicit: Option<MechanismFacts> = "implicit",
        /// Whether requests with different keys never share an entry.
        pub key_separates: Option<Dated<bool>> = "key_separates",
        /// What a change of a request setting loses.
        pub invalidation: Table<Dated<InvalidationFacts>> = "invalidation",
    }
}

record! {
    /// One way of caching. Exactly one of the five family keys says how requests are matched.
    pub struct MechanismFacts("a way of caching") {
        /// The shortest prefix that is cached, in tokens; not written when not published.
        pub minimum: Option<Dated<Count>> = "minimum",
        /// How long entries live, the default first; none when not published.
        pub lifetimes: Vec<Fact<LifetimeFacts>> = "lifetimes",
        /// Matching at marked block boundaries, with a lookback.
        pub block_boundary: Option<BlockBoundaryFacts> = "block_boundary",
        /// Matching at breakpoints only, with write slots.
        pub breakpoint_only: Option<BreakpointOnlyFacts> = "breakpoint_only",
        /// Matching the longest common prefix, rounded.
        pub longest_prefix: Option<LongestPrefixFacts> = "longest_prefix",
        /// Matching complete persisted prefix units.
        pub prefix_units: Option<PrefixUnitsFacts> = "prefix_units",
        /// A cached object that the request names.
        pub whole_object: Option<WholeObjectFacts> = "whole_object",
    }
}

record! {
    /// How long an entry lives.
    pub struct LifetimeFacts("a lifetime") {
        /// Its name in a request, and the longest that an unused entry lives.
        pub ttl: Ttl = "ttl",
        /// How long an unused entry is expected to live, where that is not the TTL.
        pub expected: Option<Ttl> = "expected",
        /// What the provider promises.
        pub class: Class = "class",
        /// Whether a read starts the time anew.
        pub refreshed_by_use: bool = "refreshed_by_use",
    }
}

record! {
    /// Block boundaries with a lookback.
    pub struct BlockBoundaryFacts("block boundaries") {
        /// Breakpoints that one request may carry, an automatic one included.
        pub breakpoints: Dated<u32> = "breakpoints",
        /// Positions that are looked at from each breakpoint, itself counted.
        pub lookback: Dated<u32> = "lookback",
        /// Whether a run of tool uses, or of tool results, is one position.
        pub collapse_tool_runs: Dated<bool> = "collapse_tool_runs",
        /// Whether a longer TTL after a shorter one is refused.
        pub longer_ttl_first: Dated<bool> = "longer_ttl_first",
        /// Whether a request may leave the breakpoint to the provider.
        pub automatic: Dated<bool> = "automatic",
        /// Whether the k-th breakpoint needs k times the minimum.
        pub minimum_per_breakpoint: Dated<bool> = "minimum_per_breakpoint",
        /// Whether a read also refreshes the shorter entries on its path.
        pub refresh_path: Dated<bool> = "refresh_path",
    }
}

record! {
    /// Breakpoints only.
    pub struct BreakpointOnlyFacts("breakpoints with write slots") {
        /// Boundaries that one request writes.
        pub slots: Dated<u32> = "slots",
        /// The mode of a request that does not say.
        pub default_mode: Dated<Mode> = "default_mode",
        /// Explicit breakpoints that are looked up from the front.
        pub lookup_first: Dated<u32> = "lookup_first",
        /// Explicit breakpoints that are looked up from the back.
        pub lookup_latest: Dated<u32> = "lookup_latest",
        /// Earlier eligible message ends that implicit mode looks up.
        pub lookup_endings: Dated<u32> = "lookup_endings",
        /// Whether implicit mode also writes the end of the initial developer block.
        pub dev_block_end_written: Dated<bool> = "dev_block_end_written",
        /// How a write that spans breakpoints of different TTLs is billed.
        pub mixed_billing: Dated<MixedBilling> = "mixed_billing",
        /// Whether a read also refreshes the shorter entries on its path.
        pub refresh_path: Dated<bool> = "refresh_path",
    }
}

record! {
    /// The longest common prefix, rounded.
    pub struct LongestPrefixFacts("a longest prefix") {
        /// What a hit is rounded down to; 1 for none.
        pub unit: Dated<Count> = "unit",
        /// The distance of the provider's own breakpoints; not written when not published.
        pub interval: Option<Dated<Count>> = "interval",
        /// Tokens that the provider puts before the prompt.
        pub hidden: Option<Dated<Count>> = "hidden",
        /// Tokens at the end that are always computed anew.
        pub recomputed: Option<Dated<Count>> = "recomputed",
        /// Whether generated text is cached too.
        pub generated: Dated<bool> = "generated",
    }
}

record! {
    /// Complete prefix units.
    pub struct PrefixUnitsFacts("prefix units") {
        /// The distance of units in a long input; not written when not published.
        pub interval: Option<Dated<Count>> = "interval",
        /// Seconds until a new unit can be read.
        pub build_seconds: Dated<u64> = "build_seconds",
        /// Whether the end of the generated text is a unit too.
        pub generated: Dated<bool> = "generated",
    }
}

record! {
    /// A cached object.
    pub struct WholeObjectFacts("a cached object") {
        /// The shortest TTL that an object may ask for; not written for any.
        pub shortest: Option<Dated<Ttl>> = "shortest",
    }
}

record! {
    /// What a change of a setting loses.
    pub struct InvalidationFacts("what a change loses") {
        /// The first tier that is lost, or `nothing`.
        pub loses: Loses = "loses",
        /// The value that equals leaving the setting out.
        pub default: Option<Text> = "default",
    }
}

/// The first tier that a change of a setting loses; the later ones follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loses(pub Option<Tier>);

/// Reads and names the words of a closed set that another room declares.
macro_rules! read_words {
    ($type:ty, $what:literal, [$($word:literal => $value:expr),* $(,)?]) => {
        impl Decode for $type {
            fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
                match node.as_text().map(|text| &**text) {
                    $( Some($word) => Some($value), )*
                    _ => {
                        expected(concat!($what, ": ", $($word, " "),*).trim_end(), node, faults);
                        None
                    }
                }
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"enum": [$($word),*]})
            }
        }
    };
}

read_words!(Class, "what is promised", [
    "fixed" => Class::Fixed, "minimum" => Class::Minimum, "typical" => Class::Typical, "best-effort" => Class::BestEffort,
]);
read_words!(Loses, "the first tier that is lost", [
    "tools" => Loses(Some(Tier::Tools)), "system" => Loses(Some(Tier::System)),
    "messages" => Loses(Some(Tier::Messages)), "nothing" => Loses(None),
]);

impl Decode for u32 {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let number = u64::decode(node, faults)?;
        let fits = u32::try_from(number).ok();
        if fits.is_none() {
            expected("a whole number below 2^32", node, faults);
        }
        fits
    }
}

impl CacheFacts {
    /// Reports a mechanism that does not name exactly one family.
    pub fn check(&self, faults: &mut Faults) {
        for mechanism in self.explicit.iter().chain(&self.implicit) {
            let families = [
                mechanism.block_boundary.is_some(),
                mechanism.breakpoint_only.is_some(),
                mechanism.longest_prefix.is_some(),
                mechanism.prefix_units.is_some(),
                mechanism.whole_object.is_some(),
            ];
            if families.into_iter().filter(|given| *given).count() != 1 {
                let message = "a way of caching needs exactly one of `block_boundary`, `breakpoint_only`, \
                               `longest_prefix`, `prefix_units` and `whole_object`";
                faults.push(Diagnostic::error("cache-family", message).at(&mechanism.span));
            }
        }
    }

    /// The rules in force on a day.
    pub fn at(&self, day: Date) -> CacheRules {
        let invalidation = self.invalidation.iter().filter_map(|(setting, entry)| {
            let fact = &entry.at(day)?.value;
            let default = fact.default.as_ref().map(|text| text.value.clone());
            Some(Invalidation { setting: setting.text.clone(), from: fact.loses.0, default })
        });
        CacheRules {
            explicit: self.explicit.as_ref().and_then(|mechanism| mechanism.at(day)),
            implicit: self.implicit.as_ref().and_then(|mechanism| mechanism.at(day)),
            key_separates: flag(self.key_separates.as_ref(), day),
            invalidation: invalidation.collect(),
        }
    }
}

/// What is in force, and false where nothing is said.
fn flag(fact: Option<&Dated<bool>>, day: Date) -> bool {
    fact.is_some_and(|fact| fact.nearest(day).value)
}

/// A number that is in force.
fn count(fact: &Option<Dated<Count>>, day: Date) -> Option<u64> {
    fact.as_ref().and_then(|fact| fact.at(day)).map(|fact| fact.value.0)
}

impl MechanismFacts {
    /// The mechanism on a day. An unpublished minimum stands as 0 here, so that nothing is ruled
    /// out by it; `CardAt::minimum` says that it is unknown.
    fn at(&self, day: Date) -> Option<Mechanism> {
        let lifetimes = self.lifetimes.iter().filter(|fact| fact.evidence.in_force(day)).map(|fact| Lifetime {
            ttl: fact.value.ttl,
            expected: fact.value.expected.unwrap_or(fact.value.ttl),
            class: fact.value.class,
            refreshed_by_use: fact.value.refreshed_by_use,
        });
        Some(Mechanism {
            family: self.family(day)?,
            minimum: count(&self.minimum, day).unwrap_or(0),
            lifetimes: lifetimes.collect(),
        })
    }

    fn family(&self, day: Date) -> Option<CacheFamily> {
        let block_boundary = self.block_boundary.as_ref().map(|facts| CacheFamily::BlockBoundary(facts.at(day)));
        let breakpoint_only = || self.breakpoint_only.as_ref().map(|facts| CacheFamily::BreakpointOnly(facts.at(day)));
        let longest_prefix = || self.longest_prefix.as_ref().map(|facts| CacheFamily::LongestPrefix(facts.at(day)));
        let prefix_units = || self.prefix_units.as_ref().map(|facts| CacheFamily::PrefixUnits(facts.at(day)));
        let whole_object = || self.whole_object.as_ref().map(|facts| CacheFamily::WholeObject(facts.at(day)));
        block_boundary.or_else(breakpoint_only).or_else(longest_prefix).or_else(prefix_units).or_else(whole_object)
    }
}

impl BlockBoundaryFacts {
    fn at(&self, day: Date) -> BlockBoundary {
        BlockBoundary {
            breakpoints: self.breakpoints.nearest(day).value,
            lookback: self.lookback.nearest(day).value,
            collapse_tool_runs: self.collapse_tool_runs.nearest(day).value,
            longer_ttl_first: self.longer_ttl_first.nearest(day).value,
            automatic: self.automatic.nearest(day).value,
            minimum_per_breakpoint: self.minimum_per_breakpoint.nearest(day).value,
            refresh_path: self.refresh_path.nearest(day).value,
        }
    }
}

impl BreakpointOnlyFacts {
    fn at(&self, day: Date) -> BreakpointOnly {
        BreakpointOnly {
            slots: self.slots.nearest(day).value,
            default_mode: self.default_mode.nearest(day).value,
            lookup_first: self.lookup_first.nearest(day).value,
            lookup_latest: self.lookup_latest.nearest(day).value,
            lookup_endings: self.lookup_endings.nearest(day).value,
            dev_block_end_written: self.dev_block_end_written.nearest(day).value,
            mixed_billing: self.mixed_billing.nearest(day).value,
            refresh_path: self.refresh_path.nearest(day).value,
        }
    }
}

impl LongestPrefixFacts {
    fn at(&self, day: Date) -> LongestPrefix {
        LongestPrefix {
            unit: self.unit.nearest(day).value.0,
            interval: count(&self.interval, day),
            hidden: count(&self.hidden, day).unwrap_or(0),
            recomputed: count(&self.recomputed, day).unwrap_or(0),
            generated: self.generated.nearest(day).value,
            slots: None,
        }
    }
}

impl PrefixUnitsFacts {
    fn at(&self, day: Date) -> PrefixUnits {
        PrefixUnits {
            interval: count(&self.interval, day),
            build_seconds: self.build_seconds.nearest(day).value,
            generated: self.generated.nearest(day).value,
        }
    }
}

impl WholeObjectFacts {
    fn at(&self, day: Date) -> WholeObject {
        WholeObject { shortest: self.shortest.as_ref().and_then(|fact| fact.at(day)).map(|fact| fact.value) }
    }
}
