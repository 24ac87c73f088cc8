//! Two builds, two trees, a history: what a change does to a prompt, its cache and its price.

pub mod delta;
pub mod ratchet;
pub mod range;
pub mod as_is;
pub mod reach;
pub mod review;
pub mod blame;
pub mod history;
