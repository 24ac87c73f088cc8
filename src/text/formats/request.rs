//! The body of a request to one of the APIs that we write bodies for, as somebody stored it.

use serde_json::{Value as Json, json};

use super::chat::{texts, turn};
use super::data::data;
use super::layer::{Layer, list, text};
use super::{Body, Definition, Entry, Foreign};
use crate::prompt::segment::Role;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::yaml::{Node, Value};
use crate::text::fragment::Reader;

/// Whose API the body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Chat Completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Gemini's `generateContent`.
    Generate,
    /// Bedrock's Converse.
    Converse,
}
use Dialect::{Chat, Converse, Generate, Messages, Responses};

/// Where a key of the body goes.
enum Goes {
    /// The texts, the tools and whatever else is read by a function of its own.
    Elsewhere,
    /// A key of the manifest.
    To(&'static str),
    /// Each of its keys is such an entry.
    Into(&'static [(&'static str, Goes)]),
    /// It changes nothing of the prompt.
    Nowhere,
}
use Goes::{Elsewhere, Into, Nowhere, To};

/// The keys of each dialect. Any other is a setting of the same name.
fn keys(dialect: Dialect) -> &'static [(&'static str, Goes)] {
    const MAX: Goes = To("output.max_tokens");
    match dialect {
        Messages => &[
            ("model", Elsewhere),
            ("system", Elsewhere),
            ("messages", Elsewhere),
            ("tools", Elsewhere),
            ("max_tokens", MAX),
            ("stream", Nowhere),
            ("anthropic_version", Nowhere),
            ("anthropic_beta", Nowhere),
        ],
        Chat => &[
            ("model", Elsewhere),
            ("messages", Elsewhere),
            ("tools", Elsewhere),
            ("response_format", Elsewhere),
            ("max_tokens", MAX),
            ("max_completion_tokens", MAX),
            ("stream", Nowhere),
            ("stream_options", Nowhere),
        ],
        Responses => &[
            ("model", Elsewhere),
            ("instructions", Elsewhere),
            ("input", Elsewhere),
            ("tools", Elsewhere),
            ("text", Into(&[("format", Elsewhere)])),
            ("max_output_tokens", MAX),
            ("stream", Nowhere),
        ],
        Generate => &[
            ("model", Elsewhere),
            ("contents", Elsewhere),
            ("systemInstruction", Elsewhere),
            ("system_instruction", Elsewhere),
            ("tools", Elsewhere),
            ("generationConfig", Into(GENERATION)),
            ("generation_config", Into(GENERATION)),
        ],
        Converse => &[
            ("modelId", Elsewhere),
            ("messages", Elsewhere),
            ("system", Elsewhere),
            ("toolConfig", Elsewhere),
            (
                "inferenceConfig",
                Into(&[
                    ("maxTokens", MAX),
                    ("temperature", To("settings.temperature")),
                    ("topP", To("settings.top_p")),
                    ("stopSequences", To("settings.stop_sequences")),
                ]),
            ),
        ],
    }
}

const GENERATION: &[(&str, Goes)] = &[
    ("maxOutputTokens", To("output.max_tokens")),
    ("max_output_tokens", To("output.max_tokens")),
    ("temperature", To("settings.temperature")),
    ("topP", To("settings.top_p")),
    ("topK", To("settings.top_k")),
    ("stopSequences", To("settings.stop_sequences")),
    ("responseSchema", To("output.schema")),
    ("responseJsonSchema", To("output.schema")),
    ("responseMimeType", Nowhere),
];

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let node = data(&fragment, faults)?;
    let Some(dialect) = dialect(&node) else {
        let message = "this is the body of no request that is known: it has none of `messages`, `input` and `contents`";
        faults.push(Diagnostic::error("unknown-format", message).at(&node.span));
        return None;
    };
    if dialect == Messages && is_ambiguous(&node) {
        let message = "this body fits Anthropic's API and OpenAI's alike";
        let fault = Diagnostic::error("unknown-format", message).at(&node.span);
        faults.push(fault.hint("name the `model` in it, or write `system` as a key of its own"));
        return None;
    }
    let mut layer = Layer::new(&node.span);
    map_keys(&node, keys(dialect), &mut layer);
    for (key, value) in ["model", "modelId"].iter().filter_map(|key| Some((key, node.get(key)?))) {
        match value.as_text() {
            Some(id) => layer.put("models", list([text(id.trim_start_matches("models/"), &value.span)], &value.span)),
            None => faults.push(Diagnostic::error("wrong-type", format!("`{key}` is text")).at(&value.span)),
        }
    }
    let schema = match dialect {
        Chat => node.get("response_format").and_then(|format| format.get("json_schema")?.get("schema")),
        Responses => node.get("text").and_then(|text| text.get("format")?.get("schema")),
        _ => None,
    };
    schema.into_iter().for_each(|schema| layer.set("output.schema", schema.clone()));
    let system = ["system", "instructions", "systemInstruction", "system_instruction"];
    let system = system.iter().find_map(|key| node.get(key));
    let mut entries: Vec<Entry> =
        system.map_or_else(Vec::new, |node| texts(Role::System, node.get("parts").unwrap_or(node), faults));
    let turns = ["messages", "input", "contents"].iter().find_map(|key| node.get(key));
    match turns.map(|node| (&node.value, node)) {
        Some((Value::List(messages), _)) => {
            for message in messages.iter() {
                // A content of Gemini without a role is the user's.
                let is_bare = dialect == Generate && message.get("role").is_none();
                let parts = message.get("parts").filter(|_| is_bare);
                entries.extend(match parts {
                    Some(parts) => texts(Role::User, parts, faults),
                    None => turn(message, &[], faults),
                });
            }
        }
        Some((_, node)) => entries.extend(texts(Role::User, node, faults)),
        None => {}
    }
    let tools = definitions(&node, dialect, faults);
    let tools = tools.into_iter().map(|(value, span)| Definition { value, span, fragment: fragment.clone() }).collect();
    Some(Foreign { layer: layer.done(), tools, named_tools: Vec::new(), body: Body::Literal(entries) })
}

