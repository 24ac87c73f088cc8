//! The rules of what providers refuse, held against the official SDKs, their transformers and Python's `re`.

use std::io::Write as _;
use std::process::Stdio;

use contexture::prompt::bodies::rules::rules_json;
use contexture::prompt::bodies::{Api, Body, Caching, Dialect, Finding, Prompt, emit};
use contexture::prompt::segment::{Kind, Role, Segment, Tier};
use serde_json::{Map, Value, json};

use crate::{python, segment};

/// One turn, or one turn and a tool.
fn segments(tool: Option<Value>) -> Vec<Segment> {
    let tool = tool.map(|tool| segment(Tier::Tools, &[(Role::System, Kind::Tool, &tool.to_string())]));
    tool.into_iter().chain([segment(Tier::Messages, &[(Role::User, Kind::Text, "Hi")])]).collect()
}

fn body(segments: &[Segment], schema: Option<&Value>, api: Api, dialect: Dialect) -> Result<Body, Vec<Finding>> {
    let vendor = if api == Api::OpenAi { "OpenAI" } else { "Anthropic" };
    let prompt = Prompt {
        segments,
        breakpoints: &[],
        api,
        name: "a-model",
        model: "a-model",
        vendor,
        takes: &Value::Null,
        settings: &Map::new(),
        schema,
        schema_name: "answer",
        max_tokens: Some(100),
        default_max_tokens: 4096,
        caching: Caching::None,
        cache_key: None,
    };
    emit(&prompt, dialect)
}

#[test]
fn rewrites_and_refusals_are_those_of_the_sdks() {
    let leaf = json!({"type": "string"});
    let closed = |properties: Value| json!({"type": "object", "properties": properties, "required": [], "additionalProperties": false});
    let schemas = [
        closed(json!({"mark": {"type": "integer", "minimum": 1, "maximum": 10}})),
        closed(json!({"words": {"type": "string", "minLength": 1, "maxLength": 280, "description": "The words."}})),
        closed(json!({"tags": {"type": "array", "items": leaf, "minItems": 2, "uniqueItems": true}})),
        closed(json!({"tags": {"type": "array", "items": leaf, "minItems": 1}})),
        closed(
            json!({"at": {"type": "string", "format": "uri-template"}, "id": {"type": "string", "format": "uuid", "minLength": 36}}),
        ),
        closed(json!({"either": {"oneOf": [leaf, {"type": "null"}]}})),
        closed(json!({"both": {"allOf": [leaf], "title": "Both"}})),
        closed(json!({"kind": {"type": "string", "enum": ["a", "b"], "examples": ["it's", "a \"b\"\n", "x"]}})),
        closed(json!({"fixed": {"const": 1, "multipleOf": 2}})),
        closed(json!({"odd": {"enum": [[1], [2]], "type": "array"}})),
        closed(
            json!({"open": {"type": "object", "properties": {"a": leaf}, "patternProperties": {"^x": leaf}, "minProperties": 1}}),
        ),
        json!({"type": "object", "properties": {"a": leaf}}),
        json!({"$defs": {"a": {"type": "number", "exclusiveMinimum": 0.5}}, "$ref": "#/$defs/a"}),
        closed(json!({"flag": {"type": "boolean", "deprecated": true, "x": null, "y": {"a": [1, 2.5, false]}}})),
        closed(json!({"untyped": {}})),
        closed(json!({"any": true})),
        closed(json!({"if": {"type": "string", "not": {"const": "a"}, "if": {"minLength": 2}}})),
    ];
    let plain = segments(None);
    let pair = |schema: &Value| {
        let body = body(&plain, Some(schema), Api::Anthropic, Dialect::Messages).ok();
        json!([schema, body.and_then(|body| body.json.pointer("/output_config/format/schema").cloned())])
    };
    let patterns = [
        "^a+$",
        "(?<n>a)",
        "(?P<n>a)",
        "(?<=a)b",
        "(?<!a)b",
        r"\p{L}",
        r"\d\w\s",
        r"\h",
        r"[\b\d]",
        r"[\A]",
        r"a(?i)b",
        "(?i)ab",
        r"\u00e9\x41",
        r"[(?<n>]",
        r"\(?<n>",
        r"\\p",
        "é{1,3}",
        r"\G",
        r"(?i:ab)",
        r"a\-b",
        r"\e",
        "(?:a|b)",
        r"\Q",
        r"[]a]",
        r"[^]\p]",
    ];
    let made = |pattern: &str| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
        let tool = json!({"name": "a", "input_schema": schema});
        body(&segments(Some(tool)), None, Api::OpenAi, Dialect::Chat).is_ok()
    };
    let given = json!({
        "schemas": schemas.iter().map(pair).collect::<Vec<_>>(),
        "patterns": patterns.map(|pattern| json!([pattern, made(pattern)])),
        "rules": rules_json(),
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/check_rules.py");
    let mut child = python().arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{lines}");
    assert!(lines.lines().count() > schemas.len() + patterns.len() + 8, "{lines}");
}
