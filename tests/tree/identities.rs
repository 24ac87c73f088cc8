//! Ids without reading: what git's index says of a file is believed where git itself would, and nowhere else.

use std::fs::File;
use std::time::{Duration, SystemTime};

use contexture::tree::Tree;

use crate::support::{Repo, path};

const FILE: &str = "a.md";

/// Something that happens to a file, and its name.
type Case<'a, T> = (&'a str, &'a dyn Fn(&T));

/// Sets a bit of an entry.
type SetBit<'a> = &'a dyn Fn(&mut git2::IndexEntry);

/// The id that git gives to the file as it stands.
fn by_git(repo: &Repo) -> String {
    repo.git(["hash-object", "--path", FILE, FILE]).trim().to_owned()
}

/// The id that a new working tree gives to it.
fn own(repo: &Repo) -> String {
    repo.place().worktree().unwrap().id(&path(FILE)).unwrap().unwrap().to_string()
}

/// A file that is much older than the index which lists it.
fn settled() -> Repo {
    let repo = Repo::new();
    repo.file(FILE, "one\n").file("b.md", "another\n");
    age(&repo);
    repo.commit("base");
    repo
}

/// Makes the file an hour old, by the time of its last change.
fn age(repo: &Repo) {
    let file = File::options().write(true).open(repo.at(FILE)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

/// Puts a lie into the index: the file as it stands is said to hold the text of another one. Who answers
/// with that id has believed the index; who does not has read the file.
fn lie(repo: &Repo, change: impl FnOnce(&mut git2::IndexEntry)) -> String {
    let mut index = git2::Index::open(&repo.at(".git/index")).unwrap();
    let id = index.get_path("b.md".as_ref(), 0).unwrap().id;
    let mut entry = index.get_path(FILE.as_ref(), 0).unwrap();
    entry.id = id;
    change(&mut entry);
    index.add(&entry).unwrap();
    index.write().unwrap();
    id.to_string()
}

#[test]
fn a_file_that_is_as_the_index_recorded_it_is_not_read() {
    let repo = settled();
    let lie = lie(&repo, |_| ());
    assert_eq!(own(&repo), lie);
    assert_eq!(repo.git(["status", "--porcelain", "--", FILE]), "M  a.md\n", "git believes it too");
    // Reading tells the truth, and what was read is what the tree goes on to say.
    let place = repo.place();
    let tree = place.worktree().unwrap();
    assert_eq!(tree.read(&path(FILE)).unwrap().id.to_string(), by_git(&repo));
    assert_eq!(tree.id(&path(FILE)).unwrap().unwrap().to_string(), by_git(&repo));
}

#[test]
fn whatever_differs_from_what_was_recorded_is_read() {
    let harms: [Case<Repo>; 6] = [
        ("touched", &|repo| {
            drop(File::options().write(true).open(repo.at(FILE)).unwrap().set_modified(SystemTime::now()))
        }),
        ("written again, with the time put back", &|repo| {
            repo.file(FILE, "six\n");
            age(repo);
        }),
        ("as young as the index", &|repo| {
            let index = std::fs::metadata(repo.at(".git/index")).unwrap().modified().unwrap();
            let file = File::options().write(true).open(repo.at(FILE)).unwrap();
            file.set_modified(index + Duration::from_secs(1)).unwrap();
        }),
        ("with a filter", &|repo| {
            repo.file(".gitattributes", "*.md filter=shout\n");
        }),
        ("in an encoding that git is not to convert", &|repo| {
            repo.file(".gitattributes", "*.md working-tree-encoding=UTF-8\n");
        }),
        ("with a filter that is named by the repository alone", &|repo| {
            std::fs::create_dir_all(repo.at(".git/info")).unwrap();
            std::fs::write(repo.at(".git/info/attributes"), "a.md filter=shout\n").unwrap();
        }),
    ];
    for (harm, make) in harms {
        let repo = settled();
        lie(&repo, |_| ());
        make(&repo);
        assert_eq!(own(&repo), by_git(&repo), "{harm}");
    }
}

#[test]
fn bits_that_bid_git_not_to_look_are_no_reason_to_believe() {
    let bits: [(&str, SetBit); 3] = [
        ("assume-unchanged", &|entry| entry.flags |= git2::IndexEntryFlag::VALID.bits()),
        ("skip-worktree", &|entry| entry.flags_extended |= git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits()),
        ("intent-to-add", &|entry| entry.flags_extended |= git2::IndexEntryExtendedFlag::INTENT_TO_ADD.bits()),
    ];
    for (bit, set) in bits {
        let repo = settled();
        lie(&repo, |entry| set(entry));
        assert_eq!(own(&repo), by_git(&repo), "{bit}");
    }
}

#[test]
fn another_index_is_another_witness() {
    let repo = settled();
    let before = std::fs::read(repo.at(".git/index")).unwrap();
    repo.file(FILE, "two\n");
    age(&repo);
    repo.git(["add", FILE]);
    assert_eq!(own(&repo), by_git(&repo));
    // The index of an earlier moment: it recorded another file under this name.
    std::fs::write(repo.at(".git/index"), before).unwrap();
    assert_eq!(own(&repo), by_git(&repo));
    std::fs::remove_file(repo.at(".git/index")).unwrap();
    assert_eq!(own(&repo), by_git(&repo));
}
