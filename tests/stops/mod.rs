//! What a stop leaves behind: nothing that gets into a prompt, and nothing that the next run does not remove.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use contexture::tree::write::UNFINISHED;

use crate::support::Repo;

const PROGRAM: &str = env!("CARGO_BIN_EXE_contexture");

/// Everything unfinished below a folder.
fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                true => found.push(entry.path()),
                false if entry.file_type().is_ok_and(|kind| kind.is_dir()) => folders.push(entry.path()),
                false => {}
            }
        }
    }
    found
}

/// A project of so many contexts.
fn project(contexts: usize) -> Repo {
    let repo = Repo::new();
    for number in 0..contexts {
        let text = format!("system: [{{text: Text {number}}}]\nmessages: [{{user: Hi}}]\n");
        repo.file(&format!("contexts/deep{}/c{number}.yaml", number % 3), text);
    }
    repo.commit("contexts");
    repo
}

fn start(repo: &Repo, words: &str) -> Child {
    let mut command = repo.clean(PROGRAM);
    command.args(words.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it starts")
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// How long a whole build takes here.
fn length(repo: &Repo) -> Duration {
    let begun = Instant::now();
    assert!(start(repo, "build -q").wait().expect("it ends").success());
    begun.elapsed()
}

#[test]
fn what_a_kill_leaves_is_removed_by_the_next_run() {
    let repo = project(60);
    let length = length(&repo);
    let mut left = 0;
    for moment in 1..=20 {
        fs::remove_dir_all(repo.at("dist")).expect("removed");
        let mut child = start(&repo, "build -q");
        sleep(length * moment / 20);
        let _ = child.kill();
        child.wait().expect("it ends");
        left += unfinished(repo.root()).len();
        repo.run("build -q").exits(0);
        assert_eq!(unfinished(repo.root()), Vec::<PathBuf>::new());
    }
    // Else nothing was tried.
    assert!(left > 0);
}

#[test]
fn a_signal_leaves_nothing() {
    let repo = project(60);
    let length = length(&repo);
    let mut ended = 0;
    for moment in 1..=20 {
        // It may have been stopped before it made one.
        let _ = fs::remove_dir_all(repo.at("dist"));
        let (name, number) = [("INT", 2), ("TERM", 15), ("HUP", 1)][moment as usize % 3];
        let mut child = start(&repo, "build -q");
        sleep(length * moment / 20);
        signal(&child, name);
        let status = child.wait().expect("it ends");
        assert!(status.success() || status.signal() == Some(number), "{name}: {status:?}");
        ended += usize::from(status.signal().is_some());
        assert_eq!(unfinished(repo.root()), Vec::<PathBuf>::new(), "{name}");
    }
    assert!(ended > 0);
}

#[test]
fn a_signal_is_heard_while_a_build_runs() {
    let repo = project(1500);
    let begun = Instant::now();
    assert!(start(&repo, "check").wait().expect("it ends").success());
    let whole = begun.elapsed();
    for words in ["watch", "watch --format json", "check"] {
        let mut child = start(&repo, words);
        sleep(whole / 8);
        let begun = Instant::now();
        signal(&child, "TERM");
        let status = child.wait().expect("it ends");
        // The machine may be busy: a build takes longer then, too.
        assert!(begun.elapsed() < whole / 2, "{words}: {:?} of {whole:?}", begun.elapsed());
        assert!(status.signal() == Some(15) || status.code() == Some(143), "{words}: {status:?}");
    }
}

/// Also where it is listed by name, and in a commit.
#[test]
fn what_is_unfinished_is_in_no_prompt() {
    let repo = Repo::new();
    let name = format!("{UNFINISHED}aB3xY9");
    repo.file("contexts/a.yaml", "system: [{files: \"f/**\"}]\nmessages: [{user: Hi}]\n");
    repo.file("f/1.md", "A rule.\n")
        .file(&format!("f/{name}"), "Half of a ru")
        .file(&format!("f/{name}x/2.md"), "Half");
    repo.file("contexts/b.yaml", format!("system: [{{file: f/{name}}}]\nmessages: [{{user: Hi}}]\n"));
    repo.commit("with what was left");
    for tree in ["", " --staged", " --rev HEAD"] {
        let shown = repo.run(&format!("render a{tree}")).exits(0).stdout;
        assert!(shown.contains("A rule.") && !shown.contains("Half"), "{shown}");
        let said = repo.run(&format!("render b{tree}")).exits(2).stderr;
        assert!(said.contains("what a stopped run of this program left, not a file"), "{said}");
    }
}

#[test]
fn mending_that_was_stopped_leaves_nothing_and_can_be_run_again() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{files: \"f/*\"}]\nmessages: [{user: Hi}]\n");
    let written = |repo: &Repo| {
        (1..=3).for_each(|n| {
            repo.file(&format!("f/{n}.md"), "A\r\nB\nC\n");
        })
    };
    written(&repo);
    repo.commit("lines");
    repo.git(["config", "core.autocrlf", "false"]);
    for kill in 1..=3 {
        written(&repo);
        let inject = format!("inject=rename:signal=KILL:when={kill}");
        let traced = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e", &inject, PROGRAM, "check", "--fix"];
        repo.clean("strace").env("RAYON_NUM_THREADS", "1").args(traced).output().expect("strace runs");
        assert_eq!(unfinished(repo.root()).len(), 1);
        repo.run("check --fix").exits(0);
        assert_eq!(unfinished(repo.root()), Vec::<PathBuf>::new());
        for n in 1..=3 {
            assert_eq!(fs::read(repo.at(&format!("f/{n}.md"))).expect("a file"), b"A\nB\nC\n");
        }
    }
}

/// Whatever the mending pass could not read: all is mended, or the answer is not that all is fine.
#[test]
fn a_fault_in_the_mending_pass_is_a_fault() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: f/1.md}]\nmessages: [{user: Hi}]\n").file("f/1.md", "a\r\nb\n");
    repo.commit("one");
    let mut faults = 0;
    for number in 1..=60 {
        repo.file("f/1.md", "a\r\nb\nc\n");
        let inject = format!("inject=openat:error=EMFILE:when={number}");
        let traced = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e", &inject, PROGRAM, "check", "--fix"];
        let ran = repo.clean("strace").env("RAYON_NUM_THREADS", "1").args(traced).output().expect("strace runs");
        let is_mended = fs::read(repo.at("f/1.md")).expect("a file") == b"a\nb\nc\n";
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(is_mended || ran.status.code() != Some(0), "openat {number}: {said}");
        faults += usize::from(ran.status.code() == Some(2));
    }
    assert!(faults > 0);
}

