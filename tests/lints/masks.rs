//! The value of a secret is in nothing that the program says.

use snapbox::str;

use super::{of_fragment, secret};
use crate::support::Repo;

/// A secret in each place that text comes from, and faults on the very lines that hold one.
fn leaky() -> Repo {
    let (repo, secret) = (Repo::new(), secret());
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem:\n  - file: docs/a.md\n");
    repo.file("docs/a.md", "Use what follows.\n");
    repo.committed("base");
    repo.file("docs/a.md", format!("Use the token {secret} for calls.\u{200b}\n"));
    repo.file("docs/b.jsonl", format!("{{\"user\": \"What is it?\", \"assistant\": \"{secret}\"}}\n"));
    repo.file("templates/t.hbs", format!("{{{{x}}}} {secret}\n"));
    repo.file(
        "contexts/a.yaml",
        format!(
            "models: [gpt-6.1-sol]\nvars: {{x: \"{secret}\", f: [\"{secret}\"]}}\nsystem:\n  - file: docs/a.md\n  - text: \"{secret}\"\n  \
             - template: t.hbs\n  - examples: docs/b.jsonl\n    pick: {{count: 9}}\nmessages:\n  - user: \"{{{{f}}}} {secret}\"\n"
        ),
    );
    repo.file("contexts/broken.yaml", format!("system:\n  - file: \"{secret}\"\nsistem: \"{secret}\"\n"));
    repo
}

#[test]
fn no_command_shows_it_in_any_format() {
    let repo = leaky();
    let secret = secret();
    for words in [
        "check",
        "check -v",
        "check --format json",
        "check --format github",
        "check --format sarif",
        "build",
        "build --format json",
        "build --format html",
        "diff HEAD",
        "diff HEAD --format markdown",
        "diff HEAD --format html",
        "diff HEAD --format json",
        "explain a",
        "explain a --format json",
        "explain a:system/1",
        "explain a:system/2 --format json",
        "list",
    ] {
        let outcome = repo.run(words);
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!shown.contains(&secret), "`{words}` shows it:\n{shown}");
        assert!(!shown.contains(&secret[8..]), "`{words}` shows a part of it:\n{shown}");
    }
}

#[test]
fn the_prompt_itself_keeps_it() {
    let repo = of_fragment(&format!("Use {}.\n", secret()));
    assert!(repo.run("render a").exits(0).stdout.contains(&secret()));
}

#[test]
fn it_is_told_with_its_place_and_masked() {
    let repo = of_fragment(&format!("First.\nUse {} for calls.\n", secret()));
    repo.run("check").is(str![[r#"
exit 1
--- stdout
a  cx1:c095bd948a54  at c32ec40dc5
  1 segment, 37 tokens by o200k_base, 37 before the first input

1 context built, 1 denied by a lint
--- stderr
error[secret]: this looks like a GitHub token
 --> docs/a.md:2:5
  |
2 | Use [secret] for calls.
  |     ^^^^^^^^
  |
  = help: take it out and revoke it: it is in the history; a sample is written with EXAMPLE or xxxx in it


"#]]);
}

#[test]
fn a_secret_that_changes_shows_neither_value() {
    let repo = of_fragment(&format!("Use {}.\n", secret()));
    let other = secret().replace("k2Vd", "Q7cb");
    repo.file("docs/a.md", format!("Use {other}.\n"));
    let outcome = repo.run("diff HEAD").exits(0);
    assert!(!outcome.stdout.contains(&secret()[8..]), "{}", outcome.stdout);
}

#[test]
fn a_key_file_is_masked_where_a_fault_shows_one_of_its_lines() {
    let line = "Q7cbk2Vd8QxR1mZ5tBw9Jc4LfY7nHs3PgAe6XuToQ7cbk2Vd8QxR1mZ5tBw9Jc4L";
    let key = format!("-----BEGIN {0}-----\n{line}\n{line}\n\u{200b}{line}\n-----END {0}-----\n", "PRIVATE KEY");
    let outcome = of_fragment(&key).run("check").exits(1);
    assert!(!outcome.stderr.contains(&line[8..40]), "{}", outcome.stderr);
}
