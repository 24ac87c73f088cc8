//! What an audit says: sums, misses, what other lifetimes would have cost, and everything that it could not know.

mod departures;
mod rows;
mod timeline;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::causes::{self, Cause, Flows, Miss};
use super::forecast::{self, Forecast};
use super::money::{Cost, Pricer, Unpriced};
use super::record::Millis;
use super::requests::{Request, Requests};
use super::revisions::Revisions;
use super::ttl::{self, Range};
use super::{Question, Reading};
use crate::cost::cards::{Caveat, day_of};
use crate::syntax::quantity::{Ttl, Usd};
pub use rows::{
    Advice, Amount, CauseSum, ContextSum, DaySum, Departure, ForecastSum, FormatSum, LeftOutRow, MissRow, ModelSum,
    Paid, SessionSum, Totals, Unknown, WhatIf,
};
pub use timeline::{Lane, Part, Timeline};

/// The most sessions that have a lane of the timeline.
const MOST_LANES: usize = 8;

/// What `audit --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Audit {
    /// `contexture.audit/1`.
    pub schema: &'static str,
    /// What counts as a request, and how its figures are read.
    pub reading: String,
    /// The formats that were found.
    pub formats: Vec<FormatSum>,
    /// How many logs were read.
    pub logs: u64,
    /// How many requests.
    pub requests: u64,
    /// How many of all requests have the session, time and figures that a cause can be named by.
    pub judged: u64,
    /// When the first was sent; null where no request has a time.
    pub from: Option<String>,
    /// When the last was sent.
    pub to: Option<String>,
    /// All requests together.
    pub totals: Totals,
    /// By model, the dearest first.
    pub models: Vec<ModelSum>,
    /// By day in UTC.
    pub days: Vec<DaySum>,
    /// By session and agent, the dearest first.
    pub sessions: Vec<SessionSum>,
    /// By the digest that requests carry, the dearest first.
    pub contexts: Vec<ContextSum>,
    /// By cause, what could have been avoided; the dearest first.
    pub causes: Vec<CauseSum>,
    /// Each miss, the dearest first.
    pub misses: Vec<MissRow>,
    /// Requests whose digest is known and that did not read what the simulator forecasts, in order of time.
    pub departures: Vec<Departure>,
    /// What the same requests would have cost with another lifetime, or without any cache.
    pub what_if: Vec<WhatIf>,
    /// Changes that would have saved money, the most first.
    pub advice: Vec<Advice>,
    /// Reads, writes and misses over time.
    pub timeline: Timeline,
    /// What is not known, and of how many requests.
    pub unknown: Vec<Unknown>,
    /// What was in the logs and is in no sum.
    pub left_out: Vec<LeftOutRow>,
}

/// Sums over requests.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    requests: u64,
    cost: Cost,
    unpriced: u64,
}

impl Sum {
    fn add(&mut self, cost: Result<Cost, Unpriced>) {
        self.requests += 1;
        match cost {
            Ok(cost) => self.cost += cost,
            Err(_) => self.unpriced += 1,
        }
    }

    fn paid(&self) -> Paid {
        let amount = Amount::from(self.cost);
        let usd = amount.usd.filter(|_| self.unpriced < self.requests);
        Paid { amount: Amount { usd, ..amount }, unpriced: self.unpriced }
    }
}

/// What is unknown, counted.
#[derive(Default)]
struct Unknowns(BTreeMap<String, u64>);

impl Unknowns {
    fn add(&mut self, holds: bool, what: &str) {
        if holds {
            match self.0.get_mut(what) {
                Some(count) => *count += 1,
                None => _ = self.0.insert(what.to_owned(), 1),
            }
        }
    }
}

