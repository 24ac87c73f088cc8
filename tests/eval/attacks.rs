//! Endpoints that misbehave, keys that could leak, and repositories that want to say where a prompt goes.

use super::*;

/// Every text that a run left anywhere.
pub fn left(repo: &Repo, outcome: &Outcome) -> String {
    let mut all = vec![outcome.stdout.clone(), outcome.stderr.clone()];
    let mut open = vec![repo.root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            match entry.file_type().expect("a type").is_dir() {
                true => open.push(entry.path()),
                false => all.push(String::from_utf8_lossy(&fs::read(entry.path()).expect("bytes")).into_owned()),
            }
        }
    }
    all.concat()
}

#[test]
fn a_key_is_in_the_header_of_a_request_and_nowhere_else() {
    for fault in ["echo", "401", "400", "500", "html", "302"] {
        let (repo, server) = (topics(), Server::start(&format!("rule --fault {fault}")));
        for format in ["text", "json"] {
            let outcome = eval(&repo, &server, &format!("topics -v --format {format}"));
            let log = server.log();
            assert!(log.iter().all(|one| one["headers"]["authorization"] == format!("Bearer {KEY}")), "{fault}");
            assert!(!log.is_empty() && !left(&repo, &outcome).contains(KEY), "{fault}: {outcome}");
        }
    }
}

#[test]
fn an_endpoint_that_gives_no_answer_is_an_error_that_names_it_and_is_left_alone() {
    let cases = 64;
    for (fault, said, most) in [
        // The same for every request: asked once by each of the first four.
        ("401", "the server answered 401", 16),
        ("302", "the server answers with a redirect (302), which is not followed", 16),
        ("429-quota", "the server answered 429", 16),
        // Each of ten requests in a row, and those that were under way then, three times.
        ("html", "the server answered 200 with a page of HTML", 3 * 26),
        ("empty", "the server answered 200 with nothing", 3 * 26),
        ("cut", "the server answered 200 with no whole JSON", 3 * 26),
        ("400", "the server answered 400", 26),
    ] {
        let (repo, server) = (topics(), Server::start(&format!("rule --fault {fault}")));
        let outcome = eval(&repo, &server, "topics --format json --jobs 4").exits(2);
        assert!(outcome.stderr.contains(said), "{fault}: {outcome}");
        assert!(server.log().len() <= most, "{fault}: {} of {most}", server.log().len());
        assert_eq!(outcome.json()["runs"][0]["errors"], cases, "{fault}: {outcome}");
        assert_eq!(answers(&repo).len(), 0);
    }
}

#[test]
fn an_endpoint_that_never_ends_meets_a_deadline_or_a_limit() {
    for (fault, said, deadline) in [("hang", "no whole answer in time", 2), ("endless", "that is the limit", 60)] {
        let (repo, server) = (topics(), Server::start(&format!("rule --fault {fault}")));
        let cases = fs::read_to_string(repo.at("eval/topics.jsonl")).expect("cases");
        repo.file("eval/topics.jsonl", cases.lines().next().expect("a case"));
        let outcome = eval(&repo, &server, &format!("topics --timeout {deadline}")).exits(2);
        assert!(outcome.stderr.contains(said), "{fault}: {outcome}");
    }
    let repo = topics();
    // Nobody listens there.
    let outcome = repo.run("eval topics --base-url http://127.0.0.1:9/v1").exits(2);
    assert!(outcome.stderr.contains("refused") || outcome.stderr.contains("cannot be reached"), "{outcome}");
}

#[test]
fn nothing_is_paid_for_that_no_later_run_would_see() {
    for (file, pattern) in [
        (".gitignore", ".contexture/"),
        (".gitignore", "*.jsonl"),
        (".contexture/.gitignore", "answers"),
        (".git/info/exclude", ".contexture/answers/*"),
    ] {
        let (repo, server) = (topics(), Server::start("rule"));
        repo.file(file, pattern);
        let outcome = eval(&repo, &server, "topics").exits(2);
        assert!(outcome.stderr.contains("git ignores files in .contexture/answers"), "{pattern}: {outcome}");
        assert_eq!(server.log().len(), 0, "{pattern}");
    }
}

