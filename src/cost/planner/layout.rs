//! Where a request is marked for the provider's cache, and what is then cached of it.
//!
//! A [`Layout`] is what the planner decides and the emitters write. [`Layout::service`] says what it
//! comes to under a model's rules: which spans of the prompt are read, and for how long each of
//! them lives. The bill prices that and nothing else.

use crate::cost::rules::{CacheFamily, Lifetime, Mechanism, Model, Price, Rates, Serving};
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
    /// What is cached, front to back. Whatever comes behind it is never read.
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
    /// A span that is cached for a lifetime; `None` where none is published, and nothing promised.
    fn new(tokens: u64, written_for: Option<Ttl>, shadowed_by: Option<Ttl>, lifetime: Option<Lifetime>) -> Self {
        Self {
            tokens,
            written_for,
            lives: lifetime.map(|lifetime| lifetime.expected),
            shadowed_by,
            refreshed_by_use: lifetime.is_none_or(|lifetime| lifetime.refreshed_by_use),
            is_promised: lifetime.is_some_and(|lifetime| lifetime.class.is_promised()),
        }
    }

    /// The chance that a call finds it alive.
    pub fn chance(&self, traffic: &Traffic) -> Chance {
        match (self.lives, self.shadowed_by, traffic.hit_rate) {
            (Some(lives), Some(shorter), _) => traffic.chance_behind(lives, shorter),
            (Some(lives), None, _) => traffic.chance(lives, self.refreshed_by_use),
            // An unpublished lifetime outlives every pause; a measured hit rate still counts.
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

    /// What is cached of a request with these breakpoints.
    pub fn service(&self, model: &Model, tokens: &RequestTokens) -> Service {
        let live: Vec<&Placed> = self.breakpoints.iter().filter(|placed| !placed.is_dead).collect();
        match model.rules.serving(!live.is_empty()) {
            Some(Serving::Explicit(mechanism)) => marked(mechanism, &live),
            Some(Serving::Implicit { mechanism, beside_explicit }) => unasked(mechanism, tokens, beside_explicit),
            None => Service::none(),
        }
    }
}

impl Service {
    fn none() -> Self {
        Self { kind: ServiceKind::Uncached, spans: Vec::new() }
    }

    /// What a token costs that is read.
    pub fn read_price(&self, rates: &Rates) -> Option<Price> {
        rates.read_price(self.kind == ServiceKind::Unasked { beside_explicit: true })
    }

    /// Tokens that a warm call reads.
    pub fn cached_tokens(&self) -> u64 {
        self.spans.iter().map(|span| span.tokens).sum()
    }
}

/// What is cached with these breakpoints.
fn marked(mechanism: &Mechanism, live: &[&Placed]) -> Service {
    if live.is_empty() {
        return Service::none();
    }
    let mut held_behind: Option<Ttl> = None;
    let mut shadowed_by: Option<Ttl> = None;
    let written = mechanism.billing().spans(0, live, |placed| (placed.tokens, placed.breakpoint.ttl));
    let mut spans: Vec<CachedSpan> = written
        .map(|written| {
            if held_behind.is_some_and(|behind| behind < written.held_for) {
                shadowed_by = held_behind.filter(|_| !mechanism.refreshes_path());
            }
            held_behind = Some(written.held_for);
            let priced_for = Some(written.priced_for);
            CachedSpan::new(written.tokens, priced_for, shadowed_by, Some(mechanism.lifetime(written.held_for)))
        })
        .collect();
    spans.reverse();
    Service { kind: if mechanism.family.is_object() { ServiceKind::Object } else { ServiceKind::Marked }, spans }
}

/// What is cached without being asked.
fn unasked(mechanism: &Mechanism, tokens: &RequestTokens, beside_explicit: bool) -> Service {
    let prefix = tokens.prefix.tokens();
    let read = match &mechanism.family {
        CacheFamily::LongestPrefix(rules) => rules.read(mechanism.minimum, prefix, tokens.total()),
        // The common prefix is a unit of its own once two requests have shown it.
        CacheFamily::PrefixUnits(_) if prefix >= mechanism.minimum => prefix,
        _ => 0,
    };
    if read == 0 {
        return Service::none();
    }
    let span = CachedSpan::new(read, None, None, mechanism.lifetimes.first().copied());
    Service { kind: ServiceKind::Unasked { beside_explicit }, spans: vec![span] }
}
