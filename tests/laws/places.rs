//! How files lie on the disk changes no byte of a bundle. The prompts are this repository's own;
//! `tests/bundles/reproduced.rs` varies everything else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::Repo;

type Files = BTreeMap<String, Vec<u8>>;

/// Every file below a folder, by its path there.
fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// This repository's contexts, committed.
fn own_contexts() -> Repo {
    let repo = Repo::new();
    for part in ["contexts", "templates", "docs"] {
        for (name, bytes) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part)) {
            repo.file(&format!("{part}/{name}"), bytes);
        }
    }
    repo.file("contexture.yaml", fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/contexture.yaml")).unwrap());
    repo.file("docs/crlf.md", "Stored\r\nwith CRLF.\r\n").file("docs/unix.md", "Stored with LF.\nTwo lines.\n");
    repo.file("contexts/endings.yaml", "models: [gpt-6.1-sol]\nsystem: [{files: [docs/crlf.md, docs/unix.md]}]\n");
    repo.commit("base");
    repo
}

/// What `contexture build` with these words writes into `dist/`.
fn built(repo: &Repo, words: &str) -> Files {
    let dist = repo.at("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).unwrap();
    }
    repo.run(&format!("build -q {words}")).exits(0);
    files(&dist)
}

#[test]
fn a_clean_working_tree_builds_what_the_commit_builds() {
    let repo = own_contexts();
    let expected = built(&repo, "--rev HEAD");
    assert!(expected.len() > 40, "{:?}", expected.keys());
    assert_eq!(built(&repo, ""), expected);
    assert_eq!(built(&repo, "--staged"), expected);
    assert_eq!(built(&repo, "--rev main"), expected);
}

#[test]
fn a_checkout_with_crlf_builds_the_same() {
    let repo = own_contexts();
    let clone = Repo::clone_of(&repo, &["--no-checkout"]);
    clone.git(["config", "core.autocrlf", "true"]);
    clone.git(["checkout", "--quiet", "main"]);
    let unix = fs::read(clone.at("docs/unix.md")).unwrap();
    assert!(unix.windows(2).any(|pair| pair == b"\r\n"), "the checkout converts nothing");
    assert_eq!(built(&clone, ""), built(&repo, ""));
}

#[test]
fn a_checkout_with_attributes_builds_the_same() {
    let repo = own_contexts();
    repo.file(".gitattributes", "*.md text eol=crlf\ndocs/crlf.md -text\n");
    repo.commit("attributes");
    let clone = Repo::clone_of(&repo, &[]);
    let unix = fs::read(clone.at("docs/unix.md")).unwrap();
    assert!(unix.windows(2).any(|pair| pair == b"\r\n"), "the checkout converts nothing");
    assert_eq!(built(&clone, ""), built(&repo, "--rev HEAD"));
}

#[test]
fn the_order_of_files_in_their_folders_changes_nothing() {
    let repo = own_contexts();
    let expected = built(&repo, "");
    fs::remove_dir_all(repo.at("dist")).unwrap();
    for part in ["contexts", "templates", "docs"] {
        let all = files(&repo.at(part));
        fs::remove_dir_all(repo.at(part)).unwrap();
        for (name, bytes) in all.iter().rev() {
            repo.file(&format!("{part}/{name}"), bytes);
        }
    }
    assert_eq!(built(&repo, ""), expected);
}

#[test]
fn a_commit_that_touches_no_prompt_changes_only_the_commit_and_the_digest_over_it() {
    let repo = own_contexts();
    let before = repo.commit("empty");
    let old = built(&repo, "");
    repo.file("README.md", "New.\n");
    let after = repo.commit("readme");
    let told = |files: Files, commit: &str| -> BTreeMap<String, String> {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap().replace(commit, "COMMIT");
            // The bundle's own digest: the segments' stand deeper.
            text.lines().filter(|line| !line.starts_with("  \"digest\":")).map(|line| format!("{line}\n")).collect()
        };
        files.into_iter().map(|(name, bytes)| (name, text(bytes))).collect()
    };
    assert_eq!(told(old, &before), told(built(&repo, ""), &after));
}
