//! A reader of a bundle sees the old one or the new one, whole, whatever becomes of its writer.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use contexture::output::bundle::verify::{Expectation, Finding, verify};
use contexture::tree::Workspace;

use crate::support::Repo;

/// Two commits of one project, each with bundles large enough that writing them takes a while.
fn two_versions() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/a.yaml",
        "models: [claude-sonnet-5-5, gpt-6.1-sol]\nsystem: [{file: a.md}]\noutput: {max_tokens: 10}\n",
    );
    for version in ["one", "two"] {
        repo.file("a.md", format!("Version {version}.\n{}", "Some line of text.\n".repeat(4000)));
        repo.commit(version);
        repo.git(["tag", version]);
    }
    repo
}

/// The commit that the bundle follows from; a panic when it follows from none.
fn version(place: &Workspace, folder: &Path) -> String {
    match verify(place, folder, &Expectation::default()) {
        Ok(Finding::Follows { commit, .. }) => commit,
        other => panic!("not a whole bundle: {other:?}"),
    }
}

fn start(repo: &Repo, words: &str) -> Child {
    repo.contexture(words.split_whitespace()).command().spawn().unwrap()
}

#[test]
fn a_reader_never_sees_half_of_a_bundle() {
    let repo = two_versions();
    let folder = repo.at("dist/a.bundle");
    repo.run("build --rev one").exits(0);
    let mut writer = start(&repo, "build --rev two");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut looks = 0;
    loop {
        // The folder is opened once, as a careful reader does, and its members are read from there.
        let record = fs::read(folder.join("bundle.json")).expect("the bundle is there at every moment");
        serde_json::from_slice::<serde_json::Value>(&record).expect("its record is whole");
        looks += 1;
        if writer.try_wait().unwrap().is_some() || Instant::now() > deadline {
            break;
        }
    }
    assert!(looks > 1 && writer.wait().unwrap().success());
}

#[test]
fn builds_side_by_side_into_one_folder_all_succeed() {
    let repo = two_versions();
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    for _ in 0..3 {
        let children: Vec<Child> =
            (0..6).map(|n| start(&repo, if n % 2 == 0 { "build --rev one" } else { "build --rev two" })).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        version(&place, &folder);
        let left: Vec<_> = fs::read_dir(repo.at("dist")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a.bundle"], "something is left over");
    }
}

/// A repository may hold links, and they may lead anywhere.
#[test]
fn no_link_leads_a_bundle_out_of_the_output_folder() {
    let repo = Repo::new();
    repo.file("contexts/deep/a.yaml", "system: [{text: Hi}]\n");
    fs::create_dir(repo.outside("elsewhere")).unwrap();
    let nothing_is_written = || {
        let refused = repo.run("build").exits(2);
        assert!(refused.stderr.contains("is a link") && refused.stderr.contains("--output"), "{refused}");
        assert_eq!(fs::read_dir(repo.outside("elsewhere")).unwrap().count(), 0);
    };
    repo.link("dist", "../elsewhere");
    nothing_is_written();
    // Whoever names the folder means it.
    repo.run("build -o dist").exits(0);
    fs::remove_dir_all(repo.outside("elsewhere/deep")).unwrap();
    fs::remove_file(repo.at("dist")).unwrap();
    repo.link("dist/deep", "../../elsewhere");
    nothing_is_written();
    fs::remove_file(repo.at("dist/deep")).unwrap();
    repo.link("dist/deep/a.bundle", "../../../elsewhere");
    nothing_is_written();
    repo.link("contexture.lock", "../elsewhere/lock");
    repo.run("lock").exits(2);
    assert_eq!(fs::read_dir(repo.outside("elsewhere")).unwrap().count(), 0);
}

/// What stands there is looked at before it is replaced, and may be a link to what never ends.
#[test]
fn what_is_replaced_is_not_read_through_a_link_or_a_pipe() {
    let repo = two_versions();
    let pipe = |path: &str| assert!(repo.clean("mkfifo").arg(repo.at(path)).status().unwrap().success());
    let run = |words: &str| {
        let limits = format!("ulimit -t 20; ulimit -v 4000000; exec {} {words}", env!("CARGO_BIN_EXE_contexture"));
        repo.clean("timeout").args(["20", "sh", "-c", &limits]).status().unwrap().code()
    };
    repo.link("dist/a.bundle/bundle.json", "/dev/zero");
    assert_eq!(run("build"), Some(0));
    assert!(!repo.at("dist/a.bundle/bundle.json").is_symlink());
    fs::remove_file(repo.at("dist/a.bundle/bundle.json")).unwrap();
    pipe("dist/a.bundle/bundle.json");
    assert_eq!(run("build"), Some(0));
    repo.link("contexture.lock", "/dev/zero");
    assert_eq!(run("lock"), Some(2));
    fs::remove_file(repo.at("contexture.lock")).unwrap();
    pipe("contexture.lock");
    assert_eq!(run("lock"), Some(2));
    repo.link("zero.md", "/dev/zero");
    assert_eq!(run("count zero.md"), Some(2));
    repo.link("new/.gitignore", "/dev/zero");
    assert_eq!(run("init new"), Some(2));
}

#[test]
fn an_output_that_cannot_be_written_leaves_the_old_bundle() {
    let repo = two_versions();
    repo.run("build --rev one -o dist").exits(0);
    let old = fs::read(repo.at("dist/a.bundle/bundle.json")).unwrap();
    // The name of a temporary folder is refused by a file system that is full in effect: no entry can be made.
    let output = repo
        .clean("sh")
        .args(["-c", &format!("ulimit -f 8 && exec {} build --rev two", env!("CARGO_BIN_EXE_contexture"))])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(fs::read(repo.at("dist/a.bundle/bundle.json")).unwrap(), old);
}
