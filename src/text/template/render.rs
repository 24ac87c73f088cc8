//! Renders a parsed template: the crate walks it, and whatever has a value passes through [`Call`].
//!
//! A fault does not stop the crate: the value becomes unknown, an unknown value causes no further fault, and the walk
//! goes on to find the next one. Only a limit stops it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use handlebars::{
    BlockContext, BlockParamHolder, Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender, Output, Path,
    PathAndJson, RenderContext, RenderError, ScopedJson,
};
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::apply::{Applied, ApplyFault, apply};
use super::data::{AMBIGUOUS, CLOSE, END, OPEN, Root, UNKNOWN, child, input, is_whole, kind, names, reserved, weight};
use super::library::{Compiled, Program};
use super::names::{self as named, Written};
use super::near;
use super::output::{self, Rendered};
use super::parse::CALL;
use super::report::{Report, Stop};
use super::state::{Given, Include, Progress, State, Text};
use crate::syntax::diag::{Diagnostic, Warned};

/// The operations to which an input without an example is null. To the others it is a value that writes nothing.
const DECIDING: [&str; 11] =
    ["if", "unless", "each", "with", "eq", "ne", "ifEquals", "unlessEquals", "and", "or", "not"];
/// How much of a value a message shows, in characters.
const SHOWN: usize = 40;

/// Renders the main template of `program`.
pub(super) fn render(
    main: &Arc<Compiled>,
    program: &Program,
    root: &Root,
    include: &Include,
) -> Result<Warned<Rendered>, Vec<Diagnostic>> {
    let context = root.context.as_deref().map_err(|(name, c)| {
        let message = format!("`{name}` holds U+{:04X}, which Unicode reserves for use inside of programs", *c as u32);
        vec![Diagnostic::error("reserved-character", message).at(main.passage.whole())]
    })?;
    let mut report = Report::default();
    // What stops the walk is among the faults, and so is what stops the rendering.
    let walked = named::walk(main, program, context.data(), &mut report);
    let progress = Progress {
        here: main.clone(),
        tag: 0,
        bodies: Vec::new(),
        steps: 0,
        bytes: 0,
        segments: Vec::new(),
        regions: Vec::new(),
        looked: BTreeSet::new(),
        in_region: false,
        report,
    };
    let state = State { program, include, examples: &root.examples, progress: Mutex::new(progress) };
    let mut out = Text { state: &state, text: String::new() };
    let mut ends = Vec::new();
    if walked.is_ok() {
        let mut scopes = RenderContext::new(None);
        scopes.register_local_helper(CALL, Box::new(Call(&state)));
        for (element, (at, tag)) in main.parsed.template.elements.iter().zip(&main.parsed.places) {
            state.progress.lock().tag = *tag;
            if let Err(error) = state.element(element, &program.registry, context, &mut scopes, &mut out) {
                state.stopped(&error);
                break;
            }
            ends.push((out.text.len(), at.as_ref()));
        }
    }
    let text = out.text;
    let Progress { report, segments, regions, .. } = state.progress.into_inner();
    let mut faults = report.faults;
    if faults.has_errors() {
        return Err(faults.into_vec());
    }
    let rendered = output::cut(&text, &ends, &segments, &regions, &main.passage, &mut faults);
    faults.into_result(rendered)
}

/// The one helper of ours: `(call tag "operation" arguments… name=value…)`.
struct Call<'r>(&'r State<'r>);

/// An argument of a call: as the crate has it, and what it is worth.
struct Argument<'v, 'rc> {
    written: &'v PathAndJson<'rc>,
    value: &'v Json,
    /// Its value is not the one that stands in the data.
    is_example: bool,
}

/// An argument as it is written, if it is a name or a literal.
fn word<'a>(argument: &'a PathAndJson) -> Cow<'a, str> {
    let literal = || argument.try_get_constant_value().map(Json::to_string).unwrap_or_default();
    argument.relative_path().map_or_else(|| literal().into(), |path| path.as_str().into())
}

