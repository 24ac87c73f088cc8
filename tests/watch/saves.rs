//! How editors save, and what else happens to files.

use std::fs;

use super::{Watching, cold, library, said};
use crate::support::Repo;

/// A way to save a text, by the path of the file.
type Save = fn(&Repo, &str, &str);

/// Truncate and write: most small editors, and `echo >`.
fn in_place(repo: &Repo, path: &str, text: &str) {
    fs::write(repo.at(path), text).expect("written");
}

/// A new file renamed over the old one: VS Code's atomic save, JetBrains, sed -i.
fn rename_over(repo: &Repo, path: &str, text: &str) {
    let temporary = repo.at(&format!("{path}.tmp.4711"));
    fs::write(&temporary, text).expect("written");
    fs::rename(temporary, repo.at(path)).expect("renamed");
}

/// The old file deleted, a new one made.
fn delete_and_create(repo: &Repo, path: &str, text: &str) {
    fs::remove_file(repo.at(path)).expect("deleted");
    fs::write(repo.at(path), text).expect("written");
}

/// Vim with `backupcopy=no`: a probe file, the old file moved aside, a new one written, the backup deleted.
fn as_vim(repo: &Repo, path: &str, text: &str) {
    let (probe, backup) = (repo.at("docs/4913"), repo.at(&format!("{path}~")));
    fs::write(&probe, "").expect("the probe");
    fs::remove_file(probe).expect("deleted");
    fs::rename(repo.at(path), &backup).expect("moved aside");
    fs::write(repo.at(path), text).expect("written");
    fs::remove_file(backup).expect("deleted");
}

/// Emacs: a lock that is a link to nowhere, a backup that stays.
fn as_emacs(repo: &Repo, path: &str, text: &str) {
    let lock = repo.at("docs/.#lock");
    std::os::unix::fs::symlink("ada@host.1:2", &lock).expect("the lock");
    fs::copy(repo.at(path), repo.at(&format!("{path}~"))).expect("the backup");
    fs::write(repo.at(path), text).expect("written");
    fs::remove_file(lock).expect("unlocked");
}

const EDITORS: [Save; 5] = [in_place, rename_over, delete_and_create, as_vim, as_emacs];

#[test]
fn every_editors_save_is_seen() {
    for arguments in ["", "--poll"] {
        let repo = library();
        let mut watching = Watching::of(&repo, arguments);
        for (number, save) in EDITORS.into_iter().enumerate() {
            for again in 0..3 {
                save(&repo, "docs/a.md", &format!("Saved by {number}, {again}.\n"));
                watching.catch_up(&repo);
            }
        }
    }
}

#[test]
fn the_same_bytes_are_no_change() {
    let repo = library();
    let mut watching = Watching::of(&repo, "");
    let text = fs::read_to_string(repo.at("docs/a.md")).expect("the text");
    // The other ways leave the file gone or empty for a moment, which is a change if the watch is woken in it.
    for _ in 0..5 {
        rename_over(&repo, "docs/a.md", &text);
    }
    repo.git(["status", "--short"]);
    assert_eq!(watching.rounds_before(&repo, "marker"), 0);
}

#[test]
fn what_no_build_reads_is_no_change() {
    let repo = library();
    repo.file("notes/x.md", "1").file("dist/old/prompt.md", "1").committed("notes");
    let mut watching = Watching::of(&repo, "");
    repo.file("notes/x.md", "2").file("docs/a.md.swp", "x").file("README", "x");
    // What `build` writes, while the watch looks on.
    repo.run("build").exits(0);
    repo.file("dist/new/prompt.md", "2");
    assert_eq!(watching.rounds_before(&repo, "marker"), 0);
}

#[test]
fn a_new_file_joins_its_pattern_and_a_lost_one_leaves_it() {
    let repo = library();
    repo.file("contexts/deep.yaml", "system:\n  - {files: \"deep/**/*.md\", optional: true}\n  - text: Hi\n");
    let mut watching = Watching::of(&repo, "");
    repo.file("docs/f.md", "New.\n");
    watching.catch_up(&repo);
    repo.file("deep/er/and/er/a.md", "In folders that were not there.\n");
    watching.catch_up(&repo);
    repo.file("deep/er/and/other/b.md", "In another.\n");
    watching.catch_up(&repo);
    fs::rename(repo.at("deep/er"), repo.at("deep/renamed")).expect("renamed");
    repo.file("deep/renamed/and/er/c.md", "In a folder that was renamed.\n");
    watching.catch_up(&repo);
    fs::remove_dir_all(repo.at("deep")).expect("deleted");
    watching.catch_up(&repo);
    fs::remove_file(repo.at("docs/f.md")).expect("deleted");
    watching.catch_up(&repo);
}

#[test]
fn a_file_behind_a_link_is_watched_where_it_lies() {
    let repo = library();
    repo.file("shared/text.md", "One.\n").link("docs/linked.md", "../shared/text.md");
    let mut watching = Watching::of(&repo, "");
    repo.file("shared/text.md", "Two.\n");
    watching.catch_up(&repo);
}

#[test]
fn git_deciding_otherwise_is_a_change() {
    let repo = library();
    repo.file("docs/draft.md", "A draft.\n");
    let mut watching = Watching::of(&repo, "");
    repo.file(".gitignore", "/dist/\ndocs/draft.md\n");
    watching.catch_up(&repo);
    repo.file(".git/info/exclude", "docs/e.md\n").git(["rm", "--quiet", "--cached", "docs/e.md"]);
    watching.catch_up(&repo);
}

