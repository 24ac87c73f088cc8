//! What recorded answers say in the reports of other commands, with no server anywhere.

use super::*;

/// The project with the answers that are recorded for it. Then `eight` has as many examples as `number`.
pub fn changed(number: &str) -> Repo {
    let repo = topics();
    let from = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval/topics/.contexture/answers"));
    for file in fs::read_dir(from).expect("answers").map(|file| file.expect("a file")) {
        let name = file.file_name().into_string().expect("a name");
        repo.file(&format!(".contexture/answers/{name}"), fs::read(file.path()).expect("answers"));
    }
    repo.commit("answers");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replacen("pick: {count: 8}", &format!("pick: {{count: {number}}}"), 1));
    repo.commit("change");
    repo
}

#[test]
fn check_says_what_replay_says_and_fails_where_it_does() {
    for (number, status, verdict, annotation) in [
        ("16", 1, "worse", "::error file=contexts/topics.yaml"),
        ("12", 2, "not_measured", "::error file=contexts/topics.yaml"),
    ] {
        let repo = changed(number);
        let arguments = "topics@eight --base HEAD~1";
        let replayed = repo.run(&format!("eval {arguments} --replay --format json")).exits(status);
        let checked = repo.run(&format!("check --eval {arguments} --format json")).exits(status);
        assert_eq!(checked.json()["evaluation"], replayed.json(), "{checked}");
        assert_eq!(replayed.json()["comparisons"][0]["verdict"], verdict);
        let text = repo.run(&format!("check --eval {arguments}")).exits(status);
        let said = repo.run(&format!("eval {arguments} --replay"));
        assert!(text.stdout.ends_with(&said.stdout) && text.stderr.contains(&said.stderr), "{text}\n{said}");
        let github = repo.run(&format!("check --eval {arguments} --format github")).exits(status);
        assert!(github.stdout.contains(annotation), "{github}");
        let sarif = repo.run(&format!("check --eval {arguments} --format sarif")).exits(status);
        assert!(sarif.stdout.contains(&verdict.replace('_', "-")), "{sarif}");
        // Without it nothing is said, and nothing fails.
        assert!(!repo.run("check --base HEAD~1").exits(0).stdout.contains("points"));
    }
    let repo = changed("16");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.split_once("eval:").expect("eval").0);
    let none = repo.run("check --eval").exits(2);
    assert!(none.stderr.contains("no context that is named has cases"), "{none}");
}

/// What a change leaves alone is no comparison: it has no loss to exclude, and nobody pays for it with a larger p.
#[test]
fn prompts_that_send_the_same_requests_are_not_compared() {
    let all = changed("16").run("check --eval --base HEAD~1 --format json").exits(1).json();
    let comparisons = all["evaluation"]["comparisons"].as_array().expect("comparisons");
    let (same, different): (Vec<&Value>, Vec<&Value>) =
        comparisons.iter().partition(|own| own["same_requests"] == true);
    assert_eq!((same.len(), different.len()), (3, 1), "{all}");
    assert_eq!((&different[0]["p"], &different[0]["verdict"]), (&different[0]["p_holm"], &Value::from("worse")));
    assert!(same.iter().all(|own| own["verdict"] == "no_difference_shown" && own["interval"][0] == "0"), "{all}");
}

#[test]
fn a_comment_says_quality_beside_money() {
    let repo = changed("16");
    let range = "diff HEAD~1..HEAD --as-of 2026-11-30";
    let comment = repo.run(&format!("{range} --format markdown")).exits(0).stdout;
    let row = comment.lines().find(|line| line.starts_with("| `topics@eight` | `smollm2` |")).expect("a row");
    assert!(row.contains(" → ") && row.contains("**worse**") && row.contains('$'), "{row}");
    for part in
        ["### Evaluation", "| | prompt | tokens | model |", "p 0.0", "<details><summary>topics@eight, smollm2: "]
    {
        assert!(comment.contains(part), "{part}\n{comment}");
    }
    let (text, json) = (repo.run(range).stdout, repo.run(&format!("{range} --format json")).json());
    assert!(text.contains("evaluation, from recorded answers") && text.contains("worse: "), "{text}");
    let replayed = repo.run("eval topics@eight --base HEAD~1 --replay --format json").json();
    assert_eq!(json["evaluation"]["comparisons"], replayed["comparisons"]);
    // What no evaluated context has part in has no section.
    repo.file("contexts/other.yaml", "system: [{text: Hello.}]\noutput: {max_tokens: 5}\nmodels: [smollm2]\n");
    repo.commit("other");
    let other = repo.run("diff HEAD~1..HEAD --format markdown").exits(0);
    assert!(!other.stdout.contains("Evaluation") && other.stdout.contains("other"), "{other}");
}

