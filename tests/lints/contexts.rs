//! What only shows in a context: its prefix, its fragments and its examples held against each other.

use super::of_fragment;
use crate::support::{Outcome, Repo};

/// The lints that a check names, with their places: `placeholder docs/a.md:1`.
pub(super) fn told(outcome: &Outcome) -> Vec<String> {
    let mut lines = outcome.stderr.lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next() {
        let Some((_, rest)) = line.split_once('[').filter(|(word, _)| matches!(*word, "warning" | "error")) else {
            continue;
        };
        let code = rest.split(']').next().unwrap_or_default();
        let place = lines.next().unwrap_or_default().trim_start_matches([' ', '-', '>']);
        let place = place.rsplit_once(':').map_or(place, |(line, _)| line);
        told.push(format!("{code} {place}"));
    }
    told
}

/// A context with these examples, and other files.
fn of_examples(records: &[(&str, &str)], more: &str) -> Repo {
    let repo = Repo::new();
    let line = |(user, assistant): &(&str, &str)| {
        format!("{{\"user\": {}, \"assistant\": {}}}\n", serde_json::json!(user), serde_json::json!(assistant))
    };
    repo.file("shots.jsonl", records.iter().map(line).collect::<String>());
    repo.file("contexts/a.yaml", format!("system:\n  - text: Be kind.\nmessages:\n  - examples: shots.jsonl\n{more}"));
    repo
}

const LONG: &str = "my parcel number twelve has not come although it was sent two weeks ago to the right street";

#[test]
fn todays_date_in_the_prefix_breaks_caches() {
    let repo = of_fragment("You are kind.\n\nToday is 2026-11-21.\n");
    assert_eq!(told(&repo.run("check").exits(0)), ["cache-breaker docs/a.md:3"]);
}

#[test]
fn the_same_date_behind_an_input_breaks_none() {
    let repo = of_fragment("Today is 2026-11-21.\n");
    repo.file("contexts/a.yaml", "inputs: {q: {tokens: 5}}\nmessages:\n  - user: \"{{q}}\"\n  - file: docs/a.md\n");
    assert_eq!(told(&repo.run("check").exits(0)), Vec::<String>::new());
}

#[test]
fn a_date_from_a_variable_is_told_at_the_template_that_writes_it() {
    let repo = Repo::new();
    repo.file("contexts/a.yaml", "vars: {day: 2026-11-21}\nsystem:\n  - template: t.hbs\n");
    repo.file("templates/t.hbs", "Be kind.\nToday is {{day}}.\n");
    assert_eq!(told(&repo.run("check").exits(0)), ["cache-breaker contexts/a.yaml:3"]);
}

#[test]
fn ids_in_documents_and_in_volatile_blocks_are_left_alone() {
    let repo = of_fragment("The order 550e8400-e29b-41d4-a716-446655440000 came at 2024-01-01T10:00:00Z.\n");
    assert_eq!(told(&repo.run("check").exits(0)), ["cache-breaker docs/a.md:1", "cache-breaker docs/a.md:1"]);
    for option in ["wrap: document", "stability: volatile"] {
        repo.file("contexts/a.yaml", format!("system:\n  - file: docs/a.md\n    {option}\n"));
        assert_eq!(told(&repo.run("check").exits(0)), Vec::<String>::new(), "{option}");
    }
}

#[test]
fn fragments_that_are_almost_the_same_are_told_with_their_likeness() {
    let repo = Repo::new();
    let text = |last: &str| (0..60).map(|word| format!("word{word} ")).collect::<String>() + last + "\n";
    repo.file("docs/a.md", text("here")).file("docs/b.md", text("there")).file("docs/c.md", "Something else.\n");
    repo.file("contexts/a.yaml", "system:\n  - files: docs/*.md\n");
    let outcome = repo.run("check").exits(0);
    assert_eq!(told(&outcome), ["near-duplicate docs/b.md:1"]);
    assert!(outcome.stderr.contains("96% of this text also stands in docs/a.md"), "{}", outcome.stderr);
}

