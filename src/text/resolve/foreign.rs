//! A prompt of another tool as the blocks of a plan.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Content, PlannedBlock, Wrap, inputs, tools};
use crate::prompt::segment::{Role, Tier};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_SLICES;
use crate::syntax::manifest::{Join, Manifest, Mark};
use crate::syntax::yaml::{Key, Node, Value};
use crate::text::formats::{Entry, Foreign};
use crate::text::fragment::Reader;
use crate::text::template::{Data, Piece};

/// What a foreign file says of itself, less the inputs that the manifest binds to a value.
pub(super) fn without_vars(layer: &Node, manifest: &Node) -> Node {
    let bound = |key: &Key| manifest.get("vars").is_some_and(|vars| vars.get(&key.text).is_some());
    let filtered = |node: &Node, keep: &dyn Fn(&Key) -> bool| {
        let entries = node.as_map().into_iter().flat_map(|map| map.iter()).filter(|(key, _)| keep(key));
        let map = entries.map(|(key, node)| (key.clone(), node.clone())).collect();
        Node::new(Value::Map(Arc::new(map)), node.span.clone())
    };
    let Some(inputs) = layer.get("inputs") else { return layer.clone() };
    let inputs = [(Key { text: "inputs".into(), span: inputs.span.clone() }, filtered(inputs, &|key| !bound(key)))];
    let others = filtered(layer, &|key| &*key.text != "inputs");
    others.overlay(&Node::new(Value::Map(Arc::new(inputs.into_iter().collect())), layer.span.clone()))
}

/// The blocks of a foreign prompt. Leading texts of the system are its system prompt, everything else its turns.
pub(super) fn blocks(
    mut foreign: Foreign,
    manifest: &Manifest,
    vars: &serde_json::Map<String, Json>,
    reader: &Reader,
    mut planned: Vec<PlannedBlock>,
    faults: &mut Faults,
) -> Vec<PlannedBlock> {
    let Some(prompt) = &manifest.prompt else { return planned };
    if let Some(block) = manifest.system.iter().chain(&manifest.messages).next() {
        let fault = Diagnostic::error("useless-option", "`prompt` stands in the place of `system` and `messages`");
        faults.push(fault.at(&block.span).hint("remove one of the two"));
    }
    let block = |tier: Tier, label: String, content: Content, role: Role, mark: Mark| PlannedBlock {
        tier,
        label,
        content,
        role,
        wrap: Wrap::Bare,
        join: Join::None,
        mark,
        stability: None,
        priority: 0,
        max_tokens: None,
        span: prompt.span.clone(),
    };
    let defined = tools::defined(std::mem::take(&mut foreign.tools), faults);
    if !defined.is_empty() {
        let own = block(Tier::Tools, "prompt".to_owned(), Content::Tools(defined), Role::System, Mark::Free);
        planned.push(own);
    }
    let tools =
        planned.iter().flat_map(|block| if let Content::Tools(tools) = &block.content { &**tools } else { &[] });
    let tools: HashSet<&str> = tools.map(|tool| &*tool.name).collect();
    for name in foreign.named_tools.iter().filter(|name| !tools.contains(&*name.value)) {
        let message = format!("the file names the tool `{}` and does not define it", name.value);
        let fault = Diagnostic::error("unknown-tool", message).at(&name.span);
        faults.push(fault.hint("put its definition into a file, and name that under `tools` of the manifest"));
    }
    let data = Data { vars: vars.clone(), inputs: inputs(manifest), ..Data::default() };
    let entries = foreign.entries(data, reader, faults);
    if entries.len() > MAX_SLICES {
        let message = format!("the prompt has {} texts; the limit is {MAX_SLICES}", entries.len());
        faults.push(Diagnostic::error("too-large", message).at(&prompt.span));
        return planned;
    }
    let (mut tier, mut number, mut speaking) = (Tier::System, 0, None);
    for mut entry in entries {
        // Turns of one speaker that follow each other are one to most providers, so to all of them here.
        let is_again = matches!(&entry, Entry::Text(own) if own.begins && speaking == Some(own.role));
        speaking = if let Entry::Text(own) = &entry { Some(own.role) } else { None };
        if let Entry::Text(own) = &mut entry
            && is_again
        {
            own.pieces.insert(0, Piece::Text("\n\n".to_owned()));
            let message = format!(
                "two turns of the {} follow each other: they are sent as one, a blank line between them",
                own.role
            );
            faults.push(Diagnostic::warning("same-role", message).at(&own.span));
        }
        let (content, role, mark) = match entry {
            Entry::Text(passage) => (Content::Foreign(passage.pieces, passage.span), passage.role, passage.mark),
            Entry::History(history) => (Content::History(history), Role::User, Mark::Free),
        };
        let is_system = role == Role::System;
        if tier == Tier::System && !is_system {
            (tier, number) = (Tier::Messages, 0);
        } else if tier == Tier::Messages && is_system {
            let fault = Diagnostic::error("system-in-messages", "a text of the system stands behind other turns");
            let span = if let Content::Foreign(_, span) = &content { span } else { &prompt.span };
            faults.push(
                fault.at(span).hint("only texts of the system before the first other turn are its system prompt"),
            );
        }
        number += 1;
        planned.push(block(tier, number.to_string(), content, role, mark));
    }
    planned
}
