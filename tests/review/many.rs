//! Nine changes of a project of 225 contexts: the first 300 characters of a comment hold the fact that decides, the
//! comment is short, and the money in it is the sum over the JSON.

use std::collections::BTreeMap;

use contexture::syntax::quantity::Usd;
use serde_json::Value;

use crate::support::Repo;

const PROMPTS: usize = 225;
const PROJECT: &str = "models: [claude-haiku-5-5, gpt-6.1-sol]\ntraffic: {calls: 100k/month, deploys: 20/month}\n";
const DESK: &str = "\
each: prompts/*.md
system:
  - file: shared/house.md
  - file: shared/safety.md
  - file: $each
inputs: {ticket: {tokens: 600}}
messages: [{user: '{{ticket}}'}]
output: {tokens: 250, max_tokens: 500}
";

fn rules(of: &str, count: usize) -> String {
    (0..count)
        .map(|number| format!("Rule {number} of {of}: a customer may ask again within {number} days.\n"))
        .collect()
}

/// The prompt of one of 15 teams; the first 30 share a line.
fn prompt(number: usize) -> (String, String) {
    let shared = if number < 30 { "Always answer in one paragraph.\n" } else { "" };
    let text = format!("You answer for desk {number}.\n{shared}{}", rules(&format!("desk {number}"), 4 + number % 9));
    (format!("prompts/team{:02}-prompt{number}.md", number % 15), text)
}

/// The project on `main`, and the nine changes of it, each on a branch.
fn project() -> Repo {
    let repo = Repo::new();
    repo.file("notes.md", "Nothing yet.\n").commit("start");
    repo.git(["branch", "nothing"]);
    repo.file("contexture.yaml", PROJECT).file("contexts/desk.yaml", DESK);
    repo.file("shared/house.md", rules("the house", 70)).file("shared/safety.md", rules("safety", 40));
    for (path, text) in (0..PROMPTS).map(prompt) {
        repo.file(&path, text);
    }
    repo.commit("base");
    let branch = |name: &str, change: &dyn Fn()| {
        repo.git(["checkout", "--quiet", "-b", name, "main"]);
        change();
        repo.commit(name);
    };
    let replace = |path: &str, text: &str, old: &str, new: &str| {
        assert!(text.contains(old), "{path} holds no {old}");
        repo.file(path, text.replace(old, new));
    };
    let house = rules("the house", 70);
    branch("shared", &|| replace("shared/house.md", &house, "Rule 7 of the house: a", "Rule 7 of the house: a paying"));
    branch("files", &|| {
        for (path, text) in (0..30).map(prompt) {
            replace(&path, &text, "in one paragraph", "in two short paragraphs");
        }
    });
    branch("reorder", &|| {
        let (one, other) = ("  - file: shared/house.md\n", "  - file: shared/safety.md\n");
        replace("contexts/desk.yaml", DESK, &format!("{one}{other}"), &format!("{other}{one}"));
    });
    branch("switch", &|| replace("contexture.yaml", PROJECT, "claude-haiku-5-5", "claude-fable-5"));
    branch("misspelt", &|| replace("contexture.yaml", PROJECT, "gpt-6.1-sol", "gpt-6.1-sool"));
    branch("rename", &|| {
        let (path, text) = prompt(7);
        repo.git(["mv", &path, "prompts/refunds.md"]);
        replace("prompts/refunds.md", &text, "You answer for", "You answer refunds for");
    });
    branch("traffic", &|| replace("contexture.yaml", PROJECT, "100k/month", "250k/month"));
    branch("price", &|| {
        let prices = |from: &str, input: u32| {
            format!("      - {{{from}input: {input}, output: 10, read: 0.1, write: {{30m: 2.5, 12h: 5}}}}\n")
        };
        let entries = prices("", 2) + &prices("from: 2027-01-01, ", 4);
        repo.file("prices.yaml", format!("models:\n  gpt-6.1-sol:\n    prices:\n{entries}"));
    });
    repo.git(["checkout", "--quiet", "main"]);
    repo
}

