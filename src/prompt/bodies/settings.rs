//! `settings`: which keys a dialect knows, and where in its body they go.
//!
//! The tables follow the types of the official SDKs; `tests/sdk/check_bodies.py` checks them against
//! those types. A few plain names (`tool_choice`, `effort`, `temperature`, `top_p`, `top_k`,
//! `stop_sequences`, `seed`) mean the same wherever the vendor has the thing; everything else goes
//! by the vendor's own name. A key that a dialect does not know is a fault, never dropped.

use serde_json::{Map, Value, json};

use super::outline::ToolDefinition;
use super::writer::BodyWriter;
use super::{Dialect, Finding, Reaction};
use crate::syntax::diag::did_you_mean;

/// One key and its place, both dotted where they lie deeper.
struct Setting {
    key: &'static str,
    path: &'static str,
    form: ValueForm,
}

/// How a value is converted for the body.
#[derive(Clone, Copy)]
enum ValueForm {
    /// As it is.
    Same,
    /// One text or a list becomes a list.
    List,
    /// In capitals, as Gemini's enums are.
    Capitals,
    /// `auto`, `any`, `none` or `{name: …}`.
    ToolChoice,
}

const fn same(key: &'static str) -> Setting {
    Setting { key, path: key, form: ValueForm::Same }
}

const fn at(key: &'static str, path: &'static str) -> Setting {
    Setting { key, path, form: ValueForm::Same }
}

const fn formed(key: &'static str, path: &'static str, form: ValueForm) -> Setting {
    Setting { key, path, form }
}

const MESSAGES: &[Setting] = &[
    same("container"),
    same("inference_geo"),
    same("metadata"),
    at("effort", "output_config.effort"),
    same("output_config.effort"),
    same("service_tier"),
    same("speed"),
    formed("stop_sequences", "stop_sequences", ValueForm::List),
    same("thinking"),
    formed("tool_choice", "tool_choice", ValueForm::ToolChoice),
];

const RESPONSES: &[Setting] = &[
    same("context_management"),
    same("include"),
    same("max_tool_calls"),
    same("metadata"),
    same("moderation"),
    same("parallel_tool_calls"),
    same("prompt_cache_retention"),
    at("effort", "reasoning.effort"),
    at("reasoning_effort", "reasoning.effort"),
    same("reasoning.context"),
    same("reasoning.effort"),
    same("reasoning.mode"),
    same("reasoning.summary"),
    same("service_tier"),
    same("store"),
    same("temperature"),
    at("verbosity", "text.verbosity"),
    same("text.verbosity"),
    formed("tool_choice", "tool_choice", ValueForm::ToolChoice),
    same("top_logprobs"),
    same("top_p"),
    same("truncation"),
];

const CHAT: &[Setting] = &[
    same("frequency_penalty"),
    same("logit_bias"),
    same("logprobs"),
    same("metadata"),
    same("modalities"),
    same("moderation"),
    same("n"),
    same("parallel_tool_calls"),
    same("presence_penalty"),
    same("prompt_cache_retention"),
    at("effort", "reasoning_effort"),
    at("reasoning.effort", "reasoning_effort"),
    same("reasoning_effort"),
    same("seed"),
    same("service_tier"),
    formed("stop_sequences", "stop", ValueForm::List),
    same("stop"),
    same("store"),
    same("temperature"),
    formed("tool_choice", "tool_choice", ValueForm::ToolChoice),
    same("top_logprobs"),
    same("top_p"),
    at("text.verbosity", "verbosity"),
    same("verbosity"),
    same("web_search_options"),
];

const GENERATE: &[Setting] = &[
    formed("tool_choice", "toolConfig.functionCallingConfig", ValueForm::ToolChoice),
    same("toolConfig.functionCallingConfig"),
    same("toolConfig.retrievalConfig"),
    same("safetySettings"),
    same("serviceTier"),
    same("store"),
    same("labels"),
    at("candidate_count", "generationConfig.candidateCount"),
    same("generationConfig.candidateCount"),
    at("frequency_penalty", "generationConfig.frequencyPenalty"),
    same("generationConfig.frequencyPenalty"),
    same("generationConfig.logprobs"),
    same("generationConfig.mediaResolution"),
    at("presence_penalty", "generationConfig.presencePenalty"),
    same("generationConfig.presencePenalty"),
    same("generationConfig.responseLogprobs"),
    same("generationConfig.responseModalities"),
    at("seed", "generationConfig.seed"),
    same("generationConfig.seed"),
    formed("stop_sequences", "generationConfig.stopSequences", ValueForm::List),
    same("generationConfig.stopSequences"),
    at("temperature", "generationConfig.temperature"),
    same("generationConfig.temperature"),
    formed("effort", "generationConfig.thinkingConfig.thinkingLevel", ValueForm::Capitals),
    at("thinkingConfig", "generationConfig.thinkingConfig"),
    same("generationConfig.thinkingConfig"),
    at("top_k", "generationConfig.topK"),
    same("generationConfig.topK"),
    at("top_p", "generationConfig.topP"),
    same("generationConfig.topP"),
];

