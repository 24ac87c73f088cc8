//! What the page is told is what the commands say.

use std::fs;

use serde_json::Value;

use super::Serving;
use crate::support::Repo;
use crate::watch::library;

/// What a cold build and its lints say, as the page has it: on the day of the cards, as a build does.
#[track_caller]
fn cold(repo: &Repo) -> Value {
    let built = repo.run("build --format json").json();
    repo.run(&format!("check --format json --as-of {}", built["as_of"].as_str().expect("a day"))).json()
}

/// The page with what it asks for of every prompt.
fn whole(serving: &Serving) -> Value {
    'page: loop {
        let mut page = serving.json("page.json");
        let seq = page["live"]["seq"].clone();
        let count = page["prompts"].as_array().expect("prompts").len();
        for number in 0..count {
            let detail = serving.json(&format!("prompt.json?number={number}"));
            if detail["seq"] != seq {
                continue 'page;
            }
            for (of, from) in [("build", "figures"), ("prompts", "prompt")] {
                let own = if of == "build" { &mut page["build"]["contexts"][number] } else { &mut page[of][number] };
                for left_out in ["segments", "models"] {
                    assert_eq!(
                        own[left_out],
                        Value::Array(Vec::new()),
                        "{left_out} of {of} are sent when they are asked for"
                    );
                    own[left_out] = detail[from][left_out].clone();
                }
            }
        }
        return page;
    }
}

/// Waits for the round after which the page says what a cold build says.
#[track_caller]
fn agrees(serving: &mut Serving, repo: &Repo) {
    let cold = cold(repo);
    loop {
        serving.watching.next();
        let page = whole(serving);
        // While a context is broken its last good build is shown, and marked; the others are current.
        let stale: Vec<bool> =
            page["prompts"].as_array().expect("prompts").iter().map(|one| one["stale"] == true).collect();
        let mut build = page["build"].clone();
        let mut number = 0;
        build["contexts"].as_array_mut().expect("contexts").retain(|_| {
            number += 1;
            !stale[number - 1]
        });
        if build == cold {
            return;
        }
    }
}

#[test]
fn twenty_edits_each_leave_the_page_as_a_cold_build() {
    let repo = library();
    repo.git(["branch", "other"]);
    let mut serving = Serving::of(&repo);
    let manifest = fs::read_to_string(repo.at("contexts/all.yaml")).expect("the manifest");
    let edits: [(&str, &str); 18] = [
        ("docs/a.md", "Another text.\n"),
        ("docs/a.md", "Another text, and longer.\n"),
        ("docs/b.md", ""),
        ("docs/b.md", "CRLF\r\nhere\r\n"),
        ("docs/f.md", "A new file of the pattern.\n"),
        ("templates/persona.hbs", "You serve {{shop}}.\n"),
        ("templates/persona.hbs", "{{#if}\n"),
        ("templates/persona.hbs", "{{> tone}} You serve {{shop}}.\n"),
        ("templates/tone.hbs", "Be kind.\n"),
        ("examples/turns.jsonl", "{\"input\": \"Hi\", \"output\": \"Hey\"}\n{\"input\": \"A\", \"output\": \"B\"}\n"),
        ("examples/turns.jsonl", "{\"input\": \n"),
        ("examples/turns.jsonl", "{\"input\": \"Bye\", \"output\": \"See you\"}\n"),
        ("contexts/all.yaml", "sistem: []\n"),
        ("contexts/all.yaml", manifest.as_str()),
        ("contexts/one.yaml", "models: [gpt-6.1-sol]\nbudgets: {tokens: 3}\nsystem:\n  - file: docs/c.md\n"),
        ("contexts/one.yaml", "models: [gpt-6.1-sol]\nsystem:\n  - file: docs/not-yet.md\n"),
        ("docs/not-yet.md", "Here it is.\n"),
        ("contexture.yaml", "join: newline\ntraffic: {calls: 10k/month}\n"),
    ];
    for (path, text) in edits {
        repo.file(path, text);
        agrees(&mut serving, &repo);
    }
    repo.committed("edits");
    repo.git(["switch", "--quiet", "other"]);
    agrees(&mut serving, &repo);
    repo.git(["switch", "--quiet", "main"]);
    agrees(&mut serving, &repo);
}

#[test]
fn what_is_broken_stands_beside_the_last_good_build() {
    let repo = library();
    let mut serving = Serving::of(&repo);
    let good = serving.json("page.json");
    assert_eq!(good["live"]["root"], repo.root().canonicalize().expect("a root").display().to_string());
    repo.file("contexts/all.yaml", "sistem: []\n");
    serving.watching.next();
    let page = serving.json("page.json");
    assert_eq!(page["build"]["contexts"][0], good["build"]["contexts"][0]);
    assert_eq!((&page["prompts"][0]["stale"], &page["prompts"][1]["stale"]), (&true.into(), &false.into()));
    assert_eq!(page["build"]["broken"][0]["diagnostics"][0]["code"], "unknown-key", "{page}");
    // The project as a whole: everything is old, and says so.
    repo.file("contexture.yaml", "models: {\n");
    serving.watching.next();
    let page = serving.json("page.json");
    assert!(page["failure"][0]["file"] == "contexture.yaml" && page["build"]["broken"] == Value::Array(Vec::new()));
    assert_eq!(page["build"]["contexts"], good["build"]["contexts"]);
    assert!(page["prompts"].as_array().expect("prompts").iter().all(|one| one["stale"] == true));
}

#[test]
fn a_diff_and_a_history_are_those_of_the_commands() {
    let repo = library();
    let mut serving = Serving::of(&repo);
    repo.file("docs/a.md", "Other.\n");
    serving.watching.next();
    assert_eq!(serving.json("diff.json?base=HEAD")["report"], repo.run("diff HEAD --format json").json());
    repo.committed("other");
    serving.watching.next();
    assert_eq!(serving.json("diff.json?base=HEAD~1")["report"], repo.run("diff HEAD~1 --format json").json());
    assert_eq!(serving.json("history.json?context=all"), repo.run("log all -n 50 --format json").json());
    let unknown = serving.get("diff.json?base=nowhere");
    assert_eq!(unknown.status(), 422);
    let said: Value = serde_json::from_str(unknown.body()).expect("JSON");
    assert_eq!(said["diagnostics"][0]["message"], "there is no revision `nowhere`");
}
