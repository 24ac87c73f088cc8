//! A project's contexts: which there are, and the layers of each merged into one node.
//!
//! Precedence: `contexture.yaml` < `extends` (later wins) < the manifest < a variant.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::syntax::decode::{Decode, OneOrMany, Text, expected};
use crate::syntax::diag::{Diagnostic, Faults, near};
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::MAX_EXTENDS;
use crate::syntax::manifest::ProjectFile;
use crate::syntax::source::{ProjectPath, Span};
use crate::syntax::yaml::{Map, Node, Value};
use crate::text::fragment::{Fragments, Reader, Unreadable};
use crate::text::patterns;
use crate::tree::{ReadError, Reads};

/// The project file's name.
pub const PROJECT_FILE: &str = "contexture.yaml";
/// The folder of manifests.
pub const CONTEXTS: &str = "contexts";

/// Keys of a manifest that concern that file alone and are not inherited through `extends`.
const OWN_KEYS: [&str; 4] = ["extends", "abstract", "each", "description"];

/// A context's name and, if it is one, its variant: `support/triage@terse`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct ContextId {
    /// Path of the manifest below `contexts/`, without `.yaml`, and what `each` matched.
    #[serde(rename = "id")]
    pub name: String,
    /// The variant, if it is one.
    pub variant: Option<String>,
}

impl ContextId {
    /// Parses `name` or `name@variant`.
    pub fn parse(written: &str) -> Self {
        match written.split_once('@') {
            Some((name, variant)) => Self { name: name.to_owned(), variant: Some(variant.to_owned()) },
            None => Self { name: written.to_owned(), variant: None },
        }
    }
}

impl ContextId {
    /// Whether a pattern, whose `*` stand for any text, matches the name. Variants are meant by a pattern with `@`.
    fn is_matched_by(&self, pattern: &str) -> bool {
        if self.variant.is_some() != pattern.contains('@') {
            return false;
        }
        let name = self.to_string();
        let Some((first, rest)) = pattern.split_once('*') else { return name == pattern };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Some(at) = name.find(part) else { return false };
            name = &name[at + part.len()..];
        }
        name.ends_with(last)
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variant {
            Some(variant) => write!(f, "{}@{variant}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Warns of contexts whose names differ in case alone: where a file system does not tell them apart, their bundles are
/// one folder.
fn tell_clashes(chosen: &mut BTreeMap<ContextId, Candidate>) {
    let mut met: HashMap<String, ContextId> = HashMap::new();
    for (id, candidate) in chosen {
        let Some(first) = met.insert(id.to_string().to_lowercase(), id.clone()) else { continue };
        let message =
            format!("`{id}` differs from `{first}` in case alone, so some systems write both into one folder");
        if let Ok(layers) = &mut candidate.layers {
            let warning = Diagnostic::warning("case-clash", message).in_file(&candidate.manifest);
            layers.pending.push(warning.hint("rename one of them"));
        }
    }
}

/// One context, ready to be resolved: its merged layers and what was read to merge them.
#[derive(Debug, Clone)]
pub struct Layers {
    /// Its name.
    pub id: ContextId,
    /// The manifest file.
    pub manifest: ProjectPath,
    /// What `contexture.yaml` says for every context.
    pub defaults: Option<Node>,
    /// What is extended and the manifest, as one node.
    pub node: Node,
    /// What the variant overrides.
    pub variant: Option<Node>,
    /// The path that matched, when its manifest has `each`.
    pub each: Option<ProjectPath>,
    /// What was read so far.
    pub reads: Reads,
    /// Faults despite which the layers could be merged: the build goes on to find the others.
    pub pending: Vec<Diagnostic>,
}

impl Layers {
    /// What the manifest and its variant say of themselves.
    pub fn own(&self) -> Node {
        self.laid_over(None)
    }

    /// All layers as one node: the project's defaults, what a foreign file says of itself, the manifest, its variant.
    pub fn merged(&self, file: Option<&Node>) -> Node {
        match (&self.defaults, file) {
            (Some(defaults), Some(file)) => self.laid_over(Some(&defaults.overlay(file))),
            (defaults, file) => self.laid_over(defaults.as_ref().or(file)),
        }
    }

    fn laid_over(&self, below: Option<&Node>) -> Node {
        let node = below.map_or_else(|| self.node.clone(), |below| below.overlay(&self.node));
        let node = self.variant.as_ref().map_or(node.clone(), |variant| node.overlay(variant));
        self.each.as_ref().map_or(node.clone(), |path| node.replacing("$each", path.as_str()))
    }
}

/// A context that exists by name: its layers, or the faults of its manifest.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name.
    pub id: ContextId,
    /// The manifest file.
    pub manifest: ProjectPath,
    /// The layers, or every fault.
    pub layers: Result<Layers, Vec<Diagnostic>>,
}

/// The project file, read once.
pub struct Project<'a> {
    fragments: &'a Fragments<'a>,
    /// Defaults for every context, without the keys that only the project file has.
    defaults: Option<Node>,
    /// The file's own settings.
    pub file: Option<ProjectFile>,
    reads: Reads,
}

impl<'a> Project<'a> {
    /// Reads `contexture.yaml`, if there is one.
    pub fn open(fragments: &'a Fragments<'a>) -> Result<Self, Failure> {
        let reader = Reader::new(fragments);
        let path = ProjectPath::literal(PROJECT_FILE);
        let fragment = match reader.read(&path) {
            Ok(fragment) => fragment,
            Err(Unreadable::Read(ReadError::Absent)) => {
                return Ok(Self { fragments, defaults: None, file: None, reads: reader.reads() });
            }
            Err(Unreadable::Read(ReadError::World(error))) => return Err(error.into()),
            Err(Unreadable::Read(error)) => {
                return Err(Diagnostic::error("unreadable-fragment", format!("`{path}`: {error}"))
                    .in_file(&path)
                    .into());
            }
            Err(Unreadable::Content(faults)) => return Err(faults.into()),
        };
        let mut faults = Faults::new();
        let node = fragment.yaml(&mut faults).filter(|node| !matches!(node.value, Value::Null));
        let file = node.as_ref().and_then(|node| ProjectFile::decode(node, &mut faults));
        if faults.has_errors() {
            return Err(faults.into_vec().into());
        }
        let defaults = node.map(|node| without(&node, &["default_branch"]));
        Ok(Self { fragments, defaults, file, reads: reader.reads() })
    }

