//! The templates of a project: found by name, read and parsed on first use, rendered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use handlebars::{Handlebars, no_escape};
use parking_lot::Mutex;

use super::data::Root;
use super::output::Rendered;
use super::parse::{self, Parsed};
use super::passage::Passage;
use super::render;
use super::scan::{ByteRange, Kind};
use super::state::Include;
use crate::syntax::diag::{self, Diagnostic, Warned};
use crate::syntax::limits::MAX_TEMPLATE_DEPTH;
use crate::syntax::source::{ProjectPath, Span};

/// Reads a file: `None` if there is none. Its error says why it cannot be read, as the end of a sentence.
type Load<'t> = dyn Fn(&ProjectPath) -> Result<Option<Span>, String> + Send + Sync + 't;

/// The folder in which templates and partials are found by their path there, with or without an ending.
pub const TEMPLATES: &str = "templates";

/// What a file outside of [`TEMPLATES`] is: a template, nothing, or a fault.
type Elsewhere = Result<Option<Arc<Compiled>>, NameFault>;

/// All templates of a project, read and parsed on first use.
pub struct Library<'t> {
    /// Those below [`TEMPLATES`].
    templates: BTreeMap<String, OnceLock<Result<Arc<Compiled>, NameFault>>>,
    /// Files outside of it that were asked for by their path in the project.
    elsewhere: Mutex<HashMap<ProjectPath, Elsewhere>>,
    load: Box<Load<'t>>,
}

/// A template that can be rendered. Cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<Compiled>);

/// A parsed template.
pub(super) struct Compiled {
    /// Its path, below `templates/` or in the project; empty for text of a manifest.
    name: String,
    pub passage: Passage,
    pub parsed: Parsed,
    /// It and all that it can reach, made when it is first rendered.
    program: OnceLock<Program>,
}

/// A template with every partial that it can reach, for the crate to render.
pub(super) struct Program {
    /// The partials by their names as written.
    pub partials: HashMap<String, Arc<Compiled>>,
    /// The partials by their full names.
    pub registry: Handlebars<'static>,
    /// The files that were looked for.
    paths: BTreeSet<ProjectPath>,
    faults: Vec<Diagnostic>,
}

/// Why a name is not the name of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFault {
    message: String,
    hint: Option<String>,
}

impl NameFault {
    /// The diagnostic, at the place of the name.
    pub fn diagnostic(&self, at: &Span) -> Diagnostic {
        Diagnostic::error("unknown-template", self.message.clone()).at(at).maybe_hint(self.hint.clone())
    }
}

/// A name without what follows the first dot of its last part.
fn without_ending(full: &str) -> &str {
    let file = full.rfind('/').map_or(0, |slash| slash + 1);
    full.get(file..).and_then(|name| name.find('.')).and_then(|dot| full.get(..file + dot)).unwrap_or(full)
}

