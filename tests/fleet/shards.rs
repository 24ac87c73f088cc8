//! `--shard` and `contexture join`: what the parts say together is what one run says.

use std::fmt::Write as _;
use std::path::PathBuf;

use snapbox::str;

use crate::support::{Outcome, Repo};

/// Contexts enough for every shard: with variants, with `each`, over a budget.
fn market() -> Repo {
    let repo = Repo::new();
    for number in 0..12 {
        let mut manifest = format!(
            "models: [gpt-6.1-sol]\nsystem:\n  - file: shared.md\n  - text: Number {number} has more to say of its own than what all of them share.\n"
        );
        if number % 4 == 0 {
            manifest.push_str("budgets: {tokens: 5}\n");
        }
        if number % 5 == 0 {
            manifest.push_str("variants:\n  terse: {system: [{text: Short.}]}\n");
        }
        repo.file(&format!("contexts/team-{}/context-{number}.yaml", number % 3), manifest);
    }
    repo.file("contexts/patterns.yaml", "each: patterns/*/system.md\nsystem: [{file: $each}]\n");
    for name in ["a", "b-c", "d e", "é"] {
        repo.file(&format!("patterns/{name}/system.md"), format!("Pattern {name}.\n"));
    }
    repo.file("shared.md", "What all of them say.\n");
    repo.committed("base");
    repo
}

/// Runs the words once for each shard, and keeps what each printed.
fn in_shards(repo: &Repo, words: &str, count: usize) -> (Vec<Option<i32>>, Vec<PathBuf>) {
    let run = |number| {
        let outcome = repo.run(&format!("{words} --format json --shard {number}/{count}"));
        let file = repo.outside(&format!("shard-{number}.json"));
        std::fs::write(&file, &outcome.stdout).unwrap();
        (outcome.status, file)
    };
    (1..=count).map(run).unzip()
}

fn merged(repo: &Repo, files: &[PathBuf]) -> Outcome {
    let words = ["join".into()].into_iter().chain(files.iter().map(|file| file.clone().into_os_string()));
    repo.contexture(words).run()
}

#[test]
fn the_reports_of_all_shards_are_the_report_of_one_run() {
    let repo = market();
    let whole = repo.run("check --format json").exits(1);
    for count in [1, 2, 3, 7] {
        let (_, mut files) = in_shards(&repo, "check", count);
        // In whatever order the machines end.
        files.reverse();
        let joined = merged(&repo, &files).exits(1);
        assert_eq!(joined.stdout, whole.stdout, "{count} shards");
    }
}

#[test]
fn a_context_that_is_broken_in_one_shard_is_broken_in_all() {
    let repo = market();
    repo.file("contexts/broken.yaml", "system: [{file: gone.md}]\nvariants: {x: {system: [{text: Fine.}]}}\n");
    let whole = repo.run("check --format json").exits(2);
    let (statuses, files) = in_shards(&repo, "check", 3);
    assert_eq!(statuses.iter().filter(|status| **status == Some(2)).count(), 1, "{statuses:?}");
    assert_eq!(merged(&repo, &files).exits(2).stdout, whole.stdout);
}

