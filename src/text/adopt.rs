//! `init --from`: the manifests that build the prompts which a project already has.
//!
//! Files are told apart by their names, data by what it holds. Each format becomes one manifest, whose `each` matches
//! its files and no others. What a manifest names already is left alone, and nothing is moved or edited.

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::decode::Text;
use crate::syntax::diag::Faults;
use crate::syntax::error::{Error, Failure};
use crate::syntax::limits::{MAX_ADOPTED_BYTES, MAX_ADOPTED_DATA_BYTES};
use crate::syntax::manifest::Format;
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::syntax::yaml::{Node, Value};
use crate::text::formats;
use crate::text::fragment::{Fragments, Reader};
use crate::text::patterns::{self, FilePattern, Globs};
use crate::text::project::{CONTEXTS, PROJECT_FILE, Project};
use crate::tree::Tree;

/// Manifests for what was found, and what is to be said about it.
#[derive(Debug)]
pub struct Adoption {
    /// A manifest for each format.
    pub manifests: Vec<NewManifest>,
    /// Whether some files name a model and others do not, so that the models of contexture.yaml are to stand in.
    pub needs_models: bool,
    /// What was found and is not built, and why; in sentences.
    pub said: Vec<String>,
    /// How many prompts manifests name already.
    pub covered: usize,
}

/// A manifest that is not there yet.
#[derive(Debug)]
pub struct NewManifest {
    /// Its path.
    pub path: ProjectPath,
    /// Its text.
    pub text: String,
    /// What it builds, in words.
    pub what: &'static str,
    /// How many contexts.
    pub contexts: usize,
    /// Whether an agent loads it, so that a budget is worth having.
    pub is_agent: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Known(Format),
    /// Text that is sent as it stands.
    Text,
}

impl Kind {
    /// The name of its manifest where the files share no folder, and what they are in words.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Known(Format::Dotprompt) => ("prompts", "dotprompt"),
            Self::Known(Format::Prompty) => ("prompty", "Prompty"),
            Self::Known(Format::Chat) => ("chats", "chats"),
            Self::Known(Format::Request) => ("requests", "bodies of requests"),
            Self::Known(Format::Agents) => ("agents", "AGENTS.md"),
            Self::Known(Format::Claude) => ("claude", "CLAUDE.md"),
            Self::Known(Format::Skill) => ("skills", "skills"),
            Self::Known(Format::Subagent) => ("subagents", "agents of their own"),
            Self::Known(Format::Command) => ("commands", "commands"),
            Self::Known(Format::Copilot) => ("copilot", "Copilot's instructions"),
            Self::Known(Format::Cursor) => ("cursor", "Cursor's rules"),
            Self::Known(Format::Fabric) => ("patterns", "fabric's patterns"),
            Self::Text => ("texts", "texts"),
        }
    }
}

/// Texts that are about a project, and no prompts of it.
const ABOUT: [&str; 8] =
    ["readme", "license", "licence", "changelog", "contributing", "code_of_conduct", "security", "notice"];

/// Formats that are known by their names, and not read.
const UNREAD: [(&str, &str); 1] = [("j2", "Jinja is not read yet")];

