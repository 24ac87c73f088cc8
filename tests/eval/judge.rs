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
pub(super) fn judged(pairs: usize, eval: &str) -> Repo {
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

pub(super) const GATES: &str = "  gates: {regression: 5%, judge: 5%}\n";

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

/// A judge that prefers a place or a length, or talks, agrees with nobody: its gate is not known, and its ties are no pass.
#[test]
fn a_biased_judge_is_not_trusted() {
    for (bias, said) in [
        (
            "first",
            ["prefers the head in 0, the base in 0; ties 64 (10 where the orders disagree, ", "κ is below 0.6: 0.000"],
        ),
        ("longer", ["prefers the head in 0, the base in 10; ", "it prefers the longer answer in 100 % of pairs"]),
        ("talk", ["no verdict 10\n", "not measured: 10 pairs without a verdict could turn it"]),
    ] {
        let (repo, server) = (judged(60, GATES), Server::start(&format!("rule --judge {bias}")));
        let outcome = eval(&repo, &server, "topics@eight --against topics").exits(2);
        for said in [said[0], said[1], "not trusted: its κ is ", "gate judge 5 %: unknown: the judge is not trusted"] {
            assert!(outcome.stdout.contains(said), "{bias} {said}: {outcome}");
        }
        // The same without a gate fails nothing.
        let ungated = repo.file("contexts/topics.yaml", without_gates(&repo));
        assert!(ungated.run("eval topics@eight --against topics --replay").exits(0).stdout.contains("not trusted: "));
    }
}

fn without_gates(repo: &Repo) -> String {
    fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest").replace(GATES, "")
}

#[test]
fn what_is_wrong_with_a_judge_is_said_before_anybody_is_asked() {
    let (topics, judge, pairs) = ("contexts/topics.yaml", "contexts/judges/topics.yaml", "eval/judged.jsonl");
    for (file, from, to, said) in [
        (topics, "context: judges/topics", "context: judges/topcis", "there is no context `judges/topcis`"),
        (topics, "context: judges/topics", "context: 'judges/*'", "a judge is one context, and no pattern"),
        (topics, "context: judges/topics", "context: topics@eight", "`topics@eight` judges itself"),
        (topics, "judged.jsonl}", "judged.jsonl, at: winner}", "`winner` is no JSON pointer"),
        (topics, "regression: 5%, ", "", "`judge` is the only gate that can fail quality"),
        (topics, "regression: 5%", "regression: 100%, pass: 0%", "`judge` is the only gate that can fail quality"),
        (topics, "judge: 5%", "judge: 101%", "the gate `judge` is a share of the cases"),
        (
            topics,
            "judge: {context: judges/topics, labels: eval/judged.jsonl}",
            "repeats: 1",
            "the gate `judge` has no judge",
        ),
        (topics, ", labels: eval/judged.jsonl", "", "not to be trusted: people have judged 0 pairs, of 50"),
        (judge, "answer_b", "other", "it has no input `answer_b`"),
        (judge, "sentence", "question", "case `h01` has no value for the input `question` of the judge judges/topics"),
        (judge, "[arbiter]", "[arbiter, smollm2]", "is asked of 2 models, and a judge is one"),
        (judge, "[arbiter]", "[smollm2]", "it is of Hugging Face, as smollm2 is that it judges"),
        (judge, "settings: {temperature: 0}\nmodels: [arbiter]", "models: [claude-opus-latest]", "is a moving name"),
        (judge, "models:", "eval: {judge: {context: topics}}\nmodels:", "`judges/topics` has a judge itself"),
        (
            judge,
            "messages: [",
            "messages: [{examples: shown.jsonl}, ",
            "this question is held out for evaluation, at eval/judged.jsonl:1",
        ),
        (pairs, "\"prefer\":\"tie\"", "\"prefer\":\"both\"", "`prefer` is `a`, `b` or `tie`, not `both`"),
        (pairs, "\"a\":\"weather\"", "\"a\":1", "has no two answers `a` and `b`"),
        (pairs, "{\"inputs\"", "{\"id\":7,\"inputs\"", "two pairs have the id `7`"),
        (pairs, "soup 1\"", "soup 1 \"", ""),
        (pairs, "rain 12\"", "rain 0\"", "pair `eval/judged.jsonl:13` is pair `eval/judged.jsonl:1` again"),
        (pairs, "\"b\":\"food\"", "\"b\":\"weather\"", "are the same text"),
    ] {
        let repo = judged(60, GATES);
        repo.file("shown.jsonl", "{\"input\": \"rain 0 weather food\", \"output\": \"a\"}\n");
        let text = fs::read_to_string(repo.at(file)).expect(file);
        assert!(text.contains(from), "{file} {from}");
        repo.file(file, text.replace(from, to));
        let outcome = repo.run("eval topics@eight --against topics --replay").exits(2);
        let is_fault = outcome.stderr.contains("error[");
        assert!(outcome.stderr.contains(said) && is_fault != said.is_empty(), "{from} {to}: {outcome}");
    }
}

/// What no gate depends on is asked all the same, and says why it is not trusted.
#[test]
fn a_judge_that_is_not_trusted_fails_nothing() {
    let server = Server::start("rule");
    for (pairs, model, said) in [
        (49, "arbiter", "not trusted: people have judged 49 pairs, of 50 that it takes; agrees with 100 % of 49"),
        (60, "smollm2", "not trusted: it is of Hugging Face, as smollm2 is that it judges; agrees with 100 % of 60"),
    ] {
        let repo = judged(pairs, "");
        repo.file("contexts/judges/topics.yaml", JUDGE.replace("arbiter", model));
        let outcome = eval(&repo, &server, "topics@eight --against topics").exits(0);
        assert!(outcome.stdout.contains(said) && outcome.stdout.contains("if it were: better: "), "{outcome}");
    }
}

/// A change does not choose its examiner: not its prompt, nor its model, nor the pairs that it is held against.
#[test]
fn the_judge_of_the_base_counts() {
    let (repo, server) = (judged(60, GATES), Server::start("rule"));
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    let changed = manifest.replacen("pick: {count: 4}", "pick: {count: 8}", 1);
    repo.file("contexts/topics.yaml", &changed);
    let first = eval(&repo, &server, "topics --base HEAD --format json").exits(0);
    let (asked, wanted) = (server.log().len(), first.json()["judgements"].clone());
    assert_eq!((&wanted[0]["trusted"], wanted[0]["gained"].as_u64()), (&json!(true), Some(10)), "{first}");
    let yes_man = JUDGE.replace("Which answer is better: A, B or tie?", "Say A.");
    for (file, text) in [
        ("contexts/judges/topics.yaml", yes_man.clone()),
        ("contexts/judges/topics.yaml", JUDGE.replace("[arbiter]", "[smollm2]")),
        ("eval/judged.jsonl", labelled(3)),
        ("contexts/topics.yaml", changed.replace("context: judges/topics", "context: judges/other")),
        ("contexts/topics.yaml", changed.replace("  judge: {context: judges/topics, labels: eval/judged.jsonl}\n", "")),
        ("contexts/topics.yaml", changed.replace(", labels: eval/judged.jsonl", "").replace(GATES, "")),
    ] {
        repo.file("contexts/judges/other.yaml", &yes_man).file("contexts/topics.yaml", &changed).file(file, text);
        for words in ["topics --base HEAD --format json", "topics --base HEAD --format json --replay"] {
            let again = eval_or_replay(&repo, &server, words).exits(0).json();
            assert_eq!(again["judgements"], wanted, "{file}");
            assert_eq!(again["gates"], first.json()["gates"], "{file}");
        }
        repo.git(["checkout", "-q", "."]);
    }
    assert_eq!(server.log().len(), asked);
    // The models of the command line are those that are judged.
    repo.file("contexts/topics.yaml", &changed);
    let other = eval(&repo, &server, "topics --base HEAD --model arbiter --format json").exits(2);
    assert!(other.stderr.contains("it is of Another, as arbiter is that it judges"), "{other}");
}

fn eval_or_replay(repo: &Repo, server: &Server, words: &str) -> Outcome {
    if words.contains("--replay") { repo.run(&format!("eval {words}")) } else { eval(repo, server, words) }
}

#[test]
fn a_verdict_that_is_not_recorded_is_no_pass_and_is_asked_for_alone() {
    let (repo, server) = (judged(60, GATES), Server::start("rule"));
    let first = eval(&repo, &server, AGAINST).exits(0).stdout;
    for file in fs::read_dir(repo.at(".contexture/answers")).expect("answers").flatten() {
        let text = fs::read_to_string(file.path()).expect("text");
        let kept = text.lines().filter(|line| !line.contains("\"model\":\"arbiter\"") || line.len() % 2 == 0);
        fs::write(file.path(), kept.map(|line| format!("{line}\n")).collect::<String>()).expect("a file");
    }
    let removed = 268 - answers(&repo).len();
    assert!(removed > 20, "{removed}");
    let missing = repo.run("eval topics@eight --against topics --replay").exits(2);
    assert!(missing.stderr.contains(&format!("{removed} of 268 answers are not recorded")), "{missing}");
    assert!(missing.stdout.contains("gate judge 5 %: unknown"), "{missing}");
    // None of the checks asks; `eval` asks for these alone, within what is allowed.
    let none = eval(&repo, &server, &format!("{AGAINST} --max-calls {}", removed - 1)).exits(2);
    assert!(none.stderr.contains("allows fewer calls") && server.log().len() == 268, "{none}");
    let again = eval(&repo, &server, &format!("{AGAINST} --max-calls {removed}")).exits(0);
    assert_eq!((again.stdout, server.log().len()), (first, 268 + removed));
    // Another look at the answers is none at the judge of the same pairs.
    eval(&repo, &server, &format!("{AGAINST} --fresh")).exits(0);
    assert_eq!(server.log().len(), 268 + removed + 128);
}

#[test]
fn what_a_judge_may_cost_is_reckoned_before_the_first_call() {
    let (repo, server) = (judged(60, GATES), Server::start("rule"));
    for (words, said) in [
        ("--max-calls 375", "376 answers are not recorded, and --max-calls 375 allows fewer calls"),
        ("--max-cost 0.01", "376 calls can cost $0.013"),
    ] {
        let refused = eval(&repo, &server, &format!("topics@eight --against topics {words}")).exits(2);
        assert!(refused.stderr.contains(said), "{refused}");
    }
    let prices = fs::read_to_string(repo.at("prices.yaml")).expect("prices");
    repo.file("prices.yaml", prices.replace("    prices:", "    # prices:"));
    let refused = eval(&repo, &server, "topics@eight --against topics").exits(2);
    assert!(refused.stderr.contains("arbiter, smollm2 has no known price"), "{refused}");
    assert_eq!(server.log(), Vec::<Value>::new());
    // Nothing to compare, nothing to judge.
    repo.git(["checkout", "-q", "."]);
    let alone = eval(&repo, &server, "topics").exits(0);
    assert!(alone.stderr.contains("nothing is held against judge and regression, for want of a base"), "{alone}");
    assert!(alone.stderr.contains("the judge of topics compares nothing"), "{alone}");
    let same = eval(&repo, &server, "topics --base HEAD --format json").exits(0);
    assert_eq!((&same.json()["gates"][1]["status"], server.log().len()), (&json!("met"), 64), "{same}");
}

#[test]
fn reports_and_checks_say_what_a_judge_says() {
    let (repo, server) = (judged(60, GATES), Server::start("rule --rate 0.1 --seed 5"));
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    let repeats = manifest.replace("  judge:", "  repeats: 2\n  judge:");
    repo.file("contexts/topics.yaml", &repeats).commit("repeats");
    repo.file("contexts/topics.yaml", repeats.replacen("pick: {count: 4}", "pick: {count: 8}", 1));
    let first = eval(&repo, &server, "topics --base HEAD --format json").exits(0).json();
    let own = &first["judgements"][0];
    let counts = ["pairs", "head_preferred", "gained", "n"].map(|key| own[key].as_u64().expect(key));
    assert_eq!((counts, &own["test"]), ([128, 20, 10, 64], &json!("sign-flip")), "{first}");
    repo.commit("change");
    let said = "judge judges/topics (arbiter): of 128 pairs it prefers the head in 20, the base in 0; ties 108";
    let check = repo.run("check --eval topics --base HEAD~1").exits(0);
    let diff = repo.run("diff HEAD~1..HEAD --format markdown").exits(0);
    let junit = repo.run("eval topics --base HEAD~1 --replay --format junit").exits(0);
    for shown in [check.stdout, diff.stdout.clone(), repo.run("diff HEAD~1..HEAD").stdout] {
        assert!(shown.contains(said), "{shown}");
    }
    assert!(junit.stdout.contains("name=\"gate judge\"") && junit.stdout.contains("prefers the head in 20"), "{junit}");
    assert_eq!(repo.run("diff HEAD~1..HEAD --format json").json()["evaluation"]["judgements"][0]["gained"], 10);
}
