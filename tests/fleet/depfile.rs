//! `build --depfile`, with ninja as the judge: it reads what we write, and it builds what has changed
//! and nothing else.

use std::path::{Path, PathBuf};
use std::process::Output;

use snapbox::str;

use crate::support::Repo;

/// The ninja of `tests/requirements.txt`.
fn ninja() -> PathBuf {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    Path::new(&python).with_file_name("ninja")
}

/// A project and its `build.ninja`, an edge a context.
fn project(contexts: &[(&str, &str)]) -> Repo {
    let repo = Repo::new();
    let program = env!("CARGO_BIN_EXE_contexture");
    let mut plan = format!(
        "builddir = .ninja\n\
         rule bundle\n  command = {program} -q build $id -o out --depfile out/$id.d\n  \
         depfile = out/$id.d\n  deps = gcc\n  restat = 1\n  description = build $id\n"
    );
    for (id, manifest) in contexts {
        repo.file(&format!("contexts/{id}.yaml"), manifest);
        plan.push_str(&format!("build out/{id}.bundle/bundle.json: bundle\n  id = {id}\n"));
    }
    repo.file("build.ninja", plan).file(".gitignore", "out/\n.ninja/\n");
    repo.file("contexture.yaml", "{}\n").file("prices.yaml", "");
    repo
}

/// Runs ninja, which must succeed.
fn run(repo: &Repo, words: &[&str]) -> String {
    let Output { status, stdout, stderr } = repo.clean(ninja()).args(words).output().expect("ninja runs");
    let said = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{said}{}", String::from_utf8_lossy(&stderr));
    said
}

/// The contexts that ninja builds now, and that it then finds nothing to do.
#[track_caller]
fn builds(repo: &Repo, expected: &[&str]) {
    let said = run(repo, &[]);
    let mut built: Vec<&str> = said.lines().filter_map(|line| line.split_once("] build ")).map(|(_, id)| id).collect();
    built.sort_unstable();
    assert_eq!(built, expected, "{said}");
    assert_eq!(run(repo, &[]), "ninja: no work to do.\n");
}

/// Three contexts: of a file, of a pattern with a template, of text alone.
fn three() -> Repo {
    let repo = project(&[
        ("one", "system: [{file: texts/one.md}, {file: notes/later.md, optional: true}]\n"),
        ("many", "system: [{files: \"docs/**/*.md\"}, {template: greet}]\n"),
        ("own", "system: [{text: Hello.}]\n"),
    ]);
    repo.file("texts/one.md", "One.\n").file("notes/now.txt", "").file("templates/greet.hbs", "Hi.\n");
    repo.file("docs/a.md", "A.\n").file("docs/deep/b.md", "B.\n");
    repo.committed("base");
    repo
}

#[test]
fn only_bundles_whose_inputs_changed_are_built_again() {
    let repo = three();
    builds(&repo, &["many", "one", "own"]);
    repo.file("texts/one.md", "One, and more.\n");
    builds(&repo, &["one"]);
    repo.file("docs/deep/b.md", "B, and more.\n");
    builds(&repo, &["many"]);
    repo.file("templates/greet.hbs", "Good day.\n");
    builds(&repo, &["many"]);
    repo.file("contexts/own.yaml", "system: [{text: Bye.}]\n");
    builds(&repo, &["own"]);
    repo.file("contexture.yaml", "vars: {a: b}\n");
    builds(&repo, &["many", "one", "own"]);
}

#[test]
fn a_file_that_comes_or_goes_where_one_was_looked_for_is_seen() {
    let repo = three();
    builds(&repo, &["many", "one", "own"]);
    repo.file("docs/deep/c.md", "C.\n");
    builds(&repo, &["many"]);
    std::fs::remove_file(repo.at("docs/a.md")).unwrap();
    builds(&repo, &["many"]);
    repo.file("notes/later.md", "Later.\n");
    builds(&repo, &["one"]);
    repo.file("elsewhere.md", "Nobody reads it.\n");
    builds(&repo, &[]);
}

