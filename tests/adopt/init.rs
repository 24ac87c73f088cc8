//! `init --from`: the fewest manifests for what is there.

use std::fs;

use snapbox::str;

use crate::support::Repo;

fn team() -> Repo {
    let repo = Repo::new();
    repo.file("prompts/a.prompt", "{{role \"system\"}}Be brief.{{role \"user\"}}{{q}}\n");
    repo.file("prompts/sub/b.prompt", "B {{> c}}\n").file("prompts/sub/_c.prompt", "C\n");
    repo.file("AGENTS.md", "Root rules.\n").file("api/AGENTS.md", "Api rules.\n").file("CLAUDE.md", "@AGENTS.md\n");
    repo.file("texts/one.md", "One.\n").file("texts/two.md", "Two.\n").file("texts/README.md", "About.\n");
    repo.file("chat.json", r#"[{"role": "user", "content": "Hi"}]"#)
        .file("package.json", "{}")
        .file("old.prompty", "x");
    repo.commit("team");
    repo
}

#[test]
fn what_is_there_is_found_built_and_shown() {
    let repo = team();
    repo.run("init --from . --dry-run").is(str![[]]);
    assert!(!repo.at("contexts").exists());
    repo.run("init --from .").is(str![[]]);
    assert_eq!(fs::read_to_string(repo.at(".gitignore")).unwrap(), "/dist/\n");
    assert_eq!(repo.git(["diff", "--stat"]), "", "nothing of the team's is edited");
    repo.run("check").exits(0);
}

#[test]
fn run_again_it_adds_and_rewrites_nothing() {
    let repo = team();
    repo.run("init --from prompts").exits(0);
    let before = fs::read_to_string(repo.at("contexts/prompts.yaml")).unwrap();
    repo.file("contexts/prompts.yaml", before.replace("1k/day", "2k/day"));
    repo.run("init --from prompts").is(str![[]]);
    repo.run("init --from texts/*.md --dry-run").is(str![[]]);
    assert!(fs::read_to_string(repo.at("contexts/prompts.yaml")).unwrap().contains("2k/day"));
}

#[test]
fn nothing_found_is_said() {
    let repo = team();
    repo.run("init --from nowhere").is(str![[]]);
    repo.run("init --from package.json").is(str![[]]);
}

#[test]
fn two_files_with_one_id_are_told_at_both() {
    let repo = Repo::new();
    repo.file("a/x.md", "A\n").file("b/x.md", "B\n");
    repo.file("contexts/p.yaml", "each: ['a/*.md', 'b/*.md']\nsystem: [{file: $each}]\n");
    repo.run("build").is(str![[]]);
}
