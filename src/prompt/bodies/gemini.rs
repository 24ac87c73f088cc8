//! Gemini's generateContent, and the cached content that it can refer to.
//!
//! A cached content is one object with everything up to a breakpoint. A request that refers to it
//! must not have a system prompt, tools or tool choice of its own, so the cut is after all of those; and
//! the object's text is fixed when it is created, so no hole may be before the cut.

use serde_json::{Map, Value, json};

use super::outline::{BlockText, Outline, OutlineTurn, ToolDefinition};
use super::writer::BodyWriter;
use super::{Caching, Dialect, Finding, Prompt, Reaction, schema, settings};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::calls::ToolResult;
use crate::prompt::segment::{Role, Tier, prefix_len};

/// The last breakpoint at which the prompt can be cut into a cached content and the rest.
pub(super) fn cut(prompt: &Prompt) -> Option<Breakpoint> {
    if prompt.caching != Caching::CachedContent {
        return None;
    }
    let fixed = prefix_len(prompt.segments);
    let fits = |mark: &&Breakpoint| {
        let rest = prompt.segments.get(mark.after + 1..).unwrap_or_default();
        let spoken = prompt.segments.iter().any(|segment| segment.tier == Tier::Messages);
        mark.after < fixed && rest.iter().all(|segment| segment.tier == Tier::Messages) && (!spoken || !rest.is_empty())
    };
    prompt.breakpoints.iter().filter(fits).max_by_key(|mark| mark.after).copied()
}

/// The body of `POST …:generateContent`: all of the prompt, or what follows the cached content.
pub(super) fn generate(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let cut = cut(prompt);
    for mark in prompt.breakpoints.iter().filter(|mark| cut != Some(**mark)) {
        writer.refuse(Some(*mark), "Gemini caches one prefix: no holes, all of tools and system, not the last turn");
    }
    let mut whole = writer.outline(prompt, &[]);
    let mut body = Map::new();
    let tools = if cut.is_some() {
        body.insert("cachedContent".to_owned(), writer.cache_name("/cachedContent"));
        // The outline of what follows the cut: its tools and system are in the cached content.
        let rest = cut.and_then(|cut| prompt.segments.get(cut.after + 1..)).unwrap_or_default();
        whole.turns = Outline::of(rest, &[], &mut Vec::new()).turns;
        contents(whole.turns, &mut body, writer);
        whole.tools
    } else {
        write(whole, &mut body, writer)
    };
    settings::apply(prompt.settings, Dialect::Generate, &tools, &mut body, writer);
    if cut.is_some() {
        body.remove("toolConfig");
    }
    if let Some(limit) = prompt.max_tokens {
        settings::set(&mut body, "generationConfig.maxOutputTokens", limit.into());
    }
    if let Some((schema, _)) = schema::answer(prompt, Dialect::Generate, writer) {
        settings::set(&mut body, "generationConfig.responseMimeType", "application/json".into());
        settings::set(&mut body, "generationConfig.responseJsonSchema", schema);
    }
    body
}

/// The body of `POST …/cachedContents`.
pub(super) fn cached(prompt: &Prompt, writer: &mut BodyWriter) -> Map<String, Value> {
    let mut body = Map::new();
    let Some(cut) = cut(prompt) else {
        writer.fault(Finding::new(
            "nothing-to-cache",
            "no breakpoint stands where Gemini can cut off a cached content",
            "set `cache` on a block behind all of tools and system, before the first input and the last turn",
        ));
        return body;
    };
    let prefix = Prompt { segments: prompt.segments.get(..=cut.after).unwrap_or_default(), ..*prompt };
    let prefix = writer.outline(&prefix, &[]);
    body.insert("model".to_owned(), format!("models/{}", prompt.model.trim_start_matches("models/")).into());
    body.insert("ttl".to_owned(), format!("{}s", cut.ttl.seconds).into());
    let tools = write(prefix, &mut body, writer);
    if body.get("contents") == Some(&json!([])) {
        body.remove("contents");
    }
    // Of the settings, only the tool choice is part of the cached object, as the tools are.
    let mut all = Map::new();
    settings::apply(prompt.settings, Dialect::Cached, &tools, &mut all, writer);
    body.extend(all.remove_entry("toolConfig"));
    body
}

/// Writes the whole outline, and returns the tools for `tool_choice` to choose from.
fn write(outline: Outline, body: &mut Map<String, Value>, writer: &mut BodyWriter) -> Vec<ToolDefinition> {
    if !outline.system.is_empty() {
        let parts = parts(outline.system, "/systemInstruction/parts", writer);
        body.insert("systemInstruction".to_owned(), json!({"parts": parts}));
    }
    if !outline.tools.is_empty() {
        let declarations: Value = outline.tools.iter().map(declaration).collect();
        body.insert("tools".to_owned(), json!([{"functionDeclarations": declarations}]));
    }
    contents(outline.turns, body, writer);
    outline.tools
}

/// Gemini has no `strict`: its calls follow the schema in the mode `VALIDATED` of `toolConfig`.
fn declaration(tool: &ToolDefinition) -> Value {
    let mut declaration = Map::new();
    declaration.insert("name".to_owned(), tool.name.as_str().into());
    if let Some(description) = &tool.description {
        declaration.insert("description".to_owned(), description.as_str().into());
    }
    declaration.insert("parametersJsonSchema".to_owned(), tool.input_schema.clone().into());
    declaration.into()
}

fn contents(turns: Vec<OutlineTurn>, body: &mut Map<String, Value>, writer: &mut BodyWriter) {
    let mut contents = Vec::new();
    for turn in turns {
        let pointer = format!("/contents/{}", contents.len());
        match turn {
            OutlineTurn::History { name, mark, .. } => writer.history(name, mark, pointer),
            OutlineTurn::Results { results, .. } => {
                let results: Value = results.into_iter().map(response).collect();
                contents.push(json!({"role": "user", "parts": results}));
            }
            OutlineTurn::Spoken { role, texts, calls, .. } => {
                let role = match role {
                    Role::User => "user",
                    Role::Assistant => "model",
                    Role::System => {
                        writer.fault(
                            Finding::new(
                                "unknown-role",
                                "Gemini has no turns of the role `system`",
                                "move the block to `system`, or give it the role `user`",
                            )
                            .with_reaction(Reaction::Refusal),
                        );
                        continue;
                    }
                };
                let mut parts = parts(texts, &format!("{pointer}/parts"), writer);
                parts.extend(calls.into_iter().map(|call| {
                    let args = call.input().unwrap_or_default();
                    json!({"functionCall": {"id": call.id, "name": call.name, "args": args}})
                }));
                contents.push(json!({"role": role, "parts": parts}));
            }
        }
    }
    body.insert("contents".to_owned(), contents.into());
}

/// Gemini takes an object; what is none is its `result`, as Google's SDK writes it.
fn response(ToolResult { id, name, content }: ToolResult) -> Value {
    let response = match serde_json::from_str(&content) {
        Ok(object @ Value::Object(_)) => object,
        _ => json!({"result": content}),
    };
    json!({"functionResponse": {"id": id, "name": name, "response": response}})
}

fn parts(texts: Vec<BlockText>, pointer: &str, writer: &mut BodyWriter) -> Vec<Value> {
    let part = |(index, text)| json!({"text": writer.text(text, &format!("{pointer}/{index}/text"))});
    texts.into_iter().enumerate().map(part).collect()
}
