//! What the program generates from itself: schemas, completions, manual pages.

use std::fs;

use snapbox::str;

use crate::support::Repo;

#[test]
fn schemas_are_listed() {
    Repo::none().run("schema").is(str![[r#"
exit 0
--- stdout
manifest      a manifest: contexts/**.yaml
project       the project file: contexture.yaml
prices        model cards: prices.yaml
scenario      a scenario of simulate
bundle        bundle.json
build         the output of build and check with --format json
compare       the output of compare --format json
top           the output of top --format json
page          what a page in HTML holds, and page.json of a served one
list          the output of list --format json
diff          the output of diff --format json
eval          the output of eval --format json
advise        the output of advise --format json
explain       the output of explain --format json
log           the output of log --format json
blame         the output of blame --format json
count         the output of count --format json
count-remote  the output of count --remote --format json
break-even    the output of break-even --format json
audit         the output of audit --format json
models        the output of models --format json
watch         a line of the output of watch --format json
trace         the output of simulate --trace with --format json
simulation    the output of simulate --format json

"#]]);
}

#[test]
fn every_schema_is_one() {
    let repo = Repo::none();
    let names = repo.run("schema").exits(0).stdout;
    let names: Vec<&str> = names.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let schema = repo.run(&format!("schema {name}")).exits(0).json();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
    }
}

#[test]
fn an_unknown_schema_is_told_with_a_near_one() {
    Repo::none().run("schema manifst").is(str![[r#"
exit 2
--- stderr
error: there is no schema `manifst`
 |
 = help: did you mean `manifest`?

"#]]);
}

#[test]
fn schemas_are_written_into_a_folder() {
    let repo = Repo::none();
    repo.run("schema --out schema").is(str![[r#"
exit 0

"#]]);
    let written = fs::read_to_string(repo.at("schema/manifest.schema.json")).unwrap();
    assert_eq!(written, repo.run("schema manifest").stdout);
}

#[test]
fn a_completion_script_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Repo::none().run(&format!("completions {shell}")).exits(0).stdout;
        assert!(["explain", "render", "verify"].iter().all(|command| script.contains(command)), "{shell}");
    }
}

#[test]
fn bash_takes_its_completion_script() {
    let repo = Repo::none();
    repo.file("completions.bash", repo.run("completions bash").exits(0).stdout);
    let output =
        repo.clean("bash").args(["--norc", "-c", "source ./completions.bash && complete -p contexture"]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_unknown_shell_is_a_usage_error() {
    let outcome = Repo::none().run("completions tcsh").exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error: invalid value 'tcsh'"), "{outcome}");
}

#[test]
fn the_manual_page_is_the_same_on_every_day() {
    let page = Repo::none().run("man").exits(0).stdout;
    assert!(page.lines().any(|line| line.starts_with(".TH contexture 1  \"contexture ")), "{page}");
}

#[test]
fn a_manual_page_a_command_is_written_into_a_folder() {
    let repo = Repo::none();
    repo.run("man --out man").exits(0);
    for page in ["contexture.1", "contexture-build.1", "contexture-verify.1"] {
        assert!(repo.at("man").join(page).exists(), "{page}");
    }
}
