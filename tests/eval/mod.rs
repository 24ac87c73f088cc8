//! Models asked over a connection: what is sent, what is recorded, what it costs, and what no fault and no endpoint can do.
//!
//! `server.py` is the other side. Most tests ask its rule, which answers in milliseconds in every dialect and breaks what it
//! is told to break; `live` asks a real model.

mod advise;
mod attacks;
mod batch;
mod counted;
mod judge;
mod live;
pub mod reports;
mod sdk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Outcome, Repo};

/// A key that must be nowhere but in the header of a request.
const KEY: &str = "sk-test-0123456789abcdef0123456789abcdef";

/// A server, until it is dropped.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(words: &str) -> Self {
        let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
            .expect("CONTEXTURE_TEST_PYTHON names a Python: run tests/setup.sh");
        let mut command = Command::new(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval/server.py")).args(words.split_whitespace());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("server.py {words} ended before it was ready"));
        Self { child, base: ready["base_url"].as_str().expect("an address").to_owned() }
    }

    /// Every request that came.
    fn log(&self) -> Vec<Value> {
        self.told("/log")
    }

    /// What the server tells of itself.
    fn told<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let mut stream = TcpStream::connect(self.base.trim_start_matches("http://")).expect("a connection");
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head");
        serde_json::from_str(body).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The project that a stranger can try, in a repository of its own.
fn topics() -> Repo {
    let repo = Repo::new();
    let from = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval/topics"));
    for path in ["contexture.yaml", "prices.yaml", "contexts/topics.yaml", "examples/topics.jsonl", "eval/topics.jsonl"]
    {
        repo.file(path, fs::read(from.join(path)).expect(path));
    }
    repo.commit("topics");
    repo
}

/// `contexture eval` with these arguments, of a server's models, and nothing of the machine's.
fn eval(repo: &Repo, server: &Server, words: &str) -> Outcome {
    let url = format!("--base-url=chat={}/v1", server.base);
    repo.contexture(["eval", &url].into_iter().chain(words.split_whitespace())).env("OPENAI_API_KEY", KEY).run()
}

/// Every file of recorded answers.
fn recorded(repo: &Repo) -> Vec<String> {
    let files = fs::read_dir(repo.at(".contexture/answers")).into_iter().flatten().flatten();
    files.map(|file| fs::read_to_string(file.path()).expect("UTF-8")).collect()
}

/// The lines of the records that are answers.
fn answers(repo: &Repo) -> Vec<Value> {
    let texts = recorded(repo);
    let lines = texts.iter().flat_map(|text| text.lines()).filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(|line: &Value| line.get("answer").is_some()).collect()
}

const AGAINST: &str = "topics@eight --against topics --format json";

#[test]
fn what_was_asked_once_is_recorded_and_replayed_when_the_server_is_gone() {
    let (repo, server) = (topics(), Server::start("rule"));
    let first = eval(&repo, &server, AGAINST).exits(0);
    assert!(first.stderr.contains("128 of 128 answers are not recorded"), "{first}");
    assert_eq!((server.log().len(), answers(&repo).len(), recorded(&repo).len()), (128, 128, 1));
    // Edits that change no request: a name, an expectation, a scorer, a file beside them.
    let cases = fs::read_to_string(repo.at("eval/topics.jsonl")).expect("cases");
    repo.file(
        "eval/topics.jsonl",
        cases.replace("\"h0", "\"case-0").replace("\"expect\": \"money\"", "\"expect\": \"Money\""),
    );
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("- label: [weather, food, money, sport]", "- contains:"));
    repo.file("README.md", "Topics.\n");
    let again = eval(&repo, &server, AGAINST);
    assert!(again.stderr.contains("nothing is asked"), "{again}");
    assert_eq!(server.log().len(), 128);
    repo.git(["checkout", "-q", "."]);
    drop(server);
    let replayed = repo.run(&format!("eval {AGAINST} --replay"));
    assert_eq!((replayed.status, &replayed.stdout), (Some(0), &first.stdout));
    // Another prompt is missing, said with its number, and no pass.
    let missing = repo.run("eval topics@sixteen --against topics --replay");
    assert_eq!(missing.status, Some(2), "{missing}");
    assert!(missing.stderr.contains("64 of 128 answers are not recorded"), "{missing}");
}

