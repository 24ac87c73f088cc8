//! The bodies of the vendors' own documentation, byte by byte and key by key.

use super::*;

fn text_of(value: &Value) -> String {
    format!("{value:#}\n")
}

fn schema() -> Value {
    json!({"properties": {"city": {"type": "string"}}, "required": ["city"], "type": "object"})
}

#[test]
fn messages_marks_the_block_that_a_breakpoint_closes() {
    let draught = Draught::default()
        .tool(WEATHER)
        .mark("1h")
        .system("<stable instructions>\n\n")
        .mark("1h")
        .system("<reference docs>\n\n")
        .mark("1h")
        .segment(
            Tier::Messages,
            &[(Role::User, Kind::Text, "<few-shot q>"), (Role::Assistant, Kind::Text, "<few-shot a>")],
        )
        .mark("5m")
        .user("<question>");
    let body = emit(&draught.prompt(Api::Anthropic), Dialect::Messages).unwrap();
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let expected = json!({
        "model": "claude-opus-5",
        "max_tokens": 1024,
        "tools": [
            {"description": "Get weather.", "input_schema": schema(), "name": "get_weather", "cache_control": hour},
        ],
        "system": [
            {"type": "text", "text": "<stable instructions>\n\n", "cache_control": hour},
            {"type": "text", "text": "<reference docs>\n\n", "cache_control": hour},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<few-shot q>"}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "<few-shot a>", "cache_control": {"type": "ephemeral"}},
            ]},
            {"role": "user", "content": [{"type": "text", "text": "<question>"}]},
        ],
    });
    assert_eq!(body.to_text(), text_of(&expected));
    assert_eq!((body.holes, body.unplaced), (vec![], vec![]));
}

#[test]
fn responses_marks_developer_and_user_text_and_nothing_else() {
    let tool = WEATHER
        .replace(r#""name":"get_weather""#, r#""name":"get_weather","strict":true"#)
        .replace(r#""properties""#, r#""additionalProperties":false,"properties""#);
    let draught = Draught::default()
        .tool(&tool)
        .mark("30m")
        .system("<stable instructions>")
        .mark("30m")
        .user("<q>")
        .mark("12h")
        .assistant("<a1>")
        .mark("30m")
        .assistant("<a2>")
        .user("<question>");
    let prompt = Prompt { cache_key: Some("bundle:support:v1"), ..draught.prompt(Api::OpenAi) };
    let body = emit(&prompt, Dialect::Responses).unwrap();
    let mut closed = schema();
    closed["additionalProperties"] = json!(false);
    closed.sort_all_objects();
    let expected = json!({
        "model": "gpt-5.6-sol",
        "max_output_tokens": 1024,
        "prompt_cache_key": "bundle:support:v1",
        "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
        "tools": [{
            "type": "function", "name": "get_weather", "description": "Get weather.", "parameters": closed,
            "strict": true,
        }],
        "input": [
            {"type": "message", "role": "developer", "content": [
                {"type": "input_text", "text": "<stable instructions>", "prompt_cache_breakpoint": {"mode": "explicit"}},
            ]},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "<q>", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}},
            ]},
            {"type": "message", "role": "assistant", "content": "<a1><a2>"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<question>"}]},
        ],
    });
    assert_eq!(body.to_text(), text_of(&expected));
    assert_eq!(body.unplaced.iter().map(|mark| mark.breakpoint.after).collect::<Vec<_>>(), [0, 3]);
}

#[test]
fn chat_nests_its_tools_and_marks_what_the_model_said() {
    let draught = Draught::default()
        .tool(WEATHER)
        .system("<stable instructions>")
        .mark("30m")
        .user("<q>")
        .assistant("<a>")
        .mark("30m");
    let body = emit(&draught.prompt(Api::OpenAi), Dialect::Chat).unwrap();
    let mark = json!({"mode": "explicit"});
    let expected = json!({
        "model": "gpt-5.6-sol",
        "max_completion_tokens": 1024,
        "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
        "tools": [{"type": "function", "function": {
            "name": "get_weather", "description": "Get weather.", "parameters": schema(),
        }}],
        "messages": [
            {"role": "developer", "content": [
                {"type": "text", "text": "<stable instructions>", "prompt_cache_breakpoint": mark},
            ]},
            {"role": "user", "content": [{"type": "text", "text": "<q>"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "<a>", "prompt_cache_breakpoint": mark}]},
        ],
    });
    assert_eq!(body.to_text(), text_of(&expected));
    assert_eq!(body.unplaced, []);
}