impl<'t> Library<'t> {
    /// The templates of these names (paths below `templates/`), and whatever else `load` can read.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        load: impl Fn(&ProjectPath) -> Result<Option<Span>, String> + Send + Sync + 't,
    ) -> Self {
        let templates = names.into_iter().map(|name| (name, OnceLock::new())).collect();
        Self { templates, elsewhere: Mutex::default(), load: Box::new(load) }
    }

    /// The full name of a template that is written as `name`: its path below `templates/`, or that
    /// without its ending where only one template has it.
    pub fn resolve(&self, name: &str) -> Result<&str, NameFault> {
        if let Some((full, _)) = self.templates.get_key_value(name) {
            return Ok(full);
        }
        let stem = format!("{name}.");
        let after = self.templates.range(stem.clone()..).map(|(full, _)| full.as_str());
        let candidates: Vec<&str> =
            after.take_while(|full| full.starts_with(&stem)).filter(|full| !full[stem.len()..].contains('/')).collect();
        match candidates.as_slice() {
            [only] => Ok(only),
            [] => {
                let known = self.templates.keys().flat_map(|full| [full.as_str(), without_ending(full)]);
                let hint = diag::did_you_mean(name, known).unwrap_or_else(|| {
                    "templates are the files below `templates/`, named by their path there, or any file by its path"
                        .to_owned()
                });
                Err(NameFault { message: format!("there is no template `{name}`"), hint: Some(hint) })
            }
            many => {
                let listed: Vec<String> = many.iter().map(|name| format!("`{name}`")).collect();
                let message = format!("`{name}` could be {}", listed.join(" or "));
                Err(NameFault { message, hint: Some("write the name with its ending".to_owned()) })
            }
        }
    }

    /// The template that is written as `name`. Faults in its text are reported when it is rendered.
    pub fn template(&self, name: &str) -> Result<Template, NameFault> {
        self.compiled(name).map(Template)
    }

    /// A template that is written in a manifest: `text` is its value after YAML, `span` the place where it
    /// was written. It may use partials of this library.
    pub fn inline(&self, text: &str, span: &Span) -> Template {
        Template(Arc::new(Compiled::new(String::new(), Passage::inline(text, span))))
    }

    /// The files on which the rendering of this template depends, itself included, in the order of their bytes: those
    /// that it reads, and those that it looked for.
    pub fn reach<'l>(&self, template: &'l Template) -> impl Iterator<Item = &'l ProjectPath> {
        self.program(template).paths.iter()
    }

    /// Renders a template with all of the data.
    ///
    /// All faults that can be found are reported: those in the text of the template and of every partial
    /// that it can reach, one of syntax for each, and, if all of that can be parsed, those in the names that it uses,
    /// also in branches that are not taken.
    pub fn render(
        &self,
        template: &Template,
        root: &Root,
        include: &Include,
    ) -> Result<Warned<Rendered>, Vec<Diagnostic>> {
        let program = self.program(template);
        if !program.faults.is_empty() {
            return Err(program.faults.clone());
        }
        render::render(&template.0, program, root, include)
    }

    fn program<'l>(&self, template: &'l Template) -> &'l Program {
        template.0.program.get_or_init(|| {
            let mut registry = Handlebars::new();
            registry.set_strict_mode(true);
            registry.register_escape_fn(no_escape);
            let program = Program { partials: HashMap::new(), registry, paths: BTreeSet::new(), faults: Vec::new() };
            let mut search = PartialSearch { library: self, program, depths: HashMap::new() };
            search.visit(&template.0, &mut Vec::new());
            let mut program = search.program;
            for partial in program.partials.values() {
                if !program.registry.has_template(&partial.name) {
                    program.registry.register_template(&partial.name, partial.parsed.template.clone());
                }
            }
            program
        })
    }

    fn compiled(&self, name: &str) -> Result<Arc<Compiled>, NameFault> {
        let read = |full: &str, path: &ProjectPath| match (self.load)(path) {
            Ok(span) => Ok(span.map(|span| Arc::new(Compiled::new(full.to_owned(), Passage::verbatim(&span))))),
            Err(why) => Err(NameFault { message: format!("the template `{full}` cannot be read: {why}"), hint: None }),
        };
        let unknown = match self.resolve(name) {
            Ok(full) => {
                let path = path_of(full).ok_or(NameFault { message: format!("`{full}` is no path"), hint: None })?;
                let gone = || NameFault { message: format!("the template `{full}` is gone"), hint: None };
                let slot = self.templates.get(full).ok_or_else(gone)?;
                return slot.get_or_init(|| read(full, &path)?.ok_or_else(gone)).clone();
            }
            Err(unknown) => unknown,
        };
        let Ok(path) = ProjectPath::new(name) else { return Err(unknown) };
        let mut elsewhere = self.elsewhere.lock();
        elsewhere.entry(path.clone()).or_insert_with(|| read(path.as_str(), &path)).clone()?.ok_or(unknown)
    }
}

/// The path of a template below `templates/`.
fn path_of(name: &str) -> Option<ProjectPath> {
    ProjectPath::new(&format!("{TEMPLATES}/{name}")).ok()
}