    /// Every context and variant, sorted by name; or those that `wanted` names.
    ///
    /// A name selects the context without its variants; the name of a manifest with `each` selects
    /// every match. An unknown name is an error with near ones.
    pub fn contexts(&self, wanted: &[String]) -> Result<Vec<Candidate>, Error> {
        self.contexts_of(&self.manifests()?, wanted)
    }

    /// [`Project::contexts`], if the project held these manifests alone.
    pub fn contexts_of(
        &self,
        manifests: &BTreeMap<String, ProjectPath>,
        wanted: &[String],
    ) -> Result<Vec<Candidate>, Error> {
        let mut chosen: BTreeMap<ContextId, Candidate> = BTreeMap::new();
        if wanted.is_empty() {
            let expanded = manifests.par_iter().map(|(name, path)| self.expand(name, path));
            for candidate in expanded.collect::<Vec<_>>().into_iter().flatten() {
                choose(&mut chosen, candidate);
            }
            tell_clashes(&mut chosen);
        }
        for written in wanted.iter().filter(|written| written.contains('*')) {
            let all = manifests.iter().flat_map(|(name, path)| self.expand(name, path));
            let mut matched: Vec<Candidate> = all.filter(|candidate| candidate.id.is_matched_by(written)).collect();
            if matched.is_empty() {
                return Err(self.unknown(written, manifests));
            }
            matched.drain(..).for_each(|candidate| choose(&mut chosen, candidate));
        }
        for written in wanted.iter().filter(|written| !written.contains('*')) {
            let id = ContextId::parse(written);
            let mut found = false;
            for candidate in manifests
                .iter()
                .filter(|(name, _)| owns(name, &id.name))
                .flat_map(|(name, path)| self.expand(name, path))
            {
                let same_name = candidate.id.name == id.name
                    || owns(&id.name, &candidate.id.name) && manifests.contains_key(&id.name);
                let broken = candidate.layers.is_err() && candidate.id.name == id.name;
                if broken || (same_name && candidate.id.variant == id.variant) {
                    found = true;
                    choose(&mut chosen, candidate);
                }
            }
            if !found {
                return Err(self.unknown(written, manifests));
            }
        }
        Ok(chosen.into_values().collect())
    }

