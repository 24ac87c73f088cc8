//! `.pre-commit-hooks.yaml`, run by pre-commit, and the same command as a hook of git's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use super::{at, changed, path_with_program, python, shown, yaml_of};
use crate::support::Repo;

/// One context with room for a few tokens.
fn project() -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem: [{file: a.md}]\nbudgets: {prefix_tokens: 8}\n");
    repo.file("a.md", "Be kind.\n").file("b.md", "b\n").commit("base");
    repo
}

const LONG: &str = "Be kind, be brief, be honest, and say what you do not know.\n";

/// `git commit` with the program on the PATH of its hooks.
fn commit(repo: &Repo, arguments: &[&str]) -> Output {
    let mut command = repo.command();
    command.env("PATH", path_with_program()).args(["commit", "--message", "change"]).args(arguments);
    command.output().unwrap()
}

/// Makes the entry of a hook git's own pre-commit hook.
fn install(repo: &Repo, id: &str) {
    let hooks = yaml_of(".pre-commit-hooks.yaml");
    let hook = hooks.as_array().unwrap().iter().find(|hook| hook["id"] == id).unwrap().clone();
    let file = repo.at(".git/hooks/pre-commit");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, format!("#!/bin/sh\nexec {}\n", hook["entry"].as_str().unwrap())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_staged_is_held_and_not_what_lies_on_the_disk() {
    let repo = project();
    install(&repo, "contexture-check");
    repo.file("a.md", LONG).git(["add", "a.md"]);
    repo.file("a.md", "Be kind.\n");
    let output = commit(&repo, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    repo.git(["add", "a.md"]);
    repo.file("a.md", LONG).file("b.md", "changed\n").git(["add", "b.md"]);
    let output = commit(&repo, &[]);
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
fn a_commit_of_everything_or_of_one_file_is_held_by_the_index_that_it_will_be() {
    let repo = project();
    install(&repo, "contexture-check-system");
    repo.file("a.md", LONG).file("b.md", "changed\n");
    // git writes neither into the index proper before the hook has run.
    for arguments in [&["--all"][..], &["a.md"]] {
        let output = commit(&repo, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", shown(&output));
    }
    // The other way round: what is staged is too long, what is committed is not it.
    repo.git(["add", "a.md"]);
    let output = commit(&repo, &["b.md"]);
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
fn pre_commit_runs_the_hook() {
    let hooks = Repo::new();
    fs::copy(at(".pre-commit-hooks.yaml"), hooks.at(".pre-commit-hooks.yaml")).unwrap();
    let revision = hooks.commit("hooks");
    let repo = project();
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {revision}\n    hooks: [{{id: contexture-check-system}}]\n",
        hooks.root().display()
    );
    repo.file(".pre-commit-config.yaml", config).commit("hooks");
    let run = || {
        let mut command = repo.clean(python());
        command.args(["-m", "pre_commit", "run", "--color", "never"]).env("PATH", path_with_program());
        command.output().unwrap()
    };
    repo.file("b.md", "changed\n").git(["add", "b.md"]);
    let output = run();
    assert!(output.status.success(), "{}", shown(&output));
    repo.file("a.md", LONG).git(["add", "a.md"]);
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("over budget"), "{}", shown(&output));
}

#[test]
fn the_hook_needs_no_base() {
    let repo = changed();
    assert_eq!(repo.run("check --staged").status, Some(1));
}
