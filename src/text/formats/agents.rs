//! AGENTS.md as Codex loads it for a folder: one file a folder from the project's root down, up to so many bytes, in one
//! turn of the user. <https://github.com/openai/codex>, `agents_md` of its core.

use std::sync::Arc;

use super::layer::Layer;
use super::{Entry, Foreign, Passage, folders};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_AGENTS_BYTES;
use crate::syntax::manifest::Mark;
use crate::syntax::source::{ProjectPath, Span};
use crate::text::fragment::{Fragment, Reader, Unreadable};
use crate::text::template::Piece;
use crate::tree::ReadError;

/// The names of a folder's instructions; the first that is there counts, blank or not.
const NAMES: [&str; 2] = ["AGENTS.override.md", "AGENTS.md"];
/// The hole for the folder that the agent was started in.
const CWD: &str = "cwd";

/// Reads the chain of the folder that `written` names, by itself or by a file in it.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let target = reader.path(written, faults).filter(|_| written.value.as_ref() != ".");
    let folder = match &target {
        Some(path) if NAMES.contains(&path.file_name()) => path.folder(),
        Some(path) => path.as_str(),
        None => "",
    };
    let mut loaded: Vec<Arc<Fragment>> = Vec::new();
    for folder in folders(folder) {
        loaded.extend(first_of(&folder, &NAMES, written, reader, faults));
    }
    if loaded.iter().all(|fragment| fragment.source.text().trim().is_empty()) {
        let message = format!("no `AGENTS.md` with a text is in `{folder}` or above it");
        faults.push(Diagnostic::error("no-match", message).at(&written.span));
        return None;
    }
    let whole = Span::file(&loaded[0].source);
    let text = |text: String, span: &Span| {
        Entry::Text(Passage {
            role: Role::User,
            begins: false,
            pieces: vec![Piece::Text(text)],
            span: span.clone(),
            mark: Mark::Free,
        })
    };
    let mut entries = vec![Entry::Text(Passage {
        role: Role::User,
        begins: true,
        pieces: vec![
            Piece::Text("# AGENTS.md instructions for ".to_owned()),
            Piece::Input(CWD.to_owned()),
            Piece::Text("\n\n<INSTRUCTIONS>\n".to_owned()),
        ],
        span: whole.clone(),
        mark: Mark::Free,
    })];
    let (mut room, mut is_first) = (MAX_AGENTS_BYTES, true);
    for fragment in loaded {
        let own: &str = fragment.source.text();
        if own.trim().is_empty() {
            continue;
        }
        let kept = own.len().min(room);
        if kept < own.len() {
            let line = fragment.source.line(kept);
            let message = format!(
                "the agent loads {MAX_AGENTS_BYTES} bytes of AGENTS.md, from the root down: {} of {} bytes of this file are lost, from line {line} on",
                own.len() - kept,
                own.len()
            );
            let at = own.floor_char_boundary(kept);
            let warning = Diagnostic::warning("cut-instructions", message).at(&Span::new(&fragment.source, at, at));
            faults
                .push(warning.hint("shorten the files above it, or move what is seldom needed into files of its own"));
        }
        if kept == 0 {
            continue;
        }
        // A character that is cut in two is lost as that loader loses it.
        let bytes = own.as_bytes().get(..kept).unwrap_or_default();
        let gap = if std::mem::take(&mut is_first) { "" } else { "\n\n" };
        entries.push(text(
            format!("{gap}{}", String::from_utf8_lossy(bytes)),
            &Span::new(&fragment.source, 0, own.floor_char_boundary(kept)),
        ));
        room -= kept;
    }
    entries.push(text("\n</INSTRUCTIONS>".to_owned(), &whole));
    let mut inputs = Layer::new(&whole);
    inputs.put(CWD, super::layer::input("the folder that the agent was started in", &whole));
    let mut layer = Layer::new(&whole);
    layer.put("inputs", inputs.done());
    Some(Foreign::literal(layer.done(), entries))
}

/// The first of `names` that is in `folder`.
pub fn first_of(
    folder: &str,
    names: &[&str],
    written: &Text,
    reader: &Reader,
    faults: &mut Faults,
) -> Option<Arc<Fragment>> {
    for name in names {
        let path =
            ProjectPath::new(&if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") }).ok()?;
        match reader.read(&path) {
            Ok(fragment) => return Some(fragment),
            Err(Unreadable::Read(ReadError::Absent | ReadError::Ignored | ReadError::Folder)) => {}
            Err(error) => {
                faults.extend(reader.explain(error, &path, &written.span));
                return None;
            }
        }
    }
    None
}
