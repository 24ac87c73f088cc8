//! The law of the memory: a build with one is the build without it, whatever happened in between.

use std::fs;
use std::sync::Arc;

use contexture::output::report::build::BuildReport;
use contexture::output::report::json;
use contexture::pipeline::{BuildResult, LastBuilds, Memory, Request, build_all, rebuild};
use contexture::syntax::error::Failure;
use contexture::tree::{MemoryTree, Worktree};
use proptest::prelude::*;

use super::library;
use crate::support::{Repo, path};

/// Something that happens to a project.
#[derive(Debug, Clone)]
pub enum Edit {
    Write(&'static str, &'static str),
    Delete(&'static str),
    Rename(&'static str, &'static str),
    Commit,
    Switch(&'static str),
}

const PATHS: [&str; 11] = [
    "docs/a.md",
    "docs/b.md",
    "docs/new.md",
    "docs/sub/deep.md",
    "templates/persona.hbs",
    "templates/persona.md",
    "examples/turns.jsonl",
    "contexts/all.yaml",
    "contexts/one.yaml",
    "contexture.yaml",
    ".gitignore",
];

const TEXTS: [&str; 14] = [
    "",
    "A text.\n",
    "A text, longer; with 12345 digits — and dashes.\n\n\n",
    "CRLF\r\nhere\r\n",
    "---\ntitle: T\n---\n# Heading\nText.\n# Another\nMore.\n",
    "{{shop}} and {{nobody}}\n",
    "{{> persona}}",
    "{\"input\": \"Hi\", \"output\": \"Hello\"}\n{\"input\": \"a\", \"output\": \"b\"}\n",
    "docs/new.md\n/dist/\n",
    "vars: {shop: Acme}\nsystem: [{template: persona}, {files: \"docs/**/*.md\", wrap: document}]\nmessages: [{user: \"{{shop}}\"}]\n",
    "models: [gpt-6.1-sol, claude-sonnet-5-5, gpt-4]\nsystem: [{file: docs/a.md}, {file: docs/new.md, optional: true}]\n",
    "models: [gemini-3.8-flash]\nbudgets: {tokens: 10}\nsystem: [{file: docs/a.md, split: headings(1)}]\nvariants: {v: {system: [{text: V}]}}\n",
    "extends: one\nmessages: [{examples: examples/turns.jsonl}]\n",
    "join: newline\n",
];

/// Any edit, now and then a commit.
pub fn edit() -> impl Strategy<Value = Edit> {
    let some_path = || prop::sample::select(PATHS.as_slice());
    prop_oneof![
        8 => (some_path(), prop::sample::select(TEXTS.as_slice())).prop_map(|(path, text)| Edit::Write(path, text)),
        2 => some_path().prop_map(Edit::Delete),
        2 => (some_path(), some_path()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => Just(Edit::Commit),
        1 => prop::sample::select(["main", "other"].as_slice()).prop_map(Edit::Switch),
    ]
}

impl Edit {
    /// Makes it happen.
    pub fn make(&self, repo: &Repo) {
        match self {
            Self::Write(path, text) => drop(repo.file(path, text)),
            Self::Delete(path) => drop(fs::remove_file(repo.at(path))),
            Self::Rename(from, to) => {
                fs::create_dir_all(repo.at(to).parent().expect("a folder")).expect("the folders");
                drop(fs::rename(repo.at(from), repo.at(to)));
            }
            Self::Commit => drop(repo.commit("edit")),
            // Refused where it would overwrite something; then nothing happens, which is fine.
            Self::Switch(branch) => drop(repo.try_git(["switch", "--quiet", branch])),
        }
    }
}

/// Everything that an outcome says.
fn told(outcome: &Result<Vec<BuildResult>, Failure>) -> String {
    match outcome {
        Ok(attempts) => json(&BuildReport::new(attempts)),
        Err(Failure::Faults(faults)) => format!("{faults:?}"),
        Err(Failure::Error(error)) => format!("{error}\n{:?}", error.cure()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_build_with_a_memory_is_the_build_without(edits in prop::collection::vec(edit(), 1..24)) {
        let repo = library();
        repo.git(["branch", "other"]);
        let request = Request { lints: true, ..Request::default() };
        let (memory, mut last) = (Memory::default(), LastBuilds::default());
        let mut earlier: Option<Worktree> = None;
        for (number, edit) in edits.iter().enumerate() {
            edit.make(&repo);
            let place = repo.place();
            let tree = earlier.as_ref().map_or_else(|| place.worktree(), |earlier| place.worktree_after(earlier));
            let tree = tree.expect("a working tree");
            let warm = rebuild(&tree, &request, &memory, &mut last);
            earlier = Some(tree);
            if number % 3 == 0 {
                memory.turn();
            }
            let cold = build_all(&place.worktree().expect("a working tree"), &request);
            prop_assert_eq!(told(&warm), told(&cold), "after edit {}: {:?}", number, edit);
        }
    }
}

#[test]
fn a_context_that_does_not_read_what_changed_is_not_built_again() {
    let (memory, mut last) = (Memory::default(), LastBuilds::default());
    let mut build = |text: &str| {
        let tree = MemoryTree::new()
            .file(&path("contexts/a.yaml"), "system: [{file: a.md}]")
            .file(&path("contexts/b.yaml"), "system: [{file: b.md}]")
            .file(&path("a.md"), text)
            .file(&path("b.md"), "B");
        let attempts = rebuild(&tree, &Request::default(), &memory, &mut last).expect("attempts");
        attempts.into_iter().map(|attempt| attempt.result.expect("a build")).collect::<Vec<_>>()
    };
    let (first, second, third) = (build("one"), build("two"), build("two"));
    assert!(!Arc::ptr_eq(&first[0], &second[0]) && Arc::ptr_eq(&first[1], &second[1]));
    assert!(Arc::ptr_eq(&second[0], &third[0]) && Arc::ptr_eq(&second[1], &third[1]));
}

/// The files of this very repository are old enough for their stamps to be trusted.
#[test]
fn a_file_that_stands_as_it_was_is_not_read_again() {
    use contexture::tree::Tree;
    let place = contexture::tree::Workspace::find(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a place");
    let read = |tree: &Worktree| tree.read(&path("Cargo.toml")).expect("the file");
    let earlier = place.worktree().expect("a working tree");
    let first = read(&earlier);
    let second = read(&place.worktree_after(&earlier).expect("a working tree"));
    assert!(Arc::ptr_eq(&first.bytes, &second.bytes));
    assert_eq!(first.id, second.id);
}
