//! Every file is valid by the schema of whoever reads it, and keeps the rules that keep it safe.

use std::process::Command;

use serde_json::Value;

use super::{at, python, shown, yaml_of};

const WORKFLOWS: [&str; 5] = [
    "docs/recipes/github-diff.yml",
    "docs/recipes/github-comment.yml",
    "docs/recipes/github-private.yml",
    "src/cli/starter/workflow.yml",
    ".github/workflows/release.yml",
];

/// Holds files against a schema that check-jsonschema carries with it.
fn valid(schema: &str, files: &[&str]) {
    let mut command = Command::new(python());
    command.args(["-m", "check_jsonschema", "--builtin-schema", schema]).args(files.iter().map(|file| at(file)));
    let output = command.output().expect("Python runs");
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
fn the_action_is_valid() {
    valid("vendor.github-actions", &["action.yml"]);
}

#[test]
fn the_workflows_are_valid() {
    valid("vendor.github-workflows", &WORKFLOWS);
}

#[test]
fn the_gitlab_template_is_valid() {
    valid("vendor.gitlab-ci", &["docs/recipes/gitlab.yml"]);
}

#[test]
fn the_hooks_are_valid_to_pre_commit_itself() {
    let runs =
        [("validate-manifest", ".pre-commit-hooks.yaml"), ("validate-config", "docs/recipes/pre-commit-config.yaml")];
    for (command, file) in runs {
        let output = Command::new(python()).args(["-m", "pre_commit", command]).arg(at(file)).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
    }
}

/// The steps of a workflow or of an action.
fn steps(file: &Value) -> Vec<Value> {
    let jobs = file["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values());
    jobs.chain([&file["runs"]]).flat_map(|job| job["steps"].as_array().cloned().unwrap_or_default()).collect()
}

#[test]
fn no_value_from_outside_becomes_part_of_a_script() {
    let mut scripts = 0;
    for file in WORKFLOWS.into_iter().chain(["action.yml"]) {
        for step in steps(&yaml_of(file)) {
            let Some(script) = step["run"].as_str() else { continue };
            assert!(!script.contains("${{"), "{file}: {script}");
            scripts += 1;
        }
    }
    assert!(scripts >= 5, "{scripts} scripts were looked at");
}

#[test]
fn what_runs_on_a_pull_request_may_read_and_no_more() {
    for file in ["docs/recipes/github-diff.yml", "src/cli/starter/workflow.yml"] {
        let workflow = yaml_of(file);
        assert_eq!(workflow["on"], "pull_request", "{file}");
        assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}), "{file}");
        assert!(!workflow["jobs"].to_string().contains("permissions"), "{file}");
    }
}

#[test]
fn what_may_write_takes_nothing_from_the_pull_request_but_the_artifact() {
    let workflow = yaml_of("docs/recipes/github-comment.yml");
    let uses: Vec<String> =
        steps(&workflow).iter().filter_map(|step| step["uses"].as_str().map(str::to_owned)).collect();
    assert_eq!(uses, ["actions/checkout@v4", "actions/download-artifact@v4"]);
    // Without `ref`, a checkout for `workflow_run` is the default branch.
    assert_eq!(steps(&workflow)[0]["with"]["ref"], Value::Null);
    assert_eq!(workflow["on"].as_object().unwrap().keys().collect::<Vec<_>>(), ["workflow_run"]);
    assert_eq!(workflow["on"]["workflow_run"]["workflows"][0], yaml_of("docs/recipes/github-diff.yml")["name"]);
}