/// Looks at the files that `globs` match and writes manifests for `models`, which stand in where the files name none.
///
/// # Errors
/// When the tree cannot be read, or the project file is broken.
pub fn adopt(fragments: &Fragments, globs: &[String], models: &str) -> Result<Adoption, Failure> {
    let reader = Reader::new(fragments);
    let project = Project::open(fragments)?;
    let all = fragments.list(&ProjectPath::root())?;
    let wanted: Vec<(String, bool)> = globs.iter().map(|glob| widened(glob)).collect();
    let meant = |wide: bool| {
        let globs = wanted.iter().filter(|(_, is_wide)| *is_wide == wide).map(|(glob, _)| glob.as_str());
        let cure = "quote it, and see that every bracket and brace is closed";
        Globs::new(globs).map_err(|error| Error::usage(format!("no pattern: {error}"), cure))
    };
    let (named, wide) = (meant(false)?, meant(true)?);
    let manifests = ProjectPath::literal(CONTEXTS);
    let (covered, broken) = covered(&project)?;
    let (mut found, mut said): (BTreeMap<Kind, Vec<ProjectPath>>, Vec<String>) = (BTreeMap::new(), Vec::new());
    let (mut known, mut unread): (usize, BTreeMap<&str, usize>) = (0, BTreeMap::new());
    let (mut matched, mut looked, mut others) = (0, 0, Vec::new());
    let mut useless: BTreeMap<&str, Vec<&ProjectPath>> = BTreeMap::new();
    for path in all.iter() {
        let is_named = named.matches(path.as_str());
        if path.is_below(&manifests) || path.as_str() == PROJECT_FILE || !(is_named || wide.matches(path.as_str())) {
            continue;
        }
        matched += 1;
        if covered.contains(path) {
            known += 1;
        } else if let Some((_, why)) = UNREAD.iter().find(|(ending, _)| path.extension() == *ending) {
            *unread.entry(why).or_default() += 1;
        } else if let Some(kind) = kind(path, is_named, &mut looked, fragments) {
            match is_useless(kind, path, fragments) {
                Some(why) => useless.entry(why).or_default().push(path),
                None => found.entry(kind).or_default().push(path.clone()),
            }
        } else if is_named && !is_partial(path) {
            others.push(path);
        }
    }
    if broken > 0 {
        let why = "cannot be read, so what they name may be found once more; `contexture check` says why";
        said.push(format!("{broken} of the contexts that are there {why}"));
    }
    for (why, paths) in useless {
        said.extend(paths.first().map(|first| format!("{} left out: {why}, such as {first}", paths.len())));
    }
    if let Some(first) = others.first() {
        let number = others.len();
        said.push(format!("{number} left out: no prompt by name or content, such as {first}"));
    }
    said.extend(unread.into_iter().map(|(why, number)| format!("{number} left out: {why}")));
    if looked > MAX_ADOPTED_BYTES {
        let most = MAX_ADOPTED_BYTES / (1024 * 1024);
        said.push(format!("only {most} MiB of JSON and YAML were looked into: name the folders of your prompts"));
    }
    if matched == 0 {
        let cure = "give paths, folders or patterns from the project's root, in quotes: 'prompts/**/*.md'";
        return Err(Error::usage(format!("nothing matches {}", globs.join(", ")), cure).into());
    }
    // A folder's override stands in the place of its AGENTS.md, and is loaded through it.
    if let Some(agents) = found.get_mut(&Kind::Known(Format::Agents)) {
        let folders: BTreeSet<String> =
            agents.iter().filter(|path| path.file_name() == "AGENTS.md").map(|path| path.folder().to_owned()).collect();
        agents.retain(|path| path.file_name() == "AGENTS.md" || !folders.contains(path.folder()));
    }
    let mut names: BTreeSet<String> = project.manifests()?.into_keys().collect();
    let (mut written, mut hidden, mut needs_models) = (Vec::new(), Vec::new(), false);
    for (kind, files) in found {
        // To a star, names that begin with a dot are hidden, so a hidden folder is a manifest of its own.
        let mut groups: BTreeMap<String, Vec<ProjectPath>> = BTreeMap::new();
        for path in files {
            groups.entry(hidden_folder(&path).to_owned()).or_default().push(path);
        }
        for (folder, files) in groups {
            if folder.matches("/.").count() > 0 || !(folder.is_empty() || folder.starts_with('.')) {
                hidden.extend(files);
                continue;
            }
            let named = files.iter().filter(|path| names_model(kind, path, &reader)).count();
            needs_models |= named > 0;
            written.push(manifest(kind, &files, &all, Some(models).filter(|_| named == 0), &mut names));
        }
    }
    if let Some(first) = hidden.first() {
        said.push(format!(
            "{} left out: in hidden folders, such as {first}; give them manifests of their own",
            hidden.len()
        ));
    }
    Ok(Adoption { manifests: written, needs_models, said, covered: known })
}

/// The folders of a path up to the last one whose name begins with a dot.
fn hidden_folder(path: &ProjectPath) -> &str {
    let folder = path.folder();
    let start = folder.rfind("/.").map(|at| at + 1).or_else(|| folder.starts_with('.').then_some(0));
    start.map_or("", |start| &folder[..folder[start..].find('/').map_or(folder.len(), |end| start + end)])
}

/// Whether the file says which model it is for.
fn names_model(kind: Kind, path: &ProjectPath, reader: &Reader) -> bool {
    let Kind::Known(format) = kind else { return false };
    let source = Source::new(ProjectPath::literal(PROJECT_FILE), "");
    let written = Text { value: path.as_str().into(), span: Span::file(&source) };
    let foreign = formats::open_as(format, &written, reader, &mut Faults::new());
    foreign.is_some_and(|foreign| foreign.layer.get("models").is_some())
}

