//! Pages of Markdown as tests: their console blocks are run, and what they show must be what happens.
//!
//! A fence whose info string is `console` holds commands, each after `$ `, and their output. A fence
//! whose info string names a path after the language (`yaml contexts/faq.yaml`) is a file of the
//! project that the commands run in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block.
pub struct Fence {
    /// What stands behind the opening backticks.
    pub info: String,
    /// The lines between, each with its line break.
    pub text: String,
    /// The 1-based line of the page that it opens on.
    pub line: usize,
}

impl Fence {
    /// The path that the info string names after the language.
    pub fn path(&self) -> Option<&str> {
        self.info.split_once(' ').map(|(_, path)| path).filter(|path| path.contains(['/', '.']))
    }
}

/// A page cut into plain text and fences; plain text is given as lines with their line breaks.
enum Piece {
    Line(String),
    Fence(Fence),
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = page.split_inclusive('\n').zip(1..);
    while let Some((line, number)) = lines.next() {
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        if ticks < 3 {
            pieces.push(Piece::Line(line.to_owned()));
            continue;
        }
        let close = "`".repeat(ticks);
        let text = lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim_end() != close).collect();
        pieces.push(Piece::Fence(Fence { info: line[ticks..].trim().to_owned(), text, line: number }));
    }
    pieces
}

/// The fenced blocks of a page.
pub fn fences(page: &str) -> Vec<Fence> {
    let fence = |piece| if let Piece::Fence(fence) = piece { Some(fence) } else { None };
    pieces(page).into_iter().filter_map(fence).collect()
}

/// A folder to run commands in, with nothing of this machine's around it.
pub struct Shell {
    home: tempfile::TempDir,
    folder: PathBuf,
}

impl Shell {
    /// An empty folder.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let folder = home.path().canonicalize().expect("its real path").join("work");
        fs::create_dir(&folder).expect("the work folder");
        Self { home, folder }
    }

    /// Runs one command line where the last one ended; returns its status and everything it printed.
    pub fn run(&mut self, line: &str) -> (i32, String) {
        let after = self.home.path().join("folder");
        let script = format!("{line}\nstatus=$?\npwd >'{}'\nexit $status", after.display());
        let programs = Path::new(env!("CARGO_BIN_EXE_contexture")).parent().expect("the folder of the program");
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{{ {script}\n}} 2>&1")).current_dir(&self.folder).env_clear();
        command
            .env("PATH", path)
            .env("HOME", self.home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C.UTF-8");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
            command.env(format!("GIT_{who}_DATE"), "1795219200 +0000");
        }
        let output = command.stdin(std::process::Stdio::null()).output().expect("sh runs");
        if let Ok(folder) = fs::read_to_string(&after) {
            self.folder = PathBuf::from(folder.trim_end());
        }
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).expect("UTF-8 output"))
    }

    /// Writes a file of the project.
    pub fn file(&self, path: &str, text: &str) {
        let target = self.folder.join(path);
        fs::create_dir_all(target.parent().expect("a folder")).expect("the folders");
        fs::write(target, text).expect("the file");
    }
}

/// The page with what its commands print today. `where_` names the page in failures.
///
/// A command may end with 1, the exit code of a no; anything else is a fault of the page.
pub fn replay(where_: &str, page: &str) -> String {
    let mut shell = Shell::new();
    let mut replayed = String::new();
    for piece in pieces(page) {
        match piece {
            Piece::Line(line) => replayed.push_str(&line),
            Piece::Fence(fence) => {
                if let Some(path) = fence.path() {
                    shell.file(path, &fence.text);
                }
                let text = if fence.info == "console" { session(where_, &fence, &mut shell) } else { fence.text };
                let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                let ticks = "`".repeat((longest + 1).max(3));
                replayed.push_str(&format!("{ticks}{}\n{text}{ticks}\n", fence.info));
            }
        }
    }
    replayed
}

fn session(where_: &str, fence: &Fence, shell: &mut Shell) -> String {
    let mut shown = String::new();
    for line in fence.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let (status, output) = shell.run(line);
        assert!(
            (0..2).contains(&status),
            "{where_}, block of line {}: `{line}` ended with {status}:\n{output}",
            fence.line
        );
        shown.push_str(&format!("$ {line}\n{output}"));
    }
    shown
}

/// Holds a file against what it should be; with the environment variable `update` set, mends it.
pub fn hold(path: &Path, expected: &str, update: &str, test: &str) {
    if std::env::var_os(update).is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, expected).expect("the page is written");
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == expected {
        return;
    }
    let differs = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    let at = differs.unwrap_or(found.lines().count().min(expected.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    panic!(
        "{} is not current from line {} on.\n  it says:      {}\n  it should be: {}\nTo mend it: {update}=1 cargo test --test {test}",
        path.display(),
        at + 1,
        line(&found),
        line(expected),
    );
}
