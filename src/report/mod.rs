//! One frozen value, many printers.
//!
//! Printers take values and return text; only `cli` owns a stream.

pub mod break_even;
pub mod build;
pub mod cost;
pub mod count;
pub mod explain;
pub mod inert;
pub mod list;
pub mod models;
pub mod schema;
pub mod screen;
pub mod simulate;
pub mod snippet;
pub mod text;
pub mod watch;

/// A report as JSON, two blanks an indent, with a final line break.
fn json(report: &impl serde::Serialize) -> String {
    // Records are plain data with text keys, which serialise to memory without fail.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
