//! The breakpoints that the manifest asks for, held against the provider's rules.

use super::words::grouped;
use crate::cost::rules::{CacheFamily, Mechanism};
use crate::cost::simulate::Rule;
use crate::prompt::segment::{Segment, Tier, prefix_len};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// A breakpoint that the manifest asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestedMark {
    /// The segment before it.
    pub(super) after: usize,
    /// The TTL that it gets.
    pub(super) ttl: Ttl,
    /// Whether nothing will ever be written at it.
    pub(super) is_dead: bool,
}

/// How many breakpoints of one request count.
pub(super) fn limit(mechanism: &Mechanism) -> usize {
    match &mechanism.family {
        CacheFamily::BlockBoundary(rules) => rules.breakpoints as usize,
        CacheFamily::BreakpointOnly(rules) => rules.slots as usize,
        CacheFamily::WholeObject(_) => 1,
        CacheFamily::LongestPrefix(_) | CacheFamily::PrefixUnits(_) => 0,
    }
}

/// Why a breakpoint cannot stand after a segment of the prefix, if it cannot.
pub(super) fn refusal(mechanism: &Mechanism, segments: &[Segment], after: usize) -> Option<&'static str> {
    let behind = segments.get(after + 1..).unwrap_or_default();
    let is_message = |segment: &Segment| segment.tier == Tier::Messages;
    match &mechanism.family {
        CacheFamily::BreakpointOnly(_) if segments[after].tier == Tier::Tools => Some("this provider marks no tools"),
        CacheFamily::WholeObject(_) if !behind.iter().all(is_message) => {
            Some("a cached object has to hold all of tools and system")
        }
        CacheFamily::WholeObject(_) if behind.is_empty() && segments.iter().any(is_message) => {
            Some("a request needs a turn of its own beside its cached object")
        }
        CacheFamily::LongestPrefix(_) | CacheFamily::PrefixUnits(_) => {
            Some("this provider places no breakpoints on request")
        }
        _ => None,
    }
}

/// The manifest's breakpoints in order, and whether the provider would take them. `tokens` are those
/// before the end of each segment of the prefix.
///
/// What the provider would refuse is an error that names its rule; what it would ignore, a warning.
pub(super) fn asked(
    segments: &[Segment],
    tokens: &[u64],
    wish: Option<Ttl>,
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) -> (Vec<RequestedMark>, bool) {
    let prefix = prefix_len(segments);
    let mut found: Vec<RequestedMark> = Vec::new();
    for (after, segment) in segments.iter().enumerate() {
        let wished = match segment.mark {
            Mark::Free | Mark::Never => continue,
            Mark::Here => wish,
            Mark::For(ttl) => Some(ttl),
        };
        let mut dead = |reason: String, hint: &str| {
            let message = format!("the breakpoint after `{}` is dead: {reason}", segment.id);
            let warning = Diagnostic::warning("dead-breakpoint", message).at(&segment.origin.block);
            faults.push(warning.hint(hint).for_model(model));
        };
        if after >= prefix {
            dead(
                "it stands behind an input, so nothing that it marks is ever read again".to_owned(),
                "move the input behind it, or remove `cache`",
            );
            continue;
        }
        if let Some(reason) = refusal(mechanism, segments, after) {
            dead(reason.to_owned(), "set `cache` on another block, or leave it to the planner");
            continue;
        }
        let default = mechanism.lifetimes.first().map(|lifetime| lifetime.ttl);
        let Some(ttl) = wished.and_then(|wished| mechanism.granted(wished)).or(default) else { continue };
        if let Some(wished) = wished.filter(|wished| *wished != ttl) {
            faults.push(rounded(wished, ttl, segment, model));
        }
        found.push(RequestedMark { after, ttl, is_dead: false });
    }
    if let CacheFamily::WholeObject(_) = mechanism.family {
        // One object holds everything before the last mark, so the earlier ones are held too.
        found = found.last().copied().into_iter().collect();
    }
    let is_legal = check(segments, &found, mechanism, model, faults);
    bury(segments, tokens, &mut found, mechanism, model, faults);
    (found, is_legal)
}

/// The note that a TTL is not to be had.
pub(super) fn rounded(wished: Ttl, granted: Ttl, segment: &Segment, model: &str) -> Diagnostic {
    let message = format!("{model} keeps no entry for {wished}; {granted} is used");
    Diagnostic::note("ttl-rounded", message).at(&segment.origin.block).for_model(model)
}

/// Rule R2: how many, and in which order.
fn check(
    segments: &[Segment],
    found: &[RequestedMark],
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) -> bool {
    let CacheFamily::BlockBoundary(rules) = &mechanism.family else { return true };
    let mut broken: Vec<(usize, Rule)> = Vec::new();
    if let Some(extra) = found.get(rules.breakpoints as usize) {
        broken.push((extra.after, Rule::Breakpoints { limit: rules.breakpoints, found: found.len() }));
    }
    for pair in found.windows(2).filter(|_| rules.longer_ttl_first) {
        if let [earlier, later] = pair
            && later.ttl > earlier.ttl
        {
            broken.push((later.after, Rule::TtlOrder { later: later.ttl, earlier: earlier.ttl }));
        }
    }
    for (after, rule) in &broken {
        let error = Diagnostic::error(rule.code(), rule.to_string()).at(&segments[*after].origin.block);
        faults.push(error.hint(rule.cure()).for_model(model));
    }
    broken.is_empty()
}

/// Finds the breakpoints at which nothing is written: too few tokens, or no slot (rules R3 and R12).
fn bury(
    segments: &[Segment],
    tokens: &[u64],
    found: &mut [RequestedMark],
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) {
    let per_breakpoint = matches!(&mechanism.family, CacheFamily::BlockBoundary(rules) if rules.minimum_per_breakpoint);
    let slots = match &mechanism.family {
        CacheFamily::BreakpointOnly(rules) => rules.slots as usize,
        _ => usize::MAX,
    };
    let unslotted = found.len().saturating_sub(slots);
    for (number, asked) in found.iter_mut().enumerate() {
        let minimum = mechanism.minimum.saturating_mul(if per_breakpoint { number as u64 + 1 } else { 1 });
        let before = tokens.get(asked.after).copied().unwrap_or(0);
        let (reason, hint) = if before < minimum {
            let reason =
                format!("{} tokens stand before it, and {model} caches from {} on", grouped(before), grouped(minimum));
            (reason, "move it behind more text, or remove `cache`")
        } else if number < unslotted {
            let reason = format!("a request writes its last {slots} breakpoints, and there are {slots} behind it");
            (reason, "remove `cache` from the blocks where it saves least")
        } else {
            continue;
        };
        asked.is_dead = true;
        let segment = &segments[asked.after];
        let message = format!("the breakpoint after `{}` is dead: {reason}", segment.id);
        let warning = Diagnostic::warning("dead-breakpoint", message).at(&segment.origin.block);
        faults.push(warning.hint(hint).for_model(model));
    }
}
