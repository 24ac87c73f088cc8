//! Where a request is marked for the provider's cache, and what the cache then holds of it.
//!
//! A [`Layout`] is what the planner decides and the emitters write. [`Layout::service`] says what it
//! comes to under a model's rules: which spans of the prompt are read, and for how long each of
//! them lives. The bill prices that and nothing else.

use crate::cost::rules::{CacheFamily, Class, LongestPrefix, Mechanism, MixedBilling, Model};
use crate::cost::terms::RequestTokens;
use crate::cost::traffic::{Chance, Traffic};
use crate::prompt::blocks::Breakpoint;
use crate::syntax::manifest::HitRate;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// The breakpoints of one context for one model, in order. Without any, caching is left to what the
/// provider does unasked.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Each at its place.
    pub breakpoints: Vec<Placed>,
}

/// A breakpoint, its reason and its worth.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where, and for how long.
    pub breakpoint: Breakpoint,
    /// Tokens of text before it.
    pub tokens: u64,
    /// Whether nothing is ever written or read at it: too few tokens before it, or no write slot.
    pub is_dead: bool,
    /// Whether the manifest asks for it.
    pub is_explicit: bool,
    /// What it saves; `None` where traffic or a price is not known.
    pub worth: Option<Worth>,
    /// Why it stands there, in words.
    pub why: String,
}

/// What a breakpoint saves beyond those behind it; negative where it costs. Those of a layout add up
/// to what it saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// A month.
    pub month: Usd,
    /// A call, rounded half to even.
    pub call: Usd,
}

/// How one request is served.
#[derive(Debug, Clone)]
pub struct Service {
    /// Which way of caching serves it.
    pub kind: ServiceKind,
    /// What is held, front to back. Whatever lies behind is never read.
    pub spans: Vec<CachedSpan>,
}

/// A way of caching, as far as its price goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// No caching.
    Uncached,
    /// Entries at breakpoints, written at a price of their own.
    Marked,
    /// A cached object: made at the input price, then read; stored by the hour.
    Object,
    /// Unasked: what is not read costs the input price. `beside_explicit` where the model also caches
    /// on request, so that reading may have another price.
    Unasked {
        /// Whether the model also caches on request.
        beside_explicit: bool,
    },
}

/// A span of the prompt that is read, or written, as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachedSpan {
    /// Its tokens.
    pub tokens: u64,
    /// The TTL whose write price it has; `None` where there is none to ask for.
    pub written_for: Option<Ttl>,
    /// How long an unused entry that covers it is expected to live; `None` when not published, and
    /// then it is taken to outlive every pause.
    pub lives: Option<Ttl>,
    /// The TTL of an entry behind it that lives shorter, where reading that one does not keep this
    /// one alive (U1).
    pub shadowed_by: Option<Ttl>,
    /// Whether use starts that time anew.
    pub refreshed_by_use: bool,
    /// Whether the provider promises it (rule R13).
    pub is_promised: bool,
}

impl CachedSpan {
    /// The chance that a call finds it alive.
    pub fn chance(&self, traffic: &Traffic) -> Chance {
        match (self.lives, self.shadowed_by, traffic.hit_rate) {
            (Some(lives), Some(shorter), _) => traffic.chance_behind(lives, shorter),
            (Some(lives), None, _) => traffic.chance(lives, self.refreshed_by_use),
            // An unpublished lifetime outlives every pause; a measured rate still holds.
            (None, _, HitRate::Auto) if traffic.live_calls() > 0 => Chance::CERTAIN,
            (None, ..) => traffic.chance(Ttl { seconds: u32::MAX }, true),
        }
    }
}

impl Layout {
    /// Its marks, as the emitters read them.
    pub fn marks(&self) -> impl Iterator<Item = Breakpoint> {
        self.breakpoints.iter().map(|placed| placed.breakpoint)
    }

    /// What the cache holds of a request with these breakpoints.
    pub fn service(&self, model: &Model, tokens: &RequestTokens) -> Service {
        let rules = &model.rules;
        let live: Vec<(u64, Ttl)> = self
            .breakpoints
            .iter()
            .filter(|placed| !placed.is_dead)
            .map(|placed| (placed.tokens, placed.breakpoint.ttl))
            .collect();
        match (&rules.explicit, &rules.implicit) {
            (Some(explicit), implicit) if !live.is_empty() || implicit.is_none() => marked(explicit, &live),
            (explicit, Some(implicit)) => unasked(implicit, tokens, explicit.is_some()),
            (_, None) => Service::none(),
        }
    }
}