    /// Name and path of each manifest, except those whose file name begins with `_`: they only serve `extends`.
    ///
    /// # Errors
    /// When the tree cannot be listed.
    pub fn manifests(&self) -> Result<BTreeMap<String, ProjectPath>, Error> {
        let found = self.fragments.list(&ProjectPath::literal(CONTEXTS))?;
        Ok(found.iter().filter_map(|path| Some((manifest_name(path)?, path.clone()))).collect())
    }

    fn unknown(&self, written: &str, manifests: &BTreeMap<String, ProjectPath>) -> Error {
        let all: Vec<String> = manifests
            .iter()
            .flat_map(|(name, path)| self.expand(name, path))
            .map(|candidate| candidate.id.to_string())
            .collect();
        let near = near(written, all.iter().map(String::as_str));
        let cure = match near.as_slice() {
            [] if all.is_empty() => "there is no manifest below contexts/; `contexture init` writes one".to_owned(),
            [] => "`contexture list` shows every context".to_owned(),
            names => format!(
                "did you mean {}?",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
            ),
        };
        Error::usage(format!("there is no context `{written}`"), cure)
    }

    /// The contexts that one manifest makes: one for each match of its `each`, and their variants.
    pub fn expand(&self, name: &str, path: &ProjectPath) -> Vec<Candidate> {
        let reader = &Reader::continuing(self.fragments, self.reads.clone());
        let id = |name: &str, variant: Option<&str>| ContextId {
            name: name.to_owned(),
            variant: variant.map(str::to_owned),
        };
        let broken = |faults: Vec<Diagnostic>| {
            vec![Candidate { id: id(name, None), manifest: path.clone(), layers: Err(faults) }]
        };
        let mut faults = Faults::new();
        check_id(name, path, &mut faults);
        let Some(own) = self.manifest_node(reader, path, None, &mut faults) else {
            return broken(faults.into_vec());
        };
        if matches!(own.get("abstract").map(|node| &node.value), Some(Value::Bool(true))) {
            return Vec::new();
        }
        let Some(whole) = self.extended(reader, &own, &mut vec![path.clone()], &mut faults) else {
            return broken(faults.into_vec());
        };
        let Some(matches) = self.matches(reader, &own, &mut faults) else {
            return broken(faults.into_vec());
        };
        if let Some(node) = whole.get("variants").filter(|node| !matches!(node.value, Value::Map(_) | Value::Null)) {
            expected("a map of variants", node, &mut faults);
        }
        let pending = faults.into_vec();
        let reads = reader.reads();
        let mut candidates = Vec::new();
        let node = without(&whole, &["variants"]);
        let mut of_name: HashMap<Option<String>, Vec<ProjectPath>> = HashMap::new();
        for (suffix, each) in &matches {
            of_name.entry(suffix.clone()).or_default().extend(each.clone());
        }
        for (suffix, each) in matches {
            let alike = of_name.get(&suffix).filter(|paths| paths.len() > 1);
            let name = suffix.map_or_else(|| name.to_owned(), |suffix| format!("{name}/{suffix}"));
            if let Some(matched) = &each {
                let mut faults = Faults::new();
                check_id(&name, matched, &mut faults);
                faults.extend(alike.into_iter().flatten().map(|path| {
                    let message = format!("{} files make the id `{name}`", alike.map_or(0, Vec::len));
                    let fault = Diagnostic::error("duplicate-id", message).in_file(path);
                    fault.hint("exclude one with `!` in `each`, or give it a manifest of its own")
                }));
                if faults.has_errors() {
                    let layers = Err(faults.into_vec());
                    candidates.push(Candidate { id: id(&name, None), manifest: path.clone(), layers });
                    continue;
                }
            }
            let layers = |variant: Option<&str>, over: Option<&Node>| {
                let id = id(&name, variant);
                Candidate {
                    id: id.clone(),
                    manifest: path.clone(),
                    layers: Ok(Layers {
                        id,
                        manifest: path.clone(),
                        defaults: self.defaults.clone(),
                        node: node.clone(),
                        variant: over.cloned(),
                        each: each.clone(),
                        reads: reads.clone(),
                        pending: pending.clone(),
                    }),
                }
            };
            candidates.push(layers(None, None));
            for (key, variant) in whole.get("variants").and_then(Node::as_map).into_iter().flat_map(Map::iter) {
                let mut faults = Faults::new();
                let is_name = !key.text.is_empty()
                    && key.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
                if !is_name {
                    faults.push(
                        Diagnostic::error("bad-variant-name", format!("`{}` is no name for a variant", key.text))
                            .at(&key.span)
                            .hint("use letters, digits, `-`, `_` and `.`"),
                    );
                }
                if variant.as_map().is_none() && !matches!(variant.value, Value::Null) {
                    faults.push(
                        Diagnostic::error(
                            "wrong-type",
                            format!("a variant is a map of overrides, found {}", variant.kind()),
                        )
                        .at(&variant.span),
                    );
                }
                for own in ["extends", "abstract", "each", "variants"] {
                    if let Some((key, _)) =
                        variant.as_map().and_then(|map| map.iter().find(|(key, _)| &*key.text == own))
                    {
                        faults.push(
                            Diagnostic::error("variant-key", format!("a variant cannot set `{own}`")).at(&key.span),
                        );
                    }
                }
                candidates.push(if faults.has_errors() {
                    Candidate { id: id(&name, Some(&key.text)), manifest: path.clone(), layers: Err(faults.into_vec()) }
                } else if variant.as_map().is_none() {
                    layers(Some(&key.text), None)
                } else {
                    layers(Some(&key.text), Some(variant))
                });
            }
        }
        candidates
    }

