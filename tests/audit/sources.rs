//! Logs of other programs: the vendors' types, LiteLLM, the OpenTelemetry SDK, Codex; and what is told of single formats.

use super::*;

#[test]
fn samples_are_what_the_vendors_own_types_say() {
    let python =
        std::env::var_os("CONTEXTURE_TEST_PYTHON").expect("CONTEXTURE_TEST_PYTHON names a Python: run tests/setup.sh");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/sdk_types.py");
    let held = std::process::Command::new(python).args([script, SAMPLES]).output().expect("Python runs");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stdout));
}

#[test]
fn an_export_of_the_opentelemetry_sdk_is_a_conversation_whatever_spans_are_above() {
    // Written by tests/audit/otel_sdk.py.
    let report = audit(include_str!("sdk/otel.jsonl"), &[]);
    assert_eq!([&report["requests"], &report["left_out"]], [&json!(4), &json!([])], "{report}");
    assert_eq!([&report["totals"]["read"], &report["totals"]["write"]], [&json!(13000), &json!({"unknown": 13500})]);
    assert_eq!(report["sessions"].as_array().unwrap().len(), 1);
    let misses = report["misses"].as_array().unwrap();
    assert_eq!(
        (misses.len(), &misses[0]["cause"], &misses[0]["lost"]),
        (1, &json!("ttl_expired"), &json!(6500)),
        "{report}"
    );
}

#[test]
fn costs_are_those_of_litellms_own_arithmetic() {
    // Written by tests/audit/litellm_costs.py; a session a record.
    let log = include_str!("sdk/litellm.jsonl");
    let report = audit(log, &[]);
    let mut expected = BTreeMap::new();
    for line in log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        expected.insert(line["session_id"].as_str().unwrap().to_owned(), line["response_cost"].as_f64().unwrap());
    }
    for own in report["sessions"].as_array().unwrap() {
        let usd: f64 = own["usd"].as_str().unwrap().parse().unwrap();
        let theirs = expected.remove(own["session"].as_str().unwrap()).unwrap();
        assert!((usd - theirs).abs() < 1e-12, "{own}: {theirs}");
    }
    assert!(expected.is_empty() && report["requests"] == 24, "{expected:?}");
}

#[test]
fn a_fork_whose_parent_is_there_is_counted_once_however_slowly_it_was_replayed() {
    let event = |at: &str, total: u64| {
        json!({"timestamp": format!("2026-10-07T{at}Z"), "type": "event_msg", "payload": {"type": "token_count", "info": {
            "total_token_usage": {"input_tokens": total, "cached_input_tokens": 0, "output_tokens": total / 100, "total_tokens": total},
            "last_token_usage": {"input_tokens": 1000, "cached_input_tokens": 0, "output_tokens": 10, "total_tokens": 1010}}}})
        .to_string()
    };
    let head = |at: &str, id: &str, parent: Option<&str>| {
        let meta = json!({"timestamp": format!("2026-10-07T{at}Z"), "type": "session_meta", "payload": {"id": id, "forked_from_id": parent}});
        let turn =
            json!({"timestamp": format!("2026-10-07T{at}Z"), "type": "turn_context", "payload": {"model": "gpt-5.4"}});
        format!("{meta}\n{turn}")
    };
    let repo = Repo::none();
    repo.file(
        "logs/a.jsonl",
        [head("08:00:00", "a", None), event("08:00:10", 1000), event("08:01:00", 2000)].join("\n"),
    );
    // Replayed over five seconds, and then a turn of its own.
    let fork =
        [head("09:00:00", "b", Some("a")), event("09:00:02", 1000), event("09:00:05", 2000), event("09:01:00", 3000)];
    repo.file("logs/b.jsonl", fork.join("\n"));
    let report = repo.run("audit logs --as-of 2026-11-21 --format json").json();
    assert_eq!(report["requests"], 3, "{report}");
    assert_eq!(
        report["left_out"],
        json!([{"what": "records of a request that was there already", "count": 2, "first": null}])
    );
}

#[test]
fn what_is_told_of_single_formats() {
    let repo = Repo::none();
    repo.file("observations.jsonl", "PAR1\u{15}\u{4}");
    let parquet = repo.contexture(["audit", "observations.jsonl"]).run();
    assert_eq!(parquet.status, Some(2), "{parquet}");
    assert!(parquet.stdout.contains("a Parquet file, which is not read: export JSONL or CSV instead"), "{parquet}");
    let peak = audit(&sample("deepseek.jsonl"), &[])["unknown"].to_string();
    assert!(peak.contains("the price of deepseek-v4-pro at off-peak hours (all but Monday to Friday"), "{peak}");
    // Moments as numbers, of seconds or milliseconds, in a table too; an envelope without its request.
    for start in ["1791360000", "1791360000.5", "1791360000500", "2026-10-07T08:00:00Z"] {
        let table = format!("start,model,input,read,output\n{start},gpt-5.4,100,0,1\n");
        assert_eq!(audit(&table, &[])["days"][0]["day"], "2026-10-07", "{start}");
    }
    let body: Value = serde_json::from_str(sample("openai-chat.jsonl").lines().next().unwrap()).unwrap();
    let bare = json!({"start": "2026-10-07T08:00:00Z", "session": "s", "response": body}).to_string();
    assert_eq!(audit(&bare, &[])["sessions"][0]["session"], "s");
}
