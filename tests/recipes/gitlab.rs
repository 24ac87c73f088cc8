//! The GitLab template: its script in a merge request's environment.

use super::{bash, changed, shown, yaml_of};

/// The lines of `script`, as GitLab's runner puts them together: it stops at the first that fails.
fn script() -> String {
    let template = yaml_of("docs/recipes/gitlab.yml");
    let lines: Vec<String> = ["before_script", "script"]
        .into_iter()
        .flat_map(|part| template["prompts"][part].as_array().unwrap())
        .map(|line| line.as_str().unwrap().to_owned())
        .collect();
    lines.join("\n")
}

#[test]
fn a_merge_request_is_compared_from_its_base() {
    let repo = changed();
    let id = |rev: &str| repo.git(["rev-parse", rev]).trim().to_owned();
    let mut command = bash(&repo, &script().replace("contexture check\n", ""));
    command.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", id("main")).env("CI_COMMIT_SHA", id("work"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let direct = repo.run(&format!("diff --format markdown {}..{}", id("main"), id("work"))).exits(0);
    assert_eq!(std::fs::read_to_string(repo.at("contexture.md")).unwrap(), direct.stdout);
    // A pipeline for merged results builds a commit of its own.
    command.env("CI_COMMIT_SHA", id("main")).env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", id("work"));
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(repo.at("contexture.md")).unwrap(), direct.stdout);
}

#[test]
fn a_budget_that_fails_stops_it() {
    let repo = changed();
    let output = bash(&repo, &script()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(!repo.at("contexture.md").exists());
}
