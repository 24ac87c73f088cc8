//! Prompts in the formats of other tools, and `init --from`.
//!
//! What the tools themselves make of our files was recorded: `*.json` beside this file say by what.

mod attacks;
mod dotprompt;
mod formats;
mod init;
mod prompty;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Repo;

/// The recorded answers of one tool.
pub fn recorded(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/adopt").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let all: Value = serde_json::from_str(&text).unwrap();
    let cases = all["cases"].as_array().unwrap().clone();
    assert!(cases.len() > 3, "{name} holds hardly any case");
    cases
}

/// `{x*9}` written out.
pub fn long(text: &str) -> String {
    match text.split_once("{x*") {
        Some((before, rest)) => {
            let (number, after) = rest.split_once('}').unwrap();
            format!("{before}{}{}", "x".repeat(number.parse().unwrap()), long(after))
        }
        None => text.to_owned(),
    }
}

/// The role and the text of each message that a project with these files sends for `manifest`, and what was said.
pub fn messages(files: &Value, manifest: &Value, fill: &str) -> (Vec<(String, String)>, String) {
    let repo = Repo::new();
    for (path, text) in files.as_object().unwrap() {
        repo.file(path, long(text.as_str().unwrap()));
    }
    let mut manifest = manifest.clone();
    manifest["models"] = json!(["gpt-6.1-sol"]);
    manifest["output"]["max_tokens"] = json!(20);
    repo.file("contexts/case.yaml", manifest.to_string());
    let outcome = repo.run(&format!("render case --model gpt-6.1-sol --dialect chat{fill}"));
    let Ok(body) = serde_json::from_str::<Value>(&outcome.stdout) else { return (Vec::new(), outcome.stderr) };
    let text = |content: &Value| match content {
        Value::Array(parts) => parts.iter().map(|part| part["text"].as_str().unwrap()).collect(),
        content => content.as_str().unwrap().to_owned(),
    };
    let role = |message: &Value| message["role"].as_str().unwrap().replace("developer", "system");
    let all = body["messages"].as_array().unwrap().iter();
    (all.map(|message| (role(message), text(&message["content"]))).collect(), outcome.stderr)
}
