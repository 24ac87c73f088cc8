//! `action.yml`: its steps one after the other, in the environment that a runner would set.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{bash, changed, shown, yaml_of};
use crate::support::{Repo, runner};

/// What a run of the action left behind.
struct Ran {
    /// The exit code of the last step.
    status: Option<i32>,
    /// What the log holds, as the runner sees it.
    log: String,
    summary: String,
    report: String,
}

/// Runs the steps that are scripts, with these inputs over the defaults.
fn run(repo: &Repo, inputs: &[(&str, &str)], environment: &[(&str, &str)]) -> Ran {
    let action = yaml_of("action.yml");
    let mut known: BTreeMap<String, String> = action["inputs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, input)| (format!("inputs.{name}"), input["default"].as_str().unwrap().to_owned()))
        .collect();
    for (name, value) in inputs {
        let before = known.insert(format!("inputs.{name}"), (*value).to_owned());
        assert!(before.is_some(), "the action has no input `{name}`");
    }
    known.insert("github.action_path".to_owned(), env!("CARGO_MANIFEST_DIR").to_owned());
    let temp = repo.outside("runner");
    fs::create_dir_all(&temp).unwrap();
    let (outputs, summary) = (temp.join("output"), temp.join("summary"));
    let mut ran = Ran { status: None, log: String::new(), summary: String::new(), report: String::new() };
    for step in action["runs"]["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str() else { continue };
        assert_eq!(step["shell"], "bash");
        fs::write(&outputs, "").unwrap();
        // The log is both streams in the order in which they were written.
        let mut command = bash(repo, &format!("exec 2>&1\n{script}"));
        command.env("RUNNER_TEMP", &temp).env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, resolved(value, &known));
        }
        let output = command.envs(environment.iter().copied()).output().unwrap();
        ran.log.push_str(&String::from_utf8_lossy(&output.stdout));
        ran.status = output.status.code();
        let id = step["id"].as_str().unwrap_or_default();
        for line in fs::read_to_string(&outputs).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}\n{}", shown(&output)));
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        if !output.status.success() {
            break;
        }
    }
    ran.summary = fs::read_to_string(&summary).unwrap_or_default();
    let report = known.get("steps.run.outputs.file").map(|file| fs::read_to_string(repo.at(file)).unwrap());
    ran.report = report.unwrap_or_default();
    ran
}

/// An expression of one name.
fn resolved(value: &Value, known: &BTreeMap<String, String>) -> String {
    let text = value.as_str().unwrap();
    let Some(name) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
        return text.to_owned();
    };
    known.get(name).unwrap_or_else(|| panic!("nothing is known of `{name}`")).clone()
}

/// The part of a log whose commands a runner obeys.
fn obeyed(log: &str) -> Vec<&str> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    for line in log.lines() {
        match (&stopped, line.strip_prefix("::stop-commands::")) {
            (None, Some(token)) => stopped = Some(format!("::{token}::")),
            (Some(token), _) if line == token => stopped = None,
            (None, None) if runner::command(line).is_some() => commands.push(line),
            _ => {}
        }
    }
    commands
}

#[test]
fn a_pull_request_is_compared_with_the_branch_that_it_goes_to() {
    let repo = changed();
    let ran = run(&repo, &[("args", "--fail-on=budget,growth\n")], &[("GITHUB_BASE_REF", "main")]);
    assert_eq!(ran.status, Some(1), "{}", ran.log);
    assert!(ran.report.starts_with("<!-- contexture:diff key=contexture valid=1795262400 -->\n"), "{}", ran.report);
    assert!(ran.report.contains("2 budgets newly fail"), "{}", ran.report);
    assert_eq!(ran.summary, ran.report);
    let direct = repo.run("diff --format markdown origin/main...HEAD").exits(0);
    assert_eq!(ran.report, direct.stdout);
}

#[test]
fn a_merge_that_the_platform_made_counts_what_the_branch_did() {
    let repo = changed();
    repo.git(["checkout", "--quiet", "main"]);
    repo.file("contexts/b.yaml", "system: [{text: Meanwhile.}]\n").commit("elsewhere");
    repo.git(["update-ref", "refs/remotes/origin/main", "main"]);
    repo.git(["checkout", "--quiet", "--detach"]);
    repo.git(["merge", "--quiet", "--no-ff", "--message", "merge", "work"]);
    let ran = run(&repo, &[], &[("GITHUB_BASE_REF", "main")]);
    assert_eq!(ran.status, Some(0), "{}", ran.log);
    assert!(ran.report.contains("`a`") && !ran.report.contains("`b`"), "{}", ran.report);
}

#[test]
fn a_named_base_and_a_named_file_are_taken() {
    let repo = changed();
    let inputs = [("base", "main"), ("comment-file", "out/here.md"), ("binary", env!("CARGO_BIN_EXE_contexture"))];
    let ran = run(&repo, &inputs, &[]);
    assert_eq!(ran.status, Some(0), "{}", ran.log);
    assert_eq!(fs::read_to_string(repo.at("out/here.md")).unwrap(), ran.summary);
}

#[test]
fn a_hostile_input_is_an_argument_and_no_script() {
    let repo = changed();
    let ran = run(&repo, &[("base", "$(touch owned)`touch owned`\";touch owned;\"")], &[]);
    assert_eq!(ran.status, Some(2), "{}", ran.log);
    assert!(!repo.at("owned").exists());
    let ran = run(&repo, &[("base", "--help")], &[]);
    assert_eq!(ran.status, Some(2), "{}", ran.log);
    assert!(ran.log.contains("not an option"), "{}", ran.log);
}

#[test]
fn check_annotates_and_nothing_of_the_repository_is_obeyed() {
    let repo = changed();
    repo.file("contexts/b.yaml", "system: [{file: \"##[error]forged.md\"}]\n\"::error::x\": 1\n").commit("hostile");
    let ran = run(&repo, &[("command", "check"), ("args", "--rev\nHEAD")], &[]);
    assert_eq!(ran.status, Some(2), "{}", ran.log);
    let commands = obeyed(&ran.log);
    assert_eq!(commands.len(), 3, "{}", ran.log);
    assert!(commands.iter().all(|command| command.starts_with("::error file=contexts/")), "{commands:#?}");
    assert!(commands.iter().any(|command| command.contains("title=budget::over budget")), "{commands:#?}");
    assert!(ran.log.matches("#\\u{23}[error]forged").count() >= 2, "the log shows it nevertheless: {}", ran.log);
    assert!(ran.summary.lines().all(|line| line.is_empty() || line.starts_with("    ")), "{}", ran.summary);
}

#[test]
fn check_holds_budgets_against_the_branch_that_a_pull_request_goes_to() {
    let repo = changed();
    let check = |environment: &[(&str, &str)]| run(&repo, &[("command", "check")], environment);
    assert_eq!(check(&[("GITHUB_BASE_REF", "main")]).status, Some(1));
    repo.git(["update-ref", "refs/remotes/origin/main", "work"]);
    assert_eq!(check(&[("GITHUB_BASE_REF", "main")]).status, Some(0), "it was over budget before");
    assert_eq!(check(&[]).status, Some(1));
}

#[test]
fn an_unknown_command_is_refused() {
    let ran = run(&changed(), &[("command", "build; touch owned")], &[]);
    assert_eq!((ran.status, ran.report.as_str()), (Some(2), ""));
}
