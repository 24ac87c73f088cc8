//! The rules once more, as slowly and as plainly as they can be said, and random request streams on
//! which the simulator must agree with them to the token.
//!
//! Nothing here knows the simulator's names for prefixes, its tree or its plans: a prefix is the list
//! of everything in it, and the cache is a map of such lists.

use std::collections::HashMap;

use contexture::cost::rules::{
    BlockBoundary, BreakpointOnly, CacheFamily, CacheRules, Class, Lifetime, LongestPrefix, Mechanism, MixedBilling,
    Mode, Model, PrefixUnits,
};
use contexture::cost::simulate::{self, BlockKind, Call, Content, Contents, Request, RequestBlock, Seconds, Speaker};
use contexture::prompt::segment::Tier;
use contexture::syntax::manifest::Mark;
use contexture::syntax::quantity::Ttl;
use proptest::prelude::*;

/// A cached prefix.
#[derive(Clone, Copy)]
struct Entry {
    readable: u64,
    until: u64,
    kept: u64,
}

/// A map from everything before a place to its entry.
struct Cache<T>(HashMap<Vec<T>, Entry>);

impl<T: Clone + std::hash::Hash + Eq> Cache<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn live(&self, prefix: &[T], now: u64) -> bool {
        self.0.get(prefix).is_some_and(|entry| now < entry.until && entry.readable <= now)
    }

    fn write(&mut self, prefix: &[T], now: u64, readable: u64, kept: u64) {
        let entry = self.0.entry(prefix.to_vec()).or_insert(Entry { readable, until: 0, kept: 0 });
        if now < entry.until {
            entry.readable = entry.readable.min(readable);
            entry.until = entry.until.max(now + kept);
            entry.kept = entry.kept.max(kept);
        } else {
            *entry = Entry { readable, until: now + kept, kept };
        }
    }

    fn refresh(&mut self, prefix: &[T], now: u64) {
        if let Some(entry) = self.0.get_mut(prefix) {
            entry.until = now + entry.kept;
        }
    }
}

const SECOND: u64 = 1_000_000;

fn ttl(seconds: u32) -> Ttl {
    Ttl { seconds }
}

fn lifetimes(seconds: &[u32], class: Class) -> Vec<Lifetime> {
    let lifetime =
        |seconds: &u32| Lifetime { ttl: ttl(*seconds), expected: ttl(*seconds), class, refreshed_by_use: true };
    seconds.iter().map(lifetime).collect()
}

fn model(explicit: Option<Mechanism>, implicit: Option<Mechanism>) -> Model {
    Model { name: "test".into(), rules: CacheRules { explicit, implicit, ..CacheRules::default() }, prices: None }
}

/// (read, written by TTL in seconds, uncached) of each call.
type Result = Vec<(u64, Vec<(u32, u64)>, u64)>;

fn simulated(model: &Model, contents: &Contents, calls: &[Call]) -> Result {
    let sent = simulate::simulate(model, contents, calls, false).unwrap();
    let row = |sent: &simulate::Sent| {
        let written = sent.outcome.written.iter().map(|(ttl, tokens)| (ttl.seconds, *tokens)).collect();
        (sent.outcome.read, written, sent.outcome.uncached)
    };
    sent.iter().map(row).collect()
}

/// Adds up what stretches cost, longest TTL first.
fn by_ttl(stretches: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let mut sums: std::collections::BTreeMap<std::cmp::Reverse<u32>, u64> = Default::default();
    for (ttl, tokens) in stretches.iter().filter(|(_, tokens)| *tokens > 0) {
        *sums.entry(std::cmp::Reverse(*ttl)).or_default() += tokens;
    }
    sums.into_iter().map(|(ttl, tokens)| (ttl.0, tokens)).collect()
}

/// A random block: which of a few texts, what it is, and which TTL marks it (seconds; 0 for none).
type Raw = (u8, Kind, u32);

/// What a random block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Said,
    Answered,
    Called,
    Returned,
}

/// A random call: seconds since the last one, until the first token, and its blocks.
type RawCall = (u64, u64, Vec<Raw>);

fn raw_calls(blocks: usize, kinds: &'static [Kind], marks: &'static [u32]) -> impl Strategy<Value = Vec<RawCall>> {
    let block = (0..3u8, prop::sample::select(kinds), prop::sample::select(marks));
    let call = (
        prop::sample::select(&[0u64, 1, 3, 40, 59, 60, 61, 299][..]),
        prop::sample::select(&[0u64, 0, 2, 50][..]),
        prop::collection::vec(block, 1..blocks),
    );
    prop::collection::vec(call, 1..14)
}

