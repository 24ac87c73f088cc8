use serde_json::json;

use super::*;
use crate::evaluate::cases::tests::{Project, faults_of};

/// A scorer with what is expected, and answers that hold (`+`) or do not (`-`).
const TABLE: [(&str, &str, &[&str]); 25] = [
    ("equals", "\"Yes\"", &["+Yes", "+ Yes\n", "-yes", "-Yes.", "-"]),
    ("equals: exact", "\"Yes\"", &["+Yes", "- Yes"]),
    ("equals: words", "\"Yes\"", &["+ **yes**. ", "-yes no"]),
    ("equals", "{\"a\": [1, 2.0]}", &["+{\"a\": [1.0, 2]}", "-{\"a\": [2, 1]}", "-{\"a\": [1, 2], \"b\": 0}", "-a"]),
    ("equals", "42", &["+42", "+42.0", "-43", "-\"42\""]),
    ("equals", "true", &["+true", "-True"]),
    ("one_of", "[\"a\", \"b\"]", &["+a", "+ b ", "-c", "-a b"]),
    ("one_of: [x, y]", "null", &["+x", "-z"]),
    ("contains", "\"needle\"", &["+hay needle hay", "-Needle"]),
    ("contains", "[\"a\", \"b\"]", &["+b a", "-a"]),
    ("contains: [refund]", "null", &["+a refund is due", "-no"]),
    ("regex: '^[0-9]+$'", "null", &["+12", "-12a", "-"]),
    ("regex", "\"(?i)yes\"", &["+YES", "-no"]),
    ("json", "null", &["+[1]", "+ {} ", "-{", "-hello", "-{} {}"]),
    ("json: {schema: {type: object, required: [a]}}", "null", &["+{\"a\": 1}", "-{}", "-[]"]),
    ("json: {schema: output}", "null", &["+{\"label\": \"x\"}", "-{\"label\": 1}"]),
    (
        "field: {/label: /label}",
        "{\"label\": \"a\"}",
        &["+{\"label\": \"a\", \"why\": \"\"}", "-{\"label\": \"b\"}", "-{}", "-a"],
    ),
    ("field: {/a/0: /x, /b: /y}", "{\"x\": 1, \"y\": null}", &["+{\"a\": [1], \"b\": null}", "-{\"a\": [1]}"]),
    ("label: [food, sport]", "\"food\"", &["+food", "+Food.\nIt is about a cake.", "-sport", "-good food", "-"]),
    ("label: {of: [food, sport], at: /label}", "\"food\"", &["+{\"label\": \"FOOD\"}", "-food", "-{\"label\": 1}"]),
    ("label: {at: /label}", "{\"label\": \"food\"}", &["+{\"label\": \"food\"}", "-{\"label\": \"sport\"}"]),
    ("number", "12", &["+12", "+ 12.0 ", "-12.1", "-twelve", "-NaN"]),
    ("number: {within: 0.01}", "0.3", &["+0.31", "+0.29", "-0.311", "-inf"]),
    ("number: {within: 0.5, at: /n}", "{\"n\": \"3\"}", &["+{\"n\": 3.5}", "+{\"n\": \"2.5\"}", "-{\"n\": 4}", "-3"]),
    ("one_of", "\"a\"", &["+a", "-b"]),
];

#[test]
fn each_scorer_takes_what_it_says_and_no_more() {
    for (scorer, expect, answers) in TABLE {
        let case = format!("{{\"inputs\": {{\"q\": \"x\"}}, \"expect\": {expect}}}\n");
        let project = Project::new(&format!("score: [{{{scorer}}}]", scorer = scorer_map(scorer)), &case);
        let (set, scorers) = project.scorers();
        for answer in answers {
            let (wanted, text) = answer.split_at(1);
            let score = scorers.score(&set.cases[0], text);
            assert_eq!(score.points, if wanted == "+" { FULL } else { 0 }, "{scorer}, {expect}: {text} {score:?}");
            assert_eq!(score.reasons.is_empty(), wanted == "+", "{scorer}: {text}");
        }
    }
}

/// `equals` as the map `equals: null` that stands for it.
fn scorer_map(scorer: &str) -> String {
    if scorer.contains(':') { scorer.to_owned() } else { format!("{scorer}: null") }
}

