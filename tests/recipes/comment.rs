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
    let workflow = yaml_of("docs/recipes/github-comment.yml");
    let steps = workflow["jobs"]["comment"]["steps"].as_array().unwrap();
    let script = repo.outside("post.sh");
    std::fs::write(&script, steps.last().unwrap()["run"].as_str().unwrap()).unwrap();
    let mut command = Command::new(python());
    command.arg(at("tests/recipes/check_comment.py")).arg(at("docs/recipes/post_comment.py")).args([&script, &report]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Ran 13 tests"), "{}", shown(&output));
}
