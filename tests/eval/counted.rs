//! `count --remote`: what is sent, what is recorded, where a count replaces an estimate, and where none does.

use super::*;
use crate::support::Run;

/// Cards of four dialects that nobody sells.
const CARDS: &str = "models:
  a: {like: claude-sonnet-5-5}
  o: {like: gpt-6.1-sol}
  c: {like: gpt-6.1-sol, dialects: [chat]}
  g: {like: gemini-3.8-flash}
";

/// `contexture count --remote` at a server, with the keys of all vendors.
fn counting(repo: &Repo, server: &Server, words: &str) -> Run {
    let urls = [("messages", ""), ("responses", "/v1"), ("chat", "/v1"), ("generate", "")];
    let urls = urls.map(|(dialect, version)| format!("--base-url={dialect}={}{version}", server.base));
    let words = words.split_whitespace().map(str::to_owned);
    let words = ["count", "--remote"].map(str::to_owned).into_iter().chain(urls).chain(words);
    let keys = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"];
    keys.iter().fold(repo.contexture(words), |run, name| run.env(name, KEY))
}

fn count(repo: &Repo, server: &Server, words: &str) -> Outcome {
    counting(repo, server, words).run()
}

/// A project of two prompts for a model of Anthropic's dialect.
fn prompts() -> Repo {
    let repo = Repo::new();
    repo.file("prices.yaml", CARDS).file("contexture.yaml", "models: [a]\n");
    for (name, text) in [("one", "You answer tickets.\n\nBe brief."), ("two", "You summarise what was said.")] {
        repo.file(&format!("prompts/{name}.md"), text);
        let user = "messages:\n  - user: \"{{ticket}}\"\ninputs:\n  ticket: {tokens: 40}\n";
        repo.file(&format!("contexts/{name}.yaml"), format!("system:\n  - file: prompts/{name}.md\n{user}"));
    }
    repo.commit("two prompts");
    repo
}

fn counts(repo: &Repo) -> String {
    fs::read_to_string(repo.at("contexture.counts")).unwrap_or_default()
}

fn python(script: &str, repo: &Repo, server: &Server) -> String {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON").expect("CONTEXTURE_TEST_PYTHON names a Python");
    let mut check = Command::new(python);
    check.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/eval/").to_owned() + script);
    check.arg(repo.root()).arg(&server.base).arg(KEY);
    check.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/packages/python"));
    let checked = check.output().expect("Python runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    String::from_utf8_lossy(&checked.stdout).into_owned()
}

/// Sixty-seven prompts for models of three dialects, and `more` manifests.
fn many(more: &[(&str, &str)]) -> Repo {
    let repo = Repo::new();
    repo.file("prices.yaml", CARDS).file("contexture.yaml", "models: [a, o, c]\n");
    let words = ["refund", "Größe", "naïve", "東京", "x += 1;", "{\"k\": [1, 2]}", "the", "a", "🙂", "SELECT", "\n"];
    for at in 0..67usize {
        let text: Vec<&str> = (0..at + 3).map(|place| words[(place * at + place + at) % words.len()]).collect();
        let quoted = serde_json::to_string(&text.join(" ")).expect("text");
        let ask = if at % 3 == 0 { "Say so." } else { "Ticket: {{ticket}} End." };
        let inputs = if at % 3 == 0 { "" } else { "inputs:\n  ticket: {tokens: 9}\n" };
        let examples = "  - user: Hello there\n  - assistant: Hi!\n".repeat(at % 2);
        let manifest = format!("system:\n  - text: {quoted}\nmessages:\n{examples}  - user: \"{ask}\"\n{inputs}");
        repo.file(&format!("contexts/p{at:02}.yaml"), manifest);
    }
    for (path, text) in more {
        repo.file(path, text);
    }
    repo.commit("many prompts");
    repo.run("build").exits(0);
    repo
}

#[test]
fn requests_are_those_of_the_vendors_own_clients_and_are_sent_once() {
    let gemini = "models: [g]\nmessages:\n  - user: What is the capital of France?\n";
    let (repo, server) = (many(&[("contexts/gemini.yaml", gemini)]), Server::start("rule"));
    let outcome = count(&repo, &server, "--format json").exits(0);
    assert_eq!((outcome.json()["counts"].as_array().map(Vec::len), server.log().len()), (Some(202), 202));
    let schema: Value = serde_json::from_str(&repo.run("schema count-remote").stdout).expect("a schema");
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&outcome.json()), "{outcome}");
    assert_eq!(python("check_counts.py", &repo, &server), "202 bodies, 0 answers, 202 requests\n");
    let (calls, written) = (server.log().len(), counts(&repo));
    let again = count(&repo, &server, "").exits(0);
    assert!(again.stdout.contains("202 of 202 measured, 202 of them recorded before"), "{again}");
    assert_eq!((server.log().len(), counts(&repo)), (calls, written));
    // Nor is anybody needed, or a key.
    drop(server);
    repo.run("count --remote").exits(0);
}

