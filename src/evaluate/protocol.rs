//! What is asked and how it is judged, fixed before anybody is asked: a change does not choose its own exam.

use super::scorers::Scorers;
use super::{CaseSet, cases, judge};
use crate::syntax::decode::Spanned;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::{Eval, Gates};
use crate::syntax::quantity::Share;
use crate::syntax::source::Span;
use crate::text::resolve::Plan;

/// The loss of quality that a verdict tolerates where no manifest says another: 5 points.
pub const DEFAULT_MARGIN: Share = Share { millionths: 50_000 };

/// The cases, the scorers and the gates of one context. With a base that evaluates they are those of the base, on both
/// sides.
#[derive(Debug)]
pub struct Protocol {
    /// What every side is asked.
    pub cases: CaseSet,
    /// What the head alone is asked, and is counted apart: cases that the base does not have, or has otherwise.
    pub new: CaseSet,
    /// How answers are scored.
    pub scorers: Scorers,
    /// How answers to the new cases are scored.
    pub new_scorers: Option<Scorers>,
    /// What the result must be.
    pub gates: Option<Gates>,
    /// The largest loss that a verdict tolerates.
    pub margin: Share,
    /// Where the head says what is evaluated; its manifest, where only the base does.
    pub place: Span,
    /// Whether a judge compares the answers.
    pub has_judge: bool,
    /// Whether there is a base and it declares no cases, so that the change brings its own.
    pub is_own: bool,
}

impl Protocol {
    /// The protocol of a context, compared with its base if there is one; `None` after reporting what is wrong.
    pub fn of(head: &Plan, base: Option<&Plan>, faults: &mut Faults) -> Option<Self> {
        let has_cases = |plan: &&Plan| plan.manifest.eval.as_ref().is_some_and(|eval| !eval.cases.0.is_empty());
        let examiner = base.filter(has_cases);
        let own = cases::read(examiner.unwrap_or(head), faults);
        // A change that takes its cases away is asked those of the base.
        let of_head = examiner.and(Some(head)).filter(has_cases).and_then(|head| cases::read(head, faults));
        let set = own?;
        let scorers = Scorers::of(examiner.unwrap_or(head), &set, faults);
        let new = of_head.map(|of_head| set.new_in(&of_head)).unwrap_or_else(|| CaseSet::of(Vec::new()));
        let new_scorers = if new.cases.is_empty() { None } else { Some(Scorers::of(head, &new, faults)?) };
        for other in base.into_iter().chain([head]) {
            faults.extend(cases::misfits(&set, other));
        }
        let gates = examiner.unwrap_or(head).manifest.eval.as_ref().and_then(|eval: &Eval| eval.gates.clone());
        let has_judge = judge::declared(head, base).is_some();
        if let Some(gate) = gates.as_ref().and_then(|gates| gates.judge.as_ref().map(|gate| (gates, gate))) {
            bad_judge_gate(gate, has_judge).into_iter().for_each(|fault| faults.push(fault));
        }
        let shares = gates
            .iter()
            .flat_map(|gates| [("pass", &gates.pass), ("regression", &gates.regression), ("judge", &gates.judge)]);
        let shares = shares.filter_map(|(name, share)| Some((name, share.as_ref()?)));
        for (name, share) in shares.filter(|(_, share)| share.value.millionths > 1_000_000) {
            let message = format!("the gate `{name}` is a share of the cases, at most 100%");
            faults.push(Diagnostic::error("bad-gate", message).at(&share.span));
        }
        let margin = gates.as_ref().and_then(|gates| gates.regression.as_ref()).map(|margin| margin.value);
        let is_own = base.is_some() && examiner.is_none();
        let margin = margin.unwrap_or(DEFAULT_MARGIN);
        (!faults.has_errors()).then_some(())?;
        let manifest = &head.manifest;
        let place = manifest.eval.as_ref().map_or(&manifest.span, |eval| &eval.span).clone();
        Some(Self { place, cases: set, new, scorers: scorers?, new_scorers, gates, margin, has_judge, is_own })
    }
}

/// What is wrong with a gate that a judge decides: a model is no proof by itself, so another gate must be able to fail.
fn bad_judge_gate((gates, gate): (&Gates, &Spanned<Share>), has_judge: bool) -> Option<Diagnostic> {
    let can_fail = gates.pass.as_ref().is_some_and(|pass| pass.value.millionths > 0)
        || gates.regression.as_ref().is_some_and(|loss| loss.value.millionths < 1_000_000);
    let (message, hint) = match (has_judge, can_fail) {
        (false, _) => ("the gate `judge` has no judge", "name one: `judge: {context: …, labels: …}` beside `gates`"),
        (true, false) => (
            "`judge` is the only gate that can fail quality, and a model's opinion is no proof",
            "hold what can be checked beside it: `pass` or `regression`",
        ),
        (true, true) => return None,
    };
    Some(Diagnostic::error("bad-gate", message).at(&gate.span).hint(hint))
}
