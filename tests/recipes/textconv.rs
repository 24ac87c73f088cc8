//! What docs/ci.md tells git about bundles.

use std::fs;

use super::at;
use crate::support::Repo;

#[test]
fn a_bundle_in_git_is_compared_segment_by_segment() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: é.md}, {text: Last.}]\n").file("é.md", "Be kind.\n");
    fs::create_dir_all(repo.at("tools")).unwrap();
    fs::copy(at("docs/recipes/bundle_text.py"), repo.at("tools/bundle_text.py")).unwrap();
    repo.file(".gitattributes", "**/*.bundle/bundle.json diff=contexture\n");
    repo.git(["config", "diff.contexture.textconv", "python3 tools/bundle_text.py"]);
    repo.run("build --output bundles").exits(0);
    repo.commit("base");
    repo.file("é.md", "Be brief and kind.\n");
    repo.run("build --output bundles").exits(0);
    let shown = repo.git(["diff", "--unified=0", "--", "bundles/a.bundle/bundle.json"]);
    let segments: Vec<&str> =
        shown.lines().filter(|line| line.starts_with(['+', '-']) && line.contains("system/")).collect();
    assert_eq!(segments.len(), 2, "{shown}");
    assert!(segments.iter().all(|line| line.contains("system/1") && line.contains("\\xe9.md:1-1")), "{shown}");
    // What is no bundle is compared as it is.
    repo.file("bundles/a.bundle/bundle.json", "{\"conflict\": 1}\n");
    let shown = repo.git(["diff", "--unified=0", "--", "bundles/a.bundle/bundle.json"]);
    assert!(shown.contains("+{\"conflict\": 1}"), "{shown}");
}