/// Whatever ends a run, the counts that came are recorded, and only the others are asked for.
#[test]
fn a_run_that_is_ended_keeps_the_counts_it_has() {
    for signal in ["-KILL", "-INT"] {
        // From the hundred and first request on the server says nothing.
        let (repo, server) = (many(&[]), Server::start("rule --most 101"));
        let child = counting(&repo, &server, "")
            .command()
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let models = |text: &str| text.lines().filter(|line| line.contains("http")).count();
        let begun = std::time::Instant::now();
        while models(&counts(&repo)) < 100 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} are recorded", models(&counts(&repo)));
            std::thread::sleep(Duration::from_millis(10));
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().expect("a signal");
        let said = String::from_utf8_lossy(&child.wait_with_output().expect("an end").stderr).into_owned();
        assert_eq!(said.contains("interrupted: 100 of 201 prompts were counted"), signal == "-INT", "{said}");
        let before = counts(&repo);
        let server = Server::start("rule");
        let again = count(&repo, &server, "").exits(0);
        assert!(again.stdout.contains("201 of 201 measured, 100 of them recorded before"), "{again}");
        assert_eq!(server.log().len(), 101);
        let after = counts(&repo);
        assert!(before.lines().all(|line| after.contains(line)), "{before}\n{after}");
    }
}

#[test]
fn counts_are_those_of_a_real_server_and_of_its_answers() {
    let (repo, server) = (many(&[]), Server::start("smollm2"));
    count(&repo, &server, "").exits(0);
    assert_eq!(python("check_counts.py", &repo, &server), "201 bodies, 7 answers, 0 requests\n");
}

