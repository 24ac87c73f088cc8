//! The requests of all logs together, each in 64 bytes: names once, duplicates once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use super::readers::Format;
use super::record::{Millis, Record, StartIs, Status, Written};
use crate::syntax::quantity::Ttl;

/// The place of a name in [`Names`]; 0 is none.
pub type Name = u32;

/// Names, each once.
#[derive(Debug)]
pub struct Names<T> {
    all: Vec<Arc<T>>,
    places: HashMap<Arc<T>, Name>,
}

impl<T: std::hash::Hash + Eq> Names<T> {
    fn new(none: T) -> Self {
        Self { all: vec![Arc::new(none)], places: HashMap::new() }
    }

    /// The place of a name, made if it is new.
    fn place(&mut self, name: T) -> Name {
        if let Some(place) = self.places.get(&name) {
            return *place;
        }
        let (name, place) = (Arc::new(name), Name::try_from(self.all.len()).unwrap_or(Name::MAX));
        self.all.push(name.clone());
        self.places.insert(name, place);
        place
    }

    /// The name at a place.
    pub fn get(&self, place: Name) -> &T {
        // Places are made above and nowhere else; the first stands for whatever is none.
        self.all.get(place as usize).unwrap_or(&self.all[0])
    }

    /// All of them by their places, none included.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.all.iter().map(|name| &**name)
    }
}

/// On what terms a request was served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The model, as the log names it.
    pub model: String,
    /// Who made it, as the log says.
    pub provider: Option<String>,
    /// Who served it.
    pub platform: Option<String>,
    /// The service tier.
    pub tier: Option<String>,
    /// The region.
    pub geo: Option<String>,
    /// The speed.
    pub speed: Option<String>,
    /// Whether it was in a batch.
    pub batch: bool,
}

/// Whose requests follow each other: a session with the agent that writes its summaries, or one other agent of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Lineage {
    /// The session.
    pub session: String,
    /// The agent.
    pub agent: Option<String>,
}

/// Tokens, or that nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tokens(u32);

impl Tokens {
    fn of(tokens: Option<u64>) -> Self {
        Self(tokens.and_then(|own| u32::try_from(own).ok()).unwrap_or(u32::MAX))
    }

    fn get(self) -> Option<u64> {
        (self.0 != u32::MAX).then_some(self.0.into())
    }
}

/// One request, small.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    start: i64,
    /// Milliseconds from there to the first token.
    first: i32,
    input: Tokens,
    read: Tokens,
    output: Tokens,
    /// Lifetime in seconds (0: unknown) and tokens.
    writes: [(u32, u32); 2],
    /// Its terms.
    pub terms: Name,
    /// Its lineage; 0 where the log says none.
    pub lineage: Name,
    /// Its digest; 0 where it carries none.
    pub digest: Name,
    /// Its cache key, or its user.
    pub key: Name,
    /// The provider's reason of a miss.
    pub reason: Name,
    /// Content blocks since the request before; 65,535 where the log does not say it.
    added: u16,
    flags: u16,
}

const NO_TIME: i64 = i64::MIN;
const NO_FIRST: i32 = i32::MIN;
const WRITES_KNOWN: u16 = 1;
const FINAL: u16 = 2;
const COMPACTED: u16 = 4;
const SUMMARISES: u16 = 8;
const ESTIMATED: u16 = 16;
const DAY_ONLY: u16 = 32;

impl Request {
    fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// When it was sent, or what the log says nearest to it.
    pub fn start(self) -> Option<Millis> {
        (self.start != NO_TIME && !self.has(DAY_ONLY)).then_some(Millis(self.start))
    }

    /// A moment of the day whose prices hold.
    pub fn moment(self) -> Option<Millis> {
        (self.start != NO_TIME).then_some(Millis(self.start))
    }

    /// When its answer began.
    pub fn first_token(self) -> Option<Millis> {
        (self.first != NO_FIRST).then(|| Millis(self.start).plus(self.first.into()))
    }

    /// All input.
    pub fn input(self) -> Option<u64> {
        self.input.get()
    }

    /// What a cache served.
    pub fn read(self) -> Option<u64> {
        self.read.get()
    }

    /// The output.
    pub fn output(self) -> Option<u64> {
        self.output.get()
    }

