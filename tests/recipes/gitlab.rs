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
    let direct = repo.run(&format!("diff --format markdown {}..{}", id("main"), id("work"))).exits(0);
    let comparison = script().lines().last().unwrap().to_owned();
    // A pipeline for merged results builds a commit of its own, and names the branch's beside it.
    for variables in [
        &[("CI_COMMIT_SHA", id("work"))][..],
        &[("CI_COMMIT_SHA", id("main")), ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", id("work"))],
    ] {
        let mut command = bash(&repo, &comparison);
        command.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", id("main")).envs(variables.iter().cloned());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
        assert_eq!(std::fs::read_to_string(repo.at("contexture.md")).unwrap(), direct.stdout);
    }
}

#[test]
fn a_budget_that_the_branch_breaks_stops_it_and_an_old_one_does_not() {
    let repo = changed();
    let id = |rev: &str| repo.git(["rev-parse", rev]).trim().to_owned();
    for (base, status) in [("main", 1), ("work", 0)] {
        let mut command = bash(&repo, &script());
        command.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", id(base)).env("CI_COMMIT_SHA", id("work"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", shown(&output));
        assert_eq!(repo.at("contexture.md").exists(), status == 0);
    }
}
