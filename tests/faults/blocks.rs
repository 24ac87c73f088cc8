//! Blocks that cannot be what they say.

use snapbox::str;

use super::manifest;

#[test]
fn two_sources() {
    manifest("system:\n  - text: Hi\n    file: a.md\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[block-source]: the block names 2 sources: text, file
 --> contexts/a.yaml:2:5
  |
2 |   - text: Hi
  |     ^^^^^^^^
  |
  = help: give it exactly one of text, file, files, template, examples, user, assistant, history


"#]]);
}

#[test]
fn no_source() {
    manifest("system:\n  - id: a\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[block-source]: the block names no source
 --> contexts/a.yaml:2:5
  |
2 |   - id: a
  |     ^^^^^
  |
  = help: give it exactly one of text, file, files, template, examples, user, assistant, history


"#]]);
}

#[test]
fn an_empty_source() {
    manifest("system:\n  - text:\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[block-source]: `text` is empty
 --> contexts/a.yaml:2:5
  |
2 |   - text:
  |     ^^^^
  |
  = help: write its value, or remove the block


"#]]);
}

#[test]
fn a_source_that_is_a_map() {
    manifest("system:\n  - text: {a: b}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected text, found a map
 --> contexts/a.yaml:2:11
  |
2 |   - text: {a: b}
  |           ^^^^^^


"#]]);
}

#[test]
fn a_block_that_is_a_number() {
    manifest("system: [5]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a block: a path, or a map with one of text, file, files, template, examples, found `5`
 --> contexts/a.yaml:1:10
  |
1 | system: [5]
  |          ^


"#]]);
}

#[test]
fn a_media_block() {
    manifest("messages:\n  - image: photo.png\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[media-block]: `image`: only text is supported in this release
 --> contexts/a.yaml:2:5
  |
2 |   - image: photo.png
  |     ^^^^^
  |
  = help: leave the block out, or describe the media in text


"#]]);
}

#[test]
fn a_user_turn_in_system() {
    manifest("system:\n  - user: Hello\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[turn-in-system]: `user` is a turn, and turns stand in `messages`
 --> contexts/a.yaml:2:5
  |
2 |   - user: Hello
  |     ^^^^^^^^^^^
  |
  = help: move the block to `messages`, or use `text` or `template`


"#]]);
}

#[test]
fn an_assistant_turn_in_system() {
    manifest("system:\n  - assistant: Hello\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[turn-in-system]: `assistant` is a turn, and turns stand in `messages`
 --> contexts/a.yaml:2:5
  |
2 |   - assistant: Hello
  |     ^^^^^^^^^^^^^^^^
  |
  = help: move the block to `messages`, or use `text` or `template`


"#]]);
}

#[test]
fn a_history_in_system() {
    manifest("system:\n  - history: 500\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[turn-in-system]: `history` is a turn, and turns stand in `messages`
 --> contexts/a.yaml:2:5
  |
2 |   - history: 500
  |     ^^^^^^^^^^^^
  |
  = help: move the block to `messages`, or use `text` or `template`


"#]]);
}

#[test]
fn text_in_tools() {
    manifest("tools:\n  - text: Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[tool-source]: a block in `tools` takes `file` or `files`
 --> contexts/a.yaml:2:5
  |
2 |   - text: Hi
  |     ^^^^^^^^
  |
  = help: put each tool into a YAML or JSON file with name, description and input_schema


"#]]);
}

#[test]
fn an_unknown_role() {
    manifest("messages:\n  - text: Hi\n    role: system\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of user, assistant (a role), found `system`
 --> contexts/a.yaml:3:11
  |
3 |     role: system
  |           ^^^^^^


"#]]);
}

#[test]
fn a_role_in_system() {
    manifest("system:\n  - text: Hi\n    role: user\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[useless-option]: `role` means nothing for this block
 --> contexts/a.yaml:3:5
  |
3 |     role: user
  |     ^^^^
  |
  = help: remove it


"#]]);
}

#[test]
fn a_pick_of_a_text() {
    manifest("system:\n  - text: Hi\n    pick: {count: 1}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[useless-option]: `pick` means nothing for this block
 --> contexts/a.yaml:3:5
  |
3 |     pick: {count: 1}
  |     ^^^^
  |
  = help: remove it


"#]]);
}

#[test]
fn an_order_of_a_text() {
    manifest("system:\n  - text: Hi\n    order: path\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[useless-option]: `order` means nothing for this block
 --> contexts/a.yaml:3:5
  |
3 |     order: path
  |     ^^^^^
  |
  = help: remove it


"#]]);
}

#[test]
fn a_split_of_a_text() {
    manifest("system:\n  - text: Hi\n    split: headings(2)\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[useless-option]: `split` means nothing for this block
 --> contexts/a.yaml:3:5
  |
3 |     split: headings(2)
  |     ^^^^^
  |
  = help: remove it


"#]]);
}

#[test]
fn a_document_without_a_file() {
    manifest("system:\n  - text: Hi\n    wrap: document\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[useless-option]: `wrap: document` names the file, and this block has none
 --> contexts/a.yaml:2:5
  |
2 |   - text: Hi
  |     ^^^^^^^^
  |
  = help: use `wrap: fence`, a template, or put the text into a file


"#]]);
}

#[test]
fn a_condition_without_a_name() {
    manifest("system:\n  - text: Hi\n    when: \"== eu\"\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-condition]: there is no name in `== eu`
 --> contexts/a.yaml:3:11
  |
3 |     when: "== eu"
  |           ^^^^^^^
  |
  = help: write `name`, `name == value` or `name != value`; a list holds if every one does


"#]]);
}

#[test]
fn a_condition_with_one_sign() {
    manifest("vars: {region: eu}\nsystem:\n  - text: Hi\n    when: region = eu\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-condition]: `region = eu` compares with one `=`; write `==`
 --> contexts/a.yaml:4:11
  |
4 |     when: region = eu
  |           ^^^^^^^^^^^
  |
  = help: write `name`, `name == value` or `name != value`; a list holds if every one does


"#]]);
}

#[test]
fn a_condition_on_an_unknown_variable() {
    manifest("vars: {region: eu}\nsystem:\n  - text: Hi\n    when: regoin == eu\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-name]: `regoin` is not a variable
 --> contexts/a.yaml:4:11
  |
4 |     when: regoin == eu
  |           ^^^^^^^^^^^^
  |
  = help: did you mean `region`?


"#]]);
}

#[test]
fn a_cache_mark_that_is_no_lifetime() {
    manifest("system:\n  - text: Hi\n    cache: sometimes\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected true, never, or a lifetime such as 5m or 1h, found `sometimes`
 --> contexts/a.yaml:3:12
  |
3 |     cache: sometimes
  |            ^^^^^^^^^


"#]]);
}

#[test]
fn a_cache_mark_of_zero() {
    manifest("system:\n  - text: Hi\n    cache: 0m\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected true, never, or a lifetime such as 5m or 1h, found `0m`
 --> contexts/a.yaml:3:12
  |
3 |     cache: 0m
  |            ^^


"#]]);
}

#[test]
fn an_unknown_stability() {
    manifest("system:\n  - text: Hi\n    stability: solid\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of frozen, stable, volatile (a stability), found `solid`
 --> contexts/a.yaml:3:16
  |
3 |     stability: solid
  |                ^^^^^


"#]]);
}

#[test]
fn a_priority_in_words() {
    manifest("system:\n  - text: Hi\n    priority: high\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a whole number, found `high`
 --> contexts/a.yaml:3:15
  |
3 |     priority: high
  |               ^^^^


"#]]);
}

#[test]
fn a_limit_below_zero() {
    manifest("system:\n  - text: Hi\n    max_tokens: -1\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a count such as 600, 60k or 1.5M, found `-1`
 --> contexts/a.yaml:3:17
  |
3 |     max_tokens: -1
  |                 ^^


"#]]);
}

#[test]
fn a_block_id_with_a_slash() {
    manifest("system:\n  - text: Hi\n    id: a/b\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-block-id]: `a/b` is no id for a block
 --> contexts/a.yaml:3:9
  |
3 |     id: a/b
  |         ^^^
  |
  = help: use letters, digits, `-` and `_`


"#]]);
}

#[test]
fn two_blocks_of_one_id() {
    manifest("system:\n  - {text: Hi, id: a}\n  - {text: Ho, id: a}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-block-id]: two blocks in `system` have the id `a`
 --> contexts/a.yaml:3:5
  |
3 |   - {text: Ho, id: a}
  |     ^^^^^^^^^^^^^^^^^
  |
  = help: give one of them another `id`; without one, a block's id is its number


"#]]);
}

#[test]
fn an_id_that_another_block_has_by_its_number() {
    manifest("system:\n  - {text: Hi}\n  - {text: Ho, id: \"1\"}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-block-id]: two blocks in `system` have the id `1`
 --> contexts/a.yaml:3:5
  |
3 |   - {text: Ho, id: "1"}
  |     ^^^^^^^^^^^^^^^^^^^
  |
  = help: give one of them another `id`; without one, a block's id is its number


"#]]);
}

#[test]
fn a_history_in_words() {
    manifest("messages:\n  - history: long\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected a count such as 600, 60k or 1.5M, found `long`
 --> contexts/a.yaml:2:14
  |
2 |   - history: long
  |              ^^^^


"#]]);
}

#[test]
fn a_history_of_an_unknown_shape() {
    manifest("messages:\n  - history: {size: 5}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-key]: unknown key `size` in history
 --> contexts/a.yaml:2:15
  |
2 |   - history: {size: 5}
  |               ^^^^
  |
  = help: known keys: tokens, name

error[missing-key]: history needs the key `tokens`
 --> contexts/a.yaml:2:14
  |
2 |   - history: {size: 5}
  |              ^^^^^^^^^


"#]]);
}
