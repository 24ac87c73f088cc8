//! Requests resolved once: which way of caching serves them, what their prefixes are called, and
//! what they look up and write. Sending a prompt afterwards costs no more than its breakpoints.

use super::block_boundary;
use super::boundary::BoundaryPlan;
use super::breach::{Rule, RuleBreach};
use super::breakpoint_only;
use super::object::{self, ObjectPlan};
use super::preparation::{Namespace, Preparation};
use super::request::{Contents, Request, RequestBlock};
use super::tree::TokenPath;
use crate::cost::rules::{CacheFamily, CacheRules, LongestPrefix, Mechanism, Mode, Model, PrefixUnits};
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
            let mut preparation = Preparation::of(&mut self.names, rules, contents, request, mechanism);
            prepared.plan = match &mechanism.family {
                CacheFamily::BlockBoundary(rules) => Plan::Boundaries(block_boundary::plan(rules, &mut preparation)),
                CacheFamily::BreakpointOnly(rules) => Plan::Boundaries(breakpoint_only::plan(rules, &mut preparation)),
                CacheFamily::LongestPrefix(rules) => Plan::Prefix(rules.clone(), preparation.token_path()),
                CacheFamily::PrefixUnits(rules) => Plan::Units(rules.clone(), preparation.token_path()),
                CacheFamily::WholeObject(_) => object::plan(&mut preparation).map_or(Plan::Uncached, Plan::Object),
            };
            let (found, rounded) = preparation.settle();
            breaches.extend(found);
            prepared.rounded = rounded;
        }
        if breaches.is_empty() { Ok(prepared) } else { Err(breaches) }
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
        let whole_object = |mechanism: &&Mechanism| matches!(mechanism.family, CacheFamily::WholeObject(_));
        let objects = rules.explicit.as_ref().filter(whole_object);
        let marks = rules.explicit.as_ref().filter(|mechanism| !whole_object(mechanism));
        let asks = request.mode == Some(Mode::Explicit)
            || (request.mode.is_none() && request.blocks.iter().any(RequestBlock::is_marked));
        let (mechanism, implicit) = match (request.object.is_some(), marks, rules.implicit.as_ref()) {
            (true, ..) => (objects, false),
            (false, Some(marks), None) => (Some(marks), false),
            (false, Some(marks), Some(_)) if asks => (Some(marks), false),
            (false, _, implicit) => (implicit, true),
        };
        Self { mechanism, implicit, object_refused: request.object.is_some() && objects.is_none() }
    }
}
