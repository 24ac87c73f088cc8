//! What a template decides on at run time: a region, an element that asks an input for more than its text.
//!
//! An element is rendered with inputs as marks. If a helper looks at one, or a name leads into one, the element is a
//! region: it is rendered once more with the examples of the inputs, and a mark is written in its place. Its source, with
//! all that it uses and that is known at build time, is what identifies it.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Context, RenderContext};
use serde_json::Value as Json;

use super::data::{input, is_whole};
use super::names::Written;
use super::output::{Run, runs};
use super::parse::tag_of;
use super::report::Stop;
use super::state::State;
use crate::syntax::diag::Diagnostic;
use crate::syntax::source::Span;

/// A part of a template that depends on inputs, as it is with their examples.
#[derive(Debug, Clone)]
pub struct RenderedRegion {
    /// What identifies it: the element as it is written, and behind it, each after a comment that names it, the partials
    /// and fragments that it uses and the values that are known at build time.
    pub source: String,
    /// What it writes with the examples.
    pub sample: String,
    /// The inputs that it depends on, in the order of their bytes.
    pub needs: Vec<String>,
    /// Those without an example.
    pub absent: Vec<String>,
    /// Where it is written.
    pub span: Span,
}

/// The warning that a part depends on inputs without examples.
pub fn no_example(absent: &[String]) -> Option<Diagnostic> {
    let first = absent.first()?;
    let names = absent.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = format!("this part depends on {names}, of which there is no example: it is built without");
    let hint = format!("give one: `inputs: {{{first}: {{example: …}}}}`; until then counts are \"at least\"");
    Some(Diagnostic::warning("no-example", message).hint(hint))
}

impl State<'_> {
    /// The region that an element is: `looked` are inputs that it is known to look at, `sample` is what it writes.
    pub(super) fn region<'rc>(
        &self,
        element: &TemplateElement,
        looked: BTreeSet<String>,
        sample: String,
        context: &'rc Context,
        scopes: &RenderContext<'_, 'rc>,
    ) -> Result<RenderedRegion, Stop> {
        let (texts, values) = (BTreeMap::new(), BTreeMap::new());
        let mut uses = Uses { state: self, context, scopes, inputs: looked, texts, values, steps: 0 };
        uses.elements(std::slice::from_ref(element), 0);
        let Uses { inputs, texts, values, steps, .. } = uses;
        let (here, extent) = {
            let mut progress = self.progress.lock();
            progress.tag = tag_of(element).unwrap_or(progress.tag);
            (progress.here.clone(), progress.here.extent(progress.tag))
        };
        let mut source = here.passage.text.get(extent.clone()).unwrap_or_default().to_owned();
        for (name, text) in texts {
            source.extend(["\n{{! ", &name, " }}\n", &text]);
        }
        for (name, value) in values {
            source.extend(["\n{{! ", &name, " = ", &value, " }}"]);
        }
        self.charge(steps + source.len() / 1024)?;
        let needs: Vec<String> = inputs.into_iter().collect();
        let is_absent = |name: &&String| self.examples.get(name.as_str()).is_none_or(Json::is_null);
        let absent: Vec<String> = needs.iter().filter(is_absent).cloned().collect();
        if let Some(warning) = no_example(&absent) {
            self.report("", warning)?;
        }
        Ok(RenderedRegion { source, sample, needs, absent, span: here.passage.span(&extent) })
    }

    /// Text without marks: what stands for inputs and regions comes from the two functions.
    pub(super) fn unmarked(
        &self,
        text: &str,
        input: impl Fn(&str) -> String,
        region: impl Fn(&RenderedRegion) -> String,
    ) -> String {
        let known = |number: usize| self.progress.lock().regions.get(number).cloned();
        let plain = |(run, _)| match run {
            Run::Text(text) => text.to_owned(),
            Run::Input(name) => input(name),
            Run::Region(number) => known(number).as_ref().map(&region).unwrap_or_default(),
            Run::Open(_) | Run::Close => String::new(),
        };
        runs(text).map(plain).collect()
    }
}

