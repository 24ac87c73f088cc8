//! Walks a template's tree and writes its text.
//!
//! A fault does not stop the walk: the value is unknown from there on, unknown values are silent,
//! and the next fault is found too. A branch that is not taken is read all the same, without
//! writing, so that a name that nothing declares is found in it. What does stop the walk is a
//! limit: every node costs a step, and the steps are counted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::apply;
use super::builtin::Builtin;
use super::library::{Compiled, Include};
use super::output::{Full, MAX_OUTPUT_BYTES, Output, Rendered, Writer};
use super::parse::MAX_DEPTH;
use super::scope::{Scope, Scopes, Turn};
use super::syntax::{Block, Branch, Call, Expression, ExpressionKind, Name, Node, PARTIAL_BLOCK, Partial, Place};
use super::value::{Child, Data, Value, kind, truth, weight, written};
use crate::diag::{Diagnostic, Faults};

/// How many steps one template may take: a node read, an argument looked at, a kilobyte written.
pub const MAX_STEPS: usize = 2_000_000;
/// How many faults of one template are reported.
const MAX_FAULTS: usize = 100;
/// How much of a value a message shows, in characters.
const SHOWN: usize = 40;

/// Renders `template`. What is returned is the text only if `faults` holds no error afterwards.
pub(super) fn evaluate(
    template: &Compiled,
    partials: &HashMap<String, Arc<Compiled>>,
    data: &Data,
    include: &Include,
    faults: &mut Faults,
) -> Rendered {
    let mut evaluator = Evaluator {
        data,
        include,
        partials,
        here: template,
        scopes: Scopes::new(),
        bodies: Vec::new(),
        out: Output::default(),
        faults,
        reported: HashSet::new(),
        read: HashSet::new(),
        reading: false,
        steps: 0,
        depth: 0,
    };
    // A limit that stopped the walk has left its fault.
    let (Ok(()) | Err(Stop)) = evaluator.nodes(&template.nodes);
    let out = evaluator.out;
    faults.extend(out.faults());
    out.into_rendered(template.passage.whole())
}

/// A limit was reached, and reported.
#[derive(Debug)]
pub(super) struct Stop;

type Walk<T = ()> = Result<T, Stop>;

pub(super) struct Evaluator<'a, 'f> {
    pub data: &'a Data,
    pub include: &'a Include<'a>,
    partials: &'a HashMap<String, Arc<Compiled>>,
    /// The template that is being walked.
    pub here: &'a Compiled,
    pub scopes: Scopes<'a>,
    /// The body that each open partial was called with.
    bodies: Vec<Option<Arc<Output>>>,
    out: Output,
    faults: &'f mut Faults,
    /// The faults reported so far: a loop reports a fault once.
    reported: HashSet<(&'static str, usize, usize)>,
    /// The bodies that were read without being taken.
    read: HashSet<(usize, bool)>,
    /// Nothing is written, and no condition decides.
    pub reading: bool,
    steps: usize,
    depth: usize,
}

impl<'a> Evaluator<'a, '_> {
    fn nodes(&mut self, nodes: &'a [Node]) -> Walk {
        for node in nodes {
            match node {
                Node::Text(at) => {
                    self.charge(1, at)?;
                    self.write(self.here.written(at), Writer::Template, at)?;
                }
                Node::Value(expression, at) => self.value_tag(expression, at)?,
                Node::Block(block) => self.block(block)?,
                Node::Partial(partial) => self.partial(partial)?,
            }
        }
        Ok(())
    }

    /// Walks a body one level deeper.
    fn body(&mut self, nodes: &'a [Node], at: &Place) -> Walk {
        self.deeper(at, |this| this.nodes(nodes))
    }

    fn deeper<T>(&mut self, at: &Place, walk: impl FnOnce(&mut Self) -> Walk<T>) -> Walk<T> {
        if self.depth >= MAX_DEPTH {
            let message = format!("blocks and partials nest deeper than {MAX_DEPTH}");
            self.fault(Diagnostic::error("template-limit", message), at)?;
            return Err(Stop);
        }
        self.depth += 1;
        let walked = walk(self);
        self.depth -= 1;
        walked
    }

