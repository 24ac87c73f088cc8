//! The hash chain against pinned vectors, and against an implementation that we did not write it with.
//!
//! `tests/vectors/*.json` was written once and is never written again: a digest that changes is a new
//! format version (docs/hash-format.md). `tests/vectors/chain.py` is the page in Python.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use contexture::prompt::chain::{Digest, canonical_json, link, settings_digest};
use contexture::prompt::segment::{Kind, Origin, Part, Role, Segment, Tier};
use contexture::syntax::manifest::Mark;
use contexture::syntax::source::{ProjectPath, Source, Span};
use serde_json::{Value, json};

/// Every vector, by file name.
fn vectors() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: &PathBuf| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    paths.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

fn segment(link: &Value) -> Segment {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let part = |part: &Value| Part {
        region: None,
        role: match &*word(&part["role"]) {
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            other => panic!("{other}"),
        },
        kind: match &*word(&part["kind"]) {
            "text" => Kind::Text,
            "tool" => Kind::Tool,
            "input" => Kind::Input,
            "history" => Kind::History,
            "region" => Kind::Region,
            "tool_call" => Kind::ToolCall,
            "tool_result" => Kind::ToolResult,
            other => panic!("{other}"),
        },
        text: word(&part["text"]).repeat(part["times"].as_u64().unwrap_or(1) as usize).into(),
    };
    Segment {
        id: word(&link["segment"]),
        tier: match &*word(&link["tier"]) {
            "tools" => Tier::Tools,
            "system" => Tier::System,
            "messages" => Tier::Messages,
            other => panic!("{other}"),
        },
        parts: link["parts"].as_array().unwrap().iter().map(part).collect(),
        origin: Origin {
            path: None,
            lines: None,
            blob: None,
            block: Span::file(&Source::new(ProjectPath::root(), "")),
            picked: None,
        },
        mark: Mark::Free,
        stability: None,
        priority: 0,
    }
}

/// What a vector's inputs come to: only the keys that were computed.
fn computed(vector: &Value) -> Value {
    let text = |digest: &Digest| Value::from(digest.to_string());
    if let Some(links) = vector["links"].as_array() {
        let segments: Vec<Segment> = links.iter().map(segment).collect();
        let chain = link(&segments);
        return json!({
            "prefix": text(&chain.prefix()),
            "full": text(&chain.full()),
            "digests": chain.digests.iter().map(text).collect::<Vec<_>>(),
            "prefixes": chain.prefixes.iter().map(text).collect::<Vec<_>>(),
        });
    }
    if let Some(object) = vector.get("object") {
        let schema = Some(&object["schema"]).filter(|schema| !schema.is_null());
        return json!({"settings": text(&settings_digest(&object["settings"], schema).unwrap())});
    }
    let texts = vector["texts"].as_array().unwrap().iter();
    let canonical = texts.map(|text| canonical_json(&serde_json::from_str(text.as_str().unwrap()).unwrap()).unwrap());
    json!({"canonical": canonical.collect::<Vec<_>>()})
}

/// That the vector holds everything that was computed, and the same.
fn agree(name: &str, vector: &Value, computed: &Value) {
    for (key, value) in computed.as_object().unwrap() {
        assert_eq!(&vector[key], value, "tests/vectors/{name}: {key}. A digest never changes within a format version");
    }
}

#[test]
fn the_vectors_are_reproduced() {
    let vectors = vectors();
    assert!(vectors.len() >= 13, "{} vectors", vectors.len());
    for (name, vector) in vectors {
        agree(&name, &vector, &computed(&vector));
    }
}

#[test]
fn numbers_that_no_double_holds_are_refused() {
    let (_, vector) = vectors().into_iter().find(|(name, _)| name == "canonical.json").unwrap();
    for text in vector["refused"].as_array().unwrap() {
        let value: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        assert!(canonical_json(&value).is_err(), "{text}");
    }
}

/// What `tests/vectors/chain.py` makes of a document.
fn in_python(document: &str) -> Value {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON must name a Python with the package blake3; tests/setup.sh makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chain.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "chain.py failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn another_implementation_reproduces_the_vectors() {
    for (name, vector) in vectors() {
        let mut computed = in_python(&vector.to_string());
        if vector.get("links").is_none() {
            // The empty chain of a vector that is about something else.
            for key in ["prefix", "full", "digests", "prefixes"] {
                computed.as_object_mut().unwrap().remove(key);
            }
        }
        if vector.get("texts").is_none() {
            computed.as_object_mut().unwrap().remove("canonical");
        }
        assert!(!computed.as_object().unwrap().is_empty());
        agree(&name, &vector, &computed);
    }
}

#[test]
fn another_implementation_reproduces_the_bundles_of_this_repository() {
    let output = tempfile::tempdir().unwrap();
    let contexture = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contexture"));
        let output = command.arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
        assert!(output.status.code() < Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let list: Value = serde_json::from_str(&contexture(&["list", "--format", "json"])).unwrap();
    contexture(&["build", "--output", output.path().to_str().unwrap()]);
    for context in list["contexts"].as_array().unwrap() {
        let variant = context["variant"].as_str().map_or_else(String::new, |variant| format!("@{variant}"));
        let id = format!("{}{variant}", context["id"].as_str().unwrap());
        let computed = in_python(&contexture(&["explain", &id, "--format", "json"]));
        let record = fs::read_to_string(output.path().join(format!("{id}.bundle/bundle.json"))).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        let of =
            |key: &str| record["segments"].as_array().unwrap().iter().map(|segment| segment[key].clone()).collect();
        let digests: Vec<Value> = of("digest");
        let links: Vec<Value> = of("chain");
        assert!(!digests.is_empty());
        assert_eq!(computed["digests"], Value::from(digests), "{id}");
        assert_eq!(computed["prefixes"].as_array().unwrap()[1..], links, "{id}");
        assert_eq!((&computed["prefix"], &computed["full"]), (&record["prefix"], &record["full"]), "{id}");
    }
}
