//! Calls of helpers: the arguments are evaluated first, then the helper.

use serde_json::Value as Json;

use super::apply;
use super::builtin::Builtin;
use super::evaluate::{Evaluator, Walk};
use super::near::near;
use super::syntax::{ByteRange, Call, Name};
use super::value::{Child, Value, weight};
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// The values of a call's arguments, the named ones last, each with its place.
pub(super) type Arguments<'a> = Vec<(Value<'a>, &'a ByteRange)>;

impl<'a> Evaluator<'a, '_> {
    /// The value that a helper makes of its arguments; unknown where one of them is.
    pub(super) fn call(&mut self, call: &'a Call) -> Walk<Value<'a>> {
        let arguments = self.arguments(call)?;
        let Some(builtin) = call.builtin else { return Ok(Value::Unknown) };
        if builtin == Builtin::Lookup {
            return self.lookup(call, &arguments);
        }
        if !self.are_known(call, &arguments)? {
            return Ok(Value::Unknown);
        }
        if builtin == Builtin::Include {
            let span = self.fragment(&arguments)?;
            let text = span.as_ref().and_then(|span| span.source.text().get(span.start..span.end));
            return Ok(text.map_or(Value::Unknown, Value::made));
        }
        let values: Vec<_> = arguments.iter().filter_map(|(value, _)| value.json()).collect();
        for (value, (_, at)) in values.iter().zip(&arguments) {
            self.charge(weight(value), at)?;
        }
        let positional: Vec<&Json> = values.iter().take(call.arguments.len()).map(|value| &**value).collect();
        let names = call.named.iter().map(|(name, _)| name.text.as_str());
        let named: Vec<(&str, &Json)> = names.zip(values.iter().skip(positional.len()).map(|value| &**value)).collect();
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

    /// The values of a call's arguments.
    pub(super) fn arguments(&mut self, call: &'a Call) -> Walk<Arguments<'a>> {
        let named = call.named.iter().map(|(_, expression)| expression);
        let mut arguments = Vec::with_capacity(call.arguments.len() + call.named.len());
        for expression in call.arguments.iter().chain(named) {
            arguments.push((self.value(expression)?, &expression.at));
        }
        Ok(arguments)
    }

    /// Whether a helper can be called with these values now: all are known at build time, and this
    /// branch is taken.
    pub(super) fn are_known(&mut self, call: &Call, arguments: &Arguments<'a>) -> Walk<bool> {
        let mut known = !self.reading;
        for (value, at) in arguments {
            match value {
                Value::Hole(name) => {
                    self.run_time_only(name, &call.name, at)?;
                    known = false;
                }
                Value::Root | Value::Inputs => {
                    let message = format!("`{}` cannot look at all of the data", call.name.text);
                    self.fault(Diagnostic::error("whole-data", message).hint("write the name of one value"), at)?;
                    known = false;
                }
                Value::Unknown => known = false,
                Value::Named(_) | Value::Given(_) | Value::Made(_) => {}
            }
        }
        Ok(known)
    }

    /// Reports an input as an argument of a helper, which would need its text.
    pub(super) fn run_time_only(&mut self, input: &str, helper: &Name, at: &ByteRange) -> Walk {
        let message = format!(
            "`{input}` is an input: its text is known only at run time, and `{}` works at build time",
            helper.text
        );
        let hint = format!("write `{{{{{input}}}}}` where its text goes, or make it one of the `vars`");
        self.fault(Diagnostic::error("input-in-helper", message).hint(hint), at)
    }

    /// `{{lookup collection key}}`: the only helper that may be called with all of the data.
    fn lookup(&mut self, call: &Call, arguments: &Arguments<'a>) -> Walk<Value<'a>> {
        let [(collection, _), (key, at)] = arguments.as_slice() else { return Ok(Value::Unknown) };
        if let Value::Hole(input) = collection {
            self.run_time_only(input, &call.name, at)?;
            return Ok(Value::Unknown);
        }
        if !self.are_known(call, &vec![(key.clone(), *at)])? || matches!(collection, Value::Unknown) {
            return Ok(Value::Unknown);
        }
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
            _ => {
                if !self.is_reported("unknown-name", at) {
                    let hint = near(&name, collection.names(self.data).iter().map(String::as_str));
                    let fault = Diagnostic::error("unknown-name", format!("`lookup` finds no `{name}`"));
                    self.fault(fault.maybe_hint(hint), at)?;
                }
                Ok(Value::Unknown)
            }
        }
    }

    /// The fragment that `{{include "path"}}` names; `None` after reporting that it cannot be read.
    pub(super) fn fragment(&mut self, arguments: &Arguments<'a>) -> Walk<Option<Span>> {
        let Some((value, at)) = arguments.first() else { return Ok(None) };
        let json = value.json();
        let Some(Json::String(path)) = json.as_deref() else {
            let fault = Diagnostic::error("helper-arguments", "`include` wants the path of a fragment");
            self.fault(fault, at)?;
            return Ok(None);
        };
        match (self.include)(path) {
            Ok(span) => {
                self.charge(1 + (span.end - span.start) / 1024, at)?;
                Ok(Some(span))
            }
            Err(why) => {
                let fault = Diagnostic::error("missing-fragment", format!("`{path}` cannot be included: {why}"));
                self.fault(fault, at)?;
                Ok(None)
            }
        }
    }
}
