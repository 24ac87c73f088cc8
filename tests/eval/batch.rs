//! Batches: the same answers for less, none asked twice and none lost wherever a run is killed, and servers that misbehave.

use std::process::{Child, ExitStatus};
use std::time::Instant;

use super::*;

/// The topics, asked in one dialect, with prices of batches that are half.
fn project(dialect: &str) -> Repo {
    with_prices(topics(), dialect)
}

fn with_prices(repo: Repo, dialect: &str) -> Repo {
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    let prices = prices
        .replace("[chat]", &format!("[{dialect}]"))
        .replace("read: 0.01}", "read: 0.01, batch: {input: 0.05, output: 0.20, read: 0.005}}");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("prices.yaml", prices).file(
        "contexts/topics.yaml",
        manifest.replace("max_tokens: 6", "max_tokens: 16").replace("settings: {temperature: 0}\n", ""),
    );
    repo.commit("batches");
    repo
}

/// `contexture` with these words, of a server's models.
fn arguments(server: &Server, words: &str) -> Vec<String> {
    let urls = [("messages", ""), ("responses", "/v1"), ("chat", "/v1")];
    let urls = urls.map(|(dialect, version)| format!("--base-url={dialect}={}{version}", server.base));
    words.split_whitespace().map(str::to_owned).chain(urls).collect()
}

fn run(repo: &Repo, server: &Server, words: &str) -> Outcome {
    repo.contexture(arguments(server, words)).env("OPENAI_API_KEY", KEY).env("ANTHROPIC_API_KEY", KEY).run()
}

/// Starts it, and kills it when the server has got a request that begins so.
fn killed(repo: &Repo, server: &Server, words: &str, at: &str) -> ExitStatus {
    let mut child = begun(repo, server, words, at);
    child.kill().expect("a kill");
    child.wait().expect("an end")
}

/// Starts it, and waits until the server has got a request that begins so.
fn begun(repo: &Repo, server: &Server, words: &str, at: &str) -> Child {
    let mut command =
        repo.contexture(arguments(server, words)).env("OPENAI_API_KEY", KEY).env("ANTHROPIC_API_KEY", KEY).command();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let is_there =
        |one: &Value| format!("{} {}", one["method"].as_str().unwrap(), one["path"].as_str().unwrap()).starts_with(at);
    while !server.log().iter().any(is_there) {
        assert!(child.try_wait().expect("a state").is_none(), "it ended before {at}");
        std::thread::sleep(Duration::from_millis(20));
    }
    // What was sent of an answer that never ends is read by then.
    std::thread::sleep(Duration::from_millis(150));
    child
}

/// The custom ids of every batch that was made.
fn made(server: &Server) -> Vec<Vec<String>> {
    server.told("/made")
}

/// How many batches were made; that no request is in two of them, and none was sent by itself.
fn made_once(server: &Server) -> usize {
    let made = made(server);
    let all: Vec<&String> = made.iter().flatten().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "a request was submitted twice");
    let ends = ["/v1/messages", "/v1/chat/completions", "/v1/responses"];
    assert!(!server.log().iter().any(|one| ends.iter().any(|end| one["path"] == *end)), "a call was made");
    made.len()
}

const BATCH: &str = "eval topics --batch --format json";

#[test]
fn a_batch_is_the_same_answers_at_its_own_prices_without_a_latency() {
    for dialect in ["chat", "responses", "messages"] {
        let (repo, server) = (project(dialect), Server::start("rule --working 3"));
        let batch = run(&repo, &server, BATCH).exits(0);
        assert_eq!((made_once(&server), answers(&repo).len()), (1, 64));
        assert!(batch.stderr.contains("64 answers through 1 batch, $"), "{batch}");
        // Neither way asks for what the other has recorded.
        let replayed = run(&repo, &server, "eval topics --format json");
        assert!(replayed.stderr.contains("nothing is asked") && replayed.stdout == batch.stdout, "{replayed}");
        let (other, calls) = (project(dialect), Server::start("rule"));
        let plain = run(&other, &calls, "eval topics --format json").exits(0);
        let again = run(&other, &calls, BATCH);
        assert!(again.stderr.contains("nothing is asked") && again.stdout == plain.stdout, "{again}");
        assert_eq!(calls.log().len(), 64);
        let (mut batch, mut plain) = (batch.json()["runs"][0].take(), plain.json()["runs"][0].take());
        let usd = |run: &Value| run["usd"].as_str().expect("a cost").parse::<f64>().expect("a number");
        assert!((usd(&plain) / usd(&batch) - 2.0).abs() < 1e-9, "{plain} {batch}");
        assert!(plain["latency_ms"]["p95"].is_u64() && batch["latency_ms"]["p95"].is_null(), "{batch}");
        for run in [&mut batch, &mut plain] {
            ["usd", "latency_ms", "commit"]
                .iter()
                .for_each(|key| drop(run.as_object_mut().expect("a run").remove(*key)));
        }
        assert_eq!(batch, plain);
    }
}

