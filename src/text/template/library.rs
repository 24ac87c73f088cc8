//! The templates of a project: found by name, read and parsed on first use, rendered.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::compiled::Compiled;
use super::evaluate::{self, Include};
use super::output::Rendered;
use super::parse::MAX_DEPTH;
use super::passage::Passage;
use super::syntax::PARTIAL_BLOCK;
use super::value::Data;
use crate::syntax::diag::{self, Diagnostic, Faults, Warned};
use crate::syntax::source::Span;

type Load<'t> = dyn Fn(&str) -> Result<Span, String> + Send + Sync + 't;

/// All templates of a project, read and parsed on first use.
pub struct Library<'t> {
    templates: BTreeMap<String, OnceLock<Result<Arc<Compiled>, String>>>,
    load: Box<Load<'t>>,
}

/// A template that can be rendered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Template(Arc<Compiled>);

/// Why a name is not the name of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFault {
    /// No template has it.
    Unknown {
        /// The name as written.
        name: String,
        /// Names near to it, nearest first.
        near: Vec<String>,
    },
    /// It has no ending, and several templates have it with one.
    Ambiguous {
        /// The name as written.
        name: String,
        /// Their full names, in the order of their bytes.
        candidates: Vec<String>,
    },
    /// There is a file of that name, but it cannot be read.
    Unreadable {
        /// The name as written.
        name: String,
        /// Why: "it is not UTF-8".
        why: String,
    },
}

impl NameFault {
    /// The diagnostic, at the place of the name.
    pub fn diagnostic(&self, at: &Span) -> Diagnostic {
        match self {
            Self::Unknown { name, near } => {
                let hint = match near.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "templates are the files below `templates/`, named by their path there".to_owned(),
                };
                Diagnostic::error("unknown-template", format!("there is no template `{name}`")).at(at).hint(hint)
            }
            Self::Ambiguous { name, candidates } => {
                let message = format!("`{name}` could be {}", listed(candidates));
                Diagnostic::error("unknown-template", message).at(at).hint("write the name with its ending")
            }
            Self::Unreadable { name, why } => {
                Diagnostic::error("unknown-template", format!("the template `{name}` cannot be read: {why}")).at(at)
            }
        }
    }
}

