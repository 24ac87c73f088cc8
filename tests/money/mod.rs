//! Every choice that changes a price changes the figure, or the figure is unknown; and what a request carries beside its
//! text. Situations of public reports, each with the members of its kind.

mod situations;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Repo;

const DAY: &str = "2026-11-29";

/// A project with one context and a text of about so many tokens.
fn project(words: usize, manifest: &str) -> Repo {
    let repo = Repo::new();
    repo.file("text.md", "harbour ".repeat(words)).file("contexts/c.yaml", manifest).committed("one");
    repo
}

/// The models of a variant, as `build` tells them.
fn models(repo: &Repo, variant: Option<&str>) -> Vec<Value> {
    let report = repo.run(&format!("build --as-of {DAY} --format json")).json();
    let contexts = report["contexts"].as_array().unwrap();
    let own = contexts.iter().find(|context| context["variant"].as_str() == variant);
    own.unwrap_or_else(|| panic!("{report}"))["models"].as_array().unwrap().clone()
}

/// Holds bills against the price tables, in Python's decimals.
fn recomputed(rows: &[Value]) {
    let python = std::env::var("CONTEXTURE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = ["tests/money/recompute.py", "tests/fixtures/model-prices.csv"];
    let mut child =
        Command::new(python).args(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    child.stdin.take().unwrap().write_all(json!({ "rows": rows }).to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

#[test]
fn a_batch_beyond_a_cliff_costs_what_the_long_batch_costs() {
    const MODELS: &str = "gpt-5.6-luna, gpt-5.6-sol, gpt-6.1-sol, gemini-2.5-pro, claude-haiku-5-5, gpt-5.4, grok-4.7";
    for words in [500, 300_000] {
        let repo = project(
            words,
            &format!(
                "models: [{MODELS}]\ninputs: {{q: {{tokens: 50}}}}\ncache: {{breakpoints: off}}\nsystem: [{{file: text.md}}]\n\
                 messages: [{{user: \"{{{{q}}}}\"}}]\noutput: {{tokens: 1000}}\ntraffic: {{calls: 1000/month, batch: 100%}}\n"
            ),
        );
        let rows = models(&repo, None).into_iter().filter(|model| model["cost"]["read"] == 0).map(|model| {
            json!({"model": model["model"], "tier": "std", "factor": "1", "batch": true, "calls": 1000,
                   "tokens": model["tokens"], "cost": model["cost"]})
        });
        let rows: Vec<Value> = rows.collect();
        assert!(rows.len() >= 3, "{rows:?}");
        recomputed(&rows);
    }
}

#[test]
fn what_a_long_batch_costs_is_unknown_where_no_source_says_it() {
    let repo = project(
        120_000,
        "models: [vertex/claude-haiku-5-5]\nsystem: [{file: text.md}]\noutput: {tokens: 9}\n\
         traffic: {calls: 10/month, batch: 100%}\nbudgets: {cost_per_month: $1000}\n",
    );
    assert_eq!(models(&repo, None)[0]["cost"]["month"], Value::Null);
    repo.run("check").exits(2);
    repo.file(
        "prices.yaml",
        "models: {vertex/claude-haiku-5-5: {prices: {input: 0.1, output: 0.5, batch: {input: 0.05, output: 0.25}, long: \
         [{more_than: 100k, input: 0.5, output: 2.5, batch: {input: 0.25, output: 1.25}}]}}}\n",
    );
    assert!(models(&repo, None)[0]["cost"]["month"].is_string());
}

#[test]
fn settings_that_change_the_price_change_the_figure_or_leave_it_unknown() {
    // The setting, the models, and what the tables make of them.
    let cases = [
        ("inference_geo: us", "claude-opus-5, claude-sonnet-4-6, claude-haiku-5-5", "std", "1.1"),
        ("inference_geo: global", "claude-opus-5", "std", "1"),
        ("speed: fast", "claude-opus-5, claude-opus-5-5, claude-opus-4-8", "std", "2"),
        ("{speed: fast, inference_geo: us}", "claude-opus-5", "std", "2.2"),
        ("service_tier: standard_only", "claude-opus-5", "std", "1"),
        ("service_tier: flex", "gpt-5.4, gpt-6.1-sol, o3", "flex", "1"),
        ("service_tier: priority", "gpt-6.1-sol, gpt-4.1", "priority", "1"),
        ("serviceTier: flex", "gemini-3.8-flash, gemini-4-argon", "flex", "1"),
        ("serviceTier: priority", "gemini-3.8-flash", "priority", "1"),
        ("service_tier: fast", "gpt-6.1-sol, gpt-6-luna", "fast", "1"),
        ("service_tier: ultrafast", "gpt-6.1-sol, gpt-6-astra", "ultrafast", "1"),
        ("service_tier: default", "gpt-5.4", "std", "1"),
    ];
    for words in [500, 280_000] {
        for (setting, names, tier, factor) in cases {
            let setting = if setting.starts_with('{') { setting.to_owned() } else { format!("{{{setting}}}") };
            let repo = project(
                words,
                &format!(
                    "models: [{names}]\ncache: {{breakpoints: off}}\nsystem: [{{file: text.md}}]\nmessages: [{{user: Go.}}]\n\
                     output: {{tokens: 100}}\nsettings: {setting}\n"
                ),
            );
            let rows: Vec<Value> = models(&repo, None)
                .into_iter()
                .map(|model| {
                    json!({"model": model["model"], "tier": tier, "factor": factor, "batch": false, "ttl": "",
                           "tokens": model["tokens"], "cost": model["cost"]})
                })
                .collect();
            assert!(!rows.is_empty());
            recomputed(&rows);
        }
    }
    // No source says what that tier costs beyond the cliff.
    let long =
        "models: [gpt-5.4]\nsystem: [{file: text.md}]\noutput: {tokens: 9}\nsettings: {service_tier: priority}\n";
    assert_eq!(models(&project(280_000, long), None)[0]["cost"]["cold"], Value::Null);
    for (name, setting) in
        [("gpt-5.4", "{service_tier: scale}"), ("bedrock/claude-sonnet-5", "{performanceConfig: {latency: optimized}}")]
    {
        let manifest =
            format!("models: [{name}]\nsystem: [{{file: text.md}}]\noutput: {{tokens: 9}}\nsettings: {setting}\n");
        let repo = project(500, &manifest);
        let report = repo.run("build");
        assert_eq!(report.stderr.matches("warning[unpriced-setting]").count(), 1, "{}", report.stderr);
        assert_eq!(models(&repo, None)[0]["cost"]["cold"], Value::Null);
    }
}

#[test]
fn an_answer_of_no_declared_size_is_unknown_and_the_inputs_share_is_told() {
    let repo = project(500, "models: [gpt-5.4]\nsystem: [{file: text.md}]\nbudgets: {cost_per_call: {cold: $1}}\n");
    let model = &models(&repo, None)[0];
    assert_eq!((&model["tokens"]["output"], &model["cost"]["answer"]), (&Value::Null, &json!(false)));
    let report = repo.run("check").exits(2);
    let told = format!("{}{}", report.stdout, report.stderr);
    assert!(told.contains("the answer comes on top, whose size `output.tokens` does not say"), "{told}");
    assert!(repo.run("build").stdout.contains("without the answer"), "the report says what the amounts are");
    repo.file(
        "contexts/c.yaml",
        "models: [gpt-5.4]\nsystem: [{file: text.md}]\nbudgets: {cost_per_call: {cold: $0.0001}}\n",
    );
    repo.run("check").exits(1);
    repo.file(
        "contexts/c.yaml",
        "models: [gpt-5.4]\nsystem: [{file: text.md}]\noutput: {tokens: 0}\nbudgets: {cost_per_call: {cold: $1}}\n",
    );
    repo.run("check").exits(0);
}

#[test]
fn a_price_holds_on_its_days() {
    let repo = project(10_000, "models: [gpt-5.6-sol]\nsystem: [{file: text.md}]\noutput: {tokens: 0}\n");
    let input = |day: &str| {
        let report = repo.run(&format!("build --as-of {day} --format json")).json();
        let model = &report["contexts"][0]["models"][0];
        let uncached: f64 = model["cost"]["uncached"].as_str().unwrap().parse().unwrap();
        (uncached / model["tokens"]["total"].as_f64().unwrap() * 1e6).round()
    };
    assert_eq!([input("2026-08-20"), input("2026-08-21"), input("2026-12-01")], [5.0, 4.0, 4.0]);
}

#[test]
fn caching_that_is_not_billed_as_reads_saves_nothing_and_no_mark_is_lost() {
    let manifest = |cache: &str| {
        format!(
            "models: [bedrock/nova-2-lite, bedrock/llama4-maverick]\ntools: [{{file: ./tool.json{cache}}}]\n\
             system: [{{file: text.md{cache}}}]\nmessages: [{{user: Go.}}]\noutput: {{tokens: 10, max_tokens: 100}}\n\
             cache: {{breakpoints: manual}}\n"
        )
    };
    let repo = project(9_000, &manifest(", cache: 5m"));
    repo.file(
        "contexts/tool.json",
        r#"{"name": "find", "description": "Finds.", "input_schema": {"type": "object", "properties": {}}}"#,
    );
    let report = repo.run("build");
    assert!(report.stderr.contains("this provider marks no tools"), "{}", report.stderr);
    assert!(report.stderr.contains("bedrock/llama4-maverick takes no marks"), "{}", report.stderr);
    let read = |model: &Value| model["cost"]["read"].as_u64().unwrap();
    let marked = models(&repo, None);
    assert!(read(&marked[0]) > 8_000 && read(&marked[1]) == 0, "{marked:?}");
    let body = std::fs::read_to_string(repo.at("dist/c.bundle/bedrock_nova-2-lite.converse.json")).unwrap();
    assert_eq!(body.matches("cachePoint").count(), 1, "{body}");
    repo.file("contexts/c.yaml", manifest(""));
    assert!(models(&repo, None).iter().all(|model| read(model) == 0));
}

#[test]
fn a_mark_on_a_block_that_comes_to_nothing_moves_to_the_text_before() {
    let whole = "{file: text.md, cache: 1h}";
    let variants = [
        whole,
        "{file: text.md}, {text: Beta., when: beta == yes, cache: 1h}",
        "{file: text.md}, {file: missing.md, optional: true, cache: 1h}",
        "{file: text.md}, {files: \"x/*.md\", optional: true, cache: 1h}",
        "{file: text.md}, {file: empty.md, cache: 1h}",
        "{file: text.md}, {file: empty.md}, {text: Beta., when: beta == yes, cache: 1h}",
    ];
    let mut digests = Vec::new();
    for system in variants {
        let repo = project(
            9_000,
            &format!(
                "models: [claude-sonnet-5-5]\nvars: {{beta: no}}\ncache: {{breakpoints: manual}}\nsystem: [{system}]\n\
                 messages: [{{user: Go.}}]\noutput: {{tokens: 9, max_tokens: 100}}\n"
            ),
        );
        repo.file("empty.md", "\n");
        let model = &models(&repo, None)[0];
        digests.push((model["cost"]["warm"].clone(), model["breakpoints"][0]["ttl"].clone(), system));
        let said = repo.run("build --format json").stdout.contains("\"moved-breakpoint\"");
        assert_eq!(said, system != whole, "{system}");
    }
    assert!(digests.iter().all(|(warm, ttl, _)| *warm == digests[0].0 && ttl == "1h"), "{digests:?}");
    let alone = project(
        9,
        "models: [claude-sonnet-5-5]\nvars: {beta: no}\nsystem: [{text: Beta., when: beta == yes, cache: 1h}]\n\
         messages: [{user: Go.}]\noutput: {tokens: 9}\n",
    );
    assert!(alone.run("build").stderr.contains("warning[dead-breakpoint]"));
}

#[test]
fn tool_definitions_are_counted_as_the_model_reads_them_and_never_exact() {
    let tool = r#"{"name":"get_time","description":"Tell the time of a place.","input_schema":{"type":"object","properties":{"place":{"type":"string","description":"A place."}},"required":["place"]}}"#;
    let manifest = |tools: &str| {
        format!(
            "models: [gpt-4o, gpt-5.2, claude-opus-5, claude-haiku-4-5]\ntools: [{tools}]\n\
             system: [{{text: You keep the clocks of a small museum.}}]\nmessages: [{{user: What time is it in Lima?}}]\n\
             output: {{tokens: 9, max_tokens: 100}}\n"
        )
    };
    let repo = project(1, &manifest("{file: ./tool.json}"));
    repo.file("contexts/tool.json", tool);
    let with = models(&repo, None);
    repo.file("contexts/c.yaml", manifest(""));
    let without = models(&repo, None);
    let total = |models: &[Value], index: usize| models[index]["tokens"]["total"].as_i64().unwrap();
    let adds: Vec<i64> = (0..4).map(|index| total(&with, index) - total(&without, index)).collect();
    // The cookbook's constants, made for GPT-4o, come to 38 for this tool; the JSON is 48 tokens and more.
    assert!((36..=42).contains(&adds[0]) && adds[1] == adds[0], "{adds:?}");
    // Claude's own text about tools, and the definition.
    assert!((286 + 30..286 + 120).contains(&adds[2]) && (496 + 30..496 + 120).contains(&adds[3]), "{adds:?}");
    for model in with.iter().chain(&without) {
        assert_eq!(model["tokens"]["basis"], "estimated", "{model}");
    }
    for model in &with {
        let (band, total) = (model["tokens"]["band"].as_array().unwrap(), model["tokens"]["total"].as_u64().unwrap());
        assert!(band[0].as_u64().unwrap() < total && total < band[1].as_u64().unwrap(), "{model}");
    }
    assert!(repo.run("build").stdout.contains('≈'));
}