    /// Reads a body that is not taken, once: for the names in it.
    fn read(&mut self, nodes: &'a [Node], at: &Place) -> Walk {
        if nodes.is_empty() || (!self.reading && !self.read.insert((nodes.as_ptr().addr(), self.scopes.at_top()))) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.reading, true);
        let walked = self.body(nodes, at);
        self.reading = before;
        walked
    }

    fn value_tag(&mut self, expression: &'a Expression, at: &Place) -> Walk {
        if let ExpressionKind::Call(call) = &expression.kind
            && call.builtin == Some(Builtin::Include)
        {
            if let Some(span) = self.fragment(call)? {
                let text = span.source.text().clone();
                let text = text.get(span.start..span.end).unwrap_or_default();
                self.charge(text.len() / 1024, at)?;
                let full = self.out.text(text, Writer::Fragment, span);
                self.within_output(full, at)?;
            }
            return Ok(());
        }
        let value = self.value(expression)?;
        let written = match &value {
            Value::Unknown => return Ok(()),
            Value::Hole(name) if !self.reading => {
                self.out.hole(name, self.here.span(at));
                return Ok(());
            }
            Value::Hole(_) => return Ok(()),
            Value::Root | Value::Inputs => {
                let name = self.here.written(&expression.at);
                let fault =
                    Diagnostic::error("whole-data", format!("`{name}` is all of the data and cannot be written"));
                return self.fault(fault.hint("write the name of one value"), &expression.at);
            }
            value => self.printed(value, &expression.at)?,
        };
        self.write(&written, Writer::Value, at)
    }

    /// A value as text; a remark where that is probably not what is meant.
    fn printed(&mut self, value: &Value<'a>, at: &Place) -> Walk<String> {
        let Some(json) = value.json() else { return Ok(String::new()) };
        self.charge(weight(&json), at)?;
        let text = written(&json);
        let name = self.here.written(at);
        match &*json {
            Json::Null => {
                let fault = Diagnostic::error("null-value", format!("`{name}` is null and would write nothing"));
                self.fault(fault.hint("give it a value, or put it into `{{#if …}}`"), at)?;
            }
            Json::Array(_) | Json::Object(_) => self.unserialised(kind(&json), &text, at)?,
            Json::Number(number) if number.is_f64() => self.unserialised("a fraction", &text, at)?,
            _ => {}
        }
        Ok(text)
    }

    fn unserialised(&mut self, kind: &str, text: &str, at: &Place) -> Walk {
        let name = self.here.written(at);
        let shown: String = text.chars().take(SHOWN).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        let message = format!("`{name}` is {kind} and is written as `{shown}{more}`");
        let bracketed =
            if name.contains(' ') && !name.starts_with('(') { format!("({name})") } else { name.to_owned() };
        let hint = format!("write `{{{{json {bracketed}}}}}` to say how it is written");
        self.fault(Diagnostic::warning("unserialised-value", message).hint(hint), at)
    }

    fn block(&mut self, block: &'a Block) -> Walk {
        // Some(true) once a branch is taken: those after it are only read.
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
        let before = std::mem::replace(&mut self.reading, true);
        let walked = self.deeper(&branch.at, |this| {
            this.arguments(&branch.call)?;
            this.unknown_branch(branch)
        });
        self.reading = before;
        walked
    }

    /// Walks a branch if its condition holds, and says whether it did. Where that is unknown the
    /// branch is read, and nothing after it is taken.
    fn branch(&mut self, branch: &'a Branch, block: &'a Block) -> Walk<bool> {
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
                let kind = value.json().map_or("all of the data", |json| kind(&json));
                let fault =
                    Diagnostic::error("helper-arguments", format!("`each` walks a list or a map; `{name}` is {kind}"));
                self.fault(fault, at)?;
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
    fn subject(&mut self, branch: &'a Branch) -> Walk<Option<(Value<'a>, &'a Place)>> {
        let Some(expression) = branch.call.arguments.first() else { return Ok(None) };
        let value = self.value(expression)?;
        if let Value::Hole(name) = value {
            self.run_time_only(name, &branch.call.name, &expression.at)?;
            return Ok(None);
        }
        Ok((!self.reading && !matches!(value, Value::Unknown)).then_some((value, &expression.at)))
    }

    fn segment(&mut self, branch: &'a Branch, block: &'a Block) -> Walk<bool> {
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

    fn partial(&mut self, partial: &'a Partial) -> Walk {
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
        let top = matches!(this, Value::Root);
        if self.reading && !self.read.insert((std::ptr::from_ref::<Compiled>(called).addr(), top)) {
            return Ok(());
        }
        self.scopes.push(Scope { this, names, turn: self.scopes.turn() });
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

    /// The value of an expression; unknown after a fault.
    pub fn value(&mut self, expression: &'a Expression) -> Walk<Value<'a>> {
        self.charge(1 + expression.at.len() / 32, &expression.at)?;
        match &expression.kind {
            ExpressionKind::Literal(json) => Ok(Value::Given(json)),
            ExpressionKind::Path(path) => self.path(path, &expression.at),
            ExpressionKind::Call(call) => self.call(call),
        }
    }

    /// The value that a helper makes of its arguments; unknown where one of them is.
    fn call(&mut self, call: &'a Call) -> Walk<Value<'a>> {
        let arguments = self.arguments(call)?;
        let Some(builtin) = call.builtin else { return Ok(Value::Unknown) };
        if arguments.iter().any(|(value, _)| matches!(value, Value::Unknown)) {
            return Ok(Value::Unknown);
        }
        if builtin == Builtin::Lookup {
            return self.lookup(&arguments);
        }
        for (value, at) in &arguments {
            match value {
                Value::Hole(name) => {
                    self.run_time_only(name, &call.name, at)?;
                    return Ok(Value::Unknown);
                }
                Value::Root | Value::Inputs => {
                    let message = format!("`{}` cannot look at all of the data", call.name.text);
                    self.fault(Diagnostic::error("whole-data", message).hint("write the name of one value"), at)?;
                    return Ok(Value::Unknown);
                }
                _ => {}
            }
        }
        if self.reading {
            return Ok(Value::Unknown);
        }
        if builtin == Builtin::Include {
            let span = self.fragment(call)?;
            return Ok(span.map_or(Value::Unknown, |span| Value::made(&span.source.text()[span.start..span.end])));
        }
        let values: Vec<_> = arguments.iter().filter_map(|(value, _)| value.json()).collect();
        for (value, (_, at)) in values.iter().zip(&arguments) {
            self.charge(weight(value), at)?;
        }
        let positional: Vec<&Json> = values.iter().take(call.arguments.len()).map(|value| &**value).collect();
        let named = call.named.iter().map(|(name, _)| name.text.as_str());
        let named: Vec<(&str, &Json)> = named.zip(values.iter().skip(positional.len()).map(|value| &**value)).collect();
        match apply::apply(builtin, &call.name.text, &positional, &named) {
            Ok(json) => {
                self.charge(weight(&json), &call.name.at)?;
                Ok(Value::made(json))
            }
            Err(fault) => {
                let at = arguments.get(fault.argument).map_or(&call.name.at, |(_, at)| *at);
                let hint = fault.hint.map(str::to_owned);
                self.fault(Diagnostic::error("helper-arguments", fault.message).maybe_hint(hint), at)?;
                Ok(Value::Unknown)
            }
        }
    }

    /// The values of a call's arguments, the named ones last, each with its place.
    fn arguments(&mut self, call: &'a Call) -> Walk<Vec<(Value<'a>, &'a Place)>> {
        let named = call.named.iter().map(|(_, expression)| expression);
        let mut arguments = Vec::with_capacity(call.arguments.len() + call.named.len());
        for expression in call.arguments.iter().chain(named) {
            arguments.push((self.value(expression)?, &expression.at));
        }
        Ok(arguments)
    }

    fn lookup(&mut self, arguments: &[(Value<'a>, &'a Place)]) -> Walk<Value<'a>> {
        let [(collection, _), (key, at)] = arguments else { return Ok(Value::Unknown) };
        let name = match key.json().as_deref() {
            Some(Json::String(name)) => name.clone(),
            Some(Json::Number(number)) if number.is_u64() => number.to_string(),
            _ => {
                let fault = Diagnostic::error("helper-arguments", "`lookup` wants a name or a position as its key");
                self.fault(fault, at)?;
                return Ok(Value::Unknown);
            }
        };
        match collection.child(&name, self.data) {
            Child::Found(value) => Ok(value),
            _ if self.reading => Ok(Value::Unknown),
            _ => {
                let fault = Diagnostic::error("unknown-name", format!("`lookup` finds no `{name}`"));
                let near = collection.names(self.data);
                let hint = crate::diag::did_you_mean(&name, near.iter().map(String::as_str));
                self.fault(fault.maybe_hint(hint), at)?;
                Ok(Value::Unknown)
            }
        }
    }

    /// The fragment that `{{include "path"}}` names.
    fn fragment(&mut self, call: &'a Call) -> Walk<Option<crate::source::Span>> {
        let Some(expression) = call.arguments.first() else { return Ok(None) };
        let value = self.value(expression)?;
        if let Value::Hole(name) = value {
            self.run_time_only(name, &call.name, &expression.at)?;
            return Ok(None);
        }
        if self.reading || matches!(value, Value::Unknown) {
            return Ok(None);
        }
        let Some(Json::String(path)) = value.json().map(std::borrow::Cow::into_owned) else {
            let fault = Diagnostic::error("helper-arguments", "`include` wants the path of a fragment");
            self.fault(fault, &expression.at)?;
            return Ok(None);
        };
        match (self.include)(&path) {
            Ok(span) => {
                self.charge(1 + (span.end - span.start) / 1024, &expression.at)?;
                Ok(Some(span))
            }
            Err(why) => {
                let fault = Diagnostic::error("missing-fragment", format!("`{path}` cannot be included: {why}"));
                self.fault(fault, &expression.at)?;
                Ok(None)
            }
        }
    }

    fn run_time_only(&mut self, input: &str, helper: &Name, at: &Place) -> Walk {
        let message = format!(
            "`{input}` is an input: its text is known only at run time, and `{}` works at build time",
            helper.text
        );
        let hint = format!("write `{{{{{input}}}}}` where its text goes, or make it one of the `vars`");
        self.fault(Diagnostic::error("input-in-helper", message).hint(hint), at)
    }

    fn write(&mut self, text: &str, writer: Writer, at: &Place) -> Walk {
        if self.reading {
            return Ok(());
        }
        self.charge(text.len() / 1024, at)?;
        let full = self.out.text(text, writer, self.here.span(at));
        self.within_output(full, at)
    }

    fn within_output(&mut self, written: Result<(), Full>, at: &Place) -> Walk {
        if let Err(Full) = written {
            let message = format!("the template writes more than {MAX_OUTPUT_BYTES} bytes");
            self.fault(Diagnostic::error("template-limit", message), at)?;
            return Err(Stop);
        }
        Ok(())
    }

    /// Counts steps.
    pub fn charge(&mut self, steps: usize, at: &Place) -> Walk {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            let message = format!("the template takes more than {MAX_STEPS} steps to render");
            let hint = "loops inside of loops multiply; prepare the data, or split the template";
            self.fault(Diagnostic::error("template-limit", message).hint(hint), at)?;
            return Err(Stop);
        }
        Ok(())
    }

    /// Reports a fault at a place of the current template, once.
    pub fn fault(&mut self, fault: Diagnostic, at: &Place) -> Walk {
        let template = std::ptr::from_ref::<Compiled>(self.here).addr();
        if self.reported.insert((fault.code, template, at.start)) {
            self.faults.push(fault.at(&self.here.span(at)));
        }
        if self.reported.len() >= MAX_FAULTS { Err(Stop) } else { Ok(()) }
    }
}
