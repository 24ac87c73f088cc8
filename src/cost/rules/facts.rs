//! Cache rules as a card writes them, and how they become [`CacheRules`] on a day.
//!
//! A mechanism names its matching family by the one key that holds that family's numbers.

use super::{
    BlockBoundaryFacts, BreakpointOnlyFacts, CacheFamily, CacheRules, Class, Invalidation, Lifetime,
    LongestPrefixFacts, Mechanism, PrefixUnitsFacts, WholeObjectFacts,
};
use crate::cost::fact::{Date, Dated, Fact, OnDay as _};
use crate::prompt::segment::Tier;
use crate::syntax::decode::{Count, Decode, Table, Text, expected, record, words};
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
    /// What a change of a setting loses.
    pub struct InvalidationFacts("what a change loses") {
        /// The first tier that is lost, or `nothing`.
        pub loses: Loses = "loses",
        /// The value that equals leaving the setting out.
        pub default: Option<Text> = "default",
    }
}

words! {
    /// The first tier that a change of a setting loses; the later ones follow.
    pub enum Loses("the first tier that is lost") {
        /// Everything.
        Tools = "tools",
        /// System and messages.
        System = "system",
        /// Messages.
        Messages = "messages",
        /// Nothing.
        Nothing = "nothing",
    }
}

impl Loses {
    /// The first tier; `None` for nothing.
    pub fn tier(self) -> Option<Tier> {
        match self {
            Self::Tools => Some(Tier::Tools),
            Self::System => Some(Tier::System),
            Self::Messages => Some(Tier::Messages),
            Self::Nothing => None,
        }
    }
}

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
            if mechanism.families(Date::MIN).count() != 1 {
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
            Some(Invalidation { setting: setting.text.clone(), from: fact.loses.tier(), default })
        });
        CacheRules {
            explicit: self.explicit.as_ref().and_then(|mechanism| mechanism.at(day)),
            implicit: self.implicit.as_ref().and_then(|mechanism| mechanism.at(day)),
            key_separates: self.key_separates.on(day),
            invalidation: invalidation.collect(),
        }
    }
}

impl MechanismFacts {
    /// The mechanism on a day. An unpublished minimum is 0 here, so that nothing is ruled out by it; `CardAt::minimum`
    /// says that it is unknown.
    fn at(&self, day: Date) -> Option<Mechanism> {
        let lifetimes = self.lifetimes.iter().filter(|fact| fact.evidence.in_force(day)).map(|fact| Lifetime {
            ttl: fact.value.ttl,
            expected: fact.value.expected.unwrap_or(fact.value.ttl),
            class: fact.value.class,
            refreshed_by_use: fact.value.refreshed_by_use,
        });
        Some(Mechanism {
            family: self.families(day).next()?,
            minimum: self.minimum.on(day),
            lifetimes: lifetimes.collect(),
        })
    }

    /// The families that it names, on a day.
    fn families(&self, day: Date) -> impl Iterator<Item = CacheFamily> {
        let families = [
            self.block_boundary.as_ref().map(|facts| CacheFamily::BlockBoundary(facts.at(day))),
            self.breakpoint_only.as_ref().map(|facts| CacheFamily::BreakpointOnly(facts.at(day))),
            self.longest_prefix.as_ref().map(|facts| CacheFamily::LongestPrefix(facts.at(day))),
            self.prefix_units.as_ref().map(|facts| CacheFamily::PrefixUnits(facts.at(day))),
            self.whole_object.as_ref().map(|facts| CacheFamily::WholeObject(facts.at(day))),
        ];
        families.into_iter().flatten()
    }
}
