//! What is no YAML, or more of it than anybody needs.

use snapbox::str;

use super::manifest;

#[test]
fn a_duplicate_key() {
    manifest("description: a\nsystem: [{text: Hi}]\ndescription: b\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-key]: the key `description` stands twice in one map, first on line 1
 --> contexts/a.yaml:3:1
  |
3 | description: b
  | ^^^^^^^^^^^
  |
  = help: remove one of the two


"#]]);
}

#[test]
fn a_duplicate_key_deep_down() {
    manifest("system:\n  - text: Hi\n    id: a\n    id: b\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-key]: the key `id` stands twice in one map, first on line 3
 --> contexts/a.yaml:4:5
  |
4 |     id: b
  |     ^^
  |
  = help: remove one of the two


"#]]);
}

#[test]
fn an_open_bracket() {
    manifest("system: [{text: Hi}\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: unclosed bracket '['
 --> contexts/a.yaml:1:9
  |
1 | system: [{text: Hi}
  |         ^


"#]]);
}

#[test]
fn a_tab_for_a_blank() {
    manifest("system:\n\t- text: Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: a tab indents this line
 --> contexts/a.yaml:2:1
  |
2 |     - text: Hi
  | ^^^^
  |
  = help: YAML takes blanks only: write two for each level


"#]]);
}

#[test]
fn an_open_quote() {
    manifest("system:\n  - text: \"Hi\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: invalid indentation in multiline quoted scalar
 --> contexts/a.yaml:3:1
  |
3 |
  | ^


"#]]);
}

#[test]
fn a_second_document() {
    manifest("system: [{text: Hi}]\n---\nsystem: [{text: Ho}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-documents]: the file holds a second YAML document
 --> contexts/a.yaml:2:1
  |
2 | ---
  | ^^^


"#]]);
}

#[test]
fn a_merge_key() {
    manifest("vars: {<<: {a: b}}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-merge-key]: merge keys (`<<`) are not part of YAML 1.2
 --> contexts/a.yaml:1:8
  |
1 | vars: {<<: {a: b}}
  |        ^^
  |
  = help: use `extends`, or repeat the keys


"#]]);
}

#[test]
fn a_tag() {
    manifest("system: !include other.yaml\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-tag]: the tag `!include` is not supported
 --> contexts/a.yaml:1:18
  |
1 | system: !include other.yaml
  |                  ^^^^^^^^^^

error[wrong-type]: expected a list, found `other.yaml`
 --> contexts/a.yaml:1:18
  |
1 | system: !include other.yaml
  |                  ^^^^^^^^^^


"#]]);
}

#[test]
fn an_alias_to_nothing() {
    manifest("system: *blocks\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: while parsing node, found unknown anchor
 --> contexts/a.yaml:1:9
  |
1 | system: *blocks
  |         ^


"#]]);
}

#[test]
fn an_alias_to_itself() {
    manifest("vars: &a {b: *a}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-alias]: the alias names a value that is not finished yet
 --> contexts/a.yaml:1:14
  |
1 | vars: &a {b: *a}
  |              ^^


"#]]);
}

#[test]
fn a_key_that_is_a_list() {
    manifest("vars: {[a, b]: c}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-key]: a key is a list; keys are text
 --> contexts/a.yaml:1:8
  |
1 | vars: {[a, b]: c}
  |        ^^^^^^


"#]]);
}

#[test]
fn a_number_that_is_not_finite() {
    manifest("vars: {a: 1e999}\nsystem: [{text: Hi}]\n").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-number]: `1e999` is not a finite number
 --> contexts/a.yaml:1:11
  |
1 | vars: {a: 1e999}
  |           ^^^^^


"#]]);
}

#[test]
fn a_bomb_of_aliases() {
    let mut text = "vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for floor in 1..12 {
        let below = format!("*a{}", floor - 1);
        text.push_str(&format!("  a{floor}: &a{floor} [{}]\n", vec![below; 9].join(", ")));
    }
    manifest(&(text + "system: [{text: Hi}]\n")).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-limit]: the document holds more than 2000000 values, aliases expanded
 --> contexts/a.yaml:8:22
  |
8 |   a6: &a6 [*a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5]
  |                      ^^^


"#]]);
}

#[test]
fn lists_in_lists_without_end() {
    manifest(&format!("vars: {{a: {}{}}}\nsystem: [{{text: Hi}}]\n", "[".repeat(5000), "]".repeat(5000))).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: recursion limit exceeded
 --> contexts/a.yaml:1:102
  |
1 | …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...
  |                                                                                                      ^


"#]]);
}

#[test]
fn maps_in_maps_without_end() {
    let text: String = (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    manifest(&text).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-limit]: lists and maps nest deeper than 64
  --> contexts/a.yaml:65:65
   |
65 | ...                   a:
   |                       ^


"#]]);
}
