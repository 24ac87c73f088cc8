//! `log` and `blame` held against git, which walked histories before us.

mod blame;
mod log;

use crate::support::Repo;

/// A step of a made-up history.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes one line of one fragment anew.
    Edit {
        /// Which fragment.
        file: usize,
        /// Which line.
        line: usize,
    },
    /// Changes a file that no context reads.
    Elsewhere,
    /// Takes the last commit back.
    Revert,
    /// Branches off, does these steps, and merges.
    Branch(Vec<Step>),
}

/// The fragments of the made-up context.
pub const FILES: [&str; 3] = ["one.md", "docs/two.md", "docs/three.md"];

/// A repository whose one context reads [`FILES`], after these steps. Every line ever written is
/// unique, so that no two diffs of it can differ.
pub fn history(steps: &[Step]) -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: one.md}, {files: docs/*.md}]\n");
    let mut made = Maker { repo, written: 0, branches: 0 };
    for file in FILES {
        let lines: Vec<String> = (0..6).map(|_| made.line()).collect();
        made.repo.file(file, lines.concat());
    }
    made.repo.commit("start");
    made.take(steps);
    made.repo
}

struct Maker {
    repo: Repo,
    written: usize,
    branches: usize,
}

impl Maker {
    fn line(&mut self) -> String {
        self.written += 1;
        format!("Sentence number {} is like no other.\n", self.written)
    }

    fn take(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Edit { file, line } => {
                    let text = std::fs::read_to_string(self.repo.at(FILES[*file])).unwrap();
                    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                    let place = line % lines.len();
                    lines[place] = self.line();
                    self.repo.file(FILES[*file], lines.concat());
                    self.repo.commit("edit");
                }
                Step::Elsewhere => {
                    let text = self.line();
                    self.repo.file("elsewhere.md", text).commit("elsewhere");
                }
                Step::Revert => {
                    self.repo.git(
                        ["revert", "--no-edit", "--mainline", "1", "HEAD"]
                            .iter()
                            .filter(|word| self.is_merge() || !matches!(**word, "--mainline" | "1")),
                    );
                }
                Step::Branch(steps) => self.branch(steps),
            }
        }
    }

    fn is_merge(&self) -> bool {
        self.repo.git(["rev-list", "--parents", "--max-count=1", "HEAD"]).split_whitespace().count() > 2
    }

    fn branch(&mut self, steps: &[Step]) {
        self.branches += 1;
        let (trunk, branch) = (self.repo.git(["branch", "--show-current"]), format!("branch-{}", self.branches));
        self.repo.git(["checkout", "--quiet", "-b", &branch]);
        self.take(steps);
        self.repo.git(["checkout", "--quiet", trunk.trim()]);
        // The trunk goes on too, where no branch ever goes.
        let text = self.line();
        self.repo.file("trunk.md", text).commit("trunk");
        self.repo.git(["merge", "--quiet", "--no-ff", "--no-edit", &branch]);
    }
}
