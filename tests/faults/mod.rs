//! Bad inputs, one a test: what is said about each, to the byte, and that nothing is written.

mod blocks;
mod chance;
mod examples;
mod extends;
mod fragments;
mod manifest;
mod many;
mod paths;
mod project;
mod reported;
mod templates;
mod tools;
mod yaml;

use crate::support::{Outcome, Repo};

/// A project without a repository, with whatever files the case needs.
fn project(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::none();
    for (path, text) in files {
        repo.file(path, text);
    }
    repo
}

/// Builds a project that cannot be built: exit code 2, and nothing on the disk that was not there.
#[track_caller]
fn refused(repo: &Repo) -> Outcome {
    let outcome = repo.run("build").exits(2);
    assert!(!repo.at("dist").exists(), "something was written");
    outcome
}

/// Builds the one manifest `contexts/a.yaml`, which is wrong.
#[track_caller]
fn manifest(text: &str) -> Outcome {
    refused(&project(&[("contexts/a.yaml", text)]))
}