const CONVERSE: &[Setting] = &[
    formed("tool_choice", "toolConfig.toolChoice", ValueForm::ToolChoice),
    formed("stop_sequences", "inferenceConfig.stopSequences", ValueForm::List),
    same("inferenceConfig.stopSequences"),
    at("temperature", "inferenceConfig.temperature"),
    same("inferenceConfig.temperature"),
    at("top_p", "inferenceConfig.topP"),
    same("inferenceConfig.topP"),
    at("effort", "outputConfig.effort"),
    same("outputConfig.effort"),
    same("guardrailConfig"),
    same("performanceConfig"),
    same("projectIdentifier"),
    same("requestMetadata"),
    same("serviceTier"),
    at("thinking", "additionalModelRequestFields.thinking"),
    at("top_k", "additionalModelRequestFields.top_k"),
    same("additionalModelRequestFields"),
    same("additionalModelResponseFieldPaths"),
];

/// Names that APIs have for what a manifest sets outside of `settings`, and where it sets it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("max_tokens", "`output.max_tokens`"),
    ("max_output_tokens", "`output.max_tokens`"),
    ("max_completion_tokens", "`output.max_tokens`"),
    ("generationConfig.maxOutputTokens", "`output.max_tokens`"),
    ("inferenceConfig.maxTokens", "`output.max_tokens`"),
    ("output_config.format", "`output.schema`"),
    ("text.format", "`output.schema`"),
    ("response_format", "`output.schema`"),
    ("generationConfig.responseMimeType", "`output.schema`"),
    ("generationConfig.responseSchema", "`output.schema`"),
    ("generationConfig.responseJsonSchema", "`output.schema`"),
    ("outputConfig.textFormat", "`output.schema`"),
    ("model", "`models`"),
    ("tools", "`tools`"),
    ("system", "`system`"),
    ("instructions", "`system`"),
    ("systemInstruction", "`system`"),
    ("messages", "`messages`"),
    ("input", "`messages`"),
    ("contents", "`messages`"),
    ("cache_control", "`cache`"),
    ("prompt_cache_key", "`cache`"),
    ("prompt_cache_options", "`cache`"),
    ("cachedContent", "`cache`"),
];

fn table(dialect: Dialect) -> &'static [Setting] {
    match dialect {
        Dialect::Messages => MESSAGES,
        Dialect::Responses => RESPONSES,
        Dialect::Chat => CHAT,
        Dialect::Generate | Dialect::Cached => GENERATE,
        Dialect::Converse => CONVERSE,
    }
}

/// The dotted places that `settings` can fill in a body of this dialect, each once, in body order.
pub fn keys(dialect: Dialect) -> Vec<&'static str> {
    let mut places = Vec::new();
    for setting in table(dialect) {
        if !places.contains(&setting.path) {
            places.push(setting.path);
        }
    }
    places
}

/// Writes `value` at a dotted path, making the objects on the way. Objects are merged; `false` when
/// there is already another value.
pub(super) fn set(body: &mut Map<String, Value>, path: &str, value: Value) -> bool {
    let Some((head, rest)) = path.split_once('.') else {
        return match (body.get_mut(path), value) {
            (None, value) => body.insert(path.to_owned(), value).is_none(),
            (Some(Value::Object(there)), Value::Object(more)) => {
                more.into_iter().all(|(key, value)| !there.contains_key(&key) && there.insert(key, value).is_none())
            }
            _ => false,
        };
    };
    match body.entry(head).or_insert_with(|| json!({})) {
        Value::Object(inner) => set(inner, rest, value),
        _ => false,
    }
}

