//! Where a rendering is: what it has written, which part of a template depends on inputs, what it has counted.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use handlebars::template::TemplateElement;
use handlebars::{
    Context, Handlebars, HelperResult, Output, PathAndJson, RenderContext, RenderError, RenderErrorReason, Renderable,
};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};

use super::data::{END, REGION};
use super::library::{Compiled, Program};
use super::parse::tag_of;
use super::region::RenderedRegion;
use super::report::{Report, Stop};
use crate::syntax::diag::Diagnostic;
use crate::syntax::limits::{MAX_RENDERED_BYTES, MAX_TEMPLATE_STEPS};
use crate::syntax::source::Span;

/// Reads the fragment that `{{include "path"}}` names: its text is the span's, front matter left
/// out. An error says why there is none, as the end of a sentence: "there is no such file".
pub type Include<'a> = dyn Fn(&str) -> Result<Span, String> + Sync + 'a;

/// One rendering.
pub(super) struct State<'r> {
    pub program: &'r Program,
    pub include: &'r Include<'r>,
    /// What the inputs are in a region.
    pub examples: &'r Map<String, Json>,
    pub progress: Mutex<Progress>,
}

/// What changes in the course of it.
pub(super) struct Progress {
    /// The template that is being rendered, and the last tag of it.
    pub here: Arc<Compiled>,
    pub tag: usize,
    /// The body that each open partial was called with.
    pub bodies: Vec<Option<Arc<str>>>,
    pub steps: usize,
    /// Of all that is written and not yet dropped.
    pub bytes: usize,
    /// Each `{{#segment}}` so far: its id and its place.
    pub segments: Vec<(String, Span)>,
    pub regions: Vec<RenderedRegion>,
    /// The inputs that the element which is being rendered has looked at: it is a region.
    pub looked: BTreeSet<String>,
    /// Whether inputs are their examples.
    pub in_region: bool,
    pub report: Report,
}

impl State<'_> {
    /// Adds a fault or a warning at a word of the current tag.
    pub fn report(&self, word: &str, found: Diagnostic) -> Result<(), Stop> {
        let mut progress = self.progress.lock();
        let Progress { here, tag, report, looked, .. } = &mut *progress;
        // What looked at an input is rendered again.
        if looked.is_empty() { report.add(here, *tag, word, found) } else { Ok(()) }
    }

    /// Counts steps.
    pub fn charge(&self, steps: usize) -> Result<(), Stop> {
        let mut progress = self.progress.lock();
        progress.steps = progress.steps.saturating_add(steps);
        if progress.steps <= MAX_TEMPLATE_STEPS {
            return Ok(());
        }
        drop(progress);
        let message = format!("the template takes more than {MAX_TEMPLATE_STEPS} steps to render");
        let hint = "loops inside of loops multiply; prepare the data, or split the template";
        self.last("", Diagnostic::error("template-limit", message).hint(hint))
    }

    /// Reports what ends the rendering, also of what would have been rendered again.
    fn last(&self, word: &str, fault: Diagnostic) -> Result<(), Stop> {
        self.progress.lock().looked.clear();
        self.report(word, fault)?;
        Err(Stop)
    }

    /// Renders elements, each that depends on an input as a region.
    pub fn elements<'reg: 'rc, 'rc>(
        &self,
        elements: &'rc [TemplateElement],
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scopes: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        for element in elements {
            self.element(element, registry, context, scopes, out)?;
        }
        Ok(())
    }

    pub fn element<'reg: 'rc, 'rc>(
        &self,
        element: &'rc TemplateElement,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        scopes: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let render = |scopes: &mut RenderContext<'reg, 'rc>, out: &mut dyn Output| {
            let rendered = element.render(registry, context, scopes, out);
            rendered.inspect_err(|error| {
                let mut progress = self.progress.lock();
                progress.tag = tag_of(element).filter(|_| error.line_no.is_none()).unwrap_or(progress.tag);
            })
        };
        let begin = {
            let progress = self.progress.lock();
            // Without inputs there is nothing to look at.
            let is_part_of_one = progress.in_region || !progress.looked.is_empty() || self.examples.is_empty();
            (!is_part_of_one && tag_of(element).is_some()).then(|| (progress.segments.len(), progress.regions.len()))
        };
        let Some((segments, regions)) = begin else { return render(scopes, out) };
        let mut text = Text { state: self, text: String::new() };
        render(scopes, &mut text)?;
        let looked = std::mem::take(&mut self.progress.lock().looked);
        if looked.is_empty() {
            let text = text.taken();
            return Ok(out.write(&text)?);
        }
        drop(text.taken());
        {
            let mut progress = self.progress.lock();
            progress.segments.truncate(segments);
            progress.regions.truncate(regions);
            progress.in_region = true;
        }
        render(scopes, &mut text)?;
        self.progress.lock().in_region = false;
        let region = self.region(element, looked, text.taken(), context, scopes)?;
        let number = {
            let mut progress = self.progress.lock();
            progress.bytes += region.sample.len();
            progress.regions.push(region);
            progress.regions.len() - 1
        };
        Ok(out.write(&format!("{REGION}{number}{END}"))?)
    }

    /// What an input is: its example in a region; else the element that asks is one.
    pub fn example(&self, name: &str) -> Given<'_> {
        let mut progress = self.progress.lock();
        if !progress.in_region {
            progress.looked.insert(name.to_owned());
            return Given::Unknown;
        }
        self.examples.get(name).filter(|example| !example.is_null()).map_or(Given::Absent, Given::Example)
    }

    /// Reports an error of the crate's own: there is one, a word where a list wants a position. It ends the rendering.
    pub fn stopped(&self, error: &RenderError) {
        let (word, message) = match error.reason() {
            RenderErrorReason::Other(_) | RenderErrorReason::IOError(_) => return,
            RenderErrorReason::InvalidJsonIndex(word) => {
                (word.as_str(), format!("a list holds no `{word}`: its items have positions"))
            }
            other => ("", format!("the template cannot be rendered: {other}")),
        };
        if let (Some(line), Some(column)) = (error.line_no, error.column_no) {
            let mut progress = self.progress.lock();
            progress.tag = progress.here.tag_at(line, column).unwrap_or(progress.tag);
        }
        // It is the last one in any case.
        let (Ok(()) | Err(Stop)) = self.last(word, Diagnostic::error("unknown-name", message));
    }
}

