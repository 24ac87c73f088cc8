//! The breakpoints that the manifest asks for, checked against the provider's rules.

use super::words::{counted, grouped};
use crate::cost::rules::{BreakpointOnly, CacheFamily, Mechanism, Mode, Model};
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

/// Why a breakpoint cannot follow a segment of the prefix, if it cannot.
pub(super) fn obstacle(mechanism: &Mechanism, segments: &[Segment], after: usize) -> Option<&'static str> {
    let behind = segments.get(after + 1..).unwrap_or_default();
    let is_message = |segment: &Segment| segment.tier == Tier::Messages;
    match &mechanism.family {
        CacheFamily::BreakpointOnly(_) if !BreakpointOnly::may_mark(segments[after].tier) => {
            Some("this provider marks no tools")
        }
        CacheFamily::BlockBoundary(rules) if rules.no_tools && segments[after].tier == Tier::Tools => {
            Some("this provider marks no tools")
        }
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
/// before the end of each segment of the prefix; `default` is the TTL of breakpoints that name none.
///
/// What the provider would refuse is an error that names its rule; what it would ignore, a warning.
pub(super) fn requested(
    segments: &[Segment],
    tokens: &[u64],
    default: Option<Ttl>,
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) -> (Vec<RequestedMark>, bool) {
    let prefix = prefix_len(segments);
    let mut found: Vec<RequestedMark> = Vec::new();
    for (after, segment) in segments.iter().enumerate() {
        let wanted = match segment.mark {
            Mark::Free | Mark::Never => continue,
            Mark::Here => default,
            Mark::For(ttl) => Some(ttl),
        };
        if after >= prefix {
            let reason = "it stands behind an input, so nothing that it marks is ever read again";
            faults.push(dead(segment, model, reason, "move the input behind it, or remove `cache`"));
        } else if let Some(reason) = obstacle(mechanism, segments, after) {
            faults.push(dead(segment, model, reason, "set `cache` on another block, or leave it to the planner"));
        } else if let Some(ttl) = mechanism.ttl(wanted) {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != ttl) {
                faults.push(rounded(wanted, ttl, segment, model));
            }
            found.push(RequestedMark { after, ttl, is_dead: false });
        }
    }
    if mechanism.family.is_object() {
        // One object holds everything before the last mark, the earlier ones included (R14).
        found = found.last().copied().into_iter().collect();
    }
    let is_legal = check(segments, &found, mechanism, model, faults);
    find_dead(segments, tokens, &mut found, mechanism, model, faults);
    (found, is_legal)
}

/// Says of a model that takes no marks that it leaves those of the manifest out: a warning where nothing is cached at
/// all, a note where it caches unasked, which is a warning once no model of the context takes them.
pub(super) fn not_taken(segments: &[Segment], model: &Model, faults: &mut Faults) {
    let marked: Vec<&Segment> =
        segments.iter().filter(|segment| matches!(segment.mark, Mark::Here | Mark::For(_))).collect();
    let Some(first) = marked.first() else { return };
    let marks = counted(marked.len() as u64, "breakpoint");
    let (name, unasked) = (&model.name, model.rules.implicit.is_some());
    let said = if unasked {
        let message = format!("{name} takes no marks, so nothing comes of {marks} in the manifest: it caches unasked");
        Diagnostic::note("dead-breakpoint", message)
    } else {
        let message = format!("{name} takes no marks, so nothing comes of {marks} in the manifest: nothing is cached");
        Diagnostic::warning("dead-breakpoint", message).hint("take a model that caches, or remove `cache`")
    };
    faults.push(said.at(&first.origin.block).for_model(name));
}

/// The warning that nothing is ever written at a breakpoint.
fn dead(segment: &Segment, model: &str, reason: &str, hint: &str) -> Diagnostic {
    let message = format!("the breakpoint after `{}` is dead: {reason}", segment.id);
    Diagnostic::warning("dead-breakpoint", message).at(&segment.origin.block).hint(hint).for_model(model)
}

/// The note that the model lacks a TTL. `short-ttl` is a warning once no model of the context has it.
pub(super) fn rounded(wanted: Ttl, granted: Ttl, segment: &Segment, model: &str) -> Diagnostic {
    let message = format!("{model} keeps no entry for {wanted}; {granted} is used");
    Diagnostic::note(if granted < wanted { "short-ttl" } else { "ttl-rounded" }, message)
        .at(&segment.origin.block)
        .for_model(model)
}

/// Reports the breakpoints that the provider refuses; true where there are none.
fn check(
    segments: &[Segment],
    found: &[RequestedMark],
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) -> bool {
    let CacheFamily::BlockBoundary(rules) = &mechanism.family else { return true };
    let ttls: Vec<Ttl> = found.iter().map(|mark| mark.ttl).collect();
    let refusals = rules.refusals(&ttls);
    for (number, refusal) in &refusals {
        let place = &segments[found[*number].after].origin.block;
        let error = Diagnostic::error(refusal.code(), refusal.to_string()).at(place);
        faults.push(error.hint(refusal.cure()).for_model(model));
    }
    refusals.is_empty()
}

/// Finds the breakpoints at which nothing is written: too few tokens, or no slot (R3, R12).
fn find_dead(
    segments: &[Segment],
    tokens: &[u64],
    found: &mut [RequestedMark],
    mechanism: &Mechanism,
    model: &str,
    faults: &mut Faults,
) {
    let slots = match &mechanism.family {
        CacheFamily::BreakpointOnly(rules) => rules.explicit_slots(Mode::Explicit),
        _ => usize::MAX,
    };
    let without_slot = found.len().saturating_sub(slots);
    for (number, mark) in found.iter_mut().enumerate() {
        let minimum = mechanism.minimum_before(number + 1);
        let before = tokens.get(mark.after).copied().unwrap_or(0);
        let (reason, hint) = if before < minimum {
            let (before, minimum) = (grouped(before), grouped(minimum));
            let reason = format!("{before} tokens stand before it, and {model} caches from {minimum} on");
            (reason, "move it behind more text, or remove `cache`")
        } else if number < without_slot {
            let reason = format!("a request writes its last {slots} breakpoints, and there are {slots} behind it");
            (reason, "remove `cache` from the blocks where it saves least")
        } else {
            continue;
        };
        mark.is_dead = true;
        faults.push(dead(&segments[mark.after], model, &reason, hint));
    }
}
