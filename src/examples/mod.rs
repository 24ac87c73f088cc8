//! Example sets: readers, mapping, deterministic picking.
