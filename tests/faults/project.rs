//! `contexture.yaml` and `prices.yaml` at fault: nothing at all is built.

use snapbox::str;

use super::{project, refused};

#[test]
fn an_unknown_key_of_the_project() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "modles: []\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[unknown-key]: unknown key `modles` in contexture.yaml
 --> contexture.yaml:1:1
  |
1 | modles: []
  | ^^^^^^
  |
  = help: did you mean `models`?


"#]]);
}

#[test]
fn a_key_that_only_a_manifest_has() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "system: [{text: Hi}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[unknown-key]: unknown key `system` in contexture.yaml
 --> contexture.yaml:1:1
  |
1 | system: [{text: Hi}]
  | ^^^^^^
  |
  = help: known keys: models, vars, cache, traffic, budgets, settings, join, tokenizers, lints, default_branch


"#]]);
}

#[test]
fn a_project_file_that_is_a_list() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "- a\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[wrong-type]: expected a map (contexture.yaml), found a list
 --> contexture.yaml:1:1
  |
1 | - a
  | ^^^


"#]]);
}

#[test]
fn a_project_file_that_is_no_yaml() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "models: [\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[yaml-syntax]: unclosed bracket '['
 --> contexture.yaml:1:9
  |
1 | models: [
  |         ^


"#]]);
}

#[test]
fn a_default_branch_that_is_a_list() {
    let repo =
        project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "default_branch: [main]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[wrong-type]: expected text, found a list
 --> contexture.yaml:1:17
  |
1 | default_branch: [main]
  |                 ^^^^^^


"#]]);
}

#[test]
fn an_unknown_model_of_the_project() {
    let repo =
        project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("contexture.yaml", "models: [gpt-6.1-sool]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-model]: there is no card for the model `gpt-6.1-sool`
 --> contexture.yaml:1:10
  |
1 | models: [gpt-6.1-sool]
  |          ^^^^^^^^^^^^
  |
  = note: in a
  = help: did you mean one of `gpt-6.1-sol` ($2 in, $10 out), `gpt-6-sol` ($2 in, $10 out), `gpt-5.6-sol` ($4 in, $20 out), `gpt-4.1` ($2 in, $8 out), `gpt-5.1` ($1.25 in, $10 out)?


"#]]);
}

#[test]
fn prices_that_are_a_list() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("prices.yaml", "- a\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[wrong-type]: expected a map (a file of model cards), found a list
 --> prices.yaml:1:1
  |
1 | - a
  | ^^^


"#]]);
}

#[test]
fn prices_with_an_unknown_key() {
    let repo = project(&[("contexts/a.yaml", "system: [{text: Hi}]\n"), ("prices.yaml", "modells: {}\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stderr
error[unknown-key]: unknown key `modells` in a file of model cards
 --> prices.yaml:1:1
  |
1 | modells: {}
  | ^^^^^^^
  |
  = help: did you mean `models`?


"#]]);
}
