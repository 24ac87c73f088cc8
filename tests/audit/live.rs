//! llama.cpp's own server as a source of usage: what it says that it read must be what was forecast.

use std::fs;
use std::process::Command;

use super::*;

/// Requests to each of the servers; together some hundreds.
const REQUESTS: &str = "75";
const SEED: &str = "1";

#[test]
fn a_live_server_reads_what_is_forecast() {
    let python =
        std::env::var_os("CONTEXTURE_TEST_PYTHON").expect("CONTEXTURE_TEST_PYTHON names a Python: run tests/setup.sh");
    let repo = Repo::none();
    for slots in ["1", "2", "4"] {
        // Without whole prompts in memory, and with as much as the server has by default.
        for ram in ["0", "8192"] {
            let place = format!("seed {SEED}, {slots} slots, {ram} MiB");
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/llama.py");
            let status = Command::new(&python)
                .args([script, "log.jsonl", "scenario.yaml", "--requests", REQUESTS, "--seed", SEED])
                .args(["--slots", slots, "--ram", ram])
                .current_dir(repo.at(""))
                .status()
                .expect("Python runs");
            assert!(status.success(), "{place}");
            let log = fs::read_to_string(repo.at("log.jsonl")).unwrap();
            let answers: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let said: Vec<u64> =
                answers.iter().map(|own| own["response"]["timings"]["cache_n"].as_u64().unwrap()).collect();
            let report = repo.run("simulate scenario.yaml --format json").json();
            let forecast: Vec<u64> =
                report["requests"].as_array().unwrap().iter().map(|own| own["read"].as_u64().unwrap()).collect();
            assert_eq!((said.len().to_string(), &forecast), (REQUESTS.to_owned(), &said), "{place}");
            assert!(said.iter().any(|read| *read > 0), "{place}");
            // The log is read as what it is.
            let audit = repo.run("audit log.jsonl --format json").json();
            assert_eq!(audit["formats"][0]["format"], "llamacpp", "{place}");
            assert_eq!(
                [&audit["requests"], &audit["totals"]["read"]],
                [said.len() as u64, said.iter().sum::<u64>()],
                "{place}"
            );
        }
    }
}
