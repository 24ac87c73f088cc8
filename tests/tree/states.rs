//! Repositories in every state that git knows: each works, or says what to do.

use std::fs;

use contexture::syntax::error::Error;
use contexture::syntax::source::ProjectPath;
use contexture::tree::{ReadError, Tree, TreeName, Workspace};

use crate::support::{Repo, names, path, texts};

fn text(tree: &dyn Tree, name: &str) -> String {
    let blob = tree.read(&path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    String::from_utf8(blob.bytes.to_vec()).unwrap()
}

fn all(tree: &dyn Tree) -> Vec<String> {
    texts(&tree.list(&ProjectPath::root()).unwrap()).into_iter().map(str::to_owned).collect()
}

/// The message and cure of a refusal.
fn refusal<T>(answer: Result<T, Error>) -> (String, String) {
    match answer {
        Ok(_) => panic!("it was not refused"),
        Err(error) => (error.to_string(), error.cure().unwrap_or_default().to_owned()),
    }
}

#[test]
fn the_project_root_is_the_nearest_folder_with_a_project_file() {
    let repo = Repo::new();
    repo.file("contexture.yaml", "").file("one/contexture.yaml", "").file("one/a/f.md", "one").file("two/f.md", "two");
    repo.commit("base");
    let inner = Workspace::find(&repo.at("one/a")).unwrap();
    assert_eq!((inner.root(), inner.prefix()), (&*repo.at("one"), "one"));
    let trees: [Box<dyn Tree>; 3] = [
        Box::new(inner.commit("HEAD").unwrap()),
        Box::new(inner.index().unwrap()),
        Box::new(inner.worktree().unwrap()),
    ];
    for tree in trees {
        assert_eq!(all(&*tree), ["a/f.md", "contexture.yaml"]);
        assert_eq!(text(&*tree, "a/f.md"), "one");
    }
    let changes = inner.commit("HEAD").unwrap().last_changes(&[path("a/f.md"), path("nowhere")]).unwrap();
    assert_eq!(changes.into_keys().collect::<Vec<_>>(), [path("a/f.md")]);
    assert_eq!(Workspace::find(&repo.at("two")).unwrap().root(), repo.root());
    // A `.git` that is none does not end the search.
    fs::create_dir(repo.at("two/.git")).unwrap();
    assert_eq!(Workspace::find(&repo.at("two")).unwrap().root(), repo.root());
}

#[test]
fn a_project_file_above_the_git_root_does_not_count() {
    let outer = Repo::none();
    outer.file("contexture.yaml", "").file("inner/a.md", "");
    outer.git(["init", "--quiet", "inner"]);
    assert_eq!(Workspace::find(&outer.at("inner")).unwrap().root(), outer.at("inner"));
}

#[test]
fn rules_above_the_project_count_and_links_do_not_leave_it() {
    let repo = Repo::new();
    repo.file(".gitattributes", "*.md text\n").file(".gitignore", "*.log\n").file("secret.md", "s");
    repo.file("p/contexture.yaml", "").file("p/a.md", "a\r\n").file("p/b.log", "").link("p/out.md", "../secret.md");
    repo.git(["add", "."]);
    repo.git(["commit", "--quiet", "--message", "base"]);
    let place = Workspace::find(&repo.at("p")).unwrap();
    let (commit, disk) = (place.commit("HEAD").unwrap(), place.worktree().unwrap());
    assert_eq!(text(&disk, "a.md"), "a\n");
    assert_eq!(all(&disk), ["a.md", "contexture.yaml", "out.md"]);
    for tree in [&commit as &dyn Tree, &disk] {
        assert!(matches!(tree.read(&path("out.md")), Err(ReadError::Outside(link)) if link == "../secret.md"));
    }
}

#[test]
fn outside_of_a_repository_only_the_disk_answers() {
    let folder = Repo::none();
    folder.file("a.md", "a").file("docs/b.md", "b").file("dist/x", "").file("n.log", "").file(".gitignore", "*.log\n");
    let place = Workspace::find(&folder.at("docs")).unwrap();
    assert_eq!(place.root(), folder.at("docs"));
    let place = folder.place();
    assert!(!place.has_repository());
    let disk = place.worktree().unwrap();
    assert_eq!(all(&disk), [".gitignore", "a.md", "docs/b.md"]);
    assert_eq!(disk.read(&path("a.md")).unwrap().id.as_str(), "2e65efe2a145dda7ee51d1741299f848e5bf752e");
    assert!(disk.read(&path("a.md")).unwrap().untracked);
    assert_eq!(disk.name(), TreeName::Worktree(None));
    assert!(disk.base().is_none());
    let (what, cure) = refusal(place.commit("HEAD"));
    assert!(what.contains("`HEAD`") && what.contains("not in a git repository"), "{what}");
    assert!(cure.contains("git init"), "{cure}");
    assert!(refusal(place.index()).0.contains("not in a git repository"));
}

#[test]
fn a_bare_repository_has_revisions_only() {
    let repo = Repo::new();
    repo.file("docs/a.md", "a").commit("base");
    let bare = Repo::clone_of(&repo, &["--bare"]);
    let place = bare.place();
    assert_eq!(text(&place.commit("main").unwrap(), "docs/a.md"), "a");
    for (what, cure) in [refusal(place.worktree()), refusal(place.index())] {
        assert!(what.contains("bare") && cure.contains("--rev"), "{what} {cure}");
    }
}

#[test]
fn before_the_first_commit_nothing_is_below() {
    let repo = Repo::new();
    repo.file("a.md", "a").file("b.md", "b").git(["add", "a.md"]);
    let place = repo.place();
    let (index, disk) = (place.index().unwrap(), place.worktree().unwrap());
    assert_eq!(index.name(), TreeName::Index(None));
    assert_eq!(all(&index), ["a.md"]);
    assert_eq!(all(&disk), ["a.md", "b.md"]);
    assert!(disk.base().is_none() && index.base().is_none());
    assert!(refusal(place.commit("HEAD")).0.contains("there is no revision `HEAD`"));
}

#[test]
fn a_shallow_clone_reads_what_it_has() {
    let origin = Repo::new();
    origin.file("old.md", "1").commit("one");
    origin.file("new.md", "2").commit("two");
    origin.file("new.md", "3").commit("three");
    let repo = Repo::clone_of(&origin, &["--depth=2"]);
    let place = repo.place();
    let head = place.commit("HEAD").unwrap();
    assert_eq!(text(&head, "old.md"), "1");
    let changes = head.last_changes(&[path("old.md"), path("new.md")]).unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), [&path("new.md")], "the commit of old.md is not in the clone");
    let (what, cure) = refusal(place.commit("HEAD~2"));
    assert!(what.contains("HEAD~2") && cure.contains("--unshallow"), "{what} {cure}");
}

