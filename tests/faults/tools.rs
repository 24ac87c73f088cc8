//! Tools that no provider would take.

use snapbox::str;

use super::{project, refused};

#[test]
fn two_tools_of_one_name() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "name: find\ninput_schema: {type: object}\n"),
        ("tools/b.yaml", "name: find\ninput_schema: {type: object}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-tool]: the tool `find` is defined twice, first in tools/a.yaml on line 1
 --> tools/b.yaml:1:1
  |
1 | name: find
  | ^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_tool_without_a_name() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "description: Finds.\ninput_schema: {type: object}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: a tool needs `name`
 --> tools/a.yaml:1:1
  |
1 | description: Finds.
  | ^^^^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: use letters, digits, `_` and `-`, at most 64; Responses and Gemini take 128, Gemini also `.` and `:`


"#]]);
}

#[test]
fn a_tool_with_a_blank_in_its_name() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "name: find it\ninput_schema: {type: object}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: `find it` is no name for a tool
 --> tools/a.yaml:1:1
  |
1 | name: find it
  | ^^^^^^^^^^^^^
  |
  = note: in a
  = help: use letters, digits, `_` and `-`, at most 64; Responses and Gemini take 128, Gemini also `.` and `:`


"#]]);
}

#[test]
fn a_tool_without_a_schema() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "name: find\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: a tool needs `input_schema`, a JSON Schema of its arguments
 --> tools/a.yaml:1:1
  |
1 | name: find
  | ^^^^^^^^^^
  |
  = note: in a
  = help: for a tool without arguments: {type: object, properties: {}}


"#]]);
}

#[test]
fn a_tool_in_the_words_of_openai() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.json", "{\"name\": \"find\", \"parameters\": {\"type\": \"object\"}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: unknown key `parameters` in a tool
 --> tools/a.json:1:1
  |
1 | {"name": "find", "parameters": {"type": "object"}}
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: name it `input_schema`

error[bad-tool]: a tool needs `input_schema`, a JSON Schema of its arguments
 --> tools/a.json:1:1
  |
1 | {"name": "find", "parameters": {"type": "object"}}
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: for a tool without arguments: {type: object, properties: {}}


"#]]);
}

#[test]
fn a_tool_that_is_text() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "find\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: a tool is a map with name, description and input_schema
 --> tools/a.yaml:1:1
  |
1 | find
  | ^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_tool_that_is_no_json() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.json", "{\n  \"name\": \"find\",\n  \"input_schema\": {\"type\" \"object\"}\n}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[json-syntax]: expected `:`
 --> tools/a.json:3:27
  |
3 |   "input_schema": {"type" "object"}
  |                           ^
  |
  = note: in a


"#]]);
}

#[test]
fn a_tool_with_a_duplicate_key_in_json() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.json", "{\"name\": \"find\", \"name\": \"lose\", \"input_schema\": {\"type\": \"object\"}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-key]: two values for the key "name"
 --> tools/a.json:1:18
  |
1 | {"name": "find", "name": "lose", "input_schema": {"type": "object"}}
  |                  ^^^^^^
  |
  = note: in a
  = help: remove one of the two


"#]]);
}

#[test]
fn a_tool_with_a_number_that_no_double_holds() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "name: find\ninput_schema: {type: object, maximum: 9007199254740993}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[inexact-number]: `9007199254740993` is not exact as a 64-bit float, which a number is here (RFC 8785)
 --> tools/a.yaml:2:39
  |
2 | input_schema: {type: object, maximum: 9007199254740993}
  |                                       ^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: write it with at most 15 digits, or as text


"#]]);
}

#[test]
fn a_tool_file_of_another_ending() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.toml", "name = \"find\"\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[data-ending]: `tools/a.toml` is neither YAML nor JSON by its ending
 --> tools/a.toml:1:1
  |
1 | name = "find"
  | ^
  |
  = note: in a
  = help: name it .yaml or .json


"#]]);
}

#[test]
fn a_tool_with_an_unknown_key() {
    let repo = project(&[
        ("contexts/a.yaml", "tools: [{files: tools/*}]\nmessages: [{user: Hi}]\n"),
        ("tools/a.yaml", "name: find\ndescripton: Finds.\ninput_schema: {type: object}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool]: unknown key `descripton` in a tool
 --> tools/a.yaml:1:1
  |
1 | name: find
  | ^^^^^^^^^^
  |
  = note: in a
  = help: did you mean `description`?


"#]]);
}

#[test]
fn a_choice_of_a_tool_that_is_not_there() {
    let repo = project(&[
        (
            "contexts/a.yaml",
            "models: [gpt-6.1-sol]\ntools: [{file: find.yaml}]\nmessages: [{user: Hi}]\nsettings: {tool_choice: {name: fnd}}\n",
        ),
        ("find.yaml", "name: find\ninput_schema: {type: object}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-tool-choice]: `tool_choice` names the tool `fnd`, which is not there (gpt-6.1-sol)
 --> contexts/a.yaml:4:12
  |
4 | settings: {tool_choice: {name: fnd}}
  |            ^^^^^^^^^^^
  |
  = help: did you mean `find`?


"#]]);
}