/// The texts' lengths; one is empty, so that two boundaries may stand at one place.
const LENGTHS: [u64; 3] = [0, 7, 30];

fn texts() -> (Contents, Vec<Content>) {
    let mut contents = Contents::new();
    let texts = LENGTHS.iter().map(|tokens| contents.add(*tokens, None)).collect();
    (contents, texts)
}

/// The block that a random one stands for.
fn block(texts: &[Content], (text, kind, seconds): &Raw) -> RequestBlock {
    let (speaker, kind) = match kind {
        Kind::Said => (Speaker::User, BlockKind::Text),
        Kind::Answered => (Speaker::Assistant, BlockKind::Text),
        Kind::Called => (Speaker::Assistant, BlockKind::ToolUse),
        Kind::Returned => (Speaker::Tool, BlockKind::ToolResult),
    };
    let mark = if *seconds == 0 { Mark::Free } else { Mark::For(ttl(*seconds)) };
    RequestBlock { content: texts[*text as usize], tier: Tier::Messages, speaker, kind, mark }
}

/// Calls at their times, in microseconds: (start, readable, blocks).
fn timed(raw: &[RawCall]) -> Vec<(u64, u64, &[Raw])> {
    let mut now = 0;
    let mut timed = Vec::new();
    for (gap, first_token, blocks) in raw {
        now += gap * SECOND;
        timed.push((now, now + first_token * SECOND, &blocks[..]));
    }
    timed
}

fn calls(raw: &[RawCall], texts: &[Content], mode: Option<Mode>) -> Vec<Call> {
    let call = |(now, readable, blocks): (u64, u64, &[Raw])| Call {
        at: Seconds { micros: now },
        first_token_after: Seconds { micros: readable - now },
        request: Request { blocks: blocks.iter().map(|raw| block(texts, raw)).collect(), mode, ..Request::default() },
    };
    timed(raw).into_iter().map(call).collect()
}

/// Rules R2 to R8 over a map of whole prefixes.
fn block_boundaries(raw: &[RawCall], lookback: usize, collapse: bool, minimum: u64) -> Result {
    let mut cache: Cache<(u8, Kind)> = Cache::new();
    let mut results = Vec::new();
    for (now, readable, blocks) in timed(raw) {
        let names: Vec<(u8, Kind)> = blocks.iter().map(|(text, kind, _)| (*text, *kind)).collect();
        let tokens = |end: usize| -> u64 { names[..end].iter().map(|(text, _)| LENGTHS[*text as usize]).sum() };
        let marks: Vec<(usize, u32)> =
            (0..blocks.len()).filter(|at| blocks[*at].2 > 0).map(|at| (at + 1, blocks[at].2)).collect();

        let mut hit = 0;
        'marks: for (mark, _) in marks.iter().rev() {
            let (mut end, mut positions) = (*mark, 0);
            while end > 0 && positions < lookback {
                positions += 1;
                // One position: this block, and with collapsing all of the run that it ends.
                let run = names[end - 1].1;
                loop {
                    if cache.live(&names[..end], now) {
                        hit = end;
                        break 'marks;
                    }
                    end -= 1;
                    let same = end > 0 && names[end - 1].1 == run && matches!(run, Kind::Called | Kind::Returned);
                    if !(collapse && same) {
                        break;
                    }
                }
            }
        }
        if hit > 0 {
            cache.refresh(&names[..hit], now);
        }
        let mut stretches = Vec::new();
        let mut last = tokens(hit);
        for (mark, ttl) in marks.iter().filter(|(mark, _)| *mark > hit && tokens(*mark) >= minimum) {
            cache.write(&names[..*mark], now, readable, u64::from(*ttl) * SECOND);
            stretches.push((*ttl, tokens(*mark) - last));
            last = tokens(*mark);
        }
        results.push((tokens(hit), by_ttl(&stretches), tokens(blocks.len()) - last));
    }
    results
}

/// Keeps the first four marks, and none of a longer TTL after a shorter one.
fn allowed(mut raw: Vec<RawCall>) -> Vec<RawCall> {
    for (_, _, blocks) in &mut raw {
        let (mut count, mut longest) = (0, u32::MAX);
        for (_, _, mark) in blocks {
            if *mark == 0 || count == 4 || *mark > longest {
                *mark = 0;
            } else {
                count += 1;
                longest = *mark;
            }
        }
    }
    raw
}

