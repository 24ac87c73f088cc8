//! Every list that a manifest, a repository or a command line can hold, doubled twice: with twice as much in it, the
//! work grows by a power of 1.25 at most.
//!
//! Work is counted in instructions, by valgrind's cachegrind, so that a busy machine changes nothing. What does not
//! depend on the list falls out, because increases are compared: from N to 2N, and from 2N to 4N.
#![cfg(unix)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::support::Repo;

/// The greatest power by which work may grow.
const POWER: f64 = 1.25;

/// The program without what is there for a debugger: valgrind reads all of that before it begins.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contexture-stripped");
    let made = program.with_extension(std::process::id().to_string());
    let stripped = Command::new("strip").arg("-o").arg(&made).arg(env!("CARGO_BIN_EXE_contexture")).status();
    assert!(stripped.expect("strip runs").success());
    std::fs::rename(&made, &program).expect("one program for all");
    program
});

/// The instructions of one run.
fn instructions(repo: &Repo, words: &str) -> f64 {
    let tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    let ran = repo
        .clean("valgrind")
        .env("RAYON_NUM_THREADS", "1")
        .args(tool)
        .arg(&*PROGRAM)
        .args(words.split(' '))
        .output()
        .expect("valgrind runs; on Debian: apt-get install valgrind");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(matches!(ran.status.code(), Some(0..=2)), "{words}: {said}");
    let refs = said.lines().find_map(|line| line.split_once(" refs:")?.1.trim().replace(',', "").parse().ok());
    refs.unwrap_or_else(|| panic!("{words}: {said}"))
}

#[track_caller]
fn holds(name: &str, words: &str, least: usize, make: fn(&Repo, usize)) {
    let [one, two, four] = [1, 2, 4].map(|times| {
        let repo = Repo::new();
        make(&repo, times * least);
        repo.commit("list");
        instructions(&repo, words)
    });
    let power = ((four - two) / (two - one).max(1.0)).log2();
    assert!(power <= POWER, "{name}: `{words}` grows by the power of {power:.2}: {one:e}, {two:e}, {four:e}");
    // Else the list is not what the work is about, and nothing is shown.
    assert!(four > 1.02 * two, "{name}: `{words}` does not depend on it: {one:e}, {two:e}, {four:e}");
}

/// A manifest of lines before, a line for each number, and lines after.
fn lines(repo: &Repo, before: &str, count: usize, line: fn(usize) -> String, after: &str) {
    let all: String = (0..count).map(line).collect();
    repo.file("contexts/a.yaml", format!("{before}{all}{after}"));
}

const TURN: &str = "messages: [{user: Hi}]\n";

fn blocks(repo: &Repo, count: usize) {
    lines(repo, "system:\n", count, |n| format!("  - text: Rule {n}\n"), TURN);
}

fn turns(repo: &Repo, count: usize) {
    lines(
        repo,
        "system: [{text: Hi}]\nmessages:\n",
        count,
        |n| format!("  - user: Turn {n}\n  - assistant: Yes\n"),
        "",
    );
}

fn tools(repo: &Repo, count: usize) {
    let tool =
        |n: usize| format!("{{\"name\": \"t{n}\", \"description\": \"d\", \"parameters\": {{\"type\": \"object\"}}}}");
    let all: Vec<String> = (0..count).map(tool).collect();
    repo.file("tools.json", format!("[{}]", all.join(", ")));
    repo.file("contexts/a.yaml", format!("tools: [{{file: tools.json}}]\nsystem: [{{text: Hi}}]\n{TURN}"));
}

fn vars(repo: &Repo, count: usize) {
    lines(repo, "system: [{text: Hi}]\nvars:\n", count, |n| format!("  v{n}: {n}\n"), TURN);
}

fn inputs(repo: &Repo, count: usize) {
    // One tag to a template: how many tags one may have is a limit of its own.
    let turns: String = (0..count).map(|n| format!("  - user: \"{{{{i{n}}}}}\"\n  - assistant: Yes\n")).collect();
    let after = format!("system: [{{text: Hi}}]\nmessages:\n{turns}");
    lines(repo, "inputs:\n", count, |n| format!("  i{n}: {{tokens: 3}}\n"), &after);
}

