//! The order of keys, and everything else that is nobody's meaning, changes no byte of a bundle.

use contexture::output::bundle::bundle;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::prompt::{build, path, prompt};
use contexture::tree::MemoryTree;

/// The same value with the keys of every map in another order.
fn shuffled(value: Value, seed: u64) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| shuffled(item, seed)).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(key, value)| (key, shuffled(value, seed))).collect();
            members
                .sort_by_cached_key(|(key, _)| blake3::hash(format!("{seed} {key}").as_bytes()).to_hex().to_string());
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        value => value,
    }
}

/// What makes a manifest rich in maps.
fn dressed(mut manifest: Value) -> Value {
    let more = json!({
        "models": ["gpt-6.1-sol", "claude-sonnet-5-5", "gemini-3.8-flash"],
        "vars": {"shop": "Acme", "size": {"a": 1, "b": [2, 3]}},
        "settings": {"effort": "low", "claude-*": {"effort": "medium", "stop_sequences": ["END"]}},
        "output": {"tokens": 10, "max_tokens": 100},
        "cache": {"ttl": "5m", "breakpoints": "auto"},
        "traffic": {"calls": "1k/day", "hit_rate": "50%", "hours": "flat"},
        "budgets": {"tokens": 1000, "prefix_tokens": 1000},
    });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    manifest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_key_order_of_a_manifest_changes_no_byte(prompt in prompt(), seed in any::<u64>()) {
        let (one, other) = (prompt.tree_with(dressed), prompt.tree_with(|manifest| shuffled(dressed(manifest), seed)));
        prop_assert_eq!(bundle(&build(&one)).unwrap(), bundle(&build(&other)).unwrap());
    }

    #[test]
    fn the_key_order_of_a_tool_changes_no_digest(seed in any::<u64>(), yaml in any::<bool>()) {
        let tool = json!({
            "name": "find", "description": "Finds.", "input_schema": {
                "type": "object", "required": ["what"], "additionalProperties": false,
                "properties": {"what": {"type": "string", "description": "What."}, "limit": {"type": "integer", "maximum": 1.0}},
            },
        });
        let of = |tool: Value| {
            let file = if yaml { "tool.yaml" } else { "tool.json" };
            let manifest = format!("tools: [{{file: {file}}}]\nmessages: [{{user: Hi}}]\n");
            build(&MemoryTree::new().file(&path("contexts/a.yaml"), manifest).file(&path(file), tool.to_string())).chain
        };
        prop_assert_eq!(of(tool.clone()), of(shuffled(tool, seed)));
    }
}

/// Every spelling of one manifest that YAML allows is one manifest.
#[test]
fn the_spelling_of_a_manifest_changes_no_byte() {
    let spellings = [
        "system:\n  - text: \"a b\"\n  - file: a.md\nmessages:\n  - user: Hello\n",
        "# a comment\nmessages: [{user: 'Hello'}] # another\nsystem: [text: a b, {\"file\": a.md}]\n",
        "---\n\"system\":\r\n- text: >-\r\n    a\r\n    b\r\n- a.md\r\n\"messages\":\r\n- user: |-\r\n    Hello\r\n",
        "\u{feff}system: [{text: &x a b, id: ~}, {file: a.md, optional: false}]\nmessages: [{user: Hello, when: []}]\n",
    ];
    let of = |manifest: &str| {
        let tree = MemoryTree::new().file(&path("contexts/a.yaml"), manifest).file(&path("a.md"), "Text.\n");
        bundle(&build(&tree)).unwrap()
    };
    for spelling in &spellings[1..] {
        assert_eq!(of(spelling), of(spellings[0]), "{spelling}");
    }
}
