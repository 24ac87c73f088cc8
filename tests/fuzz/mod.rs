//! Every fuzz target for a moment: on its corpus, and on changes of it by chance. The same numbers
//! come at every run, so that a failure comes again; `docs/fuzzing.md` says how to run for longer.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

/// Changed inputs of each target.
const ROUNDS: usize = 200;
/// The longest input, in bytes.
const LONGEST: usize = 4096;

/// A small generator of numbers (SplitMix64): good enough for choices, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// The words of `fuzz/dictionary.txt`, which libFuzzer reads too.
fn dictionary() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/dictionary.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(word).collect()
}

fn word(line: &str) -> Vec<u8> {
    let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_else(|| panic!("{line}"));
    let mut bytes = inner.bytes();
    let mut word = Vec::new();
    while let Some(byte) = bytes.next() {
        word.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'x') => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                Some(plain) => plain,
                None => panic!("{line}"),
            },
            byte => byte,
        });
    }
    word
}

/// The inputs that are kept for a target.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One to four changes: a word put in, a stretch taken out or doubled, a bit turned, another input's end.
fn changed(chance: &mut Chance, corpus: &[Vec<u8>], words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = chance.of(corpus).clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(20)).min(bytes.len());
        match chance.below(6) {
            0 | 1 => drop(bytes.splice(at..at, chance.of(words).iter().copied())),
            2 => drop(bytes.splice(at..end, chance.of(words).iter().copied())),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let stretch = bytes[at..end].repeat(1 + chance.below(8));
                bytes.splice(at..at, stretch);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                } else {
                    let other = chance.of(corpus);
                    bytes.extend_from_slice(&other[chance.below(other.len())..]);
                }
            }
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// Runs one target; a promise that is broken is told with the input that breaks it.
fn hold(name: &str, bytes: &[u8]) {
    let tried = catch_unwind(AssertUnwindSafe(|| targets::run(name, bytes)));
    assert!(tried.is_ok(), "the target `{name}` breaks on {:?}", String::from_utf8_lossy(bytes));
}

fn moment(name: &str) {
    let (corpus, words) = (corpus(name), dictionary());
    assert!(!corpus.is_empty(), "fuzz/corpus/{name} is empty");
    for bytes in &corpus {
        hold(name, bytes);
    }
    let mut chance = Chance(name.bytes().fold(0, |seed, byte| seed * 31 + u64::from(byte)));
    for _ in 0..ROUNDS {
        hold(name, &changed(&mut chance, &corpus, &words));
    }
}

/// One test a target, so that they run side by side and each is named.
macro_rules! moments {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { moment(stringify!($name)); })*

        #[test]
        fn every_target_has_its_moment() {
            assert_eq!(targets::TARGETS.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}

moments!(
    bundle,
    chain,
    cl100k,
    comparison,
    context,
    escapes,
    example_sets,
    fragment,
    joints,
    lock,
    o200k,
    path,
    prices,
    project,
    revision,
    scenario,
    schema,
    template,
    tokenizer,
);

/// What libFuzzer is given is what runs here: a binary for each target, in a package that cargo accepts.
#[test]
fn every_target_has_its_binary() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let read = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let package: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    let binaries = package["packages"][0]["targets"].as_array().unwrap().iter();
    let mut names: Vec<&str> =
        binaries.filter(|target| target["kind"][0] == "bin").map(|target| target["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, targets::TARGETS.map(|(name, _)| name));
    for name in names {
        let binary = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(binary.contains(&format!("run(\"{name}\", bytes)")), "{binary}");
    }
}