#[test]
fn the_cost_is_the_arithmetic_over_the_usage_that_came_back() {
    let (repo, server) = (topics(), Server::start("rule"));
    let outcome = eval(&repo, &server, "topics --format json").exits(0);
    // Prices of prices.yaml in hundred-millionths of a dollar a thousand tokens: 10 in, 1 read, 40 out.
    let sum: u64 = answers(&repo)
        .iter()
        .map(|record| {
            let at = |pointer: &str| record["answer"]["usage"].pointer(pointer).and_then(Value::as_u64).expect(pointer);
            let (all, read) = (at("/prompt_tokens"), at("/prompt_tokens_details/cached_tokens"));
            (all - read) * 10 + read + at("/completion_tokens") * 40
        })
        .sum();
    let expected = format!("{:.8}", sum as f64 / 1e8);
    assert_eq!(outcome.json()["runs"][0]["usd"], expected.trim_end_matches('0'), "{outcome}");
    assert!(outcome.stderr.contains(&format!("64 calls, ${} paid", expected.trim_end_matches('0'))), "{outcome}");
}

#[test]
fn faults_of_the_way_change_no_verdict_and_are_listed() {
    let (repo, server) = (topics(), Server::start("rule"));
    let plain = eval(&repo, &server, AGAINST).exits(0).json();
    let broken = topics();
    let server = Server::start("rule --rate 0.2 --seed 3");
    let outcome = eval(&broken, &server, AGAINST).exits(0);
    let (json, log) = (outcome.json(), server.log());
    assert_eq!(json["comparisons"], plain["comparisons"], "{outcome}");
    assert!(json["runs"].as_array().expect("runs").iter().all(|run| run["errors"] == 0), "{outcome}");
    // Every fault that was dealt is listed with its number, and recorded with the answer that came after it.
    let dealt: u64 = log.iter().filter(|one| one["fault"] != "ok").count() as u64;
    let listed: u64 = outcome.stderr.lines().filter_map(|line| line.split_once(" × ")?.0.parse::<u64>().ok()).sum();
    let recorded: u64 =
        answers(&broken).iter().filter_map(|one| one["faults"].as_array()).map(|faults| faults.len() as u64).sum();
    assert!(dealt > 15 && log.len() as u64 == 128 + dealt, "{dealt} of {}", log.len());
    assert_eq!((listed, recorded), (dealt, dealt), "{outcome}");
    let kinds: BTreeSet<&str> = log.iter().filter_map(|one| one["fault"].as_str()).collect();
    assert!(kinds.len() > 6, "{kinds:?}");
}

