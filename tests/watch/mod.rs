//! `contexture watch`, from outside: real saves, real git, and what it says of them.
//!
//! Nothing here sleeps. A test waits for the line that must come, with a deadline; and where none may
//! come, it makes another change and sees that its line is the next.

pub mod laws;
mod saves;
mod states;
mod terminal;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Repo;

/// How long a line may be waited for, on a machine that does other things too.
const DEADLINE: Duration = Duration::from_secs(60);

/// Five documents, a template, examples, and two contexts that share some of them.
pub fn library() -> Repo {
    let repo = Repo::new();
    for name in ["a", "b", "c", "d", "e"] {
        repo.file(&format!("docs/{name}.md"), format!("# {name}\n\nText of {name}.\n"));
    }
    repo.file("templates/persona.hbs", "You work for {{shop}}.\n");
    repo.file("examples/turns.jsonl", "{\"input\": \"Hi\", \"output\": \"Hello\"}\n");
    repo.file(
        "contexts/all.yaml",
        "models: [gpt-6.1-sol, claude-sonnet-5-5]\nvars: {shop: Acme}\noutput: {max_tokens: 100}\n\
         system:\n  - template: persona.hbs\n  - files: docs/*.md\n\
         messages:\n  - examples: examples/turns.jsonl\n  - user: Hello\n",
    );
    repo.file("contexts/one.yaml", "system:\n  - file: docs/a.md\n");
    repo.file(".gitignore", "/dist/\n");
    repo.committed("base");
    repo
}

/// A running watch.
pub struct Watching {
    child: Child,
    lines: Receiver<String>,
    complaints: BufReader<ChildStderr>,
    seq: u64,
}

impl Watching {
    /// Starts a watch over the repository and waits for its first build.
    #[track_caller]
    pub fn of(repo: &Repo, arguments: &str) -> Self {
        let mut command = repo.clean(env!("CARGO_BIN_EXE_contexture"));
        command.args(["watch", "--format", "json"]).args(arguments.split_whitespace());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        let complaints = BufReader::new(child.stderr.take().expect("its complaints"));
        let mut watching = Self { child, lines, complaints, seq: 0 };
        watching.next();
        watching
    }

    /// The next round, which follows upon the last one seen.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(DEADLINE).expect("a round in time");
        let round: Value = serde_json::from_str(&line).expect("a line of JSON");
        self.seq += 1;
        assert_eq!((&round["schema"], &round["seq"]), (&json!("contexture.watch/1"), &json!(self.seq)), "{line}");
        let broken = round["broken"].as_array().is_some_and(|broken| !broken.is_empty())
            || round["diagnostics"].as_array().is_some_and(|faults| !faults.is_empty());
        assert_eq!(round["status"], if broken { "broken" } else { "ok" }, "{line}");
        round
    }

    /// The rounds up to the one that says what a cold build of the repository as it stands says.
    #[track_caller]
    pub fn catch_up(&mut self, repo: &Repo) -> usize {
        let cold = cold(repo);
        for rounds in 1.. {
            if said(&self.next()) == cold {
                return rounds;
            }
        }
        unreachable!("the deadline comes first")
    }

    /// How many rounds came before the one of a change made now: a new context, its name `marker`.
    #[track_caller]
    fn rounds_before(&mut self, repo: &Repo, marker: &str) -> usize {
        repo.file(&format!("contexts/{marker}.yaml"), "system:\n  - text: Here.\n");
        for rounds in 0.. {
            let round = self.next();
            if round["contexts"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == marker)) {
                return rounds;
            }
        }
        unreachable!("the deadline comes first")
    }

    /// The next line that it says on stderr.
    pub fn complaint(&mut self) -> String {
        let mut line = String::new();
        self.complaints.read_line(&mut line).expect("UTF-8");
        line
    }

    /// Waits for its end: the exit code, and what it said on stderr.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        // The lines end when the program does.
        while self.lines.recv_timeout(DEADLINE).is_ok() {}
        let status = self.child.wait().expect("it ends");
        let mut said = String::new();
        self.complaints.read_to_string(&mut said).expect("UTF-8");
        (status.code(), said)
    }

    /// Sends it a signal.
    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Names and digests of a round's contexts, and the names of the broken ones with what is wrong.
fn said(round: &Value) -> Value {
    let some = |list: &str, keys: &[&str]| -> Vec<Value> {
        let all = round[list].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| keys.iter().map(|key| one[*key].clone()).collect()).collect()
    };
    json!([some("contexts", &["id", "variant", "prefix", "full"]), some("broken", &["id", "variant", "diagnostics"])])
}

/// The same of a cold build by the same program.
#[track_caller]
fn cold(repo: &Repo) -> Value {
    said(&repo.run("build --format json").json())
}