#[test]
fn wherever_a_run_is_killed_the_next_one_has_every_answer_and_submits_none_twice() {
    for (dialect, at, how, is_known) in [
        ("chat", "POST /v1/files", "hang", false),
        ("chat", "POST /v1/batches", "never", true),
        ("chat", "POST /v1/batches", "hang", true),
        ("responses", "GET /v1/batches/", "hang", true),
        ("chat", "GET /v1/files/", "hang", true),
        ("messages", "POST /v1/messages/batches", "never", true),
        ("messages", "POST /v1/messages/batches", "hang", true),
        ("messages", "GET /v1/messages/batches/msgbatch_0000", "hang", true),
        ("messages", "GET /v1/messages/batches/msgbatch_0000/results", "hang", true),
    ] {
        let (repo, server) =
            (project(dialect), Server::start(&format!("rule --how {how} --hold {}", at.replace(' ', "+"))));
        killed(&repo, &server, BATCH, at);
        let half = answers(&repo).len();
        assert_eq!(half > 0, at.contains("files/") || at.contains("results"), "{at}: {half}");
        // Another machine has what was committed.
        let there = if how == "hang" && is_known {
            repo.commit("a killed run");
            Repo::clone_of(&repo, &[])
        } else {
            repo
        };
        if is_known {
            let plain = run(&there, &server, "eval topics --format json").exits(2);
            assert!(plain.stderr.contains("`eval --batch` "), "{at}: {plain}");
            assert_eq!(made_once(&server), usize::from(how == "hang"), "{at}: {plain}");
        }
        let again = run(&there, &server, BATCH).exits(0);
        assert_eq!((made_once(&server), answers(&there).len()), (1, 64), "{at}: {again}");
        assert!(again.stderr.contains(&format!("{} answers through 1 batch", 64 - half)), "{at}: {again}");
        let after = run(&there, &server, BATCH).exits(0);
        assert!(after.stderr.contains("nothing is asked") && after.stdout == again.stdout, "{at}: {after}");
    }
}

#[test]
fn an_order_whose_answer_is_lost_is_looked_for_and_not_given_again() {
    for (dialect, at) in [("chat", "POST+/v1/batches"), ("messages", "POST+/v1/messages/batches")] {
        for how in ["close", "503"] {
            let (repo, server) = (project(dialect), Server::start(&format!("rule --how {how} --hold {at}")));
            let outcome = run(&repo, &server, BATCH).exits(0);
            assert_eq!((made_once(&server), answers(&repo).len()), (1, 64), "{how}: {outcome}");
            assert!(outcome.stderr.contains("1 × http://127.0.0.1:"), "{how}: {outcome}");
        }
    }
    // What was there before is not it, however many requests it has.
    let words = "rule --others 64 --how never --hold POST+/v1/messages/batches";
    let (repo, server) = (project("messages"), Server::start(words));
    killed(&repo, &server, BATCH, "POST /v1/messages/batches");
    let outcome = run(&repo, &server, BATCH).exits(0);
    assert!(outcome.stderr.contains("submitted 64 requests in batch msgbatch_0001 to "), "{outcome}");
    assert_eq!((made_once(&server), answers(&repo).len()), (2, 64), "{outcome}");
    // A connection that breaks in the middle of the results is no second result.
    let (repo, server) =
        (project("messages"), Server::start("rule --how close --hold GET+/v1/messages/batches/msgbatch_0000/results"));
    let outcome = run(&repo, &server, BATCH).exits(0);
    assert!(answers(&repo).len() == 64 && !outcome.stderr.contains("second result"), "{outcome}");
}

