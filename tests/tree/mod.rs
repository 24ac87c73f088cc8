//! The trees against git itself: what `src/tree` reads, lists and names must be what git says.
#![cfg(unix)]

mod basics;
pub mod chance;
mod changes;
mod content;
mod hostile;
mod identities;
mod patterns;
mod states;
