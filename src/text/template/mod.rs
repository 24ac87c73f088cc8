//! Handlebars templates: strict, unescaped, under limits, with the origin of every byte of the output.
//!
//! ```text
//! text ──parse──▶ tree ──evaluate(data)──▶ output ──▶ segments of text and holes
//! ```
//!
//! `parse` builds the tree of `tag`s (`expression` reads their insides), each call `check`ed against
//! the table of helpers (`builtin`). `library` finds templates by name and follows their partials. `evaluate`
//! walks the tree (`block`, `partial`, `call`) with a stack of `scope`s, looks `name`s up in the
//! `value`s of the data, `apply`s helpers, and writes to `output`.
//!
//! The dialect is that of handlebars-rust, which serves as the oracle of the tests and not as the
//! engine: docs/decisions/03-templates-by-walking.md says why. What it promises to users is
//! docs/templates.md.

mod apply;
mod block;
mod builtin;
mod call;
mod check;
mod compiled;
mod evaluate;
mod expression;
mod library;
mod name;
mod near;
mod output;
mod parse;
mod partial;
mod passage;
mod scope;
mod serialise;
mod syntax;
mod tag;
mod value;

pub use apply::MAX_INDENT;
pub use builtin::MAX_ARGUMENTS;
pub use evaluate::{Include, MAX_STEPS};
pub use expression::MAX_NESTED_CALLS;
pub use library::{Library, NameFault, Template};
pub use output::{MAX_OUTPUT_BYTES, Piece, Rendered, RenderedSegment, Run, Writer};
pub use parse::{MAX_DEPTH, MAX_TAGS, MAX_TEMPLATE_BYTES};
pub use value::Data;

#[cfg(test)]
mod tests;