impl Audit {
    /// Answers a question about what was read.
    pub fn new(reading: &Reading, question: &Question<'_>) -> Self {
        let requests = &reading.requests;
        let mut pricer = Pricer::new(question.cards, question.today);
        let counts = |place: usize| {
            let Some(request) = requests.all.get(place) else { return false };
            let is_late = |since: Millis| request.start().is_some_and(|start| start >= since);
            let digest = requests.texts.get(request.digest);
            let is_of = |wanted: &String| {
                let revision = question.revisions.get(digest, None);
                revision.is_some_and(|own| own.id.to_string() == *wanted || own.id.name == *wanted)
            };
            question.since.is_none_or(is_late) && question.context.as_ref().is_none_or(is_of)
        };
        let counted: Vec<u32> = (0u32..).take(requests.all.len()).filter(|place| counts(*place as usize)).collect();
        let each = || counted.iter().filter_map(|place| requests.all.get(*place as usize).copied());
        let mut unknown = Unknowns::default();
        let (mut totals, mut total_cost) = (Totals::default(), Cost::default());
        let (mut models, mut days) = (BTreeMap::<&str, Sum>::new(), BTreeMap::<String, Sum>::new());
        let (mut sessions, mut digests) = (BTreeMap::<u32, Sum>::new(), BTreeMap::<u32, Sum>::new());
        for request in each() {
            let cost = pricer.cost(requests, request);
            let terms = requests.terms.get(request.terms);
            models.entry(&terms.model).or_default().add(cost);
            if let Some(start) = request.moment() {
                days.entry(day_of(start.0.div_euclid(1000)).to_string()).or_default().add(cost);
            }
            sessions.entry(request.lineage).or_default().add(cost);
            if request.digest != 0 {
                digests.entry(request.digest).or_default().add(cost);
            }
            totals.count(request);
            match cost {
                Ok(cost) => {
                    let priced = pricer.model(requests, request);
                    if let Some(hours) = priced.as_ref().and_then(|priced| priced.off_peak.as_ref()) {
                        let model = &terms.model;
                        unknown.add(
                            true,
                            &format!("the price of {model} at off-peak hours ({hours}): the peak's is taken"),
                        );
                    }
                    let none = priced.and_then(|priced| priced.without_cache(request));
                    totals.priced += 1;
                    total_cost += cost;
                    totals.without_cache = totals.without_cache + none.unwrap_or(cost.high);
                }
                Err(why) => unknown.price(why, &terms.model),
            }
            unknown.of(requests, request);
            let digest = requests.texts.get(request.digest);
            let is_foreign = request.digest != 0 && question.revisions.get(digest, None).is_none();
            unknown.add(is_foreign, "the context: no commit of this project has the digest");
        }
        totals.paid = total_cost.into();
        if totals.priced == 0 {
            totals.paid.usd = None;
        }
        let saved = Cost { low: totals.without_cache - total_cost.high, high: totals.without_cache - total_cost.low };
        totals.saved = saved.into();
        for Caveat { message, .. } in pricer.cards().flat_map(|card| &card.caveats) {
            unknown.0.entry(message.clone()).or_insert(0);
        }

        let flows = Flows::of(requests);
        let (found, unjudged) = causes::misses(&flows, &mut pricer);
        let misses: Vec<&Miss> = found.iter().filter(|miss| counts(miss.request)).collect();
        let (mut forecasts, without) = forecast::forecasts(requests, &question.revisions, &mut pricer);
        forecasts.retain(|own| counts(own.request));
        let (mut by_digest, departures) = departures::departures(requests, &question.revisions, &forecasts, &found);
        without.into_iter().for_each(|(why, count)| _ = unknown.0.insert(why.to_owned(), count));
        let replayed = ttl::replay(requests, &flows, &mut pricer, &counts);
        let what_if = what_if(replayed.iter());
        let starts = || each().filter_map(Request::start);
        let text = |moment: Option<Millis>| moment.map(|moment| moment.to_string());
        let causes = cause_sums(&misses);
        let clock = "the order: requests whose answer ends before they begin, by a wrong clock";
        let odd = requests.odd.clock;
        if odd > 0 {
            unknown.0.insert(clock.to_owned(), odd);
        }
        if unjudged > 0 {
            unknown.0.insert("the cause of a miss: no session, time or figures".to_owned(), unjudged);
        }
        let mut dearest: Vec<(Usd, u32)> =
            sessions.iter().filter(|own| *own.0 != 0).map(|(name, sum)| (sum.paid().amount.high, *name)).collect();
        dearest.sort_by_key(|(usd, name)| (Reverse(*usd), *name));
        dearest.truncate(if dearest.len() > 1 { MOST_LANES } else { 0 });
        let dearest: Vec<u32> = dearest.into_iter().map(|(_, name)| name).collect();
        let timeline = Timeline::new(requests, &counted, &misses, &dearest);
        let of_lineage: HashMap<u32, &ttl::Replayed> = replayed.iter().map(|own| (own.lineage, own)).collect();
        let sessions = sessions.into_iter().map(|(lineage, sum)| {
            let name = requests.lineages.get(lineage);
            SessionSum {
                session: name.session.clone(),
                agent: name.agent.clone(),
                requests: sum.requests,
                paid: sum.paid(),
                what_if: self::what_if(of_lineage.get(&lineage).copied().into_iter()),
            }
        });
        Self {
            schema: "contexture.audit/1",
            reading: reading_of(requests),
            formats: formats(requests),
            logs: reading.logs,
            requests: counted.len() as u64,
            judged: requests.all.len() as u64 - unjudged,
            from: text(starts().min()),
            to: text(starts().max()),
            models: by_cost(
                models.into_iter().map(|(model, sum)| ModelSum {
                    model: model.to_owned(),
                    requests: sum.requests,
                    paid: sum.paid(),
                }),
                |sum| sum.paid.amount.high,
            ),
            days: days.into_iter().map(|(day, sum)| DaySum { day, requests: sum.requests, paid: sum.paid() }).collect(),
            sessions: by_cost(sessions, |sum| sum.paid.amount.high),
            contexts: by_cost(
                digests.into_iter().map(|(digest, sum)| ContextSum {
                    digest: requests.texts.get(digest).clone(),
                    context: question.revisions.get(requests.texts.get(digest), None).map(|own| own.id.to_string()),
                    commit: question.revisions.get(requests.texts.get(digest), None).map(|own| own.commit.clone()),
                    requests: sum.requests,
                    paid: sum.paid(),
                    forecast: by_digest.remove(&digest),
                }),
                |sum| sum.paid.amount.high,
            ),
            misses: by_cost(
                misses.iter().filter_map(|miss| row(requests, miss, &question.revisions, &forecasts)),
                |row| row.usd.unwrap_or_default(),
            ),
            departures,
            advice: advice(&what_if, &causes),
            causes,
            what_if,
            timeline,
            unknown: unknown.0.into_iter().map(|(what, requests)| Unknown { what, requests }).collect(),
            left_out: left_out(reading, requests.all.len() - counted.len()),
            totals,
        }
    }

