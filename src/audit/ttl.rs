//! What another lifetime would have cost: the requests that were, replayed on their own clock.
//!
//! A cache is a lineage and a model. For a request, `total` is what it read and wrote, and `limit` how much of the
//! cache's text it still has in common: what it read, where that was all or the entry was alive; else, taken to be
//! unchanged behind the expiry, the shorter of both prefixes. Under another lifetime it reads the longest entry below
//! its limit that is alive, and writes the rest. At the logged lifetimes this must give the log.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::causes::{Flows, cache_of};
use super::money::{Priced, Pricer};
use super::requests::{Name, Request, Requests};
use crate::cost::rules::cost_of;
use crate::syntax::quantity::{Ttl, Usd};

/// What the log leaves open about the provider, so that an answer is a range.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// Whether a read refreshes the shorter entries on its path too.
    path: bool,
    /// Whether nobody else uses the prefix that the first request found.
    own_base: bool,
}

const OPEN: [Open; 3] =
    [Open { path: false, own_base: false }, Open { path: true, own_base: false }, Open { path: false, own_base: true }];

/// An amount and the range that it is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// What is expected.
    pub usd: Usd,
    /// The least.
    pub low: Usd,
    /// The most.
    pub high: Usd,
}

impl Range {
    /// An exact amount.
    pub fn exact(usd: Usd) -> Self {
        Self { usd, low: usd, high: usd }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { usd: self.usd + other.usd, low: self.low + other.low, high: self.high + other.high }
    }
}

/// One lineage under each lifetime.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Its name.
    pub lineage: Name,
    /// How many requests it has that can be replayed.
    pub requests: u64,
    /// As it was.
    pub logged: Usd,
    /// By the same replay at the logged lifetimes: as it was, where none differs.
    pub again: Usd,
    /// Under each lifetime that the model has.
    pub under: Vec<(Ttl, Range)>,
    /// Without any cache.
    pub none: Usd,
    /// Requests whose read the replay at the logged lifetimes does not give.
    pub differ: u64,
}

/// One request of a cache, priced.
struct Sent<'a> {
    request: &'a Request,
    priced: Arc<Priced>,
    start: i64,
    read: u64,
    total: u64,
    /// The longest lifetime that it wrote for.
    ttl: Option<Ttl>,
    /// The model's shortest lifetime, which is taken where no request before it names one.
    shortest: Ttl,
    cost: Usd,
    none: Usd,
}

impl<'a> Sent<'a> {
    fn new(requests: &Requests, request: &'a Request, pricer: &mut Pricer<'_>) -> Option<Self> {
        let priced = pricer.model(requests, *request)?;
        let input = request.input()?;
        let rates = priced.rates(input);
        if rates.write.len() < 2 || request.written()?.any(|(ttl, _)| ttl.is_none()) {
            return None;
        }
        let read = request.read()?;
        Some(Self {
            start: request.start()?.0,
            read,
            total: read + request.written_total()?,
            ttl: request.written()?.filter_map(|(ttl, _)| ttl).max(),
            shortest: rates.write.iter().map(|(ttl, _)| *ttl).min()?,
            cost: priced.cost(*request).ok()?.known()?,
            none: priced.without_cache(*request)?,
            request,
            priced,
        })
    }

    /// What it would cost to read so many and write the rest for a lifetime.
    fn cost_with(&self, read: u64, ttl: Ttl) -> Option<Usd> {
        let rates = self.priced.rates(self.request.input()?);
        let written = cost_of(self.total - read, rates.write_price(ttl))?;
        let rest = cost_of(self.request.uncached()?, rates.input)? + cost_of(self.request.output()?, rates.output)?;
        Some(cost_of(read, rates.read_price(false))? + written + rest)
    }
}