    /// What a cache kept, by lifetime.
    pub fn written(self) -> Option<impl Iterator<Item = (Option<Ttl>, u64)> + Clone> {
        let all = self.writes.into_iter().filter(|(_, tokens)| *tokens > 0);
        self.has(WRITES_KNOWN)
            .then(|| all.map(|(seconds, tokens)| ((seconds > 0).then_some(Ttl { seconds }), u64::from(tokens))))
    }

    /// All that a cache kept.
    pub fn written_total(self) -> Option<u64> {
        Some(self.written()?.map(|(_, tokens)| tokens).sum())
    }

    /// What no cache served or kept.
    pub fn uncached(self) -> Option<u64> {
        self.input()?.checked_sub(self.read()? + self.written_total()?)
    }

    /// Whether its output is the last word.
    pub fn is_final(self) -> bool {
        self.has(FINAL)
    }

    /// Whether a compaction stands before it.
    pub fn is_compacted(self) -> bool {
        self.has(COMPACTED)
    }

    /// Whether it asks for a compaction's summary.
    pub fn summarises(self) -> bool {
        self.has(SUMMARISES)
    }

    /// Whether its start is no exact time.
    pub fn is_estimated(self) -> bool {
        self.has(ESTIMATED)
    }

    /// Content blocks since the request before.
    pub fn added(self) -> Option<u16> {
        (self.added != u16::MAX).then_some(self.added)
    }
}

/// What was left out of the requests, or is odd about them.
#[derive(Debug, Default)]
pub struct Oddities {
    /// Records of requests that were there already.
    pub duplicates: u64,
    /// By what became of them: failed, expired, called off, answered by a proxy.
    pub not_billed: [u64; 4],
    /// Whose answer ends before they begin.
    pub clock: u64,
    /// Calls of the provider's own tools.
    pub server_tools: u64,
    /// Requests of each format.
    pub formats: Vec<(Format, u64)>,
}

/// Values that stay where they are while others are added: nothing is copied, and little is reserved.
#[derive(Debug)]
pub struct Chunks<T>(Vec<Vec<T>>);