#[test]
fn five_thousand_cases_survive_a_kill_in_the_middle_of_their_results() {
    let repo = project("chat");
    let known = fs::read_to_string(repo.at("eval/topics.jsonl")).expect("cases");
    let known: Vec<Value> = known.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let cases = (0..5_000).map(|at| {
        let one = &known[at % known.len()];
        let sentence = format!("{} (Number {at}.)", one["inputs"]["sentence"].as_str().expect("a sentence"));
        serde_json::json!({"id": format!("c{at}"), "inputs": {"sentence": sentence}, "expect": one["expect"]})
            .to_string()
            + "\n"
    });
    repo.file("eval/topics.jsonl", cases.collect::<String>());
    let server = Server::start("rule --hold GET+/v1/files/");
    killed(&repo, &server, BATCH, "GET /v1/files/");
    let (half, started) = (answers(&repo).len(), Instant::now());
    assert!(half > 100 && half < 5_000, "{half}");
    let outcome = run(&repo, &server, BATCH).exits(0);
    assert!(outcome.stderr.contains(&format!("{} answers through 1 batch", 5_000 - half)), "{outcome}");
    assert_eq!((made_once(&server), made(&server)[0].len()), (1, 5_000));
    let requests: BTreeSet<String> = answers(&repo).iter().map(|one| one["request"].to_string()).collect();
    assert_eq!((answers(&repo).len(), requests.len()), (5_000, 5_000), "after {:?}", started.elapsed());
    assert_eq!(outcome.json()["runs"][0]["errors"], 0, "{outcome}");
}

#[test]
fn what_a_batch_did_not_answer_is_an_error_and_submitted_anew() {
    for dialect in ["chat", "messages"] {
        let (repo, server) = (project(dialect), Server::start("rule --unanswered 0.3 --seed 5"));
        let first = run(&repo, &server, BATCH);
        let errors = first.json()["runs"][0]["errors"].as_u64().expect("a number") as usize;
        assert!(errors > 10 && answers(&repo).len() == 64 - errors, "{first}");
        for why in ["it expired before it was answered", "cancel", "the server answered", "injected"] {
            assert!(first.stderr.contains(why), "{why}: {first}");
        }
        let listed: usize =
            first.stderr.lines().filter_map(|line| line.split_once(" × ")?.0.parse::<usize>().ok()).sum();
        assert_eq!(listed, errors, "{first}");
        // The next run submits these and no others.
        let missing: BTreeSet<String> = {
            let recorded: BTreeSet<String> =
                answers(&repo).iter().map(|one| one["request"].as_str().expect("text")[..40].to_owned()).collect();
            made(&server)[0].iter().filter(|name| !recorded.contains(&name[..40])).cloned().collect()
        };
        run(&repo, &server, BATCH);
        assert_eq!(made(&server)[1].iter().cloned().collect::<BTreeSet<_>>(), missing);
    }
}

#[test]
fn a_server_that_misbehaves_is_told_and_counts_for_nothing() {
    let trap = Server::start("rule");
    for (dialect, trick, said, recorded) in [
        ("chat", "failed", "failed: line 1 is not what it should be", 0),
        ("messages", "missing", "no result came for it, and the batch is ended", 63),
        ("chat", "missing", "no result came for it, and the batch is completed", 63),
        ("chat", "twice", "1 × ", 64),
        ("messages", "twice", "a second result for one request, which is not counted", 64),
        ("messages", "unknown", "a result for no request that was submitted, which is not counted", 64),
        ("messages", "html", "a page of HTML where a result should be", 0),
        ("chat", "torn", "a line that is no whole JSON", 31),
        ("messages", "torn", "a line that is no whole JSON", 31),
        ("chat", "endless", "that is the limit", 0),
        ("messages", "url", "64 answers through 1 batch", 64),
        ("messages", "id", "its id is none", 0),
        ("chat", "id", "its id is none", 0),
        ("chat", "file-id", "its id is none", 0),
        ("chat", "gone", "there is no such batch", 0),
        ("messages", "gone", "it is left to a later run", 0),
        ("chat", "key", "64 answers through 1 batch", 64),
        ("messages", "key", "64 answers through 1 batch", 64),
    ] {
        let (repo, server) =
            (project(dialect), Server::start(&format!("rule --trick {trick} --elsewhere {}", trap.base)));
        let outcome = run(&repo, &server, "eval topics --batch");
        assert!(outcome.stderr.contains(said) || outcome.stdout.contains(said), "{dialect} {trick}: {outcome}");
        let count = answers(&repo).len();
        assert!(
            count == recorded || trick == "torn" && (20..45).contains(&count),
            "{dialect} {trick}: {count} {outcome}"
        );
        assert_eq!(outcome.status == Some(0), recorded >= 63, "{dialect} {trick}: {outcome}");
        assert!(server.log().iter().all(|one| !one["path"].as_str().unwrap().contains("..")), "{dialect} {trick}");
        assert!(!super::attacks::left(&repo, &outcome).contains(KEY), "{dialect} {trick}: {outcome}");
        assert_eq!(made_once(&server), 1, "{dialect} {trick}");
        // Where nobody knows what became of it, it is not submitted again.
        if ["gone", "torn", "html", "endless", "id", "file-id"].contains(&trick) {
            let again = run(&repo, &server, "eval topics --batch").exits(2);
            assert_eq!(made_once(&server), 1, "{dialect} {trick}: {again}");
        }
    }
    assert_eq!(trap.log(), Vec::<Value>::new());
}

