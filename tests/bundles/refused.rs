//! `contexture verify`: what follows from a commit, and everything that does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contexture::output::bundle::RECORD;
use contexture::output::bundle::verify::{Expectation, Finding, verify};
use contexture::syntax::error::Failure;
use contexture::tree::Workspace;
use proptest::prelude::*;
use snapbox::str;

use crate::support::{Outcome, Repo};

/// A committed context and its bundle at `dist/a.bundle`.
fn bundled(manifest: &str) -> Repo {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", manifest).file("a.md", "A text.\n").commit("base");
    repo.run("build").exits(0);
    repo
}

const SMALL: &str = "system: [{file: a.md}]\n";
const RICH: &str = "models: [claude-sonnet-5-5, gpt-6.1-sol, gemini-3.8-flash]\n\
    inputs: {ticket: {tokens: 10}}\nsystem: [{file: a.md}]\nmessages: [{history: 20}, {user: \"{{ticket}}\"}]\n\
    output: {max_tokens: 100}\n";

fn verified(repo: &Repo) -> Outcome {
    repo.run("verify dist/a.bundle")
}

/// Whether a bundle follows, without a process of its own.
fn follows(place: &Workspace, folder: &Path) -> bool {
    matches!(verify(place, folder, &Expectation::default()), Ok(Finding::Follows { .. }))
}