#[test]
fn a_partial_clone_names_what_it_lacks_and_fetches_nothing() {
    let origin = Repo::new();
    origin.git(["config", "uploadpack.allowFilter", "true"]);
    origin.file("a.md", "first\n").commit("one");
    let blob = origin.git(["rev-parse", "HEAD:a.md"]).trim().to_owned();
    origin.file("a.md", "second\n").commit("two");
    let repo = Repo::clone_of(&origin, &["--filter=blob:none"]);
    repo.git(["config", "core.sshCommand", &canary(&repo)]);
    let place = repo.place();
    assert_eq!(text(&place.commit("HEAD").unwrap(), "a.md"), "second\n");
    let before = place.commit("HEAD~1").unwrap();
    assert_eq!(all(&before), ["a.md"]);
    assert_eq!(before.id(&path("a.md")).unwrap().unwrap().as_str(), blob);
    let Err(ReadError::World(error)) = before.read(&path("a.md")) else { panic!("it is not there to be read") };
    assert!(error.to_string().contains(&blob), "{error}");
    let cure = error.cure().unwrap();
    assert!(cure.contains("git fetch --refetch --no-filter"), "{cure}");
    assert!(!repo.outside("canary").exists());
    // The cure cures.
    repo.git(["fetch", "--quiet", "--refetch", "--no-filter"]);
    assert_eq!(text(&place.commit("HEAD~1").unwrap(), "a.md"), "first\n");
}