#[test]
fn a_count_replaces_the_estimate_until_the_prompt_is_another() {
    let (repo, server) = (prompts(), Server::start("rule"));
    let tokens = |id: &str| {
        let json = repo.run(&format!("build {id} --format json")).exits(0).json();
        let model = json["contexts"][0]["models"][0].clone();
        (model["tokens"].clone(), model["measured"].clone())
    };
    assert_eq!(tokens("one").0["basis"], "estimated");
    count(&repo, &server, "").exits(0);
    // The rule counts words, and three for each turn; the letter in the place of the input is not the prompt's.
    let (counted, measured) = tokens("one");
    assert_eq!(
        (&counted["basis"], &counted["total"], &measured["tokens"]),
        (&"measured".into(), &51.into(), &11.into())
    );
    assert_eq!(counted["band"], serde_json::json!([51, 51]));
    assert_eq!(measured["source"], server.base);
    for words in ["build", "check", "explain one"] {
        let outcome = repo.run(words);
        assert!(outcome.stdout.contains("measured") && outcome.stdout.contains(&server.base), "{outcome}");
        assert!(!outcome.stdout.contains('≈'), "{outcome}");
    }
    repo.commit("counts");
    repo.file("prompts/one.md", "You answer tickets.\n\nBe very brief indeed.").commit("another prompt");
    assert_eq!((&tokens("one").0["basis"], tokens("one").1), (&"estimated".into(), Value::Null));
    for words in ["build one", "check one", "explain one"] {
        let outcome = repo.run(words);
        assert!(outcome.stdout.contains("`one` is not what"), "{outcome}");
        assert!(outcome.stdout.contains("run `contexture count --remote one`"), "{outcome}");
    }
    // What is estimated is compared with an estimate: three words more, not three words and the error of an estimate.
    let diff = repo.run("diff HEAD~..HEAD --format json").exits(0).json();
    let total = &diff["contexts"][0]["models"][0]["total"];
    let more = total["head"].as_i64().expect("a total") - total["base"].as_i64().expect("a total");
    assert!((1..=6).contains(&more), "{total}");
    let text = repo.run("diff HEAD~..HEAD").exits(0);
    assert!(text.stdout.contains("measured on one side only, so both sides are compared as estimates"), "{text}");
    assert_eq!(repo.run("diff HEAD~2..HEAD~").exits(0).stdout.matches("total").count(), 0);
    // The other context's count stays, and only the new prompt is asked for.
    let (before, other) = (server.log().len(), counts(&repo));
    count(&repo, &server, "").exits(0);
    assert_eq!(server.log().len(), before + 1);
    let of_two = |text: &str| text.split_once("[two]").map(|(_, rest)| rest.to_owned());
    assert_eq!(of_two(&counts(&repo)), of_two(&other));
    assert_eq!(tokens("one").0["basis"], "measured");
    // Whoever merges hears that the figures of the head rest on what the change says.
    let diff = repo.run("diff HEAD~").exits(0);
    let said = "1 count of tokens recorded by this change: one, a, 53 where the estimate is 54.";
    assert!(diff.stdout.contains(said), "{diff}");
    let counts_of = |words: &str| repo.run(&format!("{words} --format json")).json()["counts"].take();
    let own = serde_json::json!([{"id": "one", "variant": null, "model": "a", "tokens": 53, "estimate": 54}]);
    assert_eq!(counts_of("diff HEAD~"), own);
    repo.commit("counted");
    assert!(!repo.run("diff HEAD").stdout.contains("recorded by this change"));
    assert_eq!(counts_of("diff HEAD"), serde_json::json!([]));
    // Also where no prompt differs, and a budget may rest on it.
    let alone = repo.run("diff HEAD~3..HEAD~2").exits(0);
    assert!(alone.stdout.contains("2 counts of tokens recorded by this change: one, a, "), "{alone}");
    assert_eq!(counts_of("diff HEAD~3..HEAD~2").as_array().map(Vec::len), Some(2));
    let whole = repo.run("diff HEAD~3..HEAD~2 --format json").exits(0);
    let shards = [1, 2].map(|shard| {
        let file = repo.outside(&format!("shard-{shard}.json"));
        let part = repo.run(&format!("diff HEAD~3..HEAD~2 --format json --shard {shard}/2"));
        fs::write(&file, part.stdout).expect("a file");
        file.display().to_string()
    });
    assert_eq!(repo.contexture(["join", &shards[1], &shards[0]]).run().exits(0).stdout, whole.stdout);
    // A context that is gone has no count any more.
    fs::remove_file(repo.at("contexts/two.yaml")).expect("it is there");
    count(&repo, &server, "").exits(0);
    assert!(!counts(&repo).contains("[two]"));
}

#[test]
fn branches_that_counted_different_prompts_merge_and_what_does_not_merge_is_said() {
    let (repo, server) = (prompts(), Server::start("rule"));
    count(&repo, &server, "").exits(0);
    repo.commit("counts");
    for (branch, name) in [("left", "one"), ("right", "two"), ("third", "two")] {
        repo.git(["checkout", "-q", "-b", branch, "main"]);
        repo.file(&format!("prompts/{name}.md"), format!("Another prompt, of {branch}."));
        count(&repo, &server, "").exits(0);
        repo.commit(branch);
    }
    repo.git(["checkout", "-q", "left"]);
    repo.git(["merge", "-q", "--no-edit", "right"]);
    let calls = server.log().len();
    let merged = count(&repo, &server, "").exits(0);
    assert!(merged.stdout.contains("2 of 2 measured, 2 of them recorded before"), "{merged}");
    assert_eq!(server.log().len(), calls);
    assert!(!repo.try_git(["merge", "-q", "third"]).status.success());
    repo.file("prompts/two.md", "Another prompt, of third.");
    for words in ["build", "check", "explain one", "diff HEAD"] {
        let outcome = repo.run(words).exits(2);
        assert!(outcome.stderr.contains("a merge left two versions of the counts"), "{words}: {outcome}");
        assert!(outcome.stderr.contains("contexture.counts:"), "{words}: {outcome}");
    }
    count(&repo, &server, "").exits(0);
    repo.run("build").exits(0);
    // The lines between the marks were whole: nobody had to be asked.
    assert_eq!(server.log().len(), calls);
    let whole = counts(&repo);
    let day = whole.lines().find_map(|line| line.strip_prefix("a ")?.split(' ').nth(1)).expect("a day");
    for (damaged, said) in [
        (whole.replace("a 1", "a 2"), "somebody edited its line"),
        (whole.replace("[one]", "[three]"), "somebody edited its line"),
        (whole.replace("contexture.counts/1", "contexture.counts/2"), "of version 2, and this program reads version 1"),
        (whole.replace(day, ""), "and this line is none"),
        ("x".to_owned(), "the first line is `contexture.counts/1`"),
    ] {
        repo.file("contexture.counts", &damaged);
        let outcome = repo.run("check").exits(2);
        assert!(outcome.stderr.contains(said) && outcome.stderr.contains("contexture count --remote"), "{outcome}");
        count(&repo, &server, "").exits(0);
        repo.run("check").exits(0);
    }
    // Another tokenizer than the one that was counted by.
    repo.file(
        "prices.yaml",
        CARDS.replace("a: {like: claude-sonnet-5-5}", "a: {like: claude-sonnet-5-5, tokenizer: gemini}"),
    );
    let outcome = repo.run("build one --format json").exits(0);
    assert!(outcome.stderr.contains("and its card has `gemini`: the tokens are estimated"), "{outcome}");
    assert_eq!(outcome.json()["contexts"][0]["models"][0]["tokens"]["basis"], "estimated");
}

