//! Requests resolved once: which way of caching serves them, what their prefixes are called, and
//! what they look up and write. Sending a prompt afterwards costs no more than its breakpoints.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::block_boundary;
use super::boundary::{Boundary, BoundaryPlan, UNSHARED};
use super::breach::{Rule, RuleBreach};
use super::breakpoint_only;
use super::entry::Kept;
use super::object::{self, ObjectPlan};
use super::request::{Block, BlockKind, Content, Contents, Request, Speaker};
use super::tree::{Piece, TokenPath};
use crate::rules::{CacheRules, Family, LongestPrefix, Mechanism, Mode, Model, PrefixUnits};
use crate::segment::{Mark, Tier, Ttl};

/// A request in the form that is sent: immutable, and cheap to send any number of times.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Distinguishes the prompts of one [`Prompts`].
    pub(super) number: u32,
    /// Input tokens, fresh ones included.
    pub(super) input: u64,
    pub(super) plan: Plan,
    /// Whether the model's implicit mechanism serves it beside an explicit one, at its own price.
    pub(super) implicit: bool,
    /// Whether what is read may be called guaranteed (rule R13).
    guaranteed: bool,
    /// Blocks whose TTL the model lacks, with the one that they get.
    rounded: Vec<(usize, Ttl)>,
}

impl Prepared {
    /// Whether what is read may be called guaranteed (rule R13).
    pub fn is_guaranteed(&self) -> bool {
        self.guaranteed
    }

    /// Input tokens, fresh ones included.
    pub fn input(&self) -> u64 {
        self.input
    }

    /// Blocks whose TTL the model lacks, with the next shorter one, else the shortest, that they get.
    pub fn rounded(&self) -> &[(usize, Ttl)] {
        &self.rounded
    }
}

/// How a prompt is served.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// Not cached at all.
    Uncached,
    Boundaries(BoundaryPlan),
    Prefix(LongestPrefix, TokenPath),
    Units(PrefixUnits, TokenPath),
    Object(ObjectPlan),
}

/// Prepares the requests of one model and names their prefixes. Prompts that are to meet in one
/// cache must be prepared by the same `Prompts`.
#[derive(Debug)]
pub struct Prompts<'m> {
    pub(super) model: &'m Model,
    /// Namespace and settings, tier by tier (rules R1 and R9).
    stages: Names<Stage>,
    /// What a text stands in: (stage, tier, speaker).
    spaces: Names<(u32, Tier, Speaker)>,
    /// A prefix: (the prefix before its last block, that block's space and content).
    prefixes: Names<(u32, u32, Content)>,
    objects: Names<(Arc<str>, u32)>,
    prepared: u32,
}

/// What must agree for two prompts to share the entries of a tier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Stage {
    key: Option<Arc<str>>,
    settings: Vec<(Arc<str>, Arc<str>)>,
}

/// Numbers for values: equal values get equal numbers, counted from 1.
#[derive(Debug)]
pub(super) struct Names<T>(HashMap<T, u32>);

impl<T: Hash + Eq> Names<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    pub(super) fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }
}

impl<'m> Prompts<'m> {
    /// Nothing is prepared yet.
    pub fn new(model: &'m Model) -> Self {
        Self {
            model,
            stages: Names::new(),
            spaces: Names::new(),
            prefixes: Names::new(),
            objects: Names::new(),
            prepared: 0,
        }
    }

    /// Resolves one request. `Err` holds every rule of the provider that it breaks.
    pub fn prepare(&mut self, contents: &Contents, request: &Request) -> Result<Prepared, Vec<RuleBreach>> {
        self.prepared = self.prepared.saturating_add(1);
        let lengths = request.blocks.iter().map(|block| contents.tokens(block.content));
        let input = lengths.fold(request.fresh, u64::saturating_add);
        let rules = &self.model.rules;
        let serving = Serving::of(rules, request);
        let mut prepared = Prepared {
            number: self.prepared,
            input,
            plan: Plan::Uncached,
            implicit: serving.implicit && rules.explicit.is_some(),
            guaranteed: serving.mechanism.is_none_or(Mechanism::is_guaranteed),
            rounded: Vec::new(),
        };
        let mut breaches = Vec::new();
        if serving.object_refused {
            breaches.push(RuleBreach { request: 0, block: None, rule: Rule::NoObjects });
        }
        if let Some(mechanism) = serving.mechanism {
            let mut draft = Draft::of(self, contents, request, mechanism);
            prepared.plan = match &mechanism.family {
                Family::BlockBoundary(rules) => Plan::Boundaries(block_boundary::plan(rules, &mut draft)),
                Family::BreakpointOnly(rules) => Plan::Boundaries(breakpoint_only::plan(rules, &mut draft)),
                Family::LongestPrefix(rules) => Plan::Prefix(rules.clone(), draft.token_path()),
                Family::PrefixUnits(rules) => Plan::Units(rules.clone(), draft.token_path()),
                Family::WholeObject(_) => object::plan(&mut draft).map_or(Plan::Uncached, Plan::Object),
            };
            breaches.append(&mut draft.breaches);
            prepared.rounded = draft.rounded;
        }
        if breaches.is_empty() { Ok(prepared) } else { Err(breaches) }
    }

