//! What the four APIs call the same things: paths, headers, text, the end of an answer, usage.
//!
//! Sources: the types of anthropic 2.14.0, openai 3.57.0 and google-genai 3.6.1, and what these SDKs send.

use serde_json::{Value, json};

use super::address::Key;
use crate::evaluate::{Stop, Usage};
use crate::prompt::bodies::Dialect;

/// What an answer says, whichever API it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its text; of a refusal, what was said instead.
    pub text: String,
    /// Why it ends.
    pub stop: Stop,
    /// What was counted; `None` where the answer does not say.
    pub usage: Option<Usage>,
    /// The model that answered, as it calls itself; empty where it does not.
    pub model: String,
}

/// The version of the API, which is part of what an answer is recorded under: the header's of Anthropic, the path's of
/// the others.
pub fn version(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Messages => "2026-10-21",
        _ => "v1",
    }
}

/// The path below the base URL.
pub fn path(dialect: Dialect, model: &str, streams: bool) -> String {
    match dialect {
        Dialect::Messages => "/v1/messages".to_owned(),
        Dialect::Responses => "/responses".to_owned(),
        Dialect::Chat => "/chat/completions".to_owned(),
        // The model is in the path alone; what an address cannot hold is escaped.
        Dialect::Generate | Dialect::Cached | Dialect::Converse => {
            let verb = if streams { "streamGenerateContent?alt=sse" } else { "generateContent" };
            format!("/v1/models/{}:{verb}", escaped(model))
        }
    }
}

pub(super) fn escaped(model: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    model.bytes().map(escape).collect()
}

/// The headers that say who asks, and in which version.
pub fn headers(dialect: Dialect, key: Option<&Key>) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    if dialect == Dialect::Messages {
        headers.push(("anthropic-version", version(dialect).to_owned()));
    }
    match (dialect, key.map(Key::expose)) {
        (_, None) => {}
        (Dialect::Generate, Some(key)) => headers.push(("x-goog-api-key", key.to_owned())),
        (_, Some(key)) => headers.push(("authorization", format!("Bearer {key}"))),
    }
    headers
}

/// The body that asks for a stream.
pub fn streamed(dialect: Dialect, mut body: Value) -> Value {
    if let Some(map) = body.as_object_mut().filter(|_| dialect != Dialect::Generate) {
        map.insert("stream".to_owned(), true.into());
        if dialect == Dialect::Chat {
            map.insert("stream_options".to_owned(), json!({ "include_usage": true }));
        }
    }
    body
}

/// The limit on the answer that a body asks for.
pub fn answer_limit(dialect: Dialect, body: &Value) -> Option<u64> {
    let pointers: &[&str] = match dialect {
        Dialect::Messages => &["/max_tokens"],
        Dialect::Responses => &["/max_output_tokens"],
        Dialect::Chat => &["/max_completion_tokens", "/max_tokens"],
        Dialect::Generate | Dialect::Cached | Dialect::Converse => &["/generationConfig/maxOutputTokens"],
    };
    pointers.iter().find_map(|pointer| body.pointer(pointer)?.as_u64())
}

/// Reads an answer.
///
/// # Errors
/// What is missing, where it is no answer of this API.
pub fn read(dialect: Dialect, answer: &Value) -> Result<Reading, String> {
    let (text, stop) = match dialect {
        Dialect::Messages => messages(answer),
        Dialect::Responses => responses(answer),
        Dialect::Chat => chat(answer),
        Dialect::Generate | Dialect::Cached | Dialect::Converse => generate(answer),
    }?;
    let model = ["model", "modelVersion"].iter().find_map(|key| answer.get(key)?.as_str()).unwrap_or_default();
    Ok(Reading { text, stop, usage: usage(dialect, answer), model: model.to_owned() })
}

/// The texts of a list, joined: of those parts that `is_wanted`.
fn joined(parts: Option<&Value>, is_wanted: impl Fn(&Value) -> bool) -> Option<String> {
    let wanted = parts?.as_array()?.iter().filter(|part| is_wanted(part));
    Some(wanted.filter_map(|part| part.get("text")?.as_str()).collect())
}

fn is_type(part: &Value, kind: &str) -> bool {
    part.get("type").and_then(Value::as_str) == Some(kind)
}

fn messages(answer: &Value) -> Result<(String, Stop), String> {
    let text = joined(answer.get("content"), |part| is_type(part, "text")).ok_or("it has no `content`")?;
    let stop = match answer.get("stop_reason").and_then(Value::as_str).ok_or("it has no `stop_reason`")? {
        "max_tokens" | "model_context_window_exceeded" => Stop::Cut,
        "refusal" => Stop::Refused,
        _ => Stop::Complete,
    };
    Ok((text, stop))
}

