//! `check --fix`: what it mends, and what it leaves alone.

use std::fs;

use super::of_fragment;
use crate::support::Repo;

fn text(repo: &Repo, path: &str) -> String {
    fs::read_to_string(repo.at(path)).expect("a file")
}

#[test]
fn characters_of_no_use_go_and_all_else_stays() {
    let repo = of_fragment("One\u{feff} t\u{e0068}\u{e0069}wo\u{1b}.\nFamily 👨‍👩‍👧, ca\u{200b}t, \u{202e}x.\n");
    let outcome = repo.run("check --fix").exits(1);
    assert_eq!(text(&repo, "docs/a.md"), "One two.\nFamily 👨‍👩‍👧, ca\u{200b}t, \u{202e}x.\n");
    assert!(outcome.stderr.starts_with("mended docs/a.md\n"), "{}", outcome.stderr);
}

#[test]
fn mixed_line_ends_become_lf_and_uniform_ones_stay() {
    let repo = of_fragment("One.\r\nTwo.\nThree.\r\n");
    repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "One.\nTwo.\nThree.\n");
    let repo = of_fragment("One.\r\nTwo.\r\n");
    repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "One.\r\nTwo.\r\n");
}

#[test]
fn mending_twice_is_mending_once() {
    let repo = of_fragment("One\u{feff}.\r\nTwo.\n");
    repo.run("check --fix").exits(0);
    let once = text(&repo, "docs/a.md");
    assert_eq!(repo.run("check --fix").exits(0).stderr, "");
    assert_eq!(text(&repo, "docs/a.md"), once);
}

#[test]
fn what_is_allowed_stays() {
    let repo = of_fragment("<!-- contexture: allow(invisible-text) -->\na\u{feff}b\n\nc\u{feff}d\n");
    repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "<!-- contexture: allow(invisible-text) -->\na\u{feff}b\n\ncd\n");
    let repo = of_fragment("a\u{feff}b\n");
    repo.file("contexture.yaml", "lints: {invisible-text: allow}\n").run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "a\u{feff}b\n");
}

#[test]
fn a_byte_order_mark_at_the_begin_and_the_mode_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = of_fragment("\u{feff}a\u{feff}b\n");
    fs::set_permissions(repo.at("docs/a.md"), fs::Permissions::from_mode(0o640)).expect("chmod");
    repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "\u{feff}ab\n");
    assert_eq!(fs::metadata(repo.at("docs/a.md")).expect("a file").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_file_that_git_converts_is_left_alone() {
    let repo = of_fragment("a\u{feff}b\nc\n");
    repo.file(".gitattributes", "*.md text eol=crlf\n").file("docs/a.md", "a\u{feff}b\r\nc\r\n");
    let outcome = repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/a.md"), "a\u{feff}b\r\nc\r\n");
    assert!(outcome.stderr.starts_with("left docs/a.md as it is: git converts it"), "{}", outcome.stderr);
}

#[test]
fn a_link_is_left_alone() {
    let repo = of_fragment("x\n");
    repo.file("docs/real.md", "a\u{feff}b\n");
    fs::remove_file(repo.at("docs/a.md")).expect("removed");
    repo.link("docs/a.md", "real.md");
    let outcome = repo.run("check --fix").exits(0);
    assert_eq!(text(&repo, "docs/real.md"), "a\u{feff}b\n");
    assert!(outcome.stderr.contains("it is a link"), "{}", outcome.stderr);
}

#[test]
fn only_the_working_tree_is_mended() {
    let repo = of_fragment("a\u{feff}b\n");
    for words in ["check --fix --rev HEAD", "check --fix --staged", "check --fix --locked"] {
        repo.run(words).exits(2);
    }
    assert_eq!(text(&repo, "docs/a.md"), "a\u{feff}b\n");
}
