//! What was built and compared, for machines and for people: bundles on the disk, reports as text and JSON, and the
//! page for a browser. Nothing here writes to a stream.

pub mod record;
pub mod bundle;
pub mod types;
pub mod report;
pub mod page;
pub mod schema;
pub mod join;
