//! What is written another way than it was asked for, each time with a word about it.

use super::*;

/// The codes of a body's findings.
fn said(body: &Body) -> Vec<&str> {
    body.findings.iter().map(|found| &*found.code).collect()
}

/// The texts of a list of turns or blocks, marked ones with `*`.
fn shape(list: &Value) -> Vec<String> {
    let blocks = |owner: &Value| owner["content"].as_array().cloned().unwrap_or_else(|| vec![owner.clone()]);
    let text = |block: &Value| match (block["text"].as_str(), block.get("cachePoint")) {
        (Some(text), _) => format!("{text}{}", if block.get("cache_control").is_some() { "*" } else { "" }),
        (None, _) => "*".to_owned(),
    };
    let all = list.as_array().into_iter().flatten();
    all.map(|owner| blocks(owner).iter().map(text).collect::<String>()).collect()
}

#[test]
fn blank_texts_are_left_out_where_they_are_refused_and_their_marks_move_to_the_block_before() {
    let draught = || Draught::default().system("S").mark("1h");
    // What is built, and the turns and system texts that come of it.
    let table: [(Draught, &[&str], &[&str]); 5] = [
        (draught().user("a").assistant("  \n").user("b"), &["S*"], &["ab"]),
        (draught().user("a").mark("5m").user(" ").mark("5m").user("b"), &["S*"], &["a*b"]),
        (draught().user("a").user("\t").mark("5m").assistant("c").user("b"), &["S*"], &["a\t*", "c", "b"]),
        (Draught::default().system("S").system("\n\n").user("b"), &["S\n\n"], &["b"]),
        (Draught::default().tool(WEATHER).system(" ").mark("1h").user("b"), &[], &["b"]),
    ];
    for (draught, system, turns) in table {
        let blank = draught.segments.iter().any(|segment| segment.parts[0].text.trim().is_empty());
        assert!(blank);
        for (api, dialect) in [(Api::Anthropic, Dialect::Messages), (Api::Bedrock, Dialect::Converse)] {
            let body = emit(&draught.prompt(api), dialect).unwrap();
            let strings = |list: &Value| shape(list).concat();
            assert_eq!(strings(&body.json["messages"]), turns.concat(), "{dialect:?}");
            assert_eq!(strings(&body.json["system"]), system.concat(), "{dialect:?}");
        }
        let chat = emit(&draught.prompt(Api::OpenAi), Dialect::Chat);
        assert!(chat.is_err_and(|found| found[0].code == "unknown-ttl") || draught.breakpoints.is_empty());
    }
    // The mark of a blank system prompt is that of the tools.
    let tools = Draught::default().tool(WEATHER).system(" ").mark("1h").user("b");
    let body = emit(&tools.prompt(Api::Anthropic), Dialect::Messages).unwrap();
    assert_eq!((said(&body), body.json["tools"][0]["cache_control"]["ttl"].as_str()), (vec!["blank-text"], Some("1h")));
    let plain = Draught::default().user("a").assistant(" ").user("b");
    assert_eq!(json_of(&plain.prompt(Api::OpenAi), Dialect::Chat)["messages"].as_array().map(Vec::len), Some(3));
}

#[test]
fn system_turns_that_come_first_are_system_text_and_others_are_refused() {
    let system = |draught: Draught, text| draught.segment(Tier::Messages, &[(Role::System, Kind::Text, text)]);
    let first = system(Draught::default().system("S"), "T").user("a");
    for (api, dialect) in [(Api::Anthropic, Dialect::Messages), (Api::Bedrock, Dialect::Converse)] {
        let body = emit(&first.prompt(api), dialect).unwrap();
        assert_eq!(
            (shape(&body.json["system"]), shape(&body.json["messages"])),
            (vec!["S".into(), "T".into()], vec!["a".into()])
        );
        assert_eq!(said(&body), ["hoisted-system"]);
        let later = system(Draught::default().user("a"), "T");
        assert_eq!(emit(&later.prompt(api), dialect).unwrap_err()[0].code, "system-turn");
    }
}

#[test]
fn an_answer_that_is_begun_ends_without_white_space() {
    for (text, expected, is_said) in [("Verdict:\n \u{a0}", "Verdict:", true), ("Verdict:", "Verdict:", false)] {
        let draught = Draught::default().user("a").assistant(text);
        for (api, dialect) in [(Api::Anthropic, Dialect::Messages), (Api::Bedrock, Dialect::Converse)] {
            let body = emit(&draught.prompt(api), dialect).unwrap();
            assert_eq!(shape(&body.json["messages"]), ["a", expected]);
            assert_eq!(said(&body), if is_said { vec!["trimmed-prefill"] } else { vec![] });
        }
        let takes = json!({"prefill": false});
        let newer = Prompt { takes: &takes, ..draught.prompt(Api::Anthropic) };
        assert!(emit(&newer, Dialect::Messages).unwrap_err().iter().any(|found| found.code == "prefill"));
    }
    // What an input ends with is the caller's to trim.
    let open = Draught::default().user("a").segment(Tier::Messages, &[(Role::Assistant, Kind::Input, "x ")]);
    assert!(emit(&open.prompt(Api::Anthropic), Dialect::Messages).unwrap().findings.is_empty());
}

#[test]
fn strict_mode_that_is_given_up_is_said_and_a_strict_tool_is_refused() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let draught = Draught::default().user("a");
    for (api, dialect, path) in [
        (Api::OpenAi, Dialect::Responses, "/text/format/strict"),
        (Api::OpenAi, Dialect::Chat, "/response_format/json_schema/strict"),
    ] {
        let body = emit(&Prompt { schema: Some(&open), ..draught.prompt(api) }, dialect).unwrap();
        assert_eq!((body.json.pointer(path), said(&body)), (Some(&json!(false)), vec!["strict-given-up"]));
        let tool = json!({"name": "a", "input_schema": open, "strict": true}).to_string();
        let strict = Draught::default().tool(&tool).user("a");
        assert_eq!(emit(&strict.prompt(api), dialect).unwrap_err()[0].code, "strict-tool");
    }
    for (length, code) in [(59, None), (60, Some("schema-size"))] {
        let values: Vec<String> = (0..251).map(|number| format!("{number:0length$}")).collect();
        let long = json!({"type": "object", "properties": {"a": {"type": "string", "enum": values}}, "required": ["a"],
            "additionalProperties": false});
        let body = emit(&Prompt { schema: Some(&long), ..draught.prompt(Api::OpenAi) }, Dialect::Chat);
        assert_eq!(body.err().map(|found| found[0].code.to_string()).as_deref(), code);
    }
    let gemini = emit(
        &Prompt { schema: Some(&json!({"type": "string", "pattern": "a"})), ..draught.prompt(Api::Gemini) },
        Dialect::Generate,
    );
    assert_eq!(said(&gemini.unwrap()), ["loose-schema"]);
}
