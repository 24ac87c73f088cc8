//! Why a cache did not serve what was there: one cause a miss, by the first rule that holds, certain or inferred.
//!
//! Requests of a lineage in order of time. For a request, the entry is the longest prefix that the lineage has for its
//! model, `reach` what it read and wrote, and lost what the entry had of `reach` and it did not read. What it paid for
//! those tokens beyond a read is what the miss cost.

use std::collections::HashMap;
use std::sync::Arc;

use super::money::{Priced, Pricer};
use super::requests::{Name, Request, Requests, Terms};
use crate::cost::planner::words::grouped;
use crate::cost::rules::{CacheFamily, CacheRules, cost_of};
use crate::syntax::decode::names;
use crate::syntax::quantity::{Ttl, Usd};

names! {
    /// Why a request read less than was there.
    pub enum Cause {
        /// Nothing came before it.
        FirstCall = "first_call",
        /// The history was compacted before it.
        Compaction = "compaction",
        /// Another model, platform or speed was asked before, and this one has no such prefix.
        ModelChanged = "model_changed",
        /// Its prefix is shorter than the model's minimum.
        BelowMinimum = "below_minimum",
        /// It was sent before the answer of the one that wrote the entry began.
        ParallelStart = "parallel_start",
        /// The entry was not used for its lifetime.
        TtlExpired = "ttl_expired",
        /// Another cache key or user.
        KeyChanged = "key_changed",
        /// The digest is another one: the text changed.
        PrefixChanged = "prefix_changed",
        /// The provider says that tool definitions changed.
        ToolsChanged = "tools_changed",
        /// The provider says that the system prompt changed.
        SystemChanged = "system_changed",
        /// What lies before the messages was read, what lies behind was not.
        MessagesChanged = "messages_changed",
        /// More blocks were added than the provider looks back.
        Lookback = "lookback",
        /// Nothing was read; what changed is open.
        UnknownPrefix = "unknown_prefix",
        /// The text is the same, and no rule explains it.
        Evicted = "evicted",
    }
}

impl Cause {
    /// Whether something could have been done about it.
    pub fn is_avoidable(self) -> bool {
        !matches!(self, Self::FirstCall | Self::Compaction)
    }

    /// What a provider's own word for it comes to.
    fn said(reason: &str) -> Option<Self> {
        Some(match reason {
            "tools_changed" => Self::ToolsChanged,
            "system_changed" => Self::SystemChanged,
            "messages_changed" | "input_changed" | "context_compacted" => Self::MessagesChanged,
            "model_changed" => Self::ModelChanged,
            "prompt_cache_key_changed" => Self::KeyChanged,
            _ => return None,
        })
    }
}

/// A request that read less than was there, or could not have read more.
#[derive(Debug, Clone)]
pub struct Miss {
    /// The request, by its place.
    pub request: usize,
    /// Why.
    pub cause: Cause,
    /// Whether that is certain, or inferred.
    pub certain: bool,
    /// Tokens that were there and had to be paid for anew; at most, where the count is another model's.
    pub lost: u64,
    /// What they cost beyond a read; `None` where a price is not known.
    pub usd: Option<Usd>,
    /// What was seen: gap and lifetime, how far was read, blocks added.
    pub note: String,
    /// The digest before, where it is another one.
    pub digest_before: Name,
}

/// What a lineage left for its next request on one model.
#[derive(Debug, Clone, Copy)]
struct Entry {
    reach: u64,
    used: i64,
    /// When it can be read.
    readable: i64,
    ttl: Option<Ttl>,
    key: Name,
    digest: Name,
}

/// The requests of each lineage in order of time, by their places; those without a lineage or a time are in none.
#[derive(Debug)]
pub struct Flows<'a> {
    requests: &'a Requests,
    places: Vec<u32>,
}

impl<'a> Flows<'a> {
    /// Of these requests.
    pub fn of(requests: &'a Requests) -> Self {
        let is_of_one = |request: &Request| request.lineage != 0 && request.start().is_some();
        let all = || requests.all.iter().zip(0u32..).filter(|(request, _)| is_of_one(request));
        let mut places = Vec::with_capacity(all().count());
        places.extend(all().map(|(_, place)| place));
        let key = |place: &u32| {
            requests.all.get(*place as usize).map(|own| (own.lineage, own.start(), own.first_token(), *place))
        };
        places.sort_unstable_by_key(key);
        Self { requests, places }
    }

