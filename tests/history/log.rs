//! The commits that `log` tells are those of `git log`, and its numbers those of a build.

use std::collections::BTreeSet;

use contexture::pipeline::{Request, build_all};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::{FILES, Step, history};
use crate::support::Repo;

fn step() -> impl Strategy<Value = Step> {
    let plain = prop_oneof![
        4 => (0..FILES.len(), 0..6usize).prop_map(|(file, line)| Step::Edit { file, line }),
        1 => Just(Step::Elsewhere),
    ];
    prop_oneof![
        4 => plain.clone(),
        1 => prop::collection::vec(plain, 0..4).prop_map(Step::Branch),
    ]
}

/// Steps with reverts only behind what can be taken back without a conflict.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((step(), prop::bool::weighted(0.2)), 1..10).prop_map(|steps| {
        let with_reverts = steps
            .into_iter()
            .flat_map(|(step, is_reverted)| std::iter::once(step).chain(is_reverted.then_some(Step::Revert)));
        with_reverts.collect()
    })
}

/// The rows that `log` prints as JSON.
fn rows(repo: &Repo, arguments: &str) -> Vec<Json> {
    let report = repo.run(&format!("log {arguments} --as-of 2026-11-21 --format json")).exits(0).json();
    report["commits"].as_array().expect("commits").clone()
}

fn ids(rows: &[Json]) -> Vec<String> {
    rows.iter().map(|row| row["commit"].as_str().expect("an id").to_owned()).collect()
}

/// What git tells of the files behind the context.
fn by_git(repo: &Repo, arguments: &[&str]) -> Vec<String> {
    let told = repo.git([&["log", "--format=%H"], arguments, &["--", "contexts"], &FILES].concat());
    told.lines().map(str::to_owned).collect()
}

fn sorted(ids: Vec<String>) -> BTreeSet<String> {
    ids.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_commits_are_those_of_git_and_the_numbers_those_of_builds(steps in steps()) {
        let repo = history(&steps);
        let rows = rows(&repo, "a");
        prop_assert_eq!(sorted(ids(&rows)), sorted(by_git(&repo, &[])));
        let first_parent = ids(&self::rows(&repo, "a --first-parent"));
        prop_assert_eq!(first_parent, by_git(&repo, &["--first-parent"]));
        if rows.len() > 1 {
            let since = ids(&rows)[rows.len() / 2].clone();
            let range = format!("{since}..HEAD");
            prop_assert_eq!(sorted(ids(&self::rows(&repo, &format!("a {range}")))), sorted(by_git(&repo, &[&range])));
        }
        let place = repo.place();
        for row in &rows {
            let tree = place.commit(row["commit"].as_str().unwrap()).unwrap();
            let attempts = build_all(&tree, &Request::default()).ok().unwrap();
            let build = attempts[0].result.as_ref().unwrap();
            prop_assert_eq!(&row["prefix"], &Json::from(build.chain.prefix().to_string()));
            prop_assert_eq!(&row["tokens"], &Json::from(build.counts.text.tokens()));
            prop_assert_eq!(&row["segments"]["total"], &Json::from(build.segments.len()));
        }
    }
}

#[test]
fn a_renamed_manifest_is_followed_as_git_follows_it() {
    let repo = Repo::new();
    let manifest =
        |last: &str| format!("system:\n  - text: One.\n  - text: Two.\n  - text: Three.\n  - text: {last}\n");
    repo.file("contexts/old.yaml", manifest("Four.")).commit("start");
    repo.file("contexts/old.yaml", manifest("Five.")).commit("edit");
    repo.file("contexts/other.yaml", "system: [{text: Another one.}]\n").commit("another");
    repo.git(["mv", "contexts/old.yaml", "contexts/new.yaml"]);
    repo.commit("rename");
    std::fs::create_dir(repo.at("contexts/deep")).unwrap();
    repo.git(["mv", "contexts/new.yaml", "contexts/deep/newest.yaml"]);
    repo.file("contexts/deep/newest.yaml", manifest("Six.")).commit("rename and edit");
    repo.file("contexts/deep/newest.yaml", manifest("Seven.")).commit("edit again");
    let git = repo.git(["log", "--format=%H", "--follow", "--", "contexts/deep/newest.yaml"]);
    let rows = rows(&repo, "deep/newest --follow");
    assert_eq!(ids(&rows), git.lines().collect::<Vec<_>>());
    let told: Vec<_> =
        rows.iter().map(|row| (row["context"].as_str().unwrap(), row["status"].as_str().unwrap())).collect();
    let expected = [
        ("deep/newest", "changed"),
        ("deep/newest", "renamed"),
        ("new", "renamed"),
        ("old", "changed"),
        ("old", "added"),
    ];
    assert_eq!(told, expected);
    assert_eq!(ids(&self::rows(&repo, "deep/newest")).len(), 2);
}

#[test]
fn a_link_whose_target_changes_is_a_change() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: shown.md}]\n").file("store/text.md", "One.\n");
    repo.link("shown.md", "store/text.md").commit("start");
    repo.file("elsewhere.md", "Two.\n").commit("elsewhere");
    let last = repo.file("store/text.md", "Two.\n").commit("behind the link");
    assert_eq!(ids(&rows(&repo, "a"))[0], last);
    assert_eq!(rows(&repo, "a").len(), 2);
}

#[test]
fn a_file_that_comes_to_match_a_pattern_is_a_change() {
    let repo = history(&[]);
    let new = repo.file("docs/four.md", "Another file.\n").commit("match");
    repo.file("docs/four.txt", "No match.\n").commit("no match");
    assert_eq!(ids(&rows(&repo, "a"))[0], new);
}