#[test]
fn init_that_was_stopped_can_be_run_again() {
    for number in 1..=40 {
        let repo = Repo::none();
        let inject = format!("inject=fsync:error=ENOSPC:when={number}");
        let traced = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject, PROGRAM, "init", "p"];
        let ran = repo.clean("strace").args(traced).output().expect("strace runs");
        if ran.status.success() {
            assert!(number > 8);
            repo.run("init p").exits(2);
            return;
        }
        assert_eq!(ran.status.code(), Some(2));
        assert_eq!(unfinished(repo.root()), Vec::<PathBuf>::new());
        // What is whole already is not written again.
        let again = repo.run("init p");
        assert!(again.status == Some(0) || number > 8, "{again}");
        assert!(repo.at("p/templates/persona.hbs").exists() && repo.at("p/.gitignore").exists());
    }
    panic!("init makes more than 40 syncs");
}

/// What `render` prints is for a program; a terminal would obey some of it.
#[test]
fn a_prompt_on_a_terminal_moves_nothing() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "system: [{file: a.md}]\nmessages: [{user: Hi}]\n");
    repo.file("a.md", "Be kind.\u{1b}]52;c;cm0gLXJmIH4K\u{7}\u{1b}[8mhidden\u{202e}\n").commit("escapes");
    let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let shown = repo.clean("python3").args(["-c", script, PROGRAM, "render", "a"]).stdin(Stdio::null()).output();
    let shown = String::from_utf8(shown.expect("python3 runs").stdout).expect("UTF-8");
    assert!(shown.contains("Be kind.\\u{1b}]52;c;cm0gLXJmIH4K\\u{7}\\u{1b}[8mhidden\\u{202e}"), "{shown:?}");
    let prompt = shown.split("hidden").next().expect("a beginning");
    assert!(!prompt.contains('\u{1b}'), "{shown:?}");
    assert!(repo.run("render a").exits(0).stdout.contains("\u{1b}]52;"));
}