    /// The stage of a tier: the namespace and every setting whose change loses that tier or an
    /// earlier one. A setting at its default counts as left out.
    fn stage(&mut self, tier: Tier, request: &Request) -> u32 {
        let rules = &self.model.rules;
        let loses = |(name, value): &&(Arc<str>, Arc<str>)| {
            rules.invalidation(name).is_some_and(|entry| {
                entry.from.is_some_and(|from| from <= tier) && entry.default.as_ref() != Some(value)
            })
        };
        let mut settings: Vec<(Arc<str>, Arc<str>)> = request.settings.iter().filter(loses).cloned().collect();
        settings.sort_unstable();
        let key = request.key.clone().filter(|_| rules.key_separates);
        self.stages.number(Stage { key, settings })
    }
}

/// Which mechanism serves a request.
struct Serving<'m> {
    mechanism: Option<&'m Mechanism>,
    implicit: bool,
    object_refused: bool,
}

impl<'m> Serving<'m> {
    /// A request that asks for caching gets the explicit mechanism, any other the implicit one; a
    /// model with only one of them uses it for every request. Objects serve those who name one.
    fn of(rules: &'m CacheRules, request: &Request) -> Self {
        let whole_object = |mechanism: &&Mechanism| matches!(mechanism.family, Family::WholeObject(_));
        let objects = rules.explicit.as_ref().filter(whole_object);
        let marks = rules.explicit.as_ref().filter(|mechanism| !whole_object(mechanism));
        let asks = request.mode == Some(Mode::Explicit)
            || (request.mode.is_none() && request.blocks.iter().any(Block::is_marked));
        let (mechanism, implicit) = match (request.object.is_some(), marks, rules.implicit.as_ref()) {
            (true, ..) => (objects, false),
            (false, Some(marks), None) => (Some(marks), false),
            (false, Some(marks), Some(_)) if asks => (Some(marks), false),
            (false, _, implicit) => (implicit, true),
        };
        Self { mechanism, implicit, object_refused: request.object.is_some() && objects.is_none() }
    }
}

/// A request on its way to a plan, with its boundaries named.
pub(super) struct Draft<'a> {
    pub(super) request: &'a Request,
    /// The blocks of the request; its fresh tokens, if any, are one more.
    pub(super) blocks: Arc<[Block]>,
    pub(super) mechanism: &'a Mechanism,
    contents: &'a Contents,
    objects: &'a mut Names<(Arc<str>, u32)>,
    /// For each block: its space, and the boundary at its end.
    places: Vec<(u32, Boundary)>,
    breaches: Vec<RuleBreach>,
    rounded: Vec<(usize, Ttl)>,
}

impl<'a> Draft<'a> {
    fn of(
        prompts: &'a mut Prompts<'_>,
        contents: &'a Contents,
        request: &'a Request,
        mechanism: &'a Mechanism,
    ) -> Self {
        let stages = [Tier::Tools, Tier::System, Tier::Messages].map(|tier| (tier, prompts.stage(tier, request)));
        let mut places: Vec<(u32, Boundary)> = Vec::with_capacity(request.blocks.len());
        let (mut key, mut tokens) = (0, 0u64);
        for (number, block) in request.blocks.iter().enumerate() {
            let stage = stages.iter().find(|(tier, _)| *tier == block.tier).map_or(0, |(_, stage)| *stage);
            let space = prompts.spaces.number((stage, block.tier, block.speaker));
            key = prompts.prefixes.number((key, space, block.content));
            tokens = tokens.saturating_add(contents.tokens(block.content));
            let block = u32::try_from(number).unwrap_or(u32::MAX);
            places.push((space, Boundary { key, block, tokens }));
        }
        let mut blocks = request.blocks.clone();
        if request.fresh > 0 {
            let block = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            places.push((0, Boundary { key: UNSHARED, block, tokens: tokens.saturating_add(request.fresh) }));
            let (tier, speaker, kind) = (Tier::Messages, Speaker::User, BlockKind::Text);
            blocks.push(Block { content: Content::FRESH, tier, speaker, kind, mark: Mark::Free });
        }
        let objects = &mut prompts.objects;
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
    pub(super) fn path(&self, refresh_path: bool) -> Box<[Boundary]> {
        if refresh_path { self.places.iter().map(|(_, place)| *place).collect() } else { Box::default() }
    }

    /// The TTL of the breakpoint after a block; `None` without one.
    pub(super) fn ttl(&mut self, block: usize) -> Option<Ttl> {
        let mark = self.blocks[block].mark;
        let granted = self.granted(mark)?;
        if let Mark::For(wish) = mark
            && wish != granted
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
        match own {
            Some(ttl) => self.mechanism.granted(ttl),
            None => self.mechanism.lifetimes.first().map(|lifetime| lifetime.ttl),
        }
    }

    /// How long an entry of this TTL is kept.
    pub(super) fn kept(&self, ttl: Ttl) -> Kept {
        Kept::by(self.mechanism.lifetime(ttl))
    }

    /// Notes a rule that is broken.
    pub(super) fn breach(&mut self, block: Option<usize>, rule: Rule) {
        self.breaches.push(RuleBreach { request: 0, block, rule });
    }

    /// The number of an object: its name and its exact content.
    pub(super) fn object(&mut self, id: &Arc<str>, content: u32) -> u32 {
        self.objects.number((id.clone(), content))
    }

    /// The prompt as a path of tokens.
    fn token_path(&self) -> TokenPath {
        let lifetime = self.granted(Mark::Here).and_then(|ttl| self.mechanism.lifetime(ttl));
        let mut path = TokenPath::new(self.mechanism.minimum, Kept::by(lifetime), self.request.fresh);
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