    /// Misses that could have been avoided: how many, tokens, dollars of those that are priced.
    pub fn avoidable(&self) -> (u64, u64, Usd) {
        let sums = self.causes.iter().filter(|sum| sum.cause.is_avoidable());
        sums.fold((0, 0, Usd::ZERO), |(n, lost, usd), sum| (n + sum.requests, lost + sum.lost, usd + sum.usd))
    }
}

impl Totals {
    fn count(&mut self, request: Request) {
        self.uncached += request.uncached().unwrap_or(0);
        self.read += request.read().unwrap_or(0);
        self.output += request.output().unwrap_or(0);
        self.unfinished += u64::from(!request.is_final());
        for (ttl, tokens) in request.written().into_iter().flatten() {
            let name = ttl.map_or_else(|| "unknown".to_owned(), |ttl| ttl.to_string());
            *self.write.entry(name).or_insert(0) += tokens;
        }
    }
}

impl Unknowns {
    fn price(&mut self, why: Unpriced, model: &str) {
        let what = match why {
            Unpriced::Model if model.is_empty() => "the price: the log names no model".to_owned(),
            Unpriced::Model => format!("the price: there is no card for the model `{model}`"),
            Unpriced::Price => format!("the price of {model} on these terms (tier, region, batch)"),
            Unpriced::Usage => "the price: the log does not say how much was read, or used".to_owned(),
        };
        self.add(true, &what);
    }

    fn of(&mut self, requests: &Requests, request: Request) {
        let terms = requests.terms.get(request.terms);
        self.add(request.start().is_none(), "the time: no order, no gaps; prices of today, where no day is known");
        self.add(request.read().is_none(), "how much was read from a cache");
        self.add(request.written().is_none(), "how much was written to a cache");
        let open = request.written().into_iter().flatten().any(|(ttl, _)| ttl.is_none());
        self.add(open, "the lifetime of what was written: its price is a range");
        self.add(terms.platform.is_none(), "the platform: prices of the vendor's own API are taken");
        self.add(terms.tier.is_none(), "the service tier: ordinary prices are taken");
        self.add(
            !request.is_final(),
            "the whole output: the answer's last record is missing, so that its cost is a lower bound",
        );
        self.add(request.lineage == 0, "the session");
    }
}

