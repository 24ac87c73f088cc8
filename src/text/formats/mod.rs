//! Prompts in the formats of other tools, as they are: what a manifest's `prompt:` names.
//!
//! ```text
//! file ──open──▶ Foreign { layer, tools, body } ──entries(vars, inputs)──▶ [Entry] ──▶ resolve's blocks
//! ```
//!
//! An adapter is one file of this room. It says what the file holds in the words of our own manifests: `layer` is a
//! manifest of `models`, `settings`, `inputs` and `output`, every value with its place in the foreign file, which is laid
//! under the manifest; `entries` are the texts, turn by turn. Behind them there is one pipeline. What a format says and
//! cannot be kept is a fault or a warning at its place.

mod agents;
mod chat;
mod claude;
mod command;
mod copilot;
mod cursor;
mod data;
mod dotprompt;
mod fabric;
mod head;
mod jinja;
mod layer;
mod picoschema;
mod prompty;
mod request;
mod skill;
mod subagent;
mod tags;

pub use head::meta;
pub use subagent::loads as is_subagent;

use std::sync::Arc;

use crate::prompt::segment::Role;
use crate::syntax::decode::{Decode, OneOrMany, Text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::{Format, History, Mark};
use crate::syntax::source::{ProjectPath, Span};
use crate::syntax::yaml::{Node, Value};
use crate::text::fragment::{Fragment, Reader};
use crate::text::patterns::Globs;
use crate::text::template::{Data, Piece};

/// A prompt of another tool, read.
pub struct Foreign {
    /// What it says of models, settings, inputs and output, as keys of a manifest.
    pub layer: Node,
    /// Tools that it defines.
    pub tools: Vec<Definition>,
    /// Tools that it names and does not define.
    pub named_tools: Vec<Text>,
    body: Body,
}

/// A tool in the neutral form, and where it stands.
pub struct Definition {
    /// Its `name`, `description` and `input_schema`.
    pub value: serde_json::Value,
    /// Its place.
    pub span: Span,
    /// The file.
    pub fragment: Arc<Fragment>,
}

enum Body {
    /// Texts as they are.
    Literal(Vec<Entry>),
    /// A template of dotprompt.
    Dotprompt(dotprompt::Body),
    /// A template of Prompty.
    Prompty(prompty::Body),
}

/// A part of the prompt, in the order of the request. Nothing is put between two of them.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Text and holes.
    Text(Passage),
    /// Earlier turns.
    History(History),
}

/// Text and holes of one speaker.
#[derive(Debug, Clone)]
pub struct Passage {
    /// Who says it.
    pub role: Role,
    /// Whether it begins a turn of its own, or goes on with the one before.
    pub begins: bool,
    /// What is said.
    pub pieces: Vec<Piece>,
    /// Where it stands.
    pub span: Span,
    /// A cache breakpoint behind it.
    pub mark: Mark,
}

/// Reads what a manifest's `prompt` names; `own` is the manifest. `None` after a fault, and without that key.
pub fn open(own: &Node, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let written = Text::decode(own.get("prompt")?, faults)?;
    let format = match own.get("format") {
        Some(node) => Some(Format::decode(node, faults)?),
        None => None,
    };
    let touched = Touched::read(own, reader, faults)?;
    let known = match format {
        Some(format) => Some(format),
        None => recognised(&written, reader, faults)?,
    };
    let Some(format) = known else {
        let message = format!("neither the name of `{}` nor what it holds says which format it has", written.value);
        let fault = Diagnostic::error("unknown-format", message).at(&written.span);
        faults.push(fault.hint(format!("say `format:`, one of {}", Format::WORDS.join(", "))));
        return None;
    };
    if let Some(node) = own.get("touched").filter(|_| !matches!(format, Format::Claude | Format::Cursor)) {
        let message = format!("`touched` means nothing for the format {}", format.as_str());
        faults.push(Diagnostic::error("useless-option", message).at(&node.span).hint("remove it"));
    }
    let mut found = Faults::new();
    let foreign = read(format, &written, &touched, reader, &mut found);
    // What cannot be kept would only be told once more where it is rendered.
    let is_sound = !found.has_errors();
    faults.extend(found.into_vec());
    foreign.filter(|_| is_sound)
}

/// Reads what `written` names in that format, nothing being touched. `None` after a fault.
pub fn open_as(format: Format, written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    read(format, written, &Touched::default(), reader, faults)
}

fn read(format: Format, written: &Text, touched: &Touched, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    match format {
        Format::Dotprompt => dotprompt::open(written, reader, faults),
        Format::Prompty => prompty::open(written, reader, faults),
        Format::Chat => chat::open(written, reader, faults),
        Format::Request => request::open(written, reader, faults),
        Format::Agents => agents::open(written, reader, faults),
        Format::Claude => claude::open(written, touched, reader, faults),
        Format::Skill => skill::open(written, reader, faults),
        Format::Subagent => subagent::open(written, reader, faults),
        Format::Command => command::open(written, reader, faults),
        Format::Copilot => copilot::open(written, reader, faults),
        Format::Cursor => cursor::open(written, touched, reader, faults),
        Format::Fabric => fabric::open(written, reader, faults),
    }
}