#[test]
fn shards_write_the_bundles_of_one_run_between_them() {
    let repo = market();
    repo.run("build -o whole").exits(1);
    for number in 1..=3 {
        repo.run(&format!("build -o parts --shard {number}/3"));
    }
    let listed = |folder: &str| {
        let output = repo.clean("diff").args(["-r", folder, "whole"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(listed("parts"), "");
}

#[test]
fn the_comparisons_of_all_shards_are_the_comparison_of_one_run() {
    let repo = market();
    // One change for all, one for some; contexts that come, go, break, and get another name.
    repo.file("shared.md", "What all of them say now.\n").file("patterns/a/system.md", "Another pattern.\n");
    repo.file("docs/unused.md", "Nobody reads it.\n").file("contexts/new.yaml", "system: [{text: New.}]\n");
    for number in [3, 4] {
        let folder = format!("contexts/team-{}", number % 3);
        repo.git(["mv", &format!("{folder}/context-{number}.yaml"), &format!("{folder}/renamed-{number}.yaml")]);
    }
    repo.git(["rm", "--quiet", "contexts/team-1/context-7.yaml", "contexts/team-2/context-8.yaml"]);
    repo.file("contexts/team-0/context-9.yaml", "system: [{file: gone.md}]\n");
    for words in ["diff HEAD", "diff HEAD -- patterns team-0/context-0 team-1/context-1 team-1/context-10"] {
        let with = |more: &str| match words.split_once(" -- ") {
            Some((before, ids)) => format!("{before} {more} -- {ids}"),
            None => format!("{words} {more}"),
        };
        let whole = repo.run(&with("--format json"));
        for count in [1, 2, 5] {
            let part = |number| {
                let file = repo.outside(&format!("diff-{number}.json"));
                let outcome = repo.run(&with(&format!("--format json --shard {number}/{count}")));
                std::fs::write(&file, &outcome.stdout).unwrap();
                file
            };
            let files: Vec<PathBuf> = (1..=count).map(part).collect();
            let joined = merged(&repo, &files);
            assert_eq!((joined.stdout, joined.status), (whole.stdout.clone(), whole.status), "{words}, {count} shards");
        }
        // The oracle is about something: groups, renames and files without effect are there.
        let json = whole.json();
        assert!(json["contexts"].as_array().unwrap().len() > 3 && !json["groups"].as_array().unwrap().is_empty());
    }
    let whole = repo.run("diff HEAD --format json").json();
    assert_eq!(whole["no_effect"], serde_json::json!(["docs/unused.md"]));
    let renamed = |context: &&serde_json::Value| context["renamed_from"].is_string();
    assert_eq!(whole["contexts"].as_array().unwrap().iter().filter(renamed).count(), 2);
}

#[test]
fn a_history_is_told_by_the_shard_that_its_context_is_in() {
    let repo = market();
    repo.file("shared.md", "What all of them say, and more.\n").commit("more");
    for words in ["log patterns/a", "log team-0/context-0@terse", "log team-2/context-5 -n 1 --sort lost"] {
        let whole = repo.run(&format!("{words} --as-of 2026-11-21 --format json")).exits(0);
        assert!(!whole.json()["commits"].as_array().unwrap().is_empty(), "{words}");
        for count in [1, 2, 5] {
            let (_, files) = in_shards(&repo, &format!("{words} --as-of 2026-11-21"), count);
            let told = |file: &PathBuf| std::fs::read_to_string(file).unwrap().contains("\"subject\"");
            assert_eq!(files.iter().filter(|file| told(file)).count(), 1, "{words}, {count} shards");
            assert_eq!(merged(&repo, &files).exits(0).stdout, whole.stdout, "{words}, {count} shards");
        }
    }
}

#[test]
fn a_shard_without_a_context_is_fine() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{text: Hello.}]\n").committed("base");
    let (statuses, files) = in_shards(&repo, "check", 4);
    assert_eq!(statuses, [Some(0); 4]);
    assert_eq!(merged(&repo, &files).stdout, repo.run("check --format json").stdout);
}

#[test]
fn what_is_no_shard_is_refused() {
    market().run("check --shard 9/8").is(str![[r#"
exit 2
--- stderr
error: invalid value '9/8' for '--shard <NUMBER/COUNT>': shards are numbered from 1 up to their count

For more information, try '--help'.

"#]]);
}

#[test]
fn a_report_that_is_missing_or_there_twice_or_of_another_run_is_named() {
    let repo = market();
    let (_, files) = in_shards(&repo, "check", 3);
    let mut said = String::new();
    let mut tell = |files: &[PathBuf]| {
        let outcome = merged(&repo, files).exits(2);
        assert_eq!(outcome.stdout, "");
        let folder = repo.outside("").to_string_lossy().into_owned();
        let _ = writeln!(said, "{}", outcome.stderr.replace(&folder, ""));
    };
    let [one, two, three] = &files[..] else { panic!("{files:?}") };
    tell(&[one.clone(), three.clone()]);
    tell(&[one.clone(), two.clone(), three.clone(), one.clone()]);
    let whole = repo.outside("whole.json");
    std::fs::write(&whole, repo.run("check --format json").stdout).unwrap();
    tell(&[one.clone(), whole]);
    let odd = repo.outside("odd.json");
    std::fs::write(&odd, r#"{"schema": "contexture.build/1", "shard": "2/3", "news": 1}"#).unwrap();
    tell(&[one.clone(), odd.clone(), three.clone()]);
    std::fs::write(&odd, "{").unwrap();
    tell(std::slice::from_ref(&odd));
    std::fs::write(&odd, repo.run("check --format json --shard 1/4").stdout).unwrap();
    tell(&[odd, two.clone()]);
    crate::support::same(
        said,
        str![[r#"
error: the report of shard 2/3 is missing
 |
 = help: name the reports of all shards; one that failed to run has none

error: shard-1.json and shard-1.json are both shard 1/3
 |
 = help: name the report of each shard once

error: cannot join whole.json: it is not the report of a shard
 |
 = help: join what `check`, `diff` or `log` of this version printed with `--shard` and `--format json`

error: shard-1.json and odd.json differ in `news`
 |
 = help: join the shards of one run: of the same trees, for the same day

error: cannot join odd.json: it is not JSON (EOF while parsing an object at line 1 column 1)
 |
 = help: join what `check`, `diff` or `log` of this version printed with `--shard` and `--format json`

error: odd.json is shard 1/4, and shard-2.json is shard 2/3
 |
 = help: join the shards of one run


"#]],
    );
}
