//! What templates write, and the origins of it.

use serde_json::json;

use super::*;

#[test]
fn vars_inputs_and_context_by_bare_name_and_by_full_name() {
    let mut stage =
        Stage::new("{{product}} {{vars.product}} {{ticket}} {{inputs.ticket}} {{context.id}} {{each.path}}")
            .vars(json!({"product": "Acme"}))
            .inputs(&["ticket"]);
    stage.data.context = map(json!({"id": "support/triage"}));
    stage.data.each = Some(map(json!({"path": "data/a/system.md"})));
    assert_eq!(stage.text(), "Acme Acme ⟨ticket⟩ ⟨ticket⟩ support/triage data/a/system.md");
}

#[test]
fn an_input_is_a_hole_wherever_it_is_written_and_text_that_looks_like_one_is_text() {
    let stage = Stage::new(
        "<{{ticket}}>{{{ticket}}}{{&ticket}}{{fake}}{{include \"a.md\"}}\\{{ticket}}{{lookup inputs \"ticket\"}}",
    )
    .inputs(&["ticket"])
    .vars(json!({"fake": "{{ticket}}⟨x⟩\u{fdcf}"}))
    .fragment("a.md", "{{ticket}} \u{fffe}");
    let expected = "<⟨ticket⟩>⟨ticket⟩⟨ticket⟩{{ticket}}⟨x⟩\u{fdcf}{{ticket}} \u{fffe}{{ticket}}⟨ticket⟩";
    assert_eq!(stage.text(), expected);
    let Piece::Text(text) = &stage.run().unwrap().value.segments[0].pieces[0] else { panic!("text first") };
    assert_eq!(text, "<");
}

#[test]
fn an_input_passes_through_partials_and_bodies() {
    let stage =
        Stage::new("{{> card body=ticket}}|{{#> frame}}in {{ticket}}{{/frame}}|{{#with inputs}}{{ticket}}{{/with}}")
            .template("card.hbs", "card {{body}}")
            .template("frame.hbs", "<{{> @partial-block}}{{> @partial-block}}>")
            .inputs(&["ticket"]);
    assert_eq!(stage.text(), "card ⟨ticket⟩|<in ⟨ticket⟩in ⟨ticket⟩>|⟨ticket⟩");
}

#[test]
fn text_is_never_escaped_and_never_rendered_twice() {
    let stage = Stage::new("{{a}}{{{a}}}{{> p a}}").template("p.hbs", "{{this}}").vars(json!({"a": "<&\"'>{{b}}"}));
    assert_eq!(stage.text(), "<&\"'>{{b}}<&\"'>{{b}}<&\"'>{{b}}");
}

