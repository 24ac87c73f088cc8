//! The declared traffic of a context, sent request by request through the cache simulator.
//!
//! Calls that come at random at a steady rate, as the bill takes them to, lie in a month as so many moments drawn alike
//! and put in order; each is sent to one of the replicas, and a deploy leaves every replica's cache empty.

use super::trace::TraceReport;
use crate::compare::delta::served::{Seen, matches_tokens, requests};
use crate::cost::simulate::{Clock, Horizon, Prompts, RuleBreach, Seconds, Simulator};
use crate::cost::traffic::Traffic;
use crate::syntax::random::SplitMix64;

/// The most requests that are sent; a month that has more is cut short at its beginning.
pub const MOST_REQUESTS: u64 = 1_000_000;

/// The most caches that are simulated side by side.
pub const MOST_REPLICAS: u64 = 10_000;

/// Sends a month of calls, or the first of them, at times drawn with `seed`.
///
/// # Errors
/// Every rule of the provider that the prompt breaks.
pub fn declared(seen: Seen<'_>, traffic: &Traffic, seed: u64) -> Result<TraceReport, Vec<RuleBreach>> {
    let (build, own) = seen;
    let (model, _) = own.priced(build.date);
    let (contents, bodies) = requests(&[seen], matches_tokens);
    let mut prompts = Prompts::new(&model);
    let mut report = TraceReport::new(&model);
    (report.context, report.seed) = (Some(build.id.to_string()), Some(seed));
    let Some(body) = bodies.first() else { return Ok(report) };
    let prompt = prompts.prepare(&contents, body)?;

    // Two numbers a call: its moment and its replica.
    let mut random = SplitMix64::new(seed);
    let (days, a_day) = traffic.days();
    let calls = traffic.live_calls();
    let sent = calls.min(MOST_REQUESTS);
    let month = u128::from(days * a_day) * 1_000_000;
    let active = u64::try_from(month * u128::from(sent) / u128::from(calls.max(1))).unwrap_or(u64::MAX);

    let clock = Clock { horizon: Horizon::Expected, live_at_ttl: false };
    let empty = Simulator::new(&model, clock);
    let replicas = traffic.replicas.clamp(1, MOST_REPLICAS);
    let mut moments: Vec<(u64, u64)> = (0..sent).map(|_| (random.below(active), random.below(replicas))).collect();
    moments.sort_unstable();
    let mut caches = vec![empty.clone(); usize::try_from(replicas).unwrap_or(1)];
    // A month is cut in as many equal parts, and one, as there are deploys.
    let part = |moment: u64| u128::from(moment) * (u128::from(traffic.deploys) + 1) / month.max(1);
    let mut deployed = 0;
    let day = a_day * 1_000_000;
    for (moment, replica) in moments {
        if part(moment) != deployed {
            deployed = part(moment);
            caches.fill(empty.clone());
        }
        let at = Seconds { micros: moment / day * 86_400_000_000 + moment % day };
        if let Some(cache) = usize::try_from(replica).ok().and_then(|replica| caches.get_mut(replica)) {
            report.add(cache.send(&prompt, at, Seconds::default()));
        }
        report.seconds = at.micros / 1_000_000;
    }
    Ok(report)
}
