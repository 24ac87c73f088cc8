//! What is fuzzed: each target takes any bytes, and panics if the program breaks a promise on them.
//!
//! The same functions run under libFuzzer, guided by coverage (`cargo fuzz run manifest`), and for a
//! moment in the everyday tests, on the corpus and on changes of it by chance (`tests/fuzz`).

mod bundle;
mod chain;
mod counts;
mod escapes;
mod names;
mod project;

/// A target: its name, as of its folder in `corpus`, and what is tried.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 19] = [
    ("bundle", bundle::bundle),
    ("chain", chain::chain),
    ("cl100k", counts::cl100k),
    ("comparison", project::comparison),
    ("context", project::manifest),
    ("escapes", escapes::escapes),
    ("example_sets", project::example_sets),
    ("fragment", project::fragment),
    ("joints", counts::joints),
    ("lock", names::lock),
    ("o200k", counts::o200k),
    ("path", names::path),
    ("prices", project::prices),
    ("project", project::project_file),
    ("revision", names::revision),
    ("scenario", project::scenario),
    ("schema", project::schema),
    ("template", project::template),
    ("tokenizer", counts::tokenizer),
];

/// Tries one target, by name.
///
/// # Panics
/// When there is no such target, and when a promise is broken.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(own, _)| *own == name).expect("a target of this name");
    target(bytes);
}
