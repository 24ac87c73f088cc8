//! `contexture init`: a project that works from its first minute.

use std::fs;

use snapbox::str;

use crate::support::Repo;

#[test]
fn a_project_is_written_into_the_folder() {
    Repo::new().run("init").is(str![[r#"
exit 0
--- stdout
Wrote a project into .:
  .github/workflows/contexture.yml
  contexts/assistant.yaml
  contexts/assistant/answer.schema.json
  contexts/assistant/examples.jsonl
  contexts/assistant/find_item.json
  contexts/assistant/house-rules.md
  contexture.yaml
  templates/persona.hbs
--- stderr
Next: `git add -A && git commit -m Start`, then `contexture build`

"#]]);
}

#[test]
fn a_project_is_written_into_another_folder() {
    let repo = Repo::new();
    repo.run("init prompts/new").exits(0);
    assert!(repo.at("prompts/new/contexture.yaml").exists());
    repo.run("-C prompts/new check").exits(0);
}

#[test]
fn no_file_is_written_over_another() {
    let repo = Repo::new();
    repo.file("templates/persona.hbs", "mine\n");
    repo.run("init").is(str![[r#"
exit 2
--- stderr
error: . already has templates/persona.hbs
 |
 = help: init writes no file over another; move these away, or start in an empty folder

"#]]);
    assert_eq!(fs::read_to_string(repo.at("templates/persona.hbs")).unwrap(), "mine\n");
    assert!(!repo.at("contexture.yaml").exists());
}

#[test]
fn the_output_is_ignored_once() {
    let repo = Repo::new();
    repo.file(".gitignore", "/target");
    repo.run("init").exits(0);
    assert_eq!(fs::read_to_string(repo.at(".gitignore")).unwrap(), "/target\n/dist/\n");
    let other = Repo::new();
    other.file(".gitignore", "dist/\n");
    other.run("init").exits(0);
    assert_eq!(fs::read_to_string(other.at(".gitignore")).unwrap(), "dist/\n");
}

#[test]
fn the_new_project_builds_without_a_remark_and_verifies() {
    let repo = Repo::new();
    repo.run("init").exits(0);
    repo.commit("start");
    let outcome = repo.run("build").exits(0);
    assert_eq!(outcome.stderr, "");
    repo.run("verify dist/assistant.bundle").exits(0);
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn the_next_step_is_told_unless_quiet() {
    assert_ne!(Repo::new().run("init").exits(0).stderr, "");
    assert_eq!(Repo::new().run("init -q").exits(0).stderr, "");
}
