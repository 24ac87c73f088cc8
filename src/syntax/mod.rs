//! What people write, with places: paths and texts, faults in them, YAML and JSON under limits, and the manifest
//! that they come to.

pub mod source;
pub mod limits;
pub mod diag;
pub mod error;
pub mod quantity;
pub mod random;
pub mod yaml;
pub mod json;
pub mod condition;
pub mod decode;
pub mod manifest;
