//! git's rules for a working tree: which files it ignores, and which bytes it would store for the others.

pub(in crate::tree) mod attributes;
pub(in crate::tree) mod eol;
pub(in crate::tree) mod ignored;
pub(in crate::tree) mod pattern;