    /// Each lineage: its requests with their places, in order of time.
    pub fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = (usize, &'a Request)>> {
        let request = |place: &u32| self.requests.all.get(*place as usize);
        let lineage = move |place: &u32| request(place).map(|own| own.lineage);
        let flows = self.places.chunk_by(move |one, other| lineage(one) == lineage(other));
        flows.map(move |flow| flow.iter().filter_map(move |place| Some((*place as usize, request(place)?))))
    }
}

/// Which caches requests share: model, platform and speed.
pub fn cache_of(requests: &Requests) -> impl Fn(Request) -> Name + use<> {
    let mut caches: HashMap<(String, Option<String>, Option<String>), Name> = HashMap::new();
    let mut place = |terms: &Terms| {
        let next = Name::try_from(caches.len()).unwrap_or(Name::MAX);
        *caches.entry((terms.model.clone(), terms.platform.clone(), terms.speed.clone())).or_insert(next)
    };
    let of: Vec<Name> = requests.terms.iter().map(&mut place).collect();
    move |request: Request| of.get(request.terms as usize).copied().unwrap_or(0)
}

/// What every lineage lost. Also returns how many requests could not be judged: without lineage, time, or figures.
pub fn misses(flows: &Flows<'_>, pricer: &mut Pricer<'_>) -> (Vec<Miss>, u64) {
    let requests = flows.requests;
    let cache = cache_of(requests);
    let (mut found, mut judged) = (Vec::new(), 0);
    for flow in flows.iter() {
        let mut entries: HashMap<Name, Entry> = HashMap::new();
        let mut before: Option<Request> = None;
        for (place, request) in flow {
            let request = *request;
            let priced = pricer.model(requests, request);
            let Some(seen) = Seen::new(request, priced) else { continue };
            judged += 1;
            let own = cache(request);
            let miss = judge(requests, &seen, before.map(|before| (before, cache(before))), (own, &entries));
            found.extend(miss.filter(|miss| miss.lost > 0).map(|miss| Miss { request: place, ..miss }));
            let ttl = seen.ttl.or_else(|| entries.get(&own).and_then(|entry| entry.ttl)).or(seen.default_ttl());
            let readable = request.first_token().map_or(seen.start, |first| first.0);
            let (reach, used) = (seen.reach, seen.start);
            entries.insert(own, Entry { reach, used, readable, ttl, key: request.key, digest: request.digest });
            before = Some(request);
        }
    }
    (found, requests.all.len() as u64 - judged)
}

/// A request and what follows from its figures.
struct Seen {
    request: Request,
    priced: Option<Arc<Priced>>,
    start: i64,
    read: u64,
    written: u64,
    /// The longest prefix that it leaves: what it read and wrote; all of it, where writing has no price of its own.
    reach: u64,
    /// The lifetime that it wrote for, the longest.
    ttl: Option<Ttl>,
    /// Whether what is not read is written for a price.
    writes: bool,
}

impl Seen {
    fn new(request: Request, priced: Option<Arc<Priced>>) -> Option<Self> {
        let (start, read, input) = (request.start()?.0, request.read()?, request.input()?);
        let written = request.written_total()?;
        let has_write_prices = priced.as_ref().is_some_and(|own| !own.rates(input).write.is_empty());
        let writes = has_write_prices || written > 0;
        let ttl = request.written()?.filter_map(|(ttl, _)| ttl).max();
        let reach = if writes { read + written } else { input };
        Some(Self { request, priced, start, read, written, reach, ttl, writes })
    }

    fn rules(&self) -> CacheRules {
        let day = self.request.moment().map_or(0, |moment| moment.0.div_euclid(1000));
        let card = self.priced.as_ref().map(|own| own.card.at(crate::cost::cards::day_of(day)).cache_rules());
        card.unwrap_or_default()
    }

    /// The model's own lifetime, where the log names none.
    fn default_ttl(&self) -> Option<Ttl> {
        let rules = self.rules();
        let serving = rules.serving(self.writes)?;
        serving.mechanism().lifetimes.first().map(|lifetime| lifetime.ttl)
    }

    /// What of `common` tokens that are there it can read at most.
    fn readable(&self, common: u64) -> u64 {
        let rules = self.rules();
        let mechanism = rules.serving(self.writes).map(|serving| serving.mechanism().clone());
        match mechanism.as_ref().map(|own| (&own.family, own.minimum)) {
            Some((CacheFamily::LongestPrefix(prefix), minimum)) => {
                prefix.read(minimum, common, self.request.input().unwrap_or(common))
            }
            _ => common,
        }
    }

    /// How many positions from the last breakpoint on the provider looks for an entry (rule R4), the breakpoint being one.
    fn lookback(&self) -> Option<u32> {
        match &self.rules().explicit.as_ref()?.family {
            CacheFamily::BlockBoundary(rules) => Some(rules.lookback),
            _ => None,
        }
    }