/// Replays every lineage whose requests can be, of those that count: with times, lifetimes and exact prices, on models with a choice.
pub fn replay(
    requests: &Requests,
    flows: &Flows<'_>,
    pricer: &mut Pricer<'_>,
    counts: &dyn Fn(usize) -> bool,
) -> Vec<Replayed> {
    let cache = cache_of(requests);
    let mut answers = Vec::new();
    for flow in flows.iter() {
        let mut lineage = 0;
        let mut caches: BTreeMap<Name, Vec<Sent<'_>>> = BTreeMap::new();
        for (_, request) in flow.filter(|(place, _)| counts(*place)) {
            lineage = request.lineage;
            let Some(sent) = Sent::new(requests, request, pricer) else { continue };
            caches.entry(cache(*request)).or_default().push(sent);
        }
        let ttls: BTreeSet<Ttl> = caches
            .values()
            .flatten()
            .flat_map(|sent| sent.priced.rates(sent.total).write.iter().map(|(ttl, _)| *ttl))
            .collect();
        if ttls.is_empty() {
            continue;
        }
        let all = || caches.values().flatten();
        let mut answer = Replayed {
            lineage,
            requests: all().count() as u64,
            logged: all().map(|sent| sent.cost).sum(),
            under: ttls.iter().map(|ttl| (*ttl, Range::default())).collect(),
            again: Usd::ZERO,
            none: all().map(|sent| sent.none).sum(),
            differ: 0,
        };
        for flow in caches.values() {
            let limits = Limits::of(flow);
            let logged = || flow.iter().map(|sent| sent.cost).sum();
            let (reads, again) = run(flow, &limits, None, Open::default());
            answer.again = answer.again + again.unwrap_or_else(logged);
            answer.differ += reads.iter().zip(flow).filter(|(read, sent)| **read != sent.read).count() as u64;
            for (ttl, sum) in &mut answer.under {
                let outcomes = OPEN.map(|open| run(flow, &limits, Some(*ttl), open).1);
                let range = match outcomes {
                    [Some(usd), Some(path), Some(own)] => {
                        Range { usd, low: usd.min(path).min(own), high: usd.max(path).max(own) }
                    }
                    // A model without that lifetime stays as it was.
                    _ => Range::exact(logged()),
                };
                *sum = sum.plus(range);
            }
        }
        answers.push(answer);
    }
    answers
}

/// How much of the cache's text each request still has in common, and what was seen to be read.
struct Limits {
    limits: Vec<u64>,
    /// Boundaries that some request read without being the end of one.
    seen: BTreeSet<u64>,
    /// What the first request found.
    base: u64,
}

impl Limits {
    fn of(flow: &[Sent<'_>]) -> Self {
        let (mut limits, mut seen) = (Vec::with_capacity(flow.len()), BTreeSet::new());
        let mut last: Option<(u64, i64, Ttl)> = None;
        for sent in flow {
            limits.push(match last {
                None => sent.read,
                Some((end, ..)) if sent.read >= end => sent.read,
                Some((end, used, ttl)) => {
                    seen.insert(sent.read);
                    let lives = sent.start - used < millis(ttl);
                    if lives { sent.read } else { sent.total.min(end) }
                }
            });
            last = Some((sent.total, sent.start, sent.ttl.or(last.map(|(.., ttl)| ttl)).unwrap_or(sent.shortest)));
        }
        seen.remove(&0);
        Self { limits, seen, base: flow.first().map_or(0, |sent| sent.read) }
    }
}

fn millis(ttl: Ttl) -> i64 {
    i64::from(ttl.seconds) * 1000
}

/// Reads and cost under one lifetime, or under those that were logged.
fn run(flow: &[Sent<'_>], limits: &Limits, ttl: Option<Ttl>, open: Open) -> (Vec<u64>, Option<Usd>) {
    let (mut reads, mut cost) = (Vec::with_capacity(flow.len()), Some(Usd::ZERO));
    // Boundary to last use and lifetime.
    let mut entries: HashMap<u64, (i64, Ttl)> = HashMap::new();
    for (number, (sent, limit)) in flow.iter().zip(&limits.limits).enumerate() {
        let own = ttl.or(sent.ttl).unwrap_or(sent.shortest);
        entries.retain(|_, (used, ttl)| sent.start - *used < millis(*ttl));
        let mut alive: Vec<u64> = entries.keys().copied().filter(|end| end <= limit).collect();
        if limits.base > 0 && limits.base <= *limit && (number == 0 || !open.own_base) {
            alive.push(limits.base);
        }
        let read = alive.iter().copied().max().unwrap_or(0).min(sent.total);
        cost = cost.zip(sent.cost_with(read, own)).map(|(sum, own)| sum + own);
        reads.push(read);
        let touched = alive.iter().copied().filter(|end| *end == read || open.path && *end < read);
        for end in touched.filter(|end| *end > 0) {
            let entry = entries.entry(end).or_insert((sent.start, own));
            entry.0 = sent.start;
        }
        let made = limits.seen.range(read + 1..).copied().take_while(|end| *end <= sent.total);
        for end in made.chain([sent.total]) {
            entries.insert(end, (sent.start, own));
        }
    }
    (reads, cost)
}