/// Whose body it is, by the keys that one API alone has.
fn dialect(node: &Node) -> Option<Dialect> {
    let has = |key: &str| node.get(key).is_some();
    if has("contents") {
        return Some(Generate);
    }
    if has("input") {
        return Some(Responses);
    }
    let Some(Value::List(messages)) = node.get("messages").map(|node| &node.value) else { return None };
    let is_part = |part: &Node| part.get("type").is_none() && part.as_map().is_some();
    let is_converse = |message: &Node| match message.get("content").map(|node| &node.value) {
        Some(Value::List(parts)) => !parts.is_empty() && parts.iter().all(is_part),
        _ => false,
    };
    if has("modelId") || has("inferenceConfig") || has("toolConfig") || messages.iter().any(is_converse) {
        return Some(Converse);
    }
    let first_tool =
        node.get("tools").and_then(|node| if let Value::List(own) = &node.value { own.first() } else { None });
    let is_claude = node.get("model").and_then(Node::as_text).is_some_and(|model| model.contains("claude"));
    let is_messages = has("system") || has("anthropic_version") || is_claude;
    if is_messages || first_tool.is_some_and(|tool| tool.get("input_schema").is_some()) {
        return Some(Messages);
    }
    let is_role = |role: &str| {
        messages.iter().any(|one| one.get("role").and_then(Node::as_text).is_some_and(|own| **own == *role))
    };
    let is_chat =
        has("model") || first_tool.is_some() || has("response_format") || is_role("system") || is_role("developer");
    Some(if is_chat { Chat } else { Messages })
}

/// Whether nothing in it says whose it is.
fn is_ambiguous(node: &Node) -> bool {
    let has = |key: &str| node.get(key).is_some();
    let is_claude = node.get("model").and_then(Node::as_text).is_some_and(|model| model.contains("claude"));
    !(has("system") || has("anthropic_version") || has("tools") || is_claude)
}

fn map_keys(node: &Node, keys: &[(&str, Goes)], layer: &mut Layer) {
    for (key, value) in node.as_map().into_iter().flat_map(|map| map.iter()) {
        match keys.iter().find(|(own, _)| *own == &*key.text).map(|(_, goes)| goes) {
            Some(Elsewhere | Nowhere) => {}
            Some(To(path)) => layer.set(path, value.clone()),
            Some(Into(inner)) => map_keys(value, inner, layer),
            None => {
                let mut settings = Layer::new(&key.span);
                settings.put(&key.text, value.clone());
                layer.put("settings", settings.done());
            }
        }
    }
}

/// The tools of the body in the neutral form.
pub fn definitions(node: &Node, dialect: Dialect, faults: &mut Faults) -> Vec<(Json, crate::syntax::source::Span)> {
    let tools = match dialect {
        Converse => node.get("toolConfig").and_then(|config| config.get("tools")),
        _ => node.get("tools"),
    };
    let Some(Value::List(tools)) = tools.map(|node| &node.value) else { return Vec::new() };
    let mut found = Vec::new();
    for tool in tools.iter() {
        let declared = ["functionDeclarations", "function_declarations"].iter().find_map(|key| tool.get(key));
        let own = match (dialect, declared.map(|node| &node.value)) {
            (Generate, Some(Value::List(declared))) => declared.to_vec(),
            (Chat, _) => tool.get("function").into_iter().cloned().collect(),
            (Converse, _) => tool.get("toolSpec").into_iter().cloned().collect(),
            (Messages, _) if tool.get("input_schema").is_some() => vec![tool.clone()],
            (Responses, _) if tool.get("parameters").is_some() => vec![tool.clone()],
            _ => Vec::new(),
        };
        if own.is_empty() {
            let kind = tool.get("type").and_then(Node::as_text).map_or("", |kind| kind);
            let message = format!("a tool `{kind}` that is no function cannot be kept");
            let fault = Diagnostic::error("bad-tool", message).at(&tool.span);
            faults.push(fault.hint("leave it out; only tools with a name and a schema are supported"));
        }
        for tool in own {
            let schema = ["input_schema", "parameters", "parametersJsonSchema"].iter().find_map(|key| tool.get(key));
            let schema = schema.or_else(|| tool.get("inputSchema").and_then(|schema| schema.get("json")));
            let schema = schema.map_or_else(|| json!({"type": "object", "properties": {}}), Node::to_json);
            let mut value = serde_json::Map::new();
            for key in ["name", "description", "strict"] {
                value.extend(tool.get(key).map(|node| (key.to_owned(), node.to_json())));
            }
            value.insert("input_schema".to_owned(), schema);
            for (key, _) in tool.as_map().into_iter().flat_map(|map| map.iter()) {
                let known = [
                    "name",
                    "description",
                    "strict",
                    "input_schema",
                    "parameters",
                    "parametersJsonSchema",
                    "inputSchema",
                    "type",
                ];
                if !known.contains(&&*key.text) {
                    let message = format!("`{}` of a tool has no place here and is left out", key.text);
                    faults.push(Diagnostic::warning("left-out-key", message).at(&key.span));
                }
            }
            found.push((Json::Object(value), tool.span.clone()));
        }
    }
    found
}
