//! The store changes no answer: not when it is new, full, damaged, gone, switched off or not writable,
//! not for two processes at once, and not for trees that it knows only a neighbour of.

mod answers;
mod bundles;
mod laws;
mod neighbours;
