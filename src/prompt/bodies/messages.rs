//! Anthropic's Messages: `cache_control` sits inside the block that it closes.

use serde_json::{Map, Value, json};

use super::outline::{BlockText, OutlineTurn, ToolDefinition};
use super::writer::BodyWriter;
use super::{Dialect, Prompt, schema, settings};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::calls::ToolResult;

/// The body of `POST /v1/messages`.
pub(super) fn body(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let outline = writer.outline(prompt, prompt.breakpoints);
    let mut body = Map::new();
    body.insert("model".to_owned(), prompt.model.into());
    body.insert("max_tokens".to_owned(), prompt.max_tokens.unwrap_or(prompt.default_max_tokens).into());
    settings::apply(prompt.settings, Dialect::Messages, &outline.tools, &mut body, writer);
    let answer = schema::answer(prompt, Dialect::Messages, writer).map(|(schema, _)| schema);
    schema::check_strict(prompt, Dialect::Messages, &outline.tools, answer.as_ref(), writer);
    if let Some(schema) = answer {
        settings::set(&mut body, "output_config.format", json!({"type": "json_schema", "schema": schema}));
    }
    if !outline.tools.is_empty() {
        body.insert("tools".to_owned(), outline.tools.into_iter().map(|tool| definition(tool, writer)).collect());
    }
    if !outline.system.is_empty() {
        body.insert("system".to_owned(), content(outline.system, "/system", writer).into());
    }
    let mut messages = Vec::new();
    for turn in outline.turns {
        let pointer = format!("/messages/{}", messages.len());
        match turn {
            OutlineTurn::History { name, mark, .. } => writer.history(name, mark, pointer),
            OutlineTurn::Spoken { role, texts, calls, .. } => {
                let mut content = content(texts, &format!("{pointer}/content"), writer);
                let called = calls.into_iter().map(|call| {
                    let input = call.input().unwrap_or_default();
                    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
                });
                content.extend(called);
                messages.push(json!({"role": role.as_str(), "content": content}));
            }
            OutlineTurn::Results { results, .. } => {
                let result = |ToolResult { id, content, .. }| match content.trim().is_empty() {
                    true => json!({"type": "tool_result", "tool_use_id": id}),
                    false => json!({"type": "tool_result", "tool_use_id": id, "content": content}),
                };
                messages.push(json!({"role": "user", "content": results.into_iter().map(result).collect::<Value>()}));
            }
        }
    }
    body.insert("messages".to_owned(), messages.into());
    body
}

/// A tool's canonical members, which are Anthropic's own, and the mark.
fn definition(tool: ToolDefinition, writer: &mut BodyWriter) -> Value {
    let mut definition = tool.definition;
    mark(&mut definition, tool.mark, writer);
    definition.into()
}

fn content(texts: Vec<BlockText>, pointer: &str, writer: &mut BodyWriter) -> Vec<Value> {
    let block = |(index, text): (usize, BlockText)| {
        let breakpoint = text.mark;
        let mut block = Map::new();
        block.insert("type".to_owned(), "text".into());
        block.insert("text".to_owned(), writer.text(text, &format!("{pointer}/{index}/text")));
        mark(&mut block, breakpoint, writer);
        Value::Object(block)
    };
    texts.into_iter().enumerate().map(block).collect()
}

/// Five minutes are Anthropic's default and are not written.
fn mark(block: &mut Map<String, Value>, breakpoint: Option<Breakpoint>, writer: &mut BodyWriter) {
    let Some(ttl) = writer.ttl(breakpoint) else { return };
    let control = match ttl.seconds {
        300 => json!({"type": "ephemeral"}),
        _ => json!({"type": "ephemeral", "ttl": ttl.to_string()}),
    };
    block.insert("cache_control".to_owned(), control);
}