/// A glob as it is matched, and whether it means a folder, in which not every text is a prompt.
fn widened(glob: &str) -> (String, bool) {
    let plain = glob.trim_start_matches("./").trim_end_matches('/');
    match plain {
        "" | "." => ("**".to_owned(), true),
        _ if plain.contains(['*', '?', '[', '{'])
            || plain.rsplit('/').next().is_some_and(|name| name.contains('.')) =>
        {
            (plain.to_owned(), false)
        }
        _ => (format!("{plain}/**"), true),
    }
}

/// The files that contexts name already: what `each` matched, and every path that a manifest writes; and of how many
/// contexts that cannot be known.
fn covered(project: &Project) -> Result<(BTreeSet<ProjectPath>, usize), Failure> {
    let (mut covered, mut broken) = (BTreeSet::new(), 0);
    for candidate in project.contexts(&[])? {
        let Ok(layers) = candidate.layers else {
            broken += 1;
            continue;
        };
        covered.extend(layers.each.clone());
        paths(&layers.own(), &mut covered);
    }
    Ok((covered, broken))
}

/// Every text that is a path, and of a folder the files that agents load there.
fn paths(node: &Node, found: &mut BTreeSet<ProjectPath>) {
    match &node.value {
        Value::Text(text) => {
            let folder = if &**text == "." { Some(String::new()) } else { None };
            let path = ProjectPath::parse(text, node.span.path()).ok();
            if let Some(folder) = folder.or_else(|| path.as_ref().map(|path| format!("{path}/"))) {
                let names = ["AGENTS.md", "CLAUDE.md"].into_iter();
                found.extend(names.filter_map(|name| ProjectPath::new(&format!("{folder}{name}")).ok()));
            }
            found.extend(path);
        }
        Value::List(items) => items.iter().for_each(|item| paths(item, found)),
        Value::Map(map) => map.iter().for_each(|(_, node)| paths(node, found)),
        _ => {}
    }
}

/// Why no prompt is made of a file: its path makes no id, it holds nothing but a head, or its program does not load it.
fn is_useless(kind: Kind, path: &ProjectPath, fragments: &Fragments) -> Option<&'static str> {
    if path.as_str().contains(['@', ':']) {
        return Some("an id holds no `@` and no `:`, so they need manifests of their own");
    }
    let has_head = match kind {
        Kind::Known(Format::Chat | Format::Request) => return None,
        Kind::Known(format) => !matches!(format, Format::Agents | Format::Fabric | Format::Copilot),
        Kind::Text => true,
    };
    let fragment = fragments.read(path).ok()?;
    if fragment.slice(fragment.text(!has_head)).trim().is_empty() {
        return Some("no text in them");
    }
    let does_load = kind != Kind::Known(Format::Subagent) || formats::is_subagent(&fragment);
    (!does_load).then_some("no agent without `name` and `description` in its head")
}

/// Whether the file is a part of dotprompt's other files.
fn is_partial(path: &ProjectPath) -> bool {
    path.extension() == "prompt" && path.file_name().starts_with('_')
}

/// What the file is; `None` for one that is no prompt.
fn kind(path: &ProjectPath, is_named: bool, looked: &mut u64, fragments: &Fragments) -> Option<Kind> {
    if is_partial(path) {
        return None;
    }
    if let Some(format) = formats::by_name(path) {
        return Some(Kind::Known(format));
    }
    match path.extension() {
        "md" if let Some(format) = by_head(path, looked, fragments) => Some(Kind::Known(format)),
        "json" | "yaml" | "yml" => {
            let size = fragments.tree().size(path).ok().flatten().unwrap_or_default();
            // Data of a repository is seldom a prompt, and may be much.
            if size > MAX_ADOPTED_DATA_BYTES || *looked + size > MAX_ADOPTED_BYTES {
                *looked = looked.saturating_add(if size > MAX_ADOPTED_DATA_BYTES { 0 } else { size });
                return None;
            }
            *looked += size;
            let fragment = fragments.read(path).ok()?;
            // A working tree may not have said it before.
            let read = fragment.source.text().len() as u64;
            *looked += read.saturating_sub(size);
            if read > MAX_ADOPTED_DATA_BYTES {
                return None;
            }
            let node = fragment.yaml(&mut Faults::new())?;
            match &node.value {
                Value::List(items) => {
                    let is_turn = |item: &Node| item.get("role").is_some() && item.get("content").is_some();
                    (!items.is_empty() && items.iter().all(is_turn)).then_some(Kind::Known(Format::Chat))
                }
                Value::Map(_) => {
                    let is_list = |key: &str| matches!(node.get(key).map(|node| &node.value), Some(Value::List(items)) if items.first().is_some_and(|item| item.get("role").is_some()));
                    ["messages", "input", "contents"].into_iter().any(is_list).then_some(Kind::Known(Format::Request))
                }
                _ => None,
            }
        }
        "md" | "txt" if is_named => {
            let stem = path.file_name().split('.').next().unwrap_or_default().to_lowercase();
            (!ABOUT.contains(&&*stem)).then_some(Kind::Text)
        }
        _ => None,
    }
}

