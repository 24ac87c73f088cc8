//! A real model: SmolLM2-135M-Instruct behind llama.cpp's own server, both from wheels (tests/models.txt).

use super::*;

/// Accuracies that another client found over the same cases, of 64.
const REFERENCE: [(&str, i64); 4] =
    [("topics", 28), ("topics@eight", 53), ("topics@sixteen", 41), ("topics@this-sentence", 53)];

#[test]
fn eight_examples_are_better_than_four_and_sixteen_are_worse_than_eight() {
    let repo = topics();
    for (id, reference) in REFERENCE {
        // An answer depends on what of the prompt is cached: a server of its own for each, asked one after the other.
        let server = Server::start("smollm2");
        let report = eval(&repo, &server, &format!("{id} --jobs 1 --format json"));
        let right = report.json()["runs"][0]["right"].as_i64().expect("right");
        // Another processor flips near ties.
        assert!((right - reference).abs() <= 2, "{id}: {right}, not about {reference}");
    }
    // The servers are gone.
    let compared = |base: &str, head: &str| {
        let report = repo.run(&format!("eval {head} --against {base} --replay --format json")).json();
        let comparison = report["comparisons"][0].clone();
        let p = comparison["p"].as_str().and_then(|p| p.parse::<f64>().ok()).expect("p");
        (comparison["verdict"].as_str().expect("a verdict").to_owned(), p)
    };
    let (verdict, p) = compared("topics", "topics@eight");
    assert!(verdict == "better" && p < 0.001, "{verdict} {p}");
    let (verdict, p) = compared("topics@eight", "topics@sixteen");
    assert!(verdict == "worse" && p < 0.05, "{verdict} {p}");
    let (verdict, p) = compared("topics@eight", "topics@this-sentence");
    assert!(verdict == "too_few_cases" && p > 0.5, "{verdict} {p}");
}

/// The same server by its two other APIs. `messages` bodies have no temperature, so that its answers differ from run to run.
#[test]
fn the_answers_are_the_same_by_another_dialect() {
    let (repo, server) = (topics(), Server::start("smollm2"));
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    let card = prices[prices.find("  smollm2:").expect("a card")..].to_owned();
    let like = |dialect| card.replace("smollm2:", &format!("{dialect}:")).replace("[chat]", &format!("[{dialect}]"));
    repo.file("prices.yaml", format!("{prices}{}{}", like("responses"), like("messages")));
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("{temperature: 0}", "{responses: {temperature: 0}}"));
    for (model, version, reference) in [("responses", "/v1", Some(53)), ("messages", "", None)] {
        let url = format!("--base-url={}{version}", server.base);
        let words = ["eval", "topics@eight", "--model", model, "--jobs", "1", "--format", "json", &url];
        let asked = repo.contexture(words).env("OPENAI_API_KEY", KEY).env("ANTHROPIC_API_KEY", KEY).run();
        let run = asked.json()["runs"][0].clone();
        assert_eq!((&run["errors"], &run["cases"]), (&0.into(), &64.into()), "{asked}");
        let right = run["right"].as_i64().expect("right");
        assert!(reference.is_none_or(|reference: i64| (right - reference).abs() <= 2), "{model}: {right}");
    }
}
