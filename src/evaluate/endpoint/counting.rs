//! The endpoints that count the tokens of a request without answering it.
//!
//! Anthropic's `messages/count_tokens` and OpenAI's `responses/input_tokens` take the keys of `MessageCountTokensParams`
//! (anthropic 2.14.0) and `InputTokenCountParams` (openai 3.57.0) and no others. Gemini's `countTokens` takes `contents`,
//! or a whole request in v1beta. OpenAI has none for chats; llama.cpp's server has `chat/completions/input_tokens`.

use serde_json::{Map, Value, json};

use super::dialect::escaped;
use super::{Kind, Request};
use crate::prompt::bodies::Dialect;

/// What a counting endpoint takes of a body: everything that is input, and nothing that only shapes the answer.
fn taken(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Messages => &[
            "model",
            "messages",
            "cache_control",
            "output_config",
            "speed",
            "system",
            "thinking",
            "tool_choice",
            "tools",
            "user_profile_id",
            "workspace_id",
        ],
        Dialect::Responses => &[
            "model",
            "conversation",
            "input",
            "instructions",
            "parallel_tool_calls",
            "personality",
            "previous_response_id",
            "reasoning",
            "text",
            "tool_choice",
            "tools",
            "truncation",
        ],
        Dialect::Chat => &[
            "model",
            "messages",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "response_format",
            "reasoning_effort",
            "chat_template_kwargs",
        ],
        Dialect::Generate | Dialect::Cached | Dialect::Converse => {
            &["contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "cachedContent"]
        }
    }
}

/// Of Gemini's `generationConfig`, what is input: the schema of the answer.
const OF_GENERATION: [&str; 3] = ["responseMimeType", "responseSchema", "responseJsonSchema"];

fn only(body: &Value, keys: &[&str]) -> Map<String, Value> {
    let all = body.as_object().into_iter().flatten();
    all.filter(|(key, _)| keys.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The request that has a body counted.
pub fn count_request(dialect: Dialect, model: &str, body: &Value) -> Request {
    let mut sent = only(body, taken(dialect));
    let path = match dialect {
        Dialect::Messages => "/v1/messages/count_tokens".to_owned(),
        Dialect::Responses => "/responses/input_tokens".to_owned(),
        Dialect::Chat => "/chat/completions/input_tokens".to_owned(),
        Dialect::Generate | Dialect::Cached | Dialect::Converse => {
            let of_generation = sent.remove("generationConfig").map(|config| only(&config, &OF_GENERATION));
            if let Some(config) = of_generation.filter(|config| !config.is_empty()) {
                sent.insert("generationConfig".to_owned(), config.into());
            }
            // `contents` alone is what every version takes.
            let is_plain = sent.keys().all(|key| key == "contents");
            if !is_plain {
                let mut whole = Map::from_iter([("model".to_owned(), json!(format!("models/{model}")))]);
                whole.extend(std::mem::take(&mut sent));
                sent.insert("generateContentRequest".to_owned(), whole.into());
            }
            format!("/{}/models/{}:countTokens", if is_plain { "v1" } else { "v1beta" }, escaped(model))
        }
    };
    Request { dialect, path, body: Value::Object(sent).to_string().into_bytes(), streams: false, kind: Kind::Json }
}

/// The tokens that an answer of such an endpoint says.
///
/// # Errors
/// What is missing.
pub fn read_count(dialect: Dialect, answer: &Value) -> Result<u64, String> {
    let key = match dialect {
        Dialect::Messages | Dialect::Responses | Dialect::Chat => "input_tokens",
        Dialect::Generate | Dialect::Cached | Dialect::Converse => "totalTokens",
    };
    answer.get(key).and_then(Value::as_u64).filter(|tokens| *tokens > 0).ok_or_else(|| format!("it has no `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shapes_the_answer_alone_is_not_sent() {
        let body = json!({"model": "m", "max_tokens": 7, "temperature": 0, "stream": true, "messages": [], "input": [],
            "system": "s", "max_output_tokens": 7, "instructions": "s", "text": {}, "top_p": 1, "response_format": {}});
        let sent = |dialect| serde_json::from_slice::<Value>(&count_request(dialect, "m", &body).body).unwrap();
        assert_eq!(sent(Dialect::Messages), json!({"model": "m", "messages": [], "system": "s"}));
        assert_eq!(sent(Dialect::Responses), json!({"model": "m", "input": [], "instructions": "s", "text": {}}));
        assert_eq!(sent(Dialect::Chat), json!({"model": "m", "messages": [], "response_format": {}}));
        let generate = |body: Value| {
            let request = count_request(Dialect::Generate, "g/1", &body);
            (request.path, serde_json::from_slice::<Value>(&request.body).unwrap())
        };
        let plain = json!({"contents": [1], "generationConfig": {"maxOutputTokens": 7}});
        assert_eq!(generate(plain), ("/v1/models/g%2F1:countTokens".to_owned(), json!({"contents": [1]})));
        let whole =
            json!({"contents": [1], "systemInstruction": {}, "generationConfig": {"responseSchema": 1, "topP": 1}});
        let inner = json!({"model": "models/g/1", "contents": [1], "systemInstruction": {},
            "generationConfig": {"responseSchema": 1}});
        let expected = json!({"generateContentRequest": inner});
        assert_eq!(generate(whole), ("/v1beta/models/g%2F1:countTokens".to_owned(), expected));
        for answer in [json!({}), json!({"input_tokens": "7"}), json!({"input_tokens": 0}), json!([])] {
            assert_eq!(read_count(Dialect::Messages, &answer), Err("it has no `input_tokens`".to_owned()));
        }
    }
}
