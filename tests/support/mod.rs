//! The small language that the tests are written in.
//!
//! ```text
//! let repo = Repo::new();
//! repo.file("contexts/a.yaml", "system: [{text: Hi}]").commit("base");
//! repo.run("build").is(str![[…]]);
//! ```
//!
//! A [`Repo`] is a folder that git itself made into a repository, and an [`Outcome`] is everything
//! that one run of the program showed: its exit code, stdout and stderr, compared whole. Author,
//! dates and home are fixed, so that ids and digests stand in the snapshots as they are; only the
//! path of the temporary folder is written `[ROOT]`. `SNAPSHOTS=overwrite cargo test` writes what was seen into the tests.

mod outcome;
mod repo;
pub mod runner;

pub use outcome::{Outcome, Run};

pub use outcome::same;
pub use repo::{Repo, names, path, texts};
