//! Requests resolved once: which way of caching serves them, what their prefixes are called, and
//! what they look up and write. Sending a prompt afterwards costs no more than its breakpoints.

use super::block_boundary;
use super::boundary::BoundaryPlan;
use super::breakpoint_only;
use super::object::{self, ObjectPlan};
use super::preparation::{Namespace, Preparation};
use super::request::{Contents, Request, RequestBlock};
use super::tree::TokenPath;
use crate::cost::rules::{CacheFamily, CacheRules, LongestPrefix, Mode, Model, PrefixUnits, Refusal, Serving};
use crate::syntax::quantity::Ttl;

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

/// A rule of the provider that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleBreach {
    /// Which request, counted from 0.
    pub request: usize,
    /// Which of its blocks, if it is about one.
    pub block: Option<usize>,
    /// The rule.
    pub rule: Refusal,
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
    names: Namespace,
    prepared: u32,
}

impl<'m> Prompts<'m> {
    /// Nothing is prepared yet.
    pub fn new(model: &'m Model) -> Self {
        Self { model, names: Namespace::default(), prepared: 0 }
    }

    /// Resolves one request. `Err` holds every rule of the provider that it breaks.
    pub fn prepare(&mut self, contents: &Contents, request: &Request) -> Result<Prepared, Vec<RuleBreach>> {
        self.prepared = self.prepared.saturating_add(1);
        let lengths = request.blocks.iter().map(|block| contents.tokens(block.content));
        let input = lengths.fold(request.fresh, u64::saturating_add);
        let rules = &self.model.rules;
        let mut breaches = Vec::new();
        let serving = serving(rules, request).unwrap_or_else(|rule| {
            breaches.push(RuleBreach { request: 0, block: None, rule });
            None
        });
        let mut prepared = Prepared {
            number: self.prepared,
            input,
            plan: Plan::Uncached,
            implicit: matches!(serving, Some(Serving::Implicit { beside_explicit: true, .. })),
            guaranteed: serving.is_none_or(|serving| serving.mechanism().is_guaranteed()),
            rounded: Vec::new(),
        };
        if let Some(mechanism) = serving.map(Serving::mechanism) {
            let mut preparation = Preparation::of(&mut self.names, rules, contents, request, mechanism);
            prepared.plan = match &mechanism.family {
                CacheFamily::BlockBoundary(rules) => Plan::Boundaries(block_boundary::plan(rules, &mut preparation)),
                CacheFamily::BreakpointOnly(rules) => Plan::Boundaries(breakpoint_only::plan(rules, &mut preparation)),
                CacheFamily::LongestPrefix(rules) => Plan::Prefix(rules.clone(), preparation.token_path()),
                CacheFamily::PrefixUnits(rules) => Plan::Units(rules.clone(), preparation.token_path()),
                CacheFamily::WholeObject(_) => object::plan(&mut preparation).map_or(Plan::Uncached, Plan::Object),
            };
            let (found, rounded) = preparation.finish();
            breaches.extend(found);
            prepared.rounded = rounded;
        }
        if breaches.is_empty() { Ok(prepared) } else { Err(breaches) }
    }
}

/// The mechanism that serves a request, if any. Objects serve those requests alone that name one.
fn serving<'m>(rules: &'m CacheRules, request: &Request) -> Result<Option<Serving<'m>>, Refusal> {
    let objects = rules.explicit.as_ref().filter(|mechanism| mechanism.family.is_object());
    match (&request.object, objects) {
        (Some(_), objects) => objects.map(|objects| Some(Serving::Explicit(objects))).ok_or(Refusal::NoObjects),
        (None, Some(_)) => Ok(rules.serving_unasked()),
        (None, None) => {
            let is_marked = || request.blocks.iter().any(RequestBlock::is_marked);
            Ok(rules.serving(request.mode.map_or_else(is_marked, |mode| mode == Mode::Explicit)))
        }
    }
}
