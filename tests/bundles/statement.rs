//! `build --provenance`: what a bundle was made from, as others read it, and as others sign it.

use std::fs;
use std::path::Path;
use std::process::Output;

use snapbox::str;

use crate::support::Repo;

/// A committed context whose bundle and statement stand in `dist`.
fn stated() -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\nvariants: {terse: {system: [{text: Hi}]}}\n");
    repo.file("a.md", "A text.\n").file(".gitignore", "dist\n").commit("base");
    repo.run("build --provenance").exits(0);
    repo
}

#[test]
fn a_statement_names_the_files_and_what_they_follow_from() {
    let repo = stated();
    let text = fs::read_to_string(repo.at("dist/a@terse.bundle.intoto.json")).unwrap();
    snapbox::assert_data_eq!(
        &text,
        str![[r#"
{
  "_type": "https://in-toto.io/Statement/v1",
  "subject": [
    {
      "name": "bundle.json",
      "digest": {
        "sha256": "[..]"
      }
    },
    {
      "name": "prompt.md",
      "digest": {
        "sha256": "bad3615d6177e187a8340b4d610d221bb0d6b4209b48ffc3fdfec93a60255650"
      }
    }
  ],
  "predicateType": "https://slsa.dev/provenance/v1",
  "predicate": {
    "buildDefinition": {
      "buildType": "urn:contexture:bundle:1",
      "externalParameters": {
        "context": "a",
        "variant": "terse",
        "date": "2026-11-21"
      },
      "internalParameters": {
        "cards": "[..]"
      },
      "resolvedDependencies": [
        {
          "name": "commit",
          "digest": {
            "gitCommit": "[..]"
          }
        }
      ]
    },
    "runDetails": {
      "builder": {
        "id": "urn:contexture:builder"
      }
    }
  }
}

"#]]
    );
    let commit = repo.git(["rev-parse", "HEAD"]);
    assert!(text.contains(commit.trim()));
    let verified = repo.run("verify dist/a@terse.bundle").exits(0);
    assert_eq!(verified.stdout, format!("a@terse and its statement follow from {commit}"));
}

#[test]
fn a_statement_is_the_same_from_every_tree_and_clone() {
    let repo = stated();
    let expected = fs::read(repo.at("dist/a.bundle.intoto.json")).unwrap();
    for words in ["build --provenance --rev HEAD", "build --provenance --staged --jobs 1", "build --provenance a"] {
        fs::remove_file(repo.at("dist/a.bundle.intoto.json")).unwrap();
        repo.contexture(words.split(' ')).env("TZ", "Pacific/Kiritimati").env("LC_ALL", "tr_TR.UTF-8").run().exits(0);
        assert_eq!(fs::read(repo.at("dist/a.bundle.intoto.json")).unwrap(), expected, "{words}");
    }
    let clone = Repo::clone_of(&repo, &["--depth=1"]);
    clone.run("build --provenance").exits(0);
    assert_eq!(fs::read(clone.at("dist/a.bundle.intoto.json")).unwrap(), expected);
}

#[test]
fn nothing_is_stated_of_text_that_no_commit_holds() {
    let repo = stated();
    repo.file("a.md", "Another text.\n");
    repo.run("build --provenance a").is(str![[r#"
exit 2
--- stderr
error: a is built from text that no commit holds, so nothing can be said of its origin
 |
 = help: commit first, or build a revision with --rev

"#]]);
}

#[test]
fn a_statement_is_what_its_bundle_gives_or_refused() {
    let repo = stated();
    let path = repo.at("dist/a.bundle.intoto.json");
    let text = fs::read(&path).unwrap();
    let verified = || repo.run("verify dist/a.bundle");
    for at in (0..text.len()).step_by(7) {
        let mut changed = text.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, changed).unwrap();
        let outcome = verified().exits(1);
        assert!(outcome.stdout.starts_with("a.bundle.intoto.json differs from byte"), "{outcome}");
    }
    fs::write(&path, b"").unwrap();
    verified().exits(1);
    fs::write(&path, fs::read(repo.at("dist/a@terse.bundle.intoto.json")).unwrap()).unwrap();
    verified().exits(1);
    fs::remove_file(&path).unwrap();
    repo.link("dist/a.bundle.intoto.json", "a@terse.bundle.intoto.json");
    verified().exits(2);
    fs::remove_file(&path).unwrap();
    assert!(verified().exits(0).stdout.starts_with("a follows"));
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The protocol's own library reads it without a field that it does not know, and hashlib finds the
/// files that it names.
#[test]
fn a_statement_is_in_toto_and_slsa_by_their_own_library() {
    let repo = stated();
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/check_statement.py");
    let check = || repo.clean(&python).arg(&script).arg(repo.at("dist/a.bundle")).output().unwrap();
    let right = check();
    assert!(right.status.success(), "{}", told(&right));
    repo.file("dist/a.bundle/prompt.md", "Another text.\n");
    assert!(!check().status.success(), "the judge can fail");
}

/// The commands of docs/provenance.md that need no service: signed with a key, checked with its other half.
#[test]
fn the_recipe_for_ssh_signs_and_verifies() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/provenance.md")).unwrap();
    let (_, recipe) = page.split_once("## With an SSH key\n").expect("a section");
    let (_, recipe) = recipe.split_once("```sh\n").expect("commands");
    let (recipe, _) = recipe.split_once("```").expect("their end");
    let repo = stated();
    fs::create_dir_all(repo.outside(".ssh")).unwrap();
    let key = repo.outside(".ssh/id_ed25519");
    let made = repo.clean("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).output().unwrap();
    assert!(made.status.success(), "{}", told(&made));
    let program = Path::new(env!("CARGO_BIN_EXE_contexture")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let script = format!("set -eu\n{}", recipe.replace("support/triage", "a").replace("~/", "$HOME/"));
    let signed = repo.clean("sh").args(["-c", &script]).env("PATH", &path).output().unwrap();
    assert!(signed.status.success(), "{}\n{script}", told(&signed));
    assert!(told(&signed).contains("Good \"contexture\" signature"), "{}", told(&signed));

    // A statement that was changed after it was signed.
    let check: String =
        script.lines().filter(|line| !line.contains("-Y sign")).map(|line| format!("{line}\n")).collect();
    let check = check.replace("contexture build --provenance a\n", "");
    let statement = repo.at("dist/a.bundle.intoto.json");
    fs::write(&statement, fs::read_to_string(&statement).unwrap().replace("2026", "2025")).unwrap();
    let refused = repo.clean("sh").args(["-c", &check]).env("PATH", &path).output().unwrap();
    assert!(!refused.status.success(), "{}", told(&refused));
}
