//! A model that compares answers: what it is asked, what becomes of what it says, and when it is not to be trusted.

use super::*;
use serde_json::json;

/// The judge's manifest.
const JUDGE: &str = "\
system: [{text: \"Which answer is better: A, B or tie?\"}]
messages: [{user: \"{{sentence}}\\nAnswer A: {{answer_a}}\\nAnswer B: {{answer_b}}\"}]
inputs: {sentence: {tokens: 20}, answer_a: {tokens: 5}, answer_b: {tokens: 5}}
output: {max_tokens: 5}
settings: {temperature: 0}
models: [arbiter]
";

/// The topics with a judge of another vendor, and as many pairs that people have judged; `eval` is behind `judge`.
fn judged(pairs: usize, eval: &str) -> Repo {
    let repo = topics();
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    let judge = format!("eval:\n  judge: {{context: judges/topics, labels: eval/judged.jsonl}}\n{eval}");
    repo.file("contexts/topics.yaml", manifest.replace("eval:\n", &judge));
    repo.file("contexts/judges/topics.yaml", JUDGE).file("eval/judged.jsonl", labelled(pairs));
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    repo.file("prices.yaml", format!("{prices}  arbiter: {{like: smollm2, vendor: Another}}\n"));
    repo.commit("judge");
    repo
}

/// Pairs of answers that people have judged, as the rule would: the right one changes sides, and every third is a tie of two
/// wrong ones.
fn labelled(count: usize) -> String {
    let topics = [("weather", "rain"), ("food", "soup"), ("money", "loan"), ("sport", "goal")];
    let pair = |at: usize| {
        let ((right, word), (one, _), (other, _)) = (topics[at % 4], topics[(at + 1) % 4], topics[(at + 2) % 4]);
        let (a, b, prefer) = [(right, one, "a"), (one, right, "b"), (one, other, "tie")][at % 3];
        format!("{}\n", json!({"inputs": {"sentence": format!("{word} {at}")}, "a": a, "b": b, "prefer": prefer}))
    };
    (0..count).map(pair).collect()
}

const GATES: &str = "  gates: {regression: 5%, judge: 5%}\n";

#[test]
fn a_judge_compares_the_answers_of_both_sides_and_is_replayed() {
    let (repo, server) = (judged(60, GATES), Server::start("rule"));
    let first = eval(&repo, &server, AGAINST).exits(0);
    let json = first.json();
    let own = &json["judgements"][0];
    // With four examples the rule does not know some topics, which is what its judge holds against an answer.
    let unknown = recorded(&repo).iter().map(|text| text.matches("I do not know").count() as u64).sum::<u64>();
    let counts = ["pairs", "n", "gained", "head_preferred", "lost", "same_text", "ties"].map(|key| own[key].as_u64());
    let wanted = [64, 64, unknown, unknown, 0, 64 - unknown, 64 - unknown].map(Some);
    assert_eq!((counts, &own["verdict"]), (wanted, &json!("better")), "{first}");
    assert_eq!((&own["trusted"], &own["agreement"]["kappa"]), (&json!(true), &json!("1")), "{first}");
    assert_eq!(json["gates"][1]["status"], "met", "{first}");
    // 128 answers, 60 pairs of people and those that differ, each in both orders.
    let asked = 128 + 2 * 60 + 2 * (64 - own["same_text"].as_u64().expect("a count"));
    assert_eq!((server.log().len() as u64, own["no_verdict"].as_u64()), (asked, Some(0)), "{first}");
    let again = eval(&repo, &server, AGAINST).exits(0);
    assert!(again.stderr.contains("nothing is asked"), "{again}");
    drop(server);
    let replayed = repo.run(&format!("eval {AGAINST} --replay")).exits(0);
    assert_eq!(replayed.stdout, first.stdout);
}