impl HelperDef for Call<'_> {
    /// The operations that have a value: all helpers but `segment`.
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scopes: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let operation = self.begin(helper)?;
        let unchecked = usize::from(operation == "lookup");
        let Some(arguments) = self.arguments(helper, context, scopes, unchecked)? else {
            return Ok(ScopedJson::Derived(unknown(operation)));
        };
        let applied = match (operation, helper.param(2)) {
            ("lookup", _) => self.lookup(&arguments)?,
            ("include", _) => self.include(&arguments)?,
            ("if" | "unless" | "each" | "with", Some(written)) => match arguments[0].value {
                Json::Bool(_) | Json::Number(_) | Json::String(_) if operation == "each" => {
                    let (name, kind) = (self.0.progress.lock().written_as(written), kind(arguments[0].value));
                    let message = format!("`each` walks a list or a map, and `{name}` is {kind}");
                    Err(ApplyFault { argument: 0, message, hint: None })
                }
                Json::Null if operation == "each" => Ok(unknown(operation)),
                // What stands in the data stays there, and is not copied.
                value => match written.context_path().filter(|_| !arguments[0].is_example) {
                    Some(path) => {
                        let found = path.iter().try_fold(context.data(), |value, name| child(value, name));
                        return Ok(found.map_or(ScopedJson::Missing, |found| ScopedJson::Context(found, path.clone())));
                    }
                    None => Ok(value.clone()),
                },
            },
            _ => {
                let values: Vec<&Json> = arguments.iter().map(|argument| argument.value).collect();
                let (values, named) = values.split_at(helper.params().len() - 2);
                apply(operation, values, named.first().copied())
            }
        };
        let value = match applied {
            Ok(value) => value,
            Err(fault) => {
                let word = arguments.get(fault.argument).map(|argument| word(argument.written)).unwrap_or_default();
                let hint = fault.hint.map(str::to_owned);
                self.0.report(&word, Diagnostic::error("helper-arguments", fault.message).maybe_hint(hint))?;
                unknown(operation)
            }
        };
        self.0.charge(weight(&value))?;
        Ok(ScopedJson::Derived(value))
    }

    /// The operations that write: a value, a segment, a partial, the body of one.
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scopes: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        match self.begin(helper)? {
            "write" => self.write(helper, context, scopes, out),
            "partial" => self.partial(helper, registry, context, scopes, out),
            "body" => {
                let body = self.0.progress.lock().bodies.last().cloned().flatten();
                match (body, helper.template()) {
                    (Some(body), _) if self.0.progress.lock().in_region => {
                        let text = |name: &str| match self.0.example(name) {
                            Given::Example(example) => example.render(),
                            _ => String::new(),
                        };
                        Ok(out.write(&self.0.unmarked(&body, text, |region| region.sample.clone()))?)
                    }
                    (Some(body), _) => Ok(out.write(&body)?),
                    (None, Some(fallback)) => self.0.elements(&fallback.elements, registry, context, scopes, out),
                    (None, None) => {
                        let hint = "call it as `{{#> name}}…{{/name}}`, or write `{{#> @partial-block}}fallback{{/@partial-block}}` here";
                        let fault = Diagnostic::error("unknown-template", "this template was called without a body");
                        Ok(self.0.report("", fault.hint(hint))?)
                    }
                }
            }
            _ => {
                let opened = match self.arguments(helper, context, scopes, 0)?.as_deref() {
                    _ if self.0.progress.lock().in_region => {
                        let message =
                            "a segment cannot stand in what depends on an input: that is cut out of its segment";
                        let hint = "put the condition into the segment";
                        self.0.report("", Diagnostic::error("template-segment", message).hint(hint))?;
                        None
                    }
                    Some([id]) => match id.value {
                        Json::String(id) if !id.is_empty() => Some(id.clone()),
                        _ => {
                            let message = "the `id` of a segment is text, and not empty";
                            self.0.report(&word(id.written), Diagnostic::error("template-segment", message))?;
                            None
                        }
                    },
                    None => None,
                    Some(_) => None,
                };
                let is_open = opened.is_some();
                if let Some(id) = opened {
                    let number = {
                        let mut progress = self.0.progress.lock();
                        let span = progress.here.passage.span(&progress.here.extent(progress.tag));
                        progress.segments.push((id, span));
                        progress.segments.len() - 1
                    };
                    out.write(&format!("{OPEN}{number}{END}"))?;
                }
                if let Some(body) = helper.template() {
                    self.0.elements(&body.elements, registry, context, scopes, out)?;
                }
                if is_open {
                    out.write(CLOSE)?;
                }
                Ok(())
            }
        }
    }
}

