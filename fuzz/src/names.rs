//! What people and repositories name: paths, revisions, contexts and their lock.

use contexture::compare::range::Range;
use contexture::output::report::snippet;
use contexture::pipeline::lock::Lock;
use contexture::syntax::diag::Faults;
use contexture::syntax::source::{ProjectPath, Source};
use contexture::text::project::ContextId;

/// A path is refused, or stays in the project and is written one way only.
pub fn path(bytes: &[u8]) {
    let written = String::from_utf8_lossy(bytes);
    let beside = ProjectPath::new("contexts/deep/a.yaml").expect("a path of ours");
    for path in [ProjectPath::new(&written), ProjectPath::parse(&written, &beside)].into_iter().flatten() {
        assert_eq!(ProjectPath::new(path.as_str()).as_ref(), Ok(&path));
        let parts: Vec<&str> = path.as_str().split('/').collect();
        assert!(!path.as_str().starts_with(['/', '~']) && !path.as_str().contains(['\\', '\0']));
        assert!(!parts.iter().any(|part| part.eq_ignore_ascii_case(".git") || *part == ".." || *part == "."));
        assert!(path.as_str().is_empty() || !parts.contains(&""));
    }
    let id = ContextId::parse(&written);
    assert_eq!(ContextId::parse(&id.to_string()), id);
}

/// A range is read as git reads it: the dots and nothing else divide it.
pub fn revision(bytes: &[u8]) {
    let written = String::from_utf8_lossy(bytes);
    let given = |end: &str| if end.is_empty() { "HEAD".to_owned() } else { end.to_owned() };
    let expected = match (written.find("..."), written.find("..")) {
        (Some(three), Some(two)) if three == two => {
            Range::FromMergeBase(given(&written[..three]), given(&written[three + 3..]))
        }
        (_, Some(two)) => Range::Between(given(&written[..two]), given(&written[two + 2..])),
        _ => Range::Since(written.to_string()),
    };
    assert_eq!(Range::parse(Some(&written)), expected);
}

/// A lock that is read without a fault and written again is the same lock.
pub fn lock(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut faults = Faults::new();
    let source = Source::new(ProjectPath::new("contexture.lock").expect("a path of ours"), text);
    let lock = Lock::read(&source, &mut faults);
    for fault in faults.into_vec() {
        snippet::draw(&fault);
    }
    let written = Source::new(source.path().clone(), lock.to_string());
    let mut faults = Faults::new();
    let again = Lock::read(&written, &mut faults);
    assert!(!faults.has_errors());
    assert!(lock.changes(&again).is_empty());
}
