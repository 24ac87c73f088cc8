//! The comparison of two trees, held against witnesses that we did not write: git for merge bases,
//! tiktoken and the provider's rules in Python for every transition of a long history, a CommonMark
//! parser for comments.

mod ancestry;
mod comment;
mod history;
mod many;
mod reach;
mod sums;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The interpreter that has the libraries of `tests/requirements.txt`.
fn python() -> PathBuf {
    std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one")
        .into()
}

/// Has a script of `tests/oracle` look at cases, one a line of JSON, and fails with what it says.
#[track_caller]
fn witness(script: &str, arguments: &[&Path], cases: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.jsonl");
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(script);
    let output = Command::new(python()).arg(script).args(arguments).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let summary = format!("compared {}\n", cases.len());
    assert!(output.status.success() && said.ends_with(&summary), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