/// How the requests were counted and read, in a sentence a format.
fn reading_of(requests: &Requests) -> String {
    let formats = requests.odd.formats.iter().map(|(format, _)| format!("{}: {}", format.as_str(), format.reading().0));
    let formats: Vec<String> = formats.collect();
    format!("each request once; {}", formats.join(". "))
}

fn formats(requests: &Requests) -> Vec<FormatSum> {
    let sum = |(format, requests): &(super::readers::Format, u64)| {
        let (reading, unknown) = format.reading();
        FormatSum { format: format.as_str(), requests: *requests, reading, unknown }
    };
    requests.odd.formats.iter().map(sum).collect()
}

fn by_cost<T>(rows: impl Iterator<Item = T>, cost: impl Fn(&T) -> Usd) -> Vec<T> {
    let mut rows: Vec<T> = rows.collect();
    rows.sort_by_key(|row| Reverse(cost(row)));
    rows
}

fn cause_sums(misses: &[&Miss]) -> Vec<CauseSum> {
    let mut sums: BTreeMap<Cause, CauseSum> = BTreeMap::new();
    for miss in misses {
        let sum =
            sums.entry(miss.cause).or_insert(CauseSum { cause: miss.cause, requests: 0, lost: 0, usd: Usd::ZERO });
        sum.requests += 1;
        sum.lost += miss.lost;
        sum.usd = sum.usd + miss.usd.unwrap_or_default();
    }
    by_cost(sums.into_values(), |sum| sum.usd)
}

fn row(requests: &Requests, miss: &Miss, revisions: &Revisions, forecasts: &[Forecast]) -> Option<MissRow> {
    let forecast = forecasts.binary_search_by_key(&miss.request, |own| own.request).ok();
    let request = requests.all.get(miss.request)?;
    let digest = requests.texts.get(request.digest);
    let moment = request.moment().map(|moment| moment.0.div_euclid(1000));
    let before = (miss.digest_before != 0).then(|| requests.texts.get(miss.digest_before));
    let change = before.and_then(|before| revisions.change(before, digest, moment));
    let (lineage, reason) = (requests.lineages.get(request.lineage), requests.texts.get(request.reason));
    Some(MissRow {
        at: request.first_token().or(request.start()).map(|at| at.to_string()).unwrap_or_default(),
        session: lineage.session.clone(),
        agent: lineage.agent.clone(),
        model: requests.terms.get(request.terms).model.clone(),
        cause: miss.cause,
        certain: miss.certain,
        lost: miss.lost,
        usd: miss.usd,
        note: miss.note.clone(),
        reason: (!reason.is_empty()).then(|| reason.clone()),
        forecast: forecast.and_then(|place| forecasts.get(place)).map(|own| own.read),
        context: revisions.get(digest, moment).map(|own| own.id.to_string()),
        segment: change.as_ref().map(|own| own.segment.clone()),
        commit: change.as_ref().map(|own| own.commit.clone()),
        author: change.map(|own| own.author),
    })
}

fn what_if<'a>(replayed: impl Iterator<Item = &'a ttl::Replayed>) -> Vec<WhatIf> {
    let mut rows: Vec<&ttl::Replayed> = Vec::new();
    rows.extend(replayed);
    let (logged, again) = (rows.iter().map(|own| own.logged).sum(), rows.iter().map(|own| own.again).sum::<Usd>());
    let (requests, differ) = rows.iter().fold((0, 0), |(n, differ), own| (n + own.requests, differ + own.differ));
    let ttls: BTreeSet<Ttl> = rows.iter().flat_map(|own| own.under.iter().map(|(ttl, _)| *ttl)).collect();
    let row = |ttl: String, range: Range| WhatIf {
        ttl,
        usd: range.usd,
        low: range.low,
        high: range.high,
        logged,
        again,
        requests,
        differ,
    };
    let mut answers: Vec<WhatIf> = Vec::new();
    for ttl in ttls {
        let of = |own: &&ttl::Replayed| {
            let found = own.under.iter().find(|(other, _)| *other == ttl);
            found.map_or_else(|| Range::exact(own.logged), |(_, range)| *range)
        };
        answers.push(row(ttl.to_string(), rows.iter().map(of).fold(Range::default(), Range::plus)));
    }
    if !rows.is_empty() {
        answers.push(row("none".to_owned(), Range::exact(rows.iter().map(|own| own.none).sum())));
    }
    answers
}

