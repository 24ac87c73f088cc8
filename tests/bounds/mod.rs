//! Much of everything, under limits that the system enforces: processor seconds rather than the
//! clock, so that a busy machine changes nothing, and address space.
#![cfg(unix)]

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Outcome, Repo};

/// Runs the program under limits in seconds of the processor and megabytes of address space. This is
/// the build without optimisation, which is many times slower than a release.
#[track_caller]
fn bounded(repo: &Repo, seconds: u32, megabytes: u32, words: &[&str]) -> Outcome {
    let limits = format!("ulimit -t {seconds} && ulimit -v {} && exec \"$@\"", megabytes * 1024);
    repo.clean("sh")
        .args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_contexture")])
        .args(words)
        .output()
        .expect("a shell")
        .into()
}

/// The only context of a report.
fn context(outcome: &Outcome) -> Value {
    outcome.json()["contexts"][0].clone()
}

#[test]
fn a_line_of_megabytes_is_counted_right() {
    let repo = Repo::new();
    let words = ["policy", " refund", " 30", " —", " naïve", "ness", " 漢字", "!!", "   ", " \t", "'s", " a"];
    let mut line = String::new();
    for number in 0_usize.. {
        line.push_str(words[(number * number + number / 7) % words.len()]);
        if line.len() > 2 << 20 {
            break;
        }
    }
    repo.file(
        "contexts/a.yaml",
        "models: [gpt-6.1-sol, claude-sonnet-5-5]\nsystem: [{file: a.txt, join: none}]\noutput: {max_tokens: 9}\n",
    );
    repo.file("a.txt", &line).committed("base");
    let outcome = bounded(&repo, 60, 1500, &["check", "--format", "json"]).exits(0);
    let expected = tiktoken_rs::o200k_base_singleton().encode_ordinary(&line).len();
    assert_eq!(context(&outcome)["segments"][0]["tokens"]["o200k_base"], expected);
}

#[test]
fn a_run_of_one_character_takes_no_more_time_than_its_length() {
    for character in ["a", " ", "\n", "=", "語", "9"] {
        let repo = Repo::new();
        repo.file("a.txt", character.repeat(1 << 20)).committed("base");
        bounded(&repo, 60, 1500, &["count", "--by", "o200k_base", "a.txt"]).exits(0);
    }
}

#[test]
fn ten_thousand_uses_of_one_fragment_are_one_text() {
    let repo = Repo::new();
    let mut manifest = "models: [gpt-6.1-sol]\nsystem:\n".to_owned();
    for _ in 0..10_000 {
        manifest.push_str("  - shared.md\n");
    }
    repo.file("contexts/a.yaml", manifest).file("shared.md", "One two three four.\n").committed("base");
    let outcome = bounded(&repo, 60, 1500, &["build", "--format", "json"]).exits(0);
    let context = context(&outcome);
    let segments = context["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 10_000);
    let text = "One two three four.\n\n".repeat(10_000);
    let expected = tiktoken_rs::o200k_base_singleton().encode_ordinary(&text).len() as u64;
    let tokens: u64 = segments.iter().filter_map(|segment| segment["tokens"]["o200k_base"].as_u64()).sum();
    assert_eq!(tokens, expected);
}

#[test]
fn thousands_of_contexts_can_share_one_fragment() {
    let repo = Repo::new();
    repo.file("shared.md", "What all of them say.\n".repeat(50));
    repo.file("contexts/each.yaml", "each: kinds/*.md\nsystem: [{file: shared.md}, {file: $each}]\n");
    for number in 0..2000 {
        repo.file(&format!("kinds/{number:05}.md"), format!("Kind {number}.\n"));
    }
    repo.committed("base");
    let outcome = bounded(&repo, 60, 1500, &["check"]).exits(0);
    assert!(
        outcome.stdout.ends_with("2,000 contexts built\n"),
        "{}",
        outcome.stdout.lines().last().unwrap_or_default()
    );
}

#[test]
fn files_that_no_context_reads_cost_no_memory() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: docs/*.md}]\n").file("docs/a.md", "A.\n");
    // Through git alone: no checkout holds them.
    let mut stream = "commit refs/heads/main\ncommitter A <a@example.com> 1795262400 +0000\ndata 0\n".to_owned();
    for (path, text) in [("contexts/a.yaml", "system: [{files: docs/*.md}]\n"), ("docs/a.md", "A.\n")] {
        let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len());
    }
    for number in 0..100_000 {
        let _ = write!(stream, "M 100644 inline other/{:03}/{number:06}.md\ndata 2\nB\n", number / 1000);
    }
    repo.git_with_input(&["fast-import", "--quiet"], stream.as_bytes());
    let outcome = bounded(&repo, 60, 700, &["check", "--rev", "main"]).exits(0);
    assert!(outcome.stdout.ends_with("1 context built\n"), "{outcome}");
}
