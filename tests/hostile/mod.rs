//! Every hostile repository, under every command, in every format.
//!
//! Whatever a stranger committed: the program ends by itself, soon and in little memory, with 0, 1 or
//! 2; what it prints moves no terminal and is whole JSON where JSON was asked for; and the
//! repository stands as it stood.

mod attacks;
mod repositories;

use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

use contexture::output::report::inert::is_hostile;

use crate::support::{Repo, runner};

/// The longest that a run may take, and the most memory, in KiB, that it may ask for. Threads
/// reserve more than they use, so what is held is half of this.
const SECONDS: u64 = 10;
const MEMORY: u64 = 1024 * 1024;

/// Each command with each of its formats.
const RUNS: [&str; 33] = [
    "list",
    "list --format json",
    "list --uses docs/a.md",
    "build",
    "build --format json --rev HEAD",
    "build --format html --staged",
    "check",
    "check --format json",
    "check --format github",
    "check --format sarif",
    "check --base HEAD~1",
    "check --locked",
    "check --shard 1/2 --format json",
    "render a",
    "render a --model gpt-6.1-sol --dialect chat",
    "explain a",
    "explain a --format json",
    "diff HEAD~1",
    "diff HEAD~1..HEAD --format json",
    "diff HEAD~1..HEAD --format markdown",
    "diff HEAD~1..HEAD --format html",
    "log a",
    "log a --format json",
    "log a --format csv",
    "blame a",
    "blame a --format json",
    "lock --check",
    "count docs/a.md",
    "count --format json docs/a.md",
    "models --format json",
    "verify dist/a.bundle",
    "simulate scenario.yaml",
    "break-even a --format json",
];

fn run(repo: &Repo, words: &str) -> (Output, Duration) {
    let script = format!("ulimit -v {MEMORY}; exec {} --jobs 2 {words}", env!("CARGO_BIN_EXE_contexture"));
    let begun = Instant::now();
    let output = repo.clean("sh").args(["-c", &script]).output().expect("sh runs");
    (output, begun.elapsed())
}

/// What git keeps, and what lies on the disk of it: index, refs, settings, the bytes of tracked files.
fn standing(repo: &Repo) -> Vec<Vec<u8>> {
    let listed = repo.git(["-c", "core.fsmonitor=", "ls-files", "--stage"]).into_bytes();
    let refs = repo.git(["for-each-ref"]).into_bytes();
    let settings = fs::read(repo.at(".git/config")).expect("settings");
    let names = repo.git(["-c", "core.fsmonitor=", "ls-files", "-z"]);
    let files = names.split('\0').map(|name| match fs::read_link(repo.at(name)) {
        Ok(target) => target.into_os_string().into_encoded_bytes(),
        Err(_) => fs::read(repo.at(name)).unwrap_or_default(),
    });
    [listed, refs, settings].into_iter().chain(files).collect()
}

fn hold(name: &str, make: fn(&Repo)) {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "models: [gpt-6.1-sol]\nsystem: [{text: Hi}]\noutput: {max_tokens: 9}\n");
    repo.file("docs/a.md", "plain\n").commit("plain");
    make(&repo);
    let before = standing(&repo);
    for words in RUNS {
        let (output, took) = run(&repo, words);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let told = format!("{name}: contexture {words}\n{stderr}");
        assert!(matches!(output.status.code(), Some(0..=2)), "{:?}\n{told}", output.status);
        assert!(took < Duration::from_secs(SECONDS), "{took:?}\n{told}");
        assert!(!stderr.contains(is_hostile), "{told:?}");
        // A prompt goes out as it is: what `render` prints is for a program to read.
        assert!(words.starts_with("render") || !stdout.contains(is_hostile), "{stdout:?}\n{told}");
        let commands = [runner::obeyed(&stdout), runner::obeyed(&stderr)].concat();
        let is_own = |line: &&str| {
            let begins = ["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own));
            begins && runner::command(line).is_some_and(|(_, data)| runner::obeyed(&data).is_empty())
        };
        let heard = commands.into_iter().find(|line| !(words.contains("--format github") && is_own(line)));
        assert!(words.starts_with("render") || heard.is_none(), "{heard:?}\n{told}");
        if words.contains("--format json") || words.contains("--format sarif") {
            let whole = stdout.is_empty() || serde_json::from_str::<serde_json::Value>(&stdout).is_ok();
            assert!(whole, "{stdout}\n{told}");
        }
        assert!(!repo.at("canary").exists() && !repo.outside("canary").exists(), "a command ran\n{told}");
    }
    assert!(standing(&repo) == before, "{name}");
}

/// One test a repository, so that they run side by side and each is named.
macro_rules! hostile {
    ($($name:ident),* $(,)?) => { $(#[test] fn $name() { hold(stringify!($name), repositories::$name); })* };
}

hostile!(
    a_bomb_of_aliases,
    a_tower_of_lists,
    a_template_that_multiplies,
    templates_in_a_circle,
    text_that_moves_the_terminal,
    names_that_are_markup,
    words_that_command_a_runner,
    names_that_are_options,
    bytes_that_are_no_text,
    one_line_without_end,
    ten_thousand_examples,
    links_to_everywhere,
    settings_that_run_commands,
    files_of_our_own_that_lie,
);

/// The checks above can fail: a program that breaks each of them is found out.
#[test]
fn what_breaks_a_promise_is_found_out() {
    assert!("\u{1b}[2J".contains(is_hostile) && "\u{202e}".contains(is_hostile));
    let repo = Repo::new();
    repo.file("a", "a").commit("a");
    let before = standing(&repo);
    repo.file("a", "b");
    assert!(standing(&repo) != before);
    repo.git(["checkout", "--quiet", "a"]);
    repo.git(["tag", "x"]);
    assert!(standing(&repo) != before);
}