#[test]
fn the_old_mark_of_a_partial_clone_is_refused_with_a_cure_that_cures() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    repo.git(["config", "core.repositoryFormatVersion", "1"]);
    repo.git(["config", "extensions.partialClone", "origin"]);
    let (what, cure) = refusal(Workspace::find(repo.root()));
    assert!(what.contains("extensions.partialclone"), "{what}");
    assert!(cure.contains("git config remote.origin.promisor true"), "{cure}");
    assert!(cure.contains("git config --unset extensions.partialClone"), "{cure}");
    repo.git(["config", "remote.origin.promisor", "true"]);
    repo.git(["config", "--unset", "extensions.partialClone"]);
    assert_eq!(text(&repo.place().commit("HEAD").unwrap(), "a.md"), "a");
}

/// A command that leaves a trace.
pub fn canary(repo: &Repo) -> String {
    format!("sh -c 'touch {}; cat' --", repo.outside("canary").display())
}

#[test]
fn a_clone_with_borrowed_objects_reads_them() {
    let origin = Repo::new();
    origin.file("a.md", "a").commit("base");
    let repo = Repo::clone_of(&origin, &["--shared", "--no-local"]);
    fs::write(repo.at(".git/objects/info/alternates"), format!("{}\n", origin.at(".git/objects").display())).unwrap();
    for pack in fs::read_dir(repo.at(".git/objects/pack")).unwrap() {
        fs::remove_file(pack.unwrap().path()).unwrap();
    }
    assert_eq!(text(&repo.place().commit("HEAD").unwrap(), "a.md"), "a");
}

#[test]
fn objects_that_move_while_a_tree_is_open_are_found() {
    let repo = Repo::new();
    repo.file("a.md", "a").file("docs/b.md", "b").commit("base");
    let commit = repo.place().commit("HEAD").unwrap();
    assert_eq!(text(&commit, "a.md"), "a");
    repo.git(["gc", "--quiet", "--prune=now"]);
    assert_eq!(text(&commit, "docs/b.md"), "b");
}

#[test]
fn a_linked_worktree_has_its_own_head_and_disk() {
    let repo = Repo::new();
    repo.file("a.md", "main").commit("base");
    repo.git(["worktree", "add", "--quiet", "-b", "side", "../side"]);
    fs::write(repo.outside("side").join("a.md"), "side").unwrap();
    fs::write(repo.outside("side").join("n.log"), "").unwrap();
    repo.file(".git/info/exclude", "*.log\n");
    let place = Workspace::find(&repo.outside("side")).unwrap();
    assert_eq!(place.root(), repo.outside("side"));
    let disk = place.worktree().unwrap();
    assert_eq!((text(&disk, "a.md"), text(&place.commit("HEAD").unwrap(), "a.md")), ("side".into(), "main".into()));
    assert_eq!(all(&disk), ["a.md"]);
    assert_eq!(text(&place.commit("main").unwrap(), "a.md"), "main");
}

#[test]
fn a_submodule_is_no_text_from_outside_and_a_project_from_inside() {
    let library = Repo::new();
    library.file("lib.md", "lib").commit("base");
    let repo = Repo::new();
    repo.file("a.md", "a").link("through.md", "sub/lib.md");
    repo.git(["submodule", "--quiet", "add", &format!("file://{}", library.root().display()), "sub"]);
    repo.commit("base");
    let place = repo.place();
    let trees: [Box<dyn Tree>; 3] = [
        Box::new(place.commit("HEAD").unwrap()),
        Box::new(place.index().unwrap()),
        Box::new(place.worktree().unwrap()),
    ];
    for tree in &trees {
        assert_eq!(all(&**tree), [".gitmodules", "a.md", "through.md"]);
        for name in ["sub", "sub/lib.md", "through.md"] {
            assert!(matches!(tree.read(&path(name)), Err(ReadError::NotAFile("part of a submodule"))), "{name}");
        }
        assert!(tree.list(&path("sub")).unwrap().is_empty());
    }
    let inside = Workspace::find(&repo.at("sub")).unwrap();
    assert_eq!((inside.root(), inside.prefix()), (&*repo.at("sub"), ""));
    assert_eq!(all(&inside.worktree().unwrap()), ["lib.md"]);
    assert_eq!(text(&inside.commit("HEAD").unwrap(), "lib.md"), "lib");
}

