//! The commit behind each line is the one that `git blame` names.

use proptest::prelude::*;

use super::{FILES, Step, history};
use crate::support::{Repo, path};

/// The commit behind each line, by git.
fn by_git(repo: &Repo, file: &str) -> Vec<String> {
    let told = repo.git(["blame", "--line-porcelain", "HEAD", "--", file]);
    let is_header = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        words.len() >= 3 && words[0].len() == 40 && words[1..].iter().all(|word| word.parse::<usize>().is_ok())
    };
    told.lines().filter(is_header).map(|line| line[..40].to_owned()).collect()
}

/// The same by the library.
fn by_us(repo: &Repo, file: &str) -> Vec<String> {
    let place = repo.place();
    let blamed = place.blame(&place.commit("HEAD").unwrap(), &path(file)).unwrap().unwrap();
    blamed.iter().flat_map(|hunk| hunk.lines.clone().map(|_| hunk.commit.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_stems_from_the_commit_that_git_names(
        edits in prop::collection::vec(((0..FILES.len(), 0..6usize), any::<bool>()), 1..14),
        renames in any::<bool>(),
    ) {
        let steps: Vec<Step> = edits
            .into_iter()
            .map(|((file, line), in_branch)| {
                let edit = Step::Edit { file, line };
                if in_branch { Step::Branch(vec![edit]) } else { edit }
            })
            .collect();
        let repo = history(&steps);
        let mut files = FILES.map(str::to_owned);
        if renames {
            repo.git(["mv", "one.md", "renamed.md"]);
            files[0] = "renamed.md".to_owned();
            let manifest = "system: [{file: renamed.md}, {files: docs/*.md}]\n";
            repo.file("contexts/a.yaml", manifest).commit("rename");
        }
        for file in &files {
            prop_assert_eq!(by_us(&repo, file), by_git(&repo, file), "{}", file);
        }
        let report = repo.run("blame a --format json").exits(0).json();
        let sum = |list: &str| -> u64 {
            report[list].as_array().unwrap().iter().map(|share| share["tokens"].as_u64().unwrap()).sum()
        };
        let tokens = report["tokens"].as_u64().unwrap();
        prop_assert_eq!([sum("commits"), sum("authors"), sum("segments")], [tokens; 3]);
        // Only commits that git blames for a line of these files have a share.
        let lines: Vec<String> = files.iter().flat_map(|file| by_git(&repo, file)).collect();
        for commit in report["commits"].as_array().unwrap() {
            prop_assert!(lines.contains(&commit["commit"].as_str().unwrap().to_owned()));
        }
    }
}
