//! All faults in one run, and those of one context apart from the others.

use snapbox::str;

use super::{manifest, project, refused};

#[test]
fn five_faults_of_one_manifest_are_told_in_one_run() {
    manifest(
        "bugdets: {tokens: 5}\n\
         owner: [desk]\n\
         models: [gpt-6.1-sool]\n\
         system:\n  - file: gone.md\n  - {text: Hi, file: a.md}\n\
         messages:\n  - user: \"{{tikcet}}\"\n\
         cache: {ttl: soon}\n",
    )
    .is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `bugdets` in a manifest
 --> contexts/a.yaml:1:1
  |
1 | bugdets: {tokens: 5}
  | ^^^^^^^
  |
  = help: did you mean `budgets`?

error[wrong-type]: expected text, found a list
 --> contexts/a.yaml:2:8
  |
2 | owner: [desk]
  |        ^^^^^^

error[block-source]: the block names 2 sources: text, file
 --> contexts/a.yaml:6:5
  |
6 |   - {text: Hi, file: a.md}
  |     ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: give it exactly one of text, file, files, template, examples, user, assistant, history

error[wrong-type]: expected a lifetime such as 5m, 1h or 24h, found `soon`
 --> contexts/a.yaml:9:14
  |
9 | cache: {ttl: soon}
  |              ^^^^

error[missing-fragment]: there is no file `gone.md`
 --> contexts/a.yaml:5:11
  |
5 |   - file: gone.md
  |           ^^^^^^^

error[unknown-name]: nothing is named `tikcet`
 --> contexts/a.yaml:8:14
  |
8 |   - user: "{{tikcet}}"
  |              ^^^^^^
  |
  = help: there is `vars`, `inputs`, `context`

error[unknown-model]: there is no card for the model `gpt-6.1-sool`
 --> contexts/a.yaml:3:10
  |
3 | models: [gpt-6.1-sool]
  |          ^^^^^^^^^^^^
  |
  = help: did you mean one of `gpt-6.1-sol` ($2 in, $10 out), `gpt-6-sol` ($2 in, $10 out), `gpt-5.6-sol` ($4 in, $20 out), `gpt-4.1` ($2 in, $8 out), `gpt-5.1` ($1.25 in, $10 out)?


"#]]);
}

