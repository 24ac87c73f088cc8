//! What public reports tell of, as small projects: each is told before anything is sent.

use std::collections::BTreeSet;

use contexture::prompt::bodies::rules::{Rules, rules};
use rayon::prelude::*;
use serde_json::Value;

use super::project;

/// Tools and examples by their files.
const FILES: [(&str, &str); 15] = [
    ("dot.json", r#"{"name": "a.b", "input_schema": {"type": "object", "properties": {}}}"#),
    ("list.json", r#"{"name": "a", "input_schema": {"type": "object", "properties": {"b": {"type": "array"}}}}"#),
    (
        "union.json",
        r#"{"name": "a", "input_schema": {"type": "object", "properties": {}, "anyOf": [{"required": ["b"]}]}}"#,
    ),
    ("undefined.json", r#"{"name": "a", "input_schema": {"type": "object", "properties": {}, "required": ["b"]}}"#),
    ("bare.json", r#"{"name": "a", "input_schema": {"type": "object"}}"#),
    (
        "dash.json",
        r#"{"name": "a", "input_schema": {"type": "object", "properties": {"due-date": {"type": "string"}}}}"#,
    ),
    (
        "group.json",
        r#"{"name": "a", "input_schema": {"type": "object", "properties": {"b": {"type": "string", "pattern": "(?<n>a)"}}}}"#,
    ),
    (
        "tuple.json",
        r#"{"name": "a", "input_schema": {"type": "object", "properties": {"b": {"type": "array", "items": [{"type": "string"}]}}}}"#,
    ),
    (
        "long-name.json",
        r#"{"name": "find_find_find_find_find_find_find_find_find_find_find_find_find_find", "input_schema": {"type": "object", "properties": {}}}"#,
    ),
    ("plain.json", r#"{"name": "a", "input_schema": {"type": "object", "properties": {}}}"#),
    (
        "strict.json",
        r#"{"name": "a", "strict": true, "input_schema": {"type": "object", "properties": {"b": {"type": "string"}}}}"#,
    ),
    (
        "strict-answer.json",
        r#"{"type": "object", "additionalProperties": false, "required": ["b"], "properties": {"b": {"type": "integer"}}}"#,
    ),
    (
        "bounds.json",
        r#"{"type": "object", "additionalProperties": false, "required": ["b"], "properties": {"b": {"type": "integer", "minimum": 1}}}"#,
    ),
    (
        "calls.jsonl",
        r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "a", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "1"}, {"role": "assistant", "content": "x"}]}
{"messages": [{"role": "user", "content": "r"}, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "a", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "2"}, {"role": "assistant", "content": "y"}]}"#,
    ),
    (
        "open.jsonl",
        r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "a", "arguments": "{}"}}]}]}"#,
    ),
];