impl Compiled {
    fn new(name: String, passage: Passage) -> Self {
        let parsed = parse::parse(&passage.text);
        Self { name, passage, parsed, program: OnceLock::new() }
    }

    /// Its full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a word of a tag stands; the whole tag if it is not there as it is.
    pub fn place(&self, tag: usize, word: &str) -> ByteRange {
        let tag = self.parsed.tags.get(tag).map_or(0..0, |tag| tag.at.clone());
        parse::place(&self.passage.text, &tag, word)
    }

    /// The element that a tag begins: the tag, or the block that it opens, with its closing tag.
    pub fn extent(&self, tag: usize) -> ByteRange {
        let Some([open, rest @ ..]) = self.parsed.tags.get(tag..) else { return 0..0 };
        let is_block = matches!(open.kind, Kind::Open | Kind::OpenPartial);
        let close = rest.iter().find(|tag| is_block && tag.depth <= open.depth).unwrap_or(open);
        open.at.start..close.at.end
    }

    /// The tag that begins at a line and a column of the template, both from 1.
    pub fn tag_at(&self, line: usize, column: usize) -> Option<usize> {
        let at = parse::offset(&self.passage.text, line, column);
        self.parsed.tags.iter().position(|tag| tag.at.start == at)
    }
}

/// Finds every partial that a template can reach, and the faults in their text and names.
struct PartialSearch<'a, 't> {
    library: &'a Library<'t>,
    program: Program,
    /// The templates visited so far by their full names, each with how deep it nests.
    depths: HashMap<String, usize>,
}

impl PartialSearch<'_, '_> {
    /// How deep blocks and partials nest in a template. `chain` is the path to it, as full names.
    fn visit(&mut self, compiled: &Compiled, chain: &mut Vec<String>) -> usize {
        if let Some(depth) = self.depths.get(&compiled.name) {
            return *depth;
        }
        let (parsed, program) = (&compiled.parsed, &mut self.program);
        program.paths.extend((!compiled.name.is_empty()).then(|| compiled.passage.whole().path().clone()));
        program.faults.extend(parsed.faults.iter().map(|fault| {
            let at = compiled.passage.span(&fault.at);
            Diagnostic::error(fault.code, fault.message.clone()).at(&at).maybe_hint(fault.hint.clone())
        }));
        let mut deepest = parsed.tags.iter().map(|tag| tag.depth).max().unwrap_or_default();
        chain.push(compiled.name.clone());
        for (written, tag) in &parsed.partials {
            let at = compiled.passage.span(&compiled.place(*tag, written));
            let partial = match self.library.compiled(written) {
                Ok(partial) => partial,
                Err(fault) => {
                    self.program.faults.push(fault.diagnostic(&at));
                    self.program.paths.extend(ProjectPath::new(written));
                    continue;
                }
            };
            let full = &partial.name;
            self.program.partials.insert(written.clone(), partial.clone());
            if let Some(start) = chain.iter().position(|above| above == full) {
                let way: Vec<&str> = chain.iter().skip(start).chain([full]).map(String::as_str).collect();
                let message = format!("`{full}` includes itself: {}", way.join(" → "));
                self.program.faults.push(Diagnostic::error("template-cycle", message).at(&at));
                continue;
            }
            let around = parsed.tags.get(*tag).map_or(0, |tag| tag.depth) + 1;
            // A long chain of partials stops here, before it is deep for us.
            let within =
                if chain.len() > MAX_TEMPLATE_DEPTH { MAX_TEMPLATE_DEPTH } else { self.visit(&partial, chain) };
            if around + within > MAX_TEMPLATE_DEPTH && deepest <= MAX_TEMPLATE_DEPTH {
                let message = format!("blocks and partials nest deeper than {MAX_TEMPLATE_DEPTH}");
                self.program.faults.push(Diagnostic::error("template-limit", message).at(&at));
            }
            deepest = deepest.max(around + within);
        }
        chain.pop();
        self.depths.insert(compiled.name.clone(), deepest);
        deepest
    }
}