#[test]
fn what_nobody_counted_stays_an_estimate_and_is_said() {
    for (fault, said, most) in [
        ("401", "the server answered 401", 1),
        ("302", "which is not followed", 1),
        ("429-quota", "the server answered 429", 1),
        ("400", "the server answered 400", 2),
        ("html", "with a page of HTML", 6),
        ("empty", "with nothing", 6),
        ("cut", "with no whole JSON", 6),
        ("echo", "401", 0),
    ] {
        let (repo, server) = (prompts(), Server::start(&format!("rule --fault {fault}")));
        let outcome = count(&repo, &server, "--jobs 1");
        if fault == "echo" {
            // The count stands in no text that the server could put a key into.
            outcome.exits(0);
            assert!(!counts(&repo).contains(KEY));
            continue;
        }
        let outcome = outcome.exits(2);
        assert!(outcome.stdout.contains(said), "{fault}: {outcome}");
        assert!(outcome.stdout.contains("2 not measured, so their tokens stay estimates"), "{fault}: {outcome}");
        assert!(server.log().len() <= most, "{fault}: {}", server.log().len());
        assert!(counts(&repo).is_empty() && !format!("{outcome}").contains(KEY), "{fault}: {outcome}");
    }
    // A busy server is asked again, as it says.
    let (repo, server) = (prompts(), Server::start("rule --rate 0.5 --fault 429 --seed 3"));
    count(&repo, &server, "").exits(0);
    // Nobody, no key, another vendor's model, a file that git would not keep.
    let repo = prompts();
    repo.run("count --remote --base-url http://127.0.0.1:9").exits(2);
    repo.file("contexture.yaml", "models: [claude-sonnet-5-5]\n");
    let outcome = repo.run("count --remote").exits(2);
    assert!(outcome.stderr.contains("ANTHROPIC_API_KEY is not set"), "{outcome}");
    let outcome = repo.run("count --remote --base-url http://example.com").exits(2);
    assert!(outcome.stderr.contains("not encrypted and not on this machine"), "{outcome}");
    let outcome = repo.contexture(["count", "--remote", "--model", "c"]).env("OPENAI_API_KEY", KEY).run().exits(2);
    assert!(outcome.stderr.contains("OpenAI counts `responses` only"), "{outcome}");
    // What no model is named for is no count, and none is recorded for it.
    let nameless = "models: []\nsystem: [{text: Hi}]\nmessages: [{user: Hi}]\n";
    repo.file("contexts/nameless.yaml", nameless).file("contexture.yaml", "models: [a]\n");
    let said = "contexts name no model, such as `nameless`: they cannot be counted";
    let outcome = count(&repo, &server, "nameless").exits(2);
    assert!(outcome.stderr.contains(said), "{outcome}");
    let outcome = count(&repo, &server, "").exits(0);
    assert!(outcome.stderr.contains(&format!("1 of 3 {said}")), "{outcome}");
    repo.file(".gitignore", "*.counts\n");
    let outcome = count(&repo, &server, "").exits(2);
    assert!(outcome.stderr.contains("git ignores contexture.counts"), "{outcome}");
}
