//! `contexture build`.

use snapbox::str;

use super::shop;

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
fn an_unknown_context_is_told_with_near_names() {
    shop().run("build suport/triage").is(str![[r#"
exit 2
--- stderr
error: there is no context `suport/triage`
 |
 = help: did you mean `support/triage` or `support/triage@terse`?

"#]]);
}
