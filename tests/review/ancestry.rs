//! Merge bases are those of git, in histories of any shape and with any clock.

use std::collections::BTreeSet;

use crate::support::Repo;
use crate::tree::chance::Chance;

/// Commits with random parents and dates, made by git out of nothing; returns their ids.
fn history(repo: &Repo, chance: &mut Chance) -> Vec<String> {
    let tree = repo.git(["mktree"]).trim().to_owned();
    let mut commits: Vec<String> = Vec::new();
    for number in 0..14 {
        let mut parents: BTreeSet<usize> = BTreeSet::new();
        for _ in 0..chance.below(4).min(number) {
            parents.insert(number - 1 - chance.below(number.min(5)));
        }
        // Clocks that go back and forth: an ancestor can be newer than its child.
        let date = format!("{} +0000", 1_795_262_400 + chance.below(40) * 10);
        let mut command = repo.command();
        command.env("GIT_COMMITTER_DATE", &date).args(["commit-tree", &tree, "-m", &number.to_string()]);
        for parent in parents {
            command.args(["-p", &commits[parent]]);
        }
        let output = command.output().unwrap();
        commits.push(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    commits
}

#[test]
fn merge_bases_are_those_of_git() {
    let mut chance = Chance::new(0x6d65_7267);
    for _ in 0..12 {
        let repo = Repo::new();
        let commits = history(&repo, &mut chance);
        let place = repo.place();
        for _ in 0..12 {
            let (one, other) = (&commits[chance.below(commits.len())], &commits[chance.below(commits.len())]);
            let output = repo.try_git(["merge-base", "--all", one, other]);
            let expected: BTreeSet<String> =
                String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
            let found = place.merge_base(&place.commit(one).unwrap(), &place.commit(other).unwrap());
            match found {
                Ok(base) => assert!(expected.contains(base.commit().id.as_str()), "{one} {other}: {expected:?}"),
                Err(error) => assert!(expected.is_empty(), "{one} {other}: {error}"),
            }
        }
    }
}
