//! How a watch begins and ends, and what it does where it cannot watch.

use std::fs;
use std::io::{BufRead as _, BufReader};

use super::{Watching, library};

#[test]
fn an_unknown_context_ends_it_at_once() {
    let outcome = library().run("watch --format json nobody");
    outcome.exits(2);
}

#[test]
fn a_context_by_name_is_watched_alone() {
    let repo = library();
    let mut watching = Watching::of(&repo, "one");
    repo.file("docs/b.md", "Not of this one.\n").file("docs/a.md", "Of this one.\n");
    let round = watching.next();
    assert_eq!(round["contexts"].as_array().map(Vec::len), Some(1), "{round}");
    // Its manifest goes: no figures any more, and it comes again.
    let manifest = fs::read_to_string(repo.at("contexts/one.yaml")).expect("the manifest");
    fs::remove_file(repo.at("contexts/one.yaml")).expect("deleted");
    let round = watching.next();
    assert_eq!(round["diagnostics"][0]["message"], "there is no context `one`", "{round}");
    repo.file("contexts/one.yaml", manifest);
    assert_eq!(watching.next()["status"], "ok");
}

#[test]
fn outside_of_a_repository_it_works_and_a_repository_that_comes_is_seen() {
    let repo = crate::support::Repo::none();
    repo.file("contexts/a.yaml", "system:\n  - files: docs/*.md\n").file("docs/a.md", "One.\n");
    let mut watching = Watching::of(&repo, "");
    repo.file("docs/a.md", "Two.\n");
    assert_eq!(watching.next()["status"], "ok");
    repo.git(["init", "--quiet", "--initial-branch=main"]);
    repo.file(".gitignore", "docs/b.md\n").file("docs/b.md", "Ignored.\n").file("docs/a.md", "Three.\n");
    watching.catch_up(&repo);
}

#[test]
fn a_project_file_nearer_by_makes_another_project() {
    let repo = library();
    repo.file("inner/contexts/own.yaml", "system:\n  - text: Of the inner one.\n");
    let mut watching = Watching::of(&repo, "-C inner");
    repo.file("inner/contexture.yaml", "join: newline\n");
    let round = watching.next();
    assert_eq!(round["contexts"][0]["id"], "own", "{round}");
}

#[test]
fn a_project_that_is_deleted_or_renamed_ends_it_with_a_sentence() {
    for arguments in ["", "--poll"] {
        let repo = library();
        let watching = Watching::of(&repo, arguments);
        fs::rename(repo.root(), repo.outside("elsewhere")).expect("renamed");
        let (code, said) = watching.end();
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("is gone: it was deleted or renamed"), "{said}");

        let repo = library();
        let watching = Watching::of(&repo, arguments);
        fs::remove_dir_all(repo.root()).expect("deleted");
        let (code, said) = watching.end();
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("start `contexture watch` again"), "{said}");
    }
}

#[test]
fn signals_end_it_as_a_shell_tells_of_them() {
    for (name, code) in [("INT", 130), ("HUP", 129), ("TERM", 143)] {
        let repo = library();
        let watching = Watching::of(&repo, "");
        watching.signal(name);
        assert_eq!(watching.end().0, Some(code), "{name}");
    }
}

#[test]
fn lines_for_people_where_there_is_no_terminal() {
    let repo = library();
    let mut command = repo.clean(env!("CARGO_BIN_EXE_contexture"));
    let mut child = command
        .args(["watch", "one"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut complaints = BufReader::new(child.stderr.take().expect("its complaints")).lines();
    let mut line = || lines.next().expect("a line").expect("UTF-8");
    assert!(line().ends_with(" ms: 1 context built"));
    assert_eq!(line(), "  one  7 tokens");
    repo.file("docs/a.md", "# a\n\nText of a, and more.\n");
    assert!(line().starts_with("build 2, "));
    assert_eq!(line(), "  one  10 tokens (+3), 0 of 7 in the prefix kept");
    // What a lint denies is an error that leaves the context built.
    repo.file("contexts/one.yaml", "lints: {crlf: deny}\nsystem:\n  - file: docs/a.md\n");
    repo.file("docs/a.md", "CRLF\r\n").committed("crlf");
    assert!(complaints.next().expect("a complaint").expect("UTF-8").starts_with("error[crlf]"));
    child.kill().expect("ended");
    child.wait().expect("it ends");
}
