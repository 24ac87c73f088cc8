//! What each format reads as, and what each fault says, place by place.

mod calls;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::syntax::source::ProjectPath;

fn source(path: &str, text: &str) -> Arc<Source> {
    Source::new(ProjectPath::new(path).unwrap(), text)
}

fn mapping(user: &str, assistant: &str) -> Mapping {
    Mapping { user: vec![user.to_owned()], assistant: assistant.to_owned() }
}

/// The examples as one line each: lines, turns, metadata.
fn good(path: &str, text: &str, map: Option<&Mapping>) -> Vec<String> {
    let mut faults = Faults::new();
    let examples = read(&source(path, text), map, false, &mut faults);
    assert!(examples.is_some(), "{:#?}", faults.into_vec());
    let line = |example: &Example| {
        let turns: Vec<String> =
            example.turns.iter().map(|turn| format!("{}: {:?}", turn.role.as_str(), turn.text)).collect();
        let (first, last) = (example.lines.start(), example.lines.end());
        format!("{}@{first}-{last} {} {}", example.index, turns.join(", "), Value::from(example.meta.clone()))
    };
    examples.unwrap_or_default().iter().map(line).collect()
}

/// The faults as one line each: place, code, message.
fn bad(path: &str, text: &str, map: Option<&Mapping>) -> Vec<String> {
    let mut faults = Faults::new();
    assert!(read(&source(path, text), map, false, &mut faults).is_none());
    lines(faults)
}

/// The warnings of a file that is read, in the same form.
fn warned(path: &str, text: &str, map: Option<&Mapping>) -> Vec<String> {
    let mut faults = Faults::new();
    assert!(read(&source(path, text), map, false, &mut faults).is_some());
    lines(faults)
}

fn lines(faults: Faults) -> Vec<String> {
    let line = |fault: &Diagnostic| format!("{:?} {}: {}", fault.span.as_ref().unwrap(), fault.code, fault.message);
    faults.into_vec().iter().map(line).collect()
}

