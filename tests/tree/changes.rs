//! What differs between a commit and the working tree, against what git says, however young the files are.

use std::collections::BTreeSet;

use contexture::tree::Tree;

use super::chance::Chance;
use crate::support::{Repo, names};

/// What differs from `HEAD`, as this program and as git see it.
fn both(repo: &Repo) -> (BTreeSet<String>, BTreeSet<String>) {
    let place = repo.place();
    let changes = place.worktree().unwrap().changes_since(&place.commit("HEAD").unwrap()).unwrap();
    let own = changes.into_iter().map(|change| change.path.to_string()).collect();
    let changed = repo.git_bytes(["diff", "--name-only", "-z", "--no-renames", "HEAD"]);
    let untracked = repo.git_bytes(["ls-files", "--others", "--exclude-standard", "-z"]);
    (own, names(&[changed, untracked].concat()).into_iter().collect())
}

#[test]
fn an_edit_is_seen_even_if_nothing_but_the_text_tells() {
    let repo = Repo::new();
    repo.file("a.md", "one\n").file("b.md", "one\n").commit("base");
    // As young as the index and of the same size: what the index recorded of it proves nothing.
    for text in ["two\n", "six\n", "ten\n"] {
        repo.file("a.md", text).git(["add", "a.md"]);
        repo.file("a.md", "abc\n");
        let (own, git) = both(&repo);
        assert_eq!((own.contains("a.md"), own), (true, git));
    }
}

#[test]
fn edits_by_chance_are_those_that_git_sees() {
    let repo = Repo::new();
    for number in 0..20 {
        repo.file(&format!("f{}/{number}.md", number % 3), format!("file {number}\n"));
    }
    repo.file(".gitignore", "*.log\n").link("link.md", "f0/0.md").commit("base");
    let mut chance = Chance::new(0x6368_616e);
    for step in 0..40 {
        let number = chance.below(24);
        let path = format!("f{}/{number}.md", number % 3);
        match chance.below(7) {
            0 | 1 => drop(repo.file(&path, format!("file {}\n", chance.below(24)))),
            2 => drop(std::fs::remove_file(repo.at(&path))),
            3 => drop(repo.git(["add", "--all"])),
            4 => drop(repo.git(["status"])),
            5 => drop(repo.file("f1/x.log", "ignored\n")),
            _ => drop(repo.commit(&format!("step {step}"))),
        }
        let (own, git) = both(&repo);
        assert_eq!(own, git, "step {step}");
    }
}

#[test]
fn text_that_git_stores_otherwise_is_read_and_not_believed() {
    let repo = Repo::new();
    repo.git(["config", "filter.shout.clean", "tr a-z A-Z"]);
    repo.file(".gitattributes", "*.md filter=shout\n").file("a.md", "quiet\n").commit("base");
    repo.git(["status"]);
    let place = repo.place();
    let tree = place.worktree().unwrap();
    let changes = tree.changes_since(&place.commit("HEAD").unwrap()).unwrap();
    // The filter is never run, so the text here is not what the commit holds, whatever the index says.
    let change = changes.iter().find(|change| change.path.as_str() == "a.md").unwrap();
    assert_eq!(change.head, tree.id(&change.path).unwrap());
    assert_ne!(change.head, change.base);
}