#[test]
fn a_repository_within_is_not_part_of_the_project_unless_git_tracks_into_it() {
    let repo = Repo::new();
    repo.file("a.md", "a").file("vendor/tracked.md", "t").commit("base");
    for folder in ["clone", "vendor"] {
        repo.git(["init", "--quiet", folder]);
        repo.file(&format!("{folder}/untracked.md"), "u");
    }
    repo.file("odd/x.md", "x").file("odd/.git/config", "");
    let disk = repo.place().worktree().unwrap();
    let git = names(&repo.git_bytes(["ls-files", "-co", "--exclude-standard", "-z"]));
    assert_eq!(git, ["a.md", "clone/", "odd/x.md", "vendor/tracked.md", "vendor/untracked.md"]);
    assert_eq!(all(&disk), ["a.md", "odd/x.md", "vendor/tracked.md", "vendor/untracked.md"]);
    assert!(matches!(disk.read(&path("clone/untracked.md")), Err(ReadError::NotAFile("part of another repository"))));
    assert_eq!(text(&disk, "vendor/tracked.md"), "t");
}

#[test]
fn reftable_is_refused_with_a_cure_that_cures() {
    let repo = Repo::with(&["--ref-format=reftable"]);
    // git 2.47 cannot yet carry reflogs over.
    repo.git(["config", "core.logAllRefUpdates", "false"]);
    repo.file("a.md", "a").commit("base");
    let (what, cure) = refusal(Workspace::find(repo.root()));
    assert!(what.contains("refstorage"), "{what}");
    assert!(cure.contains("git refs migrate --ref-format=files"), "{cure}");
    repo.git(["refs", "migrate", "--ref-format=files"]);
    assert_eq!(text(&repo.place().commit("HEAD").unwrap(), "a.md"), "a");
}

#[test]
fn replaced_and_grafted_objects_are_read_as_they_are() {
    let repo = Repo::new();
    let first = repo.file("a.md", "true").commit("one");
    let second = repo.file("b.md", "b").commit("two");
    fs::write(repo.outside("fake"), "fake").unwrap();
    let fake = repo.git(["hash-object", "-w", "../fake"]);
    let blob = repo.git(["rev-parse", "HEAD:a.md"]);
    repo.git(["replace", blob.trim(), fake.trim()]);
    repo.git(["replace", &second, &first]);
    repo.file(".git/info/grafts", format!("{second}\n"));
    assert_eq!(repo.git(["show", "HEAD:a.md"]), "fake", "git itself is fooled");
    let commit = repo.place().commit("HEAD").unwrap();
    assert_eq!(commit.commit().id.as_str(), second);
    assert_eq!(text(&commit, "a.md"), "true");
    assert_eq!(all(&commit), ["a.md", "b.md"]);
    let changes = commit.last_changes(&[path("a.md"), path("b.md")]).unwrap();
    assert_eq!(changes[&path("a.md")].id.as_str(), first);
    assert_eq!(changes[&path("b.md")].id.as_str(), second);
}