/// Agents and commands that a repository holds for others to install: told by the folder's name and the head.
fn by_head(path: &ProjectPath, looked: &mut u64, fragments: &Fragments) -> Option<Format> {
    let size = fragments.tree().size(path).ok().flatten().unwrap_or_default();
    if size > MAX_ADOPTED_DATA_BYTES || *looked + size > MAX_ADOPTED_BYTES {
        return None;
    }
    *looked += size;
    let fragment = fragments.read(path).ok()?;
    let has = |key: &str| formats::meta(&fragment, key).is_some();
    let is_in = |name: &str| path.folder().split('/').any(|part| part == name);
    let is_agent = has("name") && has("description") && (is_in("agents") || has("tools") || has("model"));
    let is_command = || {
        let takes = fragment.slice(fragment.body.clone()).contains("$ARGUMENTS");
        has("argument-hint") || (is_in("commands") && (has("description") || takes)) || (has("model") && takes)
    };
    if is_agent && !is_in("skills") { Some(Format::Subagent) } else { is_command().then_some(Format::Command) }
}

/// The manifest of one kind of file.
fn manifest(
    kind: Kind,
    files: &[ProjectPath],
    all: &[ProjectPath],
    models: Option<&str>,
    names: &mut BTreeSet<String>,
) -> NewManifest {
    let (fallback, what) = kind.words();
    let is_agent = matches!(
        kind,
        Kind::Known(
            Format::Agents
                | Format::Claude
                | Format::Skill
                | Format::Subagent
                | Format::Command
                | Format::Copilot
                | Format::Cursor
        )
    );
    let folder = common_folder(files);
    let base =
        if folder.is_empty() || is_agent { fallback.to_owned() } else { folder.trim_start_matches('.').to_owned() };
    let base: String = base.chars().map(|c| if c.is_alphanumeric() || "/_-".contains(c) { c } else { '-' }).collect();
    let name = (1..)
        .map(|number| if number == 1 { base.clone() } else { format!("{base}-{number}") })
        .find(|name| !names.contains(name))
        .unwrap_or(base);
    names.insert(name.clone());
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("# {what}: {}; written by `contexture init --from`, edit it as you like\n", files.len());
    match files {
        [only] => text.push_str(&format!("{}\n", source(kind, &quoted(only.as_str())))),
        _ => {
            let each = patterns_of(files, all, &folder);
            match each.as_slice() {
                [one] => text.push_str(&format!("each: {}\n", quoted(one))),
                many => {
                    text.push_str("each:\n");
                    text.extend(many.iter().map(|one| format!("  - {}\n", quoted(one))));
                }
            }
            text.push_str(&format!("{}\n", source(kind, "$each")));
        }
    }
    text.extend(models.map(|models| format!("models: {models}\n")));
    text.push_str("traffic: {calls: 1k/day}\noutput: {tokens: 200}\n");
    let assumed = if models.is_some() { "models, traffic, output" } else { "traffic, output" };
    text.push_str(&format!("assumed: [{assumed}] # take a word off when what it names is yours\n"));
    let path = ProjectPath::new(&format!("{CONTEXTS}/{name}.yaml"));
    let path = path.unwrap_or_else(|_| ProjectPath::literal("contexts/adopted.yaml"));
    NewManifest { path, text, what, contexts: files.len(), is_agent }
}

/// The line that names the prompt.
fn source(kind: Kind, path: &str) -> String {
    match kind {
        Kind::Text => format!("system: [{{file: {path}}}]"),
        Kind::Known(format) => format!("prompt: {path}\nformat: {}", format.as_str()),
    }
}

