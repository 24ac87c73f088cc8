//! Building again touches no bundle that is as it should be, and mends every other.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::support::Repo;
use crate::watch::library;

const PROMPT: &str = "dist/one.bundle/prompt.md";

/// The files of the output folder with their bytes and when they last changed.
fn standing(repo: &Repo) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let mut found = Vec::new();
    let mut open = vec![repo.at("dist")];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            match metadata.is_dir() {
                true => open.push(path),
                false => found.push((path.clone(), fs::read(path).unwrap(), metadata.modified().unwrap())),
            }
        }
    }
    found.sort();
    found
}

fn build(repo: &Repo) {
    repo.run("build").exits(0);
}

#[test]
fn a_bundle_that_stands_is_not_touched() {
    let repo = library();
    build(&repo);
    let first = standing(&repo);
    for _ in 0..3 {
        build(&repo);
        assert_eq!(standing(&repo), first);
    }
}

#[test]
fn a_bundle_that_was_touched_is_mended() {
    let repo = library();
    build(&repo);
    let bytes = |repo: &Repo| -> Vec<(PathBuf, Vec<u8>)> {
        standing(repo).into_iter().map(|(path, bytes, _)| (path, bytes)).collect()
    };
    let whole = bytes(&repo);
    let prompt = repo.at(PROMPT);
    let modified = fs::metadata(&prompt).unwrap().modified().unwrap();
    let other = |bytes: &[u8]| bytes.iter().map(|byte| byte.wrapping_add(1)).collect::<Vec<u8>>();
    let harms: [(&str, &dyn Fn()); 6] = [
        ("of the same size, its time put back", &|| {
            fs::write(&prompt, other(&fs::read(&prompt).unwrap())).unwrap();
            File::options().write(true).open(&prompt).unwrap().set_modified(modified).unwrap();
        }),
        ("replaced by another file of the same size, its time put back", &|| {
            let beside = prompt.with_extension("new");
            fs::write(&beside, other(&fs::read(&prompt).unwrap())).unwrap();
            File::options().write(true).open(&beside).unwrap().set_modified(modified).unwrap();
            fs::rename(beside, &prompt).unwrap();
        }),
        ("a member gone", &|| fs::remove_file(&prompt).unwrap()),
        ("a member more", &|| fs::write(prompt.with_extension("txt"), "more").unwrap()),
        ("a folder more", &|| fs::create_dir(prompt.with_extension("d")).unwrap()),
        ("all gone", &|| fs::remove_dir_all(repo.at("dist")).unwrap()),
    ];
    for (harm, make) in harms {
        make();
        build(&repo);
        assert_eq!(bytes(&repo), whole, "{harm}");
        assert!(!prompt.with_extension("d").exists(), "{harm}");
        build(&repo);
        assert_eq!(bytes(&repo), whole, "{harm}, once more");
    }
}

#[test]
fn a_commit_that_changes_no_text_changes_what_a_bundle_says_it_stands_on() {
    let repo = library();
    build(&repo);
    build(&repo);
    let commit = repo.file("README.md", "Nothing that a context reads.\n").commit("Say hello");
    build(&repo);
    let record = fs::read_to_string(repo.at("dist/one.bundle/bundle.json")).unwrap();
    assert!(record.contains(&format!("\"commit\": \"{}\"", commit.trim())), "{record}");
}
