//! Fragments that are not there, or are no text.

use snapbox::str;

use super::{project, refused};

#[test]
fn a_file_that_is_not_there_is_told_with_a_near_one() {
    let repo =
        project(&[("contexts/a.yaml", "system: [{file: policies/refund.md}]\n"), ("policies/refunds.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `policies/refund.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: policies/refund.md}]
  |                 ^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `policies/refunds.md`?


"#]]);
}

#[test]
fn a_file_of_that_name_in_another_folder() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: refunds.md}]\n"), ("policies/refunds.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `refunds.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: refunds.md}]
  |                 ^^^^^^^^^^
  |
  = help: did you mean `policies/refunds.md`?


"#]]);
}

#[test]
fn a_file_that_is_a_folder() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: policies}]\n"), ("policies/refunds.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unreadable-fragment]: `policies` cannot be read: it is a folder
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: policies}]
  |                 ^^^^^^^^


"#]]);
}

#[test]
fn a_bare_string_that_is_no_file_and_no_template() {
    let repo = project(&[("contexts/a.yaml", "system: [persona]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `persona`
 --> contexts/a.yaml:1:10
  |
1 | system: [persona]
  |          ^^^^^^^


"#]]);
}

#[test]
fn a_pattern_that_matches_nothing() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: docs/*.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[no-match]: `docs/*.md` matches no file
 --> contexts/a.yaml:1:18
  |
1 | system: [{files: docs/*.md}]
  |                  ^^^^^^^^^
  |
  = help: add `optional: true` if that is meant


"#]]);
}

#[test]
fn patterns_that_exclude_everything() {
    let repo =
        project(&[("contexts/a.yaml", "system: [{files: [\"docs/*.md\", \"!docs/*\"]}]\n"), ("docs/a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[no-match]: `docs/*.md`, `!docs/*` matches no file
 --> contexts/a.yaml:1:19
  |
1 | system: [{files: ["docs/*.md", "!docs/*"]}]
  |                   ^^^^^^^^^^^
  |
  = help: add `optional: true` if that is meant


"#]]);
}

#[test]
fn patterns_that_only_exclude() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: [\"!docs/*\"]}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[no-match]: every pattern excludes, so none can match
 --> contexts/a.yaml:1:19
  |
1 | system: [{files: ["!docs/*"]}]
  |                   ^^^^^^^^^
  |
  = help: add a pattern without `!`


"#]]);
}

#[test]
fn a_pattern_with_an_open_bracket() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: \"docs/[a.md\"}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `docs/[a.md`
 --> contexts/a.yaml:1:18
  |
1 | system: [{files: "docs/[a.md"}]
  |                  ^^^^^^^^^^^^


"#]]);
}

#[test]
fn no_pattern_at_all() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: []}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[block-source]: `files` is empty
 --> contexts/a.yaml:1:11
  |
1 | system: [{files: []}]
  |           ^^^^^
  |
  = help: write its value, or remove the block


"#]]);
}

#[test]
fn an_order_that_is_no_order() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: docs/*.md, order: name}]\n"), ("docs/a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-order]: `name` is no order
 --> contexts/a.yaml:1:36
  |
1 | system: [{files: docs/*.md, order: name}]
  |                                    ^^^^
  |
  = help: use `path`, `listed`, or a Markdown file whose links give the order


"#]]);
}

#[test]
fn an_order_file_that_is_not_there() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: docs/*.md, order: order.md}]\n"), ("docs/a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `order.md`
 --> contexts/a.yaml:1:36
  |
1 | system: [{files: docs/*.md, order: order.md}]
  |                                    ^^^^^^^^


"#]]);
}

#[test]
fn an_unknown_split() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md, split: words(5)}]\n"), ("a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-split]: `words(5)` is no way to split a file
 --> contexts/a.yaml:1:30
  |
1 | system: [{file: a.md, split: words(5)}]
  |                              ^^^^^^^^
  |
  = help: use headings(2), keys(1) or lines(50)


"#]]);
}

#[test]
fn a_split_without_a_number() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md, split: headings}]\n"), ("a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-split]: `headings` is no way to split a file
 --> contexts/a.yaml:1:30
  |
1 | system: [{file: a.md, split: headings}]
  |                              ^^^^^^^^
  |
  = help: use headings(2), keys(1) or lines(50)


"#]]);
}

#[test]
fn a_split_into_lines_of_nothing() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md, split: lines(0)}]\n"), ("a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-split]: `lines(0)` is no way to split a file
 --> contexts/a.yaml:1:30
  |
1 | system: [{file: a.md, split: lines(0)}]
  |                              ^^^^^^^^
  |
  = help: use headings(2), keys(1) or lines(50)


"#]]);
}

#[test]
fn a_split_by_the_keys_of_what_is_no_yaml() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.yaml, split: keys(1)}]\n"), ("a.yaml", "a: [\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[yaml-syntax]: unclosed bracket '['
 --> a.yaml:1:4
  |
1 | a: [
  |    ^
  |
  = note: in a


"#]]);
}

#[test]
fn front_matter_that_is_no_yaml_costs_a_warning_and_the_head() {
    let repo =
        project(&[("contexts/a.yaml", "system: [{file: a.md}]\n"), ("a.md", "---\nglobs: **/*.ts\n---\nText\n")]);
    repo.run("render a").exits(0).is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `a.md` · line 4

```text
Text

```
--- stderr
warning[front-matter]: the front matter is no YAML, so it leaves the text unread: while parsing node, found unknown anchor
 --> a.md:2:8
  |
2 | globs: **/*.ts
  |        ^
  |
  = help: put the value into quotes; `front_matter: keep` sends the file as it stands


"#]]);
}

#[test]
fn a_nul_byte() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md}]\n"), ("a.md", "one\ntwo \0 three\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[not-text]: the file holds a NUL byte, so it is no text (byte 9)
 --> a.md:2:5
  |
2 | two �
  |     ^
  |
  = note: in a
  = help: save the file as UTF-8 text


"#]]);
}

#[test]
fn bytes_that_are_not_utf8() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md}]\n")]);
    repo.file("a.md", b"one\ntwo \xff three\n");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[not-text]: the file is not UTF-8 (byte 9)
 --> a.md:2:5
  |
2 | two �
  |     ^
  |
  = note: in a
  = help: save the file as UTF-8 text


"#]]);
}

#[test]
fn a_manifest_that_is_not_utf8() {
    let repo = project(&[]);
    repo.file("contexts/a.yaml", b"system: [{text: caf\xe9}]\n");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[not-text]: the file is not UTF-8 (byte 20)
 --> contexts/a.yaml:1:20
  |
1 | system: [{text: caf�
  |                    ^
  |
  = help: save the file as UTF-8 text


"#]]);
}

#[test]
fn a_manifest_in_utf16() {
    let repo = project(&[]);
    let units = "system: [{text: Hi}]\n".encode_utf16();
    repo.file("contexts/a.yaml", [0xfeff].into_iter().chain(units).flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[not-text]: the file is UTF-16, not UTF-8 (byte 1)
 --> contexts/a.yaml:1:1
  |
1 | �
  | ^
  |
  = help: save the file as UTF-8 text


"#]]);
}