    /// The node of one manifest file.
    fn manifest_node(
        &self,
        reader: &Reader,
        path: &ProjectPath,
        named: Option<&Span>,
        faults: &mut Faults,
    ) -> Option<Node> {
        let fragment = match reader.read(path) {
            Ok(fragment) => fragment,
            Err(error) => {
                let file = crate::syntax::source::Source::new(path.clone(), "");
                faults.extend(reader.explain(error, path, named.unwrap_or(&Span::file(&file))));
                return None;
            }
        };
        let node = fragment.yaml(faults)?;
        if node.as_map().is_none() {
            let fault = Diagnostic::error("wrong-type", format!("a manifest is a map, found {}", node.kind()));
            faults.push(fault.at(&node.span).hint("begin with `system:` or `messages:`"));
            return None;
        }
        Some(node)
    }

    /// `own` on top of everything it extends.
    fn extended(&self, reader: &Reader, own: &Node, open: &mut Vec<ProjectPath>, faults: &mut Faults) -> Option<Node> {
        let mut below: Option<Node> = None;
        let names = match own.get("extends") {
            Some(node) => OneOrMany::<Text>::decode(node, faults)?.0,
            None => Vec::new(),
        };
        for written in names {
            let path = self.manifest_path(reader, &written, faults)?;
            if let Some(start) = open.iter().position(|other| *other == path) {
                let cycle: Vec<&str> = open[start..].iter().chain([&path]).map(ProjectPath::as_str).collect();
                faults.push(
                    Diagnostic::error("extends-cycle", format!("`extends` leads in a circle: {}", cycle.join(" → ")))
                        .at(&written.span),
                );
                return None;
            }
            if open.len() >= MAX_EXTENDS {
                faults.push(
                    Diagnostic::error(
                        "extends-depth",
                        format!("`extends` leads through more than {MAX_EXTENDS} manifests"),
                    )
                    .at(&written.span),
                );
                return None;
            }
            open.push(path.clone());
            let node = self.manifest_node(reader, &path, Some(&written.span), faults)?;
            let node = without(&self.extended(reader, &node, open, faults)?, &OWN_KEYS);
            open.pop();
            below = Some(match below {
                Some(below) => below.overlay(&node),
                None => node,
            });
        }
        Some(below.map_or_else(|| own.clone(), |below| below.overlay(own)))
    }