impl Service {
    fn none() -> Self {
        Self { kind: ServiceKind::Uncached, spans: Vec::new() }
    }

    /// Tokens that a warm call reads.
    pub fn held(&self) -> u64 {
        self.spans.iter().map(|span| span.tokens).sum()
    }
}

/// Breakpoints at (tokens before it, TTL).
fn marked(mechanism: &Mechanism, live: &[(u64, Ttl)]) -> Service {
    if live.is_empty() {
        return Service::none();
    }
    let (kind, live, billing) = match &mechanism.family {
        // One object holds everything before the last mark.
        CacheFamily::WholeObject(_) => (ServiceKind::Object, &live[live.len() - 1..], MixedBilling::Longest),
        CacheFamily::BreakpointOnly(rules) => (ServiceKind::Marked, live, rules.mixed_billing),
        _ => (ServiceKind::Marked, live, MixedBilling::Longest),
    };
    let mut spans = Vec::with_capacity(live.len());
    let mut longest: Option<Ttl> = None;
    let mut shadow: Option<Ttl> = None;
    for (number, &(end, ttl)) in live.iter().enumerate().rev() {
        let start = number.checked_sub(1).map_or(0, |before| live[before].0);
        // Reading a later entry reads all before it, so a span lives as long as the longest-lived
        // entry at or behind its end.
        let lives = longest.map_or(ttl, |longest| longest.max(ttl));
        if longest.is_some_and(|longest| longest < lives) {
            shadow = longest.filter(|_| !mechanism.keeps_path());
        }
        longest = Some(lives);
        let lifetime = mechanism.lifetime(lives);
        spans.push(CachedSpan {
            tokens: end.saturating_sub(start),
            written_for: Some(if billing == MixedBilling::Longest { lives } else { ttl }),
            lives: Some(lifetime.map_or(lives, |lifetime| lifetime.expected)),
            shadowed_by: shadow,
            refreshed_by_use: lifetime.map_or(kind != ServiceKind::Object, |lifetime| lifetime.refreshed_by_use),
            is_promised: lifetime.is_none_or(|lifetime| matches!(lifetime.class, Class::Fixed | Class::Minimum)),
        });
    }
    spans.reverse();
    Service { kind, spans }
}

/// What is cached without being asked.
fn unasked(mechanism: &Mechanism, tokens: &RequestTokens, beside_explicit: bool) -> Service {
    let prefix = tokens.prefix.tokens();
    let read = match &mechanism.family {
        _ if prefix < mechanism.minimum => 0,
        CacheFamily::LongestPrefix(rules) => rounded(rules, mechanism.minimum, prefix, tokens.total()),
        // The common prefix is a unit of its own once two requests have shown it.
        CacheFamily::PrefixUnits(_) => prefix,
        CacheFamily::BlockBoundary(_) | CacheFamily::BreakpointOnly(_) | CacheFamily::WholeObject(_) => 0,
    };
    if read == 0 {
        return Service::none();
    }
    let lifetime = mechanism.lifetimes.first();
    let span = CachedSpan {
        tokens: read,
        written_for: None,
        lives: lifetime.map(|lifetime| lifetime.expected),
        shadowed_by: None,
        refreshed_by_use: lifetime.is_none_or(|lifetime| lifetime.refreshed_by_use),
        is_promised: lifetime.is_some_and(|lifetime| matches!(lifetime.class, Class::Fixed | Class::Minimum)),
    };
    Service { kind: ServiceKind::Unasked { beside_explicit }, spans: vec![span] }
}

/// Rules R11 and R16: `floor(interval, hidden + min(common, input − recomputed)) − hidden`, rounded
/// down to the unit; nothing below the minimum.
fn rounded(rules: &LongestPrefix, minimum: u64, common: u64, input: u64) -> u64 {
    let common = common.min(input.saturating_sub(rules.recomputed));
    if common < minimum {
        return 0;
    }
    let floor = |tokens: u64, unit: u64| tokens - tokens % unit.max(1);
    let at_interval = rules
        .interval
        .map_or(common, |interval| floor(rules.hidden.saturating_add(common), interval).saturating_sub(rules.hidden));
    floor(at_interval, rules.unit)
}