/// A name without what follows the first dot of its last part.
fn without_ending(full: &str) -> &str {
    let file = full.rfind('/').map_or(0, |slash| slash + 1);
    full.get(file..).and_then(|name| name.find('.')).and_then(|dot| full.get(..file + dot)).unwrap_or(full)
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

impl<'t> Library<'t> {
    /// The templates of these names (paths below `templates/`). `load` reads one of them, without its front
    /// matter; its error says why it cannot, as the end of a sentence.
    pub fn new(
        names: impl IntoIterator<Item = String>,
        load: impl Fn(&str) -> Result<Span, String> + Send + Sync + 't,
    ) -> Self {
        let templates = names.into_iter().map(|name| (name, OnceLock::new())).collect();
        Self { templates, load: Box::new(load) }
    }

    /// The full name of a template that is written as `name`: its path below `templates/`, or that
    /// without its ending where only one template has it.
    pub fn resolve(&self, name: &str) -> Result<&str, NameFault> {
        if let Some((full, _)) = self.templates.get_key_value(name) {
            return Ok(full);
        }
        let stem = format!("{name}.");
        let candidates: Vec<&String> = self
            .templates
            .range(stem.clone()..)
            .map(|(full, _)| full)
            .take_while(|full| full.starts_with(&stem))
            .filter(|full| !full[stem.len()..].contains('/'))
            .collect();
        match candidates.as_slice() {
            [only] => Ok(only),
            [] => {
                let near =
                    diag::near(name, self.templates.keys().flat_map(|full| [full.as_str(), without_ending(full)]));
                let near = near.into_iter().map(str::to_owned).collect();
                Err(NameFault::Unknown { name: name.to_owned(), near })
            }
            many => Err(NameFault::Ambiguous {
                name: name.to_owned(),
                candidates: many.iter().map(|full| (*full).clone()).collect(),
            }),
        }
    }

    /// The template that is written as `name`. Faults in its text are reported when it is rendered.
    pub fn template(&self, name: &str) -> Result<Template, NameFault> {
        self.compiled(name).map(|(_, compiled)| Template(compiled))
    }

    /// A template that is written in a manifest: `text` is its value after YAML, `span` the place where it
    /// was written. It may use partials of this library.
    pub fn inline(&self, text: &str, span: &Span) -> Template {
        Template(Arc::new(Compiled::new(None, Passage::inline(text, span))))
    }

    /// The full names of the templates that rendering this one may read, itself included, in the
    /// order of their bytes. A name that cannot be resolved is left out; `render` reports it.
    pub fn reach(&self, template: &Template) -> Vec<String> {
        let mut names: Vec<String> = self.follow(template, &mut Faults::new()).seen.into_iter().collect();
        names.sort_unstable();
        names
    }

    /// Renders a template with `data`.
    ///
    /// All faults that can be found are reported: those in the text of the template and of every partial
    /// that it can reach, and, if all of that can be parsed, those in the names that it uses, also in
    /// branches that are not taken.
    pub fn render(
        &self,
        template: &Template,
        data: &Data,
        include: &Include,
    ) -> Result<Warned<Rendered>, Vec<Diagnostic>> {
        let mut faults = Faults::new();
        let partials = self.follow(template, &mut faults).partials;
        if faults.has_errors() {
            return Err(faults.into_vec());
        }
        let rendered = evaluate::evaluate(&template.0, &partials, data, include, &mut faults);
        faults.into_result(rendered)
    }

    fn follow<'a>(&'a self, template: &Template, faults: &'a mut Faults) -> PartialSearch<'a, 't> {
        let mut chain: Vec<String> = template.0.name.iter().cloned().collect();
        let seen = chain.iter().cloned().collect();
        let mut reach = PartialSearch { library: self, partials: HashMap::new(), seen, faults };
        reach.visit(&template.0, &mut chain);
        reach
    }

    /// The full name and the template behind it.
    fn compiled(&self, name: &str) -> Result<(&str, Arc<Compiled>), NameFault> {
        let full = self.resolve(name)?;
        let Some(slot) = self.templates.get(full) else {
            return Err(NameFault::Unknown { name: name.to_owned(), near: Vec::new() });
        };
        let read = || (self.load)(full);
        let compile = |body: Span| Arc::new(Compiled::new(Some(full.to_owned()), Passage::file(body)));
        match slot.get_or_init(|| read().map(compile)) {
            Ok(compiled) => Ok((full, compiled.clone())),
            Err(why) => Err(NameFault::Unreadable { name: full.to_owned(), why: why.clone() }),
        }
    }
}

/// Finds every partial that a template can reach, and the faults in their text and names.
struct PartialSearch<'a, 't> {
    library: &'a Library<'t>,
    /// The partials found so far, by their names as written.
    partials: HashMap<String, Arc<Compiled>>,
    /// The full names of the templates visited so far.
    seen: HashSet<String>,
    faults: &'a mut Faults,
}

impl PartialSearch<'_, '_> {
    /// `chain` is the path from the template to this one, as full names, this one's last.
    fn visit(&mut self, compiled: &Compiled, chain: &mut Vec<String>) {
        self.faults.extend(compiled.faults.iter().cloned());
        for name in compiled.partials.iter().filter(|name| name.text != PARTIAL_BLOCK) {
            let at = compiled.span(&name.at);
            let (full, partial) = match self.library.compiled(&name.text) {
                Ok(found) => found,
                Err(fault) => {
                    self.faults.push(fault.diagnostic(&at));
                    continue;
                }
            };
            self.partials.insert(name.text.clone(), partial.clone());
            if let Some(start) = chain.iter().position(|above| above == full) {
                let way: Vec<&str> = chain.iter().skip(start).map(String::as_str).chain([full]).collect();
                let message = format!("`{full}` includes itself: {}", way.join(" → "));
                self.faults.push(Diagnostic::error("template-cycle", message).at(&at));
            } else if chain.len() >= MAX_DEPTH {
                let message = format!("partials nest deeper than {MAX_DEPTH}");
                self.faults.push(Diagnostic::error("template-limit", message).at(&at));
            } else if self.seen.insert(full.to_owned()) {
                chain.push(full.to_owned());
                self.visit(&partial, chain);
                chain.pop();
            }
        }
    }
}