/// Writes every setting into the body, in the table's order, or reports why it cannot be written.
pub(super) fn apply(
    settings: &Map<String, Value>,
    dialect: Dialect,
    tools: &[ToolDefinition],
    body: &mut Map<String, Value>,
    writer: &mut BodyWriter,
) {
    let table = table(dialect);
    let mut found: Vec<(usize, &str, &Value)> = Vec::new();
    for (key, value) in settings {
        find(table, key, value, &mut |dotted, value| match table.iter().position(|known| known.key == dotted) {
            Some(row) => found.push((row, key, value)),
            None => writer.fault(unknown(dotted, dialect).in_setting(key)),
        });
    }
    found.sort_by_key(|(row, ..)| *row);
    for (setting, key, value) in found.into_iter().filter_map(|(row, key, value)| Some((table.get(row)?, key, value))) {
        match setting.form.write(value, dialect, tools) {
            Ok(Some(value)) if !set(body, setting.path, value.clone()) => writer.fault(
                Finding::new(
                    "setting-twice",
                    format!("two settings both say `{}`", setting.path),
                    format!("keep `{key}` or the other"),
                )
                .in_setting(key),
            ),
            Ok(_) => {}
            Err(fault) => writer.fault(fault.in_setting(key)),
        }
    }
}

/// The settings that a body holds: the plainest name of each, its value there, and the key of `settings` that says it.
pub(super) fn written<'a>(
    settings: &Map<String, Value>,
    dialect: Dialect,
    body: &'a Map<String, Value>,
) -> Vec<(&'static str, &'a Value, String)> {
    let table = table(dialect);
    let mut found: Vec<(&str, &Value, String)> = Vec::new();
    for setting in table {
        let (head, rest) = setting.path.split_once('.').unwrap_or((setting.path, ""));
        let pointer = if rest.is_empty() { String::new() } else { format!("/{}", rest.replace('.', "/")) };
        let Some(value) = body.get(head).and_then(|value| value.pointer(&pointer)) else { continue };
        // A name without dots is plainer, and the first of a place is the plainest.
        let is_known =
            table.iter().take_while(|other| !std::ptr::eq(*other, setting)).any(|other| other.path == setting.path);
        if is_known {
            continue;
        }
        let says = |key: &&String| {
            let of = |known: &Setting| known.key == **key || known.key.split('.').next() == Some(key.as_str());
            let there = |known: &Setting| setting.path.starts_with(known.path) || known.path.starts_with(setting.path);
            table.iter().any(|known| of(known) && there(known))
        };
        let key = settings.keys().find(says).cloned().unwrap_or_else(|| setting.key.to_owned());
        found.push((setting.key.rsplit('.').next().unwrap_or(setting.key), value, key));
    }
    found
}

/// Descends into an object whose members the table lists one by one; anything else is a leaf.
fn find<'a>(table: &[Setting], key: &str, value: &'a Value, leaf: &mut impl FnMut(&str, &'a Value)) {
    let whole = table.iter().any(|known| known.key == key);
    let deeper = |known: &Setting| known.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    match value {
        Value::Object(members) if !whole && table.iter().any(deeper) => {
            for (name, member) in members {
                find(table, &format!("{key}.{name}"), member, leaf);
            }
        }
        _ => leaf(key, value),
    }
}

/// The fault for a key that the dialect does not know.
fn unknown(key: &str, dialect: Dialect) -> Finding {
    if let Some((_, place)) = ELSEWHERE.iter().find(|(name, _)| *name == key) {
        return Finding::new("setting-elsewhere", format!("`{key}` is not a setting"), format!("set {place}"));
    }
    let sibling = match dialect {
        Dialect::Responses => Some(Dialect::Chat),
        Dialect::Chat => Some(Dialect::Responses),
        _ => None,
    };
    let knows = |dialect: &Dialect| table(*dialect).iter().any(|known| known.key == key);
    if let Some(sibling) = sibling.filter(knows) {
        return Finding::new(
            "setting-of-other-dialect",
            format!("`{key}` is a setting of {}, not of {}", sibling.as_str(), dialect.as_str()),
            format!("the `{}` body cannot say it; use the `{}` body", dialect.as_str(), sibling.as_str()),
        )
        .with_reaction(Reaction::Refusal);
    }
    let elsewhere: Vec<_> =
        Dialect::ALL.into_iter().filter(|other| *other != Dialect::Cached && knows(other)).collect();
    if !elsewhere.is_empty() {
        let names = elsewhere.iter().map(|other| format!("`{}`", other.as_str())).collect::<Vec<_>>().join(", ");
        return Finding::new(
            "setting-of-other-dialect",
            format!("`{}` bodies have no setting `{key}`; {names} have", dialect.as_str()),
            "set it below a pattern of the models that take it, such as `gpt-*: {…}`",
        )
        .with_reaction(Reaction::Refusal);
    }
    let known = table(dialect).iter().map(|known| known.key);
    let hint = did_you_mean(key, known.clone()).unwrap_or_else(|| {
        format!("it knows {}", known.filter(|key| !key.contains('.')).collect::<Vec<_>>().join(", "))
    });
    Finding::new("unknown-setting", format!("`{}` bodies know no setting `{key}`", dialect.as_str()), hint)
}

