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

mod live;
mod sources;

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
        (
            "contradict each other",
            &*good
                .replace("1500", "3999999999,\"cache_read_input_tokens\":3999999999,\"cache_creation_input_tokens\":0"),
        ),
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
        let outcome = repo.contexture(["audit", name]).run();
        assert_eq!(outcome.status, Some(2), "{name}");
        assert!(outcome.stdout.starts_with("paid      unknown: no request was found in 1 log\n"), "{outcome}");
    }
}

#[test]
fn a_log_of_several_formats_names_each_and_no_advice_rests_on_what_is_not_known() {
    let mixed = ["claude-code.jsonl", "anthropic.jsonl", "openai-chat.jsonl"].map(sample).join("\n");
    let formats = audit(&mixed, &[])["formats"].clone();
    let named: Vec<Value> =
        formats.as_array().unwrap().iter().map(|own| json!([own["format"], own["requests"]])).collect();
    assert_eq!(named, [json!(["claude-code", 5]), json!(["anthropic", 7]), json!(["openai-chat", 3])]);
    // All of it was written for 5m, and a read that nothing explains is no reason to write for 5m.
    let line = |minute: u32, read: u64, written: u64| {
        json!({"start": format!("2026-10-07T08:{minute:02}:00Z"), "session": "s", "response": {"id": format!("m{minute}"), "type": "message",
            "model": "claude-opus-5", "usage": {"input_tokens": 10, "output_tokens": 10, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written, "cache_creation": {"ephemeral_5m_input_tokens": written}}}})
        .to_string()
    };
    let log = [line(0, 0, 5000), line(2, 0, 5000), line(4, 5000, 0)].join("\n");
    let report = audit(&log, &[]);
    assert!(
        report["advice"].as_array().unwrap().iter().all(|own| own["yaml"] != "cache: {ttl: 5m}"),
        "{}",
        report["advice"]
    );
    let repo = Repo::none();
    let session = ",\"session\":\"s\"";
    repo.file("log.jsonl", line(0, 0, 5000).replace(session, "").replace("\"session\":\"s\",", ""));
    let said = repo.run("audit log.jsonl").stdout;
    assert!(said.contains("What would have saved most is not known"), "{said}");
}

#[test]
fn what_has_no_price_is_unknown_and_not_nothing() {
    let repo = Repo::none();
    let models = ["claude-opus-5", "claude-sonnet-4-5", "claude-haiku-4-5"];
    let log = models.iter().fold(sample("anthropic.jsonl"), |log, model| log.replace(model, "a-model-of-our-own"));
    repo.file("own.jsonl", log);
    let outcome = repo.contexture(["audit", "own.jsonl"]).run();
    assert!(outcome.stdout.starts_with("paid      unknown for 7 requests of 1 log"), "{outcome}");
    assert!(outcome.stdout.contains("none of them has a price") && !outcome.stdout.contains('$'), "{outcome}");
    let report = repo.contexture(["audit", "own.jsonl", "--format", "json"]).run().json();
    for group in ["models", "days", "sessions", "contexts"] {
        let all = report[group].as_array().unwrap();
        let is_open = |own: &Value| own["usd"].is_null() && own["unpriced"] == own["requests"];
        assert!(!all.is_empty() && all.iter().all(is_open), "{group}: {}", report[group]);
    }
    assert!(report["totals"]["usd"].is_null(), "{}", report["totals"]);
}

#[test]
fn files_of_a_folder_that_are_no_logs_are_counted() {
    let repo = Repo::none();
    repo.file("logs/a.jsonl", sample("claude-code.jsonl")).file("logs/b.txt", sample("claude-code.jsonl"));
    repo.link("logs/c.jsonl", "a.jsonl");
    let outcome = repo.contexture(["audit", "logs"]).run();
    assert!(
        outcome.stderr.contains("2 files of logs are links or end otherwise than logs do, and are passed over"),
        "{outcome}"
    );
    assert!(outcome.stdout.contains("of 1 log,"), "{outcome}");
}

