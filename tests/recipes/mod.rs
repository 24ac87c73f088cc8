//! What users copy into their CI, and the action: every file is what its platform reads, and every
//! script in it is run as that platform would.

mod action;
mod comment;
mod formats;
mod gitlab;
mod hooks;
mod lint;
mod textconv;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contexture::syntax::diag::Faults;
use contexture::syntax::source::{ProjectPath, Source};
use contexture::syntax::yaml;
use serde_json::Value;

use crate::support::Repo;

/// A path in this repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A YAML file of this repository.
fn yaml_of(path: &str) -> Value {
    let text = std::fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut faults = Faults::new();
    let node = yaml::parse(&Source::new(ProjectPath::new(path).unwrap(), text), &mut faults);
    let faults = faults.into_vec();
    assert!(faults.is_empty(), "{path}: {faults:?}");
    node.expect("a document").to_json()
}

/// The Python that the tests take as their witness.
fn python() -> OsString {
    std::env::var_os("CONTEXTURE_TEST_PYTHON").expect(
        "CONTEXTURE_TEST_PYTHON must name a Python that has tests/requirements.txt installed; tests/setup.sh makes one",
    )
}

/// `PATH` with the folder of the program in front.
fn path_with_program() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_contexture")).parent().expect("its folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).expect("a PATH")
}

/// Bash on a script of a workflow, as GitHub's runner starts it for `shell: bash`.
fn bash(repo: &Repo, script: &str) -> Command {
    let file = repo.outside("script.sh");
    std::fs::write(&file, script).expect("the script");
    let mut command = repo.clean("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(file).env("PATH", path_with_program());
    command
}

/// Everything that a run showed, for a message.
fn shown(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- stdout\n{out}\n--- stderr\n{err}", output.status)
}

/// A repository whose branch `work` makes a prompt longer than `main` has it, and breaks a budget.
fn changed() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/a.yaml",
        "models: [gpt-6.1-sol]\nsystem: [{file: rules.md}]\nbudgets: {prefix_tokens: 8, growth: 5%}\n",
    );
    repo.file("rules.md", "Be kind.\n").commit("base");
    repo.git(["checkout", "--quiet", "-b", "work"]);
    repo.file("rules.md", "Be kind.\nBe brief, and say @everyone what you do not know.\n").commit("longer");
    // What a checkout of a pull request knows of the branch that it goes to.
    repo.git(["update-ref", "refs/remotes/origin/main", "main"]);
    repo
}