#[test]
fn earlier_openai_models_get_the_key_alone_and_others_plain_text() {
    let draught = Draught::default().system("Be brief.\n\n").mark("30m").user("Hi");
    let earlier =
        Prompt { caching: Caching::KeyOnly, cache_key: Some("k"), model: "gpt-4.1", ..draught.prompt(Api::OpenAi) };
    let body = emit(&earlier, Dialect::Chat).unwrap();
    assert_eq!(body.json["prompt_cache_key"], "k");
    assert_eq!(body.json.get("prompt_cache_options"), None);
    assert!(!body.to_text().contains("prompt_cache_breakpoint"));
    assert_eq!(body.unplaced.len(), 1);

    let expected = json!({
        "model": "glm-5.3",
        "max_tokens": 1024,
        "messages": [{"role": "system", "content": "Be brief.\n\n"}, {"role": "user", "content": "Hi"}],
    });
    assert_eq!(json_of(&draught.prompt(Api::Compatible), Dialect::Chat), expected);
}

#[test]
fn gemini_is_cut_into_a_cached_content_and_the_rest() {
    let draught = Draught::default()
        .tool(WEATHER)
        .system("<stable instructions>")
        .mark("1h")
        .user("<reference docs>")
        .mark("1h")
        .user("<question>")
        .input("ticket")
        .mark("1h")
        .settings(json!({"tool_choice": "any", "temperature": 0.5}));
    let prompt = draught.prompt(Api::Gemini);
    assert_eq!(dialects(&prompt), [Dialect::Generate, Dialect::Cached]);
    let cached = emit(&prompt, Dialect::Cached).unwrap();
    let tools = json!([{"functionDeclarations": [
        {"name": "get_weather", "description": "Get weather.", "parametersJsonSchema": schema()},
    ]}]);
    let choice = json!({"functionCallingConfig": {"mode": "ANY"}});
    let expected = json!({
        "model": "models/gemini-3.8-flash",
        "ttl": "3600s",
        "systemInstruction": {"parts": [{"text": "<stable instructions>"}]},
        "tools": tools,
        "contents": [{"role": "user", "parts": [{"text": "<reference docs>"}]}],
        "toolConfig": choice,
    });
    assert_eq!(cached.to_text(), text_of(&expected));
    assert_eq!(cached.holes, []);

    let rest = emit(&prompt, Dialect::Generate).unwrap();
    let expected = json!({
        "cachedContent": "{{cachedContent}}",
        "contents": [{"role": "user", "parts": [{"text": "<question>{{ticket}}"}]}],
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 1024},
    });
    assert_eq!(rest.to_text(), text_of(&expected));
    assert_eq!(rest.unplaced.iter().map(|mark| mark.breakpoint.after).collect::<Vec<_>>(), [1, 4]);

    let whole = Prompt { caching: Caching::None, breakpoints: &[], ..prompt };
    assert_eq!(dialects(&whole), [Dialect::Generate]);
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "<stable instructions>"}]},
        "tools": tools,
        "contents": [{"role": "user", "parts": [{"text": "<reference docs><question>{{ticket}}"}]}],
        "toolConfig": choice,
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 1024},
    });
    assert_eq!(emit(&whole, Dialect::Generate).unwrap().to_text(), text_of(&expected));
    assert_eq!(emit(&whole, Dialect::Cached).unwrap_err()[0].code, "nothing-to-cache");
}

#[test]
fn gemini_is_not_cut_in_the_system_prompt_behind_a_hole_or_behind_the_last_turn() {
    let inside = Draught::default().system("a").mark("1h").system("b").user("c");
    let behind_hole = Draught::default()
        .segment(Tier::System, &[(Role::System, Kind::Input, "tone")])
        .system("a")
        .mark("1h")
        .user("c");
    let all = Draught::default().system("a").user("c").mark("1h");
    for draught in [inside, behind_hole, all] {
        let prompt = draught.prompt(Api::Gemini);
        assert_eq!(dialects(&prompt), [Dialect::Generate]);
        let body = emit(&prompt, Dialect::Generate).unwrap();
        assert_eq!(body.unplaced.len(), 1);
        assert!(body.json["systemInstruction"].is_object());
    }
    let system_only = Draught::default().system("a").mark("1h");
    assert_eq!(dialects(&system_only.prompt(Api::Gemini)), [Dialect::Generate, Dialect::Cached]);
}