#[test]
fn a_run_that_is_killed_asks_again_only_what_was_under_way() {
    let (repo, server) = (topics(), Server::start("rule --delay 0.03"));
    let url = format!("--base-url={}/v1", server.base);
    let arguments = ["eval", "topics@eight", "--against", "topics", "--jobs", "4", &url];
    let mut child = repo.contexture(arguments).command().spawn().expect("the program starts");
    while answers(&repo).len() < 20 {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let before = answers(&repo).len();
    // What a loss of power may do to the last line.
    let file =
        fs::read_dir(repo.at(".contexture/answers")).expect("a folder").next().expect("a file").expect("a file").path();
    let mut text = fs::read_to_string(&file).expect("text");
    text.push_str("{\"request\":\"torn");
    fs::write(&file, text).expect("a torn line");
    let again = repo.contexture(arguments).run().exits(0);
    let asked = server.log().len();
    assert!((128..=132).contains(&asked) && before >= 20, "{before} {asked}\n{again}");
    assert!(again.stderr.contains(&format!("{} of 128 answers are not recorded", 128 - before)), "{again}");
    assert!(again.stderr.contains("was not written to its end"), "{again}");
    if asked > 128 {
        assert!(
            again.stderr.contains("calls of earlier runs were cut off before their answer was recorded"),
            "{again}"
        );
    }
    assert_eq!(answers(&repo).len(), 128);
    assert_eq!(recorded(&repo).len(), 2);
}

/// A signal ends a run with what it has: the words, the file, and nothing asked twice.
#[test]
fn an_interrupted_run_says_what_it_has() {
    let (repo, server) = (topics(), Server::start("rule --delay 0.05"));
    let url = format!("--base-url={}/v1", server.base);
    let arguments = ["eval", "topics", "--jobs", "2", &url];
    let mut command = repo.contexture(arguments).command();
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
    while answers(&repo).len() < 20 {
        std::thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("interrupted: at least "), "{said}");
    assert!(said.contains(" of 64 calls are over") && said.contains("run it again for the rest"), "{said}");
    let before = answers(&repo).len();
    let again = repo.contexture(arguments).run().exits(0);
    assert!(again.stderr.contains(&format!("{} of 64 answers are not recorded", 64 - before)), "{again}");
}

#[test]
fn nothing_is_asked_that_could_cost_more_than_is_allowed() {
    let (repo, server) = (topics(), Server::start("rule"));
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    for (words, said) in [
        ("topics --max-cost 0.001", "which is over --max-cost 0.001"),
        ("topics --max-calls 63", "64 answers are not recorded, and --max-calls 63 allows fewer calls"),
    ] {
        let refused = eval(&repo, &server, words).exits(2);
        assert!(refused.stderr.contains(said), "{refused}");
    }
    // A model whose price nobody knows is asked so many times and no more.
    repo.file("prices.yaml", prices.replace("    prices:", "    # prices:"));
    let refused = eval(&repo, &server, "topics").exits(2);
    assert!(
        refused.stderr.contains("smollm2 has no known price") && refused.stderr.contains("--max-calls"),
        "{refused}"
    );
    assert_eq!(server.log(), Vec::<Value>::new());
    let allowed = eval(&repo, &server, "topics --max-calls 64 --format json").exits(0);
    assert_eq!((allowed.json()["runs"][0]["usd"].clone(), server.log().len()), (Value::Null, 64));
    // Tries are counted, not only answers.
    let (repo, server) = (topics(), Server::start("rule --fault 500"));
    eval(&repo, &server, "topics --max-calls 64").exits(2);
    assert!(server.log().len() <= 64);
}

#[test]
fn another_look_is_counted_and_the_first_stays_recorded() {
    let (repo, server) = (topics(), Server::start("rule"));
    eval(&repo, &server, "topics").exits(0);
    let fresh = eval(&repo, &server, "topics --fresh").exits(0);
    assert!(fresh.stderr.contains("64 of 64 answers are not recorded, look 2"), "{fresh}");
    let looks: BTreeMap<u64, usize> =
        answers(&repo).iter().filter_map(|one| one["look"].as_u64()).fold(BTreeMap::new(), |mut all, look| {
            *all.entry(look).or_default() += 1;
            all
        });
    assert_eq!((server.log().len(), looks), (128, BTreeMap::from([(1, 64), (2, 64)])));
    let again = eval(&repo, &server, "topics").exits(0);
    assert!(again.stderr.contains("look 2: nothing is asked"), "{again}");
    // Only of what was compared: whatever else is in the run is at its first look, and its p stays.
    let both = eval(&repo, &server, "topics topics@eight topics@sixteen");
    assert!(both.stderr.contains("128 of 192 answers are not recorded, looks 1 and 2"), "{both}");
    let compared = eval(&repo, &server, "topics topics@sixteen --against topics@eight --format json --max-calls 64");
    assert!(compared.stderr.contains("64 of 256 answers are not recorded, looks 1 and 2"), "{compared}");
    let looks =
        compared.json()["comparisons"].as_array().map(|all| all.iter().map(|own| own["look"].clone()).collect());
    assert_eq!(looks, Some(vec![Value::from(2), Value::from(1)]), "{compared}");
}

#[test]
fn what_a_change_records_itself_is_counted() {
    let (repo, server) = (topics(), Server::start("rule"));
    eval(&repo, &server, "topics").exits(0);
    repo.commit("answers");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("pick: {count: 4}", "pick: {count: 12}"));
    let outcome = eval(&repo, &server, "topics --base HEAD --format json").exits(0).json();
    let recorded: Vec<&Value> = outcome["runs"].as_array().expect("runs").iter().map(|run| &run["recorded"]).collect();
    assert_eq!(recorded, [0, 64], "{outcome}");
    assert_eq!(server.log().len(), 128);
}

