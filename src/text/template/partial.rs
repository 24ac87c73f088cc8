//! Partials: a call of another template, and the body that it is called with.

use std::sync::Arc;

use super::compiled::Compiled;
use super::evaluate::{Evaluator, Walk};
use super::scope::Scope;
use super::syntax::{PARTIAL_BLOCK, Partial};
use crate::syntax::diag::Diagnostic;

impl<'a> Evaluator<'a, '_> {
    /// `{{> name value title="…"}}`: a template of its own, with `value` (or what is current here)
    /// as its `this`, and the names it is given.
    pub(super) fn partial(&mut self, partial: &'a Partial) -> Walk {
        let at = &partial.at;
        self.charge(1, at)?;
        if partial.name.text == PARTIAL_BLOCK {
            return self.partial_block(partial);
        }
        let this = match &partial.context {
            Some(expression) => self.value(expression)?,
            None => self.scopes.this(),
        };
        let mut names = Vec::with_capacity(partial.named.len());
        for (name, expression) in &partial.named {
            names.push((name.text.as_str(), self.value(expression)?));
        }
        let Some(called) = self.partials.get(&partial.name.text) else { return Ok(()) };
        self.scopes.push(Scope { this, names, iteration: self.scopes.iteration() });
        let walked = self.call_partial(called, partial);
        self.scopes.pop();
        walked
    }

    /// The body is written first, and in the scope of the partial, as in handlebars-rust.
    fn call_partial(&mut self, called: &'a Compiled, partial: &'a Partial) -> Walk {
        let body = match &partial.body {
            None => None,
            Some(nodes) => {
                let around = std::mem::take(&mut self.out);
                let walked = self.body(nodes, &partial.at);
                let body = std::mem::replace(&mut self.out, around);
                walked?;
                Some(Arc::new(body))
            }
        };
        // Without this, a chain of n partials that each call the next one twice would be read 2^n times.
        let address = std::ptr::from_ref::<Compiled>(called).addr();
        if self.reading && !self.read.insert((address, self.scopes.at_top())) {
            return Ok(());
        }
        self.bodies.push(body);
        let caller = std::mem::replace(&mut self.here, called);
        let walked = self.deeper(&partial.at, |this| this.nodes(&called.nodes));
        self.here = caller;
        self.bodies.pop();
        walked
    }

    /// `{{> @partial-block}}`: the body that this template was called with, or its own fallback.
    fn partial_block(&mut self, partial: &'a Partial) -> Walk {
        let at = &partial.at;
        match (self.bodies.last().cloned().flatten(), &partial.body) {
            (Some(body), _) => {
                self.charge(body.weight(), at)?;
                let full = self.out.append(&body);
                self.within_output(full, at)
            }
            (None, Some(fallback)) => self.body(fallback, at),
            (None, None) => {
                let fault = Diagnostic::error("unknown-template", "this template was called without a body");
                let hint = "call it as `{{#> name}}…{{/name}}`, or write `{{#> @partial-block}}fallback{{/@partial-block}}` here";
                self.fault(fault.hint(hint), at)
            }
        }
    }
}
