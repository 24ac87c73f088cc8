//! Many commands, each with the store in every state: one answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Outcome, Repo};

/// Two commits and an uncommitted edit: templates, patterns, examples, a variant, a tokenizer's estimate, a
/// broken context.
fn project() -> Repo {
    let repo = Repo::new();
    repo.file("contexture.yaml", "models: [claude-sonnet-5-5, gpt-6.1-sol]\nbudgets: {tokens: 400}\n");
    repo.file("templates/persona.hbs", "You work for {{shop}}. {{> house}}\n");
    repo.file("templates/house.hbs", "Be kind, and brief.\n");
    repo.file("examples.jsonl", "{\"input\": \"Where is it?\", \"output\": \"On its way.\"}\n".repeat(3));
    let text =
        |name: &str| format!("# {name}\n\n{}", "Within 30 days — “naïve” cases too, they'll be paid.\n".repeat(9));
    for name in ["refunds", "returns", "shipping"] {
        repo.file(&format!("policies/{name}.md"), text(name));
    }
    repo.file(
        "contexts/main.yaml",
        "vars: {shop: Acme}\ninputs: {ticket: {tokens: 30}}\nsystem:\n  - template: persona.hbs\n  \
         - files: policies/*.md\n    cache: true\nmessages:\n  - {examples: examples.jsonl, pick: {tokens: 40}}\n  \
         - user: \"{{ticket}}\"\noutput: {tokens: 50, max_tokens: 500}\nvariants:\n  \
         short: {system: [{file: policies/refunds.md}]}\n",
    );
    repo.file(
        "contexts/other.yaml",
        "system: [{file: policies/returns.md}]\nmessages: [{user: Hi}]\noutput: {max_tokens: 9}\n",
    );
    repo.file("contexts/broken.yaml", "system: [{file: policies/refund.md}]\n").commit("Start");
    repo.file("policies/refunds.md", text("Refunds")).commit("Spell it with a capital");
    repo.file("policies/returns.md", text("returns") + "Not yet committed.\n");
    repo
}

const COMMANDS: &[&str] = &[
    "build -o [OUT] --as-of 2026-11-21",
    "check main main@short --as-of 2026-11-21 --format json",
    "check main --base HEAD~1 --as-of 2026-11-21",
    "check --staged --as-of 2026-11-21 --format json",
    "render main --model gpt-6.1-sol",
    "explain main --as-of 2026-11-21",
    "diff HEAD~1 --as-of 2026-11-21 --format json",
    "diff HEAD~1..HEAD --as-of 2026-11-21 --format json",
    "diff HEAD..HEAD~1 --as-of 2026-11-21",
    "diff HEAD -- main other --as-of 2026-11-21",
    "log main --as-of 2026-11-21 --format json",
    "blame main",
    "lock --check --rev HEAD",
    "break-even main --as-of 2026-11-21",
    "list --uses policies/refunds.md",
];

/// Every outcome, and every file of the output folder.
#[derive(Debug, PartialEq)]
struct Answers(Vec<Outcome>, Vec<(PathBuf, Vec<u8>)>);

fn answers(repo: &Repo, cache: &Path) -> Answers {
    let output = repo.outside("output");
    let outcomes = COMMANDS.iter().map(|words| {
        let words = words.replace("[OUT]", output.to_str().unwrap());
        repo.contexture(words.split(' ')).env("CONTEXTURE_CACHE", cache).run()
    });
    let outcomes = outcomes.collect();
    let mut written: Vec<(PathBuf, Vec<u8>)> =
        files(&output).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    written.sort();
    Answers(outcomes, written)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_state_of_the_store_changes_an_answer() {
    let repo = project();
    let cache = repo.outside("cache");
    let without = answers(&repo, Path::new("off"));
    assert!(without.0.iter().any(|outcome| outcome.status == Some(0)), "{without:?}");
    assert!(!cache.exists() && !repo.outside(".cache").exists(), "a store that is switched off is not written");
    let unbuilt = || fs::remove_dir_all(repo.outside("output")).unwrap();
    unbuilt();
    assert_eq!(answers(&repo, &cache), without, "cold");
    let kept = files(&cache);
    assert!(kept.len() >= 3, "answers, counts and surveys are kept: {kept:?}");
    assert_eq!(answers(&repo, &cache), without, "warm");
    // Where a bundle stands is remembered once it has stood for a while, so answers may still be added to.
    let settled = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
        paths.into_iter().filter(|path| !path.parent().unwrap().ends_with("answers")).collect()
    };
    assert_eq!(settled(files(&cache)), settled(kept), "a warm run has nothing to add");

    // Every table damaged, each in another place; then cut off; then something else altogether.
    for (round, damage) in [0, 1, 2].into_iter().enumerate() {
        for (number, path) in files(&cache).into_iter().enumerate() {
            let mut bytes = fs::read(&path).unwrap();
            let place = (bytes.len() - 1) * (number + round) % bytes.len();
            match damage {
                0 => bytes[place] ^= 0x10,
                1 => bytes.truncate(place),
                _ => bytes = b"something else".to_vec(),
            }
            fs::write(path, bytes).unwrap();
        }
        unbuilt();
        assert_eq!(answers(&repo, &cache), without, "damaged, round {round}");
        assert_eq!(answers(&repo, &cache), without, "rebuilt, round {round}");
    }
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "a file where the folder should be").unwrap();
    assert_eq!(answers(&repo, &cache), without, "not writable");
    assert_eq!(fs::read(&cache).unwrap(), b"a file where the folder should be");
}

#[test]
fn the_store_lies_in_the_users_cache_folder() {
    let repo = project();
    repo.run("render main").exits(0);
    assert!(!files(&repo.outside(".cache/contexture")).is_empty());
    repo.contexture(["render", "main"]).env("XDG_CACHE_HOME", repo.outside("xdg")).run().exits(0);
    assert!(!files(&repo.outside("xdg/contexture")).is_empty());
}

#[test]
fn processes_at_once_share_it_and_agree() {
    let repo = project();
    let cache = repo.outside("cache");
    let words = ["diff", "HEAD~1", "--as-of", "2026-11-21", "--format", "json"];
    let without = repo.contexture(words).env("CONTEXTURE_CACHE", "off").run();
    for _ in 0..3 {
        let start = |_| {
            let mut command = repo.contexture(words).env("CONTEXTURE_CACHE", &cache).command();
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let running: Vec<_> = (0..6).map(start).collect();
        for child in running {
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), without.stdout);
            assert_eq!(output.status.code(), without.status);
        }
    }
    // What they left is whole.
    let again = repo.contexture(words).env("CONTEXTURE_CACHE", &cache).run();
    assert_eq!((again.stdout, again.status), (without.stdout, without.status));
}
