//! `--rev`, `--staged` and the working tree: which text is read, and what is said of it.

use serde_json::json;
use snapbox::str;

use crate::support::Repo;

/// One context over one fragment, in three states: committed, staged, on the disk.
fn three_states() -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\n").file("a.md", "committed\n").commit("base");
    repo.file("a.md", "staged\n").git(["add", "a.md"]);
    repo.file("a.md", "on the disk\n");
    repo
}

#[test]
fn a_revision_is_read_from_its_objects() {
    three_states().run("render a --rev HEAD").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `a.md` · line 1

```text
committed

```

"#]]);
}

#[test]
fn the_index_is_read_when_asked() {
    three_states().run("render a --staged").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `a.md` · line 1

```text
staged

```

"#]]);
}

#[test]
fn the_working_tree_is_read_otherwise() {
    three_states().run("render a").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `a.md` · line 1

```text
on the disk

```

"#]]);
}

#[test]
fn what_is_not_committed_is_told() {
    let repo = three_states();
    let source = |words: &str| repo.run(words).exits(0).json()["contexts"][0]["source"].clone();
    let commit = repo.git(["rev-parse", "HEAD"]).trim().to_owned();
    let expected = |kind: &str, dirty: bool| json!({"kind": kind, "commit": commit, "dirty": dirty, "untracked": []});
    assert_eq!(source("check --format json --rev HEAD"), expected("commit", false));
    assert_eq!(source("check --format json --staged"), expected("index", true));
    assert_eq!(source("check --format json"), expected("worktree", true));
}

#[test]
fn a_change_that_no_context_reads_leaves_it_committed() {
    let repo = three_states();
    repo.git(["checkout", "--quiet", "HEAD", "a.md"]);
    repo.file("README.md", "new\n");
    let source = repo.run("check --format json").exits(0).json()["contexts"][0]["source"].clone();
    assert_eq!((&source["kind"], &source["dirty"]), (&json!("commit"), &json!(false)));
}

#[test]
fn prices_that_are_not_committed_are_a_change_too() {
    let repo = three_states();
    repo.git(["checkout", "--quiet", "HEAD", "a.md"]);
    repo.file("prices.yaml", "# none yet\n");
    let source = repo.run("check --format json").exits(0).json()["contexts"][0]["source"].clone();
    assert_eq!(source["kind"], "worktree", "{source}");
    assert_eq!(source["untracked"], json!(["prices.yaml"]));
}

#[test]
fn an_untracked_file_is_read_and_told() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: docs/*.md}]\n").file("docs/a.md", "A\n").commit("base");
    repo.file("docs/b.md", "B\n");
    let source = repo.run("check --format json").exits(0).json()["contexts"][0]["source"].clone();
    assert_eq!((&source["dirty"], &source["untracked"]), (&json!(true), &json!(["docs/b.md"])));
}

#[test]
fn an_ignored_file_is_not_read() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: docs/*.md}]\n").file("docs/a.md", "A\n");
    repo.file(".gitignore", "/docs/draft.md\n").file("docs/draft.md", "Draft\n").commit("base");
    repo.run("render a").is(str![[r#"
exit 0
--- stdout
# System

`system/1` · `docs/a.md` · line 1

```text
A

```

"#]]);
}

#[test]
fn a_revision_knows_contexts_that_are_gone() {
    let repo = three_states();
    repo.git(["rm", "--quiet", "--force", "contexts/a.yaml"]);
    repo.run("build a").is(str![[r#"
exit 2
--- stderr
error: there is no context `a`
 |
 = help: there is no manifest below contexts/; `contexture init` writes one

"#]]);
    repo.run("check a --rev HEAD").exits(0);
}

#[test]
fn an_unknown_revision_is_told() {
    three_states().run("check --rev frobnicate").is(str![[r#"
exit 2
--- stderr
error: there is no revision `frobnicate`
 |
 = help: see `git branch --all` and `git tag`, or fetch the branch

"#]]);
}

#[test]
fn a_revision_near_a_branch_is_told_with_it() {
    three_states().run("check --rev mian").is(str![[r#"
exit 2
--- stderr
error: there is no revision `mian`
 |
 = help: did you mean `main`?

"#]]);
}

#[test]
fn a_revision_and_the_index_are_two_wishes() {
    let outcome = three_states().run("check --rev HEAD --staged").exits(2);
    assert!(outcome.stderr.contains("cannot be used with"), "{outcome}");
}
