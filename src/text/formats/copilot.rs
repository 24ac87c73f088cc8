//! Copilot's instructions for a folder, as its command line puts them into the system prompt.
//!
//! What it says around them, and the table of instructions that it may read later, are its own and no part of it.

use std::sync::Arc;

use super::agents::first_of;
use super::claude::read_markdown;
use super::head::meta;
use super::layer::Layer;
use super::{Entry, Foreign, Passage, folders, left_out};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::source::{ProjectPath, Span};
use crate::text::fragment::{Fragment, Reader};
use crate::text::template::Piece;
use crate::tree::FileFilter;

/// The files of a folder, in the order that they stand in.
const NAMES: [&str; 4] = [".github/copilot-instructions.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md"];
const ENDING: &str = ".instructions.md";

/// Reads what loads for the folder that `written` names, by itself or by a file in it; or one file of instructions.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let target = if &*written.value == "." { None } else { Some(reader.path(written, faults)?) };
    if target.as_ref().is_some_and(|path| path.as_str().ends_with(ENDING)) {
        let fragment = reader.named(written, false, faults)?;
        let own = passage(&fragment, String::new(), "");
        return Some(Foreign::literal(Layer::new(&Span::file(&fragment.source)).done(), vec![own]));
    }
    let folder = match &target {
        Some(path) if path.as_str() == NAMES[0] => "",
        Some(path) => path.as_str(),
        None => "",
    };
    let mut loaded: Vec<Arc<Fragment>> = Vec::new();
    // The root's come first, then those of the folder itself and of the folders above it.
    let mut chain = folders(folder);
    chain[1..].reverse();
    for folder in &chain {
        for name in NAMES {
            loaded.extend(first_of(folder, &[name], written, reader, faults));
        }
    }
    for fragment in &loaded {
        tell_imports("Copilot", fragment, reader, faults);
    }
    let framed = |fragment: &Arc<Fragment>| {
        passage(fragment, "<custom_instruction>\n".to_owned(), "\n</custom_instruction>\n\n")
    };
    let mut entries: Vec<Entry> = loaded.iter().map(framed).collect();
    let filter = FileFilter::new(|path| path.as_str().ends_with(ENDING));
    let found = match reader.list(vec![ProjectPath::new(".github/instructions").ok()?], filter) {
        Ok(found) => found,
        Err(error) => {
            faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&written.span));
            return None;
        }
    };
    for path in found.iter() {
        let fragment = match reader.read(path) {
            Ok(fragment) => fragment,
            Err(error) => {
                faults.extend(reader.explain(error, path, &written.span));
                continue;
            }
        };
        let pattern = meta(&fragment, "applyTo").and_then(|node| node.as_text().cloned());
        match pattern.as_deref() {
            None | Some("**") => entries.push(passage(&fragment, String::new(), "\n\n")),
            Some(_) => faults.push(left_out(&fragment)),
        }
    }
    let Some(Entry::Text(first)) = entries.first() else {
        let message = format!("no instructions of Copilot's load for `{folder}`");
        faults.push(Diagnostic::error("no-match", message).at(&written.span));
        return None;
    };
    Some(Foreign::literal(Layer::new(&Span::file(&first.span.source)).done(), entries))
}

/// Says which imports the program would follow and this build does not.
pub fn tell_imports(program: &str, fragment: &Arc<Fragment>, reader: &Reader, faults: &mut Faults) {
    for (at, name) in read_markdown(fragment.source.text()).1 {
        let target = ProjectPath::parse(&format!("./{name}"), fragment.source.path());
        if target.is_ok_and(|target| reader.read(&target).is_ok()) {
            let message = format!("{program} imports `@{name}`, and its text is left out here");
            let at = Span::new(&fragment.source, at, at + name.len() + 1);
            faults.push(Diagnostic::warning("import", message).at(&at).hint("write its text here to count it"));
        }
    }
}

fn passage(fragment: &Arc<Fragment>, before: String, after: &str) -> Entry {
    let text = fragment.source.text();
    let pieces = vec![Piece::Text(format!("{before}{text}{after}"))];
    let span = Span::new(&fragment.source, 0, text.len());
    Entry::Text(Passage { role: Role::System, begins: false, pieces, span, mark: Mark::Free })
}
