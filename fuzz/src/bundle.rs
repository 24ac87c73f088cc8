//! A bundle whose record is anything but what was built is refused, and never believed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use contexture::output::bundle;
use contexture::output::bundle::verify::{Expectation, Finding, verify};
use contexture::pipeline::{Request, build_all};
use contexture::tree::Workspace;
use contexture::tree::write::System;
use tempfile::TempDir;

/// A repository with one commit, and the bundle that follows from it.
struct Built {
    folder: TempDir,
    bundle: PathBuf,
    record: Vec<u8>,
}

static BUILT: LazyLock<Built> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let git = |arguments: &[&str]| {
        let run = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("git runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    git(&["init", "--quiet"]);
    fs::create_dir(folder.path().join("contexts")).expect("a folder");
    let manifest = "models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\nmessages: [{user: x}]\noutput: {max_tokens: 9}\n";
    fs::write(folder.path().join("contexts/a.yaml"), manifest).expect("a manifest");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "a"]);
    let tree = Workspace::find(folder.path()).and_then(|place| place.commit("HEAD")).expect("a commit");
    let attempt = build_all(&tree, &Request::default()).expect("a project").pop().expect("a context");
    let built = attempt.result.expect("a build");
    let (bundle, ..) = bundle::write(&System, &built, &folder.path().join("dist")).expect("a bundle on disk");
    let record = fs::read(bundle.join("bundle.json")).expect("a record");
    Built { folder, bundle, record }
});

/// The bytes in place of `bundle.json`; or, after a first byte of 0, exclusive-ored over it.
pub fn bundle(bytes: &[u8]) {
    let built = &*BUILT;
    let record = match bytes.split_first() {
        Some((0, changes)) => {
            let changes = changes.iter().copied().chain(std::iter::repeat(0));
            built.record.iter().zip(changes).map(|(byte, change)| byte ^ change).collect()
        }
        _ => bytes.to_vec(),
    };
    fs::write(built.bundle.join("bundle.json"), &record).expect("a record");
    let place = Workspace::find(built.folder.path()).expect("a repository");
    let follows = matches!(verify(&place, &built.bundle, &Expectation::default()), Ok(Finding::Follows { .. }));
    assert_eq!(follows, record == built.record);
}
