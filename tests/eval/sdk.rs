//! The vendors' own clients as second clients: what they send for a bundle's body is what we send.

use super::*;

/// Prices and cards of four dialects that nobody sells.
const CARDS: &str = "models:
  a: {like: claude-sonnet-5-5}
  o: {like: gpt-6.1-sol}
  c: {like: gpt-6.1-sol, dialects: [chat]}
  g: {like: gemini-3.8-flash}
";

#[test]
fn requests_are_those_of_the_vendors_own_clients() {
    let repo = topics();
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    // Not every one of these models takes a temperature.
    repo.file(
        "contexts/topics.yaml",
        manifest
            .replace("settings: {temperature: 0}\n", "models: [a, o, c, g]\n")
            .replace("max_tokens: 6", "max_tokens: 16"),
    );
    repo.file("prices.yaml", CARDS).file("contexture.yaml", "").commit("four dialects");
    let server = Server::start("rule");
    for words in ["eval topics", "eval topics --first-token"] {
        let urls = ["messages=", "responses=", "chat=", "generate="].map(|dialect| {
            let version = if dialect.starts_with("res") || dialect.starts_with("chat") { "/v1" } else { "" };
            format!("--base-url={dialect}{}{version}", server.base)
        });
        let words = words.split_whitespace().map(str::to_owned).chain(urls).chain(["--max-cost=10".to_owned()]);
        let run = repo
            .contexture(words)
            .env("OPENAI_API_KEY", KEY)
            .env("ANTHROPIC_API_KEY", KEY)
            .env("GEMINI_API_KEY", KEY)
            .run();
        assert_eq!(run.status, Some(0), "{run}");
    }
    repo.run("build topics").exits(0);
    let checked = check("check_requests.py", &repo, &[&server.base, KEY]);
    assert_eq!(checked, "512 requests are those of the clients\n");
}

#[test]
fn batches_are_those_of_the_vendors_own_clients() {
    for (dialect, like) in [("messages", "claude-sonnet-5-5"), ("responses", "gpt-6.1-sol"), ("chat", "gpt-6.1-sol")] {
        let (repo, at) = (topics(), if dialect == "messages" { "/v1/messages/batches" } else { "/v1/batches" });
        let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
        let manifest = manifest
            .replace("settings: {temperature: 0}\n", "models: [m]\n")
            .replace("max_tokens: 6", "max_tokens: 16");
        repo.file("contexts/topics.yaml", manifest).file("contexture.yaml", "");
        repo.file("prices.yaml", format!("models: {{m: {{like: {like}, dialects: [{dialect}]}}}}\n")).commit("a model");
        // The answer to the order is lost once, so that the batch is looked for too.
        let server = Server::start(&format!("rule --unanswered 0.3 --how 503 --hold POST+{at}"));
        let version = if dialect == "messages" { "" } else { "/v1" };
        let url = format!("--base-url={}{version}", server.base);
        let run = repo.contexture(["eval", "topics", "--batch", "--max-cost=10", &url]).env("OPENAI_API_KEY", KEY);
        run.env("ANTHROPIC_API_KEY", KEY).run();
        repo.run("build topics").exits(0);
        let checked = check("check_batches.py", &repo, &[&server.base, KEY, "m", dialect]);
        let (orders, questions) = if dialect == "messages" { (1, 3) } else { (2, 4) };
        assert_eq!(
            checked,
            format!("64 requests, {orders} orders and {questions} questions are those of the client\n")
        );
    }
}

/// What a script of this folder says of a project.
fn check(script: &str, repo: &Repo, words: &[&str]) -> String {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON").expect("CONTEXTURE_TEST_PYTHON names a Python");
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval");
    let mut check = Command::new(python);
    check.arg(format!("{here}/{script}")).arg(repo.root()).args(words);
    let checked =
        check.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/packages/python")).output().expect("Python runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    String::from_utf8_lossy(&checked.stdout).into_owned()
}
