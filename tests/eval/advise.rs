//! `advise`: projects that are built for each verdict, and nothing that passes because nobody said it.

use super::*;

/// The topics, with a variant without examples, traffic and so many cases, of which the rule of server.py has all right
/// but the first so many.
fn topics_of(cases: usize, wrong: usize) -> Repo {
    let (repo, server) = (topics(), Server::start("rule"));
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    let zero = "  zero:\n    messages:\n      - {user: \"{{sentence}}\"}\n";
    repo.file("contexts/topics.yaml", format!("{manifest}{zero}traffic: {{calls: 5M/month}}\n"));
    let labels = [("weather", "rain"), ("food", "cake"), ("money", "bank"), ("sport", "team")];
    let case = |at: usize| {
        let (_, word) = labels[at % 4];
        let (expected, _) = labels[(at + usize::from(at < wrong)) % 4];
        let inputs = serde_json::json!({ "sentence": format!("A note on {word}, number {at}.") });
        format!("{}\n", serde_json::json!({ "id": format!("n{at}"), "inputs": inputs, "expect": expected }))
    };
    repo.file("eval/topics.jsonl", (0..cases).map(case).collect::<String>());
    for id in ["topics@eight", "topics@zero"] {
        let asked = eval(&repo, &server, &format!("{id} --format json"));
        assert_eq!(asked.json()["runs"][0]["errors"], 0, "{asked}");
    }
    repo
}

const DONE: &[&str] = &["labels=yes", "exact=yes", "best-effort=yes", "reasoning=no", "role=yes"];
const TUNE: &[&str] = &["knowledge=no", "examples=yes", "settled=yes"];
const PRICES: &str = "--examples 900 --tuned-input 0.01 --tuned-output 0.04";

fn advise(repo: &Repo, answers: &[&str], words: &str) -> Value {
    let answers: String = answers.iter().map(|answer| format!(" --answer {answer}")).collect();
    let outcome = repo.run(&format!("advise topics@eight --format json{answers} {words}")).exits(0);
    let schema: Value = serde_json::from_str(&repo.run("schema advise").stdout).expect("a schema");
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&outcome.json()), "{outcome}");
    outcome.json()
}

#[test]
fn five_projects_have_the_five_verdicts() {
    let all = [DONE, TUNE].concat();
    let wrong = topics_of(64, 24);
    for (repo, answers, words, verdict, said) in [
        (&topics_of(64, 0), DONE, "", "stop", "Stop here, prompts suffice: 64 of 64 cases are right, and over 85 %"),
        (&topics_of(16, 0), DONE, "", "more_cases", "More cases: 16 of 16 cases are right, which does not tell"),
        (&topics(), DONE, "", "items_first", "These items first, since nothing was measured"),
        (
            &wrong,
            &all[..],
            "--examples 100 --training 10 --tuned-input 0.01 --tuned-output 0.04",
            "keep_prompting",
            "labelled examples (collect",
        ),
        (
            &wrong,
            &all[..],
            &format!("{PRICES} --training 10"),
            "fine_tune",
            "Fine-tune, low-rank before full, because 40 of 64 cases are right",
        ),
    ] {
        let advice = advise(repo, answers, words);
        assert_eq!(advice["verdict"], verdict, "{advice:#}");
        let sentence = advice["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains(said), "{sentence}");
        let answers: String = answers.iter().map(|answer| format!(" --answer {answer}")).collect();
        for format in ["text", "markdown"] {
            let page = repo.run(&format!("advise topics@eight --format {format}{answers} {words}")).exits(0);
            assert!(page.stdout.lines().next().is_some_and(|line| line.contains(&sentence[..12])), "{page}");
        }
    }
    // Training that pays within three times the calls to come is no reason.
    let dear = advise(&wrong, &all, &format!("{PRICES} --training 1000"));
    assert_eq!(dear["verdict"], "keep_prompting", "{dear:#}");
    assert!(dear["sentence"].as_str().expect("a sentence").contains("within 3 times"), "{dear:#}");
    let pays = advise(&wrong, &all, &format!("{PRICES} --training 10"));
    let (calls, months) = (pays["break_even"]["calls"].as_u64().expect("calls"), pays["months"].as_u64());
    assert_eq!(months, Some(calls.div_ceil(5_000_000)));
    // What was measured is the arithmetic over the records.
    let right = pays["measured"][0]["right"].as_str().expect("a share");
    assert_eq!((right, &pays["measured"][0]["model"]), ("0.625", &"smollm2".into()));
}

#[test]
fn what_nobody_said_passes_nowhere() {
    let repo = topics_of(64, 24);
    let all = [DONE, TUNE].concat();
    let words = format!("{PRICES} --training 10");
    assert_eq!(advise(&repo, &all, &words)["verdict"], "fine_tune");
    for missing in &all {
        let told: Vec<&str> = all.iter().copied().filter(|answer| answer != missing).collect();
        let advice = advise(&repo, &told, &words);
        assert_eq!(advice["verdict"], "items_first", "without {missing}: {advice:#}");
    }
    // Nor does training of which nobody said what it costs, or traffic that nobody declared.
    assert_eq!(advise(&repo, &all, "--examples 900")["verdict"], "items_first");
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("traffic: {calls: 5M/month}\n", ""));
    assert_eq!(advise(&repo, &all, &words)["verdict"], "items_first");
    let good = topics_of(64, 0);
    assert_eq!(advise(&good, &["labels=yes"], "")["verdict"], "items_first");
    for (words, said) in [
        ("topics@eight --answer labels=maybe", "an answer is yes or no"),
        ("topics@eight --answer colour=yes", "`colour` is no question"),
        ("topics@eight --training 10", "nothing says what the tuned model costs"),
        ("topics@eight --tuned-input 1 --tuned-output 1", "nothing says what training costs"),
        ("nothing", "there is no context `nothing`"),
    ] {
        let outcome = good.run(&format!("advise {words}")).exits(2);
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
}

#[test]
fn answers_of_the_wrong_form_are_an_open_item() {
    let repo = topics_of(16, 0);
    let manifest = fs::read_to_string(repo.at("contexts/topics.yaml")).expect("a manifest");
    repo.file("contexts/topics.yaml", manifest.replace("tokens: 3}", "tokens: 3, schema: {type: object}}"));
    let server = Server::start("rule");
    eval(&repo, &server, "topics@eight");
    let form = advise(&repo, DONE, "")["checklist"][5].clone();
    let found = form["found"].as_str().expect("what was found");
    assert_eq!((&form["name"], &form["state"]), (&"format".into(), &"open".into()), "{form}");
    assert!(found.contains("16 of 16 answers do not parse, 80.6 to 100.0 %"), "{form}");
}