#[test]
fn the_helpers() {
    let data = json!({"list": ["a", 2, true], "map": {"b": [1], "a": {}}, "text": " Añb ", "zero": 0, "empty": "",
        "none": [], "sorts": {"é": {}, "Z": "\n"}, "lines": "one\n\ntwo\n"});
    for (template, expected) in [
        ("{{json map}}", r#"{"a":{},"b":[1]}"#),
        ("{{json list indent=2}}", "[\n  \"a\",\n  2,\n  true\n]"),
        ("{{json sorts indent=2}}", "{\n  \"Z\": \"\\n\",\n  \"é\": {}\n}"),
        ("{{yaml map}}", "b:\n  - 1\na: {}"),
        ("{{indent 2 lines}}", "  one\n\n  two\n"),
        ("{{indent 4 (yaml map)}}", "    b:\n      - 1\n    a: {}"),
        ("{{join list \", \"}}", "a, 2, true"),
        ("{{upper text}}|{{lower text}}|{{trim text}}", " AÑB | añb |Añb"),
        ("{{#ifEquals text \" Añb \"}}same{{else}}other{{/ifEquals}}", "same"),
        ("{{#unlessEquals zero 0}}other{{else}}same{{/unlessEquals}}", "same"),
        ("{{len list}} {{len map}} {{len text}} {{len none}}", "3 2 6 0"),
        ("{{lookup list 0}}{{lookup map \"b\" }}", "a[1]"),
        ("{{#if zero}}y{{else}}n{{/if}}{{#if zero includeZero=true}}y{{/if}}{{#unless empty}}u{{/unless}}", "nyu"),
        (
            "{{#if (and list (not none) (or zero 1) (gt 2 1) (gte 2 2) (lt 1.5 2) (lte \"a\" \"b\") (eq zero 0) (ne 1 2))}}all{{/if}}",
            "all",
        ),
        ("{{#each list as |x i|}}{{i}}{{x}}{{#unless @last}},{{/unless}}{{/each}}", "0a,12,2true"),
        ("{{#each map}}{{@key}}{{@index}} {{/each}}", "b0 a1 "),
        ("{{#each none}}x{{else}}nothing{{/each}}", "nothing"),
        ("{{#with map as |m|}}{{len m.b}}{{len b}}{{@root.zero}}{{../zero}}{{/with}}", "1100"),
        ("{{#if zero}}a{{else if none}}b{{else if list}}c{{else}}d{{/if}}", "c"),
        ("{{#eq zero 0}}block{{else}}no{{/eq}}{{eq zero 1}}", "blockfalse"),
    ] {
        assert_eq!(Stage::new(template).vars(data.clone()).text(), expected, "{template}");
    }
}

#[test]
fn a_map_is_walked_in_the_order_it_was_written() {
    let vars: Json = serde_json::from_str(r#"{"m": {"z": 1, "a": 2, "m": 3}}"#).unwrap();
    assert_eq!(Stage::new("{{#each m}}{{@key}}{{/each}}").vars(vars).text(), "zam");
}

#[test]
fn what_wrap_gives_is_nearer_than_a_var_of_the_same_name() {
    let stage = Stage::new("{{title}} {{vars.title}}").vars(json!({"title": "var"})).more(json!({"title": "file"}));
    assert_eq!(stage.text(), "file var");
}

#[test]
fn segments_split_a_template_and_keep_its_bytes() {
    let tags = "\n {{#segment id=\"a\"}}\nA {{product}}\n{{/segment}}\n\n{{#segment id=\"b\"}}B{{/segment}} and {{ticket}}\n{{#each list}}{{#segment id=this}}{{this}}{{/segment}} {{/each}}";
    let stage = Stage::new(tags).vars(json!({"product": "Acme", "list": ["x", "y"]})).inputs(&["ticket"]);
    assert_eq!(stage.text(), "[a|\nA Acme\n\n][b|B][| and ⟨ticket⟩\n][x|x ][y|y ]");
    let plain = tags.replace("{{#segment id=\"a\"}}", "{{#if true}}").replace("{{#segment id=\"b\"}}", "{{#if true}}");
    let plain = plain.replace("{{#segment id=this}}", "{{#if true}}").replace("{{/segment}}", "{{/if}}");
    let whole = Stage { templates: BTreeMap::from([("main.hbs".to_owned(), plain)]), ..stage }.text();
    assert_eq!(whole, "\nA Acme\n\nB and ⟨ticket⟩\nx y ");
}

#[test]
fn segments_know_their_lines() {
    let rendered = Stage::new("{{#segment id=\"a\"}}\nA\n{{/segment}}\ntail\n").run().unwrap().value;
    let lines = rendered.segments.iter().map(|segment| {
        let span = &segment.span;
        (segment.id.as_deref(), span.source.line(span.start), span.source.line(span.end - 1))
    });
    assert_eq!(lines.collect::<Vec<_>>(), [(Some("a"), 1, 3), (None, 4, 4)]);
}

#[test]
fn text_of_a_manifest_is_a_template_too() {
    let stage = Stage::default().template("p.hbs", "P").inputs(&["ticket"]);
    let manifest = "messages:\n  - user: \"a {{ticket}} {{> p}}{{nope}}\"\n";
    let source = Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), manifest);
    let start = manifest.find('"').unwrap();
    let span = Span::new(&source, start, manifest.len() - 1);
    let library = stage.library();
    let none = |_: &str| Err("no".to_owned());
    let ok = library.inline("a {{ticket}} {{> p}}", &span);
    assert_eq!(shown(&library.render(&ok, &stage.data.root(), &none).unwrap().value), "a ⟨ticket⟩ P");
    let broken = library.inline("a {{ticket}} {{> p}}{{nope}}", &span);
    let faults = library.render(&broken, &stage.data.root(), &none).unwrap_err();
    assert_eq!(
        listed(&faults),
        "contexts/a.yaml:2:34 unknown-name: nothing is named `nope` (there is `vars`, `inputs`, `context`, `ticket`) ‹nope›\n"
    );
}

