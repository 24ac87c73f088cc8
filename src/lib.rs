//! contexture: prompt context as source code.
//!
//! A project is a folder in git. Its `contexts/` hold manifests, each the description of one prompt:
//! which texts stand in it, in which order, for which models. This library turns such a project into
//! request bodies, and says of every piece where it came from, what it weighs, and how far a
//! provider's cache still serves after a change. `docs/architecture.md` is the house that it lives in.
//!
//! # The pipeline
//!
//! Text comes in through one door, [`tree::Tree`]: a commit, the index or the working tree. A file
//! becomes a [`text::fragment::Fragment`], its front matter set apart. [`text::project`] finds the contexts and
//! merges the layers of each (project file, `extends`, manifest, variant) as YAML nodes that still
//! know their place, and decodes the result once, into a [`syntax::manifest::Manifest`].
//!
//! [`text::resolve::resolve`] answers every question that depends on the tree and returns a
//! [`text::resolve::Plan`]. [`text::compose::compose`] renders the plan into [`prompt::segment::Segment`]s: text with a role
//! and an origin, separators included, holes apart. [`text::lint`] looks for what is probably a mistake in
//! all that was read. That is the end of the text wing.
//!
//! [`prompt::chain::link`] hashes the segments. [`cost::count`] counts them with every tokenizer that a model of
//! the context has; the planner in [`cost`] places cache breakpoints by the rules of the model's
//! card from [`cost::cards`], and the bill follows from its prices. That is the cost wing: it knows
//! segments, and nothing of where they came from.
//!
//! [`pipeline::build_all`] is all of this, one statement a stage, for every context at once. The
//! [`pipeline::Build`] that comes out is the one value that everything after it reads: [`prompt::bodies`] are the
//! request bodies of it and [`output::bundle`] what is written, [`output::report`] text and JSON, [`output::page`] a page
//! for a browser, and [`output::bundle::verify`] builds again to see whether a bundle follows from the commit that it names.
//! [`compare::delta::compare`] holds two builds of one context against each other, and [`compare::review::review`] two
//! trees; [`evaluate`] holds the answers of a model against what was expected, and [`audit`] a bill against the forecast. [`pipeline::watch`] is the same build in a
//! loop, with a memory of what did not change, and [`output::page::serve`] keeps
//! a page current with it. [`cli`] is a thin door on top.
//!
//! # Faults
//!
//! What is wrong in the user's files is a [`syntax::diag::Diagnostic`]: placed, hinted, as many in one run as
//! there are. What is wrong with the world is an [`syntax::error::Error`]: one, with its cure. No input
//! panics.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "no input panics")]
#![deny(clippy::print_stdout, clippy::print_stderr, reason = "only `cli` writes to a stream, through anstream")]

// From the ground up: a module uses only those above its line (tests/layers.rs).
pub mod syntax;
pub mod tree;
pub mod prompt;
pub mod text;
pub mod cost;
pub mod pipeline;
pub mod compare;
pub mod evaluate;
pub mod audit;
pub mod output;
pub mod cli;