fn inputs_that_nothing_uses(repo: &Repo, count: usize) {
    lines(repo, "inputs:\n", count, |n| format!("  i{n}: {{tokens: 3}}\n"), &format!("system: [{{text: Hi}}]\n{TURN}"));
}

fn numbers_spelled_anew(repo: &Repo, count: usize) {
    let turns: String =
        (0..count).map(|n| format!("  - user: \"It is {{{{v{n}}}}}.\"\n  - assistant: Yes\n")).collect();
    let after = format!("system: [{{text: Hi}}]\nmessages:\n{turns}");
    lines(repo, "vars:\n", count, |n| format!("  v{n}: {n}.50\n"), &after);
}

fn variants(repo: &Repo, count: usize) {
    let line = |n| format!("  v{n}: {{vars: {{x: {n}}}}}\n");
    lines(repo, "system: [{text: Hi}]\nmessages: [{user: Hi}]\nvariants:\n", count, line, "");
}

fn contexts(repo: &Repo, count: usize) {
    for n in 0..count {
        repo.file(&format!("contexts/c{n}.yaml"), format!("system: [{{text: Text {n}}}]\n{TURN}"));
    }
}

fn matches_of_each(repo: &Repo, count: usize) {
    files(repo, count);
    repo.file("contexts/a.yaml", format!("each: f/*.md\nsystem: [{{file: $each}}]\n{TURN}"));
}

fn files(repo: &Repo, count: usize) {
    for n in 0..count {
        repo.file(&format!("f/{n:05}.md"), format!("Rule {n}.\n"));
    }
    repo.file("contexts/a.yaml", format!("system: [{{files: f/*.md}}]\n{TURN}"));
}

fn patterns(repo: &Repo, count: usize) {
    repo.file("f/a.md", "A rule.\n");
    lines(
        repo,
        "system:\n  - files:\n",
        count,
        |n| format!("      - f/a{n}*.md\n"),
        &format!("      - f/a.md\n{TURN}"),
    );
}

fn links_of_an_order(repo: &Repo, count: usize) {
    files(repo, count);
    let links: String = (0..count).rev().map(|n| format!("- [{n}](f/{n:05}.md)\n")).collect();
    repo.file("order.md", links);
    repo.file("contexts/a.yaml", format!("system: [{{files: f/*.md, order: order.md}}]\n{TURN}"));
}

fn paragraphs(repo: &Repo, count: usize) {
    repo.file("f.md", (0..count).map(|n| format!("Paragraph {n}.\n\n")).collect::<String>());
    repo.file("contexts/a.yaml", format!("system: [{{file: f.md, split: paragraphs}}]\n{TURN}"));
}

fn front_matter(repo: &Repo, count: usize) {
    let keys: String = (0..count).map(|n| format!("k{n}: {n}\n")).collect();
    repo.file("f.md", format!("---\n{keys}---\nText.\n"));
    repo.file("contexts/a.yaml", format!("system: [{{file: f.md}}]\n{TURN}"));
}

fn missing_files(repo: &Repo, count: usize) {
    lines(repo, "system:\n", count, |n| format!("  - file: gone{n}.md\n"), TURN);
}

fn faults(repo: &Repo, count: usize) {
    lines(repo, "system: [{text: Hi}]\n", count, |n| format!("unknown{n}: 1\n"), TURN);
}

fn prices(repo: &Repo, count: usize) {
    blocks(repo, 1);
    let model = |n: usize| format!("  m{n}: {{same_as: gpt-6.1-sol}}\n");
    repo.file("prices.yaml", format!("models:\n{}", (0..count).map(model).collect::<String>()));
}

fn ignored(repo: &Repo, count: usize) {
    files(repo, 20);
    repo.file(".gitignore", (0..count).map(|n| format!("/ignored{n}/*.txt\n")).collect::<String>());
}

fn attributes(repo: &Repo, count: usize) {
    files(repo, 20);
    // Attributes matter for a file that is not stored as it is on the disk.
    repo.git(["config", "core.autocrlf", "input"]);
    repo.file("f/00000.md", "Rule 0.\r\n");
    repo.file(".gitattributes", (0..count).map(|n| format!("other{n}/*.md text eol=lf\n")).collect::<String>());
}