/// Unknown is no pass: what is missing is said, with the command that asks for it.
#[test]
fn what_is_not_recorded_is_said_with_the_command_that_records_it() {
    let repo = changed("12");
    let base = repo.git(["rev-parse", "--short=10", "HEAD~1"]);
    let base = base.trim().get(..7).expect("a commit").to_owned();
    for format in ["markdown", "text"] {
        let said = repo.run(&format!("diff HEAD~1..HEAD --format {format}")).exits(0).stdout;
        assert!(said.contains("64 answers not recorded") && said.contains("not measured"), "{said}");
        assert!(said.contains(&format!("contexture eval topics@eight --base {base}")), "{said}");
    }
    let compared = repo.run("compare topics topics@eight").exits(0).stdout;
    assert!(compared.contains("contexture eval topics@eight --against topics"), "{compared}");
    // A case that stands in its own prompt measures nothing; the rest of the report is there all the same.
    let cases = fs::read_to_string(repo.at("eval/topics.jsonl")).expect("cases");
    let example = fs::read_to_string(repo.at("examples/topics.jsonl")).expect("examples");
    repo.file("eval/topics.jsonl", cases + &cases_of(&example));
    let leaked = repo.run("diff HEAD~1 --format markdown").exits(0);
    assert!(
        leaked.stdout.contains("cannot be evaluated: ") && leaked.stdout.contains("| prompt | tokens |"),
        "{leaked}"
    );
}

/// The first example as a case.
fn cases_of(examples: &str) -> String {
    let first: Value = serde_json::from_str(examples.lines().next().expect("a line")).expect("JSON");
    format!(
        "{}\n",
        serde_json::json!({"id": "leak", "inputs": {"sentence": first["input"]}, "expect": first["output"]})
    )
}

#[test]
fn two_variants_are_compared_by_their_answers_too() {
    let repo = changed("8");
    let compared = repo.run("compare topics topics@eight").exits(0).stdout;
    let said = repo.run("eval topics@eight --against topics --replay").exits(0).stdout;
    assert!(compared.contains("evaluation, from recorded answers") && compared.ends_with(&said), "{compared}\n{said}");
    let json = repo.run("compare topics topics@eight --format json").json();
    assert_eq!(json["evaluation"]["comparisons"][0]["verdict"], "better", "{json}");
}

/// `inspect_ai` over the recorded answers (second_runner.py, which says how to run it again) finds the same cases right.
#[test]
fn a_second_runner_finds_the_same_cases_right() {
    let found: Value = serde_json::from_str(include_str!("second_runner.json")).expect("JSON");
    let prompts = found["prompts"].as_object().expect("prompts");
    let repo = changed("8");
    assert_eq!(prompts.len(), 4);
    for (name, prompt) in prompts {
        let junit = repo.run(&format!("eval {name} --replay --format junit")).stdout;
        // A test that passed ends in its tag.
        let passed = junit.lines().filter(|line| line.contains("<testcase ") && line.ends_with("/>"));
        let right: Vec<&str> = passed.filter_map(|line| line.split(" name=\"").nth(1)?.split('"').next()).collect();
        let expected: Vec<&str> = prompt["right"].as_array().expect("right").iter().filter_map(Value::as_str).collect();
        assert_eq!(right, expected, "{name}");
    }
}
