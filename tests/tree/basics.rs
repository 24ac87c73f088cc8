//! Each tree once, in a plain repository.

use contexture::syntax::source::ProjectPath;
use contexture::tree::{CachedTree, MemoryTree, ReadError, Tree, TreeName};

use crate::support::{Repo, path, texts};

#[test]
fn a_commit_the_index_and_the_disk_each_say_their_own() {
    let repo = Repo::new();
    repo.file("a.md", "committed\n").file("docs/b.md", "b\n").file("dist/out.json", "{}").file(".gitignore", "*.log\n");
    let id = repo.commit("base");
    repo.file("a.md", "staged\n").git(["add", "a.md"]);
    repo.file("a.md", "on the disk\n").file("new.md", "new\n").file("noise.log", "x");

    let place = repo.place();
    let (commit, index, disk) = (place.commit("HEAD").unwrap(), place.index().unwrap(), place.worktree().unwrap());
    let text = |tree: &dyn Tree| String::from_utf8(tree.read(&path("a.md")).unwrap().bytes.to_vec()).unwrap();
    assert_eq!(text(&commit), "committed\n");
    assert_eq!(text(&index), "staged\n");
    assert_eq!(text(&disk), "on the disk\n");
    assert_eq!(commit.commit().id.as_str(), id);
    assert_eq!(commit.commit().time, 1_795_262_400);
    assert_eq!(index.name(), TreeName::Index(Some(commit.commit().clone())));
    assert_eq!(disk.name(), TreeName::Worktree(Some(commit.commit().clone())));

    let root = ProjectPath::root();
    assert_eq!(texts(&commit.list(&root).unwrap()), [".gitignore", "a.md", "docs/b.md"]);
    assert_eq!(texts(&index.list(&root).unwrap()), [".gitignore", "a.md", "docs/b.md"]);
    assert_eq!(texts(&disk.list(&root).unwrap()), [".gitignore", "a.md", "docs/b.md", "new.md"]);
    assert_eq!(texts(&disk.list(&path("docs")).unwrap()), ["docs/b.md"]);
    assert!(disk.read(&path("new.md")).unwrap().untracked);
    assert!(!disk.read(&path("a.md")).unwrap().untracked);
    assert!(matches!(disk.read(&path("noise.log")), Err(ReadError::Ignored)));
    assert!(matches!(disk.read(&path("docs")), Err(ReadError::Folder)));
    for tree in [&commit as &dyn Tree, &index, &disk] {
        assert!(matches!(tree.read(&path("dist/out.json")), Err(ReadError::NotAFile("build output"))));
        assert!(matches!(tree.read(&path("nowhere.md")), Err(ReadError::Absent)));
        assert!(tree.list(&path("nowhere")).unwrap().is_empty());
    }
}

#[test]
fn what_was_read_is_compared_with_another_tree() {
    let repo = Repo::new();
    repo.file("same.md", "1").file("changed.md", "2").file("docs/gone.md", "3").file("lost.md", "4");
    repo.commit("base");
    repo.file("changed.md", "two").file("new.md", "5").file("added.md", "6");
    repo.git(["add", "added.md"]);
    std::fs::remove_file(repo.at("docs/gone.md")).unwrap();
    std::fs::remove_file(repo.at("lost.md")).unwrap();

    let disk = repo.place().worktree().unwrap();
    let asked = CachedTree::new(&disk);
    for name in ["same.md", "changed.md", "new.md", "added.md", "lost.md", "never.md"] {
        let _ = asked.read(&path(name));
    }
    asked.list(&path("docs")).unwrap();
    let reads = asked.reads();
    assert_eq!(reads.files.len(), 6);
    assert_eq!(reads.files[&path("never.md")], None);
    assert_eq!(reads.untracked.iter().collect::<Vec<_>>(), [&path("new.md")]);
    assert!(reads.are_same_in(&disk).unwrap() && reads.differences_in(&disk).unwrap().is_empty());

    let commit = repo.place().commit("HEAD").unwrap();
    let differing: Vec<_> = reads.differences_in(&commit).unwrap().into_iter().collect();
    assert_eq!(texts(&differing), ["added.md", "changed.md", "docs/gone.md", "lost.md", "new.md"]);
    assert!(!reads.are_same_in(&commit).unwrap());
    let of_commit = reads.asked_of(&commit).unwrap();
    assert!(of_commit.are_same_in(&commit).unwrap() && of_commit.differences_in(&disk).unwrap().len() == 5);
}

#[test]
fn a_tree_in_memory_behaves_as_a_commit() {
    let tree = MemoryTree::new()
        .file(&path("docs/a.md"), "text")
        .link(&path("b.md"), "docs/a.md")
        .link(&path("folder"), "docs")
        .link(&path("out"), "../x")
        .link(&path("round"), "round")
        .file(&path("dist/x"), "");
    assert_eq!(&*tree.read(&path("b.md")).unwrap().bytes, b"text");
    assert_eq!(&*tree.read(&path("folder/a.md")).unwrap().bytes, b"text");
    assert_eq!(tree.read(&path("b.md")).unwrap().id.as_str(), git_id("text"));
    assert!(matches!(tree.read(&path("out")), Err(ReadError::Outside(link)) if link == "../x"));
    assert!(matches!(tree.read(&path("round")), Err(ReadError::Circle)));
    assert_eq!(texts(&tree.list(&ProjectPath::root()).unwrap()), ["b.md", "docs/a.md", "out", "round"]);
}

#[test]
fn trees_and_places_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<contexture::tree::Workspace>();
    shared::<contexture::tree::CommitTree>();
    shared::<contexture::tree::IndexTree>();
    shared::<contexture::tree::Worktree>();
    shared::<CachedTree<'_>>();
    shared::<MemoryTree>();
}

fn git_id(text: &str) -> String {
    let output = Repo::new().git_with_input(&["hash-object", "--stdin"], text.as_bytes());
    String::from_utf8(output).unwrap().trim().to_owned()
}
