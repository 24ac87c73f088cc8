//! Looks names up in the data, and reports those that are not there.

use super::evaluate::{Evaluator, Stop};
use super::near::near;
use super::syntax::{ByteRange, Path};
use super::value::{Child, Value, kind};
use crate::syntax::diag::Diagnostic;

/// How many names a hint lists when none is near.
const LISTED: usize = 6;

impl<'a> Evaluator<'a, '_> {
    /// The value under a path; unknown, after reporting it, if there is none.
    pub(super) fn path(&mut self, path: &'a Path, at: &ByteRange) -> Result<Value<'a>, Stop> {
        if path.local {
            return match self.scopes.local(path) {
                Some(value) => Ok(value),
                None => self.no_local(path, at),
            };
        }
        let Some((mut value, used)) = self.scopes.start(path) else {
            let message = format!("`{}` leads above the top of the data", self.here.written(at));
            self.fault(Diagnostic::error("unknown-name", message), at)?;
            return Ok(Value::Unknown);
        };
        for (number, name) in path.parts.iter().enumerate().skip(used) {
            value = match value.child(name, self.data) {
                Child::Found(found) => found,
                Child::Ambiguous => {
                    let fault = Diagnostic::error("ambiguous-name", format!("`{name}` is a var and an input"));
                    let hint = format!("write `vars.{name}` or `inputs.{name}`, or rename one of the two");
                    self.fault(fault.hint(hint), at)?;
                    return Ok(Value::Unknown);
                }
                // In a branch that is not taken a missing member is no fault: the condition may be the
                // check that it is there.
                Child::Missing if self.reading && !matches!(value, Value::Root | Value::Named(_) | Value::Inputs) => {
                    return Ok(Value::Unknown);
                }
                Child::Missing => {
                    if !self.is_reported("unknown-name", at) {
                        let fault = self.missing(&value, path, number);
                        self.fault(fault, at)?;
                    }
                    return Ok(Value::Unknown);
                }
            };
        }
        Ok(value)
    }

    fn no_local(&mut self, path: &Path, at: &ByteRange) -> Result<Value<'a>, Stop> {
        let written = self.here.written(at);
        let known = ["@index", "@key", "@first", "@last"];
        let fault = Diagnostic::error("unknown-name", format!("`{written}` has no value here"));
        let hint = match path.parts.first().map(String::as_str) {
            Some("index" | "first" | "last") => Some("it has one inside of `{{#each}}`".to_owned()),
            Some("key") => Some("it has one inside of `{{#each}}` over a map".to_owned()),
            _ => near(written, known).or_else(|| Some(format!("there are {}", quoted(&known)))),
        };
        self.fault(fault.maybe_hint(hint), at)?;
        Ok(Value::Unknown)
    }

    /// The fault that the name at index `number` of a path is not in `value`.
    fn missing(&self, value: &Value<'a>, path: &Path, number: usize) -> Diagnostic {
        let name = path.parts.get(number).map(String::as_str).unwrap_or_default();
        let before = path.parts.get(..number).map(|parts| parts.join(".")).unwrap_or_default();
        let holder = if before.is_empty() { "this".to_owned() } else { before };
        if let Value::Hole(input) = value {
            let message = format!("`{input}` is an input: it is text, and holds no `{name}`");
            return Diagnostic::error("unknown-name", message);
        }
        let message = match (value, value.json()) {
            (Value::Root, _) => format!("nothing is named `{name}`"),
            (_, Some(json)) if !json.is_object() => format!("`{holder}` is {} and holds no `{name}`", kind(&json)),
            _ => format!("`{holder}` holds no `{name}`"),
        };
        let known = value.names(self.data);
        let mut given: Vec<&str> = known.iter().map(String::as_str).collect();
        if number == 0 {
            given.extend(self.scopes.names());
        }
        let hint = self
            .at_the_top(value, name, number)
            .or_else(|| near(name, given.iter().copied()))
            .or_else(|| (!given.is_empty() && given.len() <= LISTED).then(|| format!("there is {}", quoted(&given))))
            .or_else(|| matches!(value, Value::Root).then(|| "declare it under `vars` or `inputs`".to_owned()));
        Diagnostic::error("unknown-name", message).maybe_hint(hint)
    }

    /// The hint to write `@root.name`, if `name` exists at the top of the data and `value` is in a loop or `with`.
    fn at_the_top(&self, value: &Value<'a>, name: &str, number: usize) -> Option<String> {
        let inside = number == 0 && !matches!(value, Value::Root);
        let found = !matches!(Value::Root.child(name, self.data), Child::Missing);
        (inside && found).then(|| format!("inside of a loop or `with`, write `@root.{name}`"))
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
