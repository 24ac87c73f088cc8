//! `top` and `compare`, held against `build` in a second language: every figure, sum, share and their order.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::python;
use crate::support::Repo;

const DAY: &str = "2026-11-29";

/// Contexts of every kind that a sum has to do with: dear and cheap ones, variants, one of which an answer is not sized,
/// one without traffic, one without a model, one whose price nobody knows.
fn project() -> Repo {
    let repo = Repo::new();
    let rules = |count: usize| (0..count).map(|number| format!("Rule {number}: ask again within {number} days.\n"));
    repo.file("contexture.yaml", "models: [claude-haiku-5-5, gpt-6.1-sol]\n");
    repo.file("prices.yaml", "models:\n  house-model: {like: gpt-6.1-sol, prices: {input: 2}}\n");
    repo.file("house.md", rules(200).collect::<String>());
    for number in 0..12 {
        let calls = [300, 20_000, 1_500_000][number % 3];
        let own: String = rules(3 + 7 * number).collect();
        repo.file(&format!("texts/{number}.md"), format!("You answer for desk {number}.\n{own}"));
        repo.file(
            &format!("contexts/desk/{number}.yaml"),
            format!(
                "traffic: {{calls: {calls}/month, deploys: {number}/month}}\ninputs: {{ticket: {{tokens: 600}}}}\nsystem: [{{file: house.md}}, {{file: \
                 texts/{number}.md}}]\nmessages: [{{user: '{{{{ticket}}}}'}}]\noutput: {{tokens: {}}}\nvariants: {{terse: \
                 {{output: {{tokens: 20}}}}}}\n",
                100 + number
            ),
        );
    }
    let more = [
        ("idle", "output: {tokens: 9}\nsystem: [{text: Hi}]\n"),
        ("open", "traffic: {calls: 9k/month}\nsystem: [{file: house.md}]\n"),
        ("bare", "models: []\ntraffic: {calls: 9k/month}\noutput: {tokens: 9}\nsystem: [{text: Hello}]\n"),
        ("house", "models: [house-model]\ntraffic: {calls: 9k/month}\noutput: {tokens: 9}\nsystem: [{text: Hi}]\n"),
    ];
    for (name, manifest) in more {
        repo.file(&format!("contexts/{name}.yaml"), manifest);
    }
    repo.commit("base");
    repo
}

#[test]
fn top_and_compare_are_what_build_says_added_up() {
    let repo = project();
    let run = |arguments: &str| repo.run(&format!("{arguments} --as-of {DAY}"));
    let compared = |one: &str, other: &str, models: &str| {
        json!([one, other, run(&format!("compare {one} {other} {models} --format json")).json()])
    };
    let given = json!({
        "build": run("build --format json").json(),
        "top": run("top --format json").json(),
        "text": run("top -v").exits(0).stdout,
        "compared": [
            compared("desk/1", "desk/2", ""),
            compared("desk/3", "desk/3@terse", ""),
            compared("desk/4", "desk/4", "-m claude-haiku-5-5 -m gpt-6.1-sol"),
            compared("desk/5", "open", ""),
            compared("idle", "desk/0", ""),
        ],
    });
    assert!(given["top"]["rows"].as_array().is_some_and(|rows| rows.len() > 50), "{}", given["top"]);
    assert_eq!(held(&given), "fine\n");
    // The witness notices a cent.
    let mut wrong = given;
    let total = &mut wrong["top"]["totals"][1]["month"];
    *total = Value::from(format!("{}1", total.as_str().unwrap()));
    assert!(held(&wrong).contains("total of "), "{}", held(&wrong));
}

/// What the script says of it.
fn held(given: &Value) -> String {
    let script = ["tests/review/sums.py", "tests/fixtures/model-prices.csv"];
    let mut child = Command::new(python())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8(done.stdout).unwrap()
}