/// What would have saved money: another lifetime, or the end of a cause.
fn advice(what_if: &[WhatIf], causes: &[CauseSum]) -> Vec<Advice> {
    let lifetimes = what_if.iter().map(|own| {
        let (what, yaml) = match &*own.ttl {
            "none" => ("mark nothing for the cache".to_owned(), "cache: {breakpoints: off}".to_owned()),
            ttl => (format!("write for {ttl} everywhere"), format!("cache: {{ttl: {ttl}}}")),
        };
        // Against the same replay at the logged lifetimes, so that no miss which it does not explain counts as saved.
        let from = if own.ttl == "none" { own.logged } else { own.again };
        let (saves, low, high) = (from - own.usd, from - own.high, from - own.low);
        Advice { what, yaml: Some(yaml), saves, low, high }
    });
    let ended = causes.iter().filter(|sum| sum.cause.is_avoidable()).map(|sum| Advice {
        what: cure(sum.cause).to_owned(),
        yaml: None,
        saves: sum.usd,
        low: Usd::ZERO,
        high: sum.usd,
    });
    let mut all: Vec<Advice> = lifetimes.chain(ended).filter(|own| own.saves > Usd::ZERO).collect();
    all.sort_by_key(|own| Reverse(own.saves));
    all
}

/// What ends a cause.
fn cure(cause: Cause) -> &'static str {
    match cause {
        Cause::FirstCall | Cause::Compaction => "nothing: these cannot be avoided",
        Cause::ModelChanged => "stay with one model within a session, also for the call that summarises it",
        Cause::BelowMinimum => "make the prefix as long as the model's minimum, or mark nothing",
        Cause::ParallelStart => "wait for the first answer to begin before others are sent",
        Cause::TtlExpired => "write for a longer lifetime, or send a request before the entry expires",
        Cause::KeyChanged => "send requests that share a prefix with one cache key",
        Cause::PrefixChanged => "put what changes behind what stays, and change it less often",
        Cause::ToolsChanged => "send the same tools in the same order",
        Cause::SystemChanged => "move what changes out of the system prompt",
        Cause::MessagesChanged => "send earlier messages as they were, thinking and settings included",
        Cause::Lookback => "mark a breakpoint at least every 20 blocks",
        Cause::UnknownPrefix => "let requests carry the digest of their prompt: then a change of text can be told",
        Cause::Evicted => "nothing is promised for such an entry: see what the provider says of its cache",
    }
}

fn left_out(reading: &Reading, before: usize) -> Vec<LeftOutRow> {
    let (odd, out) = (&reading.requests.odd, &reading.left_out);
    let row = |what: &str, count: u64| LeftOutRow { what: what.to_owned(), count, first: None };
    let placed = |what: &str, tally: &super::Tally| LeftOutRow { first: tally.first.clone(), ..row(what, tally.count) };
    let [errored, expired, canceled, replayed] = odd.not_billed;
    let mut rows = vec![
        placed("malformed lines", &out.malformed),
        placed("lines longer than the limit", &out.too_long),
        placed("lines of no known format", &out.foreign),
        placed("lines whose figures are no numbers of tokens, or contradict each other", &out.absurd),
        row("records of a request that was there already", odd.duplicates),
        row("requests that failed", errored),
        row("requests of a batch that expired", expired),
        row("requests that were called off", canceled),
        row("answers of a proxy's own cache: nothing was called", replayed),
        row("requests before --since, of another context than --context, or of which that is not known", before as u64),
        row("calls of the provider's own tools, which are priced apart and in no sum", odd.server_tools),
    ];
    rows.extend(
        out.cut.iter().map(|why| LeftOutRow { first: Some(why.clone()), ..row("logs not read to their end", 1) }),
    );
    rows.retain(|row| row.count > 0);
    rows
}
