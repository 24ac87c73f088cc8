//! The cache simulator against scenarios worked by hand, and against models of the rules that are
//! too simple to be wrong.
//!
//! `tests/scenarios/*.yaml` are documentation as well as tests: each says in its first lines which
//! rule it shows and works the numbers.

mod cards;
mod laws;
mod llama;
mod naive;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use contexture::cost::scenario;
use contexture::syntax::diag::{Diagnostic, Faults};
use contexture::syntax::source::{ProjectPath, Source};
use contexture::syntax::yaml::{self, Node, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// What a scenario came to: the JSON of the report with the codes of its notes, or its faults as
/// `line: code: message`.
type Answer = Result<(Json, Vec<String>), Vec<String>>;

/// Simulates a scenario file. The only line to change when the command is to answer instead.
fn answer(file: &str) -> Answer {
    let source = Source::new(ProjectPath::new("scenario.yaml").unwrap(), file);
    let ran = scenario::read(&source).and_then(|scenario| scenario::run(&scenario, &cards::find));
    match ran {
        Ok(warned) => Ok((
            serde_json::to_value(&warned.value).unwrap(),
            warned.warnings.iter().map(|note| note.code.to_string()).collect(),
        )),
        Err(faults) => Err(faults.iter().map(line).collect()),
    }
}

fn line(fault: &Diagnostic) -> String {
    let line = fault.span.as_ref().map_or(0, |span| span.line_column().0);
    format!("{line}: {}: {} [{}]", fault.code, fault.message, fault.hint.as_deref().unwrap_or(""))
}

#[test]
fn every_scenario_gives_its_result() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 144, "only {} scenarios were found", files.len());
    let mut failures = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for failure in check(&text) {
            let _ = writeln!(failures, "{}: {failure}", file.file_name().unwrap().display());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// What is wrong with one file's outcome.
fn check(text: &str) -> Vec<String> {
    let source = Source::new(ProjectPath::new("test.yaml").unwrap(), text);
    let mut faults = Faults::new();
    let Some(root) = yaml::parse(&source, &mut faults) else {
        return faults.into_vec().iter().map(line).collect();
    };
    let map = root.as_map().unwrap();
    let known = ["scenario", "expect", "notes", "storage", "total", "faults"];
    let mut wrong: Vec<String> = map
        .iter()
        .filter(|(key, _)| !known.contains(&&*key.text))
        .map(|(key, _)| format!("key {}", key.text))
        .collect();
    let answer = answer(&scenario_of(text));
    let (report, notes) = match (answer, root.get("faults")) {
        (Ok(answer), None) => answer,
        (Ok(_), Some(_)) => return vec!["no fault was found".to_owned()],
        (Err(found), None) => return found,
        (Err(found), Some(expected)) => {
            let expected = list(expected);
            wrong.extend(
                expected
                    .iter()
                    .filter(|part| !found.iter().any(|fault| fault.contains(&***part)))
                    .map(|part| format!("no fault holds `{part}`: {found:?}")),
            );
            if expected.len() != found.len() {
                wrong.push(format!("{} faults: {found:?}", found.len()));
            }
            return wrong;
        }
    };
    let requests = report["requests"].as_array().unwrap();
    let Some(Value::List(rows)) = root.get("expect").map(|node| &node.value) else {
        return vec!["nothing is expected".to_owned()];
    };
    if rows.is_empty() || rows.len() > requests.len() {
        wrong.push(format!("{} rows for {} requests", rows.len(), requests.len()));
        return wrong;
    }
    let first = requests.len() - rows.len();
    for (row, request) in rows.iter().zip(&requests[first..]) {
        for (key, expected) in row.as_map().unwrap().iter() {
            let own = match &*key.text {
                "cost" => "cost_bit",
                "usd" => "cost_usd",
                key => key,
            };
            let found = request.get(own).unwrap_or(&Json::Null);
            if plain_json(found) != plain(expected) {
                wrong.push(format!("at {}: {own} is {found}, expected {}", request["at"], plain(expected)));
            }
        }
    }
    for key in ["storage", "total"] {
        let found = report.get(format!("{key}_usd")).map_or("absent".to_owned(), plain_json);
        let expected = root.get(key).map_or("absent".to_owned(), plain);
        if found != expected && root.get(key).is_some() {
            wrong.push(format!("{key} is {found}, expected {expected}"));
        }
    }
    let expected = root.get("notes").map_or(Vec::new(), list);
    if notes.iter().map(String::as_str).ne(expected.iter().map(|note| &**note)) {
        wrong.push(format!("notes are {notes:?}, expected {expected:?}"));
    }
    wrong
}

/// The scenario inside a test file, as a file of its own whose lines keep their numbers.
fn scenario_of(text: &str) -> String {
    let mut inside = false;
    let mut scenario = String::new();
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            inside = line.starts_with("scenario:");
        } else if inside {
            scenario.push_str(line.strip_prefix("  ").unwrap_or(""));
        }
        scenario.push('\n');
    }
    scenario
}

