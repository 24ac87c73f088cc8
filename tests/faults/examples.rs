//! Example sets that cannot be read, and picks that cannot be made.

use snapbox::str;

use super::{project, refused};

#[test]
fn a_set_that_is_not_there() {
    let repo = project(&[("contexts/a.yaml", "messages: [{examples: exampels.jsonl}]\n"), ("examples.jsonl", "{}\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `exampels.jsonl`
 --> contexts/a.yaml:1:23
  |
1 | messages: [{examples: exampels.jsonl}]
  |                       ^^^^^^^^^^^^^^
  |
  = help: did you mean `examples.jsonl`?


"#]]);
}

#[test]
fn a_record_that_is_no_json() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n{\"input\": \"a\", output: \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[json-syntax]: key must be a string
 --> examples.jsonl:2:16
  |
2 | {"input": "a", output: "b"}
  |                ^
  |
  = note: in a


"#]]);
}

#[test]
fn a_record_without_an_answer() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n{\"input\": \"a\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-shape]: the record fits no shape: it has `input`, and a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}
 --> examples.jsonl:2:1
  |
2 | {"input": "a"}
  | ^^^^^^^^^^^^^^
  |
  = note: in a
  = help: say where the turns are: `map: {user: path, assistant: path}`


"#]]);
}

#[test]
fn a_record_that_is_a_list() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "[\"a\", \"b\"]\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-shape]: a record is a map, this one is a list
 --> examples.jsonl:1:1
  |
1 | ["a", "b"]
  | ^^^^^^^^^^
  |
  = note: in a
  = help: write it as {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}


"#]]);
}

#[test]
fn a_record_with_an_empty_turn() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "{\"input\": \"\", \"output\": \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-empty]: the user turn is empty
 --> examples.jsonl:1:11
  |
1 | {"input": "", "output": "b"}
  |           ^^
  |
  = note: in a
  = help: write its text, or remove the record


"#]]);
}

#[test]
fn a_record_of_an_unknown_shape() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "{\"frage\": \"a\", \"antwort\": \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-shape]: the record fits no shape: it has `frage`, `antwort`, and a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}
 --> examples.jsonl:1:1
  |
1 | {"frage": "a", "antwort": "b"}
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: say where the turns are: `map: {user: path, assistant: path}`


"#]]);
}

#[test]
fn messages_of_an_unknown_role() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl}]\n"),
        ("examples.jsonl", "{\"messages\": [{\"role\": \"robot\", \"content\": \"b\"}]}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-role]: the message's role is "robot"
 --> examples.jsonl:1:24
  |
1 | {"messages": [{"role": "robot", "content": "b"}]}
  |                        ^^^^^^^
  |
  = note: in a
  = help: a role is `user` or `assistant`


"#]]);
}

#[test]
fn a_map_to_a_field_that_is_not_there() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, map: {user: q, assistant: data.a}}]\n"),
        ("examples.jsonl", "{\"q\": \"a\", \"data\": {\"b\": \"c\"}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-map]: there is nothing at `data.a`, where `map` puts the assistant turn
 --> examples.jsonl:1:20
  |
1 | {"q": "a", "data": {"b": "c"}}
  |                    ^^^^^^^^^^
  |
  = note: in a
  = help: the record has `q`, `data`


"#]]);
}

#[test]
fn a_map_without_the_answer() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, map: {user: q}}]\n"),
        ("examples.jsonl", "{\"q\": \"a\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-key]: map needs the key `assistant`
 --> contexts/a.yaml:1:44
  |
1 | messages: [{examples: examples.jsonl, map: {user: q}}]
  |                                            ^^^^^^^^^

error[example-shape]: the record fits no shape: it has `q`, and a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}
 --> examples.jsonl:1:1
  |
1 | {"q": "a"}
  | ^^^^^^^^^^
  |
  = note: in a
  = help: say where the turns are: `map: {user: path, assistant: path}`


"#]]);
}

#[test]
fn an_unknown_ending() {
    let repo = project(&[("contexts/a.yaml", "messages: [{examples: examples.txt}]\n"), ("examples.txt", "a\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[examples-format]: examples are not read from .txt files
 --> examples.txt:1:1
  |
1 | a
  | ^
  |
  = note: in a
  = help: examples are read from .jsonl, .ndjson, .json, .yaml, .yml, .csv, .tsv


"#]]);
}

#[test]
fn a_table_without_a_column() {
    let repo = project(&[("contexts/a.yaml", "messages: [{examples: e.csv}]\n"), ("e.csv", "input,label\na,b\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-shape]: the record fits no shape: it has `input`, `label`, and a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}
 --> e.csv:1:1
  |
1 | input,label
  | ^^^^^^^^^^^
  |
  = note: in a
  = help: say where the turns are: `map: {user: path, assistant: path}`


"#]]);
}

#[test]
fn a_row_with_too_many_fields() {
    let repo =
        project(&[("contexts/a.yaml", "messages: [{examples: e.csv}]\n"), ("e.csv", "input,output\na,b\nc,d,e\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-columns]: the row has 3 cells, the header 2 cells
 --> e.csv:3:1
  |
3 | c,d,e
  | ^^^^^
  |
  = note: in a
  = help: put cells that hold a separator or a line end into double quotes


"#]]);
}

#[test]
fn a_pick_by_an_unknown_way() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, pick: {count: 1, by: chance}}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of order, coverage, diverse (how examples are picked), found `chance`
 --> contexts/a.yaml:1:60
  |
1 | messages: [{examples: examples.jsonl, pick: {count: 1, by: chance}}]
  |                                                            ^^^^^^


"#]]);
}

#[test]
fn coverage_without_a_label() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, pick: {count: 1, by: coverage}}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-field]: no example has the field `label` that `label` needs
 --> contexts/a.yaml:1:45
  |
1 | messages: [{examples: examples.jsonl, pick: {count: 1, by: coverage}}]
  |                                             ^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: the examples have no metadata


"#]]);
}

#[test]
fn a_label_that_no_record_has() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, pick: {count: 1, by: coverage, label: lable}}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\", \"label\": \"x\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-field]: no example has the field `lable` that `label` needs
 --> contexts/a.yaml:1:45
  |
1 | messages: [{examples: examples.jsonl, pick: {count: 1, by: coverage, label: lable}}]
  |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `label`?


"#]]);
}

#[test]
fn a_bad_condition_of_a_pick() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, pick: {count: 1, where: \"== a\"}}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-condition]: there is no name in `== a`
 --> contexts/a.yaml:1:63
  |
1 | messages: [{examples: examples.jsonl, pick: {count: 1, where: "== a"}}]
  |                                                               ^^^^^^
  |
  = help: write `name`, `name == value` or `name != value`; a list holds if every one does


"#]]);
}

#[test]
fn a_condition_on_a_field_that_no_record_has() {
    let repo = project(&[
        ("contexts/a.yaml", "messages: [{examples: examples.jsonl, pick: {count: 1, where: splt == train}}]\n"),
        ("examples.jsonl", "{\"input\": \"a\", \"output\": \"b\", \"split\": \"train\"}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-field]: no example has the field `splt` that `where` needs
 --> contexts/a.yaml:1:45
  |
1 | messages: [{examples: examples.jsonl, pick: {count: 1, where: splt == train}}]
  |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `split`?


"#]]);
}
