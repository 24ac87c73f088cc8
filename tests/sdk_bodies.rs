//! Every dialect's bodies, accepted by the official SDKs as they are.
//!
//! The oracle is Python: the vendors' own packages, driven by `tests/sdk/check_bodies.py`.

#[path = "sdk/rules.rs"]
mod rules;

use std::path::{Path, PathBuf};
use std::process::Command;

use contexture::prompt::blocks::Breakpoint;
use contexture::prompt::bodies::{Api, Caching, Dialect, Prompt, dialects, emit, setting_keys};
use contexture::prompt::segment::{Kind, Origin, Part, Role, Segment, Tier};
use contexture::syntax::manifest::Mark;
use contexture::syntax::quantity::Ttl;
use contexture::syntax::source::{ProjectPath, Source, Span};
use serde_json::{Map, Value, json};

const TOOLS: [&str; 2] = [
    r#"{"description":"Looks an order up.","input_schema":{"properties":{"id":{"type":"string"}},"required":["id"],"type":"object"},"name":"lookup"}"#,
    r#"{"input_schema":{"additionalProperties":false,"properties":{},"required":[],"type":"object"},"name":"ping","strict":true}"#,
];

/// One model of an API, with the lifetimes that its cache has.
struct Model {
    api: Api,
    name: &'static str,
    vendor: &'static str,
    caching: Caching,
    ttls: [&'static str; 2],
    settings: Value,
}

fn models() -> Vec<Model> {
    let openai = json!({
        "effort": "low", "verbosity": "low", "tool_choice": {"name": "lookup"}, "parallel_tool_calls": false,
        "temperature": 1, "top_p": 0.5, "store": false, "service_tier": "flex", "metadata": {"team": "support"},
    });
    vec![
        Model {
            api: Api::Anthropic,
            name: "claude-sonnet-5-5",
            vendor: "Anthropic",
            caching: Caching::CacheControl,
            ttls: ["1h", "5m"],
            settings: json!({
                "tool_choice": "auto", "effort": "medium", "thinking": {"type": "adaptive"}, "stop_sequences": ["END"],
                "service_tier": "auto", "speed": "standard", "inference_geo": "us", "metadata": {"user_id": "u"},
            }),
        },
        Model {
            api: Api::OpenAi,
            name: "gpt-6.1-sol",
            vendor: "OpenAI",
            caching: Caching::BreakpointField,
            ttls: ["12h", "30m"],
            settings: openai.clone(),
        },
        Model {
            api: Api::OpenAi,
            name: "gpt-5.4",
            vendor: "OpenAI",
            caching: Caching::KeyOnly,
            ttls: ["30m", "30m"],
            settings: openai,
        },
        Model {
            api: Api::Compatible,
            name: "zai/glm-5.3",
            vendor: "Z.ai",
            caching: Caching::None,
            ttls: ["5m", "5m"],
            settings: json!({"tool_choice": "any", "seed": 7, "stop_sequences": "END", "frequency_penalty": 0.5}),
        },
        Model {
            api: Api::Gemini,
            name: "gemini-3.8-flash",
            vendor: "Google",
            caching: Caching::CachedContent,
            ttls: ["1h", "5m"],
            settings: json!({
                "tool_choice": {"name": "lookup"}, "effort": "low", "temperature": 0.5, "top_k": 3, "top_p": 0.5, "seed": 7,
                "stop_sequences": ["END"],
                "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            }),
        },
        Model {
            api: Api::Bedrock,
            name: "anthropic.claude-opus-5-v1:0",
            vendor: "Anthropic",
            caching: Caching::CachePoint,
            ttls: ["1h", "5m"],
            settings: json!({
                "tool_choice": {"name": "lookup"}, "effort": "high", "temperature": 0.5, "top_p": 0.5, "top_k": 3,
                "stop_sequences": ["END"], "serviceTier": {"type": "flex"},
                "projectIdentifier": "default",
            }),
        },
    ]
}

fn segment(tier: Tier, parts: &[(Role, Kind, &str)]) -> Segment {
    let source = Source::new(ProjectPath::root(), "");
    Segment {
        id: String::new(),
        tier,
        parts: parts.iter().map(|&(role, kind, text)| Part::new(role, kind, text)).collect(),
        origin: Origin { path: None, lines: None, blob: None, block: Span::file(&source), picked: None },
        mark: Mark::Free,
        stability: None,
        priority: 0,
    }
}

/// Prompts by name: their segments, and the segments that breakpoints stand after.
fn prompts() -> Vec<(&'static str, Vec<Segment>, Vec<usize>)> {
    let tool = |definition| segment(Tier::Tools, &[(Role::System, Kind::Tool, definition)]);
    let system = |text| segment(Tier::System, &[(Role::System, Kind::Text, text)]);
    let turn = |role, kind, text| segment(Tier::Messages, &[(role, kind, text)]);
    let example = |question, answer| {
        segment(Tier::Messages, &[(Role::User, Kind::Text, question), (Role::Assistant, Kind::Text, answer)])
    };
    let tools = || TOOLS.map(tool).to_vec();
    let full = || {
        let mut segments = tools();
        segments.push(system("You help. {{not an input}}\n\n"));
        segments.push(system("```\n🦀 \u{7f} \"quoted\" \\ </document>\n```\n\n"));
        segments.push(example("Where is it?", "On its way."));
        segments.push(example("Thanks.", "You are welcome."));
        segments.push(turn(Role::User, Kind::History, "earlier"));
        segments.push(turn(Role::User, Kind::Text, "Ticket: "));
        segments.push(turn(Role::User, Kind::Input, "a/b~c \"x\""));
        segments.push(turn(Role::User, Kind::Text, "\nAnswer in "));
        segments.push(turn(Role::User, Kind::Input, "language"));
        segments
    };
    let mut open_system = tools();
    open_system.push(segment(Tier::System, &[(Role::System, Kind::Input, "tone")]));
    open_system.push(turn(Role::User, Kind::Text, "Hi"));
    let mut calls = tools();
    calls.push(segment(
        Tier::Messages,
        &[
            (Role::User, Kind::Text, "Where are both?"),
            (Role::Assistant, Kind::Text, "I look."),
            (Role::Assistant, Kind::ToolCall, r#"{"id":"c1","name":"lookup","arguments":"{\"id\": \"7\"}"}"#),
            (Role::Assistant, Kind::ToolCall, r#"{"id":"c2","name":"ping","arguments":""}"#),
            (Role::User, Kind::ToolResult, r#"{"id":"c2","name":"ping","content":""}"#),
            (Role::User, Kind::ToolResult, r#"{"id":"c1","name":"lookup","content":"{\"at\": \"sea\"}"}"#),
            (Role::Assistant, Kind::ToolCall, r#"{"id":"c1","name":"ping","arguments":"{}"}"#),
            (Role::User, Kind::ToolResult, r#"{"id":"c1","name":"ping","content":"pong"}"#),
            (Role::Assistant, Kind::Text, "At sea."),
        ],
    ));
    calls.push(turn(Role::User, Kind::Input, "question"));
    vec![
        ("plain", vec![turn(Role::User, Kind::Text, "Hi")], vec![]),
        ("system-only", vec![system("Be brief.\n\n")], vec![0]),
        ("unmarked", full(), vec![]),
        ("tiers", full(), vec![1, 3, 5]),
        ("inside-runs", full(), vec![0, 2, 4, 9]),
        ("behind-a-history", full(), vec![3, 6]),
        ("open-system", open_system, vec![1, 2]),
        ("calls", calls, vec![1, 2]),
    ]
}

/// Writes every body of every prompt, with and without settings and schema; returns how many.
fn write_bodies(folder: &Path) -> usize {
    let none = Map::new();
    let schemas = [
        json!({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"],
               "additionalProperties": false}),
        json!({"type": "object", "properties": {"answer": {"type": "string"}}}),
    ];
    let mut written = 0;
    for model in models() {
        for (name, segments, cuts) in prompts() {
            let has_tools = segments.iter().any(|segment| segment.tier == Tier::Tools);
            let mut wanted = model.settings.as_object().cloned().unwrap_or_default();
            if !has_tools {
                wanted.remove("tool_choice");
                wanted.remove("parallel_tool_calls");
            }
            let breakpoints: Vec<Breakpoint> = cuts
                .iter()
                .enumerate()
                .map(|(index, &after)| Breakpoint { after, ttl: Ttl::parse(model.ttls[index.min(1)]).unwrap() })
                .collect();
            for (variant, settings, schema) in
                [("bare", &none, None), ("set", &wanted, Some(&schemas[0])), ("loose", &none, Some(&schemas[1]))]
            {
                let prompt = Prompt {
                    segments: &segments,
                    breakpoints: &breakpoints,
                    api: model.api,
                    name: model.name,
                    model: model.name,
                    settings,
                    schema,
                    schema_name: "answer",
                    max_tokens: Some(1024),
                    default_max_tokens: 4096,
                    vendor: model.vendor,
                    takes: &Value::Null,
                    caching: model.caching,
                    cache_key: Some("support/triage"),
                };
                let folder = folder.join(name).join(variant);
                std::fs::create_dir_all(&folder).unwrap();
                for dialect in dialects(&prompt) {
                    let body = emit(&prompt, dialect).unwrap();
                    std::fs::write(folder.join(dialect.file_name(model.name)), body.to_text()).unwrap();
                    written += 1;
                }
            }
        }
    }
    written
}

fn python() -> Command {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON").expect(
        "CONTEXTURE_TEST_PYTHON must name a Python that has tests/requirements.txt installed; tests/setup.sh makes one",
    );
    Command::new(python)
}

#[test]
fn the_official_sdks_accept_every_body_unchanged() {
    let temporary = tempfile::tempdir().unwrap();
    // Where tests/news.py wants them, which holds them against other releases.
    let folder = std::env::var_os("CONTEXTURE_TEST_BODIES").map_or(temporary.path().to_owned(), PathBuf::from);
    let written = write_bodies(&folder);
    let keys: Map<String, Value> = Dialect::ALL
        .into_iter()
        .filter(|dialect| *dialect != Dialect::Cached)
        .map(|dialect| (dialect.as_str().to_owned(), json!(setting_keys(dialect))))
        .collect();
    let settings = folder.join("settings.json");
    std::fs::write(&settings, Value::Object(keys).to_string()).unwrap();
    let output = python()
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/check_bodies.py"))
        .arg("--settings")
        .args([&settings, &folder])
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{lines}{}", String::from_utf8_lossy(&output.stderr));
    let accepted = lines.lines().filter(|line| line.starts_with("ok") && line.contains("unknown keys refused")).count();
    assert_eq!(accepted, written, "{lines}");
}