#[test]
fn converse_puts_cache_points_behind_the_content() {
    let draught = Draught::default()
        .tool(WEATHER)
        .mark("1h")
        .system("<stable instructions>")
        .mark("1h")
        .user("<docs>")
        .mark("5m")
        .user("<question>");
    let body = emit(&draught.prompt(Api::Bedrock), Dialect::Converse).unwrap();
    let hour = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    let expected = json!({
        "modelId": "anthropic.claude-opus-5",
        "toolConfig": {"tools": [
            {"toolSpec": {"name": "get_weather", "description": "Get weather.", "inputSchema": {"json": schema()}}},
            hour,
        ]},
        "system": [{"text": "<stable instructions>"}, hour],
        "messages": [{"role": "user", "content": [
            {"text": "<docs>"}, {"cachePoint": {"type": "default"}}, {"text": "<question>"},
        ]}],
        "inferenceConfig": {"maxTokens": 1024},
    });
    assert_eq!(body.to_text(), text_of(&expected));
}

#[test]
fn a_schema_is_where_each_api_wants_it() {
    let answer = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
                        "additionalProperties": false});
    let draught = Draught::default().user("Hi").settings(json!({"effort": "low"}));
    let json = |api, dialect| json_of(&Prompt { schema: Some(&answer), ..draught.prompt(api) }, dialect);
    assert_eq!(
        json(Api::Anthropic, Dialect::Messages)["output_config"],
        json!({"effort": "low", "format": {"type": "json_schema", "schema": answer}})
    );
    assert_eq!(
        json(Api::OpenAi, Dialect::Responses)["text"],
        json!({"format": {"type": "json_schema", "name": "answer", "schema": answer, "strict": true}})
    );
    assert_eq!(
        json(Api::OpenAi, Dialect::Chat)["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": answer, "strict": true}})
    );
    assert_eq!(
        json(Api::Gemini, Dialect::Generate)["generationConfig"],
        json!({"thinkingConfig": {"thinkingLevel": "LOW"}, "maxOutputTokens": 1024,
               "responseMimeType": "application/json", "responseJsonSchema": answer})
    );
    assert_eq!(
        json(Api::Bedrock, Dialect::Converse)["outputConfig"],
        json!({"effort": "low", "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
            "schema": answer.to_string(), "name": "answer"}}}})
    );
}

#[test]
fn what_an_api_cannot_say_is_a_fault_with_a_cure() {
    let codes = |prompt: &Prompt, dialect| {
        emit(prompt, dialect).unwrap_err().into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let draught = Draught::default().user("Hi");
    let unlimited = Prompt { max_tokens: None, ..draught.prompt(Api::Anthropic) };
    assert_eq!(emit(&unlimited, Dialect::Messages).unwrap().json["max_tokens"], 4096);
    assert!(emit(&Prompt { max_tokens: None, ..draught.prompt(Api::OpenAi) }, Dialect::Chat).is_ok());

    let odd = Draught::default().user("Hi").mark("30m");
    assert_eq!(codes(&odd.prompt(Api::Anthropic), Dialect::Messages), ["unknown-ttl"]);

    let between = Draught::default().user("Hi").segment(Tier::Messages, &[(Role::System, Kind::Text, "Be brief.")]);
    assert_eq!(codes(&between.prompt(Api::Gemini), Dialect::Generate), ["unknown-role"]);
    assert_eq!(codes(&between.prompt(Api::Anthropic), Dialect::Messages), ["system-turn"]);
    let takes = json!({"mid_system": true});
    let newer = Prompt { takes: &takes, ..between.prompt(Api::Anthropic) };
    assert_eq!(json_of(&newer, Dialect::Messages)["messages"][1]["role"], "system");
    assert_eq!(json_of(&between.prompt(Api::OpenAi), Dialect::Chat)["messages"][1]["role"], "developer");

    let misplaced = Draught::default()
        .tool("[]")
        .tool(r#"{"name":"a"}"#)
        .tool(r#"{"input_schema":{},"name":"b","shape":1}"#)
        .segment(Tier::System, &[(Role::System, Kind::History, "earlier")]);
    assert_eq!(
        codes(&misplaced.prompt(Api::Bedrock), Dialect::Converse),
        ["bad-tool", "bad-tool", "bad-tool", "history-in-system"]
    );
}

#[test]
fn file_names_have_no_slash() {
    assert_eq!(Dialect::Chat.file_name("meta-llama/Llama-4"), "meta-llama_Llama-4.chat.json");
}