/// What stands for the value of an operation that has none. The crate's own helpers get what they do nothing with.
fn unknown(operation: &str) -> Json {
    match operation {
        "if" | "unless" | "with" => Json::Bool(operation == "unless"),
        "each" => Json::Array(Vec::new()),
        _ => UNKNOWN.into(),
    }
}

impl Call<'_> {
    /// Takes note of the tag, and returns the operation.
    fn begin<'h>(&self, helper: &'h Helper) -> Result<&'h str, Stop> {
        let tag = helper.param(0).and_then(|tag| tag.value().as_u64()).unwrap_or_default() as usize;
        let weight = {
            let mut progress = self.0.progress.lock();
            progress.tag = tag;
            progress.here.parsed.tags.get(tag).map_or(0, |tag| tag.weight)
        };
        let operation = helper.param(1).and_then(|operation| operation.value().as_str()).unwrap_or_default();
        let steps = match (operation, helper.param(2).map(PathAndJson::value)) {
            ("each", Some(Json::Array(items))) => items.len().saturating_mul(weight.max(1)),
            ("each", Some(Json::Object(map))) => map.len().saturating_mul(weight.max(1)),
            _ => weight,
        };
        self.0.charge(1 + steps)?;
        Ok(operation)
    }

    /// The arguments, the named ones last, from number `unchecked` on checked for what a helper cannot look at; `None` if
    /// one is not known.
    fn arguments<'v, 'rc>(
        &'v self,
        helper: &'v Helper<'rc>,
        context: &'rc Context,
        scopes: &RenderContext<'_, 'rc>,
        unchecked: usize,
    ) -> Result<Option<Vec<Argument<'v, 'rc>>>, RenderError> {
        let operation = helper.param(1).and_then(|operation| operation.value().as_str()).unwrap_or_default();
        let (mut known, mut arguments) = (true, Vec::new());
        let mut named: Vec<_> = helper.hash().iter().collect();
        named.sort_unstable_by_key(|(name, _)| **name);
        let all = helper.params().iter().skip(2).chain(named.into_iter().map(|(_, argument)| argument));
        for (number, written) in all.enumerate() {
            let path = written.relative_path().map_or("", String::as_str);
            let (value, is_example) = match self.given(written, context, scopes)? {
                Given::Value(value) => (value, false),
                Given::Example(value) => (value, true),
                Given::Absent if DECIDING.contains(&operation) => (&Json::Null, true),
                Given::Absent | Given::Unknown => {
                    known = false;
                    (&Json::Null, true)
                }
            };
            let is_walked = matches!(operation, "if" | "unless" | "each" | "with") && written.context_path().is_some();
            self.0.charge(1 + path.len() / 32 + if is_walked && !is_example { 0 } else { weight(value) })?;
            if is_whole(value) && number >= unchecked && operation != "with" {
                let message = format!("`{operation}` cannot look at all of the data");
                self.0.report(path, Diagnostic::error("whole-data", message).hint("write the name of one value"))?;
                known = false;
            }
            arguments.push(Argument { written, value, is_example });
        }
        Ok(known.then_some(arguments))
    }

    /// What an argument is worth; if there is no value, that is reported.
    fn given<'v>(
        &'v self,
        argument: &'v PathAndJson,
        context: &Context,
        scopes: &RenderContext,
    ) -> Result<Given<'v>, RenderError> {
        let word = argument.relative_path().map_or("", String::as_str);
        let value = argument.value();
        if let Some(fault) = named::ambiguous(value, word.trim_start_matches("./")) {
            self.0.report(word, fault)?;
        }
        if let Some(name) = input(value) {
            return Ok(self.0.example(name));
        }
        if !argument.is_value_missing() {
            let is_known = value != UNKNOWN && value != AMBIGUOUS;
            return Ok(if is_known { Given::Value(value) } else { Given::Unknown });
        }
        let Ok(path) = Path::parse(word) else { return Ok(Given::Unknown) };
        let path = Written::new(&path);
        if path.is_local {
            self.0.report(word, named::no_local(&path))?;
            return Ok(Given::Unknown);
        }
        let root = context.data();
        let holder = |number| scopes.evaluate(context, &path.above(number)).ok().filter(|it| !it.is_missing());
        let found = (0..path.parts.len()).rev().find_map(|number| Some((number, holder(number)?)));
        let (mut number, holder) = found.as_ref().map_or((0, root), |(number, holder)| (*number, holder.as_json()));
        let mut holder = holder;
        if let Some(name) = input(holder) {
            let Given::Example(example) = self.0.example(name) else { return Ok(self.0.example(name)) };
            let mut value = example;
            while let Some(found) = path.parts.get(number).and_then(|part| child(value, part)) {
                (value, number) = (found, number + 1);
            }
            if number == path.parts.len() {
                return Ok(Given::Example(value));
            }
            holder = value;
        }
        let is_reported = {
            let progress = self.0.progress.lock();
            progress.report.has("unknown-name", &progress.here, progress.tag, word)
        };
        if holder != UNKNOWN && !is_reported {
            self.0.report(word, named::missing(root, holder, &path, number))?;
        }
        Ok(Given::Unknown)
    }

    fn write<'rc>(
        &self,
        helper: &Helper<'rc>,
        context: &'rc Context,
        scopes: &RenderContext<'_, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let Some(argument) = helper.param(2) else { return Ok(()) };
        let is_hole = input(argument.value()).is_some() && !self.0.progress.lock().in_region;
        let value = match if is_hole { Given::Value(argument.value()) } else { self.given(argument, context, scopes)? }
        {
            Given::Value(value) | Given::Example(value) => value,
            Given::Absent | Given::Unknown => return Ok(()),
        };
        let path = argument.relative_path().map_or(0, String::len);
        self.0.charge(path / 32 + weight(value))?;
        if let Json::String(text) = value {
            return Ok(out.write(text)?);
        }
        let name = self.0.progress.lock().written_as(argument);
        match value {
            Json::Null => {
                let fault = format!("`{name}` is null and would write nothing");
                let hint = "give it a value, or put it into `{{#if …}}`";
                return Ok(self.0.report(&name, Diagnostic::error("null-value", fault).hint(hint))?);
            }
            value if is_whole(value) => {
                let fault = format!("`{name}` is all of the data and cannot be written");
                let fault = Diagnostic::error("whole-data", fault).hint("write the name of one value");
                return Ok(self.0.report(&name, fault)?);
            }
            _ => {}
        }
        let text = value.render();
        let is_fraction = matches!(value, Json::Number(number) if number.is_f64());
        if is_fraction || value.is_array() || value.is_object() {
            // A value is shown whole or not at all, because half of a secret would not be masked.
            let shown = match text.chars().count() {
                length if length > SHOWN => format!("{length} characters of text"),
                _ => format!("`{text}`"),
            };
            let kind = if is_fraction { "a fraction" } else { kind(value) };
            let message = format!("`{name}` is {kind} and is written as {shown}");
            let bracketed = name.contains(' ') && !name.starts_with('(');
            let argument = if bracketed { format!("({name})") } else { name.clone() };
            let hint = format!("write `{{{{json {argument}}}}}` to say how it is written");
            self.0.report(&name, Diagnostic::warning("unserialised-value", message).hint(hint))?;
        }
        Ok(out.write(&text)?)
    }

    /// `{{lookup collection key}}`: the only helper that may be called with all of the data.
    fn lookup(&self, arguments: &[Argument]) -> Result<Applied, Stop> {
        let [collection, key] = arguments else { return Ok(Ok(Json::Null)) };
        let name = match key.value {
            Json::String(name) => name.clone(),
            Json::Number(number) if number.is_u64() => number.to_string(),
            _ => {
                let message = "`lookup` wants a name or a position as its key".to_owned();
                return Ok(Err(ApplyFault { argument: 1, message, hint: None }));
            }
        };
        if let Some(found) = child(collection.value, &name) {
            return Ok(Ok(found.clone()));
        }
        let fault = Diagnostic::error("unknown-name", format!("`lookup` finds no `{name}`"));
        self.0.report(&word(key.written), fault.maybe_hint(near(&name, names(collection.value))))?;
        Ok(Ok(UNKNOWN.into()))
    }

    /// The text of the fragment that `{{include "path"}}` names.
    fn include(&self, arguments: &[Argument]) -> Result<Applied, Stop> {
        let fault = |message: &str, hint| Ok(Err(ApplyFault { argument: 0, message: message.to_owned(), hint }));
        let Some((argument, Json::String(path))) = arguments.first().map(|argument| (argument.written, argument.value))
        else {
            return fault("`include` wants the path of a fragment", None);
        };
        if argument.try_get_constant_value().is_none() && self.0.progress.lock().in_region {
            let hint = "what a fragment says must be known when the prompt is built";
            return fault("in what depends on an input, `include` takes the path itself", Some(hint));
        }
        let read = (self.0.include)(path).and_then(|span| {
            let text = &span.source.text()[span.start..span.end];
            let why = |c| format!("it holds U+{:04X}, which Unicode reserves for use inside of programs", c as u32);
            reserved(text).map_or_else(|| Ok(Json::from(text)), |c| Err(why(c)))
        });
        let why = match read {
            Ok(text) => return Ok(Ok(text)),
            Err(why) => why,
        };
        let fault = Diagnostic::error("missing-fragment", format!("`{path}` cannot be included: {why}"));
        self.0.report(&word(argument), fault)?;
        Ok(Ok(UNKNOWN.into()))
    }

    /// `{{> name value title="…"}}`: a template of its own, with `value` (or what is current here) as its `this`, and
    /// the names that it is given. Unlike the crate's own partial it copies no data, and leaves `this` as it is.
    fn partial<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scopes: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = helper.param(2).and_then(|name| name.value().as_str()).unwrap_or_default();
        let found = self.0.program.partials.get(name);
        let (Some(called), Some(this)) = (found, helper.param(3)) else { return Ok(()) };
        let Some(template) = registry.get_template(called.name()) else { return Ok(()) };
        let mut block = BlockContext::new();
        // An input is handed on as what it is.
        let handed = |argument: &PathAndJson, scopes: &RenderContext| -> Result<Json, RenderError> {
            let given = input(argument.value()).map(|_| Ok(Given::Value(argument.value())));
            Ok(match given.unwrap_or_else(|| self.given(argument, context, scopes))? {
                Given::Value(value) | Given::Example(value) => value.clone(),
                Given::Absent | Given::Unknown => UNKNOWN.into(),
            })
        };
        match this.context_path() {
            Some(path) => block.base_path_mut().clone_from(path),
            None => block.set_base_value(handed(this, scopes)?),
        }
        for (name, given) in helper.hash() {
            let value = handed(given, scopes)?;
            self.0.charge(weight(&value))?;
            block.set_block_param(name, BlockParamHolder::value(value));
        }
        if let Some(around) = scopes.block() {
            block.local_variables_mut().clone_from(around.local_variables());
        }
        self.0.charge(template.elements.len())?;
        scopes.push_block(block);
        // The body is rendered first, and in the scope of the partial, as in the crate.
        let body = match helper.template() {
            Some(body) => {
                let mut text = Text { state: self.0, text: String::new() };
                self.0.elements(&body.elements, registry, context, scopes, &mut text)?;
                Some(text.text.into())
            }
            None => None,
        };
        let caller = {
            let mut progress = self.0.progress.lock();
            progress.bodies.push(body);
            std::mem::replace(&mut progress.here, called.clone())
        };
        self.0.elements(&template.elements, registry, context, scopes, out)?;
        let mut progress = self.0.progress.lock();
        progress.here = caller;
        let body = progress.bodies.pop().flatten();
        progress.bytes -= body.map_or(0, |body| body.len());
        scopes.pop_block();
        Ok(())
    }
}
