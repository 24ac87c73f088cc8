//! Where the log departs from the forecast, and why.

use std::collections::HashMap;

use super::{Departure, ForecastSum};
use crate::audit::causes::Miss;
use crate::audit::forecast::{Forecast, Verdict};
use crate::audit::requests::{Name, Requests};
use crate::audit::revisions::Revisions;

/// The sums by digest, and every departure in order of time.
pub(super) fn departures(
    requests: &Requests,
    revisions: &Revisions,
    forecasts: &[Forecast],
    misses: &[Miss],
) -> (HashMap<Name, ForecastSum>, Vec<Departure>) {
    let misses: HashMap<usize, &Miss> = misses.iter().map(|miss| (miss.request, miss)).collect();
    let mut in_time: Vec<&Forecast> = forecasts.iter().collect();
    in_time.sort_by_key(|own| requests.all.get(own.request).and_then(|request| request.start()));
    let (mut sums, mut all) = (HashMap::<Name, ForecastSum>::new(), Vec::new());
    for own in in_time {
        let Some(request) = requests.all.get(own.request) else { continue };
        let sum = sums.entry(request.digest).or_default();
        let read = request.read().unwrap_or(0);
        (sum.requests, sum.forecast, sum.read) = (sum.requests + 1, sum.forecast + own.read, sum.read + read);
        match own.verdict {
            Verdict::AsForecast => {
                sum.as_forecast += 1;
                continue;
            }
            Verdict::Less => sum.less += 1,
            Verdict::More => sum.more += 1,
        }
        let moment = request.moment().map(|moment| moment.0.div_euclid(1000));
        let Some(revision) = revisions.get(requests.texts.get(request.digest), moment) else { continue };
        let miss = misses.get(&own.request);
        let departure = Departure {
            at: request.start().map(|at| at.to_string()).unwrap_or_default(),
            session: requests.lineages.get(request.lineage).session.clone(),
            model: requests.terms.get(request.terms).model.clone(),
            context: revision.id.to_string(),
            commit: revision.commit.clone(),
            verdict: own.verdict,
            forecast: own.read,
            low: own.low,
            high: own.high,
            read,
            promised: own.promised,
            cause: miss.map(|miss| miss.cause).filter(|_| own.verdict == Verdict::Less),
            why: why(own, miss.copied()),
        };
        sum.first.get_or_insert_with(|| departure.clone());
        all.push(departure);
    }
    (sums, all)
}

fn why(own: &Forecast, miss: Option<&Miss>) -> String {
    match (own.verdict, miss) {
        (Verdict::More, _) => "requests that are not in this log, or carry no digest, had written it".to_owned(),
        (_, Some(miss)) => miss.note.clone(),
        (_, None) if own.promised => {
            "its prompt was in the cache by the rules, and the log does not explain it: another workspace or key, a clock, \
             or text before the prompt"
                .to_owned()
        }
        (_, None) => "the provider promises nothing of such a cache".to_owned(),
    }
}
