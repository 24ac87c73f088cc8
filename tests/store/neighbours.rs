//! An index of what contexts read serves trees near the one that it was made for. Here is a project
//! that changes by chance in everything a context can stand on, one store for its whole history, and
//! two witnesses: the same comparison without a store, and every context of both sides built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contexture::compare::range::Range;
use contexture::compare::review::{Review, ReviewRequest, review};
use contexture::cost::cards::Date;
use contexture::output::report::diff::DiffReport;
use contexture::pipeline::{Request, build_all};
use contexture::tree::Workspace;
use contexture::tree::store::Store;

use crate::support::Repo;
use crate::tree::chance::Chance;

const TODAY: Date = Date::constant(2026, 11, 21);
const COMMITS: usize = 30;

fn start(repo: &Repo) {
    repo.file("contexture.yaml", "models: [gpt-6.1-sol]\nvars: {shop: Acme}\n");
    repo.file("templates/persona.hbs", "You work for {{shop}}.\n{{> house}}");
    repo.file("templates/house.hbs", "Be kind.\n");
    repo.file("contexts/_base.yaml", "vars: {tone: calm}\nmessages: [{user: Hi}]\n");
    for number in 0..4 {
        repo.file(&format!("docs/d{number}.md"), format!("Document {number}.\n"));
        repo.file(&format!("data/p{number}/system.md"), format!("Pattern {number}.\n"));
        let blocks = format!("[{{template: persona}}, {{file: docs/d{number}.md}}]");
        repo.file(&format!("contexts/c{number}.yaml"), format!("extends: ./_base.yaml\nsystem: {blocks}\n"));
    }
    repo.link("docs/link.md", "d0.md").link("linked", "data");
    repo.file("contexts/all.yaml", "system: [{files: [docs/*.md, \"!docs/d1.md\"]}]\nmessages: [{user: Hi}]\n");
    repo.file(
        "contexts/through.yaml",
        "system: [{file: linked/p1/system.md}, {file: docs/link.md}]\nmessages: [{user: Hi}]\n",
    );
    repo.file("contexts/each.yaml", "each: data/*/system.md\nsystem: [{file: $each}]\nmessages: [{user: Hi}]\n");
    repo.file(
        "contexts/maybe.yaml",
        "system: [{file: docs/maybe.md, optional: true}, {text: Hm}]\nmessages: [{user: Hi}]\n",
    );
}

fn change(repo: &Repo, chance: &mut Chance, step: usize) {
    let number = chance.below(4);
    let toggle = |path: &str, text: &str| {
        if repo.at(path).symlink_metadata().is_ok() {
            std::fs::remove_file(repo.at(path)).unwrap();
        } else {
            repo.file(path, text);
        }
    };
    match chance.below(13) {
        0 | 1 => drop(repo.file(&format!("docs/d{number}.md"), format!("Document {number}, version {step}.\n"))),
        2 => drop(repo.file(&format!("data/p{number}/system.md"), format!("Pattern {number}, version {step}.\n"))),
        3 => toggle("docs/maybe.md", "Maybe.\n"),
        4 => toggle("docs/extra.md", "More.\n"),
        5 => toggle("data/new/system.md", "A new pattern.\n"),
        6 => drop(repo.file("templates/house.hbs", format!("Be kind, for the {step}th time.\n"))),
        7 => toggle("templates/persona.md", "Another persona, whose short name is the same.\n"),
        8 => drop(repo.file("contexture.yaml", format!("models: [gpt-6.1-sol]\nvars: {{shop: Acme {}}}\n", step % 3))),
        9 => drop(repo.file("contexts/_base.yaml", format!("vars: {{tone: calm}}\nmessages: [{{user: Hi {step}}}]\n"))),
        10 => toggle(&format!("contexts/extra{number}.yaml"), "system: [{file: docs/d1.md}]\nmessages: [{user: Hi}]\n"),
        11 => {
            std::fs::remove_file(repo.at("docs/link.md")).unwrap();
            repo.link("docs/link.md", &format!("d{number}.md"));
        }
        _ => toggle("docs/unused.txt", "Nobody reads this.\n"),
    }
}

fn compare(place: &Workspace, range: &Range, store: &Arc<Store>) -> Review {
    let sides = range.open(place, None).unwrap();
    let request = ReviewRequest { contexts: Vec::new(), as_of: TODAY, shard: None };
    review(&sides, &request, store).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The digest of every context at a commit, an empty one of those that are broken.
fn digests(place: &Workspace, rev: &str) -> BTreeMap<String, String> {
    let request = Request { as_of: Some(TODAY), lints: true, ..Request::default() };
    let attempts = build_all(&place.commit(rev).unwrap(), &request).unwrap_or_else(|error| panic!("{error:?}"));
    let told = attempts.into_iter().map(|attempt| {
        let digest = attempt.result.map_or_else(|_| String::new(), |build| build.chain.full().to_string());
        (attempt.id.to_string(), digest)
    });
    told.collect()
}

#[test]
fn an_index_of_another_tree_leads_to_the_same_comparison() {
    let repo = Repo::new();
    let mut chance = Chance::new(0x6e65_6172);
    start(&repo);
    let mut commits = vec![repo.commit("start")];
    for step in 0..COMMITS {
        change(&repo, &mut chance, step);
        commits.push(repo.commit(&format!("step {step}")));
    }
    let place = repo.place();
    let store = Arc::new(Store::at(&repo.outside("store")));
    let mut pairs: Vec<(usize, usize)> = (0..COMMITS).map(|number| (number, number + 1)).collect();
    pairs.extend((0..15).map(|_| (chance.below(commits.len()), chance.below(commits.len()))));
    for (base, head) in pairs {
        let (base, head) = (&commits[base], &commits[head]);
        let range = Range::Between(base.clone(), head.clone());
        let with = compare(&place, &range, &store);
        let without = compare(&place, &range, &Arc::new(Store::none()));
        assert_eq!(DiffReport::new(&with).json(), DiffReport::new(&without).json(), "{base}..{head}");

        let (old, new) = (digests(&place, base), digests(&place, head));
        let listed: BTreeSet<String> = with.contexts.iter().map(|context| context.id.to_string()).collect();
        for (id, digest) in &new {
            let same = old.get(id) == Some(digest);
            let renamed = with.contexts.iter().any(|context| context.renamed_from.is_some());
            assert!(
                same || renamed || listed.contains(id),
                "{id} differs in {base}..{head} and is not told: {old:?} {new:?}\n{}",
                repo.git(["diff", base, head])
            );
        }
        let gone = listed.iter().filter(|id| !new.contains_key(*id)).count();
        assert_eq!(with.unchanged + listed.len() - gone, new.len(), "{base}..{head}");
    }
    assert_eq!(store.volumes(contexture::tree::store::Volumes::Surveys).len(), 1, "the first index served them all");
}

#[test]
fn a_working_tree_is_compared_as_git_sees_it() {
    let repo = Repo::new();
    start(&repo);
    repo.commit("start");
    let place = repo.place();
    let store = Arc::new(Store::at(&repo.outside("store")));
    let mut chance = Chance::new(0x6469_736b);
    for step in 0..12 {
        change(&repo, &mut chance, step);
        let range = Range::Since("HEAD".to_owned());
        let with = compare(&place, &range, &store);
        let without = compare(&place, &range, &Arc::new(Store::none()));
        assert_eq!(DiffReport::new(&with).json(), DiffReport::new(&without).json(), "step {step}");
    }
}