/// What happens, the manifest, and what is said of which model, errors with `!`.
const REPORTS: [(&str, &str, &str); 75] = [
    (
        "calls of one id",
        "messages: [{examples: calls.jsonl}, {user: Hi}]\ntools: [plain.json]\nmodels: [claude-opus-5]",
        "numbered-calls claude-opus-5",
    ),
    (
        "calls without tools",
        "messages: [{examples: calls.jsonl}, {user: Hi}]\nmodels: [claude-opus-5, gpt-5.4]",
        "!undeclared-tool claude-opus-5, numbered-calls claude-opus-5, numbered-calls gpt-5.4, undeclared-tool gpt-5.4",
    ),
    (
        "a call without its result",
        "messages: [{examples: open.jsonl}, {user: Hi}]\ntools: [plain.json]\nmodels: [claude-opus-5]",
        "!tool-turn -",
    ),
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
        "!setting-value o4-mini, !unknown-setting o4-mini",
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
    (
        "an answer of no tokens",
        "models: [claude-haiku-4-5, gpt-4o, gemini-3.8-flash, deepseek-flash, bedrock/nova-premier]\noutput: {max_tokens: 0}",
        "!output-limit bedrock/nova-premier, !output-limit deepseek-flash, !output-limit gemini-3.8-flash, !output-limit gpt-4o",
    ),
    (
        "a request that fills the cache, with what such a one refuses",
        "models: [claude-haiku-4-5, claude-opus-5]\noutput: {max_tokens: 0, schema: bounds.json}",
        "!output-limit claude-haiku-4-5, !output-limit claude-opus-5, rewritten-schema claude-haiku-4-5, rewritten-schema claude-opus-5",
    ),
    (
        "no choices and no stop sequences",
        "models: [gpt-4o]\nsettings: {n: 0, stop: []}",
        "!setting-of-other-dialect gpt-4o, !setting-value gpt-4o, !stop-sequences gpt-4o",
    ),
    (
        "candidates and tokens to choose from at 0",
        "models: [gemini-2.5-flash]\nsettings: {candidate_count: 0, top_k: 0}",
        "!setting-value gemini-2.5-flash",
    ),
    (
        "nothing as metadata on Bedrock",
        "models: [bedrock/claude-opus-5]\nsettings: {requestMetadata: {}}",
        "!setting-value bedrock/claude-opus-5",
    ),
    (
        "words for numbers and switches",
        "models: [gpt-4o]\nsettings: {temperature: hot, store: please}",
        "!setting-value gpt-4o",
    ),
    (
        "parallel calls of no tools",
        "models: [gpt-4o, gpt-5.4]\nsettings: {parallel_tool_calls: false}",
        "setting-value gpt-4o, setting-value gpt-5.4",
    ),
    (
        "reasoning of a model that has none",
        "models: [gpt-4o, gpt-4.1]\nsettings: {effort: low}",
        "!effort gpt-4.1, !effort gpt-4o",
    ),
    (
        "penalties of Gemini",
        "models: [gemini-2.5-flash, gemini-3.8-flash]\nsettings: {frequency_penalty: 0.5}",
        "!setting-value gemini-2.5-flash, !setting-value gemini-3.8-flash",
    ),
    (
        "a tool beside a schema of answers",
        "tools: [plain.json]\nmodels: [gemini-2.5-flash, gemini-3.8-flash]\noutput: {schema: strict-answer.json}",
        "!schema-with-tools gemini-2.5-flash",
    ),
    (
        "a budget beside adaptive thinking",
        "models: [claude-opus-5]\nsettings: {thinking: {type: adaptive, budget_tokens: 2000}}",
        "!thinking-budget claude-opus-5",
    ),
    (
        "metadata that Claude has not",
        "models: [claude-opus-5]\nsettings: {metadata: {ticket: \"7\"}}",
        "!setting-value claude-opus-5",
    ),
    (
        "a cache in memory for GPT-5.5",
        "models: [gpt-5.5]\nsettings: {prompt_cache_retention: in_memory}",
        "!setting-value gpt-5.5",
    ),
    (
        "a threshold that is none",
        "models: [gemini-3.8-flash]\nsettings: {safetySettings: [{category: HARM_CATEGORY_HARASSMENT, threshold: NONE}]}",
        "!setting-value gemini-3.8-flash",
    ),
    (
        "a forced tool of Kimi on Bedrock",
        "tools: [plain.json]\nmodels: [bedrock/kimi-k3.1, bedrock/nova-premier]\nsettings: {tool_choice: any}",
        "forced-tool bedrock/kimi-k3.1",
    ),
    (
        "an hour on Nova",
        "system: [{text: Hi, cache: 1h}]\nmodels: [bedrock/nova-premier]",
        "short-ttl bedrock/nova-premier",
    ),
    (
        "a last turn of Gemini's",
        "messages: [{user: Hi}, {assistant: Well}]\nmodels: [gemini-3.8-flash]",
        "last-turn gemini-3.8-flash",
    ),
    (
        "a history that was cut in the middle",
        "messages: [{assistant: Well}, {user: Hi}]\nmodels: [claude-opus-5, bedrock/nova-premier, gpt-5.4]",
        "!first-turn bedrock/nova-premier, !first-turn claude-opus-5",
    ),
    (
        "white space behind a prefill",
        "messages: [{user: Hi}, {assistant: \"Verdict: \"}]\nmodels: [claude-haiku-4-5]",
        "trimmed-prefill claude-haiku-4-5",
    ),
    (
        "a temperature for models that reason",
        "models: [gpt-5, bedrock/claude-opus-5, gemini-3.8-flash]\nsettings: {temperature: 0.2}",
        "!sampling bedrock/claude-opus-5, !sampling gpt-5, ignored-setting gemini-3.8-flash",
    ),
    (
        "a tool at high effort in Chat Completions",
        "tools: [plain.json]\nmodels: [gpt-5.5]\nsettings: {effort: high}",
        "effort-with-tools gpt-5.5",
    ),
    (
        "a fast mode that is not there",
        "models: [claude-sonnet-5]\nsettings: {speed: fast}",
        "!fast-mode claude-sonnet-5, unpriced-setting claude-sonnet-5",
    ),
    (
        "a parameter that Gemini cannot name",
        "tools: [dash.json]\nmodels: [gemini-3.8-flash]",
        "parameter-name gemini-3.8-flash",
    ),
    ("129 tools", "tools: [many.json]\nmodels: [gpt-5.4]", "!too-many-tools gpt-5.4, band-straddles gpt-5.4"),
    ("two tools of one name", "tools: [plain.json, list.json]\nmodels: [claude-opus-5]", "!duplicate-tool -"),
    ("a pattern of another engine", "tools: [group.json]\nmodels: [gpt-5.4]", "!schema-pattern gpt-5.4"),
    ("a tool without properties", "tools: [bare.json]\nmodels: [gpt-5.4]", "added-properties gpt-5.4"),
    (
        "answers that strict mode does not take",
        "models: [gpt-5.4, gemini-3.8-flash]\noutput: {schema: {type: object, properties: {b: {type: string, minLength: 1}}}}",
        "loose-schema gemini-3.8-flash, strict-given-up gpt-5.4",
    ),
    (
        "answers of no type",
        "models: [claude-opus-5]\noutput: {schema: {type: object, additionalProperties: false, properties: {b: {}}}}",
        "!answer-schema claude-opus-5",
    ),
    ("an enumeration that is too long", "models: [gpt-5.4]\noutput: {schema: large.json}", "!schema-size gpt-5.4"),
    (
        "a mark among the tools of Nova",
        "tools: [{file: plain.json, cache: 5m}]\nmodels: [bedrock/nova-premier]",
        "dead-breakpoint bedrock/nova-premier",
    ),
    ("more than the window", "system: [{file: long.md}]\nmodels: [gpt-4o]", "!window gpt-4o"),
    (
        "a list of items in the manner of draft 7",
        "tools: [tuple.json]\nmodels: [claude-opus-5, gpt-5.4, gemini-3.8-flash]",
        "!invalid-schema claude-opus-5, !invalid-schema gpt-5.4, invalid-schema gemini-3.8-flash",
    ),
    (
        "what Claude alone takes on Bedrock",
        "models: [bedrock/nova-premier, bedrock/llama4-maverick, bedrock/claude-haiku-4-5]\nsettings: {top_k: 20}",
        "!sampling bedrock/llama4-maverick, !sampling bedrock/nova-premier",
    ),
    (
        "a schema of answers for DeepSeek",
        "models: [deepseek-flash]\noutput: {schema: strict-answer.json}",
        "!answer-schema deepseek-flash",
    ),
    (
        "a forced tool where thinking is the default",
        "tools: [plain.json]\nmodels: [deepseek-flash, qwen3.8-max]\nsettings: {tool_choice: any}",
        "!forced-tool deepseek-flash, forced-tool qwen3.8-max",
    ),
    (
        "a cool Kimi",
        "models: [kimi-k3, kimi-k3.1-pro]\nsettings: {temperature: 0.2, top_p: 0.9}",
        "!sampling kimi-k3, !sampling kimi-k3.1-pro, sampling kimi-k3, sampling kimi-k3.1-pro",
    ),
    (
        "a tool name that Gemini's API and chat completions find too long",
        "tools: [long-name.json]\nmodels: [gemini-3.5-flash, gpt-6-sol]",
        "tool-name gemini-3.5-flash, tool-name gpt-6-sol",
    ),
    (
        "what Grok refuses",
        "models: [grok-4.6]\nsettings: {presence_penalty: 0, stop: [END], effort: none}",
        "!effort grok-4.6, !sampling grok-4.6, !stop-sequences grok-4.6",
    ),
    (
        "what Mistral does not know",
        "models: [mistral-large-4]\nsettings: {store: false, seed: 7}",
        "!unknown-setting mistral-large-4",
    ),
    (
        "a begun answer for those that begin none",
        "messages: [{user: Hi}, {assistant: Well}]\nmodels: [mistral-large-4, deepseek-flash]",
        "!last-turn mistral-large-4, last-turn deepseek-flash",
    ),
    (
        "what Groq refuses",
        "models: [groq/gpt-oss-20b]\nsettings: {logprobs: true, n: 2}",
        "!setting-value groq/gpt-oss-20b, !unknown-setting groq/gpt-oss-20b",
    ),
    (
        "answers that are a list",
        "models: [gpt-5.4]\noutput: {schema: {type: array, items: {type: string}}}",
        "!answer-schema gpt-5.4, strict-given-up gpt-5.4",
    ),
    (
        "answers of a model from before schemas",
        "models: [gpt-4o-2024-05-13, gpt-4o]\noutput: {schema: strict-answer.json}",
        "!answer-schema gpt-4o-2024-05-13",
    ),
    (
        "levels of thinking that Gemini has not",
        "models: [gemini-3.8-flash, gemini-3.1-pro-preview, gemini-4-argon]\nsettings: {\"*-flash\": {effort: none}, \"*-preview\": {effort: minimal}, gemini-4-argon: {effort: max}}",
        "!effort gemini-3.1-pro-preview, !effort gemini-3.8-flash, !effort gemini-4-argon",
    ),
];