/// A month before and after for each model, added up over the contexts of a report; those that cannot be built on
/// both sides have nothing to compare.
fn months(report: &Value) -> BTreeMap<String, (i128, i128)> {
    let mut months: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    let contexts = report["contexts"].as_array().unwrap().iter().filter(|context| context["status"] != "broken");
    for model in contexts.flat_map(|context| context["models"].as_array().unwrap()) {
        let amount = |side: &str| model["month"][side].as_str().map_or(0, |usd| Usd::parse(usd).unwrap().femto);
        let sum = months.entry(model["model"].as_str().unwrap().to_owned()).or_default();
        *sum = (sum.0 + amount("base"), sum.1 + amount("head"));
    }
    months
}

/// Dollars and cents of a comment.
fn cents(femto: i128) -> String {
    let rounded = Usd { femto }.rounded(2);
    let (dollars, cents) = rounded.split_once('.').unwrap();
    let mut grouped = String::new();
    for (index, digit) in dollars.chars().enumerate() {
        if index > 0 && (dollars.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("\\${grouped}.{cents}")
}

#[test]
fn the_first_lines_hold_the_fact_that_decides() {
    let repo = project();
    // The range, and what stands in the first 300 characters.
    let cases: [(&str, &[&str]); 9] = [
        ("main..shared", &["225 of 225 prompts change in the same way, by `shared/house.md`: +1 token each"]),
        ("main..files", &["30 of 225 prompts change in the same way, by 30 files"]),
        ("main..reorder", &["a month, unchanged", "once to re-warm", "by `contexts/desk.yaml`: the token count stays"]),
        ("main..switch", &["**`claude-haiku-5-5` → `claude-fable-5`: ", ", ×100).**", "225 of 225 prompts change"]),
        (
            "main..misspelt",
            &["**225 of 225 prompts cannot be built**: `there is no card for the model `", "gpt-6.1-sool"],
        ),
        ("main..rename", &["1 of 225 prompts changes, `desk/refunds` (was `desk/team07-prompt7`)"]),
        ("main..traffic", &["**`gpt-6.1-sol`: ", ", ×2.5).**", "the text stays, the traffic differs"]),
        ("nothing..main", &[" a month, new.**", "225 prompts are new"]),
        ("main..price", &["**`gpt-6.1-sol`: from 2027-01-01 on ", "the text stays, an announced price differs"]),
    ];
    for (range, facts) in cases {
        let run = |format: &str| repo.run(&format!("diff {range} --as-of 2026-11-21 --format {format}"));
        let comment = run("markdown").stdout;
        let first: String = comment.chars().take(300).collect();
        let read = first.replace("`` ", "`").replace(" ``", "`");
        for fact in facts {
            assert!(read.contains(fact), "{range}: {fact:?} is not in\n{first}");
        }
        let length = comment.chars().count();
        assert!(length <= 12_000, "{range}: {length} characters");

        let report = run("json").json();
        let months = months(&report);
        for total in report["totals"].as_array().unwrap() {
            let (before, after) = months[total["model"].as_str().unwrap()];
            let of = |side: &str| Usd::parse(total["month"][side].as_str().unwrap()).unwrap().femto;
            assert_eq!((of("base"), of("head")), (before, after), "{range}: {total:#}");
        }
        // What the first lines say of a model's month is that sum.
        let lines = comment.split("\n\n").next().unwrap();
        let said = months.values().filter(|(before, after)| before != after);
        for (before, after) in said.filter(|(before, _)| *before > 0) {
            let words = format!("{} → ", cents(*before));
            assert!(lines.contains(&words) && lines.contains(&cents(*after)), "{range}: {words} is not in\n{lines}");
        }
    }
}

#[test]
fn what_is_different_from_the_rest_has_a_row_of_its_own() {
    let repo = project();
    let (path, text) = prompt(42);
    repo.file(&path, text.replace("You answer for", "You must answer for"));
    repo.file("shared/house.md", rules("the house", 71)).commit("both");
    let report = repo.run("diff HEAD~1.. --as-of 2026-11-21 --format json").json();
    assert_eq!(report["groups"].as_array().unwrap().len(), 1, "{:#}", report["groups"]);
    assert_eq!(report["groups"][0]["count"], 224);
    let text = repo.run("diff HEAD~1.. --as-of 2026-11-21").exits(0).stdout;
    assert!(text.contains("desk/team00-prompt0 and 223 more") && text.contains("~  desk/team12-prompt42 "), "{text}");
}

#[test]
fn one_broken_prompt_hides_nothing_of_the_others_and_an_unknown_price_is_never_nothing() {
    let repo = project();
    repo.file("contexts/other.yaml", "models: [house-model]\noutput: {tokens: 9}\nsystem: [{text: Hi}]\n");
    repo.file("prices.yaml", "models:\n  house-model: {like: gpt-6.1-sol, prices: {input: 2}}\n");
    repo.file("contexts/broken.yaml", "sytem: []\n").commit("base");
    repo.file("contexts/other.yaml", "models: [house-model]\noutput: {tokens: 9}\nsystem: [{text: Hello}]\n");
    repo.file("contexts/broken.yaml", "system: 1\n");
    repo.file("shared/house.md", rules("the house", 71)).commit("change");
    let outcome = repo.run("diff HEAD~1.. --as-of 2026-11-21");
    assert!(outcome.stdout.contains("1 of 227 prompts cannot be built"), "{outcome}");
    let rows: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with(['!', '~', '+'])).collect();
    let place = |name: &str| rows.iter().position(|row| row.contains(name));
    assert!(place(" other ") < place("desk/team00"), "{outcome}");
    assert!(outcome.stdout.contains("house-model: unknown"), "{outcome}");
}

/// Five thousand prompts that say next to nothing, so that this takes seconds.
const MANY: usize = 5000;

#[test]
fn a_comment_on_five_thousand_prompts_is_short_and_begins_with_the_fact() {
    let repo = Repo::new();
    repo.file("notes.md", "Nothing yet.\n").commit("start");
    repo.git(["branch", "nothing"]);
    repo.file("contexture.yaml", "models: [gpt-6.1-sol]\ntraffic: {calls: 100k/month}\n");
    repo.file(
        "contexts/desk.yaml",
        "each: prompts/*.md\nsystem: [{file: shared.md}, {file: $each}]\noutput: {tokens: 9}\n",
    );
    repo.file("shared.md", "Be kind.\n");
    let own = |number: usize, words: &str| {
        repo.file(&format!("prompts/{number:04}.md"), format!("You answer {words}for desk {number}.\n"));
    };
    (0..MANY).for_each(|number| own(number, ""));
    repo.commit("base");
    repo.git(["checkout", "--quiet", "-b", "each", "main"]);
    // A change that no two have in common.
    (0..MANY).for_each(|number| own(number, &format!("at {number} ")));
    repo.commit("each");
    repo.git(["checkout", "--quiet", "-b", "misspelt", "main"]);
    repo.file("contexture.yaml", "models: [gpt-6.1-sool]\n").commit("misspelt");
    let cases: [(&str, &[&str]); 3] = [
        ("main..each", &["5,000 of 5,000 prompts change", "by 5,000 files"]),
        ("main..misspelt", &["**5,000 of 5,000 prompts cannot be built**", "gpt-6.1-sool"]),
        ("nothing..main", &[" a month, new.**", "5,000 prompts are new"]),
    ];
    for (range, facts) in cases {
        let comment = repo.run(&format!("diff {range} --as-of 2026-11-21 --format markdown")).stdout;
        let first: String = comment.chars().take(300).collect();
        let read = first.replace("`` ", "`").replace(" ``", "`");
        for fact in facts {
            assert!(read.contains(fact), "{range}: {fact:?} is not in\n{first}");
        }
        let length = comment.chars().count();
        assert!(length <= 30_000, "{range}: {length} characters");
    }
}