#[test]
fn all_must_hold_or_each_counts_by_its_weight() {
    let case = "{\"inputs\": {\"q\": \"x\"}, \"expect\": \"yes\"}\n";
    let score = |score: &str, answer: &str| {
        let (set, scorers) = Project::new(&format!("score: {score}"), case).scorers();
        scorers.score(&set.cases[0], answer).points
    };
    assert_eq!(score("[contains, {regex: '^y'}]", "yes"), FULL);
    assert_eq!(score("[contains, {regex: '^y'}]", "oh yes"), 0);
    assert_eq!(score("[{contains: null, weight: 3}, {regex: '^y'}]", "oh yes"), 750);
    assert_eq!(score("[{contains: null, weight: 0}, {regex: '^y'}]", "oh yes"), 0);
    assert_eq!(score("[]", " yes "), FULL);
}

#[test]
fn labels_are_counted_as_they_were_declared() {
    let cases = "{\"inputs\": {\"q\": \"x\"}, \"expect\": \"b\"}\n{\"inputs\": {\"q\": \"y\"}, \"expect\": \"a\"}\n";
    let (set, scorers) = Project::new("score: [label]", cases).scorers();
    assert_eq!(scorers.labels(), Some(&["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(scorers.expected_label(&set.cases[0]), Some("b"));
    assert_eq!(scorers.score(&set.cases[0], "A!").label.as_deref(), Some("a"));
    assert_eq!(scorers.score(&set.cases[0], "c").label.as_deref(), Some(""));
}

#[test]
fn a_scorer_that_cannot_score_a_case_is_said_before_any_call() {
    let case = |expect: &str| format!("{{\"inputs\": {{\"q\": \"x\"}}, \"expect\": {expect}, \"id\": \"k\"}}\n");
    for (score, expect, message) in [
        ("equals", "null", "`equals` cannot score case `k`: it expects nothing"),
        ("one_of", "7", "`one_of` cannot score case `k`: it expects neither a text nor a list of texts"),
        ("one_of", "[]", "`one_of` cannot score case `k`: it expects neither a text nor a list of texts"),
        ("regex", "\"(\"", "`regex` cannot score case `k`: the pattern cannot be read: error: unclosed group"),
        ("regex: '['", "null", "the pattern cannot be read: error: unclosed character class"),
        ("field: {/a: /b}", "{\"a\": 1}", "`field` cannot score case `k`: there is nothing at `/b` of what it expects"),
        ("label: [a, b]", "\"c\"", "`label` cannot score case `k`: `c` is none of the labels a, b"),
        ("label: [a, A.]", "\"a\"", "the label `A.` is there twice"),
        ("label: {of: [a], at: x}", "\"a\"", "`x` is no JSON pointer: it begins with `/`"),
        ("number", "\"many\"", "`number` cannot score case `k`: it expects no number"),
        ("number: {within: -1}", "1", "a number cannot be within less than 0"),
        (
            "json: {schema: {type: 7}}",
            "null",
            "the schema cannot be used: 7 is not valid under any of the schemas listed in the 'anyOf' keyword",
        ),
    ] {
        let said = faults_of(&format!("score: [{{{}}}]", scorer_map(score)), &case(expect));
        assert_eq!(said, [message], "{score} {expect}");
    }
    let said = faults_of("score: [{equals: null, weight: 0}]", &case("\"a\""));
    assert_eq!(said, ["every scorer has the weight 0"]);
}

/// JSON that a model wrote cannot make the scorer slow or deep.
#[test]
fn hostile_answers_are_only_wrong() {
    let case = "{\"inputs\": {\"q\": \"x\"}, \"expect\": {\"a\": 1}}\n";
    let (set, scorers) = Project::new("score: [equals]", case).scorers();
    for answer in [
        "[".repeat(200_000),
        format!("{{\"a\": {}1}}", "[".repeat(100_000)),
        "\u{202e}".to_owned(),
        json!("x").to_string(),
    ] {
        assert_eq!(scorers.score(&set.cases[0], &answer).points, 0);
    }
}

/// A schema of the repository cannot make scoring endless either.
#[test]
fn hostile_schemas_end() {
    let case = "{\"inputs\": {\"q\": \"x\"}}\n";
    for schema in ["{allOf: [{$ref: \"#\"}, {$ref: \"#\"}]}", "{$ref: \"#\"}", "{pattern: \"(a+)+$\"}"] {
        let (set, scorers) = Project::new(&format!("score: [{{json: {{schema: {schema}}}}}]"), case).scorers();
        assert_eq!(scorers.score(&set.cases[0], &format!("\"{}!\"", "a".repeat(5000))).points, 0, "{schema}");
    }
}