#[test]
fn a_file_that_two_blocks_send_is_told_where_the_second_one_stands() {
    let text = (0..40).map(|word| format!("word{word} ")).collect::<String>() + "\n";
    for (system, expected) in [
        ("[{file: a.md}, {file: a.md}]", 1),
        ("[{file: a.md}, {files: '*.md'}]", 1),
        ("[{template: t}, {file: a.md}, {template: t, id: again}]", 1),
        ("[{file: a.md, id: first}, {file: a.md, split: lines(1)}]", 1),
        ("[{files: ['*.md', a.md]}]", 0),
        ("[{file: short.md}, {file: a.md}, {file: short.md}]", 0),
        ("[{file: a.md}, {file: a.md, when: vip}]", 0),
        ("[{template: w}, {file: a.md}]", 0),
    ] {
        let repo = Repo::new();
        repo.file("a.md", &text).file("short.md", "---8<---\n").file("templates/t.hbs", format!("Once {text}"));
        repo.file("templates/w.hbs", "A word of another kind.\n");
        repo.file("contexts/a.yaml", format!("vars: {{vip: false}}\nsystem: {system}\n"));
        let told = told(&repo.run("check").exits(0));
        assert_eq!(told, vec!["near-duplicate contexts/a.yaml:2"; expected], "{system}");
    }
}

#[test]
fn a_placeholder_is_told_where_nothing_fills_it_in() {
    let repo = of_fragment("Dear {{customer}}, {{other}}, [INSERT NAME], [a link](x), `[YOUR KEY]` and <YOUR TOWN>.\n");
    repo.file(
        "contexts/a.yaml",
        "vars: {customer: Ann}\nsystem:\n  - file: docs/a.md\n  - text: \"For {{customer}}\"\nmessages:\n  - user: \"{{customer}}\"\n",
    );
    assert_eq!(
        told(&repo.run("check").exits(0)),
        [
            "placeholder contexts/a.yaml:4",
            "placeholder docs/a.md:1",
            "placeholder docs/a.md:1",
            "placeholder docs/a.md:1"
        ]
    );
}

#[test]
fn a_day_to_look_again_that_has_passed_is_told() {
    let repo = of_fragment("---\nreview_by: 2026-06-30\n---\nHi.\n");
    assert_eq!(told(&repo.run("check --as-of 2026-06-30").exits(0)), Vec::<String>::new());
    assert_eq!(told(&repo.run("check --as-of 2026-07-01").exits(0)), ["review-overdue docs/a.md:2"]);
    of_fragment("---\nreview_by: soon\n---\nHi.\n").run("check").exits(0);
}

#[test]
fn an_example_that_repeats_one_before_it_is_told() {
    let near = format!("{LONG} please");
    let repo = of_examples(&[("Where is it?", "Lost"), ("where is it", "lost."), (LONG, "Late"), (&near, "Late")], "");
    assert_eq!(told(&repo.run("check").exits(0)), ["repeated-example shots.jsonl:2", "repeated-example shots.jsonl:4"]);
}

#[test]
fn examples_without_a_question_or_an_answer_are_compared_whole() {
    let said = |turns: &[(&str, &str)]| {
        let turn = |(role, text): &(&str, &str)| format!("{{\"role\": \"{role}\", \"content\": \"{text}\"}}");
        let turns: Vec<String> = turns.iter().map(turn).collect();
        format!("{{\"messages\": [{}]}}\n", turns.join(", "))
    };
    for (one, other, expected) in [
        (&[("user", "Where is it?")][..], &[("user", "What is it?")][..], ""),
        (&[("user", "Where is it?")], &[("user", "where is it")], "repeated-example shots.jsonl:2"),
        (&[("assistant", "Hello.")], &[("assistant", "Good morning.")], ""),
        (&[("assistant", "Hello.")], &[("assistant", "Hello.")], "repeated-example shots.jsonl:2"),
        (
            &[("user", "Hi"), ("assistant", "Hi"), ("user", "A?")],
            &[("user", "Hi"), ("assistant", "Hi"), ("user", "B?")],
            "",
        ),
    ] {
        let repo = of_examples(&[], "");
        repo.file("shots.jsonl", said(one) + &said(other));
        assert_eq!(told(&repo.run("check").exits(0)).join(", "), expected, "{one:?} {other:?}");
    }
}