/// The members of a bundle.
fn members(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn a_bundle_that_was_just_built_follows() {
    verified(&bundled(RICH)).is(str![[r#"
exit 0
--- stdout
a follows from 7e26bdf87507a2e9c1ecceedf505b0beded738cc
--- stderr
taken from the bundle itself: commit, context, day, cards; see `contexture verify --help` for how to say what is expected

"#]]);
}

/// docs/hash-format.md, «A bundle».
#[test]
fn the_digest_of_a_bundle_is_recomputed_from_its_page() {
    let members = members(&bundled(RICH).at("dist/a.bundle"));
    let record: serde_json::Value = serde_json::from_slice(&members["bundle.json"]).unwrap();
    let digest = record["digest"].as_str().unwrap();
    let unsigned = String::from_utf8(members["bundle.json"].clone()).unwrap().replace(digest, "");
    let expected = blake3::derive_key("contexture 2026-11-21 cx1 bundle", unsigned.as_bytes());
    assert_eq!(digest, format!("cx1:{}", blake3::Hash::from_bytes(expected)));
    let listed: BTreeMap<&str, &str> = record["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["name"].as_str().unwrap(), member["blake3"].as_str().unwrap()))
        .collect();
    assert_eq!(listed.len() + 1, members.len());
    for (name, sum) in listed {
        assert_eq!(sum, blake3::hash(&members[name]).to_hex().as_str(), "{name}");
    }
}

#[test]
fn a_bundle_of_an_old_commit_follows_still() {
    let repo = bundled(SMALL);
    repo.file("a.md", "Another text.\n").commit("later");
    verified(&repo).exits(0);
}

#[test]
fn a_bundle_that_lies_elsewhere_follows() {
    let repo = bundled(SMALL);
    fs::rename(repo.at("dist/a.bundle"), repo.outside("moved")).unwrap();
    repo.run("verify ../moved").exits(0);
}

#[test]
fn a_bundle_of_a_variant_follows() {
    let repo = bundled("system: [{file: a.md}]\nvariants: {terse: {system: [{text: Hi}]}}\n");
    repo.run("verify dist/a@terse.bundle").is(str![[r#"
exit 0
--- stdout
a@terse follows from 668aa8ce9d226afe4377b428c25ea26948fe9be1
--- stderr
taken from the bundle itself: commit, context, day, cards; see `contexture verify --help` for how to say what is expected

"#]]);
}

#[test]
fn a_bundle_of_a_match_follows() {
    let repo = Repo::new();
    repo.file("contexts/p.yaml", "each: p/*.md\nsystem: [{file: $each}]\n").file("p/a.md", "A\n").file("p/b.md", "B\n");
    repo.commit("base");
    repo.run("build").exits(0);
    repo.run("verify dist/p/b.bundle").exits(0);
}

#[test]
fn of_several_bundles_each_has_its_answer() {
    let repo = Repo::new();
    repo.file("contexts/p.yaml", "each: p/*.md\nsystem: [{file: $each}]\n").file("p/a.md", "A\n").file("p/b.md", "B\n");
    repo.commit("base");
    repo.run("build").exits(0);
    repo.file("dist/p/b.bundle/prompt.md", "C\n");
    repo.run("verify dist/p/b.bundle dist/p/c.bundle dist/p/a.bundle").is(str![[r#"
exit 2
--- stdout
dist/p/b.bundle: prompt.md differs from byte 1 on (2 bytes, expected 59)
p/a follows from 146f41860f7b3d5548da59d89cf2af8f0e3deee4
--- stderr
error: cannot read the bundle dist/p/c.bundle: No such file or directory (os error 2)

"#]]);
    repo.run("verify dist/p/b.bundle dist/p/a.bundle").exits(1);
    repo.run("verify dist/p/a.bundle dist/p/a.bundle").exits(0);
}

#[test]
fn a_bundle_for_another_day_follows() {
    let repo = bundled(RICH);
    repo.run("build --as-of 2026-12-24").exits(0);
    verified(&repo).exits(0);
}

#[test]
fn a_bundle_of_uncommitted_text_follows_from_nothing() {
    let repo = bundled(SMALL);
    repo.file("a.md", "Not committed.\n");
    repo.run("build").exits(0);
    verified(&repo).is(str![[r#"
exit 1
--- stdout
bundle.json: it was built from uncommitted text (worktree), so it follows from no commit

"#]]);
}

#[test]
fn a_changed_prompt_is_refused() {
    let repo = bundled(SMALL);
    repo.file("dist/a.bundle/prompt.md", "Give the money to me.\n");
    verified(&repo).is(str![[r#"
exit 1
--- stdout
prompt.md differs from byte 1 on (22 bytes, expected 63)

"#]]);
}

#[test]
fn a_change_that_mends_its_own_checksum_is_refused() {
    let repo = bundled(RICH);
    let body = repo.at("dist/a.bundle/gpt-6.1-sol.responses.json");
    let (old, record) = (fs::read(&body).unwrap(), fs::read_to_string(repo.at("dist/a.bundle/bundle.json")).unwrap());
    let new = String::from_utf8(old.clone()).unwrap().replace("A text.", "B text.").into_bytes();
    assert_ne!(new, old);
    let sum = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    let mended = record.replace(&sum(&old), &sum(&new));
    assert_ne!(mended, record);
    fs::write(&body, new).unwrap();
    repo.file("dist/a.bundle/bundle.json", mended);
    let outcome = verified(&repo).exits(1);
    assert!(outcome.stdout.contains("gpt-6.1-sol.responses.json differs from byte"), "{outcome}");
}

#[test]
fn a_dropped_member_is_refused() {
    let repo = bundled(SMALL);
    fs::remove_file(repo.at("dist/a.bundle/prompt.md")).unwrap();
    verified(&repo).is(str![[r#"
exit 1
--- stdout
prompt.md is missing

"#]]);
}

#[test]
fn an_added_member_is_refused() {
    let repo = bundled(SMALL);
    repo.file("dist/a.bundle/more.json", "{}\n");
    verified(&repo).is(str![[r#"
exit 1
--- stdout
more.json is not part of the bundle

"#]]);
}

#[test]
fn a_renamed_member_is_refused() {
    let repo = bundled(SMALL);
    fs::rename(repo.at("dist/a.bundle/prompt.md"), repo.at("dist/a.bundle/Prompt.md")).unwrap();
    verified(&repo).is(str![[r#"
exit 1
--- stdout
prompt.md is missing
Prompt.md is not part of the bundle

"#]]);
}

#[test]
fn swapped_members_are_refused() {
    let repo = bundled(RICH);
    let (one, other) =
        (repo.at("dist/a.bundle/gpt-6.1-sol.chat.json"), repo.at("dist/a.bundle/gpt-6.1-sol.responses.json"));
    let bytes = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
    fs::write(&one, bytes.1).unwrap();
    fs::write(&other, bytes.0).unwrap();
    assert_eq!(verified(&repo).exits(1).stdout.lines().count(), 2);
}

#[test]
fn a_bundle_without_its_record_is_refused() {
    let repo = bundled(SMALL);
    fs::remove_file(repo.at("dist/a.bundle/bundle.json")).unwrap();
    verified(&repo).is(str![[r#"
exit 1
--- stdout
bundle.json is missing

"#]]);
}

#[test]
fn a_record_that_is_no_json_is_refused() {
    let repo = bundled(SMALL);
    repo.file("dist/a.bundle/bundle.json", "{\"schema\": \"contexture.bundle/1\",\n");
    verified(&repo).is(str![[r#"
exit 1
--- stdout
bundle.json is not JSON: EOF while parsing a value at line 2 column 0

"#]]);
}

#[test]
fn an_unknown_format_is_refused() {
    let repo = bundled(SMALL);
    let record = fs::read_to_string(repo.at("dist/a.bundle/bundle.json")).unwrap();
    repo.file("dist/a.bundle/bundle.json", record.replace("contexture.bundle/1", "contexture.bundle/2"));
    verified(&repo).is(str![[r#"
exit 1
--- stdout
bundle.json: the format is contexture.bundle/2, and this program knows contexture.bundle/1

"#]]);
}

#[test]
fn another_card_set_is_refused() {
    let repo = bundled(SMALL);
    let mut record: serde_json::Value =
        serde_json::from_slice(&fs::read(repo.at("dist/a.bundle/bundle.json")).unwrap()).unwrap();
    record["cards"] = "0".repeat(64).into();
    repo.file("dist/a.bundle/bundle.json", record.to_string());
    let outcome = verified(&repo).exits(1);
    assert!(outcome.stdout.contains("made with the card set 0000"), "{outcome}");
}

#[test]
fn a_context_that_the_commit_does_not_hold_is_refused() {
    let repo = bundled(SMALL);
    let record = fs::read_to_string(repo.at("dist/a.bundle/bundle.json")).unwrap();
    repo.file("dist/a.bundle/bundle.json", record.replace("\"id\": \"a\"", "\"id\": \"b\""));
    let outcome = verified(&repo).exits(1);
    assert!(outcome.stdout.contains("there is no context `b`"), "{outcome}");
}

#[test]
fn a_commit_that_is_not_here_is_no_answer() {
    let repo = bundled(SMALL);
    let commit = repo.git(["rev-parse", "HEAD"]).trim().to_owned();
    let record = fs::read_to_string(repo.at("dist/a.bundle/bundle.json")).unwrap();
    repo.file("dist/a.bundle/bundle.json", record.replace(&commit, &"0".repeat(40)));
    verified(&repo).is(str![[r#"
exit 2
--- stderr
error: bundle.json: there is no revision `0000000000000000000000000000000000000000`
 |
 = help: see `git branch --all` and `git tag`, or fetch the branch

"#]]);
}

#[test]
fn a_name_in_place_of_the_commit_is_refused() {
    let repo = bundled(SMALL);
    let commit = repo.git(["rev-parse", "HEAD"]).trim().to_owned();
    let record = fs::read_to_string(repo.at("dist/a.bundle/bundle.json")).unwrap();
    repo.file("dist/a.bundle/bundle.json", record.replace(&commit, "HEAD"));
    verified(&repo).is(str![[r#"
exit 1
--- stdout
bundle.json: "HEAD" is no commit id

"#]]);
}

#[test]
fn a_folder_that_is_not_there_is_no_answer() {
    bundled(SMALL).run("verify dist/b.bundle").is(str![[r#"
exit 2
--- stderr
error: cannot read the bundle dist/b.bundle: No such file or directory (os error 2)

"#]]);
}

#[test]
fn a_link_in_place_of_a_member_is_no_answer() {
    let repo = bundled(SMALL);
    fs::rename(repo.at("dist/a.bundle/prompt.md"), repo.outside("prompt.md")).unwrap();
    repo.link("dist/a.bundle/prompt.md", "../../../prompt.md");
    verified(&repo).is(str![[r#"
exit 2
--- stderr
error: prompt.md in [ROOT]/dist/a.bundle is no ordinary file of a bundle
 |
 = help: build the bundle again

"#]]);
}

#[test]
fn a_folder_among_the_members_is_no_answer() {
    let repo = bundled(SMALL);
    repo.file("dist/a.bundle/more/x.md", "x\n");
    assert!(verified(&repo).exits(1).stdout.contains("more is not part of the bundle"));
}

#[test]
fn outside_of_a_repository_there_is_no_answer() {
    let repo = Repo::none();
    repo.file("contexts/a.yaml", "system: [{text: Hi}]\n");
    repo.run("build").exits(0);
    verified(&repo).exits(1);
}

/// Why a bundle is refused: every reason, or the error.
#[track_caller]
fn refusal(place: &Workspace, folder: &Path, what: &str) -> String {
    match verify(place, folder, &Expectation::default()) {
        Ok(Finding::Differs(reasons)) => reasons.join("\n"),
        Ok(Finding::Follows { .. }) => panic!("{what} is believed"),
        Err(Failure::Error(error)) => error.to_string(),
        Err(Failure::Faults(faults)) => faults.iter().map(|fault| fault.message.clone()).collect(),
    }
}

/// Puts `changed` in the place of a member, which must be refused by name, and the member back.
#[track_caller]
fn refused(place: &Workspace, folder: &Path, name: &str, changed: &[u8]) {
    let path = folder.join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, changed).unwrap();
    let reasons = refusal(place, folder, name);
    assert!(reasons.contains(name), "{name} is not named: {reasons}");
    fs::write(&path, bytes).unwrap();
}

#[test]
fn no_byte_of_a_small_bundle_can_be_changed() {
    let repo = bundled(SMALL);
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    assert!(follows(&place, &folder));
    for (name, bytes) in members(&folder) {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            refused(&place, &folder, &name, &changed);
        }
    }
    assert!(follows(&place, &folder));
}

#[test]
fn a_small_bundle_is_refused_at_every_length_but_its_own() {
    let repo = bundled(SMALL);
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    for (name, bytes) in members(&folder) {
        for length in 0..bytes.len() {
            refused(&place, &folder, &name, &bytes[..length]);
        }
        for more in [&b"\n"[..], b" ", b"\0", &bytes] {
            refused(&place, &folder, &name, &[&bytes, more].concat());
        }
    }
    assert!(follows(&place, &folder));
}

#[test]
fn no_member_of_a_bundle_can_be_dropped_renamed_doubled_or_swapped() {
    let repo = bundled(RICH);
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    let members = members(&folder);
    assert!(members.len() > 5);
    for (name, bytes) in &members {
        let (path, renamed) = (folder.join(name), folder.join(format!("{name}~")));
        fs::rename(&path, &renamed).unwrap();
        assert!(refusal(&place, &folder, name).contains(name), "{name} renamed");
        fs::remove_file(&renamed).unwrap();
        assert!(refusal(&place, &folder, name).contains(name), "{name} dropped");
        fs::write(&path, bytes).unwrap();
        fs::write(&renamed, bytes).unwrap();
        assert!(refusal(&place, &folder, name).contains(&format!("{name}~")), "{name} doubled");
        fs::remove_file(&renamed).unwrap();
        for (other, others) in members.iter().filter(|(other, _)| *other > name) {
            fs::write(&path, others).unwrap();
            fs::write(folder.join(other), bytes).unwrap();
            let reasons = refusal(&place, &folder, name);
            assert!(reasons.contains(name), "{name} for {other}: {reasons}");
            fs::write(&path, bytes).unwrap();
            fs::write(folder.join(other), others).unwrap();
        }
    }
    assert!(follows(&place, &folder));
}

#[test]
fn unknown_fields_and_versions_are_refused() {
    let repo = bundled(SMALL);
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    let record = String::from_utf8(members(&folder)[RECORD].clone()).unwrap();
    let schema = "\"schema\": \"contexture.bundle/1\"";
    assert!(record.contains(schema));
    for changed in [
        record.replacen('{', "{\n  \"more\": 1,", 1),
        record.replacen('{', &format!("{{\n  {schema},"), 1),
        record.replace("bundle/1", "bundle/0"),
        record.replace("bundle/1", "bundle/10"),
        record.replace("contexture.bundle/1", "contexture.build/1"),
        record.replace(schema, "\"schema\": 1"),
        record.replace(schema, "\"schema\": null"),
        record.replace("\"variant\": null", "\"variant\": \"x\""),
        record.replace("\"variant\": null", "\"variant\": 1"),
        record.replace("  ", " "),
        record.replace('\n', "\r\n"),
        format!("\u{feff}{record}"),
    ] {
        assert_ne!(changed, record);
        refused(&place, &folder, RECORD, changed.as_bytes());
    }
    assert!(follows(&place, &folder));
}

#[test]
fn no_byte_of_a_rich_bundle_can_be_changed_by_chance() {
    let repo = bundled(RICH);
    let (place, folder) = (repo.place(), repo.at("dist/a.bundle"));
    let members = members(&folder);
    let names: Vec<String> = members.keys().cloned().collect();
    let flips = (prop::sample::select(names), any::<prop::sample::Index>(), 0_u32..8);
    proptest!(ProptestConfig::with_cases(400), |((name, at, bit) in flips)| {
        let bytes = &members[&name];
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= 1 << bit;
        fs::write(folder.join(&name), &changed).unwrap();
        let follows = follows(&place, &folder);
        fs::write(folder.join(&name), bytes).unwrap();
        prop_assert!(!follows);
    });
}

#[test]
fn what_is_expected_is_held_against_the_bundle() {
    let repo = bundled(SMALL);
    repo.git(["branch", "feature"]);
    let commit = repo.git(["rev-parse", "HEAD"]);
    let record: serde_json::Value = serde_json::from_slice(&members(&repo.at("dist/a.bundle"))["bundle.json"]).unwrap();
    let (day, cards) = (record["date"].as_str().unwrap(), record["cards"].as_str().unwrap());
    let met = format!("--rev {} --branch main --context a --as-of {day} --cards {cards}", commit.trim());
    repo.run(&format!("verify {met} dist/a.bundle")).is(str![[r#"
exit 0
--- stdout
a follows from 22ddc0c53f9db562a48b43ad9ef2362627cfe9c7

"#]]);
    repo.git(["checkout", "--quiet", "--orphan", "other"]);
    repo.commit("other");
    let refused = |words: &str, why: &str| {
        let ran = repo.run(&format!("verify {words} dist/a.bundle")).exits(1);
        assert!(ran.stdout.contains(why), "{words}: {ran}");
    };
    refused("--rev other", " is expected");
    refused("--branch other", " is not in the history of `other`");
    refused("--context b", "its context is a, and b is expected");
    refused("--as-of 2020-01-01", "and 2020-01-01 is expected");
    refused("--cards cxc1:0", "and cxc1:0 is expected");
    repo.run("verify --branch gone dist/a.bundle").exits(2);
    let said = repo.run("verify --branch main dist/a.bundle").exits(0).stderr;
    assert!(said.starts_with("taken from the bundle itself: context, day, cards; see"), "{said}");
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    let repo = bundled(SMALL);
    fs::rename(repo.at("dist/a.bundle"), repo.at("dist/real")).unwrap();
    repo.link("dist/a.bundle", "real");
    for words in ["verify dist/a.bundle", "verify dist/a.bundle/", "verify ./dist/../dist/a.bundle/."] {
        let said = repo.run(words).exits(2).stderr;
        assert!(said.contains("is a link, and a bundle is a folder"), "{words}: {said}");
    }
    repo.run("verify dist/real").exits(0);
}

#[test]
fn a_statement_of_another_build_is_called_older() {
    let repo = bundled(SMALL);
    repo.run("build --provenance").exits(0);
    let old = fs::read(repo.at("dist/a.bundle.intoto.json")).unwrap();
    repo.file("a.md", "Another text.\n").commit("later");
    repo.run("build").exits(0);
    let said = verified(&repo).exits(1).stdout;
    assert!(said.contains("a.bundle.intoto.json is the statement of another build"), "{said}");
    assert!(said.contains(", and is older than the bundle; build both again"), "{said}");
    repo.run("build --provenance").exits(0);
    repo.run("build --rev HEAD~1").exits(0);
    let said = verified(&repo).exits(1).stdout;
    assert!(said.contains(", and the bundle is older than it; build both again"), "{said}");
    fs::write(repo.at("dist/a.bundle.intoto.json"), old).unwrap();
    verified(&repo).exits(0);
}
