//! What a model's cache can still serve after the merge, and what it costs to fill the rest.
//!
//! Both prompts are sent to the simulator as the provider would get them: the blocks that the
//! emitters write, marked where the planner marked them. Where entries are matched by tokens instead
//! of blocks, messages take the place of blocks, because no boundary matters there.

use std::collections::HashMap;
use std::sync::Arc;

use super::stream::{Run, common_tokens, parting, runs};
use super::{Build, ModelBuild};
use crate::cost::bill::{self};
use crate::cost::rules::{CacheFamily, Mechanism, Mode};
use crate::cost::simulate::{self, Content, Contents, Object, Prompts, Request, RequestBlock, Speaker};
use crate::cost::terms::Terms;
use crate::prompt::blocks::{self, BlockKind};
use crate::prompt::chain::Digest;
use crate::prompt::segment::{Role, Segment, Tier, prefix_len};
use crate::syntax::manifest::Mark;

/// A build and one model of it.
pub type Seen<'a> = (&'a Build, &'a ModelBuild);

/// How many tokens of the new prompt the cache can serve right after the old one was in use: the
/// longest old entry at or before the divergence that the new layout can reach.
pub fn eligible(old: Seen<'_>, new: Seen<'_>) -> u64 {
    let model = new.1.card.at(new.0.date).model(&new.1.choices);
    let by_tokens = matches_tokens(new);
    // Of blocks the new prompt first: a text that both hold has the new one's count. Of tokens each begins like an
    // earlier one, by its own count.
    let (contents, mut both) = requests(&if by_tokens { [old, new] } else { [new, old] }, |_| by_tokens);
    if !by_tokens {
        both.reverse();
    }
    let mut prompts = Prompts::new(&model);
    let prepared: Option<Vec<_>> = both.iter().map(|request| prompts.prepare(&contents, request).ok()).collect();
    // A layout that the provider would refuse serves nothing, and the build has said so.
    let Some([old, new]) = prepared.as_deref() else { return 0 };
    simulate::served(&model, old, new)
}

/// The requests of several builds of one model as its provider gets them, by their tokens or by their blocks: what they
/// begin with alike has one handle.
pub fn requests(seen: &[Seen<'_>], by_tokens: impl Fn(Seen<'_>) -> bool) -> (Contents, Vec<Request>) {
    let (mut texts, mut before) = (Texts::default(), Vec::new());
    let requests =
        seen.iter().map(|own| if by_tokens(*own) { texts.by_tokens(*own, &mut before) } else { texts.by_blocks(*own) });
    let requests = requests.collect();
    (texts.contents, requests)
}

/// Whether its cache matches tokens, and not the ends of blocks.
pub fn matches_tokens(seen: Seen<'_>) -> bool {
    mechanism(seen).is_some_and(|mechanism| mechanism.family.matches_tokens())
}

/// What the first call after the merge costs more than a warm one.
pub fn rewarm((build, model): Seen<'_>, eligible: u64) -> Option<crate::syntax::quantity::Usd> {
    let rules = model.card.at(build.date).model(&model.choices);
    let terms = Terms { model: &rules, batch: None, traffic: None, tokens: &model.tokens };
    bill::rewarm(&model.layout, &terms, eligible)
}

/// The way of caching that serves a build's requests.
pub fn mechanism((build, model): Seen<'_>) -> Option<Mechanism> {
    let rules = model.card.at(build.date).cache_rules();
    let is_marked = model.layout.breakpoints.iter().any(|placed| !placed.is_dead);
    rules.serving(is_marked).map(|serving| serving.mechanism().clone())
}

/// The texts of both prompts: equal ones have one handle.
#[derive(Default)]
struct Texts<'a> {
    contents: Contents,
    /// By the digests of the segments and the numbers of their parts: what most blocks are known by.
    named: HashMap<Vec<(Digest, usize)>, Content>,
    /// By bytes, for texts that were cut into segments in another way.
    written: HashMap<usize, Vec<(Vec<&'a str>, Content)>>,
}

impl<'a> Texts<'a> {
    fn content(&mut self, build: &'a Build, places: &[(usize, usize)], tokens: u64) -> Content {
        let name = places.iter().map(|(segment, part)| (build.chain.digests[*segment], *part)).collect();
        if let Some(content) = self.named.get(&name) {
            return *content;
        }
        let pieces: Vec<&str> =
            places.iter().map(|(segment, part)| &*build.segments[*segment].parts[*part].text).collect();
        let alike = self.written.entry(pieces.iter().map(|piece| piece.len()).sum()).or_default();
        let met = alike.iter().find(|(other, _)| {
            other.iter().flat_map(|piece| piece.bytes()).eq(pieces.iter().flat_map(|piece| piece.bytes()))
        });
        let content = match met {
            Some((_, content)) => *content,
            None => {
                let content = self.contents.add(tokens, None);
                alike.push((pieces, content));
                content
            }
        };
        self.named.insert(name, content);
        content
    }