/// Collects what a region uses, also in branches that its sample does not take.
struct Uses<'u, 'reg, 'rc> {
    state: &'u State<'u>,
    context: &'rc Context,
    /// What is current around the region.
    scopes: &'u RenderContext<'reg, 'rc>,
    inputs: BTreeSet<String>,
    /// Partials and fragments, by what their comment says.
    texts: BTreeMap<String, String>,
    /// Values as JSON, by their paths as written.
    values: BTreeMap<String, String>,
    /// Calls and paths that were looked at.
    steps: usize,
}

impl Uses<'_, '_, '_> {
    /// Elements that stand `depth` scopes further in than the region.
    fn elements(&mut self, elements: &[TemplateElement], depth: usize) {
        for element in elements {
            if let TemplateElement::Expression(call) | TemplateElement::HelperBlock(call) = element {
                self.call(call, depth);
                let inner = depth + usize::from(matches!(call.name.as_name(), Some("each" | "with")));
                self.elements(call.template.as_ref().map_or(&[], |body| &body.elements), inner);
                self.elements(call.inverse.as_ref().map_or(&[], |body| &body.elements), depth);
            }
        }
    }

    fn call(&mut self, call: &HelperTemplate, depth: usize) {
        self.steps += 1;
        for argument in call.params.iter().chain(call.hash.values()) {
            match argument {
                Parameter::Subexpression(inner) => {
                    if let TemplateElement::Expression(inner) = inner.as_element() {
                        self.call(inner, depth);
                    }
                }
                Parameter::Path(path) => self.path(&Written::new(path), depth),
                _ => {}
            }
        }
        let literal = |number: usize| match call.params.get(number) {
            Some(Parameter::Literal(Json::String(text))) => Some(text.as_str()),
            _ => None,
        };
        let state = self.state;
        match (literal(1), literal(2)) {
            (Some("partial"), Some(name)) => {
                let Some(called) = state.program.partials.get(name) else { return };
                let name = format!("> {}", called.name());
                if self.texts.insert(name, called.passage.text.to_string()).is_none() {
                    self.elements(&called.parsed.template.elements, depth + 1);
                }
            }
            (Some("include"), Some(path)) => {
                if let Ok(span) = (state.include)(path) {
                    self.texts.insert(path.to_owned(), span.source.text()[span.start..span.end].to_owned());
                }
            }
            (Some("body"), _) => {
                let Some(body) = state.progress.lock().bodies.last().cloned().flatten() else { return };
                let inputs = std::cell::RefCell::new(&mut self.inputs);
                let named = |name: &str| {
                    inputs.borrow_mut().insert(name.to_owned());
                    format!("{{{{{name}}}}}")
                };
                let sourced = |region: &RenderedRegion| {
                    inputs.borrow_mut().extend(region.needs.iter().cloned());
                    region.source.clone()
                };
                self.texts.insert("> @partial-block".to_owned(), state.unmarked(&body, named, sourced));
            }
            _ => {}
        }
    }

    /// Where a path stands in a scope of the region's own, what is current there is not known, and it is looked up
    /// around the region: that may name a value too many, and misses none.
    fn path(&mut self, path: &Written, depth: usize) {
        self.steps += 1;
        let up = path.up.saturating_sub(depth);
        let path = Written { up, parts: path.parts.clone(), ..*path };
        let value =
            |written: &str| self.scopes.evaluate(self.context, written).ok().filter(|found| !found.is_missing());
        let found = if path.is_local {
            value(&format!("@{}{}", "../".repeat(up), path.parts.concat())).map(|value| (true, value))
        } else {
            let from = |number: usize| Some((number == path.parts.len(), value(&path.above(number))?));
            (0..=path.parts.len()).rev().find_map(from)
        };
        match found {
            Some((_, value)) if input(value.as_json()).is_some() => {
                self.inputs.extend(input(value.as_json()).map(str::to_owned));
            }
            // What is current at the top says nothing: only its members are values.
            Some((true, value)) if is_whole(value.as_json()) => {
                let is_asked = path.parts.first() == Some(&"inputs") || path.is_root;
                self.inputs.extend(self.state.examples.keys().filter(|_| is_asked).cloned());
            }
            Some((true, value)) => {
                self.values.insert(path.raw.to_owned(), value.as_json().to_string());
            }
            _ => {}
        }
    }
}