/// A value of a test file as it is written, flow maps in one spelling.
fn plain(node: &Node) -> String {
    match &node.value {
        Value::Map(map) => {
            let entries: Vec<String> = map.iter().map(|(key, node)| format!("{}: {}", key.text, plain(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Int(_) | Value::Float(_) => node.span.source.text()[node.span.start..node.span.end].to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(_) => panic!("no list is expected here"),
    }
}

fn plain_json(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", plain_json(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(node: &Node) -> Vec<Arc<str>> {
    let Value::List(items) = &node.value else { panic!("a list is expected") };
    items.iter().map(|item| item.as_text().unwrap().clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a scenario holds, it is answered or refused.
    #[test]
    fn no_scenario_panics(
        file in 0..1000usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[0-9a-z{}\\[\\]:,. -]{0,6}", 0..8usize), 1..6),
    ) {
        let files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut text: Vec<char> =
            scenario_of(&std::fs::read_to_string(&files[file % files.len()]).unwrap()).chars().collect();
        for (place, put, dropped) in edits {
            let place = place.index(text.len());
            let end = (place + dropped).min(text.len());
            text.splice(place..end, put.chars());
        }
        let _ = answer(&text.into_iter().collect::<String>());
    }
}

/// A chain of edits is a chain of patches; the one that is too long is told, once.
#[test]
fn a_chain_of_edits_has_an_end() {
    let mut scenario = String::from("model: gpt-5.4\nrequests:\n  - at: 0\n    blocks:\n");
    let _ = writeln!(scenario, "      - {{tier: system, id: e1, tokens: 5000}}");
    for number in 2..=64 {
        let (before, shared) = (number - 1, number * 10);
        let _ = writeln!(
            scenario,
            "      - {{tier: system, id: e{number}, tokens: 5000, same_as: e{before}, shared: {shared}}}"
        );
    }
    assert!(answer(&scenario).is_ok());
    let _ = writeln!(scenario, "      - {{tier: system, id: e65, tokens: 5000, same_as: e64, shared: 650}}");
    let faults = answer(&scenario).unwrap_err();
    assert_eq!(faults, ["69: same-as-chain: `e65` is made of more than 64 texts [split the text into blocks]"]);
}

/// The schemas of the file and of the answer are made from the types.
#[test]
fn every_answer_fits_its_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(scenario::Report)).unwrap();
    let answers = jsonschema::validator_for(&schema).unwrap();
    let schema = serde_json::to_value(schemars::schema_for!(scenario::Scenario)).unwrap();
    let files = jsonschema::validator_for(&schema).unwrap();
    for file in ["example.yaml", "gemini-explicit.yaml", "deepseek-units.yaml", "anthropic-parallel.yaml"] {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let (report, _) = answer(&scenario_of(&text)).unwrap();
        assert!(answers.is_valid(&report), "{file}: {report}");
        let source = Source::new(ProjectPath::new("test.yaml").unwrap(), text);
        let written = yaml::parse(&source, &mut Faults::new()).unwrap().get("scenario").unwrap().to_json();
        assert!(
            files.is_valid(&written),
            "{file}: {:?}",
            files.iter_errors(&written).map(|e| e.to_string()).collect::<Vec<_>>()
        );
    }
}