#[test]
fn a_repository_does_not_say_where_a_prompt_goes() {
    let repo = topics();
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    for (file, text) in [
        ("contexts/topics.yaml", manifest.replace("eval:\n", "eval:\n  base_url: https://evil.example\n")),
        ("contexts/topics.yaml", format!("{manifest}headers: {{x: y}}\n")),
        ("contexture.yaml", "models: [smollm2]\nproxy: http://evil.example\n".to_owned()),
        ("prices.yaml", "models:\n  smollm2: {like: gpt-6.1-sol, base_url: https://evil.example}\n".to_owned()),
    ] {
        repo.file(file, text);
        let outcome = repo.contexture(["eval", "topics"]).env("OPENAI_API_KEY", KEY).run().exits(2);
        assert!(outcome.stderr.contains("unknown key"), "{outcome}");
        repo.git(["checkout", "-q", "."]);
    }
    // A card of another vendor, and a vendor's own without a key.
    let outcome = repo.contexture(["eval", "topics"]).env("OPENAI_API_KEY", KEY).run().exits(2);
    assert!(outcome.stderr.contains("smollm2 is not OpenAI's own"), "{outcome}");
    let outcome = repo.run("eval topics --model gemini-3.8-flash").exits(2);
    assert!(outcome.stderr.contains("GEMINI_API_KEY is not set") && outcome.stderr.contains("--replay"), "{outcome}");
    // A proxy of the environment is not asked.
    let server = Server::start("rule");
    let url = format!("{}/v1", server.base);
    let run = repo.contexture(["eval", "topics"]).env("OPENAI_BASE_URL", url);
    let dead = "http://127.0.0.1:9";
    run.env("HTTP_PROXY", dead).env("HTTPS_PROXY", dead).env("ALL_PROXY", dead).run().exits(0);
    // A link in the place of the folder leads answers nowhere.
    let repo = topics();
    fs::create_dir_all(repo.outside("elsewhere")).expect("a folder");
    repo.link(".contexture", "../elsewhere");
    let outcome = eval(&repo, &server, "topics").exits(2);
    assert!(outcome.stderr.contains("is a link"), "{outcome}");
}

#[test]
fn cases_that_are_wrong_are_said_before_any_call() {
    let server = Server::start("rule");
    for (line, said) in [
        ("{\"id\": \"h01\", \"inputs\": {\"sentence\": \"x\"}, \"expect\": \"food\"}", "two cases have the id `h01`"),
        ("{\"id\": \"x\", \"inputs\": {}, \"expect\": \"food\"}", "sentence"),
        ("{\"id\": \"x\", \"inputs\": {\"sentence\": \"x\"}, \"expect\": 7}", "expect"),
    ] {
        let repo = topics();
        let cases = fs::read_to_string(repo.at("eval/topics.jsonl")).expect("cases");
        repo.file("eval/topics.jsonl", format!("{cases}{line}\n"));
        let outcome = eval(&repo, &server, "topics").exits(2);
        assert!(outcome.stderr.contains(said) && outcome.stderr.contains("eval/topics.jsonl:65"), "{outcome}");
    }
    assert_eq!(server.log(), Vec::<Value>::new());
}

/// The witness is strace, which sees every connection whatever library opens it.
#[test]
fn no_other_command_opens_a_connection() {
    let (repo, server) = (topics(), Server::start("rule"));
    eval(&repo, &server, "topics").exits(0);
    let url = format!("{}/v1", server.base);
    repo.contexture(["count", "--remote", "--base-url", &url]).env("OPENAI_API_KEY", KEY).run().exits(0);
    repo.commit("answers and counts");
    let connections = |words: &str| {
        let trace = repo.outside("trace.txt");
        let mut command = repo.clean("strace");
        command.args(["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,bind", "-o"]).arg(&trace);
        command.arg(env!("CARGO_BIN_EXE_contexture")).args(words.split_whitespace());
        command.env("OPENAI_API_KEY", KEY).env("OPENAI_BASE_URL", &url).output().expect("strace runs");
        let text = fs::read_to_string(&trace).expect("a trace");
        let calls = ["connect(", "sendto(", "sendmsg(", "bind("];
        let is_call = |line: &&str| calls.iter().any(|call| line.contains(call));
        text.lines().filter(is_call).map(str::to_owned).collect::<Vec<_>>()
    };
    // What the witness sees where there is something to see.
    assert!(
        connections("eval topics --fresh").iter().any(|line| line.contains("connect(") && line.contains("AF_INET"))
    );
    for words in [
        "eval topics --replay",
        "eval topics",
        "list",
        "build",
        "check",
        "check --fix",
        "check --eval --base HEAD",
        "build --format html",
        "top",
        "render topics",
        "diff HEAD",
        "compare topics topics@eight",
        "explain topics",
        "log topics",
        "blame topics",
        "count README.md",
        "count --remote",
        "advise topics@eight",
        "models",
        "models smollm2",
        "lock",
        "verify dist/topics.bundle",
        "types python",
        "schema eval",
        "completions bash",
        "man",
        "init other",
        "init --from **/*.yaml --dry-run",
        "break-even topics --training 10 --tuned-input 1 --tuned-output 1",
    ] {
        assert_eq!(connections(words), Vec::<String>::new(), "contexture {words}");
    }
}
