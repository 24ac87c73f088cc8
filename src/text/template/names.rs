//! Looks at every name of a template before it is rendered, in branches that are not taken too, and says what is wrong
//! with one that is not there.

use std::collections::HashSet;

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, PathSeg};
use serde_json::Value as Json;

use super::data::{AMBIGUOUS, child, is_whole, kind, names};
use super::library::{Compiled, Program};
use super::near;
use super::parse::bound;
use super::report::{Report, Stop};
use crate::syntax::diag::Diagnostic;

/// How many names a hint lists when none is near.
const LISTED: usize = 6;
/// The variables of a loop.
const LOCAL: [&str; 4] = ["@index", "@key", "@first", "@last"];

/// A path as the crate has parsed it.
pub(super) struct Written<'p> {
    pub raw: &'p str,
    /// `@index`: a loop's own variable and not a name of the data.
    pub is_local: bool,
    /// Starts with `@root`.
    pub is_root: bool,
    /// How many `../`.
    pub up: usize,
    /// The names, without `this`.
    pub parts: Vec<&'p str>,
}

impl<'p> Written<'p> {
    pub fn new(path: &'p Path) -> Self {
        match path {
            Path::Local((up, name, raw)) => Self { raw, is_local: true, is_root: false, up: *up, parts: vec![name] },
            Path::Relative((segments, raw)) => {
                let part = |segment: &'p PathSeg| match segment {
                    PathSeg::Named(name) => Some(name.as_str()),
                    _ => None,
                };
                let parts: Vec<&str> = segments.iter().filter_map(part).collect();
                let start = raw.strip_prefix("this").map_or(raw.as_str(), |rest| &rest[rest.len().min(1)..]);
                let is_root = start.trim_start_matches("./").starts_with("@root");
                Self { raw, is_local: false, is_root, up: segments.len() - parts.len() - usize::from(is_root), parts }
            }
        }
    }

    /// The path to the value that holds its part of that number, for the crate to look up.
    pub fn above(&self, number: usize) -> String {
        let start = if self.is_root { "@root/".to_owned() } else { "../".repeat(self.up) };
        let parts: Vec<String> = self.parts.iter().take(number).map(|part| format!("[{part}]")).collect();
        if parts.is_empty() { format!("{start}this") } else { start + &parts.join("/") }
    }
}

/// What is current at a place of a template.
#[derive(Clone)]
struct Scope<'p> {
    /// Whether `this` is all of the data. Else it is not known before rendering.
    is_top: bool,
    /// Whether a loop is around it.
    in_loop: bool,
    /// What `as |…|` binds and a partial is given.
    names: Vec<&'p str>,
}

/// Reports the names of a template and its partials that cannot mean anything, wherever they stand.
pub(super) fn walk(main: &Compiled, program: &Program, root: &Json, report: &mut Report) -> Result<(), Stop> {
    let top = Scope { is_top: true, in_loop: false, names: Vec::new() };
    let mut walk = Walk { program, root, report, here: main, scopes: vec![top], seen: HashSet::new() };
    walk.elements(&main.parsed.template.elements)
}

