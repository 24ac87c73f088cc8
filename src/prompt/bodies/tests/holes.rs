//! Holes: found by their place, so that filling them is the same as having written the text.

use proptest::prelude::*;

use super::*;

/// Fills a body as `docs/bodies.md` tells applications to: from the last hole to the first.
fn fill(mut body: Body, value: impl Fn(&str) -> String, turns: &Value) -> Value {
    for hole in body.holes.iter().rev() {
        if hole.kind == HoleKind::History {
            let (list, index) = hole.pointer.rsplit_once('/').unwrap();
            let index: usize = index.parse().unwrap();
            let messages = body.json.pointer_mut(list).unwrap().as_array_mut().unwrap();
            messages.splice(index..index, turns.as_array().unwrap().iter().cloned());
        } else if let Some(Value::String(text)) = body.json.pointer_mut(&hole.pointer) {
            let scalars: Vec<char> = text.chars().collect();
            let placeholder: String = scalars[hole.start..hole.end].iter().collect();
            assert_eq!(placeholder, format!("{{{{{}}}}}", hole.name));
            let before: String = scalars[..hole.start].iter().collect();
            let after: String = scalars[hole.end..].iter().collect();
            *text = format!("{before}{}{after}", value(&hole.name));
        } else {
            panic!("no string at {}", hole.pointer);
        }
    }
    body.json
}

#[test]
fn hostile_names_and_look_alikes_change_nothing() {
    let draught =
        Draught::default().system("Say {{a/b~c}} as it is. 🦀 é ").user("🦀 {{a/b~c}}: ").input("a/b~c").input("x");
    let body = emit(&draught.prompt(Api::Anthropic), Dialect::Messages).unwrap();
    let hole = |segment, name: &str, start, end| Hole {
        segment: Some(segment),
        name: name.to_owned(),
        kind: HoleKind::Input,
        pointer: "/messages/0/content/0/text".to_owned(),
        start,
        end,
    };
    assert_eq!(body.holes, [hole(2, "a/b~c", 13, 22), hole(3, "x", 22, 27)]);
    let filled = fill(body, |name| format!("<{name} {{{{x}}}}>"), &json!([]));
    assert_eq!(filled["system"][0]["text"], "Say {{a/b~c}} as it is. 🦀 é ");
    assert_eq!(filled["messages"][0]["content"][0]["text"], "🦀 {{a/b~c}}: <a/b~c {{x}}><x {{x}}>");
}

#[test]
fn a_history_is_a_place_between_messages() {
    let draught = Draught::default().system("s").user("q").assistant("a").history("earlier").user("Now: ").input("ask");
    for (api, dialect) in everywhere() {
        let body = emit(&draught.prompt(api), dialect).unwrap();
        let (list, system) = match dialect {
            Dialect::Responses => ("input", 1),
            Dialect::Chat => ("messages", 1),
            Dialect::Generate => ("contents", 0),
            _ => ("messages", 0),
        };
        let history = body.holes.iter().find(|hole| hole.kind == HoleKind::History).unwrap();
        assert_eq!(history.pointer, format!("/{list}/{}", system + 2), "{dialect:?}");
        let filled = fill(body, |_| "go".to_owned(), &json!(["earlier turns"]));
        assert_eq!(filled[list][system + 2], "earlier turns");
        assert!(filled[list][system + 3].to_string().contains("Now: go"));
    }
}

#[test]
fn a_breakpoint_behind_a_history_is_reported() {
    let draught = Draught::default().user("q").history("earlier").mark("5m").user("r");
    let body = emit(&draught.prompt(Api::Anthropic), Dialect::Messages).unwrap();
    assert_eq!(body.unplaced.len(), 1);
    assert_eq!(body.holes[0].pointer, "/messages/1");
}

/// A segment: one or two parts of text or input, in the system prompt or in the messages.
fn parts() -> impl Strategy<Value = Vec<(Role, Kind, String)>> {
    let part = (
        prop_oneof![Just(Role::User), Just(Role::Assistant)],
        prop_oneof![2 => Just(Kind::Text), 1 => Just(Kind::Input)],
        prop_oneof!["x.{0,5}", Just("{{a}}".to_owned()), Just("a~/b".to_owned()), Just("🦀\n\n".to_owned())],
    );
    prop::collection::vec(part, 1..3)
}

