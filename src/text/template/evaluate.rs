//! Walks a template's tree and writes its text.
//!
//! A fault does not stop the walk: the value becomes unknown, unknown values cause no further faults,
//! and the walk goes on to find the next fault. A branch that is not taken is *read*: walked without
//! writing, so that undeclared names in it are found. Only a limit stops the walk: every node costs a
//! step, and the steps are limited.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::builtin::Builtin;
use super::compiled::Compiled;
use super::output::{Full, MAX_OUTPUT_BYTES, Output, Rendered, Writer};
use super::parse::MAX_DEPTH;
use super::scope::Scopes;
use super::syntax::{ByteRange, Call, Expression, ExpressionKind, Node};
use super::value::{Data, Value, kind, weight, written};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::Span;

/// Reads the fragment that `{{include "path"}}` names: its text is the span's, front matter left
/// out. An error says why there is none, as the end of a sentence: "there is no such file".
pub type Include<'a> = dyn Fn(&str) -> Result<Span, String> + Sync + 'a;

/// How many steps one rendering may take: a node walked, a value looked at, a kilobyte written.
pub const MAX_STEPS: usize = 1_000_000;
/// How many faults of one template are reported.
const MAX_FAULTS: usize = 100;
/// How much of a value a message shows, in characters.
const SHOWN: usize = 40;

/// Renders `template`. The output is valid only if `faults` has no error afterwards.
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
        errors: 0,
        read: HashSet::new(),
        reading: false,
        steps: 0,
        depth: 0,
    };
    // `Stop` needs no handling: whatever returns it has pushed a fault.
    let (Ok(()) | Err(Stop)) = evaluator.nodes(&template.nodes);
    let out = evaluator.out;
    faults.extend(out.faults());
    out.into_rendered(template.passage.whole())
}

/// A limit was exceeded; the fault is already reported.
#[derive(Debug)]
pub(super) struct Stop;

/// The result of a step of the walk.
pub(super) type Walk<T = ()> = Result<T, Stop>;

/// The state of the walk: the scopes, the output, the faults.
pub(super) struct Evaluator<'a, 'f> {
    pub data: &'a Data,
    pub include: &'a Include<'a>,
    /// Every partial that can be reached, by its name as written.
    pub partials: &'a HashMap<String, Arc<Compiled>>,
    /// The template that is being walked.
    pub here: &'a Compiled,
    pub scopes: Scopes<'a>,
    /// The body that each open partial was called with.
    pub bodies: Vec<Option<Arc<Output>>>,
    pub out: Output,
    faults: &'f mut Faults,
    /// The faults and warnings reported so far: code, template, place.
    reported: HashSet<(Cow<'static, str>, usize, usize)>,
    /// How many of them were faults.
    errors: usize,
    /// Nothing is written, and every branch is walked: only the names in it are checked.
    pub reading: bool,
    /// The addresses of the bodies and partials that were read, each with whether `this` was the top of
    /// the data, on which the meaning of its names depends.
    pub read: HashSet<(usize, bool)>,
    steps: usize,
    depth: usize,
}

impl<'a> Evaluator<'a, '_> {
    /// Walks nodes in order.
    pub fn nodes(&mut self, nodes: &'a [Node]) -> Walk {
        for node in nodes {
            match node {
                Node::Text(at) => {
                    self.charge(1, at)?;
                    self.write(self.here.written(at), Writer::Template, at)?;
                }
                Node::Value(expression, at) => self.value_tag(expression, at)?,
                Node::BlockTag(block) => self.block(block)?,
                Node::Partial(partial) => self.partial(partial)?,
            }
        }
        Ok(())
    }

    /// Walks a body one level deeper.
    pub fn body(&mut self, nodes: &'a [Node], at: &ByteRange) -> Walk {
        self.deeper(at, |this| this.nodes(nodes))
    }

