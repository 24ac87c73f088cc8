//! `check --format github` and `--format sarif`.

use serde_json::Value;
use snapbox::str;

use super::{changed, python};
use crate::support::Repo;

/// A project below the root of its repository, with faults of every severity and hostile names.
fn faulty() -> Repo {
    let repo = changed();
    repo.file("app/contexture.yaml", "models: [gpt-6.1-sol]\n");
    repo.file("app/contexts/a,b:c.yaml", "sytem: []\nsystem: [{file: \"gone [x](y) 100%.md\"}]\n");
    repo.file(
        "app/contexts/long.yaml",
        "system: [{text: one two three}]\nbudgets: {tokens: 1}\nvariants: {same: {}}\n",
    );
    repo
}

#[test]
fn annotations_name_the_file_from_the_root_of_the_repository() {
    faulty().run("-C app check --format github").is(str![[r#"
exit 2
--- stdout
::error file=app/contexts/a%2Cb%3Ac.yaml,title=bad-id::the file name makes the id `a,b:c`, and an id holds no `@`, no `:` and no part that starts with `.`%0Arename the file
::error file=app/contexts/a%2Cb%3Ac.yaml,line=1,col=1,title=unknown-key::unknown key `sytem` in a manifest%0Adid you mean `system`?
::error file=app/contexts/a%2Cb%3Ac.yaml,line=2,col=17,title=missing-fragment::there is no file `gone [x](y) 100%25.md`
::error file=app/contexts/long.yaml,line=2,col=19,title=budget::over budget: tokens is ≈11, the limit is 1 (gpt-6.1-sol), in 2 contexts: long, long@same%0Athe limit is `budgets.tokens` in contexts/long.yaml

"#]]);
}

#[test]
fn a_project_file_that_is_broken_is_annotated_too() {
    let repo = changed();
    repo.file("contexture.yaml", "modles: []\n");
    repo.run("check --format github").is(str![[r#"
exit 2
--- stdout
::error file=contexture.yaml,line=1,col=1,title=unknown-key::unknown key `modles` in contexture.yaml%0Adid you mean `models`?

"#]]);
}

#[test]
fn a_lock_that_refuses_is_annotated_too() {
    let repo = changed();
    repo.file("contexture.lock", "").commit("lock");
    repo.run("check --locked --format github").is(str![[r#"
exit 1
--- stdout
::error file=contexture.lock,title=not-locked::`a` is not locked%0Arun `contexture lock` and commit what it writes, if the change is meant

"#]]);
}

#[test]
fn old_debt_is_a_warning() {
    let repo = changed();
    repo.run("check --format github --base HEAD").is(str![[r#"
exit 0
--- stdout
::warning file=contexts/a.yaml,line=3,col=26,title=budget::over budget, as at the base: prefix_tokens is 16, the limit is 8 (gpt-6.1-sol)%0Athe limit is `budgets.prefix_tokens` in contexts/a.yaml

"#]]);
}

/// The schema that Microsoft's package `sarif-om` is made from; tests/setup.sh puts it there.
fn sarif_schema() -> jsonschema::Validator {
    let output =
        std::process::Command::new(python()).args(["-c", "import sys; print(sys.prefix, end='')"]).output().unwrap();
    let file = format!("{}/share/sarif-2.1.0.json", String::from_utf8(output.stdout).unwrap());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}; run tests/setup.sh"));
    // One pattern of it, for a property that is not written here, is no regular expression.
    let text = text.replace("{2}]?$\"", "{2}$\"");
    jsonschema::validator_for(&serde_json::from_str::<Value>(&text).unwrap()).unwrap()
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let validator = sarif_schema();
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{"tool": {}}]})));
    let clean = Repo::new();
    clean.file("contexts/a.yaml", "system: [{text: Hi}]\n");
    for (run, results) in [(clean.run("check --format sarif"), 0), (faulty().run("-C app check --format sarif"), 4)] {
        let log = run.json();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}\n{run}", errors.join("\n"));
        assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), results, "{run}");
    }
}

#[test]
fn a_result_of_sarif_leads_to_its_rule_and_its_place() {
    let log = faulty().run("-C app check --format sarif").exits(2).json();
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let missing =
        run["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == "missing-fragment").unwrap();
    assert_eq!(missing["message"]["text"], "there is no file `gone \\[x\\](y) 100%.md`");
    let place = &missing["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "app/contexts/a%2Cb%3Ac.yaml");
    assert_eq!(place["region"]["startLine"], 2);
}
