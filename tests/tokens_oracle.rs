//! Counts held against the libraries that define them, in Python: `tests/oracle/tiktoken_check.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use contexture::cost::tokens::{Encoding, Features, UserTokenizer};
use serde_json::{Value, json};

#[path = "oracle/tiktoken_texts.rs"]
mod texts;

use texts::Dice;

/// The source and the pages of this project.
fn real_texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("docs")];
    let mut texts = vec![std::fs::read_to_string(root.join("Cargo.lock")).unwrap()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(path) {
                texts.push(text);
            }
        }
    }
    texts
}

/// Runs long enough to be merged in many windows, and short enough for tiktoken.
fn long_runs() -> Vec<String> {
    [" ", "a", "A", "\t", "\n", " \n", "\r\n", "\u{308}", "语", "a'", "Aʰ", "!", "/", "xkqz", "🙂"]
        .into_iter()
        .flat_map(|atom| {
            [format!("x{}y", atom.repeat(100_000 / atom.len())), format!("({}", atom.repeat(70_001 / atom.len()))]
        })
        .collect()
}

/// The interpreter that has the libraries of `tests/requirements.txt`.
fn python() -> PathBuf {
    std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one with tiktoken and tokenizers")
        .into()
}

/// The folder of the tiktoken-rs crate that holds the published vocabularies.
fn vocabularies() -> PathBuf {
    // Only the packages of this machine are sure to be on it.
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "tiktoken-rs").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("assets")
}

/// Writes the cases, has them checked, and fails with what the script says of those that differ.
fn check(cases: &[Value]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.jsonl");
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/tiktoken_check.py");
    let output = Command::new(python()).arg(script).arg(vocabularies()).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let summary = format!("compared {}\n", cases.len());
    assert!(output.status.success() && said.ends_with(&summary), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn counts_are_those_of_tiktoken() {
    let mut dice = Dice(0x00c0_ffee);
    let texts = (0..6000).map(|_| dice.text()).chain(real_texts()).chain(long_runs());
    let count = |text: String| {
        Encoding::ALL.map(|encoding| json!({"encoding": encoding.name(), "text": text, "found": encoding.count(&text)}))
    };
    check(&texts.flat_map(count).collect::<Vec<_>>());
}

#[test]
fn shares_are_those_of_tiktoken() {
    let mut dice = Dice(0x5eed);
    let mut cases = Vec::new();
    for number in 0..1500 {
        let pieces: Vec<String> = (0..dice.below(9)).map(|_| dice.text()).collect();
        let parts: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let encoding = Encoding::ALL[number % 2];
        cases.push(json!({"encoding": encoding.name(), "pieces": parts, "found": encoding.attribute(&parts)}));
    }
    let files = real_texts();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    cases.push(json!({"encoding": "o200k_base", "pieces": files, "found": Encoding::O200kBase.attribute(&files)}));
    check(&cases);
}

#[test]
fn features_are_those_that_were_fitted() {
    let mut dice = Dice(0xfea7);
    let texts = (0..2000).map(|_| dice.text()).chain(real_texts());
    let cases = texts.map(|text| {
        let found = Features::of(&[&text])[0].values();
        json!({"features": found[0], "text": text, "found": found})
    });
    check(&cases.collect::<Vec<_>>());
}

#[test]
fn a_tokenizer_json_counts_as_it_does_in_python() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(0x70c3);
    let texts: Vec<String> = (0..800).map(|_| dice.text()).chain(real_texts()).collect();
    let mut cases = Vec::new();
    for (name, file) in [("pairs", byte_pairs()), ("words", word_level()), ("unigram", unigram())] {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, file.to_string()).unwrap();
        let tokenizer = UserTokenizer::from_bytes(file.to_string().as_bytes()).unwrap();
        for text in &texts {
            let found = tokenizer.count(text).unwrap();
            assert_eq!(tokenizer.attribute(&[text]).unwrap(), [found], "{name} {text:?}");
            cases.push(json!({"tokenizer": path, "text": text, "found": found}));
        }
    }
    check(&cases);
}

fn added(id: usize, content: &str, special: bool) -> Value {
    json!({"id": id, "content": content, "special": special, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false})
}

/// A byte-level BPE as Qwen and Llama have it, with a few merges; text is normalised first.
fn byte_pairs() -> Value {
    // What each byte is written as: visible ones as themselves, the others as characters from 256 on.
    let visible = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let hidden = (0..256).filter(|byte| !visible(byte)).zip(256u32..).map(|(_, written)| written);
    let mut vocabulary: Vec<String> =
        (0..256).filter(visible).chain(hidden).filter_map(char::from_u32).map(String::from).collect();
    let merges = [
        ("t", "h"),
        ("th", "e"),
        ("Ġ", "the"),
        ("i", "n"),
        ("in", "g"),
        ("Ġ", "Ġ"),
        ("1", "2"),
        ("Ã", "©"),
        ("Ċ", "Ċ"),
    ];
    vocabulary.extend(merges.iter().map(|(left, right)| format!("{left}{right}")));
    let added_tokens = [added(vocabulary.len(), "<|endoftext|>", true), added(vocabulary.len() + 1, "<end>", false)];
    let ids: serde_json::Map<String, Value> =
        vocabulary.into_iter().zip(0..).map(|(token, id)| (token, json!(id))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added_tokens, "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
                  "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": ids,
                  "merges": merges.map(|(left, right)| format!("{left} {right}"))}
    })
}

fn word_level() -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added(3, "<|endoftext|>", true), added(4, "<end>", false)], "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "the": 1, "quick": 2}}
    })
}

fn unigram() -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [added(0, "<unk>", true)], "normalizer": null,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": null, "decoder": null,
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
                  "vocab": [["<unk>", 0.0], ["▁", -2.0], ["▁the", -3.0], ["the", -4.0], ["a", -5.0], ["e", -5.0], ["quick", -6.0]]}
    })
}
