//! Our counting against tiktoken-rs, on the same texts in the same run.
//!
//! `cargo bench --bench counting`. Prints the time of a whole process that counts one file of 10 kB,
//! and the same through tiktoken-rs; then ratios of throughput, since the machine's own speed is of no
//! interest: for each kind of text the median over rounds in which both count in turn. The text is what lies on
//! every machine that has built this project, the sources of its dependencies; Chinese is put
//! together from the vocabulary's own words, since no crate holds enough of it.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use contexture::cost::tokens::Encoding;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tiktoken_rs::CoreBPE;

const ROUNDS: usize = 9;
const BYTES: usize = 2 << 20;
const MIXED_BYTES: usize = 10 << 20;

/// The argument with which this program counts a file through tiktoken-rs and does nothing else.
const THEIRS: &str = "count-through-tiktoken-rs";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, file] = &arguments[..]
        && command == THEIRS
    {
        let text = std::fs::read_to_string(file).expect("a text");
        println!("{}", oracle(Encoding::O200kBase).encode_ordinary(&text).len());
        return;
    }
    first_count();
    throughput();
}

/// Times both programs from their start to their end.
fn first_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.md");
    let text = text_of(&dependency_sources(), "md", 10 << 10);
    std::fs::write(&file, text).expect("a file");
    let ours = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contexture"));
        command.args(["count", "--by", "o200k_base"]).arg(&file);
        command
    };
    let theirs = || {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(THEIRS).arg(&file);
        command
    };
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for _ in 0..25 {
        own.push(seconds(|| u64::from(ours().output().expect("it runs").status.success())));
        other.push(seconds(|| u64::from(theirs().output().expect("it runs").status.success())));
    }
    own.sort_by(f64::total_cmp);
    other.sort_by(f64::total_cmp);
    let (own, other) = (own[own.len() / 2] * 1e3, other[other.len() / 2] * 1e3);
    println!(
        "first count of 10 kB, whole process: {own:.2} ms; through tiktoken-rs {other:.1} ms, {:.0} times as long\n",
        other / own
    );
}

fn throughput() {
    let sources = dependency_sources();
    let mut kinds = vec![
        ("English prose", text_of(&sources, "md", BYTES)),
        ("Rust", text_of(&sources, "rs", BYTES)),
        ("JSON", text_of(&sources, "json", BYTES)),
        ("Chinese", chinese(BYTES)),
    ];
    kinds.push((
        "prose and code",
        [text_of(&sources, "md", MIXED_BYTES / 2), text_of(&sources, "rs", MIXED_BYTES / 2)].concat(),
    ));
    let (one, two) = (pool(1), pool(2));
    println!(
        "{:15} {:12} {:>6}  {:>22}  {:>22}  {:>15}",
        "", "", "MB", "× tiktoken-rs, 1 thread", "spread", "2 threads × 1"
    );
    for (name, text) in &kinds {
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            row(name, text, encoding, &one, &two);
        }
    }
}

/// Times both, and ourselves on two threads, in turn.
fn row(name: &str, text: &str, encoding: Encoding, one: &ThreadPool, two: &ThreadPool) {
    let theirs = oracle(encoding);
    assert_eq!(theirs.encode_ordinary(text).len() as u64, encoding.count(text), "{name}: counts differ");
    let (mut against, mut scaling) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let alone = seconds(|| one.install(|| encoding.count(text)));
        against.push(seconds(|| theirs.encode_ordinary(text).len() as u64) / alone);
        scaling
            .push(seconds(|| one.install(|| encoding.count(text))) / seconds(|| two.install(|| encoding.count(text))));
    }
    against.sort_by(f64::total_cmp);
    scaling.sort_by(f64::total_cmp);
    println!(
        "{name:15} {:12} {:6.1}  {:>22.2}  {:>22}  {:>15.2}",
        encoding.name(),
        text.len() as f64 / 1e6,
        against[ROUNDS / 2],
        format!("{:.2}–{:.2}", against[0], against[ROUNDS - 1]),
        scaling[ROUNDS / 2],
    );
}

fn seconds(work: impl Fn() -> u64) -> f64 {
    let started = Instant::now();
    black_box(work());
    started.elapsed().as_secs_f64()
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

fn oracle(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        Encoding::O200kBase | Encoding::O200kHarmony => tiktoken_rs::o200k_base_singleton(),
    }
}

/// The folders of the packages that this project is built from, in the order of their names.
fn dependency_sources() -> Vec<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let mut folders: Vec<PathBuf> = packages
        .filter_map(|package| Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_owned()))
        .collect();
    folders.sort();
    folders
}

/// Files of that ending, one after the other, until there are so many bytes. No file gives more than
/// a sixteenth of them.
fn text_of(folders: &[PathBuf], ending: &str, bytes: usize) -> String {
    let mut text = String::new();
    let mut open: Vec<PathBuf> = folders.iter().rev().cloned().collect();
    while let Some(path) = open.pop()
        && text.len() < bytes
    {
        if path.is_dir() {
            let mut inner: Vec<PathBuf> =
                std::fs::read_dir(&path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
            inner.sort_by(|a, b| b.cmp(a));
            open.extend(inner.into_iter().filter(|path| !path.ends_with("target")));
        } else if path.extension().is_some_and(|own| own == ending)
            && let Ok(more) = std::fs::read_to_string(&path)
        {
            text.push_str(&more[..more.floor_char_boundary(bytes / 16)]);
        }
    }
    text.truncate(text.floor_char_boundary(bytes));
    text
}

/// Words of two characters and more from the vocabulary, the common ones often, in sentences.
fn chinese(bytes: usize) -> String {
    let is_chinese = |word: &String| word.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let vocabulary = oracle(Encoding::O200kBase);
    let words: Vec<String> = (0..199_998)
        .filter_map(|token| String::from_utf8(vocabulary.decode_bytes(&[token]).ok()?).ok())
        .filter(is_chinese)
        .collect();
    let (mut text, mut state) = (String::new(), 1u64);
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // A square makes low ranks, which are common words, more likely.
        let chance = (state >> 33) as f64 / (1u64 << 31) as f64;
        text.push_str(&words[(chance * chance * words.len() as f64) as usize]);
        match state >> 28 & 31 {
            0 => text.push_str("。\n"),
            1 | 2 => text.push('，'),
            _ => {}
        }
    }
    text
}
