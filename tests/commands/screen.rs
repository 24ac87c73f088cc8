//! Streams and screens: colour, quiet, pipes, folders.

use std::io::{BufRead, BufReader, Read};

use crate::support::Repo;

use super::shop;

/// A project whose only context is broken.
fn broken() -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "sytem: []\n");
    repo
}

#[test]
fn there_is_no_colour_in_a_pipe() {
    assert!(!broken().run("build").stderr.contains('\u{1b}'));
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    assert!(broken().run("build --color always").stderr.contains('\u{1b}'));
}

#[test]
fn no_colour_is_asked_for_by_a_variable_and_a_flag_overrules_it() {
    let repo = broken();
    let colours = |words: &str| {
        let run = repo.contexture(words.split_whitespace()).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
        run.run().stderr.contains('\u{1b}')
    };
    assert!(!colours("build"));
    assert!(colours("build --color always"));
}

#[test]
fn a_folder_of_the_project_is_as_good_as_its_root() {
    let repo = shop();
    let below = repo.contexture(["list"]).below(&repo, "policies").run();
    assert_eq!(below, repo.run("list"));
    assert_eq!(below, repo.run("-C policies list"));
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    // More than any pipe holds, so that the program is still writing when its reader goes away.
    let repo = Repo::new();
    repo.file("long.md", "a line\n".repeat(1 << 18)).file("contexts/a.yaml", "system: [{file: long.md, join: none}]\n");
    let mut child = repo.contexture(["render", "a"]).command().spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}
