//! `extends` and `each` that lead nowhere, or in a circle.

use snapbox::str;

use super::{project, refused};
use crate::support::Repo;

#[test]
fn a_manifest_that_extends_itself() {
    let repo = project(&[("contexts/a.yaml", "extends: a\nsystem: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[extends-cycle]: `extends` leads in a circle: contexts/a.yaml → contexts/a.yaml
 --> contexts/a.yaml:1:10
  |
1 | extends: a
  |          ^


"#]]);
}

#[test]
fn three_manifests_in_a_circle() {
    let repo = project(&[
        ("contexts/a.yaml", "extends: contexts/_b.yaml\n"),
        ("contexts/_b.yaml", "extends: contexts/_c.yaml\n"),
        ("contexts/_c.yaml", "extends: contexts/_b.yaml\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[extends-cycle]: `extends` leads in a circle: contexts/_b.yaml → contexts/_c.yaml → contexts/_b.yaml
 --> contexts/_c.yaml:1:10
  |
1 | extends: contexts/_b.yaml
  |          ^^^^^^^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_base_that_is_not_there() {
    let repo = project(&[("contexts/a.yaml", "extends: bse\nsystem: [{text: Hi}]\n"), ("contexts/_base.yaml", "{}\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `bse`
 --> contexts/a.yaml:1:10
  |
1 | extends: bse
  |          ^^^


"#]]);
}

#[test]
fn a_base_outside() {
    let repo = project(&[("contexts/a.yaml", "extends: ../base.yaml\nsystem: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-path]: `../base.yaml`: the path leads out of the project
 --> contexts/a.yaml:1:10
  |
1 | extends: ../base.yaml
  |          ^^^^^^^^^^^^


"#]]);
}

#[test]
fn a_base_that_is_a_list() {
    let repo = project(&[
        ("contexts/a.yaml", "extends: contexts/_b.yaml\nsystem: [{text: Hi}]\n"),
        ("contexts/_b.yaml", "- a\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: a manifest is a map, found a list
 --> contexts/_b.yaml:1:1
  |
1 | - a
  | ^^^
  |
  = note: in a
  = help: begin with `system:` or `messages:`


"#]]);
}

#[test]
fn a_fault_that_a_base_wrote_is_told_there() {
    let repo = project(&[
        ("contexts/a.yaml", "extends: contexts/_b.yaml\nsystem: [{text: Hi}]\n"),
        ("contexts/_b.yaml", "owner: desk\njoin: space\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected one of blank, newline, none (how segments are separated), found `space`
 --> contexts/_b.yaml:2:7
  |
2 | join: space
  |       ^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_base_that_is_a_map() {
    let repo = project(&[("contexts/a.yaml", "extends: {a: b}\nsystem: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[wrong-type]: expected text, found a map
 --> contexts/a.yaml:1:10
  |
1 | extends: {a: b}
  |          ^^^^^^


"#]]);
}

#[test]
fn a_match_of_nothing() {
    let repo = project(&[("contexts/a.yaml", "each: data/*.md\nsystem: [{file: $each}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[no-match]: `data/*.md` matches no file
 --> contexts/a.yaml:1:7
  |
1 | each: data/*.md
  |       ^^^^^^^^^


"#]]);
}

#[test]
fn a_match_without_a_star() {
    let repo = project(&[("contexts/a.yaml", "each: data/a.md\nsystem: [{file: $each}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[bad-each]: `each` takes a pattern with `*`, such as data/*/system.md, or a list with one
 --> contexts/a.yaml:1:7
  |
1 | each: data/a.md
  |       ^^^^^^^^^


"#]]);
}

#[test]
fn a_tower_of_manifests() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "extends: contexts/_0.yaml\nsystem: [{text: Hi}]\n");
    for floor in 0..70 {
        repo.file(&format!("contexts/_{floor}.yaml"), format!("extends: contexts/_{}.yaml\n", floor + 1));
    }
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[extends-depth]: `extends` leads through more than 64 manifests
 --> contexts/_62.yaml:1:10
  |
1 | extends: contexts/_63.yaml
  |          ^^^^^^^^^^^^^^^^^
  |
  = note: in a


"#]]);
}