/// The deepest folder that all of them lie in.
fn common_folder(files: &[ProjectPath]) -> String {
    let mut common: Option<Vec<&str>> = None;
    for path in files {
        let own: Vec<&str> = path.folder().split('/').filter(|part| !part.is_empty()).collect();
        common = Some(match common {
            None => own,
            Some(before) => {
                before.into_iter().zip(own).take_while(|(one, other)| one == other).map(|(one, _)| one).collect()
            }
        });
    }
    common.unwrap_or_default().join("/")
}

/// The fewest patterns that match these files and no other of the project.
fn patterns_of(files: &[ProjectPath], all: &[ProjectPath], folder: &str) -> Vec<String> {
    let below = |rest: String| if folder.is_empty() { rest } else { format!("{}/{rest}", escaped(folder)) };
    let same = |of: &dyn Fn(&ProjectPath) -> String| {
        let first = files.first().map(of);
        files.iter().all(|path| Some(of(path)) == first).then_some(first).flatten()
    };
    let depth = |path: &ProjectPath| path.as_str().matches('/').count();
    let tail = same(&|path| path.file_name().to_owned()).map(|name| escaped(&name)).or_else(|| {
        same(&|path| path.extension().to_owned())
            .filter(|ending| !ending.is_empty())
            .map(|ending| format!("*.{ending}"))
    });
    let mut candidates = Vec::new();
    if let Some(tail) = tail {
        let is_flat = same(&|path| depth(path).to_string()).is_some();
        if is_flat && files.iter().all(|path| path.folder() == folder) {
            candidates.push(vec![below(tail.clone())]);
        } else if is_flat
            && !tail.starts_with('*')
            && files
                .first()
                .is_some_and(|path| depth(path) == folder.split('/').filter(|part| !part.is_empty()).count() + 1)
        {
            candidates.push(vec![below(format!("*/{tail}"))]);
        }
        candidates.push(vec![below(format!("**/{tail}"))]);
    } else {
        let endings: BTreeSet<&str> = files.iter().map(ProjectPath::extension).collect();
        let of_ending = |ending: &str| if ending.is_empty() { "**/*".to_owned() } else { format!("**/*.{ending}") };
        candidates.push(endings.into_iter().map(|ending| below(of_ending(ending))).collect());
    }
    let wanted: BTreeSet<&ProjectPath> = files.iter().collect();
    let names: BTreeSet<&str> = files.iter().map(ProjectPath::file_name).collect();
    let mut shortest: Option<Vec<String>> = None;
    for patterns in candidates {
        let parsed: Vec<FilePattern> = patterns.iter().filter_map(|pattern| parsed(pattern)).collect();
        let is_of =
            |path: &&ProjectPath| parsed.iter().any(|pattern| pattern.matches(path) && pattern.between(path).is_some());
        let matched: BTreeSet<&ProjectPath> = all.iter().filter(is_of).collect();
        if !matched.is_superset(&wanted) {
            continue;
        }
        let others: Vec<&&ProjectPath> = matched.difference(&wanted).collect();
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        others.iter().for_each(|path| *numbers.entry(path.file_name()).or_default() += 1);
        // Several others of one name are left out by that name, if none of these has it.
        let others = others.iter().map(|path| match path.file_name() {
            name if path.extension() == "prompt" && name.starts_with('_') => {
                format!("!{}", below("**/_*.prompt".to_owned()))
            }
            name if names.contains(name) || numbers.get(name) == Some(&1) => format!("!{}", escaped(path.as_str())),
            name => format!("!{}", below(format!("**/{}", escaped(name)))),
        });
        let others: BTreeSet<String> = others.collect();
        let whole: Vec<String> = patterns.into_iter().chain(others).collect();
        if shortest.as_ref().is_none_or(|known| whole.len() < known.len()) {
            shortest = Some(whole);
        }
    }
    shortest.unwrap_or_else(|| files.iter().map(|path| escaped(path.as_str())).collect())
}

/// A path as a pattern of itself.
fn escaped(path: &str) -> String {
    let text = path.replace('*', "\\*");
    if text.starts_with('!') { format!("\\{text}") } else { text }
}

fn parsed(pattern: &str) -> Option<FilePattern> {
    let source = Source::new(ProjectPath::literal(PROJECT_FILE), pattern);
    let written = Text { value: pattern.into(), span: Span::file(&source) };
    patterns::parse(&written, &mut Faults::new())
}
