//! The pages of docs/, the schemas and the links: generated, run or checked, never believed.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` mends everything that is generated.
#![cfg(unix)]

mod commands;
mod links;
mod lints;
#[path = "../pages/mod.rs"]
mod pages;
mod reference;
mod samples;
mod schemas;

use std::path::{Path, PathBuf};

/// What mends a generated file.
const UPDATE: &str = "UPDATE_DOCS";

/// A path in this repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of this repository below `folder` that end in `ending`, sorted; build output left out.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![at(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            match () {
                () if matches!(&*name, "target" | "dist" | ".git") => {}
                () if entry.is_dir() => open.push(entry),
                () if name.ends_with(ending) => found.push(entry),
                () => {}
            }
        }
    }
    found.sort();
    found
}

/// A file's text.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A page with what stands between its markers replaced: `<!-- generated: NAME -->` up to
/// `<!-- end -->`.
fn with_generated(page: &str, name: &str, generated: &str) -> String {
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no `{}`", begin.trim()));
    let (_, after) = rest.split_once("<!-- end -->").expect("the generated part has no `<!-- end -->`");
    format!("{before}{begin}\n{}\n\n<!-- end -->{after}", generated.trim())
}