    /// What `lost` tokens cost beyond a read.
    fn premium(&self, lost: u64) -> Option<Usd> {
        let priced = self.priced.as_ref()?;
        let rates = priced.rates(self.request.input()?);
        let paid = match self.ttl {
            Some(ttl) if self.writes => rates.write_price(ttl),
            // For which lifetime is not known: the least that it can be.
            None if self.writes => rates.write.iter().map(|(_, price)| *price).min(),
            _ => rates.input,
        };
        Some(cost_of(lost, paid)? - cost_of(lost, rates.read_price(false))?)
    }
}

fn judge(
    requests: &Requests,
    seen: &Seen,
    before: Option<(Request, Name)>,
    (own, entries): (Name, &HashMap<Name, Entry>),
) -> Option<Miss> {
    let request = seen.request;
    let miss = |cause: Cause, certain: bool, lost: u64, note: String| {
        let lost = lost.min(if seen.writes { seen.written } else { lost });
        let usd = if lost == 0 { Some(Usd::ZERO) } else { seen.premium(lost) };
        Some(Miss { request: 0, cause, certain, lost, usd, note, digest_before: 0 })
    };
    let Some((before, cache_before)) = before else {
        let others =
            if seen.read > 0 { format!("read {} that others had written", grouped(seen.read)) } else { String::new() };
        return miss(Cause::FirstCall, true, 0, others);
    };
    if request.is_compacted() && !request.summarises() {
        return miss(
            Cause::Compaction,
            true,
            0,
            format!("{} written, {} read", grouped(seen.written), grouped(seen.read)),
        );
    }
    let mine = entries.get(&own);
    let theirs = entries.get(&cache_before);
    let there = mine.into_iter().chain(theirs).map(|entry| entry.reach).max().unwrap_or(0);
    let lost = seen.readable(there.min(seen.reach)).saturating_sub(seen.read);
    if lost == 0 {
        return None;
    }
    let summary = if request.summarises() { " (the call that writes the summary)" } else { "" };
    let Some(entry) = mine.filter(|mine| own == cache_before || mine.reach >= there) else {
        let note =
            format!("from {}{summary}; tokens as the other model counts them", requests.terms.get(before.terms).model);
        return miss(Cause::ModelChanged, true, lost, note);
    };
    if seen.priced.as_ref().and_then(|own| own.minimum).is_some_and(|minimum| seen.reach < minimum) {
        return miss(Cause::BelowMinimum, true, lost, String::new());
    }
    if seen.start < entry.readable {
        return miss(Cause::ParallelStart, !request.is_estimated(), lost, String::new());
    }
    let gap = (seen.start - entry.used) / 1000;
    let ttl = entry.ttl.map(|ttl| ttl.to_string()).unwrap_or_default();
    if entry.ttl.is_some_and(|ttl| gap >= i64::from(ttl.seconds)) {
        let note = format!("{} s after the last use, lifetime {ttl}", grouped(gap.unsigned_abs()));
        return miss(Cause::TtlExpired, seen.writes, lost, note);
    }
    if entry.key != request.key {
        return miss(Cause::KeyChanged, true, lost, String::new());
    }
    if entry.digest != request.digest && request.digest != 0 && entry.digest != 0 {
        let changed = miss(Cause::PrefixChanged, true, lost, String::new());
        return changed.map(|miss| Miss { digest_before: entry.digest, ..miss });
    }
    let reason = requests.texts.get(request.reason);
    if let Some(cause) = Cause::said(reason) {
        return miss(cause, true, lost, "as the provider says".to_owned());
    }
    let added = request.added();
    let blocks = added.map(|added| format!("{added} blocks added, ")).unwrap_or_default();
    let seconds = format!(
        "{blocks}{} s after the last use{}",
        grouped(gap.unsigned_abs()),
        if ttl.is_empty() { String::new() } else { format!(" of {ttl}") }
    );
    if added.zip(seen.lookback()).is_some_and(|(added, lookback)| u32::from(added) >= lookback) {
        return miss(Cause::Lookback, false, lost, seconds);
    }
    if entry.digest == request.digest && request.digest != 0 {
        return miss(Cause::Evicted, false, lost, seconds);
    }
    if seen.read > 0 {
        let note = format!("read back to {}: what is before it is unchanged; {seconds}", grouped(seen.read));
        return miss(Cause::MessagesChanged, false, lost, note);
    }
    miss(Cause::UnknownPrefix, false, lost, seconds)
}
