//! `contexture lock` and `--locked`.

use std::fmt::Write as _;

use proptest::prelude::*;
use snapbox::str;

use super::shop;
use crate::support::{Repo, same};

/// The shop with its lock committed.
fn locked_shop() -> Repo {
    let repo = shop();
    repo.run("lock").exits(0);
    repo.committed("lock");
    repo
}

#[test]
fn a_lock_is_a_stanza_a_context_sorted_by_name() {
    let repo = shop();
    repo.run("lock").is(str![[r#"
exit 0
--- stdout
context                    prefix            settings
greet                 new  cx1:9485c4640be3  cx1:b4fd5216b53a
support/triage        new  cx1:2f7e2e95f562  cx1:b4fd5216b53a
support/triage@terse  new  cx1:504f31ce6b7c  cx1:b4fd5216b53a

contexture.lock: 3 contexts locked, 3 new

"#]]);
    let lock = std::fs::read_to_string(repo.at("contexture.lock")).unwrap();
    same(
        lock,
        str![[r#"
[greet]
prefix cx1:9485c4640be3dc142403e136686a82aa29adcd5f9b6da3352663b4c6c37e4e7d
settings cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2

[support/triage]
prefix cx1:2f7e2e95f56273c9f8cbaba2bcfa1709819108f8ec3a8b59eb6e5c84b5e2e2e5
settings cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2

[support/triage@terse]
prefix cx1:504f31ce6b7c988cdba1e4cbee92dce6d2074e92a99ee302c4007c749be9a6ef
settings cx1:b4fd5216b53a65a310b0011fce1a36611917ea68e4bca50aa9de6938242374d2


"#]],
    );
}

#[test]
fn a_second_lock_changes_nothing() {
    let repo = locked_shop();
    repo.run("lock").is(str![[r#"
exit 0
--- stdout
contexture.lock: 3 contexts locked, nothing changed

"#]]);
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn check_says_no_when_the_lock_is_old_and_writes_nothing() {
    let repo = locked_shop();
    repo.run("lock --check").is(str![[r#"
exit 0
--- stdout
contexture.lock is current: 3 contexts

"#]]);
    repo.file("policies/refunds.md", "# Refunds\n\nNever.\n");
    repo.run("lock --check").is(str![[r#"
exit 1
--- stdout
context                    prefix                               settings
support/triage  different  cx1:2f7e2e95f562 → cx1:828214f85cc2  cx1:b4fd5216b53a

contexture.lock is not current, 1 different; run `contexture lock`

"#]]);
    repo.run("lock --check --rev HEAD").exits(0);
    repo.run("lock --check --staged").exits(0);
}

#[test]
fn without_a_lock_check_and_locked_say_how_to_get_one() {
    let repo = shop();
    repo.run("lock --check").is(str![[r#"
exit 2
--- stderr
error: there is no contexture.lock to check
 |
 = help: run `contexture lock` and commit the file

"#]]);
    for command in ["build", "check", "render greet", "explain greet"] {
        let outcome = repo.run(&format!("{command} --locked")).exits(2);
        assert_eq!(outcome.stdout, "", "{command}");
        assert!(outcome.stderr.contains("run `contexture lock`"), "{outcome}");
    }
    repo.run("build --locked --rev HEAD").is(str![[r#"
exit 2
--- stderr
error: --locked needs contexture.lock, and commit 4dc522114f has none
 |
 = help: run `contexture lock` and commit the file

"#]]);
}

#[test]
fn a_broken_context_leaves_the_lock_as_it_was() {
    let repo = locked_shop();
    let before = std::fs::read(repo.at("contexture.lock")).unwrap();
    repo.file("contexts/greet.yaml", "sytem: []\n").file("policies/refunds.md", "Never.\n");
    repo.run("lock").exits(2);
    assert_eq!(std::fs::read(repo.at("contexture.lock")).unwrap(), before);
}

#[test]
fn committed_and_locked_text_is_built_as_without_the_flag() {
    let repo = locked_shop();
    for command in
        ["build", "check", "render greet", "explain support/triage@terse", "build --rev HEAD", "check --staged"]
    {
        assert_eq!(repo.run(&format!("{command} --locked")), repo.run(command), "{command}");
    }
}

#[test]
fn uncommitted_text_is_refused_under_locked() {
    let repo = locked_shop();
    repo.file("policies/refunds.md", "# Refunds\n\nNever.\n");
    repo.run("render support/triage --locked").is(str![[r#"
exit 1
--- stderr
error[uncommitted]: --locked builds committed text only, and this file is not as committed
--> policies/refunds.md
 = help: commit it, or build without --locked

error[not-as-locked]: the prefix of `support/triage` is cx1:828214f85cc2 and is locked to cx1:2f7e2e95f562
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant


"#]]);
    // The variant does not read that file, and the commit does not hold the change.
    repo.run("render support/triage@terse --locked").exits(0);
    repo.run("render support/triage --locked --rev HEAD").exits(0);
    repo.run("build --locked").exits(1);
    assert!(!repo.at("dist").exists());
}

#[test]
fn an_untracked_file_of_a_context_is_refused_under_locked() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: docs/*.md}]\n").file("docs/one.md", "One.\n");
    repo.run("lock").exits(0);
    repo.committed("lock").file("docs/two.md", "Two.\n");
    repo.run("check --locked").is(str![[r#"
exit 1
--- stderr
error[uncommitted]: --locked builds committed text only, and this file is not tracked
--> docs/two.md
 = help: commit it, or build without --locked

error[not-as-locked]: the prefix of `a` is cx1:abc56706e206 and is locked to cx1:22df1da47513
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant


"#]]);
}

#[test]
fn prices_and_the_lock_itself_must_be_committed() {
    let repo = locked_shop();
    let lock = std::fs::read_to_string(repo.at("contexture.lock")).unwrap();
    repo.file("prices.yaml", "{}\n").file("contexture.lock", format!("{lock}\n"));
    repo.run("render greet --locked").is(str![[r#"
exit 1
--- stderr
error[uncommitted]: --locked builds committed text only, and this file is not as committed
--> contexture.lock
 = help: commit it, or build without --locked

error[uncommitted]: --locked builds committed text only, and this file is not as committed
--> prices.yaml
 = help: commit it, or build without --locked


"#]]);
}

#[test]
fn a_different_a_new_and_a_missing_context_are_all_told() {
    let repo = locked_shop();
    repo.file("policies/refunds.md", "# Refunds\n\nNever.\n");
    repo.file("contexts/new.yaml", "system: [{text: Hi}]\n");
    repo.git(["rm", "--quiet", "contexts/greet.yaml"]);
    repo.committed("change all");
    repo.run("check --locked").is(str![[r#"
exit 1
--- stderr
error[not-as-locked]: the prefix of `support/triage` is cx1:828214f85cc2 and is locked to cx1:2f7e2e95f562
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant

error[not-locked]: `new` is not locked
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant

error[locked-but-gone]: `greet` is locked, and there is no such context
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant


"#]]);
    // Names are held against the lock however few contexts are built.
    repo.run("check support/triage@terse --locked").is(str![[r#"
exit 1
--- stderr
error[not-locked]: `new` is not locked
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant

error[locked-but-gone]: `greet` is locked, and there is no such context
--> contexture.lock
 = help: run `contexture lock` and commit what it writes, if the change is meant


"#]]);
}

#[test]
fn every_fault_of_a_damaged_lock_is_placed() {
    let repo = shop();
    let digest = format!("cx1:{}", "0".repeat(64));
    let mut lock = String::from("prefix early\n");
    for name in ["a", "a"] {
        writeln!(lock, "[{name}]\nprefix {digest}\nsettings cx1:12\n").unwrap();
    }
    writeln!(lock, "[b]\nprefix {digest}\n\n[c]\n<<<<<<< ours\nprefix {digest}\n=======\nsufix {digest}").unwrap();
    repo.file("contexture.lock", lock);
    repo.run("lock --check").is(str![[r#"
exit 2
--- stderr
error[bad-lock]: a stanza begins with the name of a context: `[support/triage]`
 --> contexture.lock:1:1
  |
1 | prefix early
  | ^^^^^^^^^^^^
  |
  = help: run `contexture lock` to write it anew

error[bad-lock]: `settings` is followed by a digest: `cx1:` and 64 hexadecimal digits
 --> contexture.lock:4:10
  |
4 | settings cx1:12
  |          ^^^^^^
  |
  = help: run `contexture lock` to write it anew

error[bad-lock]: `settings` is followed by a digest: `cx1:` and 64 hexadecimal digits
 --> contexture.lock:8:10
  |
8 | settings cx1:12
  |          ^^^^^^
  |
  = help: run `contexture lock` to write it anew

error[bad-lock]: `[b]` has no `settings`
  --> contexture.lock:10:1
   |
10 | [b]
   | ^^^
   |
   = help: run `contexture lock` to write it anew

error[lock-conflict]: a merge left two versions of the lock
  --> contexture.lock:14:1
   |
14 | <<<<<<< ours
   | ^^^^^^^^^^^^
   |
   = help: resolve the other files, then run `contexture lock`, which writes it anew

error[bad-lock]: a stanza holds `prefix` and `settings`, not `sufix`
  --> contexture.lock:17:1
   |
17 | sufix cx1:0000000000000000000000000000000000000000000000000000000000000000
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: run `contexture lock` to write it anew


"#]]);
    // What `lock` writes does not depend on what stands there.
    repo.run("lock").exits(0);
    repo.run("lock --check").exits(0);
}

/// Twelve contexts of one fragment each, with their lock.
fn wide() -> Repo {
    let repo = Repo::new();
    for number in 0..12 {
        repo.file(&format!("contexts/c{number:02}.yaml"), format!("system: [{{file: f{number:02}.md}}]\n"));
        repo.file(&format!("f{number:02}.md"), format!("Text {number}.\n"));
    }
    repo.run("lock").exits(0);
    repo.committed("base");
    repo
}

/// Makes a change to some contexts on a branch of its own, and locks it.
fn branch(repo: &Repo, name: &str, numbers: &[usize], what: Edit) {
    repo.git(["checkout", "--quiet", "-b", name, "main"]);
    for number in numbers {
        let (manifest, fragment) = (format!("contexts/c{number:02}.yaml"), format!("f{number:02}.md"));
        match what {
            Edit::Text => {
                repo.file(&fragment, format!("{name} {number}.\n"));
            }
            Edit::Settings => {
                repo.file(&manifest, format!("system: [{{file: {fragment}}}]\nsettings: {{temperature: 1}}\n"));
            }
            Edit::Remove => std::fs::remove_file(repo.at(&manifest)).unwrap(),
            Edit::Add => {
                repo.file(&format!("contexts/c{number:02}{name}.yaml"), "system: [{text: Hi}]\n");
            }
        }
    }
    repo.run("lock").exits(0);
    repo.committed(name);
}

#[derive(Debug, Clone, Copy)]
enum Edit {
    Text,
    Settings,
    Remove,
    Add,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![3 => Just(Edit::Text), 1 => Just(Edit::Settings), 1 => Just(Edit::Remove), 1 => Just(Edit::Add)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Neighbours in the file may both change, and anything may happen to contexts that are not
    /// neighbours: git merges the locks, and the merged lock is the lock of the merged contexts.
    #[test]
    fn git_merges_locks_of_branches_that_changed_different_contexts(
        sides in prop::collection::vec(0..3usize, 12),
        ours in edit(),
        theirs in edit(),
    ) {
        // Where stanzas come or go on both sides, one that stays stands between them.
        let in_place = [ours, theirs].iter().any(|edit| matches!(edit, Edit::Text | Edit::Settings));
        let of = |side: usize| -> Vec<usize> {
            (0..12).filter(|number| sides[*number] == side && (in_place || number % 4 == 2 * (side - 1))).collect()
        };
        let repo = wide();
        branch(&repo, "theirs", &of(2), theirs);
        branch(&repo, "ours", &of(1), ours);
        let merged = repo.try_git(["merge", "--quiet", "--no-edit", "theirs"]);
        prop_assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stdout));
        prop_assert_eq!(repo.run("lock --check").status, Some(0));
        prop_assert_eq!(repo.run("check --locked").status, Some(0));
    }
}

#[test]
fn contexts_added_at_one_place_are_locked_anew() {
    let repo = wide();
    branch(&repo, "theirs", &[3], Edit::Add);
    branch(&repo, "ours", &[3], Edit::Add);
    assert!(!repo.try_git(["merge", "--quiet", "--no-edit", "theirs"]).status.success());
    repo.run("lock --check").is(str![[r#"
exit 2
--- stderr
error[lock-conflict]: a merge left two versions of the lock
  --> contexture.lock:17:1
   |
17 | <<<<<<< HEAD
   | ^^^^^^^^^^^^
   |
   = help: resolve the other files, then run `contexture lock`, which writes it anew


"#]]);
    repo.run("lock").exits(0);
    repo.committed("merge").run("check --locked").exits(0);
}
