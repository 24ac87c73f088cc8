//! What public reports tell of, as small projects: each is told before anything is sent.

use serde_json::Value;

use super::project;

/// Tools by their files.
const TOOLS: [(&str, &str); 6] = [
    ("dot.json", r#"{"name": "a.b", "input_schema": {"type": "object"}}"#),
    ("list.json", r#"{"name": "a", "input_schema": {"type": "object", "properties": {"b": {"type": "array"}}}}"#),
    ("union.json", r#"{"name": "a", "input_schema": {"type": "object", "anyOf": [{"required": ["b"]}]}}"#),
    ("undefined.json", r#"{"name": "a", "input_schema": {"type": "object", "required": ["b"]}}"#),
    (
        "strict.json",
        r#"{"name": "a", "strict": true, "input_schema": {"type": "object", "properties": {"b": {"type": "string"}}}}"#,
    ),
    (
        "bounds.json",
        r#"{"type": "object", "additionalProperties": false, "required": ["b"], "properties": {"b": {"type": "integer", "minimum": 1}}}"#,
    ),
];

/// What happens, the manifest, and what is said of which model, errors with `!`.
const REPORTS: [(&str, &str, &str); 27] = [
    (
        "a dot in a name, which Gemini takes",
        "tools: [dot.json]\nmodels: [claude-opus-5, gpt-5.4, bedrock/nova-premier, gemini-3.8-flash]",
        "!tool-name bedrock/nova-premier, !tool-name claude-opus-5, !tool-name gpt-5.4",
    ),
    (
        "a prefill",
        "messages: [{user: Hi}, {assistant: '['}]\nmodels: [claude-sonnet-4-6, bedrock/claude-opus-5, claude-haiku-4-5]",
        "!prefill bedrock/claude-opus-5, !prefill claude-sonnet-4-6",
    ),
    (
        "a short lifetime before a long one",
        "system: [{text: Hi, cache: 5m}, {text: Go, cache: 1h}]\nmodels: [claude-haiku-4-5, bedrock/claude-haiku-4-5]",
        "!ttl-order bedrock/claude-haiku-4-5, !ttl-order claude-haiku-4-5",
    ),
    (
        "five breakpoints",
        "system: [{text: a, cache: 5m}, {text: b, cache: 5m}, {text: c, cache: 5m}, {text: d, cache: 5m}, {text: e, cache: 5m}]\nmodels: [claude-haiku-4-5]",
        "!too-many-breakpoints claude-haiku-4-5",
    ),
    (
        "a turn of blanks",
        "messages: [{user: Hi}, {assistant: ' '}, {user: Go}]\nmodels: [claude-sonnet-5-5, bedrock/claude-sonnet-5-5, gpt-5.4]",
        "blank-text bedrock/claude-sonnet-5-5, blank-text claude-sonnet-5-5",
    ),
    (
        "a budget beyond an answer of the default length",
        "models: [claude-haiku-4-5]\nsettings: {thinking: {type: enabled, budget_tokens: 16000}}",
        "!thinking-budget claude-haiku-4-5",
    ),
    (
        "a budget that is too small",
        "models: [claude-haiku-4-5]\nsettings: {thinking: {type: enabled, budget_tokens: 512}}",
        "!thinking-budget claude-haiku-4-5",
    ),
    (
        "thinking with a budget",
        "models: [claude-opus-5]\nsettings: {thinking: {type: enabled, budget_tokens: 2048}}",
        "!thinking claude-opus-5",
    ),
    (
        "bounds in the schema of answers",
        "models: [claude-opus-5, vertex/claude-opus-5, gpt-5.4]\noutput: {schema: bounds.json}",
        "rewritten-schema claude-opus-5, rewritten-schema vertex/claude-opus-5",
    ),
    (
        "parallel calls of o4-mini",
        "models: [o4-mini]\nsettings: {parallel_tool_calls: false}",
        "!unknown-setting o4-mini",
    ),
    ("verbosity of GPT-4o", "models: [gpt-4o]\nsettings: {verbosity: low}", "!setting-value gpt-4o"),
    ("a list without items", "tools: [list.json]\nmodels: [gpt-5.4, claude-opus-5]", "!tool-schema gpt-5.4"),
    (
        "a forced tool of Llama",
        "tools: [list.json]\nmodels: [bedrock/llama4-maverick]\nsettings: {tool_choice: any}",
        "!forced-tool bedrock/llama4-maverick",
    ),
    (
        "no tool on Bedrock",
        "tools: [list.json]\nmodels: [bedrock/claude-opus-5]\nsettings: {tool_choice: none}",
        "!bad-tool-choice bedrock/claude-opus-5",
    ),
    (
        "a union at the top",
        "tools: [union.json]\nmodels: [claude-opus-5, gpt-4o]",
        "!tool-schema claude-opus-5, !tool-schema gpt-4o",
    ),
    ("a property that strict mode wants required", "tools: [strict.json]\nmodels: [gpt-5.4]", "!strict-tool gpt-5.4"),
    (
        "an argument that is required and undefined",
        "tools: [undefined.json]\nmodels: [gemini-3.8-flash]",
        "tool-schema gemini-3.8-flash",
    ),
    (
        "a setting of an old SDK",
        "models: [gpt-5.4]\nsettings: {reasoning: {generate_summary: detailed}}",
        "!unknown-setting gpt-5.4",
    ),
    (
        "a service tier that is none",
        "models: [claude-opus-5]\nsettings: {service_tier: flex}",
        "!setting-value claude-opus-5, unpriced-setting claude-opus-5",
    ),
    (
        "an effort that is none",
        "models: [gpt-5.4, claude-opus-5, gemini-3.8-flash]\nsettings: {effort: extreme}",
        "!effort claude-opus-5, !effort gemini-3.8-flash, !effort gpt-5.4",
    ),
    ("a temperature beyond the scale", "models: [gpt-4o]\nsettings: {temperature: 3}", "!setting-value gpt-4o"),
    ("numbers as metadata", "models: [gpt-4o]\nsettings: {metadata: {ticket: 7}}", "!setting-value gpt-4o"),
    (
        "stop sequences of o3",
        "models: [o3]\nsettings: {stop_sequences: [END]}",
        "!setting-of-other-dialect o3, !stop-sequences o3",
    ),
    (
        "budgets that no Gemini 2.5 has",
        "models: [gemini-2.5-pro, gemini-2.5-flash]\nsettings: {\"*-pro\": {thinkingConfig: {thinkingBudget: 0}}, \"*-flash\": {thinkingConfig: {thinkingBudget: 52428}}}",
        "!thinking-budget gemini-2.5-flash, !thinking-budget gemini-2.5-pro",
    ),
    (
        "a budget for Gemini 4",
        "models: [gemini-4-argon]\nsettings: {thinkingConfig: {thinkingBudget: 100}}",
        "thinking gemini-4-argon",
    ),
    (
        "a description of two thousand characters and definitions",
        "tools: [long.json]\nmodels: [gpt-4o, bedrock/nova-premier]",
        "tool-description gpt-4o, tool-schema bedrock/nova-premier",
    ),
    (
        "seven stop sequences",
        "models: [gemini-3.8-flash]\nsettings: {stop_sequences: [a, b, c, d, e, f, g]}",
        "!stop-sequences gemini-3.8-flash",
    ),
];

/// What `build` says of each model, but for what these prompts are too short for.
fn said(manifest: &str) -> String {
    let ask = if manifest.starts_with("messages") { "" } else { "\nmessages: [{user: Hi}]" };
    let manifest = format!("{manifest}{ask}\n");
    let repo = project(&TOOLS);
    let description = "Finds. ".repeat(300);
    let schema =
        r##"{"type": "object", "$defs": {"b": {"type": "string"}}, "properties": {"b": {"$ref": "#/$defs/b"}}}"##;
    repo.file("long.json", format!(r#"{{"name": "a", "description": "{description}", "input_schema": {schema}}}"#));
    repo.file("contexts/a.yaml", manifest);
    let report: Value = serde_json::from_str(&repo.run("build --format json").stdout).unwrap();
    let all = report["contexts"].as_array().unwrap().iter().chain(report["broken"].as_array().unwrap());
    let of_a_model = |one: &&Value| {
        let quiet = ["dead-breakpoint", "added-properties", "default-max-tokens"];
        !quiet.contains(&one["code"].as_str().unwrap())
    };
    let line = |one: &Value| {
        let sign = if one["severity"] == "error" { "!" } else { "" };
        format!("{sign}{} {}", one["code"].as_str().unwrap(), one["model"].as_str().unwrap_or("-"))
    };
    let diagnostics = all.flat_map(|context| context["diagnostics"].as_array().unwrap());
    let mut lines: Vec<String> = diagnostics.filter(of_a_model).map(line).collect();
    lines.sort();
    lines.dedup();
    lines.join(", ")
}

#[test]
fn requests_that_providers_were_reported_to_refuse_are_told_before_they_are_sent() {
    for (what, manifest, expected) in REPORTS {
        assert_eq!(said(manifest), expected, "{what}: {manifest}");
    }
}

#[test]
fn texts_that_reports_tell_of_reach_the_model_as_they_stand() {
    let braces = "{\"input\": \"Sets {1; 2} and {{when:now}} {{#each x}}\", \"output\": {\"a\": {\"b\": {}}}}\n";
    for (what, manifest, files, expected) in [
        (
            "a table with a byte-order mark, CRLF and a line break in a cell",
            "messages: [{examples: e.csv}]",
            [("e.csv", "\u{feff}input,output\r\n\"two\nlines\",ok\r\n"), ("x.md", "")],
            &["two\nlines\n", "ok\n"][..],
        ),
        (
            "braces in examples",
            "messages: [{examples: e.jsonl}]",
            [("e.jsonl", braces), ("x.md", "")],
            &["Sets {1; 2} and {{when:now}} {{#each x}}", "{\"a\":{\"b\":{}}}"],
        ),
        (
            "a partial within a line",
            "system: [{template: u}]",
            [("templates/u.hbs", "  User: {{> s}}.\n"), ("templates/s.hbs", "one\ntwo")],
            &["  User: one\ntwo.\n"],
        ),
        (
            "block parameters in each other",
            "vars: {a: [1], b: [2]}\nsystem: [{template: q}]",
            [
                ("templates/q.hbs", "{{#each a as |x|}}{{#each @root.b as |y|}}{{x}}{{y}}{{/each}}{{/each}}3\n"),
                ("x.md", ""),
            ],
            &["123\n"],
        ),
        (
            "a path that is not ASCII",
            "system: [{file: café/règle.md}]",
            [("café/règle.md", "Oui.\n"), ("x.md", "")],
            &["Oui.\n"],
        ),
        (
            "an optional key of front matter",
            "system: [{files: [a.md, b.md], wrap: w}]",
            [("a.md", "---\napplyTo: ts\n---\nA.\n"), ("b.md", "---\nname: b\n---\nB.\n")],
            &["For ts: A.\n", "\nB.\n"],
        ),
    ] {
        let repo = project(&files);
        repo.file("templates/w.hbs", "{{#if (has meta \"applyTo\")}}For {{meta.applyTo}}: {{/if}}{{content}}\n");
        repo.file("contexts/a.yaml", format!("{manifest}\n"));
        let outcome = repo.run("render a").exits(0);
        for text in expected {
            assert!(outcome.stdout.contains(text), "{what}: {text:?} is not in {}", outcome.stdout);
        }
    }
}
