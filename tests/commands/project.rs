//! Where a project is: in a repository, outside of one, or nowhere.

use snapbox::str;

use crate::support::Repo;

#[test]
fn outside_of_a_repository_the_folder_alone_is_built() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\n");
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
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\n");
    repo.run("build --rev HEAD").is(str![[r#"
exit 2
--- stderr
error: there is no revision `HEAD`: [ROOT] is not in a git repository
 |
 = help: run `git init`, or build the working tree (no `--rev`, no `--staged`)

"#]]);
}

#[test]
fn an_empty_folder_holds_no_context() {
    Repo::none().run("build").is(str![[r#"
exit 2
--- stderr
error: there is no context to build
 |
 = help: write a manifest below contexts/, or let `contexture init` write one

"#]]);
}
