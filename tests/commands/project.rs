//! Where a project is: in a repository, outside of one, or nowhere.

use snapbox::str;

use crate::support::Repo;

const PLAIN: &str = "system: [{text: Hi}]\n";

#[test]
fn outside_of_a_repository_the_folder_alone_is_built() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", PLAIN);
    repo.run("build").is(str![[r#"
exit 0
--- stdout
a  cx1:dc4755c6008b  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

1 context built

"#]]);
}

#[test]
fn outside_of_a_repository_there_is_no_revision() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", PLAIN);
    repo.run("build --rev HEAD").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: [ROOT] is not in a git repository
 |
 = help: run `git init`, or build the working tree (no `--rev`, no `--staged`)

"#]]);
    assert!(!repo.at("dist").exists());
}

#[test]
fn outside_of_a_repository_nothing_is_staged() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", PLAIN);
    repo.run("build --staged").is(str![[r#"
exit 2
--- stderr
error: there is no index: [ROOT] is not in a git repository
 |
 = help: run `git init`, or build the working tree (no `--rev`, no `--staged`)

"#]]);
}

#[test]
fn an_empty_folder_has_nothing_to_build() {
    let repo = Repo::none();
    repo.run("build").is(str![[r#"
exit 2
--- stderr
error: there is no context to build
 |
 = help: write a manifest below contexts/, or let `contexture init` write one

"#]]);
    assert!(!repo.at("dist").exists());
}

#[test]
fn before_the_first_commit_the_working_tree_is_built() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", PLAIN);
    repo.run("build").is(str![[r#"
exit 0
--- stdout
a  cx1:dc4755c6008b  uncommitted
  1 segment, 2 tokens by o200k_base, 2 before the first input

1 context built

"#]]);
}

#[test]
fn before_the_first_commit_there_is_no_head() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", PLAIN);
    repo.run("build --rev HEAD").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: nothing is committed yet
 |
 = help: make the first commit

"#]]);
}

#[test]
fn the_project_file_marks_the_root_below_the_one_of_git() {
    let repo = Repo::new();
    repo.file("prompts/contexture.yaml", "vars: {shop: Acme}\n").file("prompts/contexts/a.yaml", PLAIN);
    repo.file("contexts/outer.yaml", PLAIN);
    repo.commit("base");
    repo.run("-C prompts list").is(str![[r#"
exit 0
--- stdout
context  owner  description
a
1 context

"#]]);
    repo.run("-C prompts build").exits(0);
    assert!(repo.at("prompts/dist/a.bundle").exists());
}

#[test]
fn a_bare_repository_is_built_by_revision() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", PLAIN).commit("base");
    repo.git(["clone", "--quiet", "--bare", ".", "../bare.git"]);
    repo.run("-C ../bare.git list --rev HEAD").is(str![[r#"
exit 0
--- stdout
context  owner  description
a
1 context

"#]]);
    repo.run("-C ../bare.git list").is(str![[r#"
exit 2
--- stderr
error: the repository is bare: it has no working tree and no index
 |
 = help: name a revision: `--rev HEAD`

"#]]);
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    Repo::none().run("-C nowhere list").is(str![[r#"
exit 2
--- stderr
error: cannot enter nowhere: No such file or directory (os error 2)

"#]]);
}

#[test]
fn a_file_is_no_folder_to_run_in() {
    let repo = Repo::none();
    repo.file("a.md", "x\n");
    repo.run("-C a.md list").is(str![[r#"
exit 2
--- stderr
error: a.md is not a folder
 |
 = help: give -C a folder

"#]]);
}