#[test]
fn a_commit_is_an_input_of_all_since_every_bundle_names_it() {
    let repo = three();
    repo.file("texts/one.md", "One, and more.\n");
    builds(&repo, &["many", "one", "own"]);
    repo.commit("more");
    builds(&repo, &["many", "one", "own"]);
}

#[test]
fn a_file_that_was_touched_but_not_changed_leaves_the_bundle_as_it_is() {
    let repo = three();
    builds(&repo, &["many", "one", "own"]);
    let record = || std::fs::metadata(repo.at("out/one.bundle/bundle.json")).unwrap().modified().unwrap();
    let before = record();
    repo.file("texts/one.md", "One.\n");
    builds(&repo, &["one"]);
    assert_eq!(record(), before);
}

/// What ninja takes for the end of a name.
const UNREADABLE: [char; 7] = ['*', ';', '<', '>', '|', '^', '`'];

#[test]
fn ninja_reads_the_names_that_were_meant() {
    // Every printable character of ASCII that a path may hold, and some beyond.
    let printable = (' '..='~').filter(|c| !c.is_ascii_alphanumeric() && !['/', '\\', '"'].contains(c));
    let (unreadable, readable): (Vec<char>, Vec<char>) =
        printable.chain(['é', '語']).partition(|c| UNREADABLE.contains(c));
    let name = |c: &char| format!("texts/x{c}y {c}.md");
    let files: Vec<String> = readable.iter().map(|c| format!("{{file: \"{}\"}}", name(c))).collect();
    let repo = project(&[("one", &format!("system: [{}]\n", files.join(", ")))]);
    for name in readable.iter().map(name) {
        repo.file(&name, "One.\n");
    }
    repo.committed("base");
    builds(&repo, &["one"]);
    let read = run(&repo, &["-t", "deps", "out/one.bundle/bundle.json"]);
    for name in readable.iter().map(name) {
        assert!(read.lines().any(|line| line.trim_start() == name), "{name}\n{read}");
    }
    for name in unreadable.iter().map(name) {
        repo.file(&name, "Two.\n").file("contexts/two.yaml", format!("system: [{{file: \"{name}\"}}]\n"));
        let outcome = repo.run("build two -o out --depfile two.d").exits(2);
        assert!(outcome.stderr.contains("cannot be written into a depfile"), "{outcome}");
        assert!(!repo.at("two.d").exists());
    }
}

#[test]
fn the_rules_name_what_was_read_and_where_something_was_missed() {
    let repo = three();
    repo.run("build -o out --depfile out/all.d").exits(0);
    crate::support::same(
        std::fs::read_to_string(repo.at("out/all.d")).unwrap(),
        str![[r#"
out/many.bundle/bundle.json: \
  .git/HEAD \
  .git/refs/heads/main \
  .gitignore \
  contexts/many.yaml \
  contexture.yaml \
  docs \
  docs/a.md \
  docs/deep \
  docs/deep/b.md \
  prices.yaml \
  templates \
  templates/greet.hbs
out/one.bundle/bundle.json: \
  .git/HEAD \
  .git/refs/heads/main \
  .gitignore \
  contexts/one.yaml \
  contexture.yaml \
  notes \
  prices.yaml \
  texts/one.md
out/own.bundle/bundle.json: \
  .git/HEAD \
  .git/refs/heads/main \
  .gitignore \
  contexts/own.yaml \
  contexture.yaml \
  prices.yaml

"#]],
    );
}

#[test]
fn a_build_of_a_revision_stands_on_branches_alone() {
    let repo = three();
    repo.run("build one --rev HEAD -o out --depfile one.d").exits(0);
    crate::support::same(
        std::fs::read_to_string(repo.at("one.d")).unwrap(),
        str![[r#"
out/one.bundle/bundle.json: \
  .git/HEAD \
  .git/refs \
  .git/refs/heads \
  .git/refs/heads/main \
  .git/refs/tags

"#]],
    );
}
