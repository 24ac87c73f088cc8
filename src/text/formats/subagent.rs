//! An agent of its own: a file of `.claude/agents`, or Copilot's `*.agent.md`. Its text without the head is the system
//! prompt, trimmed. <https://code.claude.com/docs/en/sub-agents>

use super::head::{meta, warning};
use super::layer::{Layer, list};
use super::{Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::source::Span;
use crate::text::fragment::{Fragment, Reader};
use crate::text::template::Piece;

/// The endings of Copilot's agents.
pub const COPILOT: [&str; 2] = [".agent.md", ".chatmode.md"];

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let is_copilot = is_copilot(&fragment);
    if !loads(&fragment) {
        let needed = needed(&fragment).join("` and `");
        let message = format!("an agent needs `{needed}` in its head; without, it does not load");
        faults.push(Diagnostic::warning("agent", message).at(&Span::new(&fragment.source, 0, 0)));
    }
    let layer = described(&fragment, faults);
    let body = fragment.slice(fragment.body.clone());
    let start = fragment.body.start + body.len() - body.trim_start().len();
    let text = body.trim();
    let span = Span::new(&fragment.source, start, start + text.len());
    if text.is_empty() {
        let fault = Diagnostic::error("empty-prompt", "no text is behind the head of this agent").at(&span);
        faults.push(fault.hint("the program sends a prompt of its own instead: leave the file out of `each`"));
        return None;
    }
    // Copilot's command line makes line ends those of Unix; Claude Code keeps them.
    let text = if is_copilot { text.replace("\r\n", "\n") } else { text.to_owned() };
    let pieces = vec![Piece::Text(text)];
    let entry = Entry::Text(Passage { role: Role::System, begins: false, pieces, span, mark: Mark::Free });
    Some(Foreign::literal(layer.done(), vec![entry]))
}

fn is_copilot(fragment: &Fragment) -> bool {
    COPILOT.iter().any(|ending| fragment.source.path().as_str().ends_with(ending))
}

/// The keys of the head without which an agent does not load.
fn needed(fragment: &Fragment) -> &'static [&'static str] {
    if is_copilot(fragment) { &["description"] } else { &["name", "description"] }
}

/// Whether the program takes the file for an agent. Claude Code alone reads a head that is no YAML.
pub fn loads(fragment: &Fragment) -> bool {
    let is_read = fragment.meta.is_some() || !is_copilot(fragment);
    is_read && needed(fragment).iter().all(|key| meta(fragment, key).is_some())
}

/// What a head says that has a place in a manifest: the description, and the model where it is one.
pub fn described(fragment: &Fragment, faults: &mut Faults) -> Layer {
    faults.extend(warning(fragment));
    let mut layer = Layer::new(&Span::new(&fragment.source, 0, 0));
    if let Some(node) = meta(fragment, "description").filter(|node| node.as_text().is_some()) {
        layer.put("description", node);
    }
    let model = meta(fragment, "model").and_then(|node| Some((node.as_text()?.clone(), node)));
    if let Some((name, node)) = model.filter(|(name, _)| !matches!(&**name, "" | "inherit")) {
        // `opus` or `GPT-4.1 (copilot)` are names whose model the program chooses.
        if name.contains('-') && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789-.".contains(&byte)) {
            layer.put("models", list([node.clone()], &node.span));
        } else {
            let message = format!("which model `{name}` is, the program decides: the manifest's `models` stand in");
            faults.push(Diagnostic::note("model-name", message).at(&node.span));
        }
    }
    layer
}