#[test]
fn a_table_of_misses_has_a_row_for_each() {
    let repo = Repo::none();
    repo.file("log.jsonl", sample("claude-code.jsonl"));
    let said = |format: &str| repo.contexture(["audit", "log.jsonl", "--format", format]).run();
    let misses = said("json").json()["misses"].as_array().unwrap().len();
    let table = said("csv").stdout;
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert!(reader.headers().unwrap().iter().any(|name| name == "author"));
    assert_eq!((reader.records().filter(Result::is_ok).count(), table.lines().count()), (misses, misses + 1));
    assert!(misses > 0);
}

#[test]
fn a_page_has_a_timeline_to_scale_and_no_script() {
    let repo = Repo::none();
    repo.file("log.jsonl", sample("claude-code.jsonl"));
    let report = repo.run("audit log.jsonl --format json").json();
    let page = repo.run("audit log.jsonl --format html").stdout;
    assert!(page.contains("default-src 'none'") && !page.contains("<script") && !page.contains("http:"), "{page}");
    let lane = &report["timeline"]["lanes"][0]["parts"];
    let sum = |key: &str| lane.as_array().unwrap().iter().map(|part| part[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        [sum("requests"), sum("read")],
        [&report["requests"], &report["totals"]["read"]].map(|own| own.as_u64().unwrap())
    );
    let lost: u64 = report["misses"].as_array().unwrap().iter().map(|miss| miss["lost"].as_u64().unwrap()).sum();
    assert_eq!(sum("lost"), lost);
    // Heights of one chart are shares of one scale: the highest bar and the deepest loss fill it.
    let chart = page.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    let height = |class: &str| -> f64 {
        let of = |rect: &str| rect.split("height=\"").nth(1)?.split('%').next()?.parse::<f64>().ok();
        chart.split("<rect ").filter(|rect| rect.starts_with(&format!("class=\"{class}\""))).filter_map(of).sum()
    };
    let total: u64 = ["read", "written", "uncached"].map(sum).iter().sum();
    let shares = ["read", "written", "uncached"].map(height);
    let drawn: f64 = shares.iter().sum();
    assert!((shares[0] / drawn - sum("read") as f64 / total as f64).abs() < 0.001, "{shares:?}");
    assert!((height("lost") / drawn - lost as f64 / total as f64).abs() < 0.001, "{chart}");
    for cause in ["ttl_expired", "messages_changed"] {
        assert!(chart.contains(cause), "{chart}");
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
    for format in ["text", "json", "markdown", "csv", "html"] {
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

/// A project whose second commit changes a policy, and a log of requests that carry the digests of both.
fn project_with_log() -> (Repo, String, String) {
    let repo = Repo::new();
    let filler = "Answer in one sentence. ".repeat(400);
    repo.file(
        "contexts/triage.yaml",
        "models: [claude-opus-5]\nsystem:\n  - {file: tone.md, cache: 1h}\n  - {file: refunds.md, cache: 1h}\nmessages: [{user: Hi}]\n",
    );
    repo.file("tone.md", &filler).file("refunds.md", "Refunds take 14 days.\n").commit("base");
    let full = |repo: &Repo| {
        let outcome = repo.contexture(["explain", "triage", "--format", "json"]).run();
        outcome.json()["context"]["full"].as_str().unwrap().to_owned()
    };
    let before = full(&repo);
    repo.file("refunds.md", "Refunds take 30 days.\n").commit("thirty days");
    let after = full(&repo);
    let line = |minute: u32, digest: &str, read: u64, written: u64| {
        json!({"start": format!("2030-10-07T08:{minute:02}:00Z"), "first_token": format!("2030-10-07T08:{minute:02}:01Z"),
            "session": "prod", "digest": digest, "request": {}, "response": {"id": format!("msg_{minute}"),
            "type": "message", "model": "claude-opus-5", "usage": {"input_tokens": 50, "output_tokens": 5,
            "cache_read_input_tokens": read, "cache_creation_input_tokens": written,
            "cache_creation": {"ephemeral_1h_input_tokens": written, "ephemeral_5m_input_tokens": 0}}}})
        .to_string()
    };
    let lines =
        [line(0, &before, 0, 3000), line(1, &before, 3000, 0), line(2, &after, 2000, 1000), line(3, &after, 3000, 0)];
    repo.file("log.jsonl", lines.join("\n"));
    (repo, before, after)
}

#[test]
fn a_changed_prefix_is_told_with_its_commit_author_and_fragment() {
    let (repo, before, after) = project_with_log();
    let report = repo.run("audit log.jsonl --format json").json();
    let miss = &report["misses"][0];
    assert_eq!(report["misses"].as_array().unwrap().len(), 1);
    assert_eq!(
        [&miss["cause"], &miss["certain"], &miss["lost"]],
        [&json!("prefix_changed"), &json!(true), &json!(1000)]
    );
    assert_eq!([&miss["context"], &miss["segment"]], ["triage", "system/2 (refunds.md)"]);
    let head = repo.git(["rev-parse", "HEAD"]);
    assert!(head.starts_with(miss["commit"].as_str().unwrap()), "{miss}");
    assert!(!miss["author"].as_str().unwrap().is_empty());
    let by_digest = |digest: &str| {
        report["contexts"].as_array().unwrap().iter().find(|own| own["digest"] == digest).unwrap().clone()
    };
    assert_eq!([&by_digest(&before)["context"], &by_digest(&after)["context"]], ["triage", "triage"]);
    assert_ne!(by_digest(&before)["commit"], by_digest(&after)["commit"]);

    let shown = repo.run("audit log.jsonl").stdout;
    assert!(shown.contains("system/2 (refunds.md) changed by"), "{shown}");
    // What the history does not hold is said.
    let later = repo.run("audit log.jsonl --base HEAD~1 --format json").json();
    assert!(later["unknown"].to_string().contains("no commit of this project has the digest"), "{later}");
    assert_eq!(repo.run("audit log.jsonl --context triage --format json").json()["requests"], 4);
    assert_eq!(repo.run("audit log.jsonl --context other --format json").status, Some(2));
}

#[test]
fn reads_are_held_against_the_forecast_on_the_timeline_of_the_log() {
    let (repo, before, after) = project_with_log();
    // Three marks: two segments for an hour, of which a deploy leaves the first, and the message for five minutes.
    let built = repo.run("build triage --format json").json();
    let marked = built["contexts"][0]["models"][0]["breakpoints"].as_array().unwrap().clone();
    let [tone, refunds, whole] = [0, 1, 2].map(|place| marked[place]["tokens"].as_u64().unwrap());
    let line = |at: &str, session: &str, digest: &str, read: u64, written: u64| {
        json!({"start": format!("2030-10-07T{at}Z"), "session": session, "digest": digest, "request": {},
            "response": {"id": format!("msg_{at}{session}"), "type": "message", "model": "claude-opus-5",
            "usage": {"input_tokens": 50, "output_tokens": 5, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "cache_creation": {"ephemeral_1h_input_tokens": written, "ephemeral_5m_input_tokens": 0}}}})
        .to_string()
    };
    let log = [
        line("08:00:00", "a", &before, 0, whole),
        line("08:01:00", "b", &before, whole, 0),
        // After a deploy the first segment is still there.
        line("08:20:00", "b", &after, tone, whole - tone),
        // Another session finds it too, and what lies behind it is its own conversation.
        line("08:30:00", "c", &after, whole + 5000, 100),
        // By the rules this one is there; the log says that it was not.
        line("08:40:00", "d", &after, 0, whole),
        // An hour and more later nothing is left, as forecast.
        line("11:00:00", "d", &after, 0, whole),
        // Long after, somebody else must have written it.
        line("15:00:00", "e", &before, whole, 0),
    ];
    repo.file("log.jsonl", log.join("\n"));
    let report = repo.run("audit log.jsonl --format json").json();
    let of = |digest: &str| {
        let all = report["contexts"].as_array().unwrap();
        all.iter().find(|own| own["digest"] == digest).unwrap()["forecast"].clone()
    };
    let counts =
        |own: &Value| ["requests", "forecast", "as_forecast", "less", "more"].map(|key| own[key].as_u64().unwrap());
    assert_eq!(counts(&of(&before)), [3, whole, 2, 0, 1], "{report}");
    assert_eq!(counts(&of(&after)), [4, tone + 2 * refunds, 3, 1, 0], "{report}");
    let first = of(&after)["first"].clone();
    assert_eq!(first["at"], "2030-10-07T08:40:00.000Z");
    assert_eq!([&first["verdict"], &first["forecast"], &first["read"]], [&json!("less"), &json!(refunds), &json!(0)]);
    assert_eq!(report["departures"].as_array().unwrap().len(), 2);
    // The expiry is a miss, and was forecast.
    let expired =
        report["misses"].as_array().unwrap().iter().find(|own| own["cause"] == "ttl_expired").unwrap().clone();
    assert_eq!(expired["forecast"], 0);
    for (format, what) in [
        ("text", "2 requests read otherwise than forecast"),
        ("markdown", "2 requests read otherwise than forecast"),
        ("csv", "less than forecast: its prompt was in the cache by the rules"),
    ] {
        let shown = repo.contexture(["audit", "log.jsonl", "--format", format]).run().stdout;
        assert!(shown.contains(what), "{shown}");
    }
    // A model that the context is not built for has no forecast, which is said.
    repo.file("log.jsonl", log[0].replace("claude-opus-5", "claude-haiku-4-5"));
    let other = repo.run("audit log.jsonl --format json").json();
    assert!(other["unknown"].to_string().contains("at that commit, the context is not built for the model"), "{other}");
}

#[test]
fn bodies_carry_the_digest_where_the_vendor_has_a_field_and_nowhere_else() {
    let repo = Repo::new();
    let models = [
        "gpt-6.1-sol",
        "claude-opus-5",
        "us.anthropic.claude-opus-5-v1:0",
        "vertex/gemini-3.8-flash",
        "gemini-3.8-flash",
        "deepseek-v4-pro",
    ];
    let manifest = |more: &str| {
        format!(
            "models: [{}]\nsystem: [{{text: Be brief.}}]\nmessages: [{{text: Hi}}]\n{more}",
            models.map(|own| format!("\"{own}\"")).join(", ")
        )
    };
    repo.file("contexts/a.yaml", manifest("trace: true\n")).commit("traced");
    let full = repo.run("explain a --format json").json()["context"]["full"].as_str().unwrap().to_owned();
    let body = |model: &str, dialect: &str| {
        repo.contexture(["render", "a", "--model", model, "--dialect", dialect]).run().json().to_string()
    };
    let short = full.replace(':', "-")[..63].to_owned();
    for (model, dialect, field) in [
        ("gpt-6.1-sol", "responses", Some(format!("\"metadata\":{{\"contexture_digest\":\"{full}\"}}"))),
        ("gpt-6.1-sol", "chat", None),
        ("claude-opus-5", "messages", None),
        (
            "us.anthropic.claude-opus-5-v1:0",
            "converse",
            Some(format!("\"requestMetadata\":{{\"contexture_digest\":\"{full}\"}}")),
        ),
        ("vertex/gemini-3.8-flash", "generate", Some(format!("\"labels\":{{\"contexture_digest\":\"{short}\"}}"))),
        ("gemini-3.8-flash", "generate", None),
        ("deepseek-v4-pro", "chat", None),
    ] {
        let body = body(model, dialect);
        match field {
            Some(field) => assert!(body.contains(&field), "{model}: {body}"),
            None => assert!(!body.contains("contexture_digest"), "{model}: {body}"),
        }
    }
    let said = repo.run("check").stderr;
    assert!(said.contains("`trace: true` has no effect on claude-opus-5"), "{said}");
    assert!(!said.contains("no effect on gpt-6.1-sol"), "{said}");
}

#[test]
fn a_trace_reads_what_an_independent_prefix_tree_reads() {
    // Requests of 1 to 12 blocks of 16 tokens over few beginnings, from a generator of our own.
    let mut state: u64 = 7;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut lines, mut fresh, mut seen) = (String::new(), 1000, std::collections::HashSet::new());
    let (mut expected, mut cold) = (0, 0);
    for number in 0..3000 {
        let mut ids: Vec<u64> = (0..=next(6)).map(|depth| depth * 10 + next(3)).collect();
        fresh += 1;
        ids.push(fresh);
        let input = ids.len() as u64 * 16 - next(16);
        lines.push_str(
            &json!({"timestamp": number * 10, "input_length": input, "output_length": 1, "hash_ids": ids}).to_string(),
        );
        lines.push('\n');
        // The tree: every path of blocks that some request had; the last token is always computed.
        let common = (1..=ids.len()).take_while(|end| seen.contains(&ids[..*end])).count() as u64;
        let read = common.min((input - 1) / 16) * 16;
        (expected, cold) = (expected + read, cold + u64::from(read == 0));
        (1..=ids.len()).for_each(|end| _ = seen.insert(ids[..end].to_vec()));
    }
    let repo = Repo::none();
    repo.file("trace.jsonl", &lines);
    let report = repo.run("simulate --trace trace.jsonl --model engine/vllm --block 16 --format json").json();
    assert_eq!([&report["requests"], &report["read"], &report["cold"]], [3000, expected, cold]);
    // Of a model that caches what is marked, nothing is: said, and not a reading of 0.
    let marked = repo.run("simulate --trace trace.jsonl --model claude-opus-5 --block 16").exits(0).stdout;
    assert!(marked.contains("the model caches what a request marks, and a trace marks nothing"), "{marked}");
    assert!(!repo.run("simulate --trace trace.jsonl --model engine/vllm --block 16").stdout.contains("marks"));
    repo.file("engine.yaml", "model: engine/vllm\nsettings: {block: 16}\n");
    assert_eq!(repo.run("simulate engine.yaml --trace trace.jsonl --block 16 --format json").json(), report);
    repo.file(
        "own.jsonl",
        "{\"at\": 0, \"blocks\": [[\"a\", 64], [\"b\", 64]]}\n{\"at\": 1.5, \"blocks\": [[\"a\", 64]]}\nno\n",
    );
    let own = repo.run("simulate --trace own.jsonl --model engine/sglang --format json").json();
    assert_eq!(
        [&own["read"], &own["left_out"], &own["first_left_out"]],
        [&json!(63), &json!(1), &json!("own.jsonl:3")]
    );
}

#[test]
fn declared_traffic_finds_the_cache_as_often_as_the_theory_says() {
    let repo = Repo::new();
    repo.file("long.md", "Answer in one sentence. ".repeat(1000));
    let month = 30.0 * 24.0 * 3600.0;
    // Calls, caches, and seconds of a day that have traffic, whose first call finds nothing.
    for (traffic, calls, replicas, active) in [
        ("calls: 6000/month", 6000.0, 1.0, month),
        ("calls: 30000/month, replicas: 4", 30_000.0, 4.0, month),
        ("calls: 400/day, hours: business", 8800.0, 1.0, 22.0 * 8.0 * 3600.0),
    ] {
        repo.file(
            "contexts/a.yaml",
            format!("models: [claude-opus-5]\nsystem: [{{file: long.md, cache: 5m}}]\nmessages: [{{text: Hi}}]\ntraffic: {{{traffic}}}\n"),
        );
        let report = repo.run("simulate --context a --format json").json();
        let n = |key: &str| report[key].as_f64().unwrap();
        assert_eq!((n("requests"), n("read") + n("written") + n("uncached")), (calls, n("input")), "{report}");
        let found = 1.0 - n("cold") / calls;
        let expected = 1.0 - (-calls / replicas / active * 300.0_f64).exp();
        // The first calls of days are fewer than half a hundredth here.
        let allowed = 5.0 * (expected * (1.0 - expected) / calls).sqrt() + 0.005;
        assert!((found - expected).abs() < allowed, "{traffic}: {found}, not {expected} within {allowed}");
        assert_eq!(repo.run("simulate --context a --format json").json(), report);
    }
    let other = repo.run("simulate --context a --seed 2 --format json").json();
    assert_ne!(other["cold"], repo.run("simulate --context a --format json").json()["cold"]);
    repo.file("contexts/b.yaml", "models: [claude-opus-5]\nsystem: [{text: Be brief.}]\n");
    let silent = repo.run("simulate --context b").exits(2).stderr;
    assert!(silent.contains("does not say how often it is called"), "{silent}");
}
