//! `contexture render`: one prompt, or one request body, on stdout and nothing else.

use snapbox::str;

use super::{budgeted, shop};
use crate::support::Repo;

#[test]
fn the_prompt_is_printed_for_people() {
    shop().run("render support/triage").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `templates/persona.hbs` · line 1

```text
You work for Acme.

```

`system/2` · `policies/refunds.md` · lines 1–3

```text
# Refunds

Within 30 days.

```

# User

`messages/1`

`{{ticket}}`

"#]]);
}

#[test]
fn an_input_is_filled() {
    let repo = shop();
    let outcome = repo.contexture(["render", "support/triage", "--input", "ticket=Where is {{ it }}?"]).run().exits(0);
    assert!(outcome.stdout.contains("Where is {{ it }}?"), "{outcome}");
    assert!(!outcome.stdout.contains("{{ticket}}"), "{outcome}");
}

#[test]
fn an_input_is_filled_from_a_file() {
    let repo = shop();
    repo.file("ticket.txt", "My parcel never came.");
    let outcome = repo.run("render support/triage --input ticket=@ticket.txt").exits(0);
    assert!(outcome.stdout.contains("My parcel never came."), "{outcome}");
}

#[test]
fn an_input_from_a_file_that_is_not_there() {
    shop().run("render support/triage --input ticket=@ticket.txt").is(str![[r#"
exit 2
--- stderr
error: cannot read ticket.txt: No such file or directory (os error 2)

"#]]);
}

#[test]
fn an_unknown_input_is_told_with_a_near_one() {
    shop().run("render support/triage --input tickt=x").is(str![[r#"
exit 2
--- stderr
error: `support/triage` has no input `tickt`
 |
 = help: did you mean `ticket`?

"#]]);
}

#[test]
fn an_input_without_a_value_is_told() {
    shop().run("render support/triage --input ticket").is(str![[r#"
exit 2
--- stderr
error: `ticket` is no NAME=VALUE
 |
 = help: write --input ticket=@ticket.txt

"#]]);
}

#[test]
fn the_body_for_a_model_is_printed() {
    let body = shop().run("render support/triage --model gpt-6.1-sol").exits(0).json();
    assert_eq!(body["model"], "gpt-6.1-sol");
    let body = body.to_string();
    assert!(body.contains("You work for Acme.") && body.contains("{{ticket}}"), "{body}");
}

#[test]
fn another_dialect_is_printed_on_request() {
    let body = shop().run("render support/triage --model gpt-6.1-sol --dialect chat").exits(0).json();
    assert_eq!(body["messages"][1]["role"], "user");
}

#[test]
fn a_model_without_that_dialect_is_told() {
    shop().run("render support/triage --model gpt-6.1-sol --dialect converse").is(str![[r#"
exit 2
--- stderr
error: `gpt-6.1-sol` has no body of that dialect
 |
 = help: leave out --dialect to print its first

"#]]);
}

#[test]
fn a_dialect_needs_a_model() {
    let outcome = shop().run("render support/triage --dialect chat").exits(2);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn an_unknown_model_is_told_with_near_ones() {
    let outcome = shop().run("render support/triage --model gpt-6.1-sool").exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("there is no card for the model `gpt-6.1-sool`"), "{outcome}");
    assert!(outcome.stderr.contains("gpt-6.1-sol"), "{outcome}");
}

#[test]
fn a_broken_context_prints_nothing_on_stdout() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{file: gone.md}]\n");
    repo.run("render a").is(str![[r#"
exit 2
--- stderr
error[missing-fragment]: there is no file `gone.md`
 --> contexts/a.yaml:1:17
  |
1 | system: [{file: gone.md}]
  |                 ^^^^^^^


"#]]);
}

#[test]
fn a_name_that_means_many_contexts_is_told() {
    let repo = Repo::none();
    repo.file("contexts/p.yaml", "each: p/*.md\nsystem: [{file: $each}]\n").file("p/a.md", "A\n").file("p/b.md", "B\n");
    repo.run("render p").is(str![[r#"
exit 2
--- stderr
error: that names 2 contexts
 |
 = help: name one of them, such as `p/b`

"#]]);
    repo.run("render p/b").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `p/b.md` · line 1

```text
B

```

"#]]);
}

#[test]
fn a_budget_is_nothing_to_render() {
    budgeted(1).run("render a").exits(0);
}

#[test]
fn nothing_is_written() {
    let repo = shop();
    repo.run("render greet").exits(0);
    assert!(!repo.at("dist").exists());
}
