//! `contexture explain`.

use snapbox::str;

use super::shop;

#[test]
fn a_context_is_taken_apart_segment_by_segment() {
    shop().run("explain support/triage").is(str![[r#"
exit 0
--- stdout
support/triage
  Sort a ticket.
  prefix    cx1:2f7e2e95f56273c9f8cbaba2bcfa1709819108f8ec3a8b59eb6e5c84b5e2e2e5  15 tokens by o200k_base
  full      cx1:6e136983cc7f9ab7e67e6e47c4ceec19e1f321d657103fd5da5caac1a25a1079  15 tokens by o200k_base
  settings  cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2  model settings and output schema

  segment                           tokens  link              from
  system/1                               6  cx1:504f31ce6b7c  templates/persona.hbs:1
  system/2                               9  cx1:2f7e2e95f562  policies/refunds.md:1-3
  -- prefix ends: cx1:2f7e2e95f562
  messages/1                          hole  cx1:6e136983cc7f  contexts/support/triage.yaml:8

"#]]);
}

#[test]
fn a_segment_is_told_with_all_that_enters_its_digest() {
    shop().run("explain support/triage:system/2").is(str![[r#"
exit 0
--- stdout
support/triage:system/2
  from      policies/refunds.md:1-3
  blob      5d7a812cefc16614702bd39c04b92b2a13023877
  block     contexts/support/triage.yaml:6:5
  tokens    9 (o200k_base, as joined)

  The digest D(2) is BLAKE3 (cx1) over the tier and 1 part:
  tier      system
  part      system text 28 bytes
  digest    cx1:2ee1821b0697ad316e1db528abf45778c4b62111c00c05a9e8bd6364629095b8  D(2)
  before    cx1:504f31ce6b7c988cdba1e4cbee92dce6d2074e92a99ee302c4007c749be9a6ef  P(1)
  after     cx1:2f7e2e95f56273c9f8cbaba2bcfa1709819108f8ec3a8b59eb6e5c84b5e2e2e5  P(2) = H(P(1), D(2))

--- system text
# Refunds

Within 30 days.



"#]]);
}

#[test]
fn a_hole_is_told_by_its_name() {
    shop().run("explain support/triage:messages/1").is(str![[r#"
exit 0
--- stdout
support/triage:messages/1
  from      contexts/support/triage.yaml:8
  block     contexts/support/triage.yaml:8:5
  tokens    0 (o200k_base, as joined)

  The digest D(3) is BLAKE3 (cx1) over the tier and 1 part:
  tier      messages
  part      user input 6 bytes
  digest    cx1:ae32e8de0f8a1b6c9940cc270f29def12954e812d5715274200de66a0c319d18  D(3)
  before    cx1:2f7e2e95f56273c9f8cbaba2bcfa1709819108f8ec3a8b59eb6e5c84b5e2e2e5  P(2)
  after     cx1:6e136983cc7f9ab7e67e6e47c4ceec19e1f321d657103fd5da5caac1a25a1079  P(3) = H(P(2), D(3))

--- user input
{{ticket}}

"#]]);
}

#[test]
fn an_unknown_segment_is_told_with_a_near_one() {
    shop().run("explain support/triage:systm/2").is(str![[r#"
exit 2
--- stderr
error: `support/triage` has no segment `systm/2`
 |
 = help: did you mean `system/2`?

"#]]);
}

#[test]
fn an_unknown_context_is_told_with_a_near_one() {
    shop().run("explain support/triag:system/2").is(str![[r#"
exit 2
--- stderr
error: there is no context `support/triag`
 |
 = help: did you mean `support/triage` or `support/triage@terse`?

"#]]);
}

#[test]
fn the_last_commit_of_each_file_is_named_on_request() {
    let repo = shop();
    repo.file("policies/refunds.md", "# Refunds\n\nWithin 60 days.\n").commit("longer");
    repo.run("explain support/triage --commits").is(str![[r#"
exit 0
--- stdout
support/triage
  Sort a ticket.
  prefix    cx1:7358f46599bde10f5b58479e5d0204bbf6180150baccfa9972799ac6f3e76658  15 tokens by o200k_base
  full      cx1:4bee8b4bb517679e172a4095d6f490b6b037b9e511d0d81523036f10e5e2f0b7  15 tokens by o200k_base
  settings  cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2  model settings and output schema

  segment                           tokens  link              changed     from
  system/1                               6  cx1:504f31ce6b7c  4dc522114f  templates/persona.hbs:1
  system/2                               9  cx1:7358f46599bd  39afde5430  policies/refunds.md:1-3
  -- prefix ends: cx1:7358f46599bd
  messages/1                          hole  cx1:4bee8b4bb517  -           contexts/support/triage.yaml:8

"#]]);
}

#[test]
fn the_json_report_is_valid_by_its_schema() {
    let repo = shop();
    let report = repo.run("explain support/triage --format json").exits(0).json();
    let schema = repo.run("schema explain").exits(0).json();
    assert!(jsonschema::is_valid(&schema, &report), "{report:#}");
    assert_eq!(report["links"].as_array().unwrap().len(), 3);
    assert_eq!(report["links"][1]["before"], report["links"][0]["after"]);
    let one = repo.run("explain support/triage:system/2 --format json").exits(0).json();
    assert_eq!(one["links"][0], report["links"][1]);
}