#[test]
fn what_cannot_be_asked_in_a_batch_is_said_before_anything_is_sent() {
    let (repo, server) = (project("chat"), Server::start("rule"));
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    for (words, said) in [
        ("eval topics --batch --max-cost 0.0001", "64 calls can cost $0.00"),
        ("eval topics --batch --max-calls 63", "--max-calls 63 allows fewer calls"),
        ("eval topics --batch --first-token", "cannot be used with"),
        ("eval topics --batch --model gemini-3.8-flash", "eval sends batches of messages, responses and chat"),
    ] {
        let refused = run(&repo, &server, words).exits(2);
        assert!(refused.stderr.contains(said), "{refused}");
    }
    // Half of what a call costs is a guess where the card does not say so.
    repo.file("prices.yaml", prices.replace("batch: {input: 0.05, output: 0.20, read: 0.005}", ""));
    let refused = run(&repo, &server, BATCH).exits(2);
    assert!(refused.stderr.contains("smollm2 has no known price of batches"), "{refused}");
    assert_eq!(server.log(), Vec::<Value>::new());
    let allowed = run(&repo, &server, &format!("{BATCH} --max-calls 64")).exits(0);
    assert!(
        allowed.json()["runs"][0]["usd"].is_null() && allowed.stderr.contains("what they cost is not known"),
        "{allowed}"
    );
    // A latency that nobody knows meets no gate.
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("eval:\n", "eval:\n  gates: {latency_p95: 900s}\n"));
    let gate = run(&repo, &server, BATCH).exits(2);
    assert_eq!(gate.json()["gates"][0]["status"], "unknown", "{gate}");
}

#[test]
fn a_committed_file_does_not_say_which_path_is_asked() {
    let (repo, server) = (project("chat"), Server::start("rule --hold GET+/v1/batches/"));
    killed(&repo, &server, BATCH, "GET /v1/batches/");
    let file =
        fs::read_dir(repo.at(".contexture/answers")).expect("a folder").next().expect("a file").expect("a file").path();
    let text = fs::read_to_string(&file).expect("lines");
    fs::write(&file, text.replace("batch_0001", "../models")).expect("a file");
    let outcome = run(&repo, &server, BATCH);
    assert!(outcome.stderr.contains("this line is no recorded answer"), "{outcome}");
    assert!(server.log().iter().all(|one| !one["path"].as_str().unwrap().contains("models")));
    // What was submitted is found by the name of its order, and not submitted again.
    assert_eq!((outcome.status, made_once(&server), answers(&repo).len()), (Some(0), 1, 64), "{outcome}");
    // A batch of another server is left where it is.
    let (repo, server, other) = (project("chat"), Server::start("rule --hold GET+/v1/batches/"), Server::start("rule"));
    killed(&repo, &server, BATCH, "GET /v1/batches/");
    let outcome = run(&repo, &other, BATCH).exits(2);
    assert!(outcome.stderr.contains("64 answers are in batch batch_0001 at "), "{outcome}");
    assert_eq!(made(&other).len(), 0);
}

#[test]
fn a_new_look_that_is_in_a_batch_is_the_one_that_the_same_command_collects() {
    let (repo, server) = (project("chat"), Server::start("rule --hold GET+/v1/batches/batch_0003"));
    run(&repo, &server, BATCH).exits(0);
    killed(&repo, &server, &format!("{BATCH} --fresh"), "GET /v1/batches/batch_0003");
    let again = run(&repo, &server, &format!("{BATCH} --fresh")).exits(0);
    assert!(again.stderr.contains("64 of 64 answers are in batches, look 2: nothing is asked"), "{again}");
    assert_eq!((made_once(&server), answers(&repo).len()), (2, 128), "{again}");
}

