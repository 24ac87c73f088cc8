//! Lints from outside: what is found, how loud it is, and that no output shows a secret.

mod contexts;
mod fixes;
mod levels;
mod masks;
mod texts;

use crate::support::Repo;

/// A value that looks like a secret, put together here so that no scanner takes this file for one.
fn secret() -> String {
    ["ghp_", "k2Vd8QxR1mZ5tBw9", "Jc4LfY7nHs3PgAe6XuTo"].concat()
}

/// A repository with one context of one fragment.
fn of_fragment(text: &str) -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system:\n  - file: docs/a.md\n").file("docs/a.md", text);
    repo.committed("base");
    repo
}
