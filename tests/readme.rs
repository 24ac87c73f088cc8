//! The README's tour, taken by the real program in a repository made for it.
#![cfg(unix)]

mod pages;

use std::path::Path;

#[test]
fn the_tour_shows_what_happens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = std::fs::read_to_string(&path).expect("README.md");
    pages::hold(&path, &pages::replay("README.md", &page), "UPDATE_README", "readme");
}

#[test]
fn what_it_says_to_install_with_is_there() {
    let page = include_str!("../README.md");
    let manifest = include_str!("../Cargo.toml");
    let version = |text: &str, before: &str| {
        text.split_once(before).map(|(_, rest)| rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect())
    };
    let commands: String =
        pages::fences(page).into_iter().filter(|fence| fence.info == "sh").map(|fence| fence.text).collect();
    assert!(commands.contains("cargo install --locked --path .\n"), "{commands}");
    assert!(commands.contains("tests/run.sh\n") && Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run.sh").exists());
    let rust: Option<String> = version(manifest, "rust-version = \"");
    assert_eq!(version(page, "with Rust "), rust, "the README names another Rust than Cargo.toml");
    assert!(manifest.contains("license = \"MIT OR Apache-2.0\""));
}
