//! Amazon Bedrock's Converse: a `cachePoint` is a block of its own after the content that it closes.

use serde_json::{Map, Value, json};

use super::outline::{BlockText, OutlineTurn, ToolDefinition};
use super::schema::{self, plain_name};
use super::writer::BodyWriter;
use super::{Dialect, Prompt, settings};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::calls::ToolResult;

/// The arguments of `Converse`; `modelId` goes into the path, the rest is the body.
pub(super) fn body(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let outline = writer.outline(prompt, prompt.breakpoints);
    let mut body = Map::new();
    body.insert("modelId".to_owned(), prompt.model.into());
    if !outline.tools.is_empty() {
        let mut tools = Vec::new();
        for tool in &outline.tools {
            tools.push(json!({"toolSpec": specification(tool)}));
            tools.extend(point(tool.mark, writer));
        }
        body.insert("toolConfig".to_owned(), json!({"tools": tools}));
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
                    json!({"toolUse": {"toolUseId": call.id, "name": call.name, "input": input}})
                });
                content.extend(called);
                messages.push(json!({"role": role.as_str(), "content": content}));
            }
            OutlineTurn::Results { results, .. } => {
                let result = |ToolResult { id, content, .. }| {
                    // A text must not be blank here.
                    let texts = Some(content).filter(|content| !content.trim().is_empty());
                    let content: Value = texts.into_iter().map(|text| json!({"text": text})).collect();
                    json!({"toolResult": {"toolUseId": id, "content": content}})
                };
                messages.push(json!({"role": "user", "content": results.into_iter().map(result).collect::<Value>()}));
            }
        }
    }
    body.insert("messages".to_owned(), messages.into());
    if let Some(limit) = prompt.max_tokens {
        settings::set(&mut body, "inferenceConfig.maxTokens", limit.into());
    }
    settings::apply(prompt.settings, Dialect::Converse, &outline.tools, &mut body, writer);
    let answer = schema::answer(prompt, Dialect::Converse, writer).map(|(schema, _)| schema);
    schema::check_strict(prompt, Dialect::Converse, &outline.tools, answer.as_ref(), writer);
    if let Some(schema) = answer {
        // This API takes the schema as text.
        let schema = json!({"schema": schema.to_string(), "name": plain_name(prompt.schema_name)});
        let format = json!({"type": "json_schema", "structure": {"jsonSchema": schema}});
        settings::set(&mut body, "outputConfig.textFormat", format);
    }
    body
}

fn specification(tool: &ToolDefinition) -> Value {
    let mut specification = Map::new();
    specification.insert("name".to_owned(), tool.name.as_str().into());
    if let Some(description) = &tool.description {
        specification.insert("description".to_owned(), description.as_str().into());
    }
    specification.insert("inputSchema".to_owned(), json!({"json": tool.input_schema}));
    if let Some(strict) = tool.strict {
        specification.insert("strict".to_owned(), strict.into());
    }
    specification.into()
}

fn content(texts: Vec<BlockText>, pointer: &str, writer: &mut BodyWriter) -> Vec<Value> {
    let mut content = Vec::new();
    for text in texts {
        let breakpoint = text.mark;
        let pointer = format!("{pointer}/{}/text", content.len());
        content.push(json!({"text": writer.text(text, &pointer)}));
        content.extend(point(breakpoint, writer));
    }
    content
}

/// Five minutes are Bedrock's default and are not written.
fn point(breakpoint: Option<Breakpoint>, writer: &mut BodyWriter) -> Option<Value> {
    let ttl = writer.ttl(breakpoint)?;
    Some(match ttl.seconds {
        300 => json!({"cachePoint": {"type": "default"}}),
        _ => json!({"cachePoint": {"type": "default", "ttl": ttl.to_string()}}),
    })
}
