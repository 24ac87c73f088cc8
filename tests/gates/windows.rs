//! A prompt that its model cannot take: the body is left out, everything else is written, and the answer is no.

use crate::support::Repo;

/// A project of one model with a window of 100 tokens and one without a limit, and a text of so many words.
fn windowed(words: usize) -> Repo {
    let repo = Repo::new();
    repo.file(
        "prices.yaml",
        "models:\n  small: {like: gpt-4o, window: {total: {value: 100, source: ours}, input: {value: 100, source: ours}}}\n\
         sources: {ours: {title: Ours, url: \"https://example.com\", date: 2026-11-01, kind: doc}}\n",
    );
    repo.file(
        "contexts/a.yaml",
        "models: [small, gpt-4o]\ninputs: {q: {tokens: 5}}\nsystem:\n  - {file: a.md, priority: 2}\n  - {file: b.md, priority: 1}\n\
         messages: [{user: \"{{q}}\"}]\n",
    );
    repo.file("b.md", "Be short.\n").file("a.md", "word ".repeat(words)).committed("base");
    repo
}

#[test]
fn a_prompt_over_its_window_is_a_no_and_everything_else_is_written() {
    let repo = windowed(200);
    let built = repo.run("build").exits(1);
    assert!(built.stdout.contains("1 context built, 1 with bodies left out"), "{}", built.stdout);
    assert!(built.stdout.contains("  left out: small.responses.json: the request has "), "{}", built.stdout);
    assert!(built.stderr.contains("error[window]: the request has "), "{}", built.stderr);
    assert!(
        built.stderr.contains("drop what has the lowest `priority`: `system/2` (3), `system/1` (201)"),
        "{}",
        built.stderr
    );
    let bundle = |name: &str| repo.at("dist/a.bundle").join(name);
    assert!(bundle("gpt-4o.chat.json").exists() && bundle("prompt.md").exists() && !bundle("small.chat.json").exists());
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(bundle("bundle.json")).unwrap()).unwrap();
    let left: Vec<_> = record["left_out"].as_array().unwrap().iter().map(|one| one["body"].as_str().unwrap()).collect();
    assert_eq!(left, ["small.responses.json", "small.chat.json"]);
    assert_eq!(record["left_out"][0]["reasons"][0]["code"], "window");
    repo.run("verify dist/a.bundle").exits(0);

    let checked = repo.run("check --format json").exits(1).json();
    assert_eq!(checked["contexts"][0]["left_out"][1]["body"], "small.chat.json");
    assert!(repo.run("check --format github").exits(1).stdout.contains("::error file=contexts/a.yaml,line=4"));
    assert!(repo.run("check --format sarif").exits(1).stdout.contains("\"window\""));
    assert!(repo.run("explain a").exits(0).stderr.contains("error[window]"));
    assert!(repo.run("render a --model small").exits(1).stderr.contains("error[window]"));
    repo.run("render a --model gpt-4o").exits(0);
    assert!(repo.run("blame a").exits(0).stderr.contains("error[window]"));
    assert!(repo.run("log a").exits(0).stdout.contains("[over the window of small] base"));
}

#[test]
fn one_token_decides() {
    // 10 tokens are framing, input and the other text.
    let over = |words| {
        let report = windowed(words).run("build --format json");
        (report.status, report.json()["contexts"][0]["models"][0]["window"]["over"].as_u64().unwrap())
    };
    let most = (60..100).rev().find(|words| over(*words).1 == 0).expect("a size that fits");
    assert_eq!((over(most), over(most + 1)), ((Some(0), 0), (Some(1), 1)));
}

#[test]
fn a_comparison_stops_at_a_window_that_the_change_exceeds() {
    let repo = windowed(20);
    repo.file("a.md", "word ".repeat(200));
    repo.run("diff").exits(0);
    assert!(repo.run("diff --fail-on budget").exits(1).stdout.contains("now above the model's window at 100 tokens"));
    repo.commit("over");
    repo.file("a.md", "word ".repeat(201));
    // It was over before.
    repo.run("diff --fail-on budget").exits(0);
    repo.file("contexts/b.yaml", "models: [small]\nsystem: [{file: a.md}]\nmessages: [{user: Hi}]\n");
    repo.run("diff --fail-on budget").exits(1);
}

#[test]
fn an_estimate_that_may_fit_leaves_nothing_out() {
    let repo = windowed(50);
    repo.file("contexts/a.yaml", "models: [near]\nsystem: [{file: a.md}]\nmessages: [{user: Hi}]\n");
    let card = |window: usize| {
        format!(
            "models:\n  near: {{like: claude-sonnet-5-5, window: {{input: {{value: {window}, source: ours}}}}}}\n\
             sources: {{ours: {{title: Ours, url: \"https://example.com\", date: 2026-11-01, kind: doc}}}}\n"
        )
    };
    repo.file("prices.yaml", card(1_000));
    let report = repo.run("build --format json").exits(0).json();
    let band = report["contexts"][0]["models"][0]["tokens"]["band"].clone();
    let (low, high) = (band[0].as_u64().unwrap(), band[1].as_u64().unwrap());
    assert!(low < high, "{band}");
    for (window, status) in [(high, 0), (low, 0), (low - 1, 1)] {
        repo.file("prices.yaml", card(usize::try_from(window).unwrap()));
        repo.run("build").exits(status);
    }
}

#[test]
fn a_limit_on_the_answer_beyond_the_models_is_a_no() {
    let repo = Repo::new();
    let manifest = |tokens: u64| {
        format!("models: [gpt-4o]\nsystem: [{{text: Hi}}]\nmessages: [{{user: x}}]\noutput: {{max_tokens: {tokens}}}\n")
    };
    repo.file("contexts/a.yaml", manifest(16_384)).committed("base");
    repo.run("check").exits(0);
    repo.file("contexts/a.yaml", manifest(16_385));
    let checked = repo.run("check").exits(1);
    assert!(checked.stderr.contains("error[output-limit]: `output.max_tokens` is 16,385"), "{}", checked.stderr);
    repo.run("diff --fail-on lint").exits(1);
}

#[test]
fn a_limit_that_nobody_set_is_sent_and_said_once() {
    let repo = Repo::new();
    for name in ["a", "b"] {
        let manifest = "models: [claude-sonnet-5-5, gpt-4o]\nsystem: [{text: Hi}]\nmessages: [{user: x}]\n";
        repo.file(&format!("contexts/{name}.yaml"), manifest);
    }
    repo.commit("base");
    let built = repo.run("build").exits(0);
    assert_eq!(built.stdout.matches("answers are limited to 4,096 tokens").count(), 1, "{}", built.stdout);
    assert_eq!(built.stderr, "");
    let body = std::fs::read_to_string(repo.at("dist/a.bundle/claude-sonnet-5-5.messages.json")).unwrap();
    assert!(body.contains("\"max_tokens\": 4096"), "{body}");
    assert!(!std::fs::read_to_string(repo.at("dist/a.bundle/gpt-4o.chat.json")).unwrap().contains("max_"));
}