/// Rule R12 in explicit mode over a map of whole prefixes: the latest slots are written, the first
/// and the latest marks are looked up.
fn breakpoints(raw: &[RawCall], (slots, first, latest): (usize, usize, usize), minimum: u64) -> Result {
    let mut cache: Cache<u8> = Cache::new();
    let mut results = Vec::new();
    for (now, readable, blocks) in timed(raw) {
        let names: Vec<u8> = blocks.iter().map(|(text, _, _)| *text).collect();
        let tokens = |end: usize| -> u64 { names[..end].iter().map(|text| LENGTHS[*text as usize]).sum() };
        let marks: Vec<(usize, u32)> =
            (0..blocks.len()).filter(|at| blocks[*at].2 > 0).map(|at| (at + 1, blocks[at].2)).collect();
        let looked_up = |number: usize| number < first || number + latest >= marks.len();
        let hit = (0..marks.len())
            .rev()
            .filter(|number| looked_up(*number) && tokens(marks[*number].0) >= minimum)
            .map(|number| marks[number].0)
            .find(|end| cache.live(&names[..*end], now))
            .unwrap_or(0);
        if hit > 0 {
            cache.refresh(&names[..hit], now);
        }
        let mut stretches = Vec::new();
        let mut last = tokens(hit);
        for (number, (mark, ttl)) in marks.iter().enumerate() {
            if number + slots >= marks.len() && *mark > hit && tokens(*mark) >= minimum {
                cache.write(&names[..*mark], now, readable, u64::from(*ttl) * SECOND);
                stretches.push((*ttl, tokens(*mark) - last));
                last = tokens(*mark);
            }
        }
        results.push((tokens(hit), by_ttl(&stretches), tokens(blocks.len()) - last));
    }
    results
}

/// Texts that begin alike, spelled out token by token: (length, the text before it that it begins
/// like, for how many tokens).
type Spelling = Vec<(u64, usize, u64)>;

