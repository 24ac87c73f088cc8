//! Calls of tools and their results: what they read as, and what is wrong with them.

use super::*;

/// Fine-tuning files of OpenAI, old and new, and of ShareGPT.
#[test]
fn calls_of_tools_and_their_results_are_turns() {
    let call = |id: &str, arguments: &str| {
        format!(r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":{arguments}}}}}"#)
    };
    let calls = |content: &str, calls: &str| format!(r#"{{"role":"assistant",{content}"tool_calls":[{calls}]}}"#);
    let result = |id: &str, content: &str| format!(r#"{{"role":"tool","tool_call_id":"{id}","content":{content}}}"#);
    let (user, answer) = (r#"{"role":"user","content":"q"}"#, r#"{"role":"assistant","content":"a"}"#);
    let read = |messages: &str| {
        let list = if messages.contains("\"from\"") { "conversations" } else { "messages" };
        good("a.jsonl", &format!("{{\"{list}\":[{messages}]}}"), None).remove(0)
    };
    let asked = |id: &str, arguments: &str| {
        format!("assistant: {:?}", json!({"id": id, "name": "f", "arguments": arguments}).to_string())
    };
    let answered =
        |id: &str, content: &str| format!("user: {:?}", json!({"id": id, "name": "f", "content": content}).to_string());
    let turns = |middle: &[String]| format!("1@1-1 user: \"q\", {}, assistant: \"a\" {{}}", middle.join(", "));
    for (messages, expected) in [
        // The arguments stay as they were written, and results name their call in any order.
        (
            format!(
                "{user},{},{},{},{answer}",
                calls("\"content\":\"t\",", &(call("x", "\"{\\\"b\\\": 1}\"") + "," + &call("y", "{\"b\": 1.50}"))),
                result("y", "[{\"type\":\"text\",\"text\":\"7\"}]"),
                result("x", "null")
            ),
            vec![
                "assistant: \"t\"".to_owned(),
                asked("x", "{\"b\": 1}"),
                asked("y", "{\"b\":1.50}"),
                answered("y", "7"),
                answered("x", ""),
            ],
        ),
        (
            format!("{user},{},{},{answer}", calls("\"content\":null,", &call("x", "\"\"")), result("x", "{\"t\":7}")),
            vec![asked("x", ""), answered("x", "{\"t\":7}")],
        ),
        (
            format!(
                "{user},{},{},{answer}",
                r#"{"role":"assistant","content":"","function_call":{"name":"f","arguments":"{}"}}"#,
                r#"{"role":"function","name":"f","content":"7"}"#
            ),
            vec![asked("call_1", "{}"), answered("call_1", "7")],
        ),
        (
            [
                r#"{"from":"human","value":"q"}"#,
                r#"{"from":"function_call","value":"{\"name\": \"f\", \"arguments\": {\"b\": 1}}"}"#,
                r#"{"from":"observation","value":"7"},{"from":"gpt","value":"a"}"#,
            ]
            .join(","),
            vec![asked("call_1", "{\"b\":1}"), answered("call_1", "7")],
        ),
    ] {
        assert_eq!(read(&messages), turns(&expected), "{messages}");
    }
    let several = r#"{"from":"function_call","value":"[{\"name\": \"f\"}, {\"name\": \"f\"}]"}"#;
    let both = format!(r#"{{"from":"human","value":"q"}},{several},{{"from":"observation","value":"7"}},"#)
        + r#"{"from":"observation","value":"8"},{"from":"gpt","value":"a"}"#;
    let calls_of = [asked("call_1", "{}"), asked("call_2", "{}"), answered("call_1", "7"), answered("call_2", "8")];
    assert_eq!(read(&both), turns(&calls_of));
    for (messages, said) in [
        (result("x", "\"7\""), "1:14 tool-turn: the result answers no call `x` before it"),
        (
            format!("{user},{},{}", calls("", &call("x", "\"{}\"")), result("z", "7")),
            "the result answers no call `z` before it",
        ),
        (
            calls("", &call("x", "\"[1]\"")),
            "the arguments of the call of `f` are no JSON object: they are another JSON value",
        ),
        (calls("", &call("x", "\"{1\"")), "the arguments of the call of `f` are no JSON object: key must be a string"),
        (calls("", r#"{"type":"custom","custom":{"name":"f","input":"x"}}"#), "the call is of the type \"custom\""),
        (calls("", r#"{"function":{}}"#), "the call has no `name`"),
        (r#"{"role":"assistant","tool_calls":7}"#.to_owned(), "`tool_calls` is a list, this one is a number"),
        (
            r#"{"role":"user","content":"q","tool_calls":[{"function":{"name":"f"}}]}"#.to_owned(),
            "a message of the role \"user\" calls a tool",
        ),
        (format!("{user},{}", result("x", "[{\"type\":\"image\"}]")), "the message holds a part of type \"image\""),
    ] {
        let found = bad("a.jsonl", &format!("{{\"messages\":[{messages}]}}"), None);
        assert!(found[0].contains(said), "{messages}: {found:?}");
    }
}

/// Every API refuses a call without its result, and goes on from a result with an answer.
#[test]
fn an_example_says_what_is_open_in_it() {
    let call = |id: &str| {
        let function = r#""function":{"name":"f","arguments":"{}"}"#;
        format!(r#"{{"role":"assistant","tool_calls":[{{"id":"{id}",{function}}}]}}"#)
    };
    let result = |id: &str| format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"7"}}"#);
    let (user, answer) = (r#"{"role":"user","content":"q"}"#, r#"{"role":"assistant","content":"a"}"#);
    let missing = Some("the call of `f` has no result right behind it".to_owned());
    let last = Some("the last turn is the result of a tool, without an answer".to_owned());
    for (messages, expected) in [
        (format!("{user},{answer}"), None),
        (format!("{user},{},{},{answer}", call("x"), result("x")), None),
        (format!("{user},{},{},{},{},{answer}", call("x"), call("x"), result("x"), result("x")), None),
        (format!("{user},{}", call("x")), missing.clone()),
        (format!("{user},{},{},{},{answer}", call("x"), call("y"), result("x")), missing.clone()),
        (format!("{user},{},{user},{},{answer}", call("x"), result("x")), missing.clone()),
        (format!("{user},{},{}", call("x"), result("x")), last),
    ] {
        let text = format!("{{\"messages\":[{messages}]}}");
        let examples = super::read(&source("a.jsonl", &text), None, false, &mut Faults::new()).expect(&messages);
        assert_eq!(examples[0].open_call(), expected, "{messages}");
    }
}