impl ValueForm {
    /// The value in the vendor's form; `None` when leaving it out means the same.
    fn write(self, value: &Value, dialect: Dialect, tools: &[ToolDefinition]) -> Result<Option<Value>, Finding> {
        match (self, value) {
            (Self::ToolChoice, value) => tool_choice(value, dialect, tools),
            (Self::List, Value::String(_)) => Ok(Some(json!([value]))),
            (Self::Capitals, Value::String(word)) => Ok(Some(word.to_uppercase().into())),
            _ => Ok(Some(sorted(value))),
        }
    }
}

/// The value with its keys in byte order, so that their order in a manifest does not change the body.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        plain => plain.clone(),
    }
}

/// `auto`, `any` (or `required`), `none` and `{name: …}` in the dialect's words. Any other object is
/// the vendor's own form and is written as it is.
fn tool_choice(value: &Value, dialect: Dialect, tools: &[ToolDefinition]) -> Result<Option<Value>, Finding> {
    let bad = |message: String, hint: String| Err(Finding::new("bad-tool-choice", message, hint));
    let (word, name) = match value {
        Value::String(word) => (word.as_str(), None),
        Value::Object(members) => match (members.len(), members.get("name")) {
            (1, Some(Value::String(name))) => ("name", Some(name.as_str())),
            _ => return Ok(Some(sorted(value))),
        },
        _ => ("", None),
    };
    let word = if word == "required" { "any" } else { word };
    if name.is_none() && !["auto", "any", "none"].contains(&word) {
        return bad(format!("`tool_choice` is {value}"), "say `auto`, `any`, `none` or `{name: a-tool}`".to_owned());
    }
    if tools.is_empty() {
        // Every API refuses a choice among no tools; for these two there is nothing to choose anyway.
        return match word {
            "auto" | "none" => Ok(None),
            _ => {
                bad("`tool_choice` demands a tool, and there is none".to_owned(), "add `tools`, or drop it".to_owned())
            }
        };
    }
    if let Some(name) = name.filter(|name| tools.iter().all(|tool| tool.name != *name)) {
        let names = || tools.iter().map(|tool| tool.name.as_str());
        let hint = did_you_mean(name, names())
            .unwrap_or_else(|| format!("the tools are {}", names().collect::<Vec<_>>().join(", ")));
        return bad(format!("`tool_choice` names the tool `{name}`, which is not there"), hint);
    }
    Ok(Some(match (dialect, name) {
        (Dialect::Messages, Some(name)) => json!({"type": "tool", "name": name}),
        (Dialect::Messages, None) => json!({"type": word}),
        (Dialect::Responses, Some(name)) => json!({"type": "function", "name": name}),
        (Dialect::Chat, Some(name)) => json!({"type": "function", "function": {"name": name}}),
        (Dialect::Responses | Dialect::Chat, None) => json!(if word == "any" { "required" } else { word }),
        (Dialect::Generate | Dialect::Cached, Some(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
        (Dialect::Generate | Dialect::Cached, None) => json!({"mode": word.to_uppercase()}),
        (Dialect::Converse, Some(name)) => json!({"tool": {"name": name}}),
        (Dialect::Converse, None) if word == "none" => {
            let hint = "leave the tools out instead";
            let none = Finding::new("bad-tool-choice", "Converse has no `tool_choice: none`", hint);
            return Err(none.with_reaction(Reaction::Refusal));
        }
        (Dialect::Converse, None) => json!({word: {}}),
    }))
}
