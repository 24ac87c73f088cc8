//! The law of kept answers: with the store and without, one answer, whatever happened in between. And what
//! they are for: a tree that is as it was is not read.

use contexture::output::answer::{Answer, Wish, answers, keep};
use contexture::output::report::build::{BuildReport, diagnostics, fails, findings, text};
use contexture::output::report::snippet;
use contexture::pipeline::{Memory, Request};
use contexture::syntax::diag::Severity;
use contexture::syntax::error::{Error, Failure};
use contexture::syntax::source::ProjectPath;
use contexture::tree::store::Store;
use contexture::tree::{Blob, CommitTree, Identity, ReadError, Tree, TreeName};
use proptest::prelude::*;

use crate::support::Repo;
use crate::watch::laws::edit;
use crate::watch::library;

/// Asks with this store, and keeps what is new in it.
fn ask(tree: &dyn Tree, request: &Request, store: &Store) -> Result<Vec<Answer>, Failure> {
    let wish = Wish { record: true, shown: Severity::Note, will_do: &|_| true };
    let found = answers(tree, request, &Memory::default(), store, &wish);
    keep(found.as_deref().unwrap_or_default(), store);
    store.save();
    found
}

/// Everything that a command would say.
fn told(found: &Result<Vec<Answer>, Failure>) -> String {
    let drawn = |faults: &[_]| faults.iter().map(snippet::draw).collect::<String>();
    match found {
        Ok(answers) => {
            let warnings = diagnostics(answers);
            let failing = answers.iter().filter_map(Answer::summary).filter(|summary| fails(summary)).count();
            let report = BuildReport::new(answers).json() + &text(answers, false) + &drawn(&warnings);
            format!("{report}{}{failing}", drawn(&findings(warnings, answers)))
        }
        Err(Failure::Faults(faults)) => drawn(faults),
        Err(Failure::Error(error)) => format!("{error}\n{:?}", error.cure()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_answer_is_the_answer(edits in prop::collection::vec(edit(), 1..16)) {
        let repo = library();
        repo.git(["branch", "other"]);
        let folder = repo.outside("store");
        for (number, edit) in edits.iter().enumerate() {
            edit.make(&repo);
            for (lints, named) in [(number % 2 == 0, false), (true, number % 4 == 0)] {
                let contexts = if named { vec!["all".to_owned()] } else { Vec::new() };
                let request = Request { lints, contexts, ..Request::default() };
                let place = repo.place();
                let tree: Box<dyn Tree> = match number % 5 {
                    3 => Box::new(place.index().expect("an index")),
                    4 => Box::new(place.commit("HEAD").expect("a commit")),
                    _ => Box::new(place.worktree().expect("a working tree")),
                };
                let without = told(&ask(tree.as_ref(), &request, &Store::none()));
                for round in ["kept or not", "kept"] {
                    let with = told(&ask(tree.as_ref(), &request, &Store::at(&folder)));
                    prop_assert_eq!(&with, &without, "{} after edit {}: {:?}", round, number, edit);
                }
            }
        }
    }
}

/// A commit of which only the project's own files may be read.
struct Unread<'a>(&'a CommitTree);

impl Tree for Unread<'_> {
    fn read(&self, path: &ProjectPath) -> Result<Blob, ReadError> {
        assert!(matches!(path.as_str(), "contexture.yaml" | "prices.yaml"), "{path} is read");
        self.0.read(path)
    }

    fn identity(&self, path: &ProjectPath) -> Result<Option<Identity>, ReadError> {
        self.0.identity(path)
    }

    fn list(&self, folder: &ProjectPath) -> Result<Vec<ProjectPath>, Error> {
        self.0.list(folder)
    }

    fn name(&self) -> TreeName {
        self.0.name()
    }

    fn base(&self) -> Option<&dyn Tree> {
        self.0.base()
    }
}

#[test]
fn what_stands_as_it_was_is_not_read() {
    let repo = library();
    repo.file("contexts/each.yaml", "each: docs/*.md\nsystem: [{file: \"{{each}}\"}]\nmodels: [gpt-6.1-sol]\n");
    repo.file("contexts/each.yaml", "each: docs/*.md\nsystem: [{text: One}]\nvariants: {v: {system: [{text: V}]}}\n");
    repo.file("contexts/base.yaml", "abstract: true\nsystem: [{text: Below}]\n").commit("more");
    let store = repo.outside("store");
    let place = repo.place();
    let commit = place.commit("HEAD").unwrap();
    let first = ask(&commit, &Request::default(), &Store::at(&store)).unwrap();
    assert_eq!((first.len(), first.iter().filter(|answer| answer.build.is_some()).count()), (12, 12));
    let again = ask(&Unread(&commit), &Request::default(), &Store::at(&store)).unwrap();
    assert!(again.iter().all(|answer| answer.build.is_none()));
    assert_eq!(told(&Ok(again)), told(&Ok(first)));

    // A commit that touches one file: what does not hang on it is neither read nor built, though it now
    // stands on another commit.
    repo.file("docs/a.md", "# a\n\nAnother text.\n").commit("edit");
    let edited = place.commit("HEAD").unwrap();
    let built = |answers: Vec<Answer>| -> Vec<String> {
        answers.into_iter().filter(|answer| answer.build.is_some()).map(|answer| answer.id.to_string()).collect()
    };
    let after = ask(&edited, &Request::default(), &Store::at(&store)).unwrap();
    assert_eq!(told(&Ok(after)), told(&ask(&edited, &Request::default(), &Store::none())));
    repo.file("docs/a.md", "# a\n\nA third text.\n").commit("edit");
    let third = place.commit("HEAD").unwrap();
    assert_eq!(built(ask(&third, &Request::default(), &Store::at(&store)).unwrap()), ["all", "one"]);
    // And back again: nothing is new.
    assert_eq!(built(ask(&Unread(&commit), &Request::default(), &Store::at(&store)).unwrap()), [""; 0]);
}

#[test]
fn projects_that_share_a_store_do_not_mistake_each_other() {
    let (one, other) = (library(), Repo::new());
    other
        .file("contexts/one.yaml", "system:\n  - file: docs/a.md\n")
        .file("docs/a.md", "Something else.\n")
        .commit("base");
    let store = one.outside("store");
    for repo in [&one, &other, &one, &other] {
        let tree = repo.place().worktree().unwrap();
        let (with, without) = (Store::at(&store), Store::none());
        let asked = |store| told(&ask(&tree, &Request::default(), store));
        assert_eq!(asked(&with), asked(&without));
    }
}
