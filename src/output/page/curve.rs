//! What a call costs at other rates than the declared one: exact points for the page's slider.
//!
//! The page must not compute money a second time, in another language. So the planner and the bill run
//! once for each point, and the slider steps through what they said.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::bill::bill;
use crate::cost::planner::plan;
use crate::cost::planner::words::{call_decimal, month_decimal};
use crate::cost::terms::Terms;
use crate::cost::traffic::Traffic;
use crate::pipeline::Build;
use crate::pipeline::model::{ModelBuild, cache_policy};
use crate::syntax::manifest::{HitRate, Hours};
use crate::syntax::quantity::Share;

/// Calls a month within a factor of ten, evenly apart on a logarithmic scale to the ear of a reader.
const STEPS: [u64; 6] = [100, 150, 200, 300, 500, 700];
/// Factors of ten: from 10 calls a month to 70 million.
const DECADES: std::ops::Range<u32> = 0..7;

/// The cost of one context and model at one rate.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Point {
    /// Calls a month.
    pub calls: u64,
    /// US dollars: a call, deploys and storage shared out among the calls.
    pub expected: Option<String>,
    /// US dollars: a month.
    pub month: Option<String>,
    /// US dollars that caching saves in a month; negative where it costs.
    pub saves: Option<String>,
    /// The chance that a call finds the whole cached prefix, in billionths; null with nothing cached.
    pub hit: Option<u64>,
    /// Where the planner marks the cache at this rate: the segment before it, and the lifetime.
    pub breakpoints: Vec<[String; 2]>,
}

/// The rates of the slider: the same for every context, and the declared one among them.
fn rates(declared: Option<u64>) -> Vec<u64> {
    let mut rates: Vec<u64> =
        DECADES.flat_map(|decade| STEPS.map(|step| step * 10u64.pow(decade) / 10)).chain(declared).collect();
    rates.sort_unstable();
    rates.dedup();
    rates
}

/// The traffic that a manifest declares; without one, calls round the clock and no deploys.
fn traffic(build: &Build) -> Traffic {
    let declared = build.plan.manifest.traffic.as_ref().and_then(Traffic::declared);
    declared.unwrap_or(Traffic {
        calls: 0,
        hours: Hours::Flat,
        hit_rate: HitRate::Auto,
        deploys: 0,
        replicas: 1,
        batch: Share::default(),
    })
}

/// For each model of a build its points, by rising rate.
pub(super) fn curves(build: &Build) -> Vec<Vec<Point>> {
    let declared = build.plan.manifest.traffic.as_ref().and_then(Traffic::declared);
    let rates = rates(declared.map(|traffic| traffic.calls).filter(|calls| *calls > 0));
    build.models.iter().map(|model| points(build, model, &rates)).collect()
}

fn points(build: &Build, model: &ModelBuild, rates: &[u64]) -> Vec<Point> {
    let at = model.card.at(build.date);
    let (rules, batch) = (at.model(&model.choices), at.chosen_batch(&model.choices));
    let declared = traffic(build);
    let point = |calls: &u64| {
        let traffic = Traffic { calls: *calls, ..declared };
        let terms = Terms { model: &rules, batch: batch.as_ref(), traffic: Some(&traffic), tokens: &model.tokens };
        let layout = plan(&build.segments, &model.counts.per_segment, cache_policy(&build.plan.manifest), &terms).value;
        let bill = bill(&layout, &terms);
        let after = |after: usize| build.segments.get(after).map(|segment| segment.id.clone()).unwrap_or_default();
        Point {
            calls: *calls,
            expected: bill.expected.map(call_decimal),
            month: bill.month.map(month_decimal),
            saves: bill.saves.map(month_decimal),
            hit: bill.hit.map(|hit| hit.billionths),
            breakpoints: layout.marks().map(|mark| [after(mark.after), mark.ttl.to_string()]).collect(),
        }
    };
    rates.iter().map(point).collect()
}
