//! Paths that lead out of the project, or that no system spells alike.

use snapbox::str;

use super::{project, refused};

#[test]
fn a_path_that_climbs_out() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: ../secret.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `../secret.md`: the path leads out of the project
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: ../secret.md}]
  |                 ^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_that_climbs_out_after_a_detour() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: docs/../../secret.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `docs/../../secret.md`: the path leads out of the project
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: docs/../../secret.md}]
  |                 ^^^^^^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_that_climbs_out_from_beside_the_manifest() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: ./../../secret.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `./../../secret.md`: the path leads out of the project
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: ./../../secret.md}]
  |                 ^^^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn an_absolute_path() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: /etc/passwd}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `/etc/passwd`: the path is absolute; paths are relative to the project root
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: /etc/passwd}]
  |                 ^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_of_the_home_folder() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: ~/.ssh/id_ed25519}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `~/.ssh/id_ed25519`: the path is absolute; paths are relative to the project root
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: ~/.ssh/id_ed25519}]
  |                 ^^^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_with_a_drive() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: \"C:/secret.md\"}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `C:/secret.md`: the path is absolute; paths are relative to the project root
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: "C:/secret.md"}]
  |                 ^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_with_a_backslash() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: docs\\a.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `docs\a.md`: the path holds a backslash; paths are separated by `/`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: docs\a.md}]
  |                 ^^^^^^^^^


"#]]);
}

#[test]
fn a_path_into_git() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: .git/config}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `.git/config`: the path names git's own folder
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: .git/config}]
  |                 ^^^^^^^^^^^


"#]]);
}

#[test]
fn a_path_with_a_line_break() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: \"docs/a\\n.md\"}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `docs/a\n.md`: the path holds a control character
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: "docs/a\n.md"}]
  |                 ^^^^^^^^^^^^^


"#]]);
}

#[test]
fn an_empty_path() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: \"\"}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: ``: the path is empty
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: ""}]
  |                 ^^


"#]]);
}

#[test]
fn a_pattern_that_climbs_out() {
    let repo = project(&[("contexts/a.yaml", "system: [{files: ../*.md}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `../*.md`: the path leads out of the project
 --> contexts/a.yaml:1:18
  |
1 | system: [{files: ../*.md}]
  |                  ^^^^^^^


"#]]);
}

#[test]
fn an_example_set_outside() {
    let repo = project(&[("contexts/a.yaml", "messages: [{examples: ../secret.jsonl}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `../secret.jsonl`: the path leads out of the project
 --> contexts/a.yaml:1:23
  |
1 | messages: [{examples: ../secret.jsonl}]
  |                       ^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_schema_outside() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\noutput: {schema: /etc/schema.json}\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `/etc/schema.json`: the path is absolute; paths are relative to the project root
 --> contexts/a.yaml:2:18
  |
2 | output: {schema: /etc/schema.json}
  |                  ^^^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn an_include_outside() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{include \"../secret.md\"}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: `../secret.md` cannot be included: the path leads out of the project
 --> templates/p.hbs:1:11
  |
1 | {{include "../secret.md"}}
  |           ^^^^^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_manifest_named_with_a_sign() {
    let repo = project(&[("contexts/a@b.yaml", "system: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-id]: the file name makes the id `a@b`, and an id holds no `@`, no `:` and no part that starts with `.`
--> contexts/a@b.yaml
 = help: rename the file


"#]]);
}

#[test]
fn a_manifest_named_with_a_colon() {
    let repo = project(&[("contexts/a:b.yaml", "system: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-id]: the file name makes the id `a:b`, and an id holds no `@`, no `:` and no part that starts with `.`
--> contexts/a:b.yaml
 = help: rename the file


"#]]);
}

#[test]
fn a_link_that_leads_out() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: inside.md}]\n")]);
    std::fs::write(repo.outside("secret.md"), "secret\n").unwrap();
    repo.link("inside.md", "../secret.md");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[outside-project]: `inside.md` cannot be read: it is a link to "../secret.md", which leads out of the project
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: inside.md}]
  |                 ^^^^^^^^^


"#]]);
}

#[test]
fn a_folder_that_is_a_link_that_leads_out() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: docs/secret.md}]\n")]);
    std::fs::create_dir(repo.outside("docs")).unwrap();
    std::fs::write(repo.outside("docs/secret.md"), "secret\n").unwrap();
    repo.link("docs", "../docs");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[outside-project]: `docs/secret.md` cannot be read: it is a link to "../docs", which leads out of the project
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: docs/secret.md}]
  |                 ^^^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_link_that_leads_to_itself() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md}]\n")]);
    repo.link("a.md", "b.md").link("b.md", "a.md");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unreadable-fragment]: `a.md` cannot be read: its links lead in a circle
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: a.md}]
  |                 ^^^^


"#]]);
}

#[test]
fn a_link_to_nothing() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md}]\n")]);
    repo.link("a.md", "gone.md");
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `a.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: a.md}]
  |                 ^^^^
  |
  = help: it is a link to a file that is not there


"#]]);
}

#[test]
fn a_manifest_in_a_folder_that_is_named_like_a_bundle() {
    let repo = project(&[("contexts/a.bundle/b.yaml", "system: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-id]: the file name makes the id `a.bundle/b`, and no folder of an id ends with `.bundle`
--> contexts/a.bundle/b.yaml
 = help: rename the file


"#]]);
}

#[test]
fn a_match_that_is_named_like_a_variant() {
    let repo = project(&[("contexts/p.yaml", "each: p/*.md\nsystem: [{file: $each}]\n"), ("p/a@b.md", "A\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-id]: the file name makes the id `p/a@b`, and an id holds no `@`, no `:` and no part that starts with `.`
--> p/a@b.md
 = note: in p/a@b
 = help: rename the file


"#]]);
}

#[test]
fn an_id_that_two_manifests_make() {
    let each = "each: q/*.md\nsystem: [{file: $each}]\n";
    let files = [("contexts/p.yaml", each), ("q/a.md", "A\n"), ("contexts/p/a.yaml", "system: [{text: Hi}]\n")];
    let repo = project(&files);
    let outcome = refused(&repo);
    outcome.is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[duplicate-id]: contexts/p.yaml and contexts/p/a.yaml both make the id `p/a`
--> contexts/p/a.yaml
 = help: rename one of the files


"#]]);
    assert_eq!(repo.run("build p/a"), outcome);
}
