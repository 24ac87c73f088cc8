//! Block tags: which branch of a chain is taken, and with which scope its body is walked.

use serde_json::Value as Json;

use super::builtin::Builtin;
use super::evaluate::{Evaluator, Walk};
use super::scope::{Iteration, Scope};
use super::syntax::{BlockTag, Branch, ByteRange, Node};
use super::value::{Value, kind, truth, weight};
use crate::syntax::diag::Diagnostic;

impl<'a> Evaluator<'a, '_> {
    /// `{{#if a}}…{{else if b}}…{{else}}…{{/if}}`: once a branch is taken, the others are only read.
    pub(super) fn block(&mut self, block: &'a BlockTag) -> Walk {
        let mut taken = false;
        for branch in &block.branches {
            self.charge(1, &branch.at)?;
            if taken {
                self.read_branch(branch)?;
            } else {
                taken = self.branch(branch, block)?;
            }
        }
        match &block.otherwise {
            Some(body) if taken || self.reading => self.read(body, &block.at),
            Some(body) => self.body(body, &block.at),
            None => Ok(()),
        }
    }

    /// Reads a branch that is not taken because an earlier one was.
    fn read_branch(&mut self, branch: &'a Branch) -> Walk {
        if !self.is_new(std::ptr::from_ref(branch).addr()) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.reading, true);
        let walked = self.arguments(&branch.call).and_then(|_| self.unknown_branch(branch));
        self.reading = before;
        walked
    }

    /// Walks a branch if its condition is true, and returns whether it was. If the condition is unknown,
    /// the branch is read, and it counts as taken so that none after it is.
    fn branch(&mut self, branch: &'a Branch, block: &'a BlockTag) -> Walk<bool> {
        match branch.call.builtin {
            Some(Builtin::Each) => self.each(branch),
            Some(Builtin::With) => self.with(branch),
            Some(Builtin::Segment) => self.segment(branch, block),
            Some(_) => {
                let at = &branch.at;
                match self.call(&branch.call)? {
                    Value::Made(flag) if *flag == Json::Bool(true) => self.body(&branch.body, at).map(|()| true),
                    Value::Made(_) => self.read(&branch.body, at).map(|()| false),
                    _ => self.unknown_branch(branch).map(|()| true),
                }
            }
            None => {
                self.arguments(&branch.call)?;
                self.unknown_branch(branch).map(|()| true)
            }
        }
    }

    /// Reads the body of a branch whose value is unknown.
    fn unknown_branch(&mut self, branch: &'a Branch) -> Walk {
        let iteration = match branch.call.builtin {
            Some(Builtin::Each) => Some(Iteration::unknown()),
            Some(Builtin::With) => self.scopes.iteration(),
            _ => return self.read(&branch.body, &branch.at),
        };
        let names = branch.call.params.iter().map(|name| (name.text.as_str(), Value::Unknown)).collect();
        self.scopes.push(Scope { this: Value::Unknown, names, iteration });
        let walked = self.read(&branch.body, &branch.at);
        self.scopes.pop();
        walked
    }

    /// Walks `{{#each list}}`, and returns whether the list or map had any item.
    fn each(&mut self, branch: &'a Branch) -> Walk<bool> {
        let Some((value, at)) = self.subject(branch)? else {
            return self.unknown_branch(branch).map(|()| true);
        };
        if let Value::Made(json) = &value {
            self.charge(weight(json), at)?;
        }
        let Some(items) = value.items() else {
            if !matches!(value.json().as_deref(), Some(Json::Null)) {
                let name = self.here.written(at);
                let kind = value.json().map_or("neither", |json| kind(&json));
                let message = format!("`each` walks a list or a map, and `{name}` is {kind}");
                self.fault(Diagnostic::error("helper-arguments", message), at)?;
            }
            return self.unknown_branch(branch).map(|()| false);
        };
        let count = items.len();
        if count == 0 {
            return self.unknown_branch(branch).map(|()| false);
        }
        for (index, (key, item)) in items.into_iter().enumerate() {
            self.charge(1, &branch.at)?;
            let iteration = Iteration::new(index, count, key);
            let key = iteration.key.clone().unwrap_or_else(|| iteration.index.clone());
            let names = branch.call.params.iter().map(|name| name.text.as_str()).zip([item.clone(), key]).collect();
            self.scopes.push(Scope { this: item, names, iteration: Some(iteration) });
            let walked = self.body(&branch.body, &branch.at);
            self.scopes.pop();
            walked?;
        }
        Ok(true)
    }

    /// Walks `{{#with value}}`, and returns whether the value was truthy.
    fn with(&mut self, branch: &'a Branch) -> Walk<bool> {
        let Some((value, _)) = self.subject(branch)? else {
            return self.unknown_branch(branch).map(|()| true);
        };
        let is_truthy = match &value {
            Value::Inputs => !self.data.inputs.is_empty(),
            Value::Named(map) => !map.is_empty(),
            value => value.json().is_none_or(|json| truth(&json, false)),
        };
        if !is_truthy {
            return self.unknown_branch(branch).map(|()| false);
        }
        let names = branch.call.params.iter().map(|name| (name.text.as_str(), value.clone())).collect();
        self.scopes.push(Scope { this: value, names, iteration: self.scopes.iteration() });
        let walked = self.body(&branch.body, &branch.at);
        self.scopes.pop();
        walked.map(|()| true)
    }

    /// The one argument of `each` or `with`; `None` if it is unknown.
    fn subject(&mut self, branch: &'a Branch) -> Walk<Option<(Value<'a>, &'a ByteRange)>> {
        let Some(expression) = branch.call.arguments.first() else { return Ok(None) };
        let value = self.value(expression)?;
        if let Value::Hole(name) = value {
            self.run_time_only(name, &branch.call.name, &expression.at)?;
            return Ok(None);
        }
        Ok((!self.reading && !matches!(value, Value::Unknown)).then_some((value, &expression.at)))
    }

    /// `{{#segment id="…"}}`: always taken.
    fn segment(&mut self, branch: &'a Branch, block: &'a BlockTag) -> Walk<bool> {
        let Some((_, expression)) = branch.call.named.first() else { return Ok(true) };
        let id = self.value(expression)?;
        let id = match id.json().as_deref() {
            Some(Json::String(id)) if !id.is_empty() => Some(id.clone()),
            _ if self.reading || matches!(id, Value::Unknown) => None,
            _ => {
                let fault = Diagnostic::error("template-segment", "the `id` of a segment is text, and not empty");
                self.fault(fault, &expression.at)?;
                None
            }
        };
        match id.filter(|_| !self.reading) {
            Some(id) => {
                self.out.open_segment(id, self.here.span(&block.at));
                self.body(&branch.body, &branch.at)?;
                self.out.close_segment();
            }
            None => self.body(&branch.body, &branch.at)?,
        }
        Ok(true)
    }

    /// Reads a body that is not taken, once: for the names in it.
    fn read(&mut self, nodes: &'a [Node], at: &ByteRange) -> Walk {
        if nodes.is_empty() || !self.is_new(nodes.as_ptr().addr()) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.reading, true);
        let walked = self.body(nodes, at);
        self.reading = before;
        walked
    }

    /// Whether the body or partial at `address` has not been read yet, so that a loop around it reads it
    /// only once. While reading nothing loops, so there it is always new.
    fn is_new(&mut self, address: usize) -> bool {
        self.reading || self.read.insert((address, self.scopes.at_top()))
    }
}
