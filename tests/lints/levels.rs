//! How loud a lint is: by the project, the context, the variant, and a comment on the spot.

use snapbox::str;

use super::{of_fragment, secret};
use crate::support::Repo;

/// One context whose only fragment is stored with CRLF.
fn with_crlf(lints: &str) -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", format!("system:\n  - file: docs/a.md\n{lints}"));
    repo.file("docs/a.md", "One.\r\nTwo.\r\n").committed("base");
    repo
}

#[test]
fn a_warning_lets_the_answer_be_yes() {
    with_crlf("").run("check").is(str![[r#"
exit 0
--- stdout
a  cx1:2527ca2d7112  at 09d9ceb950
  1 segment, 4 tokens by o200k_base, 4 before the first input

1 context built, 1 warning
--- stderr
warning[crlf]: the file is stored with CRLF line endings, and the model will see them
 --> docs/a.md:1:5
  |
1 | One.�
  |     ^
  |
  = note: in a
  = help: convert it with `git add --renormalize` and a .gitattributes line, or with an editor


"#]]);
}

#[test]
fn what_is_denied_makes_the_answer_no() {
    let repo = with_crlf("lints: {crlf: deny}\n");
    repo.run("check").is(str![[r#"
exit 1
--- stdout
a  cx1:2527ca2d7112  at 52f549eed7
  1 segment, 4 tokens by o200k_base, 4 before the first input

1 context built, 1 denied by a lint
--- stderr
error[crlf]: the file is stored with CRLF line endings, and the model will see them
 --> docs/a.md:1:5
  |
1 | One.�
  |     ^
  |
  = note: in a
  = help: convert it with `git add --renormalize` and a .gitattributes line, or with an editor


"#]]);
}

#[test]
fn a_build_does_not_look_for_lints() {
    let repo = with_crlf("lints: {crlf: deny}\n");
    assert_eq!(repo.run("build").exits(0).stderr, "");
    assert!(repo.at("dist/a.bundle/bundle.json").exists());
}

#[test]
fn what_is_allowed_is_not_told() {
    assert_eq!(with_crlf("lints: {crlf: allow}\n").run("check").exits(0).stderr, "");
}

#[test]
fn the_project_sets_levels_and_the_context_has_the_last_word() {
    let repo = with_crlf("");
    repo.file("contexture.yaml", "lints: {crlf: deny}\n");
    repo.run("check").exits(1);
    repo.file("contexts/a.yaml", "system:\n  - file: docs/a.md\nlints: {crlf: allow}\n");
    repo.run("check").exits(0);
}

#[test]
fn a_remark_of_the_planner_has_a_level_too() {
    let repo = Repo::new();
    let head = "models: [claude-sonnet-5-5]\noutput: {max_tokens: 9}\nsystem:\n  - text: short\n    cache: true\n";
    repo.file("contexts/a.yaml", head).committed("base");
    assert!(repo.run("check").exits(0).stderr.contains("warning[dead-breakpoint]"));
    repo.file("contexts/a.yaml", format!("{head}lints: {{dead-breakpoint: deny}}\n"));
    assert!(repo.run("check").exits(1).stderr.contains("error[dead-breakpoint]"));
    repo.file("contexts/a.yaml", head.replace("  - text", "  # contexture: allow(dead-breakpoint)\n  - text"));
    assert!(!repo.run("check").exits(0).stderr.contains("dead-breakpoint"));
}

#[test]
fn a_comment_allows_on_the_spot() {
    let secret = secret();
    let allowed = of_fragment(&format!("<!-- contexture: allow(secret) -->\nUse {secret}.\n"));
    assert_eq!(allowed.run("check").exits(0).stderr, "");
    of_fragment(&format!("<!-- contexture: allow(secret) -->\n\nUse {secret}.\n")).run("check").exits(1);
}

#[test]
fn a_comment_in_front_matter_covers_the_file_and_is_not_sent() {
    let repo = of_fragment("---\n# contexture: allow-file(crlf)\ntitle: A\n---\nOne.\r\nTwo.\r\n");
    assert_eq!(repo.run("check").exits(0).stderr, "");
    assert_eq!(repo.run("render a").exits(0).stdout.matches("contexture").count(), 0);
}

#[test]
fn a_level_for_no_lint_is_an_error() {
    with_crlf("lints: {crfl: deny}\n").run("check").is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-lint]: there is no lint `crfl`
 --> contexts/a.yaml:3:9
  |
3 | lints: {crfl: deny}
  |         ^^^^
  |
  = help: did you mean `crlf`?


"#]]);
}

#[test]
fn a_gate_stops_at_what_a_change_brings_in() {
    let repo = of_fragment("Use the token.\n");
    repo.file("docs/a.md", format!("Use the token {}.\n", secret()));
    repo.run("diff HEAD --fail-on lint").exits(1);
    repo.committed("oh");
    repo.file("docs/a.md", format!("Now use the token {}.\n", secret()));
    repo.run("diff HEAD --fail-on lint").exits(0);
}

#[test]
fn a_file_that_contexts_share_is_told_once() {
    let repo = of_fragment(&format!("Use {}.\n", secret()));
    repo.file("contexts/b.yaml", "system:\n  - file: docs/a.md\n");
    assert_eq!(repo.run("check").exits(1).stderr.matches("error[secret]").count(), 1);
}

#[test]
fn the_rules_of_code_scanning_have_pages_and_levels() {
    let log = of_fragment(&format!("Use {}.\n", secret())).run("check --format sarif").exits(1).json();
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "secret");
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
    assert!(rule["help"]["markdown"].as_str().is_some_and(|page| page.contains("revoke it")));
    assert_eq!(log["runs"][0]["results"][0]["level"], "error");
}
