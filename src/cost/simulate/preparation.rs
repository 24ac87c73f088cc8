//! A request on its way to a plan: its boundaries, named so that equal prefixes have equal names.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::RuleBreach;
use super::boundary::{Boundary, UNSHARED, Write};
use super::entry::Retention;
use super::request::{BlockKind, Content, Contents, Request, RequestBlock, Speaker};
use super::tree::{Piece, TokenPath};
use crate::cost::rules::{CacheRules, Mechanism, Refusal};
use crate::prompt::segment::Tier;
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;

/// The numbers of everything that was prepared for one model.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    /// Namespace and settings, tier by tier (rules R1 and R9).
    stages: Names<Stage>,
    /// What a text belongs to: (stage, tier, speaker).
    spaces: Names<(u32, Tier, Speaker)>,
    /// A prefix: (the prefix before its last block, that block's space and content).
    prefixes: Names<(u32, u32, Content)>,
    objects: Names<(Arc<str>, u32)>,
}

impl Namespace {
    /// The stage of a tier: the namespace and every setting whose change loses that tier or an
    /// earlier one. A setting at its default counts as left out.
    fn stage(&mut self, rules: &CacheRules, tier: Tier, request: &Request) -> u32 {
        let loses = |(name, value): &&(Arc<str>, Arc<str>)| {
            rules.invalidation(name).is_some_and(|entry| entry.separates(tier, value))
        };
        let mut settings: Vec<(Arc<str>, Arc<str>)> = request.settings.iter().filter(loses).cloned().collect();
        settings.sort_unstable();
        let key = request.key.clone().filter(|_| rules.key_separates);
        self.stages.number(Stage { key, settings })
    }
}

/// What must agree for two prompts to share the entries of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Stage {
    key: Option<Arc<str>>,
    settings: Vec<(Arc<str>, Arc<str>)>,
}

/// Numbers for values: equal values get equal numbers, counted from 1.
#[derive(Debug)]
struct Names<T>(HashMap<T, u32>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Hash + Eq> Names<T> {
    fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }
}

/// A request on its way to a plan, with its boundaries named.
pub(super) struct Preparation<'a> {
    pub(super) request: &'a Request,
    /// The blocks of the request; its fresh tokens, if any, are one more.
    pub(super) blocks: Arc<[RequestBlock]>,
    pub(super) mechanism: &'a Mechanism,
    contents: &'a Contents,
    objects: &'a mut Names<(Arc<str>, u32)>,
    /// For each block: its space, and the boundary at its end.
    places: Vec<(u32, Boundary)>,
    breaches: Vec<RuleBreach>,
    rounded: Vec<(usize, Ttl)>,
}

impl<'a> Preparation<'a> {
    pub(super) fn of(
        names: &'a mut Namespace,
        rules: &CacheRules,
        contents: &'a Contents,
        request: &'a Request,
        mechanism: &'a Mechanism,
    ) -> Self {
        let stages = [Tier::Tools, Tier::System, Tier::Messages].map(|tier| (tier, names.stage(rules, tier, request)));
        let mut places: Vec<(u32, Boundary)> = Vec::with_capacity(request.blocks.len());
        let (mut key, mut tokens) = (0, 0u64);
        for (number, block) in request.blocks.iter().enumerate() {
            let stage = stages.iter().find(|(tier, _)| *tier == block.tier).map_or(0, |(_, stage)| *stage);
            let space = names.spaces.number((stage, block.tier, block.speaker));
            key = names.prefixes.number((key, space, block.content));
            tokens = tokens.saturating_add(contents.tokens(block.content));
            let block = u32::try_from(number).unwrap_or(u32::MAX);
            places.push((space, Boundary { key, block, tokens }));
        }
        let mut blocks = request.blocks.clone();
        if request.fresh > 0 {
            let block = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            places.push((0, Boundary { key: UNSHARED, block, tokens: tokens.saturating_add(request.fresh) }));
            let (tier, speaker, kind) = (Tier::Messages, Speaker::User, BlockKind::Text);
            blocks.push(RequestBlock { content: Content::FRESH, tier, speaker, kind, mark: Mark::Free });
        }
        let objects = &mut names.objects;
        Self {
            request,
            blocks: blocks.into(),
            mechanism,
            contents,
            objects,
            places,
            breaches: Vec::new(),
            rounded: Vec::new(),
        }
    }

    /// The boundary at the end of a block.
    pub(super) fn boundary(&self, block: usize) -> Boundary {
        self.places[block].1
    }

    /// Every boundary if reads refresh their path, else none.
    pub(super) fn path(&self) -> Box<[Boundary]> {
        if self.mechanism.refreshes_path() {
            self.places.iter().map(|(_, place)| *place).collect()
        } else {
            Box::default()
        }
    }

    /// The TTL of the breakpoint after a block; `None` without one.
    pub(super) fn ttl(&mut self, block: usize) -> Option<Ttl> {
        let mark = self.blocks[block].mark;
        let granted = self.granted(mark)?;
        if let Mark::For(wanted) = mark
            && wanted != granted
        {
            self.rounded.push((block, granted));
        }
        Some(granted)
    }

    /// The TTL that a mark gets: its own, the request's, the model's default; rounded to one that
    /// the model has.
    pub(super) fn granted(&self, mark: Mark) -> Option<Ttl> {
        let own = match mark {
            Mark::For(ttl) => Some(ttl),
            Mark::Here => self.request.ttl,
            Mark::Free | Mark::Never => return None,
        };
        self.mechanism.ttl(own)
    }

    /// The entry that a breakpoint after a block writes.
    pub(super) fn write(&self, block: usize, ttl: Ttl) -> Write {
        Write { at: self.boundary(block), ttl, retention: Retention::by(Some(self.mechanism.lifetime(ttl))) }
    }

    /// Notes what the provider refuses.
    pub(super) fn breach(&mut self, block: Option<usize>, rule: Refusal) {
        self.breaches.push(RuleBreach { request: 0, block, rule });
    }

    /// The rules that were broken, and the TTLs that were rounded.
    pub(super) fn finish(self) -> (Vec<RuleBreach>, Vec<(usize, Ttl)>) {
        (self.breaches, self.rounded)
    }

    /// The number of an object: its name and its exact content.
    pub(super) fn object(&mut self, id: &Arc<str>, content: u32) -> u32 {
        self.objects.number((id.clone(), content))
    }

    /// The prompt as a path of tokens.
    pub(super) fn token_path(&self) -> TokenPath {
        let lifetime = self.granted(Mark::Here).map(|ttl| self.mechanism.lifetime(ttl));
        let mut path = TokenPath::new(self.mechanism.minimum, Retention::by(lifetime), self.request.fresh);
        let mut start = 0;
        for (block, (space, end)) in self.request.blocks.iter().zip(&self.places) {
            for (owner, offset, tokens) in self.contents.stretches(block.content) {
                path.push(Piece { space: *space, owner, offset, tokens });
            }
            if block.speaker == Speaker::Assistant {
                path.answered(start, end.tokens, end.key);
            }
            start = end.tokens;
        }
        path
    }
}
