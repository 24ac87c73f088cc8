//! Blocks: which branch of a chain is taken, and what its body sees.

use serde_json::Value as Json;

use super::builtin::Builtin;
use super::evaluate::{Evaluator, Walk};
use super::scope::{Scope, Turn};
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

    /// Reads a branch that an earlier one has made moot.
    fn read_branch(&mut self, branch: &'a Branch) -> Walk {
        if !self.is_new(std::ptr::from_ref(branch).addr()) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.reading, true);
        let walked = self.arguments(&branch.call).and_then(|_| self.unknown_branch(branch));
        self.reading = before;
        walked
    }

    /// Walks a branch if its condition holds, and says whether it did. Where that is unknown the
    /// branch is read, and nothing after it is taken.
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

    /// Reads the body of a branch of whose value nothing is known.
    fn unknown_branch(&mut self, branch: &'a Branch) -> Walk {
        let turn = match branch.call.builtin {
            Some(Builtin::Each) => Some(Turn::unknown()),
            Some(Builtin::With) => self.scopes.turn(),
            _ => return self.read(&branch.body, &branch.at),
        };
        let names = branch.call.params.iter().map(|name| (name.text.as_str(), Value::Unknown)).collect();
        self.scopes.push(Scope { this: Value::Unknown, names, turn });
        let walked = self.read(&branch.body, &branch.at);
        self.scopes.pop();
        walked
    }

    /// `{{#each list}}`, and whether there was anything to walk.
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
            let turn = Turn::new(index, count, key);
            let key = turn.key.clone().unwrap_or_else(|| turn.index.clone());
            let names = branch.call.params.iter().map(|name| name.text.as_str()).zip([item.clone(), key]).collect();
            self.scopes.push(Scope { this: item, names, turn: Some(turn) });
            let walked = self.body(&branch.body, &branch.at);
            self.scopes.pop();
            walked?;
        }
        Ok(true)
    }

    /// `{{#with value}}`, and whether the value held.
    fn with(&mut self, branch: &'a Branch) -> Walk<bool> {
        let Some((value, _)) = self.subject(branch)? else {
            return self.unknown_branch(branch).map(|()| true);
        };
        let holds = match &value {
            Value::Inputs => !self.data.inputs.is_empty(),
            Value::Named(map) => !map.is_empty(),
            value => value.json().is_none_or(|json| truth(&json, false)),
        };
        if !holds {
            return self.unknown_branch(branch).map(|()| false);
        }
        let names = branch.call.params.iter().map(|name| (name.text.as_str(), value.clone())).collect();
        self.scopes.push(Scope { this: value, names, turn: self.scopes.turn() });
        let walked = self.body(&branch.body, &branch.at);
        self.scopes.pop();
        walked.map(|()| true)
    }

    /// The one argument of `each` or `with`; `None` if nothing is known of it.
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

    /// Whether what lies at `address` was not read before, so that a loop reads it only once. Within
    /// what is being read there is no loop to fear.
    fn is_new(&mut self, address: usize) -> bool {
        self.reading || self.read.insert((address, self.scopes.at_top()))
    }
}
