//! `contexture init`: a project that works from its first minute.

use std::fs;

use snapbox::str;

use crate::support::Repo;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const WORKFLOW: &str = ".github/workflows/contexture.yml";

#[test]
fn a_project_is_written_into_the_folder() {
    Repo::new().run("init").is(str![[r#"
exit 0
--- stdout
Wrote a project into .:
  contexts/assistant.yaml
  contexts/assistant/answer.schema.json
  contexts/assistant/examples.jsonl
  contexts/assistant/find_item.json
  contexts/assistant/house-rules.md
  contexture.yaml
  templates/persona.hbs
--- stderr
Next: `git add -A && git commit -m Start`, then `contexture build`

"#]]);
}

#[test]
fn a_project_is_written_into_another_folder() {
    let repo = Repo::new();
    repo.run("init prompts/new").exits(0);
    assert!(repo.at("prompts/new/contexture.yaml").exists());
    repo.run("-C prompts/new check").exits(0);
}

#[test]
fn no_file_is_written_over_another() {
    let repo = Repo::new();
    repo.file("templates/persona.hbs", "mine\n");
    repo.run("init").is(str![[r#"
exit 2
--- stderr
error: . already has templates/persona.hbs
 |
 = help: init writes no file over another; move these away, or start in an empty folder

"#]]);
    assert_eq!(fs::read_to_string(repo.at("templates/persona.hbs")).unwrap(), "mine\n");
    assert!(!repo.at("contexture.yaml").exists());
}

#[test]
fn a_folder_that_holds_other_things_is_no_place_for_a_sample() {
    let repo = Repo::new();
    repo.file("README.md", "x\n").file("src/main.py", "x\n");
    repo.run("init").is(str![[r#"
exit 2
--- stderr
error: . is not empty: it has src
 |
 = help: `contexture init --from .` writes manifests for the prompts that are there; `contexture init DIR` starts a project in a folder of its own

"#]]);
    assert!(!repo.at("contexture.yaml").exists());
}

#[test]
fn the_output_is_ignored_once() {
    let repo = Repo::new();
    repo.file(".gitignore", "/target");
    repo.run("init").exits(0);
    assert_eq!(fs::read_to_string(repo.at(".gitignore")).unwrap(), "/target\n/dist/\n");
    let other = Repo::new();
    other.file(".gitignore", "dist/\n");
    other.run("init").exits(0);
    assert_eq!(fs::read_to_string(other.at(".gitignore")).unwrap(), "dist/\n");
}

#[test]
fn the_new_project_builds_without_a_remark_and_verifies() {
    let repo = Repo::new();
    repo.run("init").exits(0);
    repo.commit("start");
    let outcome = repo.run("build").exits(0);
    assert_eq!(outcome.stderr, "");
    repo.run("verify dist/assistant.bundle").exits(0);
    assert_eq!(repo.git(["status", "--porcelain"]), "");
}

#[test]
fn the_next_step_is_told_unless_quiet() {
    assert_ne!(Repo::new().run("init").exits(0).stderr, "");
    assert_eq!(Repo::new().run("init -q").exits(0).stderr, "");
}

/// Runs `init` with a workflow that has its program from `url`, and returns what it printed.
fn with_workflow(repo: &Repo, target: &str, url: &str) -> crate::support::Outcome {
    repo.contexture(["init", target, "--ci", "github", "--binary", &format!("{url}#sha256={DIGEST}")]).run()
}

#[test]
fn a_workflow_is_written_beside_a_new_project() {
    let repo = Repo::new();
    with_workflow(&repo, ".", "https://example.com/c.tar.gz").is(str![[r#"
exit 0
--- stdout
Wrote a project into .:
  .github/workflows/contexture.yml
  contexts/assistant.yaml
  contexts/assistant/answer.schema.json
  contexts/assistant/examples.jsonl
  contexts/assistant/find_item.json
  contexts/assistant/house-rules.md
  contexture.yaml
  templates/persona.hbs
--- stderr
Next: `git add -A && git commit -m Start`, then `contexture build`

"#]]);
    let text = fs::read_to_string(repo.at(WORKFLOW)).unwrap();
    assert!(text.contains("          URL: \"https://example.com/c.tar.gz\"\n"), "{text}");
    assert!(!text.contains("cargo") && !text.contains("working-directory"), "{text}");
}

#[test]
fn a_workflow_is_written_alone_where_there_is_a_project() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\n");
    with_workflow(&repo, ".", "https://example.com/c").is(str![[r#"
exit 0
--- stdout
Wrote .github/workflows/contexture.yml
--- stderr
Next: commit it, and open a pull request

"#]]);
    assert!(!repo.at("contexture.yaml").exists() && !repo.at(".gitignore").exists());
    with_workflow(&repo, ".", "https://example.com/c").is(str![[r#"
exit 2
--- stderr
error: . already has .github/workflows/contexture.yml
 |
 = help: init writes no file over another; move these away, or start in an empty folder

"#]]);
}

/// Nowhere else does GitHub look for it.
#[test]
fn a_workflow_stands_at_the_root_of_the_repository() {
    let repo = Repo::new();
    for (target, folder) in
        [("services/prompts", "services/prompts"), ("it's \"ours\": #1", "it's \"ours\": #1"), ("./gone/../new", "new")]
    {
        let printed = with_workflow(&repo, target, "https://example.com/c").exits(0).stdout;
        assert!(printed.contains("../.github/workflows/contexture.yml\n"), "{printed}");
        let text = fs::read_to_string(repo.at(WORKFLOW)).unwrap();
        let quoted = serde_json::Value::from(folder);
        assert!(text.contains(&format!("        working-directory: {quoted}\n")), "{text}");
        fs::remove_file(repo.at(WORKFLOW)).unwrap();
    }
    with_workflow(&repo, "a${{ github.token }}", "https://example.com/c").exits(2);
    assert!(!repo.at(WORKFLOW).exists() && !repo.at("a${{ github.token }}").exists());
}

#[test]
fn without_a_known_source_nothing_is_written() {
    let repo = Repo::new();
    repo.run("init --ci github").is(str![[r#"
exit 2
--- stderr
error: this contexture names no source to be built from in CI: `repository` in its Cargo.toml is missing
 |
 = help: say where CI finds it: --binary URL#sha256=DIGEST, a .tar.gz with the program in it or the program itself

"#]]);
    assert_eq!(fs::read_dir(repo.root()).unwrap().count(), 1, "only .git is there");
}

/// An address is an argument, whatever stands in it.
#[test]
fn an_address_that_could_be_more_than_one_is_refused() {
    let good = format!("#sha256={DIGEST}");
    for (url, digest) in [
        ("https://example.com/c", ""),
        ("https://example.com/c", "#sha256=0123"),
        ("https://example.com/c", "#sha512=0123"),
        ("https://example.com/c", &format!("{good}x")),
        ("https://", &good),
        ("https:///c", &good),
        ("file:///etc/passwd", &good),
        ("-o/etc/passwd", &good),
        ("ext::sh -c id", &good),
        ("https://example.com/${{ secrets.TOKEN }}", &good),
        ("https://example.com/c\n  run: id", &good),
        ("https://example.com/\"c\"", &good),
        ("https://example.com/a b", &good),
        ("https://example.com/é", &good),
        ("https://example.com/c.zip", &good),
        ("https://example.com/c.deb", &good),
    ] {
        let repo = Repo::new();
        let outcome = repo.contexture(["init", "--ci", "github", &format!("--binary={url}{digest}")]).run().exits(2);
        assert!(outcome.stderr.contains("--binary"), "{outcome}");
        assert!(!repo.at(".github").exists() && !repo.at("contexture.yaml").exists(), "{url}{digest}");
    }
    // In a script these would be three commands; here they are characters of an address.
    let repo = Repo::new();
    with_workflow(&repo, ".", "https://example.com/$(id);`id`&'id'".replace('`', "").as_str()).exits(0);
    let text = fs::read_to_string(repo.at(WORKFLOW)).unwrap();
    assert!(text.contains("          URL: \"https://example.com/$(id);id&'id'\"\n"), "{text}");
    repo.contexture(["init", "--binary", &format!("https://example.com/c#sha256={DIGEST}")]).run().exits(2);
}