fn chat(answer: &Value) -> Result<(String, Stop), String> {
    let choice = answer.pointer("/choices/0").ok_or("it has no `choices`")?;
    let message = choice.get("message").ok_or("its choice has no `message`")?;
    let stop = match choice.get("finish_reason").and_then(Value::as_str).ok_or("it has no `finish_reason`")? {
        "length" => Stop::Cut,
        "content_filter" => Stop::Refused,
        _ => Stop::Complete,
    };
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        return Ok((refusal.to_owned(), Stop::Refused));
    }
    let content = message.get("content");
    let text =
        content.and_then(|content| content.as_str().map(str::to_owned).or_else(|| joined(Some(content), |_| true)));
    Ok((text.unwrap_or_default(), stop))
}

fn responses(answer: &Value) -> Result<(String, Stop), String> {
    let output = answer.get("output").and_then(Value::as_array).ok_or("it has no `output`")?;
    let why = answer.pointer("/incomplete_details/reason").and_then(Value::as_str);
    let stop = match answer.get("status").and_then(Value::as_str).ok_or("it has no `status`")? {
        "completed" => Stop::Complete,
        "incomplete" if why == Some("content_filter") => Stop::Refused,
        "incomplete" => Stop::Cut,
        other => {
            let why = answer.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason is given");
            return Err(format!("its status is `{other}`: {why}"));
        }
    };
    let parts = || output.iter().filter(|item| is_type(item, "message")).filter_map(|item| item.get("content"));
    let refusal: String = parts()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|part| part.get("refusal").and_then(Value::as_str))
        .collect();
    if !refusal.is_empty() {
        return Ok((refusal, Stop::Refused));
    }
    Ok((parts().filter_map(|content| joined(Some(content), |part| is_type(part, "output_text"))).collect(), stop))
}

fn generate(answer: &Value) -> Result<(String, Stop), String> {
    let Some(candidate) = answer.pointer("/candidates/0") else {
        let blocked = answer.pointer("/promptFeedback/blockReason").and_then(Value::as_str);
        return blocked.map(|_| (String::new(), Stop::Refused)).ok_or_else(|| "it has no `candidates`".to_owned());
    };
    let is_thought = |part: &Value| part.get("thought").and_then(Value::as_bool).unwrap_or_default();
    let text = joined(candidate.pointer("/content/parts"), |part| !is_thought(part)).unwrap_or_default();
    let stop = match candidate.get("finishReason").and_then(Value::as_str).ok_or("it has no `finishReason`")? {
        "MAX_TOKENS" => Stop::Cut,
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => Stop::Refused,
        _ => Stop::Complete,
    };
    Ok((text, stop))
}

/// Usage in parts that do not overlap. Anthropic's input is what is left beside the cache; the others' holds all of it.
fn usage(dialect: Dialect, answer: &Value) -> Option<Usage> {
    let at = |pointer: &str| answer.pointer(pointer).and_then(Value::as_u64);
    let or_none = |pointer: &str| at(pointer).unwrap_or_default();
    let inclusive = |whole: &str, read: u64, write: u64, output: u64| {
        let input = at(whole)?.saturating_sub(read).saturating_sub(write);
        Some(Usage { input, cache_read: read, cache_write: write, cache_write_1h: 0, output })
    };
    match dialect {
        Dialect::Messages => {
            let hour = or_none("/usage/cache_creation/ephemeral_1h_input_tokens");
            Some(Usage {
                input: at("/usage/input_tokens")?,
                cache_read: or_none("/usage/cache_read_input_tokens"),
                cache_write: or_none("/usage/cache_creation_input_tokens").saturating_sub(hour),
                cache_write_1h: hour,
                output: at("/usage/output_tokens")?,
            })
        }
        Dialect::Responses => {
            let details = "/usage/input_tokens_details";
            let [read, write] = ["cached_tokens", "cache_write_tokens"].map(|key| or_none(&format!("{details}/{key}")));
            inclusive("/usage/input_tokens", read, write, at("/usage/output_tokens")?)
        }
        Dialect::Chat => {
            let details = "/usage/prompt_tokens_details";
            let [read, write] = ["cached_tokens", "cache_write_tokens"].map(|key| or_none(&format!("{details}/{key}")));
            inclusive("/usage/prompt_tokens", read, write, at("/usage/completion_tokens")?)
        }
        Dialect::Generate | Dialect::Cached | Dialect::Converse => {
            let output = or_none("/usageMetadata/candidatesTokenCount") + or_none("/usageMetadata/thoughtsTokenCount");
            let read = or_none("/usageMetadata/cachedContentTokenCount");
            inclusive("/usageMetadata/promptTokenCount", read, 0, output)
        }
    }
}

