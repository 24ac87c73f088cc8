//! `contexture list`.

use serde_json::json;
use snapbox::str;

use super::shop;
use crate::support::Repo;

#[test]
fn contexts_and_variants_are_listed() {
    shop().run("list").is(str![[r#"
exit 0
--- stdout
context               owner  description
greet                 desk   Greet a customer.
support/triage               Sort a ticket.
support/triage@terse         Sort a ticket.
3 contexts

"#]]);
}

#[test]
fn the_json_list_is_valid_by_its_schema() {
    let repo = shop();
    let report = repo.run("list --format json").exits(0).json();
    let schema = repo.run("schema list").exits(0).json();
    assert!(jsonschema::is_valid(&schema, &report), "{report:#}");
    assert_eq!(
        report["contexts"][2],
        json!({"id": "support/triage", "variant": "terse", "description": "Sort a ticket.", "owner": null, "broken": false})
    );
}

#[test]
fn the_users_of_a_fragment_are_listed() {
    shop().run("list --uses policies/refunds.md").is(str![[r#"
exit 0
--- stdout
context         owner  description
support/triage         Sort a ticket.
1 context

"#]]);
}

#[test]
fn the_users_of_a_template_are_listed() {
    shop().run("list --uses templates/persona.hbs").is(str![[r#"
exit 0
--- stdout
context               owner  description
support/triage               Sort a ticket.
support/triage@terse         Sort a ticket.
2 contexts

"#]]);
}

#[test]
fn the_users_of_a_partial_that_is_two_steps_away_are_listed() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{template: a.hbs}]\n").file("contexts/b.yaml", "system: [{text: Hi}]\n");
    repo.file("templates/a.hbs", "{{> b}}")
        .file("templates/b.hbs", "{{> c}}")
        .file("templates/c.hbs", "{{include \"d.md\"}}");
    repo.file("d.md", "Text.\n");
    repo.run("list --uses templates/c.hbs").is(str![[r#"
exit 0
--- stdout
context  owner  description
a
1 context

"#]]);
    assert_eq!(repo.run("list --uses d.md"), repo.run("list --uses templates/c.hbs"));
}

#[test]
fn the_heirs_of_a_manifest_are_its_users() {
    let repo = Repo::none();
    repo.file("contexts/_house.yaml", "system: [{text: Hi}]\n")
        .file("contexts/a.yaml", "extends: contexts/_house.yaml\n");
    repo.run("list --uses contexts/_house.yaml").is(str![[r#"
exit 0
--- stdout
context  owner  description
a
1 context

"#]]);
}

#[test]
fn a_file_that_nobody_uses_has_no_users() {
    let repo = shop();
    repo.file("README.md", "A shop.\n");
    repo.run("list --uses README.md").is(str![[r#"
exit 0
--- stdout
no contexts

"#]]);
}

#[test]
fn a_file_that_is_not_there_is_no_answer() {
    shop().run("list --uses README.md").is(str![[r#"
exit 2
--- stdout
no contexts
--- stderr
error: there is no file `README.md` that can be read
 |
 = help: give the path of a file below the project root, or of the commit that `--rev` names

"#]]);
}

#[test]
fn a_path_outside_of_the_project_is_refused() {
    shop().run("list --uses ../secret.md").is(str![[r#"
exit 2
--- stderr
error: `../secret.md`: the path leads out of the project
 |
 = help: give a path relative to the project root

"#]]);
}

#[test]
fn a_broken_context_is_listed_as_such() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [\n").file("contexts/b.yaml", "system: [{text: Hi}]\n");
    repo.run("list").is(str![[r#"
exit 2
--- stdout
context  owner  description
a               (broken)
b
2 contexts
--- stderr
error[yaml-syntax]: unclosed bracket '['
 --> contexts/a.yaml:1:9
  |
1 | system: [
  |         ^


"#]]);
}

#[test]
fn an_empty_project_has_nothing_to_list() {
    Repo::none().run("list").is(str![[r#"
exit 0
--- stdout
no contexts

"#]]);
}
