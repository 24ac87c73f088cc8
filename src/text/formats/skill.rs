//! A skill: `SKILL.md` of a folder, whose description is always listed and whose body is sent when it is used.
//! <https://agentskills.io/specification>

use super::head::{meta, warning};
use super::layer::Layer;
use super::{Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::Mark;
use crate::syntax::source::Span;
use crate::syntax::yaml::Node;
use crate::text::fragment::Reader;
use crate::text::template::Piece;

/// Characters that the specification allows.
const MOST: [(&str, usize); 2] = [("name", 64), ("description", 1024)];

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    faults.extend(warning(&fragment));
    let at = Span::new(&fragment.source, 0, fragment.source.text().find('\n').unwrap_or_default());
    let mut layer = Layer::new(&at);
    for (key, most) in MOST {
        let Some((value, node)) = meta(&fragment, key).and_then(|node| Some((node.as_text()?.clone(), node))) else {
            faults.push(Diagnostic::warning("skill", format!("a skill needs `{key}` in its head")).at(&at));
            continue;
        };
        let length = value.chars().count();
        if length > most {
            let message = format!("`{key}` is {length} characters long; a skill may have {most}");
            faults.push(Diagnostic::warning("skill", message).at(&node.span));
        }
        if key == "description" {
            layer.put("description", node);
        } else {
            check_name(&value, &node, fragment.source.path().folder(), faults);
        }
    }
    let span = Span::new(&fragment.source, fragment.body.start, fragment.body.end);
    let pieces = vec![Piece::Text(fragment.slice(fragment.body.clone()).to_owned())];
    let entry = Entry::Text(Passage { role: Role::System, begins: false, pieces, span, mark: Mark::Free });
    Some(Foreign::literal(layer.done(), vec![entry]))
}

fn check_name(name: &str, node: &Node, folder: &str, faults: &mut Faults) {
    let warning = |message: String| Diagnostic::warning("skill", message).at(&node.span);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_plain || name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        faults
            .push(warning(format!("`{name}` is no name of a skill")).hint("use small letters, digits and single `-`"));
    }
    let own = folder.rsplit('/').next().unwrap_or_default();
    if !own.is_empty() && own != name {
        faults.push(
            warning(format!("the skill is named `{name}`, and its folder `{own}`")).hint("rename one of the two"),
        );
    }
}