/// What `build` says of each model, but for what these prompts are too short for.
fn said(manifest: &str) -> String {
    let ask = if manifest.starts_with("messages") { "" } else { "\nmessages: [{user: Hi}]" };
    let manifest = format!("{manifest}{ask}\n");
    let repo = project(&FILES);
    let description = "Finds. ".repeat(300);
    let schema =
        r##"{"type": "object", "$defs": {"b": {"type": "string"}}, "properties": {"b": {"$ref": "#/$defs/b"}}}"##;
    repo.file("long.json", format!(r#"{{"name": "a", "description": "{description}", "input_schema": {schema}}}"#));
    let tool = |n: usize| format!(r#"{{"name": "t{n}", "input_schema": {{"type": "object", "properties": {{}}}}}}"#);
    repo.file("many.json", format!("[{}]", (0..129).map(tool).collect::<Vec<_>>().join(", ")));
    let words = (0..300).map(|n| format!("\"{n:060}\"")).collect::<Vec<_>>().join(", ");
    let word = format!(r#"{{"type": "string", "enum": [{words}]}}"#);
    repo.file(
        "large.json",
        format!(
            r#"{{"type": "object", "properties": {{"b": {word}}}, "required": ["b"], "additionalProperties": false}}"#
        ),
    );
    if manifest.contains("long.md") {
        repo.file("long.md", "word ".repeat(130_000));
    }
    repo.file("contexts/a.yaml", manifest);
    let report: Value = serde_json::from_str(&repo.run("build --format json").stdout).unwrap();
    let all = report["contexts"].as_array().unwrap().iter().chain(report["broken"].as_array().unwrap());
    let of_a_model = |one: &&Value| {
        let is_short = one["message"].as_str().unwrap().contains("stand before it");
        !is_short && one["code"] != "default-max-tokens"
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
    let wrong = REPORTS.par_iter().filter_map(|(what, manifest, expected)| {
        let said = said(manifest);
        (said != *expected).then(|| format!("{what}: {said}, not {expected}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// But for what no manifest asks for: turns of the role `system`, and 100,000 turns.
#[test]
fn no_rule_is_without_a_project_that_it_is_said_of() {
    let Rules { rules, settings: _, elsewhere, .. } = rules();
    let codes =
        rules.iter().map(|rule| rule.code.as_str()).chain(elsewhere.iter().filter_map(|one| one.code.as_deref()));
    let said: Vec<&str> = REPORTS.iter().flat_map(|(.., said)| said.split(", ")).collect();
    let is_said = |code: &str| said.iter().any(|said| said.trim_start_matches('!').split(' ').next() == Some(code));
    let without: BTreeSet<&str> = codes.filter(|code| !is_said(code)).collect();
    assert_eq!(
        without.into_iter().collect::<Vec<_>>(),
        ["hoisted-system", "system-turn", "too-many-turns", "unknown-role"]
    );
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