    /// Walks something one level deeper.
    pub fn deeper(&mut self, at: &ByteRange, walk: impl FnOnce(&mut Self) -> Walk) -> Walk {
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

    fn value_tag(&mut self, expression: &'a Expression, at: &ByteRange) -> Walk {
        if let ExpressionKind::Call(call) = &expression.kind
            && call.builtin == Some(Builtin::Include)
        {
            return self.include_tag(call, at);
        }
        let value = self.value(expression)?;
        let written = match &value {
            Value::Unknown => return Ok(()),
            Value::Root | Value::Inputs => {
                let name = self.here.written(&expression.at);
                let fault =
                    Diagnostic::error("whole-data", format!("`{name}` is all of the data and cannot be written"));
                return self.fault(fault.hint("write the name of one value"), &expression.at);
            }
            _ if self.reading => return Ok(()),
            Value::Hole(name) => {
                self.out.hole(name, self.here.span(at));
                return Ok(());
            }
            value => self.printed(value, &expression.at)?,
        };
        self.write(&written, Writer::Value, at)
    }

    /// `{{include "path"}}`. Unlike with other values, the origin of the text is the fragment, not the tag.
    fn include_tag(&mut self, call: &'a Call, at: &ByteRange) -> Walk {
        let arguments = self.arguments(call)?;
        if !self.are_known(call, &arguments)? {
            return Ok(());
        }
        let Some(span) = self.fragment(&arguments)? else { return Ok(()) };
        let text = span.source.text().clone();
        let full = self.out.text(text.get(span.start..span.end).unwrap_or_default(), Writer::Fragment, span);
        self.within_output(full, at)
    }

    /// A value as text, with a warning if printing it is probably not intended.
    fn printed(&mut self, value: &Value<'a>, at: &ByteRange) -> Walk<String> {
        let Some(json) = value.json() else { return Ok(String::new()) };
        self.charge(weight(&json), at)?;
        let text = written(&json);
        let name = self.here.written(at);
        match &*json {
            Json::Null => {
                let fault = Diagnostic::error("null-value", format!("`{name}` is null and would write nothing"));
                self.fault(fault.hint("give it a value, or put it into `{{#if …}}`"), at)?;
            }
            Json::Array(_) | Json::Object(_) => self.unserialised(kind(&json), &text, at),
            Json::Number(number) if number.is_f64() => self.unserialised("a fraction", &text, at),
            _ => {}
        }
        Ok(text)
    }

    fn unserialised(&mut self, kind: &str, text: &str, at: &ByteRange) {
        let name = self.here.written(at);
        // A value is shown whole or not at all, because half of a secret would not be masked.
        let written = match text.chars().count() {
            length if length > SHOWN => format!("{length} characters of text"),
            _ => format!("`{text}`"),
        };
        let message = format!("`{name}` is {kind} and is written as {written}");
        let bracketed =
            if name.contains(' ') && !name.starts_with('(') { format!("({name})") } else { name.to_owned() };
        let hint = format!("write `{{{{json {bracketed}}}}}` to say how it is written");
        self.report(Diagnostic::warning("unserialised-value", message).hint(hint), at);
    }

    /// The value of an expression; unknown after a fault.
    pub fn value(&mut self, expression: &'a Expression) -> Walk<Value<'a>> {
        // The names in scope are searched one by one, so a lookup costs steps in proportion to their number.
        let names = self.scopes.given() + self.data.inputs.len();
        self.charge(1 + expression.at.len() / 32 + names / 64, &expression.at)?;
        match &expression.kind {
            ExpressionKind::Literal(json) => Ok(Value::Given(json)),
            ExpressionKind::Path(path) => self.path(path, &expression.at),
            ExpressionKind::Call(call) => self.call(call),
        }
    }

    fn write(&mut self, text: &str, writer: Writer, at: &ByteRange) -> Walk {
        if self.reading {
            return Ok(());
        }
        self.charge(text.len() / 1024, at)?;
        let full = self.out.text(text, writer, self.here.span(at));
        self.within_output(full, at)
    }

    pub fn within_output(&mut self, written: Result<(), Full>, at: &ByteRange) -> Walk {
        if let Err(Full) = written {
            let message = format!("the template writes more than {MAX_OUTPUT_BYTES} bytes");
            self.fault(Diagnostic::error("template-limit", message), at)?;
            return Err(Stop);
        }
        Ok(())
    }

    /// Counts steps.
    pub fn charge(&mut self, steps: usize, at: &ByteRange) -> Walk {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            let message = format!("the template takes more than {MAX_STEPS} steps to render");
            let hint = "loops inside of loops multiply; prepare the data, or split the template";
            self.fault(Diagnostic::error("template-limit", message).hint(hint), at)?;
            return Err(Stop);
        }
        Ok(())
    }

    /// Reports a fault at a place of the current template, unless it is already reported. Too many faults
    /// stop the walk.
    pub fn fault(&mut self, fault: Diagnostic, at: &ByteRange) -> Walk {
        self.errors += usize::from(self.report(fault, at));
        if self.errors >= MAX_FAULTS { Err(Stop) } else { Ok(()) }
    }

    /// Whether a fault of this code is already reported at this place, so that its message need not be made.
    pub fn is_reported(&self, code: &'static str, at: &ByteRange) -> bool {
        self.reported.contains(&(code.into(), std::ptr::from_ref::<Compiled>(self.here).addr(), at.start))
    }

    /// Adds a fault or a warning, unless it is already reported: a loop finds it in each iteration.
    fn report(&mut self, fault: Diagnostic, at: &ByteRange) -> bool {
        let template = std::ptr::from_ref::<Compiled>(self.here).addr();
        let new = self.reported.insert((fault.code.clone(), template, at.start));
        if new {
            self.faults.push(fault.at(&self.here.span(at)));
        }
        new
    }
}