/// What a change is held against, and there is not: an error where it is broken, and said where it is not there.
#[test]
fn nothing_passes_because_there_was_no_base_to_look_at() {
    let (repo, server) = (topics(), Server::start("rule"));
    eval(&repo, &server, "topics").exits(0);
    repo.commit("answers");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    let gates = manifest.replace("eval:\n", "eval:\n  gates: {regression: 5%, recorded: base}\n");
    let bases = [
        ("broken", manifest.replace("system:", "sistem:"), 2, "unknown key `sistem`"),
        ("no-text", manifest.replace("examples/topics.jsonl", "nowhere.jsonl"), 2, "nowhere.jsonl"),
        ("others", format!("models: [gpt-6.1-sol, claude-opus-5]\n{manifest}"), 0, "the base does not ask smollm2"),
    ];
    for (branch, text, _, _) in &bases {
        repo.git(["checkout", "-q", "-b", branch, "main"]);
        repo.file("contexts/topics.yaml", text).commit(branch);
    }
    repo.git(["checkout", "-q", "-b", "none", "main"]);
    fs::remove_file(repo.at("contexts/topics.yaml")).expect("it is there");
    repo.commit("none");
    repo.git(["checkout", "-q", "main"]);
    repo.file("contexts/topics.yaml", &gates);
    let none = ("none", String::new(), 0, "`topics` is not in the base: it is compared with nothing");
    for (branch, _, status, said) in bases.into_iter().chain([none]) {
        let outcome = eval(&repo, &server, &format!("topics --base {branch} --format json"));
        assert_eq!(outcome.status, Some(status), "{branch}: {outcome}");
        assert!(outcome.stderr.contains(said), "{branch}: {outcome}");
        assert_eq!(outcome.stderr.contains("nothing is held against regression, "), status == 0, "{branch}: {outcome}");
    }
    // A change that takes the cases away, or leaves one of two that are named without any.
    let without = &manifest[..manifest.find("eval:\n").expect("cases")];
    repo.file("contexts/topics.yaml", without);
    let kept = eval(&repo, &server, "--base main --format json").exits(0);
    assert_eq!(kept.json()["comparisons"][0]["n"], 64, "{kept}");
    repo.file("contexts/topics.yaml", &gates).file("contexts/other.yaml", without);
    let other = eval(&repo, &server, "topics other").exits(2);
    assert!(other.stderr.contains("other has no cases"), "{other}");
    fs::remove_file(repo.at("contexts/other.yaml")).expect("it is there");
    let alone = eval(&repo, &server, "topics --format json").exits(0);
    assert!(alone.stderr.contains("nothing is held against recorded and regression, "), "{alone}");
    assert_eq!(alone.json()["gates"], serde_json::json!([]), "{alone}");
    assert!(alone.json()["runs"][0]["recorded"].is_null(), "{alone}");
}

#[test]
fn the_time_to_the_first_token_is_another_request() {
    let (repo, server) = (topics(), Server::start("rule"));
    let plain = eval(&repo, &server, "topics --format json").exits(0).json();
    let streamed = eval(&repo, &server, "topics --first-token --format json").exits(0).json();
    assert_eq!(plain["runs"][0]["score"], streamed["runs"][0]["score"]);
    assert_eq!(plain["runs"][0]["usd"], streamed["runs"][0]["usd"]);
    let with_first = answers(&repo).iter().filter(|one| one["first_token_ms"].is_u64()).count();
    assert_eq!((server.log().len(), with_first), (128, 64));
}