impl From<Stop> for RenderError {
    fn from(_: Stop) -> Self {
        RenderErrorReason::Other("a limit".to_owned()).into()
    }
}

/// The text written so far, with marks where an input or a segment is.
pub(super) struct Text<'r> {
    pub state: &'r State<'r>,
    pub text: String,
}

impl Output for Text<'_> {
    fn write(&mut self, more: &str) -> Result<(), io::Error> {
        let stop = |Stop| io::Error::other("a limit");
        let (steps, bytes) = {
            let mut progress = self.state.progress.lock();
            progress.steps += more.len() / 1024;
            progress.bytes += more.len();
            (progress.steps, progress.bytes)
        };
        if steps > MAX_TEMPLATE_STEPS {
            self.state.charge(0).map_err(stop)?;
        }
        if bytes > MAX_RENDERED_BYTES {
            let message = format!("the template writes more than {MAX_RENDERED_BYTES} bytes");
            self.state.last("", Diagnostic::error("template-limit", message)).map_err(stop)?;
        }
        self.text.push_str(more);
        Ok(())
    }
}

impl Text<'_> {
    /// What was written, which is no longer of the text.
    fn taken(&mut self) -> String {
        self.state.progress.lock().bytes -= self.text.len();
        std::mem::take(&mut self.text)
    }
}

/// What an argument is.
pub(super) enum Given<'v> {
    /// It stands in the data, or a call has made it.
    Value(&'v Json),
    /// It is an input's example, or stands in it.
    Example(&'v Json),
    /// An input without an example.
    Absent,
    /// There is no value, and either that is reported or the element is a region.
    Unknown,
}

impl Progress {
    /// An argument as it is written: its path, or all that stands in the current tag.
    pub fn written_as(&self, argument: &PathAndJson) -> String {
        let tag = || self.here.parsed.tags.get(self.tag).and_then(|tag| self.here.passage.text.get(tag.at.clone()));
        let inside = |tag: &str| tag.trim_matches(|c: char| "{}~&".contains(c) || c.is_ascii_whitespace()).to_owned();
        argument.relative_path().cloned().unwrap_or_else(|| inside(tag().unwrap_or_default()))
    }
}
