//! `contexture audit`: every format against an independent reader, money and causes against independent arithmetic, and
//! logs that are wrong in every way.
//!
//! `expected.json` was written by a reader in Python that knows the vendors' SDK types and nothing of this program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contexture::audit::lines::{Step, Values};
use contexture::audit::readers::{Format, Reader};
use serde_json::{Value, json};

use crate::support::Repo;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/samples");

/// The neutral records of a log, and the format of its last line.
fn records(path: &Path) -> (Vec<Value>, Option<Format>) {
    let mut values = Values::new(fs::File::open(path).unwrap()).unwrap();
    let mut reader = Reader::new(path.to_str().unwrap(), None);
    let (mut line, mut found) = (Vec::new(), Vec::new());
    while values.next(&mut line).unwrap() != Step::End {
        reader.line(&line, &mut found);
    }
    reader.end(&mut found);
    (found.iter().map(|record| serde_json::to_value(record).unwrap()).collect(), reader.format())
}

#[test]
fn every_format_is_read_as_an_independent_reader_reads_it() {
    let expected = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/expected.json")).unwrap();
    let expected: BTreeMap<String, Vec<Value>> = serde_json::from_str(&expected).unwrap();
    let mut differences = Vec::new();
    for (name, expected) in &expected {
        let (found, format) = records(&Path::new(SAMPLES).join(name));
        assert_eq!(format.unwrap().as_str(), name.split('.').next().unwrap());
        assert_eq!(found.len(), expected.len(), "{name}");
        for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
            for (key, found) in found.as_object().unwrap() {
                let expected = expected.get(key).unwrap_or(&Value::Null);
                if found != expected {
                    differences.push(format!("{name}[{number}].{key}: {found}, expected {expected}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let formats = Format::ALL.iter().filter(|format| **format != Format::Csv).count();
    assert_eq!(expected.len(), formats, "each format but the table has a sample");
}

/// The JSON of an audit of what stands in a file.
fn audit(log: &str, arguments: &[&str]) -> Value {
    let repo = Repo::none();
    repo.file("a.jsonl", log);
    let all = ["audit", "a.jsonl", "--as-of", "2026-11-21", "--format", "json"].iter().chain(arguments).copied();
    repo.contexture(all).run().json()
}

fn sample(name: &str) -> String {
    fs::read_to_string(Path::new(SAMPLES).join(name)).unwrap()
}

#[test]
fn a_transcript_is_priced_and_each_miss_has_its_cause() {
    let report = audit(&sample("claude-code.jsonl"), &[]);
    // By hand, Opus 4.6 at 5, 25, 0.5 and 10 (1 h) dollars a million: 8 uncached, 30,000 read, 63,500 written, 358 out.
    assert_eq!(report["totals"]["usd"], "0.65899");
    assert_eq!(report["totals"]["write"], json!({"1h": 63500}));
    assert_eq!(report["totals"]["unfinished"], 1);
    let misses: Vec<Value> = report["misses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|miss| json!([miss["cause"], miss["certain"], miss["lost"], miss["usd"]]))
        .collect();
    // Lost: 21,500 of 22,000 written after three hours; 16,000 of 21,000 read back to 5,000. Each at 10 less 0.5.
    assert_eq!(
        misses,
        [json!(["ttl_expired", true, 21500, "0.20425"]), json!(["messages_changed", false, 16000, "0.152"])]
    );
    let what_if =
        |ttl: &str| report["what_if"].as_array().unwrap().iter().find(|own| own["ttl"] == ttl).unwrap().clone();
    assert_eq!(what_if("1h")["usd"], "0.65899");
    assert_eq!(what_if("1h")["differ"], 0);
    assert_eq!(what_if("none")["usd"], "0.47649");
    assert_eq!(what_if("5m")["usd"], "0.420865");
    assert_eq!(report["left_out"], json!([{"what": "malformed lines", "count": 1, "first": "a.jsonl:15"}]));
}

#[test]
fn what_the_log_leaves_open_is_a_range_or_unknown_and_never_nothing() {
    let anthropic = audit(&sample("anthropic.jsonl"), &[]);
    let bare = audit(&sample("anthropic.jsonl").lines().nth(2).map(|line| format!("{line}\n")).unwrap(), &[]);
    // Sonnet 4.5: 2,000 tokens written for 3.75 or 6 dollars a million, 4 at 3, 9 at 15.
    assert_eq!(
        [&bare["totals"]["usd"], &bare["totals"]["low"], &bare["totals"]["high"]],
        [&Value::Null, &json!("0.007647"), &json!("0.012147")]
    );
    assert_eq!(anthropic["totals"]["write"]["unknown"], 2000);
    let vllm = audit(&sample("vllm.jsonl"), &[]);
    assert_eq!([&vllm["totals"]["priced"], &vllm["requests"]], [&json!(0), &json!(2)]);
    let unknown = vllm["unknown"].to_string();
    assert!(unknown.contains("there is no card for the model `acme/own`"), "{unknown}");
    assert!(unknown.contains("how much was read"), "{unknown}");
}

#[test]
fn totals_are_those_of_independent_arithmetic() {
    for (name, low, high) in [
        ("anthropic.jsonl", "0.0941205", "0.0986205"),
        ("anthropic-batch.jsonl", "0.0018336", "0.0018336"),
        ("openai-chat.jsonl", "0.007542", "0.007542"),
        ("gemini.jsonl", "0.0015177", "0.0015177"),
        ("deepseek.jsonl", "0.00070136", "0.00070136"),
        ("litellm.jsonl", "0.011625", "0.011625"),
        ("otel.jsonl", "0.008025", "0.010275"),
        ("codex.jsonl", "0.02005", "0.02005"),
    ] {
        let totals = audit(&sample(name), &[])["totals"].clone();
        assert_eq!([&totals["low"], &totals["high"]], [low, high], "{name}");
    }
}

#[test]
fn a_plain_table_is_read_by_the_names_of_its_columns() {
    let table = "timestamp,model,input_tokens,cached_tokens,write_5m,output_tokens,session_id\n\
        2026-10-07T08:00:00Z,claude-opus-5,1000,0,900,10,s\n2026-10-07T08:01:00Z,claude-opus-5,1000,900,0,10,s\nbroken\n";
    let report = audit(table, &[]);
    // 200 uncached at 5, 900 read at 0.5, 900 written at 6.25, 20 out at 25.
    assert_eq!([&report["totals"]["usd"], &report["requests"]], [&json!("0.007575"), &json!(2)]);
    assert_eq!(report["left_out"][0], json!({"what": "malformed lines", "count": 1, "first": "a.jsonl:4"}));
}

#[test]
fn everything_that_is_wrong_with_a_log_is_counted_and_the_rest_is_read() {
    let good = sample("anthropic.jsonl").lines().nth(3).unwrap().to_owned();
    let chat = sample("openai-chat.jsonl").lines().next().unwrap().to_owned();
    for (what, bad) in [
        ("malformed lines", "{\"type\":\"message\",\"usage\":{"),
        ("malformed lines", "\u{0}\u{0}\u{0}"),
        ("lines of no known format", "{\"level\":\"info\",\"msg\":\"started\"}"),
        ("contradict each other", &*good.replace("1500", "-5")),
        ("contradict each other", &*good.replace("1500", "99999999999999")),
        ("contradict each other", &*good.replace("1500", "1.5")),
        ("contradict each other", &*good.replace("1500", "\"many\"")),
        ("contradict each other", &*chat.replace("\"cached_tokens\":2048", "\"cached_tokens\":4000")),
        ("there already", &*good),
        ("that failed", "{\"custom_id\":\"a\",\"response\":null,\"error\":{\"code\":\"x\"}}"),
    ] {
        let report = audit(&format!("{good}\n{bad}\n{chat}\n"), &[]);
        let left_out = &report["left_out"];
        assert_eq!(left_out.as_array().unwrap().len(), 1, "{what}: {left_out}");
        assert!(
            left_out[0]["what"].as_str().unwrap().contains(what) && left_out[0]["count"] == 1,
            "{what}: {left_out}"
        );
        assert_eq!(report["requests"], 2, "{what}");
    }
    let repo = Repo::none();
    repo.file("empty.jsonl", "").file("other.jsonl", "hello\n");
    for name in ["empty.jsonl", "other.jsonl"] {
        assert_eq!(repo.contexture(["audit", name]).run().status, Some(2), "{name}");
    }
}

#[test]
fn nothing_that_was_said_is_printed_and_no_name_is_obeyed() {
    let repo = Repo::none();
    let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random: String = (0..93).map(|n: usize| char::from(letters[(n * n * 31 + n * 17) % letters.len()])).collect();
    let secret = format!("sk-ant-api03-{random}AA");
    let hostile = sample("anthropic.jsonl")
        .replace("chat-7", "::error::x\\u001b[2J\\n##[add-mask]y")
        .replace("claude-opus-5", &format!("=cmd|' /C calc'!A0 <script> | {secret}"));
    repo.file("hostile.jsonl", &hostile);
    for format in ["text", "json", "markdown", "csv"] {
        let all = repo.contexture(["audit", SAMPLES, "--format", format, "-v"]).run();
        assert_eq!(all.status, Some(0));
        assert!(!format!("{}{}", all.stdout, all.stderr).contains("SAID"), "{format}");
        let own = repo.contexture(["audit", "hostile.jsonl", "--format", format]).run();
        assert!(crate::support::runner::obeyed(&own.stdout).is_empty(), "{}", own.stdout);
        assert!(!own.stdout.contains('\u{1b}') && !own.stdout.contains(&secret[4..40]), "{}", own.stdout);
    }
}

#[test]
fn since_leaves_out_what_came_before_but_not_what_it_left_in_the_cache() {
    let report = audit(&sample("claude-code.jsonl"), &["--since", "2026-10-07T10:00:00Z"]);
    assert_eq!(report["requests"], 2);
    assert_eq!(report["misses"][0]["cause"], "ttl_expired");
    assert_eq!(report["left_out"][1]["count"], 3);
}