#[test]
fn an_interrupted_run_says_that_its_batches_go_on() {
    let (repo, server) = (project("chat"), Server::start("rule --hold GET+/v1/batches/"));
    let child = begun(&repo, &server, BATCH, "GET /v1/batches/");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    let words = "interrupted: 0 answers are collected; batches that were submitted go on at their server, and the same";
    assert!(!output.status.success() && said.contains(words), "{said}");
    assert!(said.contains("submitted 64 requests in batch batch_0001 to http://127.0.0.1:"), "{said}");
    // Whatever shows recorded answers says where these are, and what takes them up.
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("Answer with one word", "Answer in one word"));
    let place = format!("64 answers are in batch batch_0001 at {}", server.base);
    for command in ["eval topics --replay", "check --eval", "advise topics"] {
        let shown = repo.run(command);
        assert!(shown.stderr.contains(&format!("{place}: `eval --batch` takes them up")), "{command}: {shown}");
    }
    let diff = repo.run("diff HEAD").stdout;
    let base = diff.split_once("--base ").expect("a command").1.split_whitespace().next().expect("a commit");
    assert!(diff.contains(&format!("{place}; this takes them up: contexture eval --base {base} --batch")), "{diff}");
    repo.file("contexts/topics.yaml", manifest);
    let again = run(&repo, &server, BATCH).exits(0);
    assert!(
        again.stderr.contains("an earlier run submitted 64 requests in batch batch_0001 to http://127.0.0.1:"),
        "{again}"
    );
    assert_eq!((made_once(&server), answers(&repo).len()), (1, 64), "{again}");
}

/// Pairs that people have judged are asked beside the answers, what the answers come to behind them; a kill in any of the three
/// batches loses nothing.
#[test]
fn a_judge_is_asked_in_batches_too() {
    let words = format!("eval {AGAINST}");
    let judged = || with_prices(judge::judged(60, judge::GATES), "chat");
    let (plain, calls) = (judged(), Server::start("rule"));
    let plain = run(&plain, &calls, &words).exits(0).json();
    for at in [None, Some("batch_0001"), Some("batch_0003"), Some("batch_0005")] {
        let hold = at.map(|at| format!("--hold GET+/v1/batches/{at}")).unwrap_or_default();
        let (repo, server) = (judged(), Server::start(&format!("rule {hold}")));
        let words = format!("{words} --batch");
        if let Some(at) = at {
            killed(&repo, &server, &words, &format!("GET /v1/batches/{at}"));
        }
        let outcome = run(&repo, &server, &words).exits(0);
        assert_eq!((made_once(&server), answers(&repo).len()), (3, calls.log().len()), "{at:?}: {outcome}");
        let json = outcome.json();
        for same in ["comparisons", "judgements", "gates"] {
            let cheaper = |mut report: Value| {
                report.as_array_mut().expect("a list").iter_mut().for_each(|one| {
                    ["usd", "latency_ms"].iter().for_each(|key| drop(one.as_object_mut().expect("one").remove(*key)));
                });
                report
            };
            assert_eq!(cheaper(json[same].clone()), cheaper(plain[same].clone()), "{same}: {outcome}");
        }
        let after = run(&repo, &server, &words).exits(0);
        assert!(after.stderr.contains("nothing is asked") && after.stdout == outcome.stdout, "{after}");
    }
}

#[test]
fn each_model_has_a_batch_of_its_own() {
    let (repo, server) = (project("chat"), Server::start("rule --working 2"));
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    repo.file("prices.yaml", format!("{prices}  other: {{like: smollm2, api_name: other-1}}\n"));
    let outcome = run(&repo, &server, &format!("{BATCH} --model smollm2 --model other")).exits(0);
    assert_eq!((made_once(&server), answers(&repo).len()), (2, 128), "{outcome}");
    assert!(outcome.stderr.contains("128 answers through 2 batches, $"), "{outcome}");
    let models: BTreeSet<String> = answers(&repo).iter().map(|one| one["model"].to_string()).collect();
    assert_eq!((models.len(), made(&server).iter().map(Vec::len).collect::<Vec<_>>()), (2, vec![64, 64]), "{outcome}");
}