fn spelled(spelling: &Spelling) -> (Contents, Vec<Content>, Vec<Vec<u32>>) {
    let mut contents = Contents::new();
    let (mut handles, mut tokens): (Vec<Content>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
    let mut fresh = 0;
    for (length, like, shared) in spelling {
        let other = handles.get(*like).copied();
        let shared = other.map_or(0, |other| (*shared).min(*length).min(contents.tokens(other)));
        let mut text: Vec<u32> = other.map_or(Vec::new(), |_| tokens[*like][..shared as usize].to_vec());
        while (text.len() as u64) < *length {
            fresh += 1;
            text.push(fresh);
        }
        handles.push(contents.add(*length, other.map(|other| (other, shared))));
        tokens.push(text);
    }
    (contents, handles, tokens)
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop::collection::vec((0..40u64, 0..4usize, 0..40u64), 4..5)
}

/// A prompt's tokens; a token is told from an equal one of another speaker.
fn prompt(blocks: &[Raw], texts: &[Vec<u32>]) -> Vec<(Kind, u32)> {
    let mut prompt = Vec::new();
    for (text, kind, _) in blocks {
        prompt.extend(texts[*text as usize].iter().map(|token| (*kind, *token)));
    }
    prompt
}

/// Rules R11 and R16 over a map of every prefix of every prompt.
fn longest_prefix(raw: &[RawCall], texts: &[Vec<u32>], rules: &LongestPrefix, minimum: u64, kept: u64) -> Result {
    let mut cache: Cache<(Kind, u32)> = Cache::new();
    let mut results = Vec::new();
    for (now, readable, blocks) in timed(raw) {
        let prompt = prompt(blocks, texts);
        let length = prompt.len() as u64;
        let live = (0..=prompt.len()).rev().find(|end| *end > 0 && cache.live(&prompt[..*end], now)).unwrap_or(0);
        let common = (live as u64).min(length.saturating_sub(rules.recomputed));
        let floor = |tokens: u64, unit: u64| tokens / unit * unit;
        let read = match rules.interval {
            _ if common < minimum => 0,
            Some(interval) => floor(floor(rules.hidden + common, interval).saturating_sub(rules.hidden), rules.unit),
            None => floor(common, rules.unit),
        };
        for end in 1..=prompt.len() {
            cache.write(&prompt[..end], now, readable, kept);
        }
        results.push((read, Vec::new(), length - read));
    }
    results
}

/// Rule R15 over a map of units.
fn prefix_units(raw: &[RawCall], texts: &[Vec<u32>], build: u64, kept: u64) -> Result {
    let mut cache: Cache<(Kind, u32)> = Cache::new();
    let mut prompts: Vec<Vec<(Kind, u32)>> = Vec::new();
    let mut results = Vec::new();
    for (now, readable, blocks) in timed(raw) {
        let prompt = prompt(blocks, texts);
        let read = (1..=prompt.len()).rev().find(|end| cache.live(&prompt[..*end], now)).unwrap_or(0);
        let common =
            |other: &Vec<(Kind, u32)>| prompt.iter().zip(other).take_while(|(own, other)| own == other).count();
        let mut units: Vec<usize> = prompts.iter().map(common).chain([prompt.len()]).filter(|end| *end > 0).collect();
        units.sort_unstable();
        units.dedup();
        for end in units {
            cache.write(&prompt[..end], now, readable + build * SECOND, kept);
        }
        results.push((read as u64, Vec::new(), (prompt.len() - read) as u64));
        prompts.push(prompt);
    }
    results
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn block_boundaries_agree(
        raw in raw_calls(12, &[Kind::Said, Kind::Called, Kind::Returned], &[0, 0, 60, 300]).prop_map(allowed),
        lookback in 1..5usize,
        collapse: bool,
        minimum in 0..40u64,
    ) {
        let (contents, texts) = texts();
        let family = CacheFamily::BlockBoundary(BlockBoundary {
            breakpoints: 4,
            lookback: lookback as u32,
            collapse_tool_runs: collapse,
            longer_ttl_first: true,
            automatic: false,
            minimum_per_breakpoint: false,
            refresh_path: false,
            no_tools: false,
        });
        let lifetimes = lifetimes(&[60, 300], Class::Fixed);
        let model = model(Some(Mechanism { family, minimum, lifetimes }), None);
        prop_assert_eq!(
            simulated(&model, &contents, &calls(&raw, &texts, None)),
            block_boundaries(&raw, lookback, collapse, minimum)
        );
    }

    #[test]
    fn breakpoints_agree(
        raw in raw_calls(12, &[Kind::Said], &[0, 60]),
        slots in 1..4usize,
        first in 0..3usize,
        latest in 1..5usize,
        minimum in 0..40u64,
    ) {
        let (contents, texts) = texts();
        let family = CacheFamily::BreakpointOnly(BreakpointOnly {
            slots: slots as u32,
            default_mode: Mode::Implicit,
            lookup_first: first as u32,
            lookup_latest: latest as u32,
            lookup_endings: 20,
            dev_block_end_written: false,
            mixed_billing: MixedBilling::Segments,
            refresh_path: false,
        });
        let model = model(Some(Mechanism { family, minimum, lifetimes: lifetimes(&[60], Class::Minimum) }), None);
        prop_assert_eq!(
            simulated(&model, &contents, &calls(&raw, &texts, Some(Mode::Explicit))),
            breakpoints(&raw, (slots, first, latest), minimum)
        );
    }

    #[test]
    fn longest_prefixes_agree(
        raw in raw_calls(5, &[Kind::Said, Kind::Answered], &[0]),
        spelling in spelling(),
        unit in 1..20u64,
        interval in prop::option::of(1..30u64),
        (hidden, recomputed, minimum) in (0..20u64, 0..2u64, 0..30u64),
    ) {
        let (contents, handles, texts) = spelled(&spelling);
        let rules = LongestPrefix { unit, interval, hidden, recomputed, generated: false, slots: None };
        let mechanism =
            Mechanism { family: CacheFamily::LongestPrefix(rules.clone()), minimum, lifetimes: lifetimes(&[60], Class::Typical) };
        let calls = calls(&raw, &handles, None);
        prop_assert_eq!(
            simulated(&model(None, Some(mechanism)), &contents, &calls),
            longest_prefix(&raw, &texts, &rules, minimum, 60 * SECOND)
        );
    }

    #[test]
    fn prefix_units_agree(raw in raw_calls(5, &[Kind::Said, Kind::Answered], &[0]), spelling in spelling(), build in 0..4u64) {
        let (contents, handles, texts) = spelled(&spelling);
        let family = CacheFamily::PrefixUnits(PrefixUnits { interval: None, build_seconds: build, generated: false });
        let mechanism = Mechanism { family, minimum: 0, lifetimes: lifetimes(&[60], Class::BestEffort) };
        let calls = calls(&raw, &handles, None);
        prop_assert_eq!(
            simulated(&model(None, Some(mechanism)), &contents, &calls),
            prefix_units(&raw, &texts, build, 60 * SECOND)
        );
    }
}
