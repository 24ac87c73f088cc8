//! A comparison builds only the contexts that a change can reach. Here is a project that changes by chance in
//! everything a context can depend on, and a witness that builds every context of both sides.

use std::collections::{BTreeMap, BTreeSet};

use contexture::compare::range::Range;
use contexture::compare::review::{ContextStatus, Review, ReviewRequest, review};
use contexture::cost::cards::Date;
use contexture::pipeline::{Request, build_all};
use contexture::tree::Workspace;

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

fn compare(place: &Workspace, range: &Range) -> Review {
    let sides = range.open(place, None).unwrap();
    let request = ReviewRequest { contexts: Vec::new(), as_of: TODAY, shard: None, whole: false };
    review(&sides, &request).unwrap_or_else(|error| panic!("{error:?}"))
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
fn every_context_that_differs_is_reached() {
    let repo = Repo::new();
    let mut chance = Chance::new(0x6e65_6172);
    start(&repo);
    let mut commits = vec![repo.commit("start")];
    for step in 0..COMMITS {
        change(&repo, &mut chance, step);
        commits.push(repo.commit(&format!("step {step}")));
    }
    let place = repo.place();
    let mut pairs: Vec<(usize, usize)> = (0..COMMITS).map(|number| (number, number + 1)).collect();
    pairs.extend((0..15).map(|_| (chance.below(commits.len()), chance.below(commits.len()))));
    for (base, head) in pairs {
        let (base, head) = (&commits[base], &commits[head]);
        let range = Range::Between(base.clone(), head.clone());
        let found = compare(&place, &range);

        let (old, new) = (digests(&place, base), digests(&place, head));
        let listed: BTreeSet<String> = found.contexts.iter().map(|context| context.id.to_string()).collect();
        for (id, digest) in &new {
            let same = old.get(id) == Some(digest);
            let renamed = found.contexts.iter().any(|context| context.renamed_from.is_some());
            assert!(
                same || renamed || listed.contains(id),
                "{id} differs in {base}..{head} and is not told: {old:?} {new:?}\n{}",
                repo.git(["diff", base, head])
            );
        }
        let gone = listed.iter().filter(|id| !new.contains_key(*id)).count();
        assert_eq!(found.unchanged + listed.len() - gone, new.len(), "{base}..{head}");
    }
}

#[test]
fn a_working_tree_is_compared_like_the_commit_of_it() {
    let repo = Repo::new();
    start(&repo);
    let base = repo.commit("start");
    let place = repo.place();
    let mut chance = Chance::new(0x6469_736b);
    for step in 0..12 {
        change(&repo, &mut chance, step);
        let named = |review: Review| -> Vec<(String, ContextStatus)> {
            review.contexts.into_iter().map(|context| (context.id.to_string(), context.status)).collect()
        };
        let uncommitted = named(compare(&place, &Range::Since(base.clone())));
        let head = repo.commit(&format!("step {step}"));
        assert_eq!(uncommitted, named(compare(&place, &Range::Between(base.clone(), head))), "step {step}");
    }
}