/// The text that one event of a stream adds to the answer.
pub fn delta(dialect: Dialect, event: &Value) -> Option<&str> {
    let text = match dialect {
        Dialect::Messages => event.pointer("/delta/text").filter(|_| is_type(event, "content_block_delta")),
        Dialect::Responses => event.get("delta").filter(|_| is_type(event, "response.output_text.delta")),
        Dialect::Chat => event.pointer("/choices/0/delta/content"),
        Dialect::Generate | Dialect::Cached | Dialect::Converse => {
            let is_thought = |part: &&Value| part.get("thought") == Some(&Value::Bool(true));
            event
                .pointer("/candidates/0/content/parts/0")
                .filter(|part| !is_thought(part))
                .and_then(|part| part.get("text"))
        }
    };
    text.and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The events of a stream as the answer that the same request has without one.
///
/// # Errors
/// The provider's own words, where an event is an error; else what is missing at the end.
pub fn assembled(dialect: Dialect, events: &[Value]) -> Result<Value, String> {
    if let Some(error) = events.iter().find(|event| event.get("error").is_some_and(Value::is_object)) {
        let said = error.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason is given");
        return Err(format!("an error came in the stream: {said}"));
    }
    let text: String = events.iter().filter_map(|event| delta(dialect, event)).collect();
    let last =
        |pointer: &str| events.iter().rev().find_map(|event| event.pointer(pointer).filter(|found| !found.is_null()));
    let or_null = |pointer: &str| last(pointer).cloned().unwrap_or_default();
    Ok(match dialect {
        Dialect::Messages => {
            let mut usage =
                events.iter().find_map(|event| event.pointer("/message/usage")).cloned().unwrap_or_default();
            // Those of the end are sums, and leave out what did not change.
            let ended =
                events.iter().filter(|event| is_type(event, "message_delta")).filter_map(|event| event.get("usage"));
            for (key, value) in ended.filter_map(Value::as_object).flatten() {
                usage[key] = value.clone();
            }
            json!({
                "model": or_null("/message/model"),
                "content": [{ "type": "text", "text": text }],
                "stop_reason": last("/delta/stop_reason").ok_or("the stream ends too soon")?,
                "usage": usage,
            })
        }
        Dialect::Responses => {
            let is_end = |kind: &str| ["response.completed", "response.incomplete", "response.failed"].contains(&kind);
            let end = events.iter().rfind(|event| event.get("type").and_then(Value::as_str).is_some_and(is_end));
            end.and_then(|event| event.get("response")).ok_or("the stream ends too soon")?.clone()
        }
        Dialect::Chat => json!({
            "model": or_null("/model"),
            "choices": [{
                "message": { "content": text },
                "finish_reason": last("/choices/0/finish_reason").ok_or("the stream ends too soon")?,
            }],
            "usage": or_null("/usage"),
        }),
        Dialect::Generate | Dialect::Cached | Dialect::Converse => json!({
            "modelVersion": or_null("/modelVersion"),
            "candidates": [{
                "content": { "parts": [{ "text": text }] },
                "finishReason": last("/candidates/0/finishReason").ok_or("the stream ends too soon")?,
            }],
            "usageMetadata": or_null("/usageMetadata"),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_says_why_an_answer_ends_and_what_it_cost() {
        let counted = |input, cache_read, cache_write, cache_write_1h, output| {
            Some(Usage { input, cache_read, cache_write, cache_write_1h, output })
        };
        let chat =
            |finish: &str| json!({"model": "m", "choices": [{"message": {"content": "hi"}, "finish_reason": finish}]});
        let table = [
            (
                Dialect::Messages,
                json!({"model": "m", "content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "h"},
                    {"type": "text", "text": "i"}], "stop_reason": "end_turn",
                    "usage": {"input_tokens": 3, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 30,
                        "cache_creation": {"ephemeral_1h_input_tokens": 20}, "output_tokens": 2}}),
                ("hi", Stop::Complete, counted(3, 70, 10, 20, 2)),
            ),
            (
                Dialect::Messages,
                json!({"model": "m", "content": [{"type": "text", "text": "hi"}], "stop_reason": "max_tokens"}),
                ("hi", Stop::Cut, None),
            ),
            (
                Dialect::Messages,
                json!({"model": "m", "content": [], "stop_reason": "refusal"}),
                ("", Stop::Refused, None),
            ),
            (
                Dialect::Chat,
                json!({"model": "m", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
                        "completion_tokens": 2}}),
                ("hi", Stop::Complete, counted(10, 60, 30, 0, 2)),
            ),
            (Dialect::Chat, chat("length"), ("hi", Stop::Cut, None)),
            (Dialect::Chat, chat("content_filter"), ("hi", Stop::Refused, None)),
            (
                Dialect::Chat,
                json!({"model": "m", "choices": [{"message": {"content": null, "refusal": "no"}, "finish_reason": "stop"}]}),
                ("no", Stop::Refused, None),
            ),
            (
                Dialect::Responses,
                json!({"model": "m", "status": "completed", "output": [{"type": "reasoning"}, {"type": "message",
                    "content": [{"type": "output_text", "text": "hi"}]}],
                    "usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 90}, "output_tokens": 2}}),
                ("hi", Stop::Complete, counted(10, 90, 0, 0, 2)),
            ),
            (
                Dialect::Responses,
                json!({"model": "m", "status": "incomplete", "output": [],
                "incomplete_details": {"reason": "max_output_tokens"}}),
                ("", Stop::Cut, None),
            ),
            (
                Dialect::Responses,
                json!({"model": "m", "status": "completed", "output": [{"type": "message",
                "content": [{"type": "refusal", "refusal": "no"}]}]}),
                ("no", Stop::Refused, None),
            ),
            (
                Dialect::Generate,
                json!({"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": "…", "thought": true}, {"text": "hi"}]},
                    "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 90,
                        "candidatesTokenCount": 2, "thoughtsTokenCount": 5}}),
                ("hi", Stop::Complete, counted(10, 90, 0, 0, 7)),
            ),
            (
                Dialect::Generate,
                json!({"modelVersion": "m", "candidates": [{"content": {}, "finishReason": "SAFETY"}]}),
                ("", Stop::Refused, None),
            ),
            (
                Dialect::Generate,
                json!({"modelVersion": "m", "promptFeedback": {"blockReason": "SAFETY"}}),
                ("", Stop::Refused, None),
            ),
        ];
        for (dialect, answer, (text, stop, usage)) in table {
            let expected = Reading { text: text.to_owned(), stop, usage, model: "m".to_owned() };
            assert_eq!(read(dialect, &answer), Ok(expected), "{answer}");
        }
        for dialect in [Dialect::Messages, Dialect::Responses, Dialect::Chat, Dialect::Generate] {
            for nothing in [json!({}), json!(null), json!([]), json!({"error": {"message": "x"}})] {
                assert!(read(dialect, &nothing).is_err(), "{dialect:?} {nothing}");
                assert!(assembled(dialect, &[nothing]).is_err());
            }
        }
    }

    #[test]
    fn a_stream_comes_to_the_answer_that_is_given_without_one() {
        let table = [
            (
                Dialect::Messages,
                vec![
                    json!({"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 9, "cache_read_input_tokens": 1}}}),
                    json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "h"}}),
                    json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "i"}}),
                    json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                ],
            ),
            (
                Dialect::Chat,
                vec![
                    json!({"model": "m", "choices": [{"delta": {"content": ""}, "finish_reason": null}]}),
                    json!({"model": "m", "choices": [{"delta": {"content": "hi"}, "finish_reason": null}]}),
                    json!({"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}]}),
                    json!({"model": "m", "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2,
                    "prompt_tokens_details": {"cached_tokens": 1}}}),
                ],
            ),
            (
                Dialect::Responses,
                vec![
                    json!({"type": "response.output_text.delta", "delta": "hi"}),
                    json!({"type": "response.completed", "response": {"model": "m", "status": "completed", "output": [{"type": "message",
                    "content": [{"type": "output_text", "text": "hi"}]}],
                    "usage": {"input_tokens": 10, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 1}}}}),
                ],
            ),
            (
                Dialect::Generate,
                vec![
                    json!({"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": "h"}]}}]}),
                    json!({"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": "i"}]}, "finishReason": "STOP"}],
                    "usageMetadata": {"promptTokenCount": 10, "cachedContentTokenCount": 1, "candidatesTokenCount": 2}}),
                ],
            ),
        ];
        for (dialect, events) in table {
            let usage = Some(Usage { input: 9, cache_read: 1, output: 2, ..Usage::default() });
            let expected = Reading { text: "hi".to_owned(), stop: Stop::Complete, usage, model: "m".to_owned() };
            assert_eq!(
                assembled(dialect, &events).and_then(|whole| read(dialect, &whole)),
                Ok(expected),
                "{dialect:?}"
            );
            let firsts: Vec<&str> = events.iter().filter_map(|event| delta(dialect, event)).collect();
            assert_eq!(firsts.concat(), "hi");
            // A stream that ends too soon, at whatever event, is no answer.
            for end in 0..events.len() - 1 {
                let cut = assembled(dialect, &events[..end]).and_then(|whole| read(dialect, &whole));
                assert!(cut.is_err() || end + 2 > events.len() - 1, "{dialect:?} {end}");
            }
        }
    }

    #[test]
    fn a_model_is_one_step_of_the_path_whatever_its_name() {
        assert_eq!(path(Dialect::Generate, "gemini-3.5-flash", false), "/v1/models/gemini-3.5-flash:generateContent");
        assert_eq!(
            path(Dialect::Generate, "../a b?c", true),
            "/v1/models/..%2Fa%20b%3Fc:streamGenerateContent?alt=sse"
        );
    }
}
