//! The guarantees of the hash chain, as laws over prompts made by chance, and over this
//! repository's own contexts.

mod chain;
mod order;
mod places;
mod prompt;
mod tables;
