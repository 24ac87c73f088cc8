//! Where a provider's cache is marked: the breakpoints of one context for one model.
//!
//! Breakpoints written in the manifest are held against the provider's rules here. Each that is
//! placed says why it stands where it does.

use crate::blocks::Breakpoint;
use crate::cost::rules::{CacheRules, Family, Mechanism};
use crate::diag::{Diagnostic, Faults};
use crate::segment::{Mark, Segment, Ttl, prefix_len};

/// A breakpoint and its reason.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where, and for how long.
    pub breakpoint: Breakpoint,
    /// Why it stands there, in words.
    pub why: String,
}

/// Places the breakpoints that the manifest asks for. `wanted` is the context's own TTL, for marks
/// that name none.
///
/// A TTL that the model lacks becomes its next shorter one, else its shortest, with a note. What the
/// provider would refuse is an error that names its rule.
pub fn place(
    segments: &[Segment],
    rules: &CacheRules,
    wanted: Option<Ttl>,
    model: &str,
    faults: &mut Faults,
) -> Vec<Placed> {
    let prefix_end = prefix_len(segments);
    let Some(mechanism) = &rules.explicit else { return Vec::new() };
    let mut placed: Vec<Placed> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let asked = match segment.mark {
            Mark::Free | Mark::Never => continue,
            Mark::Here => wanted.or(mechanism.lifetimes.first().map(|lifetime| lifetime.ttl)),
            Mark::For(ttl) => Some(ttl),
        };
        if index >= prefix_end {
            let fault = Diagnostic::warning(
                "dead-breakpoint",
                format!(
                    "the breakpoint after `{}` stands behind an input, so nothing it marks is ever read again",
                    segment.id
                ),
            );
            faults.push(
                fault.at(&segment.origin.block).hint("move the input behind it, or remove `cache`").for_model(model),
            );
            continue;
        }
        let Some((ttl, rounded)) = asked.and_then(|asked| offered(mechanism, asked)) else { continue };
        if rounded && let Some(asked) = asked {
            let note = Diagnostic::note("ttl-rounded", format!("a lifetime of {asked} is not offered; {ttl} is used"));
            faults.push(note.at(&segment.origin.block).for_model(model));
        }
        placed.push(Placed { breakpoint: Breakpoint { after: index, ttl }, why: "written in the manifest".to_owned() });
    }
    check(segments, mechanism, &placed, model, faults);
    placed
}

/// The lifetime that a model offers for the one asked, and whether it is another.
fn offered(mechanism: &Mechanism, asked: Ttl) -> Option<(Ttl, bool)> {
    let offered = mechanism.lifetimes.iter().map(|lifetime| lifetime.ttl);
    let ttl = offered.clone().filter(|ttl| *ttl <= asked).max().or_else(|| offered.min())?;
    Some((ttl, ttl != asked))
}

/// What a provider refuses.
fn check(segments: &[Segment], mechanism: &Mechanism, placed: &[Placed], model: &str, faults: &mut Faults) {
    let Family::BlockBoundary(rules) = &mechanism.family else { return };
    let limit = rules.breakpoints as usize;
    if let Some(extra) = placed.get(limit) {
        let segment = &segments[extra.breakpoint.after];
        let message = format!(
            "this is breakpoint {} of {}; the provider takes {limit} and answers 400 to one more",
            limit + 1,
            placed.len()
        );
        faults.push(
            Diagnostic::error("too-many-breakpoints", message)
                .at(&segment.origin.block)
                .hint("remove `cache` from a block")
                .for_model(model),
        );
    }
    for pair in placed.windows(2).filter(|_| rules.longer_ttl_first) {
        let (before, after) = (pair[0].breakpoint, pair[1].breakpoint);
        if after.ttl > before.ttl {
            let segment = &segments[after.after];
            let message = format!(
                "a breakpoint of {} stands after one of {}; the provider wants longer lifetimes first",
                after.ttl, before.ttl
            );
            let hint = format!("give the earlier block `cache: {}`, or this one `cache: {}`", after.ttl, before.ttl);
            faults.push(Diagnostic::error("ttl-order", message).at(&segment.origin.block).hint(hint).for_model(model));
        }
    }
}
