//! `contexture build`: what is built, what is written, how it ends.

use std::fs;

use serde_json::json;
use snapbox::str;

use super::{budgeted, shop};
use crate::support::Repo;

#[test]
fn every_context_and_variant_is_built() {
    shop().run("build").is(str![[r#"
exit 0
--- stdout
greet  cx1:9485c4640be3  at 4dc522114f
  2 segments, 5 tokens by o200k_base, 5 before the first input

support/triage  cx1:2f7e2e95f562  at 4dc522114f
  3 segments, 15 tokens by o200k_base, 15 before the first input

support/triage@terse  cx1:504f31ce6b7c  at 4dc522114f
  2 segments, 6 tokens by o200k_base, 6 before the first input

3 contexts built

"#]]);
}

#[test]
fn the_named_context_alone_is_built() {
    let repo = shop();
    repo.run("build support/triage").exits(0);
    assert!(repo.at("dist/support/triage.bundle/bundle.json").exists());
    assert!(!repo.at("dist/support/triage@terse.bundle").exists());
    assert!(!repo.at("dist/greet.bundle").exists());
}

#[test]
fn a_variant_is_named_by_its_sign() {
    shop().run("build support/triage@terse").is(str![[r#"
exit 0
--- stdout
support/triage@terse  cx1:504f31ce6b7c  at 4dc522114f
  2 segments, 6 tokens by o200k_base, 6 before the first input

1 context built

"#]]);
}

#[test]
fn a_context_that_is_named_twice_is_built_once() {
    shop().run("build greet greet").is(str![[r#"
exit 0
--- stdout
greet  cx1:9485c4640be3  at 4dc522114f
  2 segments, 5 tokens by o200k_base, 5 before the first input

1 context built

"#]]);
}

#[test]
fn an_unknown_context_is_told_with_near_names() {
    let repo = shop();
    repo.run("build suport/triage").is(str![[r#"
exit 2
--- stderr
error: there is no context `suport/triage`
 |
 = help: did you mean `support/triage` or `support/triage@terse`?

"#]]);
    assert!(!repo.at("dist").exists());
}

#[test]
fn an_unknown_variant_is_told_with_near_names() {
    shop().run("build support/triage@ters").is(str![[r#"
exit 2
--- stderr
error: there is no context `support/triage@ters`
 |
 = help: did you mean `support/triage@terse` or `support/triage`?

"#]]);
}

#[test]
fn the_json_report_is_valid_by_its_schema() {
    let repo = shop();
    let report = repo.run("build --format json").exits(0).json();
    let schema = repo.run("schema build").exits(0).json();
    let complaints: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(complaints, Vec::<String>::new());
    let ids: Vec<_> = report["contexts"].as_array().unwrap().iter().map(|context| &context["id"]).collect();
    assert_eq!(ids, ["greet", "support/triage", "support/triage"]);
    assert_eq!(report["broken"], json!([]));
}

#[test]
fn the_json_report_of_a_broken_context_is_valid_too() {
    let repo = shop();
    repo.file("contexts/greet.yaml", "sytem: [{text: Hi}]\nsystem: [{text: Hi}]\n");
    let report = repo.run("build --format json").exits(2).json();
    let schema = repo.run("schema build").exits(0).json();
    assert!(jsonschema::is_valid(&schema, &report), "{report:#}");
    assert_eq!(
        report["broken"],
        json!([{"id": "greet", "variant": null, "diagnostics": [{
            "severity": "error", "code": "unknown-key", "message": "unknown key `sytem` in a manifest",
            "file": "contexts/greet.yaml", "line": 1, "column": 1, "hint": "did you mean `system`?", "model": null,
        }]}])
    );
}

#[test]
fn a_broken_context_leaves_the_others_built_and_its_old_bundle_in_place() {
    let repo = shop();
    repo.run("build").exits(0);
    let old = fs::read(repo.at("dist/greet.bundle/prompt.md")).unwrap();
    repo.file("contexts/greet.yaml", "system: [{file: gone.md}]\n");
    repo.file("policies/refunds.md", "# Refunds\n\nWithin 60 days.\n");
    repo.run("build").is(str![[r#"
exit 2
--- stdout
support/triage  cx1:7358f46599bd  uncommitted on 4dc522114f
  3 segments, 15 tokens by o200k_base, 15 before the first input

support/triage@terse  cx1:504f31ce6b7c  at 4dc522114f
  2 segments, 6 tokens by o200k_base, 6 before the first input

2 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `gone.md`
 --> contexts/greet.yaml:1:17
  |
1 | system: [{file: gone.md}]
  |                 ^^^^^^^


"#]]);
    assert_eq!(fs::read(repo.at("dist/greet.bundle/prompt.md")).unwrap(), old);
    let other = fs::read_to_string(repo.at("dist/support/triage.bundle/prompt.md")).unwrap();
    assert!(other.contains("60 days"), "{other}");
}

#[test]
fn a_failing_budget_is_told_and_the_bundle_is_written() {
    let repo = budgeted(4);
    let outcome = repo.run("build").exits(1);
    assert!(outcome.stdout.contains("over budget for gpt-6.1-sol: prefix_tokens is 6, the limit is 4"), "{outcome}");
    assert!(repo.at("dist/a.bundle/bundle.json").exists());
}

#[test]
fn a_budget_that_is_met_to_the_token_passes() {
    budgeted(6).run("build").exits(0);
}

#[test]
fn broken_beats_over_budget() {
    let repo = budgeted(4);
    repo.file("contexts/b.yaml", "system: [{file: gone.md}]\n");
    repo.run("build").exits(2);
    assert!(repo.at("dist/a.bundle/bundle.json").exists());
}

#[test]
fn bundles_go_where_they_are_asked_to() {
    let repo = shop();
    repo.run("build greet -o out/bundles").exits(0);
    assert!(repo.at("out/bundles/greet.bundle/bundle.json").exists());
    assert!(!repo.at("dist").exists());
}

#[test]
fn an_output_that_is_a_file_is_an_error() {
    let repo = shop();
    repo.file("out", "a file\n");
    repo.run("build greet -o out").is(str![[r#"
exit 2
--- stderr
error: cannot write out/greet.bundle: File exists (os error 17)

"#]]);
    assert_eq!(fs::read_to_string(repo.at("out")).unwrap(), "a file\n");
}

#[test]
fn a_bundle_that_stands_is_not_written_again() {
    use std::os::unix::fs::MetadataExt;
    let repo = shop();
    let node = || fs::metadata(repo.at("dist/greet.bundle")).map(|meta| meta.ino()).unwrap();
    repo.run("build greet").exits(0);
    let first = node();
    repo.run("build greet").exits(0);
    assert_eq!(node(), first);
}

#[test]
fn whatever_else_stands_in_the_output_is_left_alone() {
    let repo = shop();
    repo.file("dist/notes.txt", "mine\n").file("dist/other.bundle/x", "y\n");
    repo.run("build").exits(0);
    let mut names: Vec<_> =
        fs::read_dir(repo.at("dist")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["greet.bundle", "notes.txt", "other.bundle", "support"]);
}

#[test]
fn a_bundle_holds_no_more_than_it_says() {
    let repo = shop();
    repo.run("build greet").exits(0);
    let mut names: Vec<_> = fs::read_dir(repo.at("dist/greet.bundle"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["bundle.json", "prompt.md"]);
}

#[test]
fn one_context_a_match_is_built() {
    let repo = Repo::none();
    repo.file("contexts/fabric.yaml", "each: patterns/*/system.md\nsystem: [{file: $each}]\n");
    repo.file("patterns/summarize/system.md", "Summarize.\n").file("patterns/translate/system.md", "Translate.\n");
    repo.run("build fabric").is(str![[r#"
exit 0
--- stdout
fabric/summarize  cx1:e380ab5857a9  uncommitted
  1 segment, 4 tokens by o200k_base, 4 before the first input

fabric/translate  cx1:975a3c28d7f5  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

2 contexts built

"#]]);
    repo.run("build fabric/translate").is(str![[r#"
exit 0
--- stdout
fabric/translate  cx1:975a3c28d7f5  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

1 context built

"#]]);
}

#[test]
fn a_manifest_that_only_serves_others_is_not_built() {
    let repo = Repo::none();
    repo.file("contexts/_house.yaml", "system: [{text: Be brief.}]\n");
    repo.file("contexts/base.yaml", "abstract: true\nextends: contexts/_house.yaml\nmessages: [{user: Hello}]\n");
    repo.file("contexts/a.yaml", "extends: base\n");
    repo.run("build").is(str![[r#"
exit 0
--- stdout
a  cx1:eb49cfc0d7c9  uncommitted
  2 segments, 4 tokens by o200k_base, 4 before the first input

1 context built

"#]]);
}

#[test]
fn a_warning_goes_to_stderr_and_changes_no_exit_code() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{file: a.md}, {file: b.md}]\n").file("a.md", "Text.\n").file("b.md", "\n");
    repo.run("build").is(str![[r#"
exit 0
--- stdout
a  cx1:1f2712e46d22  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

1 context built, 1 warning
--- stderr
warning[empty-text]: the block yields no text
 --> contexts/a.yaml:1:24
  |
1 | system: [{file: a.md}, {file: b.md}]
  |                        ^^^^^^^^^^^^
  |
  = help: remove it, or give it a `when`


"#]]);
}

#[test]
fn quiet_takes_warnings_away_and_leaves_the_report() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{file: a.md}, {file: b.md}]\n").file("a.md", "Text.\n").file("b.md", "\n");
    repo.run("build -q").is(str![[r#"
exit 0
--- stdout
a  cx1:1f2712e46d22  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

1 context built, 1 warning

"#]]);
}

#[test]
fn quiet_takes_no_error_away() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\n");
    repo.run("build -q").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: there is no file `a.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: a.md}]
  |                 ^^^^


"#]]);
}

#[test]
fn verbose_lists_every_segment() {
    shop().run("build -v support/triage").is(str![[r#"
exit 0
--- stdout
support/triage  cx1:2f7e2e95f562  at 4dc522114f
  3 segments, 15 tokens by o200k_base, 15 before the first input
  segment     tokens  from
  system/1         6  templates/persona.hbs:1
  system/2         9  policies/refunds.md:1-3
  messages/1    hole  contexts/support/triage.yaml:8

1 context built

"#]]);
}

#[test]
fn every_wish_for_threads_gives_the_same_report() {
    let repo = shop();
    let one = repo.run("build --jobs 1");
    assert_eq!(repo.run("build --jobs 7"), one);
}
