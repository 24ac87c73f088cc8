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

/// An example with two calls at once, one of them without a text beside, and another call whose id was there before.
fn calling() -> Draught {
    let calls = [
        (Role::User, Kind::Text, "Paris and Rome?"),
        (Role::Assistant, Kind::Text, "I look."),
        (Role::Assistant, Kind::ToolCall, r#"{"id":"c1","name":"get_weather","arguments":"{\"city\": \"Paris\"}"}"#),
        (Role::Assistant, Kind::ToolCall, r#"{"id":"c.2","name":"get_weather","arguments":""}"#),
        (Role::User, Kind::ToolResult, r#"{"id":"c.2","name":"get_weather","content":""}"#),
        (Role::User, Kind::ToolResult, r#"{"id":"c1","name":"get_weather","content":"21"}"#),
        (Role::Assistant, Kind::ToolCall, r#"{"id":"c1","name":"get_weather","arguments":"{}"}"#),
        (Role::User, Kind::ToolResult, r#"{"id":"c1","name":"get_weather","content":"{\"t\": 7}"}"#),
        (Role::Assistant, Kind::Text, "21 and 7."),
    ];
    Draught::default().tool(WEATHER).segment(Tier::Messages, &calls).user("Thanks")
}

#[test]
fn calls_of_tools_and_their_results_are_where_each_format_has_them() {
    let paris = r#"{"city": "Paris"}"#;
    let user = |text: &str| json!({"role": "user", "content": [{"type": "text", "text": text}]});
    let chat_call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}});
    let item = |id: &str, arguments: &str| json!({"type": "function_call", "call_id": id, "name": "get_weather", "arguments": arguments});
    let output = |id: &str, text: &str| json!({"type": "function_call_output", "call_id": id, "output": text});
    let input_text =
        |text: &str| json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]});
    let said = |text: &str| json!({"type": "message", "role": "assistant", "content": text});
    let tool_use =
        |id: &str, input: Value| json!({"type": "tool_use", "id": id, "name": "get_weather", "input": input});
    let of_converse =
        |id: &str, input: Value| json!({"toolUse": {"toolUseId": id, "name": "get_weather", "input": input}});
    let answered = |id: &str, content: Value| json!({"toolResult": {"toolUseId": id, "content": content}});
    let function_call =
        |id: &str, args: Value| json!({"functionCall": {"id": id, "name": "get_weather", "args": args}});
    let response =
        |id: &str, value: Value| json!({"functionResponse": {"id": id, "name": "get_weather", "response": value}});
    let table = [
        (
            Api::Anthropic,
            Dialect::Messages,
            "/messages",
            json!([
                user("Paris and Rome?"),
                {"role": "assistant", "content": [
                    {"type": "text", "text": "I look."}, tool_use("c1", json!({"city": "Paris"})),
                    tool_use("call_1", json!({})),
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1"},
                    {"type": "tool_result", "tool_use_id": "c1", "content": "21"},
                ]},
                {"role": "assistant", "content": [tool_use("call_2", json!({}))]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_2", "content": "{\"t\": 7}"},
                ]},
                {"role": "assistant", "content": [{"type": "text", "text": "21 and 7."}]},
                user("Thanks"),
            ]),
        ),
        (
            Api::OpenAi,
            Dialect::Chat,
            "/messages",
            json!([
                user("Paris and Rome?"),
                {"role": "assistant", "content": [{"type": "text", "text": "I look."}],
                 "tool_calls": [chat_call("c1", paris), chat_call("call_1", "")]},
                {"role": "tool", "tool_call_id": "call_1", "content": ""},
                {"role": "tool", "tool_call_id": "c1", "content": "21"},
                {"role": "assistant", "content": null, "tool_calls": [chat_call("call_2", "{}")]},
                {"role": "tool", "tool_call_id": "call_2", "content": "{\"t\": 7}"},
                {"role": "assistant", "content": [{"type": "text", "text": "21 and 7."}]},
                user("Thanks"),
            ]),
        ),
        (
            Api::OpenAi,
            Dialect::Responses,
            "/input",
            json!([
                input_text("Paris and Rome?"),
                said("I look."),
                item("c1", paris),
                item("call_1", ""),
                output("call_1", ""),
                output("c1", "21"),
                item("call_2", "{}"),
                output("call_2", "{\"t\": 7}"),
                said("21 and 7."),
                input_text("Thanks"),
            ]),
        ),
        (
            Api::Gemini,
            Dialect::Generate,
            "/contents",
            json!([
                {"role": "user", "parts": [{"text": "Paris and Rome?"}]},
                {"role": "model", "parts": [
                    {"text": "I look."}, function_call("c1", json!({"city": "Paris"})), function_call("call_1", json!({})),
                ]},
                {"role": "user", "parts": [
                    response("call_1", json!({"result": ""})), response("c1", json!({"result": "21"})),
                ]},
                {"role": "model", "parts": [function_call("call_2", json!({}))]},
                {"role": "user", "parts": [response("call_2", json!({"t": 7}))]},
                {"role": "model", "parts": [{"text": "21 and 7."}]},
                {"role": "user", "parts": [{"text": "Thanks"}]},
            ]),
        ),
        (
            Api::Bedrock,
            Dialect::Converse,
            "/messages",
            json!([
                {"role": "user", "content": [{"text": "Paris and Rome?"}]},
                {"role": "assistant", "content": [
                    {"text": "I look."}, of_converse("c1", json!({"city": "Paris"})), of_converse("call_1", json!({})),
                ]},
                {"role": "user", "content": [answered("call_1", json!([])), answered("c1", json!([{"text": "21"}]))]},
                {"role": "assistant", "content": [of_converse("call_2", json!({}))]},
                {"role": "user", "content": [answered("call_2", json!([{"text": "{\"t\": 7}"}]))]},
                {"role": "assistant", "content": [{"text": "21 and 7."}]},
                {"role": "user", "content": [{"text": "Thanks"}]},
            ]),
        ),
    ];
    let draught = calling();
    for (api, dialect, pointer, expected) in table {
        let body = emit(&draught.prompt(api), dialect).unwrap();
        assert_eq!(body.json.pointer(pointer), Some(&expected), "{dialect}");
        let told: Vec<&str> = body.findings.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(told, ["2 calls of tools get an id of their own, since a request has each once"], "{dialect}");
    }
}

#[test]
fn a_tool_that_is_called_is_declared() {
    let mut draught = calling();
    draught.segments.remove(0);
    for (api, dialect) in everywhere() {
        let refuses = matches!(dialect, Dialect::Messages | Dialect::Converse);
        let found = match emit(&draught.prompt(api), dialect) {
            Ok(body) => body.findings,
            Err(found) => found,
        };
        let found: Vec<_> = found.iter().filter(|found| found.code == "undeclared-tool").collect();
        assert_eq!(found.len(), 1, "{dialect}: {found:?}");
        assert_eq!(found[0].reaction.refuses(), refuses, "{dialect}: {found:?}");
    }
    let other = calling().tool(&WEATHER.replace("get_weather", "other"));
    for (api, dialect) in everywhere() {
        let mut others = Draught { segments: other.segments.clone(), ..Draught::default() };
        others.segments.rotate_right(1);
        others.segments.remove(1);
        let body = emit(&others.prompt(api), dialect).unwrap();
        assert!(
            body.findings.iter().any(|found| found.message.contains("none of those that are declared")),
            "{dialect}"
        );
    }
}