    /// The request as the emitters write it, up to the first hole; what comes then is never shared.
    fn by_blocks(&mut self, (build, model): Seen<'a>) -> Request {
        let rules = model.card.at(build.date).cache_rules();
        let segments = &build.segments;
        let marks: HashMap<usize, _> = model.layout.marks().map(|mark| (mark.after, mark.ttl)).collect();
        let cuts: Vec<usize> = marks.keys().copied().collect();
        let end = prefix_len(segments);
        let shares = shares(segments, &model.counts.per_segment);
        let mut request = self.request(model);
        for block in blocks::blocks(segments.get(..end).unwrap_or_default(), &cuts) {
            let tokens = block.parts.iter().map(|place| shares.get(place).copied().unwrap_or(0)).sum();
            let mark = block.breakpoint.and_then(|after| marks.get(&after)).map_or(Mark::Free, |ttl| Mark::For(*ttl));
            if block.kind == BlockKind::History {
                continue;
            }
            let content = self.content(build, &block.parts, tokens);
            let kind = match block.kind {
                BlockKind::ToolCall => simulate::BlockKind::ToolUse,
                BlockKind::ToolResult => simulate::BlockKind::ToolResult,
                BlockKind::Tool | BlockKind::Text | BlockKind::History => simulate::BlockKind::Text,
            };
            request.blocks.push(RequestBlock { kind, ..simulated(content, block.tier, block.role, mark) });
        }
        let shared: u64 = request.blocks.iter().map(|block| self.contents.tokens(block.content)).sum();
        request.fresh = model.tokens.text.tokens().saturating_add(model.tokens.inputs).saturating_sub(shared);
        let is_marked = request.blocks.iter().any(RequestBlock::is_marked);
        match rules.explicit.as_ref().map(|mechanism| &mechanism.family) {
            // The emitters always say that they mark the blocks themselves.
            Some(CacheFamily::BreakpointOnly(_)) => request.mode = Some(Mode::Explicit),
            Some(CacheFamily::WholeObject(_)) if is_marked => {
                let ttl = model.layout.marks().last().map(|mark| mark.ttl);
                request.object = Some(Object { id: "prompt".into(), ttl });
            }
            _ => {}
        }
        request
    }

    /// The request as its tokens, tier by tier, which begin like those of the one before that shares most.
    fn by_tokens(&mut self, new: Seen<'a>, before: &mut Vec<Cut<'a>>) -> Request {
        let runs = runs(&new.0.segments);
        let prefix = new.1.tokens.prefix.tokens();
        let shared_with = |old: &Cut<'_>| match parting(&old.runs, &runs) {
            None => prefix,
            Some(place) => {
                common_tokens(new.0, &new.1.counts.per_segment, &old.runs, &runs, place, &new.1.tokenizer.tokenizer)
            }
        };
        let like = before.iter().map(|old| (shared_with(old).min(prefix), old)).max_by_key(|(shared, _)| *shared);
        let mut request = self.request(new.1);
        let (mut start, mut tiers) = (0, Vec::new());
        for (place, (tier, end)) in TIERS.into_iter().zip(tier_ends(new.0, new.1)).enumerate() {
            // What is behind the last tier's end is a difference of counts.
            let end = if tier == Tier::Messages { prefix } else { end.min(prefix) };
            let tokens = end.saturating_sub(start);
            let alike =
                like.as_ref().and_then(|(shared, old)| Some((*old.tiers.get(place)?, shared.saturating_sub(start))));
            let content = self.contents.add(tokens, alike);
            tiers.push(content);
            if tokens > 0 {
                let role = if tier == Tier::Messages { Role::User } else { Role::System };
                request.blocks.push(simulated(content, tier, role, Mark::Free));
            }
            start = start.max(end);
        }
        let whole = new.1.tokens.text.tokens().saturating_add(new.1.tokens.inputs);
        request.fresh = whole.saturating_sub(prefix);
        before.push(Cut { runs, tiers });
        request
    }

    fn request(&self, model: &ModelBuild) -> Request {
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let settings = model.settings.iter().map(|(name, value)| (Arc::from(name.as_str()), Arc::from(plain(value))));
        Request { settings: settings.collect(), ..Request::default() }
    }
}

/// A prompt whose tokens are matched: its runs, and the text of each tier.
struct Cut<'a> {
    runs: Vec<Run<'a>>,
    tiers: Vec<Content>,
}

const TIERS: [Tier; 3] = [Tier::Tools, Tier::System, Tier::Messages];

fn simulated(content: Content, tier: Tier, role: Role, mark: Mark) -> RequestBlock {
    let speaker = match role {
        Role::System => Speaker::Developer,
        Role::User => Speaker::User,
        Role::Assistant => Speaker::Assistant,
    };
    RequestBlock { content, tier, speaker, kind: simulate::BlockKind::Text, mark }
}

/// Tokens before the end of each tier.
fn tier_ends(build: &Build, model: &ModelBuild) -> [u64; 3] {
    TIERS.map(|tier| {
        let counted = build.segments.iter().zip(&model.counts.per_segment);
        counted.filter(|(segment, _)| segment.tier <= tier).map(|(_, tokens)| tokens).sum()
    })
}

/// The tokens of each part. Those of a segment are known; within one they are shared out by length,
/// which moves no boundary that a breakpoint can stand at.
fn shares(segments: &[Segment], per_segment: &[u64]) -> HashMap<(usize, usize), u64> {
    let mut shares = HashMap::new();
    for (index, segment) in segments.iter().enumerate() {
        let tokens = per_segment.get(index).copied().unwrap_or(0);
        let bytes = segment.bytes().max(1) as u128;
        let (mut seen, mut given) = (0u128, 0u64);
        for (number, part) in segment.parts.iter().enumerate() {
            seen += if part.kind.has_text() { part.text.len() as u128 } else { 0 };
            let upto = u64::try_from(u128::from(tokens) * seen / bytes).unwrap_or(tokens);
            shares.insert((index, number), upto - given);
            given = upto;
        }
    }
    shares
}
