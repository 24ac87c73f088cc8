//! Cursor's rules: `.mdc` files with a head of lines `key: value`, which is no YAML, and `.cursorrules`.
//!
//! What Cursor puts around a rule is not public, so a rule is its text alone.

use std::ops::Range;
use std::sync::Arc;

use super::layer::Layer;
use super::{Entry, Foreign, Passage, Touched};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::text::fragment::{Fragment, Reader};
use crate::text::template::Piece;
use crate::tree::FileFilter;

/// The head of a rule.
#[derive(Debug, Default)]
struct Head {
    always: bool,
    globs: Vec<String>,
    description: Option<Range<usize>>,
    body: usize,
}

/// Reads a rule, or the rules of the folder that `written` names: those that always apply, and those of touched files.
pub fn open(written: &Text, touched: &Touched, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let path = if &*written.value == "." { None } else { Some(reader.path(written, faults)?) };
    if let Some(path) = path.as_ref().filter(|path| path.extension() == "mdc" || path.file_name() == ".cursorrules") {
        let fragment = reader.named(written, false, faults)?;
        let head = head(&fragment.source, faults);
        let mut layer = Layer::new(&Span::file(&fragment.source));
        if let Some(at) = head.description {
            let span = Span::new(&fragment.source, at.start, at.end);
            layer.put("description", super::layer::text(&fragment.source.text()[at], &span));
        }
        let is_rule = path.extension() == "mdc";
        return Some(Foreign::literal(
            layer.done(),
            entry(&fragment, if is_rule { head.body } else { 0 }, true).into_iter().collect(),
        ));
    }
    let below = |name: &str| match &path {
        Some(folder) => ProjectPath::new(&format!("{folder}/{name}")),
        None => ProjectPath::new(name),
    };
    let (rules, single) = (below(".cursor/rules").ok()?, below(".cursorrules").ok()?);
    let found = match reader.list(vec![rules], FileFilter::new(|path| path.extension() == "mdc")) {
        Ok(found) => found,
        Err(error) => {
            faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&written.span));
            return None;
        }
    };
    let mut entries = Vec::new();
    entries.extend(reader.read(&single).ok().and_then(|fragment| entry(&fragment, 0, true)));
    for path in found.iter() {
        let fragment = match reader.read(path) {
            Ok(fragment) => fragment,
            Err(error) => {
                faults.extend(reader.explain(error, path, &written.span));
                continue;
            }
        };
        let head = head(&fragment.source, faults);
        if head.always || touched.matches(&head.globs, "") {
            entries.extend(entry(&fragment, head.body, entries.is_empty()));
        } else {
            touched.leave_out(&fragment, faults);
        }
    }
    let Some(Entry::Text(first)) = entries.first() else {
        let fault = Diagnostic::error("no-match", "no rule of Cursor's applies here").at(&written.span);
        faults.push(fault.hint("rules are `.mdc` files in `.cursor/rules`; those with `globs` need `touched`"));
        return None;
    };
    Some(Foreign::literal(Layer::new(&Span::file(&first.span.source)).done(), entries))
}

fn entry(fragment: &Arc<Fragment>, body: usize, is_first: bool) -> Option<Entry> {
    let all = fragment.source.text();
    let text = all.get(body..)?;
    let gap = if is_first { "" } else { "\n\n" };
    let span = Span::new(&fragment.source, body, all.len());
    let pieces = vec![Piece::Text(format!("{gap}{text}"))];
    (!text.trim().is_empty()).then_some(Entry::Text(Passage {
        role: Role::System,
        begins: false,
        pieces,
        span,
        mark: Mark::Free,
    }))
}

/// Reads the head line by line. A value in quotes may be literal to Cursor, so it is told.
fn head(source: &Arc<Source>, faults: &mut Faults) -> Head {
    let all: &str = source.text();
    let mut head = Head::default();
    let mut lines = all.split_inclusive('\n').scan(0, |at, line| Some((std::mem::replace(at, *at + line.len()), line)));
    if lines.next().is_none_or(|(_, line)| line.trim_end() != "---") {
        return head;
    }
    let (mut is_globs, mut found) = (false, Head::default());
    for (start, line) in lines {
        if line.trim_end() == "---" {
            let rest = start + line.len();
            found.body = rest + all[rest..].len() - all[rest..].trim_start_matches(['\n', '\r']).len();
            head = found;
            break;
        }
        let written = line.trim();
        // A list below `globs:`, which people write though Cursor writes commas.
        if let Some(item) = written.strip_prefix("- ").filter(|_| is_globs) {
            found.globs.push(unquoted(item).to_owned());
            continue;
        }
        let Some((key, value)) = written.split_once(':') else { continue };
        let value = value.trim();
        is_globs = key == "globs";
        let begin = start + line.find(value).unwrap_or_default();
        match key {
            "alwaysApply" => found.always = value == "true",
            "description" if !value.is_empty() => {
                let own = unquoted(value);
                let begin = begin + value.find(own).unwrap_or_default();
                found.description = Some(begin..begin + own.len());
            }
            "globs" => {
                let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
                found.globs.extend(
                    inner.split(',').map(|glob| unquoted(glob.trim()).to_owned()).filter(|glob| !glob.is_empty()),
                );
            }
            _ => {}
        }
        if key == "globs" && value.starts_with(['"', '\'']) {
            let message = "Cursor may take these quotes for a part of the pattern";
            let at = Span::new(source, begin, begin + value.len());
            faults.push(Diagnostic::warning("front-matter", message).at(&at).hint("write the pattern without quotes"));
        }
    }
    head
}

fn unquoted(text: &str) -> &str {
    let inner = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}
