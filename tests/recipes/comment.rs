//! The script that posts comments, against a GitHub of the tests' own.

use std::process::Command;

use super::{at, changed, python, shown, yaml_of};

#[test]
fn comments_are_posted_once_and_by_nobody_else() {
    let repo = changed();
    // The clock of the test is not that of the commit: the report must not come from the future.
    let amend = ["commit", "--quiet", "--amend", "--no-edit"];
    let amended = repo.command().args(amend).env("GIT_COMMITTER_DATE", "1700000000 +0000").status().unwrap();
    assert!(amended.success());
    let report = repo.outside("report.md");
    std::fs::write(&report, repo.run("diff --format markdown main...work").exits(0).stdout).unwrap();
    let script = |workflow: &str, job: &str| {
        let script = repo.outside(job);
        let workflow = yaml_of(workflow);
        let step = workflow["jobs"][job]["steps"].as_array().unwrap().last().unwrap();
        std::fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        script
    };
    let scripts =
        [script("docs/recipes/github-comment.yml", "comment"), script("docs/recipes/github-private.yml", "prompts")];
    let mut command = Command::new(python());
    command.arg(at("tests/recipes/check_comment.py")).arg(at("docs/recipes/post_comment.py"));
    command.args(scripts).arg(&report);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Ran 14 tests"), "{}", shown(&output));
}
