//! OpenAI's Responses and Chat Completions, and Chat Completions as others serve it.
//!
//! The mark of GPT-5.6 and later, `prompt_cache_breakpoint`, closes a text block. Tools take none,
//! and neither does what the model said in Responses: its assistant turns are plain strings here,
//! because an `output_text` block wants the id and status of a real answer.

use serde_json::{Map, Value, json};

use super::outline::{BlockText, Outline, OutlineTurn, ToolDefinition};
use super::schema::{self, plain_name};
use super::writer::BodyWriter;
use super::{Api, Caching, Dialect, Prompt, settings};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::calls::{ToolCall, ToolResult};
use crate::prompt::segment::Role;

const DEFAULT_TTL: u32 = 1800;

/// The body of `POST /v1/responses`.
pub(super) fn responses(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let outline = writer.outline(prompt, prompt.breakpoints);
    let mut body = Map::new();
    body.insert("model".to_owned(), prompt.model.into());
    if let Some(limit) = prompt.max_tokens {
        body.insert("max_output_tokens".to_owned(), limit.into());
    }
    cache(prompt, &mut body);
    settings::apply(prompt.settings, Dialect::Responses, &outline.tools, &mut body, writer);
    if let Some((schema, strict)) = answer(prompt, Dialect::Responses, &outline, writer) {
        let format = json!({
            "type": "json_schema", "name": plain_name(prompt.schema_name), "schema": schema, "strict": strict,
        });
        settings::set(&mut body, "text.format", format);
    }
    let flat = |tool: ToolDefinition, writer: &mut BodyWriter| {
        let mut definition = Map::new();
        definition.insert("type".to_owned(), "function".into());
        // Responses defaults to strict and would refuse a tool whose schema is not, so `strict` is always written.
        let strict = Some(tool.strict.unwrap_or(false));
        function(ToolDefinition { strict, ..tool }, &mut definition, writer);
        Value::Object(definition)
    };
    let format = Format {
        pointer: "/input",
        item: Some("message"),
        developer: "developer",
        text: "input_text",
        plain: |role| (role == Role::Assistant).then_some("Responses marks nothing that the model said"),
    };
    tools_and_turns(outline, &mut body, flat, &format, writer);
    body
}

/// The body of `POST /v1/chat/completions`.
pub(super) fn chat(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let outline = writer.outline(prompt, prompt.breakpoints);
    let compatible = prompt.api == Api::Compatible;
    let mut body = Map::new();
    body.insert("model".to_owned(), prompt.model.into());
    if let Some(limit) = prompt.max_tokens {
        let key = if compatible { "max_tokens" } else { "max_completion_tokens" };
        body.insert(key.to_owned(), limit.into());
    }
    cache(prompt, &mut body);
    settings::apply(prompt.settings, Dialect::Chat, &outline.tools, &mut body, writer);
    if let Some((schema, strict)) = answer(prompt, Dialect::Chat, &outline, writer) {
        let format = json!({"name": plain_name(prompt.schema_name), "schema": schema, "strict": strict});
        body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": format}));
    }
    let nested = |tool: ToolDefinition, writer: &mut BodyWriter| {
        let mut definition = Map::new();
        function(tool, &mut definition, writer);
        json!({"type": "function", "function": definition})
    };
    // Other servers of Chat Completions do not know text blocks, the developer role and `max_completion_tokens`.
    let format = Format {
        pointer: "/messages",
        item: None,
        developer: if compatible { "system" } else { "developer" },
        text: "text",
        plain: if compatible { |_| Some("this API takes plain text without marks") } else { |_| None },
    };
    tools_and_turns(outline, &mut body, nested, &format, writer);
    body
}

/// The schema of answers, and whether it is strict. Strict schemas are held against their limits on the way.
fn answer(prompt: &Prompt, dialect: Dialect, outline: &Outline, writer: &mut BodyWriter) -> Option<(Value, bool)> {
    let answer = schema::answer(prompt, dialect, writer);
    let strict = answer.as_ref().filter(|(_, strict)| *strict).map(|(schema, _)| schema);
    schema::check_strict(prompt, dialect, &outline.tools, strict, writer);
    answer
}

/// Writes the cache key, and that only the marked blocks are written to the cache, because the plan was
/// priced for exactly these writes.
fn cache(prompt: &Prompt, body: &mut Map<String, Value>) {
    if let (Caching::BreakpointField | Caching::KeyOnly, Some(key)) = (prompt.caching, prompt.cache_key) {
        body.insert("prompt_cache_key".to_owned(), key.into());
    }
    if prompt.caching == Caching::BreakpointField {
        body.insert("prompt_cache_options".to_owned(), json!({"mode": "explicit", "ttl": "30m"}));
    }
}

