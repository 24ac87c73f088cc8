//! A test project for templates: files, data, and the outcome as text.

mod against_the_crate;
mod dialect;
mod docs;
mod faults;
mod hostile;
mod regions;
mod rendering;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Data, Library, Piece, Rendered};
use crate::syntax::diag::{Diagnostic, Warned};
use crate::syntax::source::{ProjectPath, Source, Span};

/// A project with templates and fragments.
#[derive(Default)]
struct Stage {
    templates: BTreeMap<String, String>,
    fragments: BTreeMap<String, String>,
    data: Data,
    more: serde_json::Map<String, Json>,
}

impl Stage {
    /// With `main.hbs`, the template that is rendered.
    fn new(template: &str) -> Self {
        Self::default().template("main.hbs", template)
    }

    fn template(mut self, name: &str, text: &str) -> Self {
        self.templates.insert(name.to_owned(), text.to_owned());
        self
    }

    fn fragment(mut self, path: &str, text: &str) -> Self {
        self.fragments.insert(path.to_owned(), text.to_owned());
        self
    }

    fn vars(mut self, vars: Json) -> Self {
        self.data.vars = map(vars);
        self
    }

    fn inputs(mut self, names: &[&str]) -> Self {
        self.data.inputs = names.iter().map(|name| ((*name).to_owned(), Json::Null)).collect();
        self
    }

    fn more(mut self, more: Json) -> Self {
        self.more = map(more);
        self
    }

    fn library(&self) -> Library<'_> {
        Library::new(self.templates.keys().cloned(), |path| {
            let file = path
                .as_str()
                .strip_prefix("templates/")
                .map_or_else(|| self.fragments.get(path.as_str()), |name| self.templates.get(name));
            Ok(file.map(|text| whole(&Source::new(path.clone(), text.as_str()))))
        })
    }

    fn include(&self, path: &str) -> Result<Span, String> {
        let text = self.fragments.get(path).ok_or("there is no such file")?;
        let source: Arc<Source> =
            Source::new(ProjectPath::new(path).map_err(|fault| fault.to_string())?, text.as_str());
        Ok(Span::new(&source, 0, text.len()))
    }

    fn run(&self) -> Result<Warned<Rendered>, Vec<Diagnostic>> {
        let library = self.library();
        let template = library.template("main").expect("main.hbs");
        library.render(&template, &self.data.root().with(self.more.clone()), &|path| self.include(path))
    }

    /// What is written, holes as `⟨name⟩`, regions as `⟦sample⟧`, segments as `[id| … ]`. Panics on a fault.
    fn text(&self) -> String {
        match self.run() {
            Ok(rendered) => shown(&rendered.value),
            Err(faults) => panic!("{}", listed(&faults)),
        }
    }

    /// The faults, or the warnings of a rendering that has none: a line each.
    fn faults(&self) -> String {
        match self.run() {
            Ok(rendered) => listed(&rendered.warnings),
            Err(faults) => listed(&faults),
        }
    }
}

fn whole(source: &Arc<Source>) -> Span {
    Span::new(source, 0, source.text().len())
}

fn map(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        other => panic!("not a map: {other}"),
    }
}

fn shown(rendered: &Rendered) -> String {
    let split = rendered.segments.len() > 1 || rendered.segments.iter().any(|segment| segment.id.is_some());
    let mut out = String::new();
    for segment in &rendered.segments {
        if split {
            write!(out, "[{}|", segment.id.as_deref().unwrap_or("")).unwrap();
        }
        for piece in &segment.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Input(name) => write!(out, "⟨{name}⟩").unwrap(),
                Piece::Region(region) => write!(out, "⟦{}⟧", region.sample).unwrap(),
                Piece::Whole(part) => unreachable!("no template writes {part:?}"),
            }
        }
        if split {
            out.push(']');
        }
    }
    out
}

/// `file:line:column code: message (hint) at ‹the text there›`
fn listed(faults: &[Diagnostic]) -> String {
    let line = |fault: &Diagnostic| {
        let span = fault.span.as_ref().expect("every fault has its place");
        let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let there: String = span.source.text()[span.start..span.end].chars().take(30).collect();
        format!("{span:?} {}: {}{hint} ‹{}›\n", fault.code, fault.message, there.replace('\n', "⏎"))
    };
    faults.iter().map(line).collect()
}
