//! The reads that a log says, held against what the simulator forecasts for the same requests at the same times.
//!
//! A timeline is all requests on one model whose digests the project knows, in order of time: each is sent to the one
//! simulator as the build of its digest writes it. What a log's other requests left in the same cache is not in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::money::Pricer;
use super::requests::{Name, Request, Requests};
use super::revisions::{Revision, Revisions};
use crate::compare::delta::served::{Seen, matches_tokens, requests as sent_as};
use crate::cost::cards::{Card, day_of};
use crate::cost::simulate::{Clock, Horizon, Prepared, Prompts, Seconds, Simulator};
use crate::pipeline::model::ModelBuild;
use crate::syntax::decode::names;

names! {
    /// What a request read, by its forecast.
    pub enum Verdict {
        /// As much as was forecast, within what its counts leave open.
        AsForecast = "as_forecast",
        /// Less.
        Less = "less",
        /// More.
        More = "more",
    }
}

/// The forecast of one request.
#[derive(Debug, Clone, Copy)]
pub struct Forecast {
    /// The request, by its place.
    pub request: usize,
    /// What it should have read.
    pub read: u64,
    /// The least of that, by the band of its counts.
    pub low: u64,
    /// The most.
    pub high: u64,
    /// Whether the provider promises it.
    pub promised: bool,
    /// How what it did read compares.
    pub verdict: Verdict,
}

/// Why some requests that carry a digest have no forecast, and how many.
pub type Without = BTreeMap<&'static str, u64>;

/// What can be sent again of a log.
struct Sent<'a> {
    place: usize,
    request: Request,
    start: i64,
    read: u64,
    model: (&'a Revision, &'a ModelBuild),
}

/// The forecast of every request that has one, by its place, and why others have none.
pub fn forecasts(requests: &Requests, revisions: &Revisions, pricer: &mut Pricer<'_>) -> (Vec<Forecast>, Without) {
    let mut timelines: BTreeMap<Arc<str>, (Arc<Card>, Vec<Sent<'_>>)> = BTreeMap::new();
    let (mut found, mut without) = (Vec::new(), Without::new());
    for (place, request) in requests.all.iter().copied().enumerate().filter(|(_, own)| own.digest != 0) {
        let moment = request.moment().map(|moment| moment.0.div_euclid(1000));
        // A digest of another project is counted elsewhere.
        let Some(revision) = revisions.get(requests.texts.get(request.digest), moment) else { continue };
        let card = pricer.model(requests, request).map(|priced| priced.card.clone());
        match sent(place, request, revision, card) {
            Ok((card, sent)) => timelines.entry(card.name.clone()).or_insert_with(|| (card, Vec::new())).1.push(sent),
            Err(why) => *without.entry(why).or_insert(0) += 1,
        }
    }
    for (card, mut timeline) in timelines.into_values() {
        timeline.sort_by_key(|sent| (sent.start, sent.request.first_token()));
        replay(requests, &card, &timeline, &mut found, &mut without);
    }
    found.sort_by_key(|forecast| forecast.request);
    (found, without)
}

fn sent(
    place: usize,
    request: Request,
    revision: &Revision,
    card: Option<Arc<Card>>,
) -> Result<(Arc<Card>, Sent<'_>), &'static str> {
    let start = request.start().ok_or("the forecast: the log says no time")?.0;
    let read = request.read().ok_or("the forecast: the log does not say what was read")?;
    let card = card.ok_or("the forecast: there is no card for the model")?;
    let build = revision.build.as_ref().ok_or("the forecast: the context cannot be built of its commit")?;
    let own = build.models.iter().find(|own| own.card.name == card.name);
    let model = (revision, own.ok_or("the forecast: at that commit, the context is not built for the model")?);
    Ok((card, Sent { place, request, start, read, model }))
}

/// Sends the requests on one model in order of time.
fn replay(requests: &Requests, card: &Card, timeline: &[Sent<'_>], found: &mut Vec<Forecast>, without: &mut Without) {
    let Some(first) = timeline.first() else { return };
    let rules = card.at(day_of(first.start.div_euclid(1000))).model(&first.model.1.choices);
    // Each revision once, by the digest of its text.
    let (mut builds, mut numbers) = (Vec::<Seen<'_>>::new(), HashMap::<&str, usize>::new());
    for Sent { model: (revision, model), .. } in timeline {
        numbers.entry(&revision.full).or_insert_with(|| {
            builds.extend(revision.build.as_deref().map(|build| (build, *model)));
            builds.len() - 1
        });
    }
    let (contents, prompts_of) = sent_as(&builds, matches_tokens);
    let mut prompts = Prompts::new(&rules);
    let mut simulator = Simulator::new(&rules, Clock { horizon: Horizon::Expected, live_at_ttl: false });
    let mut prepared: HashMap<(usize, Name, Option<u64>), Option<Prepared>> = HashMap::new();
    for Sent { place, request, start, read, model: (revision, model) } in timeline {
        let number = numbers.get(&*revision.full).copied().unwrap_or_default();
        let Some(body) = prompts_of.get(number) else { continue };
        let prefix: u64 = body.blocks.iter().map(|block| contents.tokens(block.content)).sum();
        let prompt = prepared.entry((number, request.key, request.input())).or_insert_with(|| {
            let key = (request.key != 0).then(|| Arc::from(requests.texts.get(request.key).as_str()));
            // What follows the prompt is as long as the log says.
            let fresh = request.input().map_or(body.fresh, |input| input.saturating_sub(prefix));
            prompts.prepare(&contents, &crate::cost::simulate::Request { key, fresh, ..body.clone() }).ok()
        });
        let Some(prompt) = prompt else {
            *without.entry("the forecast: the provider would refuse how the prompt is marked").or_insert(0) += 1;
            continue;
        };
        let since = |moment: i64| Seconds { micros: u64::try_from(moment - first.start).unwrap_or(0) * 1000 };
        let answer = request.first_token().map_or(*start, |token| token.0);
        let begins = Seconds { micros: since(answer).micros.saturating_sub(since(*start).micros) };
        let forecast = simulator.send(prompt, since(*start), begins).read;
        let (low, high) = model.tokens.prefix.part(forecast).band();
        // What a vendor puts around the text may be read with it.
        let high = if forecast == 0 { 0 } else { high.saturating_add(model.tokens.framing.band().1) };
        // Who read more than the prompt holds read turns of a conversation behind it too.
        let goes_on = forecast > 0 && *read > model.tokens.prefix.band().1;
        let verdict = match *read {
            read if read < low => Verdict::Less,
            read if read > high && !goes_on => Verdict::More,
            _ => Verdict::AsForecast,
        };
        let promised = prompt.is_guaranteed();
        found.push(Forecast { request: *place, read: forecast, low, high, promised, verdict });
    }
}