    /// A path to a manifest, or an id; the ending may be left out.
    fn manifest_path(&self, reader: &Reader, written: &Text, faults: &mut Faults) -> Option<ProjectPath> {
        let path = reader.path(written, faults)?;
        let candidates =
            [path.to_string(), format!("{path}.yaml"), format!("contexts/{path}.yaml"), format!("contexts/{path}")];
        let existing = candidates
            .iter()
            .filter(|name| name.ends_with(".yaml"))
            .filter_map(|name| ProjectPath::new(name).ok())
            .find(|path| reader.read(path).is_ok());
        Some(existing.unwrap_or(path))
    }

    /// What `each` matches: (the part that names the context, the path). One nameless match without `each`.
    fn matches(
        &self,
        reader: &Reader,
        own: &Node,
        faults: &mut Faults,
    ) -> Option<Vec<(Option<String>, Option<ProjectPath>)>> {
        let Some(node) = own.get("each") else { return Some(vec![(None, None)]) };
        let written = OneOrMany::<Text>::decode(node, faults)?.0;
        let parsed = patterns::parse_all(&written, faults)?;
        let Some(first) = written.first().filter(|_| parsed.iter().any(|one| !one.exclude && one.plain.is_none()))
        else {
            let message = "`each` takes a pattern with `*`, such as data/*/system.md, or a list with one";
            faults.push(Diagnostic::error("bad-each", message).at(&node.span));
            return None;
        };
        let found = patterns::find(reader, &written, &parsed, false, None, faults)?;
        let named = |path: &ProjectPath| {
            parsed.iter().find(|one| !one.exclude && one.matches(path))?.between(path).map(str::to_owned)
        };
        let found: Vec<_> = found.iter().filter_map(|path| Some((named(path)?, path.clone()))).collect();
        if found.is_empty() {
            let message = format!("`{}` matches nothing but hidden files", first.value);
            faults.push(Diagnostic::error("no-match", message).at(&first.span));
            return None;
        }
        Some(found.into_iter().map(|(name, path)| (Some(name).filter(|name| !name.is_empty()), Some(path))).collect())
    }
}

/// The name that a path has as a manifest, if it can be one: below `contexts/`, ending in `.yaml`, and
/// not one that only serves `extends` by its file name.
fn manifest_name(path: &ProjectPath) -> Option<String> {
    let name = path.as_str().strip_prefix("contexts/")?.strip_suffix(".yaml")?;
    let is_own = path.extension() == "yaml" && !path.file_name().starts_with('_');
    is_own.then(|| name.to_owned())
}

/// Adds a context. An id that two manifests make, one by its file name and one by `each`, is a fault.
fn choose(chosen: &mut BTreeMap<ContextId, Candidate>, candidate: Candidate) {
    match chosen.get_mut(&candidate.id) {
        Some(first) if first.manifest != candidate.manifest => {
            let message = format!("{} and {} both make the id `{}`", first.manifest, candidate.manifest, candidate.id);
            let fault = Diagnostic::error("duplicate-id", message).in_file(&candidate.manifest);
            first.layers = Err(vec![fault.hint("rename one of the files")]);
        }
        Some(_) => {}
        None => {
            chosen.insert(candidate.id.clone(), candidate);
        }
    }
}

/// Whether the manifest `name` can yield the context `id`: itself, or a match of its `each`.
fn owns(name: &str, id: &str) -> bool {
    id == name || id.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
}

/// `node` less some keys of its map.
fn without(node: &Node, keys: &[&str]) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let rest: Map = map
        .iter()
        .filter(|(key, _)| !keys.contains(&&*key.text))
        .map(|(key, node)| (key.clone(), node.clone()))
        .collect();
    Node::new(Value::Map(Arc::new(rest)), node.span.clone())
}

/// Checks the name that a file's path makes. A folder named `a.bundle` is refused because the bundle of
/// a context in it would be written inside the bundle of the context `a`.
fn check_id(name: &str, path: &ProjectPath, faults: &mut Faults) {
    let rule = if name.contains(['@', ':']) || name.split('/').any(|part| part.starts_with('.')) {
        "an id holds no `@`, no `:` and no part that starts with `.`"
    } else if name.contains(".bundle/") {
        "no folder of an id ends with `.bundle`"
    } else {
        return;
    };
    let message = format!("the file name makes the id `{name}`, and {rule}");
    faults.push(Diagnostic::error("bad-id", message).in_file(path).hint("rename the file"));
}