/// How many values a chunk has.
const CHUNK: usize = 4096;

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Chunks<T> {
    fn push(&mut self, value: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(value),
            None => self.0.push(vec![value]),
            Some(_) => {
                let mut next = Vec::with_capacity(CHUNK);
                next.push(value);
                self.0.push(next);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at a place.
    pub fn get(&self, place: usize) -> Option<&T> {
        self.0.get(place / CHUNK)?.get(place % CHUNK)
    }

    fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.0.get_mut(place / CHUNK)?.get_mut(place % CHUNK)
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

/// The requests of all logs.
#[derive(Debug)]
pub struct Requests {
    /// All of them, in the order of the logs.
    pub all: Chunks<Request>,
    /// The terms that there are.
    pub terms: Names<Terms>,
    /// The lineages that there are.
    pub lineages: Names<Lineage>,
    /// Digests, keys and reasons.
    pub texts: Names<String>,
    /// What was left out.
    pub odd: Oddities,
    /// The identities that were met, in two halves so that nothing is lost to alignment, with their places.
    seen: HashMap<[u32; 2], u32>,
    hasher: RandomState,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            all: Chunks::default(),
            terms: Names::new(Terms::default()),
            lineages: Names::new(Lineage::default()),
            texts: Names::new(String::new()),
            odd: Oddities::default(),
            seen: HashMap::new(),
            hasher: RandomState::new(),
        }
    }
}

impl Requests {
    /// Says that no record follows: what told duplicates is let go.
    pub fn end(&mut self) {
        self.seen = HashMap::new();
    }

    /// Takes a record on.
    pub fn add(&mut self, record: Record, format: Format) {
        let not_billed = match record.status {
            Status::Ok => None,
            Status::Errored => Some(0),
            Status::Expired => Some(1),
            Status::Canceled => Some(2),
            Status::Replayed => Some(3),
        };
        if let Some(kind) = not_billed {
            self.odd.not_billed[kind] += 1;
            return;
        }
        let identity = self.identity(&record);
        let before = identity.and_then(|identity| self.seen.get(&identity).copied());
        let server_tools = record.server_tools;
        let disordered = [record.start, record.first_token, record.end].into_iter().flatten().is_sorted();
        let request = self.small(record, format);
        if let Some(place) = before {
            self.odd.duplicates += 1;
            // The same request in another file may have come further.
            if let Some(known) = self.all.get_mut(place as usize)
                && (request.output(), request.is_final()) > (known.output(), known.is_final())
            {
                *known = Request { added: known.added, start: known.start, first: known.first, ..request };
            }
            return;
        }
        self.odd.clock += u64::from(!disordered);
        self.odd.server_tools += server_tools;
        match self.odd.formats.iter_mut().find(|(own, _)| *own == format) {
            Some((_, count)) => *count += 1,
            None => self.odd.formats.push((format, 1)),
        }
        if let Some(identity) = identity {
            self.seen.insert(identity, u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        }
        self.all.push(request);
    }

    /// What tells a request from all others: its names, else its session, moment and size; nothing where there is
    /// neither.
    fn identity(&self, record: &Record) -> Option<[u32; 2]> {
        let halves = |hash: u64| [(hash >> 32) as u32, hash as u32];
        let names = (&record.message_id, &record.request_id);
        if names.0.is_some() || names.1.is_some() {
            return Some(halves(self.hasher.hash_one(names)));
        }
        if let Some(same) = &record.same {
            return Some(halves(self.hasher.hash_one(same)));
        }
        let session = record.session.as_ref()?;
        let moment = record.start.or(record.end)?;
        Some(halves(self.hasher.hash_one((session, moment, record.input, record.output, &record.model))))
    }

    fn small(&mut self, record: Record, format: Format) -> Request {
        let moment = record.start.or(record.first_token).or(record.end);
        // The start is never unknown where the first token is known.
        let first_token = record.first_token.zip(moment).map(|(first, start)| first.0.saturating_sub(start.0));
        let is_batch_tier = record.tier.as_deref() == Some("batch");
        let flags = [
            (record.write.is_some(), WRITES_KNOWN),
            (record.output_final != Some(false), FINAL),
            (record.compacted, COMPACTED),
            (record.summarises, SUMMARISES),
            (record.start.is_none() || record.start_is != Some(StartIs::Exact), ESTIMATED),
            (moment.is_none(), DAY_ONLY),
        ];
        // The span above is another one for each turn, and no agent.
        let is_span = matches!(format, Format::Otel | Format::Langfuse);
        let agent = record.parent.filter(|_| !record.summarises && !is_span);
        let key = match (record.cache_key, record.user) {
            (None, None) => 0,
            (key, user) => self.texts.place(key.or(user).unwrap_or_default()),
        };
        let mut name = |text: Option<String>| text.map_or(0, |text| self.texts.place(text));
        let (digest, reason) = (name(record.digest), name(record.reason));
        Request {
            start: moment.or(record.day).map_or(NO_TIME, |own| own.0),
            first: first_token.map_or(NO_FIRST, |first| i32::try_from(first).unwrap_or(i32::MAX)),
            input: Tokens::of(record.input),
            read: Tokens::of(record.read),
            output: Tokens::of(record.output),
            writes: record.write.map_or([(0, 0); 2], pairs),
            lineage: match record.session {
                Some(session) => self.lineages.place(Lineage { session, agent }),
                None => 0,
            },
            terms: self.terms.place(Terms {
                model: record.model.unwrap_or_default(),
                provider: record.provider,
                platform: record.platform,
                tier: record.tier.filter(|_| !is_batch_tier),
                geo: record.geo,
                speed: record.speed,
                batch: record.batch == Some(true) || is_batch_tier,
            }),
            digest,
            key,
            reason,
            added: record.added.map_or(u16::MAX, |added| u16::try_from(added).unwrap_or(u16::MAX - 1)),
            flags: flags.iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).sum(),
        }
    }
}

/// Writes by lifetime in two places; no provider has more than two in one request, and a third counts as unknown.
fn pairs(written: Written) -> [(u32, u32); 2] {
    let small = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let mut parts = written.0.iter().map(|(ttl, tokens)| (ttl.map_or(0, |ttl| ttl.seconds), small(*tokens)));
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match parts.next() {
        None => [first, second],
        Some(_) => [(0, small(written.total())), (0, 0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_64_bytes_and_chunks_are_in_order() {
        assert_eq!(size_of::<Request>(), 64);
        let mut chunks = Chunks::default();
        for number in 0..3 * CHUNK + 5 {
            assert_eq!(chunks.len(), number);
            chunks.push(number);
        }
        assert!(chunks.iter().copied().eq(0..3 * CHUNK + 5));
        assert_eq!(
            [chunks.get(CHUNK), chunks.get(3 * CHUNK + 4), chunks.get(3 * CHUNK + 5)],
            [Some(&CHUNK), Some(&(3 * CHUNK + 4)), None]
        );
    }
}
