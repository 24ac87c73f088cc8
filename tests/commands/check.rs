//! `contexture check`: the answer of `build` without its bundles.

use super::{budgeted, shop};

#[test]
fn nothing_is_written() {
    let repo = shop();
    repo.run("check").exits(0);
    assert!(!repo.at("dist").exists());
}

#[test]
fn the_report_is_the_one_of_build() {
    let repo = shop();
    assert_eq!(
        repo.run("check --as-of 2026-11-21 --format json").stdout,
        repo.run("build --as-of 2026-11-21 --format json").stdout
    );
}

#[test]
fn a_failing_budget_is_no() {
    budgeted(4).run("check").exits(1);
}

#[test]
fn a_broken_context_is_no_answer() {
    let repo = budgeted(4);
    repo.file("contexts/b.yaml", "system: [{file: gone.md}]\n");
    repo.run("check").exits(2);
}