fn function(tool: ToolDefinition, definition: &mut Map<String, Value>, writer: &mut BodyWriter) {
    writer.refuse(tool.mark, "OpenAI marks no tools");
    definition.insert("name".to_owned(), tool.name.into());
    if let Some(description) = tool.description {
        definition.insert("description".to_owned(), description.into());
    }
    definition.insert("parameters".to_owned(), tool.input_schema.into());
    if let Some(strict) = tool.strict {
        definition.insert("strict".to_owned(), strict.into());
    }
}

/// How the two formats name the same things.
struct Format {
    /// The list of messages.
    pointer: &'static str,
    /// The `type` of a message in that list, where it has one.
    item: Option<&'static str>,
    /// The role that the system prompt speaks in.
    developer: &'static str,
    /// The `type` of a text block.
    text: &'static str,
    /// Why a role's turns are plain strings without marks, if they are.
    plain: fn(Role) -> Option<&'static str>,
}

fn tools_and_turns(
    outline: Outline,
    body: &mut Map<String, Value>,
    mut definition: impl FnMut(ToolDefinition, &mut BodyWriter) -> Value,
    format: &Format,
    writer: &mut BodyWriter,
) {
    if !outline.tools.is_empty() {
        body.insert("tools".to_owned(), outline.tools.into_iter().map(|tool| definition(tool, writer)).collect());
    }
    let (role, calls) = (Role::System, Vec::new());
    let system = OutlineTurn::Spoken { role, texts: outline.system, calls, segment: 0 };
    let mut messages = Vec::new();
    for turn in std::iter::once(system).chain(outline.turns) {
        let pointer = format!("{}/{}", format.pointer, messages.len());
        match turn {
            OutlineTurn::History { name, mark, .. } => writer.history(name, mark, pointer),
            OutlineTurn::Spoken { role, texts, calls, .. } => {
                let message = (!texts.is_empty()).then(|| format.message(role, texts, &pointer, writer));
                messages.extend(format.with_calls(message, calls));
            }
            OutlineTurn::Results { results, .. } => messages.extend(results.into_iter().map(|one| format.result(one))),
        }
    }
    body.insert(format.pointer.trim_start_matches('/').to_owned(), messages.into());
}

impl Format {
    fn message(&self, role: Role, texts: Vec<BlockText>, pointer: &str, writer: &mut BodyWriter) -> Map<String, Value> {
        let mut message = Map::new();
        if let Some(item) = self.item {
            message.insert("type".to_owned(), item.into());
        }
        let role_name = if role == Role::System { self.developer } else { role.as_str() };
        message.insert("role".to_owned(), role_name.into());
        let pointer = format!("{pointer}/content");
        let content = if let Some(why) = (self.plain)(role) {
            for text in &texts {
                writer.refuse(text.mark, why);
            }
            writer.text(BlockText::joined(texts), &pointer)
        } else {
            let block = |(index, text)| self.block(text, &format!("{pointer}/{index}/text"), writer);
            texts.into_iter().enumerate().map(block).collect()
        };
        message.insert("content".to_owned(), content);
        message
    }

    /// A message with the calls of tools that follow it: in it, or as items of their own.
    fn with_calls(&self, message: Option<Map<String, Value>>, calls: Vec<ToolCall>) -> Vec<Value> {
        let items = self.item.is_some();
        let call = |ToolCall { id, name, arguments }| match items {
            true => json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments}),
            false => json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
        };
        let calls: Vec<Value> = calls.into_iter().map(call).collect();
        if items {
            return message.map(Value::Object).into_iter().chain(calls).collect();
        }
        let silent = || Map::from_iter([("role".to_owned(), "assistant".into()), ("content".to_owned(), Value::Null)]);
        let mut message = message.or_else(|| (!calls.is_empty()).then(silent));
        if let Some(message) = message.as_mut().filter(|_| !calls.is_empty()) {
            message.insert("tool_calls".to_owned(), calls.into());
        }
        message.map(Value::Object).into_iter().collect()
    }

    fn result(&self, ToolResult { id, content, .. }: ToolResult) -> Value {
        match self.item {
            Some(_) => json!({"type": "function_call_output", "call_id": id, "output": content}),
            None => json!({"role": "tool", "tool_call_id": id, "content": content}),
        }
    }

    fn block(&self, text: BlockText, pointer: &str, writer: &mut BodyWriter) -> Value {
        let breakpoint = text.mark;
        let mut block = Map::new();
        block.insert("type".to_owned(), self.text.into());
        block.insert("text".to_owned(), writer.text(text, pointer));
        mark(&mut block, breakpoint, writer);
        Value::Object(block)
    }
}

/// The request's own lifetime is the default one; only a block that differs says so.
fn mark(block: &mut Map<String, Value>, breakpoint: Option<Breakpoint>, writer: &mut BodyWriter) {
    let Some(ttl) = writer.ttl(breakpoint) else { return };
    let control = match ttl.seconds {
        DEFAULT_TTL => json!({"mode": "explicit"}),
        _ => json!({"mode": "explicit", "ttl": ttl.to_string()}),
    };
    block.insert("prompt_cache_breakpoint".to_owned(), control);
}