#[test]
fn a_branch_switch_over_a_hundred_files_is_at_most_two_builds() {
    let repo = library();
    for number in 0..100 {
        repo.file(&format!("docs/many/{number}.md"), format!("Main {number}.\n"));
    }
    repo.file("contexts/many.yaml", "system:\n  - files: docs/many/*.md\n").committed("many");
    repo.git(["switch", "--quiet", "--create", "other"]);
    for number in 0..100 {
        repo.file(&format!("docs/many/{number}.md"), format!("Other {number}.\n"));
    }
    repo.committed("other");
    let mut watching = Watching::of(&repo, "");
    for branch in ["main", "other", "main"] {
        repo.git(["switch", "--quiet", branch]);
        let rounds = watching.catch_up(&repo);
        assert!(rounds <= 2, "{rounds} builds for one switch to {branch}");
    }
    assert_eq!(watching.rounds_before(&repo, "marker"), 0);
    fs::write(repo.at("docs/many/7.md"), "Stashed.\n").expect("written");
    watching.catch_up(&repo);
    repo.git(["stash", "--quiet", "--", "docs/many/7.md"]);
    watching.catch_up(&repo);
}

#[test]
fn a_rebase_settles_on_what_it_leaves() {
    let repo = library();
    repo.git(["switch", "--quiet", "--create", "topic"]);
    for number in 0..5 {
        repo.file("docs/b.md", format!("Topic {number}.\n")).committed("topic");
    }
    repo.git(["switch", "--quiet", "main"]);
    repo.file("docs/c.md", "Main.\n").committed("main");
    repo.git(["switch", "--quiet", "topic"]);
    let mut watching = Watching::of(&repo, "");
    repo.git(["rebase", "--quiet", "main"]);
    watching.catch_up(&repo);
    // Its text may be seen before the commit that holds it.
    assert!(watching.rounds_before(&repo, "marker") <= 1);
}

#[test]
fn what_breaks_is_told_and_what_mends_it_is_seen() {
    let repo = library();
    let good = fs::read_to_string(repo.at("contexts/all.yaml")).expect("the manifest");
    let mut watching = Watching::of(&repo, "");
    let breakages: [(&str, &str); 6] = [
        ("contexts/all.yaml", "system: [\n"),
        ("contexts/all.yaml", "sistem: []\n"),
        ("contexts/all.yaml", "system:\n  - file: docs/not-yet.md\n"),
        ("templates/persona.hbs", "{{#if}\n"),
        ("examples/turns.jsonl", "{\"input\": \"Hi\"\n"),
        ("contexture.yaml", "models: {\n"),
    ];
    for (path, text) in breakages {
        let before = fs::read_to_string(repo.at(path)).ok();
        repo.file(path, text);
        let round = watching.next();
        assert_eq!(round["status"], "broken", "{path}: {text}");
        let stale = round["contexts"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == "all"));
        assert!(!stale, "a broken context is shown as if it stood: {round}");
        match before {
            Some(before) => drop(repo.file(path, before)),
            None => fs::remove_file(repo.at(path)).expect("deleted"),
        }
        watching.catch_up(&repo);
    }
    // The missing file itself appears.
    repo.file("contexts/all.yaml", "system:\n  - file: not/yet/there.md\n");
    watching.catch_up(&repo);
    repo.file("not/yet/there.md", "Now it is.\n");
    watching.catch_up(&repo);
    repo.file("contexts/all.yaml", &good);
    watching.catch_up(&repo);
}

#[test]
fn twenty_edits_each_leave_what_a_cold_build_says() {
    let repo = library();
    repo.git(["branch", "other"]);
    let mut watching = Watching::of(&repo, "");
    let manifest = |tail: &str| format!("models: [gpt-6.1-sol]\nsystem:\n  - files: docs/*.md\n{tail}");
    let edits: [(&str, String); 18] = [
        ("docs/a.md", "Another a.\n".into()),
        ("docs/a.md", "Another a, longer than before.\n".into()),
        ("docs/e.md", "---\ntitle: E\n---\nWith front matter.\n".into()),
        ("docs/b.md", String::new()),
        ("docs/b.md", "No more empty.\n".into()),
        ("docs/b.md", "CRLF\r\nhere\r\n".into()),
        ("docs/g.md", "A new one.\n".into()),
        ("templates/persona.hbs", "You are of {{shop}}.\n".into()),
        ("templates/persona.hbs", "{{> tone}}You are of {{shop}}.\n".into()),
        ("templates/tone.hbs", "Be kind.\n".into()),
        ("templates/tone.hbs", "Be very kind.\n".into()),
        (
            "examples/turns.jsonl",
            "{\"input\": \"Hi\", \"output\": \"Hey\"}\n{\"input\": \"A\", \"output\": \"B\"}\n".into(),
        ),
        ("contexture.yaml", "join: newline\n".into()),
        ("contexts/all.yaml", manifest("messages:\n  - user: Bye\n")),
        ("contexts/all.yaml", manifest("budgets: {tokens: 5}\nvariants:\n  short: {system: [{text: Short}]}\n")),
        ("contexts/two.yaml", manifest("")),
        ("contexts/two.yaml", "extends: one\nsystem:\n  - text: Mine\n".into()),
        ("contexts/one.yaml", "models: [gpt-6.1-sol]\nsystem:\n  - file: docs/c.md\n".into()),
    ];
    for (path, text) in edits {
        repo.file(path, text);
        watching.catch_up(&repo);
    }
    repo.committed("edits");
    repo.git(["switch", "--quiet", "other"]);
    watching.catch_up(&repo);
    repo.git(["switch", "--quiet", "main"]);
    watching.catch_up(&repo);
    assert_eq!(cold(&repo), said(&repo.run("build --rev HEAD --format json").json()));
}
