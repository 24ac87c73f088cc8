//! Anthropic's Messages: `cache_control` sits inside the block that it closes.

use serde_json::{Map, Value, json};

use super::outline::{Text, Tool, Turn};
use super::writer::BodyWriter;
use super::{Dialect, EmitFault, Prompt, settings};
use crate::prompt::blocks::Breakpoint;

/// The body of `POST /v1/messages`.
pub(super) fn body(prompt: &Prompt, draft: &mut BodyWriter) -> Map<String, Value> {
    let outline = draft.outline(prompt.segments, prompt.breakpoints);
    let mut body = Map::new();
    body.insert("model".to_owned(), prompt.model.into());
    if let Some(limit) = prompt.max_tokens {
        body.insert("max_tokens".to_owned(), limit.into());
    } else {
        draft.fault(EmitFault::new(
            "missing-max-tokens",
            "Anthropic's API demands a limit on the answer",
            "set `output.max_tokens`",
        ));
    }
    settings::apply(prompt.settings, Dialect::Messages, &outline.tools, &mut body, draft);
    if let Some(schema) = prompt.schema {
        settings::place(&mut body, "output_config.format", json!({"type": "json_schema", "schema": schema}));
    }
    if !outline.tools.is_empty() {
        body.insert("tools".to_owned(), outline.tools.into_iter().map(|tool| definition(tool, draft)).collect());
    }
    if !outline.system.is_empty() {
        body.insert("system".to_owned(), content(outline.system, "/system", draft));
    }
    let mut messages = Vec::new();
    for turn in outline.turns {
        let pointer = format!("/messages/{}", messages.len());
        match turn {
            Turn::History { name, mark } => draft.history(name, mark, pointer),
            Turn::Spoken { role, texts } => messages.push(json!({
                "role": role.as_str(),
                "content": content(texts, &format!("{pointer}/content"), draft),
            })),
        }
    }
    body.insert("messages".to_owned(), messages.into());
    body
}

/// A tool's canonical members, which are Anthropic's own, and the mark.
fn definition(tool: Tool, draft: &mut BodyWriter) -> Value {
    let mut definition = tool.definition;
    mark(&mut definition, tool.mark, draft);
    definition.into()
}

fn content(texts: Vec<Text>, pointer: &str, draft: &mut BodyWriter) -> Value {
    let block = |(index, text): (usize, Text)| {
        let breakpoint = text.mark;
        let mut block = Map::new();
        block.insert("type".to_owned(), "text".into());
        block.insert("text".to_owned(), draft.text(text, &format!("{pointer}/{index}/text")));
        mark(&mut block, breakpoint, draft);
        Value::Object(block)
    };
    texts.into_iter().enumerate().map(block).collect()
}

/// Five minutes are Anthropic's default and stay unsaid.
fn mark(block: &mut Map<String, Value>, breakpoint: Option<Breakpoint>, draft: &mut BodyWriter) {
    let Some(ttl) = draft.ttl(breakpoint) else { return };
    let control = match ttl.seconds {
        300 => json!({"type": "ephemeral"}),
        _ => json!({"type": "ephemeral", "ttl": ttl.to_string()}),
    };
    block.insert("cache_control".to_owned(), control);
}
