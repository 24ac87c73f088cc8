//! Handlebars templates: strict, unescaped, under limits, with inputs as holes. The crate `handlebars` parses and renders.
//!
//! ```text
//! text ──scan──▶ tags ──parse──▶ the crate's tree, rewritten ──render(data)──▶ text with marks ──cut──▶ segments
//! ```
//!
//! `scan` finds the tags, under limits, before the crate's parser sees them. `parse` has the crate parse, checks each call
//! against the table of helpers (`shape`), and rewrites the tree: whatever has a value passes through one helper of ours.
//! `library` finds templates by name and follows their partials. Before a rendering, `names` looks at every name with the
//! `data`. Then the crate walks the tree, and calls that helper (`render`), which `apply`s the functions. An input and a
//! segment are marks in the output, where `output` cuts it.
//!
//! Why so: docs/decisions/03-templates-by-handlebars.md. What it promises to users: docs/templates.md.

mod apply;
mod data;
mod library;
mod names;
mod output;
mod parse;
mod passage;
mod region;
mod render;
mod report;
mod scan;
mod shape;
mod state;

pub use apply::MAX_INDENT;
pub use data::{Data, Root, reserved};
pub use library::{Library, NameFault, TEMPLATES, Template};
pub use output::{Piece, Rendered, RenderedSegment};
pub use region::{RenderedRegion, no_example};
pub use shape::is_helper;
pub use state::Include;

use crate::syntax::diag;

/// "did you mean …". `None` also if comparing the names would take too long.
fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let is_short = |name: &str| name.len() <= 100;
    let known = known.into_iter().filter(|known| is_short(known)).take(10_000);
    is_short(name).then(|| diag::did_you_mean(name, known)).flatten()
}

#[cfg(test)]
mod tests;
