//! What was there before the change stops nobody.

use crate::support::Repo;

const SECRET: &str = "ghp_R4nd0mZ9q8W7e6R5t4Y3u2I1o0PaSdFgHjKl";
const OTHER: &str = "ghp_Zx8Cv7Bn6Ma5Sd4Fg3Hj2Kl1Qw0Er9Ty8Ui7";

fn with_secret() -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\nmessages: [{user: x}]\n");
    repo.file("a.md", format!("key {SECRET}\n")).committed("base");
    repo
}

#[test]
fn a_denied_lint_of_the_base_is_counted_and_stops_nobody() {
    let repo = with_secret();
    repo.run("check").exits(1);
    let held = repo.run("check --base HEAD").exits(0);
    assert!(held.stdout.ends_with("1 context built, 1 finding of denied lints as at the base\n"), "{}", held.stdout);
    assert_eq!(held.stderr, "");
    assert_eq!(repo.run("check --base HEAD --format json").exits(0).json()["contexts"][0]["denied_before"], 1);
    // Elsewhere in the file, and in another file: it is the same.
    repo.file("a.md", format!("a line more\n\nthe key is {SECRET}\n"));
    repo.run("check --base HEAD").exits(0);
    repo.file("contexts/a.yaml", "system: [{file: b.md}]\nmessages: [{user: x}]\n").file("b.md", format!("{SECRET}\n"));
    repo.run("check --base HEAD").exits(0);
}

#[test]
fn what_the_change_brings_in_is_a_no() {
    for text in [
        format!("key {SECRET}\nkey {OTHER}\n"),
        format!("key {OTHER}\n"),
        format!("key {SECRET}\nkey {SECRET}\n"),
        format!("key {SECRET}\n\u{202e}\n"),
    ] {
        let repo = with_secret();
        repo.file("a.md", text);
        assert!(repo.run("check --base HEAD").exits(1).stdout.contains("1 denied by a lint"));
        repo.run("diff --fail-on lint").exits(1);
    }
    // Only a comment of the manifest: the model sees the same text.
    let repo = with_secret();
    repo.file("contexts/a.yaml", format!("# {OTHER}\nsystem: [{{file: a.md}}]\nmessages: [{{user: x}}]\n"));
    repo.run("check --base HEAD").exits(1);
    repo.run("diff --fail-on lint").exits(1);
    repo.run("diff --fail-on budget").exits(0);
}

#[test]
fn beyond_the_most_that_are_reported_one_more_is_still_new() {
    let keys = |number: usize| {
        let key =
            |at: usize| format!("key ghp_R4nd0mZ9q8W7e6R5t4Y3u2I1o0PaSdFg{}{}Kz\n", (b'A' + at as u8) as char, at % 10);
        (0..number).map(key).collect::<String>()
    };
    let repo = with_secret();
    repo.file("a.md", keys(22)).committed("many");
    repo.run("check --base HEAD").exits(0);
    repo.file("a.md", keys(23));
    repo.run("check --base HEAD").exits(1);
}

#[test]
fn debt_of_a_context_that_was_broken_is_not_known() {
    let repo = with_secret();
    repo.file("contexts/a.yaml", "system: [{file: gone.md}]\n").committed("broken");
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\nmessages: [{user: x}]\n");
    let held = repo.run("check --base HEAD").exits(2);
    assert!(held.stderr.contains("error[broken-base]: `a` cannot be built at the base"), "{}", held.stderr);
    repo.file("a.md", "Hi\n");
    repo.run("check --base HEAD").exits(0);
    repo.run("diff --fail-on lint").exits(0);
}

#[test]
fn a_change_that_loosens_its_own_gates_says_so_first() {
    let manifest = |rest: &str| {
        format!(
            "models: [gpt-6.1-sol]\nsystem: [{{file: long.md}}]\nmessages: [{{user: x}}]\noutput: {{tokens: 9, max_tokens: 9}}\n\
             traffic: {{calls: 1M/month}}\n{rest}\n"
        )
    };
    let before = "budgets: {tokens: 4000, cached_share: 20%, prefix_tokens: 3000}";
    let cases = [
        (before.replace("4000", "9000"), "1 budget loosened or removed: a, gpt-6.1-sol: tokens, 4,000 → 9,000."),
        (before.replace("20%", "1%"), "1 budget loosened or removed: a, gpt-6.1-sol: cached_share, 20% → 1%."),
        (
            before.replace(", prefix_tokens: 3000", ""),
            "1 budget loosened or removed: a, gpt-6.1-sol: prefix_tokens, 3,000 → no limit.",
        ),
        (String::new(), "3 budgets loosened or removed"),
        (
            before.replace("4000", "{limit: 4000, unknown: pass}"),
            "1 budget loosened or removed: a, gpt-6.1-sol: tokens, 4,000 → 4,000, and what is not known passes.",
        ),
        (format!("{before}\nlints: {{secret: allow, crlf: warn}}"), "1 lint no longer denied: secret, in a."),
        (before.replace("4000", "3900").replace("20%", "30%"), ""),
    ];
    for (after, said) in cases {
        let repo = Repo::new();
        repo.file("contexts/a.yaml", manifest(before)).file("long.md", "word ".repeat(2000)).committed("base");
        repo.run("check").exits(0);
        repo.file("contexts/a.yaml", manifest(&after));
        for format in ["text", "markdown"] {
            let report = repo.run(&format!("diff --format {format}")).stdout;
            let plain = report.replace(['*', '`', '\\'], "").replace("\n  ", " ");
            let is_said = plain.contains(if said.is_empty() { "loosened" } else { said });
            assert_eq!(is_said, !said.is_empty(), "{after}: {report}");
        }
    }
}