#[test]
fn a_template_is_found_with_and_without_its_ending() {
    let stage = Stage::new("").template("a/persona.md.hbs", "").template("card.hbs", "").template("card.txt", "");
    let library = stage.library();
    assert_eq!(library.resolve("a/persona.md.hbs"), Ok("a/persona.md.hbs"));
    assert_eq!(library.resolve("a/persona"), Ok("a/persona.md.hbs"));
    assert_eq!(library.resolve("card.txt"), Ok("card.txt"));
    let fault = library.resolve("card").unwrap_err();
    assert!(format!("{fault:?}").contains("`card` could be `card.hbs` or `card.txt`"), "{fault:?}");
    for name in ["../a", "/etc/passwd", "a", "./main.hbs", "persona", ""] {
        assert!(library.resolve(name).is_err(), "{name}");
    }
}

#[test]
fn only_what_is_used_is_read() {
    let read = std::sync::Mutex::new(Vec::new());
    let names = ["main.hbs", "a.hbs", "b.hbs", "unused.hbs", "gone.hbs"];
    let library = Library::new(names.map(str::to_owned), |path| {
        let name = path.file_name();
        read.lock().unwrap().push(name.to_owned());
        let text = match name {
            "main.hbs" => "{{> a}}{{> a}}",
            "a.hbs" => "{{#if no}}{{> b}}{{/if}}",
            "gone.hbs" => return Err("it is not UTF-8".to_owned()),
            _ => "",
        };
        Ok(Some(whole(&Source::new(path.clone(), text))))
    });
    let template = library.template("main").unwrap();
    let data = Data { vars: map(json!({"no": false})), ..Data::default() };
    for _ in 0..2 {
        library.render(&template, &data.root(), &|_| Err(String::new())).unwrap();
    }
    assert_eq!(*read.lock().unwrap(), ["main.hbs", "a.hbs", "b.hbs"]);
    let reached: Vec<&str> = library.reach(&template).map(ProjectPath::as_str).collect();
    assert_eq!(reached, ["templates/a.hbs", "templates/b.hbs", "templates/main.hbs"]);
    let span = Span::file(&Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), "template: gone\n"));
    let fault = library.template("gone").err().unwrap().diagnostic(&span);
    assert_eq!(
        listed(&[fault]),
        "contexts/a.yaml:1:1 unknown-template: the template `gone.hbs` cannot be read: it is not UTF-8 ‹›\n"
    );
}

#[test]
fn a_template_may_stand_anywhere_in_the_project() {
    let stage = Stage::new("{{> prompts/card.md}}{{> card}}")
        .template("card.hbs", "below")
        .template("prompts/card.md", "first")
        .fragment("prompts/card.md", "second")
        .fragment("prompts/persona.hbs", "{{> prompts/tone.txt name=\"Ann\"}}")
        .fragment("prompts/tone.txt", "Speak like {{name}}.");
    // What is below `templates/` goes first.
    assert_eq!(stage.text(), "firstbelow");
    let library = stage.library();
    let template = library.template("prompts/persona.hbs").unwrap();
    let rendered = library.render(&template, &stage.data.root(), &|_| Err(String::new())).unwrap().value;
    assert_eq!(shown(&rendered), "Speak like Ann.");
    let reached: Vec<&str> = library.reach(&template).map(ProjectPath::as_str).collect();
    assert_eq!(reached, ["prompts/persona.hbs", "prompts/tone.txt"]);
    // Elsewhere the ending belongs to the name, and nothing outside of the project is read.
    for name in ["prompts/persona", "../a.hbs", "/etc/passwd", ".git/config"] {
        assert!(library.template(name).is_err(), "{name}");
    }
    // A partial that is not there yet is a dependency too.
    let waiting =
        library.inline("{{> prompts/later.hbs}}", &Span::file(&Source::new(ProjectPath::new("a.yaml").unwrap(), "")));
    assert_eq!(library.reach(&waiting).map(ProjectPath::as_str).collect::<Vec<_>>(), ["prompts/later.hbs"]);
}