#[test]
fn every_format_reads_alike() {
    let expected = [r#"user: "a,\nb", assistant: "x" {"label":"l"}"#, r#"user: "c \"d\"", assistant: "é" {}"#];
    for (path, text, lines) in [
        (
            "a.jsonl",
            "{\"input\":\"a,\\nb\",\"output\":\"x\",\"label\":\"l\"}\n\n  {\"input\":\"c \\\"d\\\"\",\"output\":\"\\u00e9\"}\r\n",
            ["1-1", "3-3"],
        ),
        (
            "a.ndjson",
            "\n{\"input\":\"a,\\nb\",\"output\":\"x\",\"label\":\"l\"}\n{\"input\":\"c \\\"d\\\"\",\"output\":\"é\"}",
            ["2-2", "3-3"],
        ),
        (
            "a.json",
            "[\n {\"input\":\"a,\\nb\",\n  \"output\":\"x\", \"label\": \"l\"},\n {\"input\":\"c \\\"d\\\"\",\"output\":\"é\"}\n]\n",
            ["2-3", "4-4"],
        ),
        (
            "a.json",
            "{\"version\":[1],\"records\":[{\"input\":\"a,\\nb\",\"output\":\"x\",\"label\":\"l\"},\n{\"input\":\"c \\\"d\\\"\",\"output\":\"é\"}]}",
            ["1-1", "2-2"],
        ),
        (
            "a.yaml",
            "# two\n- input: \"a,\\nb\"\n  output: x\n  label: l\n\n- {input: 'c \"d\"', output: é}\n",
            ["2-4", "6-6"],
        ),
        (
            "a.yml",
            "examples:\n- input: |-\n    a,\n    b\n  output: x\n  label: l\n- {input: 'c \"d\"', output: é}\n",
            ["2-6", "7-7"],
        ),
        ("a.csv", "input,output,label\r\n\"a,\nb\",x,l\r\n\r\n\"c \"\"d\"\"\",é,\r\n", ["2-3", "5-5"]),
        ("a.csv", "input;output;label\r\n\"a,\nb\";x;l\r\n;;\r\n\"c \"\"d\"\"\";é;\r\n", ["2-3", "5-5"]),
        ("a.tsv", "input\toutput\tlabel\n\"a,\nb\"\tx\tl\n\t\t\n\"c \"\"d\"\"\"\té\t\n", ["2-3", "5-5"]),
    ] {
        let expected: Vec<String> =
            (1..).zip(lines.iter().zip(expected)).map(|(n, (lines, rest))| format!("{n}@{lines} {rest}")).collect();
        assert_eq!(good(path, text, None), expected, "{path}: {text}");
    }
}

#[test]
fn every_shape_gives_turns_and_leaves_metadata() {
    for (record, expected) in [
        (r#"{"id":7,"user":"q","assistant":"a","tags":["x"]}"#, r#"user: "q", assistant: "a" {"id":7,"tags":["x"]}"#),
        (r#"{"question":"q\n","answer":"a\n","split":"train"}"#, r#"user: "q\n", assistant: "a\n" {"split":"train"}"#),
        (
            r#"{"input":"q","output":{"z": 1, "a": [true, null, 1.50, 1E5, -0, 18446744073709551616, "\u00e9 1.0"]}}"#,
            r#"user: "q", assistant: "{\"z\":1,\"a\":[true,null,1.50,1E5,-0,18446744073709551616,\"é 1.0\"]}" {}"#,
        ),
        (
            r#"{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"id":1}"#,
            r#"user: "q", assistant: "a" {"id":1}"#,
        ),
        (
            r#"{"question":"q","answer":"a","context":"web","history":[]}"#,
            r#"user: "q", assistant: "a" {"context":"web","history":[]}"#,
        ),
        (r#"{"input":3,"output":false}"#, r#"user: "3", assistant: "false" {}"#),
        (
            r#"{"messages":[{"role":"assistant","content":"hi"},{"role":"user","content":"q","name":"n"}],"input":"meta"}"#,
            r#"assistant: "hi", user: "q" {"input":"meta"}"#,
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}"#,
            r#"user: "a\n\nb" {}"#,
        ),
    ] {
        assert_eq!(good("a.jsonl", record, None), [format!("1@1-1 {expected}")], "{record}");
    }
}

#[test]
fn a_mapping_takes_its_paths_and_leaves_the_rest() {
    let map = mapping("data.question", "data.answer.text");
    let record = r#"{"data":{"question":"q","answer":{"text":"a"},"topic":"t"},"input":"x","output":"y"}"#;
    let expected = r#"1@1-1 user: "q", assistant: "a" {"data":{"topic":"t"},"input":"x","output":"y"}"#;
    assert_eq!(good("a.jsonl", record, Some(&map)), [expected]);

    let record = r#"{"turns":[{"text":"q"},{"text":"a"}],"id":1}"#;
    let expected = r#"1@1-1 user: "q", assistant: "a" {"id":1}"#;
    assert_eq!(good("a.jsonl", record, Some(&mapping("turns.0.text", "turns.1.text"))), [expected]);

    let table = "Customer message,reply.text\nhello,hi\n";
    assert_eq!(
        good("a.csv", table, Some(&mapping("Customer message", "reply.text"))),
        [r#"1@2-2 user: "hello", assistant: "hi" {}"#]
    );
}

#[test]
fn scalars_of_yaml_are_turns_as_they_were_written() {
    let text = "- {input: 012, output: 1.50}\n- {input: True, output: {a: 1e3, b: [18446744073709551616]}}\n";
    let expected = [
        r#"1@1-1 user: "012", assistant: "1.50" {}"#,
        r#"2@2-2 user: "True", assistant: "{\"a\":1e3,\"b\":[18446744073709551616]}" {}"#,
    ];
    assert_eq!(good("a.yaml", text, None), expected);
    assert_eq!(
        warned("a.yaml", "- {input: q, output: {zip: 01234, n: 0x1f}}\n", None),
        [
            "a.yaml:1:28 respelled-number: `01234` is no number of JSON, so the turn holds 1234",
            "a.yaml:1:38 respelled-number: `0x1f` is no number of JSON, so the turn holds 31",
        ]
    );
}

#[test]
fn a_question_of_more_than_one_field_is_never_guessed() {
    for (path, text, place, field) in [
        ("a.jsonl", r#"{"instruction":"Sort.","input":"b a","output":"a b"}"#, "1:16", "instruction"),
        ("a.jsonl", r#"{"question":"q","choices":["x","y"],"answer":1}"#, "1:27", "choices"),
        ("a.jsonl", r#"{"question":"q","answer":"yes","context":{"title":["t"]}}"#, "1:42", "context"),
        ("a.jsonl", r#"{"question":"q","answer":true,"passage":"Some text."}"#, "1:41", "passage"),
        ("a.jsonl", r#"{"user":"q","assistant":"a","system":"Be brief."}"#, "1:38", "system"),
        ("a.yaml", "- {Instruction: Sort., input: b a, output: a b}\n", "1:17", "Instruction"),
        ("a.csv", "id,question,A,B,answer\n1,Capital?,Rome,Bern,A\n", "2:12", "A"),
        ("a.jsonl", r#"{"question":"q","option_1":"x","option_2":"y","answer":"x"}"#, "1:28", "option_1"),
        ("a.csv", "instruction,input,output\nSort.,b a,a b\nSort.,,c d\n", "2:1", "instruction"),
    ] {
        let message = format!("{path}:{place} example-shape: the record also has `{field}`, which no turn would hold");
        assert_eq!(bad(path, text, None), [message], "{text}");
    }
    let both = Mapping { user: vec!["instruction".into(), "input".into()], assistant: "output".into() };
    let text = "{\"instruction\":\"Sort.\",\"input\":\"b a\",\"output\":\"a b\"}\n{\"instruction\":\"Sing.\",\"input\":\"\",\"output\":\"La.\"}";
    let expected =
        [r#"1@1-1 user: "Sort.\n\nb a", assistant: "a b" {}"#, r#"2@2-2 user: "Sing.", assistant: "La." {}"#];
    assert_eq!(good("a.jsonl", text, Some(&both)), expected);
    let empty = r#"{"instruction":"","input":" ","output":"a"}"#;
    assert_eq!(bad("a.jsonl", empty, Some(&both)), ["a.jsonl:1:1 example-empty: all of the user turn is empty"]);
}

#[test]
fn a_field_that_no_turn_holds_is_said_once() {
    let text = concat!(
        r#"{"messages":[{"role":"user","content":"q","name":"ann"},{"role":"assistant","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}],"weight":0}],"tools":[{"name":"t"}]}"#,
        "\n",
        r#"{"messages":[{"role":"user","content":"q","name":"ben"},{"role":"assistant","content":"a"}]}"#,
    );
    let said = [
        "1:174 unsent-field: `tools` of the record",
        "1:50 unsent-field: `name` of a message",
        "1:162 unsent-field: `weight` of a message",
        "1:130 unsent-field: `cache_control` of a part",
    ];
    let mut said: Vec<String> =
        said.iter().map(|said| format!("a.jsonl:{said} is in no turn, so the model does not see it")).collect();
    let mut warned_of = warned("a.jsonl", text, None);
    said.sort();
    warned_of.sort();
    assert_eq!(warned_of, said);
    let long = r#"{"input":"q","output":"a","note":"one two three four five six seven eight nine ten eleven twelve","id":"x y"}"#;
    let said = ["a.jsonl:1:34 unsent-field: `note` of the record is in no turn, so the model does not see it"];
    assert_eq!(warned("a.jsonl", long, None), said);
    let chosen = r#"{"conversations":[{"from":"human","value":"q"}],"chosen":{"value":"one two three four five six seven eight nine ten eleven twelve"}}"#;
    let said = ["a.jsonl:1:58 unsent-field: `chosen` of the record is in no turn, so the model does not see it"];
    assert_eq!(warned("a.jsonl", chosen, None), said);
    let long = "one two three four five six seven eight nine ten eleven twelve";
    let beside = "`about` stands beside the records and is in no turn, so the model does not see it";
    for (path, text, place) in [
        (
            "a.json",
            format!("{{\"v\":1,\"about\":\"{long}\",\"examples\":[{{\"input\":\"q\",\"output\":\"a\"}}]}}"),
            "1:16",
        ),
        ("a.yaml", format!("about: {long}\nexamples: [{{input: q, output: a}}]\n"), "1:8"),
    ] {
        assert_eq!(warned(path, &text, None), [format!("{path}:{place} unsent-field: {beside}")]);
    }
    let media = r#"{"messages":[{"role":"user","content":"<image>Who?"}],"images":["1.jpg"]}"#;
    assert_eq!(bad("a.jsonl", media, None), ["a.jsonl:1:64 example-media: the record holds `images`"]);
}

#[test]
fn what_stands_beside_the_records_and_is_no_json_is_said_at_its_place() {
    let beside = |value: &str| format!("{{\"about\": {value},\n \"data\": [{{\"input\": \"a\", \"output\": \"b\"}}]}}");
    for (value, expected) in [
        (r#"{"by": 1, "by": 2}"#, &["e.json:1:21 duplicate-key: two values for the key \"by\""][..]),
        ("1e999", &["e.json:1:15 json-syntax: number out of range"]),
        (r#"{"by": 1}"#, &[]),
    ] {
        let text = beside(value);
        assert_eq!(good("e.json", &text, None).len(), 1, "{value}");
        assert_eq!(warned("e.json", &text, None), expected, "{value}");
    }
}

#[test]
fn system_text_of_a_record_is_said_and_is_metadata() {
    let unsent = |place: &str, key: &str| {
        format!("{place} unsent-field: `{key}` of the record is in no turn, so the model does not see it")
    };
    let turns = r#"{"role":"user","content":"q"},{"role":"assistant","content":"a"}"#;
    let of = |system: &str| format!("{{\"messages\":[{{\"role\":\"system\",\"content\":\"{system}\"}},{turns}]}}");
    let text = [of("Be brief."), of("Be brief."), of(""), of("Be kind."), of("Be wise.")].join("\n");
    let other = "a.jsonl:4:41 unsent-field: the system message of this record is another one than that of the first";
    assert_eq!(warned("a.jsonl", &text, None), [unsent("a.jsonl:1:41", "system"), other.to_owned()]);
    let line = |number: usize, meta: &str| format!(r#"{number}@{number}-{number} user: "q", assistant: "a" {meta}"#);
    assert_eq!(
        good("a.jsonl", &text, None)[..3],
        [line(1, r#"{"system":"Be brief."}"#), line(2, r#"{"system":"Be brief."}"#), line(3, "{}"),]
    );
    let sharegpt = r#"[{"system":"s","conversations":[{"from":"system","value":"t"},{"from":"human","value":"q"}]}]"#;
    let said = [unsent("a.json:1:12", "system")];
    assert_eq!(warned("a.json", sharegpt, None), said);
    let alpaca = r#"{"instruction":"q","output":"a","system":"Be brief."}"#;
    let map = mapping("instruction", "output");
    assert_eq!(warned("a.jsonl", alpaca, Some(&map)), [unsent("a.jsonl:1:42", "system")]);
    let mut faults = Faults::new();
    assert!(read(&source("a.jsonl", alpaca), Some(&map), true, &mut faults).is_some());
    assert_eq!(lines(faults), [""; 0], "a template may write it");
    for (messages, said) in [
        (r#"[{"role":"developer","content":"s"}]"#, "1:13 example-empty: `messages` holds no turn"),
        (
            r#"[{"role":"user","content":"q"},{"role":"system","content":"s"}]"#,
            "1:52 example-role: a system message stands among the turns",
        ),
    ] {
        let text = format!("{{\"messages\":{messages}}}");
        assert_eq!(bad("a.jsonl", &text, None).last(), Some(&format!("a.jsonl:{said}")), "{messages}");
    }
}

/// What stands beside the turns of a fine-tuning file goes nowhere, and is said.
#[test]
fn what_stands_beside_the_turns_is_said() {
    let user = r#"{"role":"user","content":"q"}"#;
    let answer = r#"{"role":"assistant","name":"bo","weight":0,"tool_calls":[],"content":"a"}"#;
    let beside = r#""tools":[{"type":"function"}],"parallel_tool_calls":false"#;
    let text = format!(r#"{{"messages":[{user},{answer}],{beside}}}"#);
    let said = [
        ("127", "tools", "the record"),
        ("171", "parallel_tool_calls", "the record"),
        ("71", "name", "a message"),
        ("85", "weight", "a message"),
    ]
    .map(|(at, key, owner)| {
        format!("a.jsonl:1:{at} unsent-field: `{key}` of {owner} is in no turn, so the model does not see it")
    });
    assert_eq!(warned("a.jsonl", &format!("{text}\n{text}"), None), said);
    let meta = format!("{{{beside}}}");
    assert_eq!(good("a.jsonl", &text, None), [format!(r#"1@1-1 user: "q", assistant: "a" {meta}"#)]);
}

#[test]
fn the_turns_that_a_map_leaves_in_a_list_are_said() {
    let record = r#"{"m":[{"role":"system","t":"s"},{"t":"q"},{"t":"a"},{"t":"q2"}],"answers":{"text":["a","a",""]}}"#;
    let said = ["1:7 unsent-field: `m.0`", "1:53 unsent-field: `m.3`"]
        .map(|said| format!("a.jsonl:{said} of the record is in no turn, so the model does not see it"));
    assert_eq!(warned("a.jsonl", &format!("{record}\n{record}"), Some(&mapping("m.1.t", "m.2.t"))), said);
    assert_eq!(warned("a.jsonl", record, Some(&mapping("m", "answers.text.0"))), [""; 0]);
}

#[test]
fn a_pointer_of_lfs_is_said_once_in_every_format() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    for ending in ENDINGS {
        let said = format!("a.{ending}:1:1 lfs-pointer: this is a pointer of Git LFS, not the file that it points to");
        assert_eq!(bad(&format!("a.{ending}"), pointer, None), [said]);
    }
}

#[test]
fn every_fault_of_a_file_is_placed_in_one_run() {
    let text = concat!(
        "{\"input\":\"é\" \"output\":1}\n",
        "{\"input\":\"q\",\"id\":1,\"id\":2,\"output\":\"a\"}\n",
        "{\"input\":\"q\",\"label\":\"l\"}\n",
        "{\"input\":\"q\",\"output\":\"a\",\"question\":\"q\",\"answer\":\"a\"}\n",
        "[\"q\",\"a\"]\n",
        "{\"input\":null,\"output\":\"\\n\"}\n",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]},{\"role\":\"bot\"}]}\n",
        "{\"messages\":[{\"role\":\"user\"},3,{\"content\":\"\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]}]}\n",
        "{\"messages\":[]}\n",
        "{\"input\":\n",
    );
    let shape = "a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}";
    let expected = [
        "a.jsonl:1:14 json-syntax: expected `,` or `}`".to_owned(),
        "a.jsonl:2:21 duplicate-key: two values for the key \"id\"".to_owned(),
        format!("a.jsonl:3:1 example-shape: the record fits no shape: it has `input`, `label`, and {shape}"),
        format!(
            "a.jsonl:4:1 example-shape: the record fits more than one shape: it has `input`, `output`, `question`, `answer`, and {shape}"
        ),
        "a.jsonl:5:1 example-shape: a record is a map, this one is a list".to_owned(),
        "a.jsonl:6:10 example-empty: the user turn is null".to_owned(),
        "a.jsonl:6:24 example-empty: the assistant turn is empty".to_owned(),
        "a.jsonl:7:40 example-media: the message holds a part of type \"image_url\"".to_owned(),
        "a.jsonl:7:71 example-role: the message's role is \"bot\"".to_owned(),
        "a.jsonl:8:14 example-shape: the message has no `content`".to_owned(),
        "a.jsonl:8:30 example-shape: a message is a map of `role` and `content`, this one is a number".to_owned(),
        "a.jsonl:8:32 example-role: the message has no `role`".to_owned(),
        "a.jsonl:8:77 example-empty: the assistant turn is null".to_owned(),
        "a.jsonl:9:13 example-empty: `messages` is empty".to_owned(),
        "a.jsonl:10:9 json-syntax: EOF while parsing a value".to_owned(),
    ];
    assert_eq!(bad("a.jsonl", text, None), expected);
}

#[test]
fn faults_in_json_and_yaml_documents_are_placed_where_they_are_written() {
    assert_eq!(bad("a.json", "[\n  {\"input\": 1,}\n]", None), ["a.json:2:15 json-syntax: key must be a string"]);
    assert_eq!(
        bad("a.json", "[{\"input\": \"]\\\"\", \"output\": null},\n  {\"a\": 1, \"a\": 2}]", None),
        [
            "a.json:1:29 example-empty: the user turn is null".replace("user", "assistant"),
            "a.json:2:12 duplicate-key: two values for the key \"a\"".to_owned()
        ]
    );
    assert_eq!(
        bad("a.json", " {\"input\": \"q\", \"output\": \"a\"}", None),
        ["a.json:1:2 examples-list: the file holds no list of records"]
    );
    assert_eq!(
        bad("a.json", "{\"data\": [], \"examples\": []}", None),
        ["a.json:1:1 examples-list: the file holds more than one list of records"]
    );
    assert_eq!(bad("a.json", "3", None), ["a.json:1:1 examples-list: the file holds no list of records"]);
    assert_eq!(bad("a.json", "[1] 2", None), ["a.json:1:5 json-syntax: trailing characters"]);
    assert_eq!(
        bad("a.yaml", "- input: q\n  output: a\n  output: b\n- messages:\n  - {role: user, content: ~}\n", None),
        [
            "a.yaml:3:3 duplicate-key: the key `output` stands twice in one map, first on line 2",
            "a.yaml:5:27 example-empty: the user turn is null"
        ]
    );
    assert_eq!(bad("a.yaml", "data: x\n", None), ["a.yaml:1:1 examples-list: the file holds no list of records"]);
}

#[test]
fn faults_of_a_table_are_placed_at_the_cell() {
    assert_eq!(
        bad("a.csv", "input,output,,output\na,b,c,d\n", None),
        [
            "a.csv:1:14 example-columns: column 3 has no name",
            "a.csv:1:15 duplicate-key: two columns have the name `output`",
        ]
    );
    assert_eq!(
        bad("a.csv", "input,output\n\"é, \"\"x\"\"\",\na\nc,d,\n\"e\",\"f\ng\n", None),
        [
            "a.csv:2:12 example-empty: the assistant turn is empty",
            "a.csv:3:1 example-columns: the row has 1 cell, the header 2 cells",
            "a.csv:4:1 example-columns: the row has 3 cells, the header 2 cells",
            "a.csv:5:5 examples-syntax: the quote that opens here is not closed",
        ]
    );
    assert_eq!(
        bad("a.csv", "input,output\n\"a\"b,c\n\"a\"\"\",\"b\" \nx\"y\",z\n", None),
        [
            "a.csv:2:4 examples-syntax: something follows the quote that closes the cell",
            "a.csv:3:10 examples-syntax: something follows the quote that closes the cell",
        ]
    );
    assert_eq!(
        bad("a.csv", "\"input\"x,output\na,b\n", None),
        ["a.csv:1:8 examples-syntax: something follows the quote that closes the cell"]
    );
    assert_eq!(
        bad("a.csv", "Text,Reply\na,b\n", Some(&mapping("text", "Reply"))),
        ["a.csv:1:1 example-map: there is no column `text`, which `map` names",]
    );
}

#[test]
fn a_mapping_that_leads_nowhere_says_how_far_it_led() {
    let faults = bad("a.jsonl", "{\"data\": {\"q\": 1}}", Some(&mapping("data.question", "data.q.text")));
    assert_eq!(
        faults,
        [
            "a.jsonl:1:10 example-map: there is nothing at `data.question`, where `map` puts the user turn",
            "a.jsonl:1:16 example-map: there is nothing at `data.q.text`, where `map` puts the assistant turn",
        ]
    );
}

#[test]
fn an_unknown_ending_says_which_there_are() {
    let mut faults = Faults::new();
    assert!(read(&source("a.jsnl", "{}"), None, false, &mut faults).is_none());
    assert!(read(&source("a.xlsx", ""), None, false, &mut faults).is_none());
    assert!(read(&source("examples", ""), None, false, &mut faults).is_none());
    let hints: Vec<String> = faults.into_vec().into_iter().filter_map(|fault| fault.hint).collect();
    let all = "examples are read from .jsonl, .ndjson, .json, .yaml, .yml, .csv, .tsv";
    assert_eq!(hints, ["did you mean `jsonl`?", all, all]);
}

#[test]
fn a_file_without_examples_is_an_empty_pool_and_a_warning() {
    for (path, text) in
        [("a.jsonl", "\n"), ("a.json", "[]"), ("a.yaml", "# none\n"), ("a.csv", ""), ("a.csv", "input,output\n")]
    {
        let mut faults = Faults::new();
        assert_eq!(read(&source(path, text), None, false, &mut faults).map(|examples| examples.len()), Some(0));
        let codes: Vec<_> = faults.into_vec().into_iter().map(|fault| (fault.severity, fault.code)).collect();
        assert_eq!(codes, [(Severity::Warning, "no-examples".into())], "{path} {text:?}");
    }
}

#[test]
fn one_mistake_in_every_record_is_reported_fifty_times_and_then_as_a_number() {
    let mut faults = Faults::new();
    assert!(read(&source("a.jsonl", &"{}\n".repeat(1000)), None, false, &mut faults).is_none());
    let faults = faults.into_vec();
    assert_eq!(faults.len(), 51);
    assert_eq!(faults[50].message, "950 more faults in this file are not shown");
}

#[test]
fn hostile_files_are_faults_or_examples_and_never_a_crash() {
    let deep = format!("{{\"input\":\"a\",\"output\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("[{}]", "[],".repeat(100_000).trim_end_matches(','));
    for text in [
        deep.as_str(),
        wide.as_str(),
        "{\"input\":\"\\ud800\",\"output\":\"a\"}",
        "\"",
        "[\"",
        "{\"a",
        "\u{feff}{}",
        "\0",
    ] {
        for ending in ENDINGS {
            let mut faults = Faults::new();
            let examples = read(&source(&format!("a.{ending}"), text), None, false, &mut faults);
            assert!(examples.is_some_and(|examples| examples.is_empty()) || faults.has_errors());
        }
    }
}

proptest! {
    /// serde_json and the csv crate write, this module reads.
    #[test]
    fn what_the_libraries_write_is_read_back(pairs in prop::collection::vec(("[^\0]{0,12}x", "\"?[\r\n,\";é]{0,6}y"), 1..6)) {
        let records: Vec<Value> = pairs.iter().map(|(q, a)| json!({"input": q, "output": a, "n": {"q": [q]}})).collect();
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        let document = serde_json::to_string_pretty(&records).unwrap();
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["input", "output"]).unwrap();
        pairs.iter().for_each(|(q, a)| table.write_record([q, a]).unwrap());
        let table = String::from_utf8(table.into_inner().unwrap()).unwrap();
        for (path, text) in [("a.jsonl", lines), ("a.json", document), ("a.csv", table)] {
            let mut faults = Faults::new();
            let examples = read(&source(path, &text), None, false, &mut faults).unwrap();
            let read: Vec<_> = examples.iter().map(|e| (e.turns[0].text.to_string(), e.turns[1].text.to_string())).collect();
            prop_assert_eq!(&read, &pairs, "{}", path);
            for example in &examples {
                let written = &text[example.span.start..example.span.end];
                let alone = if path == "a.csv" { format!("input,output\n{written}") } else { written.replace('\n', " ") };
                let again = read_one(path, &alone);
                prop_assert_eq!(&again, &example.turns, "{}: the span holds the record", path);
            }
        }
    }

    #[test]
    fn no_text_panics(text in "[\\[{}\\],:\"\\\\ \r\n\tinput1-é#&*]{0,40}", ending in prop::sample::select(ENDINGS.to_vec())) {
        let mut faults = Faults::new();
        let read = read(&source(&format!("a.{ending}"), &text), Some(&mapping("i.0", "n.")), false, &mut faults);
        prop_assert_eq!(read.is_none(), faults.has_errors());
    }
}

/// The fenced blocks of the guide with exactly this info string.
fn samples(info: &str) -> Vec<&'static str> {
    let guide = include_str!("../../../docs/examples.md");
    let blocks = guide.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).filter(|(own, _)| *own == info).map(|(_, text)| text).collect()
}

#[test]
fn the_guide_s_samples_have_the_same_two_examples() {
    for info in ["jsonl", "json", "yaml", "csv", "tsv"] {
        let [sample] = *samples(info) else { panic!("one sample of {info}") };
        let read: Vec<String> = good(&format!("a.{info}"), sample, None)
            .iter()
            .filter_map(|line| Some(line.split_once(' ')?.1.to_owned()))
            .collect();
        let expected = [
            r#"user: "My parcel never came", assistant: "shipping" {"label":"late"}"#,
            r#"user: "I was charged \"twice\",\nplease help", assistant: "billing" {}"#,
        ];
        assert_eq!(read, expected, "{info}");
    }
}

#[test]
fn the_guide_s_pool_is_picked_as_it_says() {
    let [pool] = *samples("csv pool") else { panic!("one pool") };
    let pool = read(&source("a.csv", pool), None, false, &mut Faults::new()).unwrap();
    let guide = include_str!("../../../docs/examples.md");
    for (name, by) in [("order", By::Order), ("coverage", By::Coverage), ("diverse", By::Diverse)] {
        let picks = pick(&pool, &Pick { by, count: Some(4), ..Pick::default() }, &|_| 1);
        let picks: Vec<String> = picks.iter().map(|(place, _)| pool[*place].index.to_string()).collect();
        let row = format!("| `{name}` | {} |", picks.join(", "));
        assert!(guide.contains(&row), "the guide says otherwise than {row}");
    }
}

fn read_one(path: &str, text: &str) -> Vec<Turn> {
    let path = path.replace("a.json", "a.jsonl").replace("jsonll", "jsonl");
    read(&source(&path, text), None, false, &mut Faults::new()).unwrap().remove(0).turns
}