#[test]
fn a_sparse_checkout_reads_what_it_leaves_out_from_the_index() {
    let repo = Repo::new();
    repo.file("in/a.md", "a").file("out/b.md", "b").file("out/.gitignore", "*.log\n").link("out/l.md", "b.md");
    repo.file("in/.gitattributes", "*.md text\n").commit("base");
    repo.git(["sparse-checkout", "set", "in"]);
    assert!(!repo.at("out").exists());
    let place = repo.place();
    let (commit, disk) = (place.commit("HEAD").unwrap(), place.worktree().unwrap());
    assert_eq!(all(&disk), all(&commit));
    assert_eq!(text(&disk, "out/b.md"), "b");
    assert_eq!(text(&disk, "out/l.md"), "b");
    assert!(matches!(disk.read(&path("out")), Err(ReadError::Folder)));
    repo.file("out/n.log", "").file("out/n.md", "new");
    let disk = repo.place().worktree().unwrap();
    assert!(matches!(disk.read(&path("out/n.log")), Err(ReadError::Ignored)), "the .gitignore left out counts");
    assert!(disk.read(&path("out/n.md")).unwrap().untracked);
}

#[test]
fn sparse_and_split_indexes_are_refused_with_cures_that_cure() {
    let repo = Repo::new();
    repo.file("in/a.md", "a").file("out/b.md", "b").file("out/deep/c.md", "c").commit("base");
    repo.git(["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    let (what, cure) = refusal(repo.place().index());
    assert!(what.contains("sdir") && cure.contains("git sparse-checkout reapply --no-sparse-index"), "{what} {cure}");
    assert_eq!(text(&repo.place().commit("HEAD").unwrap(), "out/b.md"), "b", "revisions need no index");
    repo.git(["sparse-checkout", "reapply", "--no-sparse-index"]);
    assert_eq!(all(&repo.place().index().unwrap()), ["in/a.md", "out/b.md", "out/deep/c.md"]);
    repo.git(["sparse-checkout", "disable"]);

    repo.git(["update-index", "--split-index"]);
    let (what, cure) = refusal(repo.place().worktree());
    assert!(what.contains("link") && cure.contains("git update-index --no-split-index"), "{what} {cure}");
    repo.git(["update-index", "--no-split-index"]);
    assert_eq!(all(&repo.place().index().unwrap()), ["in/a.md", "out/b.md", "out/deep/c.md"]);
}

#[test]
fn every_index_version_is_read() {
    for settings in
        [["index.version", "2"], ["index.version", "4"], ["index.skipHash", "true"], ["core.untrackedCache", "true"]]
    {
        let repo = Repo::new();
        repo.git(["config", settings[0], settings[1]]);
        repo.file("docs/a.md", "a").file("docs/ab.md", "b").commit("base");
        assert_eq!(all(&repo.place().index().unwrap()), ["docs/a.md", "docs/ab.md"], "{settings:?}");
    }
}

#[test]
fn a_merge_conflict_is_named_in_the_index_and_read_on_the_disk() {
    let repo = Repo::new();
    repo.file("a.md", "base\n").file("b.md", "b").commit("base");
    repo.git(["checkout", "--quiet", "-b", "side"]);
    repo.file("a.md", "side\n").commit("side");
    repo.git(["checkout", "--quiet", "main"]);
    repo.file("a.md", "main\n").commit("main");
    assert!(!repo.try_git(["merge", "--quiet", "side"]).status.success());
    let place = repo.place();
    let (index, disk) = (place.index().unwrap(), place.worktree().unwrap());
    assert_eq!(all(&index), ["a.md", "b.md"]);
    assert!(matches!(index.read(&path("a.md")), Err(ReadError::Conflict)));
    assert_eq!(text(&index, "b.md"), "b");
    assert!(text(&disk, "a.md").contains("<<<<<<<"));
    assert!(!disk.read(&path("a.md")).unwrap().untracked);
}

#[test]
fn what_was_only_announced_is_tracked_and_not_staged() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    repo.file("new/n.md", "n").git(["add", "--intent-to-add", "new/n.md"]);
    let place = repo.place();
    let (index, disk) = (place.index().unwrap(), place.worktree().unwrap());
    assert_eq!(all(&index), ["a.md"]);
    assert!(matches!(index.read(&path("new/n.md")), Err(ReadError::Absent)));
    assert!(matches!(index.read(&path("new")), Err(ReadError::Absent)));
    assert!(!disk.read(&path("new/n.md")).unwrap().untracked);
}

#[test]
fn a_hook_can_name_the_index_of_a_partial_commit() {
    let repo = Repo::new();
    repo.file("a.md", "a").commit("base");
    repo.file("a.md", "partial").git(["add", "a.md"]);
    fs::copy(repo.at(".git/index"), repo.at(".git/next-index")).unwrap();
    repo.file("a.md", "more").git(["add", "a.md"]);
    let place = repo.place();
    assert_eq!(text(&place.index_at(&repo.at(".git/next-index")).unwrap(), "a.md"), "partial");
    assert_eq!(text(&place.index().unwrap(), "a.md"), "more");
}

#[test]
fn where_links_are_checked_out_as_files_they_are_links_all_the_same() {
    let origin = Repo::new();
    origin
        .file("docs/a.md", "a")
        .link("l.md", "docs/a.md")
        .link("folder", "docs")
        .link("out.md", "../../x")
        .commit("base");
    let repo = Repo::clone_of(&origin, &["--config", "core.symlinks=false"]);
    assert!(repo.at("l.md").symlink_metadata().unwrap().is_file());
    let place = repo.place();
    let (commit, disk) = (place.commit("HEAD").unwrap(), place.worktree().unwrap());
    assert_eq!(all(&disk), all(&commit));
    assert_eq!(text(&disk, "l.md"), "a");
    assert_eq!(text(&disk, "folder/a.md"), "a");
    assert!(matches!(disk.read(&path("out.md")), Err(ReadError::Outside(_))));
}

#[test]
fn a_revision_is_one_commit_or_a_refusal() {
    let repo = Repo::new();
    let first = repo.file("a.md", "1").commit("one");
    let second = repo.file("a.md", "2").commit("two");
    repo.git(["tag", "--annotate", "--message", "release", "v1.0", &first]);
    repo.git(["tag", "--annotate", "--message", "of a tag", "again", "v1.0"]);
    repo.git(["tag", "of-a-blob", "HEAD:a.md"]);
    repo.git(["branch", "feature/login", &first]);
    let place = repo.place();
    for (rev, id) in [
        ("HEAD", &second),
        ("main", &second),
        ("HEAD~1", &first),
        ("HEAD^", &first),
        ("v1.0", &first),
        ("again", &first),
        ("feature/login", &first),
        (&first[..8], &first),
        ("refs/heads/main", &second),
        ("main@{0}", &second),
        ("v1.0^{}", &first),
    ] {
        assert_eq!(
            place.commit(rev).unwrap_or_else(|error| panic!("{rev}: {error}")).commit().id.as_str(),
            id,
            "{rev}"
        );
    }
    for (rev, said) in [
        ("HEAD^{tree}", "names a tree"),
        ("HEAD:a.md", "names a blob"),
        ("of-a-blob", "names a blob"),
        ("--upload-pack=x", "not a revision"),
        ("-", "not a revision"),
        ("", "not a revision"),
        ("HEAD..main", "no revision"),
        ("no such", "no revision"),
        ("HEAD~99", "no revision"),
        (":/nothing", "no revision"),
        ("0000000000000000000000000000000000000000", "no revision"),
        ("a\0b", "no revision"),
        ("^{", "no revision"),
    ] {
        let (what, _) = refusal(place.commit(rev));
        assert!(what.contains(said), "{rev}: {what}");
    }
    assert_eq!(refusal(place.commit("featur/login")).1, "did you mean `feature/login`?");
    assert_eq!(refusal(place.commit("mian")).1, "did you mean `main`?");
}

#[test]
fn an_author_in_another_encoding_does_not_hide_the_date() {
    let repo = Repo::new();
    let tree = repo.git(["mktree"]).trim().to_owned();
    let mut commit = format!("tree {tree}\nauthor J").into_bytes();
    commit.extend(b"\xf6rg <j@example.com> 1700000000 +0100\ncommitter J\xf6rg > x <j@example.com> 1700000001 +0100\nencoding latin1\n\nm\n");
    let id = String::from_utf8(
        repo.git_with_input(&["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], &commit),
    )
    .unwrap();
    assert_eq!(repo.place().commit(id.trim()).unwrap().commit().time, 1_700_000_001);
}
