//! Which two trees a comparison is about: `BASE`, `A..B`, `A...B`, or nothing.

use crate::syntax::error::Error;
use crate::tree::{CommitTree, Tree, Workspace};

/// What was asked for, before git is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// Nothing: what has happened since the branch that changes go to.
    Default,
    /// `BASE`: a commit and the working tree.
    Since(String),
    /// `A..B`: tip and tip.
    Between(String, String),
    /// `A...B`: from their merge base to `B`.
    FromMergeBase(String, String),
}

/// The two trees.
pub struct Sides {
    /// What was there.
    pub base: CommitTree,
    /// What is there now, or would be.
    pub head: Box<dyn Tree>,
    /// The commit that the head is or stands on; `None` before the first one.
    pub head_commit: Option<CommitTree>,
    /// How the base was found, in words: `merge base with origin/main`.
    pub found_by: String,
    /// Where the manifests of both come from, if not from each.
    pub manifests: Option<Box<dyn Tree>>,
}

impl Range {
    /// Parses what stands on the command line. As with git, an end that is left out is `HEAD`.
    pub fn parse(written: Option<&str>) -> Self {
        let Some(written) = written else { return Self::Default };
        let end = |side: &str| if side.is_empty() { "HEAD".to_owned() } else { side.to_owned() };
        // The first two dots divide, and a third that follows them makes it a merge base.
        match written.split_once("..").map(|(one, other)| (one, other.strip_prefix('.'), other)) {
            Some((one, Some(other), _)) => Self::FromMergeBase(end(one), end(other)),
            Some((one, None, other)) => Self::Between(end(one), end(other)),
            None => Self::Since(written.to_owned()),
        }
    }

    /// The tip of a history and, of `A..B`, the commit whose own history is left out.
    ///
    /// # Errors
    /// For a revision that is none, and for `A...B`, which names no history.
    pub fn history(workspace: &Workspace, written: &str) -> Result<(CommitTree, Option<CommitTree>), Error> {
        match Self::parse(Some(written)) {
            Self::Default => Ok((workspace.head_commit()?, None)),
            Self::Since(tip) => Ok((workspace.commit(&tip)?, None)),
            Self::Between(since, tip) => {
                let tip = workspace.commit(&tip)?;
                Ok((tip, Some(workspace.commit(&since)?)))
            }
            Self::FromMergeBase(..) => Err(Error::usage(
                format!("`{written}` is no stretch of history"),
                "name one end, `REV`, or both, `A..B`",
            )),
        }
    }

    /// Opens both trees. `default_branch` is the one that the project names.
    ///
    /// # Errors
    /// For a revision that is none, two histories that share nothing, a project without a branch to
    /// compare with, and outside of a repository.
    pub fn open(&self, workspace: &Workspace, default_branch: Option<&str>) -> Result<Sides, Error> {
        match self {
            Self::Since(base) => {
                let found_by = named(base);
                Ok(Sides {
                    base: workspace.commit(base)?,
                    head: Box::new(workspace.worktree()?),
                    head_commit: workspace.head_commit().ok(),
                    found_by,
                    manifests: None,
                })
            }
            Self::Between(base, head) => {
                let found_by = named(base);
                let (base, head_tree) = (workspace.commit(base)?, workspace.commit(head)?);
                let head_commit = Some(workspace.commit(head)?);
                Ok(Sides { base, head: Box::new(head_tree), head_commit, found_by, manifests: None })
            }
            Self::FromMergeBase(one, other) => {
                let (one_tree, head) = (workspace.commit(one)?, workspace.commit(other)?);
                let base = workspace.merge_base(&one_tree, &head)?;
                let found_by = format!("merge base of {one} and {other}");
                Ok(Sides {
                    base,
                    head: Box::new(head),
                    head_commit: Some(workspace.commit(other)?),
                    found_by,
                    manifests: None,
                })
            }
            Self::Default => {
                let head = workspace.head_commit()?;
                let branch = workspace.default_branch(default_branch)?;
                let worktree = Box::new(workspace.worktree()?);
                if branch.is_checked_out {
                    let head_commit = Some(workspace.head_commit()?);
                    return Ok(Sides {
                        base: head,
                        head: worktree,
                        head_commit,
                        found_by: "HEAD".to_owned(),
                        manifests: None,
                    });
                }
                let base = workspace.merge_base(&branch.tip, &head)?;
                let found_by = format!("merge base with {}", branch.name);
                Ok(Sides { base, head: worktree, head_commit: Some(head), found_by, manifests: None })
            }
        }
    }
}

/// How a base that was named is shown: an id says nothing beside the id itself.
fn named(written: &str) -> String {
    let is_id = written.len() >= 7 && written.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { String::new() } else { written.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_mean_what_they_mean_to_git() {
        let parse = |written: &str| Range::parse(Some(written));
        let both = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(Range::parse(None), Range::Default);
        assert_eq!(parse("main"), Range::Since("main".to_owned()));
        assert!(matches!(parse("a..b"), Range::Between(one, other) if (one.clone(), other.clone()) == both("a", "b")));
        assert!(
            matches!(parse("a.."), Range::Between(one, other) if (one.clone(), other.clone()) == both("a", "HEAD"))
        );
        assert!(
            matches!(parse("...b"), Range::FromMergeBase(one, other) if (one.clone(), other.clone()) == both("HEAD", "b"))
        );
        assert!(matches!(parse("v1.2"), Range::Since(_)));
    }
}
