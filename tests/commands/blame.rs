//! `contexture blame`.

use snapbox::str;

use crate::support::Repo;

/// A prompt that two authors wrote.
fn written_by_two() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/a.yaml",
        "models: [claude-sonnet-5-5]\ninputs: {question: {tokens: 50}}\n\
         system:\n  - file: rules.md\n  - text: Be brief.\nmessages:\n  - user: \"{{question}}\"\n",
    );
    repo.file("rules.md", "# Rules\n\nAnswer in one sentence.\nNever guess.\n").commit("Write the rules");
    repo.file("rules.md", "# Rules\n\nAnswer in two sentences at most.\nNever guess.\nSay what you do not know.\n");
    let mut git = repo.command();
    git.args(["commit", "--all", "--quiet", "--message", "Soften the rules"]);
    git.env("GIT_AUTHOR_NAME", "Eve\u{1b}]0;x\u{7}").env("GIT_AUTHOR_EMAIL", "eve@example.com");
    assert!(git.status().unwrap().success());
    repo
}

#[test]
fn tokens_are_told_by_commit_and_author() {
    written_by_two().run("blame a").is(str![[r#"
exit 0
--- stdout
a at 401f21dc7d  23 tokens of text, $0.000068 of a warm call of claude-sonnet-5-5

commit      date        tokens  share         warm  share  author         subject
401f21dc7d  2026-11-21      15  65.2%  $0.00004225  62.1%  Eve\u{1b}]0;x  Soften the rules
f0118f4fbf  2026-11-21       8  34.8%  $0.00002575  37.9%  Ada            Write the rules

author         tokens  share         warm  share  commits
Eve\u{1b}]0;x      15  65.2%  $0.00004225  62.1%        1
Ada                 8  34.8%  $0.00002575  37.9%        1

"#]]);
}

#[test]
fn each_segment_is_told_when_more_is_asked_for() {
    let told = written_by_two().run("blame a --verbose").exits(0);
    assert!(told.stdout.contains("system/1") && told.stdout.contains("rules.md:1-5"), "{told}");
}

#[test]
fn shares_add_up_in_json() {
    let report = written_by_two().run("blame a --format json").exits(0).json();
    let sum = |list: &str| -> u64 {
        report[list].as_array().unwrap().iter().map(|share| share["tokens"].as_u64().unwrap()).sum()
    };
    let tokens = report["tokens"].as_u64().unwrap();
    assert_eq!([sum("commits"), sum("authors"), sum("segments")], [tokens; 3]);
    let usd =
        |value: &serde_json::Value| contexture::syntax::quantity::Usd::parse(value["warm"].as_str().unwrap()).unwrap();
    let whole = usd(&report["models"][0]);
    let parts = report["commits"].as_array().unwrap().iter().map(|share| usd(&share["models"][0]));
    assert_eq!(parts.sum::<contexture::syntax::quantity::Usd>(), whole);
}

#[test]
fn an_earlier_commit_can_be_asked_for() {
    let report = written_by_two().run("blame a --rev HEAD~1 --format json").exits(0).json();
    assert_eq!(report["authors"].as_array().unwrap().len(), 1);
}

#[test]
fn text_of_a_template_is_that_of_who_wrote_its_lines() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "vars: {name: Ada}\nsystem: [{template: hello.hbs}]\n");
    repo.file("templates/hello.hbs", "Hello {{name}}.\n").commit("Write a template");
    let last = repo.file("contexts/a.yaml", "vars: {name: Bob}\nsystem: [{template: hello.hbs}]\n").commit("Rename");
    let report = repo.run("blame a --format json").exits(0).json();
    assert_ne!(report["commits"][0]["commit"], last.as_str());
    assert_eq!(report["commits"].as_array().unwrap().len(), 1);
}

#[test]
fn lines_are_traced_up_to_eight_mebibytes_and_a_longer_file_is_told_by_its_last_change() {
    for (mebibytes, traced, shares) in [(1, "line", 2), (8, "file", 1)] {
        let repo = Repo::new();
        repo.file("contexts/a.yaml", "system: [{file: long.md}]\n");
        let line = "This sentence fills the file.\n";
        let first = line.repeat((mebibytes << 20) / line.len() + 1);
        repo.file("long.md", &first).commit("Write");
        let last = repo.file("long.md", first + line).commit("Append");
        let report = repo.run("blame a --format json").exits(0).json();
        assert_eq!(report["segments"][0]["traced"], traced);
        let commits = report["commits"].as_array().unwrap();
        assert_eq!((commits.len(), &commits.last().unwrap()["commit"]), (shares, &last.as_str().into()));
    }
}

#[test]
fn what_cannot_be_blamed_is_told_in_a_sentence() {
    Repo::none().run("blame a").exits(2);
    Repo::new().run("blame a").exits(2);
    let outcome = written_by_two().run("blame b").exits(2);
    assert!(outcome.stderr.contains("there is no context `b`"), "{outcome}");
}