/// The format that a path says by its name. `None` where none does.
pub fn by_name(path: &ProjectPath) -> Option<Format> {
    let folder = path.folder().rsplit('/').next().unwrap_or_default();
    let is_below =
        |folder: &str| path.folder().split('/').collect::<Vec<_>>().windows(2).any(|pair| pair.join("/") == folder);
    match (path.file_name(), path.extension()) {
        ("AGENTS.md" | "AGENTS.override.md", _) => Some(Format::Agents),
        ("CLAUDE.md", _) => Some(Format::Claude),
        ("SKILL.md", _) => Some(Format::Skill),
        ("copilot-instructions.md", _) => Some(Format::Copilot),
        (name, _) if name.ends_with(".instructions.md") => Some(Format::Copilot),
        (name, _) if subagent::COPILOT.iter().any(|ending| name.ends_with(ending)) => Some(Format::Subagent),
        (name, _) if name.ends_with(".prompt.md") => Some(Format::Command),
        (_, "md") if is_below(".claude/agents") || is_below(".github/agents") => Some(Format::Subagent),
        (_, "md") if is_below(".claude/commands") => Some(Format::Command),
        ("system.md", _) if !folder.is_empty() && path.as_str().split('/').any(|part| part == "patterns") => {
            Some(Format::Fabric)
        }
        (".cursorrules", _) | (_, "mdc") => Some(Format::Cursor),
        (_, "prompt") => Some(Format::Dotprompt),
        (_, "prompty") => Some(Format::Prompty),
        _ => None,
    }
}

/// The format that a path says by its name, or data by what it holds.
fn recognised(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Option<Format>> {
    if &*written.value == "." {
        return Some(None);
    }
    let path = reader.path(written, faults)?;
    if let Some(format) = by_name(&path) {
        return Some(Some(format));
    }
    if !matches!(path.extension(), "json" | "yaml" | "yml") {
        return Some(None);
    }
    let fragment = reader.named(written, false, faults)?;
    Some(match data::data(&fragment, faults)?.value {
        Value::List(_) => Some(Format::Chat),
        Value::Map(_) => Some(Format::Request),
        _ => None,
    })
}

/// Files that an agent has touched, as `touched:` says.
#[derive(Debug, Default)]
pub struct Touched {
    /// Their paths.
    pub paths: Vec<ProjectPath>,
}

impl Touched {
    fn read(own: &Node, reader: &Reader, faults: &mut Faults) -> Option<Self> {
        let Some(node) = own.get("touched") else { return Some(Self::default()) };
        let written = OneOrMany::<Text>::decode(node, faults)?.0;
        let paths: Vec<Option<ProjectPath>> = written.iter().map(|text| reader.path(text, faults)).collect();
        Some(Self { paths: paths.into_iter().collect::<Option<_>>()? })
    }

    /// Whether one of the patterns, which count from `folder`, matches a touched file. Patterns that cannot be read match
    /// nothing, so the file is left out, which is told.
    fn matches(&self, globs: &[String], folder: &str) -> bool {
        let Ok(globs) = Globs::new(globs.iter().map(String::as_str)) else { return false };
        self.paths.iter().any(|path| {
            let below = if folder.is_empty() { Some(path.as_str()) } else { path.as_str().strip_prefix(folder) };
            below.is_some_and(|path| globs.matches(path.trim_start_matches('/')))
        })
    }

    /// Says that a file is left out, since nothing that it is for is touched.
    fn leave_out(&self, file: &Fragment, faults: &mut Faults) {
        faults.push(left_out(file).hint("name such files under `touched` to count it"));
    }
}

/// The note that a file which loads only at need is left out.
fn left_out(file: &Fragment) -> Diagnostic {
    let message = "this file loads only when a file that it is for is touched, or when it is named: it is left out";
    let message = format!("{message} ({} bytes)", file.source.text().len());
    Diagnostic::note("not-loaded", message).at(&Span::file(&file.source))
}

/// `folder` and those above it, from the project's root down.
fn folders(folder: &str) -> Vec<String> {
    let ends = folder.match_indices('/').map(|(at, _)| at).chain((!folder.is_empty()).then_some(folder.len()));
    std::iter::once(String::new()).chain(ends.map(|end| folder[..end].to_owned())).collect()
}

impl Foreign {
    /// The texts, with `data` known; in a template they are rendered. Faults are placed in the foreign file.
    pub fn entries(self, data: Data, reader: &Reader, faults: &mut Faults) -> Vec<Entry> {
        match self.body {
            Body::Dotprompt(body) => body.entries(data, reader, faults),
            Body::Prompty(body) => body.entries(data, faults),
            Body::Literal(entries) => {
                let cut = |entry: Entry| match entry {
                    Entry::Text(own) => Entry::Text(Passage { pieces: chat::holes(own.pieces, &data.inputs), ..own }),
                    other => other,
                };
                entries.into_iter().map(cut).collect()
            }
        }
    }
}