fn entries_of_a_tree(repo: &Repo, count: usize) {
    files(repo, 1);
    repo.git(["add", "--all"]);
    let mut names = String::new();
    for n in 0..count {
        let _ = writeln!(names, "100644 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\tf/{n:06}.txt");
    }
    repo.git_with_input(&["hash-object", "-w", "--stdin"], b"");
    repo.git_with_input(&["update-index", "--index-info"], names.as_bytes());
    repo.git(["commit", "--quiet", "--message", "names"]);
}

fn commits(repo: &Repo, count: usize) {
    let mut stream = String::new();
    for n in 0..count {
        let manifest = format!("system: [{{text: Text {n}}}]\n{TURN}");
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {} +0000\ndata 1\nx\nM 100644 inline contexts/a.yaml\ndata {}\n{manifest}\n",
            1_795_262_400 + n,
            manifest.len()
        );
    }
    repo.git_with_input(&["fast-import", "--quiet"], stream.as_bytes());
    repo.git(["reset", "--quiet", "--hard"]);
}

fn changes(repo: &Repo, count: usize) {
    files(repo, count);
    repo.commit("before");
    for n in 0..count {
        repo.file(&format!("f/{n:05}.md"), format!("Another rule {n}.\n"));
    }
    repo.commit("after");
    repo.file("one-more", "");
}

fn lock(repo: &Repo, count: usize) {
    blocks(repo, 1);
    let digest = "0".repeat(64);
    let entry = |n: usize| format!("[c{n:05}]\nprefix cx1:{digest}\nsettings cx1:{digest}\n\n");
    repo.file("contexture.lock", (0..count).map(entry).collect::<String>());
}

fn text(repo: &Repo, count: usize) {
    repo.file("text.md", (0..count).map(|n| format!("Rule {n} is a rule of {} words.\n", n % 7)).collect::<String>());
}

fn secrets(repo: &Repo, count: usize) {
    let key = |n: usize| format!("key {n}: AKIA{:016}\n", n).replace('0', "Z");
    repo.file("f.md", (0..count).map(key).collect::<String>());
    repo.file("contexts/a.yaml", format!("system: [{{file: f.md}}]\n{TURN}"));
}

fn properties_of_a_schema(repo: &Repo, count: usize) {
    let properties: Vec<String> = (0..count).map(|n| format!("\"p{n}\": {{\"type\": \"integer\"}}")).collect();
    repo.file("s.json", format!("{{\"type\": \"object\", \"properties\": {{{}}}}}", properties.join(", ")));
    repo.file("e.jsonl", "{\"user\": \"q\", \"assistant\": \"{}\"}\n");
    repo.file(
        "contexts/a.yaml",
        format!(
            "models: [gpt-6.1-sol]\nsystem: [{{examples: e.jsonl}}]\n{TURN}output: {{schema: s.json, max_tokens: 9}}\n"
        ),
    );
}

macro_rules! lists {
    ($($name:ident: $words:literal, $least:literal;)*) => {
        $(mod $name { #[test] fn grows_no_faster_than_its_length() { super::holds(stringify!($name), $words, $least, super::$name); } })*
    };
}

lists! {
    blocks: "check", 300;
    turns: "check", 200;
    tools: "check", 200;
    vars: "check", 1000;
    inputs: "check", 200;
    inputs_that_nothing_uses: "check", 400;
    numbers_spelled_anew: "check", 200;
    variants: "check", 100;
    contexts: "check", 100;
    matches_of_each: "check", 100;
    files: "check", 200;
    patterns: "check", 200;
    links_of_an_order: "check", 200;
    paragraphs: "check", 400;
    front_matter: "check", 1000;
    missing_files: "check", 400;
    faults: "check", 1000;
    prices: "check", 200;
    ignored: "check", 400;
    attributes: "check", 400;
    entries_of_a_tree: "check --rev HEAD~1", 20000;
    commits: "log a -n 1000000", 50;
    changes: "diff HEAD~2..HEAD", 60;
    lock: "lock --check", 1000;
    text: "count text.md", 2000;
    secrets: "check", 300;
    properties_of_a_schema: "check", 300;
}