struct Walk<'p, 'r> {
    program: &'p Program,
    root: &'p Json,
    report: &'r mut Report,
    here: &'p Compiled,
    scopes: Vec<Scope<'p>>,
    /// The partials that were walked, each with whether `this` was the top of the data.
    seen: HashSet<(&'p str, bool)>,
}

impl<'p> Walk<'p, '_> {
    fn elements(&mut self, elements: &'p [TemplateElement]) -> Result<(), Stop> {
        for element in elements {
            match element {
                TemplateElement::Expression(call) => self.call(call)?,
                TemplateElement::HelperBlock(block) => self.block(block)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &'p HelperTemplate) -> Result<(), Stop> {
        self.call(block)?;
        let name = block.name.as_name().unwrap_or_default();
        let is_scope = matches!(name, "each" | "with");
        if is_scope {
            let names = bound(block);
            let in_loop = name == "each" || self.scopes.last().is_some_and(|scope| scope.in_loop);
            self.scopes.push(Scope { is_top: false, in_loop, names });
        }
        self.elements(block.template.as_ref().map_or(&[], |body| &body.elements))?;
        if is_scope {
            self.scopes.pop();
        }
        self.elements(block.inverse.as_ref().map_or(&[], |body| &body.elements))
    }

    /// A call of our helper, or of one of the crate's whose arguments are such calls.
    fn call(&mut self, call: &'p HelperTemplate) -> Result<(), Stop> {
        let (tag, operation, arguments) = match call.params.as_slice() {
            [Parameter::Literal(tag), Parameter::Literal(operation), arguments @ ..] => {
                (tag.as_u64().unwrap_or_default() as usize, operation.as_str().unwrap_or_default(), arguments)
            }
            arguments => (0, "", arguments),
        };
        let mut named: Vec<_> = call.hash.iter().collect();
        named.sort_unstable_by_key(|(name, _)| name.as_str());
        for argument in arguments.iter().chain(named.iter().map(|(_, value)| *value)) {
            match argument {
                Parameter::Subexpression(inner) => {
                    if let TemplateElement::Expression(inner) = inner.as_element() {
                        self.call(inner)?;
                    }
                }
                Parameter::Path(path) => {
                    let path = Written::new(path);
                    self.path(&path, tag)?;
                }
                _ => {}
            }
        }
        match operation {
            "partial" => self.partial(arguments, named.into_iter().map(|(name, _)| name.as_str()).collect(), call),
            "body" => self.elements(call.template.as_ref().map_or(&[], |body| &body.elements)),
            _ => Ok(()),
        }
    }

    fn partial(
        &mut self,
        arguments: &'p [Parameter],
        names: Vec<&'p str>,
        call: &'p HelperTemplate,
    ) -> Result<(), Stop> {
        let [Parameter::Literal(name), context] = arguments else { return Ok(()) };
        let Some(called) = name.as_str().and_then(|name| self.program.partials.get(name)) else {
            return Ok(());
        };
        let is_this = matches!(context, Parameter::Path(Path::Relative((segments, _))) if segments.is_empty());
        let outer = self.scopes.last();
        let is_top = is_this && outer.is_some_and(|scope| scope.is_top);
        self.scopes.push(Scope { is_top, in_loop: outer.is_some_and(|scope| scope.in_loop), names });
        self.elements(call.template.as_ref().map_or(&[], |body| &body.elements))?;
        // Without this, a chain of partials that each call the next one twice would be walked 2^n times.
        if self.seen.insert((called.name(), is_top)) {
            let caller = std::mem::replace(&mut self.here, called);
            self.elements(&called.parsed.template.elements)?;
            self.here = caller;
        }
        self.scopes.pop();
        Ok(())
    }

    /// Reports what is wrong with a path that starts at the top of the data.
    fn path(&mut self, path: &Written, tag: usize) -> Result<(), Stop> {
        let above = self.scopes.len().checked_sub(1 + path.up).and_then(|number| self.scopes.get(number));
        let first = path.parts.first().copied();
        if path.is_local {
            let is_known = LOCAL.iter().any(|name| Some(&name[1..]) == first);
            let has_value = is_known && above.is_some_and(|scope| scope.in_loop);
            return if has_value { Ok(()) } else { self.report.add(self.here, tag, path.raw, no_local(path)) };
        }
        let is_given = |scope: &Scope| scope.names.iter().any(|name| first == Some(name));
        if !path.is_root && self.scopes.iter().any(is_given) {
            return Ok(());
        }
        let Some(scope) = above.or(self.scopes.first().filter(|_| path.is_root)) else {
            let message = format!("`{}` leads above the top of the data", path.raw);
            return self.report.add(self.here, tag, path.raw, Diagnostic::error("unknown-name", message));
        };
        let (Some(first), true) = (first, scope.is_top || path.is_root) else { return Ok(()) };
        let Some(value) = child(self.root, first) else {
            return self.report.add(self.here, tag, path.raw, missing(self.root, self.root, path, 0));
        };
        if let Some(fault) = ambiguous(value, first) {
            self.report.add(self.here, tag, path.raw, fault)?;
        }
        // In a branch that is not taken a missing member of a value is no fault: the condition may be the check that it
        // is there. Those of the data itself are declared.
        match path.parts.get(1) {
            Some(second)
                if matches!(first, "vars" | "inputs" | "context" | "each") && child(value, second).is_none() =>
            {
                self.report.add(self.here, tag, path.raw, missing(self.root, value, path, 1))
            }
            _ => Ok(()),
        }
    }
}

/// The fault in a name that is both a var and an input.
pub(super) fn ambiguous(value: &Json, name: &str) -> Option<Diagnostic> {
    let hint = format!("write `vars.{name}` or `inputs.{name}`, or rename one of the two");
    let fault = || Diagnostic::error("ambiguous-name", format!("`{name}` is a var and an input")).hint(hint);
    (value == AMBIGUOUS).then(fault)
}

/// The fault in `@name` that has no value.
pub(super) fn no_local(path: &Written) -> Diagnostic {
    let hint = match path.parts.first().copied() {
        Some("index" | "first" | "last") => Some("it has one inside of `{{#each}}`".to_owned()),
        Some("key") => Some("it has one inside of `{{#each}}` over a map".to_owned()),
        Some("root") => Some("write `@root.name`".to_owned()),
        Some("state") => Some("there is no `@state`: declare a var or an input".to_owned()),
        _ => near(path.raw, LOCAL).or_else(|| Some(format!("there are {}", quoted(&LOCAL)))),
    };
    Diagnostic::error("unknown-name", format!("`{}` has no value here", path.raw)).maybe_hint(hint)
}

/// The fault that the name at index `number` of a path is not in `holder`.
pub(super) fn missing(root: &Json, holder: &Json, path: &Written, number: usize) -> Diagnostic {
    let name = path.parts.get(number).copied().unwrap_or_default();
    let before = path.parts.get(..number).map(|parts| parts.join(".")).unwrap_or_default();
    let before = if before.is_empty() { "this" } else { &before };
    let is_top = is_whole(holder) && child(holder, "inputs").is_some_and(is_whole);
    let message = match holder {
        _ if is_top => format!("nothing is named `{name}`"),
        Json::Object(_) => format!("`{before}` holds no `{name}`"),
        other => format!("`{before}` is {} and holds no `{name}`", kind(other)),
    };
    let known = names(holder);
    let is_inside = number == 0 && !is_top && child(root, name).is_some();
    let hint = is_inside
        .then(|| format!("inside of a loop or `with`, write `@root.{name}`"))
        .or_else(|| near(name, known.iter().copied()))
        .or_else(|| (!known.is_empty() && known.len() <= LISTED).then(|| format!("there is {}", quoted(&known))))
        .or_else(|| is_top.then(|| "declare it under `vars` or `inputs`".to_owned()));
    Diagnostic::error("unknown-name", message).maybe_hint(hint)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
