//! The value of a secret is in nothing that the program says.

use snapbox::str;

use super::{of_fragment, secret};
use crate::support::Repo;

/// A place that a repository puts text in, and a secret of its own there.
struct Workspace(&'static str, String);

/// A secret for each place: where one is shown, its letters say which.
fn places() -> Vec<Workspace> {
    let names = [
        "a fragment",
        "an example",
        "a label",
        "front matter",
        "a tool",
        "a manifest's text",
        "a description",
        "an owner",
        "a variable",
        "a list",
        "an input's example",
        "a template",
        "a key that is unknown",
        "a path that is not there",
        "a subject",
        "an author",
        "a mail address",
        "the name of a file",
        "the name of a context",
        "a branch",
        "prices",
        "a scenario",
        "a broken lock",
        "an uncommitted line",
        "a held-out set",
        "a schema",
    ];
    let letters: Vec<char> = ('a'..='z').collect();
    let place = |(at, name): (usize, &'static str)| {
        let own = format!("{}{}", letters[at], letters[(at + 7) % 26].to_ascii_uppercase());
        Workspace(name, secret().replace("Vd8Q", &format!("{own}8Q")))
    };
    names.into_iter().enumerate().map(place).collect()
}

/// A repository with a secret in each place, and faults on some of the very lines that hold one.
fn leaky(places: &[Workspace]) -> Repo {
    let repo = Repo::new();
    let of = |name: &str| &places.iter().find(|place| place.0 == name).expect("a place").1;
    let manifest = |rest: &str| format!("models: [gpt-6.1-sol]\noutput: {{max_tokens: 9}}\n{rest}");
    repo.file("contexts/a.yaml", manifest("system: [{file: docs/a.md}]\n")).file("docs/a.md", "Use what follows.\n");
    repo.committed("base");
    let (file, context) = (format!("docs/{}.md", of("the name of a file")), of("the name of a context"));
    repo.file(&file, "A text.\n");
    repo.file("docs/a.md", format!("---\ntitle: {}\n---\nUse {}.\u{200b}\n", of("front matter"), of("a fragment")));
    let (example, label) = (of("an example"), of("a label"));
    repo.file("ex.jsonl", format!("{{\"user\": \"What?\", \"assistant\": \"{example}\", \"label\": \"{label}\"}}\n"));
    repo.file("held.jsonl", format!("{{\"user\": \"{}\", \"assistant\": \"x\"}}\n", of("a held-out set")));
    repo.file(
        "tool.json",
        format!("{{\"name\": \"t\", \"description\": \"{}\", \"input_schema\": {{}}}}", of("a tool")),
    );
    repo.file("schema.json", format!("{{\"type\": \"object\", \"description\": \"{}\"}}", of("a schema")));
    repo.file("templates/t.hbs", format!("{{{{x}}}} {{{{f}}}} {}\n", of("a template")));
    repo.file(
        "contexts/a.yaml",
        format!(
            "description: \"see {}\"\nowner: \"{}\"\nmodels: [gpt-6.1-sol]\nvars: {{x: \"{}\", f: [\"{}\"]}}\n\
             inputs: {{q: {{tokens: 9, example: \"{}\"}}}}\nheld_out: [held.jsonl]\ntools: [{{file: tool.json}}]\nsystem:\n  \
             - file: docs/a.md\n  - file: {file}\n  - text: \"{}\"\n  - template: t.hbs\nmessages:\n  \
             - {{examples: ex.jsonl, pick: {{count: 9, by: coverage, label: label}}}}\n  - user: \"{{{{q}}}}\"\n\
             output: {{max_tokens: 9, schema: schema.json}}\n",
            of("a description"),
            of("an owner"),
            of("a variable"),
            of("a list"),
            of("an input's example"),
            of("a manifest's text"),
        ),
    );
    repo.file(&format!("contexts/{context}.yaml"), manifest(&format!("system: [{{file: {file}}}]\n")));
    let (key, absent) = (of("a key that is unknown"), of("a path that is not there"));
    repo.file("contexts/broken.yaml", format!("system:\n  - file: \"{absent}\"\n{key}: 1\n"));
    repo.file("scenario.yaml", format!("model: \"{}\"\nrequests: []\n", of("a scenario")));
    let (author, mail) = (format!("Ada {}", of("an author")), format!("{}@example.com", of("a mail address")));
    repo.git(["add", "--all"]);
    let words = ["commit", "--quiet", "--message", &format!("Use {} now", of("a subject"))];
    let committed =
        repo.command().args(words).env("GIT_AUTHOR_NAME", author).env("GIT_AUTHOR_EMAIL", mail).status().unwrap();
    assert!(committed.success());
    repo.git(["branch", of("a branch")]);
    repo.run("build -o ../built").exits(2);
    repo.file("docs/a.md", format!("Use {}.\n{}\u{200b}\n", of("a fragment"), of("an uncommitted line")));
    repo
}

/// Every command in every format; what is asked for as it is, is not among them: `render`, the files
/// of a bundle, and the lock that `lock` writes.
const COMMANDS: [&str; 41] = [
    "check",
    "check -v",
    "check --format json",
    "check --format github",
    "check --format sarif",
    "check a --base HEAD~1",
    "check --locked",
    "build",
    "build --format json",
    "build --format html",
    "build a --provenance",
    "build --rev HEAD -v",
    "build --staged --format json",
    "diff",
    "diff HEAD~1",
    "diff HEAD~1..HEAD --format json",
    "diff HEAD~1 --format markdown",
    "diff HEAD~1 --format html",
    "diff BRANCH",
    "diff BRANCH~1 --format json",
    "explain a",
    "explain a --format json",
    "explain a:system/1",
    "explain a:system/2 --format json",
    "explain CONTEXT",
    "list",
    "list --format json",
    "list --uses docs/a.md",
    "log a",
    "log a --format json",
    "log a --format csv",
    "log a --format html",
    "blame a",
    "blame a -v",
    "blame a --format json",
    "count docs/a.md ex.jsonl",
    "lock --check",
    "break-even a --format json",
    "models --format json",
    "verify ../built/a.bundle",
    "simulate scenario.yaml",
];

/// What is shown, with the place of each secret that it shows.
#[track_caller]
fn shows_none(places: &[Workspace], what: &str, shown: &str) {
    // The letters that are this place's own, and what follows them in all.
    let is_shown = |secret: &str| shown.contains(&secret[4..10]);
    let leaks: Vec<&str> = places.iter().filter(|place| is_shown(&place.1)).map(|place| place.0).collect();
    assert!(!shown.contains(&secret()[12..]) || !leaks.is_empty(), "`{what}` shows a part of one:\n{shown}");
    assert!(leaks.is_empty(), "`{what}` shows {leaks:?}:\n{shown}");
}

#[test]
fn no_command_shows_it_in_any_format() {
    let places = places();
    let repo = leaky(&places);
    let of = |name: &str| &places.iter().find(|place| place.0 == name).expect("a place").1;
    let hold = |round: &str| {
        for words in COMMANDS {
            let words = words.replace("BRANCH", of("a branch")).replace("CONTEXT", of("the name of a context"));
            let outcome = repo.run(&words);
            shows_none(&places, &format!("{words} ({round})"), &format!("{}{}", outcome.stdout, outcome.stderr));
            let is_json = words.contains("--format json") || words.contains("--format sarif");
            assert!(
                !is_json
                    || outcome.stdout.is_empty()
                    || serde_json::from_str::<serde_json::Value>(&outcome.stdout).is_ok()
            );
        }
    };
    hold("as it is");
    // What is wrong with these would hide the rest.
    repo.file("prices.yaml", format!("models: {{gpt-6.1-sol: {{{}: 1}}}}\n", of("prices")));
    repo.file("contexture.lock", format!("[a]\n{}\n", of("a broken lock")));
    hold("with prices and a lock");
}

#[test]
fn a_watch_shows_it_neither_in_its_lines_nor_on_its_page() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let places = places();
    let repo = leaky(&places);
    for words in [&["watch", "--format", "json"][..], &["watch", "--format", "text"]] {
        let mut command = repo.clean(env!("CARGO_BIN_EXE_contexture"));
        command.args(words).stdin(std::process::Stdio::null());
        let mut child =
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        child.kill().unwrap();
        let mut complaints = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        child.wait().unwrap();
        assert!(!first.is_empty());
        shows_none(&places, &words.join(" "), &format!("{first}{complaints}"));
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
error[secret]: this looks like a GitHub token: `ghp_…`, 40 characters, 9 digits, 13 capitals, 17 small letters, 1 other sign
 --> docs/a.md:2:5
  |
2 | Use [secret] for calls.
  |     ^^^^^^^^
  |
  = note: in a
  = help: take it out and revoke it: it is in the history; if it is none, say `contexture: allow(secret)` in a comment on this line or the one above (in a file without comments, `lints: {secret: warn}` in the manifest), or write EXAMPLE or xxxx into it


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
