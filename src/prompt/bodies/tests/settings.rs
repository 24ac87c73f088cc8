//! Settings: each dialect's own words, and a fault for every word that it lacks.

use super::*;

fn with(settings: Value) -> Draught {
    Draught::default().tool(WEATHER).user("Hi").settings(settings)
}

fn faults(draught: &Draught, api: Api, dialect: Dialect) -> Vec<(String, String, Place)> {
    let faults = emit(&draught.prompt(api), dialect).unwrap_err();
    faults.into_iter().map(|fault| (fault.code.into_owned(), fault.hint.unwrap_or_default(), fault.place)).collect()
}

#[test]
fn a_tool_choice_is_said_in_every_vendors_words() {
    let table = [
        (
            Dialect::Messages,
            "/tool_choice",
            [json!({"type": "auto"}), json!({"type": "any"}), json!({"type": "tool", "name": "get_weather"})],
        ),
        (
            Dialect::Responses,
            "/tool_choice",
            [json!("auto"), json!("required"), json!({"type": "function", "name": "get_weather"})],
        ),
        (
            Dialect::Chat,
            "/tool_choice",
            [json!("auto"), json!("required"), json!({"type": "function", "function": {"name": "get_weather"}})],
        ),
        (
            Dialect::Generate,
            "/toolConfig/functionCallingConfig",
            [
                json!({"mode": "AUTO"}),
                json!({"mode": "ANY"}),
                json!({"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
            ],
        ),
        (
            Dialect::Converse,
            "/toolConfig/toolChoice",
            [json!({"auto": {}}), json!({"any": {}}), json!({"tool": {"name": "get_weather"}})],
        ),
    ];
    for (api, dialect) in everywhere() {
        let Some((_, pointer, expected)) = table.iter().find(|(known, ..)| *known == dialect) else { continue };
        for (choice, expected) in
            [json!("auto"), json!("any"), json!({"name": "get_weather"})].into_iter().zip(expected)
        {
            let draught = with(json!({"tool_choice": choice}));
            assert_eq!(json_of(&draught.prompt(api), dialect).pointer(pointer), Some(expected), "{dialect:?} {choice}");
        }
        let none = emit(&with(json!({"tool_choice": "none"})).prompt(api), dialect);
        assert_eq!(none.is_err(), dialect == Dialect::Converse);
        let misspelt = with(json!({"tool_choice": {"name": "get_wether"}}));
        assert_eq!(faults(&misspelt, api, dialect)[0].1, "did you mean `get_weather`?");
        assert_eq!(faults(&with(json!({"tool_choice": "get_weather"})), api, dialect)[0].0, "bad-tool-choice");
    }
}

#[test]
fn without_tools_a_choice_is_left_out_or_a_fault() {
    for (api, dialect) in everywhere() {
        let free = Draught::default().user("Hi").settings(json!({"tool_choice": "auto"}));
        let plain = Draught::default().user("Hi");
        assert_eq!(json_of(&free.prompt(api), dialect), json_of(&plain.prompt(api), dialect));
        let bound = Draught::default().user("Hi").settings(json!({"tool_choice": "any"}));
        assert_eq!(faults(&bound, api, dialect)[0].0, "bad-tool-choice");
    }
}

#[test]
fn every_unknown_key_is_named_with_the_nearest_known_one() {
    let draught = with(
        json!({"thinkng": {"type": "adaptive"}, "temperature": 1, "max_tokens": 5, "output_config": {"format": {}}}),
    );
    let found = faults(&draught, Api::Anthropic, Dialect::Messages);
    let codes: Vec<_> = found.iter().map(|(code, ..)| code.as_str()).collect();
    assert_eq!(codes, ["unknown-setting", "setting-of-other-dialect", "setting-elsewhere", "setting-elsewhere"]);
    assert_eq!(found[0].1, "did you mean `thinking`?");
    assert_eq!(found[2].1, "set `output.max_tokens`");
    assert_eq!(found[3].1, "set `output.schema`");
    assert_eq!(found[3].2, Place::Setting("output_config".to_owned()));
}

#[test]
fn a_setting_of_one_openai_body_is_translated_or_refused_in_the_other() {
    let draught = with(json!({"reasoning_effort": "low", "verbosity": "low"}));
    let responses = json_of(&draught.prompt(Api::OpenAi), Dialect::Responses);
    assert_eq!(
        (&responses["reasoning"], &responses["text"]),
        (&json!({"effort": "low"}), &json!({"verbosity": "low"}))
    );
    let draught = with(json!({"reasoning": {"effort": "low"}, "text": {"verbosity": "low"}}));
    let chat = json_of(&draught.prompt(Api::OpenAi), Dialect::Chat);
    assert_eq!((&chat["reasoning_effort"], &chat["verbosity"]), (&json!("low"), &json!("low")));

    let draught = with(json!({"seed": 7, "truncation": "auto"}));
    assert_eq!(faults(&draught, Api::OpenAi, Dialect::Responses)[0].0, "setting-of-other-dialect");
    assert_eq!(faults(&draught, Api::OpenAi, Dialect::Chat)[0].2, Place::Setting("truncation".to_owned()));
}

#[test]
fn saying_a_thing_twice_is_a_fault() {
    let draught = with(json!({"effort": "low", "output_config": {"effort": "high"}}));
    let found = faults(&draught, Api::Anthropic, Dialect::Messages);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "setting-twice"));
    let draught = with(json!({"top_k": 4, "additionalModelRequestFields": {"anthropic_beta": ["a"]}}));
    assert_eq!(
        json_of(&draught.prompt(Api::Bedrock), Dialect::Converse)["additionalModelRequestFields"],
        json!({"top_k": 4, "anthropic_beta": ["a"]})
    );
}

#[test]
fn the_project_of_a_call_is_a_setting_of_converse_alone() {
    let draught = with(json!({"projectIdentifier": "default"}));
    for (api, dialect) in everywhere() {
        if dialect == Dialect::Converse {
            assert_eq!(json_of(&draught.prompt(api), dialect)["projectIdentifier"], "default");
        } else {
            assert_eq!(faults(&draught, api, dialect)[0].0, "setting-of-other-dialect", "{dialect:?}");
        }
    }
}

#[test]
fn the_order_of_settings_changes_no_byte() {
    let one =
        with(json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "stop_sequences": "END", "effort": "low"}));
    let other = with(
        json!({"effort": "low", "stop_sequences": ["END"], "thinking": {"budget_tokens": 1024, "type": "enabled"}}),
    );
    let text = |draught: &Draught| {
        let prompt = Prompt { max_tokens: Some(2048), ..draught.prompt(Api::Anthropic) };
        emit(&prompt, Dialect::Messages).unwrap().to_text()
    };
    assert_eq!(text(&one), text(&other));
}
