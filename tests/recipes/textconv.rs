//! What docs/ci.md tells git about bundles.

use std::fs;

use super::{at, bash, changed, path_with_program, shown};
use crate::support::Repo;

/// The first block of docs/ci.md in a language that holds something.
fn block(language: &str, holds: &str) -> String {
    let page = fs::read_to_string(at("docs/ci.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    let mut blocks = blocks.filter(|block| block.contains(holds)).map(str::to_owned);
    blocks.next().unwrap_or_else(|| panic!("docs/ci.md shows nothing of `{holds}`"))
}

/// Does what docs/ci.md says of a setting of git's.
fn configure(repo: &Repo, setting: &str) {
    let output = bash(repo, &block("sh", setting)).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
fn git_calls_contexture_by_a_name_of_its_own() {
    let repo = changed();
    configure(&repo, "alias.prompts");
    let mut command = repo.command();
    let output = command.env("PATH", path_with_program()).args(["prompts", "main...HEAD"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), repo.run("diff main...HEAD").exits(0).stdout);
}

#[test]
fn a_bundle_in_git_is_compared_segment_by_segment() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: é.md}, {text: Last.}]\n").file("é.md", "Be kind.\n");
    fs::create_dir_all(repo.at("tools")).unwrap();
    fs::copy(at("docs/recipes/bundle_text.py"), repo.at("tools/bundle_text.py")).unwrap();
    repo.file(".gitattributes", block("gitattributes", "bundle.json"));
    configure(&repo, "diff.contexture.textconv");
    repo.run("build --output bundles").exits(0);
    repo.commit("base");
    repo.file("é.md", "Be brief and kind.\n");
    repo.run("build --output bundles").exits(0);
    let shown = repo.git(["diff", "--unified=0", "--", "bundles/a.bundle/bundle.json"]);
    let segments: Vec<&str> =
        shown.lines().filter(|line| line.starts_with(['+', '-']) && line.contains("system/")).collect();
    assert_eq!(segments.len(), 2, "{shown}");
    assert!(segments.iter().all(|line| line.contains("system/1") && line.contains("\\xe9.md:1-1")), "{shown}");
    configure(&repo, "difftool.contexture.cmd");
    let tool = ["difftool", "--no-prompt", "--tool=contexture", "--", "bundles/a.bundle/bundle.json"];
    let output = repo.try_git(tool);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("\n-system/1  3 tokens") && shown.contains("\n+system/1  5 tokens"), "{shown}");
    // What is no bundle is compared as it is.
    repo.file("bundles/a.bundle/bundle.json", "{\"conflict\": 1}\n");
    let shown = repo.git(["diff", "--unified=0", "--", "bundles/a.bundle/bundle.json"]);
    assert!(shown.contains("+{\"conflict\": 1}"), "{shown}");
}