#[test]
fn examples_that_disagree_are_told() {
    let repo = of_examples(
        &[("Where?", "{\"a\": 1, \"b\": 2}"), ("where", "{\"b\":2,\"a\":1}"), ("Where?!", "{\"a\": 2}")],
        "",
    );
    assert_eq!(
        told(&repo.run("check").exits(0)),
        ["repeated-example shots.jsonl:2", "contradicting-example shots.jsonl:3"]
    );
}

#[test]
fn an_answer_is_held_against_the_output_schema() {
    let schema = "output:\n  schema: {type: object, properties: {label: {enum: [a, b]}}, required: [label]}\n";
    let repo =
        of_examples(&[("1?", "{\"label\": \"a\"}"), ("2?", "{\"label\": \"c\"}"), ("3?", "{}"), ("4?", "a")], schema);
    let outcome = repo.run("check").exits(0);
    assert_eq!(
        told(&outcome),
        ["example-schema shots.jsonl:2", "example-schema shots.jsonl:3", "example-schema shots.jsonl:4"]
    );
    assert!(outcome.stderr.contains("does not match `output.schema` at `/label`"), "{}", outcome.stderr);
}

#[test]
fn a_schema_that_refers_to_itself_or_to_elsewhere_ends() {
    for schema in [
        "{$ref: \"#\"}",
        "{$ref: \"https://example.com/schema.json\"}",
        "{$ref: \"file:///etc/passwd\"}",
        "{$defs: {a: {$ref: \"#/$defs/b\"}, b: {$ref: \"#/$defs/a\"}}, $ref: \"#/$defs/a\"}",
        "{allOf: [{$ref: \"#\"}, {$ref: \"#\"}]}",
        "{type: nonsense}",
        "{pattern: \"(a+)+$\"}",
        "{pattern: \"(\"}",
    ] {
        let long = format!("\"{}!\"", "a".repeat(5000));
        let outcome = of_examples(&[("1?", &long)], &format!("output:\n  schema: {schema}\n")).run("check");
        assert!(matches!(outcome.status, Some(0)), "{schema}: {outcome:?}");
    }
}

#[test]
fn an_example_that_is_held_out_is_told() {
    let repo =
        of_examples(&[("Where is it?", "Lost"), (LONG, "Late"), ("Who are you?", "Me")], "held_out: evals/*.jsonl\n");
    repo.file(
        "evals/a.jsonl",
        format!(
            "{{\"user\": \"WHERE is it\", \"assistant\": \"?\"}}\n{{\"user\": \"{LONG} now\", \"assistant\": \"?\"}}\n"
        ),
    );
    let outcome = repo.run("check").exits(0);
    assert_eq!(told(&outcome), ["held-out-example shots.jsonl:1", "held-out-example shots.jsonl:2"]);
    assert!(outcome.stderr.contains("at evals/a.jsonl:2"), "{}", outcome.stderr);
}

#[test]
fn a_held_out_set_must_be_there_and_be_examples() {
    let repo = of_examples(&[("Where is it?", "Lost")], "held_out: evals/*.jsonl\n");
    repo.run("check").exits(2);
    repo.file("evals/a.jsonl", "no JSON\n");
    assert_eq!(told(&repo.run("check").exits(0)), ["held-out-example contexts/a.yaml:5"]);
}

/// Cases are held out without being named under `held_out` too.
#[test]
fn an_example_that_is_a_case_is_told() {
    let repo = of_examples(
        &[("Where is it?", "Lost"), ("Who are you?", "Me")],
        "inputs: {q: {tokens: 5}}\neval: {cases: evals/*.jsonl}\nheld_out: evals/a.jsonl\n",
    );
    repo.file("evals/a.jsonl", "{\"inputs\": {\"q\": \"WHERE is it\"}, \"expect\": \"Lost\"}\n");
    assert!(told(&repo.run("check").exits(0)).contains(&"held-out-example shots.jsonl:1".to_owned()));
    repo.file("evals/a.jsonl", "no JSON\n");
    let outcome = repo.run("check").exits(0);
    assert!(outcome.stderr.contains("evals/a.jsonl cannot be read as cases"), "{}", outcome.stderr);
}