#[test]
fn every_missing_fragment_is_told() {
    manifest("system: [{file: a.md}, {file: b.md}, {files: c/*.md}]\nmessages: [{examples: d.jsonl}]\n").is(str![[
        r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `a.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: a.md}, {file: b.md}, {files: c/*.md}]
  |                 ^^^^

error[missing-fragment]: there is no file `b.md`
 --> contexts/a.yaml:1:31
  |
1 | system: [{file: a.md}, {file: b.md}, {files: c/*.md}]
  |                               ^^^^

error[no-match]: `c/*.md` matches no file
 --> contexts/a.yaml:1:46
  |
1 | system: [{file: a.md}, {file: b.md}, {files: c/*.md}]
  |                                              ^^^^^^
  |
  = help: add `optional: true` if that is meant

error[missing-fragment]: there is no file `d.jsonl`
 --> contexts/a.yaml:2:23
  |
2 | messages: [{examples: d.jsonl}]
  |                       ^^^^^^^


"#
    ]]);
}

#[test]
fn every_fault_of_an_example_set_is_told() {
    let records = "{\"input\": \"a\"}\nnothing\n{\"input\": \"a\", \"output\": \"b\"}\n[]\n";
    let repo = project(&[("contexts/a.yaml", "messages: [{examples: e.jsonl}]\n"), ("e.jsonl", records)]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[example-shape]: the record fits no shape: it has `input`, and a shape is {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}
 --> e.jsonl:1:1
  |
1 | {"input": "a"}
  | ^^^^^^^^^^^^^^
  |
  = note: in a
  = help: say where the turns are: `map: {user: path, assistant: path}`

error[json-syntax]: expected true, false or null
 --> e.jsonl:2:2
  |
2 | nothing
  |  ^
  |
  = note: in a

error[example-shape]: a record is a map, this one is a list
 --> e.jsonl:4:1
  |
4 | []
  | ^^
  |
  = note: in a
  = help: write it as {input, output}, {user, assistant}, {question, answer}, {messages: [{role, content}]} or {conversations: [{from, value}]}


"#]]);
}

#[test]
fn every_fault_of_a_template_is_told() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{one}}\n{{two}}\n{{include \"three.md\"}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-name]: nothing is named `one`
 --> templates/p.hbs:1:3
  |
1 | {{one}}
  |   ^^^
  |
  = note: in a
  = help: there is `vars`, `inputs`, `context`

error[unknown-name]: nothing is named `two`
 --> templates/p.hbs:2:3
  |
2 | {{two}}
  |   ^^^
  |
  = note: in a
  = help: there is `vars`, `inputs`, `context`

error[missing-fragment]: `three.md` cannot be included: there is no such file
 --> templates/p.hbs:3:11
  |
3 | {{include "three.md"}}
  |           ^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn every_broken_context_is_told() {
    let repo = project(&[
        ("contexts/a.yaml", "sytem: []\nsystem: [{text: Hi}]\n"),
        ("contexts/b.yaml", "mesages: []\nsystem: [{text: Hi}]\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 2 broken
--- stderr
error[unknown-key]: unknown key `sytem` in a manifest
 --> contexts/a.yaml:1:1
  |
1 | sytem: []
  | ^^^^^
  |
  = help: did you mean `system`?

error[unknown-key]: unknown key `mesages` in a manifest
 --> contexts/b.yaml:1:1
  |
1 | mesages: []
  | ^^^^^^^
  |
  = help: did you mean `messages`?


"#]]);
}

#[test]
fn a_fault_that_two_contexts_share_is_told_once() {
    let repo = project(&[
        ("contexts/_base.yaml", "join: space\nsystem: [{text: Hi}]\n"),
        ("contexts/a.yaml", "extends: contexts/_base.yaml\n"),
        ("contexts/b.yaml", "extends: contexts/_base.yaml\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 2 broken
--- stderr
error[wrong-type]: expected one of blank, newline, none (how segments are separated), found `space`
 --> contexts/_base.yaml:1:7
  |
1 | join: space
  |       ^^^^^
  |
  = note: in 2 contexts: a, b


"#]]);
}

#[test]
fn a_variant_at_fault_leaves_its_context_built() {
    let repo = project(&[(
        "contexts/a.yaml",
        "system: [{text: Hi}]\n\
         variants:\n  one: [a]\n  \"two words\": {}\n  three: {extends: b}\n  four: {sytem: []}\n",
    )]);
    let outcome = repo.run("build");
    outcome.is(str![[r#"
exit 2
--- stdout
context  model  tokens  calls     month  share  read  written  fresh  output  other
a                    2      ?  no model
4 contexts broken: nothing of them is in a sum
Prices of 2026-11-29; each model is an alternative to the others.

1 context built, 4 broken
--- stderr
error[unknown-key]: unknown key `sytem` in a manifest
 --> contexts/a.yaml:6:10
  |
6 |   four: {sytem: []}
  |          ^^^^^
  |
  = note: in a@four
  = help: did you mean `system`?

error[wrong-type]: a variant is a map of overrides, found a list
 --> contexts/a.yaml:3:8
  |
3 |   one: [a]
  |        ^^^
  |
  = note: in a@one

error[variant-key]: a variant cannot set `extends`
 --> contexts/a.yaml:5:11
  |
5 |   three: {extends: b}
  |           ^^^^^^^
  |
  = note: in a@three

error[bad-variant-name]: `two words` is no name for a variant
 --> contexts/a.yaml:4:3
  |
4 |   "two words": {}
  |   ^^^^^^^^^^^
  |
  = note: in a@two words
  = help: use letters, digits, `-`, `_` and `.`


"#]]);
    assert!(repo.at("dist/a.bundle/bundle.json").exists());
}