fn draught(system: &[String], messages: &[Vec<(Role, Kind, String)>], cuts: &[usize], filled: bool) -> Draught {
    // A conversation begins and ends with the user.
    let mut draught = system.iter().fold(Draught::default(), |draught, text| draught.system(text)).user("q");
    for segment in messages {
        let values: Vec<_> = segment
            .iter()
            .map(|(role, kind, text)| match kind {
                Kind::Input if filled => (*role, Kind::Text, value(text)),
                _ => (*role, *kind, text.clone()),
            })
            .collect();
        let parts: Vec<_> = values.iter().map(|(role, kind, text)| (*role, *kind, text.as_str())).collect();
        draught = draught.segment(Tier::Messages, &parts);
    }
    draught = draught.user("r");
    let ttl = Ttl::parse("1h").unwrap();
    draught.breakpoints = cuts.iter().map(|&after| Breakpoint { after, ttl }).collect();
    draught
}

fn value(name: &str) -> String {
    format!("{name}é{{{{{name}}}}}")
}

/// Every text of a body in order, and where messages begin.
fn texts(json: &Value, out: &mut String) {
    match json {
        Value::Object(members) => {
            if members.contains_key("role") {
                out.push('\u{1}');
            }
            for (key, value) in members {
                match value {
                    Value::String(text) if key == "text" || key == "content" => out.push_str(text),
                    _ => texts(value, out),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, out)),
        _ => {}
    }
}

proptest! {
    /// Filling the holes gives the body of the prompt that has the values written in their places.
    #[test]
    fn filling_is_writing(
        system in prop::collection::vec("x.{0,3}", 0..3),
        messages in prop::collection::vec(parts(), 0..5),
        cuts in prop::collection::btree_set(0usize..8, 0..3),
    ) {
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let open = draught(&system, &messages, &cuts, false);
        let written = draught(&system, &messages, &cuts, true);
        for (api, dialect) in everywhere() {
            // Where Gemini cuts depends on where the holes are, and OpenAI has no lifetime of an hour.
            let caching = if [Api::Gemini, Api::OpenAi].contains(&api) { Caching::None } else { open.prompt(api).caching };
            let body = emit(&Prompt { caching, ..open.prompt(api) }, dialect).unwrap();
            let expected = emit(&Prompt { caching, ..written.prompt(api) }, dialect).unwrap();
            prop_assert_eq!(fill(body, value, &json!([])), expected.json);
        }
    }

    /// Every turn's text is its parts joined and nothing else, whatever the breakpoints.
    #[test]
    fn turns_have_the_joined_parts(
        system in prop::collection::vec("[a-z][a-z\n ]{0,3}", 0..3),
        messages in prop::collection::vec(parts(), 0..5),
        cuts in prop::collection::btree_set(0usize..8, 0..3),
    ) {
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let draught = draught(&system, &messages, &cuts, true);
        let mut expected = String::new();
        for message in crate::prompt::segment::messages(&draught.segments) {
            let (first, _) = message[0];
            if draught.segments[first].tier == Tier::Messages {
                expected.push('\u{1}');
            }
            expected.extend(message.iter().map(|&(segment, part)| draught.segments[segment].parts[part].text.as_ref()));
        }
        for (api, dialect) in everywhere() {
            let caching = if api == Api::OpenAi { Caching::None } else { draught.prompt(api).caching };
            let prompt = Prompt { caching, ..draught.prompt(api) };
            let mut found = String::new();
            if dialect == Dialect::Generate && dialects(&prompt).contains(&Dialect::Cached) {
                continue;
            }
            texts(&json_of(&prompt, dialect), &mut found);
            // To OpenAI the system prompt is a message.
            let openai = matches!(dialect, Dialect::Responses | Dialect::Chat);
            let found = if openai && !system.is_empty() { found.replacen('\u{1}', "", 1) } else { found };
            prop_assert_eq!(found, expected.clone());
        }
    }
}
