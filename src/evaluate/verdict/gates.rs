//! Gates: what the result of a run must be.

use super::{Comparison, Decimal, Gate, GateStatus, Judgement, ScoredRun, Verdict, margin_real};
use crate::evaluate::statistics::{lower_bound, upper_bound};
use crate::syntax::manifest::{Gates, OpenGate};

/// The gates of one run.
pub(super) fn of(
    at: usize,
    scored_run: &ScoredRun,
    gates: &Gates,
    (compared, judgement): (Option<&Comparison>, Option<&Judgement>),
    has_base: bool,
) -> Vec<Gate> {
    let fails_open = gates.open == Some(OpenGate::Fail);
    let gate = |name, limit, actual, status| Gate { run: at, name, limit, actual, status, why: None, fails_open };
    let (run, mut found) = (&scored_run.run, Vec::new());
    if let Some(limit) = &gates.pass {
        let (right, wrong, undecided) = scored_run.scored.tally();
        let (least, all) = (margin_real(limit.value), right + wrong + undecided);
        // What is not known counts against either answer.
        let status = match () {
            () if right + wrong == 0 => GateStatus::Unknown,
            () if lower_bound(right, all) >= least => GateStatus::Met,
            () if upper_bound(right + undecided, all) < least => GateStatus::Missed,
            () => GateStatus::Open,
        };
        let actual = Decimal::ratio(right, right + wrong).map(|share| share.to_string());
        found.push(gate("pass", Decimal(least).to_string(), actual, status));
    }
    // Nobody judges what sends the same requests.
    let same = compared.filter(|own| own.same_requests);
    let trusted = judgement.filter(|own| own.trusted).map(|own| &own.comparison).or(same);
    let judged = judgement.map(|own| &own.comparison).or(same);
    let losses = [("regression", &gates.regression, compared, compared), ("judge", &gates.judge, judged, trusted)];
    for (name, limit, said, counts) in losses {
        let Some(limit) = limit.as_ref().map(|limit| Decimal(margin_real(limit.value))) else { continue };
        let status = |comparison: &Comparison| match comparison.verdict {
            Verdict::NotMeasured => GateStatus::Unknown,
            Verdict::Worse if -comparison.difference.0 > limit.0 => GateStatus::Missed,
            _ if comparison.interval[0].0 < -limit.0 => GateStatus::Open,
            _ => GateStatus::Met,
        };
        // Without a base there is nothing to lose; with one that gave no comparison it is not known, nor is it with a judge
        // that is not to be trusted.
        if let Some(status) = counts.map(status).or(has_base.then_some(GateStatus::Unknown)) {
            let loss = said.map(|comparison| Decimal(-comparison.difference.0).to_string());
            let why = said.filter(|_| counts.is_none()).map(|_| "the judge is not trusted");
            found.push(Gate { why, ..gate(name, limit.to_string(), loss, status) });
        }
    }
    if let Some(limit) = &gates.cost_per_call {
        let calls = i128::try_from(scored_run.scored.answered().count()).unwrap_or(i128::MAX);
        let mean = scored_run.mean_call();
        let status = match (run.usd.filter(|_| mean.is_some()), limit.value.times(calls)) {
            (Some(paid), Some(most)) if paid <= most => GateStatus::Met,
            (Some(_), Some(_)) => GateStatus::Missed,
            _ => GateStatus::Unknown,
        };
        let mean = mean.map(|mean| mean.rounded(9).trim_end_matches('0').trim_end_matches('.').to_owned());
        found.push(gate("cost_per_call", limit.value.exact(), mean, status));
    }
    if let Some(limit) = &gates.latency_p95 {
        let p95 = run.latency_ms.p95;
        let status = p95.map(|p95| if p95 <= limit.value.ms { GateStatus::Met } else { GateStatus::Missed });
        let actual = p95.map(|p95| p95.to_string());
        found.push(gate("latency_p95", limit.value.ms.to_string(), actual, status.unwrap_or(GateStatus::Unknown)));
    }
    // Without a revision of the base nobody knows whose the answers are; `unseen` says so.
    if let Some(recorded) = run.recorded.filter(|_| gates.recorded.is_some()) {
        let recorded = recorded + judgement.and_then(|own| own.recorded).unwrap_or_default();
        let status = if recorded == 0 { GateStatus::Met } else { GateStatus::Missed };
        found.push(gate("recorded", "0".to_owned(), Some(recorded.to_string()), status));
    }
    found
}

/// The gates that nothing was held against, for want of a comparison or of a revision of the base.
pub fn unseen(gates: &Gates, has_comparison: bool, has_revision: bool) -> impl Iterator<Item = &'static str> {
    let all = [
        ("judge", gates.judge.is_some(), has_comparison),
        ("recorded", gates.recorded.is_some(), has_revision),
        ("regression", gates.regression.is_some(), has_comparison),
    ];
    all.into_iter().filter(|(_, is_set, is_held)| *is_set && !is_held).map(|(name, ..)| name)
}
